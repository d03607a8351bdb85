"""What NumPy computes is not compiled for a few runs, nor for sizes that are new in every run."""

import numpy as np
import pytest

import jax_slim.tf1 as tf
from jax_slim.tf1.running import executing


@pytest.fixture
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def _programs(session, fetches, feed):
    return [len(e._programs) for e in session._plan(fetches, feed)[1]]


def test_a_sparse_net_of_new_sizes_is_never_compiled(graph):
    places, values = tf.placeholder(tf.int64, [None, 2]), tf.placeholder(tf.float32, [None])
    labels, mask = tf.placeholder(tf.int32, [4]), tf.placeholder(tf.float32)
    weights = tf.Variable(np.arange(6, dtype=np.float32).reshape(3, 2) / 10)
    embedding = tf.Variable(np.zeros((5, 2), np.float32))
    logits = tf.sparse_tensor_dense_matmul(tf.SparseTensor(places, values, [4, 3]), weights)
    logits = tf.tanh(tf.sigmoid(logits)) + tf.gather(embedding, labels)
    loss = tf.reduce_mean(mask * tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels % 2, logits=logits))
    assert loss.shape.as_list() == [] and mask.shape.ndims is None
    step = tf.train.GradientDescentOptimizer(0.5).minimize(loss)
    losses = []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for count in range(1, 8):
            feed = {places: [[i % 4, i % 3] for i in range(count)], values: np.ones(count), labels: [0, 1, 2, 4]}
            feed[mask] = np.ones(4)
            losses.append(session.run([loss, step], feed)[0])
        assert not any(_programs(session, [loss, step], dict.fromkeys(feed)))
    assert losses[0] > losses[-1]


@pytest.mark.parametrize("turned", [False, True])
def test_products_with_sparse_matrices_have_gradients_of_both(graph, turned):
    dense = np.arange(12, dtype=np.float32).reshape(4, 3)
    values = tf.constant([2.0, -1.0, 0.5, 3.0])
    right = tf.constant((np.arange(8 if turned else 6, dtype=np.float32) - 2).reshape(-1, 2).T)
    sparse = tf.SparseTensor([[0, 1], [1, 0], [1, 2], [3, 1]], values, dense.shape)
    product = tf.sparse_tensor_dense_matmul(sparse, right, adjoint_a=turned, adjoint_b=True)
    plain = tf.sparse_tensor_to_dense(sparse, validate_indices=False)
    other = tf.matmul(plain, right, transpose_a=turned, transpose_b=True)
    found = [tf.gradients(tf.reduce_sum(p**3), [values, right]) for p in (product, other)]
    with tf.Session() as session:
        ours, others = session.run(found)
    for a, b in zip(ours, others, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_cross_entropies_and_segment_sums_are_numpys_and_jaxs_alike(graph):
    logits, classes = tf.placeholder(tf.float32, [3, 3]), tf.placeholder(tf.int32, [3])
    hot = tf.one_hot(classes, 3) * 0.9
    fetches = [
        tf.nn.softmax_cross_entropy_with_logits(labels=hot, logits=logits),
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=classes, logits=logits),
        tf.unsorted_segment_sum(logits, classes - 1, 2),
    ]
    fetches.append(tf.gradients(fetches[:2], logits)[0])
    feed = {logits: np.array([[1, 2, 3], [90, -90, 0], [0, -np.inf, 0]], np.float32)[::-1], classes: [2, 1, 0]}
    with tf.Session() as session:
        runs = [session.run(fetches, feed) for _ in range(2)]
        assert _programs(session, fetches, dict.fromkeys(feed)) == [0]
        runs += [session.run(fetches, feed) for _ in range(executing._RUNS_BEFORE_COMPILING)]
        assert _programs(session, fetches, dict.fromkeys(feed)) == [1]
    np.testing.assert_allclose(runs[0][1], [np.log(2), 180, 2.407606], rtol=1e-6)
    np.testing.assert_array_equal(runs[0][2], [[90, -90, 0], [0, -np.inf, 0]])
    for value, compiled in zip(runs[0], runs[-1], strict=True):
        np.testing.assert_allclose(value, compiled, rtol=1e-6, atol=1e-7)


def test_large_programs_are_run_more_often_before_they_are_compiled(graph):
    x = y = tf.placeholder(tf.float32, [2])
    for _ in range(2 * executing._OPERATIONS_A_RUN):
        y = tf.tanh(y)
    with tf.Session() as session:
        counts = []
        for _ in range(executing._RUNS_BEFORE_COMPILING + 3):
            session.run(y, {x: [1.0, 2.0]})
            counts += _programs(session, y, {x: None})
    assert counts == [0] * (executing._RUNS_BEFORE_COMPILING + 2) + [1]


@pytest.mark.parametrize("keep", [False, True])
def test_sums_of_unknown_rank_are_spread_again(graph, keep):
    x = tf.placeholder(tf.float32)
    mean = tf.reduce_mean(x * x, keepdims=keep)
    if not keep:
        assert mean.shape.ndims == 0
    (gradient,) = tf.gradients(mean * 3.0, [x])
    assert "BroadcastTo" in [op.type for op in graph.get_operations()]
    with tf.Session() as session:
        for value in (2.0, [1.0, 2.0], [[1.0, 2.0, 3.0]]):
            found = session.run(gradient, {x: value})
            np.testing.assert_allclose(found, 6 * np.asarray(value) / np.size(value), rtol=1e-6)


def test_a_python_function_may_change_its_arguments(graph):
    kept = tf.constant([1.0, 2.0])
    x = tf.placeholder(tf.float32, [2])

    def change(*arrays):
        for array in arrays:
            array[0] = 9
        return np.stack(arrays)

    found = tf.py_func(change, [kept, tf.nn.relu(x), x], tf.float32)
    fed = np.array([3, 4], np.float32)
    with tf.Session() as session:
        for _ in range(6):
            both, constant = session.run([found, kept], {x: fed})
            assert both.tolist() == [[9, 2], [9, 4], [9, 4]]
            assert constant.tolist() == [1, 2] and fed.tolist() == [3, 4]
