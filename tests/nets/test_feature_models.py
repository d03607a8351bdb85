"""`features`: the asked end points, with the variables and the work that they need."""

import jax
import numpy as np
import pytest

import jax_slim as slim
from jax_slim.nets import nets_factory

IMAGES = np.random.default_rng(0).normal(size=(2, 28, 28, 1)).astype(np.float32)
LENET = slim.Model(nets_factory.get_network_fn("lenet", 10))


def test_only_what_the_end_points_need_has_variables():
    stem = slim.nets.features(LENET, ["pool1", "conv2"])
    created = [f"LeNet/{layer}/{kind}" for layer in ("conv1", "conv2") for kind in ("weights", "biases")]
    assert list(stem.specs(IMAGES)) == created
    assert list(stem.init(jax.random.key(0), IMAGES)) == created


@pytest.mark.parametrize("compile", [lambda f: f, jax.jit])
def test_values_are_those_of_the_whole_net(compile):
    variables = LENET.init(jax.random.key(0), IMAGES)
    _, end_points = LENET.apply(variables, IMAGES)
    stem = slim.nets.features(LENET, ["conv2", "pool1"])
    found = compile(stem.apply)(variables, IMAGES)
    assert set(found) == {"conv2", "pool1"}
    for name, value in found.items():
        np.testing.assert_allclose(value, end_points[name], rtol=1e-6)
    collected_values, collected = stem.collect(variables, IMAGES)
    np.testing.assert_array_equal(collected_values["pool1"], stem.apply(variables, IMAGES)["pool1"])
    assert not collected.losses


def test_less_work_is_traced():
    stem = slim.nets.features(LENET, "conv1")
    variables = stem.init(jax.random.key(0), IMAGES)
    with slim.kernel_forms("lax"):
        text = str(jax.make_jaxpr(stem.apply)(variables, IMAGES))
    assert text.count("conv_general_dilated[") == 1
    assert "dot_general" not in text


def test_gradients_and_random_layers():
    net = slim.Model(nets_factory.get_network_fn("lenet", 10, is_training=True))
    stem = slim.nets.features(net, "Logits")
    variables = stem.init(jax.random.key(0), IMAGES)
    rng = jax.random.key(1)
    grads = jax.jit(jax.grad(lambda v: stem.apply(v, IMAGES, rng=rng)["Logits"].sum()))(variables)
    expected = jax.jit(jax.grad(lambda v: net.apply(v, IMAGES, rng=rng)[0].sum()))(variables)
    for name in grads:
        np.testing.assert_allclose(grads[name], expected[name], rtol=1e-4, atol=1e-4)


def test_refusals():
    variables = LENET.init(jax.random.key(0), IMAGES)
    with pytest.raises(ValueError, match=r"got 'pool9'\. Near names: pool"):
        slim.nets.features(LENET, ["pool9"]).apply(variables, IMAGES)
    with pytest.raises(ValueError, match=r"end_points must be one or more names, got \[\]"):
        slim.nets.features(LENET, [])
    with pytest.raises(TypeError, match="model must return"):
        slim.nets.features(slim.Model(lambda x: x), "a").specs(IMAGES)
    stem = slim.nets.features(LENET, "conv1")
    with pytest.raises(ValueError, match=r"'LeNet/conv1/weights' of shape .* is not among the variables passed"):
        stem.apply({}, IMAGES)
    wrong = dict(variables) | {"LeNet/conv1/biases": np.zeros(3, np.float32)}
    with pytest.raises(ValueError, match=r"'LeNet/conv1/biases' of shape \(32,\) has shape \(3,\)"):
        stem.apply(wrong, IMAGES)
