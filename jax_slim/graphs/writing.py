"""Graphs that were loaded, written again: cut, frozen, with other values of their variables."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jax_slim.exporting.archives import ExportError, checked_target, replacing
from jax_slim.exporting.graph_files import GraphFile, message_bytes, message_text, saved_model_target
from jax_slim.graphs.filled_tables import add_filling, table_nodes
from jax_slim.graphs.functions import GraphFunction, plain_names, tensor_name
from jax_slim.tf1.files import protos
from jax_slim.tf1.graph import shapes
from jax_slim.tf1.python import graph_util, inference_graphs, saved_model, saved_model_constants

# What TensorFlow has removed -> the last version of GraphDefs that may have it.
_REMOVED = {"BatchNormWithGlobalNormalization": 8, "RandomCrop": 7, "AdjustContrast": 1}


def write_frozen_graph(
    path: str | os.PathLike[str],
    graph: GraphFunction,
    variables: Mapping[str, Any] | None = None,
    fold_batch_norm: bool = False,
    input_shapes: Mapping[str, Sequence[int | None]] | None = None,
) -> GraphFile:
    """Writes a graph that was loaded as a frozen graph: TensorFlow's own operations, and constants for its variables.

        net = slim.graphs.load("model.ckpt-1000.meta", outputs="probabilities")
        slim.graphs.write_frozen_graph("frozen.pb", net)

        net = slim.graphs.load("frozen.pb", as_variables=True)
        slim.graphs.write_frozen_graph("tuned.pb", net, tuned_variables)

    It holds what the outputs need, up to the inputs: a tensor that `load` was told to take as an input is a
    placeholder, with the name of its operation where that is not needed otherwise. Updates, checks and what saves
    variables are left out; functions of TensorFlow 2 are put in where they are called, so that TensorFlow 1 reads the
    file too. Nodes keep their names, and outputs are called as in the graph that was read.

    Args:
      path: the file: bytes, or text where it ends in .pbtxt. One that is there is replaced when the new one is whole.
      graph: what `load` gave.
      variables: the values of `graph.variables`; by default these themselves.
      fold_batch_norm: put batch norm into the weights of the convolutions before it.
      input_shapes: input -> its sizes, None for those that are not known; by default as the graph has them.

    Returns:
      The path, and the inputs and outputs by name -> the tensors' names.

    Raises:
      ValueError: variables are missing or of other shapes; there is no such input, or its shape does not fit.
      ExportError: the graph has tables, which a frozen graph cannot hold, is larger than 2 GiB, or cannot be written.
    """
    target = checked_target("write_frozen_graph", path)
    definition, ends = _definition("write_frozen_graph", graph, variables, fold_batch_norm, input_shapes)
    tables = sorted({node.op for node in table_nodes(definition)})
    if tables:
        raise ExportError(
            f"write_frozen_graph: graph must have no tables, which such a file cannot fill, got {', '.join(tables)}. "
            "Write it by `write_saved_model`, or load it with `inputs` behind them."
        )
    text = target.suffix == ".pbtxt"
    data = message_text(definition) if text else message_bytes("write_frozen_graph", definition)
    with replacing("write_frozen_graph", target) as file:
        file.write(data)
    return GraphFile(target, *ends)


def write_saved_model(
    path: str | os.PathLike[str],
    graph: GraphFunction,
    variables: Mapping[str, Any] | None = None,
    fold_batch_norm: bool = False,
    input_shapes: Mapping[str, Sequence[int | None]] | None = None,
) -> GraphFile:
    """Writes the graph of `write_frozen_graph` as a SavedModel: what TensorFlow Serving and `tf.saved_model` load.

    It has the tag 'serve' and one signature, 'serving_default'. Inputs and outputs have in it the names that `load` was
    given, or those of a signature; where those are tensors' names, the last part of them: 'images' of 'scope/images:0'.
    Lookup tables are written with what they hold, and filled when the SavedModel is loaded.

    Args:
      path: the folder to write to; it is made, and must hold no other SavedModel.
      graph, variables, fold_batch_norm, input_shapes: as `write_frozen_graph`.

    Returns:
      The folder, and the inputs and outputs by the signature's names -> the tensors' names.

    Raises:
      ValueError, ExportError: as `write_frozen_graph`; or the folder has a SavedModel, or is no folder.
    """
    file = saved_model_target("write_saved_model", path)
    definition, (given, results) = _definition("write_saved_model", graph, variables, fold_batch_norm, input_shapes)
    placeholders = {node.name: node for node in definition.node if node.op == "Placeholder"}
    infos: list[dict[str, Any]] = [{}, {}]
    for key, name in given.items():
        node = placeholders[name.partition(":")[0]]
        infos[0][key] = protos.TensorInfo(
            name=name, dtype=node.attr["dtype"].type, tensor_shape=node.attr["shape"].shape
        )
    for key, tensor in zip(graph.outputs, graph._results, strict=True):
        infos[1][key] = saved_model.build_tensor_info(tensor)
        infos[1][key].name = results[key]
    plain = [plain_names(list(side)) for side in infos]
    taken, made = ({names[k]: info for k, info in side.items()} for names, side in zip(plain, infos, strict=True))
    meta = protos.MetaGraphDef(graph_def=definition)
    meta.meta_info_def.tags.append(saved_model_constants.SERVING)
    meta.meta_info_def.tensorflow_version = "1.15.5"
    method = saved_model_constants.PREDICT_METHOD_NAME
    key = saved_model_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY
    meta.signature_def[key].CopyFrom(saved_model.build_signature_def(taken, made, method))
    filling = add_filling(meta.graph_def, graph._tables()) if table_nodes(definition) else None
    if filling is not None:
        meta.collection_def[saved_model_constants.MAIN_OP_KEY].node_list.value.append(filling)
    data = message_bytes("write_saved_model", protos.SavedModel(saved_model_schema_version=1, meta_graphs=[meta]))
    with replacing("write_saved_model", file) as written:
        written.write(data)
    return GraphFile(
        Path(path),
        *({names[k]: info.name for k, info in side.items()} for names, side in zip(plain, infos, strict=True)),
    )


def _definition(
    function: str, graph: GraphFunction, variables: Any, fold_batch_norm: bool, input_shapes: Any
) -> tuple[Any, tuple[dict[str, str], dict[str, str]]]:
    """The GraphDef, and the tensors of inputs and outputs by their names."""
    values = _values(function, graph, variables)
    definition = graph_util.with_constants(graph.graph.as_graph_def(), values)
    inputs = _named_inputs(definition, graph)
    _set_shapes(function, definition, graph, inputs, input_shapes or {})
    outputs = {key: tensor.name for key, tensor in zip(graph.outputs, graph._results, strict=True)}
    for key, feed in zip(graph.inputs, graph._feeds, strict=True):  # an input may be an output, too
        outputs = {name: inputs[key] if tensor == feed.name else tensor for name, tensor in outputs.items()}
    if fold_batch_norm:
        definition = inference_graphs.fold_batch_norms(definition)
    nodes = {tensor.partition(":")[0] for tensor in [*inputs.values(), *outputs.values()]}
    definition = graph_util.extract_sub_graph(definition, sorted(nodes))
    _drop_functions(definition)
    definition.versions.producer = min(
        [definition.versions.producer, *(_REMOVED[n.op] for n in definition.node if n.op in _REMOVED)]
    )
    return definition, (inputs, outputs)


def _drop_functions(definition: Any) -> None:
    """Leaves those functions in the library that a node needs."""
    there = {function.signature.name: function for function in definition.library.function}
    nodes, needed = list(definition.node), set()
    while nodes:
        node = nodes.pop()
        called = {node.op} | {value.func.name for value in node.attr.values()}
        called |= {function.name for value in node.attr.values() for function in value.list.func}
        for name in (called & set(there)) - needed:
            needed.add(name)
            nodes.extend(there[name].node_def)
    kept = [there[name] for name in sorted(needed)]
    definition.library.Clear()
    definition.library.function.extend(kept)


def _values(function: str, graph: GraphFunction, variables: Any) -> dict[str, np.ndarray]:
    given = graph.variables if variables is None else variables
    missing = sorted(set(graph.variables) - set(given))
    if missing:
        raise ValueError(f"{function}: variables must have all of the graph's, {missing[:5]} are not among them.")
    found = {}
    for name, own in graph.variables.items():
        value = given[name]
        if np.shape(value) != np.shape(own):
            raise ValueError(
                f"{function}: variables must be of the graph's shapes, {name} of {np.shape(own)}, got "
                f"{np.shape(value)}."
            )
        if value is own and name in graph._constants:
            continue  # as the graph has it, in all its digits
        kind = graph.graph.get_operation_by_name(name).attrs["dtype"].base_dtype.as_numpy_dtype
        found[name] = np.asarray(value).astype(kind)
    return found


def _named_inputs(definition: Any, graph: GraphFunction) -> dict[str, str]:
    """The inputs' tensors; a stand-in takes the name of the operation that it stands for, where that is free."""
    names = {node.name for node in definition.node}
    renamed: dict[str, str] = {}
    for tensor in graph._feeds:
        stands_for = re.fullmatch(r"(.+)/input_0", tensor.op.name)
        if stands_for and stands_for[1] not in names:
            renamed[tensor.op.name] = stands_for[1]
    for node in definition.node:
        node.name = renamed.get(node.name, node.name)
        for place, source in enumerate(node.input):
            name = source.removeprefix("^")
            if name in renamed:
                node.input[place] = source.replace(name, renamed[name], 1)
    return {
        key: f"{renamed.get(tensor.op.name, tensor.op.name)}:0"
        for key, tensor in zip(graph.inputs, graph._feeds, strict=True)
    }


def _set_shapes(function: str, definition: Any, graph: GraphFunction, inputs: Mapping[str, str], given: Any) -> None:
    known = {tensor_name(key): key for key in graph.inputs} | {key: key for key in graph.inputs}
    nodes = {f"{node.name}:0": node for node in definition.node}
    for name, sizes in given.items():
        if name not in known:
            raise ValueError(f"{function}: input_shapes must be of the inputs {graph.inputs}, got {name!r}.")
        own = graph._feeds[graph.inputs.index(known[name])].shape
        if not own.is_compatible_with(shapes.TensorShape(sizes)):
            raise ValueError(f"{function}: input_shapes must fit the graph, {name} is of shape {own}, got {sizes}.")
        nodes[inputs[known[name]]].attr["shape"].shape.CopyFrom(shapes.TensorShape(sizes).as_proto())
