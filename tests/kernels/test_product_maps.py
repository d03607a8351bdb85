"""Products whose two gradients come together: the same numbers under every transformation, and nothing piles up."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim
from jax_slim import kernels

X = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
W = np.random.default_rng(1).normal(size=(6, 6)).astype(np.float32)


def loss(x, w):
    return jnp.sum(jnp.sin(kernels.dense(jnp.cos(kernels.dense(x, w)), w)))


def everything(x, w):
    gradient = jax.grad(loss, (0, 1))

    def slope(x, w):
        return sum(jnp.vdot(a, b) for a, b in zip(gradient(x, w), (X, W), strict=True))

    return {
        "gradients": gradient(x, w),
        "by one": (jax.grad(loss)(x, w), jax.grad(loss, 1)(x, w)),
        "forward": jax.jvp(loss, (x, w), (x, w)),
        "forward over reverse": jax.jvp(gradient, (x, w), (x, w)),
        "reverse over reverse": jax.grad(slope, (0, 1))(x, w),
        "reverse over forward": jax.grad(lambda x, w: jax.jvp(loss, (x, w), (X, W))[1], (0, 1))(x, w),
        "of each": jax.vmap(gradient, (0, None))(jnp.stack([x, 2 * x]), w),
        "of each pair": jax.vmap(gradient)(jnp.stack([x, 2 * x]), jnp.stack([w, -w])),
        "forward of each": jax.vmap(lambda x: jax.jvp(loss, (x, w), (x, w)))(jnp.stack([x, 2 * x])),
        "checkpointed": jax.grad(jax.checkpoint(loss), (0, 1))(x, w),
    }


def test_every_transformation_gives_the_numbers_of_the_plain_form():
    with slim.kernel_forms("lax"):
        wanted = jax.jit(everything)(X, W)
    found = slim.jit(everything)(X, W)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-4), found, wanted)


def deep(weights, inputs):
    for kernel in weights:
        inputs = jnp.tanh(kernels.convolution(inputs, kernel))
    return jnp.mean(jnp.square(inputs))


@pytest.fixture(scope="module")
def inputs():
    return jax.ShapeDtypeStruct((2, 16, 16, 32), jnp.float32)


def test_gradients_of_weights_are_not_put_off(inputs):
    weights = [jax.ShapeDtypeStruct((1, 1, 32, 32), jnp.float32)] * 8
    lowered = slim.jit(jax.grad(deep)).lower(weights, inputs)
    bytes_of_one = 4 * inputs.size
    # Eight results of activations are kept; were the gradients of weights put off, eight more arrays would lie there.
    assert lowered.compile().memory_analysis().temp_size_in_bytes < 12 * bytes_of_one


def test_the_order_is_for_programs_of_one_cpu_alone():
    def texts(jit):
        return str(jit(jax.grad(loss, (0, 1))).trace(X, W).jaxpr)

    assert "slim_after" in texts(slim.jit)
    assert "slim_after" not in texts(jax.jit)
    for platform in ("cuda", "tpu"):
        exported = slim.jit(jax.grad(loss, (0, 1))).trace(X, W).lower(lowering_platforms=(platform,)).as_text()
        assert "select" not in exported
