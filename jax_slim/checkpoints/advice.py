"""What is most likely wrong when a checkpoint does not fit, and the way out: the usual cases, told by their names."""

import collections
import posixpath
from collections.abc import Collection, Iterator

from jax_slim.checkpoints.matching import Match
from jax_slim.checkpoints.reader import AVERAGE

_OBJECTS = "_CHECKPOINTABLE_OBJECT_GRAPH"  # in checkpoints of tf.train.Checkpoint and of Keras


def advice(found: Match, entries: Collection[str], model: Collection[str]) -> list[str]:
    """Sentences on how to make it fit, the likeliest first.

    Args:
      found: what did not match.
      entries: the names in the checkpoint.
      model: the names of all variables of the model.
    """
    on_missing = [*_normalizers(found), *_names(found, entries)]
    return [*_other_classes(found), *(on_missing or _what_is_new(found, model))]


def _other_classes(found: Match) -> Iterator[str]:
    """Logits for other classes: the reason why people leave layers out."""
    layers = dict.fromkeys(name.rpartition("/")[0] or name for name in found.other_shape)
    if not layers:
        return
    differ = [(there, here) for _, there, here in found.other_shape.values()]
    by_one = [
        (there[-1], here[-1])
        for there, here in differ
        if there and here and there[:-1] == here[:-1] and abs(there[-1] - here[-1]) == 1
    ]
    if len(by_one) == len(differ):
        there, here = by_one[0]
        more = "more" if there > here else "fewer"
        yield (
            f"The checkpoint has one class {more} ({there}, the program {here}): some nets count a background as class "
            f"0 and others do not. Build the net with num_classes={there}, and mind the labels."
        )
    only_last = all(there[:-1] == here[:-1] for there, here in differ)
    why = "to train these layers anew, for other classes, say" if only_last else "to train these layers anew"
    yield f"Leave them out, {why}: exclude={list(layers)}."


def _names(found: Match, entries: Collection[str]) -> Iterator[str]:
    """Scopes that differ, averages in place of variables, names of other libraries."""
    if not found.missing:
        return
    if _OBJECTS in entries:
        yield (
            "The checkpoint was written by tf.train.Checkpoint or Keras, which name variables by attributes "
            "('layer-1/kernel/.ATTRIBUTES/VARIABLE_VALUE'): map them with name_map, a dict or a function from its "
            "names to the program's."
        )
    if renamed := _renaming(found):
        old, new, count = renamed
        if not new:
            how = f"name.removeprefix({old!r})"
        elif not old:
            how = f"{new!r} + name"
        else:
            how = f"name.replace({old!r}, {new!r}, 1)"
        yield (
            f"{count} of the {len(found.missing)} missing are there under another scope: pass "
            f"name_map=lambda name: {how}."
        )
    if sum(f"{name}:0" in entries for name in found.asked.values()):
        yield "The names in the checkpoint end in ':0': pass name_map=lambda name: name.removesuffix(':0')."
    averaged = {entry.removesuffix(f"/{AVERAGE}") for entry in entries if entry.endswith(f"/{AVERAGE}")}
    only_averages = [name for name in found.missing if found.asked[name] in averaged]
    if only_averages:
        yield f"Of {only_averages[0]} and {len(only_averages) - 1} others it has the average: pass moving_average=True."
    elif any(entry.endswith(f"/{AVERAGE}") for entry in found.asked.values()):
        yield "Moving averages were asked for, which the checkpoint lacks for these: leave moving_average out."


def _renaming(found: Match) -> tuple[str, str, int] | None:
    """The change of the beginning of names that brings most missing variables together with unexpected entries."""
    ends: dict[str, list[str]] = collections.defaultdict(list)
    for entry in found.unexpected:
        for end in _ends(entry):
            ends[end].append(entry)
    votes: collections.Counter[tuple[str, str]] = collections.Counter()
    for name, shape in found.missing.items():
        asked = found.asked[name]
        seen = set()
        for end in _ends(asked):
            for entry in ends.get(end, ())[:20]:
                change = (entry.removesuffix(end), asked.removesuffix(end))
                if found.unexpected[entry] == shape or shape is None:
                    seen.add(change)
        votes.update(seen)
    # The same pair of names also agrees when less of the beginning is cut: of equal votes the shortest change is meant.
    best = max(votes.items(), key=lambda item: (item[1], -sum(map(len, item[0]))), default=None)
    if best is None or best[1] < min(len(found.missing), max(2, len(found.missing) / 3)):
        return None
    return (*best[0], best[1])


def _ends(name: str) -> Iterator[str]:
    """'a/b/c': 'a/b/c', 'b/c', but not 'c' alone, which says little."""
    parts = name.split("/")
    for start in range(max(1, len(parts) - 1)):
        yield "/".join(parts[start:])


def _normalizers(found: Match) -> Iterator[str]:
    """Biases where the other side has batch normalization: an arg_scope was forgotten."""
    missing, unexpected = {found.asked[name] for name in found.missing}, set(found.unexpected)
    if _swapped(missing, unexpected):
        yield (
            "The checkpoint has BatchNorm where the program has biases: was the net's arg_scope forgotten? Open it "
            "around the net, in training and in evaluation: with slim.arg_scope(resnet_v2.resnet_arg_scope()), say."
        )
    elif _swapped(unexpected, missing):
        yield (
            "The program has BatchNorm where the checkpoint has biases: was it trained without the arg_scope that is "
            "open around the net here?"
        )


def _swapped(with_biases: Collection[str], with_norms: Collection[str]) -> bool:
    layers = {name.removesuffix("/biases") for name in with_biases if name.endswith("/biases")}
    normalized = {name.partition("/BatchNorm/")[0] for name in with_norms if "/BatchNorm/" in name}
    return bool(layers & normalized)


def _what_is_new(found: Match, model: Collection[str]) -> Iterator[str]:
    """What is left: variables that only this program has."""
    if list(found.missing) == ["global_step"]:
        yield "The checkpoint counts no steps: exclude=['global_step']."
    elif found.missing:
        # The scope of all that is missing, if nothing else is in it.
        scope = posixpath.commonpath(found.missing)
        new = bool(scope) and all(name in found.missing for name in model if name.startswith(f"{scope}/"))
        which = f"exclude=[{scope!r}]" if new else "exclude=[...]"
        yield f"Leave out what only the program has ({which}), or pass ignore_missing_vars=True to keep its values."
