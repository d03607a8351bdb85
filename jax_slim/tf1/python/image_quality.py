"""`tf.image`: how images differ, and how they change from pixel to pixel."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jax_slim.tf1.graph import conversion, dtypes, graphs
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import (
    array,
    checks,
    constant_op,
    control_flow,
    joining,
    math,
    nn_activations,
    nn_convolutions,
    nn_pooling,
    padding,
    reductions,
)  # fmt: skip
from jax_slim.tf1.python.image_colors import convert_image_dtype

_SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def total_variation(images: Any, name: str | None = None) -> Tensor:
    """The sum of the differences of neighbouring pixels, of the image or of each image."""
    with graphs.name_scope(name, "total_variation"):
        rank = images.get_shape().ndims
        if rank == 3:
            down, across = images[1:, :, :] - images[:-1, :, :], images[:, 1:, :] - images[:, :-1, :]
            axes = None
        elif rank == 4:
            down, across = images[:, 1:, :, :] - images[:, :-1, :, :], images[:, :, 1:, :] - images[:, :, :-1, :]
            axes = [1, 2, 3]
        else:
            raise ValueError("'images' must be either 3 or 4-dimensional.")
        return reductions.reduce_sum(math.abs(down), axis=axes) + reductions.reduce_sum(math.abs(across), axis=axes)


def image_gradients(image: Any) -> tuple[Tensor, Tensor]:
    """(dy, dx): the difference of each pixel of [N, H, W, C] to the one below, to the right; 0 in the last row or column."""
    if image.get_shape().ndims != 4:
        raise ValueError(f"image_gradients expects a 4D tensor [batch_size, h, w, d], not {image.get_shape()}.")
    whole = array.shape(image)
    batch, height, width, depth = joining.unstack(whole)
    dy = image[:, 1:, :, :] - image[:, :-1, :, :]
    dx = image[:, :, 1:, :] - image[:, :, :-1, :]
    row = joining.stack([batch, 1, width, depth])
    dy = array.reshape(joining.concat([dy, constant_op.zeros(row, image.dtype)], 1), whole)
    column = joining.stack([batch, height, 1, depth])
    dx = array.reshape(joining.concat([dx, constant_op.zeros(column, image.dtype)], 2), whole)
    return dy, dx


def sobel_edges(image: Any) -> Tensor:
    """Sobel's edges of [N, H, W, C], vertical and horizontal ones: [N, H, W, C, 2]."""
    known = image.get_shape()
    whole = array.shape(image)
    kernels = np.array([[[-1, -2, -1], [0, 0, 0], [1, 2, 1]], [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]])
    kernels = constant_op.constant(kernels.transpose(1, 2, 0)[:, :, None], dtype=image.dtype)
    kernels = array.tile(kernels, [1, 1, whole[-1], 1], name="sobel_filters")
    padded = padding.pad(image, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="REFLECT")
    output = nn_convolutions.depthwise_conv2d(padded, kernels, [1, 1, 1, 1], "VALID")
    output = array.reshape(output, shape=joining.concat([whole, [2]], 0))
    output.set_shape(known.concatenate([2]))
    return output


def _comparable(a: Tensor, b: Tensor) -> list[Any]:
    """Raises where two batches of images are known not to fit; assertions for the rest."""
    first, second = a.get_shape().with_rank_at_least(3), b.get_shape().with_rank_at_least(3)
    if first.ndims is not None and second.ndims is not None:
        first[-3:].assert_is_compatible_with(second[-3:])
        for x, y in zip(first.as_list()[-4::-1], second.as_list()[-4::-1], strict=False):
            if 1 not in (x, y) and None not in (x, y) and x != y:
                raise ValueError(f"Two images are not compatible: {first} and {second}")
    of_a, of_b = array.shape_n([a, b])
    return [
        checks.Assert(math.greater_equal(array.size(of_a), 3), [of_a, of_b], summarize=10),
        checks.Assert(reductions.reduce_all(math.equal(of_a[-3:], of_b[-3:])), [of_a, of_b], summarize=10),
    ]


def psnr(a: Any, b: Any, max_val: Any, name: str | None = None) -> Tensor:
    """The peak signal-to-noise ratio of two batches of images in dB, for each image."""
    with graphs.name_scope(name, "PSNR", [a, b]):
        max_val = math.cast(max_val, a.dtype)
        max_val = convert_image_dtype(max_val, dtypes.float32)
        a, b = convert_image_dtype(a, dtypes.float32), convert_image_dtype(b, dtypes.float32)
        error = reductions.reduce_mean(math.squared_difference(a, b), [-3, -2, -1])
        ratio = math.subtract(
            20 * math.log(max_val) / math.log(10.0), np.float32(10 / np.log(10)) * math.log(error), name="psnr"
        )
        with graphs.control_dependencies(_comparable(a, b)):
            return array.identity(ratio)


def _gauss(size: Any, sigma: Any) -> Tensor:
    size, sigma = conversion.convert_to_tensor(size, dtypes.int32), conversion.convert_to_tensor(sigma)
    coords = math.cast(constant_op.range(size), sigma.dtype)
    coords -= math.cast(size - 1, sigma.dtype) / 2.0
    powers = math.square(coords)
    powers *= -0.5 / math.square(sigma)
    powers = array.reshape(powers, shape=[1, -1]) + array.reshape(powers, shape=[-1, 1])
    weights = nn_activations.softmax(array.reshape(powers, shape=[1, -1]))
    return array.reshape(weights, shape=[size, size, 1, 1])


def _parts(
    x: Any, y: Any, reducer: Callable[[Any], Tensor], max_val: Any, compensation: float, k1: float, k2: float
) -> tuple[Tensor, Tensor]:
    """(luminance, contrast and structure)."""
    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    mean_x, mean_y = reducer(x), reducer(y)
    product = mean_x * mean_y * 2.0
    squares = math.square(mean_x) + math.square(mean_y)
    luminance = (product + c1) / (squares + c1)
    both = reducer(x * y) * 2.0
    each = reducer(math.square(x) + math.square(y))
    c2 *= compensation
    return luminance, (both - product + c2) / (each - squares + c2)


def _per_channel(
    a: Any, b: Any, max_val: Any, filter_size: int, filter_sigma: float, k1: float, k2: float
) -> tuple[Tensor, Tensor]:
    size = constant_op.constant(filter_size, dtype=dtypes.int32)
    sigma = constant_op.constant(filter_sigma, dtype=a.dtype)
    of_a, of_b = array.shape_n([a, b])
    needed = [
        checks.Assert(reductions.reduce_all(math.greater_equal(s[-3:-1], size)), [s, size], summarize=8)
        for s in (of_a, of_b)
    ]
    with graphs.control_dependencies(needed):
        a = array.identity(a)
    kernel = array.tile(_gauss(size, sigma), multiples=[1, 1, of_a[-1], 1])

    def reducer(x: Any) -> Tensor:
        shape = array.shape(x)
        flat = array.reshape(x, shape=joining.concat([[-1], shape[-3:]], 0))
        y = nn_convolutions.depthwise_conv2d(flat, kernel, strides=[1, 1, 1, 1], padding="VALID")
        return array.reshape(y, joining.concat([shape[:-3], array.shape(y)[1:]], 0))

    luminance, structure = _parts(a, b, reducer, max_val, 1.0, k1, k2)
    axes = constant_op.constant([-3, -2], dtype=dtypes.int32)
    return reductions.reduce_mean(luminance * structure, axes), reductions.reduce_mean(structure, axes)


def _as_float_images(img1: Any, img2: Any, max_val: Any) -> tuple[Any, Any, Any]:
    with graphs.control_dependencies(_comparable(img1, img2)):
        img1 = array.identity(img1)
    max_val = convert_image_dtype(math.cast(max_val, img1.dtype), dtypes.float32)
    return convert_image_dtype(img1, dtypes.float32), convert_image_dtype(img2, dtypes.float32), max_val


def ssim(
    img1: Any,
    img2: Any,
    max_val: Any,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
) -> Tensor:
    """The structural similarity of two batches of images, for each image; from -1 to 1."""
    img1, img2, max_val = _as_float_images(img1, img2, max_val)
    found, _ = _per_channel(img1, img2, max_val, filter_size, filter_sigma, k1, k2)
    return reductions.reduce_mean(found, [-1])


def ssim_multiscale(img1: Any, img2: Any, max_val: Any, power_factors: Sequence[float] = _SCALES, filter_size: int = 11, filter_sigma: float = 1.5,
                    k1: float = 0.01, k2: float = 0.03) -> Tensor:  # fmt: skip
    """`ssim` at several scales, each half as large as the one before, multiplied with these powers."""
    with graphs.name_scope(None, "MS-SSIM", [img1, img2]):
        img1, img2, max_val = _as_float_images(img1, img2, max_val)
        images = [img1, img2]
        shapes = list(array.shape_n(images))
        heads, tails = [s[:-3] for s in shapes], [s[-3:] for s in shapes]
        divisor = constant_op.constant([2, 2, 1], dtype=dtypes.int32)

        def padded(images: Any, remainder: Any) -> list[Tensor]:
            remainder = array.expand_dims(remainder, -1)
            amounts = padding.pad(remainder, [[1, 0], [1, 0]])
            return [padding.pad(x, amounts, mode="SYMMETRIC") for x in images]

        factors: list[Tensor] = []
        found: Any = None
        for scale in range(len(power_factors)):
            with graphs.name_scope(None, f"Scale{scale}", images):
                if scale > 0:
                    flat = [array.reshape(x, joining.concat([[-1], t], 0)) for x, t in zip(images, tails, strict=True)]
                    remainder = tails[0] % divisor
                    odd = reductions.reduce_any(math.not_equal(remainder, 0))
                    even = control_flow.cond(
                        odd, lambda flat=flat, r=remainder: padded(flat, r), lambda flat=flat: flat
                    )
                    smaller = [
                        nn_pooling.avg_pool(x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID") for x in even
                    ]
                    tails = [x[1:] for x in array.shape_n(smaller)]
                    images = [
                        array.reshape(x, joining.concat([h, t], 0))
                        for x, h, t in zip(smaller, heads, tails, strict=True)
                    ]
                found, structure = _per_channel(
                    *images, max_val=max_val, filter_size=filter_size, filter_sigma=filter_sigma, k1=k1, k2=k2
                )
                factors.append(nn_activations.relu(structure))
        factors.pop()  # of the last scale, the whole similarity counts
        each = joining.stack([*factors, nn_activations.relu(found)], axis=-1)
        product = reductions.reduce_prod(math.pow(each, list(power_factors)), [-1])
        return reductions.reduce_mean(product, [-1])
