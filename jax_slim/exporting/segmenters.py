"""Segmentation nets as files: pixels in, masks out, with everything in between."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.exporting._images import checked_labels, image_input
from jax_slim.exporting.any_size import masks_of_photographs
from jax_slim.exporting.archives import PLATFORMS, export_model


def export_segmenter(
    path: str | os.PathLike[str],
    segment: Callable[[Mapping[str, Any], jax.Array], jax.Array],
    variables: Mapping[str, Any],
    image_size: int | tuple[int, int],
    channels: int = 3,
    preprocessing: str | None = None,
    labels: Sequence[str] | None = None,
    description: Mapping[str, Any] | None = None,
    platforms: Sequence[str] = PLATFORMS,
) -> Path:
    """Writes a trained segmentation net as one file that needs only jax to run.

        def segment(variables, images):
            return deeplab_inference.predict_labels(images, lambda images: model.apply(variables, images)[0]).labels

        export_segmenter("leaves.zip", segment, model.variables, 513, preprocessing="deeplab", labels=["soil", "leaf"])

    With `preprocessing` the file takes {"image": uint8 [batch, height, width, channels]} of any size, and its result is
    'mask', int32 [batch, height, width]: the class of each of these pixels. Without, it takes images prepared for the
    net, float32 [batch, image_size, image_size, channels], and the mask is as large.

    Args:
      path: the file to write.
      segment: (variables, prepared images) -> the class of each pixel, integers [batch, image_size, image_size].
      variables: name -> array: the model's.
      image_size: height and width, in pixels, that the net takes.
      channels: of the images.
      preprocessing: "deeplab", or None.
      labels: the name of each class, in order.
      description: what else the file should say; values that JSON can hold.
      platforms: which kinds of devices it must run on.

    Returns:
      The path.

    Raises:
      ValueError: there is no such preprocessing, or masks cannot be brought back from it.
      ExportError: the model cannot be exported, or the file cannot be written.
    """
    function = "export_segmenter"
    taken = image_input(function, image_size, channels, preprocessing, ("deeplab",))

    def program(variables: Mapping[str, Any], inputs: Mapping[str, jax.Array]) -> dict[str, jax.Array]:
        images = inputs["image"]
        masks = segment(variables, taken.prepare(images)).astype(jnp.int32)
        return {"mask": masks_of_photographs(masks, images) if preprocessing else masks}

    said = taken.said | {"task": "segmentation", "labels": checked_labels(function, labels, None)}
    return export_model(path, program, variables, {"image": taken.shape}, said | dict(description or {}), platforms)
