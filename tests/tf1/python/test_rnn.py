"""Cells over sequences, wrappers, and decoders of tf.contrib.seq2seq. Recorded cases hold the values of cells."""

import numpy as np
import pytest

import jax_slim.tf1 as tf

RNN = tf.nn.rnn_cell


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as found:
        tf.set_random_seed(1)
        yield found


def evaluated(*fetches, feed=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(list(fetches), feed)


def test_past_its_length_an_entry_gives_zeros_and_keeps_its_state():
    cell = RNN.BasicRNNCell(2)
    outputs, state = tf.nn.dynamic_rnn(cell, tf.ones([2, 3, 1]), sequence_length=[1, 3], dtype=tf.float32)
    found, last = evaluated(outputs, state)
    np.testing.assert_array_equal(found[0, 1:], 0)
    np.testing.assert_array_equal(last[0], found[0, 0])
    np.testing.assert_array_equal(last[1], found[1, 2])
    assert np.all(found[1] != 0)


def test_raw_rnn_computes_what_dynamic_rnn_does():
    rows = np.random.RandomState(0).randn(2, 3, 2).astype(np.float32)
    cell = RNN.GRUCell(2)
    whole, _ = tf.nn.dynamic_rnn(cell, tf.constant(rows), sequence_length=[1, 3], dtype=tf.float32)
    by_time = tf.TensorArray(tf.float32, size=3).unstack(rows.transpose(1, 0, 2))

    def choose(time, output, state, loop_state):
        finished = time >= [1, 3]
        following = tf.cond(tf.reduce_all(finished), lambda: tf.zeros([2, 2]), lambda: by_time.read(time))
        return finished, following, cell.zero_state(2, tf.float32) if output is None else state, output, None

    emitted, _, _ = tf.nn.raw_rnn(cell, choose, scope="raw")
    got, want = evaluated(emitted.stack(), whole)
    np.testing.assert_allclose(got.transpose(1, 0, 2), want, atol=1e-6)


def test_dropout_leaves_the_memory_of_an_lstm_alone():
    cell = RNN.DropoutWrapper(RNN.BasicLSTMCell(20), state_keep_prob=0.5, seed=1)
    _, state = cell(tf.ones([1, 2]), cell.zero_state(1, tf.float32))
    c, h = evaluated(state.c, state.h)
    assert np.all(c != 0) and 0 < np.sum(h == 0) < 20


def test_a_cell_of_ones_own_shares_its_variables_between_steps():
    class Adding(RNN.RNNCell):
        state_size = output_size = 1

        def call(self, inputs, state):
            state = state + inputs * tf.get_variable("scale", [], initializer=tf.constant_initializer(2.0))
            return state, state

    outputs, _ = tf.nn.dynamic_rnn(Adding(), tf.ones([1, 3, 1]), dtype=tf.float32)
    assert [v.name for v in tf.trainable_variables()] == ["rnn/adding/scale:0"]
    np.testing.assert_array_equal(evaluated(outputs)[0].ravel(), [2, 4, 6])


def test_what_is_no_cell_is_refused():
    with pytest.raises(TypeError, match="is not an RNNCell"):
        tf.nn.dynamic_rnn("lstm", tf.ones([1, 2, 3]), dtype=tf.float32)


def test_greedy_decoding_ends_at_the_end_token():
    # The cell gives its input, and the embedding of id i points at i + 1: from 1 the ids 2, 3, 0 follow, from 3 only 0.
    class Echo(RNN.RNNCell):
        state_size, output_size = 1, 4

        def call(self, inputs, state):
            return inputs, state

    embedding = tf.constant(np.roll(np.eye(4, dtype=np.float32), 1, axis=1))
    s2s = tf.contrib.seq2seq
    helper = s2s.GreedyEmbeddingHelper(embedding, [1, 3], 0)
    decoder = s2s.BasicDecoder(Echo(), helper, tf.zeros([2, 1]))
    outputs, _, lengths = s2s.dynamic_decode(decoder, impute_finished=True, maximum_iterations=9)
    ids, found = evaluated(outputs.sample_id, lengths)
    assert ids.tolist() == [[2, 3, 0], [0, 0, 0]] and found.tolist() == [3, 1]
