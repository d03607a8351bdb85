"""Whose classes are whose: the numbers that a data set gives to classes, and those that a net has for the same names.

The same name means the same class. A number means it only where one side has no names: folders are numbered in the
order of those that there are, so one that is missing, or renamed, moves all that follow.
"""

import sys
from collections.abc import Sequence

from jax_slim.cli.failures import CommandError


def numbers_by_name(
    names: Sequence[str] | None, labels: Sequence[str] | None, offset: int, data: str, net: str
) -> list[int | None] | None:
    """The net's class of each class of the data, by their names; None where numbers are all there is to go by.

    Says so on the standard error stream where the two number their classes differently.

    Args:
      names: what the data calls its classes, in order, or None.
      labels: what the net calls its own, in order, or None.
      offset: how many classes at the beginning of the data the net does not have; they become None.
      data, net: what the two are called in messages.

    Raises:
      CommandError: the data has a class that the net does not, or a name of several classes.
    """
    if names is None or labels is None:
        return None
    ours, labels = list(names)[offset:], list(labels)
    if not set(ours) <= set(labels):  # folders of ImageNet's are called by the ids of synsets
        from jax_slim.datasets.imagenet_classes import readable_names

        ours = readable_names(ours)
    if ours == labels[: len(ours)]:  # the same place; names may repeat, as ImageNet's do
        numbers = list(range(len(ours)))
        said = f"{len(ours)} of the {len(labels)} classes of {net}" if len(ours) < len(labels) else None
    else:
        if unknown := [name for name in ours if name not in labels]:
            if _only_numbers(ours) or _only_numbers(labels):
                return None
            raise CommandError(
                f"{_listed(unknown)} of {data} {'is no class' if len(unknown) == 1 else 'are no classes'} of {net}, "
                f"which has {_listed(labels)}. Give them its names; or, if these are other names of the same classes, "
                "name a file of them with --labels, a line for each class of the net."
            )
        if repeated := [name for name in ours if labels.count(name) > 1 or ours.count(name) > 1]:
            raise CommandError(
                f"{_listed(list(dict.fromkeys(repeated)))} is the name of several classes, so {data} and {net}, which "
                "number them differently, cannot be matched. Give each class a name of its own."
            )
        numbers = [labels.index(name) for name in ours]
        said = f"the classes of {net} by their names, as it numbers them differently"
    if said is not None:
        print(f"{data} has {said}: {_pairs(ours, numbers)}", file=sys.stderr)
    return [None] * offset + numbers


def refuse_others(names: Sequence[str] | None, labels: Sequence[str] | None, offset: int, data: str, run: str) -> None:
    """Refuses data with classes that the run, which is to go on with it, does not have."""
    if names is None or labels is None or _only_numbers(labels) or _only_numbers(list(names)[offset:]):
        return
    if unknown := [name for name in list(names)[offset:] if name not in labels]:
        missing = [name for name in labels if name not in names]
        raise CommandError(
            f"{run} holds a run with the classes {_listed(labels)}; {data} has {_listed(unknown)} besides"
            + (f", and not {_listed(missing)}" if missing else "")
            + ". Give the classes their old names, or choose another --train_dir."
        )


def same_classes(names: Sequence[str], labels: Sequence[str]) -> bool:
    """Whether these are the same classes, in any order."""
    return len(set(names)) == len(names) and sorted(names) == sorted(labels)


def _only_numbers(names: Sequence[str]) -> bool:
    """Whether classes are called by their numbers, which says no more than their place."""
    return list(names) == [str(number) for number in range(len(names))]


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:5]))
    return shown + (f", ... ({len(names)} in all)" if len(names) > 5 else "")


def _pairs(names: Sequence[str], numbers: Sequence[int]) -> str:
    shown = ", ".join(f"{name} {number}" for name, number in list(zip(names, numbers, strict=True))[:5])
    return shown + (", ..." if len(names) > 5 else "")
