"""`layer_scale` and `squeeze_and_excitation` against their definitions."""

import jax
import jax.numpy as jnp
import numpy as np

import golden
import jax_slim as slim

IMAGES = np.random.default_rng(0).normal(size=(2, 4, 5, 6)).astype(np.float32)


def values(model):
    return {name: golden.det_value(name, spec.shape) for name, spec in model.specs(IMAGES).items()}


def test_layer_scale():
    model = slim.Model(lambda x: slim.layer_scale(x, activation_fn=jnp.tanh))
    variables = values(model)
    np.testing.assert_allclose(
        model.apply(variables, IMAGES), np.tanh(IMAGES * variables["LayerScale/gamma"]), rtol=1e-5
    )
    np.testing.assert_allclose(model.init(jax.random.key(0), IMAGES)["LayerScale/gamma"], np.full(6, 1e-6))


def test_squeeze_and_excitation():
    def net(x):
        # What a net's scope says of convolutions does not reach its two.
        with slim.arg_scope([slim.conv2d], activation_fn=None, normalizer_fn=slim.batch_norm, stride=2):
            return slim.squeeze_and_excitation(x, 3, scope="se")

    model = slim.Model(net)
    variables = values(model)
    assert list(variables) == [f"se/{layer}/{kind}" for layer in ("Conv", "Conv_1") for kind in ("weights", "biases")]
    means = IMAGES.astype(np.float64).mean((1, 2))
    squeezed = np.maximum(means @ variables["se/Conv/weights"][0, 0] + variables["se/Conv/biases"], 0)
    gates = 1 / (1 + np.exp(-(squeezed @ variables["se/Conv_1/weights"][0, 0] + variables["se/Conv_1/biases"])))
    np.testing.assert_allclose(model.apply(variables, IMAGES), IMAGES * gates[:, None, None], rtol=1e-5)


def test_its_losses_and_another_gate():
    def net(x):
        regularizer = slim.l2_regularizer(0.1)
        found = slim.squeeze_and_excitation(x, 3, gate_fn=jax.nn.hard_sigmoid, weights_regularizer=regularizer)
        return found, slim.losses.get_regularization_losses()

    model = slim.Model(net)
    variables = values(model)
    found, losses = model.apply(variables, IMAGES)
    expected = sum(0.05 * np.sum(variables[f"squeeze_excite/{layer}/weights"] ** 2) for layer in ("Conv", "Conv_1"))
    np.testing.assert_allclose(sum(losses), expected, rtol=1e-5)
    assert found.shape == IMAGES.shape
