"""Pooling against its definition, gradients at ties, integers, refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax.test_util import check_grads

from jax_slim import kernels
from jax_slim.kernels.layouts import LAYOUTS


def normals(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def windows_of(x, window, strides, padding, rates):
    """For every window over [N, spatial, C]: its place in the result, and its pixels [taps held, N, C] in float64."""
    lengths, x = x.shape[1:-1], x.astype(np.float64)
    spans = [(k - 1) * r + 1 for k, r in zip(window, rates, strict=True)]
    if padding == "SAME":
        counts = [-(-n // s) for n, s in zip(lengths, strides, strict=True)]
        before = [max((c - 1) * s + e - n, 0) // 2 for c, s, e, n in zip(counts, strides, spans, lengths, strict=True)]
    else:
        pads = [(0, 0)] * len(lengths) if padding == "VALID" else padding
        before = [low for low, _ in pads]
        counts = [
            (n + low + high - e) // s + 1 for n, (low, high), e, s in zip(lengths, pads, spans, strides, strict=True)
        ]
    for pixel in np.ndindex(*counts):
        held = []
        for tap in np.ndindex(*window):
            at = tuple(p * s + k * r - b for p, s, k, r, b in zip(pixel, strides, tap, rates, before, strict=True))
            if all(0 <= i < n for i, n in zip(at, lengths, strict=True)):
                held.append(x[(slice(None), *at)])
        yield counts, pixel, np.stack(held)


def pooled(x, window, strides, padding, rates, reduce):
    result = None
    for counts, pixel, held in windows_of(x, window, strides, padding, rates):
        if result is None:
            result = np.zeros((len(x), *counts, x.shape[-1]))
        result[(slice(None), *pixel)] = reduce(held, axis=0)
    return result


@st.composite
def problems(draw):
    layout = draw(st.sampled_from(LAYOUTS))
    axes = len(layout) - 2
    window = draw(st.tuples(*[st.integers(1, 3)] * axes))
    strides = draw(st.tuples(*[st.integers(1, 3)] * axes))
    rate = draw(st.just((1,) * axes) | st.tuples(*[st.integers(1, 2)] * axes))
    pads = st.tuples(*[st.tuples(st.integers(0, k - 1), st.integers(0, k - 1)) for k in window])
    padding = draw(st.just("VALID") if max(rate) > 1 else st.sampled_from(["SAME", "VALID"]) | pads)
    lengths = []
    for k, r in zip(window, rate, strict=True):
        shortest = 1 if padding == "SAME" else (k - 1) * r + 1
        lengths.append(draw(st.integers(shortest, shortest + {1: 6, 2: 3, 3: 2}[axes])))
    return layout, tuple(lengths), window, strides, padding, rate


@given(problems(), st.sampled_from([("max_pool", np.max), ("avg_pool", np.mean)]))
def test_is_the_definition(problem, operation):
    layout, lengths, window, strides, padding, rate = problem
    name, reduce = operation
    x = normals(2, *lengths, 2) - 2  # mostly negative: a zero from the padding would win
    y = getattr(kernels, name)(np.moveaxis(x, -1, layout.index("C")), window, strides, padding, rate, layout)
    expected = np.moveaxis(pooled(x, window, strides, padding, rate, reduce), -1, layout.index("C"))
    np.testing.assert_allclose(y, expected, rtol=1e-6, atol=1e-6)


def test_same_pads_the_odd_pixel_at_the_end():
    x = np.arange(5, dtype=np.float32).reshape(1, 5, 1)
    np.testing.assert_array_equal(kernels.max_pool(x, 2, 1, "SAME", layout="NWC").ravel(), [1, 2, 3, 4, 4])
    np.testing.assert_array_equal(kernels.avg_pool(x, 2, 1, "SAME", layout="NWC").ravel(), [0.5, 1.5, 2.5, 3.5, 4])


@pytest.mark.parametrize("pool", [kernels.max_pool, kernels.avg_pool])
@pytest.mark.parametrize("arguments", [((3, 2), 2, "SAME"), (2, (1, 2), "VALID", (2, 1)), (3, 2, [(1, 2), (0, 1)])])
def test_gradients(pool, arguments):
    with jax.enable_x64(True):
        x = np.random.default_rng(0).permutation(2 * 7 * 6 * 2).reshape(2, 7, 6, 2) / 10.0  # no ties, no near ties
        check_grads(
            jax.jit(lambda x: pool(x, *arguments)), (x,), order=2, modes=["rev"], eps=1e-3, atol=1e-6, rtol=1e-6
        )
        check_grads(
            jax.jit(lambda x: pool(x, *arguments)), (x,), order=1, modes=["fwd"], eps=1e-3, atol=1e-6, rtol=1e-6
        )


@pytest.mark.parametrize("rate", [1, 2])
def test_the_first_of_equal_maxima_gets_the_gradient(rate):
    gradient = jax.grad(lambda x: kernels.max_pool(x, 2, 1, "VALID", rate).sum())(jnp.ones((1, 4, 4, 1)))
    expected = np.zeros((4, 4))
    expected[: 4 - rate, : 4 - rate] = 1  # the tap at the upper left of every window
    np.testing.assert_array_equal(gradient[0, :, :, 0], expected)


@pytest.mark.parametrize("rate", [1, 2])
def test_nan_and_infinity_pass_through(rate):
    x = np.full((1, 4, 4, 1), -np.inf, np.float32)
    x[0, 3, 3] = np.nan
    y = kernels.max_pool(x, 2, 1, "VALID", rate)
    assert np.isnan(y[0, -1, -1, 0])
    assert y[0, 0, 0, 0] == -np.inf


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32])
@pytest.mark.parametrize("arguments", [(2, 1, "SAME"), (2, 1, "VALID", 2)])
def test_maxima_of_integers(dtype, arguments):
    lowest = np.iinfo(dtype).min
    x = np.full((1, 4, 4, 1), lowest, dtype)
    x[0, 1, 1] = lowest + 5
    y = kernels.max_pool(x, *arguments)
    assert y.dtype == dtype
    assert (int(np.min(y)), int(np.max(y))) == (lowest, lowest + 5)


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16])
def test_averages_of_half_precision_are_summed_in_float32(dtype):
    x = jnp.full((1, 30, 30, 1), 100.0, dtype)  # the sum would overflow float16 and stand still in bfloat16
    y = kernels.avg_pool(x, 30)
    assert y.dtype == dtype
    assert float(y[0, 0, 0, 0]) == 100.0


def test_maxima_keep_half_precision():
    assert kernels.max_pool(jnp.ones((1, 4, 4, 1), jnp.bfloat16), 2).dtype == jnp.bfloat16


@pytest.mark.parametrize("pool", [kernels.max_pool, kernels.avg_pool])
def test_refuses(pool):
    x, name = np.zeros((2, 5, 5, 4), np.float32), pool.__name__
    for call, error, message in [
        (
            lambda: pool(x, 2, layout="NWC"),
            ValueError,
            rf"{name}: inputs must have rank 3 \[N, W, C\], got shape \(2, 5,",
        ),
        (lambda: pool(x, (2, 0)), ValueError, rf"{name}: window must be 1 or more, .* got \(2, 0\)"),
        (lambda: pool(x, 6), ValueError, rf"{name}: windows must fit into the inputs, got windows of \(6, 6\) pixels"),
        (
            lambda: pool(x, 3, rate=2, padding="SAME"),
            ValueError,
            f"{name}: padding must be 'VALID' when rate exceeds 1",
        ),
        (
            lambda: pool(x, 1, rate=2, padding="SAME"),
            ValueError,
            f"{name}: padding must be 'VALID' when rate exceeds 1",
        ),
        (
            lambda: pool(x, 3, rate=2, padding=[(1, 0), (0, 0)]),
            ValueError,
            "padding must be 'VALID' when rate exceeds 1",
        ),
        (
            lambda: pool(x, 2, 1, [(2, 0), (0, 0)]),
            ValueError,
            r"padding must be smaller than the window \(2, 2\), got \[",
        ),
        (lambda: pool(x > 0, 2), TypeError, rf"{name}: inputs must be floats.*, got bool"),
    ]:
        with pytest.raises(error, match=message):
            call()


def test_refuses_averages_of_integers():
    with pytest.raises(TypeError, match="avg_pool: inputs must be floats, got int32"):
        kernels.avg_pool(np.zeros((1, 4, 4, 1), np.int32), 2)
