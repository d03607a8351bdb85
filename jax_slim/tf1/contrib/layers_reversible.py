"""`tf.contrib.layers`: layers whose values are computed again for the gradients, so that they need not be kept."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from jax_slim.tf1.contrib.arg_scopes import arg_scope, current_arg_scope
from jax_slim.tf1.graph import conversion, gradients, graphs
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import (
    array,
    constant_op,
    control_flow,
    gathering,
    gradient_registry,
    math,
    reductions,
    variable_scope,
)
from jax_slim.tf1.python.layer_base import Layer
from jax_slim.tf1.python.variables import Variable


class RevBlock(Layer):
    """Reversible residual layers (Gomez et al., 2017): y1 = x1 + f(x2), y2 = x2 + g(y1), `num_layers` times.

    The gradients need no values of the layers but the last ones: each layer's inputs are computed from its outputs. Variables of
    `f` and `g` are in `revblock/revlayer_0/f` and so on; they are of the kind that `use_resource=True` makes.

    Args:
      f, g: (tensor) -> tensor of the same shape, or a list of them, one for each layer; with side inputs (tensor, list of them).
      num_layers: how many layers.
      f_side_input, g_side_input: lists of tensors that every `f`, or `g`, also gets.
      use_efficient_backprop: whether inputs are computed again; without it all values are kept.
    """

    def __init__(self, f: Any, g: Any, num_layers: int = 1, f_side_input: Any = None, g_side_input: Any = None,
                 use_efficient_backprop: bool = True, name: Any = "revblock", **kwargs: Any) -> None:  # fmt: skip
        super().__init__(name=name, **kwargs)
        self.num_layers = num_layers
        self.f_side_input, self.g_side_input = list(f_side_input or []), list(g_side_input or [])
        self.f = [_in_scope(fn, f"revlayer_{i}/f") for i, fn in enumerate(_each(f, num_layers, "f"))]
        self.g = [_in_scope(fn, f"revlayer_{i}/g") for i, fn in enumerate(_each(g, num_layers, "g"))]
        self._efficient = use_efficient_backprop

    def build(self, input_shape: Any) -> None:
        self.built = True  # the variables come with the first call

    def call(self, inputs: Any, forward: bool = True) -> Any:
        graph = graphs.get_default_graph()
        before = {id(v) for v in gradient_registry.all_variables(graph)}
        outputs = self._forward(*inputs) if forward else self._backward(*inputs)
        for variable in gradient_registry.all_variables(graph):
            if id(variable) not in before:
                (self._trainable_weights if variable.trainable else self._non_trainable_weights).append(variable)
        return outputs

    def forward(self, x1: Any, x2: Any) -> Any:
        """(y1, y2) of (x1, x2)."""
        return self.apply([x1, x2])

    def backward(self, y1: Any, y2: Any) -> Any:
        """(x1, x2) of (y1, y2)."""
        return self.apply([y1, y2], forward=False)

    def _layers(self, x1: Any, x2: Any, f_side: list[Any], g_side: list[Any]) -> tuple[Any, Any]:
        for f, g in zip(self.f, self.g, strict=True):
            x1 = x1 + _call(f, x2, f_side)
            x2 = x2 + _call(g, x1, g_side)
        return x1, x2

    def _backward(self, y1: Any, y2: Any) -> tuple[Any, Any]:
        for f, g in zip(reversed(self.f), reversed(self.g), strict=True):
            y2 = y2 - _call(g, y1, self.g_side_input)
            y1 = y1 - _call(f, y2, self.f_side_input)
        return y1, y2

    def _forward(self, x1: Any, x2: Any) -> Any:
        if not self._efficient:
            return self._layers(x1, x2, self.f_side_input, self.g_side_input)
        count = len(self.f_side_input)

        @gradient_registry.custom_gradient
        def reversible(x1: Any, x2: Any, *sides: Any) -> Any:
            outputs = self._layers(x1, x2, list(sides[:count]), list(sides[count:]))

            def gradient(*grads: Any, variables: Any = ()) -> Any:
                return self._gradients(outputs, grads, list(sides), list(variables))

            return outputs, gradient

        return reversible(x1, x2, *self.f_side_input, *self.g_side_input)

    def _gradients(self, ys: Any, grads: Any, sides: list[Any], variables: list[Any]) -> tuple[list[Any], list[Any]]:
        """The gradients of inputs, side inputs and variables, by way back through the layers."""
        y1, y2 = ys
        dy1, dy2 = (constant_op.zeros_like(y) if d is None else d for y, d in zip(ys, grads, strict=True))
        held = [array.stop_gradient(side) for side in sides]
        count = len(self.f_side_input)
        f_side, g_side = held[:count], held[count:]
        found: list[list[Any]] = []
        with variable_scope.variable_scope(self.scope_name, reuse=True):
            for f, g in zip(reversed(self.f), reversed(self.g), strict=True):
                y1 = array.stop_gradient(y1)
                change = _call(g, y1, g_side)
                of_y1, *of_g = gradients.gradients(change, [y1, *held, *variables], dy2)
                y2 = array.stop_gradient(y2 - change)
                dy1 = dy1 if of_y1 is None else dy1 + of_y1
                change = _call(f, y2, f_side)
                of_y2, *of_f = gradients.gradients(change, [y2, *held, *variables], dy1)
                y1 = y1 - change
                dy2 = dy2 if of_y2 is None else dy2 + of_y2
                found += [of_g, of_f]
        sums = [_sum([grad for grad in each if grad is not None]) for each in zip(*found, strict=True)]
        return [dy1, dy2, *sums[: len(sides)]], sums[len(sides) :]


def rev_block(
    x1: Any, x2: Any, f: Any, g: Any, num_layers: int = 1, f_side_input: Any = None, g_side_input: Any = None, is_training: bool = True
) -> Any:  # fmt: skip
    """(y1, y2): reversible residual layers of a pair of tensors; see `RevBlock`. Without `is_training` all values are kept."""
    block = RevBlock(f, g, num_layers, f_side_input, g_side_input, use_efficient_backprop=is_training,
                     _reuse=variable_scope.get_variable_scope().reuse)  # fmt: skip
    return block.forward(x1, x2)


def recompute_grad(fn: Any = None, use_data_dep: Any = True, tupleize_grads: bool = False) -> Any:
    """Decorates a function of tensors whose inner values are computed again for its gradients, instead of being kept.

    Args:
      fn: (*tensors) -> a tensor, or a list or tuple of them. With a parameter `is_recomputing` it is told which time it is. Its
        variables are of the kind that `use_resource=True` makes, and are found again by their names.
      use_data_dep: whether the second computation waits for the gradients by its data. TensorFlow does so by default only where
        XLA compiles, which would find that both computations are one; here it always does.
      tupleize_grads: whether no gradient is used before all are there.

    Raises:
      ValueError: an argument is no tensor, `fn` closes over a tensor, or it uses other variables the second time.
    """
    if fn is None:
        return functools.partial(recompute_grad, use_data_dep=use_data_dep, tupleize_grads=tupleize_grads)
    for name, value in inspect.getclosurevars(fn).nonlocals.items():
        if isinstance(value, Tensor | Variable):
            raise ValueError(
                f"fn decorated with @recompute_grad closes over Tensor {value.name} (local variable name: {name}). The decorated fn must not close over "
                "Tensors or Variables because gradients will NOT be computed for them through fn. To ensure correct gradients, make the Tensor an input to fn."
            )

    @functools.wraps(fn)
    def wrapped(*args: Any) -> Any:
        if not all(isinstance(a, Tensor | Variable) for a in args):
            raise ValueError("All inputs to function must be Tensors")
        return _recomputed(fn, args, bool(use_data_dep), tupleize_grads)

    return wrapped


def _recomputed(fn: Any, args: Any, use_data_dep: bool, tupleize_grads: bool) -> Any:
    told = "is_recomputing" in inspect.signature(fn).parameters

    @gradient_registry.custom_gradient
    def computed(*inputs: Any) -> Any:
        scope, arguments = variable_scope.get_variable_scope(), current_arg_scope()
        outputs = fn(*inputs, **({"is_recomputing": False} if told else {}))

        def gradient(*grads: Any, variables: Any = ()) -> Any:
            variables, graph = list(variables), graphs.get_default_graph()
            with graphs.control_dependencies([g for g in grads if g is not None]):
                again = [array.identity(x) for x in inputs]
                again = _after(grads, again) if use_data_dep else again
                start = len(graph._by_number)
                with arg_scope(arguments), variable_scope.variable_scope(scope, reuse=True):
                    made = fn(*again, **({"is_recomputing": True} if told else {}))
                if {id(v) for v in gradient_registry.variables_read(graph, start)} != {id(v) for v in variables}:
                    raise ValueError(
                        "The variables used on recompute were different than the variables originally used. The function wrapped with "
                        "@recompute_grad likely creates its own variable scope with a default name and has been called twice in the same "
                        "enclosing scope. To fix, ensure each call to the function happens in its own unique variable scope."
                    )
            made = list(made) if isinstance(made, list | tuple) else [made]
            found = gradients.gradients(made, again + variables, list(grads), stop_gradients=again)
            if tupleize_grads:
                found = _after(found, found) if use_data_dep else control_flow.tuple(found)
            return found[: len(again)], found[len(again) :]

        return outputs, gradient

    return computed(*args)


def _after(first: Any, then: Any) -> list[Any]:
    """`then`, so that it can only be computed when `first` was: a zero is added, which could have been NaN.

    TensorFlow adds the least number times the gradients, by which values of 0 pass the kink of a relu.
    """
    parts = [reductions.reduce_sum(array.reshape(x, [-1])[:1]) for x in map(_dense, first) if x is not None]
    parts = [p for p in parts if p.dtype.base_dtype.is_floating]
    if not parts:
        return list(then)
    total = math.add_n([math.cast(p, parts[0].dtype.base_dtype) for p in parts])
    zero = array.stop_gradient(gathering.where(math.is_nan(total), total, constant_op.zeros_like(total)))
    return [
        _dense(x) + math.cast(zero, x.dtype.base_dtype) if x is not None and x.dtype.base_dtype.is_floating else x
        for x in then
    ]


def _dense(x: Any) -> Any:
    return None if x is None else conversion.convert_to_tensor(x)


def _each(fn: Any, count: int, name: str) -> list[Any]:
    if not isinstance(fn, list):
        return [fn] * count
    if len(fn) != count:
        raise ValueError(f"rev_block: {name} must be a function or a list of num_layers = {count}, got {len(fn)}.")
    return fn


def _call(fn: Callable[..., Any], x: Any, side: list[Any]) -> Any:
    return fn(x, side) if side else fn(x)


def _in_scope(fn: Callable[..., Any], name: str) -> Callable[..., Any]:
    def scoped(*args: Any, **kwargs: Any) -> Any:
        with variable_scope.variable_scope(name, use_resource=True):
            return fn(*args, **kwargs)

    return scoped


def _sum(grads: list[Any]) -> Any:
    if not grads:
        return None
    return grads[0] if len(grads) == 1 else math.add_n(grads)
