"""The constants of a graph that are weights: what were variables before it was frozen."""

from typing import Any

import numpy as np

from jax_slim.graphs import sources
from jax_slim.tf1.files import lowering
from jax_slim.tf1.graph import dtypes, tensor_protos

_FEW = 8  # elements up to which a constant is no weight, where the graph does not tell
_READS = ("/read", "/ReadVariableOp")


def weights(path: Any, tags: Any = None) -> dict[str, np.ndarray]:
    """The constants of a frozen graph that are weights, by the names that the variables had.

        slim.checkpoints.convert_checkpoint(slim.graphs.weights("frozen.pb"), "weights.safetensors")

    They are the constants of floats that are read through `.../read`, as freezing leaves them, or, where the graph has
    none of those, all of more than a few elements.

    Args:
      path, tags: as `load` takes them.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: it holds no graph, or one without such constants.
    """
    source = sources.read(path, tags, "weights")
    try:
        nodes = {node.name: node for node in lowering.lowered(source.definition).node}
        found = {name: tensor_protos.make_ndarray(nodes[name].attr["value"].tensor) for name in weight_names(nodes)}
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"weights: path must be a TensorFlow graph, got {source.where}: {error}") from error
    if not found:
        more = f" Its variables are in {source.checkpoint}." if source.checkpoint else ""
        raise ValueError(
            f"weights: path must be a frozen graph, got {source.where}, whose constants are no weights.{more}"
        )
    return found


def weight_names(nodes: dict[str, Any]) -> list[str]:
    """The names of constants that are weights, of nodes by name."""
    floats = [name for name, node in nodes.items() if node.op == "Const" and _is_float(node)]
    read = [name for name in floats if any(_reads(nodes.get(name + end), name) for end in _READS)]
    return read or [name for name in floats if _elements(nodes[name]) > _FEW]


def _is_float(node: Any) -> bool:
    try:
        return bool(dtypes.as_dtype(node.attr["dtype"].type).is_floating)
    except TypeError:
        return False


def _reads(node: Any, name: str) -> bool:
    return node is not None and node.op == "Identity" and bool(node.input) and node.input[0].removesuffix(":0") == name


def _elements(node: Any) -> int:
    count = 1
    for dimension in node.attr["value"].tensor.tensor_shape.dim:
        count *= max(dimension.size, 0)
    return count
