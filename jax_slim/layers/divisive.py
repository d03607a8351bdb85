"""`gdn`: generalized divisive normalization, which divides each channel by a learned pool of all channels."""

import functools
import weakref
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim import kernels
from jax_slim.core.collections import GraphKeys, add_to_collection
from jax_slim.core.precision import to_compute, variable_dtype
from jax_slim.core.program import Program, operation, require
from jax_slim.core.scopes import VariableScope, unique_op_name, variable_scope
from jax_slim.core.variables import variable
from jax_slim.layers import _args
from jax_slim.layers._modes import static_bool
from jax_slim.layers._steps import Function, Scope


@operation
def gdn(
    inputs: jax.Array,
    inverse: bool = False,
    beta_min: float = 1e-6,
    gamma_init: float = 0.1,
    reparam_offset: float = 2**-18,
    data_format: str = "channels_last",
    activity_regularizer: Function | None = None,
    trainable: bool = True,
    name: Scope = None,
    reuse: Any = None,
) -> jax.Array:
    """Divides each channel by a learned pool of all channels: y[i] = x[i] / sqrt(beta[i] + sum_j gamma[j, i] x[j]^2).

    Makes the channels of natural images more independent and more Gaussian; used for learned image compression, with
    `inverse` in the decoder. From Ballé, Laparra and Simoncelli, "Density Modeling of Images Using a Generalized
    Normalization Transformation", 2016.

    Creates `<name>/reparam_beta` [C] and `<name>/reparam_gamma` [C, C], which are roots: beta and gamma are their
    squares less `reparam_offset`^2, so that they stay above 0 and move little where they are near it. As in TF-Slim,
    they are not among the MODEL_VARIABLES.

        net = slim.gdn(net)                              # [N, 16, 16, 128] -> [N, 16, 16, 128]
        images = slim.gdn(net, inverse=True)             # [N, 16, 16, 128] -> [N, 16, 16, 128]

    Args:
      inputs: [N, ..., C] floats of rank 3 to 5, or [N, C, ...] when `data_format` is "channels_first".
      inverse: True multiplies by the root.
      beta_min: the least that beta can become, which keeps the root above 0.
      gamma_init: gamma starts as the identity times this: each channel by itself. (beta starts as 1.)
      reparam_offset: see above; 0 or more. At 0, a gamma that has become 0 stays so.
      data_format: "channels_last" or "channels_first".
      activity_regularizer: outputs -> scalar loss, or None. Its loss, divided by N, is among the regularization losses.
      trainable: False keeps the variables out of the gradient.
      name: name of the layer; by default "gdn", made unique.
      reuse: True shares the variables that an earlier call made under the same `name`.

    Returns:
      An array like `inputs`.

    Raises:
      ValueError: `inputs` are not of rank 3 to 5, or `data_format` is none.
      TypeError: `inputs` are not floats.
    """
    function = "gdn"
    inverse = static_bool(function, "inverse", inverse)
    layout = _args.choice(function, "data_format", data_format, ("channels_last", "channels_first"))
    inputs = _args.floats(function, inputs)
    if not 3 <= inputs.ndim <= 5:
        raise ValueError(f"{function}: inputs must have rank 3, 4 or 5, got shape {inputs.shape}.")
    channel_axis = 1 if layout == "channels_first" else inputs.ndim - 1
    channels = inputs.shape[channel_axis]
    dtype = variable_dtype(inputs.dtype)
    pedestal = reparam_offset**2

    def root_of_ones(key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        del key
        return jnp.sqrt(jnp.ones(shape) + pedestal).astype(dtype)

    def root_of_identity(key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        del key, shape
        return jnp.sqrt(gamma_init * jnp.eye(channels) + pedestal).astype(dtype)

    def learned(name: str, shape: tuple[int, ...], initializer: Any, least: float) -> jax.Array:
        root = variable(name, shape=shape, dtype=dtype, initializer=initializer, trainable=trainable)
        # Squares of half precision overflow early, so all of it is done in single precision at least.
        root = root.astype(jnp.promote_types(root.dtype, jnp.float32))
        return jnp.square(_at_least(root, jnp.asarray(np.sqrt(least), root.dtype))) - pedestal

    with variable_scope(name, "gdn", [inputs], reuse=reuse):
        beta = learned("reparam_beta", (channels,), root_of_ones, beta_min + pedestal)
        gamma = learned("reparam_gamma", (channels, channels), root_of_identity, pedestal)
        inputs = to_compute(inputs)
        exact = jnp.moveaxis(inputs, channel_axis, -1).astype(beta.dtype)
        root = jnp.sqrt(kernels.dense(jnp.square(exact), gamma) + beta)
        outputs = exact * root if inverse else exact / root
        outputs = jnp.moveaxis(outputs, -1, channel_axis).astype(inputs.dtype)
        if activity_regularizer is not None:
            loss = activity_regularizer(outputs) / len(outputs)
            add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss, unique_op_name("ActivityRegularizer"))
        return outputs


class GDN:
    """`gdn` as an object: every call of it within one program shares the variables that the first one makes.

        normalize = slim.GDN(name="shared")
        net = normalize(net)
        other = normalize(other)

    Args:
      others: as `gdn`.
    """

    def __init__(
        self,
        inverse: bool = False,
        beta_min: float = 1e-6,
        gamma_init: float = 0.1,
        reparam_offset: float = 2**-18,
        data_format: str = "channels_last",
        activity_regularizer: Function | None = None,
        trainable: bool = True,
        name: Scope = None,
    ) -> None:
        self._gdn = functools.partial(
            gdn,
            inverse=inverse,
            beta_min=beta_min,
            gamma_init=gamma_init,
            reparam_offset=reparam_offset,
            data_format=data_format,
            activity_regularizer=activity_regularizer,
            trainable=trainable,
        )
        self._name = name
        # A program is traced again and again, each time as one that has made no variables yet.
        self._scopes: weakref.WeakKeyDictionary[Program, VariableScope] = weakref.WeakKeyDictionary()

    def __call__(self, inputs: jax.Array) -> jax.Array:
        program = require("GDN")
        if program in self._scopes:
            return self._gdn(inputs, name=self._scopes[program], reuse=True)
        with variable_scope(self._name, "gdn") as sc:
            pass  # chosen before the first call, so that the others know it
        outputs = self._gdn(inputs, name=sc)
        self._scopes[program] = sc
        return outputs


@jax.custom_vjp
def _at_least(x: jax.Array, least: jax.Array) -> jax.Array:
    """max(x, least), with a gradient that leads back over the bound, where that of a maximum is 0 and stays there."""
    return jnp.maximum(x, least)


def _at_least_forward(x: jax.Array, least: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return jnp.maximum(x, least), (x, least)


def _at_least_backward(saved: tuple[jax.Array, jax.Array], cotangent: jax.Array) -> tuple[jax.Array, jax.Array]:
    x, least = saved
    # Descending along a negative gradient makes x larger.
    return jnp.where((x >= least) | (cotangent < 0), cotangent, 0), jnp.zeros_like(least)


_at_least.defvjp(_at_least_forward, _at_least_backward)
