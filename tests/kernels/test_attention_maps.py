"""The products of attention: what they mean, and their derivatives in every mode and order."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim
from jax_slim import kernels
from jax_slim.kernels import attention_maps

_RNG = np.random.default_rng(0)
QUERIES = _RNG.normal(size=(2, 3, 4, 5)).astype(np.float32)  # [N, T, heads, D]
KEYS = _RNG.normal(size=(2, 7, 4, 5)).astype(np.float32)  # [N, S, heads, D]
VALUES = _RNG.normal(size=(2, 7, 4, 5)).astype(np.float32)


def attention(queries, keys, values):
    weights = jax.nn.softmax(kernels.scores(queries, keys))
    return jnp.sum(jnp.sin(kernels.mixture(weights, values)))


def test_scores_and_mixtures():
    scores = np.einsum("nthd,nshd->nhts", *(array.astype(np.float64) for array in (QUERIES, KEYS)))
    np.testing.assert_allclose(jax.jit(kernels.scores)(QUERIES, KEYS), scores, rtol=1e-5, atol=1e-5)
    mixed = np.einsum("nhts,nshd->nthd", scores, VALUES.astype(np.float64))
    found = jax.jit(kernels.mixture)(scores.astype(np.float32), VALUES)
    np.testing.assert_allclose(found, mixed, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("name", ["_scores", "_mixture", "_sum"])
def test_gradients_are_those_of_the_definition_in_float64(name):
    with jax.enable_x64(True):
        found = getattr(attention_maps, name)
        queries, keys = QUERIES.astype(np.float64), KEYS.astype(np.float64)
        weights = np.asarray(np.einsum("nthd,nshd->nhts", queries, keys))
        arrays = {"_scores": (queries, keys), "_mixture": (weights, keys), "_sum": (weights, queries)}[name]

        def gradients(function):
            return jax.jit(jax.grad(lambda x, y: jnp.sum(jnp.sin(function(x, y, precision=None))), (0, 1)))(*arrays)

        for a, b in zip(gradients(found), gradients(found.plain), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def everything(*arrays):
    gradient = jax.grad(attention, (0, 1, 2))

    def slope(*arrays):
        return sum(jnp.vdot(a, b) for a, b in zip(gradient(*arrays), arrays, strict=True))

    twice = [jnp.stack([array, 2 * array]) for array in arrays]
    return {
        "forward over reverse": jax.jvp(gradient, arrays, arrays),
        "reverse over reverse": jax.grad(slope, (0, 1, 2))(*arrays),
        "of each": jax.vmap(gradient)(*twice),
        "of some": jax.vmap(gradient, (0, None, 0))(twice[0], arrays[1], twice[2]),
        "checkpointed": jax.grad(jax.checkpoint(attention), (0, 1, 2))(*arrays),
    }


def test_every_transformation_gives_the_numbers_of_the_plain_form():
    with slim.kernel_forms("lax"):
        wanted = jax.jit(everything)(QUERIES, KEYS, VALUES)
    found = slim.jit(everything)(QUERIES, KEYS, VALUES)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-4), found, wanted)


def test_no_matrix_of_a_head_is_turned_around():
    lowered = jax.jit(jax.grad(attention, (0, 1, 2))).lower(QUERIES, KEYS, VALUES).as_text()
    turned = [line.partition("dims = ")[2][:12] for line in lowered.splitlines() if "stablehlo.transpose" in line]
    assert turned
    assert set(turned) == {"[0, 2, 1, 3]"}
