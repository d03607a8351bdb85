"""Arrays at half width while they wait for the gradient.

On a CPU, XLA would see through it: what is rounded on the way forward and widened on the way back is elementwise, so it
goes into the operation that reads it, and the wide array is what waits. So the rounding stands in a branch of a
condition, which no fusion crosses; the condition always holds, which the compiler cannot know.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.core import Tracer
from jax.extend.core import ClosedJaxpr, Literal, jaxpr_as_fun

from jax_slim.kernels.ordering import after, surely

# Smaller arrays do not matter, and are what others are computed from: means, norms, statistics.
_LEAST = 1 << 12
_BITS = 8


class Narrow:
    """How one array waits: as it is, rounded to another dtype, or eight truths in a byte."""

    def __init__(self, array: jax.Array, dtype: Any) -> None:
        """Decides for `array`: floats go to `dtype`, if that is less wide. Vectors and what is small stay."""
        self._wide = array.dtype
        large = array.size >= _LEAST and sum(length > 1 for length in array.shape) > 1
        if large and array.dtype == jnp.bool_:
            self._narrowed = _packed if array.shape[-1] % _BITS == 0 else _as_bytes
        elif large and jnp.issubdtype(array.dtype, jnp.floating) and _bits(dtype) < _bits(array.dtype):
            self._narrowed = lambda array: array.astype(dtype)
        else:
            self._narrowed = None

    def narrowed(self, array: jax.Array, holds: jax.Array | None) -> jax.Array:
        """The array as it waits. `holds`: what `always` returned; None where no compiler has to be misled."""
        function = self._narrowed
        if function is None:
            return array
        if holds is None:
            return lax.optimization_barrier(function(array))
        # Any other value would do for the second branch; this one is typed and sharded alike.
        return lax.cond(holds, function, lambda array: function(_other(array)), array)

    def widened(self, array: jax.Array) -> jax.Array:
        """What waited, for the gradient."""
        if self._narrowed is None:
            return array
        if self._wide != jnp.bool_:
            return array.astype(self._wide)
        return _unpacked(array) if self._narrowed is _packed else array != 0


def run_narrowing(
    closed: ClosedJaxpr, arrays: Sequence[Any], kept: Sequence[int], dtype: Any, on_cpu: bool
) -> tuple[list[Any], dict[int, "Narrow"]]:
    """The results of a traced function, some of which wait for the gradient.

    A compiler puts the rounding off until somebody wants it, and keeps the wide array until then. So what comes next in
    the function waits for it, by a mean, a bias or the like that goes into it, which costs no pass.

    Args:
      closed: the function.
      arrays: its arguments.
      kept: which of its results are to wait.
      dtype: of floats that wait.
      on_cpu: whether a compiler has to be misled.

    Returns:
      the results, narrow where they are to wait; and for each of these how it is made wide again.
    """
    jaxpr = closed.jaxpr
    values: dict[int, Any] = dict(
        zip(map(id, [*jaxpr.constvars, *jaxpr.invars]), [*closed.consts, *arrays], strict=True)
    )
    holds = always(arrays) if on_cpu else None
    wanted = {id(jaxpr.outvars[index]) for index in kept if not isinstance(jaxpr.outvars[index], Literal)}
    ways: dict[int, Narrow] = {}
    narrow: dict[int, Any] = {}
    awaited: list[jax.Array] = []

    def keep(variable: Any) -> None:
        array = values[id(variable)]
        way = ways[id(variable)] = Narrow(array, dtype)
        narrow[id(variable)] = way.narrowed(array, holds)
        if on_cpu and narrow[id(variable)] is not array:
            awaited.append(narrow[id(variable)])

    for variable in jaxpr.invars:
        if id(variable) in wanted:
            keep(variable)
    varying = set(map(id, jaxpr.invars))
    for equation in jaxpr.eqns:
        taken = [v.val if isinstance(v, Literal) else values[id(v)] for v in equation.invars]
        place = _small_operand(equation) if awaited else None
        if place is not None:
            taken[place] = _after_all(taken[place], awaited)
            awaited.clear()
        own = jaxpr.replace(
            constvars=[], invars=[v for v in equation.invars if not isinstance(v, Literal)],
            outvars=equation.outvars, eqns=[equation], effects=equation.effects,
        )  # fmt: skip
        given = [a for a, v in zip(taken, equation.invars, strict=True) if not isinstance(v, Literal)]
        made = jaxpr_as_fun(ClosedJaxpr(own, ()))(*given)
        values |= dict(zip(map(id, equation.outvars), made, strict=True))
        if not any(id(variable) in varying for variable in equation.invars):
            continue  # constants, such as the zeros that a mask chooses: there are no bytes of them
        varying.update(map(id, equation.outvars))
        for variable in equation.outvars:
            if id(variable) in wanted:
                keep(variable)
    results = [v.val if isinstance(v, Literal) else values[id(v)] for v in jaxpr.outvars]
    hows: dict[int, Narrow] = {}
    for index in kept:
        key = id(jaxpr.outvars[index])
        if key in ways:
            results[index], hows[index] = narrow[key], ways[key]
    return results, hows


def always(arrays: Sequence[Any]) -> jax.Array | None:
    """A condition that holds whatever the arrays are, without the compiler knowing; None if no array is of floats."""
    floats = [a for a in arrays if hasattr(a, "dtype") and jnp.issubdtype(a.dtype, jnp.floating) and a.size]
    # Of numbers that a program closes over, such as how many pixels a window of a pool has, the compiler knows it.
    floats = [a for a in floats if isinstance(a, Tracer)] or floats
    # The smallest array is one that each device has, as a rule: a vector among the variables.
    return surely(min(floats, key=lambda array: array.size)) if floats else None


def _small_operand(equation: Any) -> int | None:
    """Which operand of an operation that makes a large array is small and of floats, such as a mean or a bias."""
    if all(variable.aval.size < _LEAST for variable in equation.outvars):
        return None
    for index, variable in enumerate(equation.invars):
        aval = variable.aval
        if not isinstance(variable, Literal) and jnp.issubdtype(aval.dtype, jnp.floating) and 0 < aval.size < _LEAST:
            return index
    return None


def _after_all(vector: jax.Array, arrays: Sequence[jax.Array]) -> jax.Array:
    for array in arrays:
        vector = after(vector, array)
    return vector


def _packed(truths: jax.Array) -> jax.Array:
    # Whole stretches of channels by bit, not neighbours: each bit's are read in a row. Images stay apart, as on a mesh.
    parts = jnp.split(truths.astype(jnp.uint8), _BITS, axis=-1)
    found = parts[0]
    for bit, part in enumerate(parts[1:], start=1):
        found = found | (part << bit)
    return found


def _unpacked(packed: jax.Array) -> jax.Array:
    return jnp.concatenate([(packed >> bit) & 1 for bit in range(_BITS)], axis=-1) != 0


def _as_bytes(truths: jax.Array) -> jax.Array:
    return truths.astype(jnp.uint8)


def _other(array: jax.Array) -> jax.Array:
    return ~array if array.dtype == jnp.bool_ else -array


def _bits(dtype: Any) -> int:
    return jnp.finfo(dtype).bits
