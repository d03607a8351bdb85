"""What `jax-slim predict` has made ready, kept between commands: program, variables, preparation of photographs.

With the same checkpoint and options nothing has to be traced, compiled, read from the checkpoint or prepared again, and
the layers and nets are not even imported. What is kept lies beside JAX's compiled programs, under a digest of all that
decides about it; whatever else there is, is as if nothing were kept.
"""

import argparse
import hashlib
import itertools
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from jax_slim.cli import compiled_programs

_MOST_BYTES = compiled_programs.MOST_BYTES // 8
_SETTLED_NS = 2 * 10**9
"""A file as young as this may yet change without another time of change, as clocks of file systems are coarse."""
_MOST_FILES = 5000
# Of options: what is done with the results, which does not change them.
_AFTERWARDS = frozenset(("images", "json", "top", "grid", "output_dir", "traceback", "min_score_thresh"))


class Entry:
    """The place of one predictor.

    Args:
      options: of the command.
      shape: what else decides, such as the number of images in a batch.
    """

    def __init__(self, options: argparse.Namespace, shape: Any) -> None:
        self._options, self._shape = options, shape
        self._digest = _digest(options, shape)

    def read(self) -> tuple[Callable[[Any], Any], dict[str, Any]] | None:
        """The predictor, inputs -> outputs, and the facts kept with it; None where there is none, or it is damaged."""
        path = self._path()
        if path is None or not path.exists():
            return None
        from jax_slim.kernels.stored_programs import loaded

        try:
            with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                said = json.loads(file["facts"].tobytes())
                program = loaded(file["program"].tobytes())
                variables = {
                    name: _put(file[f"variables/{name}"].view(dtype).reshape(shape))
                    for name, (dtype, shape) in said["variables"].items()
                }
        except Exception:  # damage shows in as many ways as there are formats inside
            path.unlink(missing_ok=True)
            return None
        return lambda inputs: program(variables, inputs), said["facts"]

    def made(self, predict: Any, inputs: Any, facts: Mapping[str, Any]) -> Callable[[Any], Any]:
        """A predictor for inputs of this shape, which is kept if it may be.

        Args:
          predict: a `slim.predictor`.
          inputs: one batch.
          facts: what can be written as JSON.
        """
        path = self._path()
        if path is None:
            return predict
        from jax_slim.inference.predicting import ahead
        from jax_slim.kernels.stored_programs import loaded, storable, stored

        function, variables = ahead(predict, inputs)
        if sum(array.nbytes for array in variables.values()) > _MOST_BYTES:
            return predict
        with storable():
            compiled = function.lower(variables, inputs).compile()
        try:
            program = stored(compiled)
            # JAX's storing is young: what is kept has given the very same results once.
            same = np.array_equal(loaded(program)(variables, inputs), compiled(variables, inputs), equal_nan=True)
        except Exception:  # XLA cannot store every program: none that sorts
            return lambda inputs: compiled(variables, inputs)
        if same:
            self._write(path, program, variables, facts)
        return lambda inputs: compiled(variables, inputs)

    def _path(self) -> Path | None:
        folder = compiled_programs.folder()
        return None if folder is None or self._digest is None else folder / f"predict-{self._digest}.npz"

    def _write(self, path: Path, program: bytes, variables: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
        arrays = {name: np.asarray(array) for name, array in variables.items()}
        said = {"facts": facts, "variables": {name: (str(a.dtype), a.shape) for name, a in arrays.items()}}
        # As bytes: NumPy's files do not know bfloat16.
        kept = {f"variables/{name}": np.ravel(array).view(np.uint8) for name, array in arrays.items()}
        scratch = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            with scratch.open("wb") as file:
                np.savez(
                    file,
                    allow_pickle=False,
                    facts=np.frombuffer(json.dumps(said).encode(), np.uint8),
                    program=np.frombuffer(program, np.uint8),
                    **kept,
                )
            if _digest(self._options, self._shape) == self._digest:  # else the checkpoint has changed meanwhile
                scratch.replace(path)
        except OSError:  # a full disk
            pass
        finally:
            scratch.unlink(missing_ok=True)


def _put(array: np.ndarray) -> Any:
    import jax

    return jax.device_put(array)


def _digest(options: argparse.Namespace, shape: Any) -> str | None:
    """Of all that decides what a predictor computes; None where that cannot be told, or nothing is kept."""
    if compiled_programs.folder() is None or getattr(options, "calibrate", None):
        return None
    import jax

    from jax_slim.kernels import native

    if not jax.config.jax_enable_compilation_cache:  # pyright: ignore[reportAttributeAccessIssue]
        return None
    if jax.default_backend() != "cpu" or jax.device_count() != 1:
        return None
    files = list(itertools.islice(_checkpoint_files(options.checkpoint_path), _MOST_FILES))
    if getattr(options, "labels", None):
        files.append(Path(options.labels))
    try:
        about = [_about(file) for file in files]
    except OSError:
        return None
    if not 0 < len(about) < _MOST_FILES or max(max(of[2:4]) for of in about) > time.time_ns() - _SETTLED_NS:
        return None
    library = native.library()
    decides = {
        "versions": [jax.__version__, metadata.version("jaxlib"), np.__version__, sys.version],
        "code": [_about(file)[:3] for file in _code()],
        "native": library and str(library._name),
        "environment": {name: value for name, value in os.environ.items() if name.startswith(("JAX_", "XLA_"))},
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "options": {name: value for name, value in vars(options).items() if name not in _AFTERWARDS},
        "files": about,
        "shape": shape,
    }
    return hashlib.sha256(json.dumps(decides, sort_keys=True, default=str).encode()).hexdigest()[:40]


def _about(file: Path) -> tuple[str, int, int, int, int]:
    """What changes whenever a file does."""
    found = file.stat()
    return str(file), found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def _checkpoint_files(path: str) -> Iterator[Path]:
    """The files that a checkpoint's variables, and its net, can be read from; more than these, but no less."""
    place = Path(path).resolve()
    beside = [place.parent, place.parent.parent]  # a run's `model.json` lies above its checkpoints
    if place.is_dir():
        for folder, _, names in os.walk(place, followlinks=True):
            # What a run tells while it goes on.
            yield from (Path(folder, name) for name in names if not name.endswith(".jsonl") and "tfevents" not in name)
    else:
        for file in place.parent.iterdir():
            if file.name.startswith(place.stem) and file.is_file():
                yield file
    for folder in beside:
        yield from (file for file in folder.glob("*.json") if file.is_file())
        yield from (file for file in (folder / "checkpoint",) if file.is_file())


def _code() -> list[Path]:
    """The files of this package: who works on it changes them without another version."""
    root = Path(__file__).parents[1]
    found = []
    for folder, inner, names in os.walk(root):
        inner[:] = sorted(name for name in inner if name != "__pycache__")
        found += [Path(folder, name) for name in sorted(names)]
    return found
