"""Opens an exported model and runs it. Needs jax and NumPy; Pillow as well, to read images from files.

A copy of this file lies in every exported model, and copies of the decoders beside it, as the package
`slim_photographs`: it imports nothing else of the package it came from.

    model = loader.load("flowers.zip")
    model(image=images)["probabilities"]

    python flowers.zip photo.jpg [more.jpg ...] [--top 5] [--json]
"""

import argparse
import importlib
import importlib.util
import io
import json
import os
import sys
import zipfile
import zlib
from typing import Any

FORMAT = 1
READER = "slim_photographs"  # the package beside this file that reads image files


class LoadError(RuntimeError):
    """A file is no exported model, or is damaged."""


class ExportedModel:
    """A model out of an exported file.

    Attributes:
      description: what the file says of itself: 'inputs' (name -> [shape, dtype]), 'labels', ...
      path: the file.
    """

    def __init__(self, path: str, description: dict[str, Any], program: bytes, variables: dict[str, Any]) -> None:
        from jax import export as jax_export

        if importlib.util.find_spec("flatbuffers") is None:
            # jax reads programs with it. The file brings it along, but a file that was only to be read must not run.
            raise LoadError(
                f"{path}: reading it needs the package flatbuffers: pip install flatbuffers. Or, if you trust the "
                f"file, take the package in it: sys.path.append({path!r})."
            )
        self.path = path
        self.description = description
        self._variables = variables
        try:
            self._exported = jax_export.deserialize(bytearray(program))
        except Exception as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> LoadError:
        import jax

        reason = (str(error).splitlines() or [type(error).__name__])[0]
        return LoadError(
            f"{self.path}: its program was written by jax {self.description.get('jax', 'of an unknown version')} and "
            f"cannot be read by jax {jax.__version__}, which runs here: {reason}. Use a jax as new as the one that "
            "wrote it; or export it anew under the older one."
        )

    def __call__(self, **inputs: Any) -> dict[str, Any]:
        """Runs the model: inputs by name -> results by name. Compiled at the first call for each size.

        Raises:
          TypeError: there are other inputs, or of another rank or dtype.
          LoadError: the program was written by a jax that is too new for the one that runs here.
        """
        import jax
        import numpy as np

        expected = self.description["inputs"]
        if set(inputs) != set(expected):
            raise TypeError(f"{self.path}: inputs must be {sorted(expected)}, got {sorted(inputs)}.")
        arrays = {}
        for name, (shape, dtype) in expected.items():
            array = inputs[name]
            array = array if isinstance(array, jax.Array) else np.asarray(array)
            if array.ndim != len(shape.split(",")) or array.dtype != dtype:
                raise TypeError(
                    f"{self.path}: {name} must have shape [{shape}] and dtype {dtype}, got {list(array.shape)} and "
                    f"{array.dtype}."
                )
            arrays[name] = array
        try:
            results: Any = self._exported.call(self._variables, arrays)
            return results
        except Exception as error:
            if "deserialize" in str(error):  # jax reads the program itself at the first call only
                raise self._unreadable(error) from error
            raise

    @property
    def labels(self) -> list[str] | None:
        """The name of each class, or None."""
        return self.description.get("labels")


def load(path: str | os.PathLike[str]) -> ExportedModel:
    """Reads an exported model from its file.

    Raises:
      LoadError: there is no such file, it is no exported model, or it is damaged.
    """
    path = os.fspath(path)
    try:
        with zipfile.ZipFile(path) as archive:
            description = json.loads(archive.read("model.json"))
            program = archive.read("program.jax_export")
            stored = archive.read("variables.npz")
    except FileNotFoundError:
        raise LoadError(f"{path}: there is no such file") from None
    except OSError as error:
        raise LoadError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (zipfile.BadZipFile, KeyError, ValueError, zlib.error, NotImplementedError, EOFError) as error:
        raise LoadError(f"{path}: is no exported model, or is damaged: {error}") from error
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise LoadError(f"{path}: is no exported model of format {FORMAT}")
    return ExportedModel(path, description, program, _variables(path, description, stored))


def _variables(path: str, description: dict[str, Any], stored: bytes) -> dict[str, Any]:
    import jax.numpy as jnp
    import numpy as np

    try:
        with np.load(io.BytesIO(stored), allow_pickle=False) as arrays:
            return {
                name: arrays[str(index)].view(jnp.dtype(dtype)).reshape(shape)
                for index, (name, (shape, dtype)) in enumerate(description["variables"].items())
            }
    except (KeyError, ValueError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise LoadError(f"{path}: its variables are damaged: {error}") from error


def read_image(path: str, channels: int = 3) -> Any:
    """The pixels of an image file as jax-slim sees them in training, upright: uint8 [height, width, channels].

    The first frame of several. Where simplejpeg is not installed, Pillow decodes JPEG, some levels away.

    Raises:
      LoadError: it is no image that can be read.
    """
    if importlib.util.find_spec("PIL") is None:
        raise LoadError("reading images from files needs Pillow: pip install pillow")
    try:
        if __name__ == "jax_slim.exporting.loader":
            from jax_slim.data import photographs as reader
        else:
            reader: Any = importlib.import_module(f"{READER}.photographs")
    except ImportError as error:
        raise LoadError(f"reading images from files needs {READER}, which the exported file holds: {error}") from None
    try:
        return reader.read_photograph(path, channels)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error).removeprefix(f"{path}: ")
        raise LoadError(f"{path}: is no image that can be read: {reason}") from None


def look_at(model: ExportedModel, path: str, top: int) -> list[dict[str, Any]]:
    """What one image file shows, at most `top` rows, the first ones first: label, class and, by what the model is for,

    - 'probability', of a classifier's classes;
    - 'score' and 'box' (y_min, x_min, y_max, x_max, as parts of the sides), of the objects that a detector finds;
    - 'share', of the image that the pixels of a class take.
    """
    import numpy as np

    shape, dtype = model.description["inputs"]["image"]
    pixels = read_image(path, int(shape.split(",")[-1]))
    results = {name: np.asarray(array)[0] for name, array in model(image=pixels[None].astype(dtype)).items()}
    task = model.description.get("task", "classification")
    return {"classification": _classes, "detection": _objects, "segmentation": _shares}[task](
        results, model.labels, top
    )


def _classes(results: dict[str, Any], labels: list[str] | None, top: int) -> list[dict[str, Any]]:
    return best_classes(results["probabilities"].astype("float64"), labels, top)


def _objects(results: dict[str, Any], labels: list[str] | None, top: int) -> list[dict[str, Any]]:
    count = min(int(results["num_detections"]), top)
    return [
        _named(int(results["classes"][at]), labels)
        | {"score": round(float(results["scores"][at]), 6)}
        | {"box": [round(float(side), 4) for side in results["boxes"][at]]}
        for at in range(count)
    ]


def _shares(results: dict[str, Any], labels: list[str] | None, top: int) -> list[dict[str, Any]]:
    import numpy as np

    numbers, counts = np.unique(results["mask"], return_counts=True)
    best = np.argsort(-counts, kind="stable")[:top]
    size = results["mask"].size
    return [_named(int(numbers[at]), labels) | {"share": round(int(counts[at]) / size, 6)} for at in best]


def _named(index: int, labels: list[str] | None) -> dict[str, Any]:
    return {"label": labels[index] if labels and index < len(labels) else str(index), "class": index}


def best_classes(probabilities: Any, labels: list[str] | None, top: int) -> list[dict[str, Any]]:
    """The `top` most probable classes: label, class and probability, the best first."""
    import numpy as np

    best = np.argsort(-probabilities, kind="stable")[:top]
    return [_named(int(index), labels) | {"probability": round(float(probabilities[index]), 6)} for index in best]


def main(arguments: list[str] | None = None) -> int:
    """What `python model.zip photo.jpg` does. Returns the exit code: 0, or 1 when a file could not be used."""
    parser = argparse.ArgumentParser(prog=os.path.basename(sys.argv[0]), description="Says what an image shows.")
    parser.add_argument("images", nargs="+", metavar="IMAGE")
    parser.add_argument("--model", default=os.path.dirname(os.path.abspath(__file__)), help=argparse.SUPPRESS)
    parser.add_argument("--top", type=int, default=5, help="how many classes or objects to show (default 5)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    chosen = parser.parse_args(arguments)
    code, table = 0, {}
    try:
        model = load(chosen.model)
    except LoadError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for path in chosen.images:
        try:
            table[path] = look_at(model, path, chosen.top)
        except LoadError as error:
            print(f"error: {error}", file=sys.stderr)
            code = 1
    show(table, chosen.json)
    return code


def show(table: dict[str, list[dict[str, Any]]], as_json: bool) -> None:
    """Prints what each image shows."""
    if as_json:
        print(json.dumps(table, indent=1))
        return
    for path, rows in table.items():
        print(path)
        for row in rows:
            part = next(row[name] for name in ("probability", "score", "share") if name in row)
            sides = zip(("top", "left", "bottom", "right"), row.get("box", ()), strict=False)
            print(f"  {100 * part:6.2f} %  {row['label']}", *(f"{name} {side:.3f}" for name, side in sides))
