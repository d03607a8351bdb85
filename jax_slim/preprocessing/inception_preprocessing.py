"""What Inception, the MobileNets and the NASNets were trained on: distorted crops in distorted colours, from -1 to 1.

Source: Szegedy et al., "Going deeper with convolutions" (2014); Howard, "Some improvements on deep convolutional neural
network based image classification" (2013); research/slim.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast

import numpy as np

from jax_slim.preprocessing import _arrays, _colors, _linear, _resampling
from jax_slim.preprocessing._taps import taps
from jax_slim.preprocessing.boxes import box_in_image, sample_distorted_bounding_box
from jax_slim.preprocessing.color import rgb_to_grayscale
from jax_slim.preprocessing.cropping import central_crop
from jax_slim.preprocessing.element_types import convert_image_dtype
from jax_slim.preprocessing.resizing import resize_bilinear

# The order of the distortions: the one of fast mode and its reverse, and the four of the full mode.
_FAST_ORDERS = (("brightness", "saturation"), ("saturation", "brightness"))
_ORDERS = (
    ("brightness", "saturation", "hue", "contrast"),
    ("saturation", "brightness", "contrast", "hue"),
    ("contrast", "hue", "brightness", "saturation"),
    ("hue", "saturation", "contrast", "brightness"),
)

CENTRAL_FRACTION = 0.875
"""How much of each side evaluation keeps."""

_METHODS = ("bilinear", "nearest", "bicubic", "area")


class Drawn(NamedTuple):
    """What was drawn for one training example.

    Attributes:
      top, left, height, width: the box that it is cut from, in pixels.
      method: how the box is resized.
      mirrored: whether left and right are exchanged.
      changes: what is done to its colours, in this order: by how much, by name.
    """

    top: int
    left: int
    height: int
    width: int
    method: str
    mirrored: bool
    changes: dict[str, float]


# What each change is drawn from, evenly. "brightness" is added; "hue" in turns; the others are factors.
RANGES = {
    "brightness": (-32 / 255, 32 / 255),
    "saturation": (0.5, 1.5),
    "hue": (-0.2, 0.2),
    "contrast": (0.5, 1.5),
}


def apply_with_random_selector(
    x: Any, func: Callable[[Any, int], Any], num_cases: int, *, rng: np.random.Generator
) -> Any:
    """Calls func(x, case) with a case drawn from 0 to num_cases - 1."""
    rng = _arrays.generator("apply_with_random_selector", rng)
    return func(x, int(rng.integers(_arrays.integer("apply_with_random_selector", "num_cases", num_cases, 1))))


def distort_color(
    image: Any, color_ordering: int = 0, fast_mode: bool = True, *, rng: np.random.Generator
) -> np.ndarray:
    """Changes brightness by up to 32 of 255 levels, saturation and contrast by half, hue by 0.2 turns, at random.

    Args:
      image: floats [H, W, 3], values from 0 to 1; a NumPy array.
      color_ordering: 0 to 3: in which order, since the distortions do not commute.
      fast_mode: only brightness and saturation, in this order for 0 and in the other one for 1 to 3.
      rng: what to draw from.

    Returns:
      float32 [H, W, 3], clipped to 0 to 1.

    Raises:
      ValueError: another shape, an ordering out of range, or no `rng`.
      TypeError: `image` is being traced by JAX or no array of floats, or `rng` is no `numpy.random.Generator`.
    """
    name = "distort_color"
    image = _arrays.on_host(name, image, (3,), channels=3)
    rng = _arrays.generator(name, rng)
    if not _arrays.is_floating(image.dtype):
        raise TypeError(f"{name}: image must be floats, got {image.dtype}. Use convert_image_dtype(image, np.float32).")
    ordering = _arrays.integer(name, "color_ordering", color_ordering, 0)
    if ordering > 3:
        raise ValueError(f"{name}: color_ordering must be within [0, 3], got {ordering}.")
    planes = np.array(image.transpose(2, 0, 1), np.float32, order="C")
    changes = _drawn_changes(ordering, fast_mode, rng)
    return _colors.interleaved(planes, *_distort(planes, changes, np.float32(1), np.float32(1)), np.float32(0))


def distorted_bounding_box_crop(
    image: Any,
    bbox: Any = None,
    min_object_covered: float = 0.1,
    aspect_ratio_range: Any = (0.75, 1.33),
    area_range: Any = (0.05, 1.0),
    max_attempts: int = 100,
    *,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Crops an image to a box drawn by `sample_distorted_bounding_box`.

    Args:
      image: [H, W, C]; a NumPy array.
      bbox: [1, N, 4] or [N, 4]: boxes around objects (y_min, x_min, y_max, x_max, as parts of the sides); none, or
        None, stands for one around the whole image.
      min_object_covered, aspect_ratio_range, area_range, max_attempts: as for `sample_distorted_bounding_box`.
      rng: what to draw from.

    Returns:
      The crop, a view of `image`, and its box, float32 [1, 1, 4].

    Raises:
      ValueError, TypeError: as `sample_distorted_bounding_box`; or `image` is of another shape.
    """
    image = _arrays.on_host("distorted_bounding_box_crop", image, (3,))
    rng = _arrays.generator("distorted_bounding_box_crop", rng)
    begin, size, box = _distorted_box(
        image.shape,
        bbox,
        rng,
        min_object_covered=min_object_covered,
        aspect_ratio_range=aspect_ratio_range,
        area_range=area_range,
        max_attempts=max_attempts,
    )
    (top, left), (height, width) = begin[:2].tolist(), size[:2].tolist()
    return image[top : top + height, left : left + width], box


def preprocess_for_train(
    image: Any,
    height: int,
    width: int,
    bbox: Any = None,
    fast_mode: bool = True,
    add_image_summaries: bool = True,
    random_crop: bool = True,
    use_grayscale: bool = False,
    *,
    rng: np.random.Generator | None = None,
) -> np.ndarray:
    """Crops to a random box, resizes, mirrors half of the images and distorts their colours.

    Args:
      image: [H, W, 3]; floats from 0 to 1, or integers up to their dtype's largest value; a NumPy array.
      height, width: of the result, in pixels. The proportions are not kept.
      bbox: [1, N, 4] or [N, 4]: boxes around objects, as for `distorted_bounding_box_crop`; None is the whole image.
      fast_mode: resizes linearly and changes brightness and saturation only; False also draws one of the four resizing
        methods, changes hue and contrast too, and draws the order of the changes.
      add_image_summaries: does nothing: data are prepared outside of the program that collects summaries.
      random_crop: False resizes the whole image.
      use_grayscale: one channel of grey instead of three.
      rng: what to draw from.

    Returns:
      float32 [height, width, 3], or 1 channel, from -1 to 1.

    Raises:
      ValueError: another shape, a bad box, or no `rng`.
      TypeError: `image` is being traced by JAX or no array of numbers, or `rng` is no `numpy.random.Generator`.
    """
    name = "preprocess_for_train"
    image = _arrays.on_host(name, image, (3,), channels=3)
    rng = _arrays.generator(name, rng)
    height, width = _arrays.size(name, (height, width), "output size")
    drawn = drawn_for_train(image.shape, bbox, fast_mode, random_crop, rng)
    image = image[drawn.top : drawn.top + drawn.height, drawn.left : drawn.left + drawn.width]
    scale = np.float32(1)
    if image.dtype == np.uint8:
        scale = np.float32(1 / 255)  # later, on fewer pixels
    else:
        image = convert_image_dtype(image, np.float32)
    rows, columns = taps(drawn.method, image.shape[0], height), taps(drawn.method, image.shape[1], width)
    columns = columns.reversed() if drawn.mirrored else columns
    # Changes are made to twice the values, which come to lie between 0 and 2.
    if fast_mode and not use_grayscale:
        brightness, saturation = (np.float32(drawn.changes[change]) for change in _FAST_ORDERS[0])
        doubled = scale * np.float32(2), brightness * np.float32(2)
        return _resampling.saturated(image, rows, columns, saturation, *doubled, np.float32(-1), np.float32(-1))
    planes = _resampling.fast(image, drawn.method, rows, columns)
    if use_grayscale:
        distorted = _colors.interleaved(planes, *_distort(planes, drawn.changes, scale, np.float32(1)), np.float32(0))
        return centred(rgb_to_grayscale(distorted))
    factor, offset = _distort(planes, drawn.changes, scale * np.float32(2), np.float32(2))
    return _colors.interleaved(planes, factor, offset - np.float32(1), np.float32(-1))


def drawn_for_train(
    shape: Sequence[int], bbox: Any, fast_mode: bool, random_crop: bool, rng: np.random.Generator
) -> Drawn:
    """Draws what `preprocess_for_train` does to an image of that shape; the arguments are its own."""
    top, left, height, width = 0, 0, shape[0], shape[1]
    if random_crop and bbox is None:
        top, left, bottom, right = box_in_image(height, width, rng)
        height, width = bottom - top, right - left
    elif random_crop:
        begin, size, _ = _distorted_box(shape, bbox, rng)
        (top, left), (height, width) = begin[:2].tolist(), size[:2].tolist()
    method = "bilinear" if fast_mode else _METHODS[int(rng.integers(len(_METHODS)))]
    mirrored = bool(rng.random() < 0.5)
    ordering = 0 if fast_mode else int(rng.integers(len(_ORDERS)))
    changes = _drawn_changes(ordering, fast_mode, rng)
    return Drawn(top, left, height, width, method, mirrored, changes)


def preprocess_for_eval(
    image: Any,
    height: int | None,
    width: int | None,
    central_fraction: float | None = CENTRAL_FRACTION,
    central_crop: bool = True,
    use_grayscale: bool = False,
) -> Any:
    """Crops the middle and resizes it linearly.

    Args:
      image: [H, W, C] or [N, H, W, C]; floats from 0 to 1, or integers up to their dtype's largest value; a NumPy or
        JAX array, traced or not.
      height, width: of the result, in pixels; None for both leaves the size. The proportions are not kept.
      central_fraction: how much of each side to keep; None or 0 keeps all.
      central_crop: False keeps all, too.
      use_grayscale: one channel of grey instead of three.

    Returns:
      float32 [height, width, C] or [N, height, width, C], from -1 to 1.

    Raises:
      ValueError: another shape, or a fraction or size out of range.
      TypeError: `image` is no array of numbers.
    """
    name = "preprocess_for_eval"
    image = _arrays.image(name, image)
    if (height is None) != (width is None):
        raise ValueError(f"{name}: height and width must both be numbers or both None, got {height!r} and {width!r}.")
    if central_crop and central_fraction:
        image = _cropped(image, central_fraction)
    bytes_here = isinstance(image, np.ndarray) and image.dtype == np.uint8 and _linear.serves(image, "bilinear")
    if height and width and bytes_here and not use_grayscale:
        rows, columns = taps("bilinear", image.shape[0], height), taps("bilinear", image.shape[1], width)
        return centred(_resampling.scaled(image, rows, columns, np.float32(1 / 255)))
    image = convert_image_dtype(image, np.float32)
    if use_grayscale:
        image = rgb_to_grayscale(image)
    if height and width:
        image = resize_bilinear(image, (height, width))
    return centred(image)


def preprocess_image(
    image: Any,
    height: int | None,
    width: int | None,
    is_training: bool = False,
    bbox: Any = None,
    fast_mode: bool = True,
    add_image_summaries: bool = True,
    crop_image: bool = True,
    use_grayscale: bool = False,
    *,
    rng: np.random.Generator | None = None,
) -> Any:
    """Makes a photograph into what Inception and its kin take: `preprocess_for_train` or `preprocess_for_eval`.

        preprocess_image(photo, 299, 299)                               # the middle; uint8 [H, W, 3] -> [299, 299, 3]
        preprocess_image(photo, 299, 299, is_training=True, rng=rng)    # a distorted crop

    Args:
      image: [H, W, 3], for evaluation also [N, H, W, 3]; floats from 0 to 1, or integers up to their dtype's largest
        value. For evaluation a JAX array will do.
      height, width: of the result, in pixels.
      is_training: whether to distort at random.
      bbox: [1, N, 4] or [N, 4]: boxes around objects (y_min, x_min, y_max, x_max, as parts of the sides), for training.
      fast_mode: training without changes of hue and contrast.
      add_image_summaries: does nothing: data are prepared outside of the program that collects summaries.
      crop_image: False resizes the whole image, in training and evaluation.
      use_grayscale: one channel of grey instead of three.
      rng: what to draw from; needed in training.

    Returns:
      float32 [height, width, 3], or 1 channel, from -1 to 1.

    Raises:
      ValueError: another shape, a bad box or size, or `is_training` without `rng`.
      TypeError: `image` is no array of numbers, or `rng` is no `numpy.random.Generator`.
    """
    if is_training:
        rng = _arrays.generator("preprocess_image", rng, " when is_training=True")
        height, width = cast(int, height), cast(int, width)  # None is refused there
        return preprocess_for_train(
            image, height, width, bbox, fast_mode, add_image_summaries, crop_image, use_grayscale, rng=rng
        )
    return preprocess_for_eval(image, height, width, central_crop=crop_image, use_grayscale=use_grayscale)


_cropped = central_crop  # `preprocess_for_eval` has an argument of that name


def _distorted_box(shape: Sequence[int], bbox: Any, rng: np.random.Generator, **options: Any) -> Any:
    return sample_distorted_bounding_box(shape, bbox, rng=rng, use_image_if_no_bounding_boxes=True, **options)


def _drawn_changes(ordering: int, fast_mode: bool, rng: np.random.Generator) -> dict[str, float]:
    order = _FAST_ORDERS[min(ordering, 1)] if fast_mode else _ORDERS[ordering]
    return {change: rng.uniform(*RANGES[change]) for change in order}


def _distort(
    planes: np.ndarray, changes: dict[str, float], factor: np.float32, white: np.float32
) -> tuple[np.float32, np.float32]:
    """The distortions of `distort_color`, not clipped, of planes * factor: the result is planes * factor + offset.

    What only multiplies or adds waits for the next pass over the image, which may be the caller's.

    Args:
      planes: float32 [3, H, W], changed in place.
      changes: by how much, by name, in order; for values from 0 to 1.
      factor: what the values are to be multiplied by, above 0.
      white: what stands for 1 in what it is multiplied to.

    Returns:
      (factor, offset) of the result.
    """
    offset = np.float32(0)
    for change, amount in changes.items():
        amount = np.float32(amount)
        if change == "brightness":
            offset += amount * white
        elif change == "hue":  # the same for values that are multiplied, and moved by the same number in each channel
            _colors.change(planes, _colors.hue_rotated, amount)
        elif change == "saturation":
            _colors.saturate(planes, amount, factor, offset)
            factor, offset = np.float32(1), np.float32(0)
        else:
            mean = planes.mean(axis=(1, 2), keepdims=True)
            planes *= amount * factor
            planes += (1 - amount) * factor * mean
            factor = np.float32(1)
    return factor, offset


def centred(image: Any) -> Any:
    """Values from 0 to 1 as ones from -1 to 1."""
    return (image - np.float32(0.5)) * np.float32(2)
