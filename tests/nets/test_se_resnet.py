"""SE-ResNet: its size as published, and its gates."""

import numpy as np
import pytest

import jax_slim as slim


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("se_resnet_50", 28088024),
    ],
)
def test_parameters(name, parameters):
    model = slim.nets.create_model(name)
    specs = model.specs(model.example())
    assert sum(int(np.prod(spec.shape)) for spec in specs.values() if spec.trainable) == parameters
    assert any(variable.startswith(model.head) for variable in specs)


def test_names():
    model = slim.nets.create_model("se_resnet_50")
    specs = model.specs(model.example())
    unit = "se_resnet_50/block2/unit_1/bottleneck_v1"
    assert specs[f"{unit}/squeeze_excite/Conv/weights"].shape == (1, 1, 512, 32)
    assert specs[f"{unit}/squeeze_excite/Conv_1/biases"].shape == (512,)
    assert not any("squeeze_excite" in name and "BatchNorm" in name for name in specs)
