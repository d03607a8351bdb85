"""The protocol buffers of sessions: accepted and kept, so that programs can set what they are used to set. JAX places and schedules."""

from tensorboard.compat.proto import config_pb2

ConfigProto = config_pb2.ConfigProto
GPUOptions = config_pb2.GPUOptions
OptimizerOptions = config_pb2.OptimizerOptions
GraphOptions = config_pb2.GraphOptions
RunOptions = config_pb2.RunOptions
RunMetadata = config_pb2.RunMetadata
