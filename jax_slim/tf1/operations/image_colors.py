"""Colours of images, by `jax_slim.preprocessing`."""

from collections.abc import Callable
from typing import Any

import numpy as np

from jax_slim.preprocessing import color
from jax_slim.tf1.graph import errors, rows
from jax_slim.tf1.operations import arrays, shape_checks


def _of_colours(op: Any) -> Any:
    """A rule: unchanged, of rank 1 at least, the last dimension is 3."""
    sizes = shape_checks.with_rank_at_least(op, 0, 1)
    if sizes is None:
        return [None]
    return [[*sizes[:-1], shape_checks.merged(op, sizes[-1], 3)]]


def _of_images(op: Any) -> Any:
    """A rule: unchanged, of rank 3 at least."""
    shape_checks.with_rank_at_least(op, 0, 3)
    return [op._inputs[0].shape]


def _changed(function: Callable[..., Any], images: Any, *others: Any) -> Any:
    """A function of `preprocessing`, which wants images, on arrays of any rank; none where there is no pixel."""
    if images.shape[-1] != 3:
        raise errors.InvalidArgumentError(
            None, None, f"input must have 3 channels but instead has {images.shape[-1]} channels."
        )
    if 0 in images.shape:
        return images
    flat = images.reshape(1, -1, 3)
    return function(flat, *others).reshape(images.shape).astype(images.dtype)


@rows.row("RGBToHSV", shape=_of_colours, gradient=rows.NONE)
def rgb_to_hsv(images):
    return _changed(color.rgb_to_hsv, images)


@rows.row("HSVToRGB", shape=_of_colours, gradient=rows.NONE)
def hsv_to_rgb(images):
    return _changed(color.hsv_to_rgb, images)


@rows.row("AdjustHue", shape=_of_images)
def adjust_hue(images, delta):
    return _changed(_in_float32(color.adjust_hue), images, _scalar(delta))


@rows.row("AdjustSaturation", shape=_of_images)
def adjust_saturation(images, scale):
    return _changed(_in_float32(color.adjust_saturation), images, _scalar(scale))


@rows.row("AdjustContrastv2", shape=_of_images)
def adjust_contrast(images, contrast_factor):
    if 0 in images.shape:
        return images
    return color.adjust_contrast(images.astype(np.float32), _scalar(contrast_factor)).astype(images.dtype)


@rows.row("AdjustContrast", shape=_of_images)
def adjust_contrast_v1(images, contrast_factor, min_value, max_value):
    adjusted = adjust_contrast(images.astype(np.float32), contrast_factor)
    return arrays.xp(adjusted).clip(adjusted, min_value, max_value)


def _in_float32(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda images, amount: function(images.astype(np.float32), amount)


def _scalar(value: Any) -> Any:
    if value.ndim:
        raise errors.InvalidArgumentError(None, None, f"A factor must be a scalar, got shape {list(value.shape)}.")
    return value
