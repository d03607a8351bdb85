"""`tf.image`: colours, and images in other element types."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import building, conversion, dtypes, graphs, known_values
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, control_flow, joining, linalg, math, random, reductions
from jax_slim.tf1.python import checks as check_ops

_YIQ = [[0.299, 0.59590059, 0.2115], [0.587, -0.27455667, -0.52273617], [0.114, -0.32134392, 0.31119955]]
_FROM_YIQ = [[1, 1, 1], [0.95598634, -0.27201283, -1.10674021], [0.6208248, -0.64720424, 1.70423049]]
_YUV = [[0.299, -0.14714119, 0.61497538], [0.587, -0.28886916, -0.51496512], [0.114, 0.43601035, -0.10001026]]
_FROM_YUV = [[1, 1, 1], [0, -0.394642334, 2.03206185], [1.13988303, -0.58062185, 0]]


def convert_image_dtype(image: Any, dtype: Any, saturate: bool = False, name: str | None = None) -> Tensor:
    """Images in another type: floats count from 0 to 1, integers from 0 to their largest value.

    Floats are multiplied by the largest value plus a half and cut off; with `saturate` clipped before.
    """
    image = conversion.convert_to_tensor(image, name="image")
    dtype = dtypes.as_dtype(dtype)
    if not dtype.is_floating and not dtype.is_integer:
        raise AttributeError("dtype must be either floating point or integer")
    if dtype == image.dtype:
        return array.identity(image, name=name)
    with graphs.name_scope(name, "convert_image", [image]) as name:
        if image.dtype.is_integer and dtype.is_integer:
            largest, wanted = image.dtype.max, dtype.max
            if largest > wanted:
                scale = (largest + 1) // (wanted + 1)
                scaled = math.div(image, scale)
                return math.saturate_cast(scaled, dtype, name=name) if saturate else math.cast(scaled, dtype, name=name)
            cast = math.saturate_cast(image, dtype) if saturate else math.cast(image, dtype)
            return math.multiply(cast, (wanted + 1) // (largest + 1), name=name)
        if image.dtype.is_floating and dtype.is_floating:
            return math.cast(image, dtype, name=name)
        if image.dtype.is_integer:
            return math.multiply(math.cast(image, dtype), 1.0 / image.dtype.max, name=name)
        scaled = math.multiply(image, dtype.max + 0.5)
        return math.saturate_cast(scaled, dtype, name=name) if saturate else math.cast(scaled, dtype, name=name)


def rgb_to_grayscale(images: Any, name: str | None = None) -> Tensor:
    """0.2989 red + 0.5870 green + 0.1140 blue: one channel, in the type of `images`."""
    with graphs.name_scope(name, "rgb_to_grayscale", [images]) as name:
        images = conversion.convert_to_tensor(images, name="images")
        kind = images.dtype
        floats = convert_image_dtype(images, dtypes.float32)
        gray = linalg.tensordot(floats, [0.2989, 0.5870, 0.1140], [-1, -1])
        gray = array.expand_dims(gray, -1)
        return convert_image_dtype(gray, kind, name=name)


def grayscale_to_rgb(images: Any, name: str | None = None) -> Tensor:
    """The one channel three times."""
    with graphs.name_scope(name, "grayscale_to_rgb", [images]) as name:
        images = conversion.convert_to_tensor(images, name="images")
        before = array.expand_dims(array.rank(images) - 1, 0)
        tiles = joining.concat([_ones(before), [3]], 0)
        rgb = array.tile(images, tiles, name=name)
        rgb.set_shape(images.get_shape()[:-1].concatenate([3]))
        return rgb


def _ones(shape: Any) -> Tensor:
    from jax_slim.tf1.python import constant_op

    return constant_op.ones(shape, dtype=dtypes.int32)


def rgb_to_hsv(images: Any, name: str | None = None) -> Tensor:
    """Hue, saturation and value, all from 0 to 1, of float images in RGB."""
    return building.make("RGBToHSV", images, name=name)


def hsv_to_rgb(images: Any, name: str | None = None) -> Tensor:
    """The way back from `rgb_to_hsv`."""
    return building.make("HSVToRGB", images, name=name)


def _by_matrix(images: Any, matrix: Any) -> Tensor:
    images = conversion.convert_to_tensor(images, name="images")
    kernel = conversion.convert_to_tensor(np.array(matrix), dtype=images.dtype, name="kernel")
    dims = images.get_shape().ndims
    return linalg.tensordot(images, kernel, axes=[[dims - 1], [0]])  # an unknown rank is a TypeError here, as in TF


def rgb_to_yiq(images: Any) -> Tensor:
    """Images in YIQ of float images in RGB."""
    return _by_matrix(images, _YIQ)


def yiq_to_rgb(images: Any) -> Tensor:
    """The way back from `rgb_to_yiq`."""
    return _by_matrix(images, _FROM_YIQ)


def rgb_to_yuv(images: Any) -> Tensor:
    """Images in YUV of float images in RGB."""
    return _by_matrix(images, _YUV)


def yuv_to_rgb(images: Any) -> Tensor:
    """The way back from `rgb_to_yuv`."""
    return _by_matrix(images, _FROM_YUV)


def _as_floats(image: Tensor) -> tuple[Tensor, Any]:
    """(what is computed with, the type to go back to)."""
    kind = image.dtype
    if kind in (dtypes.float16, dtypes.float32):
        return image, kind
    return convert_image_dtype(image, dtypes.float32), kind


def adjust_brightness(image: Any, delta: Any) -> Tensor:
    """Adds `delta`, where 1 is the range of integers; those stay in it."""
    with graphs.name_scope(None, "adjust_brightness", [image, delta]) as name:
        image = conversion.convert_to_tensor(image, name="image")
        floats, kind = _as_floats(image)
        adjusted = math.add(floats, math.cast(delta, floats.dtype), name=name)
        return convert_image_dtype(adjusted, kind, saturate=True)


def adjust_contrast(images: Any, contrast_factor: Any) -> Tensor:
    """Scales the distance to the mean of each channel of each image."""
    with graphs.name_scope(None, "adjust_contrast", [images, contrast_factor]) as name:
        images = conversion.convert_to_tensor(images, name="images")
        floats, kind = _as_floats(images)
        adjusted = building.make("AdjustContrastv2", floats, contrast_factor, name=name)
        return convert_image_dtype(adjusted, kind, saturate=True)


def adjust_gamma(image: Any, gamma: Any = 1, gain: Any = 1) -> Tensor:
    """gain * image ** gamma; integers as floats from 0 to 1."""
    with graphs.name_scope(None, "adjust_gamma", [image, gamma, gain]):
        image = conversion.convert_to_tensor(image, name="image")
        floats, kind = _as_floats(image)
        needed = _positive(gamma >= 0, "Gamma should be a non-negative real number.")
        if needed:
            gamma = control_flow.with_dependencies(needed, gamma)
        adjusted = gain * floats**gamma
        return convert_image_dtype(adjusted, kind, saturate=True)


def _positive(condition: Any, message: str) -> list[Any]:
    if not isinstance(condition, Tensor):
        if not condition:
            raise ValueError(message)
        return []
    known = known_values.constant_value(condition)
    if known is not None and not known:
        raise ValueError(message)
    return [] if known is not None else [check_ops.Assert(condition, [message])]


def adjust_hue(image: Any, delta: Any, name: str | None = None) -> Tensor:
    """Turns the hue by `delta`, from -1 to 1: a part of the circle."""
    with graphs.name_scope(name, "adjust_hue", [image]) as name:
        image = conversion.convert_to_tensor(image, name="image")
        floats, kind = _as_floats(image)
        return convert_image_dtype(building.make("AdjustHue", floats, delta), kind)


def adjust_saturation(image: Any, saturation_factor: Any, name: str | None = None) -> Tensor:
    """Multiplies the saturation, up to full saturation."""
    with graphs.name_scope(name, "adjust_saturation", [image]) as name:
        image = conversion.convert_to_tensor(image, name="image")
        floats, kind = _as_floats(image)
        return convert_image_dtype(building.make("AdjustSaturation", floats, saturation_factor), kind)


def random_brightness(image: Any, max_delta: float, seed: int | None = None) -> Tensor:
    """`adjust_brightness` by a number from -max_delta to max_delta."""
    if max_delta < 0:
        raise ValueError("max_delta must be non-negative.")
    return adjust_brightness(image, random.random_uniform([], -max_delta, max_delta, seed=seed))


def _check_range(lower: float, upper: float) -> None:
    if upper <= lower:
        raise ValueError("upper must be > lower.")
    if lower < 0:
        raise ValueError("lower must be non-negative.")


def random_contrast(image: Any, lower: float, upper: float, seed: int | None = None) -> Tensor:
    """`adjust_contrast` by a factor from lower to upper."""
    _check_range(lower, upper)
    return adjust_contrast(image, random.random_uniform([], lower, upper, seed=seed))


def random_saturation(image: Any, lower: float, upper: float, seed: int | None = None) -> Tensor:
    """`adjust_saturation` by a factor from lower to upper."""
    _check_range(lower, upper)
    return adjust_saturation(image, random.random_uniform([], lower, upper, seed=seed))


def random_hue(image: Any, max_delta: float, seed: int | None = None) -> Tensor:
    """`adjust_hue` by a number from -max_delta to max_delta, which is 0.5 at most."""
    if max_delta > 0.5:
        raise ValueError("max_delta must be <= 0.5.")
    if max_delta < 0:
        raise ValueError("max_delta must be non-negative.")
    return adjust_hue(image, random.random_uniform([], -max_delta, max_delta, seed=seed))


def per_image_standardization(image: Any) -> Tensor:
    """(image - mean) / max(standard deviation, 1 / sqrt(pixels)) of each image, in the type of `image`."""
    from jax_slim.tf1.python import image_geometry

    with graphs.name_scope(None, "per_image_standardization", [image]) as scope:
        image = conversion.convert_to_tensor(image, name="image")
        image = image_geometry.at_least_3d(image)
        floats, kind = _as_floats(image)
        pixels = reductions.reduce_prod(array.shape(floats)[-3:])
        mean = reductions.reduce_mean(floats, axis=[-1, -2, -3], keepdims=True)
        deviation = reductions.reduce_std(floats, axis=[-1, -2, -3], keepdims=True)
        least = math.rsqrt(math.cast(pixels, floats.dtype))
        deviation = math.maximum(deviation, least)
        floats -= mean
        return convert_image_dtype(math.div(floats, deviation, name=scope), kind, saturate=True)
