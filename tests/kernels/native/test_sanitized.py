"""The native kernels under the compiler's address and undefined-behaviour sanitizers."""

import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from jax_slim.kernels.native import building

SOURCES = Path(building.__file__).parent / "sources"
COMPILER = shutil.which("g++") or shutil.which("clang++") or ""


@pytest.mark.slow
@pytest.mark.skipif(not COMPILER, reason="neither g++ nor clang++ is here")
@pytest.mark.skipif(platform.system() != "Linux", reason="flags of processors are read on Linux")
@pytest.mark.parametrize("kind", ["plain", "avx2", "avx512"])
def test_no_kernel_reads_or_writes_beyond_its_arrays(kind, tmp_path):
    flags = {"plain": "", "avx2": "avx2", "avx512": "avx512bw"}[kind]
    if flags and f" {flags} " not in Path("/proc/cpuinfo").read_text(encoding="utf-8"):
        pytest.skip(f"no {kind} here")
    common = [COMPILER, "-std=c++20", "-O1", "-g", "-ffp-contract=fast", "-fsanitize=address,undefined",
              "-fno-sanitize-recover=undefined", f"-I{SOURCES}"]  # fmt: skip
    instructions = building._INSTRUCTIONS[kind]
    kernels, program = str(tmp_path / "kernels.o"), str(tmp_path / "fuzz")
    for command in (
        [*common, *instructions, f"-DJAX_SLIM_KERNELS={kind}", "-c", str(SOURCES / "kernels.cc"), "-o", kernels],
        [*common, f"-DKERNELS=kernels_{kind}", str(Path(__file__).with_name("fuzz.cc")), kernels, "-o", program],
        [program],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=250)
        if "cannot find" in done.stderr and "asan" in done.stderr:
            pytest.skip("the compiler has no sanitizers")
        assert done.returncode == 0, done.stdout + done.stderr[-3000:]
