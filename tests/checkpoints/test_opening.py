"""open_checkpoint: what a path is, and what is said when it is none."""

import os

import numpy as np
import pytest

import golden
import jax_slim as slim
from jax_slim.checkpoints import Checkpoint, CheckpointError, MissingCheckpointError, open_checkpoint, tensorflow
from jax_slim.data.checksums import masked_crc32c

FOLDER = golden.FOLDER / "checkpoints"
RECORD = bytes([3, *bytes(7)]) + masked_crc32c(bytes([3, *bytes(7)])).to_bytes(4, "little") + b"abc" + bytes(4)
VALUES = {"fc/weights": np.arange(6, dtype=np.float32).reshape(2, 3), "fc/biases": np.ones(3, np.float32)}


def write(directory):
    """A checkpoint of each format; name -> paths that mean it."""
    run = slim.checkpoints.convert_checkpoint(VALUES | {"global_step": np.int32(7)}, directory / "run", format="orbax")
    slim.checkpoints.convert_checkpoint(VALUES | {"global_step": np.int32(5)}, directory / "run", format="orbax")
    prefix = tensorflow.write_checkpoint(directory / "tf" / "model.ckpt-3", VALUES)
    tensorflow.write_checkpoint(directory / "stateless" / "m.ckpt", VALUES, update_state=False)
    (directory / "st").mkdir()
    file = directory / "st" / "x.safetensors"
    slim.checkpoints.save_safetensors(file, VALUES)
    (directory / "nameless").write_bytes(file.read_bytes())
    return {
        "orbax": [directory / "run", run, os.path.join(run, "checkpoint.json"), f"{run}/"],
        "V2": [
            prefix,
            directory / "tf",
            directory / "tf" / "checkpoint",
            f"{prefix}.index",
            f"{prefix}.data-00000-of-00001",
            f"{prefix}.meta",
            directory / "stateless",
        ],
        "safetensors": [file, file.parent, directory / "nameless"],
    }


def test_every_path_of_every_format(tmp_path):
    for name, paths in write(tmp_path).items():
        for path in paths:
            with open_checkpoint(path) as checkpoint:
                assert isinstance(checkpoint, Checkpoint)
                assert checkpoint.format == name
                assert set(VALUES) <= set(checkpoint)
                assert len(checkpoint) == len(checkpoint.entries())
                for key, value in VALUES.items():
                    entry = checkpoint.entries()[key]
                    assert (entry.dtype, tuple(entry.shape)) == (value.dtype, value.shape)
                    np.testing.assert_array_equal(checkpoint[key], value)
                with pytest.raises(KeyError, match="fc/weight"):
                    checkpoint["fc/weight"]
                assert "nope" not in checkpoint
                assert str(path).rstrip("/") in str(tmp_path) or checkpoint.path in repr(checkpoint)
    with open_checkpoint(tmp_path / "run") as newest:
        assert newest["global_step"] == 7


def test_relative_paths_and_the_home_directory(tmp_path, monkeypatch):
    write(tmp_path)
    monkeypatch.chdir(tmp_path / "tf")
    monkeypatch.setenv("HOME", str(tmp_path))
    for path in ("model.ckpt-3", ".", "checkpoint", "~/st/x.safetensors", "~/run"):
        assert set(VALUES) <= set(open_checkpoint(path))


@pytest.mark.parametrize("case", ["v1_mixed", "v1_two_shards", "v2_small", "v2_two_shards"])
def test_what_tensorflow_wrote(case):
    prefix = golden.cases("checkpoints")[case]["prefix"]
    for path in (FOLDER / case, FOLDER / case / prefix):
        assert sorted(open_checkpoint(path)) == [t["name"] for t in golden.cases("checkpoints")[case]["tensors"]]


def test_an_open_checkpoint_is_taken_as_it_is():
    with open_checkpoint(FOLDER / "v2_ema") as checkpoint:
        assert open_checkpoint(checkpoint) is checkpoint
        slim.checkpoints.inspect(checkpoint)
        slim.checkpoints.load_variables(checkpoint)
        assert checkpoint["fc/biases"].shape == (2,)  # it was not closed


@pytest.mark.parametrize(
    ("name", "content", "error", "message"),
    [
        ("a.ckpt", b"PK\x03\x04rest", CheckpointError, r"no checkpoint, it is a zip archive"),
        ("a.h5", b"\x89HDF\r\n\x1a\n", CheckpointError, "(?:is|cannot be read as) a file of Keras"),
        ("a.ckpt", b"<!DOCTYPE html>", CheckpointError, "a web page"),
        ("a.ckpt", b"\x1f\x8b\x08", CheckpointError, "compressed: unpack it first"),
        ("a.ckpt", b"version https://git-lfs.github.com/spec", CheckpointError, "pointer of Git LFS"),
        ("frozen.pb", b"\n\x1d\n\x05input\x12\x0bPlaceholder", CheckpointError, "a graph of TensorFlow: a frozen one"),
        (
            "model",
            b"\n\x91\x02\n\x05input\x12\x0bPlaceholder",
            CheckpointError,
            "Give the checkpoint that it was frozen",
        ),
        ("graph.pbtxt", b'node {\n  name: "x"\n}', CheckpointError, "a graph of TensorFlow"),
        (
            "saved_model.pb",
            b"\x08\x01\x12\x85\x02\n",
            CheckpointError,
            "the graph of a SavedModel.*: give the folder, /",
        ),
        ("a.tfrecord", RECORD, CheckpointError, "a file of TFRecords: slim.data.TFRecords"),
        ("events.out.tfevents.1.host", RECORD, CheckpointError, "a file of events: TensorBoard"),
        ("a.tflite", b"\x1c\0\0\0TFL3" + bytes(24), CheckpointError, "a model of TensorFlow Lite"),
        ("a.npy", b"\x93NUMPY\x01\0" + bytes(24), CheckpointError, "numpy.load reads it"),
        ("a.ckpt", b"", CheckpointError, "is empty"),
        ("a.ckpt", b"some text that is nothing", CheckpointError, "no TensorFlow checkpoint"),
        ("a.safetensors", b"\x05", CheckpointError, "damaged, or no safetensors file: header too small"),
        ("a.ckpt.data-00000-of-00001", b"", CheckpointError, "index is missing"),
        ("other.ckpt", None, MissingCheckpointError, "No such checkpoint: .*a.ckpt. .* has: other.ckpt"),
    ],
)
def test_what_is_no_checkpoint(tmp_path, name, content, error, message):
    (tmp_path / name).write_bytes(b"x" if content is None else content)
    with pytest.raises(error, match=message):
        open_checkpoint(tmp_path / ("a.ckpt" if content is None else name))


@pytest.mark.parametrize(
    ("path", "error", "message"),
    [
        (None, TypeError, "path must be the path of a checkpoint, got None"),
        ("", TypeError, "path must be the path"),
        (3, TypeError, "got 3"),
        (
            "gs://bucket/model.ckpt",
            ValueError,
            "on a file system of this machine, got gs://bucket/model.ckpt. Download",
        ),
        ("/no/such/dir/model.ckpt", MissingCheckpointError, "There is no directory /no/such/dir either"),
        ("/no/such/dir/x.safetensors", FileNotFoundError, "No such checkpoint"),
    ],
)
def test_refuses(path, error, message):
    with pytest.raises(error, match=message):
        open_checkpoint(path)


def test_a_saved_model_without_variables(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01\x12")
    with pytest.raises(MissingCheckpointError, match="is a SavedModel without variables: its folder 'variables'"):
        open_checkpoint(tmp_path)


def test_directories_without_one_checkpoint(tmp_path):
    with pytest.raises(MissingCheckpointError, match="which is empty"):
        open_checkpoint(tmp_path)
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(MissingCheckpointError, match=r"which has: notes\.txt"):
        open_checkpoint(tmp_path)
    for name in "ab":
        slim.checkpoints.save_safetensors(tmp_path / f"{name}.safetensors", VALUES)
    with pytest.raises(CheckpointError, match=r"several checkpoints in .*: a\.safetensors, b\.safetensors\. Name one"):
        open_checkpoint(tmp_path)
