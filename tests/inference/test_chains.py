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
    chains = chains_of(closed, len(ready), lambda *_: True, gates=True)

    def computed(chain, value_of):
        images, bias, shortcut = chain.operands(value_of)
        excitation, activation = chain.excitation_of(value_of), chain.activation
        images = images if excitation is None else images * excitation[:, None, None]
        windows, groups = chain.geometry.windows, chain.geometry.groups
        y = jax.lax.conv_general_dilated(
            images, value_of(chain.weights), windows.strides, windows.padding, rhs_dilation=windows.rates,
            dimension_numbers=("NHWC", "HWIO", "NHWC"), feature_group_count=groups, precision="highest",
        )  # fmt: skip
        y = y + bias if shortcut is None else y + bias + shortcut
        gate = jnp.clip(y + activation.shift, activation.low, activation.high) * activation.factor
        return chain.as_result(y * gate if activation.gates else gate)

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


def hard_sigmoid(x):
    return jax.nn.relu6(x + 3) / 6


SWISHES = [
    jax.nn.hard_swish,
    lambda x: x * jax.nn.relu6(x + 3) * (1 / 6),
    lambda x: (jnp.minimum(jnp.maximum(0, 3 + x), 6) * x) / 6,
]


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
@pytest.mark.parametrize("swish", SWISHES)
def test_hard_swish_and_squeeze_and_excitation_in_both_layouts(swish, layout):
    pixels = (1, 2) if layout == "NHWC" else (2, 3)

    def net(kernel, bias, narrow, wide, last, images):
        x = images if layout == "NHWC" else images.transpose(0, 3, 1, 2)
        along = (-1, 1, 1) if layout == "NCHW" else (-1,)
        x = swish(conv.convolution(x, kernel, layout=layout) + bias.reshape(along))
        y = jnp.mean(x, axis=pixels, keepdims=True)
        y = jax.nn.relu(conv.convolution(y, narrow, layout=layout))
        y = hard_sigmoid(conv.convolution(y, wide, layout=layout) + bias.reshape(along))
        return conv.convolution(x * y, last, layout=layout)

    weights = [RANDOM.normal(size=(1, 1, *size)).astype(np.float32) for size in ((4, 2), (2, 4), (4, 5))]
    chains = found(net, KERNEL, BIAS, *weights)
    assert [chain.activation.gates for chain in chains] == [True, False, False, False]
    assert chains[0].activation == pytest.approx((0, 6, 3, 1 / 6, True))
    assert chains[2].activation == pytest.approx((0, 6, 0, 1 / 6, False))  # what is added is a part of the bias
    assert [chain.excitation is not None for chain in chains] == [False, False, False, True]


def test_gates_that_others_read_or_that_are_none_stay():
    nets = [
        lambda x: x * jax.nn.sigmoid(x),
        lambda x: x * (x + 3),
        lambda x: x * jax.nn.relu6(x + BIAS),
        lambda x: x * jax.nn.relu6(x + 3) + x,
        lambda x: x * (jax.nn.relu6(x + 3) + 1),
        lambda x: x / jax.nn.relu6(x + 3.5),
    ]
    for after in nets:
        (chain,) = found(lambda kernel, images, after=after: after(conv.convolution(images, kernel)), KERNEL)
        assert not chain.activation.gates


def test_limits_of_what_was_gated_are_none_of_the_gate():
    nets = [
        (lambda x: jnp.maximum(x * jnp.minimum(x + 3, 1), 0), (-math.inf, 1, 3, 1, True)),
        (lambda x: jnp.minimum(x * jnp.maximum(x + 3, 0), 6), (0, math.inf, 3, 1, True)),
    ]
    for after, activation in nets:
        (chain,) = found(lambda kernel, images, after=after: after(conv.convolution(images, kernel)), KERNEL)
        assert chain.activation == activation


def test_other_factors_of_pixels_are_no_excitation():
    factors = [
        lambda x: x[:1].mean((1, 2), keepdims=True),  # one for all images
        lambda x: x.mean((1, 2, 3), keepdims=True),
        lambda x: x.mean(3, keepdims=True),
        lambda x: jnp.abs(x),
    ]
    weights = RANDOM.normal(size=(1, 1, 3, 4)).astype(np.float32)
    for factor in factors:
        (chain,) = found(lambda w, images, factor=factor: conv.convolution(images * factor(images), w), weights)
        assert chain.excitation is None
    for more in ({"strides": 2}, {}):
        kernel = weights if more else KERNEL
        (chain,) = found(
            lambda w, images, more=more: conv.convolution(images * images.mean((1, 2), keepdims=True), w, **more),
            kernel,
        )
        assert chain.excitation is None
