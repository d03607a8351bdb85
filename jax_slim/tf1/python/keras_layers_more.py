"""`tf.keras.layers` inside of graphs: what joins, moves and crops tensors, and activations that are layers."""

import functools
from typing import Any

from jax_slim.tf1.graph import building, shapes
from jax_slim.tf1.python import array, gathering, keras_layers, math, nn_convolutions, nn_normalization, reductions
from jax_slim.tf1.python import initializers as initial
from jax_slim.tf1.python.keras_layers import Layer, learning_phase
from jax_slim.tf1.python.layer_base import InputSpec
from jax_slim.tf1.python.layer_core import activation_of


class _Merge(Layer):
    """One tensor of several."""

    def call(self, inputs: Any) -> Any:
        if not isinstance(inputs, list | tuple) or len(inputs) < 2:
            raise ValueError(f"A merge layer should be called on a list of at least 2 inputs. Got {inputs}")
        return self._merged(list(inputs))

    def _merged(self, inputs: list[Any]) -> Any:
        raise NotImplementedError


class Multiply(_Merge):
    """The product of several inputs."""

    def _merged(self, inputs: list[Any]) -> Any:
        return functools.reduce(lambda x, y: x * y, inputs)


class Subtract(_Merge):
    """The first of two inputs without the second."""

    def _merged(self, inputs: list[Any]) -> Any:
        if len(inputs) != 2:
            raise ValueError("A `Subtract` layer should be called on exactly 2 inputs")
        return inputs[0] - inputs[1]


class Average(_Merge):
    """The mean of several inputs."""

    def _merged(self, inputs: list[Any]) -> Any:
        return functools.reduce(lambda x, y: x + y, inputs) / len(inputs)


class Maximum(_Merge):
    """The largest of several inputs, element by element."""

    def _merged(self, inputs: list[Any]) -> Any:
        return functools.reduce(math.maximum, inputs)


class Minimum(_Merge):
    """The smallest of several inputs, element by element."""

    def _merged(self, inputs: list[Any]) -> Any:
        return functools.reduce(math.minimum, inputs)


def add(inputs: Any, **kwargs: Any) -> Any:
    """The sum of several inputs."""
    return keras_layers.Add(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """The product of several inputs."""
    return Multiply(**kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """The first of two inputs without the second."""
    return Subtract(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """The mean of several inputs."""
    return Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """The largest of several inputs, element by element."""
    return Maximum(**kwargs)(inputs)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """Several inputs joined along `axis`."""
    return keras_layers.Concatenate(axis=axis, **kwargs)(inputs)


class Permute(Layer):
    """Axes in another order; they count from 1, the batch stays first."""

    def __init__(self, dims: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(
                f"Invalid permutation `dims` for Permute Layer: {dims}. The set of indices in `dims` must be consecutive and start from 1."
            )

    def call(self, inputs: Any) -> Any:
        return array.transpose(inputs, perm=(0, *self.dims))


class RepeatVector(Layer):
    """[batch, size] as [batch, n, size]."""

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n, self.input_spec = n, InputSpec(ndim=2)

    def call(self, inputs: Any) -> Any:
        return array.tile(array.expand_dims(inputs, 1), [1, self.n, 1])


def _pair(value: Any) -> tuple[Any, ...]:
    return (value, value) if isinstance(value, int) else tuple(value)


class UpSampling2D(Layer):
    """Images `size` times as large, by repeating ('nearest') or by 'bilinear' interpolation."""

    def __init__(
        self, size: Any = (2, 2), data_format: Any = None, interpolation: str = "nearest", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if interpolation not in ("nearest", "bilinear"):
            raise ValueError('`interpolation` argument should be one of `"nearest"` or `"bilinear"`.')
        self.size, self.interpolation, self.input_spec = _pair(size), interpolation, InputSpec(ndim=4)

    def call(self, inputs: Any) -> Any:
        sizes = array.shape(inputs)[1:3] * list(self.size)
        outputs = building.make(
            "ResizeNearestNeighbor" if self.interpolation == "nearest" else "ResizeBilinear", inputs, sizes
        )
        height, width = (
            None if known is None else known * times
            for known, times in zip(inputs.shape.as_list()[1:3], self.size, strict=True)
        )
        outputs.set_shape([None, height, width, None])
        return outputs


class Cropping2D(Layer):
    """Images without some rows at the top and bottom, and columns at the left and right."""

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cropping, self.input_spec = tuple(_pair(c) for c in _pair(cropping)), InputSpec(ndim=4)

    def call(self, inputs: Any) -> Any:
        (top, bottom), (left, right) = self.cropping
        return inputs[:, top : -bottom or None, left : -right or None, :]


class GlobalAveragePooling1D(Layer):
    """Means over the second axis."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.input_spec = InputSpec(ndim=3)

    def call(self, inputs: Any) -> Any:
        return reductions.reduce_mean(inputs, axis=1)


class GlobalMaxPooling1D(GlobalAveragePooling1D):
    """Maxima over the second axis."""

    def call(self, inputs: Any) -> Any:
        return reductions.reduce_max(inputs, axis=1)


class SpatialDropout2D(keras_layers.Dropout):
    """Dropout of whole channels of images."""

    def _noise_shape(self, inputs: Any) -> Any:
        sizes = array.shape(inputs)
        return (sizes[0], 1, 1, sizes[3])


class GaussianNoise(Layer):
    """Adds normal noise while training."""

    def __init__(self, stddev: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stddev = stddev

    def call(self, inputs: Any, training: Any = None) -> Any:
        from jax_slim.tf1.python import random, smart

        def noised() -> Any:
            return inputs + random.random_normal(
                shape=array.shape(inputs), mean=0.0, stddev=self.stddev, dtype=inputs.dtype
            )

        return smart.smart_cond(
            learning_phase() if training is None else training, noised, lambda: array.identity(inputs)
        )


class PReLU(Layer):
    """The inputs, and the variable `alpha` times them below 0; one alpha along each of `shared_axes`."""

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.alpha_initializer, self.alpha_regularizer, self.alpha_constraint = (
            initial.get(alpha_initializer),
            alpha_regularizer,
            alpha_constraint,
        )
        self.shared_axes = (
            [] if shared_axes is None else list(shared_axes) if isinstance(shared_axes, list | tuple) else [shared_axes]
        )

    def build(self, input_shape: Any) -> None:
        sizes = shapes.as_shape(input_shape).as_list()[1:]
        for axis in self.shared_axes:
            sizes[axis - 1] = 1
        self.alpha = self.add_weight(
            "alpha",
            sizes,
            initializer=self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )
        self.built = True

    def call(self, inputs: Any) -> Any:
        return building.make("Relu", inputs) + -self.alpha * building.make("Relu", -inputs)


class ELU(Layer):
    """The inputs, and alpha * (exp(inputs) - 1) below 0."""

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = alpha

    def call(self, inputs: Any) -> Any:
        found = building.make("Elu", inputs)
        return found if self.alpha == 1 else gathering.where(inputs > 0, found, self.alpha * found)


class ThresholdedReLU(Layer):
    """The inputs above `theta`, zeros elsewhere."""

    def __init__(self, theta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.theta = theta

    def call(self, inputs: Any) -> Any:
        return inputs * math.cast(math.greater(inputs, self.theta), inputs.dtype)


class Softmax(Layer):
    """Softmax along an axis."""

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Any) -> Any:
        return keras_layers.softmax(inputs, axis=self.axis)


class DepthwiseConv2D(Layer):
    """A convolution of each channel alone: `depth_multiplier` outputs for each."""

    def __init__(self, kernel_size: Any, strides: Any = (1, 1), padding: str = "valid", depth_multiplier: int = 1, data_format: Any = None, activation: Any = None,
                 use_bias: bool = True, depthwise_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros", depthwise_regularizer: Any = None,
                 bias_regularizer: Any = None, activity_regularizer: Any = None, depthwise_constraint: Any = None, bias_constraint: Any = None,
                 dilation_rate: Any = (1, 1), **kwargs: Any) -> None:  # fmt: skip
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        if data_format not in (None, "channels_last"):
            raise ValueError(f"DepthwiseConv2D: data_format must be 'channels_last' here, got {data_format!r}.")
        self.kernel_size, self.strides, self.dilation_rate = _pair(kernel_size), _pair(strides), _pair(dilation_rate)
        self.padding, self.depth_multiplier, self.activation, self.use_bias = (
            padding,
            depth_multiplier,
            activation_of(activation),
            use_bias,
        )
        self.depthwise_initializer, self.bias_initializer = (
            initial.get(depthwise_initializer),
            initial.get(bias_initializer),
        )
        self.depthwise_regularizer, self.bias_regularizer = depthwise_regularizer, bias_regularizer
        self.depthwise_constraint, self.bias_constraint = depthwise_constraint, bias_constraint
        self.input_spec = InputSpec(ndim=4)

    def build(self, input_shape: Any) -> None:
        channels = shapes.as_shape(input_shape)[3].value
        if channels is None:
            raise ValueError(
                "The channel dimension of the inputs to `DepthwiseConv2D` should be defined. Found `None`."
            )
        self.depthwise_kernel = self.add_weight("depthwise_kernel", (*self.kernel_size, channels, self.depth_multiplier), initializer=self.depthwise_initializer,
                                                regularizer=self.depthwise_regularizer, constraint=self.depthwise_constraint)  # fmt: skip
        if self.use_bias:
            self.bias = self.add_weight("bias", (channels * self.depth_multiplier,), initializer=self.bias_initializer, regularizer=self.bias_regularizer,
                                        constraint=self.bias_constraint)  # fmt: skip
        self.built = True

    def call(self, inputs: Any) -> Any:
        outputs = nn_convolutions.depthwise_conv2d(
            inputs,
            self.depthwise_kernel,
            strides=(1, *self.strides, 1),
            padding=self.padding.upper(),
            rate=self.dilation_rate,
        )
        if self.use_bias:
            outputs = nn_normalization.bias_add(outputs, self.bias)
        return outputs if self.activation is None else self.activation(outputs)


class LayerNormalization(Layer):
    """Each example with mean 0 and variance 1 along axes, times `gamma`, plus `beta`."""

    def __init__(self, axis: Any = -1, epsilon: float = 1e-3, center: bool = True, scale: bool = True, beta_initializer: Any = "zeros",
                 gamma_initializer: Any = "ones", beta_regularizer: Any = None, gamma_regularizer: Any = None, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.axis = list(axis) if isinstance(axis, list | tuple) else [axis]
        self.epsilon, self.center, self.scale = epsilon, center, scale
        self._initializers = initial.get(beta_initializer), initial.get(gamma_initializer)
        self._regularizers = beta_regularizer, gamma_regularizer

    def build(self, input_shape: Any) -> None:
        sizes = shapes.as_shape(input_shape).as_list()
        self._axes = sorted(a % len(sizes) for a in self.axis)
        shape = [sizes[a] for a in self._axes]
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                "gamma", shape, initializer=self._initializers[1], regularizer=self._regularizers[1]
            )
        if self.center:
            self.beta = self.add_weight(
                "beta", shape, initializer=self._initializers[0], regularizer=self._regularizers[0]
            )
        self.built = True

    def call(self, inputs: Any) -> Any:
        sizes = inputs.shape.as_list()
        spread = [sizes[a] if a in self._axes else 1 for a in range(len(sizes))]
        mean, variance = nn_normalization.moments(inputs, self._axes, keep_dims=True)
        beta, gamma = (None if v is None else array.reshape(v, spread) for v in (self.beta, self.gamma))
        return nn_normalization.batch_normalization(inputs, mean, variance, beta, gamma, self.epsilon)
