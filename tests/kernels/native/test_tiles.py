"""Winograd's form by native kernels: against sums in float64, for each set of instructions, and in predictors."""

import re
import shutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import jax_slim as slim
from jax_slim.kernels import native
from jax_slim.kernels.conv_geometry import Geometry
from jax_slim.kernels.layouts import Layout, Windows

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not any(map(shutil.which, ("c++", "g++", "clang++"))), reason="there is no C++ compiler"),
]


def geometry_of(height, width, padding=((1, 1), (1, 1)), taps=(3, 3)):
    return Geometry(Layout("NHWC"), (height, width), Windows(taps, (1, 1), (1, 1), padding), 1, None)


def drawn(seed, images, geometry, channels, filters):
    """Images, taps, biases and shortcuts, and the convolution's results in float64."""
    rng = np.random.default_rng(seed)
    taps, results = (*geometry.windows.sizes, channels, filters), (images, *geometry.counts, filters)
    x, w, shortcut = (
        rng.normal(size=shape).astype("float32") for shape in ((images, *geometry.lengths, channels), taps, results)
    )
    bias = rng.normal(size=filters).astype("float32")
    with jax.enable_x64(True):
        y = lax.conv_general_dilated(
            jnp.asarray(x, "float64"), jnp.asarray(w, "float64"), (1, 1), geometry.windows.padding,
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
        )  # fmt: skip
    return x, w, bias, shortcut, np.asarray(y)


def computed(x, w, bias, shortcut, geometry, tile, *activation):
    weights = native.panels(jnp.asarray(w), tile)
    return np.asarray(
        native.fused_convolution(
            jnp.asarray(x), weights, jnp.asarray(bias), None if shortcut is None else jnp.asarray(shortcut),
            geometry=geometry, activation=native.Activation(*activation), tile=tile,
        )
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["tiles of 2", "tiles of 4", "lines of 4"])
def test_random_shapes_equal_sums_in_float64(instructions, kind):
    rng = np.random.default_rng(0)
    tile = int(kind[-1])
    for seed in range(20):
        taps = (3, 3) if kind.startswith("tiles") else (1, int(rng.integers(2, 10)))[:: 1 if seed % 2 else -1]
        pads = tuple(tuple(map(int, rng.integers(0, taps[axis], 2))) for axis in range(2))
        lengths = [int(rng.integers(max(1, size - sum(pair)), 24)) for size, pair in zip(taps, pads, strict=True)]
        images, channels, filters = map(int, (rng.integers(1, 4), rng.integers(1, 60), rng.integers(1, 100)))
        geometry = geometry_of(*lengths, pads, taps)
        x, w, bias, shortcut, exact = drawn(seed, images, geometry, channels, filters)
        bound = 6e-6 * np.abs(exact).max()
        cases = (
            (shortcut, (-20.0, 30.0), np.clip(exact + bias + shortcut, -20, 30)),
            (None, (0.0, 6.0, 3.0, 1 / 6, True), (exact + bias) * np.clip(exact + bias + 3, 0, 6) / 6),  # hard swish
        )
        for more, activation, expected in cases[: 1 + (seed == 0)]:
            found = computed(x, w, bias, more, geometry, tile, *activation)
            assert found.shape == expected.shape
            message = f"{seed}: {x.shape} {w.shape} {pads}"
            np.testing.assert_allclose(found, expected, atol=2 * bound, rtol=1e-5, err_msg=message)


@pytest.mark.parametrize(("tile", "bound"), [(0, 4e-6), (2, 2e-6), (4, 6e-6)])
@pytest.mark.parametrize(("size", "channels"), [(28, 64), (14, 512)])
def test_rounding_errors_are_near_those_of_sums_of_products(library, tile, bound, size, channels):
    geometry = geometry_of(size, size)
    x, w, bias, _, exact = drawn(0, 2, geometry, channels, 64)
    found = computed(x, w, 0 * bias, None, geometry, tile)
    assert np.abs(found - exact).max() < bound * np.abs(exact).max()


def test_rounding_errors_of_lines_are_near_those_of_sums_of_products(library):
    geometry = geometry_of(17, 17, ((0, 0), (3, 3)), (1, 7))
    x, w, bias, _, exact = drawn(0, 2, geometry, 192, 64)
    found = computed(x, w, 0 * bias, None, geometry, 4)
    assert np.abs(found - exact).max() < 3e-6 * np.abs(exact).max()


def test_many_tiles_and_many_filters_go_to_several_threads(library):
    for size, filters, taps in ((61, 70, (3, 3)), (9, 400, (3, 3)), (33, 70, (1, 7)), (17, 400, (7, 1))):
        geometry = geometry_of(size, size, ((1, 1), (1, 1)), taps)
        x, w, bias, shortcut, exact = drawn(0, 2, geometry, 100, filters)
        for _ in range(5):
            found = computed(x, w, bias, shortcut, geometry, 4)
            np.testing.assert_allclose(found, exact + bias + shortcut, atol=1e-5 * np.abs(exact).max())


def test_tiles_are_for_small_windows_in_steps_of_one_pixel(library):
    x, bias = jnp.ones((1, 8, 8, 16)), jnp.ones(16)
    weights = native.panels(jnp.ones((3, 3, 16, 16)), 4)
    for windows in (
        Windows((3, 3), (2, 1), (1, 1), ((1, 1), (1, 1))),
        Windows((3, 3), (1, 1), (1, 2), ((1, 1), (1, 1))),
        Windows((2, 3), (1, 1), (1, 1), ((1, 1), (1, 1))),
        Windows((1, 3), (1, 2), (1, 1), ((0, 0), (1, 1))),
    ):
        geometry = Geometry(Layout("NHWC"), (8, 8), windows, 1, None)
        with pytest.raises(jax.errors.JaxRuntimeError, match="tiles"):
            native.fused_convolution(x, weights, bias, geometry=geometry, tile=4)
    with pytest.raises(jax.errors.JaxRuntimeError, match="tiles"):
        native.fused_convolution(x, weights, bias, geometry=geometry_of(8, 8), tile=3)
    with pytest.raises(jax.errors.JaxRuntimeError, match="weights"):
        native.fused_convolution(x, weights, bias, geometry=geometry_of(8, 8), tile=2)


def net(x, is_training=False):
    x = slim.conv2d(x, 24, 3)  # of three channels, by sums of products
    y = slim.conv2d(x, 24, 3, normalizer_fn=slim.batch_norm, normalizer_params={"is_training": is_training})
    x = jax.nn.relu(x + slim.conv2d(y, 24, 3, activation_fn=None))
    return slim.conv2d(slim.conv2d(x, 20, [1, 7]), 20, 3, 2).mean((1, 2))


@pytest.mark.parametrize(("forms", "tiles"), [("fastest", "0 0 4 4 4"), ("exact", "0 0 0 0 0")])
def test_predictors_take_tiles_where_their_rounding_is_allowed(library, forms, tiles):
    model = slim.Model(net)
    images = np.random.default_rng(1).normal(size=(3, 17, 15, 3)).astype("float32")
    variables = model.init(jax.random.key(0), images)
    with slim.kernel_forms(forms):
        predict = slim.predictor(model, variables)
        np.testing.assert_allclose(predict(images), model.apply(variables, images), rtol=1e-5, atol=1e-5)
        ((compiled, arrays),) = predict._compiled.values()
        found = re.findall(r"tile = (\d) : i64", compiled.lower(arrays, images).as_text())
        assert " ".join(sorted(found)) == tiles
        # Small maps have small tiles, of the same weights, which are there as they were, too.
        np.testing.assert_allclose(predict(images[:, :5]), model.apply(variables, images[:, :5]), rtol=1e-5, atol=1e-5)
    _, prepared = slim.fold_batch_norm(model, variables, images, is_training=False)
    for name, array in prepared.items():
        np.testing.assert_array_equal(predict.variables[name], array, err_msg=name)
