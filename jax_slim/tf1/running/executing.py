"""Runs the parts of a plan: on the host operation by operation, on the device as one compiled program."""

import types
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.inference.constants import PreparedFunction
from jax_slim.inference.fusing import worth_fusing
from jax_slim.kernels import compiling
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.operations import arrays, control
from jax_slim.tf1.running import constructs, planning, pullbacks, references
from jax_slim.tf1.running.evaluation import Evaluation
from jax_slim.tf1.running.weights import weights_of

# Of what NumPy computes as well: most runs of that kind are made once or twice. An operation takes hundreds of times
# longer to compile than NumPy takes for small values, so large programs (unrolled recurrent nets) must be used more often.
_RUNS_BEFORE_COMPILING = 3
_OPERATIONS_A_RUN = 20
_UNCOMPILED = (
    constructs.HostOnly,
    jax.errors.ConcretizationTypeError,
    jax.errors.TracerArrayConversionError,
    jax.errors.TracerIntegerConversionError,
)
_NONE: Mapping[Any, Any] = types.MappingProxyType({})
_CONVOLUTIONS = frozenset({"Conv2D", "DepthwiseConv2dNative"})
_MOST_SEEN = 256
_MOST_PROGRAMS = 32  # compiled for different values of what must be known; then such a part runs uncompiled


class Executable:
    """One part of a plan, with the programs that were compiled for it."""

    def __init__(self, part: planning.Part, compiles: bool = True) -> None:
        self.part, self._compiles = part, compiles
        self._seen: dict[Any, int] = {}
        self._random = [k for k in part.keys if references.is_random(k)]
        self._programs: dict[Any, _Program] = {}

    def run(self, values: dict[Tensor, Any], session: Any) -> None:
        """Evaluates the part: adds its outputs to `values` and changes the session's variables."""
        part = self.part
        with session.lock:
            for key in self._random:
                if key not in session.variables:
                    session.variables[key] = references.random_start(key)
        if part.host:  # it may wait for another run, which needs the lock
            self._run_on_host(values, session)
            return
        with session.lock:
            key, known = self._known(values)
            if self._compiles and (part.heavy or self._pays(key, values)):
                program = self._programs.get(key)
                if program is None and len(self._programs) < _MOST_PROGRAMS:
                    program = self._programs[key] = _Program(part, known)
                if program is not None:
                    try:
                        program.run(values, session)
                    except _UNCOMPILED:
                        # Nothing has been computed yet: what the program needs to know only the host finds out.
                        self._compiles = False
                    else:
                        return
            self._run_on_host(values, session)

    def _pays(self, key: Any, values: dict[Tensor, Any]) -> bool:
        """Whether a program would be used again: input that is new every time, in sizes or in values, NumPy computes sooner."""
        if len(self._seen) > _MOST_SEEN:
            self._seen.clear()
        seen = (key, tuple(getattr(values[t], "shape", None) for t in self.part.inputs))
        count = self._seen[seen] = self._seen.get(seen, 0) + 1
        return count > _RUNS_BEFORE_COMPILING + len(self.part.units) // _OPERATIONS_A_RUN

    def _run_on_host(self, values: dict[Tensor, Any], session: Any) -> None:
        state = session.state_on_host()
        for tensor in self.part.inputs:  # NumPy's, or what is computed with them would be compiled piece by piece
            if isinstance(values[tensor], jax.Array):
                values[tensor] = np.asarray(values[tensor])
        evaluation = Evaluation(values, state, session, on_host=True)
        pullbacks.prepare(evaluation, self.part.units)
        try:
            # Types are TensorFlow's on the host too, and NumPy does not warn where TensorFlow gives an infinity or NaN.
            with jax.enable_x64(True), np.errstate(all="ignore"):
                evaluation.run(self.part.units)
        finally:
            with session.lock:
                session.variables.update(state.written)

    def _known(self, values: dict[Tensor, Any]) -> tuple[Any, dict[Tensor, Any]]:
        """What a program is compiled for: values that decide shapes, and single booleans."""
        known: dict[Tensor, Any] = {}
        key = []
        for place, tensor in enumerate(self.part.inputs):
            value = values[tensor]
            single = isinstance(value, np.ndarray | np.generic) and value.dtype == np.bool_ and value.ndim == 0
            if value is control.DEAD:
                known[tensor] = value
                key.append((place, b"dead", ()))
            elif tensor in self.part.known or single:
                value = known[tensor] = np.asarray(value)
                key.append((place, value.tobytes(), value.shape))
        return tuple(key), known


class _Program:
    """A part as a compiled function of (what it writes, what it only reads, its inputs)."""

    def __init__(self, part: planning.Part, known: dict[Tensor, Any]) -> None:
        self._part, self._fixed = part, known
        self._inputs = [t for t in part.inputs if t not in known]
        self._read_only = [k for k in part.keys if k not in part.writes]
        self._written = [k for k in part.keys if k in part.writes]
        # Of each output None where the program computes it, else its value; and the errors of checks. Both as they were
        # found for these sizes of the inputs: JAX traces once for each, and a size may be an output.
        self._by_sizes: dict[Any, tuple[list[Any], list[Any]]] = {}
        self._compiled = compiling.jit(self._traced, donate_argnums=0)
        self._net = self._with_native_kernels() if worth_fusing() else None

    def _with_native_kernels(self) -> PreparedFunction | None:
        """The same with all weights as constants that are arranged once, of a net that has no others."""
        units = self._part.units
        if self._part.keys or not any(op.type in _CONVOLUTIONS for unit in units for op in unit.ops):
            return None
        weights = weights_of(units, {*self._inputs, *self._fixed})
        return PreparedFunction(
            lambda values, inputs: self._traced({}, {}, inputs, {weights[name]: v for name, v in values.items()}),
            {name: tensor.op.attrs["value"] for name, tensor in weights.items()},
        )

    def _traced(
        self,
        written: dict[str, Any],
        read_only: dict[str, Any],
        inputs: list[Any],
        weights: Mapping[Tensor, Any] = _NONE,
    ) -> Any:
        values = {**self._fixed, **weights}
        values.update(zip(self._inputs, inputs, strict=True))
        state = references.State({**written, **read_only}, on_host=False)
        evaluation = Evaluation(values, state, None, on_host=False)
        pullbacks.prepare(evaluation, self._part.units)
        before, arrays.CHECKS.found = arrays.CHECKS.found, []
        try:
            evaluation.run(self._part.units)
            checks = arrays.CHECKS.found
        finally:
            arrays.CHECKS.found = before
        known, outputs = [], []
        for tensor in self._part.outputs:
            value = evaluation.value(tensor)
            computed = any(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(value))
            known.append(None if computed else value)
            if computed:
                outputs.append(value)
        self._by_sizes[_sizes(inputs, written, read_only)] = known, [error for _, error in checks]
        current = {key: state.current()[key] for key in {**dict.fromkeys(written), **state.written}}
        return outputs, current, [good for good, _ in checks]

    def run(self, values: dict[Tensor, Any], session: Any) -> None:
        variables = session.variables
        written = {k: variables[k] for k in self._written if k in variables}
        read_only = {k: variables[k] for k in self._read_only if k in variables}
        inputs = [values[t] for t in self._inputs]
        with jax.enable_x64(True):
            if self._net is not None and all(isinstance(v, np.ndarray | np.generic | jax.Array) for v in inputs):
                outputs, current, checks = self._net.compiled({}, inputs)
            else:
                outputs, current, checks = self._compiled(written, read_only, inputs)
        _settle(current, read_only, outputs)
        variables.update(current)
        kept, errors_of_checks = self._by_sizes[_sizes(inputs, written, read_only)]
        computed = iter(outputs)
        for tensor, fixed in zip(self._part.outputs, kept, strict=True):
            values[tensor] = next(computed) if fixed is None else fixed
        for good, error in zip(checks, errors_of_checks, strict=True):
            if not good:
                raise error()


def _sizes(inputs: list[Any], *variables: Mapping[str, Any]) -> Any:
    return (*map(np.shape, inputs), *(some[key].shape for some in variables for key in sorted(some)))


def _settle(current: dict[str, Any], read_only: dict[str, Any], outputs: list[Any]) -> None:
    """Copies what would share its memory: a variable's is given away by the next run that changes it."""
    seen = {id(v) for v in read_only.values()}
    seen.update(id(v) for v in outputs)
    for key, value in current.items():
        if id(value) in seen:
            current[key] = jnp.array(value, copy=True)
        seen.add(id(value))


def run_all(executables: list[Executable], values: dict[Tensor, Any], session: Any) -> None:
    """Runs all parts of a plan, one after the other."""
    for executable in executables:
        executable.run(values, session)
