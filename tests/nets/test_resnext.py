"""ResNeXt: its size as published, and its grouped convolutions."""

import numpy as np
import pytest

import jax_slim as slim


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("resnext_50_32x4d", 25028904),
    ],
)
def test_parameters(name, parameters):
    model = slim.nets.create_model(name)
    specs = model.specs(model.example())
    assert sum(int(np.prod(spec.shape)) for spec in specs.values() if spec.trainable) == parameters
    assert any(variable.startswith(model.head) for variable in specs)


def test_names():
    model = slim.nets.create_model("resnext_50_32x4d")
    specs = model.specs(model.example())
    unit = "resnext_50_32x4d/block2/unit_1/bottleneck_v1"
    assert specs[f"{unit}/conv2/weights"].shape == (3, 3, 8, 256)
    assert specs[f"{unit}/conv2/BatchNorm/gamma"].shape == (256,)
    assert specs[f"{unit}/shortcut/weights"].shape == (1, 1, 256, 512)
