"""Every reference value of TensorFlow 1.15.5 and research/slim, on NumPy arrays and traced by JAX."""

import jax
import numpy as np
import pytest

import golden
from jax_slim import preprocessing

CASES = golden.cases("preprocessing")
IMAGES = golden.case_arrays("preprocessing", "images")
VALUES = [name for name, case in CASES.items() if "output" in case]
ERRORS = [name for name, case in CASES.items() if "error" in case]
STATISTICS = [name for name, case in CASES.items() if "random" in case]


def function(case):
    if "factory" in case:
        return preprocessing.get_preprocessing(**case["factory"])
    module, _, name = case["fn"].rpartition(".")
    return getattr(preprocessing if module == "tf.image" else getattr(preprocessing, module.split(".")[1]), name)


def argument(spec):
    return np.dtype(spec["dtype"]) if isinstance(spec, dict) else spec


def image(case):
    found = IMAGES[case["image"]].astype(case.get("cast_image_to", IMAGES[case["image"]].dtype))
    return found[None] if case.get("batch") else found


def call(case, image, **more):
    return function(case)(image, *map(argument, case["args"]), **case["kwargs"], **more)


def compare(actual, expected):
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    if expected.dtype.kind == "f":
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5 * max(1, np.abs(expected).max()))
    else:
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("name", VALUES)
def test_values(name):
    given = image(CASES[name])
    actual = call(CASES[name], given)
    assert isinstance(actual, np.ndarray)
    compare(actual, golden.case_arrays("preprocessing", name)["out"])
    np.testing.assert_array_equal(given, image(CASES[name]))  # never written to


@pytest.mark.parametrize("name", VALUES)
def test_values_traced(name):
    with jax.numpy_dtype_promotion("strict"):
        actual = jax.jit(lambda image: call(CASES[name], image))(image(CASES[name]))
    assert isinstance(actual, jax.Array)
    compare(np.asarray(actual), golden.case_arrays("preprocessing", name)["out"])


@pytest.mark.parametrize("name", ERRORS)
def test_refusals(name):
    with pytest.raises(ValueError, match="must be"):
        call(CASES[name], image(CASES[name]))


@pytest.mark.parametrize("name", STATISTICS)
def test_statistics(name):
    case, rng = CASES[name], np.random.default_rng(0)
    expected = case["random"]
    # TensorFlow's statistics are of some runs: they must lie among ours of as many runs each.
    groups = np.array([[call(case, image(case), rng=rng) for _ in range(expected["runs"])] for _ in range(50)])
    assert list(groups.shape[2:]) == expected["shape"] and groups.dtype == expected["dtype"]
    groups = groups.reshape(50, -1)
    for statistic in ("min", "max", "mean"):
        ours = getattr(groups, statistic)(axis=1)
        margin = 1e-6 + 0.1 * ours.std()
        assert ours.min() - margin <= expected[statistic] <= ours.max() + margin, statistic
    assert (groups.std(axis=0).max() > 0) == expected["varies"]
