"""TensorFlow's graph files, written without TensorFlow: frozen graphs, and folders for TensorFlow Serving."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jax_slim.exporting.archives import ExportError, checked_target, replacing
from jax_slim.exporting.graph_nodes import Nodes, Tensor, type_number
from jax_slim.exporting.graph_preprocessing import PREPROCESSING, prepared
from jax_slim.exporting.graph_programs import Function, Program

_MOST_BYTES = (1 << 31) - 1  # of a message
_TAG, _SIGNATURE, _METHOD = "serve", "serving_default", "tensorflow/serving/predict"
Finish = Callable[[Nodes, Mapping[str, Tensor]], dict[str, Tensor]]


class GraphFile(NamedTuple):
    """What was written.

    Attributes:
      path: the file or folder.
      inputs, outputs: the program's names -> the names of the nodes.
    """

    path: Path
    inputs: dict[str, str]
    outputs: dict[str, str]


def export_frozen_graph(
    path: str | os.PathLike[str],
    function: Function,
    variables: Any,
    inputs: Mapping[str, tuple[str, Any]],
    preprocessing: str | None = None,
    output_names: Mapping[str, str] | None = None,
    finish: Finish | None = None,
) -> GraphFile:
    """Writes a function of variables and inputs, with these variables, as a frozen TensorFlow graph.

        def predict(variables, inputs):
            logits, end_points = model.apply(variables, inputs["input"])
            return {"logits": logits, "probabilities": end_points["Predictions"]}

        export_frozen_graph("net.pb", predict, variables, {"input": ("batch, 299, 299, 3", jnp.float32)},
                            output_names={"probabilities": "InceptionV3/Predictions/Reshape_1"})

    What JAX computes becomes TensorFlow's operations of version 1.15, so that it and what followed read the file.
    Inputs are placeholders of their names. A variable is a constant of its name, read through '<name>/read', as
    `freeze_graph` leaves them; other nodes are named by the scopes that they are made in:
    'InceptionV3/Conv2d_1a_3x3/Conv2D'.
    What depends on variables alone is computed now. Loops are written round by round.

    Args:
      path: the file: bytes, or text where it ends in .pbtxt. One that is there is replaced when the new one is whole.
      function: (variables, inputs) -> a dict of results by name; pure.
      variables: name -> array, or any tree of arrays: names are the keys on the way, between slashes.
      inputs: name -> (shape, dtype). In the shape, names are sizes that the caller may choose: "batch, 224, 224, 3".
      preprocessing: "cifarnet", "inception", "lenet", "ssd", "ssd_vgg" or "vgg": then the one input, images of a fixed
        size, is made from photographs, uint8 [batch, height, width, channels] of any size. None: the inputs are the
        function's.
      output_names: result -> the name that its node shall have; by default that of the operation it comes from.
      finish: what else becomes of the results: (nodes, results by name) -> results by name, such as
        `graph_detections.best_boxes`.

    Returns:
      The path and the names of the ends.

    Raises:
      ValueError: there is no such preprocessing, or a name of `output_names` is taken or none that TensorFlow accepts.
      ExportError: the function cannot be traced for such sizes, it needs what a TensorFlow 1 graph has not, the graph
        is larger than 2 GiB, or the file cannot be written.
    """
    target = checked_target("export_frozen_graph", path)
    graph, ends = _graph("export_frozen_graph", function, variables, inputs, preprocessing, output_names, finish)
    data = message_text(graph) if target.suffix == ".pbtxt" else message_bytes("export_frozen_graph", graph)
    with replacing("export_frozen_graph", target) as file:
        file.write(data)
    return GraphFile(target, *_node_names(ends))


def export_saved_model(
    path: str | os.PathLike[str],
    function: Function,
    variables: Any,
    inputs: Mapping[str, tuple[str, Any]],
    preprocessing: str | None = None,
    output_names: Mapping[str, str] | None = None,
    labels: Sequence[str] | None = None,
    finish: Finish | None = None,
) -> GraphFile:
    """Writes the graph of `export_frozen_graph` as a SavedModel: what TensorFlow Serving and `tf.saved_model` load.

    It has the tag 'serve' and one signature, 'serving_default', of the function's inputs and results. The variables are
    constants of the graph: there is no folder `variables`.

    Args:
      path: the folder to write to; it is made, and must hold no other SavedModel.
      function, variables, inputs, preprocessing, output_names, finish: as `export_frozen_graph`.
      labels: the name of each class: written into `assets.extra/labels.txt`, one a line.

    Returns:
      The folder and the names of the ends.

    Raises:
      ValueError, ExportError: as `export_frozen_graph`; or the folder has a SavedModel, or is no folder.
    """
    file = saved_model_target("export_saved_model", path)
    graph, (given, results) = _graph(
        "export_saved_model", function, variables, inputs, preprocessing, output_names, finish
    )
    meta = _meta_graph(graph, given, results)
    data = message_bytes("export_saved_model", meta)
    with replacing("export_saved_model", file) as written:
        # SavedModel: its version, then the graph with its signatures; TensorBoard has no class for the message.
        written.write(b"\x08\x01\x12" + _varint(len(data)) + data)
    if labels:
        with replacing("export_saved_model", file.parent / "assets.extra" / "labels.txt") as names:
            names.write("".join(f"{label}\n" for label in labels).encode("utf-8", "replace"))
    return GraphFile(file.parent, *_node_names((given, results)))


def saved_model_target(function: str, path: str | os.PathLike[str]) -> Path:
    """The file of a SavedModel that a folder is to hold.

    Raises:
      ExportError: the folder has one, or is none.
    """
    target = Path(path)
    if target.exists() and not target.is_dir():
        raise ExportError(f"{function}: path must be a folder, got {target}, which is a file.")
    file = target / "saved_model.pb"
    if file.exists():
        raise ExportError(f"{function}: path must be a folder without a SavedModel, got {target}. Remove it first.")
    return file


def _node_names(ends: tuple[dict[str, Tensor], dict[str, Tensor]]) -> tuple[dict[str, str], dict[str, str]]:
    given, results = ({name: tensor.source for name, tensor in side.items()} for side in ends)
    return given, results


def _graph(
    function: str,
    program: Function,
    variables: Any,
    inputs: Mapping[str, tuple[str, Any]],
    preprocessing: str | None,
    output_names: Mapping[str, str] | None,
    finish: Finish | None,
) -> tuple[Any, tuple[dict[str, Tensor], dict[str, Tensor]]]:
    if preprocessing is not None and preprocessing not in PREPROCESSING:
        raise ValueError(
            f"{function}: preprocessing must be one of {sorted(PREPROCESSING)} or None, got {preprocessing!r}."
        )
    _check_names(function, output_names or {})
    traced = Program(function, program, variables, inputs)
    wanted = dict(output_names or {})
    nodes = Nodes(traced.variables)
    given: dict[str, Tensor] = {}
    images = dict(traced.kinds)
    if preprocessing is not None:
        given, images = _photographs(function, nodes, preprocessing, images)
    else:
        given = images = {n: nodes.placeholder(n, k.shape, k.dtype) for n, k in images.items()}
    results = traced.write(nodes, images, list(given.values()))
    results = results if finish is None else finish(nodes, results)
    missing = sorted(set(wanted) - set(results))
    if missing:
        raise ValueError(
            f"{function}: output_names must be of the function's results {sorted(results)}, got {missing}."
        )
    for name, node_name in wanted.items():
        results[name] = _named(nodes, function, results, name, node_name)
    return nodes.definition, (given, results)


def _check_names(function: str, names: Mapping[str, str]) -> None:
    for name in names.values():
        if not re.fullmatch(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*", name):
            raise ValueError(f"{function}: output_names must be names of TensorFlow's nodes, got {name!r}.")


def _photographs(
    function: str, nodes: Nodes, preprocessing: str, kinds: Mapping[str, Any]
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    if len(kinds) != 1:
        raise ExportError(f"{function}: preprocessing is for one input of images, got {sorted(kinds)}.")
    ((name, kind),) = kinds.items()
    if len(kind.shape) != 4 or not all(isinstance(size, int) for size in kind.shape[1:]):
        raise ExportError(
            f"{function}: with preprocessing the input must be 'batch, height, width, channels' with numbers but for "
            f"the batch, got {kind.shape}."
        )
    batch, height, width, channels = kind.shape
    photographs = nodes.placeholder(name, (batch, None, None, channels), np.uint8)
    made = prepared(nodes, photographs, preprocessing, height, width)
    return {name: photographs}, {name: made}


def _named(nodes: Nodes, function: str, results: Mapping[str, Tensor], name: str, node_name: str) -> Tensor:
    """A result under the name of a node: its node gets that name, or, where others know it by its own, a copy."""
    tensor = results[name]
    if tensor.source == node_name:
        return tensor
    if nodes.unique(node_name) != node_name:
        raise ValueError(f"{function}: output_names must be names that no other node has, got {node_name!r}.")
    shared = [other for other, result in results.items() if result.name == tensor.name and other != name]
    if shared or nodes.kind(tensor) in ("Placeholder", "Const", "Identity") or ":" in tensor.source:
        return nodes.add("Identity", [tensor.source], tensor.shape, tensor.dtype, name=node_name, T=tensor.dtype)
    nodes.rename(tensor.name, node_name)
    return tensor._replace(source=node_name)


def message_bytes(function: str, message: Any) -> bytes:
    """A graph, or what holds one, as bytes.

    Raises:
      ExportError: it is larger than TensorFlow reads.
    """
    if message.ByteSize() > _MOST_BYTES:
        raise ExportError(
            f"{function}: the graph has {message.ByteSize()} bytes, more than TensorFlow reads (2 GiB): the variables "
            "are constants in it. Export the model as .zip."
        )
    return message.SerializeToString(deterministic=True)


def message_text(message: Any) -> bytes:
    """A graph as text."""
    from google.protobuf import text_format

    return text_format.MessageToString(message).encode()


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def _meta_graph(graph: Any, given: Mapping[str, Tensor], results: Mapping[str, Tensor]) -> Any:
    from tensorboard.compat.proto import meta_graph_pb2

    meta = meta_graph_pb2.MetaGraphDef(graph_def=graph)  # pyright: ignore[reportAttributeAccessIssue] - made on import
    meta.meta_info_def.tags.append(_TAG)
    meta.meta_info_def.tensorflow_version = "1.15.5"
    signature = meta.signature_def[_SIGNATURE]
    signature.method_name = _METHOD
    for infos, tensors in ((signature.inputs, given), (signature.outputs, results)):
        for name, tensor in tensors.items():
            info = infos[name]
            info.name = tensor.source if ":" in tensor.source else f"{tensor.source}:0"
            info.dtype = type_number(tensor.dtype)
            info.tensor_shape.SetInParent()
            for size in tensor.shape:
                info.tensor_shape.dim.add(size=size if isinstance(size, int) else -1)
    return meta
