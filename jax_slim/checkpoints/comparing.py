"""`diff`: where two checkpoints, or a checkpoint and a model, differ."""

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from jax_slim.checkpoints._tables import aligned, dtype_text, section, shape_text
from jax_slim.checkpoints.kinds import VARIABLE, checked_kinds, kinds_of
from jax_slim.checkpoints.opening import describe, opened
from jax_slim.checkpoints.reader import Checkpoint, Entry, PathLike, each_array, entries_of, size_of
from jax_slim.core import names
from jax_slim.core.model import Model
from jax_slim.core.values import Variables
from jax_slim.progress import Progress

_SHOWN = 20  # rows of each part when printed; the attributes have all
_LONG = 256 << 20  # bytes from which comparing is worth a progress bar


class Difference:
    """Where two sets of named arrays differ. True when they do; prints as a table.

    Attributes:
      a, b: what was compared, in words.
      only_a, only_b: name -> dtype and shape, of what the other lacks.
      shapes: name -> both shapes, where they differ.
      dtypes: name -> both dtypes, likewise.
      values: name -> the largest absolute difference of two numbers, where it is above the tolerance. NaN where only
        one is NaN, infinite where strings differ.
      equal: the names of what is the same.
      compared_values: whether the numbers were looked at.
    """

    def __init__(self, a: str, b: str) -> None:
        self.a, self.b = a, b
        self.only_a: dict[str, Entry] = {}
        self.only_b: dict[str, Entry] = {}
        self.shapes: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {}
        self.dtypes: dict[str, tuple[str, str]] = {}
        self.values: dict[str, float] = {}
        self.equal: list[str] = []
        self.compared_values = True

    def __bool__(self) -> bool:
        return any((self.only_a, self.only_b, self.shapes, self.dtypes, self.values))

    def as_dict(self) -> dict[str, Any]:
        """All of it as lists, dicts, strings and numbers, for JSON."""

        def plain(entries: Mapping[str, Entry]) -> dict[str, Any]:
            return {n: {"dtype": dtype_text(e.dtype), "shape": list(e.shape)} for n, e in entries.items()}

        return {
            "a": self.a,
            "b": self.b,
            "different": bool(self),
            "only_a": plain(self.only_a),
            "only_b": plain(self.only_b),
            "shapes": {name: [list(shape) for shape in both] for name, both in self.shapes.items()},
            "dtypes": {name: list(both) for name, both in self.dtypes.items()},
            "values": dict(self.values),
            "equal": list(self.equal),
        }

    def show(self) -> None:
        """Prints it."""
        sys.stdout.write(f"{self}\n")

    def __str__(self) -> str:
        parts = [
            aligned([["a:", self.a], ["b:", self.b]]),
            self._only("only in a", self.only_a, self.only_b, "near names in b"),
            self._only("only in b", self.only_b, self.only_a, "near names in a"),
            section(
                "shapes",
                [(name, shape_text(a), shape_text(b)) for name, (a, b) in list(self.shapes.items())[:_SHOWN]],
                len(self.shapes),
                ("a", "b"),
            ),
            section(
                "dtypes",
                [(name, a, b) for name, (a, b) in list(self.dtypes.items())[:_SHOWN]],
                len(self.dtypes),
                ("a", "b"),
            ),
            section(
                "values",
                [(name, f"{largest:.4g}") for name, largest in self._by_size()[:_SHOWN]],
                len(self.values),
                ("max |a - b|",),
            ),
        ]
        what = "the same" if self.compared_values else "of the same shape and dtype (values were not compared)"
        count = len(self.equal)
        parts.append([f"{count} {'entry is' if count == 1 else 'entries are'} {what}."])
        return "\n".join("\n".join(part) for part in parts if part)

    def _by_size(self) -> list[tuple[str, float]]:
        return sorted(self.values.items(), key=lambda item: -math.inf if math.isnan(item[1]) else -item[1])

    @staticmethod
    def _only(title: str, here: Mapping[str, Entry], there: Mapping[str, Entry], near: str) -> list[str]:
        rows = [
            (name, dtype_text(entry.dtype), shape_text(entry.shape), ", ".join(names.near(name, there, 1)))
            for name, entry in list(here.items())[:_SHOWN]
        ]
        return section(title, rows, len(here), ("dtype", "shape", near if there else ""))

    def __repr__(self) -> str:
        count = sum(map(len, (self.only_a, self.only_b, self.shapes, self.dtypes, self.values)))
        return f"<Difference: {count} differences, {len(self.equal)} entries the same>"


def diff(
    a: PathLike | Mapping[str, Any],
    b: PathLike | Mapping[str, Any],
    include: Sequence[str] | str | None = None,
    exclude: Sequence[str] | str | None = None,
    kinds: Sequence[str] | str | None = None,
    tolerance: float = 0.0,
    values: bool = True,
) -> Difference:
    """Compares two checkpoints, of any formats, or a checkpoint and a model: names, shapes, dtypes and numbers.

        print(slim.checkpoints.diff("/tmp/run/1000", "/tmp/run/2000"))
        print(slim.checkpoints.diff("/tmp/vgg_16.ckpt", model.specs(images)))      # names and shapes alone
        assert not slim.checkpoints.diff("/tmp/vgg_16.ckpt", variables, tolerance=1e-6)

    Arrays are read one after the other, so that two large checkpoints do not have to fit into memory.

    Args:
      a, b: as for `open_checkpoint`; or open checkpoints, `Variables`, or what `model.specs` returns. Compared with a
        model, a checkpoint's moving averages, optimizer and step count only where the model has them, too.
      include: regular expressions for the beginning of names; one must match.
      exclude: likewise; none may match.
      kinds: only these of 'variable', 'average', 'optimizer' and 'state'.
      tolerance: the largest absolute difference of numbers that counts as none.
      values: whether to compare the numbers, which means reading both.

    Returns:
      A `Difference`: true when there is one; print it, or use its attributes.

    Raises:
      CheckpointError: one of the two is no checkpoint, or damaged.
    """
    for argument, given in (("a", a), ("b", b)):
        if isinstance(given, Model):
            raise TypeError(
                f"diff: {argument} must be a checkpoint, Variables or specs, got a Model. Its variables depend on the "
                "inputs: pass model.specs(images)."
            )
    if not tolerance >= 0:
        raise ValueError(f"diff: tolerance must be at least 0, got {tolerance}.")
    wanted = checked_kinds("diff", kinds)
    with opened(a) as first, opened(b) as second:
        found = Difference(describe(first), describe(second))
        found.compared_values = values
        in_a, in_b = (_compared(*pair, include, exclude, wanted) for pair in ((first, second), (second, first)))
        found.only_a = {name: entry for name, entry in in_a.items() if name not in in_b}
        found.only_b = {name: entry for name, entry in in_b.items() if name not in in_a}
        models = not (isinstance(first, Checkpoint) and isinstance(second, Checkpoint))
        same_shape = []
        for name in in_a:
            if name not in in_b:
                continue
            here, there = in_a[name], in_b[name]
            if tuple(here.shape) != tuple(there.shape):
                found.shapes[name] = (tuple(here.shape), tuple(there.shape))
                continue
            if not _same_dtype(here.dtype, there.dtype, models):
                found.dtypes[name] = (dtype_text(here.dtype), dtype_text(there.dtype))
            same_shape.append(name)
        if values and _has_values(first) and _has_values(second):
            _compare(found, first, second, same_shape, tolerance, sum(size_of(in_a[n]) or 0 for n in same_shape))
        else:
            found.compared_values = False
        found.equal = [name for name in same_shape if name not in found.dtypes and name not in found.values]
    return found


def _compared(
    one: Mapping[str, Any], other: Mapping[str, Any], include: Any, exclude: Any, wanted: Sequence[str]
) -> dict[str, Entry]:
    """What of `one` is compared with `other`."""
    entries, kinds = entries_of(one), kinds_of(one)
    chosen = [name for name in Variables(dict.fromkeys(entries)).select(include, exclude) if kinds[name] in wanted]
    if isinstance(one, Checkpoint) and not isinstance(other, Checkpoint):
        of_a_model = [name for name in chosen if kinds[name] == VARIABLE and name != "global_step"]
        chosen = [*of_a_model, *(name for name in chosen if name in other)]
    kept = set(chosen)
    return {name: entries[name] for name in entries if name in kept}


def _has_values(source: Mapping[str, Any]) -> bool:
    if isinstance(source, Checkpoint):
        return True
    return all(isinstance(value, jax.Array | np.ndarray | np.generic) for value in source.values())


def _same_dtype(here: Any, there: Any, of_a_model: bool) -> bool:
    if here == there:
        return True
    # JAX has no int64 unless x64 is enabled: a step that TensorFlow kept in 64 bits is none the less the same.
    if not of_a_model or np.dtype(here).kind not in "iu" or np.dtype(there).kind not in "iu":
        return False
    return jax.dtypes.canonicalize_dtype(here) == jax.dtypes.canonicalize_dtype(there)


def _compare(
    found: Difference,
    first: Mapping[str, Any],
    second: Mapping[str, Any],
    compared: Sequence[str],
    tolerance: float,
    size: int,
) -> None:
    progress = Progress(len(compared), "compare", "entries") if size >= _LONG else None
    pairs = zip(each_array(first, compared), each_array(second, compared), strict=True)
    for done, ((name, here), (_, there)) in enumerate(pairs, start=1):
        largest = _largest_difference(np.asarray(here), np.asarray(there))
        if not largest <= tolerance:
            found.values[name] = largest
        if progress is not None:
            progress.update(done)
    if progress is not None:
        progress.close()


def _largest_difference(here: np.ndarray, there: np.ndarray) -> float:
    if here.dtype.kind in "OSU" or there.dtype.kind in "OSU":
        return 0.0 if np.array_equal(here, there) else math.inf
    wide = np.complex128 if "c" in (here.dtype.kind, there.dtype.kind) else np.float64
    if here.dtype.kind in "iu" and there.dtype.kind in "iu" and not np.array_equal(here, there):
        # Exactly: neighbours above 2**53 are one number in float64.
        return float(max(abs(int(x) - int(y)) for x, y in zip(here.flat, there.flat, strict=True)))
    here, there = here.astype(wide), there.astype(wide)
    both_nan = np.isnan(here) & np.isnan(there)
    with np.errstate(invalid="ignore"):
        distances = np.abs(here - there)
    # inf - inf would be NaN
    return float(np.where(both_nan | (here == there), 0, distances).max(initial=0.0))
