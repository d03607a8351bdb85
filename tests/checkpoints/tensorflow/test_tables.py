"""Tables: what is written is read, in blocks of any size, compressed too; what is no table is refused."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkpoints.tensorflow.forging import CompressingWriter, signed_anew, write_table
from jax_slim.checkpoints.tensorflow.damage import Damage
from jax_slim.checkpoints.tensorflow.files import SourceFile
from jax_slim.checkpoints.tensorflow.table_writer import TableWriter
from jax_slim.checkpoints.tensorflow.tables import FOOTER_SIZE, MAGIC, Table
from jax_slim.checkpoints.tensorflow.wire import write_varint
from jax_slim.data.checksums import masked_crc32c

ENTRIES = st.dictionaries(
    st.lists(st.sampled_from([b"", b"\0", b"a/", b"block1/", b"\xff"]), max_size=6).map(b"".join),
    st.binary(max_size=40),
    max_size=60,
)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("tables") / "table"


@given(entries=ENTRIES, compress=st.booleans(), block_size=st.sampled_from([1, 60, 500, 1 << 18]))
def test_written_and_read(path, entries, compress, block_size):
    write_table(path, entries.items(), compress, block_size)
    file = SourceFile(path)
    table = Table(file)
    assert [(key, bytes(value)) for key, value in table] == sorted(entries.items())
    for key in [*entries, *reversed(entries)]:
        assert bytes(table.get(key)) == entries[key]
    for key in (b"a", b"b", b"\xff\xff\xff", b"\0\0\0\1"):
        assert (table.get(key) is None) == (key not in entries)
    file.close()


def table_of(path, data):
    path.write_bytes(data)
    return Table(SourceFile(path))


def block(contents, kind=0):
    data = contents + bytes([kind])
    return data + struct.pack("<I", masked_crc32c(data))


def entry(key, value, shared=0):
    return write_varint(shared) + write_varint(len(key)) + write_varint(len(value)) + key + value


def contents(*entries):
    return b"".join(entries) + struct.pack("<II", 0, 1)


def with_blocks(data, places):
    """A table of the blocks in `data`, which the index says are at `places` (offset, size)."""
    handles = [write_varint(offset) + write_varint(size) for offset, size in places]
    index = contents(*(entry(b"%06d" % number, handle) for number, handle in enumerate(handles)))
    footer = write_varint(0) + write_varint(0) + write_varint(len(data)) + write_varint(len(index))
    return data + block(index) + footer.ljust(FOOTER_SIZE - 8, b"\0") + struct.pack("<Q", MAGIC)


def test_a_block_named_again_and_again_is_read_once(path):
    one = block(contents(entry(b"a", b"x" * 100)))
    good = table_of(path, with_blocks(one, [(0, len(one) - 5)]))
    assert [key for key, _ in good] == [b"a"]
    with pytest.raises(Damage, match="not in order"):
        table_of(path, with_blocks(one, [(0, len(one) - 5)] * 50))


@pytest.mark.parametrize("place", [(1 << 62, 5), (0, 1 << 62), (10, 1 << 20), ((1 << 64) - 1, (1 << 64) - 1)])
def test_blocks_beyond_the_file(path, place):
    with pytest.raises(Damage, match="the file has"):
        table_of(path, with_blocks(b"", [place]))


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        (b"", "shorter than its own index"),
        (struct.pack("<I", 5), "shorter than its own index"),
        (struct.pack("<I", 0xFFFFFFFF), "shorter than its own index"),
        (contents(entry(b"a", b"", shared=1)), "beyond its block"),
        (contents(write_varint(0) + write_varint(200) + write_varint(1)), "beyond its block"),
        (contents(write_varint(0) + write_varint(1) + write_varint(1 << 60)), "beyond its block"),
        (contents(entry(b"b", b""), entry(b"a", b"")), "not in order"),
        (contents(entry(b"a", b""), entry(b"a", b"")), "not in order"),
        # Each entry takes a few bytes and stands for a key of 50 kB.
        (contents(entry(b"k" * 50_000, b""), *(entry(b"%05d" % i, b"", 50_000) for i in range(5_000))), "far longer"),
    ],
)
def test_blocks_that_make_no_sense(path, inside, message):
    table = table_of(path, with_blocks(block(inside), [(0, len(inside))]))
    with pytest.raises(Damage, match=message):
        list(table)


def test_keys_must_rise_from_block_to_block(path):
    one, two = block(contents(entry(b"b", b""))), block(contents(entry(b"a", b"")))
    table = table_of(path, with_blocks(one + two, [(0, len(one) - 5), (len(one), len(two) - 5)]))
    with pytest.raises(Damage, match="not in order"):
        list(table)


def test_other_compressions_and_wrong_checksums(path):
    one = block(contents(), kind=2)
    with pytest.raises(Damage, match="unknown compression 2"):
        list(table_of(path, with_blocks(one, [(0, len(one) - 5)])))
    one = one[:-1] + bytes([one[-1] ^ 1])
    with pytest.raises(Damage, match="block at byte 0 differs"):
        list(table_of(path, with_blocks(one, [(0, len(one) - 5)])))


@pytest.mark.parametrize("data", [b"", b"x" * 47, b"x" * 48, bytes(40) + struct.pack("<Q", MAGIC)])
def test_no_tables(path, data):
    with pytest.raises(Damage):
        table_of(path, data)


def test_short_index_keys_are_those_of_leveldb(path):
    # The shortest key not below the block's last and below the next block's first.
    with path.open("wb") as file:
        writer = TableWriter(file, block_size=1)
        for key in (b"abc", b"abq", b"ac", b"b\xff", b"c", b"d\xff"):
            writer.add(key, b"")
        writer.finish()
    assert Table(SourceFile(path))._keys == [b"abd", b"abq", b"ac", b"b\xff", b"c", b"e"]


def test_signing_anew_keeps_a_table_valid(path):
    for writer in (TableWriter, CompressingWriter):
        with path.open("wb") as file:
            table = writer(file, 50)
            for number in range(30):
                table.add(b"%03d" % number, b"value")
            table.finish()
        same = signed_anew(path.read_bytes(), lambda contents: contents)
        assert same == path.read_bytes()
    changed = signed_anew(same, lambda contents: bytes(len(contents)))
    with pytest.raises(Damage):
        list(table_of(path, changed))


def test_a_block_ends_when_it_is_as_large_as_it_may_be(path):
    # As leveldb: 3 + 1 + 4 bytes of the entry, and 8 of the places at which keys begin anew.
    for size, blocks in ((16, 2), (17, 1)):
        write_table(path, [(b"a", b"1234"), (b"b", b"1234")], block_size=size)
        assert len(Table(SourceFile(path))._places) == blocks
