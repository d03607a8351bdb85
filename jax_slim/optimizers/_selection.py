"""Choosing variables of a tree by name."""

import re
from collections.abc import Callable
from typing import Any

import jax

from jax_slim.core import names


def name_of(path: tuple[Any, ...]) -> str:
    """The name of a leaf: that of the variable in a `Variables` or a dict by name, 'a/b' in a nested tree."""
    return jax.tree_util.keystr(path, simple=True, separator="/")


def selected(
    function: str, argument: str, chosen: Any, tree: Any, default: Callable[[Any], bool] = lambda leaf: True
) -> Any:
    """A tree like `tree` of booleans: which of its leaves `chosen` means.

    Args:
      function, argument: for the message.
      chosen: a name, or regular expressions for the beginning of names, or records that have a `name`; None means
        whatever `default` says of a leaf.
      tree: the variables, or gradients by the same names.
      default: leaf -> whether it is meant when `chosen` is None.
    """
    if chosen is None:
        return jax.tree.map(lambda leaf: bool(default(leaf)), tree)
    wanted = [str(getattr(one, "name", one)) for one in ([chosen] if isinstance(chosen, str) else chosen)]
    known = [name_of(path) for path, _ in jax.tree_util.tree_leaves_with_path(tree)]
    # A name chooses that variable alone: 'fc1/weights' must not bring 'fc1/weights_2' along.
    found = {one: [name for name in known if name == one] or [n for n in known if re.match(one, n)] for one in wanted}
    for one, matching in found.items():
        if not matching:
            raise ValueError(
                f"{function}: {argument} has {one!r}, which no variable begins with.{names.hint(one, known)}"
            )
    chosen_names = {name for matching in found.values() for name in matching}
    return jax.tree_util.tree_map_with_path(lambda path, leaf: name_of(path) in chosen_names, tree)
