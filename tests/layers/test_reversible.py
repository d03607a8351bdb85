"""rev_block: its numbers and gradients, its inverse, and memory that does not grow with depth."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim

KEY = jax.random.key(0)
RNG = np.random.default_rng(0)
X1, X2 = (RNG.normal(size=(4, 6)).astype(np.float32) for _ in range(2))


def f(x, side=None):
    with slim.arg_scope([slim.fully_connected], weights_initializer=slim.truncated_normal_initializer(stddev=0.3)):
        net = slim.fully_connected(x, 6, activation_fn=jnp.tanh, scope="one")
        net = slim.fully_connected(net if side is None else net + side[0], 6, activation_fn=None, scope="two")
    slim.losses.add_loss(jnp.mean(net**2), name="mine")
    return net


def noisy(x):
    return slim.dropout(slim.batch_norm(f(x), decay=0.5), 0.8)


def run(layers, training, functions=(f, f), **sides):
    """Results, records and gradients with respect to variables, both inputs and the side inputs."""

    def program(x1, x2, sides):
        # The scope is open around: the gradient, which runs the layers again, must see it too.
        with slim.arg_scope([slim.fully_connected], biases_initializer=slim.constant_initializer(0.1)):
            return slim.rev_block(x1, x2, *functions, num_layers=layers, is_training=training, **sides)

    model = slim.Model(program)
    variables = model.init(KEY, X1, X2, sides)

    def loss(trained, x1, x2, sides):
        (y1, y2), collected = model.collect(variables | trained, x1, x2, sides, rng=jax.random.key(5))
        return jnp.sum(y1 * jnp.cos(y2)) + sum(collected.losses.values()), (y1, y2, collected)

    compute = jax.value_and_grad(loss, (0, 1, 2, 3), has_aux=True)
    return variables, jax.jit(compute)(variables.trainable, X1, X2, sides)


@pytest.mark.parametrize("functions", [(f, f), ([f, noisy], [noisy, f])])
def test_its_own_gradient_is_the_true_one(functions):
    (plain, results), (own, others) = run(2, False, functions), run(2, True, functions)
    assert list(plain) == list(own)
    assert jax.tree.structure(results) == jax.tree.structure(others)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4), results, others)


def test_side_inputs_get_gradients():
    side = {"f_side_input": [np.ones((4, 6), np.float32)], "g_side_input": [np.full((4, 6), 0.5, np.float32)]}
    (_, (_, plain)), (_, (_, own)) = run(3, False, **side), run(3, True, **side)
    assert np.abs(own[3]["f_side_input"][0]).max() > 0
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4), plain, own)


def kept(layers, training):
    """Bytes that the forward pass keeps for the gradient, variables left out."""
    big = np.ones((5000, 6), np.float32)
    model = slim.Model(lambda x1, x2: slim.rev_block(x1, x2, f, f, num_layers=layers, is_training=training))
    variables = model.init(KEY, big, big)
    _, pull = jax.vjp(lambda x1: model.apply(variables, x1, big), big)
    return sum(leaf.nbytes for leaf in jax.tree.leaves(pull) if getattr(leaf, "nbytes", 0) >= big.nbytes)


def test_memory_does_not_grow_with_depth():
    assert kept(2, True) == kept(12, True) <= 2 * 5000 * 6 * 4
    assert kept(12, False) > 4 * kept(2, False) > 4 * kept(2, True)


@pytest.mark.parametrize("wrap", [lambda f: f, jax.jit])
def test_what_f_and_g_close_over_gets_gradients(wrap):
    def program(x, scale, training):
        def scaled(z):
            return f(z) * scale

        return slim.rev_block(x, x, scaled, scaled, num_layers=2, is_training=training)[0]

    model = slim.Model(program)
    variables = model.init(KEY, X1, X2, True)
    plain, own = (
        wrap(jax.grad(lambda scale, training=training: jnp.sum(model.apply(variables, X1, scale, training))))(X2)
        for training in (False, True)
    )
    assert np.abs(plain).max() > 0.1
    np.testing.assert_allclose(own, plain, rtol=1e-4, atol=1e-5)


def test_one_object_serves_several_runs():
    block = slim.RevBlock(f, f, num_layers=2)
    model = slim.Model(lambda x1, x2: block.backward(*block.forward(x1, x2)))
    variables = model.init(KEY, X1, X2)
    for _ in range(2):
        np.testing.assert_allclose(model.apply(variables, X1, X2)[0], X1, atol=1e-5)


def test_backward_inverts_forward():
    def program(x1, x2):
        block = slim.RevBlock(f, f, num_layers=3)
        return block((x1, x2)), block(block((x1, x2)), forward=False)

    model = slim.Model(program)
    variables = model.init(KEY, X1, X2)
    assert len(variables) == 3 * 2 * 4
    (y1, _), (x1, x2) = model.apply(variables, X1, X2)
    assert np.abs(y1 - X1).max() > 0.1
    np.testing.assert_allclose(x1, X1, atol=1e-5)
    np.testing.assert_allclose(x2, X2, atol=1e-5)


def test_two_blocks_have_names_of_their_own():
    def program(x1, x2):
        return slim.rev_block(*slim.rev_block(x1, x2, f, f), f, f)

    names = list(slim.Model(program).specs(X1, X2))
    assert names[0] == "revblock/revlayer_0/f/one/weights"
    assert names[-1] == "revblock_1/revlayer_0/g/two/biases"


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((X1, X2[:2], f, f), {}, r"x1 and x2 must have one shape, got \(4, 6\) and \(2, 6\)"),
        ((X1, X2, [f], f), {"num_layers": 2}, "f must be one function or a list of num_layers=2, got 1"),
        ((X1, X2, f, lambda x: x[:, :2]), {}, r"g must keep the shape \(4, 6\) of its input, got \(4, 2\)"),
        ((X1, X2, f, f), {"num_layers": 0}, "num_layers must be 1 or more, got 0"),
    ],
)
def test_refuses(args, kwargs, message):
    with pytest.raises(ValueError, match=message):
        slim.Model(lambda: slim.rev_block(*args, **kwargs)).specs()


def test_backward_needs_forward():
    with pytest.raises(ValueError, match="call forward first"):
        slim.RevBlock(f, f).backward(X1, X2)
