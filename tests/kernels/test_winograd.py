"""Winograd's form of a convolution and its gradients: the same values, and where it is chosen."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jax_slim import kernels
from jax_slim.kernels import choices, conv_maps, winograd
from jax_slim.kernels.choices import Form
from jax_slim.kernels.conv_geometry import Geometry
from jax_slim.kernels.layouts import Layout, windows_on


def normals(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def geometry_of(height, width, padding="SAME", inexact=True, taps=(3, 3)):
    windows = windows_on("", (height, width), taps, 1, padding, 1)
    return Geometry(Layout("NHWC"), (height, width), windows, 1, None, inexact)


@settings(max_examples=8)
@given(
    st.tuples(st.integers(3, 6), st.integers(3, 6)),
    st.sampled_from(["SAME", "VALID", ((2, 0), (1, 2))]),
    st.integers(1, 3),
    st.sampled_from([2, 4]),
)
def test_it_is_the_same_convolution(lengths, padding, batch, tile):
    geometry = geometry_of(*lengths, padding)
    with pytest.MonkeyPatch.context() as patch, jax.enable_x64(True):
        patch.setattr(choices, "winograd_tile", lambda *_: tile)
        x, w = normals(batch, *lengths, 3), normals(3, 3, 3, 2, seed=1)
        dy = normals(batch, *geometry.counts, 2, seed=2)

        def both(x, w, dy):
            y, back = jax.vjp(lambda x, w: conv_maps.plain_outputs(x, w, geometry), x, w)
            forms = (
                winograd.outputs(x, w, geometry),
                winograd.inputs(w, dy, geometry),
                winograd.weights(x, dy, geometry),
            )
            return (y, *back(dy)), forms

        expected, found = jax.jit(both)(x, w, dy)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11)


@pytest.mark.slow
@pytest.mark.parametrize(("size", "tile", "bound"), [(14, 2, 2e-6), (28, 4, 4e-6)])
def test_its_rounding_errors_are_near_those_of_sums_in_float32(size, tile, bound):
    geometry = geometry_of(size, size)
    x, w, dy = normals(2, size, size, 256), normals(3, 3, 256, 256, seed=1), normals(2, size, size, 256, seed=2)
    assert choices.winograd_tile(2, geometry.counts) == tile
    with jax.enable_x64(True):
        y, back = jax.vjp(lambda x, w: conv_maps.plain_outputs(x, w, geometry), x, w)
        exact = [np.asarray(a) for a in (y, *back(jnp.asarray(dy)))]
    x, w, dy = (np.asarray(a, np.float32) for a in (x, w, dy))
    forms = winograd.outputs(x, w, geometry), winograd.inputs(w, dy, geometry), winograd.weights(x, dy, geometry)
    for found, expected in zip(forms, exact, strict=True):
        assert np.abs(np.asarray(found) - expected).max() < bound * np.abs(expected).max()


def test_where_it_is_chosen():
    x, w = (8, 14, 14, 256), (3, 3, 256, 256)

    def chosen(geometry, dtype=np.dtype("float32"), x=x, w=w):
        return (
            choices.for_outputs(x, w, dtype, geometry) is Form.WINOGRAD,
            choices.for_inputs(x, w, dtype, geometry) is Form.WINOGRAD,
            choices.for_weights(x, x, dtype, geometry) is Form.WINOGRAD,
        )

    assert chosen(geometry_of(14, 14)) == (True, True, True)
    assert chosen(geometry_of(14, 14), x=(8, 14, 14, 64), w=(3, 3, 64, 64)) == (False, False, False)
    assert chosen(geometry_of(14, 14), x=(1, 14, 14, 256)) == (False, False, False)
    assert chosen(geometry_of(56, 56), x=(8, 56, 56, 64), w=(3, 3, 64, 64)) == (True, True, True)
    assert chosen(geometry_of(112, 112), x=(1, 112, 112, 256)) == (True, True, True)
    assert chosen(geometry_of(224, 224), x=(8, 224, 224, 64), w=(3, 3, 64, 64)) == (False, False, False)
    for geometry in (geometry_of(14, 14, inexact=False), geometry_of(6, 6), geometry_of(14, 14, ((3, 0), (0, 0)))):
        assert chosen(geometry) == (False, False, False)
    for dtype in (jnp.bfloat16, np.dtype("float64")):
        assert chosen(geometry_of(14, 14), dtype) == (False, False, False)


@pytest.mark.parametrize(
    ("images", "size", "tile"), [(8, 14, 2), (8, 17, 2), (8, 28, 4), (8, 35, 4), (8, 56, 4), (1, 28, 2), (1, 56, 4)]
)
def test_tiles_are_large_where_they_take_fewer_products(images, size, tile):
    assert choices.winograd_tile(images, (size, size)) == tile


def test_native_tiles_are_large_but_on_small_maps():
    def tile(size, channels=64, filters=64, dtype=np.dtype("float32"), **more):
        return choices.native_winograd_tile(channels, filters, dtype, geometry_of(size, size, **more))

    assert tile(56) == tile(7, 512, 512) == tile(224, 16, 16) == tile(8, padding="VALID") == 4
    assert tile(5, 256, 256) == tile(2) == 2
    assert tile(17, taps=(1, 7)) == tile(17, taps=(7, 1)) == tile(8, taps=(3, 1)) == 4
    assert tile(17, taps=(1, 5)) == tile(5, taps=(1, 7)) == tile(17, taps=(7, 1), inexact=False) == 0
    assert tile(56, 3) == tile(56, 64, 8) == tile(56, dtype=jnp.bfloat16) == tile(56, inexact=False) == 0


def test_gradients_of_weights_in_tuned_programs():
    """By Eigen an exchange is fastest where Winograd's form is not, and needs some images to be so."""

    def chosen(images, size, channels):
        geometry = dataclasses.replace(geometry_of(size, size), tuned=True)
        shape = (images, size, size, channels)
        return choices.for_weights(shape, shape, np.dtype("float32"), geometry)

    assert chosen(8, 28, 512) is chosen(8, 14, 256) is chosen(8, 56, 64) is chosen(1, 56, 64) is Form.WINOGRAD
    assert chosen(8, 224, 64) is chosen(8, 56, 32) is chosen(8, 7, 512) is Form.EXCHANGED
    assert chosen(1, 224, 64) is Form.ROWS


@pytest.mark.parametrize(("rows", "row_bytes", "band"), [(224, 1 << 20, 8), (224, 1200 << 10, 4), (147, 450 << 10, 18)])
def test_bands_divide_the_rows_where_they_can(rows, row_bytes, band):
    assert choices.rows_of_a_band(rows, row_bytes) == band


def test_the_switch_reaches_functions_that_were_jitted_and_called_before():
    x, w = np.zeros((1, 4, 4, 2), np.float32), np.zeros((3, 3, 2, 2), np.float32)
    inexact = []
    for kind in ("fastest", "exact", "fastest"):
        with kernels.kernel_forms(kind):
            (equation,) = jax.make_jaxpr(kernels.convolution)(x, w).jaxpr.eqns
        inexact.append(equation.params["geometry"].inexact)
    assert inexact == [True, False, True]
