"""TFRecord files: what is written comes back, at any place; damage is told or left out, and never does more harm."""

import gzip
import os
import pickle
import random
import threading
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jax_slim.data import (
    DataLossError,
    TFRecords,
    TFRecordWriter,
    get_data_files,
    read_tfrecords,
    record_streams,
    write_tfrecords,
)
from jax_slim.data.checksums import masked_crc32c

RECORDS = [bytes([number]) * (number * 37 % 300) for number in range(40)]


def framed(record):
    head = len(record).to_bytes(8, "little")
    return head + masked_crc32c(head).to_bytes(4, "little") + record + masked_crc32c(record).to_bytes(4, "little")


def write(path, records=RECORDS, compression=""):
    return write_tfrecords(path, records, compression=compression)[0]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=20), st.sampled_from(["", "GZIP", "ZLIB"]), st.integers(1, 4))
def test_what_is_written_comes_back(tmp_path_factory, records, compression, shards):
    folder = tmp_path_factory.mktemp("records")
    paths = write_tfrecords(folder / "some.tfrecord", records, shards, compression)
    assert [os.path.basename(path) for path in paths] == [
        f"some-{number:05d}-of-{shards:05d}.tfrecord" for number in range(shards)
    ]
    assert sorted(os.listdir(folder)) == sorted(os.path.basename(path) for path in paths)
    assert list(read_tfrecords(paths)) == records
    assert list(TFRecords(str(folder))) == records


def test_the_bytes_of_a_file(tmp_path):
    plain = write(tmp_path / "a.tfrecord")
    expected = b"".join(framed(record) for record in RECORDS)
    assert Path(plain).read_bytes() == expected
    assert gzip.decompress(Path(write(tmp_path / "b", compression="GZIP")).read_bytes()) == expected
    assert zlib.decompress(Path(write(tmp_path / "c", compression="zlib")).read_bytes()) == expected


@pytest.mark.parametrize("compression", ["", "GZIP"])
def test_any_place_and_its_name(tmp_path, compression):
    paths = write_tfrecords(tmp_path / "x", RECORDS, 3, compression)
    records = TFRecords(paths)
    assert len(records) == len(RECORDS)
    for index in (0, 5, 39, -1, np.int64(13)):
        assert records[index] == RECORDS[index]
    assert records[3:30:7] == RECORDS[3:30:7]
    start = sum(len(framed(record)) for record in RECORDS[13:15])
    assert records.key(15) == f"{paths[1]}:{start}"
    stream = read_tfrecords(paths)
    assert [(stream.key, record) for record in stream] == [(records.key(n), one) for n, one in enumerate(RECORDS)]
    for wrong in (40, -41):
        with pytest.raises(IndexError, match=f"TFRecords: index must be within the 40 records, got {wrong}"):
            records[wrong]


def test_more_shards_than_files_that_may_be_open(tmp_path):
    paths = write_tfrecords(tmp_path / "x", [b"%d" % number for number in range(300)], 150)
    records = TFRecords(paths)
    wrong = []

    def read(seed):
        order = random.Random(seed).sample(range(300), 300)
        wrong.extend(index for index in order if records[index] != b"%d" % index)

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    again = pickle.loads(pickle.dumps(records))
    assert list(again) == list(records)


def test_several_packed_streams_in_one_file(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"".join(gzip.compress(framed(record)) for record in RECORDS) + bytes(100))
    assert list(read_tfrecords(path)) == RECORDS
    assert list(TFRecords(path)) == RECORDS


def test_a_file_cut_in_a_header_ends_unless_read_strictly(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(framed(b"abc") + framed(b"def")[:7])
    assert list(read_tfrecords(path)) == list(TFRecords(path)) == [b"abc"]
    for read in (read_tfrecords, TFRecords):
        with pytest.raises(DataLossError, match=f"{path}: truncated record at 19"):
            list(read(path, strict=True))


@pytest.mark.parametrize("compression", ["GZIP", "ZLIB"])
def test_a_packed_file_that_is_cut(tmp_path, compression):
    path = tmp_path / "x"
    noise = [random.Random(number).randbytes(3000) for number in range(30)]
    whole = Path(write(path, noise, compression)).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    stream, read = read_tfrecords(path), []
    with pytest.raises(DataLossError, match=f"{path}: truncated record at"):
        read.extend(stream)
    assert len(read) > 10 and read == noise[: len(read)]
    skipping = read_tfrecords(path, errors="skip")
    assert (list(skipping), skipping.skipped) == (read, 1)
    broken = bytearray(whole)
    broken[len(whole) // 2] ^= 0xFF
    path.write_bytes(broken)
    with pytest.raises(DataLossError, match=str(path)):
        list(read_tfrecords(path))
    records = TFRecords(path, errors="skip")
    assert records.skipped and len(records) > 10 and set(records) <= set(noise)


def test_damage_found_late(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"".join(framed(record) for record in RECORDS))
    records = TFRecords(path)
    content = bytearray(path.read_bytes())
    place = int(records.key(9).rpartition(":")[2]) + 12
    content[place + 3] ^= 1
    path.write_bytes(content)
    assert records[8] == RECORDS[8]
    with pytest.raises(DataLossError, match=f"{path}: corrupted record at {place}: its data do not fit"):
        records[9]
    os.truncate(path, place + 5)
    with pytest.raises(DataLossError, match=f"{path}: truncated record at {place - 12}"):
        records[9]


def test_what_is_left_out(tmp_path):
    path = tmp_path / "x"
    content = bytearray(b"".join(framed(record) for record in RECORDS))
    starts = np.cumsum([0] + [len(framed(record)) for record in RECORDS])
    content[starts[5] + 2] ^= 1  # a length
    content[starts[20] + 14] ^= 1  # data
    content[starts[39] + 13] ^= 1  # the last ones
    path.write_bytes(content)
    expected = [record for number, record in enumerate(RECORDS) if number not in (5, 20, 39)]
    stream = read_tfrecords(path, errors="skip")
    assert (list(stream), stream.skipped) == (expected, 3)
    records = TFRecords(path, errors="skip")
    assert (list(records), records.skipped) == (expected, 3)
    path.write_bytes(content[: starts[3]] + bytes(3_000_000) + content[starts[10] :])
    stream = read_tfrecords(path, errors="skip")
    assert list(stream) == RECORDS[:3] + [record for n, record in enumerate(RECORDS) if n >= 10 and n not in (20, 39)]


def test_the_next_record_is_found_right_behind_the_damage(tmp_path):
    (tmp_path / "x").write_bytes(framed(b"abc") + b"\x01" + framed(b"def") + b"\x02\x03" + framed(b"ghi"))
    stream = read_tfrecords(tmp_path / "x", errors="skip")
    assert (list(stream), stream.skipped) == ([b"abc", b"def", b"ghi"], 2)


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from(["", "GZIP", "ZLIB"]))
def test_random_damage_never_does_more_than_an_error(tmp_path_factory, rng, compression):
    path = tmp_path_factory.getbasetemp() / "fuzzed"
    content = bytearray(Path(write(path, RECORDS[:12], compression)).read_bytes())
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(content) + 1)
        match rng.randrange(4):
            case 0:
                content[place : place + 1] = rng.randbytes(1)
            case 1:
                del content[place : place + rng.randint(1, 30)]
            case 2:
                content[place:place] = rng.randbytes(rng.randint(1, 30))
            case _:
                content[place : place + 8] = b"\xff" * 8
    path.write_bytes(content)
    for options in ({"compression": compression}, {}):
        for read in (read_tfrecords, TFRecords):
            error = None
            try:
                assert set(read(path, **options)) <= set(RECORDS)
            except DataLossError as raised:
                error = raised
            assert error is None or str(path) in str(error)
            assert set(read(path, errors="skip", **options)) <= set(RECORDS)


def test_a_length_of_exabytes_takes_no_memory(tmp_path):
    head = (1 << 62).to_bytes(8, "little")
    bad = head + masked_crc32c(head).to_bytes(4, "little") + b"abc"
    for content in (bad, gzip.compress(bad)):
        (tmp_path / "x").write_bytes(content)
        for read in (read_tfrecords, TFRecords):
            with pytest.raises(DataLossError, match=r"(truncated|too large a) record at 0"):
                list(read(tmp_path / "x"))


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "deep" / "x.tfrecord"
    with pytest.raises(TypeError), TFRecordWriter(path) as writer:
        writer.write([writer.write(b"abc")])
    assert os.listdir(path.parent) == []
    path.write_bytes(b"before")
    writer = TFRecordWriter(path)
    writer.write(b"abc")
    assert path.read_bytes() == b"before"
    del writer  # given up
    assert os.listdir(path.parent) == ["x.tfrecord"] and path.read_bytes() == b"before"
    writer = TFRecordWriter(path)
    writer.write(b"abc")
    writer.close()
    writer.close()
    assert list(read_tfrecords(path)) == [b"abc"]
    with pytest.raises(ValueError, match="the writer must be open"):
        writer.write(b"abc")


def test_shards_appear_together(tmp_path):
    def broken():
        yield b"abc"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_tfrecords(tmp_path / "x", broken(), 2, num_records=2)
    for count in (1, 3):
        with pytest.raises(ValueError, match=f"records must be num_records={count}"):
            write_tfrecords(tmp_path / "x", iter([b"a", b"b"]), 2, num_records=count)
    assert os.listdir(tmp_path) == []


def test_no_space_left(tmp_path):
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    writer = TFRecordWriter(tmp_path / "x")
    writer._file.close()
    writer._file = Path("/dev/full").open("wb")  # noqa: SIM115 - the writer closes it
    writer.write(b"a")
    with pytest.raises(OSError, match="No space left"):
        writer.close()
    try:
        writer._file.close()
    except OSError:
        pass
    assert os.listdir(tmp_path) == []


def test_no_tfrecord_file(tmp_path):
    (tmp_path / "x").write_text("name,label\n" * 10)
    with pytest.raises(DataLossError, match=r"corrupted record at 0: .* Is it a TFRecord file"):
        TFRecords(tmp_path / "x")


def test_which_files(tmp_path):
    for name in ("a-00000-of-00002", "a-00001-of-00002", "b.tfrecord", ".hidden.tfrecord", "notes.txt", "c,d.tfrecord"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "e.tfrecord").mkdir()

    def names(sources):
        return [os.path.basename(path) for path in get_data_files(sources)]

    shards = ["a-00000-of-00002", "a-00001-of-00002"]
    assert names(f"{tmp_path}/a-*") == names(f"{tmp_path}/a@2") == shards
    assert names(tmp_path) == names(f"{tmp_path}") == [*shards, "b.tfrecord", "c,d.tfrecord"]
    assert names(f"{tmp_path}/b.tfrecord, {tmp_path}/a-*") == ["b.tfrecord", *shards]
    assert names([f"{tmp_path}/b.tfrecord", tmp_path / "c,d.tfrecord"]) == ["b.tfrecord", "c,d.tfrecord"]
    for sources, kind, message in (
        (f"{tmp_path}/z*", ValueError, "no data files found that match"),
        (f"{tmp_path}/z", FileNotFoundError, "there is no file"),
        (f"{tmp_path}/no/z*", ValueError, "there is no folder"),
        (f"{tmp_path}/a@3", FileNotFoundError, "lacks the shard .*a-00000-of-00003' and 2 more"),
        (f"{tmp_path}/e.tfrecord", ValueError, "no TFRecord files in the folder"),
        ([], ValueError, "must name at least one file"),
        (3, TypeError, "data_sources must be a path or a list of paths, got int"),
    ):
        with pytest.raises(kind, match=message):
            get_data_files(sources)


def test_a_packed_record_that_grows_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(record_streams, "_MOST_UNPACKED", 1000)
    records = [b"a", bytes(1001), b"b" * 1000]
    for compression in ("", "GZIP"):
        path = tmp_path / f"records{compression}"
        write_tfrecords(path, records, compression=compression)
        if not compression:
            assert list(read_tfrecords(path)) == records
            continue
        with pytest.raises(DataLossError, match=r"too large a record at 17: unpacked .* unpack the file: gzip -d"):
            list(read_tfrecords(path))
        assert list(read_tfrecords(path, errors="skip")) == [records[0], records[2]]


def test_files_in_a_folder_with_brackets_in_its_name(tmp_path):
    folder = tmp_path / "run[1]"
    folder.mkdir()
    files = [str(folder / name) for name in ("a-00000-of-00002", "a-00001-of-00002")]
    for file in files:
        Path(file).write_bytes(b"")
    for sources in (folder, f"{folder}/a-*", f"{folder}/a@2", f"{folder}/a-0000[01]-of-00002"):
        assert get_data_files(sources) == files


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda p: TFRecords(p, "snappy"),
            r"TFRecords: compression must be 'auto', 'GZIP', 'ZLIB' or '', got 'snappy'",
        ),
        (lambda p: read_tfrecords(p, errors="ignore"), "errors must be 'raise' or 'skip', got 'ignore'"),
        (lambda p: TFRecordWriter(p, "auto"), "TFRecordWriter: compression must be 'GZIP', 'ZLIB' or '', got 'auto'"),
        (lambda p: write_tfrecords(p, [], 0), "num_shards must be at least 1, got 0"),
        (lambda p: write_tfrecords(p, iter([]), 2), "num_records must be given for shards"),
        (lambda p: write_tfrecords(p, ["text"]), "record must be bytes, got str"),
        (lambda p: TFRecordWriter(p.parent), "path must be a file, got the folder"),
    ],
)
def test_refuses(tmp_path, call, message):
    (tmp_path / "x").write_bytes(b"")
    with pytest.raises((ValueError, TypeError, OSError), match=message):
        call(tmp_path / "x")
    assert os.listdir(tmp_path) == ["x"]
