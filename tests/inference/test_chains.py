"""Convolutions and what follows them, found in programs as layers, graphs and plain JAX write them."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jax_slim.inference.chains import chains_of, values_with
from jax_slim.inference.splitting import Split
from jax_slim.kernels import conv

RANDOM = np.random.RandomState(0)
IMAGES = RANDOM.normal(size=(2, 6, 5, 3)).astype(np.float32)
KERNEL, BIAS = RANDOM.normal(size=(3, 3, 3, 4)).astype(np.float32), RANDOM.normal(size=4).astype(np.float32)


def found(function, *known):
    """The chains of a function of `known` and IMAGES, whose results a stand-in for kernels computes as it should."""
    names = [str(number) for number in range(len(known))]
    split = Split(jax.make_jaxpr(function)(*known, IMAGES), names)
    ready = split.prepare(dict(zip(names, known, strict=True)))
    closed = jax.make_jaxpr(split.run)(ready, [IMAGES])
    chains = chains_of(closed, len(ready), lambda *_: True)

    def computed(chain, value_of):
        images, bias, shortcut = chain.operands(value_of)
        windows, groups = chain.geometry.windows, chain.geometry.groups
        y = jax.lax.conv_general_dilated(
            images, value_of(chain.weights), windows.strides, windows.padding, rhs_dilation=windows.rates,
            dimension_numbers=("NHWC", "HWIO", "NHWC"), feature_group_count=groups, precision="highest",
        )  # fmt: skip
        y = y + bias if shortcut is None else y + bias + shortcut
        return chain.as_result(jnp.clip(y, *chain.limits))

    value_of = values_with(closed, [*(ready[name] for name in sorted(ready)), IMAGES], chains, computed)
    (result,) = closed.jaxpr.outvars
    np.testing.assert_allclose(value_of(result), function(*known, IMAGES), rtol=1e-4, atol=1e-4)
    return chains


def test_weights_and_biases_may_be_constants_and_what_is_made_of_them():
    def net(images):
        y = conv.convolution(images, jnp.asarray(KERNEL) * 2) + (jnp.asarray(BIAS) - 1).reshape(1, 1, 1, 4)
        return jnp.minimum(jnp.maximum(y, 0), 6)

    (chain,) = found(net)
    assert chain.bias is not None and chain.limits == (0, 6)


def test_variables_may_come_in_another_shape():
    def net(kernel, images):
        return conv.depthwise_convolution(images, kernel, strides=2)

    (chain,) = found(net, RANDOM.normal(size=(3, 3, 3, 1)).astype(np.float32))
    assert chain.geometry.groups == 3
    # What is made of variables otherwise is made for each batch: weights in panels would be, too.
    assert not found(lambda kernel, images: conv.convolution(images, jnp.tile(kernel, (1, 1, 1, 2))), KERNEL)


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
def test_padding_bias_shortcut_and_limit_in_both_layouts(layout):
    channels_first = layout == "NCHW"

    def net(kernel, bias, images):
        x = images.transpose(0, 3, 1, 2) if channels_first else images
        around = ((0, 0), (0, 0), (1, 1), (2, 0)) if channels_first else ((0, 0), (1, 1), (2, 0), (0, 0))
        y = conv.convolution(jnp.pad(x, around), kernel, padding="VALID", layout=layout)
        shortcut = jnp.concatenate([x, x[:, :1] if channels_first else x[..., :1]], 1 if channels_first else 3)
        return jnp.maximum(y + (bias.reshape(4, 1, 1) if channels_first else bias) + shortcut, 0)

    (chain,) = found(net, KERNEL, BIAS)
    assert chain.geometry.windows.padding == ((1, 1), (2, 0)) and chain.padding is not None
    assert chain.bias is not None and chain.shortcut is not None and chain.limits == (0, math.inf)


def test_a_vector_along_another_axis_is_no_bias():
    for shape in ((4, 1, 1, 1), (1, 4, 1, 1), (1, 1, 4, 1)):

        def net(kernel, images, shape=shape):
            return conv.convolution(images[:1, :4, :4], kernel) + BIAS.reshape(shape)

        (chain,) = found(net, KERNEL)
        assert chain.bias is None and chain.shortcut is None
