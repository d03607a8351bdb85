"""What loops do beside computing their variables."""

import numpy as np
import pytest

import jax_slim.tf1 as tf


@pytest.mark.parametrize("rounds", [4, 20])
def test_assignment_in_a_loop_is_made_once_a_round(rounds: int) -> None:
    """In a compiled run too, where the rounds are counted before they are made: unrolled (4), scanned (20)."""
    with tf.Graph().as_default(), tf.Session() as session:
        total = tf.Variable(0.0)

        def body(i: tf.Tensor) -> tf.Tensor:
            with tf.control_dependencies([tf.assign_add(total, 2.0)]):
                return i + 1

        last = tf.while_loop(lambda i: i < rounds, body, [0])
        with tf.control_dependencies([last]):
            result = total + 0.0
        session.run(total.initializer)
        found = [session.run(result) for _ in range(5)]
    np.testing.assert_array_equal(found, [2.0 * rounds * run for run in range(1, 6)])
