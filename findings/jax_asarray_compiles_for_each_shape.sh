#!/bin/bash
# jax.numpy.asarray and jax.numpy.array of a NumPy array compile a program for each new shape: one that returns its argument.
# Tens of milliseconds each on a CPU, where the transfer itself takes microseconds; a pipeline whose last batch or whose
# texts vary in length pays it again and again. Where the dtype is named, even the one that the array has anyway, nothing
# is compiled, nor by jax.device_put.
# Seen with jax 0.10.2, programs compiled for ten arrays of ten lengths that were not seen before:
#   asarray(x) 10, array(x) 10, asarray(x, x.dtype) 0, device_put(x) 0
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
cat >"$folder/compiled.py" <<'PYTHON'
import itertools
import sys

import jax
import jax.numpy as jnp
import numpy as np

compiled = []


def listen(event, duration, **facts):
    if event == "/jax/core/compile/backend_compile_duration":
        compiled.append(duration)


jax.monitoring.register_event_duration_secs_listener(listen)
lengths = itertools.count(3)
found = {}
for name, convert in {
    "asarray(x)": jnp.asarray,
    "array(x)": jnp.array,
    "asarray(x, x.dtype)": lambda x: jnp.asarray(x, x.dtype),
    "device_put(x)": jax.device_put,
}.items():
    before = len(compiled)
    for _ in range(10):
        x = np.ones(next(lengths), np.float32)
        assert np.array_equal(convert(x), x)
    found[name] = len(compiled) - before
print(f"jax {jax.__version__}:", ", ".join(f"{name} {count}" for name, count in found.items()))
sys.exit(list(found.values()) != [10, 10, 0, 0])
PYTHON
JAX_PLATFORMS=cpu "$folder/venv/bin/python" "$folder/compiled.py"
