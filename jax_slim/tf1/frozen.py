"""Frozen graphs as plain JAX: `load` makes a pure function of one, to jit, differentiate, vmap and export."""

import dataclasses
import os
import warnings
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.tf1 import modules
from jax_slim.tf1.files import frozen_graphs
from jax_slim.tf1.graph import errors, graphs, rows
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.operations import arrays
from jax_slim.tf1.running import evaluation, planning, pullbacks, references

_FEW = 8  # elements up to which a constant is no variable, where the graph does not tell
_BROKEN = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, ArithmeticError, AssertionError,
           RecursionError, MemoryError, errors.OpError)  # fmt: skip


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class FrozenGraph:
    """A pure function: `graph(variables, inputs)` gives the outputs.

    `inputs` is one array for a graph of one input, or a list in the order of `inputs`, or a dictionary by their names.
    Arrays are cast to the types of the graph; as everywhere in JAX, 64 bits become 32 unless `jax_enable_x64` is on. Single numbers and booleans of Python and NumPy are known while the function
    is traced, so that a predicate among them costs no branch. The result is one array where one output was named by a
    text, a list where a list was given, and otherwise a dictionary by name.

    Attributes:
      variables: the constants that became variables, by name; empty unless `as_variables` was given.
      inputs: names of tensors, in order. Placeholders with a default are among them only where they were asked for.
      outputs: names of tensors.
      graph: the graph that was built.
    """

    variables: dict[str, Any]
    inputs: list[str]
    outputs: list[str]
    graph: Any
    _feeds: list[Tensor]
    _results: list[Tensor]
    _constants: dict[str, Tensor]
    _units: list[planning.Unit]
    _pack: Any

    def __call__(self, variables: Any, inputs: Any) -> Any:
        missing = sorted(set(self._constants) - set(variables))
        if missing:
            raise ValueError(f"FrozenGraph: variables must have all of the graph's, {missing[:5]} are not among them.")
        values: dict[Tensor, Any] = {}
        for tensor, value in zip(self._feeds, self._ordered(inputs), strict=True):
            values[tensor] = _fed(tensor, value)
        for name, tensor in self._constants.items():
            values[tensor] = variables[name]
        run = evaluation.Evaluation(values, references.State({}, on_host=False), None, on_host=False)
        pullbacks.prepare(run, self._units)
        before, arrays.CHECKS.found = arrays.CHECKS.found, None
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "Explicitly requested dtype")
                run.run(self._units)
                results = [jnp.asarray(run.resolved(t)) for t in self._results]
        finally:
            arrays.CHECKS.found = before
        return self._pack(results)

    def __repr__(self) -> str:
        return f"FrozenGraph({self.inputs} -> {self.outputs}, {len(self.variables)} variables)"

    def _ordered(self, inputs: Any) -> list[Any]:
        if isinstance(inputs, dict):
            given = {_tensor_name(k): v for k, v in inputs.items()}
            if sorted(given) != sorted(self.inputs):
                raise ValueError(f"FrozenGraph: inputs must be {self.inputs}, got {sorted(given)}.")
            return [given[name] for name in self.inputs]
        given = list(inputs) if isinstance(inputs, list | tuple) and len(self.inputs) != 1 else [inputs]
        if len(given) != len(self.inputs):
            raise ValueError(f"FrozenGraph: inputs must be {len(self.inputs)} ({self.inputs}), got {len(given)}.")
        return given


def load(path: Any, inputs: Any = None, outputs: Any = None, as_variables: bool = False) -> FrozenGraph:
    """A frozen TensorFlow 1 graph (`.pb`, or text) as a pure function of variables and inputs.

    Only what the outputs need is built, so a graph may hold operations that are not there beside it. Updates and checks
    that only control edges ask for are left out.

        net = load("frozen_inference_graph.pb", outputs="Predictions:0", as_variables=True)
        probabilities = jax.jit(net)(net.variables, images)

    Args:
      path: the file, or a GraphDef.
      inputs: names of tensors that are given ('input' is 'input:0'), any in the graph; all placeholders by default.
      outputs: names of tensors; what nothing else uses by default.
      as_variables: make the frozen variables arguments again, so that they can be trained: constants of floats that are
        read through `.../read`, or, where the graph has none of those, that have more than a few elements.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: it is no frozen graph, a name is not in it, or the outputs need what only a session can compute.
      tf.errors.NotFoundError: the outputs need operations that TensorFlow 1.15 does not have; it lists them all.
    """
    modules.load_rows()
    where = os.fspath(path) if not hasattr(path, "node") else "a GraphDef"
    definition = frozen_graphs.read(path) if not hasattr(path, "node") else path
    named = [outputs] if isinstance(outputs, str) else outputs
    wanted = [_tensor_name(n) for n in named] if named is not None else frozen_graphs.ends(definition)
    given = None if inputs is None else [_tensor_name(n) for n in ([inputs] if isinstance(inputs, str) else inputs)]
    if not wanted:
        raise ValueError(f"load: outputs must be named, {where} has no tensor that is not used within it.")
    try:
        part, renamed = frozen_graphs.cut(definition, given or [], wanted)
        graph = graphs.Graph()
        with graph.as_default():
            frozen_graphs.build(part)
        results = [graph.get_tensor_by_name(renamed.get(n, n)) for n in wanted]
    except errors.NotFoundError:
        raise
    except _BROKEN as error:
        raise ValueError(
            f"load: path must be a frozen graph that holds what is asked for, got {where}: {_line(error)}"
        ) from error
    if given is None:
        given = [op.name + ":0" for op in graph.get_operations() if op.type in ("Placeholder", "PlaceholderV2")]
    feeds = [graph.get_tensor_by_name(renamed.get(n, n)) for n in given]
    constants = _variables(graph) if as_variables else {}
    units = _units(where, results, [*feeds, *constants.values()])
    variables = {name: jnp.asarray(t.op.attrs["value"]) for name, t in constants.items()}
    if isinstance(outputs, str):
        pack: Any = lambda found: found[0]  # noqa: E731
    else:
        pack = list if outputs is not None else lambda found: dict(zip(wanted, found, strict=True))
    return FrozenGraph(variables, given, wanted, graph, feeds, results, constants, units, pack)


def _line(error: BaseException) -> str:
    text = str(error) or type(error).__name__
    return text.splitlines()[0]


def _tensor_name(name: str) -> str:
    return name if ":" in name else name + ":0"


def _fed(tensor: Tensor, value: Any) -> Any:
    kind = tensor.dtype.base_dtype.as_numpy_dtype
    if isinstance(value, bool | int | float | np.generic):
        return np.asarray(value).astype(kind)
    value = jnp.asarray(value).astype(jax.dtypes.canonicalize_dtype(kind))
    if not tensor.shape.is_compatible_with(value.shape):
        raise ValueError(f"FrozenGraph: {tensor.name} must be of shape {tensor.shape}, got {value.shape}.")
    return value


def _variables(graph: Any) -> dict[str, Tensor]:
    """The constants that were variables before the graph was frozen."""
    floats = [op for op in graph.get_operations() if op.type == "Const" and op.outputs[0].dtype.is_floating]
    static = {t for op in graph.get_operations() for t in rows.static_inputs(op)}
    floats = [op for op in floats if op.outputs[0] not in static]
    read = [op for op in floats if any(_reads(user, op) for user in op.outputs[0].consumers())]
    chosen = read or [op for op in floats if op.attrs["value"].size > _FEW]
    return {op.name: op.outputs[0] for op in chosen}


def _reads(user: Any, variable: Any) -> bool:
    return user.type == "Identity" and user.name in (f"{variable.name}/read", f"{variable.name}/ReadVariableOp")


def _units(where: str, results: list[Tensor], given: list[Tensor]) -> list[planning.Unit]:
    """What is evaluated, in order; all of it must be JAX's."""
    needed = planning.needed(results, given)
    stateful = sorted(op.name for op in needed if op.type in references.VARIABLE_TYPES)
    if stateful:
        raise ValueError(
            f"load: path must be a frozen graph, got {where}, which has variables: {', '.join(stateful[:5])}. Freeze it by "
            "tf.graph_util.convert_variables_to_constants, or run it by tf.import_graph_def and tf.Session."
        )
    unfed = sorted(
        op.name for op in needed if op.type in ("Placeholder", "PlaceholderV2") and op.outputs[0] not in given
    )
    if unfed:
        raise ValueError(f"load: inputs must hold all placeholders that the outputs need, these are left out: {unfed}.")
    units = planning.units_of(needed, None, given)
    host = sorted({f"{op.type} ({op.name})" for u in units if u.host for op in u.ops[:1]})
    if host:
        raise ValueError(
            f"load: outputs must be of operations that JAX computes, these run on the host: {', '.join(host[:10])}. Name tensors "
            "behind them as inputs, or run the graph by tf.import_graph_def and tf.Session."
        )
    return units
