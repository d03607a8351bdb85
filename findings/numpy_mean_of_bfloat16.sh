#!/bin/bash
# NumPy adds up bfloat16 arrays in bfloat16, one by one, though it takes float32 for float16: a sum of ones stops at 256 (at
# 16 in float8_e4m3fn), and the mean of a thousand ones is 0.256. So np.mean of a bfloat16 array of JAX is right, as it asks
# the array itself, which adds in float32, and np.mean of the same array after np.asarray or jax.device_get is not: an
# accuracy or a loss taken on the host is too small without a word. np.average, np.var and np.std are wrong as well, np.dot
# and np.linalg.norm are right. dtype=np.float32 adds as JAX does.
# Seen with NumPy 2.4.6, ml_dtypes 0.6.0, jax 0.10.2, 1000 ones:
#   np.mean of the array of JAX 1.0
#   on the host: np.mean 0.255859375, np.average 0.255859375, np.dot 1000.0, np.mean with dtype=np.float32 1.0
#   np.mean on the host, in float16 1.0
#   np.sum on the host, in float8_e4m3fn 16.0
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q jax==0.10.2 jaxlib==0.10.2 ml_dtypes==0.6.0 numpy==2.4.6
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import sys

import jax
import jax.numpy as jnp
import numpy as np

for package in ("jax", "ml_dtypes", "numpy"):
    print(package, importlib.metadata.version(package))
half = jnp.ones(1000, jnp.bfloat16)
host = jax.device_get(half)
assert host.dtype == half.dtype and (host == 1).all()
found = {
    "np.mean of the array of JAX": np.mean(half),
    "np.mean on the host": np.mean(host),
    "np.average on the host": np.average(host),
    "np.dot on the host": np.dot(host, host),
    "np.mean on the host with dtype=np.float32": np.mean(host, dtype=np.float32),
    "np.mean on the host, in float16": np.mean(host.astype(np.float16)),
    "np.sum on the host, in float8_e4m3fn": np.sum(host.astype(jnp.float8_e4m3fn)),
}
for name, value in found.items():
    print(name, float(value))
sys.exit([float(value) for value in found.values()] != [1, 0.255859375, 0.255859375, 1000, 1, 1, 16])
PYTHON
