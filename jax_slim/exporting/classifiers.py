"""Classifiers as files: pixels in, probabilities out, with everything in between."""

import functools
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.exporting.any_framing import framed
from jax_slim.exporting.any_size import PREPROCESSING
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
      preprocessing: "cifarnet", "imagenet", "inception", "lenet" or "vgg", or None.
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
    height, width = (image_size, image_size) if isinstance(image_size, int) else image_size
    if preprocessing is not None and preprocessing not in PREPROCESSING:
        raise ValueError(
            f"export_classifier: preprocessing must be one of {sorted(PREPROCESSING)} or None, got {preprocessing!r}."
        )
    prepare = PREPROCESSING.get(preprocessing or "")
    if preprocessing and prepare and framing is not None:
        prepare = functools.partial(framed, framing=framing, preprocessing=preprocessing)

    def program(variables: Mapping[str, Any], inputs: Mapping[str, jax.Array]) -> dict[str, jax.Array]:
        images = inputs["image"]
        logits = classify(variables, prepare(images, height, width) if prepare else images)
        return {"logits": logits, "probabilities": jax.nn.softmax(logits.astype(jnp.float32))}

    image = (
        (f"batch, height, width, {channels}", jnp.uint8)
        if prepare
        else (f"batch, {height}, {width}, {channels}", jnp.float32)
    )
    outputs = jax.eval_shape(
        program, dict(variables), {"image": jax.ShapeDtypeStruct((1, height, width, channels), image[1])}
    )
    classes = outputs["logits"].shape[-1]
    if outputs["logits"].ndim != 2:
        raise ExportError(
            f"export_classifier: classify must return logits [batch, classes], got shape {outputs['logits'].shape}."
        )
    if labels is not None and len(labels) != classes:
        raise ExportError(
            f"export_classifier: labels must name each of the {classes} classes, got {len(labels)} names."
        )
    said = {
        "image_size": [height, width],
        "preprocessing": preprocessing,
        **({"framing": framing._asdict()} if prepare and framing else {}),
        "labels": list(labels) if labels is not None else None,
        "classes": classes,
        **(description or {}),
    }
    return export_model(path, program, variables, {"image": image}, said, platforms)
