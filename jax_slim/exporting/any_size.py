"""Evaluation preprocessing for images of any size, within one traced program.

`jax_slim.preprocessing` prepares an image whose size is known. An exported program is traced once for every size, so
here crop and resize are one gather at computed coordinates. The numbers are the same, up to rounding in float32.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

VGG_MEANS = (123.68, 116.78, 103.94)
VGG_SMALLER_SIDE = 256
# What is left to do where VGG's means were subtracted, for ImageNet's mean and deviation.
IMAGENET_SHIFT = tuple(255 * mean - done for mean, done in zip((0.485, 0.456, 0.406), VGG_MEANS, strict=True))
IMAGENET_SCALE = tuple(255 * deviation for deviation in (0.229, 0.224, 0.225))
CAFFE_MEANS = (123, 117, 104)
INCEPTION_FRACTION = 0.875


def vgg(images: jax.Array, height: int, width: int) -> jax.Array:
    """The smaller side to 256 pixels (more where the crop needs more), a central crop, ImageNet's means subtracted."""
    rows, columns = _size(images)
    smaller = max(VGG_SMALLER_SIDE, height, width)
    scale = smaller / jnp.minimum(rows, columns)
    samples = []
    for length, wanted in ((rows, height), (columns, width)):
        resized = jnp.rint(length * scale)
        offset = jnp.floor((resized - wanted) / 2)
        samples.append(_Samples((jnp.arange(wanted, dtype=jnp.float32) + offset) * (length / resized), length))
    return _bilinear(images.astype(jnp.float32), *samples) - jnp.asarray(VGG_MEANS, jnp.float32)


def imagenet(images: jax.Array, height: int, width: int) -> jax.Array:
    """As `vgg`, less ImageNet's mean and divided by its deviation."""
    return (vgg(images, height, width) - jnp.asarray(IMAGENET_SHIFT, jnp.float32)) / jnp.asarray(
        IMAGENET_SCALE, jnp.float32
    )


def inception(images: jax.Array, height: int, width: int) -> jax.Array:
    """The central 87.5 % of both sides, resized, from -1 to 1."""
    samples = []
    for length, wanted in zip(_size(images), (height, width), strict=True):
        start = jnp.floor((length - length * INCEPTION_FRACTION) / 2)
        kept = length - 2 * start
        samples.append(_Samples(jnp.arange(wanted, dtype=jnp.float32) * (kept / wanted), kept, start))
    return (_bilinear(images.astype(jnp.float32) / 255, *samples) - 0.5) * 2


def cifarnet(images: jax.Array, height: int, width: int) -> jax.Array:
    """A central crop, or zeros around, then each image to mean 0 and deviation 1."""
    images = _cropped_or_padded(images.astype(jnp.float32), height, width)
    axes = (1, 2, 3)
    mean = images.mean(axes, keepdims=True)
    variance = jnp.maximum(jnp.square(images).mean(axes, keepdims=True) - jnp.square(mean), 0)
    least = (images.shape[1] * images.shape[2] * images.shape[3]) ** -0.5
    return (images - mean) / jnp.maximum(jnp.sqrt(variance), least)


def lenet(images: jax.Array, height: int, width: int) -> jax.Array:
    """A central crop, or zeros around, from -1 to 1."""
    return (_cropped_or_padded(images.astype(jnp.float32), height, width) - 128) / 128


def ssd(images: jax.Array, height: int, width: int) -> jax.Array:
    """The whole image, resized, from -1 to 1."""
    return _whole(images, height, width) * (2 / 255) - 1


def ssd_vgg(images: jax.Array, height: int, width: int) -> jax.Array:
    """The whole image, resized, less Caffe's means of red, green and blue."""
    means = CAFFE_MEANS if images.shape[-1] == 3 else (sum(CAFFE_MEANS) / 3,)
    return _whole(images, height, width) - jnp.asarray(means, jnp.float32)


def deeplab(images: jax.Array, height: int, width: int) -> jax.Array:
    """Made smaller until it fits, in its proportions, and padded at the bottom and on the right; from -1 to 1."""
    kept = _fitting(images.shape[1:3], (height, width))
    samples = [
        _Samples(jnp.arange(wanted, dtype=jnp.float32) * ((length - 1) / jnp.maximum(inside - 1, 1)), length)
        for length, inside, wanted in zip(_size(images), kept, (height, width), strict=True)
    ]
    prepared = _bilinear(images.astype(jnp.float32), *samples) * (2 / 255) - 1
    rows, columns = (jnp.arange(wanted) < inside for inside, wanted in zip(kept, (height, width), strict=True))
    return jnp.where(rows[:, None, None] & columns[:, None], prepared, 0)


def masks_of_photographs(masks: jax.Array, images: jax.Array) -> jax.Array:
    """Masks [N, height, width] of images that `deeplab` prepared, as large as these were before."""
    kept = _fitting(images.shape[1:3], masks.shape[1:3])
    for axis, (length, inside) in enumerate(zip(images.shape[1:3], kept, strict=True), start=1):
        share = (inside - 1).astype(jnp.float32) / jnp.maximum(jnp.asarray(length, jnp.float32) - 1, 1)
        at = jnp.floor(jnp.arange(length, dtype=jnp.float32) * share + 0.5)
        masks = jnp.take(masks, jnp.clip(at, 0, inside - 1).astype(jnp.int32), axis, mode="clip")
    return masks


PREPROCESSING: dict[str, Callable[[jax.Array, int, int], jax.Array]] = {
    "cifarnet": cifarnet,
    "deeplab": deeplab,
    "inception": inception,
    "lenet": lenet,
    "imagenet": imagenet,
    "ssd": ssd,
    "ssd_vgg": ssd_vgg,
    "vgg": vgg,
}


def _size(images: jax.Array) -> tuple[jax.Array, jax.Array]:
    # As values: they are unknown while the program is traced.
    rows, columns = images.shape[1:3]
    return jnp.asarray(rows, jnp.float32), jnp.asarray(columns, jnp.float32)


def _fitting(size: tuple[int, ...], into: tuple[int, ...]) -> list[jax.Array]:
    """As `preprocessing.masks.fitting`: halves of a pixel go to the even number, here in whole numbers."""
    rows, columns = (jnp.asarray(side, jnp.int32) for side in size)
    # The sides are multiplied by the smaller of both shares: most / side.
    by_rows = into[0] * columns <= into[1] * rows
    most, longest = jnp.where(by_rows, into[0], into[1]), jnp.where(by_rows, rows, columns)
    found = []
    for side in (rows, columns):
        whole, rest = jnp.divmod(side * most, longest)
        up = (2 * rest > longest) | ((2 * rest == longest) & (whole % 2 == 1))
        found.append(jnp.where(most >= longest, side, jnp.maximum(whole + up, 1)))
    return found


def _whole(images: jax.Array, height: int, width: int) -> jax.Array:
    samples = [
        _Samples(jnp.arange(wanted, dtype=jnp.float32) * (length / wanted), length)
        for length, wanted in zip(_size(images), (height, width), strict=True)
    ]
    return _bilinear(images.astype(jnp.float32), *samples)


class _Samples(NamedTuple):
    """Where to read along one side: positions within a crop, the crop's length and its first pixel."""

    positions: jax.Array
    length: jax.Array
    start: jax.Array | float = 0.0


def _bilinear(images: jax.Array, rows: _Samples, columns: _Samples) -> jax.Array:
    """Reads [N, h, w, C] at rows and columns between pixels: [N, number of rows, number of columns, C]."""
    for axis, samples in ((1, rows), (2, columns)):
        first = jnp.floor(samples.positions)
        last = samples.length - 1
        share = (samples.positions - first).reshape([-1 if a == axis else 1 for a in range(4)])
        one, other = (
            jnp.take(images, (jnp.clip(at, 0, last) + samples.start).astype(jnp.int32), axis, mode="clip")
            for at in (first, first + 1)
        )
        images = one + (other - one) * share
    return images


def _cropped_or_padded(images: jax.Array, height: int, width: int) -> jax.Array:
    for axis, (length, wanted) in enumerate(zip(_size(images), (height, width), strict=True), start=1):
        # Half of the difference, rounded down, is cut off before, or added: TF's rule for odd differences.
        surplus = length - wanted
        offset = jnp.where(surplus > 0, jnp.floor(surplus / 2), -jnp.floor(-surplus / 2))
        at = jnp.arange(wanted, dtype=jnp.float32) + offset
        inside = ((at >= 0) & (at < length)).reshape([-1 if a == axis else 1 for a in range(4)])
        images = jnp.where(inside, jnp.take(images, at.astype(jnp.int32), axis, mode="clip"), 0)
    return images
