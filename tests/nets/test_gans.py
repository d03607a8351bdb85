"""`dcgan`, `cyclegan` and `pix2pix` where TensorFlow's goldens say nothing: refusals, reuse, options, dropout."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import golden
import jax_slim as slim
from jax_slim.nets import cyclegan, dcgan, pix2pix

KEY = jax.random.key(0)
BLOCK = [pix2pix.Block(4, 0)]


def zeros(*shape):
    return jax.ShapeDtypeStruct(shape, jnp.float32)


def shapes(net, *inputs):
    """The shape of the net's result, and its end points' by name."""
    seen = {}

    def program(*arrays):
        result, end_points = net(*arrays)
        seen.update(result=result.shape, end_points={name: value.shape for name, value in end_points.items()})
        return result

    specs = slim.Model(program).specs(*inputs)
    return seen["result"], seen["end_points"], {name: spec.shape for name, spec in specs.items()}


def values(model, *inputs):
    return {name: golden.det_value(name, spec.shape) for name, spec in model.specs(*inputs).items()}


@pytest.mark.parametrize(
    ("net", "shape", "message"),
    [
        (dcgan.discriminator, (2, 32, 16, 3), "discriminator: inputs must be as high as wide, got 32 x 16"),
        (dcgan.discriminator, (2, 24, 24, 3), "discriminator: inputs must have a side that is a power of 2, got 24"),
        (dcgan.discriminator, (32, 32, 3), r"discriminator: inputs must have rank 4 \[N, H, W, C\]"),
        (dcgan.generator, (2, 4, 4, 8), r"generator: inputs must have rank 2 \[N, D\]"),
        (functools.partial(dcgan.generator, final_size=48), (2, 8), "final_size must be a power of 2, got 48"),
        (functools.partial(dcgan.generator, final_size=4), (2, 8), "generator: final_size must be at least 8 pixels"),
        (cyclegan.cyclegan_generator_resnet, (1, 30, 32, 3), "must have a height that is a multiple of 4, got 30"),
        (cyclegan.cyclegan_generator_resnet, (1, 32, 34, 3), "must have a width that is a multiple of 4, got 34"),
        (cyclegan.cyclegan_generator_resnet, (1, 4, 4, 3), "must be larger where the net pads them by 1 pixels"),
        (
            functools.partial(cyclegan.cyclegan_generator_resnet, upsample_fn=lambda net, num_outputs, stride: net),
            (1, 16, 16, 3),
            r"upsample_fn must double height and width, got \(4, 4\) in the end from images of \(16, 16\)",
        ),
        (
            lambda net: (cyclegan.cyclegan_upsample(net, 4, [2, 2], method="bicubic"), {}),
            (1, 8, 8, 3),
            "cyclegan_upsample: method must be one of 'nn_upsample_conv', .*, got 'bicubic'",
        ),
        (
            lambda net: (cyclegan.cyclegan_upsample(net, 4, [2, 2], "nn_upsample_conv", pad_mode="WRAP"), {}),
            (1, 8, 8, 3),
            "cyclegan_upsample: pad_mode must be one of 'REFLECT', 'SYMMETRIC', 'CONSTANT', got 'WRAP'",
        ),
        (
            functools.partial(pix2pix.pix2pix_generator, num_outputs=3),
            (1, 64, 64, 3),
            "net must have a height that 7 blocks can halve, a multiple of 128, got 64",
        ),
        (
            functools.partial(pix2pix.pix2pix_generator, num_outputs=3, blocks=BLOCK, upsample_method="x"),
            (1, 16, 16, 3),
            "upsample: method must be one of 'nn_upsample_conv', 'conv2d_transpose', got 'x'",
        ),
        (
            functools.partial(pix2pix.pix2pix_discriminator, num_filters=[8]),
            (1, 32, 32, 3),
            r"num_filters must name the channels of two convolutions or more, got \[8\]",
        ),
        (
            functools.partial(pix2pix.pix2pix_discriminator, num_filters=[8, 8], padding=-1),
            (1, 32, 32, 3),
            "pix2pix_discriminator: padding must be 0 pixels or more, got -1",
        ),
    ],
)  # fmt: skip
def test_refuses(net, shape, message):
    with pytest.raises(ValueError, match=message):
        shapes(net, zeros(*shape))


def test_dcgan_generates_what_it_judges_and_shares_variables_by_reuse():
    def both(noise, images):
        drawn, _ = dcgan.generator(noise, depth=4, final_size=8, num_outputs=2)
        real, end_points = dcgan.discriminator(images, depth=4)
        judged, _ = dcgan.discriminator(drawn, depth=4, reuse=True)
        return judged - real, end_points

    result, end_points, variables = shapes(both, zeros(3, 5), zeros(3, 8, 8, 2))
    assert result == (3, 1)
    assert list(end_points) == ["conv1", "conv2", "conv3", "logits"]
    assert {name.split("/")[0] for name in variables} == {"Generator", "Discriminator"}
    with pytest.raises(ValueError, match="Discriminator/conv1/weights"):
        shapes(lambda images: [dcgan.discriminator(images, depth=2) for _ in "ab"][1], zeros(1, 4, 4, 1))


@pytest.mark.parametrize("final_size", [8, 16, 64])
def test_dcgan_draws_any_power_of_two(final_size):
    result, end_points, _ = shapes(functools.partial(dcgan.generator, depth=2, final_size=final_size), zeros(2, 3))
    assert result == (2, final_size, final_size, 3)
    assert list(end_points) == [*(f"deconv{n}" for n in range(1, final_size.bit_length() - 1)), "logits"]
    assert end_points["deconv1"] == (2, 4, 4, 2 * final_size // 4)


@pytest.mark.parametrize("method", ["nn_upsample_conv", "bilinear_upsample_conv", "conv2d_transpose"])
@pytest.mark.parametrize("stride", [(2, 2), (3, 1)])
def test_cyclegan_upsamples_by_any_factor(method, stride):
    model = slim.Model(lambda net: cyclegan.cyclegan_upsample(net, 5, stride, method))
    result = jax.eval_shape(lambda net: model.apply(model.init(KEY, net), net), zeros(2, 6, 4, 3))
    # The transposed convolution is made for 2: 3 x 3 pixels for one overlap or leave gaps otherwise.
    expected = (17, 5) if (method, stride) == ("conv2d_transpose", (3, 1)) else (6 * stride[0], 4 * stride[1])
    assert result.shape == (2, *expected, 5)


def test_cyclegan_upsampling_mixes_or_repeats_what_it_convolves():
    """With a kernel that passes its middle on, the resized image comes out."""
    net = np.arange(4, dtype=np.float32).reshape(1, 2, 2, 1)
    kernel = np.zeros((3, 3, 1, 1), np.float32)
    kernel[1, 1] = 1
    given = {"upconv/Conv/weights": kernel, "upconv/Conv/biases": np.zeros(1, np.float32)}

    def upsampled(method, **kwargs):
        return slim.Model(lambda net: cyclegan.cyclegan_upsample(net, 1, [2, 2], method, **kwargs)).apply(given, net)

    repeated = np.repeat(np.repeat(net, 2, 1), 2, 2)
    np.testing.assert_array_equal(upsampled("nn_upsample_conv"), repeated)
    mixed = [[0, 0.5, 1, 1], [1, 1.5, 2, 2], [2, 2.5, 3, 3], [2, 2.5, 3, 3]]
    np.testing.assert_allclose(upsampled("bilinear_upsample_conv")[0, ..., 0], mixed)
    to_the_corners = np.add.outer(np.arange(4) * 2 / 3, np.arange(4) / 3)
    aligned = upsampled("bilinear_upsample_conv", align_corners=True)
    np.testing.assert_allclose(aligned[0, ..., 0], to_the_corners, rtol=1e-6)


def test_cyclegan_takes_other_kernels_and_scopes():
    net = functools.partial(
        cyclegan.cyclegan_generator_resnet,
        arg_scope_fn=functools.partial(
            cyclegan.cyclegan_arg_scope, instance_norm_center=False, instance_norm_scale=False, weight_decay=0.1
        ),
        num_resnet_blocks=1,
        num_filters=2,
        kernel_size=[4, 5],
    )
    losses = []

    def with_losses(images):
        result = net(images)
        losses.extend(slim.losses.get_regularization_losses())
        return result

    result, _, variables = shapes(with_losses, zeros(1, 16, 24, 3))
    assert result == (1, 16, 24, 3)
    assert variables["encoder/Conv/weights"] == (4, 5, 2, 4)
    assert variables["input/Conv/weights"] == (7, 7, 3, 2)
    assert not [name for name in variables if "InstanceNorm" in name]
    assert len(losses) == 6  # the convolutions; those that are transposed are not in the scope


def test_pix2pix_drops_in_use_too():
    """The dropout is the noise that it draws with: another key, another image; none without dropout."""
    images = np.random.default_rng(0).normal(size=(1, 8, 8, 3)).astype(np.float32)

    def drawn(keep_prob, key):
        blocks = [pix2pix.Block(4, keep_prob), pix2pix.Block(4, 0)]
        model = slim.Model(lambda net: pix2pix.pix2pix_generator(net, 2, blocks, is_training=False)[0])
        return np.asarray(model.apply(values(model, images), images, rng=key))

    assert drawn(0.5, KEY).shape == (1, 8, 8, 2)
    np.testing.assert_array_equal(drawn(0.5, KEY), drawn(0.5, KEY))
    assert np.abs(drawn(0.5, KEY) - drawn(0.5, jax.random.key(1))).max() > 0.01
    np.testing.assert_array_equal(drawn(0.0, KEY), drawn(0.0, None))


@pytest.mark.parametrize("pad_mode", ["REFLECT", "SYMMETRIC", "constant"])
@pytest.mark.parametrize(("padding", "sizes"), [(2, [33, 34]), (1, [32, 31]), (0, [31, 28])])
def test_pix2pix_pads_before_each_convolution(padding, sizes, pad_mode):
    net = functools.partial(
        pix2pix.pix2pix_discriminator, num_filters=[2, 2], padding=padding, pad_mode=pad_mode, activation_fn=jax.nn.relu
    )
    result, end_points, _ = shapes(net, zeros(1, 64, 64, 3))
    assert [end_points[name][1] for name in ("conv0", "conv1")] == sizes
    assert list(end_points) == ["conv0", "conv1", "logits", "predictions"]
    assert result == (1, sizes[1] + 2 * padding - 3, sizes[1] + 2 * padding - 3, 1)
