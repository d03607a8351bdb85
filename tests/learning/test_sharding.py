"""Data parallel, fully sharded and tensor parallel runs give the losses of one device; and rules that are refused."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import optax
import pytest
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

import jax_slim as slim
import quick_compiling
from jax_slim.parallel import fully_sharded
from jax_slim.parallel.meshes import checked_mesh
from jax_slim.parallel.placing import place_batch
from jax_slim.parallel.rules import shardings


@pytest.mark.slow
def test_every_layout_gives_the_losses_of_one_device(tmp_path):
    script = Path(__file__).parent / "sharded_run.py"
    environment = os.environ | {
        "PYTHONPATH": str(script.parents[2]),
        "XLA_FLAGS": quick_compiling.on_devices(8),
    }
    done = subprocess.run([sys.executable, str(script), str(tmp_path)], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["accuracy"][0] == pytest.approx(report["accuracy"][1])
    one = report["one device"]
    for layout in ("data parallel", "fully sharded", "tensor parallel"):
        np.testing.assert_allclose(report[layout]["losses"], one["losses"], rtol=2e-4, err_msg=layout)
    assert report["data parallel"]["shapes"] == one["shapes"] == {"fc1/weights": [784, 64], "fc2/weights": [64, 32]}
    assert report["fully sharded"]["shapes"] == {"fc1/weights": [98, 64], "fc2/weights": [8, 32]}
    assert report["fully sharded"]["moments"] == [98, 64]
    assert report["tensor parallel"]["shapes"] == {"fc1/weights": [784, 16], "fc2/weights": [16, 32]}
    assert report["tensor parallel"]["moments"] == [784, 16]


MESH = Mesh(np.asarray(jax.devices()[:1]).reshape(1, 1), ("data", "model"))
SHAPES = {"variables/fc/weights": jax.ShapeDtypeStruct((6, 4), "float32"), "rng": jax.ShapeDtypeStruct((2,), "uint32")}


def short(name):
    return name.removeprefix("variables/")


def test_rules_are_by_variable_name():
    found = shardings(SHAPES, MESH, [("fc/.*", P("data", "model"))], short)
    assert found == {"variables/fc/weights": NamedSharding(MESH, P("data", "model")), "rng": NamedSharding(MESH, P())}
    by_function = shardings(SHAPES, MESH, lambda name, shape: P("data") if name == "fc/weights" else P(), short)
    assert by_function["variables/fc/weights"].spec == P("data")
    assert shardings(SHAPES, MESH, None, short)["variables/fc/weights"].spec == P()


def test_fully_sharded_cuts_the_longest_axis_that_divides():
    mesh = jax.sharding.AbstractMesh((4,), ("data",))
    rule = fully_sharded(min_size=10).on(mesh)
    assert rule("a", (6, 8)) == P(None, "data")
    assert rule("a", (16, 8)) == P("data", None)
    assert rule("a", (7, 9)) == P()
    assert rule("a", (8,)) == P()


def test_refusals():
    with pytest.raises(ValueError, match=r"the pattern 'fc' matches no variable\."):
        shardings(SHAPES, MESH, [("fc", P("data"))], short)
    with pytest.raises(ValueError, match=r"'fc/weights' has shape \(6, 4\), but its rule names 3 axes"):
        shardings(SHAPES, MESH, [("fc/weights", P("data", None, "model"))], short)
    wide = jax.sharding.AbstractMesh((4,), ("data",))
    with pytest.raises(ValueError, match=r"'fc/weights' of shape \(6, 4\) cannot be cut by .*6 is not a multiple of 4"):
        shardings(SHAPES, wide, [("fc/weights", P("data"))], short)
    with pytest.raises(ValueError, match=r"mesh must have an axis 'data'.*got the axes \('x',\)"):
        checked_mesh(Mesh(np.asarray(jax.devices()[:1]), ("x",)))


def test_batches_are_copied():
    source = np.zeros((4, 2), np.float32)
    placed = place_batch({"x": source, "scalar": 3.0}, Mesh(np.asarray(jax.devices()[:1]), ("data",)))
    source[:] = 7
    assert placed["x"].sum() == 0
    assert placed["scalar"] == 3


def test_fully_sharded_leaves_the_random_key_whole_and_resumes(tmp_path):
    def loss_fn(batch):
        logits = slim.fully_connected(slim.dropout(batch["x"], 0.5), 2, activation_fn=None)
        slim.losses.mean_squared_error(logits, batch["y"])
        return slim.losses.get_total_loss()

    arrays = {"x": np.ones((8, 4), np.float32), "y": np.ones((8, 2), np.float32)}
    train_op = slim.learning.create_train_op(loss_fn, optax.sgd(0.1, momentum=0.9))
    for steps in (1, 2):
        result = slim.learning.train(
            train_op, tmp_path, slim.data.Batches(arrays, 8), steps, sharding_rules=fully_sharded(min_size=0)
        )
        assert result.step == steps
    assert result.state.rng.sharding.is_fully_replicated
