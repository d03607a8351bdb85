"""Examples by number, as `pipeline` takes them: out of arrays, records or a folder of images."""

import operator
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from jax_slim.data.data_decoder import DataDecoder
from jax_slim.data.dataset import Dataset
from jax_slim.data.encoded_images import EncodedImage
from jax_slim.data.errors import DataLossError
from jax_slim.data.photographs import IMAGE_ENDINGS, has_image_ending, passed_over, passed_over_text, read_photograph
from jax_slim.data.tfrecords import TFRecords

Example = dict[str, Any]


class ArrayExamples(Sequence[Example]):
    """The examples of arrays: number i is {name: array[i]}.

    Args:
      arrays: name -> array [N, ...]; all have the same N. They are kept, not copied.

    Raises:
      ValueError: no arrays, or unequal lengths.
    """

    def __init__(self, arrays: Mapping[str, ArrayLike]):
        self._arrays = {name: np.asarray(array) for name, array in arrays.items()}
        shapes = {name: array.shape for name, array in self._arrays.items()}
        if not shapes or not all(shapes.values()) or len({shape[0] for shape in shapes.values()}) > 1:
            raise ValueError(f"ArrayExamples: arrays must be one or more of the same length, got shapes {shapes}.")
        self._length = next(iter(shapes.values()))[0]

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: Any) -> Any:
        return {name: array[index] for name, array in self._arrays.items()}


class DecodedRecords(Sequence[Example]):
    """The examples of records, decoded when they are asked for: {item: value}.

        examples = DecodedRecords(TFRecords("/data/train@5"), decoder)
        examples[17]["image"].shape      # (375, 500, 3)

    Args:
      records: the records by number, as `TFRecords`.
      decoder: a `DataDecoder`, as `TFExampleDecoder`.
      items: the names of the items wanted; None means all.

    Raises:
      ValueError: the decoder has no such item.
    """

    def __init__(self, records: Sequence[bytes], decoder: DataDecoder, items: Sequence[str] | None = None):
        known = decoder.list_items()
        unknown = [item for item in items or () if item not in known]
        if unknown:
            raise ValueError(f"DecodedRecords: items must be among {list(known)}, got {unknown[0]!r}.")
        self._records = records
        self._decoder = decoder
        self.items = list(known if items is None else items)

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        record = self._records[index]
        try:
            values = self._decoder.decode(record, self.items)
        except DataLossError as error:
            raise DataLossError(f"{self.key(index)}: {error}") from error
        return dict(zip(self.items, values, strict=True))

    def key(self, index: int) -> str:
        """Where an example is from: '<file>:<byte>' for TFRecords."""
        key = getattr(self._records, "key", None)
        return f"record {index}" if key is None else key(index)


class ImageFolder(Sequence[Example]):
    """A folder with a folder of images for each class: {"image": uint8 [H, W, 3], "label": int64}.

        flowers = ImageFolder("/data/flower_photos")
        flowers.class_names       # ['daisy', 'dandelion', 'roses', 'sunflowers', 'tulips']
        flowers[0]["label"]       # 0

    Images are JPEG, PNG, GIF, BMP, WebP and TIFF files (of several frames the first), in the order of their names, and
    upright, as `decode_image` reads them. What a file is decides its contents, not its ending. Files with other endings
    are passed over with a warning, hidden ones without.

    Args:
      root: the folder.
      class_names: the names of the classes in the order of their labels; None takes all folders in `root`, in the order
        of their names.
      decode: False gives `EncodedImage`s, for transforms that use a part of each: `preprocessing.on_device(...).cut`.

    Attributes:
      class_names: the name for each label.
      paths: the files.
      labels: the label of each file, int64 [N].
      passed_over: how many files were passed over, by the endings of their names: {'.heic': 3}.

    Raises:
      FileNotFoundError: there is no such folder, or none for a class.
      ValueError: there are no classes, or one without images.
    """

    def __init__(self, root: Any, class_names: Sequence[str] | None = None, decode: bool = True):
        folder = Path(root)
        self._decode = decode
        if not folder.is_dir():
            raise FileNotFoundError(f"ImageFolder: root must be a folder, got {str(folder)!r}.")
        if class_names is None:
            class_names = sorted(
                path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")
            )
        if not class_names:
            raise ValueError(
                f"ImageFolder: root must hold a folder of images for each class, got {str(folder)!r} without folders."
            )
        self.class_names = list(class_names)
        self.paths, self.labels = images_of_classes("ImageFolder", folder, self.class_names)
        self.passed_over = passed_over(folder / name for name in self.class_names)
        if self.passed_over:
            warnings.warn(passed_over_text("ImageFolder", self.passed_over), stacklevel=2)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        path = self.paths[operator.index(index)]
        image = read_photograph(path) if self._decode else EncodedImage(path.read_bytes(), str(path))
        return {"image": image, "label": self.labels[index]}

    def key(self, index: int) -> str:
        """The path of an image."""
        return str(self.paths[index])


def examples_of(function: str, source: Any) -> Any:
    """`source` as examples by number: a `Dataset` and arrays by name are made into some.

    Raises:
      TypeError: it has no length, or no elements by number.
    """
    if isinstance(source, Dataset):
        return DecodedRecords((source.reader or TFRecords)(source.data_sources), source.decoder)
    if isinstance(source, Mapping):
        return ArrayExamples(source)
    if not hasattr(source, "__len__") or not hasattr(source, "__getitem__"):
        raise TypeError(
            f"{function}: source must have a length and give examples by number, or be a Dataset or a mapping from "
            f"names to arrays, got {type(source).__name__}. TFRecords(...) and list(...) have."
        )
    return source


def images_of_classes(function: str, folder: Path, class_names: Sequence[str]) -> tuple[list[Path], np.ndarray]:
    """The image files in a folder's folders for these classes, and the label of each, int64 [N].

    Raises:
      FileNotFoundError: a class has no folder.
      ValueError: a class has no images.
    """
    paths: list[Path] = []
    labels: list[int] = []
    for label, name in enumerate(class_names):
        inside = folder / name
        if not inside.is_dir():
            raise FileNotFoundError(f"{function}: there must be a folder for each class, got none at {str(inside)!r}.")
        found = sorted(path for path in inside.iterdir() if has_image_ending(path) and path.is_file())
        if not found:
            others = passed_over([inside])
            held = f"; {passed_over_text('there', others)}" if others else ""
            raise ValueError(
                f"{function}: each class must have images that end in {', '.join(IMAGE_ENDINGS)}, got none in "
                f"{str(inside)!r}{held}."
            )
        paths += found
        labels += [label] * len(found)
    return paths, np.array(labels, np.int64)
