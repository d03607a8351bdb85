"""A traced program as one list of equations: calls inlined, loops unrolled, what variables alone decide set apart."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal, primitives

from jax_slim.exporting.archives import ExportError
from jax_slim.exporting.graph_nodes import is_known, scope_of

MOST_ROUNDS = 512


class Known:
    """An array that depends on variables alone: it is computed when it is asked for.

    Attributes:
      shape, dtype: its own.
      variable: the name of the variable that it is; "" for others.
      equation: what computes it, or None.
    """

    def __init__(
        self, value: Any = None, variable: str = "", equation: "Equation | None" = None, place: int = 0
    ) -> None:
        self.variable, self.equation, self._place = variable, equation, place
        self._value = None if value is None else np.asarray(value)
        like: Any = self._value if equation is None else equation.kinds[place]
        self.shape, self.dtype = tuple(like.shape), _dtype(like.dtype)

    @property
    def value(self) -> np.ndarray:
        """The array."""
        waiting: list[Known] = [self]
        while waiting:  # not by recursion: a chain may be as long as a net is deep
            last = waiting[-1]
            if last._value is None:
                assert last.equation is not None
                missing = [o for o in last.equation.operands if o._value is None]
                if missing:
                    waiting += missing
                    continue
                last._value = last.equation.computed()[last._place]
            waiting.pop()
        assert self._value is not None
        return self._value

    def roots(self) -> "set[Known]":
        """The variables that it depends on."""
        found: set[Known] = set()
        stack, seen = [self], set()
        while stack:
            known = stack.pop()
            if id(known) in seen:
                continue
            seen.add(id(known))
            if known.variable:
                found.add(known)
            elif known.equation is not None:
                stack.extend(known.equation.operands)
        return found


@dataclasses.dataclass(eq=False)
class Var:
    """An array that depends on the inputs.

    Attributes:
      shape, dtype: its own; sizes may be symbols.
      equation: what computes it; None for an input.
    """

    shape: tuple[Any, ...]
    dtype: np.dtype
    equation: "Equation | None" = None


@dataclasses.dataclass(eq=False)
class Equation:
    """One operation of JAX.

    Attributes:
      kind: the primitive's name.
      operands: of `Known` and `Var`.
      params: the primitive's.
      scope: the name scope that it was traced in.
      kinds: shape and dtype of each result.
      results: the Vars; empty where all operands are known.
    """

    primitive: Any
    operands: list[Any]
    params: Mapping[str, Any]
    scope: str
    kinds: list[Any]
    results: list[Var] = dataclasses.field(default_factory=list)

    @property
    def kind(self) -> str:
        return self.primitive.name

    def computed(self) -> list[np.ndarray]:
        """The results, where all operands are known."""
        with jax.ensure_compile_time_eval():
            found = self.primitive.bind(*(jax.numpy.asarray(o.value) for o in self.operands), **self.params)
        return [np.asarray(r) for r in (found if self.primitive.multiple_results else [found])]


def flattened(closed: ClosedJaxpr, arguments: Sequence[Any]) -> tuple[list[Equation], list[Any]]:
    """The equations of a traced program for these arguments (`Known` or `Var`), in order, and its results.

    Raises:
      ExportError: it holds a loop whose rounds depend on the inputs, or too many of them.
    """
    maker = _Maker()
    results = maker.inline(closed.jaxpr, [Known(c) for c in closed.consts], arguments, "")
    return maker.equations, results


class _Maker:
    def __init__(self) -> None:
        self.equations: list[Equation] = []

    def inline(self, jaxpr: Jaxpr, consts: Sequence[Any], arguments: Sequence[Any], scope: str) -> list[Any]:
        values: dict[Any, Any] = dict(zip(jaxpr.constvars, consts, strict=True))
        values |= dict(zip(jaxpr.invars, arguments, strict=True))

        def read(variable: Any) -> Any:
            kind = variable.aval
            return Known(np.asarray(variable.val, kind.dtype)) if isinstance(variable, Literal) else values[variable]

        for equation in jaxpr.eqns:
            operands = [read(variable) for variable in equation.invars]
            inside = "/".join(part for part in (scope, scope_of(equation.source_info.name_stack)) if part)
            special = _SPECIAL.get(equation.primitive.name)
            inner = next(
                (equation.params[key] for key in ("jaxpr", "call_jaxpr", "fun_jaxpr") if key in equation.params), None
            )
            if special is not None and not all(isinstance(o, Known) for o in operands):
                results = special(self, equation.params, operands, inside)
            elif special is None and isinstance(inner, ClosedJaxpr | Jaxpr):
                results = self.call(inner, operands, inside)
            else:
                kinds = [variable.aval for variable in equation.outvars]
                results = self.equation(equation.primitive, operands, equation.params, inside, kinds)
            values |= dict(zip(equation.outvars, results, strict=True))
        return [read(variable) for variable in jaxpr.outvars]

    def call(self, inner: Any, operands: Sequence[Any], scope: str) -> list[Any]:
        if isinstance(inner, ClosedJaxpr):
            return self.inline(inner.jaxpr, [Known(c) for c in inner.consts], operands, scope)
        return self.inline(inner, [], operands, scope)

    def equation(
        self, primitive: Any, operands: Sequence[Any], params: Any, scope: str, kinds: Sequence[Any]
    ) -> list[Any]:
        made = Equation(primitive, list(operands), params, scope, list(kinds))
        known = all(isinstance(o, Known) for o in operands) and all(is_known(k.shape) for k in kinds)
        if known and primitive.name != "dim_as_value":  # a size that the caller chooses is known to nobody yet
            return [Known(equation=made, place=place) for place in range(len(kinds))]
        made.results = [Var(tuple(k.shape), _dtype(k.dtype), made) for k in kinds]
        self.equations.append(made)
        return list(made.results)

    def one(self, primitive: Any, operands: Sequence[Any], scope: str, **params: Any) -> Any:
        """An equation that the program does not have; its kind is what JAX says."""
        likes = [jax.ShapeDtypeStruct(o.shape, o.dtype) for o in operands]
        kind = jax.eval_shape(lambda *arrays: primitive.bind(*arrays, **params), *likes)
        return self.equation(primitive, operands, params, scope, [kind])[0]

    def scan(self, params: Any, operands: list[Any], scope: str) -> list[Any]:
        length, consts, carried = params["length"], params["num_consts"], params["num_carry"]
        _check_rounds(length, scope)
        fixed, carry, moving = operands[:consts], operands[consts : consts + carried], operands[consts + carried :]
        order = range(length - 1, -1, -1) if params["reverse"] else range(length)
        outputs: dict[int, list[Any]] = {}
        for at in order:
            results = self.call(params["jaxpr"], [*fixed, *carry, *(self.element(x, at, scope) for x in moving)], scope)
            carry, outputs[at] = results[:carried], results[carried:]
        columns = [[outputs[at][place] for at in range(length)] for place in range(len(outputs[0]) if outputs else 0)]
        return [*carry, *(self.stack(column, scope) for column in columns)]

    def element(self, array: Any, at: int, scope: str) -> Any:
        if isinstance(array, Known):
            return Known(array.value[at])
        starts, ends = [0] * len(array.shape), list(array.shape)
        starts[0], ends[0] = at, at + 1
        part = self.one(
            primitives.slice_p, [array], scope, start_indices=tuple(starts), limit_indices=tuple(ends), strides=None
        )
        return self.one(primitives.squeeze_p, [part], scope, dimensions=(0,))

    def stack(self, arrays: list[Any], scope: str) -> Any:
        if all(isinstance(a, Known) for a in arrays):
            return Known(np.stack([a.value for a in arrays]))
        rows = [
            self.one(primitives.broadcast_in_dim_p, [a], scope, shape=(1, *a.shape),
                     broadcast_dimensions=tuple(range(1, len(a.shape) + 1)), sharding=None)
            for a in arrays
        ]  # fmt: skip
        return self.one(primitives.concatenate_p, rows, scope, dimension=0)

    def while_loop(self, params: Any, operands: list[Any], scope: str) -> list[Any]:
        n = params["cond_nconsts"]
        m = n + params["body_nconsts"]
        of_condition, of_body, carry = operands[:n], operands[n:m], operands[m:]
        for _ in range(MOST_ROUNDS + 1):
            before = len(self.equations)
            (going,) = self.call(params["cond_jaxpr"], [*of_condition, *carry], scope)
            del self.equations[before:]
            if not isinstance(going, Known):
                raise ExportError(
                    f"the loop in {scope or 'the program'} runs as long as its values say, which such a graph cannot: "
                    "give it a fixed number of rounds (jax.lax.scan, or fori_loop between numbers)."
                )
            if not going.value:
                return carry
            carry = self.call(params["body_jaxpr"], [*of_body, *carry], scope)
        _check_rounds(MOST_ROUNDS + 1, scope)
        return carry

    def cond(self, params: Any, operands: list[Any], scope: str) -> list[Any]:
        index, *arguments = operands
        branches = params["branches"]
        if isinstance(index, Known):
            return self.call(branches[int(np.clip(index.value, 0, len(branches) - 1))], arguments, scope)
        found = [self.call(branch, arguments, scope) for branch in branches]
        chosen = []
        for results in zip(*found, strict=True):
            if all(r is results[0] for r in results):
                chosen.append(results[0])
                continue
            kind = next((r for r in results if isinstance(r, Var)), results[0])
            like = jax.ShapeDtypeStruct(kind.shape, kind.dtype)
            chosen += self.equation(primitives.select_n_p, [index, *results], {}, scope, [like])
        return chosen


def _check_rounds(count: int, scope: str) -> None:
    if count > MOST_ROUNDS:
        raise ExportError(
            f"the loop in {scope or 'the program'} has more than {MOST_ROUNDS} rounds: loops are written round by "
            "round into such a graph. Export it as .zip, or the body alone."
        )


_SPECIAL: dict[str, Callable[..., list[Any]]] = {
    "scan": _Maker.scan,
    "while": _Maker.while_loop,
    "cond": _Maker.cond,
}


def _dtype(dtype: Any) -> Any:
    """NumPy's dtype, or JAX's own (of keys), which no graph can hold."""
    try:
        return np.dtype(dtype)
    except TypeError:
        return dtype


def variables_of(tree: Any) -> Iterator[tuple[str, Any]]:
    """(name, array) of each leaf: names are the keys on the way to it, between slashes."""
    for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
        yield jax.tree_util.keystr(path, simple=True, separator="/"), leaf
