#!/bin/bash
# safetensors writes the metadata of a file in another order each time: the same tensors and strings give other bytes, and
# so other checksums. (The strings go through a hash map with a random seed.)
# Seen with safetensors 0.8.0: 20 times the same data, about 20 different files.
# Exits 0 while that is so, 1 when all are the same.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q safetensors==0.8.0 numpy==2.4.2
"$folder/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import sys

import numpy as np
from safetensors.numpy import save

print("safetensors", importlib.metadata.version("safetensors"))
metadata = {f"key{number}": "value" for number in range(6)}
files = {save({"a": np.ones(2, np.float32)}, metadata=metadata) for _ in range(20)}
print(f"20 times the same data: {len(files)} different files")
sys.exit(len(files) == 1)
PYTHON
