"""`conv2d_transpose` and `conv3d_transpose`: each pixel spread over a window, against the definition."""

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


def spread(x, w, strides, padding):
    """The definition in float64: x[i] times w lands on pixels i * stride ... i * stride + k - 1; [taps, out, C]."""
    space, window = x.shape[1:-1], w.shape[:-2]
    full = [n * s + max(k - s, 0) for n, s, k in zip(space, strides, window, strict=True)]
    y = np.zeros((len(x), *full, w.shape[-2]))
    for pixel in np.ndindex(*space):
        for tap in np.ndindex(*window):
            at = tuple(p * s + t for p, s, t in zip(pixel, strides, tap, strict=True))
            y[(slice(None), *at)] += x[(slice(None), *pixel)].astype(np.float64) @ w[tap].T.astype(np.float64)
    if padding == "SAME":
        for axis, (n, s, k) in enumerate(zip(space, strides, window, strict=True), 1):
            start = max(k - s, 0) // 2
            y = y.take(range(start, start + n * s), axis)
    return y


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize(
    ("layer", "shape", "kernel", "stride"),
    [
        (slim.conv2d_transpose, (2, 4, 3, 3), (3, 4), (2, 1)),
        (slim.conv2d_transpose, (2, 4, 3, 3), (2, 5), (3, 2)),
        (slim.conv3d_transpose, (1, 2, 3, 2, 3), (3, 2, 1), (2, 2, 2)),
    ],
)
def test_matches_the_definition(layer, shape, kernel, stride, padding, first):
    x, space = normals(*shape), "DHW"[5 - len(shape) :]
    given = np.moveaxis(x, -1, 1) if first else x
    data_format = f"NC{space}" if first else f"N{space}C"
    model = slim.Model(lambda x: layer(x, 4, kernel, stride, padding, data_format, scope="up"))
    variables = values(model, given)
    expected = np.maximum(spread(x, variables["up/weights"], stride, padding) + variables["up/biases"], 0)
    outputs = jax.jit(model.apply)(variables, given)
    np.testing.assert_allclose(np.moveaxis(outputs, 1, -1) if first else outputs, expected, rtol=1e-5, atol=1e-5)


def test_it_is_the_gradient_of_conv2d():
    """With the same weights array: TF keeps [kh, kw, out, in], so that what comes in there is what conv2d puts out."""
    down = slim.Model(lambda x: slim.conv2d(x, 4, 3, 2, activation_fn=None, biases_initializer=None))
    up = slim.Model(lambda y: slim.conv2d_transpose(y, 3, 3, 2, activation_fn=None, biases_initializer=None))
    x, y = normals(2, 6, 8, 3), normals(2, 3, 4, 4, seed=1)
    weights = values(down, x)["Conv/weights"]
    (grad,) = jax.vjp(lambda x: jax.jit(down.apply)({"Conv/weights": weights}, x), x)[1](y)
    np.testing.assert_allclose(jax.jit(up.apply)({"Conv2d_transpose/weights": weights}, y), grad, rtol=1e-5, atol=1e-5)


def test_names_and_signatures_are_those_of_tf_slim():
    assert slim.conv2d_transpose is slim.convolution2d_transpose
    assert slim.conv3d_transpose is slim.convolution3d_transpose
    for layer, data_format in ((slim.conv2d_transpose, "NHWC"), (slim.conv3d_transpose, "NDHWC")):
        parameters = inspect.signature(layer).parameters
        assert " ".join(parameters) == (
            "inputs num_outputs kernel_size stride padding data_format activation_fn normalizer_fn "
            "normalizer_params weights_initializer weights_regularizer biases_initializer biases_regularizer "
            "reuse variables_collections outputs_collections trainable scope"
        )
        assert parameters["data_format"].default == data_format
