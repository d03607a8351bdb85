"""An exported model: one file that runs wherever jax is, without jax-slim.

The file is a zip archive: the program (`program.jax_export`, StableHLO in the form of
`jax.export`), its variables (`variables.npz`), a description (`model.json`), and `loader.py` and `__main__.py`, with
which the archive opens and runs itself. `slim_photographs/` is what reads image files:

    python flowers.zip photo.jpg
    PYTHONPATH=flowers.zip python -c 'import loader; print(loader.load("flowers.zip")(images))'
"""

import ast
import contextlib
import importlib.metadata
import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import jax
import numpy as np
from jax import export as jax_export

from jax_slim.data import photographs
from jax_slim.exporting import loader

PLATFORMS = ("cpu", "cuda", "tpu")
KNOWN_PLATFORMS = ("cpu", "cuda", "rocm", "tpu")
_DATA = "jax_slim.data"
_MAIN = """import sys

import loader

for stream in (sys.stdout, sys.stderr):
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")  # a class's name that the output cannot encode
sys.exit(loader.main())
"""


class ExportError(RuntimeError):
    """A model cannot be exported, or an exported file cannot be read."""


def export_model(
    path: str | os.PathLike[str],
    function: Callable[[Mapping[str, Any], Any], Any],
    variables: Mapping[str, Any],
    inputs: Mapping[str, tuple[str, Any]],
    description: Mapping[str, Any] | None = None,
    platforms: Sequence[str] = PLATFORMS,
) -> Path:
    """Writes a function of variables and inputs, with these variables, as one file that needs only jax to run.

        def predict(variables, inputs):
            return {"logits": model.apply(variables, inputs["image"])[0]}

        export_model("flowers.zip", predict, variables, {"image": ("batch, 224, 224, 3", jnp.float32)})
        load_exported("flowers.zip")(image=images)["logits"]

    Args:
      path: the file to write; one that is there is replaced when the new one is whole.
      function: (variables, inputs) -> a dict of results by name; pure.
      variables: name -> array: what it reads; only these are stored.
      inputs: name -> (shape, dtype). In the shape, names are sizes that the caller may choose: "batch, 224, 224, 3".
        One name is one size, wherever it stands.
      description: what else the file should say (labels, image size, ...): values that JSON can hold.
      platforms: which kinds of devices it must run on.

    Returns:
      The path.

    Raises:
      ExportError: the function cannot be traced for such sizes, there is no such platform, or the file cannot be
        written.
    """
    target = checked_target("export_model", path)
    if not platforms or not set(platforms) <= set(KNOWN_PLATFORMS):
        raise ExportError(
            f"export_model: platforms must be one or more of {', '.join(KNOWN_PLATFORMS)}, got {list(platforms)}."
        )
    shapes = _symbolic(inputs)
    arrays = {name: np.asarray(value) for name, value in variables.items()}
    like = {name: jax.ShapeDtypeStruct(value.shape, value.dtype) for name, value in arrays.items()}
    try:
        exported = jax_export.export(jax.jit(function), platforms=list(platforms))(like, shapes)
        program = bytes(exported.serialize())
    except Exception as error:
        sizes = "; ".join(f"{name}: {shape}" for name, (shape, _) in inputs.items())
        raise ExportError(
            f"export_model: the program cannot be exported for {sizes} on {', '.join(platforms)}: "
            f"{str(error).splitlines()[0]}. Give sizes as numbers where the program needs to know them."
        ) from error
    contents = {
        "format": loader.FORMAT,
        "inputs": {name: [shape, np.dtype(dtype).name] for name, (shape, dtype) in inputs.items()},
        "platforms": list(platforms),
        "jax": jax.__version__,
        "variables": {name: [list(value.shape), value.dtype.name] for name, value in arrays.items()},
        **(description or {}),
    }
    _write(target, program, arrays, contents)
    return target


def checked_target(function: str, path: str | os.PathLike[str]) -> Path:
    """The file to write. What is there and no file, such as a folder or /dev/null, must not be replaced by one."""
    target = Path(path)
    if target.exists() and not target.is_file():
        raise ExportError(f"{function}: path must be a file, got {target}, which is a folder or a device.")
    return target


def load_exported(path: str | os.PathLike[str]) -> loader.ExportedModel:
    """Opens a file that `export_model` wrote: called with its inputs by name, it returns its results by name.

    Raises:
      ExportError: it is no such file, or it is damaged.
    """
    try:
        return loader.load(path)
    except loader.LoadError as error:
        raise ExportError(f"load_exported: {error}") from error


def _symbolic(inputs: Mapping[str, tuple[str, Any]]) -> dict[str, jax.ShapeDtypeStruct]:
    scope = jax_export.SymbolicScope()
    made = {}
    for name, (shape, dtype) in inputs.items():
        try:
            made[name] = jax.ShapeDtypeStruct(jax_export.symbolic_shape(shape, scope=scope), dtype)
        except (ValueError, TypeError) as error:
            raise ExportError(
                f"export_model: the shape of an input must be numbers and names between commas, such as "
                f"'batch, 224, 224, 3', got {shape!r} for {name!r}."
            ) from error
    return made


def _flatbuffers() -> dict[str, bytes]:
    """The package that jax reads programs with and does not bring along (Apache-2.0, as its metadata says)."""
    distribution = importlib.metadata.distribution("flatbuffers")
    return {
        str(file): Path(str(file.locate())).read_bytes()
        for file in distribution.files or ()
        if file.suffix == ".py" or "LICENSE" in file.name or file.name == "METADATA"
    }


def _reader() -> dict[str, str]:
    """The reader of photographs as a package that needs no other: what training saw is what the file sees."""
    folder = Path(photographs.__file__).parent
    texts: dict[str, str] = {}
    wanted = ["photographs"]
    while wanted:
        name = wanted.pop()
        if name not in texts:
            texts[name] = (folder / f"{name}.py").read_text(encoding="utf-8")
            wanted += _files_imported(texts[name])
    files = {f"{loader.READER}/{name}.py": text.replace(_DATA, loader.READER) for name, text in texts.items()}
    return {f"{loader.READER}/__init__.py": "", **files}


def _files_imported(text: str) -> list[str]:
    """The files of the room `data` that one of them imports."""
    imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    modules = [node.module for node in imports if node.module is not None]
    beside = [module.removeprefix(f"{_DATA}.") for module in modules if module.startswith(f"{_DATA}.")]
    return beside + [name.name for node in imports if node.module == _DATA for name in node.names]


@contextlib.contextmanager
def replacing(function: str, target: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of `target` when it is whole: a full disk must not cost the one that was there."""
    part: str | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, part = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(part, 0o644)
        os.replace(part, target)
        part = None
    except OSError as error:
        raise ExportError(f"{function}: cannot write {target}: {error.strerror or error}.") from error
    finally:
        if part is not None:
            Path(part).unlink(missing_ok=True)


def _write(target: Path, program: bytes, arrays: Mapping[str, np.ndarray], contents: Mapping[str, Any]) -> None:
    # NumPy's files do not know bfloat16 and its like: bytes, with the dtype in the description.
    stored: dict[str, Any] = {
        str(index): np.ascontiguousarray(value).reshape(-1).view(np.uint8)
        for index, value in enumerate(arrays.values())
    }
    with replacing("export_model", target) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("model.json", json.dumps(contents, indent=1))
        archive.writestr("program.jax_export", program, zipfile.ZIP_DEFLATED)
        archive.writestr("loader.py", Path(loader.__file__).read_text(encoding="utf-8"))
        archive.writestr("__main__.py", _MAIN)
        for name, text in _reader().items():
            archive.writestr(name, text)
        for name, text in _flatbuffers().items():
            archive.writestr(name, text)
        with archive.open("variables.npz", "w", force_zip64=True) as variables:
            np.savez(variables, **stored)
