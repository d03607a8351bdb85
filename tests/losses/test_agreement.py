"""Scores of clusterings against the tables that define them, and expectations against all permutations."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jax_slim.losses import _agreement
from jax_slim.losses._distances import same_class
from losses.partitions import DEFINITIONS, entropy, expected_information, information, same_partition

N = 6
PARTITIONS = st.lists(st.integers(0, 3), min_size=N, max_size=N).map(np.array)


def agreement(kind, labels, predictions):
    return _agreement.score(kind, labels)(_agreement.partition(same_class(labels), predictions))


SCORES = {kind: jax.jit(functools.partial(agreement, kind)) for kind in DEFINITIONS}


@pytest.mark.parametrize("kind", DEFINITIONS)
@given(labels=PARTITIONS, predictions=PARTITIONS)
def test_scores(kind, labels, predictions):
    result = float(SCORES[kind](labels, predictions))
    assert 0 <= result <= 1
    if same_partition(labels, predictions):
        assert result == 1
    elif (
        kind == "ami" and max(entropy(labels), entropy(predictions)) - expected_information(labels, predictions) < 1e-5
    ):
        return  # 0 / 0: rounding decides
    else:
        expected = max(DEFINITIONS[kind](labels, predictions), 0.0)
        assert result == pytest.approx(expected, rel=2e-4, abs=2e-5)


def test_the_expected_information_is_the_mean_over_all_permutations():
    labels, predictions = np.array([0, 0, 0, 1, 1, 2]), np.array([5, 5, 1, 1, 1, 1])
    mean = np.mean([information(labels, np.array(p)) for p in itertools.permutations(predictions)])
    assert expected_information(labels, predictions) == pytest.approx(mean, rel=1e-10)
    classes = jnp.asarray([3, 3, 3, 2, 2, 1], jnp.float32)
    of_size = _agreement._expected_information(classes)
    np.testing.assert_allclose(of_size[2] + of_size[4], mean, rtol=1e-5)


def test_large_batches_keep_their_precision():
    rng = np.random.default_rng(0)
    labels, predictions = rng.integers(0, 10, 300), rng.integers(0, 12, 300)
    predictions[:150] = labels[:150]
    for kind, definition in DEFINITIONS.items():
        result = SCORES[kind](labels, predictions)
        assert float(result) == pytest.approx(definition(labels, predictions), rel=1e-3)


def test_const_compares_numbers():
    labels = jnp.asarray([0, 1, 1])
    assert [float(agreement("const", labels, jnp.asarray(p))) for p in ([0, 1, 1], [1, 0, 0], [0, 1, 0])] == [1, 0, 0]
