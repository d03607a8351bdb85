"""Detectors as files: pixels in, boxes out, with everything in between."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax

from jax_slim.detection.suppression import Detections
from jax_slim.exporting._images import checked_labels, image_input
from jax_slim.exporting.archives import PLATFORMS, export_model

# Those that see the whole image: else boxes would be parts of another's sides.
_WHOLE = ("ssd", "ssd_vgg")


def export_detector(
    path: str | os.PathLike[str],
    find: Callable[[Mapping[str, Any], jax.Array], Detections],
    variables: Mapping[str, Any],
    image_size: int | tuple[int, int],
    channels: int = 3,
    preprocessing: str | None = None,
    labels: Sequence[str] | None = None,
    description: Mapping[str, Any] | None = None,
    platforms: Sequence[str] = PLATFORMS,
) -> Path:
    """Writes a trained detector as one file that needs only jax to run.

        def find(variables, images):
            logits, end_points = model.apply(variables, images)
            return slim.detection.detect(logits, end_points["BoxEncodings"], end_points["Anchors"])

        export_detector("seen.zip", find, model.variables, 300, preprocessing="ssd", labels=["cat", "dog"])

    With `preprocessing` the file takes {"image": uint8 [batch, height, width, channels]} of any size; without, it takes
    images prepared for the net: float32 [batch, image_size, image_size, channels]. Its results are those of
    `Detections`: 'boxes' [batch, most, 4], y_min, x_min, y_max, x_max as parts of the image's sides; 'scores' and
    'classes' [batch, most]; 'num_detections' [batch], how many of them are real.

    Args:
      path: the file to write.
      find: (variables, prepared images) -> `slim.detection.Detections`.
      variables: name -> array: the model's.
      image_size: height and width, in pixels, that the net takes.
      channels: of the images.
      preprocessing: "ssd" or "ssd_vgg", or None.
      labels: the name of each class, in order.
      description: what else the file should say; values that JSON can hold.
      platforms: which kinds of devices it must run on.

    Returns:
      The path.

    Raises:
      ValueError: there is no such preprocessing, or it does not see the whole image.
      ExportError: the model cannot be exported, or the file cannot be written.
    """
    function = "export_detector"
    taken = image_input(function, image_size, channels, preprocessing, _WHOLE)

    def program(variables: Mapping[str, Any], inputs: Mapping[str, jax.Array]) -> dict[str, jax.Array]:
        return find(variables, taken.prepare(inputs["image"]))._asdict()

    said = (
        taken.said | {"task": "detection", "labels": checked_labels(function, labels, None)} | dict(description or {})
    )
    return export_model(path, program, variables, {"image": taken.shape}, said, platforms)
