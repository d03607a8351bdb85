"""Pooling over windows of one, two or three spatial dimensions.

Padding never takes part: no maximum is one of a padded pixel, no average counts one.
"""

import itertools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jax_slim.kernels.layouts import Layout, Padding, Windows, layout_of, per_axis, windows_on


def max_pool(
    inputs: jax.Array,
    window: int | Sequence[int],
    strides: int | Sequence[int] = 1,
    padding: Padding = "VALID",
    rate: int | Sequence[int] = 1,
    layout: str = "NHWC",
) -> jax.Array:
    """Takes the maximum over each window, channel by channel.

    The gradient goes to the first pixel, row by row, that holds the maximum. NaN in a window makes NaN.

    Args:
      inputs: floats or integers [N, H, W, C], or as `layout` says.
      window: height and width of a window; one number for a square.
      strides: step between windows.
      padding: "SAME", "VALID" or [(top, bottom), (left, right)], each smaller than the window. "SAME" is refused where
        `rate` exceeds 1, as TF refuses it: some windows would hold no pixel.
      rate: distance between the taps of a window.
      layout: "NWC", "NCW", "NHWC", "NCHW", "NDHWC" or "NCDHW".

    Returns:
      [N, H', W', C], or as `layout` says, in the dtype of `inputs`.
    """
    axes, windows = _lay("max_pool", inputs, window, strides, padding, rate, layout)
    if jnp.issubdtype(inputs.dtype, jnp.floating):
        lowest = np.asarray(-np.inf, inputs.dtype)
    elif jnp.issubdtype(inputs.dtype, jnp.integer):
        lowest = np.asarray(jnp.iinfo(inputs.dtype).min, inputs.dtype)
    else:
        raise TypeError(f"max_pool: inputs must be floats or integers, got {inputs.dtype}.")
    if max(windows.rates) > 1:
        return _dilated_max(inputs, axes, windows, lowest)
    return lax.reduce_window(
        inputs,
        lowest,
        lax.max,
        axes.over_space(windows.sizes, 1),
        axes.over_space(windows.strides, 1),
        axes.over_space(windows.padding, (0, 0)),
    )


def avg_pool(
    inputs: jax.Array,
    window: int | Sequence[int],
    strides: int | Sequence[int] = 1,
    padding: Padding = "VALID",
    rate: int | Sequence[int] = 1,
    layout: str = "NHWC",
) -> jax.Array:
    """Averages each window, channel by channel, over the pixels that it holds: padding is not counted.

    Sums float16 and bfloat16 in float32. Args, Returns: as `max_pool`, but floats only.
    """
    axes, windows = _lay("avg_pool", inputs, window, strides, padding, rate, layout)
    if not jnp.issubdtype(inputs.dtype, jnp.floating):
        raise TypeError(f"avg_pool: inputs must be floats, got {inputs.dtype}.")
    exact = inputs.astype(jnp.promote_types(inputs.dtype, jnp.float32))
    sums = lax.reduce_window(
        exact,
        np.zeros((), exact.dtype),
        lax.add,
        axes.over_space(windows.sizes, 1),
        axes.over_space(windows.strides, 1),
        axes.over_space(windows.padding, (0, 0)),
        window_dilation=axes.over_space(windows.rates, 1),
    )
    return (sums / _pixels_held(inputs, axes, windows).astype(exact.dtype)).astype(inputs.dtype)


def _lay(
    function: str,
    inputs: jax.Array,
    window: int | Sequence[int],
    strides: int | Sequence[int],
    padding: Padding,
    rate: int | Sequence[int],
    layout: str,
) -> tuple[Layout, Windows]:
    axes = layout_of(function, inputs, layout)
    sizes = per_axis(function, "window", window, len(axes.spatial))
    windows = windows_on(function, [inputs.shape[axis] for axis in axes.spatial], sizes, strides, padding, rate)
    padded = padding.upper() == "SAME" if isinstance(padding, str) else any(map(any, windows.padding))
    if max(windows.rates) > 1 and padded:
        # A window whose taps are apart can miss every pixel: it would have no maximum and no average.
        raise ValueError(f"{function}: padding must be 'VALID' when rate exceeds 1, got {padding!r} with rate {rate}.")
    if any(max(pair) >= size for pair, size in zip(windows.padding, sizes, strict=True)):
        raise ValueError(f"{function}: padding must be smaller than the window {sizes}, got {padding!r}.")
    return axes, windows


def _pixels_held(inputs: jax.Array, axes: Layout, windows: Windows) -> np.ndarray:
    """How many pixels, not padding, each window holds: an array that broadcasts against the result."""
    lengths = [inputs.shape[axis] for axis in axes.spatial]
    held = np.ones((1,) * inputs.ndim, np.int64)
    for i, (axis, count) in enumerate(zip(axes.spatial, windows.count(lengths), strict=True)):
        starts = np.arange(count) * windows.strides[i] - windows.padding[i][0]
        taps = starts[:, None] + np.arange(windows.sizes[i]) * windows.rates[i]
        along = ((taps >= 0) & (taps < lengths[i])).sum(1)
        if (along == along[0]).all():
            along = along[:1]  # a scalar is cheaper to divide by
        held = held * along.reshape([-1 if a == axis else 1 for a in range(inputs.ndim)])
    return held


def _dilated_max(inputs: jax.Array, axes: Layout, windows: Windows, lowest: np.ndarray) -> jax.Array:
    """The maximum where `lax.reduce_window` has no gradient: over the taps, side by side on a new axis."""
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
