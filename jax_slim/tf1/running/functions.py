"""Calls functions' graphs on the host: for each element of a data set."""

from typing import Any

from jax_slim.tf1.graph.functions import Function
from jax_slim.tf1.operations import datasets
from jax_slim.tf1.running import executing, planning, references
from jax_slim.tf1.running.session import BaseSession


class Runner:
    """A function as a Python function of arrays; what is random in it goes on from call to call."""

    def __init__(self, function: Function) -> None:
        self._function = function
        self._session = BaseSession(graph=function.graph)
        given = dict.fromkeys([*function.inputs, *function.captured_inputs])
        units = planning.units_of(planning.needed(function.outputs, given), None, given)
        self._parts = [
            executing.Executable(p, compiles=False) for p in planning.parts_of(units, function.outputs, given)
        ]

    def __call__(self, arguments: Any, captured: Any) -> list[Any]:
        """The outputs for arguments and for the values of what the function captured."""
        inputs = [*self._function.inputs, *self._function.captured_inputs]
        values = dict(zip(inputs, [*arguments, *captured], strict=True))
        for part in self._parts:
            part.run(values, self._session)
        found = []
        for tensor in self._function.outputs:
            if tensor not in values:
                values[tensor] = tensor.op.attrs["value"]
            value = values[tensor]
            found.append(self._session.variables[value.key] if isinstance(value, references.Reference) else value)
        return found


datasets.RUNNER[:] = [Runner]
