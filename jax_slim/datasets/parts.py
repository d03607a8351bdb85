"""A part of a data set, such as its training images: examples by number, with what is known of their classes."""

import hashlib
import operator
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

# The parts by the names that people give them, each group with the most usual one first.
KNOWN_PARTS = {
    "train": ("train", "training"),
    "validation": ("validation", "val", "valid", "eval", "dev"),
    "test": ("test", "testing"),
}


class Examples(Sequence[dict[str, Any]]):
    """Examples by number, a source of `slim.data.pipeline`: {"image": uint8 [H, W, C], "label": int}.

    Threads may share it, when they may share `source`.

    Args:
      source: anything with a length and `source[i]`, whose examples have these two.
      num_classes: how many classes the labels are of.
      class_names: the name for each label, or None.
      indices: which examples of `source`, in which order; None means all.

    Attributes:
      num_samples: how many there are.
      num_classes, class_names: as given.
      passed_over: of folders of images, how many files were not taken for images, by the endings of their names; else
        None.
    """

    def __init__(
        self,
        source: Any,
        num_classes: int,
        class_names: Sequence[str] | None = None,
        indices: Sequence[int] | np.ndarray | None = None,
    ) -> None:
        self._source = source
        self._indices = None if indices is None else np.asarray(indices, np.int64)
        self.num_classes = num_classes
        self.class_names = None if class_names is None else list(class_names)
        self.passed_over: dict[str, int] | None = getattr(source, "passed_over", None)
        self.num_samples = len(source) if self._indices is None else len(self._indices)

    def __len__(self) -> int:
        return self.num_samples

    def __getitem__(self, index: Any) -> Any:
        """An example, or a list of them for a slice.

        Raises:
          ValueError: its label is none of the classes.
          DataLossError: it is damaged.
        """
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        place = self._place(index)
        example = self._source[place]
        label = int(example["label"])
        if not 0 <= label < self.num_classes:
            raise ValueError(
                f"{self.key(index)}: label must be from 0 to {self.num_classes - 1}, for {self.num_classes} classes, "
                f"got {label}. labels.txt must have a line for each class."
            )
        return {**example, "label": label}

    def key(self, index: int) -> str:
        """Where an example is from, for messages: a path, or a file and a place in it."""
        place = self._place(index)
        key = getattr(self._source, "key", None)
        return f"example {place}" if key is None else key(place)

    def __repr__(self) -> str:
        return f"Examples({self.num_samples} of {self.num_classes} classes)"

    def _place(self, index: int) -> int:
        number = operator.index(index)
        if number < 0:
            number += len(self)
        if not 0 <= number < len(self):
            raise IndexError(f"Examples: index must be within the {len(self)} examples, got {index}.")
        return number if self._indices is None else int(self._indices[number])


class Part(NamedTuple):
    """Some of the examples of a source.

    Attributes:
      source: examples by number.
      indices: which ones, in order; None means all.
    """

    source: Any
    indices: np.ndarray | None = None


def stratified(
    labels: np.ndarray, held_out: float, seed: int, names: Iterable[str] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Divides examples into two parts, each class in the same proportion: the numbers to train on, those held out.

    What an example is called decides, with the seed: the same on every machine, and most stay where they are when
    others come in. Of a class with two examples or more both parts get one at least, of a class with one, the first.

    Args:
      labels: [N], the class of each example.
      held_out: the share of the second part, from 0 to below 1. With 0 it is empty.
      seed: another one gives another division.
      names: of the examples; None takes their numbers.
    """
    keys = np.array([_drawn(seed, name) for name in (map(str, range(len(labels))) if names is None else names)])
    train: list[np.ndarray] = []
    rest: list[np.ndarray] = []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        members = members[np.argsort(keys[members], kind="stable")]
        count = round(held_out * len(members))
        if held_out and len(members) > 1:
            count = min(max(count, 1), len(members) - 1)
        elif len(members) == 1:
            count = 0
        rest.append(members[:count])
        train.append(members[count:])
    none = np.zeros(0, np.int64)
    return np.sort(np.concatenate([none, *train])), np.sort(np.concatenate([none, *rest]))


def part_named(function: str, wanted: str, present: Iterable[str], where: str) -> str:
    """The name of the part that is meant: "validation" also finds "val", and "test" when there is no other.

    Raises:
      ValueError: there is no such part; the message lists those there.
    """
    there = list(present)
    if wanted in there:
        return wanted
    meant = known_part(wanted)
    for group in (meant, "test") if meant == "validation" else (meant,):
        for name in there:
            if group is not None and known_part(name) == group:
                return name
    raise ValueError(f"{function}: split_name must be one of {sorted(there)} for {where}, got {wanted!r}.")


def known_part(name: str) -> str | None:
    """ "train", "validation" or "test", for whatever name people give it; None when it is none of them."""
    lower = name.lower()
    return next((part for part, names in KNOWN_PARTS.items() if lower in names), None)


def _drawn(seed: int, name: str) -> int:
    digest = hashlib.blake2b(f"{seed}:{name}".encode("utf-8", "surrogateescape"), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1
