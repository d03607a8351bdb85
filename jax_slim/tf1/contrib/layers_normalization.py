"""`tf.contrib.layers`: batch, layer, instance and group normalization."""

from typing import Any

from jax_slim.tf1.contrib import framework_variables
from jax_slim.tf1.contrib.arg_scopes import add_arg_scope
from jax_slim.tf1.contrib.layer_utils import collect_named_outputs, get_variable_collections
from jax_slim.tf1.contrib.layers_common import (
    NCHW,
    NHWC,
    add_to_collections,
    check_data_format,
    finished,
    parameter,
    variable_getter,
)
from jax_slim.tf1.graph import conversion, dtypes, graphs
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.python import array, initializers, math, moving_averages, smart, variable_scope
from jax_slim.tf1.python import nn_normalization as nn
from jax_slim.tf1.python.layer_normalization import BatchNormalization

_INITIAL = {
    "beta": initializers.Zeros,
    "gamma": initializers.Ones,
    "moving_mean": initializers.Zeros,
    "moving_variance": initializers.Ones,
}


def _initial(param_initializers: Any, name: str) -> Any:
    return (param_initializers or {}).get(name, _INITIAL[name]())


def _moving(params_shape: Any, dtype: Any, param_initializers: Any, variables_collections: Any) -> tuple[Any, Any]:
    """The moving mean and variance. They are never in parts."""
    with variable_scope.variable_scope(variable_scope.get_variable_scope()) as local_scope:
        local_scope.set_partitioner(None)
        mean, variance = (
            framework_variables.model_variable(n, shape=params_shape, dtype=dtype, initializer=_initial(param_initializers, n), trainable=False,
                                               collections=get_variable_collections(variables_collections, n))
            for n in ("moving_mean", "moving_variance"))  # fmt: skip
    return mean, variance


@add_arg_scope
def batch_norm(inputs: Any, decay: Any = 0.999, center: bool = True, scale: bool = False, epsilon: float = 0.001, activation_fn: Any = None,
               param_initializers: Any = None, param_regularizers: Any = None, updates_collections: Any = GraphKeys.UPDATE_OPS, is_training: Any = True,
               reuse: Any = None, variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True, batch_weights: Any = None,
               fused: bool | None = None, data_format: str = NHWC, zero_debias_moving_mean: bool = False, scope: Any = None, renorm: bool = False,
               renorm_clipping: Any = None, renorm_decay: float = 0.99, adjustment: Any = None) -> Any:  # fmt: skip
    """Batch normalization: by the batch's statistics while training, else by moving averages.

    Variables `beta`, with `scale` `gamma`, `moving_mean`, `moving_variance`.

    Args:
      updates_collections: where the operations that move the averages are put; None makes them part of the output.
      is_training: a Python bool or a tensor.
      batch_weights: weights of the examples in mean and variance.

    Raises:
      ValueError: another data format, a rank or a number of channels that is not known.
    """
    fused = True if fused is None else fused
    inputs = conversion.convert_to_tensor(inputs)
    rank = inputs.shape.ndims
    can_be_fused = batch_weights is None and not renorm and rank in [2, 4] and adjustment is None
    given_collection = updates_collections == GraphKeys.UPDATE_OPS
    if fused and can_be_fused and (zero_debias_moving_mean or rank == 2 or not given_collection):
        return _fused_batch_norm(inputs, decay, center, scale, epsilon, activation_fn, param_initializers, param_regularizers, updates_collections,
                                 is_training, reuse, variables_collections, outputs_collections, trainable, data_format, zero_debias_moving_mean, scope)  # fmt: skip
    check_data_format(data_format)
    with variable_scope.variable_scope(
        scope, "BatchNorm", [inputs], reuse=reuse, custom_getter=variable_getter()
    ) as sc:
        inputs = conversion.convert_to_tensor(inputs)
        if batch_weights is None and given_collection and not zero_debias_moving_mean:
            regularizers = param_regularizers or {}
            layer = BatchNormalization(
                axis=1 if data_format == NCHW else -1, momentum=decay, epsilon=epsilon, center=center, scale=scale,
                beta_initializer=_initial(param_initializers, "beta"), gamma_initializer=_initial(param_initializers, "gamma"),
                moving_mean_initializer=_initial(param_initializers, "moving_mean"),
                moving_variance_initializer=_initial(param_initializers, "moving_variance"), beta_regularizer=regularizers.get("beta"),
                gamma_regularizer=regularizers.get("gamma"), trainable=trainable, renorm=renorm, renorm_clipping=renorm_clipping,
                renorm_momentum=renorm_decay, adjustment=adjustment, name=sc.name, _scope=sc, _reuse=reuse, fused=fused)  # fmt: skip
            outputs = layer.apply(inputs, training=is_training)
            for name in ("moving_mean", "moving_variance", "beta", "gamma"):
                if getattr(layer, name) is not None:
                    add_to_collections(getattr(layer, name), variables_collections, name)
            return finished(outputs, sc, outputs_collections, activation_fn)
        if renorm:
            raise ValueError(
                "renorm is not supported with batch_weights, updates_collections or zero_debias_moving_mean"
            )
        outputs = _by_hand(inputs, decay, center, scale, epsilon, param_initializers, updates_collections, is_training, variables_collections,
                           trainable, batch_weights, data_format, zero_debias_moving_mean)  # fmt: skip
        return finished(outputs, sc, outputs_collections, activation_fn)


def _updated(mean: Any, variance: Any, moving_mean: Any, moving_variance: Any, decay: Any, zero_debias: bool, is_training: Any,
             updates_collections: Any) -> None:  # fmt: skip
    def delayed() -> Any:
        return (moving_averages.assign_moving_average(moving_mean, mean, decay, zero_debias=zero_debias),
                moving_averages.assign_moving_average(moving_variance, variance, decay, zero_debias=False))  # fmt: skip

    for update in smart.smart_cond(is_training, delayed, lambda: (moving_mean, moving_variance)):
        graphs.add_to_collections(updates_collections, update)


def _by_hand(inputs: Any, decay: Any, center: bool, scale: bool, epsilon: float, param_initializers: Any, updates_collections: Any, is_training: Any,
             variables_collections: Any, trainable: bool, batch_weights: Any, data_format: str, zero_debias: bool) -> Any:  # fmt: skip
    shape, rank, dtype = inputs.shape, inputs.shape.ndims, inputs.dtype.base_dtype
    if rank is None:
        raise ValueError(f"Inputs {inputs.name} has undefined rank.")
    if batch_weights is not None:
        batch_weights = conversion.convert_to_tensor(batch_weights)
        shape[0:1].assert_is_compatible_with(batch_weights.shape)
        batch_weights = array.reshape(batch_weights, [-1] + [1] * (rank - 1))
    broadcast = None
    if data_format == NCHW:
        axes, params_shape = [0, *range(2, rank)], shape[1:2]
        broadcast = [1, shape[1].value] + [1] * (rank - 2)
    else:
        axes, params_shape = list(range(rank - 1)), shape[-1:]
    if not params_shape.is_fully_defined():
        raise ValueError(f"Inputs {inputs.name} has undefined channels dimension {params_shape}.")
    beta = (
        parameter("beta", params_shape, dtype, _initial(param_initializers, "beta"), variables_collections, trainable)
        if center
        else None
    )
    gamma = (
        parameter("gamma", params_shape, dtype, _initial(param_initializers, "gamma"), variables_collections, trainable)
        if scale
        else None
    )
    moving_mean, moving_variance = _moving(params_shape, dtype, param_initializers, variables_collections)
    known = smart.constant_value(is_training)
    if known is None or known:
        if batch_weights is None:
            mean, variance = nn.moments(inputs, axes, keep_dims=data_format == NCHW)
        else:
            mean, variance = nn.weighted_moments(inputs, axes, batch_weights, keep_dims=data_format == NCHW)
        if data_format == NCHW:
            mean, variance = array.reshape(mean, [-1]), array.reshape(variance, [-1])
        if updates_collections is None:

            def forced() -> Any:
                updates = [moving_averages.assign_moving_average(moving_mean, mean, decay, zero_debias=zero_debias),
                           moving_averages.assign_moving_average(moving_variance, variance, decay, zero_debias=False)]  # fmt: skip
                with graphs.control_dependencies(updates):
                    return array.identity(mean), array.identity(variance)

            used = smart.smart_cond(is_training, forced, lambda: (moving_mean, moving_variance))
        else:
            _updated(mean, variance, moving_mean, moving_variance, decay, zero_debias, is_training, updates_collections)
            used = smart.smart_cond(is_training, lambda: (mean, variance), lambda: (moving_mean, moving_variance))
        mean, variance = used
    else:
        mean, variance = moving_mean, moving_variance
    if broadcast is not None:
        mean, variance = array.reshape(mean, broadcast), array.reshape(variance, broadcast)
        beta = None if beta is None else array.reshape(beta, broadcast)
        gamma = None if gamma is None else array.reshape(gamma, broadcast)
    outputs = nn.batch_normalization(inputs, mean, variance, beta, gamma, epsilon)
    outputs.set_shape(shape)
    return outputs


def _fused_batch_norm(inputs: Any, decay: Any, center: bool, scale: bool, epsilon: float, activation_fn: Any, param_initializers: Any,
                      param_regularizers: Any, updates_collections: Any, is_training: Any, reuse: Any, variables_collections: Any,
                      outputs_collections: Any, trainable: bool, data_format: str, zero_debias: bool, scope: Any) -> Any:  # fmt: skip
    check_data_format(data_format)
    with variable_scope.variable_scope(scope, "BatchNorm", [inputs], reuse=reuse) as sc:
        original = inputs
        if original.shape.ndims == 2:
            channels = inputs.shape[-1].value
            if channels is None:
                raise ValueError("`C` dimension must be known but is None")
            inputs = array.reshape(inputs, [-1, channels, 1, 1] if data_format == NCHW else [-1, 1, 1, channels])
        shape = inputs.shape
        params_shape = shape[-1:] if data_format == NHWC else shape[1:2]
        if not params_shape.is_fully_defined():
            raise ValueError(f"Inputs {inputs.name} has undefined `C` dimension {params_shape}.")
        kind, regularizers = dtypes.float32, param_regularizers or {}
        parameters = []
        for name, wanted, constant in (("beta", center, 0.0), ("gamma", scale, 1.0)):
            if wanted:
                parameters.append(
                    parameter(
                        name,
                        params_shape,
                        kind,
                        _initial(param_initializers, name),
                        variables_collections,
                        trainable,
                        regularizers.get(name),
                    )
                )
            else:
                parameters.append(conversion.constant(constant, dtype=kind, shape=params_shape))
        beta, gamma = parameters
        moving_mean, moving_variance = _moving(params_shape, kind, param_initializers, variables_collections)

        def trained() -> Any:
            return nn.fused_batch_norm(inputs, gamma, beta, epsilon=epsilon, data_format=data_format)

        def inferred() -> Any:
            return nn.fused_batch_norm(
                inputs,
                gamma,
                beta,
                mean=moving_mean,
                variance=moving_variance,
                epsilon=epsilon,
                is_training=False,
                data_format=data_format,
            )

        outputs, mean, variance = smart.smart_cond(is_training, trained, inferred)
        known = smart.constant_value(is_training)
        if known is None or known:
            if updates_collections is None:
                result = outputs

                def forced() -> Any:
                    updates = [moving_averages.assign_moving_average(moving_mean, mean, decay, zero_debias=zero_debias),
                               moving_averages.assign_moving_average(moving_variance, variance, decay, zero_debias=False)]  # fmt: skip
                    with graphs.control_dependencies(updates):
                        return array.identity(result)

                outputs = smart.smart_cond(is_training, forced, lambda: result)
            else:
                _updated(
                    mean, variance, moving_mean, moving_variance, decay, zero_debias, is_training, updates_collections
                )
        outputs.set_shape(shape)
        if original.shape.ndims == 2:
            outputs = array.reshape(outputs, array.shape(original))
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return collect_named_outputs(outputs_collections, sc.name, outputs)


@add_arg_scope
def layer_norm(inputs: Any, center: bool = True, scale: bool = True, activation_fn: Any = None, reuse: Any = None, variables_collections: Any = None,
               outputs_collections: Any = None, trainable: bool = True, begin_norm_axis: int = 1, begin_params_axis: int = -1, scope: Any = None) -> Any:  # fmt: skip
    """Normalizes each example over the axes from `begin_norm_axis` on; variables `beta` and `gamma` of the axes from `begin_params_axis` on.

    Raises:
      ValueError: sizes that are not known, axes that are not there.
    """
    with variable_scope.variable_scope(scope, "LayerNorm", [inputs], reuse=reuse) as sc:
        inputs = conversion.convert_to_tensor(inputs)
        shape, rank, dtype = inputs.shape, inputs.shape.ndims, inputs.dtype.base_dtype
        if rank is None:
            raise ValueError(f"Inputs {inputs.name} has undefined rank.")
        if begin_norm_axis < 0:
            begin_norm_axis += rank
        if begin_params_axis >= rank or begin_norm_axis >= rank:
            raise ValueError(
                f"begin_params_axis ({begin_params_axis}) and begin_norm_axis ({begin_norm_axis}) must be < rank(inputs) ({rank})"
            )
        params_shape = shape[begin_params_axis:]
        if not params_shape.is_fully_defined():
            raise ValueError(f"Inputs {inputs.name}: shape(inputs)[{begin_params_axis}:] is not fully defined: {shape}")
        beta = (
            parameter("beta", params_shape, dtype, initializers.Zeros(), variables_collections, trainable)
            if center
            else None
        )
        gamma = (
            parameter("gamma", params_shape, dtype, initializers.Ones(), variables_collections, trainable)
            if scale
            else None
        )
        mean, variance = nn.moments(inputs, list(range(begin_norm_axis, rank)), keep_dims=True)
        outputs = nn.batch_normalization(
            inputs,
            mean,
            variance,
            offset=beta,
            scale=gamma,
            variance_epsilon=1e-12 if dtype != dtypes.float16 else 1e-3,
        )
        outputs.set_shape(shape)
        return finished(outputs, sc, outputs_collections, activation_fn)


@add_arg_scope
def instance_norm(inputs: Any, center: bool = True, scale: bool = True, epsilon: float = 1e-6, activation_fn: Any = None, param_initializers: Any = None,
                  reuse: Any = None, variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True, data_format: str = NHWC,
                  scope: Any = None) -> Any:  # fmt: skip
    """Normalizes each channel of each example.

    Raises:
      ValueError: another data format, a rank or a number of channels that is not known.
    """
    inputs = conversion.convert_to_tensor(inputs)
    shape, rank = inputs.shape, inputs.shape.ndims
    if rank is None:
        raise ValueError(f"Inputs {inputs.name} has undefined rank.")
    check_data_format(data_format)
    with variable_scope.variable_scope(scope, "InstanceNorm", [inputs], reuse=reuse) as sc:
        axis = 1 if data_format == NCHW else rank - 1
        dtype = inputs.dtype.base_dtype
        params_shape = shape[axis : axis + 1]
        if not params_shape.is_fully_defined():
            raise ValueError(f"Inputs {inputs.name} has undefined channels dimension {params_shape}.")
        broadcast = [1] * rank
        broadcast[axis] = params_shape[0].value
        axes = [i for i in range(1, rank) if i != axis]
        beta = (
            parameter(
                "beta", params_shape, dtype, _initial(param_initializers, "beta"), variables_collections, trainable
            )
            if center
            else None
        )
        if beta is not None and data_format == NCHW:
            beta = array.reshape(beta, broadcast)
        gamma = (
            parameter(
                "gamma", params_shape, dtype, _initial(param_initializers, "gamma"), variables_collections, trainable
            )
            if scale
            else None
        )
        if gamma is not None and data_format == NCHW:
            gamma = array.reshape(gamma, broadcast)
        mean, variance = nn.moments(inputs, axes, keep_dims=True)
        outputs = nn.batch_normalization(inputs, mean, variance, beta, gamma, epsilon, name="instancenorm")
        outputs.set_shape(shape)
        return finished(outputs, sc, outputs_collections, activation_fn)


@add_arg_scope
def group_norm(inputs: Any, groups: int = 32, channels_axis: int = -1, reduction_axes: Any = (-3, -2), center: bool = True, scale: bool = True,
               epsilon: float = 1e-6, activation_fn: Any = None, param_initializers: Any = None, reuse: Any = None, variables_collections: Any = None,
               outputs_collections: Any = None, trainable: bool = True, scope: Any = None, mean_close_to_zero: bool = False) -> Any:  # fmt: skip
    """Normalizes groups of channels of each example.

    Raises:
      ValueError: axes that are not there or of unknown size, channels that do not divide into the groups.
    """
    inputs = conversion.convert_to_tensor(inputs)
    rank = inputs.shape.ndims
    if rank is None:
        raise ValueError(f"Inputs {inputs.name} has undefined rank.")
    if channels_axis > rank - 1:
        raise ValueError("Axis is out of bounds.")
    dynamic = array.shape(inputs)
    sizes = [dynamic[i] if d is None else d for i, d in enumerate(inputs.shape.as_list())]
    channels_axis += rank if channels_axis < 0 else 0
    channels = inputs.shape[channels_axis].value
    if channels is None:
        raise ValueError(f"Inputs {inputs.name} has undefined channel dimension: {channels_axis}.")
    reduction_axes = [a + rank if a < 0 else a for a in reduction_axes]
    for a in reduction_axes:
        if a >= rank:
            raise ValueError("Axis is out of bounds.")
        if inputs.shape[a].value is None:
            raise ValueError(f"Inputs {inputs.name} has undefined dimensions {a}.")
        if a == channels_axis:
            raise ValueError("reduction_axis must be mutually exclusive with channels_axis")
    if groups > channels:
        raise ValueError(f"Invalid groups {groups} for {channels} channels.")
    if channels % groups != 0:
        raise ValueError(f"{channels} channels is not commensurate with {groups} groups.")
    before, after = sizes[:channels_axis], sizes[channels_axis + 1 :]
    broadcast = [1] * len(before) + [groups, channels // groups] + [1] * len(after)
    inputs = array.reshape(inputs, [*before, groups, channels // groups, *after])
    axes = [channels_axis + 1, *(a + 1 if a > channels_axis else a for a in reduction_axes)]
    with variable_scope.variable_scope(scope, "GroupNorm", [inputs], reuse=reuse) as sc:
        dtype = inputs.dtype.base_dtype
        beta = gamma = None
        if center:
            beta = array.reshape(
                parameter(
                    "beta", [channels], dtype, _initial(param_initializers, "beta"), variables_collections, trainable
                ),
                broadcast,
            )
        if scale:
            gamma = array.reshape(
                parameter(
                    "gamma", [channels], dtype, _initial(param_initializers, "gamma"), variables_collections, trainable
                ),
                broadcast,
            )
        if mean_close_to_zero:
            counts, means_ss, variance_ss, _ = nn.sufficient_statistics(inputs, axes, keep_dims=True)
            mean, variance = nn.normalize_moments(counts, means_ss, variance_ss, shift=None)
        else:
            mean, variance = nn.moments(inputs, axes, keep_dims=True)
        gain = math.rsqrt(variance + epsilon)
        offset = -mean * gain
        if gamma is not None:
            gain, offset = gain * gamma, offset * gamma
        if beta is not None:
            offset = offset + beta
        outputs = array.reshape(inputs * gain + offset, sizes)
        return finished(outputs, sc, outputs_collections, activation_fn)
