#!/bin/bash
# Arrays of int4 and uint4, in which quantized weights are kept, can be made, compared and multiplied in JAX, but jnp.sum, jnp.prod and
# jnp.trace end with "ValueError: Invalid integer data type 'V'", within jax.jit too. They want the dtype that a sum of small
# integers gets, and ask np.iinfo, which knows none of ml_dtypes; dtype=jnp.int32 helps. jnp.mean is right.
# What does run has 4 bits for its result: jnp.cumsum and jnp.dot begin again at -8, without a word, and np.sum of the same array,
# which for int8 counts in int64, does so too. And a float beyond the ends of int4 becomes the nearest end in JAX, and another
# number by NumPy (ml_dtypes), so weights that were quantized on the host and on a device differ where they saturate.
# Seen with jax 0.10.2, jaxlib 0.10.2, ml_dtypes 0.6.0, numpy 2.4.6, of twenty sevens:
#   jnp.sum: ValueError: Invalid integer data type 'V'.
#   jnp.sum(dtype=int32): 140.0
#   jnp.mean: 7.0
#   jnp.cumsum: [7.0, -2.0, 5.0, -4.0]
#   jnp.dot: 4.0
#   np.sum of int4: -4.0
#   np.sum of int8: 140.0
#   8.5, -9.0 as int4 by JAX: [7.0, -8.0]
#   8.5, -9.0 as int4 by NumPy: [-8.0, 7.0]
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q jax==0.10.2 jaxlib==0.10.2 ml_dtypes==0.6.0 numpy==2.4.6
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import sys

import jax.numpy as jnp
import ml_dtypes
import numpy as np


def said(function):
    """The result as a list or a number, or the error."""
    try:
        return np.asarray(function()).astype(float).tolist()
    except ValueError as error:
        return f"ValueError: {error}"


sevens = jnp.full(20, 7, jnp.int4)
beyond = np.asarray([8.5, -9.0], np.float32)
found = {
    "jnp.sum": said(lambda: jnp.sum(sevens)),
    "jnp.sum(dtype=int32)": said(lambda: jnp.sum(sevens, dtype=jnp.int32)),
    "jnp.mean": said(lambda: jnp.mean(sevens)),
    "jnp.cumsum": said(lambda: jnp.cumsum(sevens)[:4]),
    "jnp.dot": said(lambda: jnp.dot(sevens, sevens)),
    "np.sum of int4": said(lambda: np.asarray(sevens).sum()),
    "np.sum of int8": said(lambda: np.asarray(sevens).astype(np.int8).sum()),
    "8.5, -9.0 as int4 by JAX": said(lambda: jnp.asarray(beyond).astype(jnp.int4)),
    "8.5, -9.0 as int4 by NumPy": said(lambda: beyond.astype(ml_dtypes.int4)),
}
for name, value in found.items():
    print(f"{name}: {value}")
wanted = ["ValueError: Invalid integer data type 'V'.", 140, 7, [7, -2, 5, -4], 4, -4, 140, [7, -8], [-8, 7]]
sys.exit(0 if list(found.values()) == wanted else 1)
PYTHON
