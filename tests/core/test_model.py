"""Model and Variables: purity, keys, what is collected, and leaks that are caught."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim
from jax_slim.core import program as programs
from jax_slim.core.scopes import unique_op_name

KEY = jax.random.key(0)
X = np.ones((2, 3), np.float32)


def dense(x, size, scope):
    with slim.variable_scope(scope):
        return x @ slim.model_variable("weights", shape=[x.shape[-1], size])


def net(x, extra=False, is_training=True):
    y = dense(x, 4, "one")
    if extra:
        y = dense(y, 4, "between")
    y = dense(y, 2, "two")
    if is_training:
        slim.variable("moving", shape=[], trainable=False, initializer=jax.nn.initializers.zeros)
        slim.update_variable("moving", lambda old: old + jnp.sum(y))
    slim.add_to_collection(slim.GraphKeys.LOSSES, jnp.sum(y), "loss")
    return y


def test_init_runs_nothing_and_knows_everything():
    def explode(x):
        y = dense(x, 4, "one")
        jax.debug.callback(lambda: pytest.fail("the network ran"))
        return y

    variables = slim.Model(explode).init(KEY, X)
    assert {name: value.shape for name, value in variables.items()} == {"one/weights": (3, 4)}
    spec = slim.Model(net).specs(jax.ShapeDtypeStruct((2, 3), jnp.float32))["one/weights"]
    assert (spec.shape, spec.dtype, spec.trainable) == ((3, 4), jnp.float32, True)
    assert spec.collections == ("variables", "model_variables", "trainable_variables")
    assert "test_model.py" in spec.made_at


def test_another_layer_changes_no_other_value():
    model = slim.Model(net)
    a, b = model.init(KEY, X), model.init(KEY, X, extra=True)
    assert set(b) - set(a) == {"between/weights"}
    for name in a:
        np.testing.assert_array_equal(a[name], b[name])
    assert not np.array_equal(a["one/weights"], model.init(jax.random.key(1), X)["one/weights"])


def test_init_is_traceable_and_takes_legacy_keys():
    model = slim.Model(net)
    shapes = jax.eval_shape(model.init, KEY, X)
    values = jax.jit(model.init)(KEY, X)
    assert jax.tree.map(jnp.shape, values) == jax.tree.map(lambda s: s.shape, shapes)
    eager = model.init(KEY, X)
    for name, value in values.items():
        np.testing.assert_array_equal(value, eager[name])
    assert len(model.init(jax.random.PRNGKey(0), X)) == 3


def test_apply_is_pure_under_every_transformation():
    model = slim.Model(net)
    variables = model.init(KEY, X)

    def apply(variables, x):
        return model.apply(variables, x, is_training=False)

    expected = X @ variables["one/weights"] @ variables["two/weights"]
    np.testing.assert_allclose(apply(variables, X), expected, rtol=1e-6)
    np.testing.assert_allclose(jax.jit(apply)(variables, X), expected, rtol=1e-6)
    np.testing.assert_allclose(jax.vmap(apply, (None, 0))(variables, X[None])[0], expected, rtol=1e-6)
    grads = jax.grad(lambda trained: apply(variables | trained, X).sum())(variables.trainable)
    assert isinstance(grads, slim.Variables)
    assert list(grads) == ["one/weights", "two/weights"]
    np.testing.assert_allclose(apply(dict(variables), X), expected, rtol=1e-6)


def test_collect_returns_what_was_made():
    model = slim.Model(net)
    variables = model.init(KEY, X)
    y, collected = jax.jit(model.collect)(variables, X)
    np.testing.assert_allclose(collected.losses["loss"], y.sum(), rtol=1e-6)
    assert collected.collections["losses"] == collected.losses
    np.testing.assert_allclose((variables | collected.updates)["moving"], y.sum(), rtol=1e-6)
    assert (variables | collected.updates).facts == variables.facts


def test_apply_says_that_it_drops_updates():
    model = slim.Model(net)
    with pytest.warns(UserWarning, match=r"drops the updates of 1 variables \(moving.*use model.collect"):
        model.apply(model.init(KEY, X), X)


def test_local_variables_start_by_themselves():
    def program():
        return slim.local_variable(3.0, name="total")

    assert slim.Model(program).apply({}) == 3
    assert slim.Model(program).apply({"total": 5.0}) == 5


def test_missing_and_misshapen_variables_are_named():
    model = slim.Model(net)
    variables = model.init(KEY, X)
    with pytest.raises(ValueError, match=r"'two/weights' .*is not among the 2 variables.*Near names: one/weights"):
        model.apply(variables.select(exclude=["two"]), X)
    with pytest.raises(ValueError, match=r"'one/weights' must have shape \(4, 4\), got \(3, 4\)"):
        model.apply(variables, np.ones((2, 4), np.float32))
    with pytest.raises(TypeError, match=r"variables must be a mapping name -> array, got an array of shape"):
        model.apply(X, X)
    with pytest.raises(
        TypeError, match=r"key must be a random key such as jax.random.key\(0\), got an array of shape \(2"
    ):
        model.init(X)
    with pytest.raises(TypeError, match="function must be callable, got 3"):
        slim.Model(3)


def test_an_error_in_a_layer_names_the_layer():
    @slim.add_arg_scope
    @programs.operation
    def broken(x, scope=None):
        return x + jnp.ones(7)

    with pytest.raises(ValueError, match="Incompatible shapes") as caught:
        slim.Model(broken).apply({}, X, scope="layer_5")
    assert "in slim.broken (scope 'layer_5')" in "".join(caught.value.__notes__)


def test_random_keys_follow_names():
    def program(first):
        keys = [
            programs.require("test").next_key(unique_op_name(name))
            for name in (["extra"] if first else []) + ["d", "d"]
        ]
        return keys[-2:]

    one = slim.Model(program).apply({}, False, rng=KEY)
    two = slim.Model(program).apply({}, True, rng=KEY)
    assert (one[0], one[1]) == (two[0], two[1])
    assert one[0] != one[1]
    with pytest.raises(slim.ProgramError, match=r"d: needs random numbers.*Pass rng=.*is_training=False"):
        slim.Model(program).apply({}, False)
    with pytest.raises(TypeError, match="rng must be a random key"):
        slim.Model(program).apply({}, False, rng=3)


def add(x):
    slim.add_to_collection("mine", jnp.sum(x), "sum")
    return x


def update(x):
    slim.update_variable(slim.local_variable(0.0, name="total"), lambda old: old + jnp.sum(x))
    return x


@pytest.mark.parametrize("leak", [add, update])
@pytest.mark.parametrize(
    "inner",
    [
        lambda leak, x: jax.lax.scan(lambda c, _: (leak(c), None), x, None, 3)[0],
        lambda leak, x: jax.jit(leak)(x),
        lambda leak, x: jax.vmap(leak)(x),
        lambda leak, x: jax.checkpoint(leak)(x),
        lambda leak, x: jax.grad(lambda x: leak(x).sum())(x),
        lambda leak, x: jax.lax.cond(True, leak, lambda x: x, x),
    ],
    ids=["scan", "jit", "vmap", "checkpoint", "grad", "cond"],
)
def test_collecting_inside_an_inner_trace_is_refused(inner, leak):
    model = slim.Model(lambda x: inner(leak, x))
    for run in (lambda: model.specs(X), lambda: model.collect({}, X), lambda: jax.jit(model.collect)({}, X)):
        with pytest.raises(slim.ProgramError, match=r"inside an inner jax.lax.scan, jit, vmap, grad or checkpoint"):
            run()


def test_variables_may_be_read_inside_an_inner_trace():
    def program(x):
        def step(carry, _):
            return dense(carry, 3, "shared"), None

        return jax.lax.scan(step, x, None, 3)[0]

    model = slim.Model(program)
    variables = model.init(KEY, X)
    w = variables["shared/weights"]
    np.testing.assert_allclose(model.apply(variables, X), X @ w @ w @ w, rtol=1e-5)


def test_a_model_may_run_inside_another():
    inner = slim.Model(lambda x: dense(x, 3, "inner"))
    values = inner.init(KEY, X)

    def program(x):
        with slim.variable_scope("outer"):
            return inner.apply(values, dense(x, 3, "d"))

    assert list(slim.Model(program).specs(X)) == ["outer/d/weights"]


class TestVariables:
    values = slim.Model(net).init(KEY, X)

    def test_selection(self):
        assert list(self.values.trainable) == ["one/weights", "two/weights"]
        assert list(self.values.model) == ["one/weights", "two/weights"]
        assert list(self.values.select(include="one|mov")) == ["one/weights", "moving"]
        assert list(self.values.select(exclude=["one", "two"])) == ["moving"]
        with pytest.raises(ValueError, match=r"select: exclude must be regular expressions, got '\(': missing \)"):
            self.values.select(exclude=["one", "("])
        assert list(self.values.select(scope="one")) == ["one/weights"]
        assert list(self.values.select(scope="on")) == []
        assert list(self.values.select(suffix="weights", scope="two")) == ["two/weights"]
        assert list(self.values.without({"one/weights": 0})) == ["two/weights", "moving"]
        assert list(self.values.only(["moving", "one/weights", "none"])) == ["one/weights", "moving"]

    def test_merging_keeps_facts(self):
        merged = self.values | {"moving": jnp.ones(()), "new": jnp.ones(2)}
        assert merged["moving"] == 1
        assert not merged.facts["moving"].trainable
        assert merged.facts["new"].trainable
        assert self.values["moving"] == 0
        assert dict({"moving": 3} | self.values)["moving"] == 0

    def test_pytree(self):
        doubled = jax.tree.map(lambda v: v * 2, self.values)
        assert doubled.facts == self.values.facts
        (path, _), *_ = jax.tree_util.tree_flatten_with_path(self.values)[0]
        assert jax.tree_util.keystr(path) == "['one/weights']"
        assert jax.tree.structure(self.values) == jax.tree.structure(slim.Model(net).init(KEY, X))
        assert jax.tree.structure(self.values) != jax.tree.structure(self.values.trainable)

    def test_a_missing_name_lists_near_ones(self):
        with pytest.raises(KeyError, match=r"no variable 'one/weight'.*Near names: one/weights"):
            self.values["one/weight"]

    def test_repr(self):
        assert "'one/weights': float32[3, 4]," in repr(self.values)
