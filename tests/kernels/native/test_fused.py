"""The native kernels against sums in float64, for each set of instructions, and nets with and without them."""

import functools
import re
import shutil
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import jax_slim as slim
from jax_slim.inference import fusing
from jax_slim.kernels import native
from jax_slim.kernels.conv_geometry import Geometry
from jax_slim.kernels.layouts import Layout, Windows
from jax_slim.kernels.native import building

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not any(map(shutil.which, ("c++", "g++", "clang++"))), reason="there is no C++ compiler"),
]


def reference(x, w, bias, shortcut, geometry, low, high, shift=0, factor=1, gates=False):
    windows = geometry.windows
    with jax.enable_x64(True):
        y = lax.conv_general_dilated(
            jnp.asarray(x, "float64"), jnp.asarray(w, "float64"), windows.strides, windows.padding,
            rhs_dilation=windows.rates, dimension_numbers=("NHWC", "HWIO", "NHWC"), feature_group_count=geometry.groups,
        )  # fmt: skip
        y = y + bias if shortcut is None else y + bias + shortcut
        return np.asarray(np.clip(y + shift, low, high) * factor * (y if gates else 1))


def computed(x, w, bias, shortcut, geometry, *activation, excitation=None):
    weights = native.panels(jnp.asarray(w)) if geometry.groups == 1 else jnp.asarray(w)
    more = None if shortcut is None else jnp.asarray(shortcut)
    return np.asarray(
        native.fused_convolution(
            jnp.asarray(x),
            weights,
            jnp.asarray(bias),
            more,
            excitation,
            geometry=geometry,
            activation=native.Activation(*activation),
        )
    )


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="Linux tells what processors have")
def test_the_best_instructions_of_the_processor_are_taken(library):
    flags = re.search(r"^flags\s*:(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)  # x86 alone has such
    has = set(flags[1].split()) if flags else set()
    wanted = "avx512" if "avx512bw" in has else "avx2" if {"avx2", "fma"} <= has else "plain"
    assert library.jax_slim_instructions().decode() == wanted


def test_random_shapes_equal_sums_in_float64(instructions, drawn):
    for seed in range(60):
        case = drawn(seed)
        x, w, _, _, geometry = case
        terms = w[..., 0].size
        found, exact = computed(*case, -1.0, 6.0), reference(*case, -1.0, 6.0)
        assert found.shape == exact.shape, (seed, x.shape, w.shape, geometry)
        np.testing.assert_allclose(
            found, exact, atol=3e-7 * terms + 3e-6, err_msg=f"{seed}: {x.shape} {w.shape} {geometry}"
        )


@pytest.mark.parametrize(("size", "stride"), [(3, 1), (3, 2), (5, 1), (5, 2), (4, 1)])
def test_many_channels_are_taken_in_blocks(instructions, size, stride):
    rng = np.random.default_rng(0)
    windows = Windows((size, size), (stride, stride), (1, 1), ((1, 2), (2, 1)))
    geometry = Geometry(Layout("NHWC"), (6, 11), windows, 1003, None)
    x, w, bias = (rng.normal(size=shape).astype("float32") for shape in ((2, 6, 11, 1003), (size, size, 1, 1003), 1003))
    case = (x, w, bias, None, geometry, 0.0, 6.0)
    np.testing.assert_allclose(computed(*case), reference(*case), atol=1e-5)


HARD_SWISH = (0.0, 6.0, 3.0, 1 / 6, True)


def test_gates_are_what_they_are_defined_as(instructions, drawn):
    for seed in range(8):
        case = drawn(seed)
        terms = case[1][..., 0].size
        np.testing.assert_allclose(
            computed(*case, *HARD_SWISH), reference(*case, *HARD_SWISH), atol=1e-6 * terms + 1e-5, rtol=1e-5
        )
    np.testing.assert_allclose(computed(*case, 0.0, 6.0, 3.0, 1 / 6), reference(*case, 0.0, 6.0, 3.0, 1 / 6), atol=1e-4)


@pytest.mark.parametrize("shape", [(1, 1, 1, 5), (3, 7, 5, 40), (2, 40, 30, 17)])
def test_excitations_are_factors_of_pixels(instructions, shape):
    rng = np.random.default_rng(0)
    images, _, _, channels = shape
    x, excitation = rng.normal(size=shape).astype("float32"), rng.normal(size=(images, channels)).astype("float32")
    w, bias = rng.normal(size=(1, 1, channels, 37)).astype("float32"), rng.normal(size=37).astype("float32")
    geometry = Geometry(Layout("NHWC"), shape[1:3], Windows((1, 1), (1, 1), (1, 1), ((0, 0), (0, 0))), 1, None)
    shortcut = rng.normal(size=(*shape[:3], 37)).astype("float32")
    for more in (None, shortcut):
        exact = reference(x * excitation[:, None, None], w, bias, more, geometry, -2.0, 3.0)
        found = computed(x, w, bias, more, geometry, -2.0, 3.0, excitation=jnp.asarray(excitation))
        np.testing.assert_allclose(found, exact, atol=2e-5)


@pytest.mark.parametrize("shape", [(1, 1, 1, 3), (1, 13, 9, 100), (3, 30, 40, 64)])
def test_sums_over_pixels(instructions, shape):
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    exact = x.sum((1, 2), dtype="float64")
    np.testing.assert_allclose(native.sum_of_pixels(jnp.asarray(x)), exact, atol=1e-4)
    assert native.sum_of_pixels(jnp.ones((2, 0, 3, 5))).sum() == 0


def test_large_maps_go_to_several_threads(library):
    geometry = Geometry(Layout("NHWC"), (61, 67), Windows((3, 3), (1, 1), (1, 1), ((1, 1), (1, 1))), 1, None)
    rng = np.random.default_rng(0)
    x, w = (rng.normal(size=shape).astype("float32") for shape in ((3, 61, 67, 33), (3, 3, 33, 70)))
    case = (x, w, np.zeros(70, "float32"), None, geometry, -np.inf, np.inf)
    for _ in range(20):
        np.testing.assert_allclose(computed(*case), reference(*case), atol=1e-4)


def test_a_nan_stays_one_where_its_pixel_is_seen(instructions):
    geometry = Geometry(Layout("NHWC"), (5, 5), Windows((3, 3), (1, 1), (1, 1), ((1, 1), (1, 1))), 1, None)
    x = np.zeros((1, 5, 5, 2), "float32")
    x[0, 0, 0, 0] = np.nan
    found = computed(x, np.ones((3, 3, 2, 20), "float32"), np.zeros(20, "float32"), None, geometry, 0.0, 6.0)
    assert np.isnan(found[0, :2, :2]).all()
    assert np.isfinite(found[0, 2:]).all() and np.isfinite(found[0, :, 2:]).all()


def net(x, is_training=False):
    """A stem, a bottleneck with a shortcut, and what comes before, between and after that does not fit in."""
    with slim.arg_scope([slim.batch_norm], is_training=is_training):
        x = slim.conv2d(jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))), 16, 3, stride=2, padding="VALID",
                        normalizer_fn=slim.batch_norm)  # fmt: skip
        y = slim.conv2d(x, 24, 1, activation_fn=jax.nn.relu6, normalizer_fn=slim.batch_norm)
        y = slim.separable_conv2d(y, None, 3, 1, activation_fn=jax.nn.relu6, normalizer_fn=slim.batch_norm)
        y = slim.conv2d(y, 16, 1, activation_fn=None, normalizer_fn=slim.batch_norm)
        x = jax.nn.relu(x + y)
        x = jax.nn.sigmoid(slim.conv2d(x, 8, [1, 3], activation_fn=None)) + slim.conv2d(x, 8, 1, activation_fn=jnp.tanh)
    return slim.fully_connected(x.mean((1, 2)), 5, activation_fn=None)


def test_a_predictor_with_native_kernels_computes_what_the_model_does(library, monkeypatch):
    model = slim.Model(net)
    images = np.random.default_rng(1).normal(size=(3, 17, 15, 3)).astype("float32")
    variables = model.init(jax.random.key(0), images)
    asked = []
    monkeypatch.setattr(
        fusing, "fused_convolution", lambda *a, **k: asked.append(k) or native.fused_convolution(*a, **k)
    )
    predict = slim.predictor(model, variables)
    expected = functools.partial(model.apply, variables)
    np.testing.assert_allclose(predict(images), expected(images), rtol=1e-5, atol=1e-5)
    assert len(asked) == 7  # traced once, for what is prepared and to be compiled
    assert {k["activation"][:2] for k in asked} == {(0.0, np.inf), (0.0, 6.0), (-np.inf, np.inf)}
    # Batches and images of other sizes.
    np.testing.assert_allclose(predict(images[:1]), expected(images[:1]), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(predict(images[:, :9]), expected(images[:, :9]), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("rows", "columns", "native_one"), [(3136, 1024, True), (25088, 4096, False), (0, 5, False)])
def test_matrices_that_caches_have_are_multiplied_by_native_kernels(rows, columns, native_one):
    geometry = Geometry(Layout("NHWC"), (1, 1), Windows((1, 1), (1, 1), (1, 1), ((0, 0), (0, 0))), 1, None)
    assert fusing.native_is_faster((8, rows), (rows, columns), geometry) == native_one


def excited(x, is_training=False):
    """What MobileNet-v3 has between two projections."""
    x = slim.conv2d(x, 20, 1, activation_fn=jax.nn.hard_swish)
    x = slim.separable_conv2d(x, None, 3, 1, activation_fn=jax.nn.hard_swish)
    gate = slim.conv2d(x.mean((1, 2), keepdims=True), 8, 1)
    x = x * slim.conv2d(gate, 20, 1, activation_fn=jax.nn.hard_sigmoid)
    return slim.conv2d(x, 30, 1, activation_fn=None).mean((1, 2))


def test_squeeze_and_excitation_leaves_no_pass_over_maps(library):
    model = slim.Model(excited)
    images = np.random.default_rng(1).normal(size=(5, 9, 7, 6)).astype("float32")
    variables = model.init(jax.random.key(0), images)
    predict = slim.predictor(model, variables)
    np.testing.assert_allclose(predict(images), model.apply(variables, images), rtol=1e-5, atol=1e-5)
    ((compiled, arrays),) = predict._compiled.values()
    text = compiled.lower(arrays, images).as_text()
    assert "jax_slim_sum_pixels" in text
    assert not re.search(r"stablehlo\.(multiply|add|maximum|clamp).*x9x7x", text)


@pytest.mark.parametrize("filters", [1, 16, 17, 32, 33, 49, 70])
def test_panels_give_the_weights_back(instructions, filters):
    weights = np.random.default_rng(0).normal(size=(2, 3, 5, filters)).astype("float32")
    arranged = native.panels(jnp.asarray(weights))
    np.testing.assert_array_equal(native.out_of_panels(arranged, weights.shape), weights)


def test_arranged_weights_are_the_only_copy(library):
    model = slim.Model(net)
    images = np.ones((1, 16, 16, 3), "float32")
    variables = model.init(jax.random.key(0), images)
    predict = slim.predictor(model, variables)
    first = predict(images)
    _, prepared = slim.fold_batch_norm(model, variables, images, is_training=False)
    kept = predict._variables
    assert not set(kept._whole) & set(kept._panels) and len(kept._panels) == 6  # all but the depthwise one
    assert set(predict.variables) == set(prepared)
    for name, array in prepared.items():
        np.testing.assert_array_equal(predict.variables[name], array, err_msg=name)
    predict(images[:, :9])  # of other programs, the same
    (_, one), (_, other) = predict._compiled.values()
    assert all(one[name] is other[name] for name in one)
    np.testing.assert_array_equal(predict(images), first)


def test_lax_forms_have_no_native_kernels(library):
    assert fusing.worth_fusing()
    with slim.kernel_forms("lax"):
        assert not fusing.worth_fusing()


def test_weights_of_another_length_are_refused(library):
    geometry = Geometry(Layout("NHWC"), (4, 4), Windows((1, 1), (1, 1), (1, 1), ((0, 0), (0, 0))), 1, None)
    with pytest.raises(jax.errors.JaxRuntimeError, match="weights"):
        native.fused_convolution(jnp.ones((1, 4, 4, 3)), jnp.ones(7), jnp.ones(5), geometry=geometry)


def test_a_copy_in_another_folder_is_the_library_that_was_loaded_before(library, tmp_path, monkeypatch):
    loaded = building.library_path().read_bytes()
    monkeypatch.setenv("JAX_SLIM_CACHE", str(tmp_path))
    building.library.cache_clear()
    building.library_path().parent.mkdir()
    building.library_path().write_bytes(loaded)
    assert native.library() is library
    building.library.cache_clear()
