"""What the 1000 classes of ImageNet (ILSVRC 2012) are called.

Source: the first word of each synset of WordNet 3.0 (Princeton University), in the order of their ids, which is that of
TF-Slim, timm, torchvision and Keras. Two cranes and two maillots are told apart in brackets.
"""

import functools
from collections.abc import Sequence
from importlib import resources

BACKGROUND = "background"


def imagenet_names(background: bool = False) -> list[str]:
    """The names of ImageNet's classes, each once: 'tench', 'goldfish', ..., 'toilet tissue'.

    Args:
      background: whether class 0 is for background, as in TF-Slim's nets with 1001 classes.
    """
    return [BACKGROUND, *_classes().values()] if background else list(_classes().values())


def imagenet_synsets() -> list[str]:
    """The ids of WordNet's of ImageNet's classes, which its folders are called by: 'n01440764', ..."""
    return list(_classes())


def readable_names(names: Sequence[str]) -> list[str]:
    """Names of classes, with ids of ImageNet's synsets turned into words where all names are such ids."""
    known = _classes()
    return [known[name] for name in names] if names and all(name in known for name in names) else list(names)


@functools.cache
def _classes() -> dict[str, str]:
    text = resources.files(__name__.rpartition(".")[0]).joinpath("imagenet_classes.txt").read_text(encoding="utf-8")
    pairs = [line.partition(" ") for line in text.splitlines()]
    return {synset: name for synset, _, name in pairs}
