#!/bin/bash
# orbax-checkpoint saves into a directory with [brackets] or a backslash in its path, reports success, and cannot read it.
# The files of each process are merged into one index, and are looked for with a glob of the whole path: 'run[1]' is then
# a pattern that does not find 'run[1]'. A backslash is a slash to tensorstore, which writes elsewhere.
# Seen with orbax-checkpoint 0.12.8, tensorstore 0.1.86, jax 0.10.2:
#   run_1: read again
#   run[1]: saved, then ValueError: NOT_FOUND: Error opening "zarr" driver: ...
#   back\slash: saved, then ValueError: NOT_FOUND: ...
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q jax==0.10.2 orbax-checkpoint==0.12.8 tensorstore==0.1.86
cd "$folder"
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import importlib.metadata
import os
import sys

import numpy as np
import orbax.checkpoint as ocp

for package in ("jax", "orbax-checkpoint", "tensorstore"):
    print(package, importlib.metadata.version(package))
read = {}
for name in ("run_1", "run[1]", "back\\slash"):
    path = os.path.abspath(name)
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(path, {"a": np.arange(3.0)})
    try:
        with ocp.StandardCheckpointer() as checkpointer:
            checkpointer.restore(path)
        read[name] = True
        print(f"{name}: read again")
    except Exception as error:
        read[name] = False
        print(f"{name}: saved, then {type(error).__name__}: {str(error)[:60]}")
sys.exit(read != {"run_1": True, "run[1]": False, "back\\slash": False})
PYTHON
