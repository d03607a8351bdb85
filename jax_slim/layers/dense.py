"""Fully connected layers, and biases alone."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import jax

from jax_slim import initializers, kernels
from jax_slim.core.arg_scope import add_arg_scope
from jax_slim.core.collections import (
    GraphKeys,
    NamesOfCollections,
    add_to_collections,
    as_names,
    collect_named_outputs,
)
from jax_slim.core.precision import to_compute, variable_dtype
from jax_slim.core.program import operation
from jax_slim.core.scopes import variable_scope
from jax_slim.core.variables import variable
from jax_slim.layers import _args
from jax_slim.layers._steps import Function, Scope, biased, maker, of_model, run


@add_arg_scope
@operation
def fully_connected(
    inputs: jax.Array,
    num_outputs: int,
    activation_fn: Function | None = jax.nn.relu,
    normalizer_fn: Function | None = None,
    normalizer_params: Mapping[str, Any] | None = None,
    weights_initializer: Any = initializers.xavier_initializer(),
    weights_regularizer: Any = None,
    biases_initializer: Any = initializers.zeros_initializer(),
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: NamesOfCollections = None,
    trainable: bool = True,
    scope: Scope = None,
) -> jax.Array:
    """Multiplies the last axis with a learned matrix.

    Creates `<scope>/weights` [C, num_outputs] and, when there is no `normalizer_fn`, `<scope>/biases` [num_outputs],
    in the dtype of `inputs`. `slim.linear`, `slim.relu`, `slim.relu6` and `slim.elu` are this with that activation; an
    `arg_scope` reaches them through `slim.fully_connected`.

        net = slim.flatten(net)                                   # [N, 7, 7, 512] -> [N, 25088]
        net = slim.fully_connected(net, 4096, scope="fc6")        # [N, 4096]
        logits = slim.fully_connected(net, 1000, activation_fn=None, scope="fc8")

    Args:
      inputs: [N, ..., C] floats of rank 2 or more; every axis but the last stays as it is (flatten images first,
        unless each pixel is to be transformed alike).
      num_outputs: how many outputs.
      activation_fn: applied last; None leaves the layer linear.
      normalizer_fn: takes the place of the biases; called with `**normalizer_params`.
      weights_initializer, biases_initializer: (key, shape, dtype) -> array; None for the biases leaves them out.
      weights_regularizer, biases_regularizer: array -> scalar loss, or None.
      reuse: True shares the variables that an earlier call made under the same `scope`.
      variables_collections: collections that list the variables: names, or a dict {"weights": names, "biases": names}.
      outputs_collections: collections that list the result, under the name of the scope.
      trainable: False keeps the variables out of the gradient.
      scope: name of the layer; by default "fully_connected", made unique.

    Returns:
      [N, ..., num_outputs], in the dtype of `inputs` (or that of `slim.precision`).

    Raises:
      ValueError: `inputs` has rank 0 or 1, or `num_outputs` is not an integer of 1 or more.
      TypeError: `inputs` are not floats.
    """
    function = "fully_connected"
    num_outputs = _args.count(function, "num_outputs", num_outputs)
    inputs = _args.floats(function, inputs)
    _args.least_rank(function, inputs, 2)

    with variable_scope(scope, "fully_connected", [inputs], custom_getter=of_model, reuse=reuse) as sc:
        make = maker(inputs, trainable, variables_collections)
        weights = make("weights", (inputs.shape[-1], num_outputs), weights_initializer, weights_regularizer)
        outputs = run(
            lambda inputs: kernels.dense(inputs, weights),
            to_compute(inputs), num_outputs, make, -1, normalizer_fn, normalizer_params, biases_initializer,
            biases_regularizer, activation_fn,
        )  # fmt: skip
        return collect_named_outputs(outputs_collections, sc.name, outputs)


linear = functools.partial(fully_connected, activation_fn=None)
relu = functools.partial(fully_connected, activation_fn=jax.nn.relu)
relu6 = functools.partial(fully_connected, activation_fn=jax.nn.relu6)
elu = functools.partial(fully_connected, activation_fn=jax.nn.elu)


@add_arg_scope
@operation
def bias_add(
    inputs: jax.Array,
    activation_fn: Function | None = None,
    initializer: Any = initializers.zeros_initializer(),
    regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: NamesOfCollections = None,
    trainable: bool = True,
    data_format: str = "NHWC",
    scope: Scope = None,
) -> jax.Array:
    """Adds a learned number to each channel.

    Creates `<scope>/biases` [C].

        net = slim.bias_add(net, activation_fn=jax.nn.relu)      # [N, 14, 14, 64] -> [N, 14, 14, 64]

    Args:
      inputs: [N, ..., C] floats of rank 2 or more, or [N, C, H, W] when `data_format` is "NCHW".
      activation_fn: applied last; None leaves the layer linear.
      initializer: (key, shape, dtype) -> array.
      regularizer: array -> scalar loss, or None.
      reuse: True shares the variable that an earlier call made under the same `scope`.
      variables_collections: collections that list the variable: names, or a dict {"biases": names}.
      outputs_collections: collections that list the result, under the name of the scope.
      trainable: False keeps the variable out of the gradient.
      data_format: "NHWC" (whatever the rank) or "NCHW".
      scope: name of the layer; by default "BiasAdd", made unique.

    Returns:
      An array like `inputs`.

    Raises:
      ValueError: `inputs` has rank 0 or 1, or not rank 4 with "NCHW".
      TypeError: `inputs` are not floats.
    """
    function = "bias_add"
    layout = _args.choice(function, "data_format", data_format, ("NHWC", "NCHW"))
    inputs = _args.floats(function, inputs)
    if layout == "NCHW":
        _args.rank(function, inputs, layout)
    _args.least_rank(function, inputs, 2)
    channel_axis = 1 if layout == "NCHW" else -1

    with variable_scope(scope, "BiasAdd", [inputs], reuse=reuse) as sc:
        make = maker(inputs, trainable, variables_collections)
        biases = make("biases", (inputs.shape[channel_axis],), initializer, regularizer)
        outputs = biased(lambda inputs: inputs, to_compute(inputs), biases, channel_axis)
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return collect_named_outputs(outputs_collections, sc.name, outputs)


@operation
def legacy_fully_connected(
    x: jax.Array,
    num_output_units: int,
    activation_fn: Function | None = None,
    weight_init: Any = initializers.xavier_initializer(),
    bias_init: Any = initializers.zeros_initializer(),
    name: Scope = None,
    weight_collections: Sequence[str] | None = (GraphKeys.WEIGHTS,),
    bias_collections: Sequence[str] | None = (GraphKeys.BIASES,),
    output_collections: Sequence[str] | None = (GraphKeys.ACTIVATIONS,),
    trainable: bool = True,
    weight_regularizer: Any = None,
    bias_regularizer: Any = None,
) -> jax.Array:
    """Multiplies the last axis with a learned matrix: the older form of `fully_connected`, linear by default.

    Creates `<name>/weights` [C, num_output_units] and `<name>/bias` [num_output_units]; they are not among the
    MODEL_VARIABLES. `slim.legacy_linear` and `slim.legacy_relu` are this with that activation. No `arg_scope` reaches
    it.

        slim.legacy_fully_connected(x, 10, name="logits")         # [N, 20] -> [N, 10]

    Args:
      x: [N, ..., C] floats of rank 2 or more.
      num_output_units: how many outputs.
      activation_fn: applied last; None leaves the layer linear.
      weight_init, bias_init: (key, shape, dtype) -> array; None for `bias_init` leaves the bias out.
      name: the scope; by default "fully_connected", made unique.
      weight_collections, bias_collections: collections that list the variables, besides GLOBAL_VARIABLES.
      output_collections: collections that get the result, besides ACTIVATIONS.
      trainable: False keeps the variables out of the gradient.
      weight_regularizer, bias_regularizer: array -> scalar loss, or None.

    Returns:
      [N, ..., num_output_units], in the dtype of `x`.

    Raises:
      ValueError: `x` has rank 0 or 1.
      TypeError: `x` are not floats.
    """
    function = "legacy_fully_connected"
    num_output_units = _args.count(function, "num_output_units", num_output_units)
    x = _args.floats(function, x, "x")
    _args.least_rank(function, x, 2, "x")
    dtype = variable_dtype(x.dtype)

    def make(last: str, shape: tuple[int, ...], init: Any, regularizer: Any, listed: NamesOfCollections) -> jax.Array:
        collections = (*as_names(listed), GraphKeys.GLOBAL_VARIABLES)
        value = variable(
            last,
            shape=shape,
            dtype=dtype,
            initializer=init,
            regularizer=regularizer,
            trainable=trainable,
            collections=collections,
        )
        return to_compute(value)

    with variable_scope(name, "fully_connected", [x]) as sc:
        shape = (x.shape[-1], num_output_units)
        weights = make("weights", shape, weight_init, weight_regularizer, weight_collections)

        def products(x: jax.Array) -> jax.Array:
            return kernels.dense(x, weights)

        if bias_init is None:
            y = products(to_compute(x))
        else:
            biases = make("bias", shape[1:], bias_init, bias_regularizer, bias_collections)
            y = biased(products, to_compute(x), biases, -1)
        if activation_fn is not None:
            y = activation_fn(y)
        add_to_collections(dict.fromkeys((*as_names(output_collections), GraphKeys.ACTIVATIONS)), y, sc.name)
        return y


legacy_linear = functools.partial(legacy_fully_connected, activation_fn=None)
legacy_relu = functools.partial(legacy_fully_connected, activation_fn=jax.nn.relu)
