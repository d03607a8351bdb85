"""`tf.contrib.layers.gdn`: generalized divisive normalization."""

from typing import Any

from jax_slim.tf1.graph import conversion, graphs, rows, shapes
from jax_slim.tf1.python import array, constant_op, math, nn_convolutions
from jax_slim.tf1.python import nn_normalization as nn
from jax_slim.tf1.python.layer_base import InputSpec, Layer

_CHANNEL_AXIS = {"channels_first": 1, "channels_last": -1}


class GDN(Layer):
    """y[i] = x[i] / sqrt(beta[i] + sum over j of gamma[j, i] * x[j]^2), over channels (Balle, Laparra, Simoncelli, 2016).

    Variables `reparam_beta` [channels] and `reparam_gamma` [channels, channels]: square roots, kept above a bound that gradients pass
    where they lead away from it.

    Args:
      inverse: whether to multiply by the root in place of dividing.
      beta_min: the least beta.
      gamma_init: what gamma's diagonal begins with; the rest begins with 0.
      reparam_offset: what roots are kept above.
      data_format: `channels_last` or `channels_first`, of inputs with 1 to 3 axes beside examples and channels.
      activity_regularizer, trainable, name: as of every layer.

    Raises:
      ValueError: another data format, inputs of another rank, or an unknown number of channels.
    """

    def __init__(self, inverse: bool = False, beta_min: float = 1e-6, gamma_init: float = 0.1, reparam_offset: float = 2**-18,
                 data_format: str = "channels_last", activity_regularizer: Any = None, trainable: bool = True, name: Any = None,
                 **kwargs: Any) -> None:  # fmt: skip
        super().__init__(trainable=trainable, name=name, activity_regularizer=activity_regularizer, **kwargs)
        if data_format not in _CHANNEL_AXIS:
            raise ValueError(f"Unsupported `data_format` for GDN layer: {data_format}.")
        self.inverse, self.data_format = inverse, data_format
        self._beta_min, self._gamma_init, self._offset = beta_min, gamma_init, reparam_offset
        self.input_spec = InputSpec(min_ndim=3, max_ndim=5)

    def build(self, input_shape: Any) -> None:
        shape = shapes.as_shape(input_shape).as_list()
        axis = _CHANNEL_AXIS[self.data_format]
        channels = shape[axis]
        if channels is None:
            raise ValueError("The channel dimension of the inputs to `GDN` must be defined.")
        self.input_spec = InputSpec(ndim=len(shape), axes={axis: channels})
        pedestal = self._offset**2

        def root_of_ones(shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
            return math.sqrt(constant_op.ones(shape, dtype=dtype) + pedestal)

        def root_of_diagonal(shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
            return math.sqrt(self._gamma_init * constant_op.eye(shape[0], dtype=dtype) + pedestal)

        beta = self.add_variable("reparam_beta", shape=[channels], initializer=root_of_ones, dtype=self.dtype)
        self.beta = math.square(_at_least(beta, (self._beta_min + pedestal) ** 0.5)) - pedestal
        gamma = self.add_variable("reparam_gamma", shape=[channels, channels], initializer=root_of_diagonal, dtype=self.dtype)  # fmt: skip
        self.gamma = math.square(_at_least(gamma, self._offset)) - pedestal
        self.built = True

    def call(self, inputs: Any) -> Any:
        inputs = conversion.convert_to_tensor(inputs, self.dtype)
        axes = inputs.shape.ndims - 2
        kernel = array.reshape(self.gamma, axes * [1] + self.gamma.shape.as_list())
        squares = math.square(inputs)
        if self.data_format == "channels_last":
            pooled = nn.bias_add(nn_convolutions.convolution(squares, kernel, "VALID"), self.beta)
        else:
            pooled = nn_convolutions.convolution(squares, kernel, "VALID", data_format="NC" + "DHW"[-axes:])
            pooled = pooled + array.reshape(self.beta, [-1] + axes * [1])
        root = math.sqrt(pooled)
        outputs = inputs * root if self.inverse else inputs / root
        outputs.set_shape(inputs.get_shape())
        return outputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        shape = shapes.as_shape(input_shape)
        if not 3 <= (shape.ndims or 0) <= 5:
            raise ValueError("`input_shape` must be of rank 3 to 5, inclusive.")
        if shape.as_list()[_CHANNEL_AXIS[self.data_format]] is None:
            raise ValueError("The channel dimension of `input_shape` must be defined.")
        return shape


def gdn(inputs: Any, inverse: bool = False, beta_min: float = 1e-6, gamma_init: float = 0.1, reparam_offset: float = 2**-18,
        data_format: str = "channels_last", activity_regularizer: Any = None, trainable: bool = True, name: Any = None, reuse: Any = None) -> Any:  # fmt: skip
    """Inputs divided by a root of their squares, weighted over channels; see `GDN`."""
    layer = GDN(inverse, beta_min, gamma_init, reparam_offset, data_format, activity_regularizer, trainable, name,
                dtype=inputs.dtype.base_dtype, _scope=name, _reuse=reuse)  # fmt: skip
    return layer.apply(inputs)


def _at_least(inputs: Any, bound: float) -> Any:
    with (
        graphs.name_scope(None, "GDNLowerBound", [inputs]) as scope,
        graphs.get_default_graph().gradient_override_map({"Maximum": "GDNLowerBound"}),
    ):
        return math.maximum(inputs, bound, name=scope)


def _past_the_bound(op: Any, grad: Any) -> list[Any]:
    """Gradients pass where the value is above the bound, or where a step would lead it there."""
    passes = math.logical_or(op.inputs[0] >= op.inputs[1], grad < 0)
    return [math.cast(passes, grad.dtype) * grad, None]


rows.register_gradient("GDNLowerBound", _past_the_bound)
