"""Layers that multiply channels: by learned numbers, or by gates that each example sets for itself."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_slim import initializers
from jax_slim.core.arg_scope import add_arg_scope
from jax_slim.core.collections import NamesOfCollections, collect_named_outputs
from jax_slim.core.precision import to_compute
from jax_slim.core.program import operation
from jax_slim.core.scopes import variable_scope
from jax_slim.layers import _args
from jax_slim.layers._steps import Function, Scope, maker
from jax_slim.layers.convolutions import conv2d


@add_arg_scope
@operation
def layer_scale(
    inputs: jax.Array,
    initializer: Any = initializers.constant_initializer(1e-6),
    regularizer: Any = None,
    activation_fn: Function | None = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: NamesOfCollections = None,
    trainable: bool = True,
    scope: Scope = None,
) -> jax.Array:
    """Multiplies each channel by a learned number, which begins near 0.

    At the end of a residual branch it lets a deep net begin as the identity. Creates `<scope>/gamma` [C].

        net = slim.layer_scale(net)                              # [N, 14, 14, 96] -> [N, 14, 14, 96]

    From Touvron et al., "Going Deeper with Image Transformers", 2021.

    Args:
      inputs: [N, ..., C] floats of rank 2 or more.
      initializer: (key, shape, dtype) -> array.
      regularizer: array -> scalar loss, or None.
      activation_fn: applied last; None leaves the layer linear.
      reuse: True shares the variable that an earlier call made under the same `scope`.
      variables_collections: collections that list the variable: names, or a dict {"gamma": names}.
      outputs_collections: collections that list the result, under the name of the scope.
      trainable: False keeps the variable out of the gradient.
      scope: name of the layer; by default "LayerScale", made unique.

    Returns:
      An array like `inputs`, in their dtype (or that of `slim.precision`).

    Raises:
      ValueError: `inputs` has rank 0 or 1.
      TypeError: `inputs` are not floats.
    """
    inputs = _args.floats("layer_scale", inputs)
    _args.least_rank("layer_scale", inputs, 2)
    with variable_scope(scope, "LayerScale", [inputs], reuse=reuse) as sc:
        make = maker(inputs, trainable, variables_collections)
        outputs = to_compute(inputs) * make("gamma", inputs.shape[-1:], initializer, regularizer)
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return collect_named_outputs(outputs_collections, sc.name, outputs)


@add_arg_scope
@operation
def squeeze_and_excitation(
    inputs: jax.Array,
    num_squeezed: int,
    activation_fn: Function | None = jax.nn.relu,
    gate_fn: Function = jax.nn.sigmoid,
    weights_initializer: Any = initializers.xavier_initializer(),
    weights_regularizer: Any = None,
    biases_initializer: Any = initializers.zeros_initializer(),
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: NamesOfCollections = None,
    trainable: bool = True,
    data_format: str = "NHWC",
    scope: Scope = None,
) -> jax.Array:
    """Multiplies each channel of images by a gate that is computed from the means of all channels.

    Creates, as two convolutions of 1 x 1 over the means, `<scope>/Conv/weights` [1, 1, C, num_squeezed],
    `<scope>/Conv/biases`, `<scope>/Conv_1/weights` [1, 1, num_squeezed, C] and `<scope>/Conv_1/biases`: the names that
    MobileNet v3's blocks have.

        net = slim.squeeze_and_excitation(net, 16)               # [N, 28, 28, 64] -> [N, 28, 28, 64]

    From Hu, Shen and Sun, "Squeeze-and-Excitation Networks", 2017.

    Args:
      inputs: [N, H, W, C] floats, or [N, C, H, W] when `data_format` is "NCHW".
      num_squeezed: the channels between the two convolutions: C / 16 in the paper.
      activation_fn: behind the first convolution; None leaves it linear.
      gate_fn: behind the second: a function to numbers from 0 to 1.
      weights_initializer, biases_initializer: (key, shape, dtype) -> array; None for the biases leaves them out.
      weights_regularizer, biases_regularizer: array -> scalar loss, or None.
      reuse: True shares the variables that an earlier call made under the same `scope`.
      variables_collections: collections that list the variables: names, or a dict {"weights": names, "biases": names}.
      outputs_collections: collections that list the result, under the name of the scope.
      trainable: False keeps the variables out of the gradient.
      data_format: "NHWC" or "NCHW".
      scope: name of the layer; by default "squeeze_excite", made unique.

    Returns:
      An array like `inputs`.

    Raises:
      ValueError: `inputs` is not of rank 4, or `num_squeezed` is not an integer of 1 or more.
      TypeError: `inputs` are not floats.
    """
    function = "squeeze_and_excitation"
    layout = _args.choice(function, "data_format", data_format, ("NHWC", "NCHW"))
    inputs = _args.floats(function, inputs)
    _args.rank(function, inputs, layout)
    num_squeezed = _args.count(function, "num_squeezed", num_squeezed)
    with variable_scope(scope, "squeeze_excite", [inputs], reuse=reuse) as sc:
        inputs = to_compute(inputs)
        channels = inputs.shape[layout.index("C")]
        # All by keyword, so that what an arg_scope says of the convolutions of a net does not reach these two.
        arguments: dict[str, Any] = dict(
            kernel_size=1, stride=1, padding="SAME", data_format=layout, rate=1, normalizer_fn=None,
            normalizer_params=None, weights_initializer=weights_initializer, weights_regularizer=weights_regularizer,
            biases_initializer=biases_initializer, biases_regularizer=biases_regularizer, reuse=None,
            variables_collections=variables_collections, outputs_collections=None, trainable=trainable,
        )  # fmt: skip
        means = jnp.mean(inputs, axis=[layout.index(axis) for axis in "HW"], keepdims=True)
        squeezed = conv2d(means, num_outputs=num_squeezed, activation_fn=activation_fn, scope="Conv", **arguments)
        gates = conv2d(squeezed, num_outputs=channels, activation_fn=gate_fn, scope="Conv_1", **arguments)
        return collect_named_outputs(outputs_collections, sc.name, inputs * gates)
