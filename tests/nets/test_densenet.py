"""DenseNet: sizes as published, names as in pudae/tensorflow-densenet."""

import numpy as np
import pytest

import jax_slim as slim


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("densenet121", 7978856),
        pytest.param("densenet161", 28681000, marks=pytest.mark.slow),
        pytest.param("densenet169", 14149480, marks=pytest.mark.slow),
        pytest.param("densenet201", 20013928, marks=pytest.mark.slow),
    ],
)
def test_parameters(name, parameters):
    model = slim.nets.create_model(name)
    specs = model.specs(model.example())
    assert sum(int(np.prod(spec.shape)) for spec in specs.values() if spec.trainable) == parameters
    assert any(variable.startswith(model.head) for variable in specs)


def test_names():
    model = slim.nets.create_model("densenet121")
    specs = model.specs(model.example())
    scope = "densenet121"
    assert specs[f"{scope}/conv1/weights"].shape == (7, 7, 3, 64)
    assert specs[f"{scope}/BatchNorm/gamma"].shape == (64,)
    assert specs[f"{scope}/dense_block2/conv_block3/x1/BatchNorm/gamma"].shape == (192,)
    assert specs[f"{scope}/dense_block2/conv_block3/x1/Conv/weights"].shape == (1, 1, 192, 128)
    assert specs[f"{scope}/dense_block2/conv_block3/x2/Conv/weights"].shape == (3, 3, 128, 32)
    assert specs[f"{scope}/transition_block1/blk/Conv/weights"].shape == (1, 1, 256, 128)
    assert specs[f"{scope}/final_block/BatchNorm/gamma"].shape == (1024,)
