"""Summaries that are looked at or read: images and texts."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.core.collections import NamesOfCollections
from jax_slim.core.program import operation
from jax_slim.summary.recording import Kept, record

_DARK = 1e-6  # images whose greatest value is below are shown black: TF's threshold


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Image(Kept):
    """What `image` collects: the first images of the batch, in the values that they were given in."""

    values: jax.Array
    max_outputs: int = dataclasses.field(metadata={"static": True})

    def reduced(self) -> "Pixels":
        values = self.values
        return Pixels(values if values.dtype == jnp.uint8 else to_pixels(values), self.max_outputs)

    def joined(self) -> "Image":
        return Image(self.values[0], self.max_outputs)


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Pixels:
    """Images as they are written: uint8 [N, H, W, C]."""

    pixels: jax.Array
    max_outputs: int = dataclasses.field(metadata={"static": True})


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Text:
    """What `text` collects: a string, or tuples of them. It never becomes an array."""

    text: Any = dataclasses.field(metadata={"static": True})


@operation
def image(
    name: str,
    tensor: Any,
    max_outputs: int = 3,
    collections: NamesOfCollections = None,
    family: str | None = None,
) -> str:
    """Records the first images of a batch.

        slim.summary.image("digits", images)        # [N, 28, 28, 1]: digits/image/0, /1 and /2

    Args:
      name: its tag in TensorBoard, inside the current name scope; made unique.
      tensor: [N, H, W, C] with 1, 3 or 4 channels: gray, red green blue, and those with opacity. uint8 is shown as it
        is. Floats are scaled, each image by itself: to a maximum of 255 when none is negative, else so that 0 becomes
        128 and the greatest distance from 0 becomes 127. Pixels that are not finite are shown in red (white in gray).
      max_outputs: how many of the N images to show, at most.
      collections: the collections to add to; None means SUMMARIES.
      family: a prefix for the tag, to group several.

    Returns:
      The tag.

    Raises:
      ValueError: `tensor` has another shape, or `max_outputs` is not 1 or more.
      TypeError: `tensor` is neither uint8 nor floats.
    """
    images = jnp.asarray(tensor)
    if images.ndim != 4 or images.shape[-1] not in (1, 3, 4):
        raise ValueError(
            f"summary.image: tensor must be [N, H, W, C] with 1, 3 or 4 channels, got shape {images.shape} for "
            f"{name!r}."
        )
    if images.dtype != jnp.uint8 and not jnp.issubdtype(images.dtype, jnp.floating):
        raise TypeError(f"summary.image: tensor must be uint8 or floats, got {images.dtype} for {name!r}.")
    if max_outputs < 1:
        raise ValueError(f"summary.image: max_outputs must be 1 or more, got {max_outputs}.")
    return record(name, Image(images[:max_outputs], max_outputs), collections, family)


@operation
def text(name: str, tensor: Any, collections: NamesOfCollections = None) -> str:
    """Records a text, which TensorBoard shows as Markdown: a setting, the names of the classes.

        slim.summary.text("settings", "learning rate **0.1**")

    Args:
      name: its tag in TensorBoard, inside the current name scope; made unique.
      tensor: a string; a list of strings is shown as a column, a list of lists as a table. It is part of the program,
        so the same at every step.
      collections: the collections to add to; None means SUMMARIES.

    Returns:
      The tag.

    Raises:
      TypeError: `tensor` is anything else.
    """
    strings = np.asarray(tensor, dtype=object)
    if strings.ndim > 2 or not all(isinstance(one, str) for one in strings.flat):
        raise TypeError(
            f"summary.text: tensor must be a string, or (lists of) lists of strings, got {tensor!r:.80} for {name!r}."
        )
    return record(name, Text(_hashable(strings.tolist())), collections)


def to_pixels(images: jax.Array) -> jax.Array:
    """Float images [N, H, W, C] as uint8, each scaled by itself, as TF 1's `summary.image` does."""
    images = images.astype(jnp.float32)
    finite = jnp.all(jnp.isfinite(images), axis=-1, keepdims=True)
    values = jnp.where(finite, images, 0.0)
    low, high = (reduce(values, axis=(1, 2, 3), keepdims=True, initial=0.0) for reduce in (jnp.min, jnp.max))
    reach = jnp.maximum(-low, high)
    signed = low < 0
    scale = jnp.where(reach < _DARK, 0.0, jnp.where(signed, 127.0, 255.0) / jnp.maximum(reach, _DARK))
    scaled = values * scale + jnp.where(signed, 128.0, 0.0)
    bad = jnp.asarray([255.0, 0.0, 0.0, 255.0][: images.shape[-1]])
    return jnp.where(finite, scaled, bad).astype(jnp.uint8)


def _hashable(strings: Any) -> Any:
    return tuple(map(_hashable, strings)) if isinstance(strings, list) else strings
