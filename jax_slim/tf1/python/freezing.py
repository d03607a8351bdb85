"""`freeze_graph`: graphs whose variables are constants with the values of a checkpoint."""

import copy
import os
import re
from pathlib import Path
from typing import Any

import numpy as np

from jax_slim.tf1.files import graph_defs, protos
from jax_slim.tf1.graph import dtypes, errors, graphs
from jax_slim.tf1.python import checkpoint_management, gfile, graph_util, saved_model, saved_model_files, saver
from jax_slim.tf1.running import references, session


def freeze_graph_with_def_protos(input_graph_def: Any, input_saver_def: Any, input_checkpoint: Any, output_node_names: str, restore_op_name: Any = None, filename_tensor_name: Any = None,
                                 output_graph: Any = "", clear_devices: bool = True, initializer_nodes: str = "", variable_names_whitelist: str = "", variable_names_blacklist: str = "",
                                 input_meta_graph_def: Any = None, input_saved_model_dir: Any = None, saved_model_tags: Any = None, checkpoint_version: Any = None,
                                 variable_names_denylist: str = "") -> Any:  # fmt: skip
    """A graph whose variables are constants with the values of a checkpoint; written to `output_graph` too, if named.

    The graph is `input_graph_def`, that of `input_meta_graph_def`, or the one of a SavedModel's folder with the tags,
    which brings its variables along. Without a SaverDef a variable has the checkpoint's entry of its own name.

    Args:
      output_node_names: names of nodes, between commas: what the graph is cut to.
      restore_op_name, filename_tensor_name, checkpoint_version: accepted; nothing depends on them.
      initializer_nodes: nodes to run before freezing, between commas.
      variable_names_whitelist: variables that become constants, between commas; by default all.
      variable_names_blacklist, variable_names_denylist: those that stay variables.

    Raises:
      ValueError: there is no checkpoint, no output is named, or the graph has no variables that the checkpoint has.
      InvalidArgumentError: a variable is of another shape or type than the checkpoint has.
    """
    if not input_saved_model_dir and not checkpoint_management.checkpoint_exists(input_checkpoint):
        raise ValueError(f"Input checkpoint '{input_checkpoint}' doesn't exist!")
    if not output_node_names:
        raise ValueError("You need to supply the name of a node to --output_node_names.")
    meta = input_meta_graph_def
    definition = copy.deepcopy(input_graph_def if meta is None else meta.graph_def)
    if definition is None:
        definition = saved_model_files.meta_graph(input_saved_model_dir, saved_model_tags or []).graph_def
    if clear_devices:
        for node in definition.node:
            node.device = ""
    with graphs.Graph().as_default(), session.Session() as sess:
        if meta is not None:
            restorer: Any = saver.import_meta_graph(meta, clear_devices=True)
            restorer.restore(sess, input_checkpoint)
        elif input_saved_model_dir:
            saved_model.load(sess, saved_model_tags or [], input_saved_model_dir)
        else:
            graph_defs.import_graph_def(definition, name="")
            if input_saver_def is not None:
                saver.Saver(saver_def=input_saver_def).restore(sess, input_checkpoint)
            else:
                _restore_by_names(sess, input_checkpoint)
        if initializer_nodes:
            sess.run(_listed(initializer_nodes))
        found = graph_util.convert_variables_to_constants(
            sess,
            definition,
            _listed(output_node_names),
            _listed(variable_names_whitelist) or None,
            _listed(variable_names_blacklist) + _listed(variable_names_denylist) or None,
        )
    if output_graph:
        graph_util.write_graph_file(found, output_graph)
    return found


def _listed(names: str | None) -> list[str]:
    return [name for name in (names or "").replace(" ", "").split(",") if name]


def _restore_by_names(sess: Any, prefix: Any) -> None:
    """Gives each variable of the session's graph the checkpoint's entry of its name."""
    variables = [op for op in sess.graph.get_operations() if op.type in references.VARIABLE_TYPES]
    if not variables:
        raise ValueError(
            "No variables were found in this model. It is likely the model was frozen previously. You cannot freeze a graph twice."
        )
    reader = checkpoint_management.NewCheckpointReader(os.fspath(prefix))
    entries = reader.get_variable_to_shape_map()
    for op in variables:
        whole = re.match(r"(.+)/part_\d+$", op.name)
        if op.name not in entries and whole and whole[1] in entries:
            raise ValueError(
                "Models containing partition variables cannot be converted from checkpoint files. Please pass in a SavedModel using the flag --input_saved_model_dir."
            )
        if op.name in entries:
            sess.variables[references.key_of(op)] = _fitting(op, np.asarray(reader.get_tensor(op.name)))


def _fitting(op: Any, value: np.ndarray) -> np.ndarray:
    shape, kind = op.attrs.get("shape"), dtypes.as_dtype(op.attrs["dtype"]).base_dtype
    if dtypes.as_dtype(value.dtype) != kind or (shape is not None and not shape.is_compatible_with(value.shape)):
        there = f"{dtypes.as_dtype(value.dtype).name} of shape {value.shape}"
        raise errors.InvalidArgumentError(
            None, op, f"The variable {op.name} is a {kind.name} of shape {shape}, and the checkpoint has a {there}."
        )
    return value


def freeze_graph(input_graph: Any, input_saver: Any, input_binary: bool, input_checkpoint: Any, output_node_names: str, restore_op_name: Any, filename_tensor_name: Any, output_graph: Any,
                 clear_devices: bool = True, initializer_nodes: str = "", variable_names_whitelist: str = "", variable_names_blacklist: str = "", input_meta_graph: Any = None,
                 input_saved_model_dir: Any = None, saved_model_tags: Any = "serve", checkpoint_version: Any = None, variable_names_denylist: str = "") -> Any:  # fmt: skip
    """`freeze_graph_with_def_protos` of files: bytes if `input_binary`, else text.

    Raises:
      OSError: a file is not there, or is no such message.
    """
    definition = meta = saver_def = None
    tags = _listed(saved_model_tags)
    if input_saved_model_dir:
        definition = saved_model_files.meta_graph(input_saved_model_dir, tags).graph_def
    elif input_graph:
        definition = message("GraphDef", input_graph, input_binary)
    if input_meta_graph:
        meta = message("MetaGraphDef", input_meta_graph, input_binary)
    if definition is None and meta is None:
        raise ValueError("You need to supply --input_graph, --input_meta_graph or --input_saved_model_dir.")
    if input_saver:
        saver_def = message("SaverDef", input_saver, input_binary)
    return freeze_graph_with_def_protos(
        definition, saver_def, input_checkpoint, output_node_names, restore_op_name, filename_tensor_name, output_graph, clear_devices, initializer_nodes,
        variable_names_whitelist, variable_names_blacklist, meta, input_saved_model_dir, tags, checkpoint_version, variable_names_denylist,
    )  # fmt: skip


def message(kind: str, path: Any, binary: bool) -> Any:
    """A message of a file: bytes or text.

    Raises:
      OSError: there is no such file, or it holds no such message.
    """
    from google.protobuf import text_format
    from google.protobuf.message import DecodeError

    if not gfile.Exists(path):
        raise OSError(f"Input file '{path}' does not exist!")
    made = getattr(protos, kind)()
    data = Path(path).read_bytes()
    try:
        if binary:
            made.ParseFromString(data)
        else:
            protos.merge_text(data.decode(), made)
    except (DecodeError, text_format.ParseError, ValueError, RecursionError) as error:
        form, other = ("bytes", "text, with input_binary false") if binary else ("text", "bytes, with --input_binary")
        raise OSError(f"Input file '{path}' is no {kind} as {form} ({error}). Is it {other}?") from None
    return made
