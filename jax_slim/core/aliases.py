"""What arrays are called: an array has no name of its own, so the running program remembers those it was given."""

from collections.abc import Iterable
from typing import Any, TypeVar

from jax_slim.core import program as _program

T = TypeVar("T")


def append_tensor_alias(tensor: T, alias: str) -> T:
    """Gives `tensor` another name in the running program, and returns it. A trailing '/' is dropped."""
    program = _program.current()
    if program is not None:
        # The array is kept with its names: an id is only good while its object lives.
        names = program.aliases.setdefault(id(tensor), (tensor, []))[1]
        names.append(alias.removesuffix("/"))
    return tensor


def get_tensor_aliases(tensor: Any) -> list[str]:
    """The names of `tensor`: those that `append_tensor_alias` and layers' `outputs_collections` gave it.

    Without any, the one it has as a variable or as an entry of a collection (a loss).

    Raises:
      ValueError: it has none of these.
      ProgramError: outside of a program.
    """
    program = _program.require("get_tensor_aliases")
    given = program.aliases.get(id(tensor))
    if given is not None:
        return list(given[1])
    name = known_name(tensor)
    if name is None:
        raise ValueError(
            f"get_tensor_aliases: the array (shape {getattr(tensor, 'shape', '?')}) has no name. Pass the very array "
            "that was named, not a result computed from it, or name it: append_tensor_alias(array, 'name')."
        )
    return [name]


def gather_tensors_aliases(tensors: Iterable[Any]) -> list[str]:
    """The names of several arrays in one list, as `get_tensor_aliases` gives them."""
    return [alias for tensor in tensors for alias in get_tensor_aliases(tensor)]


def known_name(tensor: Any) -> str | None:
    """What the running program calls this very array: a variable's name, its first alias, its name in a collection."""
    program = _program.current()
    if program is None:
        return None
    name = program.name_of(tensor)
    if name is None and id(tensor) in program.aliases:
        name = program.aliases[id(tensor)][1][0]
    if name is None:
        entries = (item for collection in program.collections() for item in program.collection(collection))
        name = next((item.name for item in entries if item.value is tensor), None)
    return name
