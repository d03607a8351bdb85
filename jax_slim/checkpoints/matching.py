"""Which entry of a checkpoint goes into which variable, and what is left over on either side: as a table."""

import dataclasses
import heapq
import itertools
import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.checkpoints._tables import dtype_text, section, shape_text
from jax_slim.checkpoints.kinds import variables_among
from jax_slim.checkpoints.reader import Entry
from jax_slim.core import names

SHOWN = 10  # rows of each part of a table
_COMPARED = 100  # names looked at more closely for one that is near
_PART = re.compile(r"(.+)/part_(\d+)")


@dataclasses.dataclass(frozen=True)
class Source:
    """Where the value of a variable is: an entry, or a part of one along an axis.

    Attributes:
      entry: its name in the checkpoint.
      axis, start, stop: the part, for a variable that is kept in parts while the checkpoint has it whole.
    """

    entry: str
    axis: int | None = None
    start: int = 0
    stop: int = 0

    def cut(self, array: Any) -> Any:
        """What of the entry goes into the variable."""
        if self.axis is None:
            return array
        return array[(slice(None),) * self.axis + (slice(self.start, self.stop),)]


@dataclasses.dataclass(frozen=True)
class Match:
    """What came of looking for variables in a checkpoint.

    Attributes:
      sources: variable -> where its value is: those that fit.
      missing: variable -> its shape (None where it is not known): those whose entry the checkpoint lacks.
      other_shape: variable -> (its entry, the entry's shape, the variable's).
      other_dtype: likewise, of those whose dtypes are of different kinds.
      unexpected: entries that are variables of the checkpoint but not of the model, with their shapes.
      asked: variable -> the name of the entry that was looked for.
    """

    sources: Mapping[str, Source]
    missing: Mapping[str, tuple[int, ...] | None]
    other_shape: Mapping[str, tuple[str, tuple[int, ...], tuple[int, ...]]]
    other_dtype: Mapping[str, tuple[str, Any, Any]]
    unexpected: Mapping[str, tuple[int, ...]]
    asked: Mapping[str, str]

    def __str__(self) -> str:
        """The table: what is missing, unexpected, or of another shape or dtype, with near names."""
        parts = [
            section("missing in the checkpoint", *self._missing_rows(), ("shape", "near names in it")),
            section(
                "of another shape",
                [
                    (self._called(name), shape_text(there), shape_text(here))
                    for name, (_, there, here) in _first(self.other_shape)
                ],
                len(self.other_shape),
                ("checkpoint", "program"),
            ),
            section(
                "of another kind of numbers",
                [
                    (self._called(name), dtype_text(there), dtype_text(here))
                    for name, (_, there, here) in _first(self.other_dtype)
                ],
                len(self.other_dtype),
                ("checkpoint", "program"),
            ),
            section("only in the checkpoint", *self._unexpected_rows(), ("shape", "near names in the program")),
        ]
        return "\n".join("\n".join(part) for part in parts if part)

    def _missing_rows(self) -> tuple[list[tuple[str, ...]], int]:
        rows = []
        for name, shape in _first(self.missing):
            near = self._near(self.asked[name], self.unexpected, shape)
            rows.append((self._called(name), "" if shape is None else shape_text(shape), near))
        return rows, len(self.missing)

    def _unexpected_rows(self) -> tuple[list[tuple[str, ...]], int]:
        rows = []
        for name, shape in _first(self.unexpected):
            rows.append((name, shape_text(shape), self._near(name, self.missing, shape)))
        return rows, len(self.unexpected)

    def _called(self, name: str) -> str:
        asked = self.asked[name]
        return name if asked == name else f"{name} (as {asked})"

    @staticmethod
    def _near(name: str, others: Mapping[str, tuple[int, ...] | None], shape: Any) -> str:
        """The names most like `name`, of its shape where there are some."""
        near = names.near(name, _likely(name, others), 3)
        fitting = [other for other in near if others[other] == shape]
        return ", ".join(fitting[:1] or near[:2])


def match(
    entries: Mapping[str, Entry],
    checkpoint: Mapping[str, Any],
    wanted: Mapping[str, Any],
    asked: Mapping[str, str],
    model: Collection[str],
    reshape: bool,
    variable_of: Callable[[str], str | None],
) -> Match:
    """Looks for variables among the entries of a checkpoint.

    Args:
      entries: what the checkpoint has.
      checkpoint: it itself, for what its entries are.
      wanted: variable -> something with its shape and dtype, or None where they are not known.
      asked: variable -> the name of its entry.
      model: the names of all variables of the model: what is there is not unexpected.
      reshape: whether another shape with as many elements fits.
      variable_of: the name of an entry -> what it would be called in the program.
    """
    sources: dict[str, Source] = {}
    missing: dict[str, Any] = {}
    other_shape: dict[str, Any] = {}
    other_dtype: dict[str, Any] = {}
    parts = _parts(wanted, asked, entries)
    for name, like in wanted.items():
        shape, source = _shape(like), parts.get(name) or Source(asked[name])
        if source.entry not in entries:
            missing[name] = shape
            continue
        entry = entries[source.entry]
        there = tuple(entry.shape)
        if source.axis is not None:
            there = (*there[: source.axis], source.stop - source.start, *there[source.axis + 1 :])
        if shape is not None and there != shape and not (reshape and math.prod(there) == math.prod(shape)):
            other_shape[name] = (source.entry, there, shape)
        elif like is not None and not _fits(entry.dtype, like.dtype):
            other_dtype[name] = (source.entry, entry.dtype, like.dtype)
        else:
            sources[name] = source
    used = {source.entry for source in sources.values()} | {entry for entry, *_ in other_shape.values()}
    whole = {found[1] for name in model if (found := _PART.fullmatch(name))}
    unexpected = {
        name: tuple(entries[name].shape)
        for name in variables_among(checkpoint)
        if name not in used and (mapped := variable_of(name)) not in model and mapped not in whole
    }
    return Match(sources, missing, other_shape, other_dtype, unexpected, asked)


def _parts(wanted: Mapping[str, Any], asked: Mapping[str, str], entries: Mapping[str, Entry]) -> dict[str, Source]:
    """Where the parts of partitioned variables are in checkpoints that have them whole, as TensorFlow's have."""
    groups: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for name, like in wanted.items():
        if (found := _PART.fullmatch(name)) is None:
            continue
        entry = asked[name]
        if entry in entries:
            whole = entry if tuple(entries[entry].shape) != _shape(like) else None
        else:
            whole = within[1] if (within := _PART.fullmatch(entry)) else None
        if whole is not None and whole in entries:
            groups.setdefault((found[1], whole), []).append((int(found[2]), name))
    sources = {}
    for (_, whole), numbered in groups.items():
        parts = [name for _, name in sorted(numbered)]
        shapes = [shape for name in parts if (shape := _shape(wanted[name])) is not None]
        if len(shapes) < len(parts):
            continue
        full = tuple(entries[whole].shape)
        for axis in range(len(full)):
            joined = (*shapes[0][:axis], sum(shape[axis] for shape in shapes), *shapes[0][axis + 1 :])
            if all(len(shape) == len(full) for shape in shapes) and joined == full:
                start = 0
                for name, shape in zip(parts, shapes, strict=True):
                    sources[name] = Source(whole, axis, start, start + shape[axis])
                    start += shape[axis]
                break
    return sources


def _likely(name: str, others: Iterable[str]) -> list[str]:
    """Those that share most scopes with `name`: comparing letters is slow among thousands."""
    parts = name.split("/")

    def shared(other: str) -> int:
        theirs = other.split("/")
        ends = (zip(parts, theirs, strict=False), zip(reversed(parts), reversed(theirs), strict=False))
        return sum(sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], end)) for end in ends)

    return heapq.nlargest(_COMPARED, others, key=shared)


def _shape(like: Any) -> tuple[int, ...] | None:
    return None if like is None else tuple(like.shape)


def _fits(there: Any, here: Any) -> bool:
    """Whether numbers of one dtype can become another's without changing their meaning: floats floats, ints ints."""
    if there == here:
        return True
    if jnp.issubdtype(here, jax.dtypes.extended):
        return False
    if there.kind in "OSU":
        return False
    kinds = (jnp.floating, jnp.integer, jnp.complexfloating, jnp.bool_)
    return any(jnp.issubdtype(there, kind) and jnp.issubdtype(here, kind) for kind in kinds)


def _first(rows: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return list(rows.items())[:SHOWN]
