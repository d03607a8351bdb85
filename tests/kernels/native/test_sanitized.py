"""The native kernels under the compiler's sanitizers: of addresses, of undefined behaviour, of threads."""

import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from jax_slim.kernels.native import building

SOURCES = Path(building.__file__).parent / "sources"
COMPILER = shutil.which("g++") or shutil.which("clang++") or ""
# What a processor that runs the kernels says of itself.
FLAGS = {
    "plain": "", "avx2": "avx2", "avx512": "avx512bw", "avx512vnni": "avx512_vnni", "avx512bf16": "avx512_bf16",
    "amx": "amx_int8",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(not COMPILER, reason="neither g++ nor clang++ is here")
@pytest.mark.skipif(platform.system() != "Linux", reason="flags of processors are read on Linux")
@pytest.mark.parametrize(
    ("source", "program", "kind"),
    [("kernels", program, kind) for program in ("fuzz", "fuzz_winograd") for kind in building._INSTRUCTIONS["kernels"]]
    + [("narrow", "fuzz_narrow", kind) for kind in building._INSTRUCTIONS["narrow"]]
    + [("training", "fuzz_training", kind) for kind in building._INSTRUCTIONS["training"]]
    + [("photographs", "fuzz_photographs", kind) for kind in building._INSTRUCTIONS["photographs"]],
)
def test_no_kernel_reads_or_writes_beyond_its_arrays(source, program, kind, tmp_path):
    if FLAGS[kind] and f" {FLAGS[kind]} " not in Path("/proc/cpuinfo").read_text(encoding="utf-8"):
        pytest.skip(f"no {kind} here")
    common = [COMPILER, "-std=c++20", "-O1", "-g", "-ffp-contract=fast", "-fsanitize=address,undefined",
              "-fno-sanitize-recover=undefined", f"-I{SOURCES}"]  # fmt: skip
    instructions = building._INSTRUCTIONS[source][kind]
    kernels, fuzz = str(tmp_path / "kernels.o"), str(tmp_path / "fuzz")
    written = str(Path(__file__).with_name(f"{program}.cc"))
    tiles = ["-D__AMX_INT8__"] if kind == "amx" else []  # the program asks the system for them
    for command in (
        [*common, *instructions, f"-DJAX_SLIM_KERNELS={kind}", "-c", str(SOURCES / f"{source}.cc"), "-o", kernels],
        [*common, *tiles, f"-DKERNELS={source}_{kind}", written, kernels, "-o", fuzz],
        [fuzz],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if "cannot find" in done.stderr and "asan" in done.stderr:
            pytest.skip("the compiler has no sanitizers")
        if command == [fuzz] and done.returncode == 3:
            pytest.skip("the system gives no tiles")
        assert done.returncode == 0, done.stdout + done.stderr[-3000:]


@pytest.mark.slow
@pytest.mark.skipif(not COMPILER, reason="neither g++ nor clang++ is here")
@pytest.mark.skipif(platform.system() == "Windows", reason="the native kernels are for Linux and macOS")
@pytest.mark.parametrize(("sanitizer", "word"), [("thread", []), ("address,undefined", ["fork"])])
def test_threads_compute_each_part_once_for_callers_of_any_number(sanitizer, word, tmp_path):
    program = str(tmp_path / "threads")
    x86 = ["-DJAX_SLIM_X86"] if platform.machine() in building._X86 else []
    written = [str(Path(__file__).with_name("threads.cc")), str(SOURCES / "threads.cc")]
    for command in (
        [COMPILER, "-std=c++20", "-O1", "-g", f"-fsanitize={sanitizer}", *x86, f"-I{SOURCES}", *written,
         "-pthread", "-o", program],
        [program, *word],
    ):  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if "cannot find" in done.stderr and "san" in done.stderr:
            pytest.skip("the compiler has no such sanitizer")
        assert done.returncode == 0, done.stdout + done.stderr[-3000:]
