"""The table of operation types: what a row says, and where rows are found. The rows themselves are in `operations/`."""

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

from jax_slim.tf1.graph import op_defs

NONE = object()  # as `gradient`: there is none, tf.gradients gives None


@dataclasses.dataclass
class Row:
    """What is known of one operation type.

    Attributes:
      type: TensorFlow's name.
      compute: (*inputs, **attributes) -> array, or a tuple or list of the outputs in order. An input that is a list in TF's
        definition is passed as a list. It gets those attributes that it names as keyword-only parameters. It must give
        NumPy arrays when all inputs are NumPy arrays (`arrays.xp` finds the module), so that what is known while a
        graph is built or traced is computed without JAX; where `numpy` is False it always computes by JAX.
      host: it works on NumPy values outside of compiled programs: texts, files, results whose size depends on values; or a
        function of the operation that tells it.
      context: `compute` gets (run, op) before the inputs: variables, random numbers, resources of the session.
      static: names of inputs whose values must be known where a program is compiled (shapes, axes); or a function of the
        operation that tells them.
      shape: op -> the outputs' shapes (a list; for one output also the shape alone); without it, shapes are found by
        probing `compute`, and are unknown for host rows.
      gradient: (op, *gradients of outputs) -> gradients of inputs, each a tensor, IndexedSlices or None, building nodes;
        NONE; without it, `jax.vjp` of compute.
      refs: names of inputs that are passed as references to variables, not as their values.
    """

    type: str
    compute: Callable[..., Any]
    host: bool | Callable[[Any], bool] = False
    context: bool = False
    numpy: bool = True
    static: tuple[str, ...] | Callable[[Any], tuple[str, ...]] = ()
    shape: Callable[[Any], Any] | None = None
    gradient: Any = None
    refs: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()

    def on_host(self, op: Any) -> bool:
        """Whether an operation of this type works on NumPy values."""
        return self.host(op) if callable(self.host) else self.host

    def call(self, op: Any, inputs: Any, run: Any = None) -> list[Any]:
        """The outputs of an operation for these inputs (one entry for each tensor)."""
        attributes = {name: op.attrs[name] for name in self.wanted if name in op.attrs}
        arguments = grouped(op, inputs)
        result = (
            self.compute(run, op, *arguments, **attributes) if self.context else self.compute(*arguments, **attributes)
        )
        if isinstance(result, tuple | list):
            return list(result)
        return [result] if op.outputs else []


_ROWS: dict[str, Row] = {}
_GRADIENTS: dict[str, Any] = {}  # what programs register
_RULES: dict[str, Any] = {}  # what `set_gradient` has set


def row(*types: str, **facts: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorates what one or several operation types compute; `facts` are the other attributes of `Row`.

    @row("Add", "AddV2", shape=shapes.of_broadcast)
    def add(x, y):
        return x + y
    """

    def register(compute: Callable[..., Any]) -> Callable[..., Any]:
        wanted = tuple(p.name for p in inspect.signature(compute).parameters.values() if p.kind is p.KEYWORD_ONLY)
        for type in types:
            _ROWS[type] = Row(type, compute, wanted=wanted, **facts)
        return compute

    return register


def find(type: str) -> Row | None:
    """The row of an operation type, or None where there is none."""
    return _ROWS.get(type)


def all_types() -> list[str]:
    """The types that have a row."""
    return sorted(_ROWS)


def gradient_of(op: Any) -> Any:
    """The gradient function of an operation: what the program registered under the name that it has, then its row's."""
    name = op.attrs.get("_gradient_op_type")
    if name is not None:
        name = name.decode() if isinstance(name, bytes) else name
        if name not in _GRADIENTS:
            raise LookupError(f"gradient registry has no entry for: {name}")
        return _GRADIENTS[name]
    if op.type in _GRADIENTS:
        return _GRADIENTS[op.type]
    if op.type in _RULES:
        return _RULES[op.type]
    found = find(op.type)
    return None if found is None else found.gradient


def register_gradient(name: str, function: Any) -> None:
    """What `tf.RegisterGradient(name)` does; `NONE` as the function is `tf.NotDifferentiable`."""
    if name in _GRADIENTS:
        raise KeyError(f"Registering two gradient with name '{name}'!")
    _GRADIENTS[name] = function


def set_gradient(*types: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorates the gradient of types whose rows stand elsewhere."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        for type in types:
            _RULES[type] = function
        return function

    return register


def grouped(op: Any, values: Any) -> list[Any]:
    """Values of an operation's inputs, one for each argument: lists where TF's definition has lists."""
    if op.op_def is None:
        return list(values)
    result: list[Any] = []
    place = 0
    for argument in op.op_def.inputs:
        count = size_of(argument, op.attrs)
        if count is None:
            result.append(values[place])
            place += 1
        else:
            result.append(list(values[place : place + count]))
            place += count
    return result


def size_of(argument: op_defs.Argument, attrs: dict[str, Any]) -> int | None:
    """How many tensors an argument is: None for one that is no list."""
    if argument.count_attr:
        return attrs[argument.count_attr]
    return len(attrs[argument.list_attr]) if argument.list_attr else None


def static_names(op: Any) -> tuple[str, ...]:
    """The names of an operation's inputs whose values must be known where a program is compiled."""
    found = find(op.type)
    if found is None:
        return ()
    return found.static(op) if callable(found.static) else found.static


def static_inputs(op: Any) -> list[Any]:
    """The tensors whose values must be known; for a gradient those that its forward operation needs so."""
    forward = op.private.get("forward", op) if op.type == "SlimGradient" else op
    if not hasattr(forward, "op_def"):
        return []
    names = static_names(forward)
    return [op._inputs[place] for place, name in enumerate(input_names(forward)) if name in names] if names else []


def input_names(op: Any) -> list[str]:
    """For each input tensor the name of its argument."""
    if op.op_def is None:
        return [""] * len(op._inputs)
    names: list[str] = []
    for argument in op.op_def.inputs:
        count = size_of(argument, op.attrs)
        names.extend([argument.name] * (1 if count is None else count))
    return names
