"""Shapes that cannot be, found while the graph is built."""

import pytest

import jax_slim.tf1 as tf


@pytest.mark.parametrize(("sizes", "wanted"), [((None, 3), [7]), ((2, 3), [0, -1])])
def test_reshape_to_what_cannot_be(sizes: tuple[int | None, ...], wanted: list[int]) -> None:
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, sizes)
        with pytest.raises(ValueError, match=r"evenly divisible by 3 but is 7|0 elements"):
            tf.reshape(x, wanted)


@pytest.mark.parametrize(
    ("begin", "size", "says"), [(4, -1, "Negative dimension size"), (0, -2, "Invalid value in tensor used for shape")]
)
def test_slice_of_what_is_not_there(begin: int, size: int, says: str) -> None:
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [3])
        with pytest.raises(ValueError, match=says):
            tf.slice(x, [begin], [size])
        assert tf.slice(x, [3], [-1]).shape.as_list() == [0]


def test_amounts_of_padding_that_are_put_together_by_columns() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.ones([2, 3, 1])
        after = [1, 4 - tf.shape(x)[1], 0]
        y = tf.pad(x, tf.stack([tf.zeros(3, tf.int32), after], axis=1))
        assert session.run(y).shape == (3, 4, 1)


def test_a_constant_of_no_elements() -> None:
    with tf.Graph().as_default():
        assert tf.constant(0.0, shape=[0, 4]).shape.as_list() == [0, 4]
        with pytest.raises(ValueError, match="Too many elements"):
            tf.constant([1.0, 2.0], shape=[0])
