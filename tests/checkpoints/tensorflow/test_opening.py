"""Opening by any path that users try, reading only what is asked for, and saying what is wrong."""

import concurrent.futures
import os
import shutil
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import golden
from checkpoints.tensorflow import forging
from jax_slim.checkpoints import tensorflow
from jax_slim.checkpoints.native import CheckpointError, MissingCheckpointError
from jax_slim.checkpoints.tensorflow.bundles import Bundle

FOLDER = golden.FOLDER / "checkpoints"
V1, V2 = FOLDER / "v1_mixed" / "model.ckpt-3", FOLDER / "v2_small" / "model.ckpt"


@pytest.fixture
def v2(tmp_path):
    for path in V2.parent.iterdir():
        shutil.copyfile(path, tmp_path / path.name)
    return tmp_path / "model.ckpt"


@pytest.mark.parametrize(
    ("path", "prefix", "format"),
    [
        (V2, V2, "V2"),
        (f"{V2}.index", V2, "V2"),
        (f"{V2}.data-00000-of-00001", V2, "V2"),
        (f"{V2}.meta", V2, "V2"),
        (V2.parent, V2, "V2"),
        (f"{V2.parent}/", V2, "V2"),
        (V1, V1, "V1"),
        (V1.parent, V1, "V1"),
        *(
            (FOLDER / "v1_two_shards" / name, FOLDER / "v1_two_shards" / "model.ckpt-?????-of-00002", "V1")
            for name in ("model.ckpt-?????-of-00002", "model.ckpt-00000-of-00002", "model.ckpt-00001-of-00002", "")
        ),
    ],
)
def test_paths(path, prefix, format):
    checkpoint = tensorflow.open_checkpoint(path)
    assert (checkpoint.path, checkpoint.format) == (str(prefix), format)
    assert len(list(checkpoint)) == len(checkpoint) > 0


def test_brackets_in_the_name_of_v1_shards(tmp_path):
    for number in (0, 1):
        name = f"-{number:05d}-of-00002"
        shutil.copyfile(FOLDER / "v1_two_shards" / f"model.ckpt{name}", tmp_path / f"model[1]{name}")
    whole = tensorflow.open_checkpoint(FOLDER / "v1_two_shards" / "model.ckpt")
    assert list(tensorflow.open_checkpoint(tmp_path / "model[1]")) == list(whole)


def test_the_prefix_of_v1_shards_without_their_numbers():
    checkpoint = tensorflow.open_checkpoint(FOLDER / "v1_two_shards" / "model.ckpt")
    assert checkpoint.names() == [f"s/v{number}" for number in range(5)]


def test_relative_paths(monkeypatch):
    monkeypatch.chdir(V2.parent)
    assert tensorflow.open_checkpoint("model.ckpt").path == "model.ckpt"
    assert tensorflow.open_checkpoint(".").names() == ["b", "w"]


def test_a_directory_without_a_state_file(v2, tmp_path):
    (tmp_path / "checkpoint").unlink()
    assert tensorflow.open_checkpoint(tmp_path).path == str(v2)
    shutil.copyfile(V1, tmp_path / "old.ckpt")
    with pytest.raises(MissingCheckpointError, match=rf"no `checkpoint` file and several.*{v2}, {tmp_path}/old.ckpt"):
        tensorflow.open_checkpoint(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingCheckpointError, match="no `checkpoint` file and no checkpoint"):
        tensorflow.open_checkpoint(tmp_path / "empty")


def test_a_saved_model(v2, tmp_path):
    variables = tmp_path / "saved" / "variables"
    variables.mkdir(parents=True)
    for path in V2.parent.glob("model.ckpt.*"):
        shutil.copyfile(path, variables / path.name.replace("model.ckpt", "variables"))
    assert tensorflow.open_checkpoint(tmp_path / "saved").path == str(variables / "variables")


def test_a_state_file_that_names_what_is_elsewhere(v2, tmp_path):
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "/gone/model.ckpt"\n')
    with pytest.raises(MissingCheckpointError, match=rf"names /gone/model.ckpt, which is not there. There is: {v2}"):
        tensorflow.open_checkpoint(tmp_path)


def test_nothing_there(v2, tmp_path):
    with pytest.raises(MissingCheckpointError, match=rf"got {tmp_path}/modle.ckpt, .* There is: {v2}") as caught:
        tensorflow.open_checkpoint(tmp_path / "modle.ckpt")
    assert isinstance(caught.value, FileNotFoundError)
    with pytest.raises(MissingCheckpointError):
        tensorflow.open_checkpoint("/no/such/place")
    with pytest.raises(TypeError, match=r"path must be a string or a path, got b'x'"):
        tensorflow.open_checkpoint(b"x")


def test_files_that_are_missing(v2, tmp_path):
    data = Path(f"{v2}.data-00000-of-00001")
    data.unlink()
    checkpoint = tensorflow.open_checkpoint(v2)
    assert checkpoint.entries()["w"] == (np.dtype("float32"), (40, 3), "float32")
    with pytest.raises(MissingCheckpointError, match=f"'w' cannot be read: {data} is missing"):
        checkpoint["w"]
    data.touch()
    Path(f"{v2}.index").unlink()
    with pytest.raises(CheckpointError, match=f"{v2}.index is missing"):
        tensorflow.open_checkpoint(data)
    shutil.copyfile(FOLDER / "v1_two_shards" / "model.ckpt-00000-of-00002", tmp_path / "m-00000-of-00002")
    with pytest.raises(CheckpointError, match="has 1 files of 2"):
        tensorflow.open_checkpoint(tmp_path / "m-00000-of-00002")
    shutil.copyfile(FOLDER / "v1_two_shards" / "model.ckpt-00000-of-00002", tmp_path / "m-00000-of-00001")
    with pytest.raises(CheckpointError, match="more than one checkpoint"):
        tensorflow.open_checkpoint(tmp_path / "m")


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (b"\x1f\x8b\x08", "compressed: unpack it first"),
        (b"PK\x03\x04", "a zip archive"),
        (b"\x89HDF\r\n", "an HDF5 file"),
        (b"<!DOCTYPE html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1", "Git LFS"),
        (b"\0" * 100, "does not end as TensorFlow's tables do"),
        (b"", "it has 0 bytes"),
    ],
)
def test_other_files(tmp_path, start, message):
    path = tmp_path / "model.ckpt"
    path.write_bytes(start + bytes(100 if start else 0))
    with pytest.raises(CheckpointError, match=f"{path} is .*{message}"):
        tensorflow.open_checkpoint(path)


def test_a_mapping(v2):
    checkpoint = tensorflow.open_checkpoint(v2)
    assert "w" in checkpoint and "x" not in checkpoint and 3 not in checkpoint
    assert checkpoint.get("x") is None
    assert {name: value.shape for name, value in checkpoint.items()} == {"b": (3,), "w": (40, 3)}
    assert checkpoint == checkpoint and hash(checkpoint)
    assert repr(checkpoint) == f"TensorFlowCheckpoint({str(v2)!r}, V2, 2 tensors)"
    with pytest.raises(KeyError) as caught:
        checkpoint["weights"]
    assert str(caught.value) == f"{v2} has no tensor 'weights'. The tensors are: b, w."
    assert isinstance(caught.value, CheckpointError)
    first, second = checkpoint["w"], checkpoint["w"]
    first[:] = 0
    assert second.any()


def test_closed(v2):
    with tensorflow.open_checkpoint(v2) as checkpoint:
        checkpoint["w"]
    assert checkpoint.names() == ["b", "w"]
    with pytest.raises(CheckpointError, match="closed before the tensor 'w' was read"):
        checkpoint["w"]
    with tensorflow.open_checkpoint(V1) as checkpoint:
        pass
    with pytest.raises(CheckpointError, match="closed"):
        checkpoint["a/w"]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks at Linux's list of open files")
def test_no_file_stays_open(v2, tmp_path):
    def still_open():
        links = (Path("/proc/self/fd") / number for number in os.listdir("/proc/self/fd"))
        # The list itself is a file that is gone now.
        return [path for link in links if link.is_symlink() and str(tmp_path) in (path := os.readlink(link))]

    v1 = tmp_path / "v1.ckpt"
    shutil.copyfile(V1, v1)
    for path in (v2, v1):
        with tensorflow.open_checkpoint(path) as checkpoint:
            dict(checkpoint)
            assert still_open()
        assert not still_open()
    for path in (v1, f"{v2}.index"):
        Path(path).write_bytes(bytes(100))
        with pytest.raises(CheckpointError):
            tensorflow.open_checkpoint(path)
        assert not still_open()


def test_one_tensor_is_read_without_the_others(v2):
    data = Path(f"{v2}.data-00000-of-00001")
    whole = tensorflow.open_checkpoint(v2)["w"]
    damaged = bytearray(data.read_bytes())
    damaged[:12] = bytes(12)  # the tensor b
    data.write_bytes(damaged)
    checkpoint = tensorflow.open_checkpoint(v2)
    np.testing.assert_array_equal(checkpoint["w"], whole)
    with pytest.raises(CheckpointError, match=rf"'b' cannot be read from {data}: its checksum"):
        checkpoint["b"]


def test_a_file_that_shrinks_while_it_is_open(v2):
    checkpoint = tensorflow.open_checkpoint(v2)
    checkpoint["w"]
    os.truncate(f"{v2}.data-00000-of-00001", 100)
    with pytest.raises(CheckpointError, match=r"'w' cannot be read from .*: it became shorter"):
        checkpoint["w"]


def test_threads_may_share_a_checkpoint(tmp_path):
    tensors = {f"v{number}": np.full((50, 40), number, np.float32) for number in range(40)}
    for path in (
        forging.write_v2(tmp_path / "two", tensors),
        forging.write_v1(tmp_path / "one", tensors, block_size=1000),
    ):
        checkpoint = tensorflow.open_checkpoint(path)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            found = list(pool.map(checkpoint.__getitem__, [*tensors] * 5))
        for number, value in enumerate(found):
            assert (value == number % 40).all()


def peak(function):
    """The memory that a call takes at most, and what it returns."""
    tracemalloc.start()
    try:
        result = function()
        return tracemalloc.get_traced_memory()[1], result
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("write", [forging.write_v1, forging.write_v2])
def test_memory(tmp_path, write):
    megabyte = 1 << 20
    big = np.random.default_rng(0).standard_normal((1024, 1024)).astype(np.float32)  # 4 MB each
    tensors = {"a": np.zeros(3, np.float32), "big/b": big, "big/c": -big, "d": np.arange(3)}
    path = write(tmp_path / "model.ckpt", tensors)
    used, checkpoint = peak(lambda: tensorflow.open_checkpoint(path))
    if write is forging.write_v2:
        assert used < megabyte / 4
    used, _ = peak(checkpoint.entries)
    assert used < megabyte / 4
    used, value = peak(lambda: checkpoint["big/c"])
    assert used < 4.5 * megabyte
    np.testing.assert_array_equal(value, -big)
    assert value.flags.writeable and value.ctypes.data % 64 == 0  # then jax need not copy it on CPU
    used, values = peak(lambda: dict(checkpoint))
    assert used < 9 * megabyte
    np.testing.assert_array_equal(values["big/b"], big)


def test_memory_of_a_partitioned_variable(tmp_path):
    megabyte = 1 << 20
    big = np.random.default_rng(0).standard_normal((1024, 1024)).astype(np.float32)
    parts = [([(start, 256), (0, 1024)], big[start : start + 256]) for start in range(0, 1024, 256)]
    # The values, and a byte an element to see that the slices neither overlap nor leave anything out.
    checkpoint = tensorflow.open_checkpoint(forging.write_v2(tmp_path / "two", {"p": parts}))
    used, value = peak(lambda: checkpoint["p"])
    assert used < 5.3 * megabyte
    np.testing.assert_array_equal(value, big)
    checkpoint = tensorflow.open_checkpoint(forging.write_v1(tmp_path / "one", {"p": parts}))
    used, value = peak(lambda: checkpoint["p"])  # and one slice
    assert used < 7.5 * megabyte
    np.testing.assert_array_equal(value, big)


def test_an_index_is_read_without_the_data(tmp_path, monkeypatch):
    path = forging.write_v2(tmp_path / "model.ckpt", {"a": np.zeros(3)})
    monkeypatch.setattr(Bundle, "_file", None)
    assert tensorflow.open_checkpoint(path).entries()["a"].shape == (3,)
