"""Tensors of all dtypes, in one piece and in slices, in both formats, come back; what does not fit is refused."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkpoints.tensorflow import forging
from checkpoints.tensorflow.forging import bundle_entry, equal, field, shape_message, slice_message
from jax_slim.checkpoints import tensorflow
from jax_slim.checkpoints.native import CheckpointError
from jax_slim.checkpoints.tensorflow.slice_keys import WHOLE, slice_key
from jax_slim.data.checksums import masked_crc32c

V1_DTYPES = [*forging.DTYPES, "bfloat16"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("parts")


def values(dtype, shape, seed=0):
    """Any bits that a value of the dtype can have."""
    rng = np.random.default_rng(seed)
    dtype = forging.dtype_of(dtype)
    if dtype == np.bool_:
        return rng.integers(0, 2, shape).astype(np.bool_)
    if dtype.itemsize == 1 and dtype.kind == "V" and "4" not in dtype.name and "2" not in dtype.name[3:5]:
        return rng.integers(0, 256, (*shape, 1), np.uint8).view(dtype)[..., 0]
    if dtype.name in ("int4", "uint4", "int2", "uint2", "float4_e2m1fn"):
        return rng.integers(0, 4, shape).astype(np.float32).astype(dtype)
    raw = rng.integers(0, 256, (*shape, dtype.itemsize), np.uint8)
    return raw.view(dtype)[..., 0]


@st.composite
def cuts(draw, shape):
    """Boxes that tile a tensor of `shape`: cut in two at random, again and again."""
    boxes = [[(0, size) for size in shape]]
    for _ in range(draw(st.integers(0, 5))):
        box = boxes.pop(draw(st.integers(0, len(boxes) - 1)))
        axis = draw(st.integers(0, len(shape) - 1))
        start, size = box[axis]
        at = draw(st.integers(0, size))
        boxes += [[*box[:axis], part, *box[axis + 1 :]] for part in ((start, at), (start + at, size - at))]
    return draw(st.permutations(boxes))


@given(st.data(), st.lists(st.integers(0, 6), min_size=1, max_size=3), st.booleans())
def test_slices_are_put_together(folder, data, shape, compress):
    array = values(data.draw(st.sampled_from(V1_DTYPES)), tuple(shape))
    boxes = data.draw(cuts(shape))
    boxes = list({tuple(box): box for box in boxes}.values())  # one with nothing in it may come out twice
    parts = [(box, array[tuple(slice(start, start + size) for start, size in box)]) for box in boxes]
    tensors = {"a/first": np.float32(1), "p": parts, "z": np.arange(4)}
    for write in (forging.write_v1, forging.write_v2):
        path = write(folder / write.__name__, tensors, compress=compress, block_size=200)
        with tensorflow.open_checkpoint(path) as checkpoint:
            assert equal(checkpoint["p"], array)
            assert equal(checkpoint["z"], np.arange(4)) and equal(checkpoint["a/first"], np.float32(1))


@pytest.mark.parametrize("dtype", [*V1_DTYPES, "object"])
@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (7,), (3, 4)])
def test_v1(folder, dtype, shape):
    if dtype == "object":
        array = np.empty(shape, object)
        array[...] = b"\0x"
    else:
        array = values(dtype, shape)
    checkpoint = tensorflow.open_checkpoint(forging.write_v1(folder / "one", {"x": array}))
    assert equal(checkpoint["x"], array)


@pytest.mark.parametrize(("dtype", "count"), [("int64", 250_000), ("bool", 1_100_000), ("float32", 300_000)])
def test_v1_of_more_than_a_megabyte(folder, dtype, count):
    array = values(dtype, (count,), seed=3)
    checkpoint = tensorflow.open_checkpoint(forging.write_v1(folder / "one", {"a": np.int32(1), "x": array}))
    assert equal(checkpoint["x"], array)
    assert equal(checkpoint["a"], np.int32(1))


@pytest.mark.parametrize("dtype", forging.DTYPES + forging.NEW_DTYPES)
def test_v2(folder, dtype):
    tensors = {f"x{shape}": values(dtype, shape) for shape in [(), (0,), (3, 0), (7,), (3, 4)]}
    checkpoint = tensorflow.open_checkpoint(forging.write_v2(folder / "two", tensors))
    for name, array in tensors.items():
        assert equal(checkpoint[name], array)
        assert checkpoint.entries()[name].type_name == dtype


@pytest.mark.parametrize(("number", "name", "dtype"), [(11, "qint8", "int8"), (13, "qint32", "int32")])
def test_quantized_integers_are_integers(folder, number, name, dtype):
    raw = np.arange(3, dtype=dtype).tobytes()
    entries = [forging.HEADER, (b"q", bundle_entry(number, [3], 0, len(raw), masked_crc32c(raw)))]
    checkpoint = written(folder, entries, raw)
    assert checkpoint.entries()["q"] == (np.dtype(dtype), (3,), name)
    assert equal(checkpoint["q"], np.arange(3, dtype=dtype))


@pytest.mark.parametrize("number", [20, 21, 77])
def test_what_no_array_can_hold_is_listed_and_not_read(folder, number):
    checkpoint = written(folder, [forging.HEADER, (b"v", bundle_entry(number, [], 0, 3, 1))], b"abc")
    assert checkpoint.entries()["v"].type_name in ("resource", "variant", "dtype 77")
    with pytest.raises(CheckpointError, match=r"'v' cannot be read.*TensorFlow's dtype"):
        checkpoint["v"]


def test_a_checkpoint_of_the_other_byte_order(folder):
    # As TensorFlow writes on s390x: the header says so.
    array = np.array([1.5, -2.0], np.float32)
    raw = array.byteswap().tobytes()
    words = b"\x02\x01" + masked_crc32c(bytes.fromhex("0000000200000001")).to_bytes(4, "big") + b"abc"
    plain = bytes.fromhex("0000000200000001") + words[2:]
    entries = [
        (b"", bytes.fromhex("080110011a020801")),
        (b"s", bundle_entry(7, [2], len(raw), len(words), masked_crc32c(plain))),
        (b"x", bundle_entry(1, [2], 0, len(raw), masked_crc32c(raw))),
    ]
    checkpoint = written(folder, entries, raw + words)
    assert equal(checkpoint["x"], array)
    assert checkpoint["s"].tolist() == [b"ab", b"c"]


def written(folder, entries, data=b""):
    forging.write_table(folder / "odd.index", entries)
    (folder / "odd.data-00000-of-00001").write_bytes(data)
    return tensorflow.open_checkpoint(folder / "odd")


ZEROS = bytes(64)
CRC = masked_crc32c(ZEROS)
HUGE = 1 << 40


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (bundle_entry(1, [16], 0, 64, CRC), None),
        (bundle_entry(1, [16], 0, 64, CRC ^ 1), "its checksum is"),
        (bundle_entry(1, [16], 64, 64, CRC), "bytes 64 to 128 are asked for, and the file has 64"),
        (bundle_entry(1, [16], -1, 64, CRC), "bytes -1 to 63"),
        (bundle_entry(1, [16], (1 << 63) - 1, 64, CRC), "the file has 64"),
        (bundle_entry(1, [16], 0, -64, CRC), "bytes 0 to -64"),
        (bundle_entry(1, [15], 0, 64, CRC), "64 bytes, and float32 of shape .15. needs 60"),
        (bundle_entry(1, [HUGE], 0, 64, CRC), "needs 4398046511104"),
        (bundle_entry(1, [HUGE], 0, 4 * HUGE, CRC), "the file has 64"),
        (bundle_entry(1, [HUGE, HUGE], 0, 64, CRC), "larger than any memory"),
        (bundle_entry(1, [0, 1 << 62, 4], 0, 0, CRC), "larger than any memory"),
        (bundle_entry(1, [-1], 0, 64, CRC), "not fully known"),
        (bundle_entry(1, [1] * 65, 0, 4, CRC), "65 dimensions"),
        (bundle_entry(0, [16], 0, 64, CRC), "0 is no dtype"),
        (bundle_entry(-3, [16], 0, 64, CRC), "-3 is no dtype"),
        (bundle_entry(101, [16], 0, 64, CRC), "dtype 101, which"),
        (bundle_entry(1, [16], 0, 64, CRC, shard=1), "shard 1 of 1"),
        (bundle_entry(1, [16], 0, 64, CRC, shard=-1), "shard -1 of 1"),
        (bundle_entry(7, [HUGE], 0, 64, CRC), "too few for 1099511627776 strings"),
        (bundle_entry(7, [4], 0, 64, CRC), "its strings have 0 bytes, and there are 56"),
        (bundle_entry(7, [60], 0, 64, CRC), "lengths differs"),
        (b"\x12\x03\x12\x01\x08", "does not end"),
        (b"\x0a\x00", "'dtype' has another type"),
        (b"\x08\x01\x12\x02\x18\x01", "not fully known"),
    ],
)
def test_entries_that_make_no_sense(folder, entry, message):
    if message is None:
        assert equal(written(folder, [forging.HEADER, (b"x", entry)], ZEROS)["x"], np.zeros(16, np.float32))
        return
    with pytest.raises(CheckpointError, match=message) as caught:
        written(folder, [forging.HEADER, (b"x", entry)], ZEROS)["x"]
    assert "'x'" in str(caught.value) and str(folder / "odd.") in str(caught.value)


def test_a_boolean_that_is_neither(folder):
    raw = b"\0\1\2"
    entries = [forging.HEADER, (b"x", bundle_entry(10, [3], 0, 3, masked_crc32c(raw)))]
    with pytest.raises(CheckpointError, match="neither true nor false"):
        written(folder, entries, raw)["x"]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"", "it has 0 shards"),
        (b"\x08\xc0\x84\x3d", "it has 1000000 shards"),
        (b"\x08\x01\x10\x02", "byte order 2"),
        (b"\x08\x01\x1a\x04\x08\x02\x10\x02", "newer version"),
        (b"\x08", "does not end"),
    ],
)
def test_headers_that_make_no_sense(folder, header, message):
    with pytest.raises(CheckpointError, match=message) as caught:
        written(folder, [(b"", header)])
    assert str(folder / "odd.index") in str(caught.value)


@pytest.mark.parametrize("entries", [[], [(b"x", bundle_entry(1, [16], 0, 64, CRC))]])
def test_without_a_header(folder, entries):
    with pytest.raises(CheckpointError, match="has no header"):
        written(folder, entries)


SLICED = [[(0, 8)], [(8, 8)]]


def sliced(slices=SLICED, places=(0, 32), sizes=(32, 32), shape=(16,), shapes=((8,), (8,)), number=1):
    yield forging.HEADER
    yield b"x", bundle_entry(1, shape, 0, 0, 0, slices)
    for extents, place, size, part in zip(slices, places, sizes, shapes, strict=False):
        yield slice_key(b"x", extents), bundle_entry(number, part, place, size, masked_crc32c(bytes(size)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, None),
        ({"slices": [[(0, 8)], [(7, 8)]]}, "overlap"),
        ({"slices": [[(0, 8)], [(9, 8)]]}, "9 to 17, lies outside of its 16"),
        ({"slices": [[(0, 8)], [(-1, 8)]]}, "lies outside"),
        ({"slices": [[(0, 8)], [(8, -8)]]}, "lies outside"),
        ({"slices": [[(0, 8)], [(0, WHOLE)]]}, "24 elements"),
        ({"slices": [[(0, 8)], [(8, 8), (0, 1)]]}, "2 dimensions and not 1"),
        ({"slices": [[(0, 8)]]}, "8 elements, and its shape .16. has 16"),
        ({"places": (0,)}, "slice at .8. is missing"),
        ({"sizes": (32, 16)}, "16 bytes, and float32 of shape .8. needs 32"),
        ({"shapes": ((8,), (4, 2))}, "another shape or dtype"),
        ({"number": 3}, "another shape or dtype"),
        ({"places": (0, 40)}, "the file has 64"),
        ({"shape": (HUGE,)}, "has 1099511627776"),
    ],
)
def test_slices_that_make_no_sense(folder, options, message):
    checkpoint = written(folder, sliced(**options), ZEROS)
    if message is None:
        assert equal(checkpoint["x"], np.zeros(16, np.float32))
        return
    with pytest.raises(CheckpointError, match=message) as caught:
        checkpoint["x"]
    assert "'x'" in str(caught.value) and str(folder / "odd.") in str(caught.value)


def test_slices_that_are_all_the_same_bytes_of_the_file(folder):
    # A thousand slices of the same 64 bytes: a file of some kilobytes for a tensor of any size.
    slices = [[(16 * number, 16)] for number in range(1000)]
    entries = sliced(slices, [0] * 1000, [64] * 1000, (16_000,), [(16,)] * 1000)
    with pytest.raises(CheckpointError, match="hold more than their files"):
        written(folder, entries, ZEROS)["x"]


def v1_table(folder, listed, values):
    entries = [(b"", field(1, listed))]
    entries += [(slice_key(b"x", extents), field(2, field(1, b"x") + field(3, value))) for extents, value in values]
    forging.write_table(folder / "odd.v1", entries)
    return tensorflow.open_checkpoint(folder / "odd.v1")


def listing(number=1, shape=(2,), slices=([(0, WHOLE)],)):
    parts = b"".join(field(4, slice_message(extents)) for extents in slices)
    return field(1, field(1, b"x") + field(2, shape_message(shape)) + field(3, number) + parts)


FLOATS = field(5, bytes(8))


@pytest.mark.parametrize(
    ("listed", "value", "message"),
    [
        (listing(), FLOATS, None),
        (listing(), field(4, bytes(8)), None),
        (listing(), b"\x2d" + bytes(4) + b"\x2d" + bytes(4), None),
        (listing(), field(1, 1) + FLOATS, None),
        (listing(), field(1, 2) + FLOATS, "not of its dtype float32"),
        (listing(shape=(3,)), FLOATS, "8 bytes, and its shape and dtype need 12"),
        (listing(shape=(HUGE,)), FLOATS, "need 4398046511104"),
        (listing(shape=(HUGE, HUGE)), FLOATS, "larger than any memory"),
        (listing(number=9), field(10, b"\x01"), "1 values, and its shape and dtype need 2"),
        (listing(number=9), field(10, b"\x01\x80"), "1 values"),
        (listing(number=9), field(10, b"\x01\x02\x80"), "does not end"),
        (listing(number=9), field(10, b"\x01" + b"\x80" * 10 + b"\x01"), "does not end"),
        (listing(number=10), field(4, b"\0\2"), "neither true nor false"),
        (listing(number=7), field(8, b"a"), "1 strings"),
        (listing(number=21), FLOATS, "TensorFlow's dtype variant"),
        (listing(number=0), FLOATS, "0 is no dtype"),
        (listing(slices=()), FLOATS, "0 elements"),
        (listing(slices=([(0, 1)],)), FLOATS, "1 elements"),
        (listing(slices=([(0, 2)],)), FLOATS, "at .0. are missing"),
        (listing() + listing(number=2), FLOATS, "there twice"),
        (listing() + listing(), FLOATS, "4 elements"),
        (listing(shape=(HUGE,), slices=([(0, 1 << 39)], [(1 << 39, 1 << 39)])), FLOATS, "larger than what its files"),
        (listing() + field(2, field(2, 9)), FLOATS, "newer version"),
        (b"\x08\x01", FLOATS, "another type"),
    ],
)
def test_v1_that_makes_no_sense(folder, listed, value, message):
    if message is None:
        assert equal(v1_table(folder, listed, [([(0, WHOLE)], value)])["x"], np.zeros(2, np.float32))
        return
    with pytest.raises(CheckpointError, match=message) as caught:
        v1_table(folder, listed, [([(0, WHOLE)], value)])["x"]
    assert str(folder / "odd") in str(caught.value)
    assert "'x'" in str(caught.value) or "version" in message or "type" in message


def test_v1_without_its_list(folder):
    forging.write_table(folder / "odd.v1", [(b"a", b"")])
    with pytest.raises(CheckpointError, match="no list of tensors"):
        tensorflow.open_checkpoint(folder / "odd.v1")


def test_slices_of_a_tensor_in_several_v1_files(folder):
    array = np.arange(12.0).reshape(4, 3)
    for number in range(2):
        part = [([(2 * number, 2), (0, 3)], array[2 * number : 2 * number + 2])]
        entries = forging.v1_entries({"p": part})
        listed = field(
            1, field(1, b"p") + field(2, shape_message([4, 3])) + field(3, 2) + field(4, slice_message(part[0][0]))
        )
        entries[-1] = (b"", field(1, listed))
        forging.write_table(folder / f"m.ckpt-0000{number}-of-00002", entries)
    checkpoint = tensorflow.open_checkpoint(folder / "m.ckpt")
    assert checkpoint.entries()["p"].shape == (4, 3)
    assert equal(checkpoint["p"], array)


@given(st.lists(st.integers(0, (1 << 64) - 1) | st.integers(0, 20), max_size=4), st.integers(1, 7))
def test_any_shape_is_refused_or_small(folder, shape, number):
    entry = bundle_entry(number, shape, 0, 64, CRC)
    try:
        array = written(folder, [forging.HEADER, (b"x", entry)], ZEROS)["x"]
    except CheckpointError:
        return
    assert array.nbytes == 64 and math.prod(shape) <= 64
