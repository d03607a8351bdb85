"""Profiles, devices, messages by their files' names, the tutorials' MNIST."""

_PROFILER = ["profile", "ProfileOptionBuilder", "Profiler", "GraphNodeProto"]
NAMES = {f"profiler.{name}": f"python.profiler:{name}" for name in _PROFILER}
NAMES["profiler.MultiGraphNodeProto"] = "python.profiler:GraphNodeProto"
NAMES["contrib.tfprof.ProfileContext"] = "python.profiler:ProfileContext"
_OPTIONS = [
    "TRAINABLE_VARS_PARAMS_STAT_OPTIONS",
    "FLOAT_OPS_OPTIONS",
    "PRINT_ALL_TIMING_MEMORY",
    "ALL_ADVICE",
    "Profiler",
    "profile",
]
NAMES |= {f"contrib.tfprof.model_analyzer.{name}": f"python.profiler:{name}" for name in _OPTIONS}
NAMES["contrib.tfprof.model_analyzer.print_model_analysis"] = "python.profiler:contrib_print_model_analysis"
NAMES["python.client.device_lib.list_local_devices"] = "python.tools:list_local_devices"
for _name in [
    "get_data_files_path",
    "load_resource",
    "get_root_dir_with_all_resources",
    "get_path_to_datafile",
    "readahead_file_path",
]:
    NAMES[f"resource_loader.{_name}"] = f"python.tools:{_name}"
    NAMES[f"python.platform.resource_loader.{_name}"] = f"python.tools:{_name}"
_MESSAGES = {
    "example.example": "Example SequenceExample",
    "example.feature": "Feature Features FeatureList FeatureLists BytesList FloatList Int64List",
    "framework.summary": "Summary SummaryMetadata SummaryDescription HistogramProto",
    "framework.graph": "GraphDef NodeDef",
    "framework.node_def": "NodeDef",
    "framework.attr_value": "AttrValue NameAttrList",
    "framework.tensor": "TensorProto",
    "framework.tensor_shape": "TensorShapeProto",
    "framework.step_stats": "StepStats DeviceStepStats NodeExecStats",
    "framework.op_def": "OpDef OpList",
    "framework.variable": "VariableDef SaveSliceInfoDef",
    "framework.versions": "VersionDef",
    "util.event": "Event SessionLog LogMessage",
    "protobuf.config": "ConfigProto GPUOptions GraphOptions OptimizerOptions RunOptions RunMetadata",
    "protobuf.meta_graph": "MetaGraphDef SignatureDef TensorInfo CollectionDef AssetFileDef",
    "protobuf.saver": "SaverDef",
    "protobuf.saved_model": "SavedModel",
    "protobuf.rewriter_config": "RewriterConfig",
    "protobuf.cluster": "ClusterDef JobDef",
    "protobuf.tensorflow_server": "ServerDef",
    "protobuf.queue_runner": "QueueRunnerDef",
    "protobuf.checkpoint_state": "CheckpointState",
}
for _file, _messages in _MESSAGES.items():
    for _name in _messages.split():
        NAMES[f"core.{_file}_pb2.{_name}"] = f"files.protos:{_name}"
for _name in [
    "DT_INVALID",
    "DT_FLOAT",
    "DT_DOUBLE",
    "DT_INT32",
    "DT_UINT8",
    "DT_INT16",
    "DT_INT8",
    "DT_STRING",
    "DT_COMPLEX64",
    "DT_INT64",
    "DT_BOOL",
]:
    NAMES[f"core.framework.types_pb2.{_name}"] = f"files.data_types:{_name}"
NAMES["core.framework.types_pb2.DataType"] = "files.data_types:DataType"
NAMES["core.framework.types_pb2.DT_HALF"] = "files.data_types:DT_HALF"
for _name in [
    "read_data_sets",
    "DataSet",
    "Datasets",
    "extract_images",
    "extract_labels",
    "maybe_download",
    "DEFAULT_SOURCE_URL",
]:
    NAMES[f"examples.tutorials.mnist.input_data.{_name}"] = f"contrib.mnist_input_data:{_name}"
    NAMES[f"contrib.learn.python.learn.datasets.mnist.{_name}"] = f"contrib.mnist_input_data:{_name}"
NAMES["contrib.learn.datasets.mnist.read_data_sets"] = "contrib.mnist_input_data:read_data_sets"
for _name in ("VocabularyProcessor", "CategoricalVocabulary", "ByteProcessor", "tokenizer"):
    for _place in ("", "text.", "categorical_vocabulary."):
        NAMES[f"contrib.learn.preprocessing.{_place}{_name}"] = f"contrib.learn_texts:{_name}"
        NAMES[f"contrib.learn.python.learn.preprocessing.{_place}{_name}"] = f"contrib.learn_texts:{_name}"
NAMES["contrib.slim.variable_scope"] = "python.variable_scope:"
NAMES["test.mock"] = "python.test:mock"
NAMES["contrib.slim.learning.supervisor.Supervisor"] = "python.supervisor:Supervisor"
NAMES["contrib.slim.learning.tf_saver.Saver"] = "python.saver:Saver"
NAMES["contrib.slim.learning.coordinator.Coordinator"] = "python.coordinator:Coordinator"
for _name in (
    "summarize_tensor",
    "summarize_activation",
    "summarize_tensors",
    "summarize_collection",
    "summarize_activations",
):
    NAMES[f"contrib.layers.summaries.{_name}"] = f"contrib.layers_summaries:{_name}"
