"""The gradients of convolutions against their definition in float64, over shapes, strides, padding and groups."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jax_slim import kernels
from jax_slim.kernels import choices
from jax_slim.kernels.layouts import windows_on


def normals(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def gradients(x, w, dy, windows, groups):
    """Of sum(dy * convolution(x, w)): every product goes to the pixel and to the weight that it is made of."""
    x, w, dy = (a.astype(np.float64) for a in (x, w, dy))
    padded = np.pad(x, [(0, 0), *windows.padding, (0, 0)])
    dx, dw = np.zeros(padded.shape), np.zeros(w.shape)
    each_in, each_out = w.shape[-2], w.shape[-1] // groups
    for tap in np.ndindex(*windows.sizes):
        pixels = tuple(
            slice(k * r, k * r + (n - 1) * s + 1, s)
            for k, r, s, n in zip(tap, windows.rates, windows.strides, dy.shape[1:-1], strict=True)
        )
        for g in range(groups):
            inside, outside = slice(g * each_in, (g + 1) * each_in), slice(g * each_out, (g + 1) * each_out)
            dx[(slice(None), *pixels, inside)] += dy[..., outside] @ w[tap][:, outside].T
            seen = padded[(slice(None), *pixels, inside)].reshape(-1, each_in)
            dw[tap][:, outside] = seen.T @ dy[..., outside].reshape(-1, each_out)
    inner = tuple(slice(low, low + n) for (low, _), n in zip(windows.padding, x.shape[1:-1], strict=True))
    return dx[(slice(None), *inner)], dw


@st.composite
def problems(draw):
    axes = draw(st.sampled_from([2, 2, 2, 1, 3]))
    most = {1: 9, 2: 7, 3: 3}[axes]
    sizes = draw(st.tuples(*[st.integers(1, 3)] * axes))
    strides = draw(st.tuples(*[st.integers(1, 4)] * axes))
    rates = draw(st.tuples(*[st.integers(1, 2)] * axes))
    pairs = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=axes, max_size=axes)
    padding = draw(st.sampled_from(["SAME", "SAME", "VALID"]) | pairs)
    lengths = tuple(
        draw(st.integers(1 if padding == "SAME" else (k - 1) * r + 1, most + (k - 1) * r))
        for k, r in zip(sizes, rates, strict=True)
    )
    return lengths, sizes, strides, padding, rates


def check(x, w, groups, geometry, function):
    lengths, sizes, strides, padding, rates = geometry
    windows = windows_on("", lengths, sizes, strides, padding, rates)
    layout = {1: "NWC", 2: "NHWC", 3: "NDHWC"}[len(lengths)]

    def convolved(x, w):
        return function(x, w, strides, padding, rates, layout)

    dy = normals(*jax.eval_shape(convolved, x, w).shape, seed=2)
    dx, dw = jax.jit(lambda x, w, dy: jax.vjp(convolved, x, w)[1](dy))(x, w, dy)
    kernel = w if function is kernels.convolution else w.reshape(*sizes, 1, -1)
    want_dx, want_dw = gradients(x, kernel, dy, windows, groups)
    np.testing.assert_allclose(dx, want_dx, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(dw, want_dw.reshape(w.shape), rtol=1e-4, atol=1e-4)


@settings(max_examples=40)
@given(problems(), st.sampled_from([(1, 3, 4), (1, 1, 2), (2, 2, 4)]), st.integers(1, 3))
def test_gradients_of_convolutions(geometry, channels, batch):
    groups, each, outputs = channels
    x, w = normals(batch, *geometry[0], groups * each), normals(*geometry[1], each, outputs, seed=1)
    check(x, w, groups, geometry, kernels.convolution)


@settings(max_examples=40)
@given(problems(), st.integers(1, 2))
def test_gradients_of_convolutions_in_tuned_programs(geometry, batch):
    x, w = normals(batch, *geometry[0], 3), normals(*geometry[1], 3, 4, seed=1)
    with pytest.MonkeyPatch.context() as patch, choices.for_tuned_programs():
        patch.setattr(choices, "LEAST_IMAGES_OF_AN_EXCHANGE", 1)
        check(x, w, 1, geometry, kernels.convolution)


@settings(max_examples=30)
@given(problems(), st.integers(2, 3), st.integers(1, 2), st.integers(1, 3))
def test_gradients_by_channel(geometry, channels, multiplier, batch):
    x, w = normals(batch, *geometry[0], channels), normals(*geometry[1], channels, multiplier, seed=1)
    check(x, w, channels, geometry, kernels.depthwise_convolution)


@pytest.mark.parametrize("rows", [(9, 2), (8, 2), (7, 1)])
@pytest.mark.parametrize(("stride", "rate"), [(1, 1), (2, 1), (1, 2)])
def test_bands_of_a_large_image(monkeypatch, rows, stride, rate):
    """Weights' gradients that are summed band by band, with a band left over and without."""
    monkeypatch.setattr(choices, "BYTES_OF_A_BAND", rows[1] * 2 * 8 * 3 * 3 * stride * 4 + 4)
    geometry = ((rows[0] * stride, 6), (3, 3), (stride,) * 2, "SAME", (rate,) * 2)
    check(normals(2, *geometry[0], 3), normals(3, 3, 3, 4, seed=1), 1, geometry, kernels.convolution)


@pytest.mark.parametrize("rows", [(9, 2), (8, 2), (7, 1), (7, 3)])
@pytest.mark.parametrize(("stride", "rate"), [(1, 1), (2, 1), (1, 2)])
def test_bands_of_a_large_image_by_channel(monkeypatch, rows, stride, rate):
    """With zeros in the last band and without."""
    monkeypatch.setattr(choices, "BYTES_OF_A_DEPTHWISE_BAND", rows[1] * 6 * 4 * 4)
    geometry = ((rows[0] * stride, 6 * stride), (3, 3), (stride,) * 2, "SAME", (rate,) * 2)
    check(normals(2, *geometry[0], 2), normals(3, 3, 2, 2, seed=1), 2, geometry, kernels.depthwise_convolution)


@pytest.mark.parametrize(("rows", "stride", "bands"), [(16, 1, (16, 2)), (13, 1, (15, 3)), (9, 2, (5, 1))])
def test_several_rows_of_a_band_are_summed_for_many_taps(monkeypatch, rows, stride, bands):
    monkeypatch.setattr(choices, "BYTES_OF_A_DEPTHWISE_BAND", bands[1] * 6 * 4 * 4)
    assert choices.rows_of_a_depthwise_band(rows, 6 * 4 * 4, 15) == bands
    geometry = ((rows * stride, 6 * stride), (3, 5), (stride,) * 2, "SAME", (1, 1))
    check(normals(2, *geometry[0], 2), normals(3, 5, 2, 2, seed=1), 2, geometry, kernels.depthwise_convolution)


@pytest.mark.parametrize(("sizes", "stride", "rate"), [((3, 3), 1, 1), ((1, 4), 2, 1), ((3, 2), 1, 2)])
def test_a_product_for_each_tap(monkeypatch, sizes, stride, rate):
    monkeypatch.setattr(choices, "LEAST_CHANNELS_OF_A_TAP", 1)
    geometry = ((7, 6), sizes, (stride,) * 2, "SAME", (rate,) * 2)
    check(normals(2, 7, 6, 3), normals(*sizes, 3, 4, seed=1), 1, geometry, kernels.convolution)


@pytest.mark.parametrize(("size", "padding"), [((4, 5), "VALID"), ((6, 7), ((1, 1), (0, 2)))])
def test_one_window_over_all(size, padding):
    check(
        normals(2, 4, 5, 3),
        normals(*size, 3, 2, seed=1),
        1,
        ((4, 5), size, (2, 1), padding, (1, 1)),
        kernels.convolution,
    )


@pytest.mark.parametrize("layout", ["NCHW", "NCW", "NCDHW"])
def test_channels_first(layout):
    axes = len(layout) - 2
    x, w = normals(2, *[5] * axes, 3), normals(*[3] * axes, 3, 2, seed=1)

    def loss(x, w, layout):
        y = kernels.convolution(x, w, 2, "SAME", layout=layout)
        return jnp.sum(jnp.sin(y)), jnp.moveaxis(y, layout.index("C"), -1)

    (dx, dw), y = jax.jit(jax.grad(loss, (0, 1), has_aux=True), static_argnums=2)(np.moveaxis(x, -1, 1), w, layout)
    last = layout.replace("C", "") + "C"
    (want_dx, want_dw), want = jax.jit(jax.grad(loss, (0, 1), has_aux=True), static_argnums=2)(x, w, last)
    np.testing.assert_allclose(y, want, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(np.moveaxis(dx, 1, -1), want_dx, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(dw, want_dw, rtol=1e-4, atol=1e-5)


def test_bfloat16_is_summed_in_float32():
    """A sum of 4096 ones stands still at 256 in bfloat16."""
    x, dy = jnp.ones((1, 64, 64, 2), jnp.bfloat16), jnp.ones((1, 64, 64, 2), jnp.bfloat16)
    for function, shape in [(kernels.convolution, (1, 1, 2, 2)), (kernels.convolution, (3, 3, 2, 2)),
                            (kernels.depthwise_convolution, (3, 3, 2, 1))]:  # fmt: skip
        (dw,) = jax.jit(lambda w, function=function: jax.vjp(lambda w: function(x, w), w)[1](dy))(
            jnp.ones(shape, jnp.bfloat16)
        )
        assert dw.dtype == jnp.bfloat16
        assert float(dw[shape[0] // 2, shape[1] // 2, 0, 0]) == 4096
