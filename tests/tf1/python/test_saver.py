"""Savers: both formats, parts of wholes, which checkpoints are kept."""

import os
import threading

import numpy as np
import pytest

import jax_slim.tf1 as tf


@pytest.mark.parametrize("version", [tf.train.SaverDef.V1, tf.train.SaverDef.V2])
def test_both_formats_give_back_what_was_saved(tmp_path, version):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.get_variable("w", initializer=[[1.0, 2.0], [3.0, 4.0]])
        tf.get_variable("n", initializer=np.int64(-7))
        tf.get_variable("flags", initializer=[True, False])
        tf.get_variable("word", initializer="text")
        saver = tf.train.Saver(write_version=version)
        session.run(tf.global_variables_initializer())
        path = saver.save(session, str(tmp_path / "model"), global_step=3)
        assert path == str(tmp_path / "model-3")
        assert os.path.exists(path) == (version == tf.train.SaverDef.V1)
        values = session.run(tf.global_variables())
    with tf.Graph().as_default(), tf.Session() as session:
        saver = tf.train.import_meta_graph(path + ".meta")
        saver.restore(session, path)
        for got, expected in zip(session.run(tf.global_variables()), values, strict=True):
            np.testing.assert_array_equal(got, expected)


def test_a_variable_in_parts_is_restored_whole_and_in_other_parts(tmp_path):
    whole = np.arange(12, dtype=np.float32).reshape(6, 2)
    with tf.Graph().as_default(), tf.Session() as session:
        tf.get_variable("w", initializer=tf.constant(whole), partitioner=tf.fixed_size_partitioner(3))
        session.run(tf.global_variables_initializer())
        written = np.concatenate(session.run(tf.global_variables()))
        path = tf.train.Saver().save(session, str(tmp_path / "model"))
    assert tf.train.list_variables(path) == [("w", [6, 2])]
    np.testing.assert_array_equal(tf.train.load_variable(path, "w"), written)
    with tf.Graph().as_default(), tf.Session() as session:
        w = tf.get_variable("w", [6, 2], partitioner=tf.fixed_size_partitioner(2))
        tf.train.Saver().restore(session, path)
        np.testing.assert_array_equal(session.run(tf.convert_to_tensor(w)), written)
    with tf.Graph().as_default(), tf.Session() as session:
        w = tf.get_variable("w", [6, 2])
        tf.train.Saver(sharded=True).restore(session, path)
        np.testing.assert_array_equal(session.run(w), written)


def test_reshape_accepts_as_many_elements(tmp_path):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.get_variable("w", initializer=[1.0, 2.0, 3.0, 4.0])
        session.run(tf.global_variables_initializer())
        path = tf.train.Saver().save(session, str(tmp_path / "model"))
    with tf.Graph().as_default(), tf.Session() as session:
        w = tf.get_variable("w", [2, 2])
        tf.train.Saver(reshape=True).restore(session, path)
        assert session.run(w).tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_old_checkpoints_are_deleted_but_for_those_kept_for_ever(tmp_path):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.get_variable("w", initializer=1.0)
        saver = tf.train.Saver(max_to_keep=1, keep_checkpoint_every_n_hours=1e-9)
        session.run(tf.global_variables_initializer())
        for step in range(3):
            saver.save(session, str(tmp_path / "model"), global_step=step, write_meta_graph=False)
    assert sorted(p.name for p in tmp_path.glob("*.index")) == ["model-0.index", "model-1.index", "model-2.index"]
    assert saver.last_checkpoints == [str(tmp_path / "model-2")]
    assert tf.train.latest_checkpoint(str(tmp_path)) == str(tmp_path / "model-2")


def test_a_folder_whose_parent_is_missing_is_refused(tmp_path):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.get_variable("w", initializer=1.0)
        session.run(tf.global_variables_initializer())
        with pytest.raises(ValueError, match="doesn't exist, can't save"):
            tf.train.Saver().save(session, str(tmp_path / "a" / "b" / "model"))


def test_scopes_are_taken_off_and_put_on(tmp_path):
    with tf.Graph().as_default():
        with tf.variable_scope("net"):
            w = tf.get_variable("w", initializer=[2.0])
            tf.add_to_collection("out", w * 3.0)
        meta = tf.train.export_meta_graph(str(tmp_path / "net.meta"), export_scope="net")
    assert {n.name for n in meta.graph_def.node} >= {"w", "w/Assign", "mul"}
    with tf.Graph().as_default(), tf.Session() as session:
        tf.train.import_meta_graph(str(tmp_path / "net.meta"), import_scope="again")
        assert [v.name for v in tf.global_variables()] == ["again/w:0"]
        session.run(tf.global_variables_initializer())
        assert session.run(tf.get_collection("out")[0]).tolist() == [6.0]


def test_the_save_that_begins_last_is_the_latest(tmp_path):
    """A supervisor's thread saves beside the program; a slow save must not become the latest checkpoint."""
    with tf.Graph().as_default():
        variable = tf.Variable(1.0)
        saver = tf.train.Saver()
        with tf.Session() as sess:
            sess.run(variable.initializer)
            inside, go_on = threading.Event(), threading.Event()

            class Slow:
                """A session whose save waits until it is told to go on."""

                graph = sess.graph

                def run(self, *args):
                    inside.set()
                    go_on.wait(60)
                    return sess.run(*args)

            first = threading.Thread(target=lambda: saver.save(Slow(), str(tmp_path / "model.ckpt"), global_step=1))
            second = threading.Thread(target=lambda: saver.save(sess, str(tmp_path / "model.ckpt"), global_step=2))
            first.start()
            assert inside.wait(60)
            second.start()
            second.join(0.3)  # it has no way to end before the first
            go_on.set()
            first.join()
            second.join()
    assert tf.train.latest_checkpoint(str(tmp_path)).endswith("model.ckpt-2")
