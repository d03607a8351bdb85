"""Slim's decoders in graphs: what each handler makes of an example's features."""

import numpy as np
import pytest

import jax_slim.tf1 as tf

slim = tf.contrib.slim
handlers = slim.tfexample_decoder


def feature(*values):
    if isinstance(values[0], bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    if isinstance(values[0], float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def decode(features, keys_to_features, handler):
    text = tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()
    with tf.Graph().as_default(), tf.Session() as sess:
        (item,) = handlers.TFExampleDecoder(keys_to_features, {"item": handler}).decode(tf.constant(text), ["item"])
        sess.run(tf.tables_initializer())
        return sess.run(item)


def test_a_tensor_takes_the_shape_that_other_features_tell():
    keys = {"t": tf.VarLenFeature(tf.float32), "h": tf.VarLenFeature(tf.int64), "w": tf.VarLenFeature(tf.int64)}
    found = decode(
        {"t": feature(1.0, 2.0, 3.0, 4.0, 5.0, 6.0), "h": feature(3), "w": feature(2)},
        keys,
        handlers.Tensor("t", shape_keys=["h", "w"]),
    )
    np.testing.assert_array_equal(found, [[1, 2], [3, 4], [5, 6]])


def test_a_backup_stands_in_for_an_empty_feature():
    keys = {"a": tf.VarLenFeature(tf.int64), "b": tf.VarLenFeature(tf.int64)}
    handler = handlers.BackupHandler(handlers.Tensor("a"), handlers.Tensor("b"))
    assert decode({"b": feature(7, 8)}, keys, handler).tolist() == [7, 8]
    assert decode({"a": feature(1), "b": feature(7, 8)}, keys, handler).tolist() == [1]


def test_a_sparse_tensor_is_placed_by_its_indices():
    keys = {"indices": tf.VarLenFeature(tf.int64), "values": tf.VarLenFeature(tf.float32)}
    found = decode(
        {"indices": feature(1, 3), "values": feature(0.5, 2.5)}, keys, handlers.SparseTensor(shape=[5], densify=True)
    )
    np.testing.assert_array_equal(found, [0, 0.5, 0, 2.5, 0])


def test_raw_images_are_read_as_numbers_and_boxes_by_rows():
    keys = {
        "image/encoded": tf.FixedLenFeature((), tf.string),
        "image/format": tf.FixedLenFeature((), tf.string, default_value="raw"),
    }
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    image = decode({"image/encoded": feature(pixels.tobytes())}, keys, handlers.Image(shape=[2, 2, 3]))
    np.testing.assert_array_equal(image, pixels)
    sides = {f"box/{side}": tf.VarLenFeature(tf.float32) for side in ("ymin", "xmin", "ymax", "xmax")}
    values = {key: feature(float(i), float(i + 4)) for i, key in enumerate(sides)}
    np.testing.assert_array_equal(
        decode(values, sides, handlers.BoundingBox(prefix="box/")), [[0, 1, 2, 3], [4, 5, 6, 7]]
    )


def test_items_that_there_are_not_are_named():
    with pytest.raises(ValueError, match=r"Item .c. is invalid"):
        slim.data_provider.DataProvider({"a": 1}, 3).get(["c"])
    with pytest.raises(ValueError, match="No data files found"):
        slim.parallel_reader.get_data_files("/no/such/*.tfrecord")


def test_dictionaries_go_through_a_prefetching_queue():
    with tf.Graph().as_default(), tf.Session() as sess:
        queue = slim.prefetch_queue.prefetch_queue({"a": tf.constant([1, 2]), "b": tf.constant(0.5)}, capacity=2)
        found = queue.dequeue()
        with slim.queues.QueueRunners(sess):
            assert {k: v.tolist() for k, v in sess.run(found).items()} == {"a": [1, 2], "b": 0.5}
