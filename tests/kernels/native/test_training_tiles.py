"""Native kernels in Winograd's form for training: against float64, and which programs get them."""

import shutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim
from jax_slim.kernels import conv_maps
from jax_slim.kernels.conv_geometry import Geometry
from jax_slim.kernels.layouts import Layout, Windows
from jax_slim.kernels.native import tiles

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not any(map(shutil.which, ("c++", "g++", "clang++"))), reason="there is no C++ compiler"),
]


@pytest.mark.parametrize(("channels", "filters"), [(16, 70), (40, 16), (33, 32)])
@pytest.mark.parametrize("padding", [((1, 1), (1, 1)), ((0, 2), (1, 0))])
def test_outputs_and_gradients_of_inputs_equal_float64(instructions, channels, filters, padding):
    geometry = Geometry(Layout("NHWC"), (11, 14), Windows((3, 3), (1, 1), (1, 1), padding), 1, None)
    rng = np.random.default_rng(0)
    shapes = (2, 11, 14, channels), (3, 3, channels, filters), (2, *geometry.counts, filters)
    x, w, dy = (rng.normal(size=shape).astype("float32") for shape in shapes)
    with jax.enable_x64(True):
        exact = [jnp.asarray(array, "float64") for array in (x, w, dy)]
        y, transposed = jax.vjp(lambda x: conv_maps.plain_outputs(x, exact[1], geometry), exact[0])
        (dx,) = transposed(exact[2])
    bound = 1e-5 * np.abs(y).max()
    np.testing.assert_allclose(tiles.outputs_by_tiles(x, w, geometry), y, atol=bound)
    np.testing.assert_allclose(tiles.inputs_by_tiles(w, dy, geometry), dx, atol=1e-5 * np.abs(dx).max())


def loss(weights, images):
    model = slim.Model(lambda x: slim.conv2d(x, 20, 3, scope="c"))
    return jnp.sum(jnp.square(model.apply({"c/weights": weights, "c/biases": jnp.zeros(20)}, images)))


def test_programs_of_slim_jit_take_them_where_batches_are_large(library):
    rng = np.random.default_rng(0)
    weights, images = (rng.normal(size=shape).astype("float32") for shape in ((3, 3, 16, 20), (8, 16, 14, 16)))

    def calls(jit, images):
        return jit(jax.grad(loss, (0, 1))).lower(weights, images).as_text().count("@jax_slim_convolve(")

    assert calls(slim.jit, images) == 2
    assert calls(jax.jit, images) == calls(slim.jit, images[:4]) == 0
    with slim.kernel_forms("exact"):
        assert calls(slim.jit, images) == 0
    assert "jax_slim_" not in jax.export.export(slim.jit(jax.grad(loss)))(weights, images).mlir_module()
    step = slim.jit(jax.grad(loss, (0, 1)))
    found = step(weights, images)
    for one, plain in zip(found, jax.jit(jax.grad(loss, (0, 1)))(weights, images), strict=True):
        np.testing.assert_allclose(one, plain, atol=1e-5 * np.abs(plain).max())
    for _ in range(5):
        for one, again in zip(found, step(weights, images), strict=True):
            np.testing.assert_array_equal(one, again)
    many = np.stack([weights, 2 * weights])
    mapped, plain = (jit(jax.vmap(jax.grad(loss), (0, None)))(many, images) for jit in (slim.jit, jax.jit))
    np.testing.assert_allclose(mapped, plain, atol=1e-5 * np.abs(plain).max())
