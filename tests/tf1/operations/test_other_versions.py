"""Types that other versions of TensorFlow write, against what TensorFlow 2.21 computes."""

import json
from pathlib import Path

import numpy as np
import pytest

import jax_slim.tf1 as tf
from jax_slim.tf1 import modules
from jax_slim.tf1.graph import building

CASES = json.loads((Path(__file__).parent / "types_of_other_versions.json").read_text())
modules.load_rows()


def make(op, inputs, attrs):
    attrs = {name: tf.as_dtype(value) if name == "Tout" else value for name, value in attrs.items()}
    return building.make(op, *inputs, **attrs)


@pytest.mark.parametrize("op", sorted({case[0] for case in CASES}))
def test_recorded_values(op):
    with tf.Graph().as_default(), tf.Session() as session:
        for kind, attrs, inputs, result in CASES:
            if kind != op:
                continue
            want, *values = (np.array(value, dtype) for dtype, value in (result, *inputs.values()))
            first = tf.placeholder(tf.as_dtype(values[0].dtype), values[0].shape)
            made = make(op, [first, *map(tf.constant, values[1:])], attrs)
            if "dims" not in inputs:
                assert made.shape.as_list() == list(want.shape)
            found = session.run(made, {first: values[0]})
            assert found.dtype == want.dtype
            np.testing.assert_allclose(found, want, rtol=1e-5, err_msg=f"{op} {attrs}")


def test_quantization_without_a_rounding_mode_is_that_to_even():
    x = tf.constant(np.float32([-1.2, -0.5, 0.3, 0.9]))
    with tf.Session() as session:
        facts = {"num_bits": 4, "range_given": True}
        old = building.make("QuantizeAndDequantize", x, input_min=-1.0, input_max=1.0, **facts)
        new = building.make("QuantizeAndDequantizeV2", x, np.float32(-1), np.float32(1), **facts)
        np.testing.assert_array_equal(*session.run([old, new]))


def test_what_only_branches_and_devices_have():
    with tf.Session() as session:
        fake = building.make("FakeParam", dtype=tf.float32, shape=tf.TensorShape([2, None]))
        device = building.make("DeviceIndex", device_names=["TPU", "CPU", "GPU"])
        empty = building.make("Empty", np.int32([2, 1]), dtype=tf.float32)
        assert [np.shape(v) for v in session.run([fake, empty])] == [(2, 0), (2, 1)]
        assert session.run(device) == 1


@pytest.mark.parametrize(
    ("op", "inputs", "says"),
    [
        ("MatrixDiagPartV3", (np.ones((2, 3), np.float32), np.int32([2, 1]), np.float32(0)), "two in order"),
        ("MatrixDiagPartV3", (np.ones((2, 3), np.float32), np.int32(3), np.float32(0)), "diagonals of a 2 x 3 matrix"),
        ("MatrixSetDiagV3", (np.ones((2, 3), np.float32), np.ones(3, np.float32), np.int32(0)), "must be of length 2"),
        ("Reverse", (np.ones((2, 3), np.float32), np.array([True])), "must have 2 elements, got 1"),
    ],
)
def test_what_does_not_fit(op, inputs, says):
    with tf.Graph().as_default(), tf.Session() as session, pytest.raises((ValueError, tf.errors.OpError), match=says):
        session.run(building.make(op, *map(tf.constant, inputs)))
