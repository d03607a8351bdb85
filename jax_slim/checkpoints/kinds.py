"""What the entries of a checkpoint are for, by their names: variables, averages, or state of training."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from jax_slim.checkpoints.reader import AVERAGE, Entry
from jax_slim.core.collections import GraphKeys
from jax_slim.core.values import Facts

VARIABLE, AVERAGED, OPTIMIZER, STATE = "variable", "average", "optimizer", "state"
KINDS = (VARIABLE, AVERAGED, OPTIMIZER, STATE)

# TensorFlow names a slot after its optimizer, with a number behind the second one: Adam, Adam_1. There are many, and
# people's own; all begin with a capital, unlike what layers make.
_SLOTS = re.compile(r"(?!Variable)[A-Z]\w*|(?:gradient_accumulator|gradient_squared_accumulator)(?:_\d+)?")
_SHARED = re.compile(r"(?:.*/)?(?:beta[12]_power|non_slot/.*|learning_rate_power)(?:_\d+)?")
_BOOKS = re.compile(r"_CHECKPOINTABLE_OBJECT_GRAPH|save_counter(?:/.*)?")  # of TensorFlow 2
_BELOW_AVERAGES = re.compile(rf".*/{AVERAGE}(?:/biased|/local_step)?")
_UNTRAINED = re.compile(
    r".*(?:moving_mean|moving_variance|moving_stddev|renorm_\w+|/biased|/local_step)|(?:.*/)?global_step"
)


def kinds_of(checkpoint: Iterable[str]) -> Mapping[str, str]:
    """The kind of each entry, one of `KINDS`: as the checkpoint says where it knows, else by the names."""
    if (told := getattr(checkpoint, "kinds", None)) is not None:
        return told
    known = set(checkpoint)
    return {name: _kind(name, known) for name in known}


def checked_kinds(function: str, kinds: Sequence[str] | str | None) -> Sequence[str]:
    """The kinds that an argument asks for; all for None."""
    asked = KINDS if kinds is None else [kinds] if isinstance(kinds, str) else list(kinds)
    for kind in asked:
        if kind not in KINDS:
            raise ValueError(f"{function}: kinds must be among {', '.join(KINDS)}, got {kind!r}.")
    return asked


def variables_among(checkpoint: Mapping[str, Any]) -> list[str]:
    """The names of those that are variables, in order."""
    kinds = kinds_of(checkpoint)
    return [name for name in checkpoint if kinds[name] == VARIABLE]


def guessed_facts(name: str, entry: Entry) -> Facts:
    """What a variable most likely is, where the file does not say: TensorFlow's hold names and arrays alone."""
    trainable = np.dtype(entry.dtype).kind not in "iubOSU" and not _UNTRAINED.fullmatch(name)
    if name.rpartition("/")[2] == "global_step":
        return Facts(False, (GraphKeys.GLOBAL_VARIABLES, GraphKeys.GLOBAL_STEP))
    return Facts() if trainable else Facts(False, (GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES))


def _kind(name: str, known: set[str]) -> str:
    if _BELOW_AVERAGES.fullmatch(name):
        return AVERAGED
    if _SHARED.fullmatch(name) or "/.OPTIMIZER_SLOT/" in name:
        return OPTIMIZER
    parts = name.split("/")
    # An optimizer in a scope of its own has it before the variable's: 'OptimizeLoss/fc/weights/Momentum'.
    of_variable = any("/".join(parts[start:-1]) in known for start in range(len(parts) - 1))
    if of_variable and _SLOTS.fullmatch(parts[-1]):
        return OPTIMIZER
    return STATE if _BOOKS.fullmatch(name) else VARIABLE
