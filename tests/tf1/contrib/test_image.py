"""`tf.contrib.image`: transforms as TensorFlow computes them."""

import numpy as np
import pytest

import jax_slim.tf1 as tf

_IMAGES = np.arange(2 * 4 * 5, dtype="float32").reshape(2, 4, 5, 1)


def test_images_are_moved_and_turned():
    with tf.Graph().as_default(), tf.Session() as session:
        image = tf.contrib.image
        moved = image.translate(_IMAGES, [1.0, -2.0])
        turned = image.rotate(tf.constant(_IMAGES[0, :, :4, 0]), np.pi / 2)
        half = image.transform(_IMAGES, [1.0, 0, 0.5, 0, 1, 0, 0, 0], "BILINEAR")
        both = image.compose_transforms([1.0, 0, -1, 0, 1, 0, 0, 0], [1.0, 0, 0, 0, 1, 2, 0, 0])
        x = tf.constant(_IMAGES)
        gradient = tf.gradients(image.translate(x, [1.0, 0.0]), x)[0]
        moved, turned, half, both, gradient = session.run([moved, turned, half, both, gradient])
    wanted = np.zeros_like(_IMAGES)
    wanted[:, :2, 1:] = _IMAGES[:, 2:, :4]
    np.testing.assert_array_equal(moved, wanted)
    np.testing.assert_array_equal(turned, np.rot90(_IMAGES[0, :, :4, 0]))
    np.testing.assert_allclose(half[:, :, :4], _IMAGES[:, :, :4] + 0.5)
    np.testing.assert_allclose(half[:, :, 4], _IMAGES[:, :, 4] / 2)  # half of it is outside
    np.testing.assert_allclose(both, [[1, 0, -1, 0, 1, 2, 0, 0]])
    np.testing.assert_array_equal(gradient[0, 0, :, 0], [1, 1, 1, 1, 0])
    with pytest.raises(TypeError, match="rank between 2 and 4"):
        tf.contrib.image.translate([1.0], [1.0, 1.0])


def test_the_nearest_pair_comes_first():
    with tf.Graph().as_default(), tf.Session() as session:
        distances = tf.constant([[0.5, 0.1, 0.8], [0.2, 0.05, 0.4], [0.0, 0.0, 0.0]])
        match = tf.contrib.image.bipartite_match
        found = session.run([match(distances, 2), match(distances, -1, top_k=1), match(distances, -1)])
        assert [[side.tolist() for side in pair] for pair in found] == [
            [[0, 1, -1], [0, 1, -1]],
            [[-1, -1, 0], [2, -1, -1]],
            [[2, 1, 0], [2, 1, 0]],
        ]
        assert match(distances, 2)[0].shape.as_list() == [3]
