"""What `jax-slim evaluate` says of single classes: how many of each were right, and what was taken for what."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jax_slim.cli.failures import UsageError
from jax_slim.evaluation.once import totals_everywhere
from jax_slim.metrics.programs import MetricsProgram

_ALL = 40
"""Up to so many classes are all listed; of more, those that are worst."""
_WORST = 10

ENDINGS = (".csv", ".png")

MATRIX = "Confusion_matrix"
"""The metric that `MatrixProgram` keeps apart."""


class MatrixProgram(MetricsProgram):
    """Metrics over all batches of all processes, of which one is the confusion matrix, `MATRIX`.

    Args:
      metrics: a slim program: batch -> {name: (value, update)}.

    Attributes:
      matrix: after `results`, what was taken for what. It is not among the results, which go to the screen and to
        files line by line.
    """

    def __init__(self, metrics: Any) -> None:
        super().__init__(metrics, "evaluate", place=totals_everywhere())
        self.matrix: Any = None

    def results(self, variables: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The other metrics, and the program's summaries."""
        found, summaries = super().results(variables)
        self.matrix = found.pop(MATRIX)
        return found, summaries


def check(path: str | None) -> None:
    """Raises UsageError unless the confusion matrix can be written there: '-' means the standard output."""
    if path is not None and path != "-" and not path.lower().endswith(ENDINGS):
        raise UsageError(f"--confusion_matrix must end with {' or '.join(ENDINGS)}, or be - for a table, got {path!r}.")


def by_class(matrix: Any, labels: Sequence[str] | None) -> str:
    """A table: for each class its name, how many images it has, and which part of them was right.

    Args:
      matrix: [classes, classes]: rows are the images' own classes, columns what they were taken for.
      labels: the names of the classes; None: they are numbers.
    """
    matrix = np.asarray(matrix)
    images, right = matrix.sum(1), np.diag(matrix)
    present = [number for number in range(len(matrix)) if images[number]]
    title = f"{images.sum():.0f} images of {len(present)} of {len(matrix)} classes"
    if len(present) > _ALL:
        present = sorted(present, key=lambda number: right[number] / images[number])[:_WORST]
        title += f"; the {_WORST} with the least accuracy"
    named = [_name(number, labels) for number in present]
    width = max(map(len, named), default=0)
    lines = [
        f"  {name:{width}}  {right[number] / images[number]:6.1%} of {images[number]:.0f}"
        for name, number in zip(named, present, strict=True)
    ]
    return "\n".join([f"{title}:", *lines])


def table(matrix: Any, labels: Sequence[str] | None) -> str:
    """The matrix as text: a row for each class, a column for each that it was taken for, numbered as the rows are."""
    matrix = np.asarray(matrix).astype(int)
    named = [f"{number} {_name(number, labels)}" if labels else str(number) for number in range(len(matrix))]
    width = max(map(len, named), default=0)
    cell = max(len(str(matrix.max(initial=0))), len(str(len(matrix)))) + 1
    head = " " * width + "".join(f"{number:{cell}}" for number in range(len(matrix)))
    rows = (f"{name:{width}}" + "".join(f"{n:{cell}}" for n in row) for name, row in zip(named, matrix, strict=True))
    return "\n".join(["rows are labels, columns predictions:", head, *rows])


def write(path: str, matrix: Any, labels: Sequence[str] | None) -> None:
    """Writes the matrix as CSV or as a PNG, by the ending of the path; prints it for '-'."""
    if path == "-":
        print(table(matrix, labels))
        return
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    matrix = np.asarray(matrix)
    named = [_name(number, labels) for number in range(len(matrix))]
    if path.lower().endswith(".csv"):
        with Path(path).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["label \\ prediction", *named])
            writer.writerows([name, *(int(n) for n in row)] for name, row in zip(named, matrix, strict=True))
    else:
        _picture(path, matrix, named)


def _picture(path: str, matrix: Any, named: Sequence[str]) -> None:
    """A square for each pair of classes, the darker the larger its part of the row."""
    from PIL import Image, ImageDraw, ImageFont

    parts = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    side = max(2, min(48, 1600 // max(len(matrix), 1)))
    squares = np.kron(parts, np.ones((side, side)))[..., None]
    pixels = (255 - squares * (255 - np.array([20, 60, 140]))).astype(np.uint8)
    if side < 16:  # no room for names and numbers
        Image.fromarray(pixels).save(path)
        return
    font = ImageFont.load_default()
    margin = 10 + max(int(font.getlength(_plain(name))) for name in named)
    picture = Image.new("RGB", (margin + pixels.shape[1] + 1, margin + pixels.shape[0] + 1), "white")
    picture.paste(Image.fromarray(pixels), (margin, margin))
    draw = ImageDraw.Draw(picture)
    for number, name in enumerate(named):
        middle = margin + number * side + side // 2
        draw.text((margin - 5, middle), _plain(name), "black", font, anchor="rm")
        upright = Image.new("L", (margin, 14), 0)
        ImageDraw.Draw(upright).text((5, 7), _plain(name), 255, font, anchor="lm")
        turned = upright.rotate(90, expand=True)
        picture.paste("black", (middle - 7, 0), turned)
        for other in range(len(named)):
            if side >= 24 and matrix[number, other]:
                ink = "white" if parts[number, other] > 0.5 else "black"
                at = (margin + other * side + side // 2, middle)
                draw.text(at, f"{matrix[number, other]:.0f}", ink, font, anchor="mm")
    picture.save(path)


def _plain(name: str) -> str:
    """A name in the letters that Pillow's own font has, cut to a length that leaves room for squares."""
    text = name.encode("latin-1", "replace").decode("latin-1")
    return text if len(text) <= 24 else text[:23] + "."


def _name(number: int, labels: Sequence[str] | None) -> str:
    return labels[number] if labels and number < len(labels) else str(number)
