"""Event files of the room tf1."""

import pytest

import jax_slim.tf1 as tf


def steps_of(folder):
    return [[e.step for e in tf.train.summary_iterator(str(p))] for p in sorted(folder.iterdir())]


def summary(value):
    return tf.Summary(value=[tf.Summary.Value(tag="t", simple_value=value)])


def test_two_writers_in_one_second_have_files_of_their_own(tmp_path):
    for step in (1, 2):
        with tf.summary.FileWriter(str(tmp_path)) as writer:
            writer.add_summary(summary(0.5), step)
    assert sorted(steps_of(tmp_path)) == [[0, 1], [0, 2]]


def test_a_closed_writer_warns_and_goes_on_in_a_new_file_when_it_is_reopened(tmp_path):
    writer = tf.summary.FileWriter(str(tmp_path))
    writer.close()
    with pytest.warns(UserWarning, match="closed FileWriter"):
        writer.add_summary(summary(0.5), 1)
    writer.reopen()
    writer.add_summary(summary(0.5), 2)
    writer.close()
    assert sorted(steps_of(tmp_path)) == [[0], [0, 2]]


def test_a_run_is_described_once(tmp_path):
    with tf.summary.FileWriter(str(tmp_path)) as writer:
        writer.add_run_metadata(tf.RunMetadata(), "step 1", 1)
        with pytest.raises(ValueError, match="already used"):
            writer.add_run_metadata(tf.RunMetadata(), "step 1", 1)


def test_a_damaged_file_is_data_loss(tmp_path):
    with tf.summary.FileWriter(str(tmp_path)) as writer:
        writer.add_summary(summary(0.5), 1)
    (path,) = tmp_path.iterdir()
    data = bytearray(path.read_bytes())
    data[-6] ^= 1
    path.write_bytes(data)
    with pytest.raises(tf.errors.DataLossError):
        list(tf.train.summary_iterator(str(path)))
