"""The sizes of newer nets, as published: how many parameters are trained, and of what images."""

import numpy as np
import pytest

import jax_slim as slim


@pytest.mark.parametrize(
    ("name", "parameters", "size"),
    [
        ("densenet121", 7978856, 224),
        pytest.param("densenet161", 28681000, 224, marks=pytest.mark.slow),
        pytest.param("densenet169", 14149480, 224, marks=pytest.mark.slow),
        pytest.param("densenet201", 20013928, 224, marks=pytest.mark.slow),
        ("efficientnet_b0", 5288548, 224),
        ("efficientnet_lite0", 4652008, 224),
        ("efficientnet_edgetpu_s", 5439673, 224),  # timm's 5438392, and a class for background
        pytest.param("efficientnet_b1", 7794184, 240, marks=pytest.mark.slow),
        pytest.param("efficientnet_b7", 66347960, 600, marks=pytest.mark.slow),
        pytest.param("efficientnet_lite4", 13006568, 300, marks=pytest.mark.slow),
        ("mobilenet_v4_conv_small", 3774024, 224),
        ("mobilenet_v4_conv_medium", 9715512, 256),
        ("resnext_50_32x4d", 25028904, 224),
        ("se_resnet_50", 28088024, 224),
        ("xception", 22855952, 299),
    ],
)
def test_parameters(name, parameters, size):
    model = slim.nets.create_model(name)
    specs = model.specs(model.example())
    assert sum(int(np.prod(spec.shape)) for spec in specs.values() if spec.trainable) == parameters
    assert model.image_size == size
    assert any(variable.startswith(model.head) for variable in specs)
