#!/bin/bash
# JAX's persistent compilation cache: an entry that was cut short is never replaced. A process that is killed, or whose disk is
# full, while it writes an entry leaves a part of it under the entry's final name (the cache writes in place, not by way of a
# rename). Every later process finds the part, warns that it cannot read it, compiles, and keeps the part, since "the entry
# exists". So a program that should start in no time compiles anew for ever, until somebody deletes the file by hand.
#
# Seen with jax 0.10.2, jaxlib 0.10.2, Python 3.11 on Linux (N: bytes of the entry):
#   disk full: entries 1, N 2048
#   later process 1: warnings 1, compiled 1, N 2048
#   later process 2: warnings 1, compiled 1, N 2048
#   after removal: warnings 0, compiled 1, N whole
#   once more: warnings 0, compiled 0, N whole
# Exits 0 while that is so, 1 when a later process mends the entry.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q jax==0.10.2 jaxlib==0.10.2

cat >"$folder/program.py" <<'PYTHON'
import sys, warnings
from pathlib import Path

import jax

folder = Path(sys.argv[1])
jax.config.update("jax_compilation_cache_dir", str(folder))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
hits = []
jax.monitoring.register_event_listener(lambda name, **_: hits.append(name) if name.endswith("/cache_hits") else None)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    jax.jit(lambda x: (x * 3 + 1).sum()).lower(jax.ShapeDtypeStruct((8,), "float32")).compile()
told = [w for w in caught if "persistent compilation cache entry" in str(w.message)]
sizes = [file.stat().st_size for file in folder.glob("*-cache")]
print(len(told), 1 - len(hits), *sizes)
PYTHON

program() { JAX_PLATFORMS=cpu "$folder/venv/bin/python" "$folder/program.py" "$folder/cache"; }

mkdir "$folder/cache"
# No file may be larger than 2 KiB: to the program that is a disk that is full just then.
(ulimit -f 2; program >/dev/null 2>&1) || true
first=$(stat -c %s "$folder"/cache/*-cache)
echo "disk full: entries $(ls "$folder"/cache | grep -c -- -cache), N $first"
failed=0
for number in 1 2; do
    read -r warned compiled size <<<"$(program)"
    echo "later process $number: warnings $warned, compiled $compiled, N $size"
    [[ $warned == 1 && $compiled == 1 && $size == "$first" ]] || failed=1
done
rm "$folder"/cache/*-cache
for when in "after removal" "once more"; do
    read -r warned compiled size <<<"$(program)"
    echo "$when: warnings $warned, compiled $compiled, N $size"
    [[ $warned == 0 && $size -gt $first ]] || failed=1
done
[[ $compiled == 0 ]] || failed=1
exit $failed
