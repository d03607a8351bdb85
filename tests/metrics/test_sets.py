"""Sets against Python's: arrays and sparse tensors, outside and inside of jit."""

import functools

import hypothesis
import hypothesis.strategies as st
import jax
import numpy as np
import pytest

import jax_slim as slim

OPERATIONS = {
    "set_intersection": set.intersection,
    "set_union": set.union,
    "set_difference": set.difference,
}
ROWS, WIDTHS = 3, (4, 3)


def sparse(rows, width):
    """Rows of numbers as a SparseTensor, in no particular order."""
    places = [(i, j) for i, row in enumerate(rows) for j in range(len(row))][::-1]
    values = [rows[i][j] for i, j in places]
    return slim.metrics.SparseTensor(np.reshape(places, (-1, 2)).astype(int), np.array(values, int), (len(rows), width))


def rows_of(tensor, count):
    """The rows of a SparseTensor, without what lies outside of its shape."""
    rows = [[] for _ in range(count)]
    for (i, j), value in zip(np.asarray(tensor.indices), np.asarray(tensor.values), strict=True):
        if i < tensor.dense_shape[0]:
            assert j == len(rows[i])
            rows[i].append(int(value))
    return rows


def arrays(width):
    return st.lists(st.lists(st.integers(0, 6), min_size=width, max_size=width), min_size=ROWS, max_size=ROWS)


def ragged(width):
    return st.lists(st.lists(st.integers(0, 6), max_size=width), min_size=ROWS, max_size=ROWS)


@functools.cache
def compiled(name):
    return jax.jit(getattr(slim.metrics, name))


@pytest.mark.parametrize("name", OPERATIONS)
@hypothesis.given(a=arrays(WIDTHS[0]), b=arrays(WIDTHS[1]))
@hypothesis.settings(max_examples=20)
def test_arrays(name, a, b):
    expected = [sorted(OPERATIONS[name](set(x), set(y))) for x, y in zip(a, b, strict=True)]
    result = compiled(name)(np.array(a), np.array(b))
    assert rows_of(result, ROWS) == expected
    assert list(result.dense_shape) == [ROWS, max(map(len, expected))]


@hypothesis.given(a=ragged(WIDTHS[0]), b=ragged(WIDTHS[1]))
@hypothesis.settings(max_examples=10)
def test_sparse_tensors(a, b):
    one, other = sparse(a, WIDTHS[0]), sparse(b, WIDTHS[1])
    expected = [sorted(set(y) - set(x)) for x, y in zip(a, b, strict=True)]
    result = slim.metrics.set_difference(one, other, aminusb=False)
    assert rows_of(result, ROWS) == expected
    assert len(result.values) == sum(map(len, expected))  # outside of jit: nothing but the elements
    np.testing.assert_array_equal(slim.metrics.set_size(one), [len(set(x)) for x in a])


def test_vectors():
    result = slim.metrics.set_intersection([5, 1, 2], [2, 5, 9, 9])
    assert result.values.tolist() == [2, 5]
    assert result.indices.tolist() == [[0], [1]]


WRONG = slim.metrics.SparseTensor([[0]], [1], (2, 2))


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda: slim.metrics.set_union(np.eye(2, 3), np.eye(3, 3)),
            ValueError,
            r"\(2, 3\) and \(3, 3\)",
        ),
        (lambda: slim.metrics.set_union(np.ones(3, int), np.ones(3)), TypeError, "same dtype, got int32 and float32"),
        (lambda: slim.metrics.set_union(3, np.ones(3, int)), ValueError, "a must have rank 1 or more"),
        (
            lambda: slim.metrics.set_size(slim.metrics.SparseTensor([[0]], [1], (2, 2))),
            ValueError,
            r"\[1, 2\] .* \(1, 1\)",
        ),
    ],
)
def test_refuses(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
