"""Snappy against the C implementation, and what is no snappy."""

import cramjam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jax_slim.checkpoints.tensorflow.damage import Damage
from jax_slim.checkpoints.tensorflow.snappy import decompress
from jax_slim.checkpoints.tensorflow.wire import write_varint

# Few different bytes and repeated runs: what compresses.
PIECES = st.lists(st.tuples(st.binary(max_size=80), st.integers(1, 60)), max_size=20)


@given(PIECES)
def test_unpacks_what_the_c_implementation_packs(pieces):
    data = b"".join(piece * times for piece, times in pieces)
    assert decompress(bytes(cramjam.snappy.compress_raw(data))) == data


@pytest.mark.parametrize("size", [0, 1, 60, 61, 256, 257, 65_536, 65_537, 1 << 17])
def test_literals_of_all_sizes(size):
    data = bytes(i * i * 31 % 251 for i in range(size))
    assert decompress(bytes(cramjam.snappy.compress_raw(data))) == data
    if size:
        tag = bytes([63 << 2]) + (size - 1).to_bytes(4, "little")
        assert decompress(write_varint(size) + tag + data) == data


@pytest.mark.parametrize(("offset", "size"), [(1, 4), (1, 11), (2, 7), (3, 11), (4, 4)])
def test_copies_with_one_two_and_four_bytes_of_offset(offset, size):
    start = b"\x0cabcd"  # a literal of four
    expected = bytearray(b"abcd")
    for _ in range(size):
        expected.append(expected[-offset])
    copies = [
        bytes([(size - 4) << 2 | 1, offset]),
        bytes([(size - 1) << 2 | 2, offset, 0]),
        bytes([(size - 1) << 2 | 3, offset, 0, 0, 0]),
    ]
    for copy in copies:
        assert decompress(write_varint(len(expected)) + start + copy) == expected


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x05",  # nothing follows
        b"\x04\x0cabc",  # a literal cut
        b"\x04\xf0",  # its size cut
        b"\x08\x0cabcd\x01",  # a copy cut
        b"\x08\x0cabcd\x01\x00",  # offset 0
        b"\x08\x0cabcd\x01\x05",  # before the beginning
        b"\x03\x0cabcd",  # more than it says
        b"\x05\x0cabcd",  # less
        b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x0cabcd",  # says it holds exabytes
        b"\x80" * 20,
    ],
)
def test_refused(data):
    with pytest.raises(Damage):
        decompress(data)


@given(st.binary(max_size=200))
def test_any_bytes_unpack_or_are_refused(data):
    try:
        assert len(decompress(data)) <= 22 * len(data)
    except Damage:
        pass
