"""From sources to a library: compiled once for each version of the kernels, kept, and loaded where it is there."""

import ctypes
import functools
import hashlib
import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

import jax

from jax_slim.kernels.caching import cache_folder

_SOURCES = Path(__file__).parent / "sources"
_FLAGS = ("-std=c++20", "-O3", "-ffp-contract=fast", "-fPIC")
_X86 = ("x86_64", "AMD64")
_AS_WRITTEN = "-ffp-contract=off"  # to the bits of NumPy's operations
# The kernels are compiled for each of these; which of them a processor can run is asked when they are called.
_AVX2 = ("-mavx2", "-mfma")
_AVX512 = ("-mavx512f", "-mavx512vl", "-mavx512dq", "-mavx512bw", *_AVX2)
_VNNI = ("-mavx512vnni", *_AVX512)
_BF16 = ("-mavx512bf16", *_VNNI)
_INSTRUCTIONS = {
    "kernels": {"avx512": _AVX512, "avx2": _AVX2, "plain": ()},
    "narrow": {
        "amx": ("-mamx-tile", "-mamx-int8", "-mamx-bf16", *_BF16),
        "avx512bf16": _BF16,
        "avx512vnni": _VNNI,
        "avx512": _AVX512,
        "avx2": _AVX2,
        "plain": (),
    },
    "training": {"avx512": _AVX512, "avx2": _AVX2, "plain": ()},
    "photographs": {
        "avx512": (*_AVX512, _AS_WRITTEN),
        "avx2": (*_AVX2, _AS_WRITTEN),
        "plain": (_AS_WRITTEN,),
    },
}
_SECONDS = 600
_REGISTERED: list[ctypes.CDLL] = []  # the library whose kernels this process calls: XLA takes a target's name once
_REGISTERING = threading.Lock()
_TARGETS = (
    "jax_slim_convolve",
    "jax_slim_convolve_by_channel",
    "jax_slim_convolve_bytes",
    "jax_slim_convolve_bytes_by_channel",
    "jax_slim_convolve_bfloat16",
    "jax_slim_convolve_bfloat16_by_channel",
    "jax_slim_sum_pixels",
    "jax_slim_sum_taps",
    "jax_slim_sum_pixels_of_bfloat16",
    "jax_slim_inputs_by_channel",
    "jax_slim_weights_by_channel",
    "jax_slim_moments",
    "jax_slim_gated_sums",
)


class NativeKernelsError(RuntimeError):
    """The native kernels cannot be compiled, or what was compiled cannot be loaded."""


def build_native_kernels() -> Path:
    """Compiles the native kernels of this version, unless that was done before. It takes a minute.

        slim.build_native_kernels()
        predict = slim.predictor(model, variables)       # from now on with them

    `slim.predictor` on a CPU, and so `jax-slim predict`, compute convolutions with them wherever they are there: with
    bias, shortcut and activation in one pass. Training computes depthwise convolutions and their gradients with them,
    and 3 x 3 convolutions and the gradients of their inputs, where `slim.jit` compiles for one CPU. Results differ from
    XLA's by rounding. Preprocessing on the host resizes
    photographs with them, to the same bits as without. Without them nothing is missing but speed. They are for x86 with
    AVX-512 or AVX2, and, slower, for all other processors; what a processor has is asked when they run.

    A C++ compiler is needed: the one that $CXX names, else c++, g++ or clang++ on the path, else that of the package
    ziglang, which `pip install "jax-slim[native]"` brings.

    Returns:
      The library's path: in $JAX_SLIM_CACHE, by default in jax_slim in the user's folder for caches.

    Raises:
      NativeKernelsError: there is no compiler, or it failed; the text has what it said. Nothing can be written there.
    """
    path = library_path()
    if os.path.exists(path):
        return path
    compiler = _compiler()
    with _scratch(path.parent) as scratch:
        objects = []

        def compiled(source: str, flags: Sequence[str]) -> None:
            objects.append(f"{scratch}/{len(objects)}.o")
            _compile(compiler, [*_FLAGS, *flags, "-c", str(_SOURCES / f"{source}.cc"), "-o", objects[-1]])

        x86 = platform.machine() in _X86
        for source, kinds in _INSTRUCTIONS.items():
            for name in kinds if x86 else ["plain"]:
                compiled(source, [*kinds[name], f"-DJAX_SLIM_KERNELS={name}"])
        for source in ("handlers", "narrow_handlers", "training_handlers", "photographs_calls", "threads"):
            compiled(source, ["-DJAX_SLIM_X86"] * x86 + ["-isystem", jax.ffi.include_dir()])
        made = f"{scratch}/{path.name}"
        _compile(compiler, ["-shared", *objects, "-o", made, *(["-pthread"] if sys.platform != "darwin" else [])])
        os.replace(made, path)  # whole or not at all, whoever else builds
    library.cache_clear()
    return path


@functools.cache
def library() -> ctypes.CDLL | None:
    """The native kernels that were compiled for this version; None where none were.

    Raises:
      NativeKernelsError: there is a file, but it is none that can be loaded.
    """
    try:
        path = library_path()
    except NativeKernelsError:  # where nothing can be kept, nothing was built
        return None
    if not os.path.exists(path):
        return None
    try:
        found = ctypes.CDLL(str(path))
        with _REGISTERING:  # threads may ask for the first time together
            if _REGISTERED:
                return _REGISTERED[0]  # the same version in another folder is another copy of the same kernels
            found.jax_slim_lanes.restype = ctypes.c_int64
            found.jax_slim_instructions.restype = ctypes.c_char_p
            found.jax_slim_choose.restype, found.jax_slim_choose.argtypes = ctypes.c_bool, [ctypes.c_char_p]
            found.jax_slim_narrow_lanes.restype = found.jax_slim_narrow_bytes.restype = ctypes.c_int64
            found.jax_slim_has_bfloat16.restype = ctypes.c_bool
            found.jax_slim_narrow_instructions.restype = ctypes.c_char_p
            found.jax_slim_choose_narrow.restype = ctypes.c_bool
            found.jax_slim_choose_narrow.argtypes = [ctypes.c_char_p]
            found.jax_slim_training_instructions.restype = ctypes.c_char_p
            found.jax_slim_choose_training.restype = ctypes.c_bool
            found.jax_slim_choose_training.argtypes = [ctypes.c_char_p]
            found.jax_slim_photograph_instructions.restype = ctypes.c_char_p
            found.jax_slim_choose_photographs.restype = ctypes.c_bool
            found.jax_slim_choose_photographs.argtypes = [ctypes.c_char_p]
            array, size, number = ctypes.c_void_p, ctypes.c_int64, ctypes.c_float
            axis = [size, array, array]
            found.jax_slim_resample.restype = ctypes.c_bool
            found.jax_slim_resample.argtypes = [array, size, size, number, *axis, *axis, array, array]
            for name in _TARGETS:
                jax.ffi.register_ffi_target(name, jax.ffi.pycapsule(getattr(found, name)), platform="cpu")
            _REGISTERED.append(found)
    except (OSError, AttributeError) as error:
        raise NativeKernelsError(
            f"library: {path} must be a library of jax-slim's native kernels, got one that does not load ({error}). "
            "Remove it, and build them again with `jax-slim native`."
        ) from error
    return found


def library_path() -> Path:
    """Where the library of this version and kind of machine is, or would be.

    Raises:
      NativeKernelsError: no folder was named, and the user has no home.
    """
    try:
        folder = cache_folder()
    except RuntimeError as error:
        raise NativeKernelsError(
            "build_native_kernels: there must be a folder for the kernels, and this user has no home. Name one by "
            "JAX_SLIM_CACHE=/path/to/folder."
        ) from error
    return folder / "native" / f"kernels-{sys.platform}-{platform.machine()}-{_version()}.so"


@functools.cache
def _version() -> str:
    """A name for what the library is made of: sources, flags, and the interface that it was compiled against."""
    parts = [repr((_FLAGS, _INSTRUCTIONS)).encode()]
    parts += [source.read_bytes() for source in sorted(_SOURCES.iterdir()) if source.suffix in (".h", ".cc")]
    header = Path(jax.ffi.include_dir()) / "xla" / "ffi" / "api" / "c_api.h"
    parts.append(header.read_bytes() if header.exists() else b"")
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _scratch(folder: Path) -> tempfile.TemporaryDirectory[str]:
    """A new folder in this one, which is made where it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(prefix="jax-slim-native-", dir=folder)
    except OSError as error:
        raise NativeKernelsError(
            f"build_native_kernels: the folder for the kernels must be writable, got {folder} ({error}). Name another "
            "one by JAX_SLIM_CACHE=/path/to/folder."
        ) from error


def _compiler() -> list[str]:
    if sys.platform == "win32":
        raise NativeKernelsError(
            "build_native_kernels: the native kernels are for Linux and macOS, and this is Windows. XLA's forms "
            "compute the same."
        )
    if told := os.environ.get("CXX"):
        return shlex.split(told)
    for name in ("c++", "g++", "clang++"):
        if found := shutil.which(name):
            return [found]
    if importlib.util.find_spec("ziglang"):
        return [sys.executable, "-m", "ziglang", "c++"]
    raise NativeKernelsError(
        "build_native_kernels: a C++ compiler is needed, and neither c++, g++ nor clang++ is on the path. Install one, "
        'name it by CXX=/path/to/c++, or `pip install "jax-slim[native]"`, which brings one.'
    )


def _compile(compiler: list[str], arguments: list[str]) -> None:
    command = [*compiler, *arguments]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NativeKernelsError(
            f"build_native_kernels: the compiler {compiler[0]} must run, got {error}. Name another one by "
            "CXX=/path/to/c++."
        ) from error
    if done.returncode:
        said = "\n".join((done.stderr or done.stdout).strip().splitlines()[:20])
        raise NativeKernelsError(
            f"build_native_kernels: the compiler must take the kernels, but {shlex.join(command)} ended with "
            f"{done.returncode}:\n{said}\nName another one by CXX=/path/to/c++; it has to know C++20."
        )
