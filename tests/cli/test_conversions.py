"""`jax-slim convert`: images to TFRecords, checkpoints from one format to another; one clear line where it cannot."""

import json

import numpy as np
import pytest

import peer_files
import pictures
from jax_slim.checkpoints.opening import open_checkpoint
from jax_slim.checkpoints.safetensors_files import SafetensorsCheckpoint, save_safetensors
from jax_slim.checkpoints.tensorflow.bundle_writer import write_checkpoint
from jax_slim.cli import main as entry
from jax_slim.datasets import open_dataset

VALUES = {"net/weights": np.arange(6, dtype=np.float32).reshape(2, 3), "net/biases": np.ones(3, np.float32)}


def run(capsys, *arguments):
    """The exit code, and what went to the standard error stream."""
    try:
        code = entry.main(["convert", *map(str, arguments)])
    except SystemExit as end:
        code = end.code
    out, err = capsys.readouterr()
    assert out == ""
    return code, err


@pytest.fixture
def pets(tmp_path):
    return pictures.folder(tmp_path / "pets", {"cat": 10, "dog": 10}, ending=".jpg")


def same(path):
    with open_checkpoint(str(path)) as checkpoint:
        assert set(checkpoint) == set(VALUES)
        for name, value in VALUES.items():
            np.testing.assert_array_equal(checkpoint[name], value)


# Images.


def test_a_folder_of_images(capsys, pets, tmp_path):
    code, err = run(
        capsys, pets, tmp_path / "out", "--validation_fraction=0.3", "--num_shards=2", "--name=p", "--seed=4"
    )
    assert code == 0
    assert err.endswith(f"wrote 14 train, 6 validation images of 2 classes to {tmp_path / 'out'}\n")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "labels.txt",
        *(f"p_{part}_{shard:05d}-of-00002.tfrecord" for part in ("train", "validation") for shard in range(2)),
    ]
    here = open_dataset(pets, "validation", validation_fraction=0.3, seed=4)
    there = open_dataset(tmp_path / "out", "validation")
    assert sorted(one["image"].tobytes() for one in here) == sorted(one["image"].tobytes() for one in there)


def test_damaged_images(capsys, pets, tmp_path):
    (pets / "cat" / "0.jpg").write_text("hello")
    code, err = run(capsys, pets, tmp_path / "out")
    assert code == 1
    assert err.splitlines()[-1].startswith(f"jax-slim convert: error: {pets / 'cat' / '0.jpg'}: ")
    assert err.endswith("--skip_damaged leaves such files out.\n")
    assert not (tmp_path / "out").exists()
    code, err = run(capsys, pets, tmp_path / "out", "--skip_damaged")
    assert code == 0
    assert err.endswith("; 1 left out\n")
    assert f"left out: {pets / 'cat' / '0.jpg'}: " in err


def test_other_sources(capsys, tmp_path):
    np.savez(tmp_path / "a.npz", image=np.zeros((4, 3, 3), np.uint8), label=[0, 1, 0, 1])
    assert run(capsys, tmp_path / "a.npz", tmp_path / "a")[0] == 0
    pictures.mnist(tmp_path / "m")
    assert run(capsys, tmp_path / "m", tmp_path / "mnist")[0] == 0
    files, _ = pictures.cifar10_batches(per_batch=1)
    assert run(capsys, pictures.archive(tmp_path / "c.tar.gz", files), tmp_path / "cifar")[0] == 0
    pictures.folder(tmp_path / "t", {"images": 2})
    (tmp_path / "t.csv").write_text("file,label\nt/images/0.png,x\nt/images/1.png,y\n")
    assert run(capsys, tmp_path / "t.csv", tmp_path / "table")[0] == 0
    assert [len(open_dataset(tmp_path / name, "train")) for name in ("a", "mnist", "cifar", "table")] == [2, 12, 5, 2]


def test_classes_called_by_numbers_are_no_run(capsys, tmp_path):
    pictures.folder(tmp_path / "digits", {"0": 2, "1": 2})
    assert run(capsys, tmp_path / "digits", tmp_path / "out")[0] == 0


# Checkpoints.


def test_checkpoints_in_a_circle(capsys, tmp_path):
    write_checkpoint(str(tmp_path / "model.ckpt-7"), VALUES)
    code, err = run(capsys, tmp_path / "model.ckpt-7", tmp_path / "model.safetensors")
    assert (code, err) == (0, f"wrote {tmp_path / 'model.safetensors'}\n")
    same(tmp_path / "model.safetensors")
    assert run(capsys, tmp_path / "model.safetensors", tmp_path / "run", "--format=orbax")[0] == 0
    same(tmp_path / "run")
    assert run(capsys, tmp_path / "run", tmp_path / "again.ckpt-0")[0] == 0
    same(tmp_path / "again.ckpt-0")
    # A run is known by what is in it, whatever the target is called.
    code, err = run(capsys, tmp_path / "run", tmp_path / "x")
    assert code == 1
    assert "target must end in .safetensors or have .ckpt in its name" in err


def test_a_part_of_a_checkpoint(capsys, tmp_path):
    write_checkpoint(str(tmp_path / "model.ckpt"), VALUES)
    options = ("--exclude=net/biases", "--variables_only")
    assert run(capsys, tmp_path / "model.ckpt", tmp_path / "m.safetensors", *options)[0] == 0
    with open_checkpoint(str(tmp_path / "m.safetensors")) as checkpoint:
        assert list(checkpoint) == ["net/weights"]
    code, err = run(capsys, tmp_path / "model.ckpt", tmp_path / "m.safetensors")
    assert code == 1
    assert "exists" in err
    assert run(capsys, tmp_path / "model.ckpt", tmp_path / "m.safetensors", "--overwrite")[0] == 0
    same(tmp_path / "m.safetensors")


# What cannot be done.


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{tmp}/none", "{tmp}/out"], "source must exist, got '{tmp}/none'"),
        (["{tmp}/none.ckpt", "{tmp}/out.safetensors"], "{tmp}/none.ckpt"),
        (["{tmp}/empty", "{tmp}/out"], "without anything in it"),
        (["{tmp}/empty", "{tmp}/out.safetensors"], "{tmp}/empty"),
        (["{tmp}/classes", "{tmp}/out"], "each class must have images"),
        (["{tmp}/pets", "{tmp}/pets/out"], "output_dir must be outside of source"),
        (
            ["{tmp}/pets", "{tmp}/out", "--validation_fraction=1"],
            "--validation_fraction must be from 0 to below 1, got 1.0",
        ),
        (["{tmp}/pets", "{tmp}/out", "--num_shards=0"], "--num_shards must be from 1 to 99999, got 0"),
        (["{tmp}/pets", "{tmp}/file"], "output_dir must be a folder, got the file"),
        (["{tmp}/pets", "{tmp}/out", "--variables_only"], "--variables_only is for checkpoints"),
        (["{tmp}/none.ckpt", "{tmp}/out", "--name=a"], "--name is for images"),
        (["{tmp}/file", "{tmp}/out"], "source must be a folder with a folder of images for each class"),
    ],
)
def test_one_line_and_1_or_2(capsys, pets, tmp_path, arguments, message):
    (tmp_path / "empty").mkdir()
    (tmp_path / "classes" / "cat").mkdir(parents=True)
    (tmp_path / "file").touch()
    before = sorted(tmp_path.rglob("*"))
    code, err = run(capsys, *(argument.format(tmp=tmp_path) for argument in arguments))
    assert code == (2 if message.startswith("--") else 1)
    assert len(err.strip().splitlines()) == 1, err
    assert err.startswith("jax-slim convert: error: ")
    assert message.format(tmp=tmp_path) in err
    assert sorted(tmp_path.rglob("*")) == before


def test_no_space_left(capsys, pets, tmp_path, monkeypatch):
    import errno

    def full(self, record):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("jax_slim.data.record_writing.TFRecordWriter.write", full)
    code, err = run(capsys, pets, tmp_path / "out")
    assert code == 1
    assert err.splitlines()[-1].startswith(f"jax-slim convert: error: {tmp_path / 'out'}: No space left on device: ")
    assert not (tmp_path / "out").exists()


def test_files_of_other_libraries(capsys, tmp_path):
    """To TensorFlow's form and to a run, which says which net it is; and back."""
    source, run_, back = tmp_path / "model.safetensors", tmp_path / "run", tmp_path / "back.safetensors"
    arrays = peer_files.state("timm/mobilenetv2_050")
    save_safetensors(source, arrays)
    assert run(capsys, source, tmp_path / "a.ckpt") == (
        0,
        f"timm/mobilenetv2_050 is mobilenet_v2_050 with use_explicit_padding=True\nwrote {tmp_path / 'a.ckpt'}\n",
    )
    code, _ = run(capsys, source, run_, "--format=orbax")
    said = json.loads((run_ / "model.json").read_text())
    assert (code, said["model_name"], said["num_classes"]) == (0, "mobilenet_v2_050", 5)
    assert said["options"] == {"use_explicit_padding": True}
    assert run(capsys, run_, back, "--to=timm") == (0, f"wrote {back}\n")
    with SafetensorsCheckpoint(back) as found:
        for name, value in arrays.items():
            np.testing.assert_allclose(found[name], value, atol=1e-6)
    code, error = run(capsys, run_, tmp_path / "c.safetensors", "--to=torch")
    assert code == 2
    assert "to must be 'timm'" in error
    code, error = run(capsys, source, tmp_path / "d.ckpt", "--origin=timm/inception_v4")
    assert code == 1
    assert "is not of timm/inception_v4" in error
