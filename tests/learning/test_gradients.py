"""Clipping and multiplying gradients, as TF-Slim did."""

import jax.numpy as jnp
import numpy as np
import pytest

import golden
import jax_slim as slim
from jax_slim.learning.gradients import gradient_norm, gradient_summaries
from jax_slim.summary import Histogram

CASES = golden.cases("training")


def dense(gradient):
    """A recorded gradient as an array; rows that TF lists by their indices stand in a [3, 2] array."""
    if not isinstance(gradient, dict):
        return None if gradient is None else jnp.asarray(gradient, jnp.float32)
    return jnp.zeros((3, 2)).at[jnp.asarray(gradient["indices"])].add(jnp.asarray(gradient["values"]))


def expected(case_id, index):
    stored = golden.case_arrays("training", case_id)
    if str(index) in stored:
        return stored[str(index)]
    if f"{index}/values" in stored:
        return dense({"values": stored[f"{index}/values"], "indices": stored[f"{index}/indices"]})
    return None


@pytest.mark.parametrize("form", ["mapping", "pairs"])
@pytest.mark.parametrize("case_id", [id for id in CASES if id.startswith(("clip_gradient", "multiply_gradients"))])
def test_as_tensorflow(case_id, form):
    case = CASES[case_id]
    function = getattr(slim.learning, case["fn"].rpartition(".")[2])
    gradients = {f"v{index}": dense(gradient) for index, gradient in enumerate(case["grads"])}
    given = gradients if form == "mapping" else [(gradient, name) for name, gradient in gradients.items()]
    argument = case["arg"]
    if isinstance(argument, dict):
        argument = {f"v{key}" if key.isdigit() else key: factor for key, factor in argument.items()}
    if "error" in case:
        with pytest.raises(ValueError, match="gradient"):
            function(given, argument)
        return
    results = function(given, argument)
    results = results if form == "mapping" else {name: gradient for gradient, name in results}
    for index, (name, gradient) in enumerate(gradients.items()):
        wanted = expected(case_id, index)
        if gradient is None:
            assert results[name] is None
        else:
            np.testing.assert_allclose(results[name], gradient if wanted is None else wanted, rtol=1e-6)


def test_variables_stay_variables():
    gradients = slim.Variables({"a": jnp.ones(3), "b": jnp.full(2, 10.0)})
    clipped = slim.learning.clip_gradient_norms(gradients, 1.0)
    assert isinstance(clipped, slim.Variables)
    assert gradient_norm(clipped["b"]) == pytest.approx(1)
    assert slim.learning.multiply_gradients(gradients, {"a": 2})["a"].tolist() == [2, 2, 2]


def test_a_multiplier_for_nothing_is_refused_with_near_names():
    with pytest.raises(ValueError, match=r"names 'fc1/weight', which has no gradient.*Near names: fc1/weights"):
        slim.learning.multiply_gradients({"fc1/weights": jnp.ones(2)}, {"fc1/weight": 2.0})


def test_half_precision_norms_do_not_overflow():
    gradient = jnp.full(4, 300.0, jnp.float16)
    assert gradient_norm(gradient) == 600
    (clipped,) = slim.learning.clip_gradient_norms({"a": gradient}, 6.0).values()
    assert clipped.dtype == jnp.float16
    np.testing.assert_allclose(clipped, 3, rtol=1e-3)


def test_summaries():
    summaries = gradient_summaries({"fc/weights": jnp.asarray([3.0, 4.0])})
    assert list(summaries) == ["fc/weights/gradient", "fc/weights/gradient_norm"]
    assert isinstance(summaries["fc/weights/gradient"], Histogram)
    assert summaries["fc/weights/gradient_norm"] == 5
