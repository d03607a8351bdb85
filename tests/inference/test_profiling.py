"""`Predictor.profile`: the time of each layer."""

import jax
import numpy as np
import pytest

import jax_slim as slim


def net(images):
    x = slim.conv2d(images, 8, 3, scope="first")
    y = slim.conv2d(x, 8, 1, activation_fn=None, scope="second")
    x = slim.separable_conv2d(jax.nn.relu(x + y), None, 3, 1, stride=2, scope="by_channel")
    x = slim.conv2d(x, 8, 1, scope="first_again")
    return slim.fully_connected(slim.flatten(x, scope="flat"), 3, activation_fn=None, scope="logits"), {"x": x}


IMAGES = np.random.default_rng(0).normal(size=(2, 6, 6, 4)).astype(np.float32)


def test_layers_have_times_shares_and_work():
    model = slim.Model(net)
    predict = slim.predictor(model, model.init(jax.random.key(0), IMAGES))
    logits = np.asarray(predict(IMAGES))
    profile = predict.profile(IMAGES, rounds=2)
    names = [layer.name for layer in profile.layers]
    layers = [layer for layer in profile.layers if layer.name != "flat"]
    assert [layer.name for layer in layers] == ["first", "second", "by_channel", "first_again", "logits"]
    flops = {layer.name: layer.flops for layer in layers}
    assert flops == {
        "first": 2 * 2 * 36 * 36 * 8, "second": 2 * 2 * 36 * 8 * 8, "by_channel": 2 * 2 * 9 * 9 * 8,
        "first_again": 2 * 2 * 9 * 8 * 8, "logits": 2 * 2 * 72 * 3,
    }  # fmt: skip
    assert all(layer.seconds > 0 and len(layer.kernels) == 1 for layer in layers)
    np.testing.assert_allclose(sum(layer.seconds for layer in profile.layers), profile.seconds)
    np.testing.assert_allclose(sum(layer.share for layer in profile.layers), 1)
    first = profile.layers[0]
    np.testing.assert_allclose(first.gflops_per_second * first.seconds * 1e9, first.flops)
    lines = str(profile).splitlines()
    assert len(lines) == len(names) + 3 and lines[0].split() == ["layer", "ms", "%", "GFLOP/s", "kernels"]
    assert lines[1].startswith("first ") and lines[-1].startswith("as one program") and profile.whole > 0
    np.testing.assert_array_equal(predict(IMAGES), logits)  # it is as it was


def test_refuses_no_rounds_before_anything_runs():
    model = slim.Model(net)
    predict = slim.predictor(model, variables := model.init(jax.random.key(0), IMAGES))
    with pytest.raises(ValueError, match="profile: rounds must be 1 or more, got 0"):
        predict.profile(IMAGES, rounds=0)
    assert predict.variables is variables
