"""Classifiers as files: pixels in, probabilities out, with everything in between."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.exporting._images import checked_labels, image_input
from jax_slim.exporting.archives import PLATFORMS, ExportError, export_model
from jax_slim.preprocessing.framing import Framing


def export_classifier(
    path: str | os.PathLike[str],
    classify: Callable[[Mapping[str, Any], jax.Array], jax.Array],
    variables: Mapping[str, Any],
    image_size: int | tuple[int, int],
    channels: int = 3,
    preprocessing: str | None = None,
    labels: Sequence[str] | None = None,
    description: Mapping[str, Any] | None = None,
    platforms: Sequence[str] = PLATFORMS,
    framing: Framing | None = None,
) -> Path:
    """Writes a trained image classifier as one file that needs only jax to run.

        model = slim.nets.create_model("mobilenet_v1_025", num_classes=5, checkpoint="/tmp/flowers")
        export_classifier("flowers.zip", lambda v, images: model.apply(v, images)[0], model.variables, 128,
                          preprocessing="inception", labels=["daisy", "dandelion", "roses", "sunflowers", "tulips"])

    With `preprocessing` the file takes {"image": uint8 [batch, height, width, channels]} of any size; without, it takes
    images prepared for the net: float32 [batch, image_size, image_size, channels]. Its results are 'logits' and
    'probabilities', both [batch, classes].

    Args:
      path: the file to write.
      classify: (variables, prepared images) -> logits.
      variables: name -> array: the model's.
      image_size: height and width, in pixels, that the net takes.
      channels: of the images.
      preprocessing: "cifarnet", "deeplab", "imagenet", "inception", "lenet", "ssd", "ssd_vgg" or "vgg", or None.
      labels: the name of each class, in order.
      description: what else the file should say; values that JSON can hold.
      platforms: which kinds of devices it must run on.
      framing: how photographs are cropped and resized, where not as `preprocessing` does it: of a `NetModel`.

    Returns:
      The path.

    Raises:
      ValueError: there is no such preprocessing.
      ExportError: the model cannot be exported, or the file cannot be written.
    """
    function = "export_classifier"
    taken = image_input(function, image_size, channels, preprocessing, framing=framing)

    def program(variables: Mapping[str, Any], inputs: Mapping[str, jax.Array]) -> dict[str, jax.Array]:
        logits = classify(variables, taken.prepare(inputs["image"]))
        return {"logits": logits, "probabilities": jax.nn.softmax(logits.astype(jnp.float32))}

    outputs = jax.eval_shape(program, dict(variables), {"image": taken.example})
    classes = outputs["logits"].shape[-1]
    if outputs["logits"].ndim != 2:
        raise ExportError(
            f"export_classifier: classify must return logits [batch, classes], got shape {outputs['logits'].shape}."
        )
    said = (
        taken.said | {"labels": checked_labels(function, labels, classes), "classes": classes} | dict(description or {})
    )
    return export_model(path, program, variables, {"image": taken.shape}, said, platforms)
