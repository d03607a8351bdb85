"""`tf.image`: flips, turns, crops and borders."""

from collections.abc import Callable
from typing import Any

from jax_slim.tf1.graph import conversion, dtypes, graphs
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, cases, control_flow, joining, math, padding, random, slicing
from jax_slim.tf1.python import checks as check_ops


def require(condition: Any, message: str) -> list[Any]:
    """Raises where a condition is known to be false; an assertion where it is a tensor."""
    if isinstance(condition, Tensor):
        return [check_ops.Assert(condition, [message])]
    if not condition:
        raise ValueError(message)
    return []


def checks_of_3d(image: Tensor) -> list[Any]:
    """Raises where an image is known to be none; assertions for what is not known."""
    shape = image.get_shape()
    if shape.ndims is not None and shape.ndims < 3:
        raise ValueError("'image' must be at least three-dimensional.")
    inner = (None, None, None) if shape.sizes is None else shape.sizes[-3:]
    if 0 in inner:
        raise ValueError(f"inner 3 dims of 'image.shape' must be > 0: {shape}")
    if None not in inner:
        return []
    return [
        check_ops.assert_positive(array.shape(image)[-3:], ["inner 3 dims of 'image.shape' must be > 0."]),
        check_ops.assert_greater_equal(array.rank(image), 3, message="'image' must be at least three-dimensional."),
    ]


def at_least_3d(image: Tensor) -> Tensor:
    """The image, after those checks."""
    return control_flow.with_dependencies(checks_of_3d(image), image)


def sizes_of(image: Tensor, rank: int) -> list[Any]:
    """Its sizes, as numbers where they are known, else as tensors."""
    if image.get_shape().is_fully_defined():
        return image.get_shape().as_list()
    known = image.get_shape().with_rank(rank).as_list()
    found = joining.unstack(array.shape(image), rank)
    return [f if k is None else k for k, f in zip(known, found, strict=True)]


def as_batch(image: Any) -> tuple[Tensor, bool]:
    """(images of rank 4, whether they were); an unknown rank is taken for that of one image."""
    image = conversion.convert_to_tensor(image, name="image")
    rank = image.get_shape().ndims
    if rank == 4:
        return image, True
    if rank not in (3, None):
        raise ValueError("'image' must have either 3 or 4 dimensions.")
    whole = array.expand_dims(image, 0)
    if rank is None:
        whole.set_shape([None] * 4)
    return whole, False


def _known(values: Any) -> list[Any]:
    return [None if isinstance(v, Tensor) else v for v in values]


def _like_image(image: Tensor, result: Tensor) -> Tensor:
    shape = image.get_shape()
    result.set_shape([None, None, None] if shape.ndims is None else shape)
    return result


def _flipped(image: Any, axis: int, scope: str) -> Tensor:
    with graphs.name_scope(None, scope, [image]):
        image = at_least_3d(conversion.convert_to_tensor(image, name="image"))
        rank = image.get_shape().ndims
        if rank in (3, None):
            return _like_image(image, array.reverse(image, [axis]))
        if rank == 4:
            return array.reverse(image, [axis + 1])
        raise ValueError("'image' must have either 3 or 4 dimensions.")


def flip_left_right(image: Any) -> Tensor:
    """The image, or each of a batch, mirrored: columns in reverse."""
    return _flipped(image, 1, "flip_left_right")


def flip_up_down(image: Any) -> Tensor:
    """The image, or each of a batch, upside down: rows in reverse."""
    return _flipped(image, 0, "flip_up_down")


def _flipped_at_random(image: Any, axis: int, seed: int | None, scope: str) -> Tensor:
    with graphs.name_scope(None, scope, [image]) as scope_name:
        image = at_least_3d(conversion.convert_to_tensor(image, name="image"))
        rank = image.get_shape().ndims
        if rank in (3, None):
            drawn = random.random_uniform([], 0, 1.0, seed=seed)
            flip = math.less(drawn, 0.5)
            result = control_flow.cond(flip, lambda: array.reverse(image, [axis]), lambda: image, name=scope_name)
            return _like_image(image, result)
        if rank != 4:
            raise ValueError("'image' must have either 3 or 4 dimensions.")
        count = array.shape(image)[0]
        drawn = random.random_uniform([count], 0, 1.0, seed=seed)
        flips = math.cast(math.round(array.reshape(drawn, [count, 1, 1, 1])), image.dtype)
        return flips * array.reverse(image, [axis + 1]) + (1 - flips) * image


def random_flip_left_right(image: Any, seed: int | None = None) -> Tensor:
    """`flip_left_right` or not, by chance; for each image of a batch anew."""
    return _flipped_at_random(image, 1, seed, "random_flip_left_right")


def random_flip_up_down(image: Any, seed: int | None = None) -> Tensor:
    """`flip_up_down` or not, by chance; for each image of a batch anew."""
    return _flipped_at_random(image, 0, seed, "random_flip_up_down")


def rot90(image: Any, k: Any = 1, name: str | None = None) -> Tensor:
    """Turns images by k times 90 degrees, counter-clockwise."""
    with graphs.name_scope(name, "rot90", [image, k]) as scope:
        image = at_least_3d(conversion.convert_to_tensor(image, name="image"))
        k = conversion.convert_to_tensor(k, dtype=dtypes.int32, name="k")
        k.get_shape().assert_has_rank(0)
        k = math.mod(k, 4)
        shape = image.get_shape()
        if shape.ndims not in (3, 4, None):
            raise ValueError("'image' must have either 3 or 4 dimensions.")
        first = 1 if shape.ndims == 4 else 0
        turned = [0, 2, 1, 3] if first else [1, 0, 2]
        by: list[tuple[Any, Callable[[], Tensor]]] = [
            (math.equal(k, 1), lambda: array.transpose(array.reverse(image, [first + 1]), turned)),
            (math.equal(k, 2), lambda: array.reverse(image, [first, first + 1])),
            (math.equal(k, 3), lambda: array.reverse(array.transpose(image, turned), [first + 1])),
        ]
        result = cases.case(by, default=lambda: image, exclusive=True, name=scope)
        if first:
            result.set_shape([shape[0], None, None, shape[3]])
        else:
            result.set_shape([None, None, shape[2] if shape.ndims is not None else None])
        return result


def transpose_image(image: Any, name: str | None = None) -> Tensor:
    """Rows become columns."""
    with graphs.name_scope(name, "transpose", [image]):
        image = at_least_3d(conversion.convert_to_tensor(image, name="image"))
        rank = image.get_shape().ndims
        if rank in (3, None):
            return array.transpose(image, [1, 0, 2], name="transpose")
        if rank == 4:
            return array.transpose(image, [0, 2, 1, 3], name="transpose")
        raise ValueError("'image' must have either 3 or 4 dimensions.")


def central_crop(image: Any, central_fraction: float) -> Tensor:
    """The middle of images: `central_fraction` of each side; 1.0 is the image itself."""
    with graphs.name_scope(None, "central_crop", [image]):
        image = conversion.convert_to_tensor(image, name="image")
        if central_fraction <= 0.0 or central_fraction > 1.0:
            raise ValueError("central_fraction must be within (0, 1]")
        if central_fraction == 1.0:
            return image
        at_least_3d(image)
        rank = image.get_shape().ndims
        if rank not in (3, 4):
            raise ValueError(f"`image` should either be a Tensor with rank = 3 or rank = 4. Had rank = {rank}.")
        first = rank - 3
        starts, sizes = [], []
        for axis in (first, first + 1):
            side = image.get_shape()[axis].value
            if side is None:
                side = array.shape(image)[axis]
                exact = math.cast(side, dtypes.float64)
                start: Any = math.cast((exact - exact * central_fraction) / 2, dtypes.int32)
            else:
                start = int((float(side) - float(side) * central_fraction) / 2)
            starts.append(start)
            sizes.append(side - start * 2)
        begin = joining.stack([0] * first + [*starts, 0])
        size = joining.stack([-1] * first + [*sizes, -1])
        shape = image.get_shape()
        result = slicing.slice(image, begin, size)
        result.set_shape([*([shape[0]] if first else []), *_known(sizes), shape[rank - 1]])
        return result


def pad_to_bounding_box(
    image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Tensor:
    """Images with zeros around them: so many rows above, columns to the left, and as many as make the target's size."""
    with graphs.name_scope(None, "pad_to_bounding_box", [image]):
        image, is_batch = as_batch(image)
        needed = checks_of_3d(image)
        batch, height, width, depth = sizes_of(image, 4)
        right = target_width - offset_width - width
        below = target_height - offset_height - height
        needed += require(offset_height >= 0, "offset_height must be >= 0")
        needed += require(offset_width >= 0, "offset_width must be >= 0")
        needed += require(right >= 0, "width must be <= target - offset")
        needed += require(below >= 0, "height must be <= target - offset")
        image = control_flow.with_dependencies(needed, image)
        amounts = array.reshape(joining.stack([0, 0, offset_height, below, offset_width, right, 0, 0]), [4, 2])
        padded = padding.pad(image, amounts)
        padded.set_shape(_known([batch, target_height, target_width, depth]))
        return padded if is_batch else array.squeeze(padded, axis=[0])


def crop_to_bounding_box(
    image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Tensor:
    """The part of images that begins at the offsets and has the target's size."""
    with graphs.name_scope(None, "crop_to_bounding_box", [image]):
        image, is_batch = as_batch(image)
        needed = checks_of_3d(image)
        batch, height, width, depth = sizes_of(image, 4)
        needed += require(offset_width >= 0, "offset_width must be >= 0.")
        needed += require(offset_height >= 0, "offset_height must be >= 0.")
        needed += require(target_width > 0, "target_width must be > 0.")
        needed += require(target_height > 0, "target_height must be > 0.")
        needed += require(width >= (target_width + offset_width), "width must be >= target + offset.")
        needed += require(height >= (target_height + offset_height), "height must be >= target + offset.")
        image = control_flow.with_dependencies(needed, image)
        begin = joining.stack([0, offset_height, offset_width, 0])
        cropped = slicing.slice(image, begin, joining.stack([-1, target_height, target_width, -1]))
        cropped.set_shape(_known([batch, target_height, target_width, depth]))
        return cropped if is_batch else array.squeeze(cropped, axis=[0])


def larger(x: Any, y: Any) -> Any:
    """The larger of two numbers or tensors."""
    return math.maximum(x, y) if isinstance(x, Tensor) or isinstance(y, Tensor) else max(x, y)


def _smaller(x: Any, y: Any) -> Any:
    return math.minimum(x, y) if isinstance(x, Tensor) or isinstance(y, Tensor) else min(x, y)


def _equal(x: Any, y: Any) -> Any:
    return math.equal(x, y) if isinstance(x, Tensor) or isinstance(y, Tensor) else x == y


def resize_image_with_crop_or_pad(image: Any, target_height: Any, target_width: Any) -> Tensor:
    """Images of another size, not scaled: cut off, or with zeros around them, in the middle."""
    with graphs.name_scope(None, "resize_image_with_crop_or_pad", [image]):
        image, is_batch = as_batch(image)
        needed = checks_of_3d(image)
        needed += require(target_width > 0, "target_width must be > 0.")
        needed += require(target_height > 0, "target_height must be > 0.")
        image = control_flow.with_dependencies(needed, image)
        if isinstance(target_height, Tensor):
            target_height = control_flow.with_dependencies(needed, target_height)
        if isinstance(target_width, Tensor):
            target_width = control_flow.with_dependencies(needed, target_width)
        _, height, width, _ = sizes_of(image, 4)
        wider = target_width - width
        crop_x, pad_x = larger(-wider // 2, 0), larger(wider // 2, 0)
        taller = target_height - height
        crop_y, pad_y = larger(-taller // 2, 0), larger(taller // 2, 0)
        cropped = crop_to_bounding_box(
            image, crop_y, crop_x, _smaller(target_height, height), _smaller(target_width, width)
        )
        resized = pad_to_bounding_box(cropped, pad_y, pad_x, target_height, target_width)
        if resized.get_shape().ndims is None:
            raise ValueError("resized contains no shape.")
        _, made_height, made_width, _ = sizes_of(resized, 4)
        needed = require(_equal(made_height, target_height), "resized height is not correct.")
        needed += require(_equal(made_width, target_width), "resized width is not correct.")
        resized = control_flow.with_dependencies(needed, resized)
        return resized if is_batch else array.squeeze(resized, axis=[0])
