"""diff: every kind of difference is found, and nothing else is one."""

import json
import math
import re

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given

import golden
import jax_slim as slim
from jax_slim.checkpoints import convert_checkpoint, diff, tensorflow
from jax_slim.nets import lenet

FOLDER = golden.FOLDER / "checkpoints"


def test_equal_checkpoints_of_any_formats_are_no_difference(tmp_path):
    file = convert_checkpoint(FOLDER / "v2_ema", tmp_path / "x.safetensors")
    run = convert_checkpoint(FOLDER / "v2_ema", tmp_path / "run", format="orbax")
    for other in (FOLDER / "v2_ema", file, run):
        found = diff(FOLDER / "v2_ema", other)
        assert not found
        assert len(found.equal) == 4
        assert "4 entries are the same." in str(found)


def test_every_difference(tmp_path):
    a = {"same": np.ones(2), "gone": np.ones(1), "shape": np.ones(3), "dtype": np.ones(2, np.float32), "v": np.ones(2)}
    b = {"same": np.ones(2), "gome": np.ones(1), "shape": np.ones(4), "dtype": np.ones(2), "v": np.asarray([1, 1.5])}
    paths = [tensorflow.write_checkpoint(tmp_path / f"{i}.ckpt", values) for i, values in enumerate((a, b))]
    for pair in ((a, b), paths):
        found = diff(*pair)
        assert found
        assert (list(found.only_a), list(found.only_b)) == (["gone"], ["gome"])
        assert found.shapes == {"shape": ((3,), (4,))}
        assert found.dtypes == {"dtype": ("float32", "float64")}
        assert found.values == {"v": 0.5}
        assert found.equal == ["same"]
        text = str(found)
        assert re.search(r"only in a \(1\) .*\n  gone +float64 +\[1\] +gome\n", text)
        assert re.search(r"shapes \(1\) +a +b\n  shape +\[3\] +\[4\]\n", text)
        assert re.search(r"values \(1\) +max \|a - b\|\n  v +0.5\n", text)
        assert "1 entry is the same." in text
        assert "5 differences" in repr(found)
        assert json.loads(json.dumps(found.as_dict()))["values"] == {"v": 0.5}
    assert not diff(a, b, include="v", tolerance=0.5)
    assert not diff(a, b, include="v", values=False)
    assert "values were not compared" in str(diff(a, b, values=False))
    assert list(diff(a, b, exclude=["g", "shape", "dtype"]).values) == ["v"]
    assert list(diff(*paths, kinds="optimizer").only_a) == []


@pytest.mark.parametrize(
    ("a", "b", "largest"),
    [
        ([1.0, math.nan], [1.0, math.nan], None),
        ([1.0, math.nan], [1.0, 2.0], math.nan),
        ([math.inf, -math.inf], [math.inf, -math.inf], None),
        ([math.inf], [1.0], math.inf),
        (np.int64([1 << 60]), np.int64([(1 << 60) + 1]), 1.0),
        (np.uint8([0]), np.uint8([255]), 255.0),
        ([True, False], [True, True], 1.0),
        ([1 + 1j], [1 - 1j], 2.0),
        (np.zeros((0, 3)), np.zeros((0, 3)), None),
        (np.asarray(2.0), np.asarray(5.0), 3.0),
        (jnp.ones(2, jnp.bfloat16), jnp.ones(2, jnp.bfloat16) * 2, 1.0),
        (np.asarray([b"x"], object), np.asarray([b"y"], object), math.inf),
        (np.asarray([b"x"], object), np.asarray([b"x"], object), None),
    ],
)
def test_distances(a, b, largest):
    found = diff({"x": np.asarray(a)}, {"x": np.asarray(b)})
    np.testing.assert_equal(found.values.get("x"), largest)
    assert bool(found) == (largest is not None)
    str(found)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=5), st.lists(st.floats(-1, 1), min_size=5, max_size=5))
def test_the_largest_difference_is_the_largest(numbers, changes):
    a = np.asarray(numbers)
    b = a + np.asarray(changes[: len(a)])
    found = diff({"x": a}, {"x": b})
    expected = max(abs(x - y) for x, y in zip(a.tolist(), b.tolist(), strict=True))
    assert found.values.get("x", 0.0) == expected
    assert diff({"x": a}, {"x": b}, tolerance=expected).values == {}


def test_a_checkpoint_and_a_model():
    def program(images):
        with slim.arg_scope(lenet.lenet_arg_scope()):
            return lenet.lenet(images, 10)[0]

    images = jax.ShapeDtypeStruct((1, 8, 8, 1), jnp.float32)
    model = slim.Model(program)
    found = diff(FOLDER / "v2_lenet_finetune", model.specs(images))  # the step is of the training, not of the model
    assert not found
    assert not found.compared_values
    values = {name: golden.det_value(name, spec.shape) for name, spec in model.specs(images).items()}
    assert not diff(slim.Variables(values), FOLDER / "v2_lenet_finetune")
    values["LeNet/fc4/biases"] = values["LeNet/fc4/biases"] + 1
    assert list(diff(FOLDER / "v2_lenet_finetune", slim.Variables(values)).values) == ["LeNet/fc4/biases"]
    wide = model.specs(jax.ShapeDtypeStruct((1, 28, 28, 1), jnp.float32))
    assert diff(FOLDER / "v2_lenet_finetune", wide).shapes == {"LeNet/fc3/weights": ((256, 1024), (3136, 1024))}
    with_step = slim.Variables(values | {"global_step": jnp.asarray(1234)})  # int32, as JAX has it
    assert "global_step" in diff(FOLDER / "v2_lenet_finetune", with_step).equal
    with pytest.raises(TypeError, match=r"diff: b must be a checkpoint, Variables or specs, got a Model"):
        diff(FOLDER / "v2_lenet_finetune", model)


def test_averages_and_slots_are_no_part_of_a_model():
    weights = {"fc/weights": np.zeros((3, 2), np.float32), "fc/biases": np.zeros(2, np.float32)}
    assert list(diff(FOLDER / "v2_ema", weights).values) == ["fc/biases", "fc/weights"]
    assert not diff(FOLDER / "v2_ema", weights, values=False)
    assert diff(FOLDER / "v2_ema", slim.checkpoints.load_variables(FOLDER / "v2_ema")).equal == [
        "fc/biases",
        "fc/weights",
    ]


def test_refuses():
    with pytest.raises(ValueError, match="diff: tolerance must be at least 0, got -1"):
        diff({}, {}, tolerance=-1)
    with pytest.raises(ValueError, match="diff: kinds must be among"):
        diff({}, {}, kinds=["weights"])
    with pytest.raises(slim.checkpoints.CheckpointError, match="No such checkpoint"):
        diff(FOLDER / "v2_ema", FOLDER / "nope")
