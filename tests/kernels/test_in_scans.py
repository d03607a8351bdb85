"""Convolutions inside a scan's body: lax's numbers and gradients, from another form."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jax_slim import kernels
from jax_slim.kernels.in_scans import pays

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("shape", "window", "padding", "rate", "layout"),
    [
        ((2, 7, 6, 3), (3, 3), "SAME", 1, "NHWC"),
        ((2, 7, 6, 3), (3, 2), "VALID", 1, "NHWC"),
        ((2, 9, 8, 3), (3, 3), "SAME", 2, "NHWC"),
        ((1, 5, 5, 2), (4, 4), [(3, 1), (0, 2)], 1, "NHWC"),
        ((2, 9, 3), (4,), "SAME", 2, "NWC"),
        ((1, 4, 5, 3, 2), (2, 3, 1), "SAME", 1, "NDHWC"),
        ((2, 3, 7, 6), (3, 3), "SAME", 1, "NCHW"),
    ],
)
def test_it_is_the_same_convolution(shape, window, padding, rate, layout):
    x = RNG.normal(size=shape).astype(np.float32)
    channels = shape[layout.index("C")]
    w = RNG.normal(size=(*window, channels, 4)).astype(np.float32)

    def value_and_grads(x, w):
        def loss(x, w):
            return jnp.sum(jnp.sin(kernels.convolution(x, w, 1, padding, rate, layout)))

        return jax.value_and_grad(loss, (0, 1))(x, w)

    expected = jax.jit(value_and_grads)(x, w)
    with kernels.body_of_scan():
        found = jax.jit(lambda x, w: value_and_grads(x, w))(x, w)

    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4), found, expected)


def test_only_where_it_pays():
    assert not pays((1, 1), 1)
    with kernels.body_of_scan():
        assert pays((1, 1), 1) == (jax.default_backend() == "cpu")
        assert not pays((2, 1), 1)
        assert not pays((1, 1), 2)
    assert not pays((1, 1), 1)
