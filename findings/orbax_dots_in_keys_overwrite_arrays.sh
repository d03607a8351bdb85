#!/bin/bash
# orbax joins the keys on the way to an array by dots, and saves the array under that name, so two arrays of one tree can have the
# same name: tree["encoder.norm"] and tree["encoder"]["norm"]. Of one shape, one is written over the other, without a word, and
# restoring gives the same numbers in both places; which ones, differs from run to run. Of two shapes, saving fails, with an error
# about zarr and shapes. Names with dots come from PyTorch's state dicts, and a tree that holds both is soon made (weights of
# others beside one's own). A slash in a key, as in TensorFlow's names, is safe, and so are dots where no such pair meets.
# It is so for NumPy arrays and for jax.Arrays, with and without a tree to restore into.
# Seen with orbax-checkpoint 0.12.8, tensorstore 0.1.86, jax 0.10.2, numpy 2.4.6:
#   saved {'encoder': {'norm': [2.0]}, 'encoder.norm': [1.0]}
#   numpy: {'encoder': {'norm': [1.0]}, 'encoder.norm': [1.0]}
#   jax: {'encoder': {'norm': [2.0]}, 'encoder.norm': [2.0]}
#   slash: {'encoder': {'norm': [2.0]}, 'encoder/norm': [1.0]}
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q orbax-checkpoint==0.12.8 tensorstore==0.1.86 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - "$folder" 2>/dev/null <<'PYTHON'
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp

folder = Path(sys.argv[1])


def restored(name, tree):
    """What comes back of a tree, as lists, asked for as it is and as a tree of shapes."""
    wanted = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), tree)
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(folder / name, tree)
        checkpointer.wait_until_finished()
        found = [checkpointer.restore(folder / name), checkpointer.restore(folder / name, wanted)]
    plain, into = (jax.tree.map(lambda x: np.asarray(x).tolist(), tree) for tree in found)
    assert plain == into, (plain, into)
    return plain


def tree(separator, array):
    return {f"encoder{separator}norm": array(1.0), "encoder": {"norm": array(2.0)}}


def numpy(value):
    return np.full(1, value, np.float32)


def jaxs(value):
    return jnp.full(1, value, jnp.float32)


print("saved", {"encoder": {"norm": [2.0]}, "encoder.norm": [1.0]})
trees = {"numpy": tree(".", numpy), "jax": tree(".", jaxs), "slash": tree("/", numpy)}
results = {name: restored(name, value) for name, value in trees.items()}
for name, found in results.items():
    print(f"{name}: {found}")
kept = {"encoder": {"norm": [2.0]}, "encoder/norm": [1.0]}
lost = all(results[name]["encoder"]["norm"] == results[name]["encoder.norm"] for name in ("numpy", "jax"))
sys.exit(0 if lost and results["slash"] == kept else 1)
PYTHON
