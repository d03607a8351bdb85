"""What training changes about pictures at random, boxes along: on the host, before the preprocessing.

def prepare(example, rng):
    example = slim.detection.augment(example, rng=rng)
    return {"image": model.preprocess(example["image"]), **slim.detection.padded_objects(example, 50)}

batches = slim.data.pipeline(train, prepare, batch_size=24)

An example is {"image": uint8 [H, W, 3], "boxes": [n, 4], "classes": [n]} and may have further rows for each box. What
is drawn depends on `rng` alone, so a run goes on bit for bit.

Source: Liu et al., "SSD: Single Shot MultiBox Detector", 2016; numbers as the Object Detection API's preprocessor.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from jax_slim.preprocessing.boxes import sample_distorted_bounding_box
from jax_slim.preprocessing.inception_preprocessing import distort_color

Example = dict[str, Any]

_LEAST_COVERED = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
_GREY = (123, 117, 104)


def augment(example: Example, *, rng: np.random.Generator) -> Example:
    """All of it, as SSD is trained: colours, `random_expand`, `ssd_random_crop`, `random_horizontal_flip`.

    Args:
      example: the picture and its objects.
      rng: what to draw from.

    Returns:
      A new example; objects of which too little is left are gone.

    Raises:
      ValueError, TypeError: the example is none, or `rng` is no generator.
    """
    example = random_colors(example, rng=rng)
    example = random_expand(example, rng=rng)
    example = ssd_random_crop(example, rng=rng)
    return random_horizontal_flip(example, rng=rng)


def random_horizontal_flip(example: Example, *, rng: np.random.Generator, probability: float = 0.5) -> Example:
    """Mirrors a picture and its boxes, by chance."""
    image, boxes = _checked("random_horizontal_flip", example, rng)
    if rng.random() >= probability:
        return example
    mirrored = np.stack([boxes[:, 0], 1 - boxes[:, 3], boxes[:, 2], 1 - boxes[:, 1]], -1)
    return {**example, "image": image[:, ::-1], "boxes": mirrored}


def ssd_random_crop(
    example: Example,
    *,
    rng: np.random.Generator,
    min_object_covered: Sequence[float] = _LEAST_COVERED,
    aspect_ratio_range: tuple[float, float] = (0.5, 2.0),
    area_range: tuple[float, float] = (0.1, 1.0),
    random_coef: float = 0.15,
) -> Example:
    """Cuts a part out of a picture that holds enough of an object.

    Args:
      example: the picture and its objects.
      rng: what to draw from.
      min_object_covered: one of these is drawn: how much of at least one object the part must hold, and of each object
        that is kept.
      aspect_ratio_range: least and largest width / height of the part.
      area_range: least and largest share of the picture's area.
      random_coef: the chance that the picture stays whole.

    Returns:
      The part; its boxes are cut off at its edges.

    Raises:
      ValueError, TypeError: the example is none, a range is out of order, or `rng` is no generator.
    """
    image, boxes = _checked("ssd_random_crop", example, rng)
    least = min_object_covered[int(rng.integers(len(min_object_covered)))]
    if rng.random() < random_coef:
        return example
    begin, size, window = sample_distorted_bounding_box(
        image.shape,
        _with_area(boxes),
        rng=rng,
        min_object_covered=least,
        aspect_ratio_range=aspect_ratio_range,
        area_range=area_range,
        use_image_if_no_bounding_boxes=True,
    )
    part = image[begin[0] : begin[0] + size[0], begin[1] : begin[1] + size[1]]
    return {**_seen_through(example, boxes, window[0, 0], least), "image": part}


def random_expand(
    example: Example,
    *,
    rng: np.random.Generator,
    max_ratio: float = 4.0,
    color: Sequence[float] = _GREY,
    probability: float = 0.5,
) -> Example:
    """Puts a picture somewhere on a larger grey one, by chance: for small objects.

    Args:
      example: the picture and its objects.
      rng: what to draw from.
      max_ratio: how many times as high and wide the larger one is at most.
      color: of the rest; a value for each channel.
      probability: the chance that anything is done.

    Raises:
      ValueError, TypeError: the example is none, `max_ratio` is below 1, or `rng` is no generator.
    """
    image, boxes = _checked("random_expand", example, rng)
    if not max_ratio >= 1:
        raise ValueError(f"random_expand: max_ratio must be at least 1, got {max_ratio}.")
    if rng.random() >= probability:
        return example
    ratio = rng.uniform(1, max_ratio)
    height, width = image.shape[:2]
    tall, wide = int(height * ratio), int(width * ratio)
    top, left = int(rng.integers(tall - height + 1)), int(rng.integers(wide - width + 1))
    channels = image.shape[-1]
    fill = np.resize(np.asarray(color, np.float32), channels).astype(image.dtype)
    larger = np.empty((tall, wide, channels), image.dtype)
    larger[...] = fill
    larger[top : top + height, left : left + width] = image
    moved = (boxes * [height, width, height, width] + [top, left, top, left]) / [tall, wide, tall, wide]
    return {**example, "image": larger, "boxes": moved.astype(np.float32)}


def random_colors(example: Example, *, rng: np.random.Generator, probability: float = 0.5) -> Example:
    """Changes brightness, saturation, hue and contrast in a random order, by chance; boxes stay.

    As `slim.preprocessing.inception_preprocessing.distort_color`; pictures without colours are left alone.
    """
    image, _ = _checked("random_colors", example, rng)
    if image.shape[-1] != 3 or rng.random() >= probability:
        return example
    ordering = int(rng.integers(4))
    changed = distort_color(image.astype(np.float32) / 255, ordering, fast_mode=False, rng=rng) * 255
    return {**example, "image": np.rint(changed).astype(np.uint8) if image.dtype == np.uint8 else changed}


def padded_objects(example: Example, max_boxes: int) -> Example:
    """The rows of an example's objects, filled up to one number for all, so that examples make a batch.

        padded_objects({"boxes": boxes, "classes": [3, 5]}, 50)      # boxes [50, 4], classes [50], num_boxes 2

    Args:
      example: "boxes" [n, 4] and rows for each of them; "image" is left out.
      max_boxes: how many; of more the largest are kept.

    Returns:
      Each row [max_boxes, ...], zeros at its end, and "num_boxes", int32.

    Raises:
      ValueError: `max_boxes` is below 1.
    """
    if max_boxes < 1:
        raise ValueError(f"padded_objects: max_boxes must be at least 1, got {max_boxes}.")
    boxes = np.asarray(example["boxes"], np.float32).reshape(-1, 4)
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    kept = np.sort(np.argsort(-areas, kind="stable")[:max_boxes])
    made: Example = {"num_boxes": np.int32(len(kept))}
    for name, row in example.items():
        if name != "image":
            row = boxes if name == "boxes" else np.asarray(row)
            made[name] = np.zeros((max_boxes, *row.shape[1:]), row.dtype)
            made[name][: len(kept)] = row[kept]
    return made


def _seen_through(example: Example, boxes: np.ndarray, window: np.ndarray, least: float) -> Example:
    """The objects of which at least that part, and anything, lies in a window; their boxes relative to it."""
    low, high = np.tile(window[:2], 2), np.tile(window[2:], 2)
    inside = np.clip(boxes, low, high)
    areas, left = ((b[:, 2:] - b[:, :2]).clip(0).prod(1) for b in (boxes, inside))
    kept = (left > 0) & (left >= least * areas - 1e-7)
    rows = {name: np.asarray(row)[kept] for name, row in example.items() if name not in ("image", "boxes")}
    return {**rows, "boxes": ((inside - low) / (high - low))[kept].astype(np.float32)}


def _with_area(boxes: np.ndarray) -> np.ndarray:
    boxes = boxes.clip(0, 1)
    return boxes[(boxes[:, 2:] > boxes[:, :2]).all(1)]


def _checked(function: str, example: Example, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"{function}: rng must be a numpy.random.Generator, got {rng!r}. Pass rng=np.random.default_rng(seed)."
        )
    image, boxes = np.asarray(example["image"]), np.asarray(example["boxes"], np.float32).reshape(-1, 4)
    if image.ndim != 3:
        raise ValueError(f"{function}: example must have an image [H, W, C], got shape {image.shape}.")
    return image, boxes
