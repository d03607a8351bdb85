"""tf.train.Example: protobuf's own bytes are read, and what is written is read by protobuf; damage is an error."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jax_slim.data import (
    DataLossError,
    FixedLenFeature,
    FixedLenSequenceFeature,
    VarLenFeature,
    example_values,
    make_example,
    make_sequence_example,
    parse_example,
    parse_single_example,
    parse_single_sequence_example,
)


@pytest.fixture(scope="module")
def messages():
    """Example and SequenceExample of protobuf, in a pool of their own."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="example.proto", package="tensorflow", syntax="proto3")

    def message(name, *fields):
        added = file.message_type.add(name=name)
        for number, (field, kind, repeated) in enumerate(fields, 1):
            made = added.field.add(name=field, number=number, label=3 if repeated else 1)
            if isinstance(kind, str):
                made.type, made.type_name = 11, f".tensorflow.{kind}"
            else:
                made.type = kind
        return added

    message("BytesList", ("value", 12, True))
    message("FloatList", ("value", 2, True))
    message("Int64List", ("value", 3, True))
    feature = message(
        "Feature",
        ("bytes_list", "BytesList", False),
        ("float_list", "FloatList", False),
        ("int64_list", "Int64List", False),
    )
    feature.oneof_decl.add(name="kind")
    for field in feature.field:
        field.oneof_index = 0
    message("FeatureList", ("feature", "Feature", True))
    for name, value in (("Features", "Feature"), ("FeatureLists", "FeatureList")):
        added = file.message_type.add(name=name)
        entry = added.nested_type.add(name="MapEntry")
        entry.options.map_entry = True
        entry.field.add(name="key", number=1, label=1, type=9)
        entry.field.add(name="value", number=2, label=1, type=11, type_name=f".tensorflow.{value}")
        added.field.add(name="map", number=1, label=3, type=11, type_name=f".tensorflow.{name}.MapEntry")
    message("Example", ("features", "Features", False))
    message("SequenceExample", ("context", "Features", False), ("feature_lists", "FeatureLists", False))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"tensorflow.{name}"))
        for name in ("Example", "SequenceExample")
    }


INTS = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(width=32, allow_nan=False)
LISTS = st.one_of(
    st.tuples(st.just("bytes_list"), st.lists(st.binary(max_size=200), max_size=5)),
    st.tuples(st.just("float_list"), st.lists(FLOATS, max_size=40)),
    st.tuples(st.just("int64_list"), st.lists(INTS | st.integers(0, 3), max_size=40)),
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(max_size=200), LISTS, max_size=6))
def test_protobuf_and_this_understand_each_other(messages, named):
    theirs = messages["Example"]()
    for name, (kind, values) in named.items():
        getattr(theirs.features.map[name], kind).value.extend(values)
        getattr(theirs.features.map[name], kind).SetInParent()
    read = example_values(theirs.SerializeToString())
    dtypes = {"bytes_list": object, "float_list": np.float32, "int64_list": np.int64}
    assert read.keys() == named.keys()
    for name, (kind, values) in named.items():
        assert read[name].dtype == dtypes[kind]
        np.testing.assert_array_equal(read[name], np.array(values, np.float32 if kind == "float_list" else object))
    written = make_example({name: np.array(values, dtypes[kind]) for name, (kind, values) in named.items() if values})
    ours = messages["Example"].FromString(written)
    assert set(ours.features.map) == {name for name, (_, values) in named.items() if values}
    for name, feature in ours.features.map.items():
        assert feature == theirs.features.map[name]


def test_other_encodings_of_the_same():
    def field(number, content, kind=2):
        return bytes([number << 3 | kind, len(content)]) + content

    one_by_one = field(3, b"\x08\x05\x08\x06") + field(3, b"\x08\x07\x08\x08")  # the last list counts
    floats = field(2, b"\x0d\x00\x00\x80\x3f" + b"\x0a\x04\x00\x00\x00\x40")  # one by one, then packed
    entries = field(1, field(2, one_by_one) + field(1, b"i")) + field(1, field(1, b"f") + field(2, floats))
    unknown = b"\x99\x06" + bytes(8) + b"\x7a\x01x"  # a number of 8 bytes and a string, in fields that nobody knows
    again = field(1, field(1, b"f") + field(2, floats) + unknown)
    read = example_values(field(1, entries) + unknown + field(1, again))
    assert read["i"].tolist() == [7, 8] and read["f"].tolist() == [1.0, 2.0]


def test_kinds_of_values():
    made = make_example(
        {"text": "ü", "bytes": b"a\0", "array": np.array([b"a\0", "é"], object), "names": ["a", b"b"], "n": 3,
         "yes": True, "x": 1.5, "matrix": np.arange(6.0).reshape(2, 3), "u8": np.array([255], np.uint8), "none": []}
    )  # fmt: skip
    read = example_values(made)
    assert read["text"].tolist() == ["ü".encode()] and read["bytes"].tolist() == [b"a\0"]
    assert read["array"].tolist() == [b"a\0", "é".encode()] and read["names"].tolist() == [b"a", b"b"]
    assert [read[name].tolist() for name in ("n", "yes", "x", "u8", "none")] == [[3], [1], [1.5], [255], []]
    assert read["matrix"].tolist() == [0, 1, 2, 3, 4, 5]
    assert made == make_example(dict(reversed(list({**read, "none": []}.items()))))


FEATURES = {
    "label": FixedLenFeature((), np.int64),
    "box": FixedLenFeature([2, 2], "float32", [1, 2, 3, 4]),
    "name": FixedLenFeature((), str, "none"),
    "names": FixedLenFeature([2], bytes, ["a", "b"]),
    "tags": VarLenFeature("string"),
    "steps": FixedLenSequenceFeature([2], np.float32, allow_missing=True),
}


def test_what_is_missing_takes_its_default():
    parsed = parse_single_example(make_example({"label": 3}), FEATURES)
    assert parsed["label"] == 3 and parsed["label"].dtype == np.int64
    assert parsed["box"].tolist() == [[1, 2], [3, 4]] and parsed["name"] == b"none"
    assert parsed["names"].tolist() == [b"a", b"b"]
    assert parsed["tags"].dense_shape.tolist() == [0] and parsed["tags"].indices.shape == (0, 1)
    assert parsed["steps"].shape == (0, 2)
    parsed["box"][0, 0] = 9  # the default must not change with it
    assert parse_single_example(make_example({"label": 3}), FEATURES)["box"][0, 0] == 1


def test_a_batch():
    made = [
        make_example({"label": 1, "tags": ["a"], "steps": [1.0, 2.0]}),
        make_example({"label": 2, "tags": ["b", "c"], "steps": np.arange(6.0)}),
    ]
    parsed = parse_example(made, FEATURES)
    assert parsed["label"].tolist() == [1, 2] and parsed["box"].shape == (2, 2, 2)
    assert parsed["name"].tolist() == [b"none"] * 2
    assert parsed["tags"].indices.tolist() == [[0, 0], [1, 0], [1, 1]] and parsed["tags"].dense_shape.tolist() == [2, 2]
    assert parsed["steps"].tolist() == [[[1, 2], [0, 0], [0, 0]], [[0, 1], [2, 3], [4, 5]]]


def test_sequences(messages):
    made = make_sequence_example({"label": 3}, {"x": [[0.5, 1.5], [], [2.5]], "pair": [[1, 2], [3, 4], [5, 6]]})
    theirs = messages["SequenceExample"].FromString(made)
    assert [len(step.float_list.value) for step in theirs.feature_lists.map["x"].feature] == [2, 0, 1]
    context, sequences = parse_single_sequence_example(
        theirs.SerializeToString(),
        {"label": FixedLenFeature((), np.int64)},
        {
            "x": VarLenFeature(np.float32),
            "pair": FixedLenSequenceFeature([2], np.int64),
            "none": FixedLenSequenceFeature([3], np.int64, allow_missing=True),
        },
    )
    assert context["label"] == 3
    assert sequences["x"].indices.tolist() == [[0, 0], [0, 1], [2, 0]]
    assert sequences["x"].values.tolist() == [0.5, 1.5, 2.5] and sequences["x"].dense_shape.tolist() == [3, 2]
    assert sequences["pair"].tolist() == [[1, 2], [3, 4], [5, 6]] and sequences["none"].shape == (0, 3)
    for features, message in (
        (
            {"pair": FixedLenSequenceFeature([3], np.int64)},
            r"must have the 3 values of shape \[3\] at each step, got 2",
        ),
        ({"gone": FixedLenSequenceFeature([3], np.int64)}, "feature list 'gone' .* is required but missing"),
        ({"x": VarLenFeature(np.int64)}, "feature 'x' must be of dtype int64, got float32"),
        ({"x": FixedLenFeature([], np.float32)}, "must be a VarLenFeature or a FixedLenSequenceFeature"),
    ):
        with pytest.raises((DataLossError, TypeError), match=message):
            parse_single_sequence_example(made, {}, features)


@settings(max_examples=300, deadline=None)
@given(st.randoms(use_true_random=False))
def test_random_damage_is_an_error_or_nothing(rng):
    content = bytearray(
        make_example({"a": [1, 2, 1 << 60, -5], "b": [1.0, 2.0], "c": ["x", "yy"], "d": b"z" * 300})
        if rng.random() < 0.5
        else make_sequence_example({"a": 3}, {"b": [[1.0], [2.0, 3.0]], "c": [["x"]]})
    )
    for _ in range(rng.randint(1, 5)):
        place = rng.randrange(len(content))
        if rng.random() < 0.7:
            content[place] = rng.randrange(256)
        else:
            del content[place : place + rng.randint(1, 9)]
        content = content or bytearray(b"\0")
    kinds = {"a": VarLenFeature(np.int64), "b": VarLenFeature(np.float32), "c": VarLenFeature(str)}
    for read in (
        lambda: example_values(bytes(content)),
        lambda: parse_single_example(bytes(content), kinds),
        lambda: parse_single_sequence_example(bytes(content), {"a": kinds["a"]}, {"b": kinds["b"], "c": kinds["c"]}),
    ):
        try:
            read()
        except DataLossError:
            pass


def test_a_number_of_too_many_bytes():
    feature = b"\x0a\x0c" + b"\xff" * 11 + b"\x01"
    entry = b"\x0a\x01n\x12" + bytes([len(feature) + 2]) + b"\x1a" + bytes([len(feature)]) + feature
    content = b"\x0a" + bytes([len(entry) + 2]) + b"\x0a" + bytes([len(entry)]) + entry
    with pytest.raises(DataLossError, match="feature 'n' must be a serialized Feature"):
        parse_single_example(content, {"n": VarLenFeature(np.int64)})


@pytest.mark.parametrize(
    "content", [b"\xff\xd8\xff\xe0\0\x10JFIF", b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", b"text", b"\x0a"]
)
def test_bytes_that_are_no_example(content):
    with pytest.raises(
        DataLossError, match=r"parse_single_example: serialized must be a serialized tf.train.Example, got"
    ):
        parse_single_example(content, FEATURES)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ({"a": FixedLenFeature((), np.float64)}, "the dtype of feature 'a' must be 'string', int64 or float32, got"),
        ({"a": FixedLenFeature([None], np.int64)}, "the shape of feature 'a' must be known ints"),
        ({"a": FixedLenFeature([2], np.int64, [1, 2, 3])}, r"must have the 2 values of shape \[2\], got 3"),
        ({"a": FixedLenFeature([], np.int64, 1.5)}, "the default of feature 'a' must be of dtype int64, got 1.5"),
        ({"a": np.int64}, "feature 'a' must be a FixedLenFeature, VarLenFeature or FixedLenSequenceFeature"),
        ({"n": FixedLenFeature([2], np.int64)}, r"feature 'n' must have the 2 values of shape \[2\], got 1"),
        ({"n": FixedLenFeature([], np.float32)}, "feature 'n' must be of dtype float32 as declared, got int64"),
        ({"a": FixedLenFeature([], np.float32)}, r"feature 'a' \(dtype float32\) is required but missing"),
        ({"a": FixedLenSequenceFeature([], np.float32)}, "is required but missing. Pass allow_missing=True"),
        ({"v": FixedLenSequenceFeature([2], np.int64)}, "feature 'v' must have a multiple of 2 values"),
    ],
)
def test_refuses(features, message):
    with pytest.raises((ValueError, TypeError), match="parse_single_example: .*" + message):
        parse_single_example(make_example({"n": 1, "v": [1, 2, 3]}), features)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (1j, "feature 'a' must be of bytes, text, ints or floats, got complex128"),
        ([b"a", 1], "feature 'a' must be of bytes, text, ints or floats"),
        ({"b": 1}, "feature 'a' must be of bytes, text, ints or floats"),
        (np.array([2**63], np.uint64), "feature 'a' must fit 64 bits with a sign"),
    ],
)
def test_refuses_to_make(value, message):
    with pytest.raises((TypeError, ValueError), match="make_example: " + message):
        make_example({"a": value})
