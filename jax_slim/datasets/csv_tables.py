"""Images that a CSV file lists: a column of file names and one of labels, maybe one of parts."""

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jax_slim.data.errors import DataLossError
from jax_slim.data.photographs import IMAGE_ENDINGS
from jax_slim.datasets.dataset_utils import class_list, labels_in
from jax_slim.datasets.image_files import ImageFiles
from jax_slim.datasets.parts import known_part

# What people call the columns.
_FILES = ("filename", "file_name", "file", "filepath", "file_path", "path", "image", "image_path", "image_name",
          "image_id", "img", "name", "id")  # fmt: skip
_LABELS = ("label", "labels", "class", "class_name", "classname", "category", "target", "species", "breed", "y",
           "class_id", "label_id")  # fmt: skip
_PARTS = ("split", "set", "subset", "partition", "part")

TABLE_ENDINGS = (".csv", ".tsv")


class Row(NamedTuple):
    """A line of a table: the number of the line, the file, its label and its part ("" when there is none)."""

    line: int
    file: str
    label: str
    part: str


class NoTableError(ValueError):
    """The file is no table of images and labels."""


class Tables(NamedTuple):
    """The images of tables by part ("" when they are not divided), and the name of each label, or None."""

    parts: dict[str, ImageFiles]
    class_names: list[str] | None


def tables(function: str, paths: Sequence[Path], all_there: bool) -> Tables:
    """Reads one table, or several that are each a part and called 'train.csv' and so on.

    Args:
      function: for messages.
      paths: the files. Names of images are relative to their folder, or to a folder in it; the ending may be missing.
      all_there: whether to refuse a table with images that do not exist.

    Raises:
      NoTableError: no file is a table of images and labels.
      DataLossError: a file is damaged.
      FileNotFoundError: an image does not exist.
    """
    rows: dict[str, list[tuple[Path, Row]]] = {}
    unusable = []
    for path in paths:
        own = path.stem if len(paths) > 1 else ""
        try:
            found = _rows(function, path)
            images = _files(function, path, found, all_there)
        except NoTableError as error:  # a 'test.csv' often has no labels
            unusable.append(error)
            continue
        for image, row in zip(images, found, strict=True):
            rows.setdefault(row.part or own, []).append((image, row))
    if not rows:
        raise unusable[0]
    if "" in rows and len(rows) > 1:
        line = rows[""][0][1].line
        raise DataLossError(f"{function}: each line of {paths[0]} must say a part or none, got none in line {line}.")
    labels, class_names = _labels(function, paths[0], {part: [row for _, row in found] for part, found in rows.items()})
    parts = {
        part: ImageFiles([image for image, _ in found], labels[part], [row.file for _, row in found])
        for part, found in rows.items()
    }
    return Tables(parts, class_names)


def _rows(function: str, path: Path) -> list[Row]:
    """The lines of a table, with its columns found by their names or by what is in them."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        first = text.partition("\n")[0]
        delimiter = max("\t,;", key=first.count)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        lines = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if any(map(str.strip, row))]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataLossError(f"{function}: {path} must be a table in UTF-8: {error}.") from None
    if not lines:
        raise NoTableError(f"{function}: {path} must have a line for each image, got none.")
    names = [cell.lower().replace(" ", "_") for cell in lines[0][1]]
    file, label, part = (_column(names, known) for known in (_FILES, _LABELS, _PARTS))
    headed = file is not None or label is not None
    body = lines[1:] if headed else lines
    if not body:
        raise NoTableError(f"{function}: {path} must have a line for each image below its head, got none.")
    width = len(names)
    if file is None:
        looks = [at for at in range(width) if at != label and _like_image(body[0][1], at)]
        file = looks[0] if looks else None
    if label is None:
        others = [at for at in range(width) if at not in (file, part)]
        label = others[0] if len(others) == 1 else None
    if file is None or label is None:
        what = f"the columns {lines[0][1]}" if headed else f"the first line {lines[0][1]}"
        raise NoTableError(
            f"{function}: {path} must have a column called filename and one called label, or just the two, got {what}."
        )
    rows = []
    for line, cells in body:
        if len(cells) != width:
            raise DataLossError(f"{function}: line {line} of {path} must have {width} cells, got {len(cells)}.")
        if not cells[file] or not cells[label]:
            raise DataLossError(f"{function}: line {line} of {path} must have a file and a label, got {cells}.")
        rows.append(Row(line, cells[file], cells[label], "" if part is None else cells[part]))
    return rows


def _column(names: Sequence[str], known: Sequence[str]) -> int | None:
    return next((names.index(name) for name in known if name in names), None)


def _like_image(cells: Sequence[str], at: int) -> bool:
    return at < len(cells) and Path(cells[at]).suffix.lower() in IMAGE_ENDINGS


def _files(function: str, path: Path, rows: Sequence[Row], all_there: bool) -> list[Path]:
    """The path of each row's image."""
    folder = path.parent
    inside = sorted(Path(entry.path) for entry in os.scandir(folder) if entry.is_dir() and entry.name[0] != ".")
    for row in rows[: 1 if all_there else None]:
        name = row.file
        tried = [(base, ending) for base in (folder, *inside) for ending in ("", *IMAGE_ENDINGS)]
        place = next((one for one in tried if _at(*one, name).is_file()), None)
        if place is not None:
            break
    else:
        raise NoTableError(
            f"{function}: the images of {path} must be in its folder or one in that, got {rows[0].file!r} in line "
            f"{rows[0].line}, which is not."
        )
    found = [_at(*place, row.file) for row in rows]
    if all_there:
        missing = [(row, image) for row, image in zip(rows, found, strict=True) if not image.is_file()]
        if missing:
            (row, image), more = missing[0], len(missing) - 1
            raise FileNotFoundError(
                f"{function}: the images of {path} must exist, got {str(image)!r} in line {row.line}, which does not"
                + (f", and {more} more." if more else ".")
            )
    return found


def _at(base: Path, ending: str, name: str) -> Path:
    return base / (name.replace("\\", "/") + ending)


def _labels(function: str, path: Path, rows: dict[str, list[Row]]) -> tuple[dict[str, np.ndarray], list[str] | None]:
    """The label of each row by part, and the names of the classes. Whole numbers are labels, other texts are names."""
    texts = {row.label for found in rows.values() for row in found}
    named = labels_in(path.parent)
    class_names = None if named is None else class_list(named)
    if all(text.isascii() and text.lstrip("-").isdigit() for text in texts):
        return {
            part: np.array([int(row.label) for row in found], np.int64) for part, found in rows.items()
        }, class_names
    class_names = sorted(texts) if class_names is None else class_names
    number = {name: label for label, name in enumerate(class_names)}
    for found in rows.values():
        for row in found:
            if row.label not in number:
                raise ValueError(
                    f"{function}: labels must be among those of {path.parent / 'labels.txt'}, got {row.label!r} in "
                    f"line {row.line}."
                )
    return {part: np.array([number[row.label] for row in found], np.int64) for part, found in rows.items()}, class_names


def tables_in(folder: Path) -> list[Path]:
    """The table of a folder; or those that are called like parts, when there are several."""
    found = sorted(
        path for path in folder.iterdir() if path.suffix.lower() in TABLE_ENDINGS and not path.name.startswith(".")
    )
    return found if len(found) == 1 else [path for path in found if known_part(path.stem)]
