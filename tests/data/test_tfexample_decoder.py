"""Item handlers beyond the references: other shapes, tables, sequences, and what they refuse."""

import numpy as np
import pytest

from jax_slim.data import (
    DataLossError,
    FixedLenFeature,
    FixedLenSequenceFeature,
    SparseTensorValue,
    VarLenFeature,
    encode_png,
    make_example,
    make_sequence_example,
)
from jax_slim.data import tfexample_decoder as decoders

INTS, FLOATS, STRINGS = VarLenFeature(np.int64), VarLenFeature(np.float32), VarLenFeature("string")


def decode(handler, features, **values):
    (item,) = decoders.TFExampleDecoder(features, {"item": handler}).decode(make_example(values))
    return item


def test_tensor_takes_shapes():
    for feature in (INTS, FixedLenFeature([6], np.int64)):
        assert decode(decoders.Tensor("v", shape=[2, -1]), {"v": feature}, v=range(6)).tolist() == [
            [0, 1, 2],
            [3, 4, 5],
        ]
        both = {"v": feature, "s": INTS}
        assert decode(decoders.Tensor("v", "s"), both, v=range(6), s=[3, 2]).tolist() == [[0, 1], [2, 3], [4, 5]]
        with pytest.raises(DataLossError, match=r"reshape: 'v' must have as many values as the shape \[4, 2\], got 6"):
            decode(decoders.Tensor("v", shape=[4, 2]), {"v": feature}, v=range(6))
        assert decode(decoders.Tensor("v", shape=[]), {"v": INTS}, v=[7]) == 7
        assert decode(decoders.Tensor("v", "s"), {"v": INTS, "s": INTS}, v=[7]) == 7
    sides = {"v": INTS, "h": FixedLenFeature([1], np.int64), "w": INTS}
    with pytest.raises(
        DataLossError, match=r"Tensor: shape_keys must have as many values each, got \{'h': 1, 'w': 0\}"
    ):
        decode(decoders.Tensor("v", ["h", "w"]), sides, v=[7], h=[1])
    text = {"v": FixedLenFeature((), "string")}
    assert decode(decoders.Tensor("v"), text, v=b"a\0") == b"a\0"
    assert decode(decoders.Tensor("v", shape=[1]), text, v=b"a\0").tolist() == [b"a\0"]
    with pytest.raises(ValueError, match="Tensor: shape_keys and shape must not both be given"):
        decoders.Tensor("v", ["s"], [1])


def test_lookup_takes_mappings():
    table = {"cat": 3, b"dog": 7}
    assert decode(decoders.LookupTensor("t", table), {"t": STRINGS}, t=["dog", "cow", "cat"]).tolist() == [7, -1, 3]
    one = decode(decoders.LookupTensor("t", table), {"t": FixedLenFeature((), "string")}, t="cat")
    assert one == 3 and one.dtype == np.int64
    with pytest.raises(TypeError, match="LookupTensor: table must be a mapping or have a method lookup, got int"):
        decoders.LookupTensor("t", 3)


def test_backup():
    handler = decoders.BackupHandler(decoders.Tensor("a"), decoders.Tensor("b"))
    assert handler.keys == ["a", "b"]
    assert decode(handler, {"a": INTS, "b": INTS}, b=[1, 2]).tolist() == [1, 2]
    assert decode(handler, {"a": INTS, "b": INTS}, a=[0], b=[1, 2]).tolist() == [0]
    with pytest.raises(ValueError, match="BackupHandler: backup must be an ItemHandler, got str"):
        decoders.BackupHandler(decoders.Tensor("a"), "b")


def test_sparse():
    features = {"i": INTS, "v": FLOATS}
    handler = decoders.SparseTensor("i", "v", shape=[4], densify=True, default_value=-1)
    assert decode(handler, features, i=[1, 3], v=[0.5, 2.0]).tolist() == [-1, 0.5, -1, 2]
    whole = decode(decoders.SparseTensor("i", "v"), features, i=[1, 3], v=[0.5, 2.0])
    assert whole.indices.tolist() == [[1], [3]] and whole.dense_shape.tolist() == [2]
    for places, message in (
        ([1, 4], "must lie in its shape"),
        ([3, 1], "in order and differ"),
        ([1, 1], "in order and"),
    ):
        with pytest.raises(DataLossError, match=message):
            decode(handler, features, i=places, v=[0.5, 2.0])
    with pytest.raises(DataLossError, match="must have the same number of values, got 1 and 2"):
        decode(handler, features, i=[1], v=[0.5, 2.0])
    no_shape = decoders.SparseTensor("i", "f", shape_key="s", densify=True)
    with pytest.raises(DataLossError, match=r"the shape of a sparse array must have 1 dimensions, .* got \[\]"):
        decode(no_shape, {"i": INTS, "f": FLOATS, "s": INTS})


def test_boxes_and_points():
    sides = dict.fromkeys(("b/ymin", "b/xmin", "b/ymax", "b/xmax", "k/y", "k/x"), FLOATS)
    values = {"b/ymin": [1.0, 5.0], "b/xmin": [2.0, 6.0], "b/ymax": [3.0, 7.0], "b/xmax": [4.0, 8.0]}
    boxes = decode(decoders.BoundingBox(prefix="b/"), sides, **values)
    assert boxes.dtype == np.float32 and boxes.tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert decode(decoders.BoundingBox(prefix="b/"), sides).shape == (0, 4)
    points = decode(decoders.Keypoints(prefix="k/"), sides, **{"k/y": [1.0], "k/x": [2.0]})
    assert points.tolist() == [[1, 2]]
    with pytest.raises(DataLossError, match="BoundingBox: the features must have the same number of values, got"):
        decode(decoders.BoundingBox(prefix="b/"), sides, **{**values, "b/xmin": [1.0]})
    for make, message in (
        (lambda: decoders.BoundingBox(["a"]), "BoundingBox: keys must be 4 names"),
        (lambda: decoders.Keypoints("yx"), "Keypoints: keys must be 2 names"),
        (lambda: decoders.KeypointsSequence(["a"]), "KeypointsSequence: keys must be 2 names"),
        (lambda: decoders.NumBoxesSequence(), "NumBoxesSequence: keys must be one name or more"),
    ):
        with pytest.raises(ValueError, match=message):
            make()


def test_images():
    features = {"image/encoded": FixedLenFeature((), "string"), "image/format": FixedLenFeature((), "string", "png")}
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    assert decode(decoders.Image(), features, **{"image/encoded": encode_png(pixels)}).tolist() == pixels.tolist()
    halves = decode(decoders.Image(dtype=np.float32), features, **{"image/encoded": encode_png(pixels)})
    assert halves.dtype == np.float32 and halves.max() == 23
    raw = np.array([1, 258], np.int32)
    read = decode(
        decoders.Image(shape=[2, 1], dtype=np.int32),
        features,
        **{"image/encoded": raw.tobytes(), "image/format": "RAW"},
    )
    assert read.tolist() == [[1], [258]]
    with pytest.raises(DataLossError, match="must have a multiple of 4 bytes for int32, got 7"):
        decode(decoders.Image(dtype=np.int32), features, **{"image/encoded": b"1234567", "image/format": "raw"})
    several = {**features, "image/encoded": FixedLenSequenceFeature((), "string", allow_missing=True)}
    handler = decoders.Image(repeated=True)
    assert decode(handler, several, **{"image/encoded": [encode_png(pixels)] * 3}).shape == (3, 2, 4, 3)
    assert decode(handler, several).shape == (0, 0, 0, 3)
    with pytest.raises(DataLossError, match="must be of one size, got shapes"):
        decode(handler, several, **{"image/encoded": [encode_png(pixels), encode_png(pixels[:1])]})
    with pytest.raises(DataLossError, match=r"must hold one image, got 2\. Pass repeated=True"):
        decode(decoders.Image(), several, **{"image/encoded": [b"a", b"b"]})
    with pytest.raises(ValueError, match="Image: channels must be 0, 1, 3, 4 or None, got 2"):
        decoders.Image(channels=2)


def test_sequences():
    record = make_sequence_example(
        {"label": 3},
        {"ymin": [[1.0, 2.0], [], [3.0]], "xmin": [[4.0, 5.0], [], [6.0]], "y": [[1.0], []], "x": [[2.0], []]},
    )
    handlers = {
        "boxes": decoders.BoundingBoxSequence(["ymin", "xmin", "ymin", "xmin"]),
        "sparse": decoders.BoundingBoxSequence(["ymin", "xmin", "ymin", "xmin"], return_dense=False),
        "count": decoders.NumBoxesSequence(["ymin", "xmin"]),
        "points": decoders.KeypointsSequence(default_value=0.0),
        "label": decoders.Tensor("label"),
    }
    sequences = dict.fromkeys(["ymin", "xmin", "y", "x"], FLOATS)
    context = {"label": FixedLenFeature((), np.int64)}
    decoder = decoders.TFSequenceExampleDecoder(context, sequences, handlers)
    boxes, sparse, count, points, label = decoder.decode(record)
    assert boxes.tolist() == [[[1, 4, 1, 4], [2, 5, 2, 5]], [[-1] * 4] * 2, [[3, 6, 3, 6], [-1] * 4]]
    assert (
        isinstance(sparse, SparseTensorValue) and sparse.dense_shape.tolist() == [3, 2, 4] and len(sparse.values) == 12
    )
    assert count.tolist() == [2, 0, 1] and points.tolist() == [[[1, 2]], [[0, 0]]] and label == 3
    uneven = make_sequence_example({}, {"ymin": [[1.0, 2.0]], "xmin": [[4.0]]})
    one = decoders.TFSequenceExampleDecoder({}, sequences, {"count": handlers["count"]})
    with pytest.raises(
        DataLossError, match=r"feature 'xmin' must have as many values at each step as 'ymin', \[2\], got"
    ):
        one.decode(uneven)
    with pytest.raises(ValueError, match=r"keys of context and sequences must differ, got \['x'\] in both"):
        decoders.TFSequenceExampleDecoder({"x": FLOATS}, {"x": FLOATS}, {})


def test_items():
    handlers = {
        "a": decoders.Tensor("a"),
        "b": decoders.ItemHandlerCallback("a", lambda parsed: parsed["a"].values.sum()),
    }
    decoder = decoders.TFExampleDecoder({"a": INTS}, handlers)
    record = make_example({"a": [1, 2]})
    assert decoder.list_items() == ["a", "b"]
    assert decoder.decode(record, ["b"]) == [3]
    assert len(decoder.decode(record)) == 2
    with pytest.raises(KeyError, match=r"items must be among \['a', 'b'\], got 'c'"):
        decoder.decode(record, ["c"])
    with pytest.raises(KeyError, match="item 'x' needs the feature 'z', which is not among"):
        decoders.TFExampleDecoder({"a": INTS}, {"x": decoders.Tensor("z")}).decode(record)
    with pytest.raises(TypeError, match="the handler of item 'a' must be an ItemHandler, got 'a'"):
        decoders.TFExampleDecoder({"a": INTS}, {"a": "a"})
