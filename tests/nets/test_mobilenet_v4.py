"""MobileNetV4: names, and its one block."""

import numpy as np
import pytest

import jax_slim as slim


def test_names():
    model = slim.nets.create_model("mobilenet_v4_conv_small")
    specs = model.specs(model.example())
    assert specs["MobilenetV4/layer_6/first/depthwise_weights"].shape == (5, 5, 64, 1)
    assert specs["MobilenetV4/layer_6/expand/weights"].shape == (1, 1, 64, 192)
    assert specs["MobilenetV4/layer_6/second/depthwise_weights"].shape == (5, 5, 192, 1)
    assert specs["MobilenetV4/layer_6/project/weights"].shape == (1, 1, 192, 96)
    assert not any(name.startswith("MobilenetV4/layer_7/first") for name in specs)


def test_a_stride_needs_a_depthwise_convolution():
    model = slim.Model(lambda x: slim.nets.mobilenet_v4.universal_block(x, 8, 0, 0, stride=2))
    with pytest.raises(ValueError, match="universal_block: stride must be 1 without depthwise convolutions, got 2"):
        model.specs(np.zeros((1, 8, 8, 8), np.float32))
