"""`tf.layers.Conv2DTranspose`, `Conv3DTranspose`, `SeparableConv1D`, `SeparableConv2D`, and the functions that make and call them."""

from typing import Any

from jax_slim.tf1.graph import building, shapes
from jax_slim.tf1.python import array, initializers, joining
from jax_slim.tf1.python import nn_convolutions as nn
from jax_slim.tf1.python.layer_base import InputSpec
from jax_slim.tf1.python.layer_convolutional import Conv, Conv1D, tf_data_format
from jax_slim.tf1.python.layer_core import constraint_of


def transposed_length(length: Any, size: int, padding: str, stride: int, dilation: int = 1) -> Any:
    """How long an axis is after a transposed convolution; of a number or a tensor."""
    if length is None:
        return None
    size = size + (size - 1) * (dilation - 1)
    if padding == "valid":
        return length * stride + max(size - stride, 0)
    return length * stride


class _Transpose(Conv):
    def build(self, input_shape: Any) -> None:
        shape = shapes.as_shape(input_shape)
        if shape.ndims != self.rank + 2:
            raise ValueError(f"Inputs should have rank {self.rank + 2}. Received input shape: {shape}")
        channels = self._channels(shape)
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={self._channel_axis: channels})
        self.kernel = self.add_weight(name="kernel", shape=(*self.kernel_size, self.filters, channels), initializer=self.kernel_initializer,
                                      regularizer=self.kernel_regularizer, constraint=self.kernel_constraint, trainable=True, dtype=self.dtype)  # fmt: skip
        self._add_bias_weight()
        self.built = True

    def call(self, inputs: Any) -> Any:
        first = self.data_format == "channels_first"
        sizes = array.shape(inputs)
        batch = sizes[0]
        offset = 2 if first else 1
        lengths = [sizes[offset + i] for i in range(self.rank)]
        out = [
            transposed_length(n, k, self.padding, s, d)
            for n, k, s, d in zip(lengths, self.kernel_size, self.strides, self.dilation_rate, strict=True)
        ]
        whole = joining.stack((batch, self.filters, *out) if first else (batch, *out, self.filters))
        outputs = self._transposed(inputs, whole)
        outputs.set_shape(self.compute_output_shape(inputs.shape))
        return self._finished(outputs)

    def _transposed(self, inputs: Any, whole: Any) -> Any:
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Any) -> Any:
        sizes = shapes.as_shape(input_shape).as_list()
        first = self.data_format == "channels_first"
        space = sizes[2:] if first else sizes[1:-1]
        found = [
            transposed_length(n, k, self.padding, s, d)
            for n, k, s, d in zip(space, self.kernel_size, self.strides, self.dilation_rate, strict=True)
        ]
        return shapes.TensorShape([sizes[0], self.filters, *found] if first else [sizes[0], *found, self.filters])

    def _all_strides(self) -> list[int]:
        return [1, 1, *self.strides] if self.data_format == "channels_first" else [1, *self.strides, 1]


class Conv2DTranspose(_Transpose):
    """The transposed convolution over two axes: variables `kernel` [*size, filters, inputs] and `bias`."""

    def __init__(self, filters: Any, kernel_size: Any, strides: Any = (1, 1), padding: str = "valid", data_format: Any = "channels_last",
                 activation: Any = None, *args: Any, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(2, filters, kernel_size, strides, padding, data_format, 1, activation, *args, **kwargs)

    def _transposed(self, inputs: Any, whole: Any) -> Any:
        return nn.conv2d_transpose(
            inputs,
            self.kernel,
            whole,
            self._all_strides(),
            padding=self.padding.upper(),
            data_format=tf_data_format(self.data_format, 4),
        )


class Conv3DTranspose(_Transpose):
    """The transposed convolution over three axes."""

    def __init__(self, filters: Any, kernel_size: Any, strides: Any = (1, 1, 1), padding: str = "valid", data_format: Any = "channels_last",
                 activation: Any = None, *args: Any, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(3, filters, kernel_size, strides, padding, data_format, 1, activation, *args, **kwargs)

    def _transposed(self, inputs: Any, whole: Any) -> Any:
        return nn.conv3d_transpose(
            inputs,
            self.kernel,
            whole,
            self._all_strides(),
            padding=self.padding.upper(),
            data_format=tf_data_format(self.data_format, 5),
        )


class _Separable(Conv):
    def __init__(self, rank: int, filters: Any, kernel_size: Any, strides: Any = 1, padding: str = "valid", data_format: Any = None, dilation_rate: Any = 1,
                 depth_multiplier: int = 1, activation: Any = None, use_bias: Any = True, depthwise_initializer: Any = None, pointwise_initializer: Any = None,
                 bias_initializer: Any = initializers.Zeros(), depthwise_regularizer: Any = None, pointwise_regularizer: Any = None, bias_regularizer: Any = None,
                 activity_regularizer: Any = None, depthwise_constraint: Any = None, pointwise_constraint: Any = None, bias_constraint: Any = None,
                 trainable: bool = True, name: Any = None, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(rank, filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, None, bias_initializer, None,
                         bias_regularizer, activity_regularizer, None, bias_constraint, trainable, name, **kwargs)  # fmt: skip
        self.depth_multiplier = depth_multiplier
        self.depthwise_initializer, self.pointwise_initializer = (
            initializers.get(depthwise_initializer),
            initializers.get(pointwise_initializer),
        )
        self.depthwise_regularizer, self.pointwise_regularizer = depthwise_regularizer, pointwise_regularizer
        self.depthwise_constraint, self.pointwise_constraint = (
            constraint_of(depthwise_constraint),
            constraint_of(pointwise_constraint),
        )

    def build(self, input_shape: Any) -> None:
        channels = self._channels(input_shape)
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={self._channel_axis: channels})
        self.depthwise_kernel = self.add_weight(name="depthwise_kernel", shape=(*self.kernel_size, channels, self.depth_multiplier), initializer=self.depthwise_initializer,
                                                regularizer=self.depthwise_regularizer, constraint=self.depthwise_constraint, trainable=True, dtype=self.dtype)  # fmt: skip
        self.pointwise_kernel = self.add_weight(name="pointwise_kernel", shape=(1,) * self.rank + (self.depth_multiplier * channels, self.filters),
                                                initializer=self.pointwise_initializer, regularizer=self.pointwise_regularizer,
                                                constraint=self.pointwise_constraint, trainable=True, dtype=self.dtype)  # fmt: skip
        self._add_bias_weight()
        self.built = True


class SeparableConv2D(_Separable):
    """A depthwise convolution and a 1x1 convolution: variables `depthwise_kernel`, `pointwise_kernel`, `bias`."""

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

    def call(self, inputs: Any) -> Any:
        first = self.data_format == "channels_first"
        strides = (1, 1, *self.strides) if first else (1, *self.strides, 1)
        return self._finished(nn.separable_conv2d(inputs, self.depthwise_kernel, self.pointwise_kernel, strides=strides, padding=self.padding.upper(),
                                                  rate=self.dilation_rate, data_format=tf_data_format(self.data_format, 4)))  # fmt: skip


class SeparableConv1D(_Separable, Conv1D):
    """A depthwise convolution and a pointwise one over one axis."""

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
        _Separable.__init__(self, 1, filters, kernel_size, strides, padding, data_format, *args, **kwargs)

    def call(self, inputs: Any) -> Any:
        from jax_slim.tf1.python import padding

        first = self.data_format == "channels_first"
        if self.padding == "causal":
            left = self.dilation_rate[0] * (self.kernel_size[0] - 1)
            inputs = padding.pad(inputs, [[0, 0], *([[0, 0], [left, 0]] if first else [[left, 0], [0, 0]])])
        axis = 2 if first else 1
        strides = (1, 1, *self.strides * 2) if first else (1, *self.strides * 2, 1)
        inputs = array.expand_dims(inputs, axis)
        depthwise, pointwise = array.expand_dims(self.depthwise_kernel, 0), array.expand_dims(self.pointwise_kernel, 0)
        mode = "VALID" if self.padding == "causal" else self.padding.upper()
        outputs = nn.separable_conv2d(inputs, depthwise, pointwise, strides=strides, padding=mode, rate=(1, *self.dilation_rate),
                                      data_format=tf_data_format(self.data_format, 4))  # fmt: skip
        if self.use_bias:
            outputs = building.make("BiasAdd", outputs, self.bias, data_format="NCHW" if first else "NHWC")
        outputs = array.squeeze(outputs, [axis])
        return outputs if self.activation is None else self.activation(outputs)


_TRANSPOSED = ("filters", "kernel_size", "strides", "padding", "data_format", "activation", "use_bias", "kernel_initializer", "bias_initializer",
               "kernel_regularizer", "bias_regularizer", "activity_regularizer", "kernel_constraint", "bias_constraint", "trainable", "name", "reuse")  # fmt: skip
_SEPARABLE = ("filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "depth_multiplier", "activation", "use_bias",
              "depthwise_initializer", "pointwise_initializer", "bias_initializer", "depthwise_regularizer", "pointwise_regularizer", "bias_regularizer",
              "activity_regularizer", "depthwise_constraint", "pointwise_constraint", "bias_constraint", "trainable", "name", "reuse")  # fmt: skip


def _made(kind: Any, names: tuple[str, ...], inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    reuse = given.pop("reuse", None)
    return kind(**given, _scope=given.get("name"), _reuse=reuse)(inputs)


def conv2d_transpose(inputs: Any, *args: Any, **kwargs: Any) -> Any:
    """A transposed convolution over two axes: `conv2d_transpose(inputs, filters, kernel_size, strides=(1, 1), padding='valid', ...)` as `Conv2DTranspose`."""
    return _made(Conv2DTranspose, _TRANSPOSED, inputs, args, kwargs)


def conv3d_transpose(inputs: Any, *args: Any, **kwargs: Any) -> Any:
    """A transposed convolution over three axes: `conv3d_transpose(inputs, filters, kernel_size, strides=(1, 1, 1), padding='valid', ...)` as `Conv3DTranspose`."""
    return _made(Conv3DTranspose, _TRANSPOSED, inputs, args, kwargs)


def separable_conv1d(inputs: Any, *args: Any, **kwargs: Any) -> Any:
    """A separable convolution over one axis: `separable_conv1d(inputs, filters, kernel_size, strides=1, padding='valid', ...)` as `SeparableConv1D`."""
    return _made(SeparableConv1D, _SEPARABLE, inputs, args, kwargs)


def separable_conv2d(inputs: Any, *args: Any, **kwargs: Any) -> Any:
    """A separable convolution over two axes: `separable_conv2d(inputs, filters, kernel_size, strides=(1, 1), padding='valid', ...)` as `SeparableConv2D`."""
    return _made(SeparableConv2D, _SEPARABLE, inputs, args, kwargs)
