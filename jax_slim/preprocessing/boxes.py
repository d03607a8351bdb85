"""Boxes drawn at random that still show enough of an object: Inception's crops.

Source: Szegedy et al., "Going deeper with convolutions" (2014); the rounding is TensorFlow's.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from jax_slim.preprocessing import _arrays

_NAME = "sample_distorted_bounding_box"

WHOLE_IMAGE = ((0.0, 0.0, 1.0, 1.0),)

# What is drawn where nothing else is asked for: the least part of an object, shapes, parts of the area, how often.
_COVERED, _RATIOS, _AREAS, _ATTEMPTS = 0.1, (0.75, 1.33), (0.05, 1.0), 100

NUMBERS_OF_A_BOX = 4 * _ATTEMPTS
"""How many random numbers `box_of_numbers` takes."""


def sample_distorted_bounding_box(
    image_size: Any,
    bounding_boxes: Any = None,
    *,
    rng: np.random.Generator,
    min_object_covered: float = _COVERED,
    aspect_ratio_range: Any = _RATIOS,
    area_range: Any = _AREAS,
    max_attempts: int = _ATTEMPTS,
    use_image_if_no_bounding_boxes: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draws a box inside an image, of a random shape, size and place, that covers enough of one of the given boxes.

        begin, size, _ = sample_distorted_bounding_box(image.shape, [[[0.1, 0.2, 0.8, 0.9]]], rng=rng)
        crop = image[begin[0] :, begin[1] :][: size[0], : size[1]]

    Args:
      image_size: (height, width, channels) in pixels.
      bounding_boxes: [1, N, 4] or [N, 4]: y_min, x_min, y_max, x_max, as parts of the sides, from 0 to 1.
      rng: what to draw from.
      min_object_covered: the box must hold at least this part of the area of one of `bounding_boxes`; 0 asks nothing.
      aspect_ratio_range: least and largest width / height of the box.
      area_range: least and largest part of the image's area.
      max_attempts: boxes drawn at most; when none will do, the whole image is the box.
      use_image_if_no_bounding_boxes: no boxes stand for one around the whole image; otherwise they are an error.

    Returns:
      begin: int32 [3]: the first row and column of the box, and 0.
      size: int32 [3]: its height and width, and -1, which stands for all channels.
      box: float32 [1, 1, 4]: y_min, x_min, y_max, x_max as parts of the sides.

    Raises:
      ValueError: an argument out of range, no boxes, boxes that are empty or leave the image, or no `rng`.
      TypeError: `rng` is no `numpy.random.Generator`, or a number is no integer.
    """
    rng = _arrays.generator(_NAME, rng)
    height, width = _image_size(image_size)
    boxes = _boxes(bounding_boxes, use_image_if_no_bounding_boxes)
    ratios = _range("aspect_ratio_range", aspect_ratio_range, math.inf)
    areas = _range("area_range", area_range, 1.0)
    attempts = _arrays.integer(_NAME, "max_attempts", max_attempts, 1)
    if not min_object_covered >= 0:
        raise ValueError(f"{_NAME}: min_object_covered must be at least 0, got {min_object_covered!r}.")

    # Objects in whole pixels, cut off; one of less than a pixel can be covered by nothing.
    scale = np.array([height, width, height, width], np.float32)
    objects = [tuple(box) for box in (boxes * scale).astype(np.int64).tolist()]
    objects = [box for box in objects if _area(box) >= 1]
    box = _drawn_box(height, width, objects, min_object_covered, ratios, areas, attempts, rng)
    top, left, bottom, right = box
    return (
        np.array([top, left, 0], np.int32),
        np.array([bottom - top, right - left, -1], np.int32),
        (np.array(box, np.float32) / scale)[None, None],
    )


def box_in_image(height: int, width: int, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """(top, left, bottom, right) of such a box around the whole image, with the default ranges."""
    whole = (0, 0, height, width)
    return _drawn_box(height, width, [whole], _COVERED, _RATIOS, _AREAS, _ATTEMPTS, rng)


def _drawn_box(
    height: int,
    width: int,
    objects: Sequence[tuple[int, ...]],
    covered: float,
    ratios: tuple[float, float],
    areas: tuple[float, float],
    attempts: int,
    rng: np.random.Generator,
) -> tuple[int, int, int, int]:
    """The first box drawn that covers enough of an object; the whole image where none does."""
    for _ in range(attempts):
        drawn = _draw(height, width, areas, rng.uniform(*ratios), rng)
        if drawn is not None and any(_covered(other, drawn) >= covered for other in objects):
            return drawn
    return 0, 0, height, width


def box_of_numbers(shape: Sequence[int], numbers: Any) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Such a box around the whole image, with the default ranges, made on a device: ((top, height), (left, width)).

    All attempts are made at once, and the first that will do is taken. Shapes and places are as likely as those of
    `sample_distorted_bounding_box`; the arithmetic is float32's.

    Args:
      shape: of the image, (height, width, channels).
      numbers: a JAX array [NUMBERS_OF_A_BOX] of numbers drawn evenly from 0 to below 1.
    """
    import jax.numpy as jnp

    height, width = shape[:2]
    least, most = (np.float32(part * height * width) for part in _AREAS)
    for_ratio, for_height, for_top, for_left = numbers.reshape(4, _ATTEMPTS)
    ratio = _RATIOS[0] + for_ratio * np.float32(_RATIOS[1] - _RATIOS[0])
    # Whole numbers, as floats.
    low, high = jnp.rint(jnp.sqrt(least / ratio)), jnp.rint(jnp.sqrt(most / ratio))
    tallest = jnp.floor(np.float32(width + 0.5 - 1e-7) / ratio)
    tallest = jnp.where(jnp.rint(tallest * ratio) > width, tallest - 1, tallest)
    high = jnp.minimum(jnp.where(jnp.rint(high * ratio) > width, tallest, high), height)
    low = jnp.minimum(low, high)
    tall = low + jnp.minimum(jnp.floor(for_height * (high - low + 1)), high - low)
    tall = jnp.where(tall * jnp.rint(tall * ratio) < least, tall + 1, tall)
    tall = jnp.where(tall * jnp.rint(tall * ratio) > most, tall - 1, tall)
    wide = jnp.rint(tall * ratio)
    inside = (wide > 0) & (wide <= width) & (tall > 0) & (tall <= height)
    good = inside & (least <= tall * wide) & (tall * wide <= most) & (tall * wide >= _COVERED * height * width)
    top, left = below(for_top, jnp.maximum(height - tall, 1)), below(for_left, jnp.maximum(width - wide, 1))
    number = jnp.argmax(good)
    found = good[number]
    drawn = [side[number].astype(np.int32) for side in (top, tall, left, wide)]
    top, tall, left, wide = (
        jnp.where(found, side, whole) for side, whole in zip(drawn, (0, height, 0, width), strict=True)
    )
    return (top, tall), (left, wide)


def below(number: Any, count: Any) -> Any:
    """A number drawn from 0 to below 1 as an int from 0 to count - 1; `count` may be traced."""
    import jax.numpy as jnp

    count = jnp.asarray(count, np.float32)
    return jnp.minimum(jnp.floor(number * count), count - 1).astype(np.int32)


def _draw(height: int, width: int, areas: tuple[float, float], ratio: float, rng: np.random.Generator):
    """A box of that width / height, or None when the area cannot be had with it."""
    least, most = (part * height * width for part in areas)
    low = round(math.sqrt(least / ratio))
    high = round(math.sqrt(most / ratio))
    if round(high * ratio) > width:
        # The tallest box that rounds to no more than the image's width.
        high = int((width + 0.5 - 1e-7) / ratio)
        if round(high * ratio) > width:
            high -= 1
    high = min(high, height)
    low = min(low, high)
    tall = low if low == high else low + int(rng.integers(high - low + 1))
    wide = round(tall * ratio)
    # Rounding may have left the area a little too small or too large.
    if tall * wide < least:
        tall += 1
        wide = round(tall * ratio)
    if tall * wide > most:
        tall -= 1
        wide = round(tall * ratio)
    if not least <= tall * wide <= most or not 0 < wide <= width or not 0 < tall <= height:
        return None
    # TensorFlow's offsets leave out the last one, at which the box would touch the far side.
    top = int(rng.integers(height - tall)) if tall < height else 0
    left = int(rng.integers(width - wide)) if wide < width else 0
    return top, left, top + tall, left + wide


def _area(box: tuple[int, ...]) -> int:
    return max(0, box[2] - box[0]) * max(0, box[3] - box[1])


def _covered(box: tuple[int, ...], by: tuple[int, ...]) -> float:
    common = (max(box[0], by[0]), max(box[1], by[1]), min(box[2], by[2]), min(box[3], by[3]))
    return _area(common) / _area(box)


def _image_size(value: Any) -> tuple[int, int]:
    sides = tuple(value)
    if len(sides) != 3:
        raise ValueError(f"{_NAME}: image_size must be (height, width, channels), got {value!r}.")
    return _arrays.size(_NAME, sides[:2], "image_size")


def _range(argument: str, value: Any, top: float) -> tuple[float, float]:
    try:
        low, high = (float(end) for end in value)
    except (TypeError, ValueError):
        raise ValueError(f"{_NAME}: {argument} must be two numbers, got {value!r}.") from None
    if not 0 < low <= high <= top:
        limit = "" if top == math.inf else f" <= {top:g}"
        raise ValueError(f"{_NAME}: {argument} must be 0 < least <= largest{limit}, got {value!r}.")
    return low, high


def _boxes(value: Any, whole_image: bool) -> np.ndarray:
    boxes = np.zeros((0, 4), np.float32) if value is None else np.asarray(value, np.float32)
    if boxes.ndim == 3 and boxes.shape[0] == 1:
        boxes = boxes[0]
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"{_NAME}: bounding_boxes must have shape [1, N, 4] or [N, 4], got {boxes.shape}.")
    if not len(boxes):
        if not whole_image:
            raise ValueError(
                f"{_NAME}: bounding_boxes must hold at least one box, got none. "
                "Pass use_image_if_no_bounding_boxes=True to take the whole image as the object."
            )
        return np.array(WHOLE_IMAGE, np.float32)
    if not np.all((boxes >= 0) & (boxes <= 1)) or not np.all(boxes[:, :2] < boxes[:, 2:]):
        raise ValueError(
            f"{_NAME}: bounding_boxes must be y_min < y_max and x_min < x_max within [0, 1], got {boxes.tolist()}. "
            "Divide pixels by the sides of the image."
        )
    return boxes
