#!/bin/bash
# Two processes of jax.distributed on CPUs: a process that comes 40 s late to the first collective over some devices fails the
# run, though nothing is wrong; to a later one over the same devices it may come as late as it likes. So two processes of
# which one compiles half a minute longer (the other has the program in its cache) cannot do their first step.
# Seen with jax 0.10.2, jaxlib 0.10.2; jax.distributed's own timeouts (300 s, 100 s) were not reached:
#   first: JaxRuntimeError: UNKNOWN: Gloo context initialization failed: DEADLINE_EXCEEDED: GetKeyValue() timed out with key:
#     cpu:gloo/0,2048/1 and duration: 29.99...s
#   later: 2.0
# Exits 0 while that is so, 1 when the first one waits as well or the later one does not.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q jax==0.10.2 jaxlib==0.10.2
cat > "$folder/program.py" <<'PYTHON'
import os
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

index, when, port = int(sys.argv[1]), sys.argv[2], sys.argv[3]
jax.distributed.initialize(f"127.0.0.1:{port}", 2, index)
mesh = Mesh(np.array(jax.devices()), "x")


def total():
    split = NamedSharding(mesh, PartitionSpec("x"))
    rows = jax.make_array_from_callback((2, 1), split, lambda _: np.ones((1, 1), np.float32))
    return float(jax.jit(jnp.sum, out_shardings=NamedSharding(mesh, PartitionSpec()))(rows))


if when == "later":
    total()
if index == 1:
    time.sleep(40)
try:
    said = total()
except Exception as error:
    said = f"{type(error).__name__}: {error}"
if index == 0:
    print(f"{when}: {said}", flush=True)
    time.sleep(15)  # the coordinator: until the other is done too
os._exit(0)
PYTHON
export JAX_PLATFORMS=cpu
for when in first later; do
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    "$folder/venv/bin/python" "$folder/program.py" 1 $when "$port" >"$folder/other" 2>&1 &
    "$folder/venv/bin/python" "$folder/program.py" 0 $when "$port" 2>/dev/null | tee "$folder/$when"
    wait || true
done
grep -q "DEADLINE_EXCEEDED" "$folder/first"
grep -q "^later: 2.0" "$folder/later"
