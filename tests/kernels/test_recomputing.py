"""Values that are computed again: in the compiled program on a CPU too, where few bytes then lie there at a time."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim
from jax_slim.kernels.program_parts import by_scopes, by_size, run_parts
from jax_slim.kernels.recomputing import recomputed

INPUTS = jax.random.normal(jax.random.key(0), (512, 32))
WEIGHTS = [jax.random.normal(jax.random.key(i), (32, 32)) * 0.3 for i in range(12)]


def net(inputs, weights):
    for index, kernel in enumerate(weights):
        with jax.named_scope(f"unit_{index // 3}"):
            inputs = inputs @ kernel
            inputs = inputs / (1 + jnp.abs(inputs))
    return inputs


def loss(inputs, weights, how):
    closed = jax.make_jaxpr(lambda inputs: net(inputs, weights))(inputs)
    if how == "kept":
        results = run_parts(closed, by_size(closed), [inputs], lambda part: jax.extend.core.jaxpr_as_fun(part))
    elif how == "blocks":
        results = run_parts(closed, by_scopes(closed, r"unit_\d"), [inputs], recomputed)
    else:
        results = recomputed(closed, "cheap" if how == "cheap" else "all")(inputs)
    return jnp.sum(jnp.square(results[0]))


@pytest.fixture(scope="module")
def compiled():
    def one(how):
        gradient = jax.grad(lambda inputs, weights: loss(inputs, weights, how), 1)
        return slim.jit(gradient).lower(INPUTS, WEIGHTS).compile()

    return {how: one(how) for how in ("kept", "blocks", "cheap")}


def test_gradients_are_the_same(compiled):
    wanted = compiled["kept"](INPUTS, WEIGHTS)
    for how in ("blocks", "cheap"):
        found = compiled[how](INPUTS, WEIGHTS)
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), found, wanted)


def products(program):
    return program.as_text().count(" dot(")


def test_the_compiler_does_not_find_what_is_computed_again(compiled):
    # Of four blocks of three, the last product of each may be needed by nothing that its own block computes again.
    assert products(compiled["kept"]) == products(compiled["cheap"])
    assert products(compiled["blocks"]) >= products(compiled["kept"]) + 8
    bytes_at_a_time = {how: program.memory_analysis().temp_size_in_bytes for how, program in compiled.items()}
    assert bytes_at_a_time["blocks"] < bytes_at_a_time["kept"] - 3 * INPUTS.nbytes
    assert bytes_at_a_time["cheap"] < bytes_at_a_time["kept"]


def test_nothing_but_its_inputs_and_what_is_dear_is_kept():
    def kept(how):
        _, pull = jax.vjp(lambda inputs: loss(inputs, WEIGHTS, how), INPUTS)
        return sum(leaf.size == INPUTS.size for leaf in jax.tree.leaves(pull))

    assert kept("all") == 2  # the inputs, and the result of which the loss is made
    assert kept("blocks") == 5
    assert kept("cheap") == 13  # the results of twelve products: only a gradient of weights needs the inputs


def test_parts_are_cut_where_few_bytes_go_on():
    def wide_and_narrow(x):
        for _ in range(4):
            wide = jnp.concatenate([x, x + 1, x * 2], 1)
            x = jnp.sum(jnp.sin(wide) * jnp.cos(wide), 1, keepdims=True)
        return x

    closed = jax.make_jaxpr(wide_and_narrow)(jnp.ones((100, 1)))
    parts = by_size(closed)
    assert len(parts) > 1 and [part.start for part in parts[1:]] == [part.stop for part in parts[:-1]]
    assert (parts[0].start, parts[-1].stop) == (0, len(closed.jaxpr.eqns))
    for part in parts[1:]:
        before = closed.jaxpr.eqns[: part.start]
        made = {id(variable): variable.aval.size for equation in before for variable in equation.outvars}
        later = {id(v) for equation in closed.jaxpr.eqns[part.start :] for v in equation.invars}
        assert sum(size for key, size in made.items() if key in later) == 100


def test_parts_by_scopes_have_what_is_between_them():
    closed = jax.make_jaxpr(lambda inputs: jnp.sin(net(inputs, WEIGHTS)))(INPUTS)
    parts = by_scopes(closed, r"unit_\d")
    assert [part.chosen for part in parts] == [True, True, True, True, False]
    assert parts[-1].stop - parts[-1].start == 1


def test_integers_keys_and_unused_results_pass_through():
    def function(x, index, key):
        noise = jax.random.normal(key, x.shape)
        return x * noise + index, index + 1, jnp.sin(x)

    arguments = (jnp.ones(3), jnp.asarray(2), jax.random.key(1))
    closed = jax.make_jaxpr(function)(*arguments)
    found = jax.grad(lambda x: jnp.sum(recomputed(closed)(x, *arguments[1:])[0]))(arguments[0])
    np.testing.assert_allclose(found, jax.random.normal(arguments[2], (3,)), rtol=1e-6)


def test_the_plain_form_has_a_derivative_in_forward_mode():
    closed = jax.make_jaxpr(jnp.sin)(jnp.ones(3))
    with slim.kernel_forms("lax"):
        _, tangent = jax.jvp(lambda x: recomputed(closed)(x)[0], [jnp.ones(3)], [jnp.ones(3)])
    np.testing.assert_allclose(tangent, np.cos(np.ones(3)), rtol=1e-6)
    # and by either form forward over reverse, as Hessians take it
    second = jax.jacfwd(jax.grad(lambda x: jnp.sum(recomputed(closed)(x)[0])))(jnp.ones(3))
    np.testing.assert_allclose(second, -np.sin(np.ones(3)) * np.eye(3), rtol=1e-6)


def test_weights_are_not_copied_for_it():
    def text(how):
        return str(jax.make_jaxpr(jax.grad(lambda weights: loss(INPUTS, weights, how)))(WEIGHTS))

    for how in ("all", "blocks"):
        assert "f32[32,32] = select_n" not in text(how)
        assert "f32[512,32] = select_n" in text(how)
