"""tf.gfile and tf.python_io: files and records, with TensorFlow's errors."""

import pytest

import jax_slim.tf1 as tf
from jax_slim.data import read_tfrecords


def test_a_file_opens_when_it_is_used(tmp_path):
    path = str(tmp_path / "new")
    file = tf.gfile.GFile(path)  # no error yet
    with pytest.raises(tf.errors.NotFoundError, match="new"):
        file.read()
    with tf.gfile.Open(path, "w") as file:
        file.write("ä\nb")
        with pytest.raises(tf.errors.PermissionDeniedError):
            file.read()
    assert list(tf.gfile.GFile(path)) == ["ä\n", "b"]
    assert tf.gfile.GFile(path, "rb").read() == "ä\nb".encode()
    assert tf.gfile.Stat(path).length == 4


def test_patterns_find_hidden_files_and_stop_at_folders(tmp_path):
    for name in ("a.txt", ".b.txt", "deep/c.txt"):
        tf.gfile.MakeDirs(str((tmp_path / name).parent))
        (tmp_path / name).write_text("")
    found = tf.gfile.Glob(str(tmp_path / "*.txt"))
    assert [path.rpartition("/")[2] for path in found] == [".b.txt", "a.txt"]
    assert tf.gfile.Glob([str(tmp_path / "none*"), str(tmp_path / "a.txt")]) == [str(tmp_path / "a.txt")]


def test_renaming_onto_a_file_needs_to_be_told(tmp_path):
    one, two = str(tmp_path / "1"), str(tmp_path / "2")
    for path in (one, two):
        with tf.gfile.GFile(path, "w"):
            pass
    with pytest.raises(tf.errors.AlreadyExistsError):
        tf.gfile.Rename(one, two)
    tf.gfile.Rename(one, two, overwrite=True)
    assert not tf.gfile.Exists(one)


@pytest.mark.parametrize("kind", [None, "GZIP", "ZLIB"])
def test_records_are_read_again_here_and_by_the_data_room(tmp_path, kind):
    path = str(tmp_path / "records")
    options = tf.python_io.TFRecordOptions(kind) if kind else None
    with tf.python_io.TFRecordWriter(path, options) as writer:
        writer.write(b"one")
        writer.flush()
        writer.write(b"")
    assert list(tf.python_io.tf_record_iterator(path, options)) == [b"one", b""]
    assert list(read_tfrecords(path)) == [b"one", b""]
    with pytest.raises(tf.errors.FailedPreconditionError):
        writer.write(b"late")


def test_damaged_records_and_missing_files_are_told(tmp_path):
    path = tmp_path / "records"
    with tf.python_io.TFRecordWriter(str(path)) as writer:
        writer.write(b"contents")
    data = bytearray(path.read_bytes())
    data[14] ^= 1
    path.write_bytes(data)
    with pytest.raises(tf.errors.DataLossError, match="records"):
        list(tf.python_io.tf_record_iterator(str(path)))
    with pytest.raises(tf.errors.NotFoundError):
        tf.python_io.tf_record_iterator(str(tmp_path / "none"))
    with pytest.raises(ValueError, match="SNAPPY"):
        tf.python_io.TFRecordOptions("SNAPPY")


def test_a_graph_writes_a_file_in_a_new_folder_and_lists_it(tmp_path):
    path = str(tmp_path / "a" / "b.txt")
    with tf.Graph().as_default(), tf.Session() as session:
        session.run(tf.write_file(path, "text"))
        assert session.run([tf.read_file(path), tf.matching_files(str(tmp_path / "a" / "*"))]) == [
            b"text",
            [path.encode()],
        ]
