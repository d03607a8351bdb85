"""`tf.nn`: convolutions over sequences, images and volumes, transposed ones, and morphology."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import building, conversion, graphs, shapes
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import arguments, array, math
from jax_slim.tf1.python import padding as padding_ops
from jax_slim.tf1.python.space_to_batch import WithSpaceToBatch, strides_and_rates, with_space_to_batch

_ONES = (1, 1, 1, 1)


def _padding(padding: Any) -> tuple[Any, list[int]]:
    """The padding as an attribute, and the numbers of explicit paddings."""
    if not isinstance(padding, list | tuple):
        return padding, []
    for i, pair in enumerate(padding):
        if not isinstance(pair, list | tuple):
            raise ValueError(
                f"When padding is a list, each element of padding must be a list/tuple of size 2. Element with index {i} of padding is not a list/tuple"
            )
        if len(pair) != 2:
            raise ValueError(
                f"When padding is a list, each element of padding must be a list/tuple of size 2. Element with index {i} of padding has size {len(pair)}"
            )
    if len(padding) != 4:
        raise ValueError(f"When padding is a list, it must be of size 4. Got padding of size: {len(padding)}")
    return "EXPLICIT", [int(n) for pair in padding for n in pair]


def _channel(data_format: str | None, last: int) -> int:
    return 1 if (data_format or "N").startswith("NC") else last


def conv2d(input: Any, filter: Any = None, strides: Any = None, padding: Any = None, use_cudnn_on_gpu: bool = True, data_format: str = "NHWC",
           dilations: Any = _ONES, name: str | None = None, filters: Any = None) -> Tensor:  # fmt: skip
    """Convolves images [N, H, W, C] with filters [kh, kw, C, out].

    Args:
      strides, dilations: one number, two or four.
      padding: "SAME", "VALID", or pairs for each of the four dimensions.

    Raises:
      ValueError: sizes that do not fit, another padding.
    """
    filter = arguments.either("filters", filters, "filter", filter)
    padding, explicit = _padding(padding)
    data_format = data_format or "NHWC"
    channel = _channel(data_format, 3)
    return building.make(
        "Conv2D", input, filter, strides=arguments.sequence(strides, 2, channel, "strides"), padding=padding, use_cudnn_on_gpu=use_cudnn_on_gpu,
        explicit_paddings=explicit, data_format=data_format, dilations=arguments.sequence(dilations, 2, channel, "dilations"), name=name,
    )  # fmt: skip


def conv2d_backprop_filter(input: Any, filter_sizes: Any, out_backprop: Any, strides: Any, padding: Any, use_cudnn_on_gpu: bool = True,
                           data_format: str = "NHWC", dilations: Any = _ONES, name: str | None = None) -> Tensor:  # fmt: skip
    """The gradient of `conv2d` towards its filters, of which `filter_sizes` is the shape."""
    padding, explicit = _padding(padding)
    return building.make(
        "Conv2DBackpropFilter", input, filter_sizes, out_backprop, strides=strides, padding=padding, use_cudnn_on_gpu=use_cudnn_on_gpu,
        explicit_paddings=explicit, data_format=data_format, dilations=list(dilations), name=name,
    )  # fmt: skip


def conv2d_backprop_input(input_sizes: Any, filter: Any = None, out_backprop: Any = None, strides: Any = None, padding: Any = None,
                          use_cudnn_on_gpu: bool = True, data_format: str = "NHWC", dilations: Any = _ONES, name: str | None = None,
                          filters: Any = None) -> Tensor:  # fmt: skip
    """The gradient of `conv2d` towards its inputs, of which `input_sizes` is the shape."""
    filter = arguments.either("filters", filters, "filter", filter)
    padding, explicit = _padding(padding)
    return building.make(
        "Conv2DBackpropInput", input_sizes, filter, out_backprop, strides=strides, padding=padding, use_cudnn_on_gpu=use_cudnn_on_gpu,
        explicit_paddings=explicit, data_format=data_format, dilations=list(dilations), name=name,
    )  # fmt: skip


def conv2d_transpose(value: Any = None, filter: Any = None, output_shape: Any = None, strides: Any = None, padding: str = "SAME",
                     data_format: str = "NHWC", name: str | None = None, input: Any = None, filters: Any = None, dilations: Any = None) -> Tensor:  # fmt: skip
    """Spreads each pixel over a window: the gradient of `conv2d`. Filters are [kh, kw, out, C]; `output_shape` says how large the result is."""
    value = arguments.either("input", input, "value", value)
    filter = arguments.either("filters", filters, "filter", filter)
    with graphs.name_scope(name, "conv2d_transpose", [value, filter, output_shape]) as name:
        data_format = data_format or "NHWC"
        channel = _channel(data_format, 3)
        return building.make(
            "Conv2DBackpropInput", output_shape, filter, value, strides=arguments.sequence(strides, 2, channel, "strides"), padding=padding,
            data_format=data_format, dilations=arguments.sequence(1 if dilations is None else dilations, 2, channel, "dilations"), name=name,
        )  # fmt: skip


def conv3d_transpose(value: Any, filter: Any = None, output_shape: Any = None, strides: Any = None, padding: str = "SAME", data_format: str = "NDHWC",
                     name: str | None = None, input: Any = None, filters: Any = None, dilations: Any = None) -> Tensor:  # fmt: skip
    """`conv2d_transpose` over volumes [N, D, H, W, C]."""
    value = arguments.either("input", input, "value", value)
    filter = arguments.either("filters", filters, "filter", filter)
    with graphs.name_scope(name, "conv3d_transpose", [value, filter, output_shape]) as name:
        data_format = data_format or "NDHWC"
        channel = _channel(data_format, 4)
        return building.make(
            "Conv3DBackpropInputV2", output_shape, filter, value, strides=arguments.sequence(strides, 3, channel, "strides"), padding=padding,
            data_format=data_format, dilations=arguments.sequence(1 if dilations is None else dilations, 3, channel, "dilations"), name=name,
        )  # fmt: skip


def _of_sequences(data_format: str | None) -> tuple[str, int, int]:
    """(the format for images, where their missing axis is, where channels are)."""
    if data_format in (None, "NHWC", "NWC"):
        return "NHWC", 1, 2
    if data_format in ("NCHW", "NCW"):
        return "NCHW", 2, 1
    raise ValueError('data_format must be "NWC" or "NCW".')


def conv1d_transpose(input: Any, filters: Any, output_shape: Any, strides: Any, padding: str = "SAME", data_format: str = "NWC", dilations: Any = None,
                     name: str | None = None) -> Tensor:  # fmt: skip
    """`conv2d_transpose` over sequences [N, W, C], filters [kw, out, C]."""
    with graphs.name_scope(name, "conv1d_transpose", [input, filters, output_shape]) as name:
        data_format, start, channel = _of_sequences(data_format)
        steps = [1, *arguments.sequence(strides, 1, channel, "stride")]
        rates = [1, *arguments.sequence(dilations, 1, channel, "dilations")]
        input = array.expand_dims(input, start)
        filters = array.expand_dims(filters, 0)
        sizes = list(output_shape) if not isinstance(output_shape, Tensor) else output_shape
        if isinstance(sizes, Tensor):
            from jax_slim.tf1.python import joining

            sizes = joining.concat([sizes[:start], [1], sizes[start:]], axis=0)
        else:
            sizes = [*sizes[:start], 1, *sizes[start:]]
        result = building.make(
            "Conv2DBackpropInput",
            sizes,
            filters,
            input,
            strides=steps,
            padding=padding,
            data_format=data_format,
            dilations=rates,
            name=name,
        )
        return array.squeeze(result, start)


def conv_transpose(input: Any, filters: Any, output_shape: Any, strides: Any, padding: str = "SAME", data_format: str | None = None, dilations: Any = None,
                   name: str | None = None) -> Tensor:  # fmt: skip
    """`conv1d_transpose`, `conv2d_transpose` or `conv3d_transpose`, by the length of `output_shape`."""
    with graphs.name_scope(name, "conv_transpose", [input, filter, output_shape]) as name:
        length = len(output_shape) if not isinstance(output_shape, Tensor) else output_shape.shape[0].value
        functions = {3: (conv1d_transpose, "NWC"), 4: (conv2d_transpose, "NHWC"), 5: (conv3d_transpose, "NDHWC")}
        if length not in functions:
            raise ValueError("output_shape must have a length of 3, 4 or 5.")
        function, default = functions[length]
        return function(
            input,
            filters,
            output_shape,
            strides,
            padding=padding,
            data_format=data_format or default,
            dilations=dilations,
            name=name,
        )


def conv1d(value: Any = None, filters: Any = None, stride: Any = None, padding: Any = None, use_cudnn_on_gpu: bool | None = None,
           data_format: str | None = None, name: str | None = None, input: Any = None, dilations: Any = None) -> Tensor:  # fmt: skip
    """Convolves sequences [N, W, C] with filters [kw, C, out], as images of one row."""
    value = arguments.either("input", input, "value", value)
    with graphs.name_scope(name, "conv1d", [value, filters]) as name:
        data_format, start, channel = _of_sequences(data_format)
        steps = [1, *arguments.sequence(stride, 1, channel, "stride")]
        rates = [1, *arguments.sequence(dilations, 1, channel, "dilations")]
        value = array.expand_dims(value, start)
        filters = array.expand_dims(filters, 0)
        result = building.make(
            "Conv2D",
            value,
            filters,
            strides=steps,
            padding=padding,
            use_cudnn_on_gpu=use_cudnn_on_gpu,
            data_format=data_format,
            dilations=rates,
            name=name,
        )
        return array.squeeze(result, [start])


def conv3d(input: Any, filter: Any = None, strides: Any = None, padding: Any = None, data_format: str = "NDHWC", dilations: Any = (1, 1, 1, 1, 1),
           name: str | None = None, filters: Any = None) -> Tensor:  # fmt: skip
    """Convolves volumes [N, D, H, W, C] with filters [kd, kh, kw, C, out]."""
    filter = arguments.either("filters", filters, "filter", filter)
    return building.make(
        "Conv3D",
        input,
        filter,
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilations=list(dilations),
        name=name,
    )


def conv3d_backprop_filter(input: Any, filter_sizes: Any, out_backprop: Any, strides: Any, padding: Any, data_format: str = "NDHWC",
                           dilations: Any = (1, 1, 1, 1, 1), name: str | None = None) -> Tensor:  # fmt: skip
    """The gradient of `conv3d` towards its filters, of which `filter_sizes` is the shape."""
    return building.make(
        "Conv3DBackpropFilterV2", input, filter_sizes, out_backprop, strides=strides, padding=padding, data_format=data_format, dilations=list(dilations), name=name
    )  # fmt: skip


def convolution(input: Any, filter: Any = None, padding: Any = None, strides: Any = None, dilation_rate: Any = None, name: str | None = None,
                data_format: str | None = None, filters: Any = None, dilations: Any = None) -> Tensor:  # fmt: skip
    """Convolves over 1, 2 or 3 spatial dimensions, by the rank of its arguments; strides and rates cannot both exceed 1."""
    filter = arguments.either("filters", filters, "filter", filter)
    dilation_rate = arguments.either("dilations", dilations, "dilation_rate", dilation_rate)
    with graphs.name_scope(name, "convolution", [input, filter]) as name:
        filter = conversion.convert_to_tensor(filter, name="filter")
        input = conversion.convert_to_tensor(input, name="input")
        rank = filter.shape.ndims or input.shape.ndims
        if rank is None:
            raise ValueError("rank of input or filter must be known")
        dims = rank - 2
        if not 1 <= dims <= 3:
            raise ValueError(f"num_spatial_dims (input.shape.ndims - 2) must be one of 1, 2 or 3 but saw {dims}.")
        channel = 1 if data_format is not None and data_format.startswith("NC") else dims + 1
        steps = arguments.sequence(strides, dims, channel, "strides")
        rates = arguments.sequence(dilation_rate, dims, channel, "dilations")
        if input.shape.ndims is None:
            raise ValueError("rank of input must be known")
        if all(r == 1 for r in rates):
            if dims == 1:
                return conv1d(
                    input, filter, steps, padding, data_format=data_format or "NWC", dilations=rates, name=name
                )
            kind, form = ("Conv2D", "NHWC") if dims == 2 else ("Conv3D", "NDHWC")
            return building.make(
                kind,
                input,
                filter,
                strides=list(steps),
                padding=padding,
                data_format=data_format or form,
                dilations=list(rates),
                name=name,
            )
        space = slice(2, None) if channel == 1 else slice(1, -1)
        op = Convolution(
            input.shape,
            filter.shape,
            padding,
            strides=steps[space],
            dilation_rate=rates[space],
            name=name,
            data_format=data_format,
        )
        return op(input, filter)


class Convolution:
    """`convolution` for shapes that are known beforehand: an object that is called with inputs and filters. Layers use it."""

    def __init__(self, input_shape: Any, filter_shape: Any, padding: Any, strides: Any = None, dilation_rate: Any = None, name: str | None = None,
                 data_format: str | None = None) -> None:  # fmt: skip
        input_shape, filter_shape = shapes.as_shape(input_shape), shapes.as_shape(filter_shape)
        rank = filter_shape.ndims if filter_shape.ndims is not None else input_shape.ndims
        if rank is None:
            raise ValueError("rank of input or filter must be known")
        try:
            input_shape.with_rank(rank)
        except ValueError:
            raise ValueError(f"input tensor must have rank {rank}") from None
        try:
            filter_shape.with_rank(rank)
        except ValueError:
            raise ValueError(f"filter tensor must have rank {rank}") from None
        dims = rank - 2
        first = data_format is not None and data_format.startswith("NC")
        channels = input_shape.sizes[1 if first else rank - 1] if input_shape.sizes is not None else None
        seen = filter_shape.sizes[dims] if filter_shape.sizes is not None else None
        if channels is not None and seen is not None and channels != seen:
            raise ValueError(
                f"number of input channels does not match corresponding dimension of filter, {channels} != {seen}"
            )
        self.input_shape, self.filter_shape, self.data_format, self.name, self.padding = (
            input_shape,
            filter_shape,
            data_format,
            name,
            padding,
        )
        self.strides, self.dilation_rate = strides_and_rates(dims, strides, dilation_rate)
        space = range(2, dims + 2) if first else range(1, dims + 1)
        self.conv_op = WithSpaceToBatch(
            input_shape, self.dilation_rate, padding, self._build, filter_shape, list(space), data_format
        )

    def _build(self, dims: int, padding: Any) -> Any:
        first = self.data_format is not None and self.data_format.startswith("NC")
        steps = [int(s) for s in self.strides]

        def call(inputs: Any, filters: Any) -> Tensor:
            if dims == 1:
                return conv1d(inputs, filters, steps[0], padding, data_format=self.data_format or "NWC", name=self.name)
            kind, form = ("Conv2D", "NHWC") if dims == 2 else ("Conv3D", "NDHWC")
            strides = [1, 1, *steps] if first else [1, *steps, 1]
            return building.make(
                kind,
                inputs,
                filters,
                strides=strides,
                padding=padding,
                data_format=self.data_format or form,
                name=self.name,
            )

        return call

    def __call__(self, inp: Any, filter: Any) -> Tensor:
        return self.conv_op(inp, filter)


def depthwise_conv2d_native(input: Any, filter: Any, strides: Any, padding: Any, data_format: str = "NHWC", dilations: Any = _ONES,
                            name: str | None = None) -> Tensor:  # fmt: skip
    """Convolves each channel with filters of its own, [kh, kw, C, multiplier]: one operation."""
    return building.make(
        "DepthwiseConv2dNative",
        input,
        filter,
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilations=list(dilations),
        name=name,
    )


def depthwise_conv2d_native_backprop_input(input_sizes: Any, filter: Any, out_backprop: Any, strides: Any, padding: Any, data_format: str = "NHWC",
                                           dilations: Any = _ONES, name: str | None = None) -> Tensor:  # fmt: skip
    """The gradient of `depthwise_conv2d_native` towards its inputs."""
    return building.make(
        "DepthwiseConv2dNativeBackpropInput", input_sizes, filter, out_backprop, strides=strides, padding=padding, data_format=data_format,
        dilations=list(dilations), name=name,
    )  # fmt: skip


def depthwise_conv2d_native_backprop_filter(input: Any, filter_sizes: Any, out_backprop: Any, strides: Any, padding: Any, data_format: str = "NHWC",
                                            dilations: Any = _ONES, name: str | None = None) -> Tensor:  # fmt: skip
    """The gradient of `depthwise_conv2d_native` towards its filters."""
    return building.make(
        "DepthwiseConv2dNativeBackpropFilter", input, filter_sizes, out_backprop, strides=strides, padding=padding, data_format=data_format,
        dilations=list(dilations), name=name,
    )  # fmt: skip


def depthwise_conv2d(input: Any, filter: Any, strides: Any, padding: Any, rate: Any = None, name: str | None = None, data_format: str | None = None,
                     dilations: Any = None) -> Tensor:  # fmt: skip
    """`depthwise_conv2d_native` with a rate, [rows, columns]."""
    rate = arguments.either("dilations", dilations, "rate", rate)
    with graphs.name_scope(name, "depthwise", [input, filter]) as name:
        input = conversion.convert_to_tensor(input, name="tensor_in")
        filter = conversion.convert_to_tensor(filter, name="filter_in")

        def op(inputs: Any, _: Any, padding: Any) -> Tensor:
            return depthwise_conv2d_native(inputs, filter, strides, padding, data_format or "NHWC", name=name)

        sizes = array.shape(filter)
        return with_space_to_batch(
            input, [1, 1] if rate is None else rate, padding, op, filter_shape=sizes, data_format=data_format
        )


def separable_conv2d(input: Any, depthwise_filter: Any, pointwise_filter: Any, strides: Any, padding: Any, rate: Any = None, name: str | None = None,
                     data_format: str | None = None, dilations: Any = None) -> Tensor:  # fmt: skip
    """`depthwise_conv2d`, and then `conv2d` with filters of one pixel, [1, 1, C * multiplier, out]."""
    rate = arguments.either("dilations", dilations, "rate", rate)
    with graphs.name_scope(name, "separable_conv2d", [input, depthwise_filter, pointwise_filter]) as name:
        input = conversion.convert_to_tensor(input, name="tensor_in")
        depthwise_filter = conversion.convert_to_tensor(depthwise_filter, name="depthwise_filter")
        pointwise_filter = conversion.convert_to_tensor(pointwise_filter, name="pointwise_filter")
        sizes = pointwise_filter.get_shape().with_rank(4)
        sizes.dims[0].assert_is_compatible_with(1)
        sizes.dims[1].assert_is_compatible_with(1)

        def op(inputs: Any, _: Any, padding: Any) -> Tensor:
            return depthwise_conv2d_native(
                inputs, depthwise_filter, strides, padding, data_format or "NHWC", name="depthwise"
            )

        of_depthwise = array.shape(depthwise_filter)
        depthwise = with_space_to_batch(
            input, [1, 1] if rate is None else rate, padding, op, filter_shape=of_depthwise, data_format=data_format
        )
        return conv2d(
            depthwise, pointwise_filter, [1, 1, 1, 1], padding="VALID", data_format=data_format or "NHWC", name=name
        )


def atrous_conv2d(value: Any, filters: Any, rate: int, padding: Any, name: str | None = None) -> Tensor:
    """`conv2d` whose taps are `rate` pixels apart."""
    return convolution(
        input=value, filter=filters, padding=padding, dilation_rate=np.broadcast_to(rate, (2,)), name=name
    )


def atrous_conv2d_transpose(
    value: Any, filters: Any, output_shape: Any, rate: int, padding: Any, name: str | None = None
) -> Tensor:
    """`conv2d_transpose` whose taps are `rate` pixels apart."""
    with graphs.name_scope(name, "atrous_conv2d_transpose", [value, filters, output_shape]) as name:
        value = conversion.convert_to_tensor(value, name="value")
        filters = conversion.convert_to_tensor(filters, name="filters")
        if not value.get_shape().dims[3].is_compatible_with(filters.get_shape()[3]):
            raise ValueError(
                f"value's input channels does not match filters' input channels, {value.get_shape()[3]} != {filters.get_shape()[3]}"
            )
        if rate < 1:
            raise ValueError(f"rate {rate} cannot be less than one")
        if rate == 1:
            return conv2d_transpose(
                value, filters, output_shape, strides=[1, 1, 1, 1], padding=padding, data_format="NHWC"
            )
        vector = conversion.convert_to_tensor(output_shape, name="output_shape")
        if not vector.get_shape().is_compatible_with([4]):
            raise ValueError(f"output_shape must have shape (4,), got {vector.get_shape()}")
        output_shape = list(output_shape) if isinstance(output_shape, tuple) else output_shape
        if isinstance(output_shape, list | np.ndarray) and not filters.get_shape().dims[2].is_compatible_with(
            output_shape[3]
        ):
            raise ValueError(
                f"output_shape does not match filter's output channels, {output_shape[3]} != {filters.get_shape()[2]}"
            )
        if padding == "SAME":
            whole = filters.get_shape().as_list() if filters.get_shape().is_fully_defined() else array.shape(filters)
            pads = [(whole[i] + (whole[i] - 1) * (rate - 1)) - 1 for i in range(2)]
            before = [p // 2 for p in pads]
            after = [p - b for p, b in zip(pads, before, strict=True)]
        elif padding == "VALID":
            before = after = [0, 0]
        else:
            raise ValueError(f"padding must be either VALID or SAME: {padding}")
        lengths = [output_shape[i + 1] + before[i] + after[i] for i in range(2)]
        extra = [(rate - length % rate) % rate for length in lengths]
        value = padding_ops.space_to_batch(input=value, paddings=[[0, extra[0]], [0, extra[1]]], block_size=rate)
        sizes = [
            rate * rate * output_shape[0],
            (lengths[0] + extra[0]) // rate,
            (lengths[1] + extra[1]) // rate,
            output_shape[3],
        ]
        value = building.make(
            "Conv2DBackpropInput", sizes, filters, value, strides=[1, 1, 1, 1], padding="VALID", data_format="NHWC"
        )
        crops = [[before[i], after[i] + extra[i]] for i in range(2)]
        return padding_ops.batch_to_space(input=value, crops=crops, block_size=rate)


def dilation2d(input: Any, filter: Any = None, strides: Any = None, rates: Any = None, padding: Any = None, name: str | None = None, filters: Any = None,
               dilations: Any = None) -> Tensor:  # fmt: skip
    """Grey dilation: the largest of pixel + filter in each window; filters are [kh, kw, C]."""
    filter = arguments.either("filters", filters, "filter", filter)
    rates = arguments.either("dilations", dilations, "rates", rates)
    return building.make("Dilation2D", input, filter, strides=strides, rates=rates, padding=padding, name=name)


def erosion2d(value: Any, kernel: Any, strides: Any, rates: Any, padding: Any, name: str | None = None) -> Tensor:
    """Grey erosion: the smallest of pixel - filter in each window."""
    with graphs.name_scope(name, "erosion2d", [value, kernel]) as name:
        turned, kernel = math.negative(value), array.reverse(kernel, [0, 1])
        return math.negative(
            building.make("Dilation2D", turned, kernel, strides=strides, rates=rates, padding=padding, name=name)
        )
