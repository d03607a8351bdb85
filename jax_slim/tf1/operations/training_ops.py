"""Rows of optimizers: what `Apply*`, `ResourceApply*` and their sparse forms do to a variable and its slots.

A rule is TensorFlow's kernel: the variable, its slots, the gradient and numbers -> their next values, in the type of the
variable. From each rule the dense and the sparse operation types are made: the sparse ones apply it to some rows.
"""

from collections.abc import Callable
from typing import Any, cast

import jax.numpy as jnp
import numpy as np

from jax_slim.tf1.graph import errors, op_defs, rows, shape_inference
from jax_slim.tf1.operations import arrays

Rule = Callable[..., tuple[Any, ...]]

# The inputs of a rule that are variables, in order; all others are numbers, but for these.
_GRADIENTS = ("grad", "delta")


def _rule(name: str, *variables: str) -> Callable[[Rule], Rule]:
    """Registers the operation types of an optimizer. The rule gets inputs and attributes by TensorFlow's names."""

    def register(rule: Rule) -> Rule:
        for prefix, sparse in (
            ("Apply", False),
            ("ResourceApply", False),
            ("SparseApply", True),
            ("ResourceSparseApply", True),
        ):
            definition = op_defs.find(prefix + name)
            if definition is None:
                continue
            shape = None if prefix.startswith("Resource") else shape_inference.like_input()
            rows.row(prefix + name, context=True, refs=variables, shape=shape, gradient=rows.NONE)(
                _compute(rule, definition, variables, sparse)
            )
        return rule

    return register


def _compute(rule: Rule, definition: Any, variables: tuple[str, ...], sparse: bool) -> Callable[..., Any]:
    names = [a.name for a in definition.inputs]
    options = [n for n in ("use_nesterov", "update_slots", "multiply_linear_by_lr") if n in definition.attributes]

    def compute(run: Any, op: Any, *inputs: Any) -> Any:
        given = dict(zip(names, inputs, strict=True))
        references = [given[n] for n in variables]
        values = [run.read(r) for r in references]
        indices = given.pop("indices", None) if sparse else None
        gradient = next(given[n] for n in _GRADIENTS if n in given)
        _check(values, gradient, indices, op)
        for option in options:
            given[option] = op.attrs[option]
        if not sparse:
            given.update(zip(variables, values, strict=True))
            with np.errstate(all="ignore"):
                changed = rule(**given)
            for reference, value, new in zip(references, values, changed, strict=True):
                run.write(reference, _like(new, value))
        else:
            given.update(zip(variables, (_rows_of(v, indices) for v in values), strict=True))
            with np.errstate(all="ignore"):
                changed = rule(**given)
            for reference, value, new in zip(references, values, changed, strict=True):
                run.write(reference, _with_rows(value, indices, _like(new, value)))
        return references[0] if op.outputs else []

    return compute


def _like(new: Any, value: Any) -> Any:
    return new if new.dtype == value.dtype else new.astype(value.dtype)


def _rows_of(value: Any, indices: Any) -> Any:
    return value[indices]


def _with_rows(value: Any, indices: Any, new: Any) -> Any:
    if arrays.xp(value, indices, new) is np:
        result = np.array(value)
        result[indices] = new
        return result
    return jnp.asarray(value).at[indices].set(new, mode="drop")


def _check(values: list[Any], gradient: Any, indices: Any, op: Any) -> None:
    def shown(shape: tuple[int, ...]) -> str:
        return "[" + ",".join(map(str, shape)) + "]"

    if indices is None:
        if values[0].shape != gradient.shape:
            name = "delta" if "Descent" in op.type else "grad"
            raise errors.InvalidArgumentError(
                None,
                None,
                f"var and {name} do not have the same shape {shown(values[0].shape)} {shown(gradient.shape)}",
            )
    elif gradient.shape[:1] != indices.shape or gradient.shape[1:] != values[0].shape[1:]:
        raise errors.InvalidArgumentError(
            None,
            None,
            f"grad must be the same size as indices in the first dimension, and as var in the others: {shown(gradient.shape)}, {shown(indices.shape)}, {shown(values[0].shape)}",
        )
    elif isinstance(indices, np.ndarray) and ((indices < 0) | (indices >= values[0].shape[0])).any():
        place = int(np.argmax((indices < 0) | (indices >= values[0].shape[0])))
        raise errors.InvalidArgumentError(
            None, None, f"Index {indices[place]} at offset {place} in indices is out of range"
        )


def _power(value: Any, exponent: Any) -> Any:
    """value ** -exponent; by the root where the exponent is known to be -0.5."""
    if isinstance(exponent, np.ndarray | np.generic) and exponent == -0.5:
        return arrays.xp(value).sqrt(value)
    return value ** (-cast(Any, exponent))


@_rule("GradientDescent", "var")
def gradient_descent(var: Any, alpha: Any, delta: Any) -> Any:
    return (var - delta * alpha,)


@_rule("Momentum", "var", "accum")
def momentum(var: Any, accum: Any, lr: Any, grad: Any, momentum: Any, use_nesterov: bool) -> Any:
    accum = accum * momentum + grad
    if use_nesterov:
        return var - (grad * lr + accum * momentum * lr), accum
    return var - accum * lr, accum


@_rule("KerasMomentum", "var", "accum")
def keras_momentum(var: Any, accum: Any, lr: Any, grad: Any, momentum: Any, use_nesterov: bool) -> Any:
    accum = accum * momentum - grad * lr
    return var + (accum * momentum - grad * lr if use_nesterov else accum), accum


@_rule("Adam", "var", "m", "v")
def adam(
    var: Any,
    m: Any,
    v: Any,
    beta1_power: Any,
    beta2_power: Any,
    lr: Any,
    beta1: Any,
    beta2: Any,
    epsilon: Any,
    grad: Any,
    use_nesterov: bool = False,
) -> Any:
    xp = arrays.xp(var, grad, lr, beta1_power, beta2_power)
    rate = lr * xp.sqrt(1 - beta2_power) / (1 - beta1_power)
    m = m + (grad - m) * (1 - beta1)
    v = v + (xp.square(grad) - v) * (1 - beta2)
    ahead = grad * (1 - beta1) + beta1 * m if use_nesterov else m
    return var - ahead * rate / (xp.sqrt(v) + epsilon), m, v


@_rule("AdamWithAmsgrad", "var", "m", "v", "vhat")
def adam_with_amsgrad(
    var: Any,
    m: Any,
    v: Any,
    vhat: Any,
    beta1_power: Any,
    beta2_power: Any,
    lr: Any,
    beta1: Any,
    beta2: Any,
    epsilon: Any,
    grad: Any,
) -> Any:
    xp = arrays.xp(var, grad, lr, beta1_power, beta2_power)
    rate = lr * xp.sqrt(1 - beta2_power) / (1 - beta1_power)
    m = m + (grad - m) * (1 - beta1)
    v = v + (xp.square(grad) - v) * (1 - beta2)
    vhat = xp.maximum(vhat, v)
    return var - m * rate / (xp.sqrt(vhat) + epsilon), m, v, vhat


@_rule("AdaMax", "var", "m", "v")
def ada_max(
    var: Any, m: Any, v: Any, beta1_power: Any, lr: Any, beta1: Any, beta2: Any, epsilon: Any, grad: Any
) -> Any:
    xp = arrays.xp(var, grad, lr, beta1_power)
    m = m + (grad - m) * (1 - beta1)
    v = xp.maximum(beta2 * v, xp.abs(grad))
    return var - lr / (1 - beta1_power) * (m / (v + epsilon)), m, v


@_rule("Adagrad", "var", "accum")
def adagrad(var: Any, accum: Any, lr: Any, grad: Any, update_slots: bool) -> Any:
    xp = arrays.xp(var, grad, accum)
    if update_slots:
        accum = accum + xp.square(grad)
    return var - grad * lr / xp.sqrt(accum), accum


@_rule("AdagradV2", "var", "accum")
def adagrad_v2(var: Any, accum: Any, lr: Any, epsilon: Any, grad: Any, update_slots: bool) -> Any:
    xp = arrays.xp(var, grad, accum)
    if update_slots:
        accum = accum + xp.square(grad)
    return var - grad * lr / (xp.sqrt(accum) + epsilon), accum


@_rule("AdagradDA", "var", "gradient_accumulator", "gradient_squared_accumulator")
def adagrad_da(
    var: Any,
    gradient_accumulator: Any,
    gradient_squared_accumulator: Any,
    grad: Any,
    lr: Any,
    l1: Any,
    l2: Any,
    global_step: Any,
) -> Any:
    xp = arrays.xp(var, grad, global_step, lr)
    total = gradient_accumulator + grad
    squares = gradient_squared_accumulator + xp.square(grad)
    step = global_step.astype(var.dtype)
    pulled = xp.sign(total) * xp.maximum(xp.abs(total) - l1 * step, xp.zeros((), var.dtype))
    return -lr * pulled / (l2 * step * lr + xp.sqrt(squares)), total, squares


@_rule("Adadelta", "var", "accum", "accum_update")
def adadelta(var: Any, accum: Any, accum_update: Any, lr: Any, rho: Any, epsilon: Any, grad: Any) -> Any:
    xp = arrays.xp(var, grad, accum, lr)
    accum = accum * rho + xp.square(grad) * (1 - rho)
    update = xp.sqrt(accum_update + epsilon) / xp.sqrt(accum + epsilon) * grad
    return var - update * lr, accum, accum_update * rho + xp.square(update) * (1 - rho)


@_rule("RMSProp", "var", "ms", "mom")
def rms_prop(var: Any, ms: Any, mom: Any, lr: Any, rho: Any, momentum: Any, epsilon: Any, grad: Any) -> Any:
    xp = arrays.xp(var, grad, ms, lr)
    ms = ms + (xp.square(grad) - ms) * (1 - rho)
    mom = mom * momentum + grad * lr / xp.sqrt(ms + epsilon)
    return var - mom, ms, mom


@_rule("CenteredRMSProp", "var", "mg", "ms", "mom")
def centered_rms_prop(
    var: Any, mg: Any, ms: Any, mom: Any, lr: Any, rho: Any, momentum: Any, epsilon: Any, grad: Any
) -> Any:
    xp = arrays.xp(var, grad, ms, lr)
    ms = ms + (xp.square(grad) - ms) * (1 - rho)
    mg = mg + (grad - mg) * (1 - rho)
    mom = mom * momentum + grad * lr / xp.sqrt(ms - xp.square(mg) + epsilon)
    return var - mom, mg, ms, mom


@_rule("FtrlV2", "var", "accum", "linear")
def ftrl_v2(
    var: Any,
    accum: Any,
    linear: Any,
    grad: Any,
    lr: Any,
    l1: Any,
    l2: Any,
    l2_shrinkage: Any,
    lr_power: Any,
    multiply_linear_by_lr: bool = False,
) -> Any:
    xp = arrays.xp(var, grad, accum, lr)
    grown = accum + xp.square(grad)
    power = _power(grown, lr_power)
    change = (power - _power(accum, lr_power)) * var
    shrunk = grad + 2 * l2_shrinkage * var
    if multiply_linear_by_lr:
        linear = linear + shrunk * lr - change
        bound, curvature = l1 * lr, power + 2 * l2 * lr
    else:
        linear = linear + shrunk - change / lr
        bound, curvature = l1, power / lr + 2 * l2
    best = (xp.sign(linear) * bound - linear) / curvature
    return xp.where(xp.abs(linear) > bound, best, xp.zeros((), var.dtype)), grown, linear


@_rule("Ftrl", "var", "accum", "linear")
def ftrl(
    var: Any,
    accum: Any,
    linear: Any,
    grad: Any,
    lr: Any,
    l1: Any,
    l2: Any,
    lr_power: Any,
    multiply_linear_by_lr: bool = False,
) -> Any:
    return ftrl_v2(var, accum, linear, grad, lr, l1, l2, np.zeros((), var.dtype), lr_power, multiply_linear_by_lr)


def _towards_zero(value: Any, rate: Any, l1: Any, l2: Any) -> Any:
    xp = arrays.xp(value, rate, l1, l2)
    return xp.sign(value) * xp.maximum(xp.abs(value) - rate * l1, xp.zeros((), value.dtype)) / (1 + rate * l2)


@_rule("ProximalGradientDescent", "var")
def proximal_gradient_descent(var: Any, alpha: Any, l1: Any, l2: Any, delta: Any = None, grad: Any = None) -> Any:
    return (_towards_zero(var - (grad if delta is None else delta) * alpha, alpha, l1, l2),)


@_rule("ProximalAdagrad", "var", "accum")
def proximal_adagrad(var: Any, accum: Any, lr: Any, l1: Any, l2: Any, grad: Any) -> Any:
    xp = arrays.xp(var, grad, accum, lr)
    accum = accum + xp.square(grad)
    rate = lr / xp.sqrt(accum)
    return _towards_zero(var - grad * rate, rate, l1, l2), accum


@_rule("AddSign", "var", "m")
def add_sign(var: Any, m: Any, lr: Any, alpha: Any, sign_decay: Any, beta: Any, grad: Any) -> Any:
    xp = arrays.xp(var, grad, m, lr)
    m = m * beta + grad * (1 - beta)
    return var - lr * (alpha + sign_decay * xp.sign(grad) * xp.sign(m)) * grad, m


@_rule("PowerSign", "var", "m")
def power_sign(var: Any, m: Any, lr: Any, logbase: Any, sign_decay: Any, beta: Any, grad: Any) -> Any:
    xp = arrays.xp(var, grad, m, lr)
    m = m * beta + grad * (1 - beta)
    return var - lr * xp.exp(logbase * sign_decay * xp.sign(grad) * xp.sign(m)) * grad, m
