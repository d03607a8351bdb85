"""`tf.read_file`, `tf.write_file`, `tf.matching_files`."""

from typing import Any

from jax_slim.tf1.graph import building
from jax_slim.tf1.graph.tensors import Operation, Tensor


def read_file(filename: Any, name: str | None = None) -> Tensor:
    """The contents of a file."""
    return building.make("ReadFile", filename, name=name)


def write_file(filename: Any, contents: Any, name: str | None = None) -> Operation:
    """Writes a text into a file; makes the folder where it is missing."""
    return building.make("WriteFile", filename, contents, name=name)


def matching_files(pattern: Any, name: str | None = None) -> Tensor:
    """The files that a pattern, or one of several, matches, sorted."""
    return building.make("MatchingFiles", pattern, name=name)
