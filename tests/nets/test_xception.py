"""Xception: names as of Keras."""

import jax_slim as slim


def test_names():
    model = slim.nets.create_model("xception")
    specs = model.specs(model.example())
    assert model.image_size == 299
    assert specs["Xception/block1_conv2/weights"].shape == (3, 3, 32, 64)
    assert specs["Xception/block13_shortcut/weights"].shape == (1, 1, 728, 1024)
    assert specs["Xception/block13_sepconv2/depthwise_weights"].shape == (3, 3, 728, 1)
    assert specs["Xception/block13_sepconv2/pointwise_weights"].shape == (1, 1, 728, 1024)
