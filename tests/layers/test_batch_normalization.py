"""`batch_norm`, where its row of the table and TF's cases do not reach."""

import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim


@pytest.mark.parametrize(
    "kwargs",
    [{"batch_weights": jnp.array([1.0, 2, 3])}, {"updates_collections": None}, {"zero_debias_moving_mean": True}],
    ids=["batch_weights", "updates_collections", "zero_debias_moving_mean"],
)
def test_a_vector_is_a_batch_of_one(kwargs):
    """Each element is its own mean: beta is left, and the averages move towards the element and towards 0."""
    x, beta = np.array([1, -2, 5], np.float32), np.array([0.5, 0.25, -1], np.float32)
    model = slim.Model(lambda x: slim.batch_norm(x, decay=0.5, **kwargs))
    values = {name: np.ones(spec.shape, spec.dtype) for name, spec in model.specs(x).items()}
    values["BatchNorm/beta"] = beta
    outputs, collected = model.collect(values, x)
    np.testing.assert_allclose(outputs, beta)
    np.testing.assert_allclose(collected.updates["BatchNorm/moving_variance"], np.full(3, 0.5))
    if "zero_debias_moving_mean" not in kwargs:
        np.testing.assert_allclose(collected.updates["BatchNorm/moving_mean"], (1 + x) / 2)


@pytest.mark.parametrize("kwargs", [{}, {"batch_weights": jnp.ones(3), "data_format": "NCHW"}])
def test_refuses_vectors_without_channels_or_with_tf_s_other_body(kwargs):
    with pytest.raises(ValueError, match=r"batch_norm: inputs must have rank 2 to 5 .*, got shape \(3,\)"):
        slim.Model(lambda x: slim.batch_norm(x, **kwargs)).specs(np.ones(3, np.float32))
