"""Sets along the last axis: size, intersection, difference, union, of arrays and of sparse tensors.

A row of an array is the set of its elements; a sparse tensor may have rows of different sizes.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.core.program import operation
from jax_slim.core.sparse import SparseTensor
from jax_slim.metrics._args import array, gathered, is_concrete


class Rows(NamedTuple):
    """Rows of elements [..., n] of which only those `present` count."""

    elements: jax.Array
    present: jax.Array


def rows_of(function: str, argument: str, values: Any) -> Rows:
    """An array or a sparse tensor as rows; every element of an array is present."""
    if not isinstance(values, SparseTensor):
        values = gathered(array(values))
        if values.ndim < 1:
            raise ValueError(f"{function}: {argument} must have rank 1 or more, got a scalar.")
        return Rows(values, jnp.ones(values.shape, bool))
    indices, elements = gathered(array(values.indices)), gathered(array(values.values))
    try:
        shape = tuple(int(size) for size in np.asarray(values.dense_shape))
    except jax.errors.TracerArrayConversionError:
        raise ValueError(
            f"{function}: the dense_shape of {argument} must be known, got one traced by jit. Pass a tuple of ints."
        ) from None
    if indices.ndim != 2 or indices.shape != (elements.size, len(shape)):
        raise ValueError(
            f"{function}: the indices of {argument} must have shape [{elements.size}, {len(shape)}] by its values and "
            f"dense_shape, got {indices.shape}."
        )
    places = tuple(indices.T)
    empty = jnp.zeros(shape, elements.dtype)
    return Rows(empty.at[places].set(elements, mode="drop"), jnp.zeros(shape, bool).at[places].set(True, mode="drop"))


def distinct(rows: Rows) -> Rows:
    """The elements in rising order, each only once; what is not present at the end."""
    missing, elements = jax.lax.sort((~rows.present, rows.elements), num_keys=2)
    again = jnp.zeros(elements.shape, bool).at[..., 1:].set(elements[..., 1:] == elements[..., :-1])
    return Rows(elements, ~missing & ~again)


def _met(a: Rows, b: Rows) -> tuple[Rows, jax.Array, jax.Array]:
    """Both sets together, in rising order, each element once; and whether it is of `a`, and of `b`."""
    parts = [distinct(a), distinct(b)]
    elements, present = (jnp.concatenate(x, -1) for x in zip(*parts, strict=True))
    of_b = jnp.concatenate([jnp.zeros(a.elements.shape, bool), jnp.ones(b.elements.shape, bool)], -1)
    missing, elements, of_b = jax.lax.sort((~present, elements, of_b), num_keys=3)
    # Equal elements are neighbours, that of `a` first.
    pair = (elements[..., 1:] == elements[..., :-1]) & ~missing[..., 1:] & ~missing[..., :-1]
    with_next = jnp.zeros(elements.shape, bool).at[..., :-1].set(pair)
    with_last = jnp.zeros(elements.shape, bool).at[..., 1:].set(pair)
    return Rows(elements, ~missing & ~with_last), ~of_b, of_b | with_next


def count_common(a: Rows, b: Rows) -> jax.Array:
    """The number of elements of both sets [...]."""
    rows, of_a, of_b = _met(a, b)
    return jnp.sum(rows.present & of_a & of_b, -1)


def count_only_first(a: Rows, b: Rows) -> jax.Array:
    """The number of elements of `a` that `b` has not [...]."""
    rows, of_a, of_b = _met(a, b)
    return jnp.sum(rows.present & of_a & ~of_b, -1)


def _sparse(rows: Rows) -> SparseTensor:
    """What is present, moved to the beginning of each row."""
    order = jnp.argsort(~rows.present, axis=-1, stable=True)
    elements, present = (jnp.take_along_axis(x, order, -1) for x in rows)
    widest = jnp.max(jnp.sum(present, -1), initial=0)
    shape = present.shape[:-1]
    places = jnp.stack(jnp.meshgrid(*map(jnp.arange, present.shape), indexing="ij"), -1).reshape(-1, present.ndim)
    elements, present = elements.reshape(-1), present.reshape(-1)
    if is_concrete(present):
        places, elements = places[present], elements[present]
    else:
        places = jnp.where(present[:, None], places, jnp.asarray(rows.present.shape))
        elements = jnp.where(present, elements, 0)
    return SparseTensor(places, elements, jnp.asarray([*shape, widest]))


def _pair(function: str, a: Any, b: Any) -> tuple[Rows, Rows]:
    first, second = rows_of(function, "a", a), rows_of(function, "b", b)
    if first.elements.shape[:-1] != second.elements.shape[:-1]:
        raise ValueError(
            f"{function}: a and b must have the same shape but for the last axis, got {first.elements.shape} and "
            f"{second.elements.shape}."
        )
    if first.elements.dtype != second.elements.dtype:
        raise TypeError(
            f"{function}: a and b must have the same dtype, got {first.elements.dtype} and {second.elements.dtype}."
        )
    return first, second


@operation
def set_size(a: SparseTensor, validate_indices: bool = True) -> jax.Array:
    """The number of different elements in each row of a sparse tensor.

    Args:
      a: a `SparseTensor` of integers.
      validate_indices: accepted, without meaning here: indices may be in any order.

    Returns:
      Integers [...]: the shape of `a` without its last axis.

    Raises:
      TypeError: `a` is not a `SparseTensor`.
    """
    del validate_indices
    if not isinstance(a, SparseTensor):
        raise TypeError(
            f"set_size: a must be a slim.metrics.SparseTensor, got an array of shape {jnp.shape(a)}. "
            "For an array of ids see slim.metrics.set_union(a, a)."
        )
    return jnp.sum(distinct(rows_of("set_size", "a", a)).present, -1)


@operation
def set_intersection(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """The elements that both `a` and `b` have, row by row, in rising order.

        slim.metrics.set_intersection([[1, 2], [3, 4]], [[2, 5], [6, 7]])
        # SparseTensor(indices=[[0, 0]], values=[2], dense_shape=[2, 1])

    Args:
      a, b: arrays or `SparseTensor`s of integers, of the same shape but for the last axis.
      validate_indices: accepted, without meaning here.

    Returns:
      A `SparseTensor`, the last entry of whose `dense_shape` is the size of the greatest set. Inside of `jit`, which
      cannot know how many elements there are, it has room for all; what is not used has indices outside.

    Raises:
      ValueError: shapes that do not match.
      TypeError: dtypes that do not match.
    """
    del validate_indices
    rows, of_a, of_b = _met(*_pair("set_intersection", a, b))
    return _sparse(rows._replace(present=rows.present & of_a & of_b))


@operation
def set_difference(a: Any, b: Any, aminusb: bool = True, validate_indices: bool = True) -> SparseTensor:
    """The elements of `a` that `b` has not, row by row, in rising order. As `set_intersection`.

    Args:
      a, b: arrays or `SparseTensor`s of integers, of the same shape but for the last axis.
      aminusb: False takes the elements of `b` that `a` has not.
      validate_indices: accepted, without meaning here.
    """
    del validate_indices
    rows, of_a, of_b = _met(*_pair("set_difference", a, b))
    return _sparse(rows._replace(present=rows.present & (of_a & ~of_b if aminusb else of_b & ~of_a)))


@operation
def set_union(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """The elements of `a` and of `b`, row by row, each once and in rising order. As `set_intersection`."""
    del validate_indices
    rows, _, _ = _met(*_pair("set_union", a, b))
    return _sparse(rows)
