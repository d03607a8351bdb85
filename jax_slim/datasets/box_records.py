"""TFRecords of pictures with boxes, as the Object Detection API's scripts wrote them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jax_slim.data.errors import DataLossError
from jax_slim.data.examples import make_example
from jax_slim.data.features import FixedLenFeature, VarLenFeature
from jax_slim.data.label_maps import LabelMapItem, class_names, read_label_map
from jax_slim.data.sources import DecodedRecords
from jax_slim.data.tfexample_decoder import BoundingBox, Image, Tensor, TFExampleDecoder

_OBJECT = "image/object/"
_SIDES = ("ymin", "xmin", "ymax", "xmax")


def image_and_boxes_to_tfexample(
    image_data: bytes,
    image_format: str,
    height: int,
    width: int,
    boxes: Any,
    labels: Sequence[int],
    names: Sequence[str] | None = None,
    **more: Any,
) -> bytes:
    """Makes the serialized tf.train.Example of one picture and its objects, as the Object Detection API reads it.

        image_and_boxes_to_tfexample(Path("cat.jpg").read_bytes(), "jpeg", 480, 640, [[0.1, 0.2, 0.9, 0.8]], [17])

    Args:
      image_data: the encoded image.
      image_format: "jpeg", "png" or the like.
      height, width: in pixels.
      boxes: [n, 4]: y_min, x_min, y_max, x_max as parts of the sides.
      labels: [n], numbers of the label map, from 1.
      names: of the objects' classes; None leaves them out.
      **more: further features of the objects, such as is_crowd, difficult or area, in pixels.
    """
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
    features: dict[str, Any] = {
        "image/encoded": image_data,
        "image/format": image_format.encode(),
        "image/height": height,
        "image/width": width,
        **{f"{_OBJECT}bbox/{side}": boxes[:, column] for column, side in enumerate(_SIDES)},
        f"{_OBJECT}class/label": np.asarray(labels, np.int64),
        **{f"{_OBJECT}{name}": value for name, value in more.items()},
    }
    if names is not None:
        features[f"{_OBJECT}class/text"] = [name.encode() for name in names]
    return make_example(features)


class BoxRecords(Sequence[dict[str, Any]]):
    """Records with boxes by number.

    Args:
      records: the records by number.
      label_map: of their classes; those that have a name and no number are found by it.
    """

    def __init__(self, records: Sequence[bytes], label_map: dict[int, LabelMapItem]) -> None:
        self._records = DecodedRecords(records, _decoder())
        self._numbers = {
            name.encode(): item.id for item in label_map.values() for name in (item.display_name, item.name)
        }

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, index: Any) -> Any:
        example = self._records[index]
        count = len(example["boxes"])
        labels, texts = example["labels"], example["texts"]
        if not len(labels) and len(texts):
            unknown = [text for text in texts.tolist() if text not in self._numbers]
            if unknown:
                raise DataLossError(f"{self.key(index)}: {unknown[0]!r} is no class of the label map.")
            labels = np.array([self._numbers[text] for text in texts.tolist()], np.int64)
        rows = {"classes": labels - 1}
        for name in ("crowd", "difficult"):
            given = example[name]
            rows[name] = given.astype(bool) if len(given) else np.zeros(count, bool)
        rows["areas"] = example["areas"] if len(example["areas"]) else np.full(count, np.nan)
        for name, row in rows.items():
            if len(row) != count:
                raise DataLossError(f"{self.key(index)}: {name} must be one for each of {count} boxes, got {len(row)}.")
        return {"image": example["image"], "boxes": example["boxes"], **rows}

    def key(self, index: int) -> str:
        """'<file>:<byte>'."""
        return self._records.key(index)


def label_map_in(function: str, folder: Path) -> dict[int, LabelMapItem]:
    """The label map in a folder of records.

    Raises:
      ValueError: there is none, or more than one.
    """
    found = sorted(path for path in folder.glob("*.pbtxt") if not path.name.startswith("."))
    if len(found) != 1:
        raise ValueError(
            f"{function}: dataset_dir must have one label map (label_map.pbtxt) beside the records, which numbers and "
            f"names their classes, got {len(found)} in {str(folder)!r}."
        )
    return read_label_map(found[0])


def names_of(label_map: dict[int, LabelMapItem]) -> list[str]:
    """The classes by their numbers less 1."""
    return class_names(label_map)


def _decoder() -> TFExampleDecoder:
    rows = {"labels": ("class/label", np.int64), "texts": ("class/text", "string"),
            "crowd": ("is_crowd", np.int64), "difficult": ("difficult", np.int64),
            "areas": ("area", np.float32)}  # fmt: skip
    features: dict[str, Any] = {
        "image/encoded": FixedLenFeature((), "string"),
        "image/format": FixedLenFeature((), "string", ""),
        **{f"{_OBJECT}bbox/{side}": VarLenFeature(np.float32) for side in _SIDES},
        **{_OBJECT + key: VarLenFeature(kind) for key, kind in rows.values()},
    }
    return TFExampleDecoder(
        features,
        {
            # Boxes belong to the pixels as they are stored.
            "image": Image(upright=False),
            "boxes": BoundingBox(_SIDES, f"{_OBJECT}bbox/"),
            **{name: Tensor(_OBJECT + key) for name, (key, _) in rows.items()},
        },
    )
