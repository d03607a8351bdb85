"""`tf.layers.BatchNormalization` and `tf.layers.batch_normalization`."""

from typing import Any

from jax_slim.tf1.graph import conversion, dtypes, graphs, shapes
from jax_slim.tf1.python import array, constant_op, initializers, math, smart
from jax_slim.tf1.python import nn_normalization as nn
from jax_slim.tf1.python.layer_base import InputSpec, Layer
from jax_slim.tf1.python.layer_core import constraint_of


class BatchNormalization(Layer):
    """Subtracts the mean, divides by the deviation, scales by `gamma`, adds `beta`: of the batch while training, else moving ones.

    The operations that move the averages are in `updates` and in the collection UPDATE_OPS.
    """

    def __init__(self, axis: Any = -1, momentum: float = 0.99, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
                 beta_initializer: Any = initializers.Zeros(), gamma_initializer: Any = initializers.Ones(),
                 moving_mean_initializer: Any = initializers.Zeros(), moving_variance_initializer: Any = initializers.Ones(),
                 beta_regularizer: Any = None, gamma_regularizer: Any = None, beta_constraint: Any = None, gamma_constraint: Any = None,
                 renorm: bool = False, renorm_clipping: Any = None, renorm_momentum: float = 0.99, fused: bool | None = None, trainable: bool = True,
                 virtual_batch_size: int | None = None, adjustment: Any = None, name: Any = None, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(name=name, trainable=trainable, **kwargs)
        self.axis: Any = axis if isinstance(axis, int) else list(axis)
        self.momentum, self.epsilon, self.center, self.scale = momentum, epsilon, center, scale
        self.beta_initializer, self.gamma_initializer = (
            initializers.get(beta_initializer),
            initializers.get(gamma_initializer),
        )
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.beta_regularizer, self.gamma_regularizer = beta_regularizer, gamma_regularizer
        self.beta_constraint, self.gamma_constraint = constraint_of(beta_constraint), constraint_of(gamma_constraint)
        self.renorm, self.virtual_batch_size, self.adjustment = renorm, virtual_batch_size, adjustment
        if renorm:
            renorm_clipping = renorm_clipping or {}
            extra = set(renorm_clipping) - {"rmax", "rmin", "dmax"}
            if extra:
                raise ValueError(f"renorm_clipping contains keys not in ['rmax', 'rmin', 'dmax']: {sorted(extra)}")
        self.renorm_clipping, self.renorm_momentum = renorm_clipping, renorm_momentum
        self.fused = True if fused is None else fused
        self.beta: Any = None
        self.gamma: Any = None

    @property
    def _param_dtype(self) -> dtypes.DType:
        kind = dtypes.as_dtype(self.dtype or dtypes.float32)
        return dtypes.float32 if kind in (dtypes.float16, dtypes.bfloat16) else kind

    def _can_be_fused(self, ndims: int, axes: list[int]) -> bool:
        if ndims != 4 or self.renorm or self.virtual_batch_size is not None or self.adjustment is not None:
            return False
        return axes in ([1], [3])

    def build(self, input_shape: Any) -> None:
        shape = shapes.as_shape(input_shape)
        if shape.ndims is None:
            raise ValueError("Input has undefined rank:", shape)
        ndims = shape.ndims
        axes = [self.axis] if isinstance(self.axis, int) else list(self.axis)
        axes = [ndims + a if a < 0 else a for a in axes]
        if any(a < 0 or a >= ndims for a in axes):
            raise ValueError(f"Invalid axis: {self.axis}")
        if len(set(axes)) != len(axes):
            raise ValueError(f"Duplicate axis: {axes}")
        self.axis = axes
        if self.virtual_batch_size is not None:
            if self.virtual_batch_size <= 0:
                raise ValueError(
                    "virtual_batch_size must be a positive integer that divides the true batch size of the input tensor"
                )
            if 0 in axes:
                raise ValueError(
                    f"When using virtual_batch_size, the batch dimension must be 0 and thus axis cannot include 0. Received axis={axes}"
                )
            if self.adjustment is not None:
                raise ValueError("When using virtual_batch_size, adjustment cannot be specified")
        if self.fused:
            self.fused = self._can_be_fused(ndims, axes)
            self._data_format = "NCHW" if axes == [1] else "NHWC"
        sizes = {a: shape[a].value for a in axes}
        if None in sizes.values():
            raise ValueError(f"Input has undefined `axis` dimension. Input shape: {shape}")
        self.input_spec = InputSpec(ndim=ndims, axes=sizes)
        if len(sizes) == 1 and self.virtual_batch_size is None:
            param_shape = (sizes[axes[0]],)
        else:
            param_shape = tuple(sizes.get(i, 1) for i in range(ndims))
            if self.virtual_batch_size is not None:
                param_shape = (1, *param_shape)
                self.axis = [a + 1 for a in axes]
        kind = self._param_dtype
        if self.scale:
            self.gamma = self.add_weight(name="gamma", shape=param_shape, dtype=kind, initializer=self.gamma_initializer,
                                         regularizer=self.gamma_regularizer, constraint=self.gamma_constraint, trainable=True)  # fmt: skip
        elif self.fused:
            self._gamma_const = conversion.constant(1.0, dtype=kind, shape=param_shape)
        if self.center:
            self.beta = self.add_weight(name="beta", shape=param_shape, dtype=kind, initializer=self.beta_initializer,
                                        regularizer=self.beta_regularizer, constraint=self.beta_constraint, trainable=True)  # fmt: skip
        elif self.fused:
            self._beta_const = conversion.constant(0.0, dtype=kind, shape=param_shape)
        partitioner = None
        try:
            # Moving averages cannot be in parts.
            if self._scope:
                partitioner = self._scope.partitioner
                self._scope.set_partitioner(None)
            self.moving_mean = self._statistic("moving_mean", param_shape, self.moving_mean_initializer)
            self.moving_variance = self._statistic("moving_variance", param_shape, self.moving_variance_initializer)
            if self.renorm:

                def stddev(*args: Any, **kwargs: Any) -> Any:
                    return math.sqrt(self.moving_variance_initializer(*args, **kwargs))

                self.moving_stddev = self._statistic("moving_stddev", param_shape, stddev)
                # What training compares each batch with; the moving averages above are for inference.
                self.renorm_mean = self._statistic("renorm_mean", param_shape, self.moving_mean_initializer)
                self.renorm_stddev = self._statistic("renorm_stddev", param_shape, stddev)
        finally:
            if partitioner:
                self._scope.set_partitioner(partitioner)
        self.built = True

    def _statistic(self, name: str, shape: Any, initializer: Any) -> Any:
        return self.add_weight(
            name=name,
            shape=shape,
            dtype=self._param_dtype,
            initializer=initializer,
            synchronization=3,
            trainable=False,
            aggregation=2,
        )

    def _assign_moving_average(self, variable: Any, value: Any, momentum: Any) -> Any:
        with graphs.name_scope("AssignMovingAvg") as scope, graphs.colocate_with(variable):
            decay = conversion.convert_to_tensor(1.0 - momentum, name="decay")
            if decay.dtype != variable.dtype.base_dtype:
                decay = math.cast(decay, variable.dtype.base_dtype)
            delta = (variable - math.cast(value, variable.dtype.base_dtype)) * decay
            from jax_slim.tf1.python import state_ops

            return state_ops.assign_sub(variable, delta, name=scope)

    def _fused_batch_norm(self, inputs: Any, training: Any) -> Any:
        beta = self.beta if self.center else self._beta_const
        gamma = self.gamma if self.scale else self._gamma_const

        def trained() -> Any:
            return nn.fused_batch_norm(inputs, gamma, beta, epsilon=self.epsilon, data_format=self._data_format)

        def inferred() -> Any:
            return nn.fused_batch_norm(inputs, gamma, beta, mean=self.moving_mean, variance=self.moving_variance, epsilon=self.epsilon,
                                       is_training=False, data_format=self._data_format)  # fmt: skip

        output, mean, variance = smart.smart_cond(training, trained, inferred)
        known = smart.constant_value(training)
        if known is None:
            momentum = smart.smart_cond(
                training, lambda: conversion.convert_to_tensor(self.momentum), lambda: conversion.convert_to_tensor(1.0)
            )
        elif known:
            momentum = conversion.convert_to_tensor(self.momentum)
        else:
            conversion.convert_to_tensor(self.momentum)
            return output
        self.add_update(lambda: self._assign_moving_average(self.moving_mean, mean, momentum))
        self.add_update(lambda: self._assign_moving_average(self.moving_variance, variance, momentum))
        return output

    def _renorm_correction(self, mean: Any, variance: Any, training: Any) -> Any:
        stddev = math.sqrt(variance + self.epsilon)
        known_stddev = math.maximum(self.renorm_stddev, math.sqrt(self.epsilon))
        r = stddev / known_stddev
        d = (mean - self.renorm_mean) / known_stddev
        with graphs.control_dependencies([r, d]):
            mean, stddev = array.identity(mean), array.identity(stddev)
        rmin, rmax, dmax = (self.renorm_clipping.get(key) for key in ("rmin", "rmax", "dmax"))
        if rmin is not None:
            r = math.maximum(r, rmin)
        if rmax is not None:
            r = math.minimum(r, rmax)
        if dmax is not None:
            d = math.minimum(math.maximum(d, -dmax), dmax)
        corrected_r, corrected_d = r, d
        r = smart.smart_cond(training, lambda: corrected_r, lambda: constant_op.ones_like(corrected_r))
        d = smart.smart_cond(training, lambda: corrected_d, lambda: constant_op.zeros_like(corrected_d))

        def update(variable: Any, value: Any) -> Any:
            value = array.identity(value)
            return smart.smart_cond(
                training,
                lambda: self._assign_moving_average(variable, value, self.renorm_momentum),
                lambda: array.identity(variable),
            )

        with graphs.control_dependencies([update(self.renorm_mean, mean), update(self.renorm_stddev, stddev)]):
            return r, d, array.identity(mean), array.identity(variance)

    def _moved_variance(self, variance: Any) -> Any:
        if not self.renorm:
            return self._assign_moving_average(self.moving_variance, variance, self.momentum)
        from jax_slim.tf1.python import nn_activations, state_ops

        stddev = self._assign_moving_average(self.moving_stddev, math.sqrt(variance + self.epsilon), self.momentum)
        with graphs.name_scope("AssignNewValue") as scope:
            value = nn_activations.relu(stddev * stddev - self.epsilon)
            return state_ops.assign(self.moving_variance, value, name=scope)

    def call(self, inputs: Any, training: Any = False) -> Any:
        original_shape: Any = None
        if self.virtual_batch_size is not None:
            original_shape = [-1, *inputs.shape.as_list()[1:]]
            inputs = array.reshape(inputs, [-1, self.virtual_batch_size, *inputs.shape.as_list()[1:]])
        if self.fused:
            return self._fused_batch_norm(inputs, training=training)
        input_shape, ndims = inputs.shape, len(inputs.shape)
        reduction_axes = [i for i in range(ndims) if i not in self.axis]
        if self.virtual_batch_size is not None:
            del reduction_axes[1]
        broadcast_shape = [1] * ndims
        broadcast_shape[self.axis[0]] = input_shape[self.axis[0]].value

        def broadcast(value: Any) -> Any:
            if value is not None and len(value.get_shape()) != ndims and reduction_axes != list(range(ndims - 1)):
                return array.reshape(value, broadcast_shape)
            return value

        scale, offset = broadcast(self.gamma), broadcast(self.beta)

        def composed(s: Any, o: Any, then_scale: Any, then_offset: Any) -> Any:
            if then_scale is not None:
                s, o = s * then_scale, o * then_scale
            if then_offset is not None:
                o = o + then_offset
            return s, o

        if smart.constant_value(training) is False:
            mean, variance = self.moving_mean, self.moving_variance
        else:
            if self.adjustment:
                adj_scale, adj_bias = self.adjustment(array.shape(inputs))
                adj_scale = smart.smart_cond(training, lambda: adj_scale, lambda: constant_op.ones_like(adj_scale))
                adj_bias = smart.smart_cond(training, lambda: adj_bias, lambda: constant_op.zeros_like(adj_bias))
                scale, offset = composed(adj_scale, adj_bias, scale, offset)
            keep_dims = self.virtual_batch_size is not None or len(self.axis) > 1
            batch_mean, batch_variance = nn.moments(
                math.cast(inputs, self._param_dtype), reduction_axes, keep_dims=keep_dims
            )
            mean = smart.smart_cond(
                training, lambda: batch_mean, lambda: conversion.convert_to_tensor(self.moving_mean)
            )
            variance = smart.smart_cond(
                training, lambda: batch_variance, lambda: conversion.convert_to_tensor(self.moving_variance)
            )
            new_mean, new_variance = mean, variance
            if self.virtual_batch_size is not None:
                from jax_slim.tf1.python import reductions

                new_mean = reductions.reduce_mean(mean, axis=1, keepdims=True)
                new_variance = reductions.reduce_mean(variance, axis=1, keepdims=True)
            if self.renorm:
                r, d, new_mean, new_variance = self._renorm_correction(new_mean, new_variance, training)
                r, d = (
                    broadcast(array.stop_gradient(r, name="renorm_r")),
                    broadcast(array.stop_gradient(d, name="renorm_d")),
                )
                scale, offset = composed(r, d, scale, offset)
            self.add_update(
                lambda: smart.smart_cond(
                    training,
                    lambda: self._assign_moving_average(self.moving_mean, new_mean, self.momentum),
                    lambda: self.moving_mean.value(),
                )
            )
            self.add_update(
                lambda: smart.smart_cond(
                    training, lambda: self._moved_variance(new_variance), lambda: self.moving_variance.value()
                )
            )
        mean, variance = math.cast(mean, inputs.dtype), math.cast(variance, inputs.dtype)
        if offset is not None:
            offset = math.cast(offset, inputs.dtype)
        if scale is not None:
            scale = math.cast(scale, inputs.dtype)
        outputs = nn.batch_normalization(inputs, broadcast(mean), broadcast(variance), offset, scale, self.epsilon)
        outputs.set_shape(input_shape)
        return array.reshape(outputs, original_shape) if self.virtual_batch_size is not None else outputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


def batch_normalization(inputs: Any, axis: Any = -1, momentum: float = 0.99, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
                        beta_initializer: Any = initializers.Zeros(), gamma_initializer: Any = initializers.Ones(),
                        moving_mean_initializer: Any = initializers.Zeros(), moving_variance_initializer: Any = initializers.Ones(),
                        beta_regularizer: Any = None, gamma_regularizer: Any = None, beta_constraint: Any = None, gamma_constraint: Any = None,
                        training: Any = False, trainable: bool = True, name: Any = None, reuse: Any = None, renorm: bool = False,
                        renorm_clipping: Any = None, renorm_momentum: float = 0.99, fused: bool | None = None, virtual_batch_size: int | None = None,
                        adjustment: Any = None) -> Any:  # fmt: skip
    """Batch normalization: by the batch's statistics where `training` is true, else by moving averages.

    The operations that move the averages are in the collection UPDATE_OPS and must be run beside the training step.
    """
    layer = BatchNormalization(
        axis, momentum, epsilon, center, scale, beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer,
        beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint, renorm, renorm_clipping, renorm_momentum, fused, trainable,
        virtual_batch_size, adjustment, name, _reuse=reuse, _scope=name)  # fmt: skip
    return layer(inputs, training=training)
