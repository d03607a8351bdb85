#!/bin/bash
# flax.serialization writes the bytes of a NumPy array as they lie and its dtype by its name, which says nothing of the byte
# order: a big-endian array, as FITS files, IDX files (MNIST) and netCDF give it, comes back as other numbers, the bytes of
# each turned around, without a word. 1 comes back as 16777216, 1.0 as 4.6e-41. Statistics of a data set that are kept in
# a training state are such arrays. safetensors turns the bytes when it writes, jax.numpy refuses the dtype. Before writing,
# array.astype(array.dtype.newbyteorder("=")) helps.
# Seen with flax 0.12.8, safetensors 0.8.0, NumPy 2.4.6, the array [1, 2, 3]:
#   >i4: flax [16777216, 33554432, 50331648], safetensors [1, 2, 3]
#   <i4: flax [1, 2, 3], safetensors [1, 2, 3]
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q flax==0.12.8 jax==0.10.2 jaxlib==0.10.2 safetensors==0.8.0 numpy==2.4.6
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import sys

import numpy as np
import safetensors.numpy
from flax import serialization

for package in ("flax", "safetensors", "numpy"):
    print(package, importlib.metadata.version(package))
found = {}
for order in (">i4", "<i4"):
    state = {"mean": np.array([1, 2, 3], order)}
    by_flax = serialization.from_bytes(state, serialization.to_bytes(state))["mean"].tolist()
    by_safetensors = safetensors.numpy.load(safetensors.numpy.save(state))["mean"].tolist()
    print(f"{order}: flax {by_flax}, safetensors {by_safetensors}")
    found[order] = by_flax, by_safetensors
kept = [1, 2, 3]
sys.exit(found != {">i4": ([1 << 24, 2 << 24, 3 << 24], kept), "<i4": (kept, kept)})
PYTHON
