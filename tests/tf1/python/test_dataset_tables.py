"""`tf.data.experimental`: `make_csv_dataset`, `make_batched_features_dataset`, `rejection_resample`, `Optional`."""

import numpy as np
import pytest

import jax_slim.tf1 as tf

experimental = tf.data.experimental


def _all(dataset):
    element, found = dataset.make_one_shot_iterator().get_next(), []
    with tf.Session() as session:
        while True:
            try:
                found.append(session.run(element))
            except tf.errors.OutOfRangeError:
                return found


def test_csv_files_are_batches_of_columns(tmp_path):
    (tmp_path / "a.csv").write_text('id,size,name,far,none\n1,2,"x, y",3000000000,\n2,,z,4,\n')
    (tmp_path / "b.csv").write_text("id,size,name,far,none\n3,0.5,w,5,\n")
    pattern, options = str(tmp_path / "*.csv"), {"num_epochs": 1, "shuffle": False}
    with tf.Graph().as_default():
        dataset = experimental.make_csv_dataset(pattern, 2, label_name="id", **options)
        assert {n: t.name for n, t in dataset.output_types[0].items()} == {
            "size": "float32", "name": "string", "far": "int64", "none": "string",
        }  # fmt: skip
        (first, labels), (second, last) = _all(dataset)
        options |= {"select_columns": ["name", 0], "column_defaults": [tf.int64, ""]}
        few = _all(experimental.make_csv_dataset(pattern, 3, **options))
        endless = experimental.make_csv_dataset(pattern, 2, shuffle_seed=1).make_one_shot_iterator().get_next()
        with tf.Session() as session:
            assert sum(session.run(endless["id"]).size for _ in range(3)) == 6
        refused = {"label_name": "no", "select_columns": ["no"], "header": False}
        for (name, value), match in zip(refused.items(), ("label_name", "not present", "column_names"), strict=True):
            with pytest.raises(ValueError, match=match):
                experimental.make_csv_dataset(pattern, 2, **{name: value})
        with pytest.raises(ValueError, match="No files match"):
            experimental.make_csv_dataset(pattern + "x", 2)
    assert labels.tolist() == [1, 2] and last.tolist() == [3]
    assert first["size"].tolist() == [2.0, 0.0] and second["size"].tolist() == [0.5]
    assert first["name"].tolist() == [b"x, y", b"z"] and first["far"].tolist() == [3000000000, 4]
    assert list(few[0]) == ["id", "name"] and few[0]["id"].tolist() == [1, 2, 3]


def test_records_are_batches_of_features(tmp_path):
    path = str(tmp_path / "records")
    with tf.python_io.TFRecordWriter(path) as writer:
        for number in range(3):
            feature = {
                n: tf.train.Feature(int64_list=tf.train.Int64List(value=[number * k])) for k, n in ((1, "x"), (10, "y"))
            }
            writer.write(tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString())
    features = {name: tf.FixedLenFeature([], tf.int64) for name in ("x", "y")}
    with tf.Graph().as_default():
        options = {"label_key": "y", "num_epochs": 1, "shuffle": False}
        found = _all(experimental.make_batched_features_dataset(path, 2, features, **options))
    assert [(f["x"].tolist(), y.tolist()) for f, y in found] == [([0, 1], [0, 10]), ([2], [20])]


@pytest.mark.parametrize("initial", [None, [0.75, 0.25]])
def test_classes_come_as_often_as_is_wanted(initial):
    classes = np.random.default_rng(0).choice(2, 300, p=[0.75, 0.25]).astype(np.int32)
    with tf.Graph().as_default():
        dataset = tf.data.Dataset.from_tensor_slices({"c": classes, "i": np.arange(300)})
        dataset = dataset.apply(experimental.rejection_resample(lambda e: e["c"], [0.5, 0.5], initial, seed=3))
        found = _all(dataset.batch(5000))
    ((kinds, elements),) = found
    np.testing.assert_array_equal(kinds, elements["c"])
    np.testing.assert_array_equal(kinds, classes[elements["i"]])
    assert 100 < len(kinds) < 600 and abs(np.mean(kinds) - 0.5) < 0.12


def test_an_iterator_that_has_ended_has_no_next_value():
    with tf.Graph().as_default(), tf.Session() as session:
        iterator = tf.data.Dataset.range(2).map(lambda i: (i, {"twice": 2 * i})).make_one_shot_iterator()
        following = experimental.get_next_as_optional(iterator)
        there, value = following.has_value(), following.get_value()
        assert value[1]["twice"].shape.as_list() == []
        assert session.run([there, value]) == [True, (0, {"twice": 0})]
        assert session.run([there, value[0]]) == [True, 1]
        assert not session.run(there)
        with pytest.raises(tf.errors.InvalidArgumentError, match="does not have a value"):
            session.run(value)
        made = experimental.Optional.from_value({"a": tf.constant([1.0, 2.0])})
        empty = experimental.Optional.none_from_structure(made.value_structure)
        found = session.run([made.has_value(), made.get_value(), empty.has_value()])
    assert found[0] and not found[2] and found[1]["a"].tolist() == [1, 2]
