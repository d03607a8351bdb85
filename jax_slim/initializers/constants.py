"""Values that are not drawn: zeros, ones, given values, the identity matrix."""

import dataclasses
import functools
import math
import numbers
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.typing import ArrayLike, DTypeLike

from jax_slim.initializers import _args


@dataclasses.dataclass(frozen=True)
class Filled:
    """One number everywhere, in any dtype."""

    value: int
    dtype: np.dtype

    def __call__(self, key: jax.Array | None, shape: Sequence[int], dtype: DTypeLike | None = None) -> jax.Array:
        return jnp.full(tuple(shape), self.value, self.dtype if dtype is None else dtype)


@dataclasses.dataclass(frozen=True, eq=False)
class Constant:
    """Given values; equal to another when the bytes of both are equal."""

    values: np.ndarray
    dtype: np.dtype
    verify_shape: bool

    def __call__(self, key: jax.Array | None, shape: Sequence[int], dtype: DTypeLike | None = None) -> jax.Array:
        shape, dtype, values = tuple(shape), np.dtype(self.dtype if dtype is None else dtype), self.values
        size = math.prod(shape)
        if self.verify_shape and shape != values.shape:
            raise TypeError(f"constant_initializer: the value must have shape {shape}, got shape {values.shape}.")
        if values.size > max(size, 1):  # one value may also fill nothing
            raise ValueError(
                f"constant_initializer: the value must have at most the {size} elements of shape {shape}, "
                f"got {values.size} in shape {values.shape}."
            )
        if values.size == 0 < size:
            raise ValueError(f"constant_initializer: the value must not be empty for shape {shape}, got {values}.")
        if np.iscomplexobj(values) and not jnp.issubdtype(dtype, jnp.complexfloating):
            raise TypeError(f"constant_initializer: the value must be real for dtype {dtype}, got {values}.")
        with np.errstate(invalid="ignore"):  # NaN as an integer: refused in the next line
            cast = values.astype(dtype)
        if not jnp.issubdtype(dtype, jnp.inexact) and not np.array_equal(cast, values):
            raise ValueError(f"constant_initializer: the value must fit in dtype {dtype}, got {values}.")
        if values.size == 1:
            return jnp.full(shape, cast.reshape(()), dtype)  # filled where it lies: no array crosses to the device
        filled = np.empty(size, dtype)
        filled[: values.size] = cast.ravel()
        filled[values.size :] = cast.ravel()[-1:]
        return jnp.asarray(filled.reshape(shape))

    @functools.cached_property
    def _identity(self) -> tuple[Any, ...]:
        return self.values.tobytes(), self.values.shape, self.values.dtype, self.dtype, self.verify_shape

    def __eq__(self, other: object) -> bool:
        return self._identity == other._identity if isinstance(other, Constant) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._identity)


@dataclasses.dataclass(frozen=True)
class Identity:
    """A multiple of the identity matrix."""

    gain: float
    dtype: np.dtype

    def __call__(self, key: jax.Array | None, shape: Sequence[int], dtype: DTypeLike | None = None) -> jax.Array:
        if len(shape) != 2:
            raise ValueError(f"identity_initializer: shape must have two dimensions, got {tuple(shape)}.")
        return self.gain * jnp.eye(
            *shape, dtype=_args.floating("identity_initializer", self.dtype if dtype is None else dtype)
        )


def zeros_initializer(dtype: DTypeLike = jnp.float32) -> Filled:
    """Fills with zeros (False for booleans)."""
    return Filled(0, np.dtype(dtype))


def ones_initializer(dtype: DTypeLike = jnp.float32) -> Filled:
    """Fills with ones (True for booleans)."""
    return Filled(1, np.dtype(dtype))


def constant_initializer(
    value: ArrayLike | Sequence[Any] = 0, dtype: DTypeLike = jnp.float32, verify_shape: bool = False
) -> Constant:
    """Fills with given values.

        constant_initializer(0.1)                       # every element is 0.1
        constant_initializer([1, 2, 3])(key, (2, 3))    # [[1, 2, 3], [3, 3, 3]]

    As in TF, a list or array is read in row-major order into whatever shape is asked for, and the last value fills
    what remains.

    Args:
      value: a number, a (nested) list or tuple of numbers, or an array.
      dtype: what is made when the call names no dtype.
      verify_shape: True refuses a shape other than that of `value`.

    Raises:
      TypeError: `value` is of another kind (here). When called: `verify_shape` and the shapes differ, or complex values
        for a real dtype.
      ValueError: when called, more values than elements, none at all, or values that an integer dtype cannot hold.
    """
    if isinstance(value, Tracer) or not isinstance(
        value, (numbers.Number, np.generic, np.ndarray, jax.Array, list, tuple)
    ):
        raise TypeError(
            "constant_initializer: value must be a number, a list or tuple of numbers, or an array, "
            f"got {type(value).__name__}: {value!r}."
        )
    try:
        values = np.array(value)  # a copy: later changes of the caller's array must not reach the variable
    except ValueError as error:
        raise ValueError(f"constant_initializer: value must have rows of one length, got {value!r}.") from error
    if not (jnp.issubdtype(values.dtype, jnp.number) or values.dtype == bool):
        raise TypeError(f"constant_initializer: value must consist of numbers, got {value!r}.")
    values.flags.writeable = False
    return Constant(values, np.dtype(dtype), verify_shape)


def identity_initializer(gain: float = 1.0, dtype: DTypeLike = jnp.float32) -> Identity:
    """Makes a matrix of zeros with `gain` on its diagonal; it need not be square. Only for two dimensions."""
    name = "identity_initializer"
    return Identity(_args.number(name, "gain", gain), _args.floating(name, dtype))
