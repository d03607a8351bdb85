"""The values of a graph's variables: which entry of its checkpoint each of them has."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import jax

from jax_slim.graphs.sources import Source
from jax_slim.tf1.files import checkpoints
from jax_slim.tf1.graph import errors, tensor_protos

_HANDS_ON = frozenset({"Identity", "ReadVariableOp", "Enter"})


class Stored:
    """The values that a checkpoint has for a graph's variables.

    Args:
      definition: the graph with its saver, whose operations say how entries are called; variables that it does not save
        are looked for under their own names.
      checkpoint: a prefix, in the place of the source's own.
    """

    def __init__(self, source: Source, definition: Any, checkpoint: Any = None) -> None:
        self._where = source.where
        self._prefix = source.checkpoint if checkpoint is None else os.path.expanduser(os.fspath(checkpoint))
        self._definition = definition

    def values(self, variables: list[Any]) -> dict[str, Any]:
        """Arrays by the names of variables (operations).

        Raises:
          ValueError: there is no checkpoint, or not one of these variables.
        """
        if not variables:
            return {}
        if self._prefix is None:
            names = ", ".join(op.name for op in variables[:5])
            raise ValueError(
                f"load: checkpoint must be given: {self._where} has {len(variables)} variables ({names}, ...) and no "
                "checkpoint beside it."
            )
        entries = self._entries()
        places = [entries.get(op.name, (op.name, "")) for op in variables]
        types = [op.attrs["dtype"] for op in variables]
        try:
            found = checkpoints.restore(self._prefix, [n for n, _ in places], [s for _, s in places], types)
        except errors.OpError as error:
            raise ValueError(
                f"load: checkpoint must hold the variables of {self._where}, got {self._prefix}: {error.message}"
            ) from error
        for op, value in zip(variables, found, strict=True):
            shape = op.attrs.get("shape")
            if shape is not None and not shape.is_compatible_with(value.shape):
                raise ValueError(
                    f"load: checkpoint must hold the variables of {self._where}, got {self._prefix}, whose {op.name} "
                    f"is of shape {value.shape}, not {shape}."
                )
        return dict(zip((op.name for op in variables), jax.device_put(found), strict=True))

    def _entries(self) -> dict[str, tuple[str, str]]:
        """Variable -> (entry, which part of it), as the operations that save them say."""
        nodes = {node.name: node for node in self._definition.node}
        found: dict[str, tuple[str, str]] = {}
        for node in self._definition.node:
            if node.op not in ("SaveV2", "SaveSlices"):
                continue
            texts = [_texts(nodes.get(source.partition(":")[0])) for source in node.input[1:3]]
            for entry, part, source in zip(*texts, node.input[3:], strict=False):
                variable = _origin(nodes, source)
                if variable is not None:
                    found.setdefault(variable, (entry, part))
        return found


def _texts(node: Any) -> list[str]:
    if node is None or node.op != "Const":
        return []
    with contextlib.suppress(ValueError, TypeError):
        return [v.decode() for v in tensor_protos.make_ndarray(node.attr["value"].tensor).reshape(-1)]
    return []


def _origin(nodes: dict[str, Any], source: str) -> str | None:
    """The variable that a saved tensor is the value of."""
    for name in _chain(nodes, source):
        if nodes[name].op in ("Variable", "VariableV2", "VarHandleOp"):
            return name
    return None


def _chain(nodes: dict[str, Any], source: str) -> Iterator[str]:
    seen: set[str] = set()
    name = source.partition(":")[0]
    while name in nodes and name not in seen:
        seen.add(name)
        yield name
        node = nodes[name]
        if node.op not in _HANDS_ON or not node.input:
            return
        name = node.input[0].partition(":")[0]
