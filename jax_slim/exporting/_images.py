"""What exported functions of images have in common: which images they take, and the names of their classes."""

from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jax_slim.exporting.any_framing import framed
from jax_slim.exporting.any_size import PREPROCESSING
from jax_slim.exporting.archives import ExportError
from jax_slim.preprocessing.framing import Framing


class ImageInput(NamedTuple):
    """The images that a file takes.

    Attributes:
      prepare: images as the file takes them -> as the net does.
      shape: of the file's input, and its dtype, as `export_model` wants them.
      example: one such image of the net's size, as a shape.
      said: what the file says of them.
    """

    prepare: Callable[[jax.Array], jax.Array]
    shape: tuple[str, Any]
    example: jax.ShapeDtypeStruct
    said: dict[str, Any]


def image_input(
    function: str,
    image_size: int | tuple[int, int],
    channels: int,
    preprocessing: str | None,
    known: Collection[str] = tuple(PREPROCESSING),
    framing: Framing | None = None,
) -> ImageInput:
    """Pixels of any size with a preprocessing, cropped and resized by `framing`; without, images prepared for the net.

    Raises:
      ValueError: the preprocessing is not among the `known` ones.
    """
    height, width = (image_size, image_size) if isinstance(image_size, int) else image_size
    if preprocessing is not None and preprocessing not in known:
        raise ValueError(f"{function}: preprocessing must be one of {sorted(known)} or None, got {preprocessing!r}.")
    said: dict[str, Any] = {"image_size": [height, width], "preprocessing": preprocessing}
    if preprocessing is None:
        shape, dtype, prepare = f"batch, {height}, {width}, {channels}", jnp.float32, lambda images: images
    else:
        shape, dtype = f"batch, height, width, {channels}", jnp.uint8

        if framing is not None:
            said["framing"] = framing._asdict()

        def prepare(images: jax.Array) -> jax.Array:
            if framing is not None:
                return framed(images, height, width, framing, preprocessing)
            return PREPROCESSING[preprocessing](images, height, width)

    example = jax.ShapeDtypeStruct((1, height, width, channels), dtype)
    return ImageInput(prepare, (shape, dtype), example, said)


def checked_labels(function: str, labels: Sequence[str] | None, classes: int | None) -> list[str] | None:
    """The labels as a list.

    Raises:
      ExportError: they are not as many as the classes, where that is known.
    """
    if labels is not None and classes is not None and len(labels) != classes:
        raise ExportError(f"{function}: labels must name each of the {classes} classes, got {len(labels)} names.")
    return None if labels is None else list(labels)
