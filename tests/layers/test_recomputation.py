"""recompute_grad: the same numbers and records, with fewer activations kept; the same mask both times."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim

KEY = jax.random.key(0)
X = np.random.default_rng(0).normal(size=(4, 8)).astype(np.float32)


def block(net, depth=8, keep=0.5):
    net = slim.fully_connected(net, depth, normalizer_fn=slim.batch_norm, scope="fc", outputs_collections="ends")
    net = slim.dropout(net, keep)
    slim.losses.add_loss(jnp.mean(net), name="mine")
    slim.summary.histogram("net", net)
    return jnp.tanh(net)


def collect(wrap):
    def program(x):
        for scope in ("a", "b"):
            with slim.variable_scope(scope):
                x = wrap(block)(x)
        return x

    model = slim.Model(program)
    variables = model.init(KEY, X)

    def loss(trained, x):
        y, collected = model.collect(variables | trained, x, rng=jax.random.key(3))
        return jnp.sum(y**2) + sum(collected.losses.values()), (y, collected)

    return variables, jax.jit(jax.value_and_grad(loss, (0, 1), has_aux=True))(variables.trainable, X)


@pytest.mark.parametrize("what", ["all", "cheap", "blocks", "fc"])
def test_nothing_changes_but_memory(what):
    (plain, results), (recomputed, others) = collect(lambda f: f), collect(lambda f: slim.recompute_grad(f, what=what))
    assert list(plain) == list(recomputed)
    assert jax.tree.structure(results) == jax.tree.structure(others)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), results, others)


def saved(wrap):
    """Bytes of what the forward pass keeps for the gradient."""

    def deep(x):
        for index in range(6):
            x = jnp.sin(x) * slim.variable(f"v{index}", [1])
        return x

    model = slim.Model(lambda x: wrap(deep)(x))
    variables = model.init(KEY, X)
    big = np.ones((1000, 8), np.float32)
    _, pull = jax.vjp(lambda v: model.apply(v, big), variables)
    return sum(leaf.nbytes for leaf in jax.tree.leaves(pull) if hasattr(leaf, "nbytes"))


def test_it_keeps_the_inputs_only():
    assert saved(slim.recompute_grad) < 1.5 * X.dtype.itemsize * 8000 < saved(lambda f: f) / 4


def test_blocks_are_found_by_scope_or_by_size():
    def kept(what):
        def net(x):
            for index in range(6):
                with slim.variable_scope(f"unit_{index // 2}"):
                    x = jnp.sin(x) * slim.variable(f"v{index}", [1])
            return x

        model = slim.Model(lambda x: slim.recompute_grad(net, what=what)(x))
        variables = model.init(KEY, X)
        _, pull = jax.vjp(lambda v: model.apply(v, X), variables)
        return sum(leaf.size == X.size for leaf in jax.tree.leaves(pull))

    assert kept("all") == 1 and kept(r"unit_\d") == 3
    assert 1 < kept("blocks") < 6


def test_half_width_changes_gradients_alone():
    def net(x):
        x = slim.conv2d(x, 16, 3, normalizer_fn=slim.batch_norm, scope="a")
        return slim.conv2d(slim.max_pool2d(x, 2, scope="pool"), 8, 3, normalizer_fn=slim.batch_norm, scope="b")

    images = np.random.default_rng(0).normal(size=(8, 16, 16, 3)).astype(np.float32)

    def results(wrap):
        model = slim.Model(wrap(net))
        variables = model.init(KEY, images)

        def loss(trained):
            y, collected = model.collect(variables | trained, images)
            return jnp.mean(y**2 * jnp.arange(8)), (y, collected.updates)

        (_, made), gradients = jax.jit(jax.value_and_grad(loss, has_aux=True))(variables.trainable)
        return made, gradients

    made, gradients = results(lambda f: slim.recompute_grad(f, what="nothing", kept_dtype=jnp.bfloat16))
    exact, others = results(lambda f: f)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5), made, exact)
    for name, gradient in gradients.items():
        scale = np.abs(others[name]).max()
        # Batch norm subtracts most of what its gradient sums up, so that more than 2^-9 is left of the rounding.
        np.testing.assert_allclose(gradient, others[name], atol=0.1 * scale)
        assert np.linalg.norm(gradient - others[name]) < 0.03 * np.linalg.norm(others[name])
    assert any((gradient != others[name]).any() for name, gradient in gradients.items())


@pytest.mark.parametrize("dtype", ["bfloat17", jnp.int8, "keep"])
def test_what_is_no_floating_dtype_is_refused_at_once(dtype):
    with pytest.raises(ValueError, match=r"recompute_grad: kept_dtype must be a floating dtype .* got "):
        slim.recompute_grad(lambda x: x, kept_dtype=dtype)


@pytest.mark.parametrize("what", ["unit_(", None])
def test_what_is_no_expression_is_refused_at_once(what):
    with pytest.raises(ValueError, match=r"recompute_grad: what must be 'all', 'blocks', 'cheap', 'nothing' or a reg"):
        slim.recompute_grad(lambda x: x, what=what)


def test_a_scope_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"recompute_grad: what must be .* found in a scope .* got 'unit_9'"):
        slim.Model(slim.recompute_grad(lambda x: slim.fully_connected(x, 2), what="unit_9")).specs(X)


def test_it_is_a_plain_checkpoint_outside_of_programs_and_takes_other_arguments():
    @slim.recompute_grad
    def f(x, power, scale=None):
        return jnp.sum(x**power) * scale["by"]

    assert f.__name__ == "f"
    assert f(jnp.asarray([1.0, 2.0]), 2, scale={"by": 3}) == 15
    assert jax.grad(functools.partial(f, power=2, scale={"by": 3}))(jnp.asarray([1.0, 2.0])).tolist() == [6, 12]


def test_a_leak_within_names_the_way_out():
    def program(x):
        return jax.checkpoint(block)(x)

    with pytest.raises(slim.ProgramError, match=r"slim\.recompute_grad for a checkpoint"):
        slim.Model(program).specs(X)
