"""Compiled programs as bytes, and back."""

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.kernels.stored_programs import loaded, storable, stored

X = np.random.default_rng(0).normal(size=(7, 9)).astype(np.float32)


def program(variables, x):
    return {"sum": jnp.tanh(x @ variables["w"]).sum(0) * 3 + 1}


def test_a_program_comes_back_though_the_cache_has_it():
    variables = {"w": X.T.copy()}
    lowered = jax.jit(program).lower(variables, X)
    wanted = lowered.compile()(variables, X)  # puts it into JAX's cache
    jax.clear_caches()
    with storable():
        data = stored(jax.jit(program).lower(variables, X).compile())
    assert jax.config.jax_enable_compilation_cache
    np.testing.assert_array_equal(loaded(data)(variables, X)["sum"], wanted["sum"])
