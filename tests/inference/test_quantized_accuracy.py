"""What products of bytes cost in accuracy, on digits."""

import jax
import numpy as np
import pytest

import jax_slim as slim


def features(images):
    x = slim.conv2d(images / 64 - 1, 16, 3, stride=2, scope="first")
    y = slim.conv2d(x, 24, 1, activation_fn=jax.nn.relu6, scope="wider")
    y = slim.separable_conv2d(y, None, 3, 1, scope="by_channel")
    x = jax.nn.relu(x + slim.conv2d(y, 16, 1, activation_fn=None, scope="back"))
    return slim.flatten(slim.conv2d(x, 32, 3, stride=2, scope="second"))


def net(images):
    return slim.fully_connected(features(images), 10, activation_fn=None, scope="logits")


@pytest.mark.slow
def test_digits_are_told_apart_as_well():
    data = {name: slim.data.digits.load(name) for name in ("train", "test")}
    images = {name: some["image"][:2000].astype(np.float32) for name, some in data.items()}
    labels = {name: some["label"][:2000] for name, some in data.items()}
    before, model = slim.Model(features), slim.Model(net)
    variables = dict(model.init(jax.random.key(0), images["train"][:1]))
    # Convolutions as they were drawn, and the last layer by least squares: no training, and most digits all the same.
    seen = np.asarray(slim.predictor(before, variables)(images["train"]), np.float64)
    wanted = np.eye(10)[labels["train"]] - 0.1
    variables["logits/weights"] = np.linalg.solve(
        seen.T @ seen + 1e-2 * np.trace(seen.T @ seen) / seen.shape[1] * np.eye(seen.shape[1]), seen.T @ wanted
    ).astype(np.float32)
    variables["logits/biases"] = np.full(10, 0.1, np.float32)

    def right(predict):
        return float((np.argmax(predict(images["test"]), -1) == labels["test"]).mean())

    whole = right(slim.predictor(model, variables))
    in_bytes = right(slim.predictor(*slim.quantize(model, variables, [images["train"][:200]])))
    assert whole > 0.85
    assert in_bytes > whole - 0.02
