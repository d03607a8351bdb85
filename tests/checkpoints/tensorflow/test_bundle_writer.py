"""What is written is read again, value for value; it is whole or not there; the state file lists it."""

import errno
import math
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jax_slim as slim
from checkpoints.tensorflow import forging
from checkpoints.tensorflow.forging import equal
from jax_slim.checkpoints.native import CheckpointError
from jax_slim.checkpoints.tensorflow import (
    latest_checkpoint,
    open_checkpoint,
    read_checkpoint_state,
    write_checkpoint,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("written")


@st.composite
def arrays(draw):
    shape = draw(st.lists(st.integers(0, 4), max_size=3))
    if draw(st.integers(0, 4)) == 0:
        array = np.empty(shape, object)
        for index in np.ndindex(*shape):
            array[index] = draw(st.binary(max_size=300))
        return array
    dtype = forging.dtype_of(draw(st.sampled_from(forging.DTYPES + forging.NEW_DTYPES)))
    values = draw(st.lists(st.floats(0, 3, width=32), min_size=math.prod(shape), max_size=math.prod(shape)))
    array = np.array(values, np.float32).astype(dtype).reshape(shape)
    order = draw(st.sampled_from(["as it is", "other bytes", "strided", "Fortran"]))
    if order == "other bytes" and dtype.kind in "iufc" and dtype.isbuiltin == 1:
        return array.astype(dtype.newbyteorder())
    if order == "strided" and array.ndim:
        return np.repeat(array, 2, axis=0)[::-2]
    return np.asfortranarray(array) if order == "Fortran" else array


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(lambda n: n[0] != "\0")


@given(st.dictionaries(NAMES | st.sampled_from(["a/b", "a/b/c", "a"]), arrays(), min_size=1, max_size=6))
def test_written_and_read(folder, tensors):
    path = write_checkpoint(folder / "model.ckpt", tensors)
    with open_checkpoint(path) as checkpoint:
        assert checkpoint.names() == sorted(tensors, key=str.encode)
        for name, array in tensors.items():
            native = array if array.dtype == object else array.astype(array.dtype.newbyteorder("="))
            assert equal(checkpoint[name], native)
    assert latest_checkpoint(folder) == path


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"ab\0", np.array(b"ab\0", object)),
        ("é", np.array("é".encode(), object)),
        (["a", "bc"], np.array([b"a", b"bc"], object)),
        ([b"a\0", b""], np.array([b"a\0", b""], object)),
        (np.array([["a", "é"]]), np.array([[b"a", "é".encode()]], object)),
        (np.array([b"a", b"bc"]), np.array([b"a", b"bc"], object)),
        (np.str_("a"), np.array(b"a", object)),
        (np.bytes_(b"a"), np.array(b"a", object)),
        (3, np.int64(3)),
        (2.5, np.float64(2.5)),
        (True, np.bool_(True)),
        (1j, np.complex128(1j)),
        ([1, 2], np.array([1, 2])),
        (np.float32(1), np.float32(1)),
        (np.longlong(1), np.int64(1)),
        (np.ma.array([1, 2]), np.array([1, 2])),
        (jnp.arange(3, dtype=jnp.bfloat16), np.arange(3).astype(jnp.bfloat16)),
        (jnp.float32(2), np.float32(2)),
    ],
)
def test_values(tmp_path, value, expected):
    found = open_checkpoint(write_checkpoint(tmp_path / "m", {"x": value}))["x"]
    assert equal(found, expected)


def test_variables_of_a_model(tmp_path):
    model = slim.Model(lambda x: slim.fully_connected(x, 3, scope="fc"))
    variables = model.init(jax.random.key(0), jnp.ones([2, 4]))
    checkpoint = open_checkpoint(write_checkpoint(tmp_path / "model.ckpt", variables, global_step=7))
    assert checkpoint.path.endswith("model.ckpt-7")
    assert checkpoint.names() == ["fc/biases", "fc/weights"]
    np.testing.assert_array_equal(checkpoint["fc/weights"], variables["fc/weights"])


@pytest.mark.parametrize(
    ("prefix", "tensors", "options", "error", "message"),
    [
        ("m", {}, {}, ValueError, r"tensors must map one name or more to arrays, got \{\}"),
        ("m", [1], {}, ValueError, "tensors must map"),
        ("m", {"": 1}, {}, ValueError, "names must be strings with something in them, got ''"),
        ("m", {3: 1}, {}, ValueError, "names must be strings with something in them, got 3"),
        ("m", {"\0a": 1}, {}, ValueError, "names must be strings"),
        ("m", {"\ud800": 1}, {}, ValueError, "names must be text"),
        ("m", {"x": None}, {}, TypeError, "'x' must be an array of numbers or strings, got NoneType"),
        ("m", {"x": [[1], [1, 2]]}, {}, TypeError, "'x' must be an array of numbers or strings, got list"),
        ("m", {"x": {}}, {}, TypeError, "got dict"),
        (
            "m",
            {"x": np.array(["2020"], "M8[Y]")},
            {},
            TypeError,
            "must have a dtype that TensorFlow has, got datetime64",
        ),
        ("m", {"x": np.zeros(2, "f4,i4")}, {}, TypeError, "must have a dtype that TensorFlow has"),
        ("m", {"x": jax.random.key(0)}, {}, TypeError, "'x' is a random key. Save jax.random.key_data"),
        ("m.index", {"x": 1}, {}, ValueError, "prefix must be what the files' names begin with"),
        ("m.data-00000-of-00001", {"x": 1}, {}, ValueError, "prefix must be what"),
        ("m*", {"x": 1}, {}, ValueError, "prefix must be what"),
        ("a/", {"x": 1}, {}, ValueError, "prefix must be what"),
        ("checkpoint", {"x": 1}, {}, ValueError, "must differ from the name of the state file"),
        (".", {"x": 1}, {}, ValueError, "must not be a directory"),
        ("m", {"x": 1}, {"max_to_keep": 0}, ValueError, "max_to_keep must be None or at least 1, got 0"),
    ],
)
def test_refused_before_anything_is_written(tmp_path, prefix, tensors, options, error, message):
    with pytest.raises(error, match=f"write_checkpoint: .*{message}"):
        write_checkpoint(f"{tmp_path}/{prefix}", tensors, **options)
    assert list(tmp_path.iterdir()) == []


def test_a_donated_array(tmp_path):
    array = jnp.ones(3)
    array.delete()
    with pytest.raises(ValueError, match="'x' was deleted or donated"):
        write_checkpoint(tmp_path / "m", {"x": array})


def names_in(path):
    return sorted(other.name for other in path.iterdir())


FILES = ["checkpoint", "m.data-00000-of-00001", "m.index"]


@pytest.mark.parametrize("failing", ["write", "fsync", "replace"])
def test_a_full_disk_loses_nothing(tmp_path, monkeypatch, failing):
    write_checkpoint(tmp_path / "m", {"x": np.zeros(1000)})
    before = {name: (tmp_path / name).read_bytes() for name in FILES}

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    if failing == "write":
        monkeypatch.setattr("jax_slim.checkpoints.tensorflow.bundle_writer._write_values", full)
    else:
        monkeypatch.setattr(os, failing, full)
    with pytest.raises(
        CheckpointError, match=rf"{tmp_path}/m cannot be written: No space left on device. .* Make room"
    ):
        write_checkpoint(tmp_path / "m", {"x": np.ones(1000)})
    monkeypatch.undo()
    assert {name: (tmp_path / name).read_bytes() for name in FILES} == before
    assert names_in(tmp_path) == FILES


def test_a_disk_that_is_full_in_truth(tmp_path):
    # The limit on the size of files stands for the disk: the same call fails in the same way.
    write_checkpoint(tmp_path / "m", {"x": np.zeros(10)})
    program = f"""
        import resource, signal
        import numpy as np
        from jax_slim.checkpoints.tensorflow import write_checkpoint
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        try:
            write_checkpoint({str(tmp_path / "m")!r}, {{"x": np.ones(1_000_000)}})
        except RuntimeError as error:
            print(error)
    """
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True)
    assert "write_checkpoint" in run.stdout and "File too large" in run.stdout
    assert names_in(tmp_path) == FILES
    assert equal(open_checkpoint(tmp_path / "m")["x"], np.zeros(10))


@pytest.mark.slow
def test_a_process_killed_while_it_writes_leaves_whole_checkpoints(tmp_path):
    program = f"""
        import numpy as np
        from jax_slim.checkpoints.tensorflow import write_checkpoint
        print("ready", flush=True)
        for step in range(10_000):
            write_checkpoint({str(tmp_path / "m")!r}, {{"x": np.full(300_000, step)}}, global_step=step, max_to_keep=3)
    """
    for delay in (0.05, 0.1, 0.2, 0.3):
        process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE)
        process.stdout.readline()
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        state = read_checkpoint_state(tmp_path)
        if state is None:
            continue
        for path in state.all_model_checkpoint_paths:
            step = int(path.rpartition("-")[2])
            assert (open_checkpoint(path)["x"] == step).all()


def test_the_state_file_lists_what_is_kept(tmp_path):
    for step in (1, 2, 30, 4):
        write_checkpoint(tmp_path / "model.ckpt", {"x": step}, global_step=step, max_to_keep=3)
    assert (tmp_path / "checkpoint").read_text() == (
        'model_checkpoint_path: "model.ckpt-4"\n'
        'all_model_checkpoint_paths: "model.ckpt-2"\n'
        'all_model_checkpoint_paths: "model.ckpt-30"\n'
        'all_model_checkpoint_paths: "model.ckpt-4"\n'
    )
    kept = [f"model.ckpt-{step}.{part}" for step in (2, 30, 4) for part in ("data-00000-of-00001", "index")]
    assert names_in(tmp_path) == sorted(["checkpoint", *kept])
    # One that is written again is the latest; those that somebody deleted are no longer listed.
    (tmp_path / "model.ckpt-30.index").unlink()
    write_checkpoint(tmp_path / "model.ckpt-2", {"x": 5})
    paths = read_checkpoint_state(tmp_path).all_model_checkpoint_paths
    assert [Path(path).name for path in paths] == ["model.ckpt-4", "model.ckpt-2"]
    assert open_checkpoint(tmp_path)["x"] == 5


def test_what_the_state_file_does_not_list_is_not_deleted(tmp_path):
    write_checkpoint(tmp_path / "best", {"x": 1}, update_state=False)
    assert latest_checkpoint(tmp_path) is None
    for step in range(3):
        write_checkpoint(tmp_path / "m", {"x": 1}, global_step=step, max_to_keep=1)
    assert names_in(tmp_path) == sorted(
        ["checkpoint", "best.index", "best.data-00000-of-00001", "m-2.index", "m-2.data-00000-of-00001"]
    )


def test_other_files_of_old_checkpoints_go_with_them(tmp_path):
    # Those of tf.train.Saver: a graph beside them, several shards, or V1.
    write_checkpoint(tmp_path / "m", {"x": 1}, global_step=1)
    (tmp_path / "m-1.meta").touch()
    (tmp_path / "m-10.meta").touch()
    forging.write_v1(tmp_path / "old.ckpt", {"x": 1})
    text = (tmp_path / "checkpoint").read_text()
    (tmp_path / "checkpoint").write_text(text + 'all_model_checkpoint_paths: "old.ckpt"\n')
    write_checkpoint(tmp_path / "m", {"x": 1}, global_step=2, max_to_keep=1)
    assert names_in(tmp_path) == ["checkpoint", "m-10.meta", "m-2.data-00000-of-00001", "m-2.index"]


def test_a_damaged_state_file_is_written_anew(tmp_path, caplog):
    (tmp_path / "checkpoint").write_text("no state")
    write_checkpoint(tmp_path / "m", {"x": 1})
    assert "is no checkpoint state file" in caplog.text and "written anew" in caplog.text
    assert latest_checkpoint(tmp_path) == str(tmp_path / "m")


def test_a_directory_that_is_moved(tmp_path):
    write_checkpoint(tmp_path / "new" / "run" / "m", {"x": 1})
    (tmp_path / "new").rename(tmp_path / "moved")
    assert open_checkpoint(tmp_path / "moved" / "run")["x"] == 1


def test_a_relative_prefix_and_another_state_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert write_checkpoint("m", {"x": 1}, latest_filename="mine") == "m"
    assert names_in(tmp_path) == ["m.data-00000-of-00001", "m.index", "mine"]
    assert latest_checkpoint("", "mine") == "m"
    assert write_checkpoint("run/m", {"x": 1}, global_step=0) == "run/m-0"
    assert latest_checkpoint("run") == "run/m-0"
    assert (tmp_path / "run" / "checkpoint").read_text().startswith('model_checkpoint_path: "m-0"\n')


def test_where_nothing_can_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CheckpointError, match=f"{tmp_path}/file/m cannot be written"):
        write_checkpoint(tmp_path / "file" / "m", {"x": 1})
