"""Names of DenseNet, as in pudae/tensorflow-densenet."""

import jax_slim as slim


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
