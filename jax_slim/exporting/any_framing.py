"""Framing of images of any size within one traced program: `preprocessing.framing` for exported files.

An exported program is traced once for every size, so resizing is a product with a matrix, computed from the size.
Levels are those of Pillow, or the next one: where a value lies half way between two, and where a newer Pillow resizes
columns before rows, which are rounded in between.
"""

import math

import jax
import jax.numpy as jnp

from jax_slim.preprocessing.framing import SCALES, Framing


def framed(images: jax.Array, height: int, width: int, framing: Framing, preprocessing: str) -> jax.Array:
    """Resizes, crops and scales photographs: uint8 [N, h, w, 3] -> float32 [N, height, width, 3].

    Args:
      images: of any size; h and w may be unknown while the program is traced.
      height, width: of the result, in pixels.
      framing, preprocessing: as of a `NetModel`.
    """
    sizes = [jnp.asarray(length, jnp.int32) for length in images.shape[1:3]]
    levels = images.astype(jnp.float32)
    for axis, wanted in ((2, width), (1, height)):  # Pillow's order, for most sizes
        length, resized = sizes[axis - 1], jnp.asarray(wanted, jnp.int32)
        if framing.crop is not None:
            resized = math.floor(max(height, width) / framing.crop) * length // jnp.minimum(*sizes)
        # Half of what is cut off; halves of a pixel go to the even number.
        offset = jnp.rint((resized - wanted) / 2).astype(jnp.int32)
        places = jnp.arange(wanted, dtype=jnp.int32) + offset
        if framing.interpolation == "nearest":
            levels = jnp.take(levels, (2 * places + 1) * length // (2 * resized), axis, mode="clip")
            continue
        weights = _weights(places, resized, length, images.shape[axis], framing.interpolation)
        product = "oi,nhic->nhoc" if axis == 2 else "oi,niwc->nowc"
        levels = jnp.einsum(product, weights, levels, precision=jax.lax.Precision.HIGHEST)
        levels = jnp.clip(jnp.floor(levels + 0.5), 0, 255)
    return SCALES[preprocessing](levels)


def _weights(places: jax.Array, resized: jax.Array, length: jax.Array, inputs: int, interpolation: str) -> jax.Array:
    """What each output is made of: [outputs, inputs]."""
    scale = length.astype(jnp.float32) / resized.astype(jnp.float32)
    centres = (places.astype(jnp.float32) + 0.5) * scale
    away = jnp.arange(inputs, dtype=jnp.float32) + 0.5 - centres[:, None]
    away = jnp.abs(away) / jnp.maximum(scale, 1)
    if interpolation == "bilinear":
        weights = jnp.maximum(1 - away, 0)
    else:  # Keys' kernel with a = -0.5
        near = (1.5 * away - 2.5) * away * away + 1
        far = ((-0.5 * away + 2.5) * away - 4) * away + 2
        weights = jnp.where(away < 1, near, jnp.where(away < 2, far, 0))
    return weights / weights.sum(1, keepdims=True)
