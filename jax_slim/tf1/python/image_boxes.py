"""`tf.image`: boxes, patches and glimpses."""

from typing import Any

from jax_slim.tf1.graph import building, conversion, graphs
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import arguments

_LOWEST = float("-inf")


def draw_bounding_boxes(images: Any, boxes: Any, name: str | None = None, colors: Any = None) -> Tensor:
    """Images with boxes, y1, x1, y2, x2 in parts of the sides, drawn on them: yellow, blue, red, ... or in `colors`."""
    if colors is None:
        return building.make("DrawBoundingBoxes", images, boxes, name=name)
    return building.make("DrawBoundingBoxesV2", images, boxes, colors, name=name)


def sample_distorted_bounding_box(image_size: Any, bounding_boxes: Any, seed: int | None = None, seed2: int | None = None, min_object_covered: Any = 0.1,
                                  aspect_ratio_range: Any = None, area_range: Any = None, max_attempts: int | None = None,
                                  use_image_if_no_bounding_boxes: bool | None = None, name: str | None = None) -> Any:  # fmt: skip
    """A box drawn at random that covers enough of one of `bounding_boxes`: (begin, size) for tf.slice, and the box [1, 1, 4]."""
    with graphs.name_scope(name, "sample_distorted_bounding_box"):
        return building.make(
            "SampleDistortedBoundingBoxV2", image_size, bounding_boxes, min_object_covered, seed=seed, seed2=seed2, aspect_ratio_range=aspect_ratio_range,
            area_range=area_range, max_attempts=max_attempts, use_image_if_no_bounding_boxes=use_image_if_no_bounding_boxes, name=name,
        )  # fmt: skip


def non_max_suppression(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = _LOWEST,
    name: str | None = None,
) -> Tensor:
    """The numbers of the best boxes: those that overlap a better one by more than `iou_threshold` are left out."""
    with graphs.name_scope(name, "non_max_suppression"):
        iou_threshold = conversion.convert_to_tensor(iou_threshold, name="iou_threshold")
        score_threshold = conversion.convert_to_tensor(score_threshold, name="score_threshold")
        return building.make("NonMaxSuppressionV3", boxes, scores, max_output_size, iou_threshold, score_threshold)


def non_max_suppression_with_scores(boxes: Any, scores: Any, max_output_size: Any, iou_threshold: Any = 0.5, score_threshold: Any = _LOWEST,
                                    soft_nms_sigma: Any = 0.0, name: str | None = None) -> tuple[Tensor, Tensor]:  # fmt: skip
    """`non_max_suppression` with (numbers, scores); with `soft_nms_sigma` overlapping lowers scores and does not end them."""
    with graphs.name_scope(name, "non_max_suppression_with_scores"):
        iou_threshold = conversion.convert_to_tensor(iou_threshold, name="iou_threshold")
        score_threshold = conversion.convert_to_tensor(score_threshold, name="score_threshold")
        soft_nms_sigma = conversion.convert_to_tensor(soft_nms_sigma, name="soft_nms_sigma")
        found = building.make(
            "NonMaxSuppressionV5",
            boxes,
            scores,
            max_output_size,
            iou_threshold,
            score_threshold,
            soft_nms_sigma,
            pad_to_max_output_size=False,
        )
        return found[:2]


def non_max_suppression_padded(boxes: Any, scores: Any, max_output_size: Any, iou_threshold: Any = 0.5, score_threshold: Any = _LOWEST,
                               pad_to_max_output_size: bool = False, name: str | None = None) -> tuple[Tensor, Tensor]:  # fmt: skip
    """`non_max_suppression` with (numbers, how many are right), the first filled up with zeros if wished."""
    with graphs.name_scope(name, "non_max_suppression_padded"):
        iou_threshold = conversion.convert_to_tensor(iou_threshold, name="iou_threshold")
        score_threshold = conversion.convert_to_tensor(score_threshold, name="score_threshold")
        return building.make(
            "NonMaxSuppressionV4",
            boxes,
            scores,
            max_output_size,
            iou_threshold,
            score_threshold,
            pad_to_max_output_size=pad_to_max_output_size,
        )


def non_max_suppression_overlaps(overlaps: Any, scores: Any, max_output_size: Any, overlap_threshold: Any = 0.5, score_threshold: Any = _LOWEST,
                                 name: str | None = None) -> Tensor:  # fmt: skip
    """`non_max_suppression` by a matrix of how much boxes overlap."""
    with graphs.name_scope(name, "non_max_suppression_overlaps"):
        overlap_threshold = conversion.convert_to_tensor(overlap_threshold, name="overlap_threshold")
        return building.make(
            "NonMaxSuppressionWithOverlaps", overlaps, scores, max_output_size, overlap_threshold, score_threshold
        )


def combined_non_max_suppression(boxes: Any, scores: Any, max_output_size_per_class: Any, max_total_size: Any, iou_threshold: Any = 0.5,
                                 score_threshold: Any = _LOWEST, pad_per_class: bool = False, clip_boxes: bool = True, name: str | None = None) -> Any:  # fmt: skip
    """`non_max_suppression` for each class of each image: (boxes, scores, classes, how many are right)."""
    with graphs.name_scope(name, "combined_non_max_suppression"):
        iou_threshold = conversion.convert_to_tensor(iou_threshold, name="iou_threshold")
        score_threshold = conversion.convert_to_tensor(score_threshold, name="score_threshold")
        return building.make(
            "CombinedNonMaxSuppression", boxes, scores, max_output_size_per_class, max_total_size, iou_threshold, score_threshold,
            pad_per_class=pad_per_class, clip_boxes=clip_boxes,
        )  # fmt: skip


def extract_image_patches(images: Any, ksizes: Any = None, strides: Any = None, rates: Any = None, padding: Any = None, name: str | None = None,
                          sizes: Any = None) -> Tensor:  # fmt: skip
    """Windows of images, the pixels of each one after another along the channels."""
    ksizes = arguments.either("sizes", sizes, "ksizes", ksizes)
    return building.make(
        "ExtractImagePatches", images, ksizes=ksizes, strides=strides, rates=rates, padding=padding, name=name
    )


def extract_patches(images: Any, sizes: Any, strides: Any, rates: Any, padding: Any, name: str | None = None) -> Tensor:
    """`extract_image_patches`."""
    return building.make(
        "ExtractImagePatches", images, ksizes=sizes, strides=strides, rates=rates, padding=padding, name=name
    )


def extract_volume_patches(input: Any, ksizes: Any, strides: Any, padding: Any, name: str | None = None) -> Tensor:
    """`extract_image_patches` of volumes."""
    return building.make("ExtractVolumePatches", input, ksizes=ksizes, strides=strides, padding=padding, name=name)


def extract_glimpse(
    input: Any,
    size: Any,
    offsets: Any,
    centered: bool = True,
    normalized: bool = True,
    uniform_noise: bool = True,
    name: str | None = None,
) -> Tensor:
    """A window of each image around its offset (y, x); noise outside of the image.

    Args:
      centered: offsets count from the middle.
      normalized: offsets are from -1 to 1 (0 to 1 unless centered); otherwise in pixels.
    """
    return building.make(
        "ExtractGlimpse",
        input,
        size,
        offsets,
        centered=centered,
        normalized=normalized,
        uniform_noise=uniform_noise,
        name=name,
    )
