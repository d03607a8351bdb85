"""Keras's files, `.h5`, `.weights.h5` and `.keras`: the weights of each layer, as 'block1_conv1/kernel', read by h5py.

Layers that Keras numbers itself, 'conv2d_17', are counted anew from 0 and called 'conv2d#17': the first number there
depends on what the process had built before.
"""

import io
import itertools
import math
import os
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from jax_slim.checkpoints.native import CheckpointError
from jax_slim.checkpoints.peers.archives import members
from jax_slim.checkpoints.reader import Checkpoint, Entry

_NUMBERED = re.compile(r"(conv2d|batch_normalization)(?:_(\d+))?")
_INSIDE = "model.weights.h5"  # in a .keras archive
_LARGEST = 8 << 30  # bytes of the weights in a .keras archive
_DEEP = 8
_MOST = 1 << 16  # weights
# The weights of a layer by its class, in order, where the file has numbers in place of names. A batch norm without
# scale has three, the last ones.
CLASS_WEIGHTS = {
    "conv2d": ("kernel", "bias"),
    "dense": ("kernel", "bias"),
    "depthwise_conv2d": ("kernel", "bias"),
    "separable_conv2d": ("depthwise_kernel", "pointwise_kernel", "bias"),
    "batch_normalization": ("gamma", "beta", "moving_mean", "moving_variance"),
    "layer_normalization": ("gamma", "beta"),
    "layer_scale": ("gamma",),
    "normalization": ("mean", "variance", "count"),
}
_NAMELESS = re.compile(r"variable(_\d+)?", re.IGNORECASE)  # what Keras calls the one of its ConvNeXt's layer scale
_CLASS = re.compile(r"(\w+?)(?:_\d+)?")


class KerasCheckpoint(Checkpoint):
    """A file that Keras saved: the weights of a model, or all of it."""

    def __init__(self, path: str) -> None:
        h5py = h5py_for(path)
        self.path, self.format = os.path.abspath(path), "Keras"
        self._inside: Any = None
        try:
            self._file = h5py.File(self._unpacked(), "r")
            found = dict(itertools.islice(self._datasets(h5py), _MOST + 1))
            if len(found) > _MOST:
                raise CheckpointError(f"{self.path} is damaged: it lists more weights than any net has.")
            names = _counted({name.rpartition("/")[0] for name in found})
            self._places = {}
            for name, place in found.items():
                layer, _, weight = name.rpartition("/")
                self._places[f"{names[layer]}/{weight}"] = place
            self._entries = {name: self._entry(h5py, name, place) for name, place in self._places.items()}
        except CheckpointError:
            raise
        # h5py tells of damage in every way: OSError, KeyError, RuntimeError, ValueError, TypeError.
        except Exception as error:
            why = (str(error).splitlines() or [type(error).__name__])[0][:200].rstrip(".")
            raise CheckpointError(f"{self.path} cannot be read as a file of Keras: {why}.") from error
        if not found:
            raise CheckpointError(f"{self.path} is an HDF5 file, but holds no weights as Keras writes them.")

    def close(self) -> None:
        self._file.close()
        if self._inside is not None:
            self._inside.close()

    def entries(self) -> Mapping[str, Entry]:
        return self._entries

    def _read(self, name: str) -> np.ndarray:
        try:
            return np.asarray(self._file[self._places[name]][()])
        except Exception as error:
            raise CheckpointError(f"{self.path} is damaged: {name!r} cannot be read.") from error

    def _unpacked(self) -> Any:
        """What h5py opens: the file, or the weights within an archive, which Keras does not compress."""
        if not zipfile.is_zipfile(self.path):
            return self.path
        with zipfile.ZipFile(self.path) as archive:
            info = archive.getinfo(_INSIDE)
            if info.file_size > min(_LARGEST, os.path.getsize(self.path)):
                raise CheckpointError(f"{self.path} has compressed weights, which Keras does not write.")
            return io.BytesIO(archive.read(info))

    def _datasets(self, h5py: Any) -> Iterator[tuple[str, str]]:
        root = self._file
        old = root.get("model_weights", root)
        if _listed(old, "layer_names") is not None:
            yield from _old(h5py, old)
        else:
            yield from _new(h5py, root, _DEEP, set())

    def _entry(self, h5py: Any, name: str, place: str) -> Entry:
        data = self._file[place]
        plain = isinstance(data, h5py.Dataset) and data.dtype.kind in "fiub" and not (data.external or data.is_virtual)
        if not plain or math.prod(data.shape) * data.dtype.itemsize > os.path.getsize(self.path):
            raise CheckpointError(f"{self.path} cannot be read: {name!r} is no array of numbers in this file.")
        return Entry(data.dtype, tuple(data.shape))


def is_zip_of_keras(path: str) -> bool:
    """Whether a file is a zip archive of Keras's."""
    return _INSIDE in members(path)


def h5py_for(path: str) -> Any:
    """The package that reads and writes such files.

    Raises:
      CheckpointError: it is not installed.
    """
    try:
        import h5py
    except ImportError:
        raise CheckpointError(
            f"{path} is a file of Keras, which needs the package h5py: pip install 'jax-slim[keras]'."
        ) from None
    return h5py


def _old(h5py: Any, root: Any) -> Iterator[tuple[str, str]]:
    """Weights of `.h5` files: a group for each layer, whose attribute lists them."""
    for layer in _listed(root, "layer_names") or ():
        if (group := _member(h5py, root, layer)) is None:
            continue
        weights = _listed(group, "weight_names")
        if weights is None:
            raise KeyError(f"{layer} lists no weights")
        kinds = [name.rpartition("/")[2].partition(":")[0] for name in weights]
        if "pointwise_kernel" not in kinds:  # Keras 2 calls that of DepthwiseConv2D so
            kinds = ["kernel" if kind == "depthwise_kernel" else kind for kind in kinds]
        kinds = ["gamma" if _NAMELESS.fullmatch(kind) else kind for kind in kinds]
        owners = [name.split("/")[-2] if "/" in name else layer for name in weights]
        if len(set(owners)) == 1:  # else it is a model within the model, whose layers own them
            owners = [layer] * len(weights)
        for name, owner, kind in zip(weights, owners, kinds, strict=True):
            where = group
            for part in name.split("/"):
                where = _member(h5py, where, part)
                if where is None:
                    raise KeyError(f"{layer} has no {name}")
            yield f"{owner}/{kind}", where.name


def _new(h5py: Any, group: Any, deep: int, seen: set[Any]) -> Iterator[tuple[str, str]]:
    """Weights of `.weights.h5` files: groups called by classes, whose `vars` tells the layer's name.

    A group that stands at several places, within itself perhaps, is looked at once.
    """
    for key in group:
        inside = _member(h5py, group, key)
        if inside is None or not isinstance(inside, h5py.Group) or key == "optimizer" or inside in seen:
            continue
        seen.add(inside)
        if key != "vars":
            if deep:
                yield from _new(h5py, inside, deep - 1, seen)
            continue
        numbers = sorted((number for number in inside if number.isdigit()), key=int)
        if not numbers:
            continue
        layer = inside.attrs["name"] if "name" in inside.attrs else group.name.rpartition("/")[2]
        kind = _CLASS.fullmatch(group.name.rpartition("/")[2])
        weights = CLASS_WEIGHTS.get(kind[1] if kind else "", ())
        if weights and weights[0] == "gamma":
            weights = weights[-len(numbers) :]
        for number, name in zip(numbers, weights, strict=False):
            if (data := _member(h5py, inside, number)) is not None:
                yield f"{_text(layer)}/{name}", data.name


def _listed(group: Any, name: str) -> list[str] | None:
    """The texts of an attribute; Keras divides one that is too long into several, 'layer_names0' and so on."""
    if name in group.attrs:
        return [_text(text) for text in group.attrs[name]]
    texts: list[str] = []
    for number in itertools.count():
        if (part := f"{name}{number}") not in group.attrs:
            return texts if number else None
        texts += [_text(text) for text in group.attrs[part]]
    return None


def _member(h5py: Any, group: Any, key: str) -> Any:
    """What a group holds itself, not by a link into another place or another file; None where there is nothing."""
    if not isinstance(group, h5py.Group) or not isinstance(group.get(key, getlink=True), h5py.HardLink):
        return None
    return group[key]


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def _counted(layers: set[str]) -> dict[str, str]:
    """Layer -> its name, with a place in the order in place of a number that Keras gave."""
    numbered: dict[str, list[tuple[int, str]]] = {}
    for layer in layers:
        if (found := _NUMBERED.fullmatch(layer)) is not None:
            numbered.setdefault(found[1], []).append((int(found[2] or 0), layer))
    names = {layer: layer for layer in layers}
    for kind, those in numbered.items():
        names |= {layer: f"{kind}#{place}" for place, (_, layer) in enumerate(sorted(those))}
    return names
