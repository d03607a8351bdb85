"""What commands need of graphs that TensorFlow wrote: which paths are graphs, and the options that open one."""

import argparse
import os
from typing import TYPE_CHECKING, Any

from jax_slim.cli.failures import CommandError
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


def opened(options: argparse.Namespace, path: str, as_variables: bool = False, outputs: Any = None) -> "GraphFunction":
    """The graph that options mean; its outputs by name.

    Raises:
      CommandError: it cannot be read, or does not have what is asked for.
    """
    from jax_slim.graphs.loading import load
    from jax_slim.tf1.graph.errors import OpError

    given = listed(options.input_layer) or None
    asked = listed(options.output_layer) or outputs
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
