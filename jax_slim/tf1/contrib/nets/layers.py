"""What the nets are made of: the layers of `tf.contrib.layers`, scopes and initializers, by short names."""

from jax_slim.tf1.contrib.arg_scopes import add_arg_scope, arg_scope
from jax_slim.tf1.contrib.layer_utils import collect_named_outputs, convert_collection_to_dict, last_dimension
from jax_slim.tf1.contrib.layers_convolutions import conv2d, separable_conv2d
from jax_slim.tf1.contrib.layers_dense import dropout, fully_connected, repeat, softmax
from jax_slim.tf1.contrib.layers_initializers import variance_scaling_initializer
from jax_slim.tf1.contrib.layers_normalization import batch_norm
from jax_slim.tf1.contrib.layers_pooling import avg_pool2d, max_pool2d
from jax_slim.tf1.python.initializers import constant_initializer, truncated_normal_initializer, zeros_initializer
from jax_slim.tf1.python.nn_activations import relu
from jax_slim.tf1.python.regularizers import l2_regularizer
from jax_slim.tf1.python.variable_scope import variable_scope


def trunc_normal(stddev: float) -> truncated_normal_initializer:  # type: ignore[valid-type]
    """Truncated normal around 0."""
    return truncated_normal_initializer(0.0, stddev)


__all__ = [
    "add_arg_scope", "arg_scope", "avg_pool2d", "batch_norm", "collect_named_outputs", "constant_initializer", "conv2d",
    "convert_collection_to_dict", "dropout", "fully_connected", "l2_regularizer", "last_dimension", "max_pool2d", "relu", "repeat",
    "separable_conv2d", "softmax", "trunc_normal", "variable_scope", "variance_scaling_initializer", "zeros_initializer",
]  # fmt: skip
