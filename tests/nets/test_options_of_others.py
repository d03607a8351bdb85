"""Options that make TF-Slim's nets the same function as timm's, torchvision's and Keras's; whole nets are compared in
`tests/checkpoints/peers/test_mapping.py`."""

import jax.numpy as jnp
import numpy as np
import pytest

from jax_slim.core.arg_scope import arg_scope
from jax_slim.layers.pooling import avg_pool2d, max_pool2d
from jax_slim.nets import _stages, mobilenet_v3, nasnet_utils, resnet_utils, resnet_v1
from jax_slim.nets.conv_blocks import expanded_conv


def strides(blocks):
    return [[unit.get("stride", 1) for unit in block.args] for block in blocks]


def blocks(*of):
    return [resnet_v1.resnet_v1_block(f"block{index}", 8, 3, stride) for index, stride in enumerate(of, 1)]


def test_strides_of_resnets():
    given = blocks(2, 2, 1)
    assert strides(resnet_utils.moved_strides("f", given, "last")) == [[1, 1, 2], [1, 1, 2], [1, 1, 1]]
    first = resnet_utils.moved_strides("f", given, "first")
    assert strides(first) == [[1, 1, 1], [2, 1, 1], [2, 1, 1]]
    assert not any("stride_first" in unit for block in first for unit in block.args)
    for block in resnet_utils.moved_strides("f", given, "first_1x1"):
        assert [unit.get("stride_first", False) for unit in block.args] == [True, False, False]
    assert strides(given) == [[1, 1, 2], [1, 1, 2], [1, 1, 1]]
    with pytest.raises(ValueError, match="f: unit_strides must be one of last, first, first_1x1, got 'middle'"):
        resnet_utils.moved_strides("f", given, "middle")
    with pytest.raises(ValueError, match="must be 'last' for a last block with a stride"):
        resnet_utils.moved_strides("f", blocks(2, 2), "first")


def test_the_first_pooling_of_resnets():
    """Windows begin one pixel before the map: at even sizes "SAME" begins at it."""
    net = jnp.arange(16.0).reshape(1, 4, 4, 1)
    np.testing.assert_array_equal(resnet_utils.root_pool(net, True)[0, :, :, 0], [[5, 7], [13, 15]])
    np.testing.assert_array_equal(resnet_utils.root_pool(-1 - net, True)[0, 0, 0], 0)


def test_means_that_count_the_border():
    net = jnp.ones((1, 3, 3, 1))
    counted = _stages.avg_pool("AvgPool_0a_3x3", True, stride=1)(net)[0, :, :, 0]
    np.testing.assert_allclose(counted, np.array([[4, 6, 4], [6, 9, 6], [4, 6, 4]]) / 9, rtol=1e-6)
    left_out = _stages.avg_pool("AvgPool_0a_3x3", stride=1, padding="SAME")(net)
    np.testing.assert_allclose(left_out, net, rtol=1e-6)


def test_zeros_in_the_poolings_of_nasnet():
    net = -jnp.ones((1, 4, 4, 1))
    for kind, pool, zeros, corner in (
        ("avg", avg_pool2d, None, -1),
        ("avg", avg_pool2d, "averages", -4 / 9),
        ("avg", avg_pool2d, "all", -4 / 9),
        ("max", max_pool2d, None, -1),
        ("max", max_pool2d, "averages", -1),
        ("max", max_pool2d, "all", 0),
    ):
        with arg_scope([nasnet_utils.get_channel_index], data_format="NHWC"):
            bordered, padding = nasnet_utils.with_border(net, kind, 3, 2, zeros)
        result = pool(bordered, 3, stride=2, padding=padding)
        assert result.shape == (1, 2, 2, 1)
        np.testing.assert_allclose(result[0, 1, 1, 0], corner, rtol=1e-6)
    assert nasnet_utils.with_border(net, "avg", 3, 1, "all")[1] == "SAME"
    with pytest.raises(ValueError, match="zeros_in_pools must be None, 'averages' or 'all', got 'some'"):
        nasnet_utils.with_border(net, "avg", 3, 2, "some")


def test_layers_of_mobilenet_v3():
    gated = mobilenet_v3.V3_SMALL["spec"][1]
    changed = mobilenet_v3._changed(gated, True, True)
    assert changed.op is expanded_conv
    assert changed.params["use_explicit_padding"]
    assert changed.params["expansion_transform"] is mobilenet_v3._exact_se4
    stem = mobilenet_v3._changed(mobilenet_v3.V3_SMALL["spec"][0], True, True)
    assert stem.op is mobilenet_v3._padded_conv
    assert mobilenet_v3._changed(gated, False, False) == gated
    np.testing.assert_allclose(mobilenet_v3._exact_gate(jnp.array([-4.0, 0, 4])), [0, 0.5, 1], atol=1e-7)
