"""`separable_conv2d` and `conv2d_in_plane`: numbers against their definitions, TF's stride together with a rate."""

import inspect

import jax
import numpy as np
import pytest

import golden
import jax_slim as slim


def normals(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def values(model, *inputs):
    return {name: golden.det_value(name, spec.shape) for name, spec in model.specs(*inputs).items()}


def by_channel(x, w, stride=(1, 1)):
    """The definition in float64: each channel of [N, H, W, C] with its own filters [kh, kw, C, multiplier], VALID."""
    rows, cols = ((n - k) // s + 1 for n, k, s in zip(x.shape[1:3], w.shape[:2], stride, strict=True))
    y = np.zeros((len(x), rows, cols, *w.shape[2:]))
    for i, j in np.ndindex(w.shape[:2]):
        seen = x[:, i : i + (rows - 1) * stride[0] + 1 : stride[0], j : j + (cols - 1) * stride[1] + 1 : stride[1]]
        y += seen[..., None].astype(np.float64) * w[i, j]
    return y.reshape(*y.shape[:3], -1)


def phases(x, w, stride, padding, rate):
    """TF's way with a rate: the padded image as rate x rate images, each convolved, then interleaved and cut."""
    spans = [(k - 1) * r for k, r in zip(w.shape[:2], rate, strict=True)]
    around = [(span // 2, span - span // 2) if padding == "SAME" else (0, 0) for span in spans]
    rest = [-(n + sum(pads)) % r for n, pads, r in zip(x.shape[1:3], around, rate, strict=True)]
    x = np.pad(x, [(0, 0), *((low, high + more) for (low, high), more in zip(around, rest, strict=True)), (0, 0)])
    parts = {(p, q): by_channel(x[:, p :: rate[0], q :: rate[1]], w, stride) for p, q in np.ndindex(*rate)}
    batch, rows, cols, channels = parts[0, 0].shape
    y = np.zeros((batch, rows * rate[0], cols * rate[1], channels))
    for (p, q), part in parts.items():
        y[:, p :: rate[0], q :: rate[1]] = part
    return y[:, : y.shape[1] - rest[0], : y.shape[2] - rest[1]]


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("mixed", [False, True])
def test_separable_matches_the_definition(mixed, first):
    x = normals(2, 7, 6, 3)
    given = np.moveaxis(x, -1, 1) if first else x
    model = slim.Model(
        lambda x: slim.separable_conv2d(
            x, 5 if mixed else None, [3, 2], 2, 2, "VALID", "NCHW" if first else "NHWC", activation_fn=None
        )
    )
    variables = values(model, given)
    expected = by_channel(x, variables["SeparableConv2d/depthwise_weights"], (2, 2))
    if mixed:
        expected = expected @ variables["SeparableConv2d/pointwise_weights"][0, 0].astype(np.float64)
    expected = expected + variables["SeparableConv2d/biases"]
    outputs = np.asarray(jax.jit(model.apply)(variables, given))
    np.testing.assert_allclose(np.moveaxis(outputs, 1, -1) if first else outputs, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize(
    ("size", "stride", "rate"),
    [((8, 8), 2, 2), ((7, 9), (2, 1), (1, 2)), ((10, 7), (1, 3), (3, 2)), ((8, 9), 2, (2, 3)), ((6, 6), 2, 1)],
)
def test_stride_together_with_rate_is_tf_s(size, stride, rate, padding):
    x = normals(2, *size, 2)
    model = slim.Model(
        lambda x: slim.separable_conv2d(
            x, None, [3, 2], 2, stride, padding, rate=rate, activation_fn=None, biases_initializer=None
        )
    )
    variables = values(model, x)
    strides, rates = ((v, v) if isinstance(v, int) else v for v in (stride, rate))
    if max(rates) == 1 and padding == "SAME":
        pads = [max((-(-n // s) - 1) * s + k - n, 0) for n, s, k in zip(size, strides, (3, 2), strict=True)]
        x_padded = np.pad(x, [(0, 0), *((pad // 2, pad - pad // 2) for pad in pads), (0, 0)])
        expected = by_channel(x_padded, variables["SeparableConv2d/depthwise_weights"], strides)
    else:
        expected = phases(x, variables["SeparableConv2d/depthwise_weights"], strides, padding, rates)
    outputs = jax.jit(model.apply)(variables, x)
    assert outputs.shape == expected.shape
    np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-5)


def test_pointwise_initializer_is_by_default_that_of_the_depthwise_weights():
    half, fourth = slim.constant_initializer(0.5), slim.constant_initializer(0.25)
    specs = slim.Model(lambda x: slim.separable_conv2d(x, 4, 3, weights_initializer=half)).specs(normals(1, 5, 5, 2))
    assert [spec.initializer for spec in specs.values()] == [half, half, slim.zeros_initializer()]
    specs = slim.Model(
        lambda x: slim.separable_conv2d(x, 4, 3, weights_initializer=half, pointwise_initializer=fourth)
    ).specs(normals(1, 5, 5, 2))
    assert [spec.initializer for spec in specs.values()] == [half, fourth, slim.zeros_initializer()]


def test_one_regularizer_for_both_weights():
    decay = slim.l2_regularizer(0.1)
    specs = slim.Model(lambda x: slim.separable_conv2d(x, 4, 3, weights_regularizer=decay)).specs(normals(1, 5, 5, 2))
    assert [spec.regularizer for spec in specs.values()] == [decay, decay, None]


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_in_plane_is_one_filter_for_every_channel(padding):
    x = normals(2, 6, 5, 3)
    model = slim.Model(lambda x: slim.conv2d_in_plane(x, [2, 3], [1, 2], padding))
    variables = values(model, x)
    padded = np.pad(x, [(0, 0), (0, 1), (1, 1), (0, 0)]) if padding == "SAME" else x
    filters = np.repeat(variables["ConvInPlane/weights"], 3, axis=2)
    expected = np.maximum(by_channel(padded, filters, (1, 2)) + variables["ConvInPlane/biases"], 0)
    np.testing.assert_allclose(jax.jit(model.apply)(variables, x), expected, rtol=1e-5, atol=1e-5)


def test_names_and_signatures_are_those_of_tf_slim():
    assert slim.separable_conv2d is slim.separable_convolution2d
    assert slim.conv2d_in_plane is slim.convolution2d_in_plane
    assert " ".join(inspect.signature(slim.separable_conv2d).parameters) == (
        "inputs num_outputs kernel_size depth_multiplier stride padding data_format rate activation_fn "
        "normalizer_fn normalizer_params weights_initializer pointwise_initializer weights_regularizer "
        "biases_initializer biases_regularizer reuse variables_collections outputs_collections trainable "
        "scope"
    )
    assert " ".join(inspect.signature(slim.conv2d_in_plane).parameters) == (
        "inputs kernel_size stride padding activation_fn normalizer_fn normalizer_params weights_initializer "
        "weights_regularizer biases_initializer biases_regularizer reuse variables_collections "
        "outputs_collections trainable scope"
    )
