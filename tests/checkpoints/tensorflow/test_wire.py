"""Messages by tables of fields: against protobuf itself, and what is no message."""

import pytest
from google.protobuf import struct_pb2, wrappers_pb2
from hypothesis import given
from hypothesis import strategies as st

from jax_slim.checkpoints.tensorflow.damage import Damage
from jax_slim.checkpoints.tensorflow.wire import (
    BYTES,
    FIXED32,
    INT,
    NUMBERS,
    each,
    field,
    fixed32_field,
    message,
    messages,
    parse,
    read_varint,
    write_varint,
)

INT64 = st.integers(-(1 << 63), (1 << 63) - 1)
TABLE = {1: ("a", INT), 2: ("b", BYTES), 3: ("c", FIXED32), 4: ("d", message({1: ("e", BYTES)})), 5: ("f", NUMBERS)}


@given(st.integers(0, (1 << 64) - 1))
def test_varint(value):
    data = b"\xff" + write_varint(value) + b"\x01"
    assert read_varint(data, 1) == (value, len(data) - 1)


@pytest.mark.parametrize(
    "data", [b"", b"\x80", b"\xff" * 9, b"\xff" * 11, b"\x80" * 10 + b"\x00", b"\xff" * 9 + b"\x02"]
)
def test_no_varint(data):
    with pytest.raises(Damage, match="does not end"):
        read_varint(data, 0)


@given(INT64)
def test_numbers_as_protobuf(value):
    data = wrappers_pb2.Int64Value(value=value).SerializeToString()
    assert field(1, value) == data
    assert parse(data, {1: ("value", INT)}).get("value", 0) == value


@given(st.lists(st.text(max_size=5), max_size=5))
def test_messages_as_protobuf(texts):
    data = struct_pb2.ListValue(values=[struct_pb2.Value(string_value=text) for text in texts]).SerializeToString()
    assert data == b"".join(field(1, field(3, text.encode())) for text in texts)
    found = parse(data, {1: ("values", messages({3: ("text", BYTES)}, 5))})
    assert [bytes(value["text"]).decode() for value in found.get("values", [])] == texts


def test_what_the_table_does_not_name_is_stepped_over_and_the_last_of_several_counts():
    data = field(9, 7) + field(10, b"xyz") + fixed32_field(11, 5) + b"\x61" + bytes(8) + field(1, 3) + field(1, 4)
    assert parse(data, TABLE) == {"a": 4}


def test_numbers_come_packed_or_one_by_one():
    found = parse(field(5, b"\x01\x02") + field(5, 300) + b"\x2d" + b"abcd", TABLE)
    assert [bytes(piece) for piece in found["f"]] == [b"\x01\x02", b"\xac\x02", b"abcd"]


def test_each_value_of_a_field():
    data = field(2, b"a") + field(1, 7) + field(2, b"") + field(3, b"x") + field(2, b"b")
    assert [bytes(value) for _, value in each(data, 2)] == [b"a", b"", b"b"]
    assert [(number, bytes(value)) for number, value in each(data, 3, 2)][-2:] == [(3, b"x"), (2, b"b")]
    with pytest.raises(Damage, match="field 1 has another type"):
        list(each(data, 1))


def test_what_there_may_not_be_many_of():
    table = {1: ("a", messages({}, 3)), 2: ("b", NUMBERS)}
    assert parse(field(1, b"") * 3, table) == {"a": [{}] * 3}
    for data in (field(1, b"") * 4, field(2, 1) * 1001, field(3, 1) * 10_001):
        with pytest.raises(Damage, match="more than"):
            parse(data, table)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x00\x01", "the number 0"),
        (b"\x0a\x01x", "'a' has another type"),
        (b"\x10\x01", "'b' has another type"),
        (b"\x1a\x04abcd", "'c' has another type"),
        (b"\x22\x02\x08\x01", "'e' has another type"),
        (b"\x12\x05abc", "5 bytes in it goes beyond"),
        (b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "goes beyond"),
        (b"\x1d\x01", "4 bytes in it goes beyond"),
        (b"\x0b", "unknown type 3"),
        (b"\x08", "does not end"),
        (b"\xff" * 12, "does not end"),
    ],
)
def test_refused(data, message):
    with pytest.raises(Damage, match=message):
        parse(data, TABLE)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_message_or_refused(data):
    try:
        parse(data, TABLE)
    except Damage:
        pass
