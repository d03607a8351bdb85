"""`inspect`: what is in a checkpoint, as a table, without reading it."""

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from jax_slim.checkpoints._tables import aligned, bytes_text, dtype_text, shape_text
from jax_slim.checkpoints.kinds import KINDS, checked_kinds, kinds_of
from jax_slim.checkpoints.opening import describe, format_of, opened
from jax_slim.checkpoints.reader import PathLike, entries_of, size_of
from jax_slim.core.values import Variables


class Row(NamedTuple):
    """One entry of a checkpoint.

    Attributes:
      name: its name.
      kind: 'variable'; 'average' (of a variable); 'optimizer', what that keeps; or 'state', what else training needs.
      dtype: the name of its dtype; 'string' for strings.
      shape: its shape.
      elements: how many numbers, or strings, it has.
      bytes: how much memory they take; None for strings.
    """

    name: str
    kind: str
    dtype: str
    shape: tuple[int, ...]
    elements: int
    bytes: int | None


class CheckpointTable:
    """The entries of a checkpoint: print it, show it, or use its rows.

    Attributes:
      path: the checkpoint; '' for a mapping of arrays.
      format: its format, in words.
      rows: one for each entry that was asked for, in the checkpoint's order.
      hidden: how many entries were not asked for.
    """

    def __init__(self, title: str, path: str, format: str, rows: Sequence[Row], hidden: int) -> None:
        self.path, self.format, self.rows, self.hidden = path, format, tuple(rows), hidden
        self._title = title

    @property
    def elements(self) -> int:
        """How many numbers and strings all rows have."""
        return sum(row.elements for row in self.rows)

    @property
    def bytes(self) -> int:
        """How much memory all rows take, without the strings."""
        return sum(row.bytes or 0 for row in self.rows)

    def as_dict(self) -> dict[str, Any]:
        """The table as lists, dicts, strings and numbers, for JSON."""
        rows = [row._asdict() | {"shape": list(row.shape)} for row in self.rows]
        total = {"entries": len(rows), "hidden": self.hidden, "elements": self.elements, "bytes": self.bytes}
        return {"path": self.path, "format": self.format, "rows": rows, "total": total}

    def show(self) -> None:
        """Prints the table."""
        sys.stdout.write(f"{self}\n")

    def __str__(self) -> str:
        several = len({row.kind for row in self.rows}) > 1
        lines = [["name", *(["kind"] if several else []), "dtype", "shape", "elements", "size"]]
        for row in self.rows:
            size = "?" if row.bytes is None else bytes_text(row.bytes)
            kind = [row.kind] if several else []
            lines.append([row.name, *kind, row.dtype, shape_text(row.shape), f"{row.elements:,}", size])
        columns = len(lines[0])
        head, *table = aligned(lines, right=(columns - 2, columns - 1))
        rule = "-" * max(map(len, [head, *table]))
        hidden = f", and {self.hidden} not shown" if self.hidden else ""
        title = f"{self._title}: {len(self.rows)} entries{hidden}"
        return "\n".join([title, "", head, rule, *table, rule, *self._totals()])

    def _totals(self) -> list[str]:
        lines = []
        for kind in KINDS:
            rows = [row for row in self.rows if row.kind == kind]
            if rows:
                size = bytes_text(sum(row.bytes or 0 for row in rows))
                lines.append([f"{kind}:", str(len(rows)), f"{sum(row.elements for row in rows):,} elements", size])
        if len(lines) != 1:
            lines.append(["total:", str(len(self.rows)), f"{self.elements:,} elements", bytes_text(self.bytes)])
        return aligned(lines, right=(1, 2, 3))

    def __repr__(self) -> str:
        return f"<CheckpointTable: {len(self.rows)} entries, {bytes_text(self.bytes)}>"


def inspect(
    path: PathLike | Mapping[str, Any],
    include: Sequence[str] | str | None = None,
    exclude: Sequence[str] | str | None = None,
    kinds: Sequence[str] | str | None = None,
) -> CheckpointTable:
    """Lists what is in a checkpoint of any format: names, dtypes, shapes, sizes. Reads no array.

        print(slim.checkpoints.inspect("/tmp/inception_v3.ckpt", include="InceptionV3/Logits"))

    Args:
      path: as for `open_checkpoint`; or an open checkpoint, or `Variables`.
      include: regular expressions for the beginning of names; one must match.
      exclude: likewise; none may match.
      kinds: only these of 'variable', 'average', 'optimizer' and 'state'.

    Returns:
      A table to print, or to use: `.rows`, `.elements`, `.bytes`, `.as_dict()`.

    Raises:
      CheckpointError: there is no checkpoint, or it is damaged.
    """
    wanted = checked_kinds("inspect", kinds)
    with opened(path) as checkpoint:
        entries, kind_of = entries_of(checkpoint), kinds_of(checkpoint)
        rows = []
        for name in Variables(dict.fromkeys(entries)).select(include, exclude):
            if kind_of[name] in wanted:
                entry = entries[name]
                shape = tuple(entry.shape)
                dtype = getattr(entry, "type_name", None) or dtype_text(entry.dtype)
                rows.append(Row(name, kind_of[name], dtype, shape, math.prod(shape), size_of(entry)))
        where = getattr(checkpoint, "path", "")
        return CheckpointTable(describe(checkpoint), where, format_of(checkpoint), rows, len(entries) - len(rows))
