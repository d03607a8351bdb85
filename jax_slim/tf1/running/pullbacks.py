"""Gradients of single operations and of constructs: `jax.vjp`, taken when the forward operation is evaluated."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.tf1.graph import rows
from jax_slim.tf1.graph.tensors import Operation
from jax_slim.tf1.operations import tensor_array_values
from jax_slim.tf1.running import constructs


def prepare(evaluation: Any, units: list[Any]) -> None:
    """Notes which operations of the units have a gradient among them, so that evaluating them keeps what it needs."""
    wanted: dict[Any, dict[tuple[int, ...], None]] = {}
    for unit in units:
        for op in unit.ops:
            if op.type == "SlimGradient":
                wanted.setdefault(op.private["forward"], {})[op.private["inputs"]] = None
    for forward, places in wanted.items():
        if isinstance(forward, Operation):
            evaluation.wanted_pullbacks[forward] = _forward(forward, list(places))
        else:
            evaluation.wanted_pullbacks[forward] = list(places)


def _forward(op: Operation, all_places: list[tuple[int, ...]]) -> Any:
    def evaluate(evaluation: Any, op: Operation, row: rows.Row, inputs: list[Any]) -> list[Any]:
        results: list[Any] = []
        for places in all_places:
            results, pullback = vjp(op, row, inputs, places, evaluation)
            evaluation.pullbacks[op, places] = pullback
        return results

    return evaluate


def vjp(
    op: Operation, row: rows.Row, inputs: list[Any], places: tuple[int, ...], evaluation: Any
) -> tuple[list[Any], Any]:
    """(outputs, pullback) of an operation with respect to some of its inputs."""

    def function(*moving: Any) -> list[Any]:
        whole = list(inputs)
        for place, value in zip(places, moving, strict=True):
            whole[place] = value
        if (
            op.type == "SlimGradient"
        ):  # a gradient of a gradient: what was kept for the first does not depend on `moving`
            return _gradient(evaluation, op, whole, None)
        return [jax.tree.map(jnp.asarray, r) for r in row.call(op, whole, evaluation)]

    return jax.vjp(function, *(jax.tree.map(jnp.asarray, inputs[p]) for p in places))


@rows.row("SlimGradient", context=True, numpy=False)
def slim_gradient(run: Any, op: Operation, inputs: list[Any]) -> list[Any]:
    """What the forward operation's `jax.vjp` gives for the gradients of its outputs; those that are missing are zeros."""
    return _gradient(run, op, inputs, find(run, op.private["forward"], op.private["inputs"]))


def _gradient(run: Any, op: Operation, inputs: list[Any], pullback: Any) -> list[Any]:
    forward, places, given = op.private["forward"], op.private["inputs"], op.private["gradients"]
    count = len(inputs) - len(given)
    if pullback is None:
        if isinstance(forward, Operation):
            row = rows.find(forward.type)
            assert row is not None
            outputs, pullback = vjp(forward, row, inputs[:count], places, run)
        else:
            outputs, pullback = constructs.vjp(forward, op._inputs[:count], inputs[:count], places, run)
    else:
        pullback, outputs = pullback
    at = dict(zip(given, inputs[count:], strict=True))
    return [
        jax.tree.map(_conjugated, g)
        for g in pullback([cotangent(at.get(place), output) for place, output in enumerate(outputs)])
    ]


def _conjugated(gradient: Any) -> Any:
    """TensorFlow's gradients of complex numbers are the conjugates of JAX's."""
    return jnp.conjugate(gradient) if jnp.issubdtype(gradient.dtype, jnp.complexfloating) else gradient


def cotangent(value: Any, output: Any) -> Any:
    """A gradient in the form that `jax.vjp` wants for an output (an array, or the elements of a tensor array); zeros for None."""
    if not isinstance(output, jax.Array | np.ndarray | np.generic):
        leaves, structure = jax.tree.flatten(output)
        if isinstance(value, tensor_array_values.TensorArrayValue) and isinstance(
            output, tensor_array_values.TensorArrayValue
        ):
            value = tensor_array_values.gradient_like(value, output)
        given = [None] * len(leaves) if value is None else structure.flatten_up_to(value)
        return jax.tree.unflatten(structure, [cotangent(v, leaf) for v, leaf in zip(given, leaves, strict=True)])
    return _of_array(value, jax.typeof(output))


def _of_array(value: Any, kind: Any) -> Any:
    if not jnp.issubdtype(kind.dtype, jnp.inexact):
        return np.zeros(kind.shape, jax.dtypes.float0)
    return jnp.zeros(kind.shape, kind.dtype) if value is None else _conjugated(jnp.asarray(value, kind.dtype))


def find(run: Any, forward: Any, places: tuple[int, ...]) -> Any:
    """(pullback, outputs) kept when the forward operation was evaluated in the same part, or None."""
    place = run
    while place is not None:
        found = place.pullbacks.get((forward, places))
        if found is not None:
            return found, outputs_of(place, forward)
        place = place.outer
    return None


def outputs_of(evaluation: Any, forward: Any) -> list[Any]:
    """The values of what a forward operation or construct gave."""
    return [_as_array(evaluation.value(t)) for t in forward.outputs]


def _as_array(value: Any) -> Any:
    return np.asarray(value) if isinstance(value, int | float) else value
