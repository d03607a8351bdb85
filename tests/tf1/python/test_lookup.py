"""Lookup tables: filled from files, with buckets for what is not there, each session its own."""

import pytest

import jax_slim.tf1 as tf

lookup = tf.contrib.lookup


def test_columns_of_a_file_are_keys_and_values(tmp_path):
    path = tmp_path / "table.txt"
    path.write_bytes(b"7\tseven\r\n3\tthree\n")
    with tf.Graph().as_default(), tf.Session() as session:
        initializer = lookup.TextFileInitializer(str(path), tf.int64, 0, tf.string, 1)
        table = lookup.HashTable(initializer, "none")
        session.run(tf.tables_initializer())
        assert session.run(table.lookup(tf.constant([3, 7, 0], tf.int64))).tolist() == [b"three", b"seven", b"none"]
        assert tf.get_collection(tf.GraphKeys.ASSET_FILEPATHS)[0].op.name == "text_file_init/asset_filepath"


def test_unknown_keys_fall_into_buckets_behind_the_table():
    with tf.Graph().as_default(), tf.Session() as session:
        table = lookup.index_table_from_tensor(["a", "b"], num_oov_buckets=3)
        keys = tf.SparseTensor([[0, 0], [1, 2]], ["b", "zebra"], [2, 3])
        session.run(tf.tables_initializer())
        found = session.run(table.lookup(keys))
        assert found.indices.tolist() == [[0, 0], [1, 2]]
        assert found.values[0] == 1
        assert 2 <= found.values[1] < 5
        assert session.run(table.size()) == 5


def test_numbers_are_keys_too():
    with tf.Graph().as_default(), tf.Session() as session:
        table = lookup.index_table_from_tensor(tf.constant([10, 30]), 1, dtype=tf.int32)
        session.run(tf.tables_initializer())
        assert session.run(table.lookup(tf.constant([30, 5]))).tolist() == [1, 2]


def test_files_that_do_not_fit_are_errors_of_the_run(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("a\nb\na\n")
    with tf.Graph().as_default(), tf.Session() as session:
        lookup.index_table_from_file(str(path))
        with pytest.raises(tf.errors.FailedPreconditionError, match="same key"):
            session.run(tf.tables_initializer())
    with tf.Graph().as_default(), tf.Session() as session:
        lookup.index_table_from_file(str(path), vocab_size=9)
        with pytest.raises(tf.errors.InvalidArgumentError, match="vocab_size"):
            session.run(tf.tables_initializer())


def test_each_session_has_its_own_table_and_vectors_may_be_values():
    with tf.Graph().as_default():
        table = lookup.MutableHashTable(tf.string, tf.float32, [0.0, 0.0])
        insert, remove = table.insert(["a"], [[1.0, 2.0]]), table.remove(tf.constant(["a"]))
        found = table.lookup(["a", "b"])
        assert found.shape.as_list() == [2, 2]
        with tf.Session() as one, tf.Session() as other:
            one.run(insert)
            assert one.run(found).tolist() == [[1.0, 2.0], [0.0, 0.0]]
            assert other.run(found).tolist() == [[0.0, 0.0]] * 2
            one.run(remove)
            assert one.run(table.size()) == 0
