"""Rows of convolutions, pooling, losses and CTC, where the recorded cases say nothing."""

import itertools
import math

import numpy as np
import pytest

import jax_slim.tf1 as tf

RNG = np.random.default_rng(0)


def run(fetches, feeds=None):
    with tf.Session() as session:
        return session.run(fetches, feeds)


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as made:
        yield made


def test_channels_first_is_computed_on_a_cpu_too():
    images, filters = RNG.normal(size=(2, 5, 6, 3)).astype("f"), RNG.normal(size=(3, 3, 3, 4)).astype("f")
    last = tf.nn.conv2d(images, filters, [1, 2, 2, 1], "SAME")
    first = tf.nn.conv2d(images.transpose(0, 3, 1, 2), filters, [1, 1, 2, 2], "SAME", data_format="NCHW")
    a, b = run([last, first])
    np.testing.assert_allclose(b.transpose(0, 2, 3, 1), a, atol=1e-5)


def test_transposed_convolution_takes_its_size_from_a_batch_of_unknown_size():
    images = tf.placeholder(tf.float32, [None, None, None, 3])
    size = tf.shape(images)
    filters = tf.constant(RNG.normal(size=(3, 3, 2, 3)), tf.float32)
    outputs = tf.nn.conv2d_transpose(images, filters, tf.stack([size[0], size[1] * 2, size[2] * 2, 2]), [1, 2, 2, 1])
    assert outputs.shape.as_list() == [None, None, None, 2]
    gradient = tf.gradients(outputs, images)[0]
    for shape in [(1, 2, 3, 3), (2, 4, 2, 3)]:
        made, back = run([outputs, gradient], {images: np.ones(shape)})
        assert made.shape == (shape[0], 2 * shape[1], 2 * shape[2], 2)
        assert back.shape == shape


def test_second_derivatives_of_layers():
    images = tf.placeholder(tf.float64, [2, 4, 4, 2])
    filters = tf.constant(RNG.normal(size=(3, 3, 2, 2)))
    outputs = tf.nn.max_pool(tf.nn.elu(tf.nn.conv2d(images, filters, [1, 1, 1, 1], "SAME")), 2, 2, "VALID")
    first = tf.gradients(tf.reduce_sum(outputs**2), images)[0]
    second = tf.gradients(tf.reduce_sum(first**2), images)[0]
    x, step = RNG.normal(size=(2, 4, 4, 2)), RNG.normal(size=(2, 4, 4, 2))
    with tf.Session() as session:
        found = (session.run(second, {images: x}) * step).sum()
        low, high = ((session.run(first, {images: x + sign * 1e-5 * step}) ** 2).sum() for sign in (-1, 1))
    assert found == pytest.approx((high - low) / 2e-5, rel=1e-5)


def test_averages_of_batch_norm_have_no_gradient():
    x, scale, offset, mean, variance = (
        tf.placeholder(tf.float32, shape) for shape in ([2, 3, 3, 2], [2], [2], [2], [2])
    )
    outputs = tf.nn.fused_batch_norm(x, scale, offset, mean, variance, is_training=False)[0]
    found = tf.gradients(outputs, [x, scale, offset, mean, variance])
    assert [g is None for g in found] == [False, False, False, True, True]


@pytest.mark.parametrize("times", [1, 6])  # at first on the host, then compiled
def test_label_out_of_range_is_an_error(times):
    labels = tf.placeholder(tf.int32, [2])
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=tf.zeros([2, 3]) + 1.0)
    with tf.Session() as session:
        for _ in range(times):
            session.run(loss, {labels: [0, 2]})
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"valid range of \[0, 3\)"):
            session.run(loss, {labels: [0, 3]})


def test_gradient_of_resizing_is_its_transpose():
    images = tf.placeholder(tf.float64, [1, 3, 4, 2])
    x, y = RNG.normal(size=(1, 3, 4, 2)), RNG.normal(size=(1, 7, 5, 2)).astype("f")
    resizers = [tf.image.resize_bilinear, tf.image.resize_bicubic, tf.image.resize_nearest_neighbor]
    with tf.Session() as session:
        for resize in resizers:
            outputs = resize(images, [7, 5])
            gradient = tf.gradients(outputs, images, tf.cast(y, outputs.dtype))[0]
            forward, back = session.run([outputs, gradient], {images: x})
            assert (forward * y).sum() == pytest.approx((x * back).sum(), rel=1e-5)


def _probability_of(labels, logits):
    """The sum over all paths that are these labels without repetitions and blanks."""
    steps, classes = logits.shape
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    total = 0.0
    for path in itertools.product(range(classes), repeat=steps):
        kept = [p for i, p in enumerate(path) if p != classes - 1 and (i == 0 or p != path[i - 1])]
        if kept == labels:
            total += math.prod(shares[i, p] for i, p in enumerate(path))
    return total


def test_ctc_loss_is_the_sum_over_all_paths_and_the_beams_find_the_best():
    logits = RNG.normal(size=(5, 2, 3)).astype("f")
    labels = tf.SparseTensor([[0, 0], [0, 1], [1, 0]], [0, 0, 1], [2, 2])
    loss = tf.nn.ctc_loss(labels, logits, [5, 3])
    (decoded,), scores = tf.nn.ctc_beam_search_decoder(logits, [5, 3], beam_width=50, merge_repeated=False)
    losses, best, score = run([loss, decoded, scores])
    np.testing.assert_allclose(np.exp(-losses[0]), _probability_of([0, 0], logits[:, 0]), rtol=1e-5)
    np.testing.assert_allclose(np.exp(-losses[1]), _probability_of([1], logits[:3, 1]), rtol=1e-5)
    for example, length in enumerate([5, 3]):
        found = best.values[best.indices[:, 0] == example].tolist()
        assert np.exp(score[example, 0]) == pytest.approx(_probability_of(found, logits[:length, example]), rel=1e-4)


def test_gradient_of_fractional_pooling_reaches_the_maxima():
    images = tf.placeholder(tf.float32, [2, 7, 9, 1])
    outputs, rows, columns = tf.nn.fractional_max_pool(images, [1.0, 1.4, 1.7, 1.0], pseudo_random=True, seed=3)
    gradient = tf.gradients(outputs, images)[0]
    x = RNG.permutation(126).reshape(2, 7, 9, 1)
    made, back, down, across = run([outputs, gradient, rows, columns], {images: x})
    assert made.shape == (2, 5, 5, 1)
    assert (down[0], down[-1], across[0], across[-1]) == (0, 7, 0, 9)
    assert set(x[back > 0]) == set(made.reshape(-1))


def test_losses_with_sampled_classes_come_down():
    tf.set_random_seed(0)
    words = tf.get_variable("words", [20, 4])
    weights, biases = tf.get_variable("weights", [20, 4]), tf.get_variable("biases", [20])
    labels = tf.constant(np.arange(10)[:, None] + 5, tf.int64)
    inputs = tf.nn.embedding_lookup(words, np.arange(10))
    loss = tf.reduce_mean(tf.nn.nce_loss(weights, biases, labels, inputs, 3, 20))
    train = tf.train.GradientDescentOptimizer(1.0).minimize(loss)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        losses = [session.run([loss, train])[0] for _ in range(20)]
    assert losses[-1] < 0.5 * losses[0]
