"""`tf.nn`: pooling."""

from collections.abc import Callable
from typing import Any

import numpy as np

from jax_slim.tf1.graph import building, conversion, dtypes, graphs
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import arguments, array
from jax_slim.tf1.python.space_to_batch import strides_and_rates, with_space_to_batch


def _pooled(
    type: str,
    scope: str,
    dims: int,
    value: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str | None,
    name: str | None,
) -> Tensor:
    with graphs.name_scope(name, scope, [value]) as name:
        data_format = data_format or ("NHWC" if dims == 2 else "NDHWC")
        channel = 1 if data_format.startswith("NC") else dims + 1
        ksize = arguments.sequence(ksize, dims, channel, "ksize")
        strides = arguments.sequence(strides, dims, channel, "strides")
        return building.make(
            type, value, ksize=ksize, strides=strides, padding=padding, data_format=data_format, name=name
        )


def max_pool(
    value: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    name: str | None = None,
    input: Any = None,
) -> Tensor:
    """The maximum of each window of images [N, H, W, C].

    Args:
      ksize, strides: one number, two or four.
      padding: "SAME" or "VALID"; padding is never the maximum.
    """
    return _pooled(
        "MaxPool",
        "MaxPool",
        2,
        arguments.either("input", input, "value", value),
        ksize,
        strides,
        padding,
        data_format,
        name,
    )


def avg_pool(
    value: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    name: str | None = None,
    input: Any = None,
) -> Tensor:
    """The mean of each window of images [N, H, W, C]; padding is not counted."""
    return _pooled(
        "AvgPool",
        "AvgPool",
        2,
        arguments.either("input", input, "value", value),
        ksize,
        strides,
        padding,
        data_format,
        name,
    )


def max_pool2d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NHWC", name: str | None = None
) -> Tensor:
    """`max_pool`."""
    return _pooled("MaxPool", "MaxPool2d", 2, input, ksize, strides, padding, data_format, name)


def max_pool3d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NDHWC", name: str | None = None
) -> Tensor:
    """`max_pool` over volumes [N, D, H, W, C]."""
    return _pooled("MaxPool3D", "MaxPool3D", 3, input, ksize, strides, padding, data_format, name)


def avg_pool3d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NDHWC", name: str | None = None
) -> Tensor:
    """`avg_pool` over volumes [N, D, H, W, C]."""
    return _pooled("AvgPool3D", "AvgPool3D", 3, input, ksize, strides, padding, data_format, name)


def _of_sequences(
    type: str, scope: str, input: Any, ksize: Any, strides: Any, padding: Any, data_format: str, name: str | None
) -> Tensor:
    with graphs.name_scope(name, scope, [input]) as name:
        data_format = data_format or "NWC"
        first = data_format.startswith("NC")
        ksize = [1, *arguments.sequence(ksize, 1, 1 if first else 2, "ksize")]
        strides = [1, *arguments.sequence(strides, 1, 1 if first else 2, "strides")]
        axis = 2 if first else 1
        whole = array.expand_dims(input, axis)
        result = building.make(
            type,
            whole,
            ksize=ksize,
            strides=strides,
            padding=padding,
            data_format="NCHW" if first else "NHWC",
            name=name,
        )
        return array.squeeze(result, axis)


def max_pool1d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NWC", name: str | None = None
) -> Tensor:
    """`max_pool` over sequences [N, W, C]."""
    return _of_sequences("MaxPool", "MaxPool1d", input, ksize, strides, padding, data_format, name)


def avg_pool1d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NWC", name: str | None = None
) -> Tensor:
    """`avg_pool` over sequences [N, W, C]."""
    return _of_sequences("AvgPool", "AvgPool1D", input, ksize, strides, padding, data_format, name)


def max_pool_with_argmax(input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NHWC", Targmax: Any = None, name: str | None = None,
                         output_dtype: Any = None, include_batch_in_index: bool = False) -> tuple[Tensor, Tensor]:  # fmt: skip
    """(the maximum of each window, where it was: (y * W + x) * C + c within the image, or within the batch)."""
    if data_format != "NHWC":
        raise ValueError("Data formats other than 'NHWC' are not yet supported")
    kind = arguments.either("output_dtype", output_dtype, "Targmax", Targmax)
    return building.make(
        "MaxPoolWithArgmax", input, ksize=ksize, strides=strides, padding=padding, Targmax=dtypes.int64 if kind is None else kind,
        include_batch_in_index=include_batch_in_index, name=name,
    )  # fmt: skip


_FUNCTIONS: dict[tuple[str, int], Callable[..., Tensor]] = {
    ("MAX", 1): max_pool, ("MAX", 2): max_pool, ("MAX", 3): max_pool3d, ("AVG", 1): avg_pool, ("AVG", 2): avg_pool, ("AVG", 3): avg_pool3d,
}  # fmt: skip


def pool(input: Any, window_shape: Any, pooling_type: str, padding: Any, dilation_rate: Any = None, strides: Any = None, name: str | None = None,
         data_format: str | None = None, dilations: Any = None) -> Tensor:  # fmt: skip
    """Pools over 1, 2 or 3 spatial dimensions, by the length of `window_shape`; `pooling_type` is "MAX" or "AVG"."""
    dilation_rate = arguments.either("dilations", dilations, "dilation_rate", dilation_rate)
    with graphs.name_scope(
        name, f"{pooling_type.lower()}_pool", [input, window_shape, strides, dilation_rate]
    ) as scope:
        input = conversion.convert_to_tensor(input, name="input")
        dims = len(window_shape)
        if not 1 <= dims <= 3:
            raise ValueError("It is required that 1 <= num_spatial_dims <= 3.")
        input.get_shape().with_rank(dims + 2)
        steps, rates = strides_and_rates(dims, strides, dilation_rate)
        if padding == "SAME" and np.any(rates > 1):
            raise ValueError("pooling with SAME padding is not implemented for dilation_rate > 1")
        if np.any(steps > np.asarray(window_shape)):
            raise ValueError(
                "strides > window_shape not supported due to inconsistency between CPU and GPU implementations"
            )
        function = _FUNCTIONS.get((pooling_type, dims))
        if function is None:
            raise ValueError(f"{dims}-D {pooling_type} pooling is not supported.")
        first = data_format is not None and data_format.startswith("NC")
        around = lambda values: [1, 1, *map(int, values)] if first else [1, *map(int, values), 1]  # noqa: E731
        window, step = around(window_shape), around(steps)
        spatial = list(range(2, dims + 2) if first else range(1, dims + 1))
        form = data_format
        if dims == 1:
            if data_format not in (None, "NWC", "NCW"):
                raise ValueError("data_format must be either 'NWC' or 'NCW'.")
            form = "NCHW" if data_format == "NCW" else "NHWC"
            window, step = [1, *window], [1, *step]

        def op(images: Any, _: Any, padding: Any) -> Tensor:
            if dims == 1:
                images = array.expand_dims(images, spatial[0])
            result = function(images, window, step, padding, name=scope, data_format=form)
            return array.squeeze(result, [spatial[0]]) if dims == 1 else result

        return with_space_to_batch(input, rates, padding, op, filter_shape=window_shape, spatial_dims=spatial)


def _fractional(
    type: str,
    value: Any,
    pooling_ratio: Any,
    pseudo_random: bool,
    overlapping: bool,
    deterministic: bool,
    seed: int,
    seed2: int,
    name: str | None,
) -> Any:
    return building.make(
        type, value, pooling_ratio=pooling_ratio, pseudo_random=pseudo_random, overlapping=overlapping, deterministic=deterministic, seed=seed, seed2=seed2, name=name
    )  # fmt: skip


def fractional_max_pool(value: Any, pooling_ratio: Any, pseudo_random: bool = False, overlapping: bool = False, deterministic: bool = False, seed: int = 0,
                        seed2: int = 0, name: str | None = None) -> Any:  # fmt: skip
    """(maxima, rows where windows begin, columns where they do): windows of random sizes that make images smaller by `pooling_ratio`."""
    return _fractional(
        "FractionalMaxPool", value, pooling_ratio, pseudo_random, overlapping, deterministic, seed, seed2, name
    )


def fractional_avg_pool(value: Any, pooling_ratio: Any, pseudo_random: bool = False, overlapping: bool = False, deterministic: bool = False, seed: int = 0,
                        seed2: int = 0, name: str | None = None) -> Any:  # fmt: skip
    """`fractional_max_pool` with means."""
    return _fractional(
        "FractionalAvgPool", value, pooling_ratio, pseudo_random, overlapping, deterministic, seed, seed2, name
    )
