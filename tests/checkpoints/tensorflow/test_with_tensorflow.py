"""A real TensorFlow reads what we write, and we read what it writes today. Off by default: TensorFlow is no dependency.

    JAX_SLIM_TENSORFLOW=/path/to/python pytest tests/checkpoints/tensorflow/test_with_tensorflow.py

names a Python that can import tensorflow (2.x; `python` for the one that runs the tests).
"""

import base64
import json
import os
import subprocess
import textwrap

import numpy as np
import pytest

from checkpoints.tensorflow import forging
from checkpoints.tensorflow.forging import equal
from jax_slim.checkpoints.tensorflow import open_checkpoint, read_checkpoint_state, write_checkpoint

PYTHON = os.environ.get("JAX_SLIM_TENSORFLOW")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PYTHON is None, reason="JAX_SLIM_TENSORFLOW names no Python that has tensorflow"),
]

START = """
    import base64, json, os, sys
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import numpy as np
    import tensorflow as tf
    tf1 = tf.compat.v1
"""


def tensorflow(program, *arguments):
    """Runs a program in that Python; returns what it printed last, as JSON."""
    source = textwrap.dedent(START) + textwrap.dedent(program)
    run = subprocess.run([PYTHON, "-c", source, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


def test_it_reads_every_tensor_we_write(tmp_path):
    rng = np.random.default_rng(0)
    tensors = {}
    for dtype in [
        *forging.DTYPES,
        *(name for name in forging.NEW_DTYPES if name not in ("int2", "uint2", "float4_e2m1fn")),
    ]:
        for shape in [(), (0,), (3, 0), (5,), (3, 4)]:
            values = np.asarray(rng.integers(0, 3, shape))
            tensors[f"d/{dtype}/{'x'.join(map(str, shape))}"] = values.astype(forging.dtype_of(dtype))
    tensors |= {f"block{number}/{'long' * 40}": np.float32(number) for number in range(2000)}  # several table blocks
    tensors["strings"] = np.array([[b"", b"\0a"], [b"x" * 300, "é".encode()]], object)
    path = write_checkpoint(tmp_path / "model.ckpt", tensors, global_step=12)
    found = tensorflow(
        """
        reader = tf.train.load_checkpoint(sys.argv[1])
        found = {"": tf.train.latest_checkpoint(sys.argv[1])}
        for name, shape in reader.get_variable_to_shape_map().items():
            value = np.asarray(reader.get_tensor(name))
            dtype = reader.get_variable_to_dtype_map()[name].name
            if dtype == "string":
                found[name] = [dtype, [base64.b64encode(item).decode() for item in value.flat], shape]
            else:
                found[name] = [dtype, base64.b64encode(value.tobytes()).decode(), shape]
        print(json.dumps(found))
        """,
        tmp_path,
    )
    assert found.pop("") == path
    assert set(found) == set(tensors)
    for name, (dtype, raw, shape) in found.items():
        array = tensors[name]
        if dtype == "string":
            assert [base64.b64decode(item) for item in raw] == array.ravel().tolist()
        else:
            assert base64.b64decode(raw) == array.tobytes() and dtype == array.dtype.name
        assert tuple(shape) == array.shape


def test_its_saver_restores_what_we_write_whole_and_in_parts(tmp_path):
    array = np.random.default_rng(0).standard_normal((10, 4)).astype(np.float32)
    path = write_checkpoint(tmp_path / "model.ckpt", {"p": array, "global_step": np.int64(3)})
    found = tensorflow(
        """
        found = []
        for parts in (None, 3):
            with tf.Graph().as_default(), tf1.Session() as session:
                partitioner = parts and tf1.fixed_size_partitioner(parts)
                with tf1.variable_scope("", partitioner=partitioner, use_resource=False):
                    variable = tf1.get_variable("p", [10, 4])
                step = tf1.train.get_or_create_global_step()
                tf1.train.Saver().restore(session, sys.argv[1])
                found.append([session.run(tf.convert_to_tensor(variable)).tolist(), int(session.run(step))])
        print(json.dumps(found))
        """,
        path,
    )
    assert found == [[array.tolist(), 3]] * 2


def test_we_read_what_it_writes(tmp_path):
    values = tensorflow(
        """
        values = {}
        class Net(tf.Module):
            def __init__(self):
                self.w = tf.Variable(np.arange(6, dtype="f4").reshape(2, 3))
                self.names = [tf.Variable("text")]
        checkpoint = tf.train.Checkpoint(net=Net())
        manager = tf.train.CheckpointManager(checkpoint, sys.argv[1] + "/objects", max_to_keep=2)
        for _ in range(3):
            manager.save()
        with tf.Graph().as_default(), tf1.Session() as session:
            with tf1.variable_scope("", use_resource=False):
                big = tf1.get_variable("big", initializer=tf.random.normal([700, 800]))
                parts = tf1.get_variable("parts", [300, 10], partitioner=tf1.fixed_size_partitioner(4))
            session.run(tf1.global_variables_initializer())
            for version, name in ((1, "one"), (2, "two")):
                saver = tf1.train.Saver({"big": big, "parts": parts}, write_version=version)
                saver.save(session, sys.argv[1] + "/" + name, write_meta_graph=False)
            for name, value in (("big", big), ("parts", tf.convert_to_tensor(parts))):
                values[name] = base64.b64encode(session.run(value).tobytes()).decode()
        a = np.arange(48, dtype="f4").reshape(6, 8)
        tf.raw_ops.SaveV2(
            prefix=sys.argv[1] + "/grid", tensor_names=["g"] * 4,
            shape_and_slices=["6 8 0,3:0,5", "6 8 3,3:0,5", "6 8 0,3:5,3", "6 8 3,3:5,3"],
            tensors=[a[:3, :5], a[3:, :5], a[:3, 5:], a[3:, 5:]])
        print(json.dumps(values))
        """,
        tmp_path,
    )
    for name, version in (("one", "V1"), ("two", "V2")):
        checkpoint = open_checkpoint(tmp_path / name)
        assert checkpoint.format == version
        for tensor, raw in values.items():
            assert checkpoint[tensor].tobytes() == base64.b64decode(raw)
    assert equal(open_checkpoint(tmp_path / "grid")["g"], np.arange(48, dtype=np.float32).reshape(6, 8))
    objects = open_checkpoint(tmp_path / "objects")
    assert objects.path.endswith("ckpt-3")
    assert equal(objects["net/w/.ATTRIBUTES/VARIABLE_VALUE"], np.arange(6, dtype=np.float32).reshape(2, 3))
    assert objects["net/names/0/.ATTRIBUTES/VARIABLE_VALUE"] == b"text"
    state = read_checkpoint_state(tmp_path / "objects")
    assert len(state.all_model_checkpoint_paths) == len(state.all_model_checkpoint_timestamps) == 2
