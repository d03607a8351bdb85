"""What the Inception nets share: nets as lists of named stages, their heads, and the defaults they are trained with."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from jax_slim.tf1.contrib.nets import layers as slim
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.python import array, joining

Stage = tuple[str, Callable[[Any], Any]]
_KERNEL = re.compile(r"_(\d+)x(\d+)$")


def kernel_of(name: str) -> list[int]:
    """'Conv2d_0b_1x7' -> [1, 7]."""
    found = _KERNEL.search(name)
    assert found, name
    return [int(found[1]), int(found[2])]


def conv(name: str, depth: int, kernel: Any = None, **arguments: Any) -> Stage:
    """A convolution; its kernel is what the name says, `kernel` where a name misleads."""
    return name, lambda net: slim.conv2d(net, depth, kernel or kernel_of(name), scope=name, **arguments)


def max_pool(name: str, **arguments: Any) -> Stage:
    """Maxima of windows."""
    return name, lambda net: slim.max_pool2d(net, kernel_of(name), scope=name, **arguments)


def avg_pool(name: str, **arguments: Any) -> Stage:
    """Means of windows."""
    return name, lambda net: slim.avg_pool2d(net, kernel_of(name), scope=name, **arguments)


def fork(*stages: Stage) -> Stage:
    """Stages side by side on the same activations, their channels joined."""
    return "", lambda net: joining.concat([stage(net) for _, stage in stages], 3)


def mixed(name: str, *branches: Sequence[Stage], axis: int = 3) -> Stage:
    """An Inception module: branches in scopes 'Branch_0', 'Branch_1', ..., their channels joined."""

    def module(net: Any) -> Any:
        with slim.variable_scope(name):
            outputs = []
            for number, branch in enumerate(branches):
                with slim.variable_scope(f"Branch_{number}"):
                    output = net
                    for _, stage in branch:
                        output = stage(output)
                outputs.append(output)
            return joining.concat(outputs, axis)

    return name, module


def run(inputs: Any, stages: Sequence[Stage], final_endpoint: str) -> tuple[Any, dict[str, Any]]:
    """(activations at `final_endpoint`, all until then by name).

    Raises:
      ValueError: there is no such stage.
    """
    net, end_points = inputs, {}
    for name, stage in stages:
        net = end_points[name] = stage(net)
        if name == final_endpoint:
            return net, end_points
    raise ValueError(f"Unknown final endpoint {final_endpoint}")


def reduced_kernel(net: Any, kernel: list[int]) -> list[int]:
    """The window, no larger than the map where that is known."""
    sizes = net.get_shape().as_list()
    return kernel if sizes[1] is None or sizes[2] is None else [min(sizes[1], kernel[0]), min(sizes[2], kernel[1])]


def head(
    net: Any,
    end_points: dict[str, Any],
    num_classes: Any,
    keep_prob: float,
    squeeze: bool,
    prediction_fn: Any,
    names: tuple[str, str],
) -> tuple[Any, Any]:
    """Dropout, the last convolution, and predictions: (logits, end points)."""
    net = slim.dropout(net, keep_prob, scope=names[0])
    end_points["PreLogits"] = net
    logits = slim.conv2d(net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope=names[1])
    if squeeze:
        logits = array.squeeze(logits, [1, 2], name="SpatialSqueeze")
    end_points["Logits"] = logits
    end_points["Predictions"] = prediction_fn(logits, scope="Predictions")
    return logits, end_points


def inception_arg_scope(weight_decay: float = 0.00004, use_batch_norm: bool = True, batch_norm_decay: float = 0.9997, batch_norm_epsilon: float = 0.001,
                        batch_norm_var_collection: str = "moving_vars", updates_collections: Any = GraphKeys.UPDATE_OPS,
                        use_fused_batchnorm: bool = True) -> Any:  # fmt: skip
    """The defaults that Inception nets are trained with."""
    parameters: dict[str, Any] = {
        "decay": batch_norm_decay, "epsilon": batch_norm_epsilon, "updates_collections": updates_collections, "fused": use_fused_batchnorm,
        "variables_collections": {"beta": None, "gamma": None, "moving_mean": [batch_norm_var_collection], "moving_variance": [batch_norm_var_collection]},
    }  # fmt: skip
    with slim.arg_scope([slim.conv2d, slim.fully_connected], weights_regularizer=slim.l2_regularizer(weight_decay)):
        with slim.arg_scope([slim.conv2d], weights_initializer=slim.variance_scaling_initializer(), activation_fn=slim.relu,
                            normalizer_fn=slim.batch_norm if use_batch_norm else None, normalizer_params=parameters if use_batch_norm else {}) as scope:  # fmt: skip
            return scope


def checked_depth(depth_multiplier: float, min_depth: int) -> Callable[[int], int]:
    """Channels in the whole net -> in the thinner one.

    Raises:
      ValueError: a multiplier that is not above 0.
    """
    if depth_multiplier <= 0:
        raise ValueError("depth_multiplier is not greater than zero.")
    return lambda depth: max(int(depth * depth_multiplier), min_depth)
