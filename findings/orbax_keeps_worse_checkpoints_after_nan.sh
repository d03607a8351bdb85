#!/bin/bash
# orbax's CheckpointManager, told to keep the best checkpoints (best_fn, max_to_keep), deletes the best one once a metric was
# NaN, and best_step() names a worse one. It sorts the checkpoints by their metrics with Python's sort, and NaN is neither
# smaller nor larger than anything, so what stands before it and behind it is sorted apart: a checkpoint behind the NaN
# counts as better than the best before it. So one evaluation without an example, or one bad step from which the training
# came back, costs the best weights; nothing is said, and a mode of "max" does the same as "min".
# best_fn=lambda metrics: metrics["loss"] if metrics["loss"] == metrics["loss"] else math.inf (-math.inf for "max") helps.
# Seen with orbax-checkpoint 0.12.8, jax 0.10.2, max_to_keep=2, a step's number is the place of its loss:
#   [1.0, 4.0, 3.0, 2.0]: kept [0, 3], best 0
#   [1.0, nan, 3.0, 2.0]: kept [2, 3], best 3
#   [1.0, nan, 3.0, 2.0], NaN as infinity: kept [0, 3], best 0
#   [3.0, 1.0, nan, 2.0]: kept [2, 3], best 3
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q jax==0.10.2 jaxlib==0.10.2 orbax-checkpoint==0.12.8 numpy==2.4.6
cd "$folder"
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import importlib.metadata
import itertools
import math
import pathlib
import sys

import numpy as np
import orbax.checkpoint as ocp

for package in ("orbax-checkpoint", "jax"):
    print(package, importlib.metadata.version(package))
runs = itertools.count()


def kept(losses, best_fn=lambda metrics: metrics["loss"]):
    """The steps that are left after a checkpoint for each loss, and the one that is called the best."""
    options = ocp.CheckpointManagerOptions(
        max_to_keep=2, best_fn=best_fn, best_mode="min", enable_async_checkpointing=False
    )
    with ocp.CheckpointManager(pathlib.Path.cwd() / str(next(runs)), options=options) as manager:
        for step, loss in enumerate(losses):
            manager.save(step, args=ocp.args.StandardSave({"w": np.zeros(1)}), metrics={"loss": loss})
        return manager.all_steps(), manager.best_step()


def nan_last(metrics):
    return math.inf if math.isnan(metrics["loss"]) else metrics["loss"]


nan = math.nan
found = {
    "[1.0, 4.0, 3.0, 2.0]": kept([1.0, 4.0, 3.0, 2.0]),
    "[1.0, nan, 3.0, 2.0]": kept([1.0, nan, 3.0, 2.0]),
    "[1.0, nan, 3.0, 2.0], NaN as infinity": kept([1.0, nan, 3.0, 2.0], nan_last),
    "[3.0, 1.0, nan, 2.0]": kept([3.0, 1.0, nan, 2.0]),
}
for losses, (steps, best) in found.items():
    print(f"{losses}: kept {list(steps)}, best {best}")
best = [best for _, best in found.values()]
gone = [0 not in found["[1.0, nan, 3.0, 2.0]"][0], 1 not in found["[3.0, 1.0, nan, 2.0]"][0]]
sys.exit(best != [0, 3, 0, 3] or not all(gone))
PYTHON
