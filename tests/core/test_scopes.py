"""variable_scope and name_scope: names, reuse, and their state after trouble. (TF's cases: test_naming_goldens.py.)"""

import jax
import numpy as np
import pytest

import jax_slim as slim
from jax_slim.core import names
from jax_slim.core.scopes import get_name_scope, unique_op_name

KEY = jax.random.key(0)


def made(program):
    """The names of the variables that a program makes."""
    return list(slim.Model(program).specs())


def weight(name="w", **kwargs):
    return slim.model_variable(name, shape=[2], **kwargs)


def test_default_names_are_unique_in_their_scope():
    def program():
        for _ in range(2):
            with slim.variable_scope(None, "block"):
                weight()
        with slim.variable_scope("net"), slim.variable_scope(None, "block"):
            weight()

    assert made(program) == ["block/w", "block_1/w", "net/block/w"]


def test_reuse_by_scope_object_by_call_and_by_flag():
    def program():
        with slim.variable_scope("a") as scope:
            values = [weight()]
            scope.reuse_variables()
            values.append(weight())
        with slim.variable_scope(scope, reuse=True):
            values.append(weight())
        with slim.variable_scope("a", reuse=slim.AUTO_REUSE):
            return [*values, weight()], weight("v")

    assert made(program) == ["a/w", "a/v"]
    shared, _ = slim.Model(program).apply({"a/w": jax.numpy.ones(2), "a/v": jax.numpy.ones(2)})
    assert all(value is shared[0] for value in shared)


def test_reuse_is_inherited():
    def program():
        with slim.variable_scope("a"), slim.variable_scope("b"):
            weight()
        with slim.variable_scope("a", reuse=True), slim.variable_scope("b"):
            weight()

    assert made(program) == ["a/b/w"]


def test_two_runs_do_not_share_names():
    def program():
        with slim.variable_scope(None, "block"):
            return weight()

    assert made(program) == made(program) == ["block/w"]


def test_scopes_close_after_an_error():
    def program():
        with pytest.raises(ZeroDivisionError), slim.variable_scope("a"), slim.name_scope("n"):
            _ = 1 / 0
        assert slim.get_variable_scope().name == ""
        assert get_name_scope() == ""
        weight()

    assert made(program) == ["w"]


def test_scope_defaults_reach_variables():
    def program():
        with slim.variable_scope("a", initializer=lambda key, shape, dtype: np.full(shape, 7, dtype)):
            weight()
            with slim.variable_scope("b", regularizer=lambda w: w.sum(), dtype=np.float16):
                slim.variable("v", shape=[1])

    specs = slim.Model(program).specs()
    assert specs["a/b/v"].dtype == np.float16
    assert specs["a/b/v"].regularizer is not None
    assert specs["a/w"].regularizer is None
    np.testing.assert_array_equal(slim.Model(program).init(KEY)["a/b/v"], [7])


def test_custom_getters_chain_innermost_first():
    asked = []

    def getter(label):
        def get(getter, name, **kwargs):
            asked.append((label, name))
            return getter(name, **kwargs) * 2

        return get

    def program():
        with (
            slim.variable_scope("a", custom_getter=getter("outer")),
            slim.variable_scope("b", custom_getter=getter("inner")),
        ):
            return slim.variable("v", initializer=np.ones(1, np.float32))

    model = slim.Model(program)
    assert model.apply(model.init(KEY)) == 4
    assert asked[:2] == [("inner", "a/b/v"), ("outer", "a/b/v")]


def test_name_scopes_name_operations_only():
    def program():
        with slim.name_scope("tower") as scope:
            assert scope == "tower/"
            assert unique_op_name("loss") == "tower/loss"
            assert unique_op_name("loss") == "tower/loss_1"
            with slim.name_scope(scope), slim.name_scope(None, "inner") as inner:
                assert inner == "tower/inner/"
            with slim.name_scope(""):
                assert unique_op_name("x") == "x"
        with slim.name_scope("tower") as again:
            assert again == "tower_1/"
        return weight()

    assert made(program) == ["w"]


@pytest.mark.parametrize("name", ["a b", "_a", "a:b", "ä"])
def test_bad_names_are_refused(name):
    def program():
        with slim.variable_scope(name):
            pass

    with pytest.raises(ValueError, match=f"name_scope: name must be letters.*got '{name}'"):
        slim.Model(program).specs()


def test_refusals():
    with pytest.raises(TypeError, match="must be given when default_name is None"), slim.variable_scope(None):
        pass
    with pytest.raises(TypeError, match="must be a string or a VariableScope, got 3"), slim.variable_scope(3):
        pass
    with pytest.raises(ValueError, match="reuse=True needs a name"), slim.variable_scope(None, "x", reuse=True):
        pass


def test_a_scope_around_a_model_is_refused():
    model = slim.Model(weight)
    with slim.variable_scope("a"), pytest.raises(slim.ProgramError, match=r"variable_scope \('a'\) is open around"):
        model.specs()


def test_op_names_ignore_case_and_skip_what_is_taken():
    taken = names.OpNames()
    assert [taken.unique(n) for n in ("a", "A", "a_1", "a", "b")] == ["a", "A_1", "a_1_1", "a_2", "b"]


def test_stable_hash_is_stable():
    assert names.stable_hash("conv1/weights") == 0x81DC43C7
