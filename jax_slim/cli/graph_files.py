"""What commands need of graphs that TensorFlow wrote: which paths are graphs, and the options that open one."""

import argparse
import os
from typing import TYPE_CHECKING, Any

from jax_slim.cli.failures import CommandError, UsageError, near_names
from jax_slim.cli.flags import listed

if TYPE_CHECKING:
    from jax_slim.graphs.functions import GraphFunction

_SAVED_MODEL = ("saved_model.pb", "saved_model.pbtxt")


def is_graph(path: str) -> bool:
    """Whether a path is of a graph, by its name and what is in a folder."""
    if os.path.isdir(path):
        inside = [path, *(entry.path for entry in os.scandir(path) if entry.name.isdecimal())]
        return any(os.path.isfile(os.path.join(folder, name)) for folder in inside for name in _SAVED_MODEL)
    return path.endswith((".pb", ".pbtxt", ".meta")) and os.path.isfile(path)


def add_graph_arguments(parser: argparse.ArgumentParser, flag: bool = True) -> None:
    """What says which part of a graph is meant; with `flag`, `--graph` itself too."""
    group = parser.add_argument_group("a graph that TensorFlow wrote, in the place of a checkpoint")
    if flag:
        group.add_argument("--graph", help="a frozen graph (.pb, .pbtxt), a .meta file, or a SavedModel's folder")
    group.add_argument("--input_layer", help="names of input tensors, between commas; by default the placeholders")
    group.add_argument("--output_layer", help="names of output tensors; by default what nothing else uses")
    group.add_argument(
        "--signature", help="of a SavedModel: which signature (default serving_default, or the only one)"
    )


def opened(
    options: argparse.Namespace, path: str, as_variables: bool = False, inputs: Any = None, outputs: Any = None
) -> "GraphFunction":
    """The graph that options mean; its outputs by name. `inputs` and `outputs` take the place of those of the options.

    Raises:
      CommandError: it cannot be read, or does not have what is asked for.
    """
    from jax_slim.graphs.loading import load
    from jax_slim.tf1.graph.errors import OpError

    given = inputs or listed(options.input_layer) or None
    asked = outputs or listed(options.output_layer)
    try:
        return load(
            path,
            given,
            {name: name for name in asked} if asked else None,
            signature=options.signature,
            as_variables=as_variables,
            checkpoint=getattr(options, "checkpoint_path", None),
        )
    except ValueError as error:
        raise CommandError(str(error).removeprefix("load: ")) from None
    except OpError as error:
        raise CommandError(f"{path}: {error.message}") from None


def image_input(net: "GraphFunction", path: str) -> str:
    """The input that takes images: the only one.

    Raises:
      CommandError: there are none or several.
    """
    if len(net.inputs) != 1:
        raise CommandError(
            f"{path} has {len(net.inputs)} inputs ({', '.join(net.inputs) or 'none'}): name the one that takes images "
            "with --input_layer. What else the outputs need must have a default in the graph."
        )
    shape = net.input_shapes[net.inputs[0]]
    if net.input_types[net.inputs[0]].hasobject or shape is None or len(shape) in (3, 4):
        return net.inputs[0]
    raise CommandError(
        f"{path}: {net.inputs[0]} is of shape {list(shape)}, which is none of images. Give --input_layer."
    )


def image_size(net: "GraphFunction", name: str, chosen: int | None) -> tuple[int, int] | None:
    """Height and width that a graph wants; None where it takes any."""
    shape = net.input_shapes[name]
    sizes = (None, None) if shape is None or len(shape) < 3 else shape[-3:-1]
    if None not in sizes:
        return sizes  # type: ignore[return-value]
    return None if chosen is None else (chosen, chosen)


def channels_of(net: "GraphFunction", name: str) -> int:
    """How many channels a graph's images have."""
    shape = net.input_shapes[name]
    found = shape[-1] if shape and len(shape) > 2 else None
    return found if found in (1, 3, 4) else 3


def check_preprocessing(name: str | None, path: str) -> None:
    """Raises UsageError unless it is said how images are prepared."""
    from jax_slim.preprocessing.preprocessing_factory import preprocessing_map

    if name is None:
        raise UsageError(
            f"--preprocessing_name must say how the images of {path} were prepared: inception (from -1 to 1), vgg "
            "(means subtracted), cifarnet, lenet, a net's name, or none (levels from 0 to 255): the graph does not."
        )
    if name != "none" and name not in preprocessing_map:
        raise UsageError(
            f"--preprocessing_name must be a net's, or none, got {name!r}.{near_names(name, preprocessing_map)}"
        )


def logits_of(net: "GraphFunction", name: str) -> tuple[str, str]:
    """What an output is: 'probabilities' of classes, 'independent' ones, or 'logits'; and the tensor of its logits."""
    tensor = net.graph.get_tensor_by_name(net.tensor_of(name))
    while tensor.op.type in ("Identity", "Reshape", "Squeeze", "ExpandDims"):
        tensor = tensor.op.inputs[0]
    if tensor.op.type == "Softmax":
        return "probabilities", tensor.op.inputs[0].name
    return ("independent", "") if tensor.op.type == "Sigmoid" else ("logits", net.tensor_of(name))
