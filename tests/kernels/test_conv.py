"""Convolutions against their definition in float64, over shapes, strides, padding, rates, groups and layouts."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax.test_util import check_grads

from jax_slim import kernels
from jax_slim.kernels.layouts import LAYOUTS

SAME_OR_VALID = st.sampled_from(["SAME", "VALID"])


def normals(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def same_pads(length, window, stride, rate):
    """TF's rule: ceil(length / stride) windows, the odd pixel of padding at the end."""
    outputs = -(-length // stride)
    total = max((outputs - 1) * stride + (window - 1) * rate + 1 - length, 0)
    return total // 2, total - total // 2


def direct_sum(x, w, strides, padding, rates, groups=1):
    """Correlation of [N, spatial, C] with [taps, C / groups, out], one output pixel at a time, in float64."""
    lengths, window = x.shape[1:-1], w.shape[:-2]
    if padding == "SAME":
        padding = list(map(same_pads, lengths, window, strides, rates))
    elif padding == "VALID":
        padding = [(0, 0)] * len(lengths)
    x = np.pad(x.astype(np.float64), [(0, 0), *padding, (0, 0)])
    spans = [(k - 1) * r + 1 for k, r in zip(window, rates, strict=True)]
    counts = [(n - s) // t + 1 for n, s, t in zip(x.shape[1:-1], spans, strides, strict=True)]
    y = np.zeros((len(x), *counts, w.shape[-1]))
    out, per_group = w.shape[-1] // groups, w.shape[-2]
    for pixel in np.ndindex(*counts):
        for tap in np.ndindex(*window):
            at = tuple(p * t + k * r for p, t, k, r in zip(pixel, strides, tap, rates, strict=True))
            for g in range(groups):
                seen = x[(slice(None), *at, slice(g * per_group, (g + 1) * per_group))]
                y[(slice(None), *pixel, slice(g * out, (g + 1) * out))] += seen @ w[tap][
                    :, g * out : (g + 1) * out
                ].astype(np.float64)
    return y


def to_layout(x, layout):
    """[N, spatial, C] in the order of `layout`."""
    return np.moveaxis(x, -1, layout.index("C"))


@st.composite
def problems(draw, paddings, rates=st.integers(1, 2)):
    layout = draw(st.sampled_from(LAYOUTS))
    axes = len(layout) - 2
    largest = {1: 9, 2: 6, 3: 4}[axes]
    window = draw(st.tuples(*[st.integers(1, 3)] * axes))
    rate = draw(st.tuples(*[rates] * axes))
    strides = draw(st.tuples(*[st.integers(1, 3)] * axes))
    padding = draw(paddings(axes) if callable(paddings) else paddings)
    lengths = []
    for i in range(axes):
        span, pads = (window[i] - 1) * rate[i] + 1, sum(padding[i]) if isinstance(padding, list) else 0
        shortest = 1 if padding == "SAME" else max(span - pads, 1)
        lengths.append(draw(st.integers(shortest, max(largest, shortest))))
    return layout, tuple(lengths), window, strides, padding, rate


def any_padding(axes):
    return SAME_OR_VALID | st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=axes, max_size=axes)


@given(problems(any_padding), st.sampled_from([(1, 3, 2), (2, 2, 4), (4, 1, 4)]), st.integers(1, 2))
def test_convolution_is_the_direct_sum(problem, channels, batch):
    layout, lengths, window, strides, padding, rate = problem
    groups, per_group, outputs = channels
    x, w = normals(batch, *lengths, groups * per_group), normals(*window, per_group, outputs, seed=1)
    y = kernels.convolution(to_layout(x, layout), w, strides, padding, rate, layout)
    expected = to_layout(direct_sum(x, w, strides, padding, rate, groups), layout)
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)


@given(problems(SAME_OR_VALID), st.integers(1, 3), st.integers(1, 2))
def test_depthwise_convolution_filters_each_channel(problem, channels, multiplier):
    layout, lengths, window, strides, padding, rate = problem
    x, w = normals(2, *lengths, channels), normals(*window, channels, multiplier, seed=1)
    y = kernels.depthwise_convolution(to_layout(x, layout), w, strides, padding, rate, layout)
    each = [direct_sum(x[..., [c]], w[..., [c], :], strides, padding, rate) for c in range(channels)]
    np.testing.assert_allclose(y, to_layout(np.concatenate(each, -1), layout), rtol=1e-5, atol=1e-5)


@given(problems(SAME_OR_VALID, st.just(1)), st.integers(1, 3), st.integers(1, 2))
def test_transposed_convolution_is_the_gradient_of_a_convolution(problem, channels, outputs):
    layout, lengths, window, strides, padding, rate = problem
    x, w = normals(2, *lengths, channels), normals(*window, outputs, channels, seed=1)
    y = np.asarray(kernels.transposed_convolution(to_layout(x, layout), w, strides, padding, layout))
    large = [
        n * s + (max(k - s, 0) if padding == "VALID" else 0) for n, k, s in zip(lengths, window, strides, strict=True)
    ]
    y = np.moveaxis(y, layout.index("C"), -1)
    assert y.shape == (2, *large, outputs)
    # <y, z> = <x, convolution of z> for every z
    z = normals(2, *large, outputs, seed=2)
    np.testing.assert_allclose(
        (y * z).sum(), (x * direct_sum(z, w, strides, padding, rate)).sum(), rtol=1e-3, atol=1e-3
    )


def test_transposed_convolution_places_every_tap():
    x = normals(1, 2, 1, 1)
    w = normals(4, 3, 2, 1, seed=1)
    y = np.zeros((1, 6, 3, 2))  # VALID with stride 2: tap k of pixel i lands on 2 i + k
    for i, k in itertools.product(range(2), range(4)):
        y[:, 2 * i + k] += x[:, i, 0] * w[k, :, :, 0]
    np.testing.assert_allclose(kernels.transposed_convolution(x, w, 2, "VALID"), y, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(kernels.transposed_convolution(x, w, (2, 1)), y[:, 1:5, 1:2], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "kernel",
    [
        lambda x, w: kernels.convolution(x, w, 2, "SAME"),
        lambda x, w: kernels.convolution(x, w, 1, "VALID", 2),
        lambda x, w: kernels.convolution(x, w[:, :, :1], (1, 2), [(0, 2), (1, 0)]),
        lambda x, w: kernels.depthwise_convolution(x, w, 2),
        lambda x, w: kernels.transposed_convolution(x, w.swapaxes(2, 3)[:, :, :, :2], 2, "VALID"),
    ],
)
def test_gradients(kernel):
    with jax.enable_x64(True):
        x, w = normals(2, 6, 5, 2).astype(np.float64), normals(3, 2, 2, 4, seed=1).astype(np.float64)
        check_grads(jax.jit(kernel), (x, w), order=1, eps=1e-3, atol=1e-7, rtol=1e-7)


def test_paddings_in_any_case_and_one_number_for_all_axes():
    x, w = normals(1, 5, 5, 2), normals(3, 3, 2, 2, seed=1)
    np.testing.assert_array_equal(
        kernels.convolution(x, w, 2, "same"), kernels.convolution(x, w, [2, 2], "SAME", (1, 1))
    )
    np.testing.assert_array_equal(
        kernels.transposed_convolution(x, w, 2, "valid"), kernels.transposed_convolution(x, w, (2, 2), "VALID")
    )


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16, jnp.float64])
def test_keeps_the_dtype(dtype):
    with jax.enable_x64(True):
        x, w = jnp.ones((2, 4, 4, 2), dtype), jnp.ones((3, 3, 2, 2), dtype)
        for kernel in (kernels.convolution, kernels.depthwise_convolution, kernels.transposed_convolution):
            assert jax.eval_shape(kernel, x, w).dtype == dtype


@pytest.mark.parametrize("kernel", [kernels.convolution, kernels.depthwise_convolution, kernels.transposed_convolution])
def test_an_empty_batch_stays_empty(kernel):
    assert kernel(np.zeros((0, 4, 4, 2), np.float32), normals(3, 3, 2, 2)).shape[0] == 0


X, W = np.zeros((2, 5, 5, 4), np.float32), np.zeros((3, 3, 4, 4), np.float32)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: kernels.convolution(X, W, layout="HWCN"), ValueError, "layout must be one of NWC, .* got 'HWCN'"),
        (
            lambda: kernels.convolution(X, W, layout="NCW"),
            ValueError,
            r"convolution: inputs must have rank 3 \[N, C, W\], got shape \(2, 5, 5, 4\)",
        ),
        (lambda: kernels.convolution(X, W[0]), ValueError, r"weights must have rank 4, .* got shape \(3, 4, 4\)"),
        (
            lambda: kernels.convolution(X, W.astype(np.float16)),
            TypeError,
            "convolution: inputs and weights must have one dtype, got float32 and float16",
        ),
        (
            lambda: kernels.convolution(X, W[:, :, :3]),
            ValueError,
            r"the inputs' 4 channels .* got weights \(3, 3, 3, 4\)",
        ),
        (
            lambda: kernels.convolution(X, W[:, :, :2, :3]),
            ValueError,
            r"equally many outputs, got weights \(3, 3, 2, 3",
        ),
        (lambda: kernels.convolution(X, np.concatenate([W, W], 2)), ValueError, r"4 channels .* \(3, 3, 8, 4\)"),
        (lambda: kernels.convolution(X[..., :0], W[:, :, :0]), ValueError, "inputs' 0 channels"),
        (lambda: kernels.convolution(X, W, 0), ValueError, "strides must be 1 or more, one number or 2, got 0"),
        (lambda: kernels.convolution(X, W, (1, 2, 3)), ValueError, r"strides must be .* or 2, got \(1, 2, 3\)"),
        (lambda: kernels.convolution(X, W, rate=0.5), TypeError, "rate must be an integer or 2 integers, got 0.5"),
        (lambda: kernels.convolution(X, W, padding="FULL"), ValueError, "padding must be 'SAME', 'VALID' or 2 pairs"),
        (lambda: kernels.convolution(X, W, padding=[(1, 1)]), ValueError, r"2 pairs .* got \[\(1, 1\)\]"),
        (lambda: kernels.convolution(X, W, padding=[(1, 1), (0, -1)]), ValueError, "pairs .* of 0 or more"),
        (lambda: kernels.convolution(X, W, padding=2), ValueError, "padding must be 'SAME', .* got 2"),
        (
            lambda: kernels.convolution(X, W, 1, "VALID", 3),
            ValueError,
            r"windows of \(7, 7\) pixels, rate included, on inputs of \(5, 5\) pixels with padding 'VALID'",
        ),
        (lambda: kernels.depthwise_convolution(X, W[:, :, :2]), ValueError, "depthwise_convolution: .* 4 channels"),
        (
            lambda: kernels.transposed_convolution(X, W[..., :2]),
            ValueError,
            "inputs' 4 channels as their last dimension,",
        ),
        (
            lambda: kernels.transposed_convolution(X, W, padding=[(0, 0), (0, 0)]),
            ValueError,
            "transposed_convolution: padding must be 'SAME' or 'VALID', got",
        ),
    ],
)
def test_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call()
