"""Boxes on images: drawn, sampled at random, and glimpses."""

from typing import Any

import numpy as np

from jax_slim.preprocessing import boxes as sampling
from jax_slim.tf1.graph import errors, known_values, rows
from jax_slim.tf1.operations import host_random, shape_checks

# Red, green, blue, alpha; the first box has the first colour.
_COLOURS = np.array(
    [
        [1, 1, 0, 1], [0, 0, 1, 1], [1, 0, 0, 1], [0, 1, 0, 1], [0.5, 0, 0.5, 1],
        [0.5, 0.5, 0, 1], [0.5, 0, 0, 1], [0, 0, 0.5, 1], [0, 1, 1, 1], [1, 0, 1, 1],
    ],
    np.float32,
)  # fmt: skip


def _of_images(op: Any) -> Any:
    shape_checks.with_rank_at_least(op, 0, 3)
    return [op._inputs[0].shape]


@rows.row("DrawBoundingBoxes", host=True, shape=_of_images, gradient=rows.NONE)
def draw_bounding_boxes(images, boxes):
    return _drawn(images, boxes, _COLOURS)


@rows.row("DrawBoundingBoxesV2", host=True, shape=_of_images, gradient=rows.NONE)
def draw_bounding_boxes_v2(images, boxes, colors):
    return _drawn(images, boxes, np.asarray(colors, np.float32) if colors.size else _COLOURS)


def _drawn(images: np.ndarray, boxes: np.ndarray, colours: np.ndarray) -> np.ndarray:
    if images.ndim != 4 or boxes.ndim != 3 or boxes.shape[2] != 4 or boxes.shape[0] != images.shape[0]:
        raise errors.InvalidArgumentError(
            None,
            None,
            f"images and boxes must be [N, H, W, C] and [N, boxes, 4], got {list(images.shape)} and {list(boxes.shape)}.",
        )
    made = np.array(images)
    _, height, width, depth = images.shape
    if depth not in (1, 3, 4):
        raise errors.InvalidArgumentError(None, None, "Channel depth should be either 1 (GRY), 3 (RGB), or 4 (RGBA)")
    colours = colours.copy()
    if depth == 1:
        colours[:, 0] = 1
    for image, own in zip(made, np.asarray(boxes, np.float32), strict=True):
        for number, (y1, x1, y2, x2) in enumerate(own):
            colour = colours[number % len(colours), :depth].astype(images.dtype)
            top, bottom = int(y1 * np.float32(height - 1)), int(y2 * np.float32(height - 1))
            left, right = int(x1 * np.float32(width - 1)), int(x2 * np.float32(width - 1))
            if top > bottom or left > right or top >= height or bottom < 0 or left >= width or right < 0:
                continue
            rows_, columns = (
                slice(max(top, 0), min(bottom, height - 1) + 1),
                slice(max(left, 0), min(right, width - 1) + 1),
            )
            if top >= 0:
                image[top, columns] = colour
            if bottom < height:
                image[bottom, columns] = colour
            if left >= 0:
                image[rows_, left] = colour
            if right < width:
                image[rows_, right] = colour
    return made


def _box_shapes(op: Any) -> Any:
    shape_checks.with_rank(op, 0, 1)
    if op.type.endswith("V2"):
        shape_checks.with_rank(op, 2, 0)
    return [[3], [3], [1, 1, 4]]


def _sampled(
    run: Any, op: Any, image_size: Any, boxes: Any, covered: Any, ratios: Any, areas: Any, attempts: int, whole: bool
) -> Any:
    if boxes.ndim != 3 or boxes.shape[-1] != 4:
        raise errors.InvalidArgumentError(
            None, None, f"bounding boxes must have shape [batch, N, 4], got {list(boxes.shape)}"
        )
    begin, size, box = sampling.sample_distorted_bounding_box(
        image_size.tolist(), boxes.reshape(-1, 4), rng=host_random.generator(run, op), min_object_covered=float(covered), aspect_ratio_range=ratios,
        area_range=areas, max_attempts=attempts, use_image_if_no_bounding_boxes=whole,
    )  # fmt: skip
    return begin.astype(image_size.dtype), size.astype(image_size.dtype), box


@rows.row("SampleDistortedBoundingBox", host=True, context=True, shape=_box_shapes, gradient=rows.NONE)
def sample_distorted_bounding_box(run, op, image_size, bounding_boxes, *, min_object_covered, aspect_ratio_range, area_range,
                                  max_attempts, use_image_if_no_bounding_boxes):  # fmt: skip
    return _sampled(
        run,
        op,
        image_size,
        bounding_boxes,
        min_object_covered,
        aspect_ratio_range,
        area_range,
        max_attempts,
        use_image_if_no_bounding_boxes,
    )


@rows.row("SampleDistortedBoundingBoxV2", host=True, context=True, shape=_box_shapes, gradient=rows.NONE)
def sample_distorted_bounding_box_v2(run, op, image_size, bounding_boxes, min_object_covered, *, aspect_ratio_range, area_range,
                                     max_attempts, use_image_if_no_bounding_boxes):  # fmt: skip
    return _sampled(
        run,
        op,
        image_size,
        bounding_boxes,
        min_object_covered,
        aspect_ratio_range,
        area_range,
        max_attempts,
        use_image_if_no_bounding_boxes,
    )


def _glimpse_shape(op: Any) -> Any:
    images, offsets = shape_checks.with_rank(op, 0, 4), shape_checks.with_rank(op, 2, 2)
    shape_checks.merged(op, offsets[1], 2)
    size = known_values.constant_value_as_shape(op._inputs[1]).sizes or (None, None)
    return [[shape_checks.merged(op, images[0], offsets[0]), *size, images[3]]]


@rows.row("ExtractGlimpse", host=True, context=True, shape=_glimpse_shape, gradient=rows.NONE)
def extract_glimpse(run, op, images, size, offsets, *, centered, normalized, uniform_noise):
    batch, height, width, depth = images.shape
    tall, wide = (int(s) for s in size)
    made = np.empty((batch, tall, wide, depth), np.float32)
    noise = op.attrs.get("noise", b"uniform")
    rng = None
    for number, (image, (y, x)) in enumerate(zip(images, np.asarray(offsets, np.float32), strict=True)):
        if normalized:
            y, x = y * np.float32(height), x * np.float32(width)
            if centered:
                y, x = y / np.float32(2) + np.float32(height / 2), x / np.float32(2) + np.float32(width / 2)
        elif centered:
            y, x = y + np.float32(height / 2), x + np.float32(width / 2)
        if centered:
            y, x = y - np.float32(tall / 2), x - np.float32(wide / 2)
        top, left = int(y), int(x)
        inside = (
            slice(max(top, 0), max(min(top + tall, height), 0)),
            slice(max(left, 0), max(min(left + wide, width), 0)),
        )
        whole = tall == inside[0].stop - inside[0].start and wide == inside[1].stop - inside[1].start
        if not whole:
            if noise == b"zero" or (not uniform_noise and noise != b"gaussian"):
                made[number] = 0
            elif uniform_noise and noise != b"gaussian":
                rng = rng or host_random.generator(run, op)
                made[number] = rng.uniform(image.min(), image.max(), made[number].shape)
            else:
                rng = rng or host_random.generator(run, op)
                made[number] = rng.normal(image.mean(), image.std(), made[number].shape)
        made[number, inside[0].start - top : inside[0].stop - top, inside[1].start - left : inside[1].stop - left] = (
            image[inside]
        )
    return made
