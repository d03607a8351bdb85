"""repeat and stack; and repeat as one scan, which must not differ from the calls one by one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.ad_checkpoint import checkpoint_name

import jax_slim as slim

KEY = jax.random.key(0)
X = np.random.default_rng(0).normal(size=(2, 6, 6, 4)).astype(np.float32)


def block(net, depth, scope=None, reuse=None, keep=None, training=True):
    """A layer of a user's: everything that a program can make, in one."""
    with slim.variable_scope(scope, "block", [net], reuse=reuse) as sc:
        net = slim.conv2d(
            net,
            depth,
            3,
            normalizer_fn=slim.batch_norm,
            normalizer_params={"is_training": training, "decay": 0.5},
            weights_regularizer=slim.l2_regularizer(0.1),
            outputs_collections="ends",
        )
        if keep is not None:
            net = slim.dropout(net, keep)
        slim.losses.add_loss(jnp.mean(net), name="mine")
        slim.summary.scalar("mean", jnp.mean(net))
        return slim.utils.collect_named_outputs("ends", sc.name, net)


def both(program, *args, **kwargs):
    """The program with and without scan: results, gradients and all that was collected, by the same variables."""
    found = []
    for scan in (False, True):
        model = slim.Model(lambda x, scan=scan: program(x, scan))
        variables = model.init(KEY, X)

        def loss(trained, x, model=model, variables=variables):
            y, collected = model.collect(variables | trained, x, rng=jax.random.key(1))
            total = jnp.sum(y**2) + sum(collected.losses.values())
            return total, (y, collected)

        (_, (y, collected)), grads = jax.jit(jax.value_and_grad(loss, (0, 1), has_aux=True))(variables.trainable, X)
        found.append((variables, y, collected, grads))
    return found


def close(one, other):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-4, atol=1e-5), one, other)


@pytest.mark.parametrize(
    "program",
    [
        lambda x, scan: slim.repeat(x, 4, slim.conv2d, 4, [3, 3], scope="conv", scan=scan),
        lambda x, scan: slim.repeat(x, 3, slim.conv2d, 4, 3, scan=scan),
        lambda x, scan: slim.repeat(x, 4, slim.conv2d, 8, [3, 3], scope="wider", scan=scan),
        lambda x, scan: slim.repeat(x, 4, block, 4, scope="blocks", keep=0.5, scan=scan),
        lambda x, scan: slim.repeat(x, 3, block, 8, scope="b", training=False, scan=scan),
        lambda x, scan: slim.repeat(
            slim.repeat(x, 2, block, 4, scope="a", scan=scan), 2, block, 4, scope="c", scan=scan
        ),
        lambda x, scan: slim.repeat(x, 2, slim.conv2d, 8, 3, scope="two", scan=scan),
        lambda x, scan: slim.repeat(x, 1, slim.conv2d, 8, 3, scope="one", scan=scan),
        lambda x, scan: slim.repeat(x, 0, slim.conv2d, 8, 3, scope="none", scan=scan) * slim.variable("v", [1]),
        lambda x, scan: slim.repeat(x, 3, slim.dropout, 0.7, scan=scan) * slim.variable("v", [1]),
        lambda x, scan: slim.repeat(x, 3, slim.max_pool2d, 2, 1, "SAME", scan=scan) * slim.variable("v", [1]),
    ],
)
def test_a_scan_is_the_calls_one_by_one(program):
    plain, scanned = both(program)
    assert list(plain[0]) == list(scanned[0])
    assert plain[0].facts == scanned[0].facts
    for name in plain[0]:
        np.testing.assert_array_equal(plain[0][name], scanned[0][name], err_msg=name)
    for one, other in zip(plain[1:], scanned[1:], strict=True):
        assert jax.tree.structure(one) == jax.tree.structure(other)
        close(one, other)


def test_what_follows_a_scan_has_the_same_names():
    def program(x, scan):
        net = slim.repeat(x, 3, block, 4, scope="blocks", scan=scan)
        net = slim.conv2d(net, 4, 3)
        with slim.variable_scope("blocks", reuse=True):
            net = slim.conv2d(net, 4, 3, normalizer_fn=slim.batch_norm, scope="blocks_2/Conv")
        slim.losses.add_loss(jnp.mean(net), name="mine")
        return net

    plain, scanned = both(program)
    assert list(plain[0]) == list(scanned[0])
    close(plain[1], scanned[1])
    assert list(plain[2].losses) == list(scanned[2].losses)


def test_a_scan_runs_the_layer_once():
    def traced(scan, count):
        calls = []

        def layer(net, scope=None):
            calls.append(scope)
            return slim.conv2d(net, 4, 3, scope=scope)

        slim.Model(lambda x: slim.repeat(x, count, layer, scope="c", scan=scan)).specs(X)
        return len(calls)

    assert traced(False, 20) == 20
    assert traced(True, 20) == traced(True, 5) < 5


def test_variables_may_be_shared_by_the_calls():
    def shared(net, scope=None):
        with slim.variable_scope("all", reuse=slim.AUTO_REUSE):
            return net * slim.model_variable("scale", [1])

    plain, scanned = both(lambda x, scan: slim.repeat(x, 4, shared, scope="s", scan=scan))
    assert list(scanned[0]) == ["s/all/scale"]
    close(plain[1], scanned[1])
    close(plain[3], scanned[3])


def test_refusals():
    def grows(net, scope=None):
        return jnp.concatenate([net, net], -1)

    def counts(net, scope=None):
        with slim.variable_scope("all", reuse=slim.AUTO_REUSE):
            slim.variable("count", [], trainable=False, initializer=jax.nn.initializers.zeros)
            slim.update_variable("s/all/count", lambda old: old + 1)
        return net * 1

    def specs(layer):
        slim.Model(lambda x: slim.repeat(x, 4, layer, scope="s", scan=True)).specs(X)

    with pytest.raises(ValueError, match=r"the second takes float32\[2, 6, 6, 8\] and returns float32\[2, 6, 6, 16\]"):
        specs(grows)
    with pytest.raises(ValueError, match=r"cannot update a variable that they share, here 's/all/count'"):
        specs(counts)
    with pytest.raises(TypeError, match=r"repetitions must be an integer, got 1\.5"):
        slim.repeat(X, 1.5, slim.max_pool2d, 2)
    with pytest.raises(ValueError, match="repetitions must be 0 or more, got -1"):
        slim.repeat(X, -1, slim.max_pool2d, 2)
    with pytest.raises(slim.ProgramError, match="repeat: needs a running program"):
        slim.repeat(X, 2, slim.max_pool2d, 1, 1, scan=True)


def scaled(net, by):
    return net * by


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (lambda net, number: net * float(number), "computes something else"),
        (lambda net, number: jax.jit(lambda x: jnp.sin(x) + number)(net), "computes something else"),
        (lambda net, number: net + jnp.asarray(np.full(4, number, np.float32)), "computes something else"),
        (lambda net, number: jax.lax.cumsum(net, reverse=number > 2), "computes something else"),
        (lambda net, number: slim.recompute_grad(scaled)(net, number * 0.5), "computes something else"),
        (lambda net, number: jnp.tanh(net) if number > 2 else jnp.sin(net), "computes something else"),
        (lambda net, number: slim.conv2d(net, 4, 1 + number % 2 * 2, scope=f"s_{number}"), "has other variables"),
        (
            lambda net, number: slim.conv2d(net, 4, 1),
            r"makes the variable 's/Conv_1/weights', which has no counterpart",
        ),
        (lambda net, number: slim.dropout(net), "draws random numbers outside of its own scope"),
        (
            lambda net, number: slim.losses.add_loss(net.mean()) or net if number < 2 else net,
            "has other updates, losses",
        ),
    ],
)
def test_a_scan_of_unequal_calls_is_refused(step, message):
    def layer(net, scope=None):
        return step(net, int(scope.rpartition("_")[2]))

    model = slim.Model(lambda x, scan: slim.repeat(x, 4, layer, scope="s", scan=scan))
    model.specs(X, False)
    with pytest.raises(ValueError, match=f"the last {message}"):
        model.specs(X, True)


def test_a_scan_does_not_read_what_its_calls_collect():
    def layer(net, scope=None):
        slim.losses.add_loss(jnp.mean(net))
        return net + slim.losses.get_total_loss()

    with pytest.raises(ValueError, match="cannot read a collection that they change, here 'losses'"):
        slim.Model(lambda x: slim.repeat(x, 4, layer, scope="s", scan=True)).specs(X)


def test_what_says_nothing_about_the_numbers_may_differ():
    def layer(net, scope=None):
        with slim.variable_scope(scope):
            net = slim.conv2d(net, 4, 1, activation_fn=jax.nn.silu)
            return checkpoint_name(net + jnp.asarray(np.arange(4.0, dtype=np.float32)), scope)

    plain, scanned = both(lambda x, scan: slim.repeat(x, 4, layer, scope="s", scan=scan))
    close(plain[1:], scanned[1:])


def test_stack_is_the_calls_one_by_one():
    def stacked(x):
        return slim.stack(x, slim.conv2d, [(3, [3, 3]), (5, 1, 2)], scope="core", padding="VALID")

    def by_hand(x):
        with slim.variable_scope("core"):
            net = slim.conv2d(x, 3, [3, 3], padding="VALID", scope="core_1")
            return slim.conv2d(net, 5, 1, 2, padding="VALID", scope="core_2")

    variables = slim.Model(stacked).init(KEY, X)
    assert list(variables) == list(slim.Model(by_hand).specs(X))
    np.testing.assert_array_equal(slim.Model(stacked).apply(variables, X), slim.Model(by_hand).apply(variables, X))
