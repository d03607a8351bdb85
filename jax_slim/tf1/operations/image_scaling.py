"""Images scaled and moved with a kernel of one's choice, smoothed where they become smaller."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from jax_slim.tf1.graph import building, errors, known_values, rows, shapes
from jax_slim.tf1.operations import arrays


def _lanczos(radius: int) -> Callable[[Any], Any]:
    def kernel(x: Any) -> Any:
        xp = arrays.xp(x)
        safe = xp.maximum(x, 1e-3)  # as near to the middle it is 1
        wave = radius * xp.sin(math.pi * safe) * xp.sin(math.pi * safe / radius) / (math.pi * safe) ** 2
        return xp.where(x < 1e-3, 1.0, wave)

    return kernel


def _gaussian(x: Any) -> Any:
    return arrays.xp(x).exp(-(x**2) / (2 * 0.5**2))


def _box(x: Any) -> Any:
    xp = arrays.xp(x)
    return xp.where(x < 0.5, 1.0, xp.where(x == 0.5, 0.5, 0.0))


def _triangle(x: Any) -> Any:
    return 1 - x


def _cubic(b: float, c: float) -> Callable[[Any], Any]:
    """The cubic of Mitchell and Netravali."""

    def kernel(x: Any) -> Any:
        near = (((12 - 9 * b - 6 * c) * x - 18 + 12 * b + 6 * c) * x * x + 6 - 2 * b) / 6
        far = (((-b - 6 * c) * x + 6 * b + 30 * c) * x - 12 * b - 48 * c) * x / 6 + (8 * b + 24 * c) / 6
        return arrays.xp(x).where(x < 1, near, far)

    return kernel


_KERNELS: dict[bytes, tuple[float, Callable[[Any], Any]]] = {
    b"lanczos1": (1, _lanczos(1)), b"lanczos3": (3, _lanczos(3)), b"lanczos5": (5, _lanczos(5)), b"gaussian": (1.5, _gaussian),
    b"box": (1, _box), b"triangle": (1, _triangle), b"keyscubic": (2, _cubic(0, 0.5)), b"mitchellcubic": (2, _cubic(1 / 3, 1 / 3)),
}  # fmt: skip


def _weights(size: int, count: int, scale: Any, move: Any, kernel_type: bytes, antialias: bool) -> Any:
    """[count, size]: how much each pixel of an axis is of each of the new ones; 0 where these lie outside."""
    if kernel_type not in _KERNELS:
        raise errors.InvalidArgumentError(None, None, f"Unrecognized kernel type: {kernel_type.decode()}")
    xp = arrays.xp(scale, move)
    radius, kernel = _KERNELS[kernel_type]
    inverse = 1 / xp.asarray(scale).astype(np.float32)
    wide = xp.maximum(inverse, 1.0) if antialias else 1.0
    middles = (np.arange(count, dtype=np.float32) + 0.5) * inverse - inverse * move
    away = xp.abs(np.arange(size, dtype=np.float32)[None] + 0.5 - middles[:, None]) / wide
    weights = xp.where(away < radius, kernel(xp.minimum(away, radius)), 0.0)
    sums = weights.sum(1, keepdims=True)
    weights = xp.where(xp.abs(sums) > 1000 * np.finfo(np.float32).tiny, weights / xp.where(sums == 0, 1.0, sums), 0.0)
    inside = (middles >= 0) & (middles <= size)
    return xp.where(inside[:, None], weights, 0.0).astype(np.float32)


def _both(images: Any, size: Any, scale: Any, translation: Any, kernel_type: bytes, antialias: bool) -> tuple[Any, Any]:
    down, across = (
        _weights(images.shape[1 + i], int(size[i]), scale[i], translation[i], kernel_type, antialias) for i in range(2)
    )
    return down, across


def _scaled_shape(op: Any) -> shapes.TensorShape:
    batch, _, _, channels = op._inputs[0].shape.with_rank(4).as_list()
    return shapes.TensorShape([batch, *known_values.constant_value_as_shape(op._inputs[1]).with_rank(2).as_list(), channels])  # fmt: skip


def _gradient(op: Any, grad: Any) -> list[Any]:
    images, _, scale, translation = op._inputs
    facts = {name: op.attrs[name] for name in ("kernel_type", "antialias")}
    return [building.make("ScaleAndTranslateGrad", grad, images, scale, translation, **facts), None, None, None]


@rows.row("ScaleAndTranslate", static=("size",), shape=_scaled_shape, gradient=_gradient)
def scale_and_translate(
    images: Any, size: Any, scale: Any, translation: Any, *, kernel_type: bytes, antialias: bool
) -> Any:
    xp = arrays.xp(images, scale, translation)
    down, across = _both(images, size, scale, translation, kernel_type, antialias)
    return xp.einsum("bhwc,ih,jw->bijc", images.astype(np.float32), down, across)


@rows.row("ScaleAndTranslateGrad", shape=lambda op: [op._inputs[1].shape], gradient=rows.NONE)
def scale_and_translate_grad(
    grads: Any, original_image: Any, scale: Any, translation: Any, *, kernel_type: bytes, antialias: bool
) -> Any:
    xp = arrays.xp(grads, scale, translation)
    down, across = _both(original_image, grads.shape[1:3], scale, translation, kernel_type, antialias)
    return xp.einsum("bijc,ih,jw->bhwc", grads, down, across)
