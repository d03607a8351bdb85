#!/bin/bash
# NumPy does not sort an array of bfloat16 (or of a float8) that has one NaN in it. For its own floats it puts NaN last; for those
# of ml_dtypes it asks <, which is false for NaN on both sides, so what lies before the NaN and what lies behind it are
# never compared. np.sort returns an array in no order, np.argsort(...)[-3:] are not the three largest, np.median is a number
# in place of NaN, np.unique has a value twice; no warning. jax.numpy sorts the same array rightly, and so does NumPy in
# float32 (astype). The best classes of a net's bfloat16 logits and the medians of its activations, taken on the host,
# so go wrong just where somebody looks for a NaN, and look like numbers.
# Seen with NumPy 2.4.6, ml_dtypes 0.6.0, jax 0.10.2, the array [5, nan, 1, 3, 2, 4, 5]:
#   float16: sorted [1.0, 2.0, 3.0, 4.0, 5.0, 5.0, nan], 3 largest [5.0, 5.0, nan], median nan,
#     unique [1.0, 2.0, 3.0, 4.0, 5.0, nan]
#   bfloat16: sorted [5.0, nan, 1.0, 2.0, 3.0, 4.0, 5.0], 3 largest [3.0, 4.0, 5.0], median 2.0,
#     unique [5.0, nan, 1.0, 2.0, 3.0, 4.0, 5.0]
#   float8_e4m3fn: as bfloat16
#   bfloat16 by jax.numpy: sorted [1.0, 2.0, 3.0, 4.0, 5.0, 5.0, nan]
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q numpy==2.4.6 ml_dtypes==0.6.0 jax==0.10.2 jaxlib==0.10.2
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import math
import sys

import jax.numpy as jnp
import ml_dtypes
import numpy as np

for package in ("numpy", "ml_dtypes", "jax"):
    print(package, importlib.metadata.version(package))
numbers = [5, math.nan, 1, 3, 2, 4, 5]


def described(dtype):
    array = np.array(numbers, dtype)
    ordered, largest = np.sort(array), array[np.argsort(array)[-3:]]
    listed = [part.astype(float).tolist() for part in (ordered, largest, np.unique(array))]
    return "sorted {}, 3 largest {}, median {}, unique {}".format(*listed[:2], float(np.median(array)), listed[2])


found = {dtype.__name__: described(dtype) for dtype in (np.float16, ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn)}
by_jax = jnp.sort(jnp.array(numbers, jnp.bfloat16)).astype(float).tolist()
for name, text in found.items():
    print(f"{name}: {text}")
print("bfloat16 by jax.numpy: sorted", by_jax)
right, wrong = "sorted [1.0, 2.0, 3.0, 4.0, 5.0, 5.0, nan]", "sorted [5.0, nan, 1.0, 2.0, 3.0, 4.0, 5.0]"
as_seen = [right in found["float16"], wrong in found["bfloat16"], wrong in found["float8_e4m3fn"]]
sys.exit(not all(as_seen) or f"sorted {by_jax}" != right)
PYTHON
