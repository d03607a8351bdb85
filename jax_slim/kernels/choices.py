"""Which form of an operation a CPU gets, from shapes, dtype and layout alone, and why.

The figures behind the decisions are processor times of a batch of 8 in float32 on two cores (`benchmarks/operations.py`
measures them anew). Differences below 15 % decided nothing: then `lax`'s operation stays, because it compiles fastest.
"""

import contextlib
import contextvars
import enum
import math
from collections.abc import Iterator
from typing import Any

from jax_slim.kernels.conv_geometry import Geometry
from jax_slim.kernels.layouts import Windows

BYTES_OF_A_BAND = 8 << 20
MOST_TAPS_AT_ONCE = 25
_KINDS = ("fastest", "exact", "lax")

_kind: contextvars.ContextVar[str] = contextvars.ContextVar("jax_slim_kernel_forms", default="fastest")


class Form(enum.Enum):
    """The forms of a convolution and of its gradients."""

    LAX = enum.auto()
    PIXELS = enum.auto()
    TAPS = enum.auto()
    ROWS = enum.auto()
    TURNED = enum.auto()
    WINOGRAD = enum.auto()


@contextlib.contextmanager
def kernel_forms(kind: str) -> Iterator[None]:
    """Says how layers may compute inside: with which of the forms that mean the same.

        with slim.kernel_forms("lax"):
            logits, _ = vgg.vgg_16(images)      # jax.lax's own convolutions, pooling and gradients, bit for bit

    Read while a program is traced, as `slim.precision`: open it inside the function that is jitted.

    Args:
      kind: "fastest", the default: on a CPU, whatever is fastest; Winograd's convolutions round about as float32 sums
        of many terms do (see `jax_slim/kernels/winograd.py`). "exact": faster forms that only sum in another order.
        "lax": the plain operations of `jax.lax` on every platform.

    Raises:
      ValueError: `kind` is none of the three.
    """
    if kind not in _KINDS:
        raise ValueError(f"kernel_forms: kind must be one of {', '.join(map(repr, _KINDS))}, got {kind!r}.")
    token = _kind.set(kind)
    try:
        yield
    finally:
        _kind.reset(token)


def plain() -> bool:
    """Whether `lax`'s own operations are asked for."""
    return _kind.get() == "lax"


def inexact_allowed() -> bool:
    """Whether forms with larger rounding errors may be chosen."""
    return _kind.get() == "fastest"


def for_outputs(inputs: tuple[int, ...], weights: tuple[int, ...], dtype: Any, geometry: Geometry) -> Form:
    """The form of a convolution."""
    if _empty(inputs, weights):
        return Form.LAX
    if _by_channel(geometry, weights[-2]):
        return Form.TAPS
    if geometry.groups == 1 and _one_pixel(geometry):
        return Form.PIXELS
    return Form.LAX


def for_inputs(outputs: tuple[int, ...], weights: tuple[int, ...], dtype: Any, geometry: Geometry) -> Form:
    """The form of the gradient of the inputs."""
    if _empty(outputs, weights, geometry.lengths):
        return Form.LAX
    if _by_channel(geometry, weights[-2]):
        return Form.TAPS
    if geometry.groups == 1 and _one_pixel(geometry):
        return Form.PIXELS
    if geometry.groups == 1 and max(geometry.windows.strides) == 1:
        return Form.TURNED
    return Form.LAX


def for_weights(inputs: tuple[int, ...], outputs: tuple[int, ...], dtype: Any, geometry: Geometry) -> Form:
    """The form of the gradient of the weights."""
    if _empty(inputs, outputs):
        return Form.LAX
    if _by_channel(geometry, inputs[geometry.layout.channel] // geometry.groups):
        return Form.TAPS
    if geometry.groups > 1:
        return Form.LAX
    if _one_pixel(geometry):
        return Form.PIXELS
    return Form.ROWS


def taps_for_maxima(shape: tuple[int, ...], windows: Windows) -> bool:
    """Whether maxima, and the way back to them, go over the taps of the windows."""
    return not _empty(shape) and math.prod(windows.sizes) <= MOST_TAPS_AT_ONCE


def taps_for_sums(shape: tuple[int, ...], windows: Windows) -> bool:
    """Whether sums, and the way back, go over the taps of the windows, axis by axis."""
    return not _empty(shape) and sum(windows.sizes) <= MOST_TAPS_AT_ONCE


def _one_pixel(geometry: Geometry) -> bool:
    return max(geometry.windows.sizes) == 1


def _by_channel(geometry: Geometry, channels_of_group: int) -> bool:
    """Whether each channel goes through filters of its own, of few enough taps to compile all at once."""
    return geometry.groups > 1 and channels_of_group == 1 and math.prod(geometry.windows.sizes) <= MOST_TAPS_AT_ONCE


def _empty(*shapes: tuple[int, ...]) -> bool:
    return any(0 in shape for shape in shapes)
