"""A part of a data set with boxes: examples by number, in one form whatever files they come from."""

import operator
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jax_slim.data.errors import DataLossError
from jax_slim.data.image_codecs import decode_image


class BoxExamples(Sequence[dict[str, Any]]):
    """Pictures with boxes by number, a source of `slim.data.pipeline`.

    An example is {"image": uint8 [H, W, 3], "boxes": float32 [n, 4], "classes": int64 [n], "crowd": bool [n],
    "difficult": bool [n], "areas": float32 [n]}: y_min, x_min, y_max, x_max as parts of the sides, classes from 0;
    whether an object is a group, as COCO has them, or need not be found, as PASCAL VOC says; how many pixels of the
    picture as it is stored it covers: as COCO says, which measures outlines, else its box. Boxes without area are left
    out.

    Args:
      source: anything with a length and `source[i]`, whose examples have these.
      class_names: the name of each class.
      indices: which examples of `source`, in which order; None means all.

    Attributes:
      num_samples: how many there are.
      num_classes, class_names: of the objects.
    """

    def __init__(self, source: Any, class_names: Sequence[str], indices: np.ndarray | None = None) -> None:
        self._source, self._indices = source, indices
        self.class_names = list(class_names)
        self.num_classes = len(self.class_names)
        self.num_samples = len(source) if indices is None else len(indices)

    def __len__(self) -> int:
        return self.num_samples

    def __getitem__(self, index: Any) -> Any:
        """An example, or a list of them for a slice.

        Raises:
          ValueError: an object is of none of the classes.
          DataLossError: it is damaged.
        """
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        example = self._source[self._place(index)]
        classes = example["classes"]
        if classes.size and not 0 <= classes.min() <= classes.max() < self.num_classes:
            raise ValueError(
                f"{self.key(index)}: classes must be from 0 to {self.num_classes - 1}, for {self.num_classes} classes, "
                f"got {classes.min()} to {classes.max()}. The label map must have them all."
            )
        boxes = np.clip(example["boxes"], 0, 1).astype(np.float32)
        seen = (boxes[:, 2:] > boxes[:, :2]).all(1)
        rows = {name: np.asarray(example[name])[seen] for name in ("classes", "crowd", "difficult")}
        sides = (boxes[seen, 2:] - boxes[seen, :2]) * example["image"].shape[:2]
        said = np.asarray(example["areas"])[seen] if "areas" in example else np.full(len(sides), np.nan)
        rows["areas"] = np.where(np.isfinite(said), said, sides.prod(1)).astype(np.float32)
        return {"image": example["image"], "boxes": boxes[seen], **rows}

    def key(self, index: int) -> str:
        """Where an example is from, for messages: a path, or a file and a place in it."""
        return self._source.key(self._place(index))

    def __repr__(self) -> str:
        return f"BoxExamples({self.num_samples} of {self.num_classes} classes)"

    def _place(self, index: Any) -> int:
        number = operator.index(index)
        if number < 0:
            number += len(self)
        if not 0 <= number < len(self):
            raise IndexError(f"BoxExamples: index must be within the {len(self)} examples, got {index}.")
        return number if self._indices is None else int(self._indices[number])


class Objects(NamedTuple):
    """The objects of a picture: boxes [n, 4] in pixels, and a row for each; areas in pixels, NaN where none is said."""

    boxes: np.ndarray
    classes: np.ndarray
    crowd: np.ndarray
    difficult: np.ndarray
    areas: np.ndarray


class BoxedFiles(Sequence[dict[str, Any]]):
    """Image files with boxes in pixels, by number.

    Args:
      paths: the files.
      objects: number -> `Objects` of that file, boxes in pixels.
    """

    def __init__(self, paths: Sequence[Path], objects: Callable[[int], Objects]) -> None:
        self.paths, self._objects = list(paths), objects

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: Any) -> Any:
        number = operator.index(index)
        objects = self._objects(number)
        try:
            # Boxes belong to the pixels as they are stored.
            image = decode_image(self.paths[number].read_bytes(), channels=3, expand_animations=False, upright=False)
        except DataLossError as error:
            raise DataLossError(f"{self.paths[number]}: {error}") from None
        height, width = image.shape[:2]
        boxes = objects.boxes / np.array([height, width, height, width], np.float32)
        return {"image": image, **objects._asdict(), "boxes": boxes}

    def key(self, index: int) -> str:
        """The path of an image."""
        return str(self.paths[index])
