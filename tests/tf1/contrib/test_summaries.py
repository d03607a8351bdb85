"""`slim.summaries` and `tf.contrib.layers.summarize_*`."""

import numpy as np

import jax_slim.tf1 as tf

slim, layers = tf.contrib.slim, tf.contrib.layers


def test_an_activations_summaries_count_inputs_beyond_its_bends():
    with tf.Graph().as_default(), tf.Session() as session:
        net = tf.nn.relu6(tf.constant([-1.0, 0.0, 3.0, 7.0, 9.0]), name="net")
        layers.summarize_activation(net)
        values = session.run(tf.get_collection(tf.GraphKeys.SUMMARIES))
        found = {v.tag: v.simple_value for text in values for v in tf.Summary.FromString(text).value}
    np.testing.assert_allclose([found["net/zeros"], found["net/sixes"]], [0.2, 0.4])
    assert "net/activation" in found


def test_an_activation_of_whole_numbers_is_summarized():
    with tf.Graph().as_default():
        layers.summarize_activation(tf.nn.relu6(tf.constant([1, 7])))
        assert len(tf.get_collection(tf.GraphKeys.SUMMARIES)) == 3


def test_a_printed_summary_is_the_collections_only_one(capfd):
    with tf.Graph().as_default(), tf.Session() as session:
        one = slim.summaries.add_scalar_summary(tf.constant(3.0), "score", "eval", print_summary=True)
        assert tf.get_collection(tf.GraphKeys.SUMMARIES) == [one]
        assert tf.Summary.FromString(session.run(one)).value[0].tag == "eval/score"
    assert "eval/score[3]" in capfd.readouterr().err
