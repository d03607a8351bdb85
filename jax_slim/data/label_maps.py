"""Label maps: the text files in which the Object Detection API numbers and names classes.

item {
  id: 1
  name: 'cat'
}
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from jax_slim.data.errors import DataLossError

_COMMENT = re.compile(r"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|#[^\n]*""")
_ITEM = re.compile(r"""item\s*:?\s*[{<]((?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^{}<>"'])*)[}>]""")
_ID = re.compile(r"\bid\s*:\s*(-?\d+)")
_NAME = re.compile(r"""\b(display_name|name)\s*:\s*("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')""")
_MOST_BYTES = 64 << 20


class LabelMapItem(NamedTuple):
    """A class of a label map.

    Attributes:
      id: its number, from 1; 0 is the background.
      name: what data calls it: 'cat', or COCO's '/m/01yrx'.
      display_name: what people call it; the name where the file has none.
    """

    id: int
    name: str
    display_name: str


def read_label_map(path: str | os.PathLike[str]) -> dict[int, LabelMapItem]:
    """The classes of a label map, by their numbers.

        read_label_map("pascal_label_map.pbtxt")[8].name       # 'cat'

    Raises:
      DataLossError: the file is no label map, or numbers two classes alike.
      OSError: it cannot be read.
    """
    path = Path(path)
    with path.open("rb") as file:
        text = file.read(_MOST_BYTES).decode("utf-8", "replace")
    found: dict[int, LabelMapItem] = {}
    for inside in _ITEM.findall(_COMMENT.sub(lambda match: match[1] or "", text)):
        number = _ID.search(inside)
        names = {kind: _unquoted(text) for kind, text in _NAME.findall(inside)}
        if not number or not names:
            continue
        name = names.get("name", names.get("display_name", ""))
        item = LabelMapItem(int(number[1]), name, names.get("display_name", name))
        if found.setdefault(item.id, item) != item:
            raise DataLossError(f"{path}: each class must have a number of its own, got two with id {item.id}.")
    if not found:
        raise DataLossError(f"{path} is no label map: it must have items such as item {{ id: 1 name: 'cat' }}.")
    return found


def write_label_map(path: str | os.PathLike[str], names: Mapping[int, str]) -> None:
    """Writes a label map of number -> name."""
    items = (f"item {{\n  id: {number}\n  name: {_quoted(name)}\n}}\n" for number, name in sorted(names.items()))
    Path(path).write_text("".join(items), encoding="utf-8")


def class_names(label_map: Mapping[int, LabelMapItem]) -> list[str]:
    """Names in the order of numbers from 1; numbers that there are not are named by themselves.

    COCO's 80 classes have numbers up to 90, and its detectors 90 classes.
    """
    numbers = range(1, max(label_map, default=0) + 1)
    return [label_map[number].display_name if number in label_map else str(number) for number in numbers]


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def _quoted(name: str) -> str:
    return "'" + re.sub(r"(['\\])", r"\\\1", name.replace("\n", " ")) + "'"
