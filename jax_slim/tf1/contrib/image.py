"""`tf.contrib.image`: images rotated, moved and distorted."""

from typing import Any

from jax_slim.tf1.graph import building, conversion, dtypes, graphs
from jax_slim.tf1.python import array, constant_op, joining, linalg, math

_TYPES = frozenset({"uint8", "int32", "int64", "float16", "float32", "float64"})


def _as_rows(values: Any, name: str, size: int | None = None) -> Any:
    values = conversion.convert_to_tensor(values, dtypes.float32, name=name)
    if size is None:
        return values[None] if values.get_shape().ndims == 0 else values
    return values[None] if values.get_shape().ndims == 1 else values


def transform(
    images: Any, transforms: Any, interpolation: str = "NEAREST", output_shape: Any = None, name: str | None = None
) -> Any:
    """Images moved by projective transforms.

    Args:
      images: [batch, height, width, channels], [height, width, channels] or [height, width].
      transforms: [a0, a1, a2, b0, b1, b2, c0, c1] for all images or for each: the pixel at (x, y) of the result is that at
        ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k), where k = c0 x + c1 y + 1; 0 where there is none.
      interpolation: "NEAREST" or "BILINEAR".
      output_shape: (height, width); the images' by default.

    Raises:
      TypeError: another type, or another rank.
    """
    with graphs.name_scope(name, "transform"):
        images = conversion.convert_to_tensor(images, name="images")
        if images.dtype.base_dtype.name not in _TYPES:
            raise TypeError(f"Invalid dtype {images.dtype}.")
        rank = images.get_shape().ndims
        if rank is None:
            raise TypeError("image_or_images rank must be statically known")
        if rank not in (2, 3, 4):
            raise TypeError("Images should have rank between 2 and 4.")
        batch = images[None, :, :, None] if rank == 2 else images[None] if rank == 3 else images
        size = output_shape if output_shape is not None else _size(batch)
        rows = _as_rows(transforms, "transforms", 8)
        if rows.get_shape().ndims != 2:
            raise TypeError(f"Transforms should have rank 1 or 2, but got rank {rows.get_shape().ndims}")
        found = building.make("ImageProjectiveTransformV2", batch, rows, size, interpolation=interpolation.upper())
        return found[0, :, :, 0] if rank == 2 else found[0] if rank == 3 else found


def _size(batch: Any) -> Any:
    known = batch.get_shape().as_list()[1:3]
    return conversion.constant(known, dtypes.int32) if None not in known else array.shape(batch)[1:3]


def rotate(images: Any, angles: Any, interpolation: str = "NEAREST", name: str | None = None) -> Any:
    """Images rotated about their centre, counter-clockwise by angles in radians: one for all, or one for each."""
    with graphs.name_scope(name, "rotate"):
        images = conversion.convert_to_tensor(images, name="images")
        rank = images.get_shape().ndims
        if rank is None:
            raise TypeError("image_or_images rank must be statically known")
        place = {2: 0, 3: 0}.get(rank, 1)
        height, width = (math.cast(array.shape(images)[i], dtypes.float32) for i in (place, place + 1))
        return transform(images, angles_to_projective_transforms(angles, height, width), interpolation)


def translate(images: Any, translations: Any, interpolation: str = "NEAREST", name: str | None = None) -> Any:
    """Images moved by [dx, dy], for all or for each."""
    with graphs.name_scope(name, "translate"):
        return transform(images, translations_to_projective_transforms(translations), interpolation)


def angles_to_projective_transforms(angles: Any, image_height: Any, image_width: Any, name: str | None = None) -> Any:
    """The transforms that rotate about the centre: [angles, 8]."""
    with graphs.name_scope(name, "angles_to_projective_transforms"):
        angles = _as_rows(angles, "angles")
        cos, sin = math.cos(angles), math.sin(angles)
        right, bottom = image_width - 1, image_height - 1
        x = (right - (cos * right - sin * bottom)) / 2.0
        y = (bottom - (sin * right + cos * bottom)) / 2.0
        zeros = constant_op.zeros((array.shape(angles)[0], 2), dtypes.float32)
        columns = [cos, -sin, x, sin, cos, y]
        return joining.concat([*(c[:, None] for c in columns), zeros], axis=1)


def translations_to_projective_transforms(translations: Any, name: str | None = None) -> Any:
    """The transforms that move by [dx, dy]: [translations, 8]."""
    with graphs.name_scope(name, "translations_to_projective_transforms"):
        moves = _as_rows(translations, "translations", 2)
        count = array.shape(moves)[0]
        one, zero = constant_op.ones((count, 1), dtypes.float32), constant_op.zeros((count, 1), dtypes.float32)
        return joining.concat([one, zero, -moves[:, 0, None], zero, one, -moves[:, 1, None], zero, zero], axis=1)


def flat_transforms_to_matrices(transforms: Any) -> Any:
    """[n, 8] as [n, 3, 3]."""
    rows = _as_rows(transforms, "transforms", 8)
    ones = constant_op.ones([array.shape(rows)[0], 1])
    return array.reshape(joining.concat([rows, ones], axis=1), [-1, 3, 3])


def matrices_to_flat_transforms(transform_matrices: Any) -> Any:
    """[n, 3, 3] as [n, 8], divided by the last element."""
    flat = array.reshape(conversion.convert_to_tensor(transform_matrices, name="matrices"), [-1, 9])
    return (flat / flat[:, 8:9])[:, :8]


def compose_transforms(*transforms: Any) -> Any:
    """One transform that does what several do, one after the other."""
    if not transforms:
        raise ValueError("compose_transforms: there must be a transform, got none.")
    with graphs.name_scope(None, "compose_transforms"):
        whole = flat_transforms_to_matrices(transforms[0])
        for one in transforms[1:]:
            whole = linalg.matmul(whole, flat_transforms_to_matrices(one))
        return matrices_to_flat_transforms(whole)


def bipartite_match(
    distance_mat: Any, num_valid_rows: Any, top_k: int = -1, name: str | None = "bipartite_match"
) -> Any:
    """(column of each row, row of each column), -1 where there is none: pairs by ascending distance, each row and column once.

    Args:
      distance_mat: float32 [rows, columns].
      num_valid_rows: how many rows, from the first on, take part; a negative number is all.
      top_k: the most pairs; a negative number is as many as there are.
    """
    distances = conversion.convert_to_tensor(distance_mat, dtypes.float32)
    count = conversion.convert_to_tensor(num_valid_rows, dtypes.float32)
    made = building.make("BipartiteMatch", distances, count, top_k=top_k, name=name)
    return made[0], made[1]
