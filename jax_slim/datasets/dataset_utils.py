"""What TF-Slim's data sets are made with: examples of images, and the file with the names of the classes.

`slim.datasets.dataset_utils`, as in research/slim. Nothing here downloads.
"""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jax_slim.data.errors import DataLossError
from jax_slim.data.examples import make_example

LABELS_FILENAME = "labels.txt"

_NUMBERED = re.compile(r"\s*(\d+)\s*:(.*)", re.DOTALL)


def image_to_tfexample(
    image_data: bytes, image_format: str | bytes, height: int, width: int, class_id: int, **more: Any
) -> bytes:
    """Makes the serialized tf.train.Example of one image and its class, as TF-Slim's scripts did.

        image_to_tfexample(Path("cat.jpg").read_bytes(), "jpg", 480, 640, 3)

    Its features: image/encoded, image/format, image/class/label, image/height, image/width.

    Args:
      image_data: the encoded image.
      image_format: "jpg", "png" or the like.
      height, width: in pixels.
      class_id: the label.
      **more: further features of an image: channels=1 becomes "image/channels".

    Source: research/slim/datasets/dataset_utils.py.
    """
    return make_example(
        {
            "image/encoded": image_data,
            "image/format": image_format.encode() if isinstance(image_format, str) else image_format,
            "image/class/label": class_id,
            "image/height": height,
            "image/width": width,
            **{f"image/{name}": value for name, value in more.items()},
        }
    )


def write_label_file(
    labels_to_class_names: Mapping[int, str], dataset_dir: str | os.PathLike[str], filename: str = LABELS_FILENAME
) -> None:
    """Writes the names of the classes, 'label:name' on a line each.

    Raises:
      ValueError: a name has more than one line.
    """
    Path(dataset_dir, filename).write_text(label_lines(labels_to_class_names), encoding="utf-8")


def label_lines(labels_to_class_names: Mapping[int, str]) -> str:
    """What such a file holds."""
    for label, name in labels_to_class_names.items():
        if len(str(name).splitlines()) > 1:
            raise ValueError(f"write_label_file: the name of class {label} must be one line, got {name!r}.")
        if not str(name).isascii() and str(name).encode("utf-8", "replace").decode() != str(name):
            # The name of a folder in another encoding, as Python gives it on Linux.
            raise ValueError(
                f"write_label_file: the name of class {label} must be text that UTF-8 can hold, got {name!r}. "
                "Rename its folder."
            )
    return "".join(f"{label}:{name}\n" for label, name in labels_to_class_names.items())


def has_labels(dataset_dir: str | os.PathLike[str], filename: str = LABELS_FILENAME) -> bool:
    """Whether the folder has a file with the names of the classes."""
    return Path(dataset_dir, filename).is_file()


def read_label_file(dataset_dir: str | os.PathLike[str], filename: str = LABELS_FILENAME) -> dict[int, str]:
    """Reads the names of the classes: label -> name.

    The lines are 'label:name', as TF-Slim wrote them; where none has a number, they are the names in order.

    Raises:
      DataLossError: the file is no such text, is empty, or has a label twice.
    """
    path = Path(dataset_dir, filename)
    try:
        lines = [line for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except UnicodeDecodeError as error:
        raise DataLossError(f"read_label_file: {path} must be text in UTF-8: {error}.") from None
    if not lines:
        raise DataLossError(f"read_label_file: {path} must have a line for each class, got none.")
    numbered = [_NUMBERED.fullmatch(line) for line in lines]
    if not any(numbered):
        return dict(enumerate(line.strip() for line in lines))
    names: dict[int, str] = {}
    for line, found in zip(lines, numbered, strict=True):
        if found is None:
            raise DataLossError(f"read_label_file: each line of {path} must be 'label:name', got {line!r}.")
        label = int(found[1])
        if label in names:
            raise DataLossError(f"read_label_file: {path} must have each label once, got {label} twice.")
        names[label] = found[2].strip()
    return names


def class_list(labels_to_names: Mapping[int, str]) -> list[str]:
    """The names in the order of the labels; a label without a name, as 0 is in some data sets, is called by number."""
    return [labels_to_names.get(label, str(label)) for label in range(max(labels_to_names, default=-1) + 1)]


def labels_in(dataset_dir: str | os.PathLike[str], filename: str = LABELS_FILENAME) -> dict[int, str] | None:
    """As `read_label_file`, or None where there is no such file."""
    return read_label_file(dataset_dir, filename) if has_labels(dataset_dir, filename) else None


def near(name: str, known: Iterable[str]) -> str:
    """' Near names: ...', for messages; nothing where none is near."""
    import difflib

    found = difflib.get_close_matches(name.lower(), list(known), n=3, cutoff=0.5)
    return f" Near names: {', '.join(found)}." if found else ""
