"""Files that Keras 3 saved (`record.py`): three forms, the same arrays; and hostile ones."""

import contextlib
import random
import shutil
import zipfile

import numpy as np
import pytest

import golden
import hostile_files
import peer_arrays
from jax_slim.checkpoints import CheckpointError, open_checkpoint

h5py = pytest.importorskip("h5py")

FOLDER = golden.FOLDER / "peers"
NAMES = {
    "first/kernel": (3, 3, 3, 2),
    "first/bias": (2,),
    "batch_normalization#0/beta": (2,),
    "batch_normalization#0/moving_mean": (2,),
    "batch_normalization#0/moving_variance": (2,),
    "deep/kernel": (3, 3, 2, 1),
    "batch_normalization#1/gamma": (2,),
    "batch_normalization#1/beta": (2,),
    "batch_normalization#1/moving_mean": (2,),
    "batch_normalization#1/moving_variance": (2,),
    "apart/depthwise_kernel": (1, 1, 2, 1),
    "apart/pointwise_kernel": (1, 1, 2, 2),
    "last/kernel": (32, 2),
    "last/bias": (2,),
}


@pytest.mark.parametrize("name", ["net.h5", "net.weights.h5", "net.keras"])
def test_every_form(name, tmp_path):
    shutil.copy(FOLDER / name, tmp_path / "nameless")
    for path in (FOLDER / name, tmp_path / "nameless"):
        with open_checkpoint(path) as checkpoint:
            assert checkpoint.format == "Keras"
            assert {key: entry.shape for key, entry in checkpoint.entries().items()} == NAMES
            for key, shape in NAMES.items():
                np.testing.assert_array_equal(checkpoint[key], peer_arrays.array(key, shape))


def test_the_names_of_keras_2(tmp_path):
    """Datasets whose names end in ':0', and a kernel of DepthwiseConv2D that is called so."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["layer_names"] = [b"deep", b"empty"]
        deep = file.create_group("deep")
        deep.attrs["weight_names"] = [b"deep/depthwise_kernel:0"]
        deep["deep/depthwise_kernel:0"] = np.ones((3, 3, 2, 1), np.float32)
        file.create_group("empty").attrs["weight_names"] = []
    assert list(open_checkpoint(tmp_path / "a.h5")) == ["deep/kernel"]


def test_what_is_no_file_of_keras(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["numbers"] = np.ones(3)
    with pytest.raises(CheckpointError, match="holds no weights as Keras writes them"):
        open_checkpoint(tmp_path / "a.h5")


def hostile(path, data):
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"a"]
        layer = file.create_group("a")
        layer.attrs["weight_names"] = [b"a/kernel"]
        data(layer.create_group("a"))


def test_hostile_files(tmp_path):
    outside = tmp_path / "secret"
    outside.write_bytes(bytes(4096))

    def endless(group):
        group.create_dataset("kernel", (1 << 40,), "f4", chunks=(1 << 10,))

    def packed(group):
        group.create_dataset("kernel", data=np.zeros(1 << 22, np.float32), compression="gzip")

    def external(group):
        group.create_dataset("kernel", (4,), "f4", external=[(str(outside), 0, 16)])

    def linked(group):
        group["kernel"] = h5py.ExternalLink(str(FOLDER / "net.h5"), "/model_weights/first/sequential/first/kernel")

    def texts(group):
        group["kernel"] = [b"a", b"b"]

    for number, data in enumerate((endless, packed, external, linked, texts)):
        path = tmp_path / f"{number}.h5"
        hostile(path, data)
        with pytest.raises(CheckpointError):
            open_checkpoint(path)


def test_groups_within_themselves(tmp_path):
    """Eight deep they would be looked at 30 ** 8 times."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        layers = file.create_group("layers")
        for number in range(30):
            layers[f"dense_{number}"] = layers
        layers["dense/vars/0"] = np.ones((2, 2), np.float32)
    assert len(open_checkpoint(tmp_path / "a.h5")) == 1


@pytest.mark.parametrize("count", [20, pytest.param(1000, marks=pytest.mark.slow)])
def test_damaged_and_made_files(tmp_path, count):
    """Of each form, cut off, with bytes changed, with anything in them: refused, or read as numbers; nothing is run."""
    rng = random.Random(count)
    for number in range(count):
        path = tmp_path / f"{number}"
        kind = number % 4
        if kind < 2:
            path.write_bytes(hostile_files.damaged((FOLDER / ("net.h5", "net.keras")[kind]).read_bytes(), rng))
        else:
            hostile_files.write_hdf5(h5py, path, rng)
        if kind == 3:
            inside = path.read_bytes()
            packing = rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
            with zipfile.ZipFile(path, "w", packing) as archive:
                archive.writestr(rng.choice(["model.weights.h5", "../model.weights.h5"]), inside)
                archive.writestr("config.json", "{")
        with hostile_files.only_read(), contextlib.suppress(CheckpointError), open_checkpoint(path) as checkpoint:
            for name in checkpoint:
                assert checkpoint[name].nbytes < 1 << 20
        path.unlink()
