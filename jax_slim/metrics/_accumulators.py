"""The variables of metrics: running sums that lose no counts, kept from batch to batch under TensorFlow's names.

A float32 sum of ones stops at 2^24. Each float32 accumulator therefore has a companion, `<name>_residual`, with
what did not fit: together they hold 48 bits, and counts stay exact up to 2^46. The accumulator alone is TensorFlow's
variable, correctly rounded. Batches are summed the same way, so a large batch loses nothing either.
"""

import contextlib
import contextvars
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.core import program as _program
from jax_slim.core.collections import GraphKeys, NamesOfCollections, as_names
from jax_slim.core.program import VariableSpec
from jax_slim.core.scopes import unique_op_name
from jax_slim.core.variables import update_variable

_COLLECTIONS = (GraphKeys.LOCAL_VARIABLES, GraphKeys.METRIC_VARIABLES)

_dtype: contextvars.ContextVar[Any] = contextvars.ContextVar("jax_slim_metrics_dtype", default=None)


@contextlib.contextmanager
def accumulator_dtype(dtype: Any = None) -> Iterator[None]:
    """Metrics made inside accumulate in `dtype`: float64 is one variable in place of two float32 ones.

        with slim.metrics.accumulator_dtype(jnp.float64):
            value, update = slim.metrics.streaming_mean(losses)        # 'mean/total' is float64

    Args:
      dtype: jnp.float64, which needs `jax.config.update("jax_enable_x64", True)`; or None, the default: float32
        with a residual (see this module), and float64 where TensorFlow's variable is float64 and x64 is enabled.

    Raises:
      ValueError: another dtype, or float64 without x64.
    """
    if dtype is not None and jnp.dtype(dtype) != np.float64:
        raise ValueError(f"accumulator_dtype: dtype must be float64 or None, got {dtype!r}.")
    if dtype is not None and not jax.config.jax_enable_x64:  # pyright: ignore[reportAttributeAccessIssue]
        raise ValueError(
            'accumulator_dtype: float64 needs x64. Call jax.config.update("jax_enable_x64", True) before the first '
            "array is made."
        )
    token = _dtype.set(None if dtype is None else jnp.dtype(dtype))
    try:
        yield
    finally:
        _dtype.reset(token)


class Pair(NamedTuple):
    """A number as the unevaluated sum of two floats: `low` is what `high` rounded away."""

    high: jax.Array
    low: jax.Array

    def __add__(self, other: "Pair") -> "Pair":  # type: ignore[override]
        high, low = _two_sum(self.high, other.high)
        return Pair(*_two_sum(high, low + (self.low + other.low)))

    def to(self, dtype: Any) -> "Pair":
        """The same number in another float dtype; what a narrower one cannot hold moves down."""
        high = self.high.astype(dtype)
        rest = (self.high - high.astype(self.high.dtype)).astype(dtype)
        return Pair(*_two_sum(high, jnp.where(jnp.isfinite(high), rest, 0) + self.low.astype(dtype)))

    def map(self, function: Callable[[jax.Array], jax.Array]) -> "Pair":
        """A function that only moves or picks elements, applied to both parts."""
        return Pair(function(self.high), function(self.low))

    def reshape(self, shape: Sequence[int]) -> "Pair":
        return self.map(lambda part: part.reshape(shape))

    def sum(self, axis: int) -> "Pair":
        """The sum along an axis."""
        return total(self.high, axis) + total(self.low, axis)


def _two_sum(a: jax.Array, b: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The rounded sum and its exact rounding error (Knuth, TAOCP 2, 4.2.2)."""
    total = a + b
    moved = total - a
    error = (a - (total - moved)) + (b - moved)
    return total, jnp.where(jnp.isfinite(total), error, 0)  # inf - inf is no error but NaN


def exactly(values: Any) -> Pair:
    """Numbers as they are: floats, and integers of up to 48 bits."""
    if isinstance(values, int):
        high = np.float32(values)
        return Pair(jnp.asarray(high), jnp.asarray(np.float32(values - int(high))))
    values = jnp.asarray(values)
    if jnp.issubdtype(values.dtype, jnp.floating):
        values = at_least_float32(values)
        return Pair(values, jnp.zeros_like(values))
    if values.dtype.itemsize == 8:
        return exactly(values.astype(jnp.float64))  # 53 bits
    values = values.astype(jnp.uint32 if jnp.issubdtype(values.dtype, jnp.unsignedinteger) else jnp.int32)
    # Both halves of 32 bits are exact as floats; the whole may not be.
    upper = (values >> 16).astype(jnp.float32) * 2**16
    return Pair(*_two_sum(upper, (values & 0xFFFF).astype(jnp.float32)))


def total(values: Any, axis: int | Sequence[int] | None = None) -> Pair:
    """The sum along `axis` (None: of all), without the rounding errors of a sum of many floats.

    Booleans are counted in integers.
    """
    values = jax.lax.stop_gradient(jnp.asarray(values))
    if values.dtype == bool:
        return exactly(jnp.sum(values, axis, dtype=jnp.int32))
    parts = exactly(values)
    axes = range(values.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    zero = np.zeros((), parts.high.dtype)
    high, low = jax.lax.reduce(
        tuple(parts), (zero, zero), lambda a, b: tuple(Pair(*a) + Pair(*b)), [one % values.ndim for one in axes]
    )
    return Pair(high, low)


def at_least_float32(values: Any) -> jax.Array:
    """As floats of at least 32 bits, outside of every gradient: metrics are looked at, not trained on."""
    values = jax.lax.stop_gradient(jnp.asarray(values))
    if not jnp.issubdtype(values.dtype, jnp.floating):
        return values.astype(jnp.float32)
    return values.astype(jnp.promote_types(values.dtype, jnp.float32))


def metric_variable(
    name: str,
    shape: Sequence[int] = (),
    dtype: Any = jnp.float32,
    collections: NamesOfCollections = _COLLECTIONS,
) -> tuple[str, jax.Array]:
    """Makes a variable of zeros in the current name scope: its whole name and its present value."""
    program = _program.require(f"metric variable {name!r}")
    full_name = unique_op_name(name)
    dtype = jax.dtypes.canonicalize_dtype(dtype)
    shape = tuple(shape)
    spec = VariableSpec(
        full_name, shape, dtype, False, as_names(collections), _zeros, None, full_name, _program.user_line()
    )
    return full_name, program.make_variable(spec)


class Accumulator:
    """A running sum, under the variable `name` in the current name scope.

    `value` is the sum before this batch and `updated` the one including it; `updated_pair` has its residual too.

    Args:
      name: TensorFlow's name of the variable.
      shape: its shape.
      dtype: TensorFlow's dtype of it, float32 or float64.
    """

    def __init__(self, name: str, shape: Sequence[int] = (), dtype: Any = jnp.float32) -> None:
        dtype = jax.dtypes.canonicalize_dtype(_dtype.get() or dtype)
        self.name, self.value = metric_variable(name, shape, dtype)
        self._residual = None
        if dtype != np.float64:  # that one holds 53 bits by itself
            self._residual = metric_variable(f"{self.name.rpartition('/')[2]}_residual", shape, dtype)

    def pair(self) -> Pair:
        """The sum before this batch, with its residual."""
        return Pair(self.value, jnp.zeros_like(self.value) if self._residual is None else self._residual[1])

    def add(self, amount: Pair) -> jax.Array:
        """Adds the batch's `amount` for the next run, and returns the new sum."""
        self.updated_pair = new = self.pair() + amount.to(self.value.dtype)
        if self._residual is not None:
            update_variable(self._residual[0], lambda _: new.low)
        self.updated = update_variable(self.name, lambda _: new.high)
        return self.updated


def add_integers(name: str, value: jax.Array, amount: jax.Array) -> jax.Array:
    """Adds to an integer variable of `metric_variable`, and returns the new value."""
    return update_variable(name, lambda _: value + amount.astype(value.dtype))


def ratio(numerator: jax.Array, denominator: jax.Array) -> jax.Array:
    """`numerator / denominator`, and 0 where there is nothing yet (the denominator is not positive)."""
    nothing = denominator <= 0  # False for NaN, which stays NaN
    return jnp.where(nothing, 0, numerator / jnp.where(nothing, 1, denominator))


def _zeros(key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
    del key
    return jnp.zeros(shape, dtype)
