"""Examples read in a graph: the kinds of features, and what is said of those that do not fit."""

import numpy as np
import pytest

import jax_slim.tf1 as tf


def example(**features):
    made = tf.train.Example()
    for name, values in features.items():
        kind = {int: "int64_list", float: "float_list", bytes: "bytes_list"}[type(values[0])]
        getattr(made.features.feature[name], kind).value.extend(values)
    return made.SerializeToString()


def run(fetches):
    with tf.Session() as session:
        return session.run(fetches)


def test_a_batch_pads_sequences_and_makes_sparse_what_varies():
    with tf.Graph().as_default():
        found = tf.parse_example(
            [example(a=[1, 2], s=[b"x"]), example(a=[3]), example()],
            {
                "a": tf.FixedLenSequenceFeature([], tf.int64, allow_missing=True, default_value=9),
                "s": tf.VarLenFeature(tf.string),
                "d": tf.FixedLenFeature([2], tf.float32, default_value=[0.5, 1.5]),
            },
        )
        assert found["d"].shape.as_list() == [3, 2]
        assert found["a"].shape.as_list() == [3, None]
        values = run(found)
    assert values["a"].tolist() == [[1, 2], [3, 9], [9, 9]]
    assert values["s"].indices.tolist() == [[0, 0]]
    assert values["s"].values.tolist() == [b"x"]
    assert values["s"].dense_shape.tolist() == [3, 1]
    assert values["d"].tolist() == [[0.5, 1.5]] * 3


def test_texts_of_one_example_come_as_bytes():
    with tf.Graph().as_default():
        found = tf.parse_single_example(
            example(s=[b"one", b"two"]),
            {"s": tf.FixedLenFeature([2], tf.string), "z": tf.FixedLenFeature([], tf.string, "")},
        )
        values = run(found)
    assert values["s"].tolist() == [b"one", b"two"]
    assert values["z"] == b""


def test_a_sparse_feature_takes_its_places_from_others():
    with tf.Graph().as_default():
        found = tf.parse_single_example(
            example(at=[4, 1], what=[0.5, 2.5]), {"f": tf.SparseFeature("at", "what", tf.float32, 10)}
        )["f"]
        values = run(found)
    assert values.indices.tolist() == [[1], [4]]
    assert values.values.tolist() == [2.5, 0.5]


@pytest.mark.parametrize(
    ("feature", "message"),
    [
        (tf.FixedLenFeature([3], tf.int64), "Number of int64 values != expected"),
        (tf.FixedLenFeature([2], tf.float32), "Data types don't match"),
        (tf.FixedLenSequenceFeature([3], tf.int64, allow_missing=True), "multiple of stride"),
    ],
)
def test_what_does_not_fit_is_an_error_of_the_run(feature, message):
    with tf.Graph().as_default():
        found = tf.parse_single_example(example(a=[1, 2]), {"a": feature})
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            run(found)


def test_bytes_that_are_no_example_are_an_error_of_the_run():
    with tf.Graph().as_default():
        found = tf.parse_single_example(b"\xff\xff", {"a": tf.VarLenFeature(tf.int64)})
        with pytest.raises(tf.errors.InvalidArgumentError, match="Could not parse example input"):
            run(found)


def test_lines_in_quotes_may_hold_delimiters_and_quotes():
    with tf.Graph().as_default():
        name, number = tf.decode_csv(['"a ""b"", c",1', "d,"], [[""], [7]])
        assert [v.tolist() for v in run([name, number])] == [[b'a "b", c', b"d"], [1, 7]]


@pytest.mark.parametrize("line", ['a"b,1', '"a"b,1', "a\nb,1", ""])
def test_lines_with_quotes_out_of_place_are_refused(line):
    with tf.Graph().as_default():
        columns = tf.decode_csv(line, [[""], [7]])
        with pytest.raises(tf.errors.InvalidArgumentError):
            run(columns)


def test_a_serialized_tensor_comes_back():
    with tf.Graph().as_default():
        for value in (np.arange(6.0, dtype=np.float32).reshape(2, 3), np.array([b"a", b""], object), np.array(True)):
            back = run(tf.parse_tensor(tf.serialize_tensor(tf.constant(value)), value.dtype))
            assert back.tolist() == value.tolist()
