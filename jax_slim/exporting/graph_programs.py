"""A function of variables and inputs as nodes of a TensorFlow graph, operation by operation of its trace."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import export as jax_export

from jax_slim.exporting import graph_elementwise, graph_indexing, graph_shaping, graph_windows
from jax_slim.exporting.archives import ExportError
from jax_slim.exporting.graph_equations import Equation, Known, Var, flattened, variables_of
from jax_slim.exporting.graph_matching import Match
from jax_slim.exporting.graph_nodes import Nodes, Tensor
from jax_slim.exporting.graph_patterns import matched
from jax_slim.exporting.graph_writing import Writer
from jax_slim.kernels.choices import kernel_forms

Function = Callable[[Any, Mapping[str, jax.Array]], Mapping[str, jax.Array]]
_RULES: dict[str, Callable[[Writer, Equation], Any]] = {
    **graph_elementwise.RULES,
    **graph_shaping.RULES,
    **graph_windows.RULES,
    **graph_indexing.RULES,
}


class Ends(NamedTuple):
    """Tensors at the ends of a graph, by the program's names."""

    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]


class Program:
    """A traced function, ready to be written.

    Args:
      function: who asks, for errors.
      program: (variables, inputs) -> results by name.
      variables: arrays by name; nested dictionaries, lists and the like are named by the keys on the way.
      inputs: name -> (shape, dtype), as `export_model` has them.
    """

    def __init__(self, function: str, program: Function, variables: Any, inputs: Mapping[str, tuple[str, Any]]) -> None:
        self._function = function
        self.kinds = _symbolic(function, inputs)
        named = list(variables_of(variables))
        like = jax.tree.map(lambda v: jax.ShapeDtypeStruct(np.shape(v), v.dtype), variables)
        try:
            with kernel_forms("lax"):
                closed, shapes = jax.make_jaxpr(program, return_shape=True)(like, self.kinds)
        except Exception as error:
            sizes = "; ".join(f"{name}: {shape}" for name, (shape, _) in inputs.items())
            raise ExportError(
                f"{function}: the program cannot be traced for {sizes}: {_line(error)} Give sizes as numbers where the "
                "program needs to know them."
            ) from error
        known = [Known(np.asarray(value), name) for name, value in named]
        self._given = {name: Var(tuple(kind.shape), np.dtype(kind.dtype)) for name, kind in self.kinds.items()}
        order = jax.tree.leaves(dict(self._given))  # as JAX orders a dictionary's
        try:
            self._equations, results = flattened(closed, [*known, *order])
        except ExportError as error:
            raise ExportError(f"{function}: {error}") from error
        self._results = dict(zip(_names(shapes), results, strict=True))
        self.variables = [name for name, _ in named]

    def write(self, nodes: Nodes, given: Mapping[str, Tensor], inputs: list[Tensor]) -> dict[str, Tensor]:
        """Writes the program's nodes.

        Args:
          nodes: what to write to.
          given: a tensor for each input.
          inputs: the graph's placeholders: sizes that are symbols are read from them.

        Returns:
          The results by name.
        """
        writer = Writer(nodes)
        writer.inputs = inputs
        for name, var in self._given.items():
            writer.tensors[var] = given[name]
        for equation, match in self._needed():
            try:
                made = match.write(writer) if match is not None else _RULES[equation.kind](writer, equation)
            except (NotImplementedError, KeyError, ExportError) as error:
                raise ExportError(self._refusal(equation, error)) from error
            made = list(made) if type(made) is list else [made]
            for var, tensor in zip(equation.results, made, strict=True):
                writer.tensors[var] = tensor
        return {name: writer.full(result, "") for name, result in self._results.items()}

    def _needed(self) -> list[tuple[Equation, Match | None]]:
        """The equations that the results need, each as it is or as the end of a pattern."""
        needed = {r for r in self._results.values() if isinstance(r, Var)}
        plan = []
        for equation in reversed(self._equations):
            if not any(var in needed for var in equation.results):
                continue
            match = matched(equation)
            operands = equation.operands if match is None else match.operands
            needed.update(o for o in operands if isinstance(o, Var))
            plan.append((equation, match))
        return plan[::-1]

    def _refusal(self, equation: Equation, error: Exception) -> str:
        where = f" in {equation.scope}" if equation.scope else ""
        if isinstance(error, ExportError):
            return f"{self._function}: {error}"
        what = str(error) if isinstance(error, NotImplementedError) else f"JAX's operation {equation.kind!r}"
        return (
            f"{self._function}: {what}{where} has no counterpart in such a graph. Leave it out of the function, or "
            "export the model as .zip (`export_model`), which holds whatever JAX computes."
        )


def _names(shapes: Any) -> list[str]:
    return [name for name, _ in variables_of(shapes)]


def _line(error: Exception) -> str:
    text = str(error).strip().splitlines() or [type(error).__name__]
    return text[0] if text[0].endswith(".") else text[0] + "."


def _symbolic(function: str, inputs: Mapping[str, tuple[str, Any]]) -> dict[str, jax.ShapeDtypeStruct]:
    scope = jax_export.SymbolicScope()
    made = {}
    for name, (shape, dtype) in inputs.items():
        text = shape if isinstance(shape, str) else ", ".join(map(str, shape))
        try:
            made[name] = jax.ShapeDtypeStruct(jax_export.symbolic_shape(text, scope=scope), dtype)
        except (ValueError, TypeError) as error:
            raise ExportError(
                f"{function}: the shape of an input must be numbers and names between commas, such as "
                f"'batch, 224, 224, 3', got {shape!r} for {name!r}."
            ) from error
    return made
