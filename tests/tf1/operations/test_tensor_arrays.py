"""Static shapes of what tensor arrays and gathers give."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import jax_slim.tf1 as tf


def test_concat_of_a_split_array_knows_all_sizes_but_the_first() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        pieces = tf.TensorArray(tf.float32, 2).split(tf.ones([3, 4]), [1, 2])
        whole = pieces.concat()
        assert whole.shape.as_list() == [None, 4]
        assert session.run(whole).shape == (3, 4)


def test_gradient_rows_of_a_gather_have_the_known_sizes() -> None:
    with tf.Graph().as_default():
        table = tf.placeholder(tf.float32, [None, 4])
        (found,) = tf.gradients(tf.gather(table, [1, 2, 1]), table)
        assert found.values.shape.as_list() == [3, 4]


def test_gradient_arrays_add_up_what_is_written_and_are_zero_elsewhere() -> None:
    from jax_slim.tf1.operations import tensor_array_gradients as sums
    from jax_slim.tf1.operations.tensor_array_values import Handle, TensorArrayValue

    handle = Handle(tf.float32, None, False, "a", gradient=True)
    elements = [np.ones([1, 2], np.float32), np.ones([3, 2], np.float32)]
    flow = sums.added(TensorArrayValue(elements, None, 2), np.array([0, 0]), np.full([2, 1, 2], 3, np.float32))
    np.testing.assert_array_equal(sums.taken(handle, flow, np.int32(0)), np.full([1, 2], 6))
    np.testing.assert_array_equal(sums.taken(handle, flow, np.int32(1)), np.zeros([3, 2]))
    both = np.float32(0) + flow + flow  # the zero that TensorFlow's sums begin with
    np.testing.assert_array_equal(sums.taken(handle, both, np.int32(0)), np.full([1, 2], 12))

    def traced(place: Any) -> Any:
        flow = TensorArrayValue(None, jnp.ones([3, 2]), 3)
        total = sums.added(flow, place[None], jnp.full([1, 2], 2.0)) + sums.added(flow, np.array([0]), jnp.ones([1, 2]))
        return sums.gathered(handle, total, np.arange(3)), sums.taken(handle, flow, place)

    total, untouched = jax.jit(traced)(1)
    np.testing.assert_array_equal(total, [[1, 1], [2, 2], [0, 0]])
    np.testing.assert_array_equal(untouched, [0, 0])
