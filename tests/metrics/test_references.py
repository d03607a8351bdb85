"""Every reference case of TensorFlow 1.15: names, collections and numbers, with and without x64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import golden
import jax_slim as slim
from metrics import harness

CASES = golden.cases("metrics")
GOOD = [name for name, case in CASES.items() if "error" not in case]
# Scores beyond 1. TensorFlow's check hangs on casts, and where none is needed (float32 scores, boolean labels) it is
# never run: a number comes out. Here such scores are refused whatever the types.
NO_PROBABILITIES = "streaming_auc_010"
# Cases in which TensorFlow computes in float64 or counts in int64.
WIDE = [name for name in GOOD if any("64" in variable["dtype"] for variable in CASES[name]["variables"])]
MESSAGES = {
    "streaming_auc_009": 'curve must be "ROC" or "PR", got \'XX\'',
    "streaming_specificity_at_sensitivity_003": r"sensitivity must be in the range \[0, 1\], got 1.5",
    "streaming_sensitivity_at_specificity_003": r"specificity must be in the range \[0, 1\], got 1.5",
    "set_size_001": r"a must be a slim.metrics.SparseTensor, got an array of shape \(3, 4\)",
    "error_001": r"predictions and labels must have the same shape .* got \(10,\) and \(8,\)",
    "error_002": r"weights must .* broadcast to the values \(4, 3\) axis by axis, got \(5,\)",
}


@pytest.fixture(autouse=True, scope="module")
def _keep_every_compilation():
    """Many small programs: each compiles faster than the threshold of the compile cache, all together they do not."""
    threshold = "jax_persistent_cache_min_compile_time_secs"
    before = getattr(jax.config, threshold)
    jax.config.update(threshold, 0)
    yield
    jax.config.update(threshold, before)


@pytest.mark.parametrize("name", GOOD)
def test_values(name):
    results = harness.run(CASES[name])
    if name == NO_PROBABILITIES:
        assert all(np.isnan(value) for key, value in results.items() if not key.startswith("initial"))
    else:
        harness.compare_values(CASES[name], results)


@pytest.mark.parametrize("name", GOOD)
def test_variables(name):
    harness.compare_variables(CASES[name])


@pytest.mark.parametrize("name", WIDE)
def test_with_x64(name):
    case = CASES[name]
    with jax.enable_x64(True):
        harness.compare_variables(case)
        wide = harness.run(case)
    harness.compare_values(case, wide, rtol=1e-6)
    assert wide["value0/0"].dtype == case["value_dtypes"][0]


def test_refusals_are_all_known():
    assert set(MESSAGES) == set(CASES) - set(GOOD)


@pytest.mark.parametrize("name", MESSAGES)
def test_refusals(name):
    case = CASES[name]
    error = {"ValueError": ValueError, "TypeError": TypeError}[case["error"]["type"]]
    with pytest.raises(error, match=MESSAGES[name]):
        harness.model(case).specs(**harness.batches(case)[0])


def test_collections_list_value_and_update():
    case = CASES["collections_001"]
    (value, update), collected = harness.model(case).collect({}, **harness.batches(case)[0])
    assert collected.collections["mc"] == {"acc/value": value}
    assert collected.collections["uc"] == {"acc/update_op": update}


def test_float64_accumulators_can_be_chosen():
    def mean(x):
        with slim.metrics.accumulator_dtype(jnp.float64):
            return slim.metrics.streaming_mean(x)

    with pytest.raises(ValueError, match="float64 needs x64"):
        slim.Model(mean).collect({}, np.ones(3))
    with jax.enable_x64(True):
        (_, update), collected = slim.Model(mean).collect({}, np.full(3, 0.1))
        assert update.dtype == np.float64
        assert set(collected.updates) == {"mean/total", "mean/count"}  # no residuals
        np.testing.assert_allclose(update, 0.1, rtol=1e-15)


def test_other_accumulators_are_refused():
    with (
        pytest.raises(ValueError, match="dtype must be float64 or None, got 'float16'"),
        slim.metrics.accumulator_dtype("float16"),
    ):
        pass
