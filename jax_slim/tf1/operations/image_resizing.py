"""Images in other sizes: TF's four methods with TF's sampling, by `jax_slim.preprocessing`, and crops of boxes."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.kernels.linear_maps import LinearMap
from jax_slim.preprocessing import _resampling
from jax_slim.preprocessing._taps import Taps, taps
from jax_slim.tf1.graph import errors, known_values, rows
from jax_slim.tf1.operations import arrays, shape_checks


def _resized_shape(op: Any) -> Any:
    images = shape_checks.with_rank(op, 0, 4)
    shape_checks.with_rank(op, 1, 1)
    size = known_values.constant_value_as_shape(op._inputs[1]).sizes or (None, None)
    return [[images[0], *size, images[3]]]


def _resized(images: Any, size: Any, method: str, align_corners: bool, half_pixel_centers: bool = False) -> Any:
    height, width = (int(s) for s in size)
    if min(height, width) < 1:
        raise errors.InvalidArgumentError(None, None, "output dimensions must be positive")
    if align_corners and half_pixel_centers:
        raise errors.InvalidArgumentError(None, None, "If half_pixel_centers is True, align_corners must be False.")
    if min(images.shape[1:]) < 1:
        raise errors.InvalidArgumentError(None, None, "input image must be of non-zero size")
    down = taps(method, images.shape[1], height, align_corners, half_pixel_centers)
    across = taps(method, images.shape[2], width, align_corners, half_pixel_centers)
    if not images.shape[0]:
        return arrays.xp(images).zeros(
            (0, height, width, images.shape[3]), images.dtype if method == "nearest" else np.float32
        )
    if arrays.xp(images) is np:
        return _resampling.exact(images, method, down, across)
    if not jnp.issubdtype(images.dtype, jnp.floating):
        return _resampling.exact(images, method, down, across)
    if method != "nearest":
        images = images.astype(np.float32)
    sizes = (*images.shape[1:3], height, width)
    return _scaled(
        images, method=method, sizes=sizes, align_corners=align_corners, half_pixel_centers=half_pixel_centers
    )


def _scale(images: Any, *, method: str, **how: Any) -> Any:
    return _resampling.exact(images, method, *_both_taps(method, **how))


def _spread(gradient: Any, *, method: str, sizes: tuple[int, int, int, int], **how: Any) -> Any:
    """The way back, as products with the two matrices: a sum over scattered pixels is slow on a CPU."""
    found = zip(_both_taps(method, sizes, **how), sizes[:2], strict=True)
    rows_, columns = (jnp.asarray(_matrix(t, length), gradient.dtype) for t, length in found)
    return jnp.einsum("nhwc,hi,wj->nijc", gradient, rows_, columns, precision="highest")


def _both_taps(method: str, sizes: tuple[int, int, int, int], align_corners: bool, half_pixel_centers: bool) -> Any:
    return tuple(
        taps(method, before, after, align_corners, half_pixel_centers)
        for before, after in zip(sizes[:2], sizes[2:], strict=True)
    )


_scaled = LinearMap("resize_image", _scale, _scale, {0: lambda gradient, _, **how: _scaled_back(gradient, **how)})
_scaled_back = LinearMap(
    "resize_image_back", _spread, _spread, {0: lambda gradient, _, **how: _scaled(gradient, **how)}
)


def _matrix(found: Taps, inputs: int) -> np.ndarray:
    matrix = np.zeros((len(found.indices), inputs), np.float64)
    np.add.at(matrix, (np.arange(len(matrix))[:, None], found.indices), found.weights)
    return matrix / found.divisor


@rows.row("ResizeBilinear", shape=_resized_shape, static=("size",))
def resize_bilinear(images, size, *, align_corners, half_pixel_centers=False):
    return _resized(images, size, "bilinear", align_corners, half_pixel_centers)


@rows.row("ResizeNearestNeighbor", shape=_resized_shape, static=("size",))
def resize_nearest_neighbor(images, size, *, align_corners, half_pixel_centers=False):
    return _resized(images, size, "nearest", align_corners, half_pixel_centers)


@rows.row("ResizeBicubic", shape=_resized_shape, static=("size",))
def resize_bicubic(images, size, *, align_corners, half_pixel_centers=False):
    return _resized(images, size, "bicubic", align_corners, half_pixel_centers)


@rows.row("ResizeArea", shape=_resized_shape, static=("size",))
def resize_area(images, size, *, align_corners):
    return _resized(images, size, "area", align_corners)


def _turned(method: str, grads: Any, shape: Any, dtype: Any, align_corners: bool, half_pixel_centers: bool) -> Any:
    grads = jnp.asarray(grads)
    sizes = (*(int(size) for size in shape[1:3]), *grads.shape[1:3])
    how = {"align_corners": align_corners, "half_pixel_centers": half_pixel_centers}
    return _scaled_back(grads, method=method, sizes=sizes, **how).astype(dtype)


def _like_original(op: Any) -> Any:
    return [op._inputs[1].shape]


@rows.row("ResizeBilinearGrad", shape=_like_original, numpy=False)
def resize_bilinear_grad(grads, original_image, *, align_corners, half_pixel_centers=False):
    return _turned("bilinear", grads, original_image.shape, original_image.dtype, align_corners, half_pixel_centers)


@rows.row("ResizeBicubicGrad", shape=_like_original, numpy=False)
def resize_bicubic_grad(grads, original_image, *, align_corners, half_pixel_centers=False):
    return _turned("bicubic", grads, original_image.shape, original_image.dtype, align_corners, half_pixel_centers)


@rows.row("ResizeNearestNeighborGrad", shape=_resized_shape, numpy=False, static=("size",))
def resize_nearest_neighbor_grad(grads, size, *, align_corners, half_pixel_centers=False):
    shape = (grads.shape[0], int(size[0]), int(size[1]), grads.shape[3])
    return _turned("nearest", grads, shape, grads.dtype, align_corners, half_pixel_centers)


# Crops.


def _crops_shape(op: Any) -> Any:
    image, boxes = shape_checks.with_rank(op, 0, 4), shape_checks.with_rank(op, 1, 2)
    (numbers,) = shape_checks.with_rank(op, 2, 1)
    shape_checks.merged(op, boxes[1], 4)
    size = known_values.constant_value_as_shape(op._inputs[3]).sizes or (None, None)
    return [[shape_checks.merged(op, boxes[0], numbers), *size, image[3]]]


@rows.row("CropAndResize", shape=_crops_shape, static=("crop_size",))
def crop_and_resize(image, boxes, box_ind, crop_size, *, method, extrapolation_value):
    batch, height, width, _ = image.shape
    rows_, columns = (int(s) for s in crop_size)
    if min(rows_, columns) < 1:
        raise errors.InvalidArgumentError(None, None, "crop dimensions must be positive")
    arrays.require(
        (box_ind >= 0) & (box_ind < batch),
        lambda: errors.OutOfRangeError(None, None, f"box_ind has values outside [0, {batch})"),
    )
    xp = arrays.xp(image, boxes, box_ind)
    image, boxes = xp.asarray(image), xp.asarray(boxes)
    y, y_inside = _places(xp, boxes[:, 0], boxes[:, 2], height, rows_)
    x, x_inside = _places(xp, boxes[:, 1], boxes[:, 3], width, columns)
    inside = (y_inside[:, :, None] & x_inside[:, None, :])[..., None]

    def pixels(at_y: Any, at_x: Any) -> Any:
        at_y, at_x = (xp.clip(a, 0, length - 1).astype(np.int32) for a, length in ((at_y, height), (at_x, width)))
        return image[box_ind[:, None, None], at_y[:, :, None], at_x[:, None, :]].astype(np.float32)

    if method == b"nearest":
        found = pixels(xp.floor(y + np.float32(0.5)), xp.floor(x + np.float32(0.5)))
    else:
        top, left = xp.floor(y), xp.floor(x)
        bottom, right = xp.ceil(y), xp.ceil(x)
        down, across = (y - top)[:, :, None, None], (x - left)[:, None, :, None]
        upper, lower = pixels(top, left), pixels(bottom, left)
        upper = upper + (pixels(top, right) - upper) * across
        lower = lower + (pixels(bottom, right) - lower) * across
        found = upper + (lower - upper) * down
    return xp.where(inside, found, np.float32(extrapolation_value))


def _places(xp: Any, first: Any, last: Any, length: int, count: int) -> tuple[Any, Any]:
    """Where the pixels of the crops lie on the image, [boxes, count], and whether they do."""
    most = np.float32(length - 1)
    if count > 1:
        step = (last - first) * most / np.float32(count - 1)
        places = first[:, None] * most + np.arange(count, dtype=np.float32) * step[:, None]
    else:
        places = (np.float32(0.5) * (first + last) * most)[:, None]
    inside = (places >= 0) & (places <= most)
    return xp.where(inside, places, np.float32(0)), inside


@rows.row(
    "CropAndResizeGradImage",
    numpy=False,
    static=("image_size",),
    shape=lambda op: [known_values.constant_value_as_shape(op._inputs[3])],
)
def crop_and_resize_grad_image(grads, boxes, box_ind, image_size, *, T, method):
    given = jnp.zeros([int(s) for s in image_size], T.as_numpy_dtype)
    function = lambda x: crop_and_resize(x, boxes, box_ind, grads.shape[1:3], method=method, extrapolation_value=0.0)  # noqa: E731
    return jax.vjp(function, given)[1](jnp.asarray(grads))[0]


@rows.row("CropAndResizeGradBoxes", numpy=False, shape=lambda op: [op._inputs[2].shape])
def crop_and_resize_grad_boxes(grads, image, boxes, box_ind, *, method):
    image = jnp.asarray(image, jnp.float32)
    function = lambda b: crop_and_resize(image, b, box_ind, grads.shape[1:3], method=method, extrapolation_value=0.0)  # noqa: E731
    return jax.vjp(function, jnp.asarray(boxes))[1](jnp.asarray(grads))[0]
