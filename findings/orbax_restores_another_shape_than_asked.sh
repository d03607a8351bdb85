#!/bin/bash
# orbax's StandardCheckpointer refuses to restore an array into a tree that has another shape in its place ("Truncating/padding
# is disabled"), but only where a jax.Array comes back. What comes back as a NumPy array comes with the shape of the file,
# whatever was asked for, without a word: where the tree holds NumPy arrays, and, where it holds ShapeDtypeStructs (of
# jax.eval_shape, say), if NumPy arrays were saved. The dtype that was asked for is given in all cases. So a program
# of 4 classes reads the 6 of an older one and goes on, where the same program with its arrays on a device is told.
# Seen with orbax-checkpoint 0.12.8, jax 0.10.2, an array of 6 float32 restored as 4 of float16:
#   saved by JAX: into a jax.Array ValueError, into a ShapeDtypeStruct ValueError, into a NumPy array (6,) float16
#   saved by NumPy: into a jax.Array ValueError, into a ShapeDtypeStruct (6,) float16, into a NumPy array (6,) float16
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q jax==0.10.2 jaxlib==0.10.2 orbax-checkpoint==0.12.8 numpy==2.4.6
cd "$folder"
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import importlib.metadata
import pathlib
import sys

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp

for package in ("orbax-checkpoint", "jax"):
    print(package, importlib.metadata.version(package))
asked = {
    "a jax.Array": jnp.zeros(4, jnp.float16),
    "a ShapeDtypeStruct": jax.ShapeDtypeStruct((4,), jnp.float16),
    "a NumPy array": np.zeros(4, np.float16),
}


def restored(place, target):
    with ocp.StandardCheckpointer() as checkpointer:
        try:
            array = checkpointer.restore(place, {"bias": target})["bias"]
        except ValueError as error:
            return "ValueError" if "is not compatible with the stored shape" in str(error) else repr(error)
    return f"{array.shape} {array.dtype}"


found = {}
for name, array in {"JAX": jnp.arange(6.0), "NumPy": np.arange(6, dtype=np.float32)}.items():
    place = pathlib.Path.cwd() / name
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(place, {"bias": array})
    found[name] = [restored(place, target) for target in asked.values()]
    print(f"saved by {name}: " + ", ".join(f"into {kind} {what}" for kind, what in zip(asked, found[name], strict=True)))
other = "(6,) float16"
sys.exit(found != {"JAX": ["ValueError", "ValueError", other], "NumPy": ["ValueError", other, other]})
PYTHON
