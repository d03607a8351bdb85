"""Every checkpoint that TensorFlow 1.15 wrote: read to the values it had, and written anew to the bytes it wrote."""

import base64
import zlib
from pathlib import Path

import numpy as np
import pytest

import golden
from jax_slim.checkpoints import tensorflow
from jax_slim.checkpoints.native import CheckpointError
from jax_slim.checkpoints.tensorflow.dtypes import STRING

FOLDER = golden.FOLDER / "checkpoints"
CASES = {name: case for name, case in golden.cases("checkpoints").items() if "tensors" in case}
BAD = {name: case for name, case in golden.cases("checkpoints").items() if name.startswith("bad_")}
WHOLE_V2 = [name for name in CASES if name.startswith("v2") and name not in ("v2_two_shards", "v2_partitioned")]


def path_of(case):
    return FOLDER / case["id"] / case["prefix"]


def check_values(case, tensor, found):
    stored = golden.case_arrays("checkpoints", case["id"]).get(tensor["name"])
    if "base64" in tensor:
        assert [base64.b64encode(item).decode() for item in found.flat] == tensor["base64"]
    elif "crc32" in tensor:
        assert zlib.crc32(found.tobytes()) == tensor["crc32"]
    elif tensor.get("value") == "det":
        np.testing.assert_array_equal(found, golden.det_value(tensor["name"], tensor["shape"]))
    elif "value" in tensor:
        assert found == tensor["value"]
    elif tensor["dtype"] == "bfloat16":
        np.testing.assert_array_equal(found.view(np.uint16), stored)
    else:
        np.testing.assert_array_equal(found, stored)


@pytest.mark.parametrize("case_id", CASES)
def test_read(case_id):
    case = CASES[case_id]
    with tensorflow.open_checkpoint(path_of(case)) as checkpoint:
        assert checkpoint.format == case_id[:2].upper()
        assert checkpoint.names() == sorted(tensor["name"] for tensor in case["tensors"])
        entries = checkpoint.entries()
        for tensor in case["tensors"]:
            entry, found = entries[tensor["name"]], checkpoint[tensor["name"]]
            assert (list(entry.shape), entry.type_name) == (tensor["shape"], tensor["dtype"])
            assert (list(found.shape), found.dtype) == (tensor["shape"], entry.dtype)
            assert entry.dtype == (object if entry.type_name == STRING.name else tensor["dtype"])
            assert found.flags.writeable and found.flags.aligned and found.flags.c_contiguous
            check_values(case, tensor, found)


@pytest.mark.parametrize("case_id", BAD)
def test_damaged(case_id):
    case = BAD[case_id]

    def read():
        tensorflow.open_checkpoint(path_of(case))[case["target"]]

    with pytest.raises(CheckpointError) as caught:
        read()
    assert str(FOLDER / case_id / case["damaged_file"]) in str(caught.value)
    if "opened" in case:
        assert tensorflow.open_checkpoint(path_of(case)).names() == ["b", "w"]
        assert "'w'" in str(caught.value)


@pytest.mark.parametrize("case_id", WHOLE_V2)
def test_written_to_the_same_bytes(case_id, tmp_path):
    case = CASES[case_id]
    tensors = dict(tensorflow.open_checkpoint(path_of(case)))
    tensorflow.write_checkpoint(tmp_path / case["prefix"], tensors)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(case["files"])
    for name in case["files"]:
        assert (tmp_path / name).read_bytes() == (FOLDER / case_id / name).read_bytes(), name


@pytest.mark.parametrize("case_id", ["v2_two_shards", "v2_partitioned", "v1_partitioned", "v1_mixed", "v1_many"])
def test_what_is_read_from_parts_is_written_whole(case_id, tmp_path):
    case = CASES[case_id]
    tensors = dict(tensorflow.open_checkpoint(path_of(case)))
    tensorflow.write_checkpoint(tmp_path / "model.ckpt", tensors)
    again = tensorflow.open_checkpoint(tmp_path)
    for tensor in case["tensors"]:
        check_values(case, tensor, again[tensor["name"]])


@pytest.mark.parametrize("name", ["relative", "other_name", "empty", "absolute", "save_relative_paths"])
def test_state_file(name, tmp_path, monkeypatch):
    case = golden.cases("checkpoints")["state"]["states"][name]
    folder = FOLDER / "state" / name
    if name == "empty":
        folder = tmp_path
    filename = {"other_name": "my_state"}.get(name)
    if "latest_checkpoint" in case:
        expected = case["latest_checkpoint"]
        found = tensorflow.latest_checkpoint(folder, filename)
        assert found == (None if expected is None else str(folder.parent / expected))
        monkeypatch.chdir(folder.parent)
        assert tensorflow.latest_checkpoint(folder.name, filename) == expected
    if "latest_with_default_name" in case:
        assert tensorflow.latest_checkpoint(folder) is case["latest_with_default_name"]
    if "text" not in case:
        return
    assert (folder / (filename or "checkpoint")).read_text() == case["text"]
    state = tensorflow.read_checkpoint_state(folder, filename)
    assert state.model_checkpoint_path == state.all_model_checkpoint_paths[-1]
    assert all(Path(path).is_absolute() for path in state.all_model_checkpoint_paths)
    tensorflow.update_checkpoint_state(
        tmp_path,
        state.model_checkpoint_path.replace(str(folder), str(tmp_path)),
        [path.replace(str(folder), str(tmp_path)) for path in state.all_model_checkpoint_paths],
        filename,
        save_relative_paths=name != "absolute",
    )
    assert (tmp_path / (filename or "checkpoint")).read_text() == case["text"]
