"""Activations: relu and its kin, softmax; and the operations that are their gradients in graphs that TensorFlow wrote."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.tf1.graph import building, rows, shape_inference
from jax_slim.tf1.operations import arrays, shape_checks

_SELU_SCALE = 1.0507009873554804934193349852946
_SELU_LEVEL = 1.7580993408473768599402175208123  # scale times alpha

_same = shape_inference.like_input()


def _number(x: Any, value: float) -> Any:
    """A number in the dtype of an array, which it then does not change."""
    return np.asarray(value, x.dtype)


def _with_slope(value: Callable[..., Any], slope: Callable[..., Any]) -> Callable[..., Any]:
    """A function of one array and its derivative by TF's rules at corners: what branches and loops are differentiated by."""
    function = jax.custom_jvp(value)
    function.defjvp(lambda primals, tangents: (function(*primals), slope(*primals, *tangents)))
    return function


def _elu_value(xp: Any, x: Any) -> Any:
    return xp.where(x < 0, xp.expm1(xp.minimum(x, _number(x, 0))), x)


def _selu_value(xp: Any, x: Any) -> Any:
    below = _number(x, _SELU_LEVEL) * xp.expm1(xp.minimum(x, _number(x, 0)))
    return xp.where(x < 0, below, _number(x, _SELU_SCALE) * x)


def _chosen(condition: Any, tangent: Any) -> Any:
    return jnp.where(condition, tangent, jnp.zeros_like(tangent))


def _below(x: Any) -> Any:
    return jnp.exp(jnp.minimum(x, _number(x, 0)))


_relu6 = _with_slope(lambda x: jnp.clip(x, _number(x, 0), _number(x, 6)), lambda x, t: _chosen((x > 0) & (x < 6), t))
_elu = _with_slope(lambda x: _elu_value(jnp, x), lambda x, t: t * jnp.where(x < 0, _below(x), _number(x, 1)))
_selu = _with_slope(
    lambda x: _selu_value(jnp, x),
    lambda x, t: t * jnp.where(x < 0, _number(x, _SELU_LEVEL) * _below(x), _number(x, _SELU_SCALE)),
)


# The gradients as TensorFlow's nodes: they need the output alone, and its graph files know them.


def _of_output(type: str) -> Callable[..., Any]:
    return lambda op, grad: building.make(type, grad, op.outputs[0])


def _of_input(type: str) -> Callable[..., Any]:
    return lambda op, grad: building.make(type, grad, op._inputs[0])


@rows.row("Relu", shape=_same, gradient=_of_output("ReluGrad"))
def relu(features):
    if arrays.xp(features) is np:
        return np.maximum(features, _number(features, 0))
    return jax.nn.relu(features)


@rows.row("Relu6", shape=_same, gradient=_of_output("Relu6Grad"))
def relu6(features):
    if arrays.xp(features) is np:
        return np.clip(features, _number(features, 0), _number(features, 6))
    return _relu6(features)


@rows.row("Elu", shape=_same, gradient=_of_output("EluGrad"))
def elu(features):
    return _elu_value(np, features) if arrays.xp(features) is np else _elu(features)


@rows.row("Selu", shape=_same, gradient=_of_output("SeluGrad"))
def selu(features):
    return _selu_value(np, features) if arrays.xp(features) is np else _selu(features)


@rows.row("Softplus", shape=_same, gradient=_of_input("SoftplusGrad"))
def softplus(features):
    return arrays.xp(features).logaddexp(features, _number(features, 0)).astype(features.dtype)


@rows.row("Softsign", shape=_same, gradient=_of_input("SoftsignGrad"))
def softsign(features):
    return features / (_number(features, 1) + abs(features))


def _leaky_relu_gradient(op: Any, grad: Any) -> Any:
    return building.make("LeakyReluGrad", grad, op._inputs[0], alpha=op.attrs["alpha"])


@rows.row("LeakyRelu", shape=_same, gradient=_leaky_relu_gradient)
def leaky_relu(features, *, alpha=0.2):
    return arrays.xp(features).where(features > 0, features, features * _number(features, alpha))


def _at_least_a_vector(op: Any) -> Any:
    shape_checks.with_rank_at_least(op, 0, 1)
    return [op._inputs[0].shape]


def _softmax_gradient(op: Any, grad: Any) -> Any:
    softmax = op.outputs[0]
    total = building.make("Sum", building.make("Mul", grad, softmax, name="mul"), -1, keep_dims=True)
    return building.make("Mul", building.make("Sub", grad, total, name="sub"), softmax, name="mul")


@rows.row("Softmax", shape=_at_least_a_vector, gradient=_softmax_gradient)
def softmax(logits):
    if arrays.xp(logits) is np:
        powers = np.exp(_centered(logits))
        return (powers / _summed(powers)).astype(powers.dtype)
    return jax.nn.softmax(logits)


def _log_softmax_gradient(op: Any, grad: Any) -> Any:
    softmax = building.make("Exp", op.outputs[0])
    total = building.make("Sum", grad, -1, keep_dims=True)
    return building.make("Sub", grad, building.make("Mul", total, softmax, name="mul"), name="sub")


@rows.row("LogSoftmax", shape=_at_least_a_vector, gradient=_log_softmax_gradient)
def log_softmax(logits):
    if arrays.xp(logits) is np:
        centered = _centered(logits)
        return (centered - np.log(_summed(np.exp(centered)))).astype(centered.dtype)
    return jax.nn.log_softmax(logits)


def _centered(logits: np.ndarray) -> np.ndarray:
    return logits - logits.max(-1, keepdims=True, initial=-np.inf)


def _summed(powers: np.ndarray) -> np.ndarray:
    return powers.sum(-1, keepdims=True, dtype=arrays.summing_type(powers.dtype))


# The gradients as operations: of graphs that TensorFlow wrote with them.


@rows.row("ReluGrad", shape=_same)
def relu_grad(gradients, features):
    return arrays.xp(gradients, features).where(features > 0, gradients, _number(gradients, 0))


@rows.row("Relu6Grad", shape=_same)
def relu6_grad(gradients, features):
    return arrays.xp(gradients, features).where((features > 0) & (features < 6), gradients, _number(gradients, 0))


@rows.row("EluGrad", shape=_same)
def elu_grad(gradients, outputs):
    return arrays.xp(gradients, outputs).where(outputs < 0, gradients * (outputs + _number(outputs, 1)), gradients)


@rows.row("SeluGrad", shape=_same)
def selu_grad(gradients, outputs):
    below = gradients * (outputs + _number(outputs, _SELU_LEVEL))
    return arrays.xp(gradients, outputs).where(outputs < 0, below, gradients * _number(outputs, _SELU_SCALE))


@rows.row("SoftplusGrad", shape=_same)
def softplus_grad(gradients, features):
    return gradients / (arrays.xp(features).exp(-features) + _number(features, 1))


@rows.row("SoftsignGrad", shape=_same)
def softsign_grad(gradients, features):
    return gradients / (_number(features, 1) + abs(features)) ** 2


@rows.row("LeakyReluGrad", shape=_same)
def leaky_relu_grad(gradients, features, *, alpha=0.2):
    return arrays.xp(gradients, features).where(features > 0, gradients, gradients * _number(gradients, alpha))
