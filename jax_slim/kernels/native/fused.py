"""Convolutions with bias, shortcut and activation as one operation: primitives that call the native kernels.

They have no derivatives: they are what is left of a convolution where only results are asked for.
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import ShapedArray
from jax.extend.core import Primitive
from jax.interpreters import mlir

from jax_slim.kernels import winograd
from jax_slim.kernels.conv_geometry import Geometry
from jax_slim.kernels.native.building import NativeKernelsError, library


class Activation(NamedTuple):
    """A function of straight lines: clip(x + shift, low, high) * factor, and that times x where it gates.

    ReLU6 is `Activation(0, 6)`, hard swish `Activation(0, 6, 3, 1 / 6, True)`. A NaN stays one.
    """

    low: float = -np.inf
    high: float = np.inf
    shift: float = 0.0
    factor: float = 1.0
    gates: bool = False


def fused_convolution(
    inputs: jax.Array,
    weights: jax.Array,
    bias: jax.Array,
    shortcut: jax.Array | None = None,
    excitation: jax.Array | None = None,
    *,
    geometry: Geometry,
    activation: Activation = Activation(),
    tile: int = 0,
) -> jax.Array:
    """activation(convolution(inputs * excitation, weights) + bias + shortcut), by a native kernel, on a CPU.

    Args:
      inputs: [N, H, W, C], float32.
      weights: `panels` of [kh, kw, C, out], for the same `tile`; of a convolution by channel, one filter a channel,
        [kh, kw, 1, C].
      bias: [out].
      shortcut: of the result's shape.
      excitation: [N, C], what squeeze-and-excitation multiplies inputs by; for windows of one pixel, in steps of one,
        of all channels.
      geometry: as of the convolution: two spatial dimensions, channels last, one group or one for each channel.
      activation: what becomes of sums.
      tile: 2 or 4 for Winograd's form with tiles of so many pixels, of 3 x 3 taps at stride and rate 1 without
        excitation; 4 for that of lines, of taps that are one row or one column; 0 for sums of products.

    Returns:
      [N, H', W', out], float32.
    """
    more = [array for array in (shortcut, excitation) if array is not None]
    return _fused.bind(
        inputs,
        weights,
        bias,
        *more,
        geometry=geometry,
        activation=activation,
        excited=excitation is not None,
        tile=tile,
    )


def sum_of_pixels(images: jax.Array) -> jax.Array:
    """[N, H, W, C], float32 or bfloat16 -> [N, C]: sums by channel in float32, by a native kernel, on a CPU."""
    return _sum_of_pixels.bind(images)


def panels(weights: jax.Array, tile: int = 0) -> jax.Array:
    """Weights [kh, kw, in, out] in the order that the kernel reads them in.

    A panel has two vectors of outputs, the last one maybe a single vector: all of a window's weights for these, one
    input after the other. Outputs that fill up the last vector are 0.

    Args:
      weights: any; for tiles, 3 x 3 or a line.
      tile: as for `fused_convolution`; for 2 and 4, the window's weights are replaced by sums of them: (tile + 2)^2, or
        of a line 7 for each four and for what is left.

    Returns:
      A vector of kh * kw * in * (out, rounded up to whole vectors) numbers; of sums, their number in place of
      kh * kw.

    Raises:
      NativeKernelsError: there are no native kernels, so nobody knows how long a vector is.
    """
    found = library()
    if found is None:
        raise NativeKernelsError("panels: there are no native kernels; build them with slim.build_native_kernels().")
    return _panels.bind(weights, lanes=found.jax_slim_lanes(), tile=tile)


def out_of_panels(arranged: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """The weights [kh, kw, in, out], of this shape, of which `panels` made `arranged`."""
    found = library()
    assert found is not None  # who else arranged them
    lanes, rows, filters = found.jax_slim_lanes(), int(np.prod(shape[:-1])), shape[-1]
    whole = -(-filters // lanes) // 2
    split = whole * 2 * lanes * rows
    wide = arranged[:split].reshape(whole, rows, 2 * lanes).transpose(1, 0, 2).reshape(rows, -1)
    return jnp.concatenate([wide, arranged[split:].reshape(rows, -1)], 1)[:, :filters].reshape(shape)


def are_panels(arranged: jax.Array, shape: tuple[int, ...]) -> bool:
    """Whether `out_of_panels` can make weights of this shape of them: out of sums of weights it cannot."""
    found = library()
    assert found is not None
    lanes = found.jax_slim_lanes()
    return arranged.size == int(np.prod(shape[:-1])) * -(-shape[-1] // lanes) * lanes


def _arranged(weights: jax.Array, *, lanes: int, tile: int) -> jax.Array:
    if tile == 4 and weights.shape[:2] == (3, 3) and weights.dtype == jnp.float32:  # training makes them for each batch
        return jax.ffi.ffi_call("jax_slim_sum_taps", like(_size_of_panels(weights, lanes=lanes, tile=tile)))(weights)

    def summed(taps: jax.Array) -> jax.Array:
        return winograd.sums_of_taps(taps, tile) if tile else taps

    filled = jnp.pad(weights, ((0, 0), (0, 0), (0, 0), (0, -weights.shape[-1] % lanes)))
    whole = filled.shape[-1] // (2 * lanes)
    split = whole * 2 * lanes
    # In panels first: there are fewer taps to move than sums of them.
    wide = jnp.moveaxis(filled[..., :split].reshape(*weights.shape[:-1], whole, 2 * lanes), -2, 0)
    rest = [summed(filled[..., split:]).reshape(-1)] if split < filled.shape[-1] else []
    return jnp.concatenate([jax.vmap(summed)(wide).reshape(-1), *rest])


def _size_of_panels(weights: Any, *, lanes: int, tile: int) -> Any:
    outputs = -(-weights.shape[-1] // lanes) * lanes
    points = int(np.prod(weights.shape[:2]))
    if tile:
        points = 7 * -(-points // 4) if 1 in weights.shape[:2] else (tile + 2) ** 2
    return ShapedArray((points * weights.shape[2] * outputs,), weights.dtype)


def _shape(inputs: Any, weights: Any, bias: Any, *more: Any, geometry: Geometry, **_: Any) -> Any:
    return ShapedArray((inputs.shape[0], *geometry.counts, bias.shape[0]), inputs.dtype)


def _called(*arrays: jax.Array, geometry: Geometry, activation: Activation, excited: bool, tile: int) -> jax.Array:
    made = like(_shape(*arrays, geometry=geometry))
    numbers = np.array(activation, np.float32)
    if geometry.groups > 1:
        call = jax.ffi.ffi_call("jax_slim_convolve_by_channel", made)
        return call(*arrays, windows=windows_of(geometry), activation=numbers)
    call = jax.ffi.ffi_call("jax_slim_convolve", made)
    return call(
        *arrays, windows=windows_of(geometry), activation=numbers, excitation=np.bool_(excited), tile=np.int64(tile)
    )


def _shape_of_sums(images: Any) -> Any:
    return ShapedArray((images.shape[0], images.shape[3]), jnp.dtype(jnp.float32))


def _sums_called(images: jax.Array) -> jax.Array:
    target = "jax_slim_sum_pixels" if images.dtype == jnp.float32 else "jax_slim_sum_pixels_of_bfloat16"
    return jax.ffi.ffi_call(target, like(_shape_of_sums(images)))(images)


def like(aval: Any) -> jax.ShapeDtypeStruct:
    """What a call makes."""
    return jax.ShapeDtypeStruct(aval.shape, aval.dtype)


def windows_of(geometry: Geometry) -> np.ndarray:
    """The numbers that tell a kernel how windows go over images."""
    windows = geometry.windows
    (top, _), (left, _) = windows.padding
    return np.array([*windows.sizes, *windows.strides, *windows.rates, top, left], np.int64)


def primitive_of(name: str, function: Any, shape: Any) -> Primitive:
    """A function of arrays that CPUs run, as a primitive; `shape` is that of its result."""
    primitive = Primitive(name)
    primitive.def_impl(lambda *arrays, **parameters: jax.jit(functools.partial(function, **parameters))(*arrays))
    primitive.def_abstract_eval(shape)
    mlir.register_lowering(primitive, mlir.lower_fun(function, multiple_results=False), platform="cpu")
    return primitive


_panels = primitive_of("slim_panels", _arranged, _size_of_panels)
_fused = primitive_of("slim_fused_convolution", _called, _shape)
_sum_of_pixels = primitive_of("slim_sum_of_pixels", _sums_called, _shape_of_sums)
