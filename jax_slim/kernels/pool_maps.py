"""Pooling as linear maps: what each window takes from its pixels, and the way back.

A sum is one by itself. A maximum is one once it is known which pixel of each window holds it.
"""

import dataclasses
import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jax_slim.kernels import choices, pooling_forms
from jax_slim.kernels.layouts import Layout, Windows, from_last, to_last
from jax_slim.kernels.linear_maps import LinearMap, varying_as
from jax_slim.kernels.ordering import in_order


@dataclasses.dataclass(frozen=True)
class Pooling:
    """Where the windows lie on arrays of which layout; `lowest` is the value that no maximum is below."""

    layout: Layout
    windows: Windows
    lowest: float | int = 0

    def least(self, dtype: Any) -> np.ndarray:
        return np.asarray(self.lowest, dtype)


def plain_maxima(inputs: jax.Array, pooling: Pooling) -> jax.Array:
    """The maximum of each window, as `lax` has it."""
    axes, windows = pooling.layout, pooling.windows
    if max(windows.rates) > 1:
        return _dilated_maxima(inputs, pooling)
    return lax.reduce_window(
        inputs,
        pooling.least(inputs.dtype),
        lax.max,
        axes.over_space(windows.sizes, 1),
        axes.over_space(windows.strides, 1),
        axes.over_space(windows.padding, (0, 0)),
    )


def plain_sums(inputs: jax.Array, pooling: Pooling, lengths: tuple[int, ...] = ()) -> jax.Array:
    """The sum of each window, as `lax` has it."""
    axes, windows = pooling.layout, pooling.windows
    return lax.reduce_window(
        inputs,
        np.zeros((), inputs.dtype),
        lax.add,
        axes.over_space(windows.sizes, 1),
        axes.over_space(windows.strides, 1),
        axes.over_space(windows.padding, (0, 0)),
        window_dilation=axes.over_space(windows.rates, 1),
    )


def _plain_at_maxima(inputs: jax.Array, values: jax.Array, pooling: Pooling) -> jax.Array:
    return jax.jvp(lambda x: plain_maxima(x, pooling), (inputs,), (values,))[1]


def _plain_to_maxima(inputs: jax.Array, outputs: jax.Array, pooling: Pooling) -> jax.Array:
    return jax.vjp(lambda x: plain_maxima(x, pooling), inputs)[1](outputs)[0]


def _plain_spread_sums(outputs: jax.Array, pooling: Pooling, lengths: tuple[int, ...]) -> jax.Array:
    shape = list(outputs.shape)
    for axis, length in zip(pooling.layout.spatial, lengths, strict=True):
        shape[axis] = length
    inputs = varying_as(jnp.zeros(shape, outputs.dtype), outputs)
    return jax.linear_transpose(lambda x: plain_sums(x, pooling), inputs)(outputs)[0]


def _dilated_maxima(inputs: jax.Array, pooling: Pooling) -> jax.Array:
    """The maximum where `lax.reduce_window` has no gradient: over the taps, side by side on a new axis."""
    axes, windows = pooling.layout, pooling.windows
    counts = windows.count([inputs.shape[axis] for axis in axes.spatial])
    spans = [(count - 1) * stride + 1 for count, stride in zip(counts, windows.strides, strict=True)]
    taps = []
    for offsets in itertools.product(*map(range, windows.sizes)):
        starts = [offset * rate for offset, rate in zip(offsets, windows.rates, strict=True)]
        ends = [start + span for start, span in zip(starts, spans, strict=True)]
        cut = map(slice, starts, ends, windows.strides)
        taps.append(inputs[axes.over_space(list(cut), slice(None))])
    side_by_side = jnp.stack(taps)
    first = jnp.argmax(side_by_side, axis=0, keepdims=True)  # the first maximum, or NaN: one tap gets the gradient
    return jnp.take_along_axis(side_by_side, first, axis=0)[0]


def _maxima_on_cpu(inputs: jax.Array, pooling: Pooling) -> jax.Array:
    if not choices.taps_for_maxima(inputs.shape, pooling.windows):
        return plain_maxima(inputs, pooling)
    found = pooling_forms.maxima(to_last(inputs, pooling.layout), pooling.windows, pooling.least(inputs.dtype))
    return from_last(found, pooling.layout)


def _at_maxima_on_cpu(inputs: jax.Array, values: jax.Array, pooling: Pooling) -> jax.Array:
    axes, windows = pooling.layout, pooling.windows
    if not choices.taps_for_maxima(inputs.shape, windows):
        return _plain_at_maxima(inputs, values, pooling)
    least = pooling.least(inputs.dtype)
    return from_last(pooling_forms.at_maxima(to_last(inputs, axes), to_last(values, axes), windows, least), axes)


def _to_maxima_on_cpu(inputs: jax.Array, outputs: jax.Array, pooling: Pooling) -> jax.Array:
    axes, windows = pooling.layout, pooling.windows
    if not choices.taps_for_maxima(inputs.shape, windows):
        return _plain_to_maxima(inputs, outputs, pooling)
    if any(map(any, windows.padding)):
        inputs = in_order(inputs, outputs)  # else those that are padded on the way forward are kept besides
    least = pooling.least(inputs.dtype)
    return from_last(pooling_forms.to_maxima(to_last(inputs, axes), to_last(outputs, axes), windows, least), axes)


def _sums_on_cpu(inputs: jax.Array, pooling: Pooling, lengths: tuple[int, ...]) -> jax.Array:
    axes, windows = pooling.layout, pooling.windows
    if not choices.taps_for_sums(inputs.shape, windows):
        return plain_sums(inputs, pooling)
    return from_last(pooling_forms.sums(to_last(inputs, axes), windows), axes)


def _spread_sums_on_cpu(outputs: jax.Array, pooling: Pooling, lengths: tuple[int, ...]) -> jax.Array:
    axes, windows = pooling.layout, pooling.windows
    if not choices.taps_for_sums(outputs.shape, windows):
        return _plain_spread_sums(outputs, pooling, lengths)
    return from_last(pooling_forms.spread_sums(to_last(outputs, axes), lengths, windows), axes)


def _fold_examples(arrays: Any, axes: Any, over: Any) -> Any:
    """Arrays that are all mapped are larger batches."""
    if any(axis is None for axis in axes):
        return None
    fronts = [jnp.moveaxis(array, axis, 0) for array, axis in zip(arrays, axes, strict=True)]
    result = over(*(front.reshape(-1, *front.shape[2:]) for front in fronts))
    return result.reshape(*fronts[0].shape[:2], *result.shape[1:]), 0


maxima_of = LinearMap(
    "slim_max_pool",
    plain_maxima,
    _maxima_on_cpu,
    {},
    lambda arrays, axes, **kw: _fold_examples(arrays, axes, lambda x: maxima_of(x, **kw)),
)
at_maxima_of = LinearMap(
    "slim_at_maxima",
    _plain_at_maxima,
    _at_maxima_on_cpu,
    {1: lambda outputs, inputs, _, pooling: to_maxima_of(inputs, outputs, pooling=pooling)},
    lambda arrays, axes, **kw: _fold_examples(arrays, axes, lambda x, dx: at_maxima_of(x, dx, **kw)),
)
to_maxima_of = LinearMap(
    "slim_to_maxima",
    _plain_to_maxima,
    _to_maxima_on_cpu,
    {1: lambda values, inputs, _, pooling: at_maxima_of(inputs, values, pooling=pooling)},
    lambda arrays, axes, **kw: _fold_examples(arrays, axes, lambda x, dy: to_maxima_of(x, dy, **kw)),
)
sums_of = LinearMap(
    "slim_sum_pool",
    plain_sums,
    _sums_on_cpu,
    {0: lambda outputs, _, **kw: spread_sums_of(outputs, **kw)},
    lambda arrays, axes, **kw: _fold_examples(arrays, axes, lambda x: sums_of(x, **kw)),
)
spread_sums_of = LinearMap(
    "slim_spread_sums",
    _plain_spread_sums,
    _spread_sums_on_cpu,
    {0: lambda inputs, _, **kw: sums_of(inputs, **kw)},
    lambda arrays, axes, **kw: _fold_examples(arrays, axes, lambda y: spread_sums_of(y, **kw)),
)
