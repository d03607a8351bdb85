"""Evaluates operations one after the other: on NumPy values, or on traced ones, which makes a compiled program."""

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np
from jax.core import Tracer

from jax_slim.tf1.graph import errors, rows
from jax_slim.tf1.graph.tensors import Operation, Tensor
from jax_slim.tf1.operations import control, tensor_array_values
from jax_slim.tf1.running import constructs, planning, references

_SWITCHES, _MERGES = ("Switch", "RefSwitch"), ("Merge", "RefMerge")


class Evaluation:
    """Values of tensors while the operations of a run, a branch or a loop's body are evaluated.

    Rows with `context` get it as `run`.

    Attributes:
      state: the variables' values.
      session: whose run it is (resources, its number); None where only shapes are wanted.
      on_host: whether results are NumPy values and nothing is traced.
    """

    def __init__(
        self,
        values: dict[Any, Any],
        state: references.State,
        session: Any,
        on_host: bool,
        outer: "Evaluation | None" = None,
    ) -> None:
        self.values, self.state, self.session, self.on_host, self.outer = values, state, session, on_host, outer
        self.reversed = outer is not None and outer.reversed  # whether a gradient is taken of what is evaluated
        self.pullbacks: dict[Any, Any] = {}
        self.wanted_pullbacks: dict[Any, Any] = {}

    def inner(self, values: dict[Tensor, Any], state: references.State | None = None) -> "Evaluation":
        """For what is inside of a branch or a loop: it sees the values outside."""
        return Evaluation(values, state or self.state, self.session, self.on_host, self)

    # What rows ask for.

    def read(self, key: Any) -> Any:
        """The value that a variable has now. `key` is a Reference, or what `references.key_of` gives, or the value itself where
        a gradient is taken with respect to the variable."""
        if not isinstance(key, references.Reference | str):
            return key
        return self.state.read(key.key if isinstance(key, references.Reference) else key)

    def write(self, key: Any, value: Any) -> None:
        """Gives a variable another value."""
        self.state.write(key.key if isinstance(key, references.Reference) else key, value)

    def is_initialized(self, key: Any) -> bool:
        """Whether a variable has a value."""
        if not isinstance(key, references.Reference | str):
            return True
        return self.state.has(key.key if isinstance(key, references.Reference) else key)

    def random_offset(self, op: Operation, count: int) -> Any:
        """How many random numbers the operation has drawn in this session; `count` more are noted (an uint64 scalar)."""
        key = references.random_key(op)
        before = self.state.read(key) if self.state.has(key) else references.random_start(key)
        self.state.write(key, before + np.uint64(count))
        return before

    # Values.

    def value(self, tensor: Tensor) -> Any:
        """A tensor's value; for a reference the reference."""
        place: Evaluation | None = self
        while place is not None:
            if tensor in place.values:
                return place.values[tensor]
            place = place.outer
        op = tensor.op
        if op.type == "Const":
            return op.attrs["value"]
        if op.type in references.VARIABLE_TYPES:
            return references.Reference(references.key_of(op))
        if op.type == "TensorArrayV3":
            return tensor_array_values.handle_of(op)
        if op.type == "TensorArrayGradV3":
            return dataclasses.replace(self.value(op._inputs[0]), gradient=True)
        if references.is_alias(op):
            return self.value(op._inputs[0])
        if op.type in ("Placeholder", "PlaceholderV2"):
            raise missing_feed(op)
        raise errors.InternalError(None, op, f"{tensor.name} is used before it is computed.")

    def resolved(self, tensor: Tensor) -> Any:
        """A tensor's value; for a reference the variable's value now."""
        value = self.value(tensor)
        if not isinstance(value, references.Reference):
            return value
        with running(tensor.op):
            return self.state.read(value.key)

    def run(self, units: list[planning.Unit]) -> None:
        """Evaluates units in order."""
        for unit in units:
            if unit.construct is not None:
                constructs.evaluate(self, unit)
            else:
                self.run_op(unit.ops[0])

    def run_op(self, op: Operation) -> None:
        """Evaluates one operation."""
        row = rows.find(op.type)
        if row is None:
            raise errors.UnimplementedError(
                None, op, f"Op type not registered '{op.type}': jax-slim's table of operations has no such type."
            )
        refs = row.refs
        if refs:
            inputs = [
                self.value(t) if name in refs else self.resolved(t)
                for t, name in zip(op._inputs, rows.input_names(op), strict=True)
            ]
        else:
            inputs = [self.resolved(t) for t in op._inputs]
        if op.type in _MERGES:  # a branch's constant is there where its branch is
            inputs = [
                control.DEAD if t.op.type == "Const" and self._waits_for_dead(t.op) else value
                for t, value in zip(op._inputs, inputs, strict=True)
            ]
        if self._is_dead(op, inputs):
            self.values.update(dict.fromkeys((op, *op._outputs), control.DEAD))
            return
        with running(op):
            if op in self.wanted_pullbacks:
                results = self.wanted_pullbacks[op](self, op, row, inputs)
            else:
                results = row.call(op, inputs, self)
        if self.on_host:
            results = [np.asarray(r) if isinstance(r, jax.Array) and not isinstance(r, Tracer) else r for r in results]
        for tensor, result in zip(op._outputs, results, strict=True):
            self.values[tensor] = result

    def _is_dead(self, op: Operation, inputs: list[Any]) -> bool:
        """Whether an operation is on the side of a Switch that was not taken."""
        if op.type in _MERGES:
            return all(value is control.DEAD for value in inputs)
        return any(value is control.DEAD for value in inputs) or self._waits_for_dead(op)

    def _waits_for_dead(self, op: Operation) -> bool:
        for before in op._control_inputs:
            if self.values.get(before) is control.DEAD:
                return True
            first = before._outputs[0] if before._outputs and before.type not in _SWITCHES else None
            if first is not None and self.values.get(first) is control.DEAD:
                return True
        return False


# What a program that needs to know values while it is traced raises: then the part runs on the host.
_NEEDS_VALUES = (
    jax.errors.ConcretizationTypeError,
    jax.errors.TracerArrayConversionError,
    jax.errors.TracerIntegerConversionError,
)


@contextlib.contextmanager
def running(op: Operation) -> Iterator[None]:
    """Names the operation in errors that evaluating it raises."""
    try:
        yield
    except errors.OpError as error:
        if error.op is None:
            error.op, error.node_def = op, op.node_def
        raise
    except _NEEDS_VALUES:
        raise
    except (
        TypeError,
        ValueError,
        IndexError,
        ZeroDivisionError,
        OverflowError,
        AssertionError,
        jax.errors.JAXTypeError,
    ) as error:
        raise errors.InvalidArgumentError(None, op, f"{type(error).__name__}: {error}") from error
    except MemoryError as error:
        raise errors.ResourceExhaustedError(None, op, f"OOM when computing {op.name}: {error}") from error


def missing_feed(op: Operation) -> errors.OpError:
    """The error for a placeholder that no value was passed for."""
    shape = op.outputs[0].shape
    known = f" and shape {str(list(shape.sizes)).replace('None', '?').replace(' ', '')}" if shape.sizes else ""
    kind = _plain_name(op.outputs[0].dtype)
    return errors.InvalidArgumentError(
        None, op, f"You must feed a value for placeholder tensor '{op.name}' with dtype {kind}{known}"
    )


def _plain_name(dtype: Any) -> str:
    name = str(dtype.base_dtype.name)
    return {"float32": "float", "float64": "double", "float16": "half"}.get(name, name)
