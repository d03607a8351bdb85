#!/bin/bash
# The package tfrecord, which reads TFRecord files without TensorFlow, changes what it reads in two ways, without a word:
# - A bytes feature of several values becomes a NumPy array of strings, which end at their last byte that is not zero: raw
#   pixels, masks and packed numbers lose the zeros at their ends, each value another number of them. One value is whole.
# - tfrecord_iterator gives views of one buffer, which the next record overwrites: list(...) holds the last record, as often
#   as there are records (where they are of one length; the first letters of it where they are not).
# Seen with tfrecord 1.14.6, NumPy 2.4.6:
#   one value: b'\x01\x00\x00', of two: [b'\x01', b'\x02\x03']
#   records one by one: [b'a', b'b', b'c'], list of them: [b'c', b'c', b'c']
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q tfrecord==1.14.6 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import sys

from tfrecord import TFRecordWriter, example_pb2, tfrecord_iterator, tfrecord_loader

print("tfrecord", importlib.metadata.version("tfrecord"))


def write(path, *records):
    """A file of records, each a list of byte strings."""
    writer = TFRecordWriter(path)
    for record in records:
        writer.write({"pixels": (record, "byte")})
    writer.close()


def parsed(record):
    return example_pb2.Example.FromString(bytes(record)).features.feature["pixels"].bytes_list.value[0]


write("values", [b"\1\0\0"], [b"\1\0\0", b"\2\3\0"])
one, two = (record["pixels"] for record in tfrecord_loader("values", None))
two = two.tolist()
print(f"one value: {one}, of two: {two}")
write("records", [b"a"], [b"b"], [b"c"])
in_turn = [parsed(record) for record in tfrecord_iterator("records")]
listed = [parsed(record) for record in list(tfrecord_iterator("records"))]
print(f"records one by one: {in_turn}, list of them: {listed}")
sys.exit(not (one == b"\1\0\0" and two == [b"\1", b"\2\3"] and in_turn == [b"a", b"b", b"c"] and listed == [b"c"] * 3))
PYTHON
