"""Protocol buffers that programs name: TensorBoard's copies, and the few that it has not got, described here.

A name is looked up when it is first used: `protos.GraphDef`, `protos.SavedModel`.
"""

import functools
import importlib
from typing import Any

_FILES = {
    "GraphDef": "graph",
    "NodeDef": "node_def",
    "AttrValue": "attr_value",
    "NameAttrList": "attr_value",
    "TensorProto": "tensor",
    "TensorShapeProto": "tensor_shape",
    "VersionDef": "versions",
    "OpDef": "op_def",
    "OpList": "op_def",
    "FunctionDef": "function",
    "FunctionDefLibrary": "function",
    "GradientDef": "function",
    "VariableDef": "variable",
    "SaveSliceInfoDef": "variable",
    "Summary": "summary",
    "SummaryMetadata": "summary",
    "SummaryDescription": "summary",
    "HistogramProto": "histogram",
    "Event": "event",
    "SessionLog": "event",
    "LogMessage": "event",
    "TaggedRunMetadata": "event",
    "MetaGraphDef": "meta_graph",
    "CollectionDef": "meta_graph",
    "SignatureDef": "meta_graph",
    "TensorInfo": "meta_graph",
    "AssetFileDef": "meta_graph",
    "SaverDef": "saver",
    "ConfigProto": "config",
    "GPUOptions": "config",
    "OptimizerOptions": "config",
    "GraphOptions": "config",
    "RunOptions": "config",
    "RunMetadata": "config",
    "ThreadPoolOptionProto": "config",
    "RewriterConfig": "rewriter_config",
    "ClusterDef": "cluster",
    "JobDef": "cluster",
    "StepStats": "step_stats",
    "CostGraphDef": "cost_graph",
    "DeviceStepStats": "step_stats",
    "NodeExecStats": "step_stats",
    "TrackableObjectGraph": "trackable_object_graph",
}

# Messages that TensorBoard has no copy of: field number, name, type; `*` repeated, `+` packed, `{}` a map from strings.
_OURS = {
    "BytesList": [(1, "value", "*bytes")],
    "FloatList": [(1, "value", "+float")],
    "Int64List": [(1, "value", "+int64")],
    "Feature": [(1, "bytes_list", "|BytesList"), (2, "float_list", "|FloatList"), (3, "int64_list", "|Int64List")],
    "Features": [(1, "feature", "{}Feature")],
    "Example": [(1, "features", "Features")],
    "FeatureList": [(1, "feature", "*Feature")],
    "FeatureLists": [(1, "feature_list", "{}FeatureList")],
    "SequenceExample": [(1, "context", "Features"), (2, "feature_lists", "FeatureLists")],
    "CheckpointState": [
        (1, "model_checkpoint_path", "string"),
        (2, "all_model_checkpoint_paths", "*string"),
        (3, "all_model_checkpoint_timestamps", "+double"),
        (4, "last_preserved_timestamp", "double"),
    ],
    "SavedModel": [(1, "saved_model_schema_version", "int64"), (2, "meta_graphs", "*tensorboard.MetaGraphDef")],
    "QueueRunnerDef": [
        (1, "queue_name", "string"),
        (2, "enqueue_op_name", "*string"),
        (3, "close_op_name", "string"),
        (4, "cancel_op_name", "string"),
        (5, "queue_closed_exception_types", "+int32"),
    ],
    "ServerDef": [
        (1, "cluster", "tensorboard.ClusterDef"),
        (2, "job_name", "string"),
        (3, "task_index", "int32"),
        (4, "default_session_config", "tensorboard.ConfigProto"),
        (5, "protocol", "string"),
    ],
    "ContextMessage": [(1, "context_name", "string"), (2, "values_def", "ValuesDef")],
    "ValuesDef": [(1, "values", "*string"), (2, "external_values", "{}string")],
    "CondContextDef": [
        (1, "context_name", "string"),
        (2, "pred_name", "string"),
        (3, "pivot_name", "string"),
        (4, "branch", "int32"),
        (5, "values_def", "ValuesDef"),
    ],
}
_PACKAGE = "jax_slim_tf1"


def __getattr__(name: str) -> Any:
    if name in _FILES:
        module = importlib.import_module(f"tensorboard.compat.proto.{_FILES[name]}_pb2")
        return getattr(module, name)
    if name in _OURS:
        return _classes()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


_ANY = "[type.googleapis.com/tensorflow."
_ANY_HERE = "[type.googleapis.com/tensorboard."


def merge_text(text: str, message: Any) -> None:
    """Reads a message as text into one, as `text_format.Merge`.

    An `Any` in it, as the assets of SavedModels are, names its type with TensorFlow's package, which only TensorFlow has.

    Raises:
      google.protobuf.text_format.ParseError: it is no such text.
    """
    from google.protobuf import text_format

    text_format.Merge(text.replace(_ANY, _ANY_HERE), message)
    metas = [message] if hasattr(message, "collection_def") else getattr(message, "meta_graphs", ())
    for meta in metas:
        for collection in meta.collection_def.values():
            for packed in collection.any_list.value if collection.WhichOneof("kind") == "any_list" else ():
                packed.type_url = packed.type_url.replace(_ANY_HERE[1:], _ANY[1:])


@functools.cache
def _classes() -> dict[str, Any]:
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    from tensorboard.compat.proto import cluster_pb2, config_pb2, meta_graph_pb2

    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="jax_slim/tf1/messages.proto", package=_PACKAGE, syntax="proto3")
    file.dependency.extend(m.DESCRIPTOR.name for m in (cluster_pb2, config_pb2, meta_graph_pb2))
    for name, fields in _OURS.items():
        message = file.message_type.add(name=name)
        for number, label, kind in fields:
            made = message.field.add(name=label, number=number, label=field.LABEL_OPTIONAL)
            if kind.startswith("{}"):
                entry = message.nested_type.add(name="".join(part.capitalize() for part in label.split("_")) + "Entry")
                entry.options.map_entry = True
                entry.field.add(name="key", number=1, label=field.LABEL_OPTIONAL, type=field.TYPE_STRING)
                _set_type(entry.field.add(name="value", number=2, label=field.LABEL_OPTIONAL), kind[2:])
                made.label, made.type, made.type_name = (
                    field.LABEL_REPEATED,
                    field.TYPE_MESSAGE,
                    f".{_PACKAGE}.{name}.{entry.name}",
                )
                continue
            if kind[0] in "*+":
                made.label = field.LABEL_REPEATED
            if kind[0] == "|":
                if not message.oneof_decl:
                    message.oneof_decl.add(name="kind")
                made.oneof_index = 0
            _set_type(made, kind.lstrip("*+|"))
    pool = descriptor_pool.Default()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in _OURS}


def _set_type(made: Any, kind: str) -> None:
    plain = getattr(made, f"TYPE_{kind.upper()}", None)
    if plain is not None:
        made.type = plain
    else:
        made.type = made.TYPE_MESSAGE
        made.type_name = f".{kind}" if "." in kind else f".{_PACKAGE}.{kind}"
