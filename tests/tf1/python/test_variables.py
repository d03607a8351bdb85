"""Variables and variable scopes: what recorded cases and programs do not show."""

import numpy as np
import pytest

import jax_slim.tf1 as tf


def test_parts_are_joined_where_a_tensor_is_wanted():
    with tf.Graph().as_default(), tf.Session() as session:
        with tf.variable_scope("s", partitioner=tf.fixed_size_partitioner(2)):
            whole = tf.get_variable("w", [3, 2], initializer=tf.ones_initializer())
        double = tf.multiply(whole, 2.0)
        session.run(tf.global_variables_initializer())
        np.testing.assert_array_equal(session.run(double), np.full((3, 2), 2.0))
        assert [v.op.name for v in tf.global_variables()] == ["s/w/part_0", "s/w/part_1"]
        assert [v.shape.as_list() for v in whole] == [[2, 2], [1, 2]]
        assert whole._get_variable_list()[1]._save_slice_info.spec == "3 2 2,1:0,2"


def test_a_creator_sees_every_variable():
    seen = []

    def creator(make, **arguments):
        seen.append(arguments["name"])
        return make(**arguments)

    with tf.Graph().as_default(), tf.variable_creator_scope(creator):
        tf.Variable(1.0, name="a")
        tf.get_variable("b", [2])
    assert seen == ["a", "b"]


def test_resource_variables_change_rows_and_count():
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.get_variable("v", initializer=[[1.0, 2.0], [3.0, 4.0]], use_resource=True)
        n = tf.get_variable("n", initializer=0, use_resource=True)
        rows = tf.scatter_add(v, [1, 1], [[1.0, 1.0], [10.0, 10.0]])
        part = v[0, 1].assign(7.0)
        counted = tf.count_up_to(n, 2)
        session.run(tf.global_variables_initializer())
        np.testing.assert_array_equal(session.run(rows), [[1, 2], [14, 15]])
        np.testing.assert_array_equal(session.run(part), [[1, 7], [14, 15]])
        gradient = tf.gradients(tf.reduce_sum(tf.gather(v, [1, 1]) ** 2), v)[0]
        np.testing.assert_array_equal(session.run(gradient.values), [[28, 30], [28, 30]])
        assert [session.run(counted) for _ in range(2)] == [0, 1]
        with pytest.raises(tf.errors.OutOfRangeError, match="Reached limit of 2"):
            session.run(counted)


def test_a_proto_finds_its_variable_again():
    with tf.Graph().as_default():
        v = tf.Variable([1.0], name="v", trainable=False)
        again = tf.Variable.from_proto(v.to_proto())
        assert (again.name, again.initializer.name, again.trainable) == ("v:0", "v/Assign", False)


def test_a_template_shares_its_variables():
    with tf.Graph().as_default():
        layer = tf.make_template("t", lambda x: x * tf.get_variable("w", [], initializer=tf.ones_initializer()))
        layer(1.0)
        layer(2.0)
        assert [v.op.name for v in tf.global_variables()] == ["t/w"]
        assert layer.variables == tf.global_variables()


def test_scatters_outside_of_the_variable_are_refused():
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.Variable([1.0, 2.0])
        wrong = tf.scatter_nd_add(v, [[2]], [1.0])
        session.run(v.initializer)
        with pytest.raises(tf.errors.InvalidArgumentError, match="does not index into shape"):
            session.run(wrong)
        with pytest.raises(ValueError, match="Shapes must be equal rank"):
            tf.scatter_update(v, [0, 1], [[1.0, 2.0]])


def test_a_variable_that_a_branch_reads_has_its_gradient():
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.Variable([1.0, 2.0])
        gradient = tf.gradients(tf.reduce_sum(v.initialized_value() ** 2), v)[0]
        session.run(v.initializer)
        np.testing.assert_array_equal(session.run(gradient), [2.0, 4.0])


def test_what_takes_a_reference_is_placed_beside_its_variable():
    """As in TensorFlow 1.15: a function of devices is asked once for a variable, and not for what assigns to it."""
    asked = []

    def device(op):
        asked.append(op.name)
        return f"/cpu:{len(asked)}"

    with tf.Graph().as_default(), tf.device(device):
        a = tf.get_variable("a", [2])
        tf.train.GradientDescentOptimizer(1.0).apply_gradients([(tf.constant([1.0, 2.0]), a)])
        assigned = tf.assign_add(a, [1.0, 1.0])
        with tf.colocate_with(a), tf.device("/cpu:9"):
            beside = tf.constant(1.0)
        held = tf.get_variable("held", [2], use_resource=True)
    assert asked[0] == "a"
    assert not {"a/Assign", "AssignAdd", "a/Initializer/random_uniform/mul", "held/Assign"} & set(asked)
    assert {op.device for op in (a.op, a.initializer, assigned.op, beside.op)} == {"/cpu:1"}
    for op in (a.op, a.initializer, a.initial_value.op, assigned.op, a.value().op, beside.op):
        assert op.get_attr("_class") == [b"loc:@a"]
    assert held.initializer.device.endswith(held.handle.device[-1])
