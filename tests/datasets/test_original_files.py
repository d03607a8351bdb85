"""The files of MNIST and CIFAR-10, written by hand; damaged ones and hostile pickles are refused."""

import contextlib
import gzip
import pickle
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pictures
from jax_slim.data import DataLossError
from jax_slim.datasets import pickled_arrays
from jax_slim.datasets.original_files import cifar10_files, mnist_files


@pytest.mark.parametrize("packed", [True, False])
def test_mnist(tmp_path, packed):
    made = pictures.mnist(tmp_path, packed=packed)
    found = mnist_files("f", tmp_path)
    assert list(found.parts) == ["train", "test"]
    assert found.class_names[:2] == ["zero", "one"]
    for part, (images, labels) in made.items():
        np.testing.assert_array_equal(found.parts[part].images, images)
        np.testing.assert_array_equal(found.parts[part].labels, labels)


def test_other_data_in_the_form_of_mnist(tmp_path):
    (tmp_path / "train-images.idx3-ubyte").write_bytes(pictures.idx(np.zeros((3, 6, 5))))
    (tmp_path / "train-labels.idx1-ubyte").write_bytes(pictures.idx(np.array([0, 46, 2])))
    found = mnist_files("f", tmp_path)
    assert (list(found.parts), found.class_names) == (["train"], None)
    assert found.parts["train"].images.shape == (3, 6, 5, 1)
    (tmp_path / "labels.txt").write_text("shirt\nbag\n")
    assert mnist_files("f", tmp_path).class_names == ["shirt", "bag"]


def test_what_is_missing_of_mnist(tmp_path):
    assert mnist_files("f", tmp_path) is None
    pictures.mnist(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(FileNotFoundError, match=r"t10k-images-idx3-ubyte.gz must have the file of its labels"):
        mnist_files("f", tmp_path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[:-1], "must have 9408 bytes for the shape .12, 28, 28. that it says, got 9407"),
        (lambda data: data + b"x", "got 9409"),
        (lambda data: b"\0\0\x0d" + data[3:], "must be an idx file of bytes with 3 dimensions"),
        (lambda data: data[:10], "must be an idx file"),
        (lambda data: data[:4] + b"\xff" * 12 + data[16:], "that it says"),
        (lambda data: pictures.idx(np.zeros((11, 28, 28))), "must be of one length, got 11 and 12"),
    ],
)
def test_damaged_idx_files(tmp_path, damage, message):
    pictures.mnist(tmp_path, packed=False)
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataLossError, match=message):
        mnist_files("f", tmp_path)


def test_a_packed_idx_file_that_is_cut(tmp_path):
    pictures.mnist(tmp_path)
    path = tmp_path / "train-labels-idx1-ubyte.gz"
    for damaged in (path.read_bytes()[:-9], b"not packed at all", b""):
        path.write_bytes(damaged)
        with pytest.raises(DataLossError, match=r"train-labels-idx1-ubyte.gz must be"):
            mnist_files("f", tmp_path)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("where", ["archive", "folder", "inside"])
def test_cifar10(tmp_path, protocol, where):
    files, made = pictures.cifar10_batches(protocol)
    if where == "archive":
        place = pictures.archive(tmp_path / "cifar-10-python.tar.gz", files)
    else:
        place = tmp_path / "cifar-10-batches-py"
        place.mkdir()
        for name, data in files.items():
            (place / name).write_bytes(data)
        place = tmp_path if where == "inside" else place
    found = cifar10_files("f", place)
    assert found.class_names[9] == "truck"
    for part, (images, labels) in made.items():
        np.testing.assert_array_equal(found.parts[part].images, images)
        assert found.parts[part].labels.tolist() == labels.tolist()


def test_a_batch_as_python_2_wrote_it(tmp_path):
    """Bytes were text then, and NumPy's module had another name: the form of the published files."""
    data = np.arange(3072, dtype=np.uint8)[None]
    raw = b"".join((
        b"\x80\x02}q\x01(U\x06labelsq\x02]q\x03K\x07aU\x04dataq\x04",
        b"cnumpy.core.multiarray\n_reconstruct\nq\x05cnumpy\nndarray\nq\x06K\x00\x85U\x01b\x87Rq\x07",
        b"(K\x01K\x01M\x00\x0c\x86cnumpy\ndtype\nq\x08U\x02u1K\x00K\x01\x87Rq\x09",
        b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T",
        struct.pack("<i", 3072) + data.tobytes() + b"tbu.",
    ))  # fmt: skip
    (tmp_path / "data_batch_1").write_bytes(raw)
    images = cifar10_files("f", tmp_path).parts["train"]
    assert images.labels.tolist() == [7]
    np.testing.assert_array_equal(images.images[0], data.reshape(3, 32, 32).transpose(1, 2, 0))


class Hostile:
    def __reduce__(self):
        import os

        return os.mkdir, (str(self.target),)


def test_a_hostile_pickle_is_not_run(tmp_path):
    hostile = Hostile()
    hostile.target = tmp_path / "harm"
    (tmp_path / "data_batch_1").write_bytes(pickle.dumps({b"data": hostile, b"labels": [1]}))
    with pytest.raises(DataLossError, match=r"data_batch_1 of .* must be a pickle of CIFAR-10: it names posix.mkdir"):
        cifar10_files("f", tmp_path)
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    "value",
    [
        {b"data": np.zeros((2, 3072), np.uint8), b"labels": [1]},
        {b"data": np.zeros((2, 3071), np.uint8), b"labels": [1, 2]},
        {b"data": np.zeros((2, 3072), np.float32), b"labels": [1, 2]},
        {b"data": np.zeros((2, 3072), np.uint8), b"labels": [1, "a"]},
        {b"labels": [1]},
        [1, 2],
        {b"data": np.array([object()]), b"labels": [1]},
    ],
)
def test_another_pickle(tmp_path, value):
    (tmp_path / "data_batch_1").write_bytes(pickle.dumps(value, 2))
    with pytest.raises(DataLossError, match=r"data_batch_1 of .* must"):
        cifar10_files("f", tmp_path)


def test_damaged_archives(tmp_path):
    files, _ = pictures.cifar10_batches()
    whole = pictures.archive(tmp_path / "a.tar.gz", files).read_bytes()
    path = tmp_path / "b.tar.gz"
    for damaged in (whole[: len(whole) // 2], whole[:50], b"hello", gzip.compress(b"hello" * 500)):
        path.write_bytes(damaged)
        with pytest.raises(DataLossError, match=r"b.tar.gz must be a whole tar archive"):
            cifar10_files("f", path)
    with pytest.raises(ValueError, match=r"must hold CIFAR-10's data_batch_1 to 5"):
        cifar10_files("f", pictures.archive(tmp_path / "c.tar.gz", {"other": b""}))
    assert cifar10_files("f", tmp_path) is None


ARRAYS = st.sampled_from([np.uint8, np.int16, np.int64, ">i4"]).flatmap(
    lambda dtype: st.lists(st.integers(0, 100), min_size=1, max_size=8).map(lambda values: np.array(values, dtype))
)


@given(
    st.dictionaries(st.binary(max_size=5), ARRAYS | st.integers() | st.lists(st.binary(max_size=9))), st.integers(0, 5)
)
def test_plain_pickles_come_back(value, protocol):
    found = pickled_arrays.load(pickle.dumps(value, protocol))
    assert found.keys() == value.keys()
    for key, one in value.items():
        np.testing.assert_array_equal(found[key], one)
        assert type(found[key]) is type(one)


@settings(max_examples=200)
@given(st.data())
def test_a_damaged_pickle_harms_nothing(data):
    files, _ = pictures.cifar10_batches(per_batch=1)
    whole = bytearray(files["data_batch_1"][:150] + files["data_batch_1"][-60:])
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Exception):  # anything but the end of the process, or another one begun
        pickled_arrays.load(bytes(whole))


def test_a_pickle_that_asks_for_much_memory():
    with pytest.raises(pickle.UnpicklingError, match="no pickle that Python writes"):
        pickled_arrays.load(b"\x80\x02]r\xff\xff\xff\x7f.")
