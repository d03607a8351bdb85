"""Means: numbers against float64 NumPy, variables, counts beyond 2^24, refusals."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim


def stream(function, batches, variables=None):
    """The (value, update) pairs of a metric over batches of arguments, and the variables at the end."""
    collect = jax.jit(slim.Model(function).collect)
    variables, pairs = dict(variables or {}), []
    for batch in batches:
        pair, collected = collect(variables, *batch)
        variables |= collected.updates
        pairs.append(pair)
    return pairs, variables


def test_two_metrics_of_a_kind_have_their_own_variables():
    def program(x):
        first = slim.metrics.streaming_accuracy(x, x)
        return first, slim.metrics.streaming_accuracy(x, x + 1)

    pairs, variables = stream(program, [(np.arange(3),)] * 2)
    assert {name for name in variables if not name.endswith("_residual")} == {
        "accuracy/total", "accuracy/count", "accuracy_1/total", "accuracy_1/count",
    }  # fmt: skip
    np.testing.assert_array_equal(pairs[-1], [[1, 1], [0, 0]])


def test_value_is_before_the_batch_and_update_after_it():
    rng = np.random.default_rng(0)
    values, weights = rng.normal(size=(3, 4, 2)), rng.uniform(size=(3, 4, 1))
    pairs, _ = stream(slim.metrics.streaming_mean, zip(values, weights, strict=True))
    means = [0.0] + [np.average(values[:i], weights=np.broadcast_to(weights, values.shape)[:i]) for i in (1, 2, 3)]
    np.testing.assert_allclose(pairs, list(itertools.pairwise(means)), rtol=1e-6)


def test_counts_beyond_float32_are_exact():
    start = {"accuracy/total": np.float32(2**24), "accuracy/count": np.float32(2**24)}
    pairs, variables = stream(slim.metrics.streaming_accuracy, [(np.zeros(1, int), np.zeros(1, int))] * 5, start)
    for name in ("accuracy/total", "accuracy/count"):
        assert int(variables[name]) + int(variables[f"{name}_residual"]) == 2**24 + 5
    assert pairs[-1][1] == 1


def test_a_large_batch_loses_nothing():
    values = np.full(2**22 + 3, 0.1, np.float32)
    values[:3] = 2.0**30
    _, variables = stream(slim.metrics.streaming_mean, [(values,)])
    total = float(variables["mean/total"]) + float(variables["mean/total_residual"])
    assert total == pytest.approx(float(np.sum(values, dtype=np.float64)), rel=1e-8)


def test_gradients_pass_a_metric_by():
    def loss(w):
        (_, update), _ = slim.Model(lambda: slim.metrics.streaming_mean(w * jnp.arange(3.0))).collect({})
        return jnp.sum(w**2) + update

    np.testing.assert_allclose(jax.grad(loss)(jnp.float32(3)), 6)


def test_outside_of_a_program_there_is_nowhere_to_count():
    with pytest.raises(slim.ProgramError, match="needs a running program"):
        slim.metrics.streaming_mean(np.ones(3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: slim.metrics.streaming_accuracy(np.zeros(10), np.zeros(8)), r"got \(10,\) and \(8,\)"),
        (lambda: slim.metrics.streaming_mean(np.zeros((4, 3)), np.zeros(5)), r"weights must .* \(4, 3\) .* got \(5,\)"),
        (lambda: slim.metrics.aggregate_metrics(), "at least one"),
        (lambda: slim.metrics.aggregate_metric_map({}), "at least one"),
    ],
)  # fmt: skip
def test_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(slim.Model(call).collect, {})
