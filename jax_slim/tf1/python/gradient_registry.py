"""Gradients of a program's own: `RegisterGradient`, `NotDifferentiable`, `custom_gradient`; and `hessians`."""

import inspect
import itertools
from collections.abc import Callable
from typing import Any

from jax_slim.tf1.graph import building, conversion, gradients, graphs, rows
from jax_slim.tf1.graph.collections import GraphKeys
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
    """Decorates a function that returns (result, gradient function): its gradients are what that function says.

    Where `f` reads trainable variables (of the kind that `use_resource=True` makes), the gradient function gets them as the list
    `variables=`, in the order in which they are first read, and returns (gradients of arguments, list of gradients of variables).

    Raises:
      TypeError: `f` makes a variable that is no resource, or reads variables, and the gradient function takes no `variables`.
      ValueError: keyword arguments; or, when gradients are made, another number of gradients than there are variables.
    """

    def decorated(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            raise ValueError(
                "The custom_gradient decorator currently supports keywords arguments only when eager execution is enabled."
            )
        name = f"CustomGradient-{next(_numbers)}"
        inputs = [conversion.convert_to_tensor(a) for a in args]
        graph = graphs.get_default_graph()
        start, before = len(graph._by_number), {id(v) for v in all_variables(graph)}
        result, gradient = f(*inputs)
        variables = _read_since(graph, start, before)
        takes_variables = _takes_variables(gradient)
        if variables and not takes_variables:
            raise TypeError(
                "If using @custom_gradient with a function that uses variables, then grad_fn must accept a 'variables' keyword argument."
            )
        flat = list(result) if isinstance(result, list | tuple) else [result]
        outputs = [building.make("Identity", o) for o in flat]

        def backward(op: Any, *grads: Any) -> list[Any]:
            grads = grads[: len(outputs)]
            of_variables: list[Any] = []
            if takes_variables:
                found, of_variables = gradient(*grads, variables=variables)
                if len(of_variables) != len(variables):
                    raise ValueError("Must return gradient for each variable from @custom_gradient grad_fn.")
            else:
                found = gradient(*grads)
            found = list(found) if isinstance(found, list | tuple) else [found]
            return [None] * len(outputs) + found + list(of_variables)

        rows.register_gradient(name, backward)
        # Inputs and variables ride along so that the gradient of this node reaches them; only the outputs come out.
        with graph.gradient_override_map({"IdentityN": name}):
            made = building.make("IdentityN", outputs + inputs + [conversion.convert_to_tensor(v) for v in variables])
        made = made[: len(outputs)]
        if isinstance(result, list | tuple):
            return type(result)(made) if not hasattr(result, "_fields") else type(result)(*made)
        return made[0]

    decorated.__name__, decorated.__doc__ = getattr(f, "__name__", "decorated"), f.__doc__
    return decorated


def all_variables(graph: Any) -> list[Any]:
    """The variables that are in a graph's collections of global and of local ones, each once."""
    found = [v for key in (GraphKeys.GLOBAL_VARIABLES, GraphKeys.LOCAL_VARIABLES) for v in graph.get_collection(key)]
    return list({id(v): v for v in found}.values())


def _read_since(graph: Any, start: int, before: set[int]) -> list[Any]:
    for variable in all_variables(graph):
        if id(variable) not in before and not getattr(variable, "_is_resource", False):
            raise TypeError(
                "All variables used by a function wrapped with @custom_gradient must be `ResourceVariable`s. "
                "Ensure that no `variable_scope` is created with `use_resource=False`."
            )
    return variables_read(graph, start)


def variables_read(graph: Any, start: int) -> list[Any]:
    """The trainable variables that a graph's operations from number `start` on read, in the order of their first reads."""
    resources = [v for v in all_variables(graph) if getattr(v, "_is_resource", False) and v.trainable]
    by_handle = {v.handle: v for v in resources}
    handles: dict[Any, None] = {}
    for op in graph._by_number[start:]:
        if op.type in ("ReadVariableOp", "ResourceGather", "ResourceGatherNd"):
            handle = op._inputs[0]
            while handle.op.type in ("Enter", "Switch"):  # how it comes into loops and branches
                handle = handle.op._inputs[0]
            handles[handle] = None
    return [by_handle[handle] for handle in handles if handle in by_handle]


def _takes_variables(gradient: Callable[..., Any]) -> bool:
    parameters = inspect.signature(gradient).parameters
    return "variables" in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


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
