"""V1 checkpoints that are written can be read."""

import numpy as np
import pytest

from jax_slim.checkpoints.tensorflow import open_checkpoint, v1_writer


def test_all_types_come_back(tmp_path):
    tensors = {
        "net/w": np.arange(6, dtype=np.float32).reshape(2, 3),
        "step": np.int64(-5),
        "words": np.array([b"x", b"", b"yy"], object),
        "half": np.array([1.0, -2.5], np.float16),
        "flags": np.array([True, False]),
        "empty": np.zeros((0, 2), np.float64),
        "small": np.array([-1, 3], np.int32),
        "byte": np.array([0, 255], np.uint8),
        "complex": np.array(1 + 2j, np.complex64),
    }
    path = tmp_path / "model.ckpt"
    v1_writer.write_checkpoint(path, tensors)
    with open_checkpoint(path) as checkpoint:
        assert checkpoint.format == "V1"
        assert set(checkpoint) == set(tensors)
        for name, value in tensors.items():
            assert checkpoint[name].dtype == np.asarray(value).dtype
            np.testing.assert_array_equal(checkpoint[name], value)


def test_what_tensorflow_has_no_type_for_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(TypeError, match="must have a dtype that TensorFlow has"):
        v1_writer.write_checkpoint(tmp_path / "model", {"when": np.array("2020-01-01", "datetime64[D]")})
    assert not list(tmp_path.iterdir())
