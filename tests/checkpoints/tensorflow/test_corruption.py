"""Thousands of damaged and hostile files: each gives what was saved or one CheckpointError, and costs little memory.

Plain corruptions are found by checksums; so that what lies behind them is tried too, half of the files are signed anew.
"""

import random
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkpoints.tensorflow import forging
from checkpoints.tensorflow.forging import equal, signed_anew, write_table
from jax_slim.checkpoints import tensorflow
from jax_slim.checkpoints.native import CheckpointError
from jax_slim.checkpoints.tensorflow.slice_keys import slice_key
from jax_slim.checkpoints.tensorflow.wire import field, fixed32_field, write_varint

MOST_MEMORY = 8 << 20  # for files of some kilobytes; with what other threads of the test run take meanwhile

TENSORS = {
    "conv1/biases": np.zeros(5, np.float32),
    "conv1/weights": np.arange(60, dtype=np.float32).reshape(3, 4, 5),
    "conv2/part": [([(0, 2), (0, 3)], np.ones((2, 3))), ([(2, 3), (0, 3)], np.zeros((3, 3)))],
    "counts": np.arange(-6, 6, dtype=np.int64),
    "flags": np.array([True, False, True]),
    "global_step": np.int64(1 << 40),
    "half": np.linspace(0, 1, 7, dtype=np.float16),
}
VALUES = {
    name: value if not isinstance(value, list) else np.concatenate([part for _, part in value])
    for name, value in TENSORS.items()
}


def written_v1(prefix, **options):
    return {str(prefix): Path(forging.write_v1(prefix, TENSORS, **options)).read_bytes()}


def written_v2(prefix, **options):
    forging.write_v2(prefix, TENSORS, **options)
    return {str(path): path.read_bytes() for path in sorted(prefix.parent.glob(f"{prefix.name}.*"))}


def written_strings(prefix):
    # The only values of a V2 file that have a form of their own.
    tensors = {"s": np.array([b"", b"abc", b"x" * 200], object), "t": "text"}
    tensorflow.write_checkpoint(prefix, tensors, update_state=False)
    return {str(path): path.read_bytes() for path in sorted(prefix.parent.glob(f"{prefix.name}.*"))}


KINDS = {
    "v1": written_v1,
    "v1 in blocks": lambda prefix: written_v1(prefix, block_size=100),
    "v1 compressed": lambda prefix: written_v1(prefix, compress=True, block_size=300),
    "v2": written_v2,
    "v2 in blocks": lambda prefix: written_v2(prefix, block_size=60),
    "v2 compressed": lambda prefix: written_v2(prefix, compress=True),
    "v2 strings": written_strings,
}


def corrupted(data, rng):
    """The bytes with one or more things wrong: bits, bytes, parts cut, repeated, moved, or overwritten."""
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        if not data:
            break
        at, size = rng.randrange(len(data)), rng.choice([1, 2, 4, 8, 40])
        match rng.randrange(8):
            case 0 | 1:
                data[at] ^= 1 << rng.randrange(8)
            case 2:
                data[at] = rng.choice([0, 1, 0x7F, 0x80, 0xFF])
            case 3:
                del data[at:]
            case 4:
                del data[at : at + size]
            case 5:
                data[at:at] = data[at : at + size]
            case 6:
                start = rng.randrange(len(data))
                data[at : at + size] = data[start : start + size]
            case 7:
                data[at : at + size] = rng.randbytes(size)
    return bytes(data)


def corrupted_in_place(data, rng):
    """The same, and as many bytes: what `signed_anew` can put back."""
    changed = corrupted(data, rng)[: len(data)]
    return changed + data[len(changed) :]


def read_all(path):
    with tensorflow.open_checkpoint(path) as checkpoint:
        checkpoint.entries()
        return {name: checkpoint[name] for name in checkpoint}


def attempt(path):
    """What can be read and what cannot: name -> value or error; under "" the error of opening."""
    found = {}
    try:
        with tensorflow.open_checkpoint(path) as checkpoint:
            checkpoint.entries()
            for name in checkpoint:
                try:
                    found[name] = checkpoint[name]
                except CheckpointError as error:
                    found[name] = error
    except CheckpointError as error:
        found = {"": error}
    for name, value in found.items():
        if isinstance(value, CheckpointError):
            assert path in str(value) and (not name or repr(name) in str(value))
    return found


def run(folder, kind, count, seed):
    prefix = folder / "model.ckpt"
    files = KINDS[kind](prefix)
    right = attempt(str(prefix))
    assert right and not any(isinstance(value, CheckpointError) for value in right.values())
    assert kind == "v2 strings" or all(equal(right[name], value) for name, value in VALUES.items())
    rng = random.Random(seed)
    refused = changed = 0
    tracemalloc.start()
    try:
        for number in range(count):
            name = rng.choice(list(files))
            again = number % 2 == 1 and ".data-" not in name
            if again:
                bad = signed_anew(
                    files[name], lambda data: corrupted_in_place(data, rng) if rng.random() < 0.7 else data
                )
            else:
                bad = corrupted(files[name], rng)
            Path(name).write_bytes(bad)
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]  # errors of earlier cases may wait to be collected
            found = attempt(str(prefix))
            assert tracemalloc.get_traced_memory()[1] - before < MOST_MEMORY
            refused += any(isinstance(value, CheckpointError) for value in found.values())
            for key, value in found.items():
                if isinstance(value, CheckpointError) or again:
                    continue
                assert equal(value, right[key])
            changed += bad != files[name]
            Path(name).write_bytes(files[name])
    finally:
        tracemalloc.stop()
    return refused, changed


@pytest.mark.parametrize("kind", KINDS)
def test_corruptions(tmp_path, kind):
    refused, changed = run(tmp_path, kind, 300, seed=1)
    assert changed > 200 and refused > 150


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_many_corruptions(tmp_path, kind, seed):
    run(tmp_path, kind, 3_000, seed)


@pytest.mark.parametrize("kind", ["v1", "v1 compressed", "v2", "v2 strings"])
def test_every_truncation(tmp_path, kind):
    prefix = tmp_path / "model.ckpt"
    for name, data in KINDS[kind](prefix).items():
        right = attempt(str(prefix))
        for size in range(0, len(data), 1 if len(data) < 700 else 3):
            Path(name).write_bytes(data[:size])
            found = attempt(str(prefix))
            assert any(isinstance(value, CheckpointError) for value in found.values())
            assert all(isinstance(value, CheckpointError) or equal(value, right[key]) for key, value in found.items())
        Path(name).write_bytes(data)


def check_hostile(path):
    tracemalloc.start()
    try:
        attempt(path)
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
    finally:
        tracemalloc.stop()


NUMBER = st.integers(-3, 40) | st.integers(-(1 << 63), (1 << 63) - 1)
NAMES = st.sampled_from([b"a", b"b/c", b"", slice_key(b"a", [(0, 2)]), slice_key(b"a", [(2, 2)]), b"\xff\xfe"])
SHAPE = st.lists(NUMBER, max_size=4).map(forging.shape_message)
SLICE = st.lists(st.tuples(NUMBER, NUMBER), max_size=3).map(forging.slice_message)
BUNDLE_ENTRY = st.tuples(
    *(st.builds(field, st.just(number), NUMBER) for number in (1, 3, 4, 5)),
    st.builds(field, st.just(2), SHAPE),
    st.builds(fixed32_field, st.just(6), st.integers(0, (1 << 32) - 1)),
    st.lists(st.builds(field, st.just(7), SLICE), max_size=3).map(b"".join),
).map(b"".join)
PACKED = st.lists(NUMBER.map(write_varint), max_size=5).map(b"".join) | st.binary(max_size=16)
TENSOR = st.lists(st.builds(field, st.integers(1, 18), PACKED | NUMBER), max_size=3).map(b"".join)
V1_VALUES = st.builds(field, st.just(2), st.builds(field, st.just(3), TENSOR))
LISTED = st.tuples(
    st.builds(field, st.just(1), st.sampled_from([b"a", b"b"])),
    st.builds(field, st.just(2), SHAPE),
    st.builds(field, st.just(3), NUMBER),
    st.lists(st.builds(field, st.just(4), SLICE), max_size=3).map(b"".join),
).map(b"".join)
V1_LIST = st.builds(
    field, st.just(1), st.lists(st.builds(field, st.just(1), LISTED), min_size=1, max_size=3).map(b"".join)
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("hostile")


@settings(max_examples=200)
@given(entries=st.dictionaries(NAMES, BUNDLE_ENTRY, max_size=5), data=st.binary(max_size=40))
def test_any_index(folder, entries, data):
    write_table(folder / "two.index", {**entries, b"": forging.HEADER[1]}.items())
    (folder / "two.data-00000-of-00001").write_bytes(data)
    check_hostile(str(folder / "two"))


@settings(max_examples=200)
@given(listed=V1_LIST, values=st.dictionaries(NAMES, V1_VALUES, max_size=5))
def test_any_v1(folder, listed, values):
    write_table(folder / "one", {**values, b"": listed}.items())
    check_hostile(str(folder / "one"))


@given(data=st.binary(max_size=300))
def test_any_bytes(folder, data):
    (folder / "any").write_bytes(data)
    check_hostile(str(folder / "any"))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (bytes(1 << 18), "the number 0"),
        (b"\x78\x00" * (1 << 17), "more than 10000 fields that are not known"),
        (field(1, field(1, b"") * (1 << 17)), "0 is no dtype"),
        (field(1, field(1, field(3, 1) + field(2, field(2, b"") * (1 << 17)))), "more than 254 times"),
        (field(1, field(1, field(3, 1) + field(4, b"") * (1 << 17))), "more than 100000 times"),
    ],
)
def test_compressed_bombs(folder, value, message):
    # 256 kB in 12 kB: it may be unpacked, and not be made into objects of a hundred times its size.
    write_table(folder / "bomb", [(b"", value)], compress=True)
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointError, match=message):
            tensorflow.open_checkpoint(folder / "bomb")
        assert tracemalloc.get_traced_memory()[1] < 20 << 20
    finally:
        tracemalloc.stop()


def test_thousands_of_slices(folder):
    # Work is in proportion to the file.
    slices = [[(number, 1)] for number in range(2_000)]
    entries = [forging.HEADER, (b"x", forging.bundle_entry(1, [2_000], 0, 0, 0, slices))]
    entries += [(slice_key(b"x", extents), forging.bundle_entry(1, [1], 0, 4, 0)) for extents in slices]
    write_table(folder / "slices.index", entries)
    (folder / "slices.data-00000-of-00001").write_bytes(bytes(8_000))
    with pytest.raises(CheckpointError, match="checksum"):
        read_all(folder / "slices")
