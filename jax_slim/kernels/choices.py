"""Which form of an operation a CPU gets, from shapes, dtype and layout alone, and why.

The figures behind the decisions are processor times of a batch of 8 in float32 on two cores (`benchmarks/operations.py`
measures them anew). Differences below 15 % decided nothing: then `lax`'s operation stays, because it compiles fastest.
"""

import contextlib
import enum
import math
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.kernels.conv_geometry import Geometry
from jax_slim.kernels.layouts import Windows

BYTES_OF_A_BAND = 8 << 20
BYTES_OF_A_DEPTHWISE_BAND = 64 << 10
# Compiled at once; a gradient of 49 weights a channel takes 2 seconds to compile, and is 4 to 5 times faster then.
MOST_TAPS_BY_CHANNEL = 49
MOST_TAPS_OF_A_POOL = 25
# With fewer, a product for each tap is thin, and all taps of a row together are better; in large images, too, as bands.
LEAST_CHANNELS_OF_A_TAP = 128
# As channels of a convolution by Eigen, fewer do not fill its vectors: 4 take 1.0 to 1.5 times what rows or taps take,
# 1 takes 3 times; 8 and more take half of it.
LEAST_IMAGES_OF_AN_EXCHANGE = 8
# Of channels, for tiles of 4 and of 2 pixels; of rows in each of the many products; and of pixels of an edge, beyond
# which the sums around the products go through more memory than the products save.
LEAST_CHANNELS_OF_WINOGRAD = {4: 64, 2: 128}
LEAST_ROWS_OF_WINOGRAD = {4: 96, 2: 128}
MOST_PIXELS_OF_WINOGRAD = 112
LEAST_CHANNELS_OF_NATIVE_WINOGRAD = 16
_KINDS = ("fastest", "exact", "lax")

# Of the kind that JAX's caches know: a jitted function is traced anew where it is called with other forms.
_kind = jax.make_user_context("fastest")
_tuned = jax.make_user_context(False)
_devices = jax.make_user_context(1)
_native = jax.make_user_context(False)


class Form(enum.Enum):
    """The forms of a convolution and of its gradients."""

    LAX = enum.auto()
    PIXELS = enum.auto()
    TAPS = enum.auto()
    GROUPS = enum.auto()
    ROWS = enum.auto()
    EXCHANGED = enum.auto()
    TURNED = enum.auto()
    WHOLE = enum.auto()
    WINOGRAD = enum.auto()
    NATIVE = enum.auto()
    TILES = enum.auto()


@contextlib.contextmanager
def kernel_forms(kind: str) -> Iterator[None]:
    """Says how layers may compute inside: with which of the forms that mean the same.

        with slim.kernel_forms("lax"):
            logits = model.apply(variables, images)      # jax.lax's own convolutions, pooling and gradients

    Functions that are jitted are traced and compiled once for each kind that they are called with.

    Args:
      kind: "fastest", the default: on a CPU, whatever is fastest; Winograd's convolutions round about as float32 sums
        of many terms do (see `jax_slim/kernels/winograd.py`). "exact": faster forms that only sum in another order.
        "lax": the plain operations of `jax.lax` on every platform.

    Raises:
      ValueError: `kind` is none of the three.
    """
    if kind not in _KINDS:
        raise ValueError(f"kernel_forms: kind must be one of {', '.join(map(repr, _KINDS))}, got {kind!r}.")
    with _kind(kind):
        yield


def kind() -> str:
    """The kind of forms that is asked for."""
    return _kind.value


def plain() -> bool:
    """Whether `lax`'s own operations are asked for."""
    return _kind.value == "lax"


def inexact_allowed() -> bool:
    """Whether forms with larger rounding errors may be chosen."""
    return _kind.value == "fastest"


def for_tuned_programs() -> contextlib.AbstractContextManager[None]:
    """A scope in which forms are chosen for programs that are compiled with `compiler_options()`."""
    return _tuned(True)


def tuned() -> bool:
    """Whether forms are chosen for programs that are compiled with `compiler_options()`."""
    return _tuned.value


def for_devices(count: int) -> contextlib.AbstractContextManager[None]:
    """A scope in which forms are made for programs that the compiler cuts over so many devices."""
    return _devices(count)


def devices() -> int:
    """Over how many devices the compiler cuts the program that forms are made for."""
    return _devices.value


def for_this_process(here: bool) -> contextlib.AbstractContextManager[None]:
    """A scope in which forms are made for a program that this process runs on one CPU, or, if not `here`, may not."""
    return _native(here)


def native() -> bool:
    """Whether forms may call native kernels: there are some, and the program does not leave this process."""
    return _native.value and _has_native()


def may_be_native() -> bool:
    """Whether what is traced may call native kernels, as far as is known before it is lowered."""
    return tuned() and jax.device_count() == 1 and _has_native()


def _has_native() -> bool:
    from jax_slim.kernels.native.building import library  # later: what is native knows its forms on XLA, and these this

    return not plain() and library() is not None


def groups_of_images(images: int) -> int:
    """Into how many groups a form that goes through a batch image by image has to cut it, to go through all at once.

    Were there one loop over a batch that lies on several devices, each of them would need the images of all others.
    """
    return math.gcd(images, _devices.value)


def for_outputs(inputs: tuple[int, ...], weights: tuple[int, ...], dtype: Any, geometry: Geometry) -> Form:
    """The form of a convolution."""
    if _empty(inputs, weights):
        return Form.LAX
    return _special(inputs[0], weights, dtype, geometry) or Form.LAX


def for_inputs(outputs: tuple[int, ...], weights: tuple[int, ...], dtype: Any, geometry: Geometry) -> Form:
    """The form of the gradient of the inputs."""
    if _empty(outputs, weights, geometry.lengths):
        return Form.LAX
    unit_strides = max(geometry.windows.strides) == 1
    return _special(outputs[0], weights, dtype, geometry) or (Form.TURNED if unit_strides else Form.LAX)


def _special(batch: int, weights: tuple[int, ...], dtype: Any, geometry: Geometry) -> Form | None:
    """The form that suits a convolution and the gradient of its inputs alike; None where there is no such."""
    if _by_channel(geometry, weights[-2]):
        return Form.NATIVE if _native_by_channel(weights[-1], dtype, geometry) else Form.TAPS
    if geometry.groups > 1:
        return Form.LAX
    if _one_pixel(geometry):
        return Form.PIXELS
    if _one_window(geometry):
        return Form.WHOLE
    if _native_tiles(batch, weights[-2:], dtype, geometry):
        return Form.TILES
    return Form.WINOGRAD if _winograd(batch, weights[-2:], dtype, geometry) else None


def for_weights(inputs: tuple[int, ...], outputs: tuple[int, ...], dtype: Any, geometry: Geometry) -> Form:
    """The form of the gradient of the weights."""
    if _empty(inputs, outputs):
        return Form.LAX
    channel = geometry.layout.channel
    channels, filters = inputs[channel], outputs[channel]
    if _by_channel(geometry, channels // geometry.groups):
        return Form.NATIVE if _native_by_channel(filters, dtype, geometry) else Form.TAPS
    if geometry.groups > 1:
        # `lax`'s takes 6 seconds for 32 groups of 8 channels at 28 pixels, whose outputs take 20 milliseconds.
        return Form.LAX if channels == geometry.groups else Form.GROUPS
    if _one_pixel(geometry):
        return Form.PIXELS
    if _one_window(geometry):
        return Form.WHOLE
    if _winograd(inputs[0], (channels, filters), dtype, geometry):
        return Form.WINOGRAD
    if geometry.tuned and len(geometry.lengths) == 2 and inputs[0] >= LEAST_IMAGES_OF_AN_EXCHANGE:
        return Form.EXCHANGED
    if min(channels, filters) >= LEAST_CHANNELS_OF_A_TAP and max(geometry.counts) < 56:
        return Form.TAPS
    return Form.ROWS


def winograd_tile(images: int, counts: tuple[int, ...]) -> int:
    """How many pixels the tiles of Winograd's form have down and across, when it makes so many.

    Large tiles take fewer multiplications unless they reach far over the borders: at 28 pixels and more 0.56 to 0.6 of
    the small ones', at 14 0.73. And they have more weights, which are not worth making for few of them.
    """
    products = {size: (size + 2) ** 2 * _tiles(images, counts, size) for size in (2, 4)}
    large = _tiles(images, counts, 4) >= LEAST_ROWS_OF_WINOGRAD[4] and products[4] <= 0.65 * products[2]
    return 4 if large else 2


def native_winograd_tile(channels: int, filters: int, dtype: Any, geometry: Geometry) -> int:
    """How many pixels the tiles of a native kernel's convolution have down and across; 0 where it has none.

    The same for every size of a batch, as what is prepared for one serves others. Time over that of plain products, for
    one image and 8, tiles of 2 and of 4 pixels, AVX-512: 64 channels at 56 pixels 0.57, 0.57 and 0.34, 0.36; 128 at 28
    0.51, 0.52 and 0.30, 0.30; 256 at 14 0.51, 0.52 and 0.39, 0.38, at 7 0.64, 0.64 and 0.45, 0.38, at 5 0.66, 0.74 and
    0.81, 0.73, at 3 0.77, 0.59 and 1.70, 0.34; 512 at 7, whose sums of weights are 38 MB for tiles of 4, 0.72, 0.69 and
    0.92, 0.46; 16 at 56 1.14, 1.09 and 0.76, 0.70; 8 at 56 1.63, 1.74 and 1.03, 1.20. With AVX2 they are lower by up to
    a third. Lines of 7 taps take 0.6 at 17 pixels, as their products do.
    """
    if min(channels, filters) < LEAST_CHANNELS_OF_NATIVE_WINOGRAD:
        return 0
    if _winograd_allowed(dtype, geometry, lines=True):
        return 4 if _lines_take_fewer_products(geometry) else 0
    if not _winograd_allowed(dtype, geometry):
        return 0
    return 4 if min(geometry.counts) > 5 else 2


def _lines_take_fewer_products(geometry: Geometry) -> bool:
    """Whether they take at most three quarters, in whole fours of outputs and of taps."""
    along = int(geometry.windows.sizes[1] > 1)
    taps, count = geometry.windows.sizes[along], geometry.counts[along]
    return 7 * -(-count // 4) * -(-taps // 4) <= 0.75 * count * taps


def rows_of_a_band(rows: int, row_bytes: int) -> int:
    """How many output rows a gradient of weights takes at a time, when one row's pixels are so many bytes.

    Where it can be, a number that divides all rows: what is left over would be compiled apart.
    """
    most = max(1, min(rows, BYTES_OF_A_BAND // max(row_bytes, 1)))
    return next((band for band in range(most, most // 2, -1) if rows % band == 0), most)


def depthwise_at_once(taps: int) -> bool:
    """Whether a convolution by channel is kept apart from what reads its results.

    Before layer norm's sums over the channels of a pixel, XLA computed the 49 taps of ConvNeXt's blocks three times on
    the way forward and three times for the gradient: a step took 1.19 times as long. Batch norm's sums, which stand
    behind fewer taps, do not let them through.
    """
    return taps > 25


def depthwise_by_bands(taps: int, channels: int) -> bool:
    """Whether a gradient of weights by channel goes through images in bands of a few rows, or image by image.

    In bands, 7 x 7 taps took 15 to 20 ms instead of 40 (96 channels, 56 pixels), 5 x 5 6 to 8 instead of 11 (240, 28
    pixels), 3 x 3 of 32 channels at 112 pixels 9 instead of 18. Of more channels 3 x 3 gain a fifth alone, and nothing
    in a net, where the many short operations let a core wait.
    """
    return taps > 9 or channels < 64


def rows_of_a_depthwise_band(rows: int, row_bytes: int, taps: int) -> tuple[int, int]:
    """How many output rows such a gradient takes at a time, and into how many it sums them for each tap.

    As `rows_of_a_band`; what is left over is filled up with zeros. The sums of many taps are read and written once for
    several rows: of 7 x 7 taps and 96 channels at 56 pixels, 14 rows summed into 2 take 5.8 ms instead of 7.9 for 2 at
    a time, 384 at 14 1.2 instead of 1.9, 768 at 7 0.6 instead of 1.5; 5 x 5 gain up to a fifth. Those of 3 x 3 stay in
    a cache, and several rows take 2.9 instead of 1.8 (32, 112 pixels). Over several devices a band cannot be cut out by
    itself, which several rows need.
    """
    least, terms = (4, 8) if taps > 9 and devices() == 1 else (1, 1)
    fitting = rows if rows * row_bytes <= 2 * BYTES_OF_A_DEPTHWISE_BAND else BYTES_OF_A_DEPTHWISE_BAND // row_bytes
    most = max(1, min(fitting, rows // least))
    kept = next((count for count in range(most, (most - 1) // 2, -1) if rows % count == 0), most)
    parts = -(-rows // kept)
    return -(-parts // -(-parts // terms)) * kept, kept


def taps_for_maxima(shape: tuple[int, ...], windows: Windows) -> bool:
    """Whether maxima, and the way back to them, go over the taps of the windows."""
    return not _empty(shape) and math.prod(windows.sizes) <= MOST_TAPS_OF_A_POOL


def taps_for_sums(shape: tuple[int, ...], windows: Windows) -> bool:
    """Whether sums, and the way back, go over the taps of the windows, axis by axis."""
    return not _empty(shape) and sum(windows.sizes) <= MOST_TAPS_OF_A_POOL


def _one_pixel(geometry: Geometry) -> bool:
    return max(geometry.windows.sizes) == 1


def _one_window(geometry: Geometry) -> bool:
    """Whether a single window sees all of each image, as that of a dense layer."""
    return (
        max(geometry.counts) == 1
        and max(geometry.windows.rates) == 1
        and all(
            length + low + high == size and low < size and high < size
            for length, (low, high), size in zip(
                geometry.lengths, geometry.windows.padding, geometry.windows.sizes, strict=True
            )
        )
    )


def _winograd(images: int, channels: tuple[int, ...], dtype: Any, geometry: Geometry) -> bool:
    """Whether Winograd's form is allowed, can be used and pays.

    Milliseconds with tiles of 4 pixels, and `lax`'s by Eigen, of 8 images; the two numbers are those of AVX-512 and of
    AVX2. Outputs: 256 channels at 56 pixels 78, 108 and 131, 244; 64 at 56 10, 10 and 13, 15; 96 at 35 5, 8 and 7, 14.
    Gradients of weights, against exchanged: 101, 126 and 156, 293; 24, 19 and 23, 27; 7, 10 and 10, 20. With tiles of 2
    pixels, 512 channels at 14: 26, 35 and 32, 49; 27, 37 and 32, 57. At 224 pixels of 64 channels it is slower. With
    few tiles, making the weights' sums takes the time.
    """
    # A name of `jax.export` for how many images there are does not tell how many.
    if not isinstance(images, int) or not _winograd_allowed(dtype, geometry):
        return False
    counts = geometry.counts
    tile = winograd_tile(images, counts)
    return (
        min(channels) >= LEAST_CHANNELS_OF_WINOGRAD[tile]
        and _tiles(images, counts, tile) >= LEAST_ROWS_OF_WINOGRAD[tile]
        and min(counts) >= 12
        and max(counts) <= MOST_PIXELS_OF_WINOGRAD
    )


def _winograd_allowed(dtype: Any, geometry: Geometry, lines: bool = False) -> bool:
    """Whether Winograd's form is allowed, and is one for such windows: 3 x 3 taps, or one row or column of them."""
    windows = geometry.windows
    return (
        geometry.inexact
        and geometry.groups == 1
        and dtype == jnp.float32
        and (min(windows.sizes) == 1 < max(windows.sizes) if lines else windows.sizes == (3, 3))
        and max(windows.strides) == max(windows.rates) == 1
        and all(side <= max(windows.sizes) - 1 for pair in windows.padding for side in pair)
    )


def _tiles(images: int, counts: tuple[int, ...], size: int) -> int:
    return images * math.prod(-(-count // size) for count in counts)


def _by_channel(geometry: Geometry, channels_of_group: int) -> bool:
    """Whether each channel goes through filters of its own, of few enough taps to compile all at once."""
    return geometry.groups > 1 and channels_of_group == 1 and math.prod(geometry.windows.sizes) <= MOST_TAPS_BY_CHANNEL


def _native_by_channel(filters: int, dtype: Any, geometry: Geometry) -> bool:
    """Whether a convolution by channel, and both its gradients, are of native kernels: one filter for each channel.

    XLA computes the taps anew for everything that reads their sums: steps of MobileNets and EfficientNet-B0 took 1.19
    to 1.23 times as long, and compiling them 1.6 to 2 times.
    """
    return (
        geometry.tuned
        and filters == geometry.groups
        and dtype == jnp.float32
        and len(geometry.lengths) == 2
        and native()
    )


def _native_tiles(images: int, channels: tuple[int, ...], dtype: Any, geometry: Geometry) -> bool:
    """Whether a convolution, and the gradient of its inputs, are of native kernels in Winograd's form.

    Their sums of weights are made for each batch, which takes as long as some dozens of tiles.
    """
    windows = geometry.windows
    return (
        isinstance(images, int)  # and not a name of `jax.export` for how many
        and geometry.tuned
        and windows.sizes == (3, 3)
        and native_winograd_tile(channels[0], channels[1], dtype, geometry) == 4
        and _tiles(images, geometry.counts, 4) >= LEAST_ROWS_OF_WINOGRAD[4]
        and native()
    )


def _empty(*shapes: tuple[int, ...]) -> bool:
    return any(0 in shape for shape in shapes)
