"""`tf.contrib.summary`; `slim.summaries` and `tf.contrib.layers.summarize_*`."""

import numpy as np
import pytest

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


summary = tf.contrib.summary


def _written(folder):
    (path,) = folder.iterdir()
    assert path.name.endswith(".v2")
    return list(tf.train.summary_iterator(str(path)))


def test_summaries_write_themselves_at_the_steps_that_are_asked_for(tmp_path):
    with tf.Graph().as_default() as graph, tf.Session() as session:
        step = tf.train.get_or_create_global_step()
        increment = tf.assign_add(step, 1)
        with summary.create_file_writer(str(tmp_path)).as_default() as writer:
            assert summary.scalar("undecided", 1.0).name == "Const_3:0"  # and writes nothing
            with tf.name_scope("net"), summary.record_summaries_every_n_global_steps(2):
                summary.scalar("loss", tf.cast(step, tf.float32) * 10, family="all")
            with summary.always_record_summaries():
                values = tf.constant([[0.25, 0.5, 1.0, 0.0]])
                summary.histogram("values", values, step=7)
                summary.image("pixels", tf.reshape(values, [1, 2, 2, 1]), step=7)
                summary.audio("sound", values, 8.0, 3, step=7)
                summary.generic("whole", values, step=7)
            with summary.never_record_summaries():
                summary.scalar("never", 1.0)
            made = summary.all_summary_ops()
            session.run(tf.global_variables_initializer())
            with pytest.raises(tf.errors.NotFoundError, match=r"tf\.contrib\.summary\.initialize"):
                session.run(made[2])
            summary.initialize(graph, session)
            session.run(made[2:])
            for _ in range(3):
                session.run(made[:2])
                session.run(increment)
            session.run(summary.import_event(tf.constant(tf.Event(step=9).SerializeToString())))
            session.run(summary.flush())
            session.run(writer.close())
    events = _written(tmp_path)
    assert tf.GraphDef.FromString(events[1].graph_def).node[0].name == "global_step/Initializer/zeros"
    found = {v.tag: (e.step, v) for e in events for v in e.summary.value}
    assert {t: s for t, (s, _) in found.items()} == {
        "values": 7, "pixels/image/0": 7, "sound/audio/0": 7, "whole": 7, "all/net/all/loss": 2,
    }  # fmt: skip
    scalars = [(e.step, v.simple_value) for e in events for v in e.summary.value if v.tag.endswith("loss")]
    assert scalars == [(0, 0.0), (2, 20.0)] and events[-1].step == 9
    assert found["values"][1].histo.sum == 1.75 and not found["whole"][1].HasField("metadata")
    np.testing.assert_array_equal(tf.make_ndarray(found["whole"][1].tensor), [[0.25, 0.5, 1.0, 0.0]])


def test_without_a_writer_nothing_is_written():
    with tf.Graph().as_default(), tf.Session() as session:
        with summary.create_file_writer(None).as_default(), summary.always_record_summaries():
            assert summary.scalar("loss", 1.0).type == "NoOp"
            assert not session.run(summary.should_record_summaries())
        with pytest.raises(RuntimeError, match=r"No default tf\.contrib\.summary"):
            summary.initialize(session=session)
        assert summary.all_summary_ops() == [] and summary.eval_dir("m", "x") == "m/eval_x"
