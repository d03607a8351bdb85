"""`tf.layers.Dense`, `Dropout`, `Flatten`, and the functions that make and call them."""

from typing import Any

from jax_slim.tf1.graph import building, dtypes, shapes
from jax_slim.tf1.graph.composites import SparseTensor
from jax_slim.tf1.python import initializers, smart
from jax_slim.tf1.python.layer_base import InputSpec, Layer


def activation_of(identifier: Any) -> Any:
    """A function, one by its name ('relu', 'softmax', ...), or None for none.

    Raises:
      ValueError: no such name.
      TypeError: it is neither.
    """
    if identifier is None or callable(identifier):
        return identifier
    if isinstance(identifier, str):
        from jax_slim.tf1.python import math as math_ops
        from jax_slim.tf1.python import nn_activations

        if identifier == "linear":
            return None
        found = getattr(nn_activations, identifier, None) or getattr(math_ops, identifier, None)
        if found is None:
            raise ValueError(f"Unknown activation function:{identifier}")
        return found
    raise TypeError(f"Could not interpret activation function identifier: {identifier!r}")


def constraint_of(constraint: Any) -> Any:
    """A function that what is assigned goes through, or None."""
    from jax_slim.tf1.python import keras_constraints

    return keras_constraints.get(constraint)


def _as_int(value: Any) -> int:
    return int(shapes.dimension_value(value))


class Dense(Layer):
    """outputs = activation(inputs . kernel + bias), along the last axis."""

    def __init__(self, units: Any, activation: Any = None, use_bias: Any = True, kernel_initializer: Any = None, bias_initializer: Any = initializers.Zeros(),
                 kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
                 bias_constraint: Any = None, trainable: bool = True, name: Any = None, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(trainable=trainable, name=name, activity_regularizer=activity_regularizer, **kwargs)
        self.units, self.activation, self.use_bias = _as_int(units), activation_of(activation), use_bias
        self.kernel_initializer, self.bias_initializer = (
            initializers.get(kernel_initializer),
            initializers.get(bias_initializer),
        )
        self.kernel_regularizer, self.bias_regularizer = kernel_regularizer, bias_regularizer
        self.kernel_constraint, self.bias_constraint = constraint_of(kernel_constraint), constraint_of(bias_constraint)
        self.input_spec = InputSpec(min_ndim=2)
        self.bias: Any = None

    def build(self, input_shape: Any) -> None:
        kind = dtypes.as_dtype(self.dtype or dtypes.float32)
        if not (kind.is_floating or kind.is_complex):
            raise TypeError(f"Unable to build `Dense` layer with non-floating point dtype {kind}")
        shape = shapes.as_shape(input_shape)
        size = shape[-1].value if shape.ndims else None
        if size is None:
            raise ValueError("The last dimension of the inputs to `Dense` should be defined. Found `None`.")
        self.input_spec = InputSpec(min_ndim=2, axes={-1: size})
        self.kernel = self.add_weight("kernel", shape=[size, self.units], initializer=self.kernel_initializer, regularizer=self.kernel_regularizer,
                                      constraint=self.kernel_constraint, dtype=self.dtype, trainable=True)  # fmt: skip
        if self.use_bias:
            self.bias = self.add_weight("bias", shape=[self.units], initializer=self.bias_initializer, regularizer=self.bias_regularizer,
                                        constraint=self.bias_constraint, dtype=self.dtype, trainable=True)  # fmt: skip
        self.built = True

    def call(self, inputs: Any) -> Any:
        rank = len(inputs.shape)
        if rank > 2:
            from jax_slim.tf1.python import linalg

            outputs = linalg.tensordot(inputs, self.kernel, [[rank - 1], [0]])
            outputs.set_shape([*inputs.shape.as_list()[:-1], self.units])
        elif isinstance(inputs, SparseTensor):
            outputs = building.make(
                "SparseTensorDenseMatMul", inputs.indices, inputs.values, inputs.dense_shape, self.kernel
            )
        else:
            outputs = building.make("MatMul", inputs, self.kernel)
        if self.use_bias:
            outputs = building.make("BiasAdd", outputs, self.bias)
        return outputs if self.activation is None else self.activation(outputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return shapes.as_shape(input_shape)[:-1].concatenate([self.units])


class Dropout(Layer):
    """Sets a share `rate` of the inputs to zero while training, and scales the others up."""

    def __init__(
        self, rate: Any = 0.5, noise_shape: Any = None, seed: int | None = None, name: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.rate, self.noise_shape, self.seed = rate, noise_shape, seed

    def call(self, inputs: Any, training: Any = False) -> Any:
        from jax_slim.tf1.python import nn_activations

        def dropped() -> Any:
            return nn_activations.dropout(inputs, noise_shape=self._noise_shape(inputs), seed=self.seed, rate=self.rate)

        return smart.smart_cond(training, dropped, lambda: building.make("Identity", inputs))

    def _noise_shape(self, inputs: Any) -> Any:
        if self.noise_shape is None or hasattr(self.noise_shape, "op") or None not in list(self.noise_shape):
            return self.noise_shape
        from jax_slim.tf1.python import array

        whole = array.shape(inputs)
        return [whole[i] if size is None else size for i, size in enumerate(self.noise_shape)]

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


class Flatten(Layer):
    """Joins all axes but the first."""

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format or "channels_last"
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Any:
        from jax_slim.tf1.python import array

        if self.data_format == "channels_first" and inputs.shape.ndims is not None and inputs.shape.ndims > 1:
            inputs = array.transpose(inputs, [0, *range(2, inputs.shape.ndims), 1])
        outputs = array.reshape(inputs, (inputs.shape[0].value or array.shape(inputs)[0], -1))
        outputs.set_shape(self.compute_output_shape(inputs.shape))
        return outputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        shape = shapes.as_shape(input_shape)
        if shape.ndims is None:
            return shapes.TensorShape([None, None])
        rest = shape[1:]
        return shapes.TensorShape([shape[0].value, rest.num_elements()])


def dense(inputs: Any, units: Any, activation: Any = None, use_bias: Any = True, kernel_initializer: Any = None, bias_initializer: Any = initializers.Zeros(),
          kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
          bias_constraint: Any = None, trainable: bool = True, name: Any = None, reuse: Any = None) -> Any:  # fmt: skip
    """A densely connected layer: the variables `kernel` [inputs, units] and `bias` [units]."""
    layer = Dense(units, activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
                  kernel_constraint, bias_constraint, trainable, name, _scope=name, _reuse=reuse)  # fmt: skip
    return layer(inputs)


def dropout(
    inputs: Any,
    rate: Any = 0.5,
    noise_shape: Any = None,
    seed: int | None = None,
    training: Any = False,
    name: Any = None,
) -> Any:
    """Dropout; off unless `training` says otherwise. `rate` is the share that is dropped."""
    return Dropout(rate, noise_shape=noise_shape, seed=seed, name=name).apply(inputs, training=training)


def flatten(inputs: Any, name: Any = None, data_format: str = "channels_last") -> Any:
    """Joins all axes but the first."""
    return Flatten(name=name, data_format=data_format).apply(inputs)
