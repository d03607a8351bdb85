"""Several diagonals at once: MatrixDiag, MatrixDiagPart and MatrixSetDiag as later versions of TensorFlow write them.

A diagonal's number is how far it is above the main one. Those of a band are stored as rows, the highest number first; shorter
ones are filled up at the right or left: `align` says where each side's stand ("RIGHT_LEFT": those above at the right).
"""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import errors, rows, shape_inference
from jax_slim.tf1.operations import arrays

_LEFT = b"LEFT_LEFT"


def _band(k: Any) -> tuple[int, int]:
    """The lowest and the highest diagonal."""
    ends = np.asarray(k).reshape(-1)
    if len(ends) not in (1, 2) or ends[0] > ends[-1]:
        raise errors.InvalidArgumentError(None, None, f"k must be one number or two in order, got {ends.tolist()}.")
    return int(ends[0]), int(ends[-1])


def _length(number: int, height: int, width: int) -> int:
    return min(height + min(number, 0), width - max(number, 0))


def _longest(band: tuple[int, int], height: int, width: int) -> int:
    if not (-height < band[0] and band[1] < width) and band != (0, 0):
        raise errors.InvalidArgumentError(
            None, None, f"k must be diagonals of a {height} x {width} matrix, got {band[0]} to {band[1]}."
        )
    return min(height + min(band[1], 0), width - max(band[0], 0))


def _shift(number: int, height: int, width: int, longest: int, align: bytes) -> int:
    """How far to the right a diagonal's row begins."""
    above, below = align.split(b"_")
    right = (number >= 0 and above == b"RIGHT") or (number <= 0 and below == b"RIGHT")
    return longest - _length(number, height, width) if right else 0


def _places(band: tuple[int, int], height: int, width: int, longest: int, align: bytes) -> tuple[Any, Any, Any]:
    """For each element of a matrix: whether it is in the band, the row of its diagonal and the place in that."""
    i, j = np.indices((height, width))
    number = j - i
    inside = (number >= band[0]) & (number <= band[1])
    shifts = {d: _shift(d, height, width, longest, align) for d in range(band[0], band[1] + 1)}
    shift = np.vectorize(lambda d: shifts.get(d, 0), otypes=[int])(number) if number.size else number
    row, place = band[1] - number, j - np.maximum(number, 0) + shift
    return inside, np.where(inside, row, 0), np.where(inside, place, 0)


def _as_rows(diagonal: Any, band: tuple[int, int]) -> Any:
    """Diagonals with their number as a dimension, which one alone has not."""
    return diagonal[..., None, :] if band[0] == band[1] else diagonal


def _checked(diagonal: Any, band: tuple[int, int]) -> None:
    if diagonal.ndim < 1 or (band[0] != band[1] and (diagonal.ndim < 2 or diagonal.shape[-2] != band[1] - band[0] + 1)):
        raise errors.InvalidArgumentError(
            None, None, f"diagonal must have {band[1] - band[0] + 1} rows, got shape {list(diagonal.shape)}."
        )


@rows.row("MatrixDiagV2", "MatrixDiagV3", static=("k", "num_rows", "num_cols"))
def matrix_diag_v3(
    diagonal: Any, k: Any, num_rows: Any, num_cols: Any, padding_value: Any, *, align: bytes = _LEFT
) -> Any:
    band = _band(k)
    _checked(diagonal, band)
    longest = diagonal.shape[-1]
    height, width = longest - min(band[1], 0), longest + max(band[0], 0)
    given = int(num_rows), int(num_cols)
    if given == (-1, -1):
        height = width = max(height, width)
    else:
        height, width = (need if size == -1 else size for size, need in zip(given, (height, width), strict=True))
    if max(height, width) > 1 << 15 or _longest(band, height, width) != longest:
        raise errors.InvalidArgumentError(
            None, None, f"A {height} x {width} matrix has no diagonals {band[0]} to {band[1]} of length {longest}."
        )
    inside, row, place = _places(band, height, width, longest, align)
    return arrays.xp(diagonal, padding_value).where(inside, _as_rows(diagonal, band)[..., row, place], padding_value)


@rows.row("MatrixDiagPartV2", "MatrixDiagPartV3", static=("k",))
def matrix_diag_part_v3(input: Any, k: Any, padding_value: Any, *, align: bytes = _LEFT) -> Any:
    band = _band(k)
    height, width = input.shape[-2:]
    longest = _longest(band, height, width)
    number = np.arange(band[1], band[0] - 1, -1)[:, None]
    shift = np.array([[_shift(int(d), height, width, longest, align)] for d in number[:, 0]])
    lengths = np.array([[_length(int(d), height, width)] for d in number[:, 0]])
    place = np.arange(longest)[None] - shift
    inside = (place >= 0) & (place < lengths)
    row, column = (np.where(inside, place + np.maximum(d, 0), 0) for d in (-number, number))
    found = arrays.xp(input, padding_value).where(inside, input[..., row, column], padding_value)
    return found[..., 0, :] if band[0] == band[1] else found


@rows.row("MatrixSetDiagV2", "MatrixSetDiagV3", static=("k",), shape=shape_inference.like_input())
def matrix_set_diag_v3(input: Any, diagonal: Any, k: Any, *, align: bytes = _LEFT) -> Any:
    band = _band(k)
    _checked(diagonal, band)
    height, width = input.shape[-2:]
    longest = _longest(band, height, width)
    if diagonal.shape[-1] != longest:
        raise errors.InvalidArgumentError(
            None, None, f"diagonal must be of length {longest}, got shape {list(diagonal.shape)}."
        )
    inside, row, place = _places(band, height, width, longest, align)
    return arrays.xp(input, diagonal).where(inside, _as_rows(diagonal, band)[..., row, place], input)
