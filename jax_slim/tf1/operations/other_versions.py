"""Types that older and later versions of TensorFlow write for what 1.15 has under another name: files hold them."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import errors, rows, shape_inference, shapes
from jax_slim.tf1.operations import arithmetic, arrays, checking, linear_algebra, quantizing, shaping


@rows.row("ClipByValue", shape=shape_inference.like_input())
def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any) -> Any:
    xp = arrays.xp(t, clip_value_min, clip_value_max)
    return xp.minimum(xp.maximum(t, clip_value_min), clip_value_max)


@rows.row("Reverse", static=("dims",), shape=shape_inference.like_input())
def reverse(tensor: Any, dims: Any) -> Any:
    """Turned around along the dimensions that are true."""
    if len(dims) != np.ndim(tensor):
        raise errors.InvalidArgumentError(None, None, f"dims must have {np.ndim(tensor)} elements, got {len(dims)}.")
    return shaping.reverse_v2(tensor, np.flatnonzero(dims))


@rows.row("CheckNumericsV2", shape=shape_inference.like_input())
def check_numerics_v2(tensor: Any, *, message: bytes) -> Any:
    return checking.check_numerics(tensor, message=message)


@rows.row("Xlog1py", shape=shape_inference.of_broadcast)
def xlog1py(x: Any, y: Any) -> Any:
    return arithmetic.xlogy(x, y + np.ones((), y.dtype))


@rows.row("BatchMatMulV3")
def batch_mat_mul_v3(x: Any, y: Any, *, Tout: Any, adj_x: bool, adj_y: bool) -> Any:
    kind = Tout.as_numpy_dtype
    return linear_algebra.batch_matmul(x.astype(kind), y.astype(kind), adj_x=adj_x, adj_y=adj_y)


@rows.row("QuantizeAndDequantize", shape=shape_inference.like_input())
def quantize_and_dequantize(
    input: Any, *, signed_input: bool, num_bits: int, range_given: bool, input_min: float, input_max: float
) -> Any:
    ends = (np.asarray(end, input.dtype) for end in (input_min, input_max))
    return quantizing.quantize_and_dequantize_v2(
        input, *ends, signed_input=signed_input, num_bits=num_bits, range_given=range_given,
        round_mode=b"HALF_TO_EVEN", narrow_range=False,
    )  # fmt: skip


@rows.row("Empty", static=("shape",))
def empty(shape: Any, *, dtype: Any, init: bool) -> Any:
    """Zeros, also where anything would do."""
    return np.zeros(tuple(int(size) for size in shape), dtype.as_numpy_dtype)


@rows.row("FakeParam", shape=shape_inference.of_attribute())
def fake_param(*, dtype: Any, shape: Any) -> Any:
    """What stands in a branch for a value that only the other one has: it is never used."""
    return np.zeros([size or 0 for size in shape.sizes or ()], dtype.as_numpy_dtype)


@rows.row("ToBool", shape=shape_inference.scalar)
def to_bool(input: Any) -> Any:
    """Whether a number is not zero, or a list has elements."""
    return input != 0 if np.ndim(input) == 0 else np.asarray(np.size(input) > 0)


@rows.row("DeviceIndex", shape=lambda op: [shapes.TensorShape([])])
def device_index(*, device_names: Any) -> Any:
    """Which of the devices it runs on, by which graphs choose an implementation: the CPU's, or the one behind the last."""
    names = [name.decode() if isinstance(name, bytes) else name for name in device_names]
    return np.asarray(names.index("CPU") if "CPU" in names else len(names), np.int32)
