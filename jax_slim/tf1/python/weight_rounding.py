"""Transforms of GraphDefs that round weights: to a few levels, or to eight bits."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from jax_slim.tf1.files import protos
from jax_slim.tf1.graph import dtypes, tensor_protos

_FEW = 15  # elements up to which a constant is no weight


def _weights(definition: Any, least: int) -> Iterator[tuple[Any, np.ndarray]]:
    for node in definition.node:
        if node.op == "Const" and node.attr["dtype"].type == int(dtypes.float32):
            value = tensor_protos.make_ndarray(node.attr["value"].tensor)
            if value.size >= least:
                yield node, value


def round_weights(definition: Any, inputs: Any, outputs: Any, arguments: Mapping[str, list[str]]) -> Any:
    """A graph whose constants of more than 15 floats have `num_steps` values each, evenly between the least and the largest."""
    steps = int(arguments.get("num_steps", ["256"])[-1])
    if steps < 1:
        raise ValueError(f"round_weights: num_steps must be at least 1, got {steps}.")
    for node, value in _weights(definition, _FEW + 1):
        low, high = float(value.min()), float(value.max())
        if high > low:
            width = (high - low) / steps
            place = np.minimum(np.floor((value - low) / width), steps - 1)
            rounded = (low + width * (place + 0.5)).astype(np.float32)
            node.attr["value"].tensor.CopyFrom(tensor_protos.make_tensor_proto(rounded))
    return definition


def quantize_weights(
    definition: Any, inputs: Sequence[str], outputs: Sequence[str], arguments: Mapping[str, list[str]]
) -> Any:
    """A graph whose large constants of floats are of eight bits, with a Dequantize under the name of each: a quarter the size.

    Those of at least `minimum_size` elements (1024), as TensorFlow has it.
    """
    chosen = {
        node.name: value for node, value in _weights(definition, int(arguments.get("minimum_size", ["1024"])[-1]))
    }
    made = protos.GraphDef(library=definition.library, versions=definition.versions)
    for node in definition.node:
        value = chosen.get(node.name)
        if value is None or not np.isfinite(value).all():
            made.node.add().CopyFrom(node)
            continue
        low, high = _range(value)
        names = [f"{node.name}_{what}" for what in ("quantized_const", "quantized_min", "quantized_max")]
        levels = _levels(value, low, high)
        for name, array, kind in zip(
            names, (levels, low, high), (dtypes.quint8, dtypes.float32, dtypes.float32), strict=True
        ):
            constant = made.node.add(name=name, op="Const", device=node.device)
            constant.input.extend(node.input)
            constant.attr["dtype"].type = int(kind)
            constant.attr["value"].tensor.CopyFrom(tensor_protos.make_tensor_proto(array))
            constant.attr["value"].tensor.dtype = int(kind)
        back = made.node.add(name=node.name, op="Dequantize", device=node.device, input=names)
        back.attr["T"].type = int(dtypes.quint8)
        back.attr["mode"].s = b"MIN_FIRST"
    return made


def _range(value: np.ndarray) -> tuple[np.float32, np.float32]:
    """The least and the largest value, which must differ."""
    low, high = np.float32(value.min()), np.float32(value.max())
    if low == high:
        if abs(low) < 0.000001:
            high = np.float32(low + 1)
        elif low > 0:
            high = np.float32(2 * low)
        else:
            high = np.float32(low / 2)
    return low, high


def _levels(value: np.ndarray, low: np.float32, high: np.float32) -> np.ndarray:
    """TensorFlow's quint8 of floats: halves go away from zero, and the least value is a whole number of steps."""
    scale = 255.0 / (float(high) - float(low))

    def rounded(x: Any) -> Any:
        return np.trunc(x + np.copysign(0.5, x))

    return np.clip(rounded(value.astype(np.float64) * scale) - rounded(float(low) * scale), 0, 255).astype(np.uint8)
