"""Bodies: what a function that runs in an inner trace makes comes out of it, in order, under the right names."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim
from jax_slim.core.inner import Body
from jax_slim.core.names import Renamed
from jax_slim.core.program import require

KEY = jax.random.key(0)
X = np.arange(6, dtype=np.float32).reshape(2, 3)


def everything(x, scope="one"):
    """Makes one thing of each kind."""
    with slim.variable_scope(scope):
        weights = slim.model_variable("weights", shape=[3])
        count = slim.variable("count", shape=[], trainable=False, initializer=jax.nn.initializers.zeros)
        slim.update_variable(count, lambda old: old + 1, now=True)
        after = slim.get_variables(slim.get_variable_scope().name + "/count")[0].value
        slim.update_variable(count, lambda old: old * 10)
        y = x * weights + after + jax.random.uniform(require("test").next_key("draw"))
        slim.add_to_collection("mixed", {"array": y, "text": "kept", "none": None, "numpy": np.ones(2)}, scope)
        slim.add_to_collection("mixed", 7, "number")
    return y


def through(x):
    body = Body("test", everything)
    y, made = jax.checkpoint(body.run)(x)
    body.hand_over(made)
    return y


def apart(x):
    body = Body("test", everything)
    needs = body.fetch(body.rehearse(x))
    y, made = jax.jit(lambda needs, x: body.run(x, needs=needs))(needs, x)
    body.hand_over(made)
    return y


def moved(x):
    """Learns from the body in scope 'zero', and runs as if it were in 'one'."""
    body = Body("test", lambda x: everything(x, "zero"))
    rename = Renamed(("zero", "one"))
    needs = body.fetch(body.rehearse(x), rename)
    y, made = jax.jit(lambda needs, x: body.run(x, needs=needs))(needs, x)
    body.hand_over(made, rename)
    return y


@pytest.mark.parametrize("way", [through, apart, moved])
def test_all_that_a_body_makes_comes_out(way):
    runs = []
    for function in (everything, way):
        model = slim.Model(function)
        variables = model.init(KEY, X)
        runs.append((variables, model.collect(variables, X, rng=jax.random.key(1))))
    (expected, (y, plain)), (variables, (z, collected)) = runs
    assert variables.facts == expected.facts
    np.testing.assert_array_equal(variables["one/weights"], expected["one/weights"])
    np.testing.assert_allclose(z, y, rtol=1e-6)
    assert collected.updates == plain.updates == {"one/count": 10}
    assert list(collected.collections["mixed"]) == ["one", "number"]
    mixed = collected.collections["mixed"]["one"]
    np.testing.assert_array_equal(mixed["array"], z)
    np.testing.assert_array_equal(mixed["numpy"], 1)
    assert (mixed["text"], mixed["none"], collected.collections["mixed"]["number"]) == ("kept", None, 7)


def test_updates_go_on_from_those_before():
    def program(x):
        count = slim.variable("count", shape=[], trainable=False, initializer=jax.nn.initializers.zeros)
        slim.update_variable(count, lambda old: old + 5)
        body = Body("test", lambda x: slim.update_variable("count", lambda old: old * 3) + x)
        y, made = jax.checkpoint(body.run)(x)
        body.hand_over(made)
        return y

    model = slim.Model(program)
    y, collected = model.collect(model.init(KEY, X), X)
    assert collected.updates == {"count": 15}
    np.testing.assert_array_equal(y, X + 15)


def test_a_body_sees_and_may_empty_the_collections_around():
    def program(x):
        slim.add_to_collection("c", x, "before")

        def inside(x):
            seen = slim.get_collection("c")
            slim.utils.convert_collection_to_dict("c", clear_collection=True)
            assert slim.get_collection("c") == []
            slim.add_to_collection("c", x * 2, "after")
            return sum(seen)

        body = Body("test", inside)
        y, made = jax.checkpoint(body.run)(x)
        body.hand_over(made)
        return y

    y, collected = slim.Model(program).collect({}, X)
    np.testing.assert_array_equal(y, X)
    assert list(collected.collections["c"]) == ["after"]


def test_a_rehearsal_leaves_nothing_behind():
    def program(x):
        Body("test", everything).rehearse(x)
        assert not slim.get_variables()
        assert not slim.get_collection("mixed")
        return everything(x)

    assert list(slim.Model(program).specs(X)) == ["one/weights", "one/count"]


def test_a_body_must_do_the_same_every_time():
    def program(x):
        calls = []

        def changes(x):
            calls.append(x)
            return x * slim.variable("v", shape=[]) if len(calls) > 1 else x

        body = Body("test", changes)
        return body.run(x, needs=body.fetch(body.rehearse(x)))[0]

    with pytest.raises(
        slim.ProgramError, match="variable 'v' is asked for now, but was not when the function ran first"
    ):
        slim.Model(program).specs(X)


def test_variables_from_numpy_and_local_ones_outlive_the_inner_trace():
    def inside(x):
        slim.local_variable(2.0, name="local")
        return x * slim.variable("v", shape=[])

    def program(x):
        y = slim.recompute_grad(inside)(x)
        return y + slim.get_variables("v")[0].value + slim.get_local_variables()[0].value

    outputs = jax.jit(lambda x: slim.Model(program).apply({"v": np.float32(3)}, x))(X)
    np.testing.assert_array_equal(outputs, 3 * X + 5)


def test_variables_know_the_line_of_the_user():
    spec = slim.Model(lambda x: slim.recompute_grad(everything)(x)).specs(jnp.asarray(X))["one/weights"]
    assert "test_inner.py" in spec.made_at
