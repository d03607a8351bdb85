"""SE-ResNet: names, and its gates."""

import jax_slim as slim


def test_names():
    model = slim.nets.create_model("se_resnet_50")
    specs = model.specs(model.example())
    unit = "se_resnet_50/block2/unit_1/bottleneck_v1"
    assert specs[f"{unit}/squeeze_excite/Conv/weights"].shape == (1, 1, 512, 32)
    assert specs[f"{unit}/squeeze_excite/Conv_1/biases"].shape == (512,)
    assert not any("squeeze_excite" in name and "BatchNorm" in name for name in specs)
