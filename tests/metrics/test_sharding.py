"""Batches spread over four devices give the numbers that one device gives."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

PROGRAM = """
import sys
import jax
jax.config.update("jax_num_cpu_devices", 4)
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec as P
from metrics import everything
import jax_slim as slim

mesh = jax.make_mesh((4,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
rows, everywhere = NamedSharding(mesh, P("data")), NamedSharding(mesh, P())

def program(batch):
    pairs = everything.program(batch, sys.argv[1:])
    # What a network under shard_map predicts is a global array again: metrics go outside of shard_map.
    network = jax.shard_map(lambda x: x * 2, mesh=mesh, in_specs=P("data"), out_specs=P("data"))
    return pairs | {"network": slim.metrics.streaming_mean(network(batch["x"]), batch["weight"])}

model = slim.Model(program)
batches = [everything.data(seed=seed) for seed in (0, 1)]
initial = model.init(jax.random.key(0), batches[0])

def run(place, place_variables):
    collect = jax.jit(model.collect)
    variables, pairs = place_variables(initial), []
    for batch in batches:
        pair, collected = collect(variables, place(batch))
        variables |= collected.updates
        pairs.append(pair)
    return pairs

one = run(lambda batch: batch, lambda variables: variables)
spread = lambda batch: jax.device_put(batch, rows)
assert len(spread(batches[0])["x"].addressable_shards) == 4
four = run(spread, lambda variables: jax.device_put(variables, everywhere))

def compare(path, a, b):
    np.testing.assert_allclose(np.asarray(b), np.asarray(a), rtol=1e-6, atol=1e-7, err_msg=jax.tree_util.keystr(path))

jax.tree_util.tree_map_with_path(compare, one, four)
for key, value in everything.definitions({k: np.concatenate([b[k] for b in batches]) for k in batches[0]}).items():
    if key in four[-1] and key not in ("iou", "interval"):
        np.testing.assert_allclose(np.asarray(four[-1][key][1]), np.asarray(value), rtol=2e-5, atol=2e-6, err_msg=key)
print("equal")
"""


SOME = ["mean", "accuracy", "recalls", "dynamic_auc", "counts", "iou", "kappa_weighted", "covariance", "sparse_recall"]


@pytest.mark.parametrize("metrics", [SOME, pytest.param([], marks=pytest.mark.slow)], ids=["some", "all"])
def test_sharded_batches(metrics):
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, *metrics],
        cwd=TESTS,
        env={**os.environ, "PYTHONPATH": f"{TESTS.parent}{os.pathsep}{TESTS}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "equal"
