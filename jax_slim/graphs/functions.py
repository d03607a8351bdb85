"""`GraphFunction`: a graph as a function of variables and inputs."""

import dataclasses
import re
import types
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jax_slim.inference.constants import PreparedFunction
from jax_slim.kernels import choices
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.operations import arrays, control, tables, tensor_array_values
from jax_slim.tf1.running import evaluation, planning, pullbacks, references
from jax_slim.tf1.running.weights import weights_of

_NONE: Mapping[str, Any] = types.MappingProxyType({})
_MOST_PROGRAMS = 16  # compiled for different values of single numbers and booleans


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class GraphFunction:
    """A function of variables and inputs: `graph(variables, inputs)` gives the outputs.

    It is pure: jit it, differentiate it, vmap it, export it. Called with arrays, outside of all that, it compiles
    itself, once for each size of the inputs.

    `inputs` is one array for a graph of one input, or a list in the order of `inputs`, or a dictionary by their names.
    Arrays are cast to the types of the graph; as everywhere in JAX, 64 bits become 32 unless `jax_enable_x64` is on.
    Single numbers and booleans of Python and NumPy are known while the function is traced, so that a predicate among
    them costs no branch. The result is one array where one output was named by a text, a list where a list was given,
    and otherwise a dictionary by name.

    Attributes:
      variables: arrays by name: the graph's variables, and those of its constants that `as_variables` asked for.
      inputs: their names, in order: tensors', or those of the signature.
      outputs: the outputs' names.
      input_shapes: of each input its sizes, None for those that are not known; None where not even their number is.
      input_types: of each input NumPy's type.
      host: operations that JAX does not compute: texts, files, tables, results whose size depends on values. Where
        there are any, parts of the graph run on the host, between compiled ones; it can be called, and neither jitted
        nor differentiated.
      graph: the graph that was built.
    """

    variables: dict[str, Any]
    inputs: list[str]
    outputs: list[str]
    input_shapes: dict[str, tuple[int | None, ...] | None]
    input_types: dict[str, np.dtype[Any]]
    host: list[str]
    graph: Any
    _feeds: list[Tensor]
    _results: list[Tensor]
    _keys: dict[str, str]  # a variable's name -> under which key it is kept
    _constants: dict[str, Tensor]
    _units: list[planning.Unit]
    _session: Callable[[dict[str, Any]], Any]
    _pack: Callable[[list[Any]], Any]
    _programs: dict[Any, Any] = dataclasses.field(default_factory=dict)

    def __call__(self, variables: Mapping[str, Any], inputs: Any) -> Any:
        missing = sorted({*self._keys, *self._constants} - set(variables))
        if missing:
            raise ValueError(
                f"GraphFunction: variables must have all of the graph's, {missing[:5]} are not among them. "
                "Pass its `variables`, or what became of them."
            )
        given = [_fed(n, t, v) for n, t, v in zip(self.inputs, self._feeds, self._ordered(inputs), strict=True)]
        taken = {name: variables[name] for name in (*self._keys, *self._constants)}
        traced = any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves((taken, given)))
        if self.host:
            if traced:
                raise ValueError(
                    f"GraphFunction: outputs must be of operations that JAX computes, these run on the host: "
                    f"{', '.join(self.host[:10])}. Call the function without jit, grad or vmap around it, or name "
                    "tensors behind those operations as inputs of `load`."
                )
            return self._pack(self._by_session(taken, given))
        if any(isinstance(leaf, Tracer) for leaf in taken.values()):
            return self._pack(self._evaluated(taken, given))
        known = {place: value for place, value in enumerate(given) if isinstance(value, np.ndarray)}
        moving = [value for place, value in enumerate(given) if place not in known]
        graph = self._prepared(known, traced)
        return self._pack(graph.traced(taken, moving) if traced else graph.compiled(taken, moving))

    def tensor_of(self, name: str) -> str:
        """The tensor's name of an input or output that a signature or dictionary calls otherwise."""
        both = zip([*self.inputs, *self.outputs], [*self._feeds, *self._results], strict=True)
        return next(tensor.name for key, tensor in both if key == name)

    def __repr__(self) -> str:
        host = f", {len(self.host)} operations on the host" if self.host else ""
        return f"GraphFunction({self.inputs} -> {self.outputs}, {len(self.variables)} variables{host})"

    def _ordered(self, inputs: Any) -> list[Any]:
        if isinstance(inputs, Mapping):
            given = {name if name in self.inputs else tensor_name(name): value for name, value in inputs.items()}
            if sorted(given) != sorted(self.inputs):
                raise ValueError(f"GraphFunction: inputs must be {self.inputs}, got {sorted(given)}.")
            return [given[name] for name in self.inputs]
        several = isinstance(inputs, list | tuple)
        if several and len(self.inputs) == 1:  # a list of the one input, or the input itself as lists of numbers
            several = len(inputs) == 1 and np.ndim(inputs[0]) == self._feeds[0].shape.ndims
        given = list(inputs) if several else [inputs]
        if len(given) != len(self.inputs):
            raise ValueError(f"GraphFunction: inputs must be {len(self.inputs)} ({self.inputs}), got {len(given)}.")
        return given

    def _evaluated(
        self, variables: Mapping[str, Any], given: list[Any], weights: Mapping[str, Any] = _NONE
    ) -> list[Any]:
        """The outputs, operation by operation: what is traced."""
        values: dict[Tensor, Any] = dict(zip(self._feeds, given, strict=True))
        values.update((self._weights()[name], value) for name, value in weights.items())
        values.update((tensor, variables[name]) for name, tensor in self._constants.items())
        state = references.State({key: variables[name] for name, key in self._keys.items()}, on_host=False)
        run = evaluation.Evaluation(values, state, None, on_host=False)
        pullbacks.prepare(run, self._units)
        before, arrays.CHECKS.found = arrays.CHECKS.found, None
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "Explicitly requested dtype")
                run.run(self._units)
                return [_array(t, run.resolved(t)) for t in self._results]
        finally:
            arrays.CHECKS.found = before

    def _weights(self) -> dict[str, Tensor]:
        """The large constants, by name: they are prepared, and given to programs."""
        if "weights" not in self._programs:
            given = {*self._feeds, *self._constants.values()}
            self._programs["weights"] = weights_of(self._units, given)
        return self._programs["weights"]

    def _prepared(self, known: dict[int, Any], inlined: bool) -> PreparedFunction:
        """The graph with these numbers among the inputs, by their places."""
        key = (tuple((place, value.tobytes()) for place, value in known.items()), inlined, choices.kind())
        if key not in self._programs:
            if len(self._programs) > _MOST_PROGRAMS:
                self._programs.clear()
            constants = {name: tensor.op.attrs["value"] for name, tensor in self._weights().items()}

            def evaluate(values: dict[str, Any], moving: list[Any]) -> list[Any]:
                left = iter(moving)
                whole = [known[place] if place in known else next(left) for place in range(len(self._feeds))]
                return self._evaluated(values, whole, {name: values[name] for name in constants})

            self._programs[key] = PreparedFunction(evaluate, constants, inlined)
        return self._programs[key]

    def _filled(self, variables: Mapping[str, Any]) -> Any:
        """The session, its tables filled, with these values of variables."""
        kept = {key: variables[name] for name, key in self._keys.items()}
        if "session" not in self._programs:
            self._programs["session"] = self._session(kept)
        session = self._programs["session"]
        session.variables.update(kept)
        return session

    def _tables(self) -> dict[str, Any]:
        """The lookup tables that are filled, by their nodes."""
        found = {}
        resources = self._filled(self.variables).resources
        for op in self.graph.get_operations():
            key = tables.key_of(op) if "HashTable" in op.type else None
            if key in resources:
                found[op.name] = resources[key]
        return found

    def _by_session(self, variables: Mapping[str, Any], given: list[Any]) -> list[Any]:
        """The outputs, by parts: compiled ones and the host's take turns."""
        session = self._filled(variables)
        feeds = dict(zip(self._feeds, map(np.asarray, given), strict=True))
        for name, tensor in self._constants.items():
            if variables[name] is not self.variables[name]:
                feeds[tensor] = np.asarray(variables[name])
        return list(session.run(self._results, feeds))


def tensor_name(name: str) -> str:
    """'input:0' of 'input'."""
    return name if ":" in name else name + ":0"


def plain_names(names: list[str]) -> dict[str, str]:
    """'scope/boxes:0' -> 'boxes', as far as that is unique."""
    short = {name: re.sub(r"\W", "_", name.removesuffix(":0").rpartition("/")[2]) for name in names}
    long = {name: re.sub(r"\W", "_", name.removesuffix(":0")) for name in names}
    return {n: short[n] if list(short.values()).count(short[n]) == 1 else long[n] for n in names}


def _fed(name: str, tensor: Tensor, value: Any) -> Any:
    kind = tensor.dtype.base_dtype.as_numpy_dtype
    if kind is np.object_:
        return np.asarray(value, object)
    if isinstance(value, bool | int | float | np.generic):
        return np.asarray(value).astype(kind)
    kind = jax.dtypes.canonicalize_dtype(kind)
    # What NumPy has it converts itself: JAX would compile a program for each conversion.
    value = value.astype(kind) if isinstance(value, jax.Array) else jax.device_put(np.asarray(value, kind))
    sizes = tensor.shape.sizes
    if sizes is not None and not (len(sizes) == value.ndim and all(map(_fits, sizes, value.shape))):
        raise ValueError(f"GraphFunction: {name} must be of shape {tensor.shape}, got {value.shape}.")
    return value


def _array(tensor: Tensor, value: Any) -> Any:
    if isinstance(value, tensor_array_values.TensorArrayValue | control.Dead):
        raise ValueError(
            f"GraphFunction: outputs must be arrays, {tensor.name} is none: it holds a loop's or a branch's."
        )
    return jnp.asarray(value)


def _fits(wanted: int | None, size: Any) -> bool:
    """Whether a size is the one wanted; a name of `jax.export` for a size may be."""
    return wanted is None or not isinstance(size, int) or size == wanted
