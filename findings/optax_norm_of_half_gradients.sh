#!/bin/bash
# optax takes the norm of gradients in their own dtype, squares and sums, which goes wrong in two ways, without a word:
# - In float16 the sum of squares ends at 65504, so a norm above 256 is infinite, and clip_by_global_norm, which is there for
#   large gradients, divides by it: every gradient becomes 0, those in float32 beside them too, and the training stands still.
#   Under lars and lamb a weight whose norm is above 256 gets an infinite step by its first update.
# - In bfloat16 the squared norms of the arrays are added one after the other, and 256 and 1 are 256: of 700 gradients of
#   equal norm (deep nets have as many) the first 256 count. What is clipped to 1 has a norm of 1.65.
# The sum over one array is right, so small examples are right as well. Gradients cast to float32 before the clipping have
# none of it.
# Seen with optax 0.2.8, jax 0.10.2, clipped to a norm of 1:
#   float16, 4 of 200: norm inf, clipped [0.0, 0.0, 0.0, 0.0], of norm 0
#   float16, a float32 gradient of 3 beside it: clipped 0.0
#   float32, 4 of 200: norm 400.0, clipped [0.5, 0.5, 0.5, 0.5], of norm 1
#   bfloat16, 700 arrays of norm 1: norm 16, after clipping 1.65
#   float32, 700 arrays of norm 1: norm 26.46, after clipping 1.00
#   lars, a weight of norm 316, first step: float16 -inf, float32 -0.001
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q optax==0.2.8 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import math
import sys

import jax.numpy as jnp
import numpy as np
import optax

for package in ("optax", "jax"):
    print(package, importlib.metadata.version(package))
clip = optax.clip_by_global_norm(1.0)


def clipped(gradients):
    return clip.update(gradients, clip.init(gradients))[0]


def true_norm(gradients):
    return math.sqrt(sum(float(np.square(np.asarray(gradient, np.float64)).sum()) for gradient in gradients))


def first_lars_step(dtype):
    optimizer, weight = optax.lars(0.1), jnp.full(1000, 10, dtype)
    return float(optimizer.update(jnp.ones_like(weight), optimizer.init(weight), weight)[0][0])


large = {dtype.dtype.name: [jnp.full(4, 200, dtype)] for dtype in (jnp.float16, jnp.float32)}
many = {dtype.dtype.name: [jnp.ones((), dtype)] * 700 for dtype in (jnp.bfloat16, jnp.float32)}
mixed = clipped([*large["float16"], jnp.full((), 3, jnp.float32)])
for name, gradients in large.items():
    result, norm = clipped(gradients), float(optax.tree.norm(gradients))
    print(f"{name}, 4 of 200: norm {norm}, clipped {result[0].tolist()}, of norm {true_norm(result):.3g}")
print("float16, a float32 gradient of 3 beside it: clipped", float(mixed[1]))
for name, gradients in many.items():
    norm, after = float(optax.tree.norm(gradients)), true_norm(clipped(gradients))
    print(f"{name}, 700 arrays of norm 1: norm {norm:.4g}, after clipping {after:.2f}")
steps = [first_lars_step(dtype) for dtype in (jnp.float16, jnp.float32)]
print("lars, a weight of norm 316, first step: float16 {:.3g}, float32 {:.3g}".format(*steps))
wrong = [
    true_norm(clipped(large["float16"])) == 0,
    float(mixed[1]) == 0,
    true_norm(clipped(many["bfloat16"])) > 1.5,
    math.isinf(steps[0]),
]
right = [true_norm(clipped(gradients["float32"])) for gradients in (large, many)]
sys.exit(not all(wrong) or not np.allclose(right, 1, atol=1e-3) or not math.isfinite(steps[1]))
PYTHON
