"""variable and its kin: making, finding, partitions, errors. (TF's cases: test_naming_goldens.py.)"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim

KEY = jax.random.key(0)


def two_layers():
    for scope in ("a", "ab"):
        with slim.variable_scope(scope):
            for name in ("weights", "biases"):
                slim.model_variable(name, shape=[2])


def in_program(function):
    """What `function` returns inside a program that has made the variables of `two_layers`."""
    answers = []

    def program():
        two_layers()
        answers.append(function())

    slim.Model(program).specs()
    return answers[0]


def names(variables):
    return [var.name for var in variables]


def test_records_hold_facts_and_value():
    def program():
        slim.variable("v", initializer=np.arange(3.0, dtype=np.float32))
        (record,) = slim.get_variables()
        assert (record.name, record.op.name, record.shape, record.trainable) == ("v", "v", (3,), True)
        assert repr(record) == "Variable('v', shape=(3,), dtype=float32)"
        return record.value.sum()

    model = slim.Model(program)
    assert model.apply(model.init(KEY)) == 3


def test_searches():
    assert in_program(lambda: names(slim.get_variables("a/"))) == ["a/weights", "a/biases"]
    assert in_program(lambda: names(slim.get_variables(suffix="iases"))) == ["a/biases", "ab/biases"]
    assert in_program(lambda: names(slim.get_variables_by_name("iases"))) == []
    assert in_program(lambda: names(slim.get_variables_by_name("biases", "ab"))) == ["ab/biases"]
    assert in_program(lambda: names(slim.get_model_variables("ab", "weights"))) == ["ab/weights"]
    assert in_program(lambda: names(slim.get_local_variables())) == []
    assert in_program(lambda: names(slim.get_variables_to_restore(["ab"], ["ab/b"]))) == ["ab/weights"]
    assert in_program(lambda: slim.filter_variables(["x/w", "x/b"], ["x"], ["b$"])) == ["x/w"]


def test_a_missing_variable_lists_near_names():
    def reuse():
        with slim.variable_scope("a", reuse=True):
            slim.model_variable("weight", shape=[2])

    with pytest.raises(ValueError, match=r"'a/weight' does not exist.*reuse=slim.AUTO_REUSE.*Near names: a/weights"):
        in_program(reuse)
    with pytest.raises(ValueError, match=r"there is no variable 'b/weights'.*Near names: .*a/weights"):
        in_program(lambda: slim.get_unique_variable("b/weights"))
    with pytest.raises(ValueError, match=r"'a/' does not uniquely identify.*begins a/weights, a/biases"):
        in_program(lambda: slim.get_unique_variable("a/"))


def test_a_second_variable_of_a_name_says_where_the_first_was_made():
    with pytest.raises(ValueError, match=r"'a/weights' already exists \(made at .*test_variables.py:\d+\).*reuse=True"):
        in_program(two_layers)


def test_sharing_needs_the_same_shape_and_dtype():
    def share(**kwargs):
        with slim.variable_scope("a", reuse=True):
            slim.model_variable("weights", **kwargs)

    with pytest.raises(ValueError, match=r"'a/weights' is reused with shape \(3,\), but it has shape \(2,\)"):
        in_program(lambda: share(shape=[3]))
    with pytest.raises(ValueError, match="is reused with dtype float16, but it has dtype float32"):
        in_program(lambda: share(shape=[2], dtype=jnp.float16))


def test_sharing_needs_no_shape():
    def share(name, reuse):
        with slim.variable_scope("a", reuse=reuse):
            return slim.model_variable(name).shape

    for reuse in (True, slim.AUTO_REUSE):
        assert in_program(lambda reuse=reuse: share("weights", reuse)) == (2,)
    with pytest.raises(ValueError, match="'a/weight' does not exist"):
        in_program(lambda: share("weight", True))
    with pytest.raises(ValueError, match="the shape of 'a/weight' must be given"):
        in_program(lambda: share("weight", slim.AUTO_REUSE))


def test_initial_values_from_arrays_functions_and_defaults():
    def program():
        slim.variable("array", initializer=np.arange(3))
        slim.variable("function", shape=[2], initializer=jax.nn.initializers.constant(4.0))
        slim.variable("default", shape=[100, 50])
        slim.variable("flag", shape=[2], dtype=bool, trainable=False)
        slim.local_variable(3, name="count")
        slim.global_variable(3.5)

    values = slim.Model(program).init(KEY)
    assert values["array"].dtype == jnp.int32
    assert values["array"].tolist() == [0, 1, 2]
    assert values["function"].tolist() == [4, 4]
    limit = np.sqrt(6 / 150)
    assert 0.95 * limit < np.abs(values["default"]).max() <= limit
    assert values["flag"].tolist() == [False, False]
    assert values["count"].dtype == jnp.int32
    assert values["count"] == 3
    assert values["Variable"].dtype == jnp.float32
    assert values["Variable"] == 3.5
    assert list(values.local) == ["count"]


def test_an_array_computed_in_the_program_is_an_initial_value():
    def program(x, count=2):
        slim.variable("zeros", initializer=jnp.zeros(count))
        slim.local_variable(jnp.ones(3), name="ones")
        return x

    model = slim.Model(program)
    for x in (np.ones(4, np.float32), jax.ShapeDtypeStruct((4,), np.float32)):
        values = model.init(KEY, x)
        assert values["zeros"].tolist() == [0, 0]
        assert values["ones"].tolist() == [1, 1, 1]
    assert list(model.init_local(KEY, x)) == ["ones"]
    of_data = slim.Model(lambda x: slim.variable("mean", initializer=jnp.mean(x)))
    assert of_data.init(KEY, np.full(4, 5.0, np.float32))["mean"] == 5
    with pytest.raises(ValueError, match="mean are computed from the program's inputs, so init needs real arrays"):
        of_data.init(KEY, x)


def test_refusals():
    with pytest.raises(ValueError, match="the shape of 'v' must be given"):
        in_program(lambda: slim.variable("v"))
    with pytest.raises(ValueError, match=r"is an array of shape \(3,\), but shape=\[2\]"):
        in_program(lambda: slim.variable("v", shape=[2], initializer=np.zeros(3)))
    with pytest.raises(TypeError, match="include must be a list or tuple of scopes, got 'a'"):
        in_program(lambda: slim.get_variables_to_restore("a"))
    with pytest.raises(slim.ProgramError, match=r"variable 'v': needs a running program.*slim.Model"):
        slim.variable("v", shape=[2])
    with pytest.raises(ValueError, match="is no variable's value"):
        in_program(lambda: slim.get_variable_full_name(jnp.zeros(2)))
    with pytest.raises(ValueError, match=r"already exists\. Use get_or_create_global_step"):
        in_program(lambda: (slim.get_or_create_global_step(), slim.create_global_step()))


def test_partitions_are_pieces_of_one_draw():
    def program(partitioner):
        with slim.variable_scope("s", partitioner=partitioner):
            return slim.model_variable("v", shape=[5, 3])

    whole = slim.Model(program).init(KEY, None)
    parts = slim.Model(program).init(KEY, slim.fixed_size_partitioner(2))
    assert {name: value.shape for name, value in parts.items()} == {"s/v/part_0": (3, 3), "s/v/part_1": (2, 3)}
    together = slim.Model(program).apply(parts, slim.fixed_size_partitioner(2))
    np.testing.assert_array_equal(together, whole["s/v"])
    with pytest.raises(ValueError, match=r"at most one of them above 1, got \[2, 3\]"):
        slim.Model(program).specs(lambda shape, dtype: [2, 3])


def test_updates_compose_and_come_out():
    def program(now):
        total = slim.local_variable(1.0, name="total")
        slim.update_variable(total, lambda old: old * 10, now=now)
        slim.update_variable("total", lambda old: old + 5, now=now)
        return slim.get_local_variables()[0].value

    for now, seen in ((False, 1), (True, 15)):
        result, collected = slim.Model(program).collect({}, now)
        assert collected.updates == {"total": 15}
        assert result == seen
    with pytest.raises(ValueError, match=r"'total' must keep its shape \(\), got \(2,\)"):
        slim.Model(
            lambda: slim.update_variable(slim.local_variable(1.0, name="total"), lambda old: jnp.ones(2))
        ).collect({})


def test_add_model_variable():
    def program():
        slim.add_model_variable(slim.variable("v", shape=[1]))
        assert names(slim.get_model_variables()) == ["v"]

    assert "model_variables" in slim.Model(program).specs()["v"].collections
