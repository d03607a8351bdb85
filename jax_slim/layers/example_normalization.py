"""Normalization of each example by itself, alike in training and in use: `layer_norm`, `group_norm`, `instance_norm`,
`unit_norm`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from jax_slim import initializers, kernels
from jax_slim.core.arg_scope import add_arg_scope
from jax_slim.core.collections import NamesOfCollections, collect_named_outputs, collections_for
from jax_slim.core.precision import to_compute, variable_dtype
from jax_slim.core.program import operation
from jax_slim.core.scopes import variable_scope
from jax_slim.core.variables import model_variable
from jax_slim.layers import _args
from jax_slim.layers._steps import Function, Scope

_INITIALIZERS = {"beta": initializers.zeros_initializer(), "gamma": initializers.ones_initializer()}


@add_arg_scope
@operation
def layer_norm(
    inputs: jax.Array,
    center: bool = True,
    scale: bool = True,
    activation_fn: Function | None = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: NamesOfCollections = None,
    trainable: bool = True,
    begin_norm_axis: int = 1,
    begin_params_axis: int = -1,
    scope: Scope = None,
    epsilon: float | None = None,
) -> jax.Array:
    """Normalizes each example to mean 0 and variance 1 over all its axes, then scales and shifts it.

    Creates `<scope>/beta` with `center` and `<scope>/gamma` with `scale`, of the shape of `inputs` from
    `begin_params_axis` on: by default [C].

        net = slim.layer_norm(net)                            # [N, 14, 14, 64] -> [N, 14, 14, 64]
        tokens = slim.layer_norm(tokens, begin_norm_axis=-1)  # [N, 128, 512] -> [N, 128, 512]

    From Ba, Kiros and Hinton, "Layer Normalization", 2016. Transformers normalize each token, not the whole sequence:
    they need `begin_norm_axis=-1`, as in the second line.

    Args:
      inputs: [N, ..., C] floats of rank 2 or more.
      center: whether to add `beta`.
      scale: whether to multiply by `gamma`.
      activation_fn: applied last; None leaves the layer linear.
      reuse: True shares the variables that an earlier call made under the same `scope`.
      variables_collections: collections that list the variables: names, or a dict {"beta": names, "gamma": names}.
      outputs_collections: collections that list the result, under the name of the scope.
      trainable: False keeps the variables out of the gradient.
      begin_norm_axis: the first of the axes that are normalized over; all after it are, too.
      begin_params_axis: the first of the axes that `beta` and `gamma` have; all after it follow.
      scope: name of the layer; by default "LayerNorm", made unique.
      epsilon: added to the variance, inside the root; None means TF-Slim's, 1e-12, in float16 1e-3.

    Returns:
      An array like `inputs`.

    Raises:
      ValueError: an axis is none of `inputs`.
      TypeError: `inputs` are not floats.
    """
    function = "layer_norm"
    inputs = _args.floats(function, inputs)
    first = _args.axis(function, "begin_norm_axis", begin_norm_axis, inputs.ndim)
    shape = inputs.shape[_args.axis(function, "begin_params_axis", begin_params_axis, inputs.ndim) :]

    with variable_scope(scope, "LayerNorm", [inputs], reuse=reuse) as sc:
        beta, gamma = _beta_gamma(inputs, shape, center, scale, {}, trainable, variables_collections)
        # TF's figures: 1e-12 is 0 in float16.
        if epsilon is None:
            epsilon = 1e-3 if inputs.dtype == jnp.float16 else 1e-12
        axes = range(first, inputs.ndim)
        outputs, _, _ = kernels.normalize_by_moments(to_compute(inputs), axes, beta, gamma, epsilon)
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return collect_named_outputs(outputs_collections, sc.name, outputs)


@add_arg_scope
@operation
def group_norm(
    inputs: jax.Array,
    groups: int = 32,
    channels_axis: int = -1,
    reduction_axes: Sequence[int] = (-3, -2),
    center: bool = True,
    scale: bool = True,
    epsilon: float = 1e-6,
    activation_fn: Function | None = None,
    param_initializers: Mapping[str, Any] | None = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: NamesOfCollections = None,
    trainable: bool = True,
    scope: Scope = None,
    mean_close_to_zero: bool = False,
) -> jax.Array:
    """Normalizes each group of channels of each example to mean 0 and variance 1, then scales and shifts each channel.

    Creates `<scope>/beta` [C] with `center` and `<scope>/gamma` [C] with `scale`.

        net = slim.group_norm(net, groups=8)                             # [N, 14, 14, 64] -> [N, 14, 14, 64]
        sound = slim.group_norm(sound, groups=8, reduction_axes=[-2])    # [N, 1600, 64] -> [N, 1600, 64]

    From Wu and He, "Group Normalization", 2018. It serves where batches are too small for `batch_norm`.

    Args:
      inputs: [N, H, W, C] floats, or others: see the axes.
      groups: how many groups; must divide C.
      channels_axis: the axis of the channels: -1, or -3 for [N, C, H, W].
      reduction_axes: the axes to average over besides the channels of a group. The default is for [N, H, W, C];
        [N, C, H, W] needs [-2, -1] and [N, W, C] needs [-2]. (The default would average that over the batch.)
      center: whether to add `beta`.
      scale: whether to multiply by `gamma`.
      epsilon: added to the variance, inside the root.
      activation_fn: applied last; None leaves the layer linear.
      param_initializers: initializers by name: "beta", "gamma".
      reuse: True shares the variables that an earlier call made under the same `scope`.
      variables_collections: collections that list the variables: names, or a dict {"beta": names, "gamma": names}.
      outputs_collections: collections that list the result, under the name of the scope.
      trainable: False keeps the variables out of the gradient.
      scope: name of the layer; by default "GroupNorm", made unique.
      mean_close_to_zero: chooses TF's other formula for the variance. The one that is used here is exact enough for
        all means: this changes nothing.

    Returns:
      An array like `inputs`.

    Raises:
      ValueError: `groups` does not divide the channels, an axis is none of `inputs`, or the channels' is among
        `reduction_axes`.
      TypeError: `inputs` are not floats.
    """
    del mean_close_to_zero
    function = "group_norm"
    groups = _args.count(function, "groups", groups)
    given = _args.keys(function, "param_initializers", param_initializers, tuple(_INITIALIZERS))
    inputs = _args.floats(function, inputs)
    channel_axis = _args.axis(function, "channels_axis", channels_axis, inputs.ndim)
    others = {_args.axis(function, "reduction_axes", axis, inputs.ndim) for axis in reduction_axes}
    channels = inputs.shape[channel_axis]
    if channel_axis in others:
        raise ValueError(
            f"{function}: reduction_axes must be without the axis of the channels, which is {channels_axis}, "
            f"got {list(reduction_axes)}. The channels of a group are averaged anyhow."
        )
    if channels % groups:
        raise ValueError(f"{function}: groups must divide the {channels} channels of inputs, got {groups}.")

    # Each group gets an axis, and its channels the next one.
    before, after = inputs.shape[:channel_axis], inputs.shape[channel_axis + 1 :]
    in_groups = (groups, channels // groups)
    along = (*(1 for _ in before), *in_groups, *(1 for _ in after))
    axes = [channel_axis + 1, *(axis if axis < channel_axis else axis + 1 for axis in sorted(others))]

    with variable_scope(scope, "GroupNorm", [inputs], reuse=reuse) as sc:
        made = _beta_gamma(inputs, (channels,), center, scale, given, trainable, variables_collections)
        beta, gamma = (None if vector is None else vector.reshape(along) for vector in made)
        grouped = to_compute(inputs).reshape(*before, *in_groups, *after)
        outputs, _, _ = kernels.normalize_by_moments(grouped, axes, beta, gamma, epsilon)
        outputs = outputs.reshape(inputs.shape)
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return collect_named_outputs(outputs_collections, sc.name, outputs)


@add_arg_scope
@operation
def instance_norm(
    inputs: jax.Array,
    center: bool = True,
    scale: bool = True,
    epsilon: float = 1e-6,
    activation_fn: Function | None = None,
    param_initializers: Mapping[str, Any] | None = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: NamesOfCollections = None,
    trainable: bool = True,
    data_format: str = "NHWC",
    scope: Scope = None,
) -> jax.Array:
    """Normalizes each channel of each example to mean 0 and variance 1, then scales and shifts it.

    Creates `<scope>/beta` [C] with `center` and `<scope>/gamma` [C] with `scale`.

        net = slim.instance_norm(net)                         # [N, 64, 64, 32] -> [N, 64, 64, 32]

    From Ulyanov, Vedaldi and Lempitsky, "Instance Normalization: The Missing Ingredient for Fast Stylization", 2016.

    Args:
      inputs: [N, ..., C] floats of rank 3 or more, or [N, C, ...] when `data_format` is "NCHW".
      center: whether to add `beta`.
      scale: whether to multiply by `gamma`.
      epsilon: added to the variance, inside the root.
      activation_fn: applied last; None leaves the layer linear.
      param_initializers: initializers by name: "beta", "gamma".
      reuse: True shares the variables that an earlier call made under the same `scope`.
      variables_collections: collections that list the variables: names, or a dict {"beta": names, "gamma": names}.
      outputs_collections: collections that list the result, under the name of the scope.
      trainable: False keeps the variables out of the gradient.
      data_format: "NHWC" for channels last, "NCHW" for channels second, whatever the rank.
      scope: name of the layer; by default "InstanceNorm", made unique.

    Returns:
      An array like `inputs`.

    Raises:
      ValueError: `inputs` have no axis to average over: their rank is below 3.
      TypeError: `inputs` are not floats.
    """
    function = "instance_norm"
    data_format = _args.choice(function, "data_format", data_format, ("NHWC", "NCHW"))
    given = _args.keys(function, "param_initializers", param_initializers, tuple(_INITIALIZERS))
    inputs = _args.floats(function, inputs)
    _args.least_rank(function, inputs, 3)
    channel_axis = 1 if data_format == "NCHW" else inputs.ndim - 1

    with variable_scope(scope, "InstanceNorm", [inputs], reuse=reuse) as sc:
        shape = (inputs.shape[channel_axis],)
        beta, gamma = _beta_gamma(inputs, shape, center, scale, given, trainable, variables_collections)
        axes = [axis for axis in range(1, inputs.ndim) if axis != channel_axis]
        outputs, _, _ = kernels.normalize_by_moments(to_compute(inputs), axes, beta, gamma, epsilon, channel_axis)
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return collect_named_outputs(outputs_collections, sc.name, outputs)


@add_arg_scope
@operation
def unit_norm(inputs: jax.Array, dim: int, epsilon: float = 1e-7, scope: Scope = None) -> jax.Array:
    """Divides by the Euclidean length along one axis, so that each vector gets length 1.

        embeddings = slim.unit_norm(embeddings, 1)            # [N, 128] -> [N, 128]

    Args:
      inputs: floats of rank 1 or more.
      dim: the axis of the vectors, 0 or more (as in TF-Slim, -1 is refused).
      epsilon: added to the squared length, inside the root: vectors much shorter than sqrt(epsilon) stay short.
      scope: name of the layer; by default "UnitNorm", made unique.

    Returns:
      An array like `inputs`.

    Raises:
      ValueError: `dim` is no axis of `inputs`.
      TypeError: `inputs` are not floats.
    """
    function = "unit_norm"
    inputs = _args.floats(function, inputs)
    if _args.axis(function, "dim", dim, inputs.ndim) != dim:
        raise ValueError(f"{function}: dim must be 0 or more, got {dim}. The last axis is {inputs.ndim - 1}.")
    with variable_scope(scope, "UnitNorm", [inputs]):
        inputs = to_compute(inputs)
        exact = inputs.astype(jnp.promote_types(inputs.dtype, jnp.float32))
        squares = jnp.sum(jnp.square(exact), dim, keepdims=True)
        return (exact * lax.rsqrt(squares + epsilon)).astype(inputs.dtype)


def _beta_gamma(
    inputs: jax.Array,
    shape: tuple[int, ...],
    center: bool,
    scale: bool,
    given: Mapping[str, Callable[..., jax.Array]],
    trainable: bool,
    variables_collections: Any,
) -> tuple[jax.Array | None, jax.Array | None]:
    """What is added and what is multiplied by, as far as they are wanted; in the variables' own precision."""

    def make(name: str) -> jax.Array:
        return model_variable(
            name,
            shape=shape,
            dtype=variable_dtype(inputs.dtype),
            initializer=given.get(name, _INITIALIZERS[name]),
            trainable=trainable,
            collections=collections_for(variables_collections, name),
        )

    return make("beta") if center else None, make("gamma") if scale else None
