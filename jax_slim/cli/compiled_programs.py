"""Compiled programs, kept between commands: what compiled once for these shapes is only read the next time.

JAX does the keeping (its persistent compilation cache), keyed by program, versions and device. Set here is where, from
what compile time on, and how much of it; all through JAX's own variables of the environment, which go before.
"""

import hashlib
import os
import platform
import sys
from pathlib import Path

MOST_BYTES = 2 << 30
_FOLDER, _LEAST_SECONDS = "JAX_COMPILATION_CACHE_DIR", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"
_chosen: list[Path] = []


def folder() -> Path | None:
    """The folder that `keep` chose; None where it chose none."""
    return _chosen[0] if _chosen else None


def keep() -> None:
    """Tells JAX where to keep what it compiles; the oldest goes where that is more than `MOST_BYTES`.

    Without effect where jax is loaded already: then its settings are another's. A folder that cannot be written to is
    not used.
    """
    if _FOLDER in os.environ or "jax" in sys.modules:
        return
    folder = _caches() / "jax-slim" / f"compiled-{_processor()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _make_room(folder)
    except OSError:
        return
    if os.access(folder, os.W_OK):
        os.environ[_FOLDER] = str(folder)
        _chosen[:] = [folder]
        os.environ.setdefault(_LEAST_SECONDS, "0.2")


def _caches() -> Path:
    given = os.environ.get("XDG_CACHE_HOME", "")
    return Path(given) if os.path.isabs(given) else Path(os.path.expanduser("~")) / ".cache"


def _processor() -> str:
    """A name for the processor's instructions: a home folder may be that of many machines."""
    try:
        with Path("/proc/cpuinfo").open() as lines:
            told = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    except OSError:
        told = platform.processor()
    return hashlib.sha256(f"{platform.machine()} {told}".encode()).hexdigest()[:12]


def _make_room(folder: Path) -> None:
    """Removes the files that were not used for the longest time, until the others are few enough."""
    files = [(entry.path, entry.stat()) for entry in os.scandir(folder) if entry.is_file(follow_symlinks=False)]
    files.sort(key=lambda file: max(file[1].st_atime, file[1].st_mtime))
    spare = sum(about.st_size for _, about in files) - MOST_BYTES
    for path, about in files:
        if spare <= 0:
            return
        Path(path).unlink(missing_ok=True)
        spare -= about.st_size
