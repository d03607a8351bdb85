"""Scope names as strings, by TensorFlow 1's rules: join, check, make unique."""

import difflib
import re
import zlib
from collections.abc import Iterable

_AT_ROOT = re.compile(r"^[A-Za-z0-9.][A-Za-z0-9_.\-/]*$")
_INSIDE = re.compile(r"^[A-Za-z0-9_.\-/]*$")


def join(scope: str, name: str) -> str:
    """`name` inside `scope`: 'a', 'b' -> 'a/b'; the root scope is ''."""
    return f"{scope}/{name}" if scope else name


def check(name: str, scope: str) -> None:
    """Raises ValueError unless `name` may be opened as a scope inside `scope`."""
    if not (_INSIDE if scope else _AT_ROOT).match(name):
        raise ValueError(
            f"name_scope: name must be letters, digits and '_.-/' and start with a letter, digit or '.', got {name!r}."
        )


def stable_hash(name: str) -> int:
    """A 32 bit number that depends on the text alone: the same in every process and version."""
    return zlib.crc32(name.encode()) & 0xFFFFFFFF


def near(name: str, known: Iterable[str], limit: int = 5) -> list[str]:
    """The known names most like `name`, best first: for the end of an error message."""
    known = list(known)
    # A wrong scope is as common as a misspelt name, so names that end alike count as near too.
    alike = difflib.get_close_matches(name, known, n=limit, cutoff=0.6)
    last = name.rsplit("/", 1)[-1]
    alike += [other for other in known if other.rsplit("/", 1)[-1] == last and other not in alike]
    return alike[:limit]


def hint(name: str, known: Iterable[str], kind: str = "variables") -> str:
    """' Near names: ...' or ' There are no variables yet.', to append to an error message."""
    known = list(known)
    if not known:
        return f" There are no {kind} yet."
    alike = near(name, known)
    if alike:
        return f" Near names: {', '.join(alike)}."
    shown = ", ".join(known[:10]) + (f", ... ({len(known)} in all)" if len(known) > 10 else "")
    return f" The {kind} are: {shown}."


class OpNames:
    """The operation names one program has used; `unique` never gives one twice ('n', 'n_1', ...)."""

    def __init__(self) -> None:
        self._used: dict[str, int] = {}

    def copy(self) -> "OpNames":
        """The same names, to go on with separately."""
        made = OpNames()
        made._used = dict(self._used)
        return made

    def take(self, others: "OpNames", rename: "Renamed") -> None:
        """Counts the names of `others` as used too, after renaming them."""
        rename = rename.lower()
        for key, count in others._used.items():
            key = rename(key)
            self._used[key] = max(count, self._used.get(key, 0))

    def unique(self, name: str) -> str:
        # Names that differ only in case count as equal, as in TensorFlow.
        key = name.lower()
        index = self._used.get(key, 0)
        self._used[key] = index + 1
        if index == 0:
            return name
        while f"{key}_{index}" in self._used:
            index += 1
        self._used[f"{key}_{index}"] = 1
        return f"{name}_{index}"


class Renamed:
    """Moves names from one scope to another: 'a/b_1/weights' to 'a/b_7/weights'; other names stay.

    Args:
      *scopes: pairs (old scope, new scope).
    """

    def __init__(self, *scopes: tuple[str, str]) -> None:
        self._scopes = scopes

    def __call__(self, name: str) -> str:
        for old, new in self._scopes:
            if name == old or name.startswith(old + "/"):
                return new + name[len(old) :]
        return name

    def lower(self) -> "Renamed":
        """The same move among names in lower case."""
        return Renamed(*((old.lower(), new.lower()) for old, new in self._scopes))


SAME = Renamed()
"""Moves nothing."""


class ScopeCounts:
    """How often each variable scope is open or was opened: what default scope names are made unique by.

    Leaving a scope forgets the counts below it, so entering 'net' again starts again at 'net/Conv'
    (TensorFlow's rule; it is what lets a second pass with `reuse=True` find the first pass's variables).
    """

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def unique(self, scope: str, default_name: str) -> str:
        """`default_name`, or `default_name_1`, ... : the first that is not in use inside `scope`."""
        candidate, index = default_name, 0
        while self._counts.get(join(scope, candidate), 0):
            index += 1
            candidate = f"{default_name}_{index}"
        return candidate

    def open(self, scope: str) -> None:
        self._counts[scope] = self._counts.get(scope, 0) + 1

    def forget_below(self, scope: str) -> None:
        for name in self._counts:
            if name.startswith(scope + "/"):
                self._counts[name] = 0

    def copy(self) -> "ScopeCounts":
        """The same counts, to go on with separately."""
        made = ScopeCounts()
        made.restore(self._counts)
        return made

    def snapshot(self) -> dict[str, int]:
        return dict(self._counts)

    def restore(self, counts: dict[str, int]) -> None:
        self._counts = dict(counts)
