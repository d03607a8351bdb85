"""The protocol buffers of sessions: accepted and kept, so that programs can set what they are used to set. JAX places and schedules."""

from typing import Any

from tensorboard.compat.proto import config_pb2

_made_on_import: Any = config_pb2
ConfigProto = _made_on_import.ConfigProto
GPUOptions = _made_on_import.GPUOptions
OptimizerOptions = _made_on_import.OptimizerOptions
GraphOptions = _made_on_import.GraphOptions
RunOptions = _made_on_import.RunOptions
RunMetadata = _made_on_import.RunMetadata
