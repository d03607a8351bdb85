"""The files in which MNIST and CIFAR-10 were published: idx, and pickles in a tar archive."""

import gzip
import re
import tarfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from jax_slim.data.errors import DataLossError
from jax_slim.datasets import cifar10, mnist, pickled_arrays
from jax_slim.datasets.arrays import ArrayImages, LabelledArrays
from jax_slim.datasets.dataset_utils import class_list, labels_in

_IDX = re.compile(r"(?P<part>train|t10k|test)-(?P<kind>images|labels)[-.]idx(?P<rank>[13])-ubyte(\.gz)?")
_BATCH = re.compile(r"(data_batch_\d+|test_batch|batches\.meta)")
_FOLDER, _ARCHIVE = "cifar-10-batches-py", "cifar-10-python.tar.gz"
_MOST = 1 << 30  # bytes of one of these files; a real one has 47 MB

_UNREADABLE = (OSError, EOFError, zlib.error, tarfile.TarError)


def mnist_files(function: str, folder: Path) -> LabelledArrays | None:
    """The images of MNIST's files, or of others in their form, as Fashion-MNIST; None where there are none.

    Raises:
      DataLossError: a file is damaged.
      FileNotFoundError: a part has images without labels, or labels without images.
    """
    found: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.iterdir()):
        match = _IDX.fullmatch(path.name)
        if match and path.is_file():
            part = "train" if match["part"] == "train" else "test"
            found.setdefault(part, {})[match["kind"]] = path
    if not found:
        return None
    parts = {}
    for part, files in sorted(found.items(), reverse=True):
        lacking = {"images", "labels"} - files.keys()
        if lacking:
            raise FileNotFoundError(
                f"{function}: {next(iter(files.values()))} must have the file of its {lacking.pop()} beside it."
            )
        images, labels = _idx(function, files["images"], 3), _idx(function, files["labels"], 1)
        if len(images) != len(labels):
            raise DataLossError(
                f"{function}: {files['images']} and {files['labels']} must be of one length, got {len(images)} and "
                f"{len(labels)}."
            )
        parts[part] = ArrayImages(images[..., None], labels.astype(np.int64))
    named = labels_in(folder)
    if named is not None:
        return LabelledArrays(parts, class_list(named))
    digits = all(images.labels.max() < len(mnist.CLASS_NAMES) for images in parts.values())
    return LabelledArrays(parts, list(mnist.CLASS_NAMES) if digits else None)


def cifar10_files(function: str, place: Path) -> LabelledArrays | None:
    """The images of CIFAR-10's Python batches, in their archive or unpacked; None where there are none.

    The pickles are read by a reader that runs nothing.

    Raises:
      DataLossError: a file is damaged, or is another kind of pickle.
    """
    if place.is_file():
        batches = _archived(function, place)
    else:
        folder = next((one for one in (place, place / _FOLDER) if (one / "data_batch_1").is_file()), None)
        if folder is not None:
            batches = {path.name: path.read_bytes() for path in folder.iterdir() if _BATCH.fullmatch(path.name)}
        elif (place / _ARCHIVE).is_file():
            batches = _archived(function, place / _ARCHIVE)
        else:
            return None
    read = {name: _unpickled(function, place, name, data) for name, data in sorted(batches.items())}
    parts = {}
    for part, start in (("train", "data_batch_"), ("test", "test_batch")):
        found = [_batch(function, place, name, read[name]) for name in read if name.startswith(start)]
        if found:
            parts[part] = ArrayImages(*(np.concatenate(arrays) for arrays in zip(*found, strict=True)))
    if not parts:
        raise ValueError(f"{function}: {place} must hold CIFAR-10's data_batch_1 to 5 and test_batch, got none.")
    names = read.get("batches.meta", {}).get(b"label_names") or cifar10.CLASS_NAMES
    return LabelledArrays(
        parts, [name.decode("utf-8", "replace") if isinstance(name, bytes) else name for name in names]
    )


def _idx(function: str, path: Path, rank: int) -> np.ndarray:
    """The array of an idx file: uint8 [N, H, W] or [N]."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            data = file.read(_MOST)
    except _UNREADABLE as error:
        raise DataLossError(f"{function}: {path} must be a whole file: {error}.") from None
    head = 4 + 4 * rank
    if len(data) < head or data[:4] != bytes([0, 0, 8, rank]):
        raise DataLossError(
            f"{function}: {path} must be an idx file of bytes with {rank} dimensions, got one that begins with "
            f"{data[:4]!r}."
        )
    shape = tuple(int(size) for size in np.frombuffer(data, ">u4", rank, 4))
    size = int(np.prod(shape, dtype=object))
    if len(data) - head != size or not size:
        raise DataLossError(
            f"{function}: {path} must have {size} bytes for the shape {list(shape)} that it says, got "
            f"{len(data) - head}."
        )
    return np.frombuffer(data, np.uint8, size, head).reshape(shape)


def _archived(function: str, path: Path) -> dict[str, bytes]:
    """The batches in a tar archive. Nothing is unpacked to disk."""
    found = {}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                name = member.name.rpartition("/")[2]
                if _BATCH.fullmatch(name) and member.isfile() and member.size <= _MOST:
                    content: Any = archive.extractfile(member)
                    found[name] = content.read()
    except _UNREADABLE as error:
        raise DataLossError(f"{function}: {path} must be a whole tar archive: {error}.") from None
    return found


def _unpickled(function: str, place: Path, name: str, data: bytes) -> dict[Any, Any]:
    try:
        found = pickled_arrays.load(data)
        if not isinstance(found, dict):
            raise ValueError("it holds no dict")
    except Exception as error:  # a damaged pickle can fail anywhere in there
        raise DataLossError(f"{function}: {name} of {place} must be a pickle of CIFAR-10: {error}.") from None
    return {key.encode() if isinstance(key, str) else key: value for key, value in found.items()}


def _batch(function: str, place: Path, name: str, said: dict[Any, Any]) -> tuple[np.ndarray, np.ndarray]:
    data, labels = said.get(b"data"), said.get(b"labels")
    if (
        not isinstance(data, np.ndarray)
        or data.dtype != np.uint8
        or data.shape != (len(data), 3072)
        or not isinstance(labels, list | np.ndarray)
        or len(labels) != len(data)
        or not all(isinstance(label, int | np.integer) for label in labels)
    ):
        raise DataLossError(
            f"{function}: {name} of {place} must hold data, uint8 [N, 3072], and labels, [N], as CIFAR-10's do."
        )
    images = data.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), np.array(labels, np.int64)
