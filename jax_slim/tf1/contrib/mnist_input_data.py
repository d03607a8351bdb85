"""`tensorflow.examples.tutorials.mnist.input_data`: MNIST in arrays, by batches, as TensorFlow's tutorials read it."""

import gzip
import os
import urllib.request
from collections import namedtuple
from pathlib import Path
from typing import Any

import numpy as np

from jax_slim.tf1.graph import dtypes

Datasets = namedtuple("Datasets", ["train", "validation", "test"])
DEFAULT_SOURCE_URL = "https://storage.googleapis.com/cvdf-datasets/mnist/"
_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


class DataSet:
    """Images and labels, given by batches; each time round in another order.

    Args:
      images: [examples, height, width, 1], flattened by `reshape`, and between 0 and 1 for float32.
      labels: [examples], or [examples, classes].
      fake_data: whether every batch is made up.
      one_hot: whether made-up labels are vectors.
      dtype: uint8 or float32.
      reshape: whether images become vectors.
      seed: of the orders.
    """

    def __init__(
        self,
        images: Any,
        labels: Any,
        fake_data: bool = False,
        one_hot: bool = False,
        dtype: Any = dtypes.float32,
        reshape: bool = True,
        seed: int | None = None,
    ) -> None:
        self._random = np.random if seed is None else np.random.RandomState(seed)
        kind = dtypes.as_dtype(dtype).base_dtype
        if kind not in (dtypes.uint8, dtypes.float32):
            raise TypeError(f"Invalid image dtype {kind!r}, expected uint8 or float32")
        self._fake, self.one_hot = fake_data, one_hot
        if fake_data:
            self._num_examples = 10000
        else:
            assert images.shape[0] == labels.shape[0], f"images.shape: {images.shape} labels.shape: {labels.shape}"
            self._num_examples = images.shape[0]
            if reshape:
                images = images.reshape(images.shape[0], images.shape[1] * images.shape[2])
            if kind == dtypes.float32:
                images = np.multiply(images.astype(np.float32), 1.0 / 255.0)
        self._images, self._labels = images, labels
        self._epochs_completed = self._place = 0

    images = property(lambda self: self._images)
    labels = property(lambda self: self._labels)
    num_examples = property(lambda self: self._num_examples)
    epochs_completed = property(lambda self: self._epochs_completed)

    def _shuffle(self) -> None:
        order = np.arange(self._num_examples)
        self._random.shuffle(order)
        self._images, self._labels = self._images[order], self._labels[order]

    def next_batch(self, batch_size: int, fake_data: bool = False, shuffle: bool = True) -> tuple[Any, Any]:
        """(images, labels) of the next examples."""
        if fake_data or self._fake:
            image, label = [1] * 784, [1] + [0] * 9 if self.one_hot else 0
            return [image] * batch_size, [label] * batch_size
        start = self._place
        if not self._epochs_completed and not start and shuffle:
            self._shuffle()
        if start + batch_size <= self._num_examples:
            self._place = start + batch_size
            return self._images[start : self._place], self._labels[start : self._place]
        self._epochs_completed += 1
        images, labels = self._images[start:], self._labels[start:]
        if shuffle:
            self._shuffle()
        self._place = batch_size - len(images)
        return np.concatenate([images, self._images[: self._place]]), np.concatenate(
            [labels, self._labels[: self._place]]
        )


def extract_images(f: Any) -> np.ndarray:
    """The images of an open, packed file: uint8 [examples, height, width, 1]."""
    data = gzip.decompress(f.read())
    magic, count, height, width = np.frombuffer(data, ">u4", 4)
    if magic != 2051:
        raise ValueError(f"Invalid magic number {magic} in MNIST image file: {getattr(f, 'name', f)}")
    return np.frombuffer(data, np.uint8, offset=16).reshape(count, height, width, 1)


def extract_labels(f: Any, one_hot: bool = False, num_classes: int = 10) -> np.ndarray:
    """The labels of an open, packed file: uint8 [examples], or one-hot [examples, classes]."""
    data = gzip.decompress(f.read())
    magic, _ = np.frombuffer(data, ">u4", 2)
    if magic != 2049:
        raise ValueError(f"Invalid magic number {magic} in MNIST label file: {getattr(f, 'name', f)}")
    labels = np.frombuffer(data, np.uint8, offset=8)
    return np.eye(num_classes)[labels] if one_hot else labels


def maybe_download(filename: str, work_directory: str, source_url: str) -> str:
    """The path of a file, which is fetched if it is not there."""
    os.makedirs(work_directory, exist_ok=True)
    path = os.path.join(work_directory, filename)
    if not os.path.exists(path):
        urllib.request.urlretrieve(source_url, path)
    return path


def read_data_sets(train_dir: str, fake_data: bool = False, one_hot: bool = False, dtype: Any = dtypes.float32, reshape: bool = True, validation_size: int = 5000,
                   seed: int | None = None, source_url: str = DEFAULT_SOURCE_URL) -> Datasets:  # fmt: skip
    """MNIST of the four packed files in a folder, which are fetched if they are not there: `train`, `validation` and `test`.

    Raises:
      ValueError: there are not that many examples for validation.
    """
    if fake_data:
        return Datasets(*(DataSet([], [], fake_data=True, one_hot=one_hot, dtype=dtype, seed=seed) for _ in range(3)))
    source_url = source_url or DEFAULT_SOURCE_URL
    found = []
    for name in _FILES:
        with Path(maybe_download(name, train_dir, source_url + name)).open("rb") as file:
            found.append(extract_images(file) if "images" in name else extract_labels(file, one_hot=one_hot))
    images, labels, test_images, test_labels = found
    if not 0 <= validation_size <= len(images):
        raise ValueError(f"Validation size should be between 0 and {len(images)}. Received: {validation_size}.")
    options = {"dtype": dtype, "reshape": reshape, "seed": seed}
    parts = (
        (images[validation_size:], labels[validation_size:]),
        (images[:validation_size], labels[:validation_size]),
        (test_images, test_labels),
    )
    return Datasets(*(DataSet(*part, **options) for part in parts))
