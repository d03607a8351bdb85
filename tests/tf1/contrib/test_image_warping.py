"""Images distorted, splines through points, components: against SciPy, which computes in float64."""

import numpy as np
import pytest
from scipy import interpolate, ndimage

import jax_slim.tf1 as tf

RANDOM = np.random.default_rng(3)


def test_a_flow_takes_pixels_from_where_it_says():
    image = RANDOM.uniform(size=(2, 5, 6, 2))
    flow = RANDOM.uniform(-2, 2, (2, 5, 6, 2))
    with tf.Graph().as_default(), tf.Session() as session:
        given = tf.constant(flow)
        warped = tf.contrib.image.dense_image_warp(image, given)
        found, gradient = session.run([warped, tf.gradients(warped, given)[0]])
        with pytest.raises(ValueError, match="at least 2 by 2"):
            tf.contrib.image.dense_image_warp(np.zeros((1, 1, 4, 1)), np.zeros((1, 1, 4, 2)))
    places = np.stack(np.meshgrid(np.arange(5), np.arange(6), indexing="ij"), -1) - flow
    for i in range(2):
        for channel in range(2):
            wanted = ndimage.map_coordinates(
                image[i, :, :, channel], places[i].T.swapaxes(1, 2), order=1, mode="nearest"
            )
            np.testing.assert_allclose(found[i, :, :, channel], wanted, rtol=1e-9)
    y, x = 2, 3  # inside: the difference of the pixels above and below
    down, right = (int(np.floor(v)) for v in places[0, y, x])
    part = places[0, y, x, 1] - right
    step = (image[0, down + 1] - image[0, down])[right : right + 2].sum(-1)
    np.testing.assert_allclose(gradient[0, y, x, 0], -(step[0] * (1 - part) + step[1] * part))


@pytest.mark.parametrize(("order", "kernel"), [(1, "linear"), (2, "thin_plate_spline"), (3, "cubic")])
def test_splines_go_through_their_points(order, kernel):
    points, values = RANDOM.uniform(size=(1, 8, 2)), RANDOM.uniform(size=(1, 8, 3))
    asked = RANDOM.uniform(size=(1, 5, 2))
    with tf.Graph().as_default(), tf.Session() as session:
        spline = tf.contrib.image.interpolate_spline
        found, own, smooth = session.run(
            [
                spline(points, values, asked, order),
                spline(points, values, points, order),
                spline(points, values, points, order, 5.0),
            ]
        )
    wanted = interpolate.RBFInterpolator(points[0], values[0], kernel=kernel, degree=1)(asked[0])
    np.testing.assert_allclose(found[0], wanted, atol=1e-4)
    np.testing.assert_allclose(own[0], values[0], atol=1e-4)
    assert np.abs(smooth - values).max() > 0.01


def test_points_move_and_edges_stay():
    image = RANDOM.uniform(size=(1, 9, 9, 1)).astype("float32")
    source, target = [[[4.0, 4.0]]], [[[5.0, 3.0]]]
    with tf.Graph().as_default(), tf.Session() as session:
        warped, flow = session.run(tf.contrib.image.sparse_image_warp(image, source, target, num_boundary_points=2))
    np.testing.assert_allclose(flow[0, 5, 3], [1, -1], atol=1e-3)
    np.testing.assert_allclose(warped[0, 5, 3], image[0, 4, 4], atol=1e-3)
    np.testing.assert_allclose(flow[0, [0, 0, 8, 8, 4, 0], [0, 8, 0, 8, 0, 4]], 0, atol=1e-3)


def test_components_are_numbered_in_the_order_of_their_pixels():
    image = np.kron(RANDOM.integers(0, 3, (2, 9, 8)), np.ones((1, 2, 1), int))
    with tf.Graph().as_default(), tf.Session() as session:
        label = tf.contrib.image.connected_components
        found, one, texts = session.run([label(image), label(image[0] > 0), label([["a", "", "a"], ["a", "b", "a"]])])
        with pytest.raises(TypeError, match="rank 2"):
            label([1])
    assert texts.tolist() == [[1, 0, 2], [1, 3, 2]]
    wanted = np.zeros(image.shape, int)
    for i in range(2):
        for value in (1, 2):
            parts, _ = ndimage.label(image[i] == value)
            wanted[i][parts > 0] = parts[parts > 0] + wanted.max()
    for labels, other in ((found, wanted), (one, ndimage.label(image[0] > 0)[0])):
        pairs = {(int(a), int(b)) for a, b in zip(labels.ravel(), other.ravel(), strict=True)}
        assert len(pairs) == len(set(labels.ravel())) == len(set(other.ravel()))
        firsts = list(dict.fromkeys(n for n in labels.ravel().tolist() if n))
        assert firsts == list(range(1, len(firsts) + 1))
