"""Files of `torch.save`, made by PyTorch 2.13 (`record.py`): every dtype and layout, both forms; and hostile ones."""

import contextlib
import io
import pickle
import random
import tracemalloc
import zipfile

import ml_dtypes
import numpy as np
import pytest

import golden
import hostile_files
from jax_slim.checkpoints import CheckpointError, load_variables, open_checkpoint

FOLDER = golden.FOLDER / "peers"
NUMBERS = np.arange(24, dtype=np.float32)
EXPECTED = {
    "plain.weight": NUMBERS.reshape(2, 3, 4),
    "turned.weight": NUMBERS.reshape(4, 6).T,
    "part.weight": NUMBERS.reshape(4, 6)[1:3, 2:5],
    "scalar": np.float32(2.5),
    "empty": np.zeros((0, 3), np.float32),
    "parameter": np.ones(2, np.float32),
    **{
        kind: np.arange(4).astype(kind)
        for kind in ("float16", "float64", "int64", "int32", "int16", "int8", "uint8", "bool")
    },
    "bfloat16": np.arange(4).astype(ml_dtypes.bfloat16),
}


@pytest.mark.parametrize("name", ["zip.pth", "old.pth", "zip_wrapped.pth", "old_wrapped.pth"])
def test_every_dtype_and_layout(name):
    with open_checkpoint(FOLDER / name) as checkpoint:
        assert checkpoint.format == "PyTorch"
        assert set(checkpoint) == set(EXPECTED)
        for key, value in EXPECTED.items():
            assert checkpoint.entries()[key] == (value.dtype, np.shape(value))
            assert checkpoint[key].dtype == value.dtype
            np.testing.assert_array_equal(checkpoint[key], value)


def test_a_state_dict_of_a_module():
    variables = load_variables(FOLDER / "module.pth")
    assert {name: value.shape for name, value in variables.items()} == {"weight": (3, 2), "bias": (3,)}


def test_what_needs_more_than_tensors():
    with pytest.raises(CheckpointError, match=r"asks for torch.nn.modules.linear.Linear.*model.state_dict\(\)"):
        open_checkpoint(FOLDER / "whole_module.pth")


class Called:
    """A pickle that calls `open` when it is loaded."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


def zipped(content, storages=()):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("m/data.pkl", content)
        for key, value in storages:
            archive.writestr(f"m/data/{key}", value)
    return data.getvalue()


def tensor(size=(2,), stride=(1,), offset=0, numel=2, storage="FloatStorage", key="0", rebuild="_rebuild_tensor_v2"):
    """The pickle {'w': tensor}, operation by operation."""

    def number(value):
        return b"\x8a\x09" + value.to_bytes(9, "little", signed=True)

    def numbers(values):
        return b"(" + b"".join(map(number, values)) + b"t"

    return (
        b"\x80\x02}X\x01\x00\x00\x00wctorch._utils\n" + rebuild.encode() + b"\n((X\x07\x00\x00\x00storagectorch\n"
        + storage.encode() + b"\nX\x01\x00\x00\x00" + key.encode() + b"X\x03\x00\x00\x00cpu" + number(numel) + b"tQ"
        + number(offset) + numbers(size) + numbers(stride) + b"\x89}tRs."
    )  # fmt: skip


def test_a_tensor_by_hand(tmp_path):
    (tmp_path / "a.pth").write_bytes(zipped(tensor(), [("0", np.float32([3, 4]).tobytes())]))
    np.testing.assert_array_equal(open_checkpoint(tmp_path / "a.pth")["w"], np.float32([3, 4]))


def nested(deep):
    """Tuples of the same tuple: 2 ** deep of them, were each looked at."""
    return b"\x80\x02)" + b"".join(b"q%c%s" % (n % 200, b"h%c\x86" % (n % 200)) for n in range(deep))


HOSTILE = {
    "storage outside": tensor(numel=10**6),
    "offset outside": tensor(offset=10),
    "stride outside": tensor(stride=(10**9,)),
    "repeated by a stride of 0": tensor(size=(10**9,), stride=(0,)),
    "no elements of endless axes": tensor(size=(0, 10**18), stride=(1, 1)),
    "negative": tensor(size=(-2,)),
    "negative offset": tensor(offset=-1),
    "more strides": tensor(stride=(1, 1)),
    "other storage": tensor(storage="ComplexFloatStorage"),
    "missing storage": tensor(key="7"),
    "other function": tensor(rebuild="_rebuild_sparse_tensor"),
    "system": b"\x80\x02cos\nsystem\n(X\x04\x00\x00\x00truetR.",
    "builtins": b"\x80\x02cbuiltins\neval\n(X\x01\x00\x00\x001tR.",
    "stack global": b"\x80\x04\x8c\x02os\x8c\x06system\x93.",
    "numpy": pickle.dumps({"w": np.ones(3)}),
    "build of a dict of dicts": b"\x80\x02}}b}X\x01\x00\x00\x00a)b.",
    "no end": b"\x80\x02}",
    "long text": b"\x80\x02X\xff\xff\xff\x7fabc.",
    "far memo": b"\x80\x02}r\xff\xff\xff\xff.",
    "nothing on the stack": b"\x80\x02sssss.",
    "marks": b"\x80\x02" + b"(" * 1000 + b"t.",
    "itself": b"\x80\x02}q\x00X\x0a\x00\x00\x00state_dicth\x00s.",
    "deep as a size": nested(60) + b".",
    "deep as a storage": nested(60) + b"Q.",
    "deep as a key": b"\x80\x02}" + nested(60)[2:] + b"Ns.",
    "inst": b"\x80\x02(ios\nsystem\n.",
    "obj": b"\x80\x02(cos\nsystem\no.",
    "newobj": b"\x80\x02ccollections\nOrderedDict\n)\x81.",
    "empty": b"",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_pickles(what, tmp_path):
    for form, content in (("zip", zipped(HOSTILE[what], [("0", bytes(8))])), ("old", old(HOSTILE[what]))):
        path = tmp_path / f"{form}.pth"
        path.write_bytes(content)
        tracemalloc.start()
        with pytest.raises(CheckpointError):
            dict(open_checkpoint(path))
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
        tracemalloc.stop()


def old(content):
    magic = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2)
    return magic + pickle.dumps(1001, protocol=2) + pickle.dumps({"little_endian": True}, protocol=2) + content


def test_nothing_is_called(tmp_path):
    content = pickle.dumps({"state_dict": Called(tmp_path / "ran")}, protocol=2)
    for form, whole in (("zip", zipped(content)), ("old", old(content))):
        (tmp_path / form).write_bytes(whole)
        with pytest.raises(CheckpointError, match="open, and not only tensors"):
            open_checkpoint(tmp_path / form)
    assert not (tmp_path / "ran").exists()


def test_a_compressed_archive_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("m/data.pkl", bytes(1 << 20))
    with pytest.raises(CheckpointError, match="compressed"):
        open_checkpoint(tmp_path / "bomb.pth")


@pytest.mark.parametrize("count", [20, pytest.param(1000, marks=pytest.mark.slow)])
def test_damaged_and_made_files(tmp_path, count):
    """Cut off, with bytes changed, with any pickle in them: refused, or read as numbers; nothing is run."""
    path = tmp_path / "x.pth"
    rng = random.Random(count)
    for number in range(count):
        kind = number % 4
        if kind < 2:
            content = hostile_files.damaged((FOLDER / ("zip.pth", "old.pth")[kind]).read_bytes(), rng)
        else:
            made = hostile_files.pickled(rng)
            content = zipped(made, [("0", bytes(8))]) if kind == 2 else old(made)
        path.write_bytes(content)
        with hostile_files.only_read(), contextlib.suppress(CheckpointError), open_checkpoint(path) as checkpoint:
            for name in checkpoint:
                assert checkpoint[name].nbytes < 1 << 20
