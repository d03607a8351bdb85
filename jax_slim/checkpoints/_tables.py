"""Columns of text, and how shapes, dtypes and sizes are written in them."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np


def aligned(rows: Sequence[Sequence[str]], right: Iterable[int] = (), gap: str = "  ") -> list[str]:
    """The rows as lines, each column as wide as its longest text; the columns in `right` end in one line."""
    right = set(right)
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(len(rows[0]) if rows else 0)]
    return [
        gap.join(
            text.rjust(width) if column in right else text.ljust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def section(title: str, rows: Sequence[Sequence[str]], count: int, head: Sequence[str] = ()) -> list[str]:
    """A titled part of a report, of which `rows` are the first of `count`; nothing when there are none."""
    if not count:
        return []
    shown = [list(row) for row in rows]
    titles = [[f"{title} ({count})", *head]] if head else [[f"{title} ({count})", *[""] * (len(shown[0]) - 1)]]
    lines = aligned([*titles, *[[f"  {row[0]}", *row[1:]] for row in shown]])
    return [*lines, *([f"  and {count - len(shown)} more"] if count > len(shown) else [])]


def shape_text(shape: Iterable[int]) -> str:
    """(3, 3, 64) as '[3, 3, 64]'."""
    return f"[{', '.join(map(str, shape))}]"


def dtype_text(dtype: Any) -> str:
    """The name of a dtype; 'string' for strings."""
    dtype = np.dtype(dtype)
    return "string" if dtype.kind in "OSU" else dtype.name


def bytes_text(count: int) -> str:
    """30940528640 as '30.9 GB': three digits, in powers of 1000."""
    for power, unit in ((4, "TB"), (3, "GB"), (2, "MB"), (1, "kB")):
        if count >= 1000**power * 0.9995:
            return f"{count / 1000**power:#.3g}".rstrip(".") + f" {unit}"
    return f"{count} B"
