"""Native convolutions of bytes, equal to whole numbers, and of bfloat16."""

import shutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import jax_slim as slim
from jax_slim.kernels import native, quantized
from jax_slim.kernels.conv_geometry import Geometry
from jax_slim.kernels.layouts import Layout, Windows
from jax_slim.kernels.quantized import Rounding

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not any(map(shutil.which, ("c++", "g++", "clang++"))), reason="there is no C++ compiler"),
]


@pytest.fixture(params=["amx", "avx512bf16", "avx512vnni", "avx512", "avx2", "plain"])
def instructions(request, library):
    best = library.jax_slim_narrow_instructions()
    if not library.jax_slim_choose_narrow(request.param.encode()):
        pytest.skip(f"no {request.param} here")
    yield request.param
    assert library.jax_slim_choose_narrow(best)


def sums(x, w, geometry):
    windows = geometry.windows
    with jax.enable_x64(True):
        return np.asarray(
            lax.conv_general_dilated(
                jnp.asarray(x, "float64"), jnp.asarray(w, "float64"), windows.strides, windows.padding,
                rhs_dilation=windows.rates, dimension_numbers=("NHWC", "HWIO", "NHWC"),
                feature_group_count=geometry.groups,
            )
        )  # fmt: skip


def dense(drawn, seed, by_channel=False):
    """One of the random convolutions that is not by channel, or that is."""
    cases = map(drawn, range(1000 * seed, 1000 * seed + 100))
    return next(case for case in cases if (case[-1].groups > 1) == by_channel)


@pytest.mark.parametrize("by_channel", [False, True])
def test_bytes_are_multiplied_exactly(instructions, drawn, by_channel):
    for seed in range(8):
        x, w, _, shortcut, geometry = dense(drawn, seed, by_channel)
        rng = np.random.default_rng(seed)
        zero = int(rng.integers(0, 256))
        pixels = rng.integers(0, 256, x.shape).astype(np.uint8)
        weights = rng.integers(-127, 128, w.shape).astype(np.int8)
        bias = rng.integers(-100, 100, w.shape[-1]).astype(np.float32)
        scale = np.float32(2.0) ** rng.integers(-9, 1, w.shape[-1]).astype(np.float32)
        more = None if shortcut is None else np.rint(shortcut)
        # Powers of two and whole numbers: float32 has all of it exactly, up to 2**24.
        exact = sums(pixels.astype(float) - zero, weights, geometry) * scale + bias + (0 if more is None else more)
        assert np.abs(exact / scale).max() < 2**24
        given = pixels if seed % 2 else (pixels.astype(np.float32) - zero) / 4
        made = Rounding(0.5, 128) if seed % 3 else None
        found = native.convolution_of_bytes(
            jnp.asarray(given), jnp.asarray(weights), jnp.asarray(scale), jnp.asarray(bias),
            None if more is None else jnp.asarray(more),
            geometry=geometry, rounding=Rounding(0.25, zero), made=made, low=-1000.0, high=3000.0,
        )  # fmt: skip
        cut = np.clip(exact, -1000, 3000)
        expected = cut if made is None else np.clip(np.rint(cut / 0.5) + 128, 0, 255).astype(np.uint8)
        np.testing.assert_array_equal(found, expected, err_msg=f"{seed} {x.shape} {w.shape} {geometry} {made}")


def test_numbers_are_rounded_as_the_definition_says(instructions):
    x = np.array([0.0, 0.124, 0.125, 0.126, 0.375, -0.125, -0.375, 31, 31.9, 1e9, -1e9, np.inf, -np.inf, np.nan],
                 np.float32)  # fmt: skip
    x = np.concatenate([x, np.linspace(-40, 40, 60, dtype=np.float32)])
    windows = Windows((1, 1), (1, 1), (1, 1), ((0, 0), (0, 0)))
    geometry = Geometry(Layout("NHWC"), (1, len(x)), windows, 1, None)
    expected = quantized.as_bytes(jnp.asarray(x), Rounding(0.25, 100))
    assert list(np.asarray(expected[:7])) == [100, 100, 100, 101, 102, 100, 98]
    found = native.convolution_of_bytes(
        jnp.asarray(x).reshape(1, 1, -1, 1), jnp.ones((1, 1, 1, 1), jnp.int8), jnp.ones(1), jnp.zeros(1),
        geometry=geometry, rounding=Rounding(0.25, 100), made=Rounding(1.0, 100), low=-np.inf, high=np.inf,
    )  # fmt: skip
    np.testing.assert_array_equal(np.ravel(found), expected)


def test_bfloat16_is_multiplied_with_sums_in_float32(instructions, drawn, library):
    if not library.jax_slim_has_bfloat16():
        pytest.skip("no bfloat16 here")
    for seed in range(8):
        x, w, bias, shortcut, geometry = dense(drawn, seed)
        expect_of_bfloat16(x, w, bias, shortcut, geometry, seed)


def expect_of_bfloat16(x, w, bias, shortcut, geometry, seed, excitation=None):
    """What the kernel makes, of floats or of halves, to floats or to halves."""
    half = lambda array: jnp.asarray(array).astype(jnp.bfloat16)  # noqa: E731
    given, made = half(x) if seed % 2 else jnp.asarray(x), jnp.bfloat16 if seed % 3 else jnp.float32
    pixels = np.asarray(given, np.float32)
    if excitation is not None:
        pixels = pixels * excitation[:, None, None]
    by_channel = geometry.groups > 1
    exact = sums(*(np.asarray(array if by_channel else half(array), np.float64) for array in (pixels, w)), geometry)
    if shortcut is not None:
        exact = exact + np.asarray(jnp.asarray(shortcut).astype(made), np.float64)
    found = native.convolution_of_bfloat16(
        given, jnp.asarray(w), jnp.asarray(bias), None if shortcut is None else jnp.asarray(shortcut),
        None if excitation is None else jnp.asarray(excitation),
        geometry=geometry, activation=native.Activation(-1.0, 6.0), made=made,
    )  # fmt: skip
    assert found.dtype == made
    np.testing.assert_allclose(
        np.asarray(found, np.float64), np.clip(exact + bias, -1, 6), atol=3e-7 * w[..., 0].size + 3e-6,
        rtol=2**-8 if seed % 3 else 0, err_msg=f"{seed} {x.shape} {w.shape} {geometry}",
    )  # fmt: skip


def test_halves_by_channel_and_their_sums(instructions, drawn, library):
    if not library.jax_slim_has_bfloat16():
        pytest.skip("no bfloat16 here")
    cases = [drawn(seed) for seed in range(60)]
    by_channel = [case for case in cases if case[-1].groups > 1][:12]
    for seed, case in enumerate(by_channel):
        expect_of_bfloat16(*case, seed)
        x = jnp.asarray(case[0]).astype(jnp.bfloat16)
        np.testing.assert_allclose(
            native.sum_of_pixels(x), np.asarray(x, np.float64).sum((1, 2)), atol=1e-4, err_msg=f"{seed}"
        )


def test_halves_are_excited(instructions, library):
    if not library.jax_slim_has_bfloat16():
        pytest.skip("no bfloat16 here")
    rng = np.random.default_rng(0)
    geometry = Geometry(Layout("NHWC"), (7, 5), Windows((1, 1), (1, 1), (1, 1), ((0, 0), (0, 0))), 1, None)
    for seed, channels in enumerate((40, 41, 42, 3)):
        x, w, bias, shortcut, excitation = (
            rng.normal(size=size).astype(np.float32)
            for size in ((3, 7, 5, channels), (1, 1, channels, 37), 37, (3, 7, 5, 37), (3, channels))
        )
        expect_of_bfloat16(x, w, bias, shortcut, geometry, seed, excitation)


def net(images):
    x = slim.conv2d(images, 20, 3, scope="first")
    x = slim.separable_conv2d(x, None, 3, 1, scope="by_channel")
    x = jax.nn.relu(x + slim.conv2d(slim.conv2d(x, 40, 3, scope="second"), 20, 1, activation_fn=None, scope="third"))
    return slim.fully_connected(slim.flatten(x), 6, activation_fn=None, scope="logits")


def program_of(predict, images):
    ((compiled, arrays),) = predict._compiled.values()
    return compiled.lower(arrays, images).as_text()


def test_predictors_compute_with_them(library):
    model = slim.Model(net)
    images = np.random.default_rng(0).normal(size=(3, 9, 7, 5)).astype(np.float32)
    variables = model.init(jax.random.key(0), images)
    exact = model.apply(variables, images)
    small, made = slim.quantize(model, variables, [images])
    predict = slim.predictor(small, made)
    found = predict(images)
    np.testing.assert_allclose(found, small.apply(made, images), rtol=1e-3, atol=1e-3)
    assert "jax_slim_convolve_bytes" in program_of(predict, images)
    assert "jax_slim_convolve_bytes_by_channel" in program_of(predict, images)
    np.testing.assert_allclose(predict(images[:1]), found[:1], rtol=1e-6, atol=1e-6)
    if not library.jax_slim_has_bfloat16():
        return
    with jax.default_matmul_precision("bfloat16"):
        predict = slim.predictor(model, variables)
        found = predict(images)
        assert 1e-5 < np.abs(found - exact).max() < 0.02
        assert "jax_slim_convolve_bfloat16" in program_of(predict, images)
    np.testing.assert_allclose(predict(images), exact, rtol=1e-5, atol=1e-5)  # as the setting says at each call
