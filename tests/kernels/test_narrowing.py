"""Arrays at half width: what waits for the gradient is narrow in the compiled program too, and all else is exact."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim
from jax_slim import kernels
from jax_slim.kernels.narrowing import Narrow, always
from jax_slim.kernels.recomputing import recomputed

INPUTS = jax.random.normal(jax.random.key(0), (256, 64))
WEIGHTS = [jax.random.normal(jax.random.key(i), (64, 64)) * 0.2 for i in range(1, 9)]
BIASES = np.random.default_rng(0).normal(size=(8, 64)).astype(np.float32) * 0.1


def net(inputs, weights):
    for kernel, bias in zip(weights, BIASES, strict=True):
        inputs = jax.nn.relu(kernels.dense(inputs, kernel) + jnp.asarray(bias))
    return inputs


def loss(weights, inputs, again, dtype):
    closed = jax.make_jaxpr(lambda inputs: net(inputs, weights))(inputs)
    return jnp.sum(recomputed(closed, again, dtype)(inputs)[0] ** 2)


def gradients(again, dtype):
    return slim.jit(jax.value_and_grad(lambda *arrays: loss(*arrays, again, dtype))).lower(WEIGHTS, INPUTS).compile()


@pytest.fixture(scope="module")
def compiled():
    return {dtype: gradients("nothing", dtype) for dtype in (None, "bfloat16")}


def test_gradients_are_those_of_rounded_arrays_and_masks_as_they_were(compiled):
    # In float64, whose masks are the same but for values next to 0, which do not show.
    arrays = [np.asarray(INPUTS, np.float64)]
    for kernel, bias in zip(WEIGHTS, BIASES, strict=True):
        arrays.append(np.maximum(arrays[-1] @ np.asarray(kernel, np.float64) + bias, 0))
    rounded = [np.asarray(jnp.asarray(a, jnp.float32).astype(jnp.bfloat16), np.float64) for a in arrays]
    cotangent = 2 * arrays[-1]
    wanted = []
    for index in reversed(range(len(WEIGHTS))):
        cotangent = cotangent * (arrays[index + 1] > 0)
        wanted.insert(0, rounded[index].T @ cotangent)
        cotangent = cotangent @ np.asarray(WEIGHTS[index], np.float64).T
    value, found = compiled["bfloat16"](WEIGHTS, INPUTS)
    same, exact = compiled[None](WEIGHTS, INPUTS)
    np.testing.assert_allclose(value, same, rtol=1e-5)
    for one, other, plain in zip(found, wanted, exact, strict=True):
        scale = np.abs(other).max()
        np.testing.assert_allclose(one, other, atol=1e-4 * scale)
        assert 1e-5 * scale < np.abs(plain - other).max() < 0.01 * scale


def test_what_waits_is_narrow_in_the_compiled_program_too(compiled):
    sizes = {dtype: program.memory_analysis().temp_size_in_bytes for dtype, program in compiled.items()}
    # Of seven arrays half, less the masks' bits; a few at full width are there at a time.
    assert sizes[None] - sizes["bfloat16"] > 1.5 * INPUTS.nbytes


@pytest.mark.parametrize("again", ["all", "cheap"])
def test_what_is_computed_again_begins_with_narrow_arrays(again):
    def kept(dtype):
        _, pull = jax.vjp(lambda weights: loss(weights, INPUTS, again, dtype), WEIGHTS)
        return sum(leaf.nbytes for leaf in jax.tree.leaves(pull) if leaf.shape == INPUTS.shape)

    wide, narrow = kept(None), kept("bfloat16")
    # The loss keeps the result by itself, the whole width.
    assert wide - narrow == (wide - INPUTS.nbytes) / 2 > 0


@pytest.mark.parametrize("shape", [(64, 64), (64, 67)])
def test_truths_are_bits(shape):
    truths = jax.random.uniform(jax.random.key(0), shape) < 0.3
    how = Narrow(truths, jnp.bfloat16)
    for narrow in (how.narrowed(truths, always([INPUTS])), how.narrowed(truths, None)):
        assert narrow.nbytes == (truths.size // 8 if shape[-1] % 8 == 0 else truths.size)
        np.testing.assert_array_equal(how.widened(narrow), truths)


def test_small_arrays_vectors_integers_and_what_is_no_wider_stay():
    for array in (
        jnp.ones((8, 64)),
        jnp.ones((1, 9000)),
        jnp.ones((64, 64), jnp.int32),
        jnp.ones((64, 64), jnp.float16),
    ):
        assert Narrow(array, jnp.bfloat16).narrowed(array, None) is array
    array = jnp.ones((64, 64))
    assert Narrow(array, jnp.float32).narrowed(array, None) is array


def test_constants_do_not_wait():
    def kept(dtype):
        _, pull = jax.vjp(lambda weights: loss(weights, INPUTS, "nothing", dtype), WEIGHTS)
        return sum(leaf.dtype == jnp.bfloat16 for leaf in jax.tree.leaves(pull))

    # The inputs and seven activations, but not the zeros that each activation's mask chooses.
    assert kept(jnp.bfloat16) == 8


def test_the_condition_is_on_what_the_compiler_does_not_know():
    number = np.full((1, 1), 25, np.float32)  # as average pooling divides by
    made = jax.make_jaxpr(lambda x: always([number, x]))(np.ones((2, 3), np.float32)).jaxpr
    assert made.eqns[0].invars == made.invars


def test_nan_and_infinity_are_kept():
    array = INPUTS.at[0, 0].set(jnp.nan).at[0, 1].set(jnp.inf)
    how = Narrow(array, jnp.bfloat16)
    narrow = how.narrowed(array, always([array]))  # a condition on the NaN itself
    np.testing.assert_array_equal(how.widened(narrow), array.astype(jnp.bfloat16).astype(jnp.float32))


def test_it_has_second_derivatives_and_can_be_mapped():
    def of_one(inputs):
        closed = jax.make_jaxpr(lambda inputs: jnp.sin(inputs) * inputs)(inputs)
        return jnp.sum(recomputed(closed, "nothing", jnp.bfloat16)(inputs)[0])

    inputs = INPUTS[None, :, :]
    second = jax.jacfwd(lambda scale: jax.vmap(jax.grad(of_one))(inputs * scale))(1.0)
    wanted = jax.jacfwd(lambda scale: jax.grad(lambda x: jnp.sum(jnp.sin(x) * x))(inputs * scale))(1.0)
    np.testing.assert_allclose(second, wanted, atol=0.05)
