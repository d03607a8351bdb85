"""Checkpoints: bit-correct values, whole or not at all, and clear words when something is wrong."""

import json
import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim
import warnings_as_errors
from jax_slim.checkpoints import _manifest, native
from jax_slim.checkpoints.native import CheckpointError, Checkpoints, MissingCheckpointError, latest_checkpoint, load

ROOT = Path(__file__).parents[2]


def arrays_of(step):
    """Some arrays that tell the step they are of."""
    rng = np.random.default_rng(step)
    return {f"vgg_16/conv{i}/weights": jnp.asarray(rng.normal(size=(7, i)).astype(np.float32)) for i in range(1, 4)}


def assert_equal(found, expected):
    assert list(found) == list(expected)
    for name, value in expected.items():
        if jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
            assert found[name].dtype == value.dtype
            found[name], value = jax.random.key_data(found[name]), jax.random.key_data(value)
        found_array, value = np.asarray(found[name]), np.asarray(value)
        assert (found_array.dtype, found_array.shape) == (value.dtype, value.shape), name
        assert found_array.tobytes() == value.tobytes(), name


def save_steps(directory, *steps, **kwargs):
    with Checkpoints(directory, **kwargs) as checkpoints:
        for step in steps:
            checkpoints.save(step, arrays_of(step), {"step": step})


def change_byte(path, index=-100):
    data = bytearray(path.read_bytes())
    data[index] ^= 16
    path.write_bytes(data)


def biggest(directory):
    return max((path for path in directory.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)


# Values.

KINDS = {
    "vgg_16/conv1/conv1_1/weights": lambda: jnp.linspace(-1, 1, 24).reshape(2, 3, 4),
    "a name/with.dots//and-[brackets]/é": lambda: jnp.ones(3),
    "a name": lambda: jnp.zeros(4),
    "scalar": lambda: jnp.float32(-0.0),
    "not_finite": lambda: jnp.array([jnp.nan, jnp.inf, -jnp.inf]),
    "empty": lambda: jnp.zeros((0, 3), jnp.bfloat16),
    "bfloat16": lambda: jnp.array([1.5, 3e38], jnp.bfloat16),
    "float16": lambda: jnp.array([[6e-8]], jnp.float16),
    "int4": lambda: jnp.array([-8, 7], jnp.int4),
    "int8": lambda: jnp.array([-128], jnp.int8),
    "int32": lambda: jnp.array([-(2**31), 2**31 - 1], jnp.int32),
    "uint32": lambda: jax.random.key_data(jax.random.key(3)),
    "bool": lambda: jnp.array([True, False]),
    "complex": lambda: jnp.array([1 + 2j], jnp.complex64),
    "key": lambda: jax.random.key(7),
    "keys": lambda: jax.random.split(jax.random.key(7, impl="rbg"), 3),
}


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    """Every kind of array, and the directory it is saved in."""
    arrays, directory = {name: make() for name, make in KINDS.items()}, tmp_path_factory.mktemp("kinds")
    with Checkpoints(directory) as checkpoints:
        checkpoints.save(5, arrays, {"data": {"file": "é", "position": (3, 4)}, "nan": float("nan")}, wait=True)
    return arrays, directory


def test_values_come_back_bit_for_bit(kinds):
    arrays, directory = kinds
    found, facts = load(directory)
    assert all(isinstance(value, np.ndarray) for name, value in found.items() if not name.startswith("key"))
    assert_equal(found, arrays)
    assert facts["data"] == {"file": "é", "position": [3, 4]}
    assert np.isnan(facts["nan"])
    assert_equal(load(directory / "5")[0], arrays)


@pytest.mark.parametrize("abstract", [False, True])
def test_restore_like(kinds, abstract):
    arrays, directory = kinds
    like = jax.eval_shape(lambda: arrays) if abstract else arrays
    found, facts = Checkpoints(directory).restore(5, like)
    assert all(isinstance(value, jax.Array) for value in found.values())
    assert_equal(found, arrays)
    assert facts["data"]["file"] == "é"


def test_orbax_reads_the_arrays_without_us(kinds):
    ocp = pytest.importorskip("orbax.checkpoint")
    arrays, directory = kinds
    name = "vgg_16/conv1/conv1_1/weights"
    with ocp.Checkpointer(ocp.PyTreeCheckpointHandler()) as reader:
        args = ocp.args.PyTreeRestore(
            item={name: ...}, restore_args={name: ocp.RestoreArgs(restore_type=np.ndarray)}, partial_restore=True
        )
        np.testing.assert_array_equal(reader.restore(directory / "5" / "arrays", args=args)[name], arrays[name])


@pytest.mark.parametrize("name", ["run[1]", "[a-z]/run", "run*", "r?n", "back\\slash", "no\udcfftext"])
def test_marks_in_the_path_are_letters_like_others(tmp_path, name):
    save_steps(tmp_path / "run1", 7)  # what such patterns would find
    save_steps(tmp_path / name, 1, 2)
    for step in (1, 2):
        found, facts = load(tmp_path / name / str(step))
        assert_equal(found, arrays_of(step))
        assert facts == {"step": step}
    with Checkpoints(tmp_path / name) as checkpoints:
        assert_equal(checkpoints.restore()[0], arrays_of(2))
    assert_equal(load(tmp_path / "run1")[0], arrays_of(7))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted({"run1", name.partition("/")[0]})


def test_marks_that_no_link_can_go_round_are_refused_at_the_start(tmp_path, monkeypatch):
    def refuse(*arguments, **kwargs):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "symlink", refuse)
    with pytest.raises(CheckpointError, match=r"cannot write in .*run\[1\]: Operation not permitted"):
        Checkpoints(tmp_path / "run[1]")
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    with pytest.raises(ValueError, match=r"directory must be without .* when several processes save, got .*run\[1\]"):
        Checkpoints(tmp_path / "run[1]")


def test_numpy_arrays_numbers_and_nothing_at_all(tmp_path):
    with Checkpoints(tmp_path) as checkpoints:
        given = {"wide": np.array([2**40]), "double": np.array(0.1), "number": 3, "empty": np.zeros((2, 0))}
        checkpoints.save(0, given, {"numpy": np.int64(7), "flag": np.bool_(True)})
        checkpoints.save(1, {}, None)
        arrays, facts = checkpoints.restore(0)
        assert_equal(arrays, {name: np.asarray(value) for name, value in given.items()})
        assert facts == {"numpy": 7, "flag": True}
        assert checkpoints.restore(1, like={}) == ({}, {})
        with pytest.raises(CheckpointError, match=r"'wide': int64 needs jax.config.update\('jax_enable_x64', True\)"):
            checkpoints.restore(0, {name: np.asarray(value) for name, value in given.items()})


def test_the_caller_may_donate_delete_and_overwrite_at_once(tmp_path):
    def fresh(seed):
        keys = jax.random.split(jax.random.key(seed), 4)
        return {f"w{i}": jax.random.normal(key, (400, 500)) for i, key in enumerate(keys)}

    change = jax.jit(lambda tree: jax.tree.map(lambda a: a * 3 + 1, tree), donate_argnums=0)
    change(fresh(0))
    in_numpy = np.arange(300_000.0)
    with Checkpoints(tmp_path, max_to_keep=None) as checkpoints:
        for step in range(3):
            arrays = fresh(step)
            in_numpy[:] = step
            checkpoints.save(step, {**arrays, "numpy": in_numpy})
            arrays = change(change(arrays))
            in_numpy[:] = -1
            jax.block_until_ready(arrays)
            for array in arrays.values():
                array.delete()
    for step in range(3):
        found, _ = load(tmp_path / str(step))
        assert_equal(found, {**fresh(step), "numpy": np.full(300_000, float(step))})


def test_restored_arrays_may_be_donated(tmp_path):
    save_steps(tmp_path, 1)
    like = arrays_of(1)
    with Checkpoints(tmp_path) as checkpoints:
        first, _ = checkpoints.restore(1, like)
        doubled = jax.jit(lambda tree: jax.tree.map(lambda a: a * 2, tree), donate_argnums=0)(first)
        jax.block_until_ready(doubled)
        assert all(array.is_deleted() for array in first.values())
        assert_equal(checkpoints.restore(1, like)[0], like)


DEVICES = """
    import sys
    import jax, jax.numpy as jnp, numpy as np
    jax.config.update("jax_num_cpu_devices", 4)
    from jax.sharding import NamedSharding, PartitionSpec as P
    from jax_slim.checkpoints.native import Checkpoints, load

    mesh = jax.make_mesh((4,), ("x",))
    values = np.random.default_rng(0).normal(size=(64, 12)).astype(np.float32)
    split, whole = NamedSharding(mesh, P("x")), NamedSharding(mesh, P())
    arrays = {"split": jax.device_put(values, split), "whole": jax.device_put(values, whole)}
    change = jax.jit(lambda tree: jax.tree.map(lambda a: a * 3 + 1, tree), donate_argnums=0)
    with Checkpoints(sys.argv[1]) as checkpoints:
        assert checkpoints.latest_step() is None
        assert not any(name.split(".")[0] == "orbax" for name in sys.modules)  # slow: only when something is saved
        checkpoints.save(1, arrays)
        jax.block_until_ready(change(change(arrays)))
        other = jax.sharding.SingleDeviceSharding(jax.devices()[2])
        for kinds in ({"split": split, "whole": whole}, {"split": whole, "whole": other}):
            like = {n: jax.ShapeDtypeStruct(values.shape, values.dtype, sharding=kinds[n]) for n in kinds}
            found, _ = checkpoints.restore(1, like)
            for name, kind in kinds.items():
                assert found[name].sharding == kind, name
                np.testing.assert_array_equal(found[name], values)
    np.testing.assert_array_equal(load(sys.argv[1])[0]["split"], values)
"""


def run(script, *arguments, **kwargs):
    command = [sys.executable, *warnings_as_errors.OPTIONS, "-c", textwrap.dedent(script), *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, **kwargs)


def test_sharded_arrays(tmp_path):
    result = run(DEVICES, tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""
    assert "orbax" not in result.stderr  # it says nothing; XLA does where compiling takes a second
    assert_equal({"whole": load(tmp_path)[0]["whole"]}, {"whole": load(tmp_path)[0]["split"]})


# Which are kept, and which is the newest.


@pytest.mark.parametrize(
    ("max_to_keep", "kept"), [(1, [40]), (3, [5, 7, 40]), (None, [0, 1, 5, 7, 40]), (0, [0, 1, 5, 7, 40])]
)
def test_keeps_the_newest(tmp_path, max_to_keep, kept):
    save_steps(tmp_path, 0, 1, 5, 7, 40, max_to_keep=max_to_keep)
    with Checkpoints(tmp_path, max_to_keep=max_to_keep) as checkpoints:
        assert checkpoints.steps() == kept
        assert checkpoints.latest_step() == 40
    assert sorted(os.listdir(tmp_path)) == sorted(map(str, kept))
    assert latest_checkpoint(tmp_path) == str(tmp_path / "40")


def test_a_save_of_an_older_step_survives_and_is_told(tmp_path, caplog):
    save_steps(tmp_path, 10, 20, 30, max_to_keep=3)
    save_steps(tmp_path, 5, max_to_keep=3)
    with Checkpoints(tmp_path) as checkpoints:
        assert checkpoints.steps() == [5, 10, 20, 30]
    assert f"Saved step 5, but {tmp_path} also has step 30" in caplog.text


def test_a_step_saved_again_is_replaced(tmp_path):
    save_steps(tmp_path, 3)
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(3, arrays_of(9), {"step": 9}, wait=True)
    arrays, facts = load(tmp_path)
    assert_equal(arrays, arrays_of(9))
    assert facts == {"step": 9}
    assert os.listdir(tmp_path) == ["3"]


def test_an_empty_or_missing_directory(tmp_path):
    assert latest_checkpoint(tmp_path) is None
    assert latest_checkpoint(tmp_path / "none") is None
    with Checkpoints(tmp_path / "new" / "one") as checkpoints:
        assert checkpoints.steps() == []
        assert checkpoints.latest_step() is None
        with pytest.raises(MissingCheckpointError, match=r"There is no checkpoint in .*new/one"):
            checkpoints.restore()
        with pytest.raises(MissingCheckpointError, match=r"no checkpoint of step 3 in .*, which has no checkpoint"):
            checkpoints.restore(3)
    for path, message in ((tmp_path, "There is no checkpoint in"), (tmp_path / "none", "No such checkpoint")):
        with pytest.raises(FileNotFoundError, match=message):
            load(path)
    save_steps(tmp_path, 1, 2)
    with Checkpoints(tmp_path) as checkpoints, pytest.raises(MissingCheckpointError, match="which has the steps 1, 2"):
        checkpoints.facts(3)


def test_leftovers_of_a_killed_process(tmp_path, caplog):
    save_steps(tmp_path, 1, 2)
    shutil.copytree(tmp_path / "2", tmp_path / "3.tmp")  # all written, not yet named
    (tmp_path / "4.tmp" / "arrays.orbax-checkpoint-tmp").mkdir(parents=True)
    shutil.copytree(tmp_path / "1", tmp_path / "1.trash")
    shutil.copytree(tmp_path / "2", tmp_path / "2.old")  # replaced
    os.rename(tmp_path / "1", tmp_path / "1.old")  # stepped aside, but the new one never came
    (tmp_path / ".probe-17").touch()
    foreign = ["events.out.tfevents.1", "5.tmp.txt", "old", "07", "8"]
    for name in foreign:
        (tmp_path / name).mkdir()
    assert latest_checkpoint(tmp_path) == str(tmp_path / "2")
    with Checkpoints(tmp_path) as checkpoints:
        assert checkpoints.steps() == [1, 2]
        assert_equal(checkpoints.restore(1)[0], arrays_of(1))
    assert sorted(os.listdir(tmp_path)) == sorted([*foreign, "1", "2"])


def test_load_goes_on_when_training_deletes_what_it_reads(tmp_path, monkeypatch):
    save_steps(tmp_path, 1)
    verify = native._manifest.verify

    def slowly(directory, contents):
        monkeypatch.undo()
        save_steps(tmp_path, 2, max_to_keep=1)  # and deletes step 1
        verify(directory, contents)

    monkeypatch.setattr(native._manifest, "verify", slowly)
    assert_equal(load(tmp_path)[0], arrays_of(2))


# Damage.


def truncate(path):
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda step: change_byte(biggest(step / "arrays")), "arrays/.* is corrupt: its checksum differs"),
        (lambda step: truncate(biggest(step / "arrays")), r"arrays/.* has \d+ bytes instead of \d+"),
        (lambda step: biggest(step / "arrays").unlink(), "arrays/.* is missing"),
        (lambda step: shutil.rmtree(step / "arrays"), "arrays/.* is missing"),
        (lambda step: truncate(step / "checkpoint.json"), "checkpoint.json is corrupt"),
        (lambda step: (step / "checkpoint.json").write_bytes(b"\xff" * 9), "checkpoint.json is corrupt"),
        (lambda step: (step / "checkpoint.json").write_text("[]"), "checkpoint.json is corrupt: its checksum differs"),
        (lambda step: change_number(step), "checkpoint.json is corrupt: its checksum differs"),
    ],
    ids=["byte", "truncated", "file", "arrays", "manifest", "encoding", "json", "fact"],
)
def test_damage_is_named_and_the_older_one_taken_with_a_warning(tmp_path, caplog, harm, message):
    save_steps(tmp_path, 10, 20)
    harm(tmp_path / "20")
    path = str(tmp_path / "20")
    with pytest.raises(CheckpointError, match=f"{path} is damaged: {message}.*one before it is {tmp_path}/10"):
        load(tmp_path)
    assert caplog.text == ""
    with Checkpoints(tmp_path) as checkpoints:
        with pytest.raises(CheckpointError, match=rf"{path} is damaged: {message}.*restored by restore\(10\)"):
            checkpoints.restore(20)
        arrays, facts = checkpoints.restore()
        assert_equal(arrays, arrays_of(10))
        assert facts == {"step": 10}
        assert checkpoints.latest_step() == 10
        assert caplog.text.count("WARNING") == 1
        assert f"{path} is damaged" in caplog.text
        assert "going back to step 10" in caplog.text
        checkpoints.save(20, arrays_of(21), wait=True)  # the run gets there again
        assert checkpoints.latest_step() == 20
        assert_equal(checkpoints.restore()[0], arrays_of(21))


def change_number(step):
    text = (step / "checkpoint.json").read_text()
    (step / "checkpoint.json").write_text(text.replace('"step": 20\n', '"step": 21\n'))


def forge(path, change):
    """Changes what a manifest says, with the checksum that goes with it."""
    file = path / "checkpoint.json"
    body = json.loads(file.read_text())
    change(body)
    del body["crc32"]
    file.write_text(json.dumps({"crc32": _manifest._crc(body), **body}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda body: body.pop("files"), "KeyError: 'files'"),
        (lambda body: body.pop("arrays"), "KeyError: 'arrays'"),
        (lambda body: body.update(facts=None), "AttributeError"),
        (lambda body: body["facts"].update(variables={"a": 3}), "TypeError"),
        (lambda body: body["facts"].update(averages={"a": 3}), "the average of 'a' is no name"),
        (lambda body: body["arrays"].update(a={"shape": [2], "dtype": "float99"}), "float99"),
        (lambda body: body["files"].update({"../../passwd": [1, 2]}), "names the file '../../passwd', which is not in"),
        (lambda body: body["files"].update({"/etc/passwd": [1, 2]}), "names the file '/etc/passwd', which is not in"),
        (lambda body: body["files"].update({"a": ["1", 2]}), "'a' has no size and checksum"),
    ],
)
def test_a_forged_manifest(tmp_path, change, message):
    save_steps(tmp_path, 1)
    forge(tmp_path / "1", change)
    with Checkpoints(tmp_path) as checkpoints, pytest.raises(CheckpointError, match=f"is damaged.*{message}"):
        checkpoints.restore()
    for read in (load, slim.checkpoints.load_variables):
        with pytest.raises(CheckpointError, match=f"is damaged: checkpoint.json is none that jax-slim.*{message}"):
            read(tmp_path)


def test_a_renamed_step(tmp_path):
    save_steps(tmp_path, 1, 2)
    (tmp_path / "2").rename(tmp_path / "7")
    with pytest.raises(CheckpointError, match="7 is damaged: it is of step 2: call the directory that again"):
        load(tmp_path)
    with Checkpoints(tmp_path) as checkpoints:
        assert checkpoints.latest_step() == 1
    (tmp_path / "7").rename(tmp_path / "the_best")  # no number: only a name
    assert_equal(load(tmp_path / "the_best")[0], arrays_of(2))


def test_a_second_run_in_a_directory_is_refused_at_once(tmp_path):
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(1, arrays_of(1))
        with pytest.raises(CheckpointError, match=f"another run is writing in {tmp_path}"):
            Checkpoints(tmp_path)
        there = run(
            "import sys\nfrom jax_slim.checkpoints.native import Checkpoints\nCheckpoints(sys.argv[1])", tmp_path
        )
        assert "another run is writing" in there.stderr
        checkpoints.wait()
        assert_equal(load(tmp_path)[0], arrays_of(1))  # reading is for all
    Checkpoints(tmp_path)  # and dropped without `close`
    Checkpoints(tmp_path).close()


def test_damage_in_all_of_them_never_means_starting_anew(tmp_path):
    save_steps(tmp_path, 1, 2)
    for step in "12":
        truncate(biggest(tmp_path / step / "arrays"))
    with Checkpoints(tmp_path) as checkpoints:
        for ask in (checkpoints.latest_step, checkpoints.restore):
            with pytest.raises(CheckpointError, match=f"Every checkpoint in {tmp_path} is damaged: 1: .*; 2: .*bytes"):
                ask()
        with pytest.raises(CheckpointError, match="There is no older one"):
            checkpoints.restore(1)


def test_damaged_ones_do_not_count_among_those_kept(tmp_path):
    save_steps(tmp_path, 10, 20, 30, max_to_keep=None)
    truncate(biggest(tmp_path / "30" / "arrays"))
    with Checkpoints(tmp_path, max_to_keep=2) as checkpoints:
        assert checkpoints.latest_step() == 20
        checkpoints.save(25, arrays_of(25), wait=True)
        assert checkpoints.steps() == [20, 25, 30]
        checkpoints.save(40, arrays_of(40), wait=True)
        assert checkpoints.steps() == [25, 40]


def test_a_newer_format_is_told(tmp_path):
    save_steps(tmp_path, 1)
    path = tmp_path / "1" / "checkpoint.json"
    body = json.loads(path.read_text()) | {"format": 99}
    body["crc32"] = native._manifest._crc({name: value for name, value in body.items() if name != "crc32"})
    path.write_text(json.dumps(body))
    with pytest.raises(CheckpointError, match="its format is 99, and this version of jax-slim reads 1"):
        load(tmp_path)


# Refusals.


def test_restore_like_lists_every_difference(tmp_path):
    saved = {f"conv{i}/weights": jnp.ones(2) for i in range(12)} | {
        "fc8/weights": jnp.ones((3, 4)),
        "step": jnp.int32(1),
    }
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(1, saved, wait=True)
        like = {"fc8/weights": jnp.ones((3, 10)), "step": jnp.float32(1), "Conv3/weights": jnp.ones(2)}
        with pytest.raises(CheckpointError) as caught:
            checkpoints.restore(1, like)
        for text in (
            f"Checkpoint {tmp_path / '1'} does not fit the program:\nmissing in the checkpoint (1):\n",
            "  'Conv3/weights' (near: 'conv3/weights')\nunknown to the program (12):\n",
            "  'conv0/weights' (near: 'Conv3/weights')\n",
            "  and 4 more\n",
            "other shape (1):\n  'fc8/weights': [3, 4] in the checkpoint, [3, 10] in the program\n",
            "other dtype (1):\n  'step': int32 in the checkpoint, float32 in the program\n",
        ):
            assert text in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((-1, {}), ValueError, "Checkpoints.save: step must be at least 0, got -1"),
        ((1.5, {}), TypeError, "float"),
        ((1, {"a": "text"}), TypeError, "Checkpoints.save: 'a' must be an array, got str"),
        ((1, {"a": np.array(["x"])}), TypeError, "'a' must be an array of numbers, got dtype <U1"),
        ((1, {3: jnp.ones(1)}), TypeError, "names must be strings, got 3"),
        (
            (1, {}, {"data": {"rng": [np.ones(2)]}}),
            TypeError,
            r"facts\['data'\]\['rng'\]\[0\] must be a JSON value .*got ndarray",
        ),
        ((1, {}, {"a": {3: 4}}), TypeError, r"the keys of facts\['a'\] must be strings, got 3"),
    ],
)
def test_save_refuses(tmp_path, arguments, error, message):
    with Checkpoints(tmp_path) as checkpoints, pytest.raises(error, match=message):
        checkpoints.save(*arguments)
    assert os.listdir(tmp_path) == []


def test_save_refuses_what_was_donated_and_after_the_end(tmp_path):
    gone = jnp.ones(2)
    gone.delete()
    checkpoints = Checkpoints(tmp_path)
    with checkpoints, pytest.raises(ValueError, match="the array 'w' was deleted or donated"):
        checkpoints.save(1, {"w": gone})
    with pytest.raises(CheckpointError, match="was closed"):
        checkpoints.save(1, {})
    checkpoints.close()


def test_directory_refusals(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CheckpointError, match=f"cannot write in {tmp_path}/file: File exists"):
        Checkpoints(tmp_path / "file")
    with pytest.raises(CheckpointError, match=f"cannot write in {tmp_path}/file/sub: Not a directory"):
        Checkpoints(tmp_path / "file" / "sub")
    with pytest.raises(CheckpointError, match="cannot write in /proc/none: No such file or directory"):
        Checkpoints("/proc/none")  # read only, to root too
    with pytest.raises(ValueError, match="max_to_keep must be None or at least 0, got -2"):
        Checkpoints(tmp_path, max_to_keep=-2)
    with pytest.raises(ValueError, match="must be on a file system of this machine, got gs://bucket"):
        Checkpoints("gs://bucket")


# Saves that fail.


def fail_to_write(monkeypatch):
    def write(directory, contents):
        raise OSError(28, "No space left on device", str(directory))

    monkeypatch.setattr(native._manifest, "write", write)


def test_a_failed_save_is_told_once_by_what_comes_next(tmp_path, monkeypatch):
    save_steps(tmp_path, 1)
    expected = rf"Saving checkpoint {tmp_path}/2 failed: .*No space left.*last complete checkpoint is {tmp_path}/1\."
    with Checkpoints(tmp_path) as checkpoints:
        for ask in (checkpoints.wait, lambda: checkpoints.save(3, arrays_of(3))):
            with monkeypatch.context() as patch:
                fail_to_write(patch)
                checkpoints.save(2, arrays_of(2))
                with pytest.raises(CheckpointError, match=expected):
                    ask()
        assert checkpoints.steps() == [1]
        assert os.listdir(tmp_path) == ["1"]  # what was written of the others is gone
        checkpoints.wait()
        checkpoints.save(4, arrays_of(4))
    assert_equal(load(tmp_path)[0], arrays_of(4))


def test_a_failed_save_is_told_by_the_end_of_the_with(tmp_path, monkeypatch):
    fail_to_write(monkeypatch)
    with pytest.raises(CheckpointError, match=r"/2 failed: .*No space left.* There is no complete one"):
        save_steps(tmp_path, 2)
    with pytest.raises(ZeroDivisionError) as caught, Checkpoints(tmp_path) as checkpoints:  # noqa: PT012
        checkpoints.save(3, arrays_of(3))
        raise ZeroDivisionError
    assert "/3 failed" in caught.value.__notes__[0]  # it does not hide what ended the run


def test_a_failed_replacement_leaves_what_was_there(tmp_path, monkeypatch):
    save_steps(tmp_path, 1)
    rename = os.rename

    def refuse(source, target):
        if str(source).endswith(".tmp"):
            raise PermissionError(13, "Permission denied")
        rename(source, target)

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(CheckpointError, match=r"/1 failed: Permission denied\. The last complete checkpoint is"):
        save_steps(tmp_path, 1)
    assert os.listdir(tmp_path) == ["1"]
    assert_equal(load(tmp_path)[0], arrays_of(1))


def test_old_ones_that_cannot_be_deleted_do_not_fail_the_save(tmp_path, monkeypatch, caplog):
    save_steps(tmp_path, 1)
    rename = os.rename

    def refuse(source, target):
        if str(target).endswith(".trash"):
            raise PermissionError(13, "Permission denied")
        rename(source, target)

    monkeypatch.setattr(os, "rename", refuse)
    save_steps(tmp_path, 2, max_to_keep=1)
    assert "could not be deleted: [Errno 13]" in caplog.text
    assert_equal(load(tmp_path)[0], arrays_of(2))


FULL = """
    import resource, sys
    import jax.numpy as jnp
    from jax_slim.checkpoints.native import CheckpointError, Checkpoints, load

    directory, how = sys.argv[1:]
    big = {"big": jnp.ones(500_000), "small": jnp.ones(3)}
    with Checkpoints(directory) as checkpoints:
        checkpoints.save(10, {"small": jnp.ones(3)}, {"n": 10}, wait=True)
        if how == "limit":
            resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
        checkpoints.save(20, big)  # training goes on
        try:
            checkpoints.wait()
        except CheckpointError as error:
            assert str(error).startswith(f"Saving checkpoint {directory}/20 failed: "), error
            assert str(error).endswith(f"The last complete checkpoint is {directory}/10."), error
            assert any(word in str(error) for word in ("File too large", "No space left")), error
        else:
            raise AssertionError("no error")
        assert checkpoints.steps() == [10]
        assert load(directory)[1] == {"n": 10}
        checkpoints.save(30, {"small": jnp.ones(3)}, {"n": 30}, wait=True)  # there is room for this one
        assert load(directory)[1] == {"n": 30}
"""


def test_a_file_that_grows_too_large(tmp_path):
    result = run(FULL, tmp_path, "limit")
    assert result.returncode == 0, result.stderr


@pytest.fixture
def small_disk(tmp_path):
    path = tmp_path / "disk"
    path.mkdir()
    if shutil.which("mount") is None or os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", path], capture_output=True, check=False
    ).returncode:
        pytest.skip("no mount allowed here")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=True)


@pytest.mark.slow
def test_a_full_disk(small_disk):
    result = run(FULL, small_disk, "disk")
    assert result.returncode == 0, result.stderr
    (small_disk / "filler").write_bytes(bytes(1))
    with pytest.raises(OSError, match="No space left"), (small_disk / "filler").open("wb") as file:
        file.write(bytes(2_000_000))
    with pytest.raises(CheckpointError, match=f"cannot write in {small_disk}: No space left"):
        Checkpoints(small_disk)
    assert load(small_disk)[1] == {"n": 30}


# Killed, by real signals.

SAVER = """
    import itertools, sys
    import numpy as np
    from jax_slim.checkpoints.native import Checkpoints

    with Checkpoints(sys.argv[1], max_to_keep=2) as checkpoints:
        for step in itertools.count((checkpoints.latest_step() or 0) + 1):
            rng = np.random.default_rng(step)
            checkpoints.save(step, {f"w/{i}": rng.normal(size=(i, 20_000)) for i in range(1, 5)}, {"step": step})
            print(step, flush=True)
"""


@pytest.mark.parametrize("kills", [2, pytest.param(12, marks=pytest.mark.slow)])
def test_kill_at_any_moment(tmp_path, kills):
    chance, newest, caught = random.Random(kills), 0, 0
    for _ in range(kills):
        command = [sys.executable, "-c", textwrap.dedent(SAVER), str(tmp_path)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)})
        try:
            for _ in range(3):
                assert child.stdout.readline()
            time.sleep(chance.uniform(0, 0.2))
        finally:
            child.kill()
            child.wait()
            child.stdout.close()
        assert child.returncode == -signal.SIGKILL
        caught += any(name.endswith(".tmp") for name in os.listdir(tmp_path))
        arrays, facts = load(tmp_path)
        rng = np.random.default_rng(facts["step"])
        assert_equal(arrays, {f"w/{i}": rng.normal(size=(i, 20_000)) for i in range(1, 5)})
        assert facts["step"] >= newest + 2  # when a third save has begun, two are complete
        newest = facts["step"]
    assert caught > 0 or kills < 5  # else nothing was tested
    with Checkpoints(tmp_path, max_to_keep=2) as checkpoints:
        assert checkpoints.latest_step() == newest
        assert sorted(os.listdir(tmp_path)) == sorted(map(str, checkpoints.steps()))


# Manners.


def test_runs_in_threads_save_side_by_side(tmp_path):
    failures = []

    def run(name):
        try:
            save_steps(tmp_path / name, *range(6), max_to_keep=2)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    for name in "abc":
        assert_equal(load(tmp_path / name)[0], arrays_of(5))


def test_it_works_inside_a_running_event_loop(tmp_path):
    """As in a notebook."""
    import asyncio

    async def cell():
        save_steps(tmp_path, 1)
        return load(tmp_path)[0]

    assert_equal(asyncio.run(cell()), arrays_of(1))


def test_only_the_logs_of_orbax_are_silenced(tmp_path, caplog):
    caplog.set_level(logging.INFO, "absl")
    save_steps(tmp_path, 1)
    logging.getLogger("absl").warning("from another library")
    assert [record.message for record in caplog.records] == ["from another library"]
