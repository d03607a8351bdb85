"""ResNeXt: names, and its grouped convolutions."""

import jax_slim as slim


def test_names():
    model = slim.nets.create_model("resnext_50_32x4d")
    specs = model.specs(model.example())
    unit = "resnext_50_32x4d/block2/unit_1/bottleneck_v1"
    assert specs[f"{unit}/conv2/weights"].shape == (3, 3, 8, 256)
    assert specs[f"{unit}/conv2/BatchNorm/gamma"].shape == (256,)
    assert specs[f"{unit}/shortcut/weights"].shape == (1, 1, 256, 512)
