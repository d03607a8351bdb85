#!/bin/bash
# JAX's `serialize_executable` on a CPU: a program that came out of the persistent compilation cache is written and read without a
# word, and fails when it is run: "Function ... not found". So what compiles once and stores its program works on a fresh machine
# and breaks on the second deployment, when the cache has the program. Compiled with the cache turned off, all is well.
#
# Seen with jax 0.10.2, jaxlib 0.10.2, Python 3.11 on Linux:
#   cache empty: stored program gives 145.0
#   cache full: stored program fails, Function ... not found
#   cache off: stored program gives 145.0
# Exits 0 while that is so, 1 when a program from the cache can be stored, or cannot be written.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q jax==0.10.2 jaxlib==0.10.2

cat >"$folder/store.py" <<'PYTHON'
import pickle, sys

import jax, jax.numpy as jnp
from jax.experimental import serialize_executable

if sys.argv[1] != "off":
    jax.config.update("jax_compilation_cache_dir", sys.argv[1])
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
compiled = jax.jit(lambda x: (x * 3 + 1).sum()).lower(jnp.zeros(10)).compile()
assert float(compiled(jnp.arange(10.0))) == 145  # the program itself works, wherever it came from
with open(sys.argv[2], "wb") as file:
    pickle.dump(serialize_executable.serialize(compiled), file)
PYTHON
cat >"$folder/run.py" <<'PYTHON'
import pickle, re, sys

import jax.numpy as jnp
from jax.experimental import serialize_executable

with open(sys.argv[1], "rb") as file:
    program = serialize_executable.deserialize_and_load(*pickle.load(file))
try:
    print("gives", float(program(jnp.arange(10.0))))
except Exception as error:
    print("fails,", re.sub(r".*?Function \S+ not found.*", "Function ... not found", str(error)))
PYTHON

python() { JAX_PLATFORMS=cpu "$folder/venv/bin/python" "$@"; }
failed=0
for state in empty full off; do
    [[ $state == off ]] && cache=off || cache=$folder/cache
    python "$folder/store.py" "$cache" "$folder/program"
    found=$(python "$folder/run.py" "$folder/program" | head -1)
    echo "cache $state: stored program $found"
    [[ $state == full ]] && wanted="fails, Function ... not found" || wanted="gives 145.0"
    [[ $found == "$wanted" ]] || failed=1
done
exit $failed
