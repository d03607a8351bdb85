#!/bin/bash
# jax.numpy gives a Python number the dtype of the integer array beside it, and a number that has no place there wraps around,
# without a word: among uint8, 256 is 0, 300 is 44, -1 is 255. So of labels stored as bytes none is below 256 (x < 256, the
# check of a range of 256 classes), x != -1 drops those of 255, x % 256 and jnp.clip(x, 0, 256) make zeros of all, and
# jnp.max(x, initial=-1) is 255. Among int8 no label is below 200. NumPy 2 has the same rule for dtypes, but compares
# and clips exactly, and raises OverflowError where the result cannot hold the number; JAX raises in jnp.uint8(300) and
# jnp.array([300], jnp.uint8), but in none of these, nor inside of jit. And a table of more than 127 rows refuses int8 indices
# altogether, though jnp.take and NumPy take them. Labels widened first, x.astype(jnp.int32), have none of it.
# Seen with jax 0.10.2, NumPy 2.4.6, x = [0, 7, 255] of uint8:
#   x < 256: JAX [False, False, False], NumPy [True, True, True]
#   x != -1: JAX [True, True, False], NumPy [True, True, True]
#   x % 256: JAX [0, 0, 0], NumPy OverflowError
#   xnp.clip(x, 0, 256): JAX [0, 0, 0], NumPy [0, 7, 255]
#   xnp.max(x, initial=-1): JAX 255, NumPy OverflowError
#   xnp.full(3, 300, xnp.uint8): JAX [44, 44, 44], NumPy OverflowError
#   (x // 128).astype(xnp.int8) < 200: JAX [False, False, False], NumPy [True, True, True]
#   xnp.arange(200)[xnp.array([1, 100], xnp.int8)]: JAX OverflowError, NumPy [1, 100]
#   by jit, x < 256: [False, False, False]
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'PYTHON'
import sys

import jax
import jax.numpy as jnp
import numpy as np


def outcome(expression, xnp):
    try:
        return np.asarray(eval(expression, {"xnp": xnp, "x": xnp.array([0, 7, 255], xnp.uint8)})).tolist()
    except OverflowError as error:
        return type(error).__name__


print("jax", jax.__version__, "numpy", np.__version__)
none, every, zeros, overflow = [False] * 3, [True] * 3, [0] * 3, "OverflowError"
expected = {
    "x < 256": (none, every),
    "x != -1": ([True, True, False], every),
    "x % 256": (zeros, overflow),
    "xnp.clip(x, 0, 256)": (zeros, [0, 7, 255]),
    "xnp.max(x, initial=-1)": (255, overflow),
    "xnp.full(3, 300, xnp.uint8)": ([44] * 3, overflow),
    "(x // 128).astype(xnp.int8) < 200": (none, every),
    "xnp.arange(200)[xnp.array([1, 100], xnp.int8)]": (overflow, [1, 100]),
}
found = {expression: (outcome(expression, jnp), outcome(expression, np)) for expression in expected}
for expression, (by_jax, by_numpy) in found.items():
    print(f"{expression}: JAX {by_jax}, NumPy {by_numpy}")
compiled = jax.jit(lambda x: x < 256)(np.array([0, 7, 255], np.uint8)).tolist()
print("by jit, x < 256:", compiled)
sys.exit(found != expected or compiled != none)
PYTHON
