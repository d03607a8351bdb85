"""Pooling over windows of one, two or three spatial dimensions.

Padding never takes part: no maximum is one of a padded pixel, no average counts one.
"""

import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.kernels import choices, pool_maps
from jax_slim.kernels.layouts import Layout, Padding, Windows, layout_of, per_axis, windows_on
from jax_slim.kernels.pool_maps import Pooling


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
        lowest = -np.inf
    elif jnp.issubdtype(inputs.dtype, jnp.integer):
        lowest = int(jnp.iinfo(inputs.dtype).min)
    else:
        raise TypeError(f"max_pool: inputs must be floats or integers, got {inputs.dtype}.")
    pooling = Pooling(axes, windows, lowest)
    if choices.plain():
        return pool_maps.plain_maxima(inputs, pooling)
    if jnp.issubdtype(inputs.dtype, jnp.integer):
        return pool_maps.maxima_of(inputs, pooling=pooling)
    return _maxima(inputs, pooling)


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
    pooling = Pooling(axes, windows)
    if choices.plain():
        sums = pool_maps.plain_sums(exact, pooling)
    else:
        sums = pool_maps.sums_of(exact, pooling=pooling, lengths=tuple(inputs.shape[axis] for axis in axes.spatial))
    return (sums / _pixels_held(inputs, axes, windows).astype(exact.dtype)).astype(inputs.dtype)


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def _maxima(inputs: jax.Array, pooling: Pooling) -> jax.Array:
    return pool_maps.maxima_of(inputs, pooling=pooling)


@_maxima.defjvp
def _derivative(pooling: Pooling, primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> tuple[jax.Array, jax.Array]:
    return _maxima(*primals, pooling), pool_maps.at_maxima_of(*primals, *tangents, pooling=pooling)


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
