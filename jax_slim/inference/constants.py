"""`PreparedFunction`: a function of values that seldom change, and of arrays, with what it makes of the former kept."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from jax_slim.inference.fusing import in_bfloat16, worth_fusing
from jax_slim.inference.programs import AnySplit, PreparedProgram
from jax_slim.kernels import compiling

_MOST_KEPT = 4  # sets of prepared values: inputs of other sizes mostly take the same


class PreparedFunction:
    """A function of values by name and of arrays, made as `slim.predictor` makes them of models.

        net = PreparedFunction(evaluate, {"conv/weights": weights})
        outputs = net.compiled({}, [images])                  # of evaluate({"conv/weights": weights}, [images])

    Args:
      evaluate: what to prepare: a list of outputs for a dictionary of values and a list of arrays.
      constants: the values that never change.
      inlined: whether it becomes a part of what somebody else traces, and may differentiate.
    """

    def __init__(
        self,
        evaluate: Callable[[dict[str, Any], list[Any]], list[Any]],
        constants: Mapping[str, np.ndarray],
        inlined: bool = False,
    ) -> None:
        self._evaluate, self._constants, self._inlined = evaluate, dict(constants), inlined
        self._programs: dict[Any, tuple[PreparedProgram, Any]] = {}
        self._keys: dict[AnySplit, Any] = {}  # programs with the same key take the same values
        self._prepared: dict[Any, tuple[list[Any], dict[str, Any]]] = {}

    def compiled(self, variables: Mapping[str, Any], arrays: list[Any]) -> list[Any]:
        """The outputs, by a program that is compiled once for each size of the arrays: with native kernels, if any."""
        program, run = self._program(variables)
        with compiling.as_in_jit():
            split = program.split(arrays)
        return run(self._ready(split, variables), arrays)

    def traced(self, variables: Mapping[str, Any], arrays: list[Any]) -> list[Any]:
        """The outputs, while somebody traces the arrays, but not the variables."""
        program, _ = self._program(variables)
        split = program.split(arrays)
        with jax.ensure_compile_time_eval():
            ready = self._ready(split, variables)
        return program.run(ready, arrays)

    def _program(self, variables: Mapping[str, Any]) -> tuple[PreparedProgram, Any]:
        native = not self._inlined and worth_fusing()
        kinds = _kinds(variables)
        key = (native, native and in_bfloat16(), *kinds)
        if key not in self._programs:
            shapes = {
                name: jax.ShapeDtypeStruct(shape, dtype) for name, shape, dtype in _kinds(self._constants) + kinds
            }
            program = PreparedProgram(self._evaluate, shapes, groups=True, derivatives=self._inlined, native=native)
            self._programs[key] = program, compiling.jit(program.run)
        return self._programs[key]

    def _ready(self, split: AnySplit, variables: Mapping[str, Any]) -> dict[str, Any]:
        """What the program takes in the place of the values; made again when a variable is another array."""
        if split not in self._keys:
            self._keys[split] = tuple((name, shape.shape, shape.dtype) for name, shape in split.shapes.items())
        key = self._keys[split]
        given = list(variables.values())
        kept, ready = self._prepared.get(key, (None, {}))
        if kept is not None and len(kept) == len(given) and all(map(_same, kept, given)):
            return ready
        values = self._constants | dict(variables)
        there = dict(zip(values, jax.device_put(list(values.values())), strict=True))
        changed = compiling.jit_once(split.prepare_changed)(there)
        ready = {name: changed[name] if name in changed else there[name] for name in split.shapes}
        if len(self._prepared) >= _MOST_KEPT:
            self._prepared.clear()
        self._prepared[key] = given, ready
        return ready


def _kinds(values: Mapping[str, Any]) -> list[tuple[str, tuple[int, ...], Any]]:
    """The name, shape and JAX's dtype of each."""
    return [(name, value.shape, jax.dtypes.canonicalize_dtype(value.dtype)) for name, value in values.items()]


def _same(kept: Any, given: Any) -> bool:
    """Whether an array is the one that was given before, with the values of then: NumPy's may have changed."""
    return kept is given and isinstance(given, jax.Array)
