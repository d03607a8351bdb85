"""TensorFlow's tools on graph files, as functions: `freeze_graph`, `strip_unused_lib`; devices."""

import copy
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

from jax_slim.tf1.files import graph_defs, protos
from jax_slim.tf1.graph import graphs
from jax_slim.tf1.python import checkpoint_management, gfile, graph_util, saver
from jax_slim.tf1.running import session


def freeze_graph_with_def_protos(input_graph_def: Any, input_saver_def: Any, input_checkpoint: Any, output_node_names: str, restore_op_name: Any = None, filename_tensor_name: Any = None,
                                 output_graph: Any = "", clear_devices: bool = True, initializer_nodes: str = "", variable_names_whitelist: str = "", variable_names_blacklist: str = "",
                                 input_meta_graph_def: Any = None, input_saved_model_dir: Any = None, saved_model_tags: Any = None, checkpoint_version: Any = None, **_: Any) -> Any:  # fmt: skip
    """A graph whose variables are constants with the values of a checkpoint; written to `output_graph` too, if named.

    Raises:
      ValueError: there is no checkpoint, or no output is named.
    """
    if not checkpoint_management.checkpoint_exists(input_checkpoint):
        raise ValueError(f"Input checkpoint '{input_checkpoint}' doesn't exist!")
    if not output_node_names:
        raise ValueError("You need to supply the name of a node to --output_node_names.")
    definition = copy.deepcopy(input_meta_graph_def.graph_def if input_meta_graph_def is not None else input_graph_def)
    if clear_devices:
        for node in definition.node:
            node.device = ""
    with graphs.Graph().as_default(), session.Session() as sess:
        if input_meta_graph_def is not None:
            restorer: Any = saver.import_meta_graph(input_meta_graph_def, clear_devices=True)
            restorer.restore(sess, input_checkpoint)
        else:
            graph_defs.import_graph_def(definition, name="")
            if input_saver_def is not None:
                saver.Saver(saver_def=input_saver_def).restore(sess, input_checkpoint)
            else:
                from jax_slim.tf1.python import state_ops

                reader = checkpoint_management.NewCheckpointReader(input_checkpoint)
                for name in reader.get_variable_to_shape_map():
                    op = sess.graph._by_name.get(name)
                    if op is not None:
                        sess.run(state_ops.assign(op.outputs[0], reader.get_tensor(name)).op)
        if initializer_nodes:
            sess.run([n.strip() for n in initializer_nodes.split(",")])
        white = [n for n in variable_names_whitelist.replace(" ", "").split(",") if n] or None
        black = [n for n in variable_names_blacklist.replace(" ", "").split(",") if n] or None
        found = graph_util.convert_variables_to_constants(
            sess, definition, output_node_names.replace(" ", "").split(","), white, black
        )
    if output_graph:
        Path(output_graph).write_bytes(found.SerializeToString())
    return found


def freeze_graph(input_graph: Any, input_saver: Any, input_binary: bool, input_checkpoint: Any, output_node_names: str, restore_op_name: Any, filename_tensor_name: Any, output_graph: Any,
                 clear_devices: bool = True, initializer_nodes: str = "", variable_names_whitelist: str = "", variable_names_blacklist: str = "", input_meta_graph: Any = None,
                 input_saved_model_dir: Any = None, saved_model_tags: Any = "serve", checkpoint_version: Any = None) -> Any:  # fmt: skip
    """`freeze_graph_with_def_protos` of files.

    Raises:
      ValueError: a file is not there.
    """
    definition = meta = saver_def = None
    if input_meta_graph:
        meta = _message("MetaGraphDef", input_meta_graph, input_binary)
    elif input_graph:
        definition = _message("GraphDef", input_graph, input_binary)
    if input_saver:
        saver_def = _message("SaverDef", input_saver, input_binary)
    return freeze_graph_with_def_protos(
        definition, saver_def, input_checkpoint, output_node_names, restore_op_name, filename_tensor_name, output_graph, clear_devices, initializer_nodes,
        variable_names_whitelist, variable_names_blacklist, input_meta_graph_def=meta,
    )  # fmt: skip


def _message(kind: str, path: Any, binary: bool) -> Any:
    if not gfile.Exists(path):
        raise ValueError(f"Input file '{path}' does not exist!")
    made = getattr(protos, kind)()
    data = Path(path).read_bytes()
    if binary:
        made.ParseFromString(data)
    else:
        protos.merge_text(data.decode(), made)
    return made


def strip_unused(
    input_graph_def: Any, input_node_names: list[str], output_node_names: list[str], placeholder_type_enum: Any
) -> Any:
    """A graph cut at its inputs, which become placeholders, and without what the outputs do not need."""
    for name in input_node_names:
        if ":" in name:
            raise ValueError(f"Name '{name}' appears to refer to a Tensor, not an Operation.")
    left = set(input_node_names)
    cut = protos.GraphDef()
    for node in input_graph_def.node:
        if node.name not in left:
            cut.node.add().CopyFrom(node)
            continue
        left.discard(node.name)
        made = cut.node.add(name=node.name, op="Placeholder")
        kind = placeholder_type_enum
        if isinstance(kind, list | tuple):
            kind = kind[list(input_node_names).index(node.name)]
        made.attr["dtype"].type = int(kind)
        if "_output_shapes" in node.attr:
            made.attr["_output_shapes"].CopyFrom(node.attr["_output_shapes"])
        if "shape" in node.attr:
            made.attr["shape"].CopyFrom(node.attr["shape"])
    if left:
        raise KeyError(f"The following input nodes were not found: {left}")
    return graph_util.extract_sub_graph(cut, output_node_names)


class _Device(NamedTuple):
    name: str
    device_type: str
    memory_limit: int
    physical_device_desc: str


def list_local_devices(session_config: Any = None) -> list[Any]:
    """The devices of this machine, with `name` and `device_type`: '/device:CPU:0' and so on."""
    import jax

    found = [_Device("/device:CPU:0", "CPU", 268435456, "")]
    for place, device in enumerate(d for d in jax.devices() if d.platform != "cpu"):
        kind = "GPU" if device.platform in ("gpu", "cuda", "rocm") else device.platform.upper()
        limit = (getattr(device, "memory_stats", lambda: None)() or {}).get("bytes_limit", 0)
        found.append(_Device(f"/device:{kind}:{place}", kind, limit, f"device: {place}, name: {device.device_kind}"))
    return found


def get_data_files_path() -> str:
    """The folder of the file that asks."""
    return os.path.dirname(os.path.abspath(sys._getframe(1).f_code.co_filename))


def load_resource(path: str) -> bytes:
    """The bytes of a file."""
    return Path(path).read_bytes()


def get_root_dir_with_all_resources() -> str:
    """The folder of the program."""
    return os.getcwd()


def get_path_to_datafile(path: str) -> str:
    """A path beside the file that asks."""
    return os.path.join(os.path.dirname(os.path.abspath(sys._getframe(1).f_code.co_filename)), path)


def readahead_file_path(path: str, readahead: str = "128M") -> str:
    return path
