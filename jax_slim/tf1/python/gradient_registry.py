"""Gradients of a program's own: `RegisterGradient`, `NotDifferentiable`, `custom_gradient`; and `hessians`."""

import itertools
from collections.abc import Callable
from typing import Any

from jax_slim.tf1.graph import building, conversion, gradients, graphs, rows
from jax_slim.tf1.python import control_flow
from jax_slim.tf1.python.tensor_array import TensorArray

_numbers = itertools.count()


class RegisterGradient:
    """Decorates the gradient function (op, *grads) of an operation type, or of a name for `gradient_override_map`."""

    def __init__(self, op_type: str) -> None:
        if not isinstance(op_type, str):
            raise TypeError(f"op_type must be a string, got {op_type!r}.")
        self._type = op_type

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        rows.register_gradient(self._type, function)
        return function


def NotDifferentiable(op_type: str) -> None:
    """Says that operations of a type have no gradient: tf.gradients gives None."""
    rows.register_gradient(op_type, rows.NONE)


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """Decorates a function that returns (result, gradient function): its gradients are what that function says."""

    def decorated(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            raise ValueError(
                "The custom_gradient decorator currently supports keywords arguments only when eager execution is enabled."
            )
        name = f"CustomGradient-{next(_numbers)}"
        inputs = [conversion.convert_to_tensor(a) for a in args]
        result, gradient = f(*inputs)
        outputs = list(result) if isinstance(result, list | tuple) else [result]
        outputs = [building.make("Identity", o) for o in outputs]

        def backward(op: Any, *grads: Any) -> list[Any]:
            found = gradient(*grads[: len(outputs)])
            if (
                isinstance(found, tuple)
                and len(found) == 2
                and isinstance(found[0], list | tuple)
                and isinstance(found[1], list)
            ):
                found = found[0]  # (gradients of inputs, of variables)
            found = list(found) if isinstance(found, list | tuple) else [found]
            return [None] * len(outputs) + found

        rows.register_gradient(name, backward)
        # Inputs ride along so that the gradient of this node reaches them; only the outputs come out.
        with graphs.get_default_graph().gradient_override_map({"IdentityN": name}):
            made = building.make("IdentityN", outputs + inputs)
        made = made[: len(outputs)]
        if isinstance(result, list | tuple):
            return type(result)(made) if not hasattr(result, "_fields") else type(result)(*made)
        return made[0]

    decorated.__name__, decorated.__doc__ = getattr(f, "__name__", "decorated"), f.__doc__
    return decorated


def hessians(ys: Any, xs: Any, name: str = "hessians", **kwargs: Any) -> list[Any]:
    """The second derivatives of the sum of ys with respect to each of xs: tensors of the shape of x twice."""
    found = []
    xs = xs if isinstance(xs, list | tuple) else [xs]
    for x in xs:
        first = gradients.gradients(ys, x, **kwargs)[0]
        flat = building.make("Reshape", first, [-1])
        size = x.get_shape().num_elements()
        if size is None:
            found.append(_hessian_by_loop(flat, x))
            continue
        lines = [gradients.gradients(flat[i], x)[0] for i in range(size)]
        stacked = building.make("Pack", lines, axis=0)
        shape = x.get_shape().as_list()
        found.append(building.make("Reshape", stacked, shape + shape))
    return found


def _hessian_by_loop(flat: Any, x: Any) -> Any:
    """The second derivatives where the size of x is not known: a row in each round of a loop."""
    size = building.make("Size", x)
    rows_ = TensorArray(x.dtype.base_dtype, size)
    _, filled = control_flow.while_loop(
        lambda j, _: building.make("Less", j, size),
        lambda j, array: (building.make("AddV2", j, 1), array.write(j, gradients.gradients(flat[j], x)[0])),
        [conversion.convert_to_tensor(0), rows_],
    )
    shape = building.make("Shape", x)
    return building.make("Reshape", filled.stack(), building.make("ConcatV2", [shape, shape], 0))
