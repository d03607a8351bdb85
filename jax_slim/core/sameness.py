"""Whether two bodies do the same, names apart: what running them as one `scan` asks for."""

import dataclasses
import enum
from typing import Any

import jax
import jax.core
import jax.numpy as jnp
import numpy as np

from jax_slim.core.inner import Addition, Rehearsal, Update
from jax_slim.core.names import Renamed


def difference(first: Rehearsal, last: Rehearsal, rename: Renamed) -> str | None:
    """What `last` does otherwise than `first`, to be put after 'the last call', or None.

    Args:
      first, last: rehearsals; the second counts what the first made as there already.
      rename: the names of `last` out of those of `first`.
    """
    strays = [name for name in last.used if name in last.new and name not in {rename(name) for name in first.new}]
    if strays:
        return f"makes the variable {strays[0]!r}, which has no counterpart in the first"
    expected = [(rename(name), _facts(spec)) for name, spec in first.used.items()]
    if [(name, _facts(spec)) for name, spec in last.used.items()] != expected:
        return "has other variables than the first"
    if last.new != {rename(name) for name in first.new} - first.new:
        return "finds variables that the first made for itself, or the reverse"
    if list(last.keys) != [rename(name) for name in first.keys]:
        return "draws random numbers outside of its own scope"
    if [_kind(made.fact) for made in last.made] != [_kind(made.fact, rename) for made in first.made]:
        return "has other updates, losses or end points than the first"
    if not _same_jaxpr(first.jaxpr, last.jaxpr):
        return "computes something else than the first"
    return None


def _facts(spec: Any) -> Any:
    return spec.shape, spec.dtype, spec.trainable, spec.collections


def _kind(fact: Any, rename: Renamed | None = None) -> Any:
    match fact:
        case Update(name, now):
            return "update", name if rename is None else rename(name), now
        case Addition(collection, _, kind):
            return "addition", collection, kind
    return fact


def _same_jaxpr(one: Any, other: Any) -> bool:
    """Whether two traces, closed or not, have the same operations, wiring, constants and plain parameters."""
    if one is other:
        return True
    if hasattr(one, "consts"):
        if len(one.consts) != len(other.consts) or not all(map(_same_constant, one.consts, other.consts)):
            return False
        one, other = one.jaxpr, other.jaxpr
    return _Places(one).described() == _Places(other).described() and all(
        _same_params(a.params, b.params) for a, b in zip(one.eqns, other.eqns, strict=True)
    )


class _Places:
    """Describes the equations of a trace by numbers in place of its own variables."""

    def __init__(self, jaxpr: Any) -> None:
        self._jaxpr = jaxpr
        self._numbers: dict[Any, int] = {}

    def described(self) -> list[Any]:
        start = [self._atom(var) for var in (*self._jaxpr.constvars, *self._jaxpr.invars)]
        inside = [
            (eqn.primitive.name, *map(self._atom, eqn.invars), *map(self._atom, eqn.outvars))
            for eqn in self._jaxpr.eqns
        ]
        return [start, *inside, [self._atom(var) for var in self._jaxpr.outvars]]

    def _atom(self, atom: Any) -> Any:
        if hasattr(atom, "val"):  # a literal
            value = np.asarray(atom.val)
            return value.dtype.name, value.shape, value.tobytes()
        return self._numbers.setdefault(atom, len(self._numbers)), str(atom.aval)


def _same_constant(one: Any, other: Any) -> bool:
    if one is other or isinstance(one, jax.core.Tracer) or isinstance(other, jax.core.Tracer):
        return one is other
    if np.shape(one) != np.shape(other) or jnp.result_type(one) != jnp.result_type(other):
        return False
    if jnp.issubdtype(jnp.result_type(one), jax.dtypes.extended):
        one, other = jax.random.key_data(one), jax.random.key_data(other)
    return np.asarray(one).tobytes() == np.asarray(other).tobytes()


def _same_params(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(_same_param(one[key], other[key]) for key in one)


def _same_param(one: Any, other: Any) -> bool:
    """False for plain data that differ. Names, functions and the like say nothing about what is computed."""
    if type(one) is not type(other):
        return False
    if isinstance(one, bool | int | float | complex | enum.Enum | np.dtype):
        return one == other or one != one  # NaN too
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_same_param, one, other))
    if hasattr(one, "eqns") or hasattr(getattr(one, "jaxpr", None), "eqns"):
        return _same_jaxpr(one, other)
    if dataclasses.is_dataclass(one):
        fields = (field.name for field in dataclasses.fields(one))
        return all(_same_param(getattr(one, name), getattr(other, name)) for name in fields)
    return True
