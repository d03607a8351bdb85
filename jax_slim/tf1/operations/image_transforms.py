"""Rows that move images by projective transforms."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.tf1.graph import known_values, rows, shapes


def _shape(op: Any) -> Any:
    images, size = op._inputs[0].shape, known_values.constant_value(op._inputs[2])
    if images.ndims != 4:
        return [shapes.unknown_shape(4)]
    batch, _, _, channels = images.as_list()
    height, width = (None, None) if size is None else (int(s) for s in size)
    return [(batch, height, width, channels)]


def _read(images: Any, y: Any, x: Any, fill: Any) -> Any:
    """Pixels at whole places of each image; what lies outside is `fill`."""
    height, width = images.shape[1:3]
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    at_y = jnp.clip(y, 0, height - 1).astype(jnp.int32)
    at_x = jnp.clip(x, 0, width - 1).astype(jnp.int32)
    found = jax.vmap(lambda image, i, j: image[i, j])(images, at_y, at_x)
    return jnp.where(inside[..., None], found, fill)


def _nearest(values: Any) -> Any:
    """The nearest whole number, halves away from 0."""
    return jnp.trunc(values + jnp.copysign(jnp.float32(0.5), values))


@rows.row(
    "ImageProjectiveTransformV2",
    numpy=False,
    static=("output_shape",),
    shape=_shape,
    gradient=lambda op, gradient: _gradient(op, gradient),
)
def image_projective_transform(images: Any, transforms: Any, output_shape: Any, *, interpolation: bytes) -> Any:
    height, width = (int(s) for s in np.asarray(output_shape))
    y, x = jnp.meshgrid(jnp.arange(height, dtype=jnp.float32), jnp.arange(width, dtype=jnp.float32), indexing="ij")
    t = jnp.broadcast_to(transforms.astype(jnp.float32), (images.shape[0], 8))[:, :, None, None]
    k = t[:, 6] * x + t[:, 7] * y + 1
    from_x = (t[:, 0] * x + t[:, 1] * y + t[:, 2]) / k
    from_y = (t[:, 3] * x + t[:, 4] * y + t[:, 5]) / k
    fill = jnp.zeros((), images.dtype)
    lost = (k == 0)[..., None]
    if interpolation == b"NEAREST":
        return jnp.where(lost, fill, _read(images, _nearest(from_y), _nearest(from_x), fill))
    low_y, low_x = jnp.floor(from_y), jnp.floor(from_x)
    real = images.astype(jnp.float32)
    up = (low_x + 1 - from_x)[..., None]
    above = up * _read(real, low_y, low_x, 0.0) + (from_x - low_x)[..., None] * _read(real, low_y, low_x + 1, 0.0)
    below = up * _read(real, low_y + 1, low_x, 0.0) + (from_x - low_x)[..., None] * _read(
        real, low_y + 1, low_x + 1, 0.0
    )
    found = (low_y + 1 - from_y)[..., None] * above + (from_y - low_y)[..., None] * below
    return jnp.where(lost, fill, found.astype(images.dtype))


def _gradient(op: Any, gradient: Any) -> list[Any]:
    """TensorFlow's: the gradient moved by the inverse transform."""
    from jax_slim.tf1.graph import building, graphs

    with graphs.name_scope(None, "transform_gradient"):
        flat = op._inputs[1]
        rows_ = building.make("Reshape", flat, [-1, 8])
        ones = building.make("OnesLike", building.make("Slice", rows_, [0, 0], [-1, 1]))
        square = building.make("Reshape", building.make("ConcatV2", [rows_, ones], 1), [-1, 3, 3])
        inverse = building.make("Reshape", building.make("MatrixInverse", square), [-1, 9])
        last = building.make("Slice", inverse, [0, 8], [-1, 1])
        inverse = building.make("Slice", building.make("RealDiv", inverse, last), [0, 0], [-1, 8])
        size = building.make("Slice", building.make("Shape", op._inputs[0]), [1], [2])
        moved = building.make(
            "ImageProjectiveTransformV2", gradient, inverse, size, interpolation=op.attrs["interpolation"]
        )
    return [moved, None, None]
