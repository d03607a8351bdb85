"""What evaluation says of single classes: the table, the matrix as text, CSV and picture."""

import csv

import numpy as np
import pytest
from PIL import Image

from jax_slim.cli import confusion
from jax_slim.cli.failures import UsageError

MATRIX = np.array([[3, 1, 0], [0, 4, 0], [0, 0, 0]])


def test_each_class():
    text = confusion.by_class(MATRIX, ["rose", "tulip", "daisy"])
    assert text.splitlines() == [
        "8 images of 2 of 3 classes:",
        "  rose    75.0% of 4",
        "  tulip  100.0% of 4",
    ]
    many = np.diag(np.full(60, 2))
    many[7, 7], many[7, 8] = 0, 2
    lines = confusion.by_class(many, None).splitlines()
    assert lines[0] == "120 images of 60 of 60 classes; the 10 with the least accuracy:"
    assert lines[1].split() == ["7", "0.0%", "of", "2"]
    assert len(lines) == 11


def test_the_matrix_as_text_and_csv(tmp_path, capsys):
    confusion.write("-", MATRIX, ["rose", "tulip", "daisy"])
    assert capsys.readouterr().out.splitlines()[1:3] == ["        0 1 2", "0 rose  3 1 0"]
    confusion.write(str(tmp_path / "a" / "m.csv"), MATRIX, ["rose", "a, b", "daisy"])
    with (tmp_path / "a" / "m.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0][1:] == ["rose", "a, b", "daisy"]
    assert rows[1] == ["rose", "3", "1", "0"]


@pytest.mark.parametrize("classes", [3, 30, 300])
def test_the_picture_is_dark_where_a_row_s_images_are(tmp_path, classes):
    matrix = np.diag(np.full(classes, 5))
    matrix[0] = [0, 5] + [0] * (classes - 2)
    confusion.write(str(tmp_path / "m.png"), matrix, [f"class {n} 名" for n in range(classes)])
    with Image.open(tmp_path / "m.png") as picture:
        pixels = np.asarray(picture.convert("L"))
    side = max(2, min(48, 1600 // classes))
    margin = pixels.shape[0] - 1 - classes * side if side >= 16 else 0
    corner = [pixels[margin + 1, margin + n * side + 1] for n in (0, 1)]
    assert corner[0] == 255
    assert corner[1] < 100


def test_refuses_other_endings():
    with pytest.raises(UsageError, match=r"must end with \.csv or \.png, or be - for a table, got 'm.txt'"):
        confusion.check("m.txt")
