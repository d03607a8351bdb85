#!/bin/bash
# Two AsyncCheckpointers in two threads of one process, which save into two directories, disturb each other: one fails with
# 'File exists' or 'Directory not empty', as each makes the temporary directories of the other as well.
# Seen with orbax-checkpoint 0.12.8, jax 0.10.2:
#   FileExistsError: [Errno 17] File exists: '.../1/5.orbax-checkpoint-tmp'
# Exits 0 while that is so, 1 when 40 saves in each of two threads go well.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q jax==0.10.2 orbax-checkpoint==0.12.8
cd "$folder"
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import importlib.metadata
import os
import sys
import threading

import numpy as np
import orbax.checkpoint as ocp

for package in ("jax", "orbax-checkpoint"):
    print(package, importlib.metadata.version(package))
failures = []


def save(number):
    try:
        with ocp.AsyncCheckpointer(ocp.PyTreeCheckpointHandler()) as checkpointer:
            for step in range(40):
                path = os.path.abspath(f"{number}/{step}")
                checkpointer.save(path, args=ocp.args.PyTreeSave({"a": np.ones(3)}))
                checkpointer.wait_until_finished()
    except Exception as error:
        failures.append(error)


threads = [threading.Thread(target=save, args=(number,)) for number in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
for error in failures:
    print(f"{type(error).__name__}: {error}")
sys.stdout.flush()
os._exit(not failures)
PYTHON
