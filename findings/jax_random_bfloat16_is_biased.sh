#!/bin/bash
# Whatever jax.random draws in bfloat16 is made of one uniform number of 128 values, 0 among them, and some draws are not
# merely coarse but wrong by far: bernoulli, where p is bfloat16 (a rate of dropout or stochastic depth that was cast with the
# parameters), is true at p = 0.001 eight times as often as asked, as 0 is below any p; logistic takes the 0 for the smallest of
# all normal numbers and its logarithm, -87, for a draw, one of 128, so that its mean is -0.68 and its deviation 7.8
# (wanted: 0 and 1.81); normal ends at -2.9 and 2.5, so no initializer in bfloat16 has tails. No warning.
# A draw in float32 that is cast afterwards has none of it.
# Seen with jax 0.10.2, 2000000 draws of jax.random.key(0), bfloat16, then float32:
#   rate of bernoulli at 0.001: 0.0078, 0.0010
#   mean of logistic: -0.6780, 0.0011
#   deviation of logistic: 7.8644, 1.8131
#   least of normal: -2.8906, -4.6452
#   largest of normal: 2.5156, 5.2201
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import sys

import jax
import jax.numpy as jnp
import numpy as np

print("jax", importlib.metadata.version("jax"))
key, shape = jax.random.key(0), (2_000_000,)


def statistics(dtype):
    """The rate of bernoulli at 0.001, mean and deviation of logistic, the ends of normal."""
    true = np.asarray(jax.random.bernoulli(key, jnp.asarray(0.001, dtype), shape))
    logistic = np.asarray(jax.random.logistic(key, shape, dtype), np.float64)
    normal = np.asarray(jax.random.normal(key, shape, dtype), np.float64)
    return true.mean(), logistic.mean(), logistic.std(), normal.min(), normal.max()


half, full = statistics(jnp.bfloat16), statistics(jnp.float32)
names = ("rate of bernoulli at 0.001", "mean of logistic", "deviation of logistic", "least of normal", "largest of normal")
for name, in_half, in_full in zip(names, half, full):
    print(f"{name}: {in_half:.4f}, {in_full:.4f}")
sys.exit(not (half[0] > 0.007 > 0.0012 > full[0] and half[1] < -0.6 and abs(full[1]) < 0.01 and half[4] < 3 < full[4]))
PYTHON
