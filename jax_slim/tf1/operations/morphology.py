"""Windows as such: dilation of images, and patches cut out of images and volumes."""

import itertools
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.kernels.layouts import windows_on
from jax_slim.tf1.graph import errors, rows
from jax_slim.tf1.operations import shape_checks, shape_rules


def _views(
    inputs: Any, sizes: Any, strides: Any, rates: Any, padding: bytes, fill: Any
) -> Iterator[tuple[tuple[int, ...], Any]]:
    """For each tap of a window, its place and the pixels that it sees: [N, windows..., C]."""
    lengths = inputs.shape[1:-1]
    try:
        windows = windows_on("windows", lengths, sizes, strides, padding.decode(), rates)
    except ValueError as error:
        raise errors.InvalidArgumentError(None, None, str(error)) from None
    counts = windows.count(lengths)
    padded = jnp.pad(inputs, [(0, 0), *windows.padding, (0, 0)], constant_values=fill)
    for tap in itertools.product(*map(range, sizes)):
        cut = [slice(t * r, t * r + (n - 1) * s + 1, s) for t, r, n, s in zip(tap, rates, counts, strides, strict=True)]
        yield tap, padded[(slice(None), *cut, slice(None))]


def _dilation_shape(op: Any) -> Any:
    inputs, weights = shape_checks.with_rank(op, 0, 4), shape_checks.with_rank(op, 1, 3)
    strides, rates = op.attrs["strides"], op.attrs["rates"]
    channels = shape_checks.merged(op, inputs[3], weights[2])
    if None in (*inputs[1:3], *weights[:2]):
        return [[inputs[0], None, None, channels]]
    counts = [
        shape_checks.windows(op, inputs[a], weights[a - 1], strides[a], op.attrs["padding"], rates[a]) for a in (1, 2)
    ]
    return [[inputs[0], *counts, channels]]


@rows.row("Dilation2D", shape=_dilation_shape, numpy=False)
def dilation2d(input, filter, *, strides, rates, padding):
    inputs, weights = jnp.asarray(input), jnp.asarray(filter)
    floats = jnp.issubdtype(inputs.dtype, jnp.floating)
    lowest = -np.inf if floats else jnp.iinfo(inputs.dtype).min
    taps = [
        seen + weights[tap]
        for tap, seen in _views(inputs, weights.shape[:2], strides[1:3], rates[1:3], padding, lowest)
    ]
    whole = jnp.stack(taps)
    first = jnp.argmax(whole, axis=0, keepdims=True)  # one tap has the gradient: the first
    return jnp.take_along_axis(whole, first, axis=0)[0]


@rows.row("Dilation2DBackpropInput", shape=lambda op: [op._inputs[0].shape], numpy=False)
def dilation2d_backprop_input(input, filter, out_backprop, *, strides, rates, padding):
    function = lambda x: dilation2d(x, filter, strides=strides, rates=rates, padding=padding)  # noqa: E731
    return jax.vjp(function, jnp.asarray(input))[1](jnp.asarray(out_backprop))[0]


@rows.row("Dilation2DBackpropFilter", shape=lambda op: [op._inputs[1].shape], numpy=False)
def dilation2d_backprop_filter(input, filter, out_backprop, *, strides, rates, padding):
    function = lambda w: dilation2d(input, w, strides=strides, rates=rates, padding=padding)  # noqa: E731
    return jax.vjp(function, jnp.asarray(filter))[1](jnp.asarray(out_backprop))[0]


def _patches_shape(op: Any) -> Any:
    rank = 5 if op.type == "ExtractVolumePatches" else 4
    inputs = shape_checks.with_rank(op, 0, rank)
    ksizes, strides, rates = op.attrs["ksizes"], op.attrs["strides"], op.attrs.get("rates") or [1] * rank
    for name, values in (("ksizes", ksizes), ("strides", strides), ("rates", rates)):
        if len(values) != rank:
            shape_rules.refuse(op, f"{name} attribute must contain {rank} values, but got: {len(values)}")
    if None in inputs[1:-1]:
        counts = [None] * (rank - 2)
    else:
        counts = [
            shape_checks.windows(op, inputs[a], ksizes[a], strides[a], op.attrs["padding"], rates[a])
            for a in range(1, rank - 1)
        ]
    channels = None if inputs[-1] is None else inputs[-1] * int(np.prod(ksizes[1:-1]))
    return [[inputs[0], *counts, channels]]


@rows.row("ExtractImagePatches", shape=_patches_shape, numpy=False)
def extract_image_patches(images, *, ksizes, strides, rates, padding):
    images = jnp.asarray(images)
    _only_over_space(ksizes, strides, rates)
    views = [
        seen
        for _, seen in _views(images, ksizes[1:-1], strides[1:-1], rates[1:-1], padding, np.zeros((), images.dtype))
    ]
    return jnp.concatenate(views, -1)


@rows.row("ExtractVolumePatches", shape=_patches_shape, numpy=False)
def extract_volume_patches(input, *, ksizes, strides, padding):
    images = jnp.asarray(input)
    _only_over_space(ksizes, strides)
    views = [
        seen
        for _, seen in _views(
            images, ksizes[1:-1], strides[1:-1], [1] * (len(ksizes) - 2), padding, np.zeros((), images.dtype)
        )
    ]
    return jnp.concatenate(views, -1)


def _only_over_space(*settings: Any) -> None:
    if any(values[0] != 1 or values[-1] != 1 for values in settings):
        raise errors.UnimplementedError(
            None, None, "Only support ksizes, strides and rates of 1 across the batch and the depth."
        )
