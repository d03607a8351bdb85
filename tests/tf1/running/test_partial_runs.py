"""Runs in several steps: each operation once, and what is refused. Compared with TensorFlow 2.21's."""

import numpy as np
import pytest

import jax_slim.tf1 as tf


@pytest.fixture
def setting():
    with tf.Graph().as_default(), tf.Session() as session:
        a, b, c = (tf.placeholder(tf.float32, [], name=n) for n in "abc")
        yield session, a, b, c, tf.add(a, b, name="first")


def test_a_later_step_goes_on_from_what_an_earlier_one_gave(setting):
    session, a, b, c, first = setting
    second = first * c
    one, other = (session.partial_run_setup([first, second], [a, b, c]) for _ in range(2))
    given = session.partial_run(one, first, {a: 1, b: 2})
    assert given == 3.0 and session.partial_run(other, {"k": first}, {a: 4, b: 2}) == {"k": 6.0}
    assert session.partial_run(one, second, {c: given * 17}) == 153.0
    assert session.partial_run(other, second, {c: 1}) == 6.0
    with pytest.raises(tf.errors.InvalidArgumentError, match="Must run 'setup'"):
        session.partial_run(one, second)


def test_nothing_is_computed_twice(setting):
    session, a, b, c, first = setting
    drawn, total = tf.random_uniform([], seed=3), tf.Variable(0.0)
    added = tf.assign_add(total, first)
    early, late = drawn + first, drawn * c
    loop = tf.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x + first), [0, c])[1]
    chosen = tf.cond(a > 0, lambda: first + drawn, lambda: c)
    session.run(tf.global_variables_initializer())
    handle = session.partial_run_setup([first, added, early, late, loop, chosen], [a, b, c])
    found = session.partial_run(handle, [first, added, early], {a: 1, b: 2})
    assert found[:2] == [3.0, 3.0]
    rest = session.partial_run(handle, [late, loop, chosen], {c: 2})
    assert session.run(total) == 3.0 and rest[1] == 11.0
    np.testing.assert_allclose([rest[0] / 2 + 3, rest[2]], found[2], rtol=1e-6)


def test_operations_run_in_the_first_step_that_can(setting):
    session, a, b, c, first = setting
    total = tf.Variable(0.0)
    update = tf.assign_add(total, first).op
    session.run(tf.global_variables_initializer())
    handle = session.partial_run_setup([update, first * c], [a, b, c])
    assert session.partial_run(handle, [], {a: 1}) == [] and session.run(total) == 0.0
    assert session.partial_run(handle, [], {b: 2}) == [] and session.run(total) == 3.0
    with pytest.raises(RuntimeError, match="empty target_list"):
        session.partial_run(handle, update)


def test_what_does_not_fit_the_run_is_refused(setting):
    session, a, b, c, first = setting
    second = first * c
    handle = session.partial_run_setup([first, second], [a, b, c])
    session.partial_run(handle, first, {a: 1, b: 2})
    for fetches, feeds, match in (
        (second, {}, "can't be computed from the feeds"),
        (first, {}, "fetch first:0 has already been fetched"),
        (a, {}, "fetch a:0 was not specified"),
        (second, {a: 1}, "feed a:0 has already been fed"),
        (second, {second: 1}, "feed mul:0 was not specified"),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match=match):
            session.partial_run(handle, fetches, feeds)
    assert session.partial_run(handle, second, {c: 2}) == 6.0  # a refused step changes nothing
    with pytest.raises(tf.errors.InvalidArgumentError, match="at least one target"):
        session.partial_run_setup([], [a])
    with pytest.raises(TypeError, match="Cannot interpret"):
        session.partial_run_setup(first, ["nowhere:0"])
