"""Moments and normalization against float64, in hard cases too."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax.test_util import check_grads

from jax_slim import kernels
from jax_slim.kernels import choices


def normals(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=5), st.data())
def test_moments(shape, data):
    axes = data.draw(st.sets(st.integers(-len(shape), -1), min_size=1))
    weighted, keepdims = data.draw(st.booleans()), data.draw(st.booleans())
    x = normals(*shape) * 3 + 1
    weights = np.random.default_rng(1).uniform(0.1, 2, [data.draw(st.sampled_from([1, n])) for n in shape])
    w = np.broadcast_to(weights if weighted else 1.0, x.shape)
    mean = np.average(x.astype(np.float64), tuple(axes), w, keepdims=True)
    variance = np.average((x - mean) ** 2, tuple(axes), w, keepdims=True)
    if not keepdims:
        mean, variance = mean.squeeze(tuple(axes)), variance.squeeze(tuple(axes))
    moments = jax.jit(kernels.moments, static_argnums=(1, 3))
    got = moments(x, tuple(axes), weights.astype(np.float32) if weighted else None, keepdims)
    np.testing.assert_allclose(got[0], mean, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(got[1], variance, rtol=1e-4, atol=1e-5)


def test_variance_beside_a_large_mean():
    x = normals(1000, 3) + 1e4
    _, variance = kernels.moments(x, (0,))
    np.testing.assert_allclose(variance, x.astype(np.float64).var(0), rtol=1e-3)


def test_variance_of_equal_numbers_is_not_negative():
    _, variance = kernels.moments(np.full((1001, 1), 0.1, np.float32), (0,))
    assert 0 <= float(variance[0]) < 1e-12


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16])
def test_half_precision_is_averaged_in_float32(dtype):
    x = jnp.full((4000, 1), 300.0, dtype).at[0].set(0.0)  # the squares would overflow float16
    mean, variance = kernels.moments(x, (0,))
    assert mean.dtype == variance.dtype == jnp.float32
    np.testing.assert_allclose(mean, np.asarray(x, np.float64).mean(0), rtol=1e-5)
    np.testing.assert_allclose(variance, np.asarray(x, np.float64).var(0), rtol=1e-3)
    outputs = kernels.normalize(x, mean, variance, None, None, 1e-3)
    assert outputs.dtype == dtype
    expected = (np.asarray(x, np.float64) - np.asarray(mean)) / np.sqrt(np.asarray(variance) + 1e-3)
    np.testing.assert_allclose(np.asarray(outputs, np.float64), expected, rtol=1e-2)


@pytest.mark.parametrize("channel_axis", [-1, 1, 2])
@pytest.mark.parametrize(("with_offset", "with_scale"), [(True, True), (True, False), (False, True), (False, False)])
def test_normalize(channel_axis, with_offset, with_scale):
    x = normals(2, 5, 4, 3) * 2 + 1
    mean, offset, scale = (normals(x.shape[channel_axis], seed=seed) for seed in (1, 2, 3))
    variance, epsilon = normals(x.shape[channel_axis], seed=4) ** 2, 0.3  # an epsilon outside the root would show
    normalize = jax.jit(kernels.normalize, static_argnums=6)
    outputs = normalize(
        x, mean, variance, offset if with_offset else None, scale if with_scale else None, epsilon, channel_axis
    )
    last = np.moveaxis(x, channel_axis, -1).astype(np.float64)
    expected = (last - mean) / np.sqrt(variance + epsilon)
    expected = expected * (scale if with_scale else 1) + (offset if with_offset else 0)
    np.testing.assert_allclose(outputs, np.moveaxis(expected, -1, channel_axis), rtol=1e-4, atol=1e-5)


def test_normalize_takes_whole_arrays():
    x, mean, offset = normals(2, 3, 4), normals(2, 1, 4, seed=1), normals(1, 3, 4, seed=2)
    variance = normals(2, 1, 1, seed=3) ** 2
    outputs = kernels.normalize(x, mean, variance, offset, jnp.float32(2), 0.1, 1)
    expected = (x.astype(np.float64) - mean) / np.sqrt(variance + 0.1) * 2 + offset
    np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-5)


def test_large_numbers_close_together_stay_apart():
    x = np.asarray([[100000.0], [100001.0]], np.float32)
    outputs = kernels.normalize(x, jnp.asarray([100000.5]), jnp.asarray([0.25]), None, jnp.asarray([0.3]), 0.0)
    np.testing.assert_allclose(outputs, [[-0.3], [0.3]], rtol=1e-6)


@pytest.mark.parametrize(("axes", "channel_axis"), [((0, 1, 2), -1), ((0, 2, 3), 1), ((1, 2, 3), -1), ((-3, -2), -1)])
def test_normalize_by_moments(axes, channel_axis):
    x = normals(3, 4, 5, 6) * 2 + 1
    offset, scale = normals(x.shape[channel_axis], seed=1), normals(x.shape[channel_axis], seed=2)
    normalize = jax.jit(kernels.normalize_by_moments, static_argnums=(1, 5))
    outputs, mean, variance = normalize(x, axes, offset, scale, 0.3, channel_axis)
    exact = x.astype(np.float64)
    np.testing.assert_allclose(mean, exact.mean(axes), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(variance, exact.var(axes), rtol=1e-5, atol=1e-5)
    standard = (exact - exact.mean(axes, keepdims=True)) / np.sqrt(exact.var(axes, keepdims=True) + 0.3)
    expected = np.moveaxis(np.moveaxis(standard, channel_axis, -1) * scale + offset, -1, channel_axis)
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)


def test_sums_over_the_channels_alone_are_products_where_programs_are_tuned():
    x, offset, scale = normals(3, 5, 8) * 2 + 1, normals(8, seed=1), normals(8, seed=2)

    def outputs(x, offset, scale):
        return kernels.normalize_by_moments(x, (-1,), offset, scale, 0.3)

    with choices.for_tuned_programs():
        assert str(jax.make_jaxpr(outputs)(x, offset, scale)).count("dot_general") >= 2
        found, mean, variance = jax.jit(outputs)(x, offset, scale)
        exact = x.astype(np.float64)
        np.testing.assert_allclose(mean, exact.mean(-1), rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(variance, exact.var(-1), rtol=1e-5, atol=1e-5)
        standard = (exact - exact.mean(-1, keepdims=True)) / np.sqrt(exact.var(-1, keepdims=True) + 0.3)
        np.testing.assert_allclose(found, standard * scale + offset, rtol=1e-4, atol=1e-5)
        with jax.enable_x64(True):
            arrays = (exact, offset.astype(np.float64), scale.astype(np.float64))
            check_grads(jax.jit(outputs), arrays, order=1, atol=1e-4, rtol=1e-4)


def test_gradients():
    with jax.enable_x64(True):
        x, offset, scale = (normals(*shape).astype(np.float64) for shape in ((3, 4, 2), (2,), (2,)))
        by_moments = jax.jit(lambda x, offset, scale: kernels.normalize_by_moments(x, (0, 1), offset, scale, 0.3))
        check_grads(by_moments, (x, offset, scale), 2, atol=1e-4, rtol=1e-4)
        moments = jax.jit(lambda x: kernels.moments(x, (0,), np.arange(1.0, 4)[:, None, None]))
        check_grads(moments, (x,), 2, atol=1e-4, rtol=1e-4)
        normalize = jax.jit(lambda *arrays: kernels.normalize(*arrays, epsilon=0.3))
        check_grads(normalize, (x, offset, scale**2, scale, offset), 2, atol=1e-4, rtol=1e-4)
