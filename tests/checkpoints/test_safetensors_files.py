"""Safetensors files: read and written, every dtype; damaged and hostile ones are refused."""

import json
import os
import random
import tracemalloc

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
import safetensors.numpy

import jax_slim as slim
from jax_slim.checkpoints import CheckpointError, open_checkpoint, save_safetensors
from jax_slim.core.values import Facts

DTYPES = [
    *("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"),
    *("float16", "float32", "float64", "bfloat16", "complex64", "float8_e4m3fn", "float8_e5m2"),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (2, 3)])
def test_every_dtype_and_shape(tmp_path, dtype, shape):
    value = (np.random.default_rng(0).normal(size=shape) * 3).astype(jnp.dtype(dtype))
    path = tmp_path / "x.safetensors"
    save_safetensors(path, {"a/b": value})
    with open_checkpoint(path) as checkpoint:
        assert checkpoint.entries() == {"a/b": (value.dtype, shape)}
        found = checkpoint["a/b"]
    assert (found.dtype, found.shape) == (value.dtype, shape)
    assert found.tobytes() == value.tobytes()


def test_the_package_reads_what_is_written_and_the_other_way_round(tmp_path):
    values = {
        "b": np.arange(6.0).reshape(2, 3).T,
        "a": np.ones(2, ml_dtypes.bfloat16),
        "big": np.arange(3, dtype=">i4"),
    }
    save_safetensors(tmp_path / "ours.safetensors", values | {"jax": jnp.arange(3)}, {"epoch": "7"})
    theirs = safetensors.numpy.load_file(tmp_path / "ours.safetensors")
    for name, value in values.items():
        np.testing.assert_array_equal(theirs[name], value)
    safetensors.numpy.save_file({"x": np.arange(4)}, tmp_path / "theirs.safetensors", {"format": "pt"})
    with open_checkpoint(tmp_path / "theirs.safetensors") as checkpoint:
        np.testing.assert_array_equal(checkpoint["x"], [0, 1, 2, 3])
        assert checkpoint.metadata == {"format": "pt"}
        assert checkpoint.facts == {}
    with open_checkpoint(tmp_path / "ours.safetensors") as checkpoint:
        assert checkpoint.metadata == {"epoch": "7"}


def test_facts_come_back(tmp_path):
    facts = {"w": Facts(), "mean": Facts(False, ("variables", "model_variables"))}
    variables = slim.Variables({"w": jnp.ones(2), "mean": jnp.zeros(2)}, facts)
    save_safetensors(tmp_path / "x.safetensors", variables)
    assert slim.checkpoints.load_variables(tmp_path / "x.safetensors").facts == facts


def test_the_same_variables_give_the_same_file(tmp_path):
    variables = slim.Variables({"b": jnp.ones(2), "a": jnp.zeros((), jnp.bfloat16)})
    metadata = {f"key {i}": f'"value" {i}, \\ é {{}}' for i in (3, 1, 2, 0)}
    first = tmp_path / "first.safetensors"
    save_safetensors(first, variables, metadata)
    for number in range(8):  # the package puts five keys in another order 119 times out of 120
        path = tmp_path / f"{number}.safetensors"
        save_safetensors(path, variables, dict(reversed(metadata.items())) if number % 2 else metadata)
        assert path.read_bytes() == first.read_bytes()
    with open_checkpoint(first) as checkpoint:
        assert {key: checkpoint.metadata[key] for key in metadata} == metadata
        assert checkpoint.facts == variables.facts
        np.testing.assert_array_equal(checkpoint["b"], [1, 1])


def test_metadata_that_only_looks_like_ours_is_passed_over(tmp_path):
    for text in ("no json", "[1]", '{"w": 1}'):
        safetensors.numpy.save_file({"w": np.ones(2)}, tmp_path / "x.safetensors", {"jax_slim.variables": text})
        assert open_checkpoint(tmp_path / "x.safetensors").facts == {}


def test_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "x.safetensors"
    save_safetensors(path, {"a": np.ones(2)})
    before = path.read_bytes()

    def full(*args, **kwargs):
        (tmp_path / "began").write_bytes(b"x")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(CheckpointError, match=r"x.safetensors cannot be written: No space left on device"):
        save_safetensors(path, {"a": np.zeros(2)})
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["began", "x.safetensors"]
    with pytest.raises(CheckpointError, match="cannot be written"):
        save_safetensors(tmp_path / "no" / "such" / "x.safetensors", {"a": np.ones(2)})
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CheckpointError, match="pipe cannot be written: it is a folder or a device"):
        save_safetensors(tmp_path / "pipe", {"a": np.ones(2)})


@pytest.mark.parametrize(
    ("values", "metadata", "message"),
    [
        ({"a": "text"}, None, "'a' must be of a dtype that the format has, got strings"),
        ({"a": np.ones(2, np.complex128)}, None, "got complex128"),
        ({"a": jax.random.key(0)}, None, "'a' must be an array of numbers, got PRNGKeyArray"),
        ({"__metadata__": np.ones(2)}, None, "names must be strings, and not '__metadata__'"),
        ({3: np.ones(2)}, None, "names must be strings"),
        ({"a": np.ones(2)}, {"epoch": 7}, "metadata must map strings to strings, got 'epoch': 7"),
    ],
)
def test_refuses(tmp_path, values, metadata, message):
    with pytest.raises(TypeError, match=message):
        save_safetensors(tmp_path / "x.safetensors", values, metadata)
    assert not list(tmp_path.iterdir())


def test_listing_reads_the_header_alone_and_reading_one_array_that_one(tmp_path):
    path = tmp_path / "x.safetensors"
    save_safetensors(path, {"small": np.ones(3, np.float32), "zlarge": np.ones(4_000_000, np.float32)})
    tracemalloc.start()
    with open_checkpoint(path) as checkpoint:
        assert checkpoint.entries()["zlarge"].shape == (4_000_000,)
        np.testing.assert_array_equal(checkpoint["small"], np.ones(3))
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


def forged(header, data=b""):
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


@pytest.mark.parametrize(
    "content",
    [
        forged({"a": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 8]}}, bytes(8)),
        forged({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 1 << 60]}}, bytes(8)),
        forged({"a": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}}, bytes(8)),
        forged({"a": {"dtype": "STRING", "shape": [2], "data_offsets": [0, 8]}}, bytes(8)),
        forged({"a": {"shape": [2]}}, bytes(8)),
        forged([1, 2]),
        (1 << 62).to_bytes(8, "little") + b"{}",
        forged({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, bytes(7)),
    ],
)
def test_hostile_files(tmp_path, content):
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"x\.safetensors"):
        open_checkpoint(path)


def test_random_damage_is_an_error_or_other_numbers_but_never_anything_else(tmp_path):
    path = tmp_path / "x.safetensors"
    save_safetensors(path, {f"v{i}": np.arange(i + 1, dtype=np.float32) for i in range(4)}, {"a": "b"})
    whole, rng, refused = path.read_bytes(), random.Random(0), 0
    for _ in range(600):
        data = bytearray(whole)
        match rng.randrange(3):
            case 0:
                data = data[: rng.randrange(len(data))]
            case 1:
                data[rng.randrange(len(data))] = rng.randrange(256)
            case 2:
                at = rng.randrange(len(data))
                data[at:at] = rng.randbytes(rng.randrange(1, 9))
        path.write_bytes(data)
        try:
            with open_checkpoint(path) as checkpoint:
                for name in checkpoint:
                    assert checkpoint[name].shape == checkpoint.entries()[name].shape
        except CheckpointError:
            refused += 1
    assert refused > 300


def test_a_file_that_shrinks_while_it_is_open(tmp_path):
    path = tmp_path / "x.safetensors"
    save_safetensors(path, {"a": np.ones(100)})
    checkpoint = open_checkpoint(path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(CheckpointError, match="damaged: it ends within 'a'"):
        checkpoint["a"]
    path.unlink()
    with pytest.raises(CheckpointError, match="cannot be read: No such file"):
        checkpoint["a"]
