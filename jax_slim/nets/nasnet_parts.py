"""What NASNet and PNASNet have in common around their cells: configuration, scopes, stem and heads."""

import copy
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core import names
from jax_slim.core.arg_scope import Scope, arg_scope
from jax_slim.core.scopes import variable_scope
from jax_slim.initializers import variance_scaling_initializer
from jax_slim.layers import _args
from jax_slim.layers.batch_normalization import batch_norm
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.dense import fully_connected
from jax_slim.layers.encodings import softmax
from jax_slim.layers.pooling import avg_pool2d, max_pool2d
from jax_slim.layers.separables import separable_conv2d
from jax_slim.layers.shaping import flatten
from jax_slim.layers.stochastic import dropout
from jax_slim.nets import nasnet_utils
from jax_slim.regularizers import l2_regularizer

NetAndEndPoints = tuple[jax.Array, dict[str, Any]]


@dataclasses.dataclass(slots=True)
class Config:
    """The figures of a NASNet or PNASNet. What is set is checked at once.

        config = nasnet.cifar_config()
        config.set_hparam("num_cells", 6)        # or: config.num_cells = 6

    Attributes:
      stem_multiplier: how many times more channels the first convolution has: than 32, or with the CIFAR stem than
        `num_conv_filters`.
      drop_path_keep_prob: with which probability the last cell keeps a path at the end of training; 1 drops none.
      num_cells: how many cells keep the image's size (with PNASNet: how many there are).
      use_aux_head: 1 for a second classifier in the middle of the net, in training; 0 for none.
      num_conv_filters: how many channels a state of the first cells has.
      dense_dropout_keep_prob: the probability with which dropout before the last layer keeps a unit.
      filter_scaling_rate: how many times more channels there are after each halving.
      num_reduction_layers: how often the image is halved after the stem.
      data_format: "NHWC", or "NCHW" to compute with channels first: `images` and end points: see the nets.
      skip_reduction_layer_input: 1 where a cell after a halving takes the output before it as its second input.
      total_training_steps: over how many steps the probability of keeping a path falls.
      use_bounded_activation: whether activations are ReLU6, for nets that are to be quantized.
    """

    stem_multiplier: float
    drop_path_keep_prob: float
    num_cells: int
    use_aux_head: int
    num_conv_filters: int
    dense_dropout_keep_prob: float
    filter_scaling_rate: float
    num_reduction_layers: int
    data_format: str
    skip_reduction_layer_input: int
    total_training_steps: int
    use_bounded_activation: bool

    def __setattr__(self, name: str, value: Any) -> None:
        """Sets one figure; AttributeError for a name that is none, ValueError for a value that cannot be."""
        if name not in _RULES:
            raise AttributeError(f"Config: has no {name!r}.{names.hint(name, _RULES, 'figures')}")
        rule, allowed = _RULES[name]
        if not allowed(value):
            raise ValueError(f"Config: {name} must be {rule}, got {value!r}.")
        object.__setattr__(self, name, value)

    def set_hparam(self, name: str, value: Any) -> None:
        """Sets the figure `name`, as the HParams of TensorFlow do."""
        setattr(self, name, value)

    def values(self) -> dict[str, Any]:
        """All figures by name."""
        return dataclasses.asdict(self)


def _whole(least: int) -> tuple[str, Callable[[Any], bool]]:
    return f"an integer of {least} or more", lambda value: _is_whole(value) and value >= least


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, float) or _is_whole(value)


_POSITIVE = ("a number greater than 0", lambda value: _is_number(value) and value > 0)
_PROBABILITY = ("a probability above 0 and at most 1", lambda value: _is_number(value) and 0 < value <= 1)
_FLAG = ("0 or 1", lambda value: value in (0, 1))
_RULES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "stem_multiplier": _POSITIVE,
    "drop_path_keep_prob": _PROBABILITY,
    "num_cells": _whole(1),
    "use_aux_head": _FLAG,
    "num_conv_filters": _whole(1),
    "dense_dropout_keep_prob": _PROBABILITY,
    "filter_scaling_rate": _POSITIVE,
    "num_reduction_layers": _whole(0),
    "data_format": ("'NHWC' or 'NCHW'", lambda value: value in ("NHWC", "NCHW")),
    "skip_reduction_layer_input": _FLAG,
    "total_training_steps": _whole(1),
    "use_bounded_activation": ("a bool", lambda value: isinstance(value, bool)),
}


def nasnet_arg_scope(weight_decay: float, batch_norm_decay: float, batch_norm_epsilon: float) -> Scope:
    """The defaults these nets are trained with: no biases but in dense layers, L2 loss, scaled batch normalization."""
    with (
        arg_scope(
            [fully_connected, conv2d, separable_conv2d],
            weights_regularizer=l2_regularizer(weight_decay),
            weights_initializer=variance_scaling_initializer(mode="FAN_OUT"),
        ),
        arg_scope([fully_connected], activation_fn=None, scope="FC"),
        arg_scope([conv2d, separable_conv2d], activation_fn=None, biases_initializer=None),
        arg_scope([batch_norm], decay=batch_norm_decay, epsilon=batch_norm_epsilon, scale=True, fused=True) as scope,
    ):
        return scope


def prepared(function: str, images: jax.Array, config: Config, is_training: bool) -> tuple[jax.Array, Config]:
    """The images as `config.data_format` has them, and a copy of `config` for training or use."""
    if not isinstance(config, Config):
        raise TypeError(f"{function}: config must be one of the configs, such as cifar_config(), got {config!r}.")
    _args.rank(function, images, "NHWC", "images")
    config = copy.copy(config)
    if not is_training:
        config.drop_path_keep_prob = 1.0
    return images if config.data_format == "NHWC" else jnp.transpose(images, (0, 3, 1, 2)), config


@contextmanager
def scopes(config: Config, is_training: bool) -> Iterator[None]:
    """The defaults that follow from whether the net is trained, and from its data format."""
    with (
        arg_scope([dropout, nasnet_utils.drop_path, batch_norm], is_training=is_training),
        arg_scope(
            [
                avg_pool2d,
                max_pool2d,
                conv2d,
                batch_norm,
                separable_conv2d,
                nasnet_utils.factorized_reduction,
                nasnet_utils.global_avg_pool,
                nasnet_utils.get_channel_index,
                nasnet_utils.get_channel_dim,
            ],
            data_format=config.data_format,
        ),
    ):
        yield


def noting(
    function: str, final_endpoint: str | None, known: Sequence[str]
) -> tuple[dict[str, Any], Callable[[str, jax.Array], bool]]:
    """A dict of end points, and what adds an output to it: True where the net ends with that one."""
    if final_endpoint is not None:
        _args.choice(function, "final_endpoint", final_endpoint, known)
    end_points: dict[str, Any] = {}

    def reached(name: str, net: jax.Array) -> bool:
        end_points[name] = net
        return name == final_endpoint

    return end_points, reached


def activation(config: Config) -> Callable[[jax.Array], jax.Array]:
    """ReLU, or ReLU6 where activations are bounded."""
    return jax.nn.relu6 if config.use_bounded_activation else jax.nn.relu


def imagenet_stem(
    images: jax.Array, config: Config, cell: nasnet_utils.NasNetABaseCell, current_step: Any
) -> list[jax.Array]:
    """A strided convolution and two halving cells: the outputs so far, the last of them an eighth of the size."""
    net = conv2d(images, int(32 * config.stem_multiplier), [3, 3], stride=2, scope="conv0", padding="VALID")
    net = batch_norm(net, scope="conv0_bn")
    outputs = [net]
    for number in range(2):
        net = cell(
            net,
            scope=f"cell_stem_{number}",
            filter_scaling=config.filter_scaling_rate ** (number - 2),
            stride=2,
            prev_layer=outputs[-2] if number else None,
            cell_num=number,
            current_step=current_step,
        )
        outputs.append(net)
    return outputs


def cifar_stem(images: jax.Array, config: Config) -> jax.Array:
    """A convolution."""
    net = conv2d(images, int(config.num_conv_filters * config.stem_multiplier), 3, scope="l1_stem_3x3")
    return batch_norm(net, scope="l1_stem_bn")


def aux_head_after(reduction_indices: Sequence[int]) -> int | None:
    """The cell that the second classifier looks at: the last one before the second halving."""
    return reduction_indices[1] - 1 if len(reduction_indices) >= 2 else None


def aux_head(function: str, net: jax.Array, num_classes: int, config: Config, scope: str) -> jax.Array:
    """A classifier in the middle of the net: its loss, times 0.4, is added to that of the whole net in training."""
    activation_fn = activation(config)
    rows, columns = (config.data_format.index(axis) for axis in "HW")
    if min(net.shape[rows], net.shape[columns]) < 5:
        raise ValueError(
            f"{function}: images must leave the auxiliary head a map of 5 x 5 pixels or more, got one of "
            f"{net.shape[rows]} x {net.shape[columns]}. Use larger images, or config.set_hparam('use_aux_head', 0)."
        )
    with variable_scope(scope), variable_scope("aux_logits"):
        net = avg_pool2d(activation_fn(net), [5, 5], stride=3, padding="VALID")
        net = conv2d(net, 128, [1, 1], scope="proj")
        net = activation_fn(batch_norm(net, scope="aux_bn0"))
        net = conv2d(net, 768, [net.shape[rows], net.shape[columns]], padding="VALID")
        net = activation_fn(batch_norm(net, scope="aux_bn1"))
        return fully_connected(flatten(net), num_classes)


def classified(
    net: jax.Array, num_classes: int | None, config: Config, reached: Callable[[str, jax.Array], bool]
) -> jax.Array:
    """The mean over the pixels, dropout, a dense layer and softmax."""
    with variable_scope("final_layer"):
        net = nasnet_utils.global_avg_pool(activation(config)(net))
        if reached("global_pool", net) or not num_classes:
            return net
        net = dropout(net, config.dense_dropout_keep_prob, scope="dropout")
        logits = fully_connected(net, num_classes)
        if reached("Logits", logits):
            return logits
        predictions = softmax(logits, scope="predictions")
        return predictions if reached("Predictions", predictions) else logits
