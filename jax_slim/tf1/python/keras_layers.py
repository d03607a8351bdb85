"""`tf.keras.layers` inside of graphs: the layers of `tf.layers` with Keras's names, variables and defaults, and no collections."""

from typing import Any, cast

from jax_slim.tf1.graph import building, conversion, dtypes
from jax_slim.tf1.python import (
    array,
    initializers,
    joining,
    layer_base,
    layer_convolutional,
    layer_core,
    layer_normalization,
    layer_pooling,
    layer_transposed,  # fmt: skip
    reductions,
)
from jax_slim.tf1.python.keras_base import Layer, learning_phase


class Dense(Layer, layer_core.Dense):
    """outputs = activation(inputs . kernel + bias)."""


class Flatten(Layer, layer_core.Flatten):
    """Joins all axes but the first."""


class Dropout(Layer, layer_core.Dropout):
    """Sets a share `rate` of the inputs to zero while training."""

    def __init__(self, rate: Any, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(rate, noise_shape, seed, **kwargs)

    def call(self, inputs: Any, training: Any = None) -> Any:
        return super().call(inputs, training=learning_phase() if training is None else training)


class BatchNormalization(Layer, layer_normalization.BatchNormalization):
    """Batch normalization; `updates` moves the averages."""

    def call(self, inputs: Any, training: Any = None) -> Any:
        return super().call(inputs, training=learning_phase() if training is None else training)


class Conv1D(Layer, layer_convolutional.Conv1D):
    """A convolution over one axis."""


class Conv2D(Layer, layer_convolutional.Conv2D):
    """A convolution over two axes."""


class Conv3D(Layer, layer_convolutional.Conv3D):
    """A convolution over three axes."""


class SeparableConv1D(Layer, layer_transposed.SeparableConv1D):
    """A separable convolution over one axis."""


class SeparableConv2D(Layer, layer_transposed.SeparableConv2D):
    """A separable convolution over two axes."""


class Conv2DTranspose(Layer, layer_transposed.Conv2DTranspose):
    """A transposed convolution over two axes."""


class Conv3DTranspose(Layer, layer_transposed.Conv3DTranspose):
    """A transposed convolution over three axes."""


def _pooling(base: Any) -> Any:
    size = 2 if base.rank == 1 else (2,) * base.rank

    class Pooling(Layer, base):
        def __init__(
            self,
            pool_size: Any = size,
            strides: Any = None,
            padding: str = "valid",
            data_format: Any = None,
            name: Any = None,
            **kwargs: Any,
        ) -> None:
            cast(Any, super()).__init__(pool_size, strides, padding, data_format or "channels_last", name, **kwargs)

    Pooling.__name__ = Pooling.__qualname__ = base.__name__
    Pooling.__doc__ = base.__doc__
    return Pooling


MaxPooling1D, MaxPooling2D, MaxPooling3D = (_pooling(getattr(layer_pooling, f"MaxPooling{n}D")) for n in (1, 2, 3))
AveragePooling1D, AveragePooling2D, AveragePooling3D = (
    _pooling(getattr(layer_pooling, f"AveragePooling{n}D")) for n in (1, 2, 3)
)
MaxPool2D, AvgPool2D = MaxPooling2D, AveragePooling2D


class Activation(Layer):
    """A function of the inputs."""

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = layer_core.activation_of(activation)

    def call(self, inputs: Any) -> Any:
        return inputs if self.activation is None else self.activation(inputs)


class ReLU(Layer):
    """max(0, inputs)."""

    def call(self, inputs: Any) -> Any:
        return building.make("Relu", inputs)


class LeakyReLU(Layer):
    """The inputs, and `alpha` times them below 0."""

    def __init__(self, alpha: float = 0.3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = alpha

    def call(self, inputs: Any) -> Any:
        return building.make("LeakyRelu", inputs, alpha=self.alpha)


class Reshape(Layer):
    """Another shape, the first axis aside."""

    def __init__(self, target_shape: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = tuple(target_shape)

    def call(self, inputs: Any) -> Any:
        return array.reshape(inputs, (array.shape(inputs)[0], *self.target_shape))


class GlobalAveragePooling2D(Layer):
    """Means over the two spatial axes."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.input_spec = layer_base.InputSpec(ndim=4)

    def call(self, inputs: Any) -> Any:
        return reductions.reduce_mean(inputs, axis=[1, 2])


class GlobalMaxPooling2D(Layer):
    """Maxima over the two spatial axes."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.input_spec = layer_base.InputSpec(ndim=4)

    def call(self, inputs: Any) -> Any:
        return reductions.reduce_max(inputs, axis=[1, 2])


class ZeroPadding2D(Layer):
    """Zeros around images."""

    def __init__(self, padding: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        pair = (padding, padding) if isinstance(padding, int) else tuple(padding)
        self.padding = [(p, p) if isinstance(p, int) else tuple(p) for p in pair]

    def call(self, inputs: Any) -> Any:
        from jax_slim.tf1.python import padding

        return padding.pad(inputs, [[0, 0], list(self.padding[0]), list(self.padding[1]), [0, 0]])


class Embedding(Layer):
    """Ids as vectors: rows of the variable `embeddings`."""

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        kwargs.pop("input_length", None)
        super().__init__(dtype=kwargs.pop("dtype", "float32"), **kwargs)
        self.input_dim, self.output_dim = input_dim, output_dim
        uniform = initializers.RandomUniform(-0.05, 0.05)
        self.embeddings_initializer = (
            uniform if embeddings_initializer == "uniform" else initializers.get(embeddings_initializer)
        )
        self.embeddings_regularizer = embeddings_regularizer

    def build(self, input_shape: Any) -> None:
        self.embeddings = self.add_weight("embeddings", (self.input_dim, self.output_dim), initializer=self.embeddings_initializer,
                                          regularizer=self.embeddings_regularizer)  # fmt: skip
        self.built = True

    def call(self, inputs: Any) -> Any:
        from jax_slim.tf1.python import math, nn_embedding

        if inputs.dtype.base_dtype not in (dtypes.int32, dtypes.int64):
            inputs = math.cast(inputs, dtypes.int32)
        return nn_embedding.embedding_lookup(self.embeddings, inputs)


class Lambda(Layer):
    """A function of the inputs."""

    def __init__(self, function: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.function = function

    def call(self, inputs: Any) -> Any:
        return self.function(inputs)


class Concatenate(Layer):
    """Several inputs joined along `axis`."""

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Any) -> Any:
        return joining.concat(inputs, axis=self.axis)


class Add(Layer):
    """The sum of several inputs."""

    def call(self, inputs: Any) -> Any:
        total = inputs[0]
        for entry in inputs[1:]:
            total = total + entry
        return total


def one_hot(indices: Any, num_classes: int) -> Any:
    """Class ids as vectors."""
    from jax_slim.tf1.python import gathering

    return gathering.one_hot(indices, depth=num_classes, axis=-1)


def softmax(x: Any, axis: int = -1) -> Any:
    """Softmax along an axis.

    Raises:
      TypeError: the rank is not known.
      ValueError: it is less than two.
    """
    from jax_slim.tf1.python import math, nn_activations

    rank = x.shape.ndims
    if rank is None:
        raise TypeError("softmax needs a tensor of known rank: set_shape says it.")
    if rank < 2:
        raise ValueError(f"Cannot apply softmax to a tensor that is 1D. Received input: {x}")
    if rank == 2:
        return nn_activations.softmax(x)
    powers = math.exp(x - reductions.reduce_max(x, axis=axis, keepdims=True))
    return powers / reductions.reduce_sum(powers, axis=axis, keepdims=True)


def categorical_crossentropy(y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0) -> Any:
    """The cross entropy of probabilities (or logits), a number for each example."""
    from jax_slim.tf1.python import clip_ops, math, nn_losses

    y_pred = conversion.convert_to_tensor(y_pred)
    y_true = math.cast(y_true, y_pred.dtype)
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + label_smoothing / math.cast(array.shape(y_true)[1], y_pred.dtype)
    if not from_logits and y_pred.op.type == "Softmax":
        y_pred, from_logits = y_pred.op.inputs[0], True
    if from_logits:
        return nn_losses.softmax_cross_entropy_with_logits_v2(labels=y_true, logits=y_pred)
    y_pred = y_pred / reductions.reduce_sum(y_pred, -1, True)
    y_pred = clip_ops.clip_by_value(y_pred, 1e-7, 1.0 - 1e-7)
    return -reductions.reduce_sum(y_true * math.log(y_pred), -1)


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """The mean over the last axis of the squared differences."""
    from jax_slim.tf1.python import math

    y_pred = conversion.convert_to_tensor(y_pred)
    return reductions.reduce_mean(math.squared_difference(y_pred, math.cast(y_true, y_pred.dtype)), axis=-1)
