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
