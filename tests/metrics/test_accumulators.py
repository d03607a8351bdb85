"""Sums in two floats: exact counts, the sum of a batch, whatever XLA makes of it."""

import hypothesis
import hypothesis.strategies as st
import jax
import numpy as np
import pytest

from jax_slim.metrics import _accumulators as acc
from jax_slim.metrics import _bins

ADD = jax.jit(lambda high, low, values: acc.Pair(high, low) + acc.total(values))


def whole(pair):
    return int(pair.high) + int(pair.low)


@hypothesis.given(st.lists(st.integers(-(2**30), 2**30), min_size=1, max_size=12))
def test_integers_stay_exact(numbers):
    pair = acc.exactly(0)
    for number in numbers:
        pair = pair + acc.exactly(number)
    assert whole(pair) == sum(numbers)


@pytest.mark.parametrize("start", [2**24, 2**33 + 1, 2**46 - 3])
def test_counts_go_on_where_float32_stops(start):
    pair = acc.exactly(start)
    for _ in range(3):
        pair = acc.Pair(*ADD(*pair, np.ones(5, bool)))  # compiled: XLA must not simplify the rounding errors away
    assert whole(pair) == start + 15
    for _ in range(3):
        pair = acc.Pair(*ADD(*pair, np.ones(5, np.float32)))
    assert whole(pair) == start + 30


@pytest.mark.parametrize(
    "values",
    [
        np.full(9, 2**29 + 1, np.int32),
        np.full(9, -(2**31) + 3, np.int32),
        np.full(9, 2**32 - 1, np.uint32),
        np.full(9, -7, np.int8),
    ],
    ids=lambda values: values.dtype.name,
)
def test_sums_of_integers_are_exact(values):
    assert whole(acc.total(values)) == sum(map(int, values))


def test_sums_of_int64_are_exact():
    with jax.enable_x64(True):
        assert whole(acc.total(np.full(9, 2**45 + 1))) == 9 * (2**45 + 1)


def test_infinity_and_nan_pass():
    assert float((acc.exactly(1) + acc.exactly(np.float32(np.inf))).high) == np.inf
    assert np.isnan(float((acc.exactly(1) + acc.exactly(np.float32(np.nan))).high))


def test_sums_by_bin_keep_small_weights_beside_a_large_one():
    weights = np.full(2**16, 1.1, np.float32)
    weights[77] = 2**24
    pair = jax.jit(_bins.sums_by_bin, static_argnums=1)(np.zeros(2**16, int), 1, weights)
    total = np.float64(pair.high) + np.float64(pair.low)
    np.testing.assert_allclose(total, [weights.sum(dtype=np.float64)], rtol=1e-10)


@pytest.mark.parametrize("num_bins", [3, 5000])
def test_sums_by_bin(num_bins):
    rng = np.random.default_rng(0)
    bins, weights = rng.integers(-1, num_bins + 1, 20000), rng.uniform(size=20000).astype(np.float32)
    inside = (bins >= 0) & (bins < num_bins)
    expected = np.bincount(bins[inside], weights[inside].astype(np.float64), num_bins)
    pair = _bins.sums_by_bin(jax.numpy.asarray(bins), num_bins, weights)
    np.testing.assert_allclose(np.float64(pair.high) + np.float64(pair.low), expected, rtol=1e-10)
    counts = _bins.counts_by_bin(jax.numpy.asarray(bins), num_bins)
    np.testing.assert_array_equal(counts, np.bincount(bins[inside], minlength=num_bins))
