"""Freed memory that is kept: no page faults when it is taken again."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
import numpy as np
from jax_slim import kernels

assert kernels.keep_freed_memory()
if sys.argv[1] == "back":
    assert kernels.keep_freed_memory(False)

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones(64 << 20, np.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
print(min(faults() for _ in range(3)))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="there is nothing to set elsewhere")
@pytest.mark.parametrize("way", ["kept", "back"])
def test_memory_is_kept(way):
    done = subprocess.run([sys.executable, "-c", PROGRAM, way], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # 64 MB are 16384 pages of 4 kB, or 32 of 2 MB.
    assert (int(done.stdout) == 0) == (way == "kept")
