"""Xception: its size as published, and names as of Keras."""

import numpy as np
import pytest

import jax_slim as slim


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("xception", 22855952),
    ],
)
def test_parameters(name, parameters):
    model = slim.nets.create_model(name)
    specs = model.specs(model.example())
    assert sum(int(np.prod(spec.shape)) for spec in specs.values() if spec.trainable) == parameters
    assert any(variable.startswith(model.head) for variable in specs)


def test_names():
    model = slim.nets.create_model("xception")
    specs = model.specs(model.example())
    assert model.image_size == 299
    assert specs["Xception/block1_conv2/weights"].shape == (3, 3, 32, 64)
    assert specs["Xception/block13_shortcut/weights"].shape == (1, 1, 728, 1024)
    assert specs["Xception/block13_sepconv2/depthwise_weights"].shape == (3, 3, 728, 1)
    assert specs["Xception/block13_sepconv2/pointwise_weights"].shape == (1, 1, 728, 1024)
