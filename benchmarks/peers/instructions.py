"""A processor that hides its newer instructions, so that all libraries are compared on an older one."""

import platform
import shutil
import subprocess
import sys
from pathlib import Path

SETS = ("AVX2",)
_SOURCE = Path(__file__).with_name("avx2_only.c")


def environment_of(instructions: str, folder: Path) -> dict[str, str]:
    """Variables under which a process sees no instructions newer than these.

    Libraries choose their kernels by the processor's CPUID instruction; a small library, compiled into `folder` and
    preloaded, answers it. Switches of the libraries' own do not do: YNNPACK and TensorFlow 1.15 have none.

    Raises:
      RuntimeError: not on Linux on x86-64, no C compiler, or the processor cannot do it.
    """
    if instructions not in SETS:
        raise ValueError(f"environment_of: instructions must be among {', '.join(SETS)}, got {instructions!r}.")
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise RuntimeError(f"--isa {instructions} needs Linux on x86-64, this is {sys.platform}, {platform.machine()}.")
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise RuntimeError(f"--isa {instructions} needs a C compiler (cc, gcc or clang) in the path.")
    library = folder / "avx2_only.so"
    made = subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, _SOURCE], capture_output=True, text=True)
    if made.returncode:
        raise RuntimeError(f"{compiler} does not compile {_SOURCE}:\n{made.stderr}")
    found = {"LD_PRELOAD": str(library)}
    tried = subprocess.run([sys.executable, "-c", ""], env=found, capture_output=True, text=True)
    if tried.returncode:
        raise RuntimeError(f"--isa {instructions}: {tried.stderr.strip() or 'the preloaded library does not run'}")
    return found
