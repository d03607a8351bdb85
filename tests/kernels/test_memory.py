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


FREED = """
import ctypes
from pathlib import Path

from jax_slim.kernels.memory import give_back_freed_memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1])

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
pieces = [libc.malloc(64 << 10) for _ in range(1000)]
for piece in pieces:
    libc.memset(piece, 1, 64 << 10)
for piece in pieces[:-1]:  # what is at the end goes back to the system by itself
    libc.free(piece)
before = resident()
assert give_back_freed_memory()
assert before - resident() > 8000, (before, resident())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="there is nothing to give back elsewhere")
def test_memory_between_pieces_that_are_in_use_is_given_back():
    done = subprocess.run([sys.executable, "-c", FREED], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
