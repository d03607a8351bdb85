"""`tf.contrib.layers`: fully connected layers, biases, dropout, softmax, encodings, and repetition of layers."""

import functools
import math as python_math
from typing import Any

from jax_slim.tf1.contrib import layer_utils
from jax_slim.tf1.contrib.arg_scopes import add_arg_scope
from jax_slim.tf1.contrib.layer_utils import collect_named_outputs
from jax_slim.tf1.contrib.layers_common import (
    NHWC,
    add_to_collections,
    finished,
    model_variable_getter,
    parameter,
    variable_getter,
)
from jax_slim.tf1.contrib.layers_initializers import xavier_initializer
from jax_slim.tf1.graph import building, conversion, dtypes, graphs
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.graph.composites import SparseTensor
from jax_slim.tf1.python import (
    array,
    checks,
    constant_op,
    initializers,
    joining,
    math,
    nn_activations,
    reductions,
    slicing,
    sparse,
    variable_scope,
)
from jax_slim.tf1.python import nn_normalization as nn
from jax_slim.tf1.python.layer_core import Dense, Dropout
from jax_slim.tf1.python.layer_core import flatten as _flatten


@add_arg_scope
def fully_connected(inputs: Any, num_outputs: Any, activation_fn: Any = nn_activations.relu, normalizer_fn: Any = None, normalizer_params: Any = None,
                    weights_initializer: Any = xavier_initializer(), weights_regularizer: Any = None, biases_initializer: Any = initializers.Zeros(),
                    biases_regularizer: Any = None, reuse: Any = None, variables_collections: Any = None, outputs_collections: Any = None,
                    trainable: bool = True, scope: Any = None) -> Any:  # fmt: skip
    """activation(inputs . weights + biases), along the last axis; with a normalizer in place of biases.

    Variables `weights` [inputs, outputs] and `biases` [outputs].

    Raises:
      ValueError: `num_outputs` is no integer, the last axis of the inputs is not known.
    """
    if not isinstance(num_outputs, int) and not hasattr(num_outputs, "__index__"):
        raise ValueError(f"num_outputs type should be one of (int,), got {type(num_outputs)}.")
    with variable_scope.variable_scope(scope, "fully_connected", [inputs], reuse=reuse,
                                       custom_getter=variable_getter({"bias": "biases", "kernel": "weights"})) as sc:  # fmt: skip
        inputs = conversion.convert_to_tensor(inputs)
        layer = Dense(
            units=num_outputs, activation=None, use_bias=not normalizer_fn and biases_initializer, kernel_initializer=weights_initializer,
            bias_initializer=biases_initializer, kernel_regularizer=weights_regularizer, bias_regularizer=biases_regularizer, trainable=trainable,
            name=sc.name, dtype=inputs.dtype.base_dtype, _scope=sc, _reuse=reuse)  # fmt: skip
        outputs = layer.apply(inputs)
        add_to_collections(layer.kernel, variables_collections, "weights")
        if layer.bias is not None:
            add_to_collections(layer.bias, variables_collections, "biases")
        return finished(outputs, sc, outputs_collections, activation_fn, normalizer_fn, normalizer_params)


relu = functools.partial(fully_connected, activation_fn=nn_activations.relu)
relu6 = functools.partial(fully_connected, activation_fn=nn_activations.relu6)
elu = functools.partial(fully_connected, activation_fn=nn_activations.elu)
linear = functools.partial(fully_connected, activation_fn=None)


@add_arg_scope
def bias_add(inputs: Any, activation_fn: Any = None, initializer: Any = initializers.Zeros(), regularizer: Any = None, reuse: Any = None,
             variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True, data_format: str = NHWC, scope: Any = None) -> Any:  # fmt: skip
    """Adds a bias of its own to each channel: the variable `biases`."""
    with variable_scope.variable_scope(scope, "BiasAdd", [inputs], reuse=reuse) as sc:
        inputs = conversion.convert_to_tensor(inputs)
        channels = layer_utils.channel_dimension(
            inputs.shape, "channels_first" if data_format == "NCHW" else "channels_last", min_rank=2
        )
        biases = parameter(
            "biases", [channels], inputs.dtype.base_dtype, initializer, variables_collections, trainable, regularizer
        )
        outputs = nn.bias_add(inputs, biases, data_format=data_format)
        return finished(outputs, sc, outputs_collections, activation_fn)


@add_arg_scope
def dropout(inputs: Any, keep_prob: Any = 0.5, noise_shape: Any = None, is_training: Any = True, outputs_collections: Any = None, scope: Any = None,
            seed: int | None = None) -> Any:  # fmt: skip
    """Keeps each input with the probability `keep_prob`, scaled up by 1 / keep_prob; without training the inputs as they are."""
    with variable_scope.variable_scope(scope, "Dropout", [inputs], custom_getter=model_variable_getter) as sc:
        inputs = conversion.convert_to_tensor(inputs)
        layer = Dropout(rate=1 - keep_prob, noise_shape=noise_shape, seed=seed, name=sc.name, _scope=sc)
        outputs = layer.apply(inputs, training=is_training)
        return collect_named_outputs(outputs_collections, sc.name, outputs)


@add_arg_scope
def flatten(inputs: Any, outputs_collections: Any = None, scope: Any = None) -> Any:
    """Joins all axes but the first."""
    with graphs.name_scope(scope, "Flatten", [inputs]) as sc:
        return collect_named_outputs(outputs_collections, sc, _flatten(conversion.convert_to_tensor(inputs)))


@add_arg_scope
def _inner_flatten(inputs: Any, new_rank: Any, output_collections: Any = None, scope: Any = None) -> Any:
    """Joins the last axes, so that `new_rank` are left; of a dense or a sparse tensor. Programs take it from TensorFlow's file.

    Raises:
      ValueError: the inputs have fewer axes.
    """
    with graphs.name_scope(scope, "InnerFlatten", [inputs, new_rank]) as sc:
        if isinstance(inputs, SparseTensor):
            rank = inputs.dense_shape.get_shape().as_list()[0]
            if rank < new_rank:
                raise ValueError(
                    f"Inputs has rank less than new_rank. {inputs} must have rank at least {new_rank}. Received rank {rank}, shape {inputs.get_shape()}"
                )
            shape = inputs.dense_shape
            inner = [reductions.reduce_prod(shape[new_rank - 1 :])]
            flattened = sparse.sparse_reshape(inputs, joining.concat((shape[: new_rank - 1], inner), 0))
        else:
            inputs = conversion.convert_to_tensor(inputs)
            with graphs.control_dependencies(
                [checks.assert_rank_at_least(inputs, new_rank, message="inputs has rank less than new_rank")]
            ):
                outer = slicing.strided_slice(array.shape(inputs), [0], [new_rank - 1])
                flattened = array.reshape(inputs, joining.concat((outer, [-1]), 0))
            if isinstance(new_rank, int) and inputs.shape.ndims is not None:
                sizes = inputs.shape.as_list()
                inner = sizes[new_rank - 1 :]
                flattened.set_shape([*sizes[: new_rank - 1], None if None in inner else python_math.prod(inner)])
    return collect_named_outputs(output_collections, sc, flattened)


def softmax(logits: Any, scope: Any = None) -> Any:
    """Softmax over the last axis of a tensor of any rank."""
    with variable_scope.variable_scope(scope, "softmax", [logits]):
        size = layer_utils.last_dimension(logits.get_shape(), min_rank=2)
        predictions = nn_activations.softmax(array.reshape(logits, [-1, size]))
        predictions = array.reshape(predictions, array.shape(logits))
        predictions.set_shape(logits.get_shape())
        return predictions


@add_arg_scope
def one_hot_encoding(
    labels: Any,
    num_classes: Any,
    on_value: Any = 1.0,
    off_value: Any = 0.0,
    outputs_collections: Any = None,
    scope: Any = None,
) -> Any:
    """Class ids as vectors: `on_value` at the id, `off_value` elsewhere, float32 by default."""
    with graphs.name_scope(scope, "OneHotEncoding", [labels, num_classes]) as sc:
        labels = conversion.convert_to_tensor(labels)
        if labels.dtype == dtypes.int32:
            labels = math.cast(labels, dtypes.int64, name="ToInt64")
        from jax_slim.tf1.python import gathering

        return collect_named_outputs(
            outputs_collections, sc, gathering.one_hot(labels, num_classes, on_value=on_value, off_value=off_value)
        )


@add_arg_scope
def unit_norm(inputs: Any, dim: int, epsilon: float = 1e-7, scope: Any = None) -> Any:
    """Scales vectors along `dim` to length one.

    Raises:
      ValueError: no such axis.
    """
    with variable_scope.variable_scope(scope, "UnitNorm", [inputs]):
        if inputs.shape.ndims is None:
            raise ValueError("The input rank must be known.")
        rank = len(inputs.shape.as_list())
        if dim < 0 or dim >= rank:
            raise ValueError("dim must be positive but smaller than the input rank.")
        lengths = math.sqrt(epsilon + reductions.reduce_sum(math.square(inputs), dim, True))
        multiples = [constant_op.ones([dim], dtypes.int32)] if dim > 0 else []
        multiples.append(slicing.strided_slice(array.shape(inputs), [dim], [dim + 1]))
        if dim < rank - 1:
            multiples.append(constant_op.ones([rank - 1 - dim], dtypes.int32))
        return math.div(inputs, array.tile(lengths, joining.concat(multiples, 0)))


def poincare_normalize(x: Any, axis: Any = 1, epsilon: float = 1e-5, name: str | None = None) -> Any:
    """Shrinks vectors along `axis` (or several) that are longer than 1 - epsilon to that length: into the Poincare ball."""
    with graphs.name_scope(name, "poincare_normalize", [x]) as name:
        x = conversion.convert_to_tensor(x, name="x")
        inverse = math.rsqrt(reductions.reduce_sum(math.square(x), axis, keepdims=True))
        return math.multiply(x, math.minimum((1.0 - epsilon) * inverse, 1.0), name=name)


def maxout(inputs: Any, num_units: int, axis: int = -1, scope: Any = None) -> Any:
    """Maxima of groups of channels, `num_units` of them.

    Raises:
      ValueError: the channels do not divide into them.
    """
    with variable_scope.variable_scope(scope, "MaxOut", [inputs]):
        inputs = conversion.convert_to_tensor(inputs)
        shape: list[Any] = inputs.shape.as_list()
        channels = shape[axis]
        if channels % num_units:
            raise ValueError(f"number of features({channels}) is not a multiple of num_units({num_units})")
        shape[axis] = num_units
        shape.append(channels // num_units)
        for i, size in enumerate(shape):
            if size is None:
                shape[i] = array.shape(inputs)[i]
        return reductions.reduce_max(array.reshape(inputs, shape), -1, keepdims=False)


def _layer_name(layer: Any, default: str) -> str:
    return getattr(layer, "__name__", None) or getattr(getattr(layer, "func", None), "__name__", None) or default


@add_arg_scope
def repeat(inputs: Any, repetitions: int, layer: Any, *args: Any, **kwargs: Any) -> Any:
    """Calls a layer several times, each on what the last gave: in the scopes `scope/scope_1`, `scope/scope_2`, ..."""
    scope = kwargs.pop("scope", None)
    with variable_scope.variable_scope(scope, "Repeat", [inputs]):
        inputs = conversion.convert_to_tensor(inputs)
        scope = _layer_name(layer, "repeat") if scope is None else scope
        outputs = inputs
        for i in range(repetitions):
            outputs = layer(outputs, *args, **{**kwargs, "scope": f"{scope}_{i + 1}"})
        return outputs


def stack(inputs: Any, layer: Any, stack_args: Any, **kwargs: Any) -> Any:
    """Calls a layer once for each entry of `stack_args` (an argument, or a list of them), each on what the last gave."""
    scope = kwargs.pop("scope", None)
    with variable_scope.variable_scope(scope, "Stack", [inputs]):
        inputs = conversion.convert_to_tensor(inputs)
        scope = _layer_name(layer, "stack") if scope is None else scope
        outputs = inputs
        for i, given in enumerate(stack_args):
            given = given if isinstance(given, list | tuple) else [given]
            outputs = layer(outputs, *given, **{**kwargs, "scope": f"{scope}_{i + 1}"})
        return outputs


def scale_gradient(inputs: Any, gradient_multiplier: Any = 1.0) -> Any:
    """The inputs; their gradient is multiplied."""
    return inputs * gradient_multiplier + array.stop_gradient(inputs * (1.0 - gradient_multiplier))


def legacy_fully_connected(x: Any, num_output_units: int, activation_fn: Any = None, weight_init: Any = xavier_initializer(),
                           bias_init: Any = initializers.Zeros(), name: Any = None, weight_collections: Any = (GraphKeys.WEIGHTS,),
                           bias_collections: Any = (GraphKeys.BIASES,), output_collections: Any = (GraphKeys.ACTIVATIONS,), trainable: bool = True,
                           weight_regularizer: Any = None, bias_regularizer: Any = None) -> Any:  # fmt: skip
    """The fully connected layer of early versions: variables `weights` and `bias`."""
    with variable_scope.variable_scope(name, "fully_connected", [x]):
        x = conversion.convert_to_tensor(x)
        dims = x.shape.ndims
        if dims is None or dims < 2:
            raise ValueError(f"rank of x must be at least 2 not: {dims}")
        size = x.shape[-1].value
        if size is None:
            raise ValueError("last dimension of x must be known but is None")
        dtype = x.dtype.base_dtype
        weights = variable_scope.get_variable("weights", shape=[size, num_output_units], dtype=dtype, initializer=weight_init, regularizer=weight_regularizer,
                                              trainable=trainable, collections=[*weight_collections, GraphKeys.GLOBAL_VARIABLES])  # fmt: skip
        y = building.make("MatMul", array.reshape(x, [-1, size]) if dims > 2 else x, weights)
        if bias_init is not None:
            bias = variable_scope.get_variable("bias", shape=[num_output_units], dtype=dtype, initializer=bias_init, regularizer=bias_regularizer,
                                               trainable=trainable, collections=[*bias_collections, GraphKeys.GLOBAL_VARIABLES])  # fmt: skip
            y = nn.bias_add(y, bias)
        if dims > 2:
            y = array.reshape(y, joining.concat([array.shape(x)[:-1], [num_output_units]], 0))
            y.set_shape([*x.shape.as_list()[:-1], num_output_units])
        if activation_fn is not None:
            y = activation_fn(y)
        graphs.add_to_collections(list(output_collections or ()), y)
        return y


legacy_linear = legacy_fully_connected
legacy_relu = functools.partial(legacy_fully_connected, activation_fn=nn_activations.relu)
