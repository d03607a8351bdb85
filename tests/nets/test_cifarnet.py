"""CifarNet where TensorFlow's goldens say nothing: normalization by neighbours, other sizes, predictions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import golden
import jax_slim as slim
from jax_slim.nets import cifarnet


@pytest.mark.parametrize("channels", [3, 7, 64])
def test_normalization_by_neighbours_is_its_definition(channels):
    images = np.random.default_rng(0).normal(0, 30, (2, 3, 3, channels)).astype(np.float32)
    expected = np.empty(images.shape, np.float64)
    for channel in range(channels):
        around = images[..., max(0, channel - 4) : channel + 5].astype(np.float64)
        expected[..., channel] = images[..., channel] / (1 + 0.001 / 9 * (around**2).sum(-1)) ** 0.75
    np.testing.assert_allclose(cifarnet._normalized_by_neighbours(jnp.asarray(images)), expected, rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_normalization_sums_squares_in_float32(dtype):
    images = jnp.full((1, 1, 1, 9), 300.0, dtype)  # whose square is infinite in float16
    outputs = cifarnet._normalized_by_neighbours(images)
    assert outputs.dtype == dtype
    exact = cifarnet._normalized_by_neighbours(images.astype(jnp.float32))
    np.testing.assert_allclose(outputs.astype(jnp.float32), exact, rtol=1e-2)


def test_other_sizes_classes_and_predictions():
    def net(images):
        with slim.arg_scope(cifarnet.cifarnet_arg_scope()):
            logits, end_points = cifarnet.cifarnet(
                images, 3, prediction_fn=lambda logits, scope: jax.nn.sigmoid(logits), scope="net"
            )
        return logits, end_points["Predictions"]

    model = slim.Model(net)
    images = jnp.ones((2, 12, 20, 1))
    specs = model.specs(images)
    assert specs["net/fc3/weights"].shape == (3 * 5 * 64, 384)
    variables = {name: golden.det_value(name, spec.shape) for name, spec in specs.items()}
    logits, predictions = jax.jit(model.apply)(variables, images)
    assert logits.shape == (2, 3)
    np.testing.assert_allclose(predictions, jax.nn.sigmoid(logits), rtol=1e-6)


def test_the_loss_is_on_two_layers_of_weights():
    def net(images):
        with slim.arg_scope(cifarnet.cifarnet_arg_scope(weight_decay=0.5)):
            cifarnet.cifarnet(images)
        return slim.losses.get_regularization_losses()

    specs = slim.Model(net).specs(jax.ShapeDtypeStruct((1, 32, 32, 3), jnp.float32))
    assert [name for name, spec in specs.items() if spec.regularizer is not None] == [
        "CifarNet/fc3/weights",
        "CifarNet/fc4/weights",
    ]
