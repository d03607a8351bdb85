"""`tf.nest` and `tf.contrib.framework.nest`: lists, tuples, named tuples and dictionaries of leaves."""

import collections.abc
from collections.abc import Callable, Iterator
from typing import Any

from jax_slim.tf1.python.structures import children, flatten, is_nested, pack_sequence_as

__all__ = ["flatten", "is_nested", "pack_sequence_as"]

is_sequence = is_nested


def assert_same_structure(nest1: Any, nest2: Any, check_types: bool = True, expand_composites: bool = False) -> None:
    """Raises unless two structures have their leaves at the same places.

    Raises:
      ValueError: one has leaves where the other has none.
      TypeError: they are of different types, with `check_types`.
    """
    if is_nested(nest1) != is_nested(nest2):
        raise ValueError(
            f"The two structures don't have the same nested structure.\n\nFirst structure: {nest1}\n\nSecond structure: {nest2}\n\n"
            "More specifically: a part of one is a sequence, the part of the other at its place is not."
        )
    if not is_nested(nest1):
        return
    if check_types and not _alike(nest1, nest2):
        raise TypeError(
            "The two structures don't have the same sequence type. "
            f"First structure has type {type(nest1)}, while second structure has type {type(nest2)}."
        )
    if (
        isinstance(nest1, collections.abc.Mapping)
        and isinstance(nest2, collections.abc.Mapping)
        and set(nest1) != set(nest2)
    ):
        raise ValueError(
            f"The two dictionaries don't have the same set of keys. First structure has keys {list(nest1)}, second {list(nest2)}."
        )
    first, second = children(nest1), children(nest2)
    if len(first) != len(second):
        raise ValueError(
            f"The two structures don't have the same number of elements. First structure: {nest1}. Second structure: {nest2}"
        )
    for one, other in zip(first, second, strict=True):
        assert_same_structure(one, other, check_types)


def _alike(a: Any, b: Any) -> bool:
    fields = getattr(a, "_fields", None), getattr(b, "_fields", None)
    if fields[0] is not None and fields[1] is not None:
        return type(a).__name__ == type(b).__name__ and fields[0] == fields[1]
    if isinstance(a, collections.abc.Mapping) and isinstance(b, collections.abc.Mapping):
        return True
    return type(a) is type(b)


def map_structure(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """The structure of what a function gives for the leaves, one from each structure.

    Raises:
      TypeError, ValueError: no function, or structures that differ.
    """
    check_types = kwargs.pop("check_types", True)
    kwargs.pop("expand_composites", None)
    if kwargs:
        raise ValueError(
            f"Only valid keyword arguments are `check_types` and `expand_composites`, not: `{'`, `'.join(kwargs)}`"
        )
    if not callable(func):
        raise TypeError(f"func must be callable, got: {func}")
    if not structure:
        raise ValueError("Must provide at least one structure")
    for other in structure[1:]:
        assert_same_structure(structure[0], other, check_types)
    return pack_sequence_as(structure[0], [func(*leaves) for leaves in zip(*map(flatten, structure), strict=True)])


def assert_shallow_structure(
    shallow_tree: Any, input_tree: Any, check_types: bool = True, expand_composites: bool = False
) -> None:
    """Raises unless `input_tree` has the parts of `shallow_tree`; it may go on below its leaves."""
    if not is_nested(shallow_tree):
        return
    if not is_nested(input_tree):
        raise TypeError(
            f"If shallow structure is a sequence, input must also be a sequence. Input has type: {type(input_tree)}."
        )
    if check_types and not _alike(shallow_tree, input_tree):
        raise TypeError(
            "The two structures don't have the same sequence type. Input structure has type "
            f"{type(input_tree)}, while shallow structure has type {type(shallow_tree)}."
        )
    if isinstance(shallow_tree, collections.abc.Mapping):
        for key in shallow_tree:
            if key not in input_tree:
                raise ValueError(f"The input_tree does not have the key {key!r} of the shallow_tree.")
            assert_shallow_structure(shallow_tree[key], input_tree[key], check_types)
        return
    if len(shallow_tree) != len(input_tree):
        raise ValueError(
            "The two structures don't have the same sequence length. Input structure has length "
            f"{len(input_tree)}, while shallow structure has length {len(shallow_tree)}."
        )
    for one, other in zip(children(shallow_tree), children(input_tree), strict=True):
        assert_shallow_structure(one, other, check_types)


def _up_to(shallow: Any, whole: Any) -> Iterator[Any]:
    if not is_nested(shallow):
        yield whole
    elif isinstance(shallow, collections.abc.Mapping):
        for key in sorted(shallow):
            yield from _up_to(shallow[key], whole[key])
    else:
        for one, other in zip(children(shallow), children(whole), strict=True):
            yield from _up_to(one, other)


def flatten_up_to(
    shallow_tree: Any, input_tree: Any, check_types: bool = True, expand_composites: bool = False
) -> list[Any]:
    """The parts of a structure at the places of the leaves of another."""
    assert_shallow_structure(shallow_tree, input_tree, check_types)
    return list(_up_to(shallow_tree, input_tree))


def map_structure_up_to(shallow_tree: Any, func: Callable[..., Any], *inputs: Any, **kwargs: Any) -> Any:
    """What a function gives for the parts of structures at the places of the leaves of another."""
    if not inputs:
        raise ValueError("Cannot map over no sequences")
    check_types = kwargs.pop("check_types", True)
    flat = [flatten_up_to(shallow_tree, one, check_types) for one in inputs]
    return pack_sequence_as(shallow_tree, [func(*parts) for parts in zip(*flat, strict=True)])


def yield_flattened_paths(structure: Any) -> Iterator[tuple[Any, ...]]:
    """The path to each leaf: keys, names of fields and numbers."""
    for path, _ in _paths(structure, ()):
        yield path


def _paths(structure: Any, before: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if not is_nested(structure):
        yield before, structure
        return
    if isinstance(structure, collections.abc.Mapping):
        parts = [(key, structure[key]) for key in sorted(structure)]
    else:
        parts = list(zip(getattr(structure, "_fields", None) or range(len(structure)), structure, strict=True))
    for name, part in parts:
        yield from _paths(part, (*before, name))


def flatten_with_tuple_paths(structure: Any, expand_composites: bool = False) -> list[tuple[tuple[Any, ...], Any]]:
    """(path, leaf) for all leaves."""
    return list(_paths(structure, ()))


def flatten_with_joined_string_paths(
    structure: Any, separator: str = "/", expand_composites: bool = False
) -> list[tuple[str, Any]]:
    """('a/0/b', leaf) for all leaves."""
    return [(separator.join(map(str, path)), leaf) for path, leaf in _paths(structure, ())]


def map_structure_with_paths(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """`map_structure` with the path, 'a/0/b', as the function's first argument."""
    for other in structure[1:]:
        assert_same_structure(structure[0], other, kwargs.get("check_types", True))
    paths = [path for path, _ in flatten_with_joined_string_paths(structure[0])]
    return pack_sequence_as(
        structure[0],
        [func(path, *leaves) for path, leaves in zip(paths, zip(*map(flatten, structure), strict=True), strict=True)],
    )


def flatten_dict_items(dictionary: Any) -> dict[Any, Any]:
    """A dictionary whose keys and values are structures, as one from leaves to leaves.

    Raises:
      TypeError, ValueError: no dictionary, a key that comes twice, or keys and values that do not fit.
    """
    if not isinstance(dictionary, collections.abc.Mapping):
        raise TypeError("input must be a dictionary")
    found: dict[Any, Any] = {}
    for key, value in dictionary.items():
        if not is_nested(key):
            pairs = [(key, value)]
        else:
            keys, values = flatten(key), flatten(value)
            if len(keys) != len(values):
                raise ValueError(
                    f"Could not flatten dictionary. Key had {len(keys)} elements, but value had {len(values)} elements."
                )
            pairs = list(zip(keys, values, strict=True))
        for one, other in pairs:
            if one in found:
                raise ValueError(f"Could not flatten dictionary: key {one} is not unique.")
            found[one] = other
    return found


def list_to_tuple(structure: Any) -> Any:
    """The structure with tuples in place of its lists."""
    if isinstance(structure, list):
        return tuple(list_to_tuple(part) for part in structure)
    if isinstance(structure, tuple):
        parts = [list_to_tuple(part) for part in structure]
        return type(structure)(*parts) if hasattr(structure, "_fields") else tuple(parts)
    if isinstance(structure, dict):
        return type(structure)((key, list_to_tuple(part)) for key, part in structure.items())
    return structure
