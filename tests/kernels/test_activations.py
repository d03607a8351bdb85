"""`gelu` and `swish` against their definitions in float64, in every mode and order of differentiation."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special

import jax_slim as slim
from jax_slim.kernels.activations import swish

X = np.concatenate([np.linspace(-9, 9, 1001), [-30.0, 0.0, 30.0]]).astype(np.float32).astype(np.float64)


def definition_of_gelu(order):
    """The values, the slopes and two more derivatives, in float64."""
    bell = np.exp(-0.5 * X**2) / np.sqrt(2 * np.pi)
    below = scipy.special.ndtr(X)
    return (X * below, below + X * bell, (2 - X**2) * bell, (X**3 - 4 * X) * bell)[order]


def definition_of_swish(order):
    """The same of x s(x): (x s)^(n) = x s^(n) + n s^(n - 1)."""
    part = scipy.special.expit(X)
    first = part * (1 - part)
    second = first * (1 - 2 * part)
    parts = (part, first, second, first * (1 - 6 * first))
    return X * parts[order] + order * parts[order - 1]


BOTH = pytest.mark.parametrize(
    ("activation", "plain", "definition"),
    [
        (slim.gelu, lambda x: jax.nn.gelu(x, approximate=False), definition_of_gelu),
        (swish, jax.nn.swish, definition_of_swish),
    ],
    ids=["gelu", "swish"],
)


def derivative(function, order):
    for _ in range(order):
        function = jax.grad(function)
    return function


@BOTH
@pytest.mark.parametrize("order", range(4))
def test_values_and_derivatives_are_those_of_the_definition(activation, plain, definition, order):
    found = slim.jit(jax.vmap(derivative(activation, order)))(X.astype(np.float32))
    np.testing.assert_allclose(found, definition(order), rtol=2e-6, atol=3e-6)


def test_small_values_of_large_negative_numbers_are_exact_relative_to_themselves():
    found = np.asarray(jax.jit(slim.gelu)(X.astype(np.float32)), np.float64)
    near = np.abs(X) <= 9
    np.testing.assert_allclose(
        found[near], definition_of_gelu(0)[near], rtol=1e-5
    )  # half of x^2 = 81 is rounded before its exponential
    np.testing.assert_array_equal(found[-3:], [0, 0, 30])


@BOTH
def test_it_is_jax_s_function_where_its_own_operations_are_asked_for(activation, plain, definition):
    with slim.kernel_forms("lax"):
        found = jax.jit(activation)(X.astype(np.float32))
    np.testing.assert_array_equal(found, jax.jit(plain)(X.astype(np.float32)))


def everything(activation, x):
    def total(x):
        return jnp.sum(jnp.sin(activation(x)))

    slope = jax.grad(total)
    return {
        "gradient": slope(x),
        "forward": jax.jvp(total, (x,), (x,)),
        "forward over reverse": jax.jvp(slope, (x,), (x,)),
        "reverse over forward": jax.grad(lambda x: jax.jvp(total, (x,), (jnp.cos(x),))[1])(x),
        "of each": jax.vmap(slope)(jnp.stack([x, 2 * x])),
        "of each direction": jax.vmap(lambda moved: jax.jvp(activation, (x,), (moved,))[1])(jnp.stack([x, 2 * x])),
        "checkpointed": jax.grad(jax.checkpoint(total))(x),
    }


@BOTH
def test_every_transformation_gives_the_numbers_of_jax_s_own(activation, plain, definition):
    of_activation = functools.partial(everything, activation)
    x = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32) * 2
    with slim.kernel_forms("lax"):
        wanted = jax.jit(of_activation)(x)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5), slim.jit(of_activation)(x), wanted
    )


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
def test_narrow_numbers_are_computed_in_float32(dtype):
    x = X[:-3].astype(dtype)
    value, slope = jax.jit(jax.vmap(jax.value_and_grad(slim.gelu)))(x)
    assert value.dtype == slope.dtype == dtype
    wide = np.asarray(x, np.float64)
    wanted = wide * scipy.special.ndtr(wide)
    near = np.abs(wanted) > 1e-4  # below, float16 has no more digits
    np.testing.assert_allclose(np.asarray(value, np.float64)[near], wanted[near], rtol=float(jnp.finfo(dtype).eps))


def test_float64_stays_float64():
    with jax.enable_x64(True):
        found = jax.jit(jax.vmap(derivative(slim.gelu, 1)))(jnp.asarray(X))
        assert found.dtype == jnp.float64
        np.testing.assert_allclose(found, definition_of_gelu(1), rtol=1e-12, atol=1e-14)


@BOTH
def test_nothing_but_the_inputs_waits_for_the_gradient(activation, plain, definition):
    def loss(weights, x):
        for matrix in weights:
            x = activation(x @ matrix)
        return jnp.sum(x)

    weights, x = [jax.ShapeDtypeStruct((64, 64), jnp.float32)] * 6, jax.ShapeDtypeStruct((512, 64), jnp.float32)

    def temporary():
        return slim.jit(jax.grad(loss)).lower(weights, x).compile().memory_analysis().temp_size_in_bytes

    one, found = 512 * 64 * 4, temporary()
    with slim.kernel_forms("lax"):
        assert found <= temporary() - 4 * one


@pytest.mark.parametrize(("name", "activation"), [("gelu", slim.gelu), ("swish", swish)])
def test_other_numbers_than_floats_are_refused(name, activation):
    with pytest.raises(TypeError, match=f"{name}: inputs must be floats, got int32"):
        activation(np.arange(3, dtype=np.int32))
