"""The folder of what programs find again: the native library, fetched files."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """$JAX_SLIM_CACHE, or jax_slim in the user's folder for caches ($XDG_CACHE_HOME where that is an absolute path)."""
    if told := os.environ.get("JAX_SLIM_CACHE"):
        return Path(told).expanduser()
    given = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(given) if os.path.isabs(given) else Path.home() / ".cache") / "jax_slim"
