"""Native convolutions of bytes and of bfloat16: primitives, and weights in the order of their kernels."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.core import ShapedArray

from jax_slim.kernels.conv_geometry import Geometry
from jax_slim.kernels.native.building import library
from jax_slim.kernels.native.fused import Activation, like, primitive_of, windows_of
from jax_slim.kernels.quantized import Rounding


def has_bfloat16() -> bool:
    """Whether there are native kernels, and the processor multiplies bfloat16."""
    found = library()
    return found is not None and found.jax_slim_has_bfloat16()


def convolution_of_bytes(
    inputs: jax.Array,
    weights: jax.Array,
    scale: jax.Array,
    bias: jax.Array,
    shortcut: jax.Array | None = None,
    *,
    geometry: Geometry,
    rounding: Rounding,
    made: Rounding | None,
    low: float,
    high: float,
) -> jax.Array:
    """`quantized_convolution` by a native kernel, on a CPU. Its sums are exact."""
    start = -rounding.zero * weights.astype(jnp.int32).sum((0, 1, 2))
    more = () if shortcut is None else (shortcut,)
    arranged = _arranged(weights, geometry) if geometry.groups == 1 else _arranged_by_channel(weights, geometry)
    return _of_bytes.bind(
        inputs, arranged, scale, start, bias, *more,
        geometry=geometry, rounding=rounding, made=made, low=float(low), high=float(high),
    )  # fmt: skip


def convolution_of_bfloat16(
    inputs: jax.Array,
    weights: jax.Array,
    bias: jax.Array,
    shortcut: jax.Array | None = None,
    excitation: jax.Array | None = None,
    *,
    geometry: Geometry,
    activation: Activation = Activation(),
    made: Any = jnp.float32,
) -> jax.Array:
    """As `fused_convolution`, of weights as they are, with inputs and weights rounded to bfloat16.

    Sums are in float32; numbers too small for a normal float32 count as 0. Weights of a convolution by channel stay
    float32.

    Args:
      inputs: float32, or bfloat16.
      made: float32 or bfloat16, to which the result is rounded; and so is the shortcut.
    """
    more = [] if shortcut is None else [shortcut.astype(made)]
    if excitation is not None:
        more.append(excitation)
    arranged = weights if geometry.groups > 1 else _arranged(weights.astype(jnp.bfloat16), geometry)
    return _of_bfloat16.bind(
        inputs, arranged, bias, *more,
        geometry=geometry, activation=activation, excited=excitation is not None, made=jnp.dtype(made),
    )  # fmt: skip


def _arranged(weights: jax.Array, geometry: Geometry) -> jax.Array:
    """Weights in panels, as `panels` has them, but of two vectors each, and some neighbours of a window together."""
    found = library()
    assert found is not None  # asked for before a convolution becomes a native one
    _, dilation = geometry.windows.rates
    runs = int(np.prod(weights.shape[:2])) if dilation > 1 else weights.shape[0]
    together = found.jax_slim_narrow_bytes() if weights.dtype == jnp.int8 else 2
    return _narrow_panels.bind(weights, runs=runs, together=together, panel=2 * found.jax_slim_narrow_lanes())


def _arranged_by_channel(weights: jax.Array, geometry: Geometry) -> jax.Array:
    """Weights [kh, kw, 1, C] with some neighbours of a column together, for each channel.

    Where a window leaves rows free of those that are together, they serve the rows of results below: their weights are
    those of a window that is so much further down.
    """
    found = library()
    assert found is not None  # as in `_arranged`
    together, height = found.jax_slim_narrow_bytes(), weights.shape[0]
    rows, stride = -(-height // together) * together, geometry.windows.strides[0]
    shifts = range(0, rows - height + 1, stride) if geometry.windows.rates[0] == 1 else range(1)
    return _narrow_columns.bind(weights, shifts=tuple(shifts), together=together, lanes=found.jax_slim_narrow_lanes())


def _columns(weights: jax.Array, *, shifts: tuple[int, ...], together: int, lanes: int) -> jax.Array:
    height, width, _, channels = weights.shape
    rows = -(-height // together) * together
    moved = [
        jnp.pad(weights, ((shift, rows - height - shift), (0, 0), (0, 0), (0, -channels % lanes))) for shift in shifts
    ]
    parts = jnp.stack(moved).reshape(len(shifts), rows // together, together, width, -1)
    return parts.transpose(0, 1, 3, 4, 2).reshape(-1)


def _size_of_columns(weights: Any, *, shifts: tuple[int, ...], together: int, lanes: int) -> Any:
    height, width, _, channels = weights.shape
    numbers = len(shifts) * -(-height // together) * together * width * -(-channels // lanes) * lanes
    return ShapedArray((numbers,), weights.dtype)


def _panels(weights: jax.Array, *, runs: int, together: int, panel: int) -> jax.Array:
    rows = weights.reshape(runs, -1, weights.shape[-1])
    filled = jnp.pad(rows, ((0, 0), (0, -rows.shape[1] % together), (0, -rows.shape[2] % panel)))
    parts = filled.reshape(runs, -1, together, filled.shape[2] // panel, panel).transpose(3, 0, 1, 4, 2)
    return (parts if parts.dtype == jnp.int8 else lax.bitcast_convert_type(parts, jnp.int8)).reshape(-1)


def _size_of_panels(weights: Any, *, runs: int, together: int, panel: int) -> Any:
    length, filters = int(np.prod(weights.shape[:-1])) // runs, weights.shape[-1]
    numbers = runs * -(-length // together) * together * -(-filters // panel) * panel
    return ShapedArray((numbers * weights.dtype.itemsize,), jnp.dtype(jnp.int8))


def _bytes_called(
    *arrays: jax.Array, geometry: Geometry, rounding: Rounding, made: Rounding | None, low: float, high: float
) -> jax.Array:
    shape = _shape_of_bytes(*arrays, geometry=geometry, made=made)
    result = like(shape)
    numbers = np.array([*rounding, *(made or (1, 0))], np.float32)
    target = "jax_slim_convolve_bytes" if geometry.groups == 1 else "jax_slim_convolve_bytes_by_channel"
    return jax.ffi.ffi_call(target, result)(
        *arrays, windows=windows_of(geometry), rounding=numbers, low=np.float32(low), high=np.float32(high)
    )


def _shape_of_bytes(
    inputs: Any, weights: Any, scale: Any, *others: Any, geometry: Geometry, made: Any, **_: Any
) -> Any:
    dtype = jnp.dtype(jnp.float32 if made is None else jnp.uint8)
    return ShapedArray((inputs.shape[0], *geometry.counts, scale.shape[0]), dtype)


def _bfloat16_called(
    *arrays: jax.Array, geometry: Geometry, activation: Activation, excited: bool, made: Any
) -> jax.Array:
    shape = like(_shape_of_bfloat16(*arrays, geometry=geometry, made=made))
    attributes: dict[str, Any] = {"windows": windows_of(geometry), "activation": np.array(activation, np.float32)}
    if geometry.groups > 1:
        return jax.ffi.ffi_call("jax_slim_convolve_bfloat16_by_channel", shape)(*arrays, **attributes)
    return jax.ffi.ffi_call("jax_slim_convolve_bfloat16", shape)(*arrays, **attributes, excitation=np.bool_(excited))


def _shape_of_bfloat16(
    inputs: Any, weights: Any, bias: Any, *more: Any, geometry: Geometry, made: Any, **_: Any
) -> Any:
    return ShapedArray((inputs.shape[0], *geometry.counts, bias.shape[0]), made)


_narrow_panels = primitive_of("slim_narrow_panels", _panels, _size_of_panels)
_narrow_columns = primitive_of("slim_narrow_columns", _columns, _size_of_columns)
_of_bytes = primitive_of("slim_convolution_of_bytes", _bytes_called, _shape_of_bytes)
_of_bfloat16 = primitive_of("slim_convolution_of_bfloat16", _bfloat16_called, _shape_of_bfloat16)
