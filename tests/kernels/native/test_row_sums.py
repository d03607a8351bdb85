"""Sums for batch norm by native kernels: against float64, in hard cases, and where programs get them."""

import shutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh, PartitionSpec

import jax_slim as slim
from jax_slim.kernels.native import row_sums

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not any(map(shutil.which, ("c++", "g++", "clang++"))), reason="there is no C++ compiler"),
]
SHAPES = [(1, 1), (7, 3), (5, 2, 16), (2, 30, 31, 64), (3, 11, 13, 150), (700, 1003), (40000, 5)]


@pytest.fixture(params=["avx512", "avx2", "plain"])
def instructions(request, library):
    best = library.jax_slim_training_instructions()
    if not library.jax_slim_choose_training(request.param.encode()):
        pytest.skip(f"no {request.param} here")
    yield
    assert library.jax_slim_choose_training(best)


@pytest.mark.parametrize("shape", SHAPES)
def test_moments_equal_float64(instructions, shape):
    x = (np.random.default_rng(0).normal(size=shape) * 3 + 2).astype("float32")
    axes = tuple(range(len(shape) - 1))
    mean, variance = np.asarray(row_sums.moments(x))
    np.testing.assert_allclose(mean, x.mean(axes, dtype="float64"), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(variance, x.astype("float64").var(axes), rtol=2e-6, atol=1e-12)


def test_variance_beside_a_large_mean_and_of_equal_numbers(instructions):
    x = (np.random.default_rng(0).normal(size=(5000, 20)) + 1e4).astype("float32")
    np.testing.assert_allclose(row_sums.moments(x)[1], x.astype("float64").var(0), rtol=1e-5)
    assert 0 <= float(row_sums.moments(np.full((1001, 1), 0.1, "float32"))[1, 0]) < 1e-12


@pytest.mark.parametrize("limits", [None, (0.0, np.inf), (0.0, 1.0)])
@pytest.mark.parametrize("shape", SHAPES)
def test_sums_of_gradients_equal_float64(instructions, shape, limits):
    rng = np.random.default_rng(0)
    # In eighths, so that which numbers are between the limits does not depend on rounding, and many lie at them.
    x, mean = (rng.integers(-16, 17, size).astype("float32") / 8 for size in (shape, shape[-1]))
    slope, shift = rng.integers(1, 3, shape[-1]).astype("float32"), rng.integers(-4, 5, shape[-1]).astype("float32") / 4
    g = rng.normal(size=shape).astype("float32")
    line = (x - mean) * slope + shift
    passed = g.astype("float64") if limits is None else np.where((line > limits[0]) & (line < limits[1]), g, 0.0)
    axes = tuple(range(len(shape) - 1))
    exact = [passed.sum(axes), (passed * (x - mean)).sum(axes)]
    found = row_sums.gated_sums(g, x, mean, slope, shift, limits)
    np.testing.assert_allclose(found, exact, atol=2e-6 * np.abs(g).sum(axes).max() + 1e-6)


def test_they_are_the_same_bits_whoever_computes(library):
    x = np.random.default_rng(0).normal(size=(8, 40, 41, 96)).astype("float32")
    ones = np.ones(96, "float32")
    moments, sums = row_sums.moments(x), row_sums.gated_sums(x, x, ones, ones, ones, (0.0, 6.0))
    for _ in range(20):
        np.testing.assert_array_equal(row_sums.moments(x), moments)
        np.testing.assert_array_equal(row_sums.gated_sums(x, x, ones, ones, ones, (0.0, 6.0)), sums)


def net(images, activation_fn=jax.nn.relu6):
    norm = {"normalizer_fn": slim.batch_norm, "normalizer_params": {"is_training": True, "scale": True}}
    images = slim.conv2d(images, 20, 3, activation_fn=activation_fn, scope="a", **norm)
    return slim.conv2d(images, 7, 1, activation_fn=None, scope="b", **norm)


def loss(variables, images, activation_fn=jax.nn.relu6):
    outputs, found = slim.Model(net).collect(variables, images, activation_fn)
    return jnp.sum(jnp.sin(2 * outputs) * jnp.arange(7.0)), found.updates


GRADIENTS = jax.value_and_grad(loss, (0, 1), has_aux=True)


@pytest.fixture(scope="module")
def given():
    rng = np.random.default_rng(0)
    images = (rng.normal(size=(4, 9, 11, 3)) * 2 + 1).astype("float32")
    shapes = jax.eval_shape(slim.Model(net).init, jax.random.key(0), images)
    return jax.tree.map(lambda leaf: rng.uniform(0.2, 1, leaf.shape).astype(leaf.dtype), shapes), images


def close(found, plain):
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(plain), strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=2e-4 * (1 + np.abs(other).max()))


@pytest.mark.parametrize("activation_fn", [None, jax.nn.relu, jax.nn.relu6, jax.nn.swish])
def test_a_step_computes_the_same_with_one_pass_for_moments_and_one_for_the_gradient(library, given, activation_fn):
    step = slim.jit(GRADIENTS, static_argnums=2)
    compiled = step.lower(*given, activation_fn).compile()
    calls = [compiled.as_text().count(f'custom_call_target="jax_slim_{name}"') for name in ("moments", "gated_sums")]
    assert calls == [2, 2]
    with slim.kernel_forms("lax"):
        plain = jax.jit(GRADIENTS, static_argnums=2)(*given, activation_fn)
    close(compiled(*given), plain)


def test_only_programs_of_slim_jit_for_one_device_take_them(library, given):
    assert "jax_slim_" in slim.jit(GRADIENTS).lower(*given).as_text()
    assert "jax_slim_" not in jax.jit(GRADIENTS).lower(*given).as_text()
    assert "jax_slim_" not in jax.export.export(slim.jit(GRADIENTS))(*given).mlir_module()
    with slim.kernel_forms("lax"):
        assert "jax_slim_" not in slim.jit(GRADIENTS).lower(*given).as_text()
    mesh = Mesh(jax.devices()[:1], "x")
    both = jax.shard_map(
        lambda variables, images: jax.grad(lambda x: loss(variables, x)[0])(images),
        mesh=mesh, in_specs=(None, PartitionSpec("x")), out_specs=PartitionSpec("x"),
    )  # fmt: skip
    close(slim.jit(both)(*given), jax.jit(GRADIENTS)(*given)[1][1])


def test_transformed_they_compute_the_same(library, given):
    variables, images = given
    many = np.stack([images, 2 * images[::-1]])

    def gradient(images):
        return jax.grad(lambda images: loss(variables, images)[0])(images)

    def curved(images):
        return jax.grad(lambda images: jnp.sum(jnp.square(gradient(images))))(images)

    def forward(images):
        return jax.jvp(lambda images: loss(variables, images)[0], (images,), (images[::-1],))

    for function, argument in ((jax.vmap(gradient), many), (curved, images), (forward, images)):
        close(slim.jit(function)(argument), jax.jit(function)(argument))
