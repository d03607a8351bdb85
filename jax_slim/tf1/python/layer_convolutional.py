"""`tf.layers.Conv1D`, `Conv2D`, `Conv3D` and the functions that make and call them."""

from typing import Any

from jax_slim.tf1.graph import building, shapes
from jax_slim.tf1.python import initializers, nn_convolutions
from jax_slim.tf1.python.layer_base import InputSpec, Layer
from jax_slim.tf1.python.layer_core import activation_of, constraint_of


def normalized_tuple(value: Any, count: int, name: str) -> tuple[int, ...]:
    """A number for every axis, or one for each.

    Raises:
      ValueError: it is neither.
    """
    if isinstance(value, int):
        return (value,) * count
    try:
        found = tuple(value)
    except TypeError:
        raise ValueError(f"The `{name}` argument must be a tuple of {count} integers. Received: {value}") from None
    if len(found) != count:
        raise ValueError(f"The `{name}` argument must be a tuple of {count} integers. Received: {value}")
    for single in found:
        try:
            int(single)
        except (ValueError, TypeError):
            raise ValueError(
                f"The `{name}` argument must be a tuple of {count} integers. Received: {value} including element {single} of type {type(single)}"
            ) from None
    return tuple(int(v) for v in found)


def normalized_padding(value: Any) -> str:
    """'valid', 'same' or 'causal', from upper or lower case.

    Raises:
      ValueError: it is none of them.
    """
    padding = value.lower()
    if padding not in {"valid", "same", "causal"}:
        raise ValueError(
            f'The `padding` argument must be a list/tuple or one of "valid", "same" (or "causal", only for `Conv1D`). Received: {padding}'
        )
    return padding


def normalized_data_format(value: Any) -> str:
    """'channels_first' or 'channels_last'.

    Raises:
      ValueError: it is neither.
    """
    found = "channels_last" if value is None else value.lower()
    if found not in {"channels_first", "channels_last"}:
        raise ValueError(
            f'The `data_format` argument must be one of "channels_first", "channels_last". Received: {value}'
        )
    return found


def tf_data_format(data_format: str, ndim: int) -> str:
    """'NHWC' or the like."""
    letters = {3: "W", 4: "HW", 5: "DHW"}[ndim]
    return f"N{letters}C" if data_format == "channels_last" else f"NC{letters}"


def output_length(length: int | None, size: int, padding: str, stride: int, dilation: int = 1) -> int | None:
    """How long an axis is after a convolution or pooling."""
    if length is None:
        return None
    size = size + (size - 1) * (dilation - 1)
    length = length if padding in ("same", "causal") else length - size + 1
    return (length + stride - 1) // stride


class Conv(Layer):
    """A convolution over `rank` axes: variables `kernel` [*size, inputs, filters] and `bias` [filters]."""

    def __init__(self, rank: int, filters: Any, kernel_size: Any, strides: Any = 1, padding: str = "valid", data_format: Any = None, dilation_rate: Any = 1,
                 activation: Any = None, use_bias: Any = True, kernel_initializer: Any = None, bias_initializer: Any = initializers.Zeros(),
                 kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
                 bias_constraint: Any = None, trainable: bool = True, name: Any = None, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(trainable=trainable, name=name, activity_regularizer=activity_regularizer, **kwargs)
        self.rank = rank
        filters = shapes.dimension_value(filters)
        self.filters = filters if filters is None else int(filters)
        self.kernel_size = normalized_tuple(kernel_size, rank, "kernel_size")
        self.strides = normalized_tuple(strides, rank, "strides")
        self.padding = normalized_padding(padding)
        if self.padding == "causal" and not isinstance(self, Conv1D):
            raise ValueError("Causal padding is only supported for `Conv1D` and ``SeparableConv1D`.")
        self.data_format = normalized_data_format(data_format)
        self.dilation_rate = normalized_tuple(dilation_rate, rank, "dilation_rate")
        self.activation, self.use_bias = activation_of(activation), use_bias
        self.kernel_initializer, self.bias_initializer = (
            initializers.get(kernel_initializer),
            initializers.get(bias_initializer),
        )
        self.kernel_regularizer, self.bias_regularizer = kernel_regularizer, bias_regularizer
        self.kernel_constraint, self.bias_constraint = constraint_of(kernel_constraint), constraint_of(bias_constraint)
        self.input_spec = InputSpec(ndim=rank + 2)
        self.bias: Any = None

    @property
    def _channel_axis(self) -> int:
        return 1 if self.data_format == "channels_first" else -1

    def _channels(self, input_shape: Any) -> int:
        found = shapes.as_shape(input_shape)[self._channel_axis].value
        if found is None:
            raise ValueError("The channel dimension of the inputs should be defined. Found `None`.")
        return found

    def _add_bias_weight(self) -> None:
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer=self.bias_initializer, regularizer=self.bias_regularizer,
                                        constraint=self.bias_constraint, trainable=True, dtype=self.dtype)  # fmt: skip

    def build(self, input_shape: Any) -> None:
        channels = self._channels(input_shape)
        self.kernel = self.add_weight(name="kernel", shape=(*self.kernel_size, channels, self.filters), initializer=self.kernel_initializer,
                                      regularizer=self.kernel_regularizer, constraint=self.kernel_constraint, trainable=True, dtype=self.dtype)  # fmt: skip
        self._add_bias_weight()
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={self._channel_axis: channels})
        self._convolution_op = nn_convolutions.Convolution(
            shapes.as_shape(input_shape), self.kernel.shape, "VALID" if self.padding == "causal" else self.padding.upper(), self.strides, self.dilation_rate,
            data_format=tf_data_format(self.data_format, self.rank + 2))  # fmt: skip
        self.built = True

    def call(self, inputs: Any) -> Any:
        if self.padding == "causal":
            from jax_slim.tf1.python import padding

            left = self.dilation_rate[0] * (self.kernel_size[0] - 1)
            middle = [[left, 0], [0, 0]] if self.data_format == "channels_last" else [[0, 0], [left, 0]]
            inputs = padding.pad(inputs, [[0, 0], *middle])
        return self._finished(self._convolution_op(inputs, self.kernel))

    def _finished(self, outputs: Any) -> Any:
        if self.use_bias:
            if self.data_format == "channels_first" and self.rank == 1:
                from jax_slim.tf1.python import array

                outputs = outputs + array.reshape(self.bias, (1, self.filters, 1))
            else:
                outputs = building.make(
                    "BiasAdd",
                    outputs,
                    self.bias,
                    data_format="NCHW" if self.data_format == "channels_first" else "NHWC",
                )
        return outputs if self.activation is None else self.activation(outputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        sizes = shapes.as_shape(input_shape).as_list()
        first = self.data_format == "channels_first"
        space = sizes[2:] if first else sizes[1:-1]
        found = [
            output_length(*axis)
            for axis in zip(
                space, self.kernel_size, [self.padding] * self.rank, self.strides, self.dilation_rate, strict=True
            )
        ]
        return shapes.TensorShape([sizes[0], self.filters, *found] if first else [sizes[0], *found, self.filters])


class Conv1D(Conv):
    """A convolution over one axis."""

    def __init__(
        self,
        filters: Any,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: Any = "channels_last",
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(1, filters, kernel_size, strides, padding, data_format, *args, **kwargs)


class Conv2D(Conv):
    """A convolution over two axes."""

    def __init__(
        self,
        filters: Any,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: str = "valid",
        data_format: Any = "channels_last",
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(2, filters, kernel_size, strides, padding, data_format, *args, **kwargs)


class Conv3D(Conv):
    """A convolution over three axes."""

    def __init__(
        self,
        filters: Any,
        kernel_size: Any,
        strides: Any = (1, 1, 1),
        padding: str = "valid",
        data_format: Any = "channels_last",
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(3, filters, kernel_size, strides, padding, data_format, *args, **kwargs)


def _conv(kind: Any, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    names = ("filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "activation", "use_bias", "kernel_initializer",
             "bias_initializer", "kernel_regularizer", "bias_regularizer", "activity_regularizer", "kernel_constraint", "bias_constraint", "trainable",
             "name", "reuse")  # fmt: skip
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    reuse = given.pop("reuse", None)
    return kind(**given, _scope=given.get("name"), _reuse=reuse)(inputs)


def conv1d(inputs: Any, *args: Any, **kwargs: Any) -> Any:
    """A convolution over one axis: `conv1d(inputs, filters, kernel_size, strides=1, padding='valid', ...)` as `Conv1D`, and `name`, `reuse`."""
    return _conv(Conv1D, inputs, args, kwargs)


def conv2d(inputs: Any, *args: Any, **kwargs: Any) -> Any:
    """A convolution over two axes: `conv2d(inputs, filters, kernel_size, strides=(1, 1), padding='valid', ...)` as `Conv2D`, and `name`, `reuse`."""
    return _conv(Conv2D, inputs, args, kwargs)


def conv3d(inputs: Any, *args: Any, **kwargs: Any) -> Any:
    """A convolution over three axes: `conv3d(inputs, filters, kernel_size, strides=(1, 1, 1), padding='valid', ...)` as `Conv3D`, and `name`, `reuse`."""
    return _conv(Conv3D, inputs, args, kwargs)
