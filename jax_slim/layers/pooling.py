"""Pooling: the maximum or the mean of each window, channel by channel. No variables."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim import kernels
from jax_slim.core.arg_scope import add_arg_scope
from jax_slim.core.collections import NamesOfCollections, collect_named_outputs
from jax_slim.core.precision import to_compute
from jax_slim.core.program import operation
from jax_slim.core.scopes import name_scope
from jax_slim.kernels.layouts import windows_on
from jax_slim.layers import _args

_KINDS: dict[str, Callable[..., jax.Array]] = {"AVG": kernels.avg_pool, "MAX": kernels.max_pool}


@add_arg_scope
@operation
def max_pool2d(
    inputs: jax.Array,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] = 2,
    padding: str = "VALID",
    data_format: str = "NHWC",
    outputs_collections: NamesOfCollections = None,
    scope: str | None = None,
) -> jax.Array:
    """Takes the maximum of each window of images. The default stride is 2.

        net = slim.max_pool2d(net, [2, 2], scope="pool1")                      # [N, 224, 224, 64] -> [N, 112, 112, 64]
        net = slim.max_pool2d(net, 3, stride=2, padding="SAME")                # [N, 56, 56, 64]

    A window with a NaN has NaN for its maximum, so that it shows; one of nothing but -inf has -inf. (TF passes over
    NaNs, and gives the lowest finite number where nothing else is left.)

    Args:
      inputs: [N, H, W, C], or [N, C, H, W] when `data_format` is "NCHW".
      kernel_size: height and width of the windows in pixels; one int means a square.
      stride: step between windows in pixels; an int or a pair.
      padding: "VALID" takes only windows that fit; "SAME" yields ceil(H / stride) rows. Padding is never the maximum.
      data_format: "NHWC" or "NCHW".
      outputs_collections: collections that list the result, under the name of the scope.
      scope: name of the operation; by default "MaxPool2D".

    Returns:
      [N, H', W', C], or [N, C, H', W'], in the dtype of `inputs` (or that of `slim.precision`).

    Raises:
      ValueError: `inputs` is not of rank 4, a window does not fit, or an argument is out of range.
    """
    layouts = ("NHWC", "NCHW")
    return _pool_layer("max_pool2d", "MAX", "MaxPool2D", layouts, inputs, kernel_size, stride, padding, data_format,
                       outputs_collections, scope)  # fmt: skip


@add_arg_scope
@operation
def avg_pool2d(
    inputs: jax.Array,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] = 2,
    padding: str = "VALID",
    data_format: str = "NHWC",
    outputs_collections: NamesOfCollections = None,
    scope: str | None = None,
) -> jax.Array:
    """Takes the mean of each window of images. The default stride is 2.

    As `max_pool2d`, for floats only; padding is not counted in the mean. The default scope is "AvgPool2D".

        net = slim.avg_pool2d(net, [7, 7], stride=1)      # [N, 7, 7, 1024] -> [N, 1, 1, 1024]
    """
    layouts = ("NHWC", "NCHW")
    return _pool_layer("avg_pool2d", "AVG", "AvgPool2D", layouts, inputs, kernel_size, stride, padding, data_format,
                       outputs_collections, scope)  # fmt: skip


@add_arg_scope
@operation
def max_pool3d(
    inputs: jax.Array,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] = 2,
    padding: str = "VALID",
    data_format: str = "NDHWC",
    outputs_collections: NamesOfCollections = None,
    scope: str | None = None,
) -> jax.Array:
    """Takes the maximum of each window of volumes, or of images over time. The default stride is 2.

    As `max_pool2d`, over three axes: [N, D, H, W, C], or [N, C, D, H, W] when `data_format` is "NCDHW". The default
    scope is "MaxPool3D".

        net = slim.max_pool3d(net, [1, 3, 3], stride=[1, 2, 2])      # [N, 16, 57, 57, 64] -> [N, 16, 28, 28, 64]
    """
    layouts = ("NDHWC", "NCDHW")
    return _pool_layer("max_pool3d", "MAX", "MaxPool3D", layouts, inputs, kernel_size, stride, padding, data_format,
                       outputs_collections, scope)  # fmt: skip


@add_arg_scope
@operation
def avg_pool3d(
    inputs: jax.Array,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] = 2,
    padding: str = "VALID",
    data_format: str = "NDHWC",
    outputs_collections: NamesOfCollections = None,
    scope: str | None = None,
) -> jax.Array:
    """Takes the mean of each window of volumes, or of images over time. The default stride is 2.

    As `max_pool3d`, for floats only; padding is not counted in the mean. The default scope is "AvgPool3D".

        net = slim.avg_pool3d(net, [2, 7, 7], stride=1)      # [N, 2, 7, 7, 1024] -> [N, 1, 1, 1, 1024]
    """
    layouts = ("NDHWC", "NCDHW")
    return _pool_layer("avg_pool3d", "AVG", "AvgPool3D", layouts, inputs, kernel_size, stride, padding, data_format,
                       outputs_collections, scope)  # fmt: skip


@add_arg_scope
@operation
def pool(
    inputs: jax.Array,
    kernel_size: int | Sequence[int],
    pooling_type: str,
    padding: str = "VALID",
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
    stride: int | Sequence[int] = 1,
    outputs_collections: NamesOfCollections = None,
    scope: str | None = None,
) -> jax.Array:
    """Takes the maximum or the mean of each window of sequences, images or volumes. The default stride is 1.

        slim.pool(sound, 4, "AVG", stride=4)                 # [N, 16000, 8] -> [N, 4000, 8]
        slim.pool(images, [3, 3], "MAX", dilation_rate=2)    # [N, 28, 28, 8] -> [N, 24, 24, 8]

    Args:
      inputs: [N, W, C], [N, H, W, C] or [N, D, H, W, C]; with C behind N when `data_format` says so. Floats; for "MAX"
        also integers.
      kernel_size: the windows' lengths in pixels: an int, or one for each spatial axis.
      pooling_type: "AVG" or "MAX".
      padding: "VALID" or "SAME". Padding does not count.
      data_format: "NWC", "NCW", "NHWC", "NCHW", "NDHWC" or "NCDHW", of the rank of `inputs`; None: channels last.
      dilation_rate: distance between the pixels of a window; an int, or one for each spatial axis. Above 1 only with
        padding "VALID" and stride 1.
      stride: step between windows in pixels, no longer than the windows; an int, or one for each spatial axis.
      outputs_collections: collections that list the result, under the name of the scope.
      scope: name of the operation; by default "avg_pool" or "max_pool".

    Returns:
      Of the same rank and layout as `inputs`.

    Raises:
      ValueError: the rank is not 3, 4 or 5, or an argument is out of range.
    """
    function = "pool"
    _args.choice(function, "pooling_type", pooling_type, tuple(_KINDS))
    inputs = jnp.asarray(inputs)
    layouts = {3: ("NWC", "NCW"), 4: ("NHWC", "NCHW"), 5: ("NDHWC", "NCDHW")}.get(inputs.ndim)
    if layouts is None:
        raise ValueError(f"{function}: inputs must have rank 3, 4 or 5, got shape {inputs.shape}.")
    axes = inputs.ndim - 2
    window = _args.sizes(function, "kernel_size", kernel_size, axes)
    strides = _args.sizes(function, "stride", stride, axes)
    rates = _args.sizes(function, "dilation_rate", dilation_rate, axes)
    if any(step > size for step, size in zip(strides, window, strict=True)):
        raise ValueError(f"{function}: stride must be no longer than the windows {window}, got {stride!r}.")
    if max(rates) > 1 and max(strides) > 1:
        raise ValueError(f"{function}: stride={stride} with dilation_rate={dilation_rate}: one of the two must be 1.")
    if max(rates) > 1 and _args.same_or_valid(function, padding) == "SAME":
        raise ValueError(f"{function}: padding must be 'VALID' with a dilation_rate above 1, got {padding!r}.")
    data_format = layouts[0] if data_format is None else data_format
    default_scope = f"{pooling_type.lower()}_pool"
    return _pool_layer(function, pooling_type, default_scope, layouts, inputs, window, strides, padding, data_format,
                       outputs_collections, scope, rates)  # fmt: skip


def _pool_layer(
    function: str,
    kind: str,
    default_scope: str,
    layouts: Sequence[str],
    inputs: jax.Array,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int],
    padding: str,
    data_format: str,
    outputs_collections: NamesOfCollections,
    scope: str | None,
    rates: Any = 1,
) -> jax.Array:
    """What all of them have in common."""
    layout = _args.choice(function, "data_format", data_format, layouts)
    inputs = _args.floats(function, inputs) if kind == "AVG" else jnp.asarray(inputs)
    _args.rank(function, inputs, layout)
    axes = len(layout) - 2
    window = _args.sizes(function, "kernel_size", kernel_size, axes)
    strides = _args.sizes(function, "stride", stride, axes)
    padding = _args.same_or_valid(function, padding)
    space = layout.replace("N", "").replace("C", "")
    windows_on(function, [inputs.shape[layout.index(axis)] for axis in space], window, strides, padding, rates)
    with name_scope(scope, default_scope, [inputs]) as sc:
        outputs = _KINDS[kind](to_compute(inputs), window, strides, padding, rates, layout)
        return collect_named_outputs(outputs_collections, sc, outputs)
