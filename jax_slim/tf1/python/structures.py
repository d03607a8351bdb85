"""Nested structures as TensorFlow's `nest` reads them: lists, tuples, namedtuples and dictionaries (by sorted key) of leaves."""

import collections.abc
from typing import Any


def is_nested(value: Any) -> bool:
    """Whether a value is a structure: a list, a tuple, or a mapping."""
    return (
        isinstance(value, list | tuple | collections.abc.Mapping)
        and not isinstance(value, str | bytes)
        and not _is_leaf(value)
    )


def _is_leaf(value: Any) -> bool:
    # Named tuples that stand for one tensor.
    return type(value).__name__ in ("SparseTensorValue", "IndexedSlicesValue")


def children(value: Any) -> list[Any]:
    """The parts of a structure, in order."""
    return [value[k] for k in sorted(value)] if isinstance(value, collections.abc.Mapping) else list(value)


def flatten(structure: Any) -> list[Any]:
    """All leaves in order; a leaf alone is a list of itself."""
    if not is_nested(structure):
        return [structure]
    return [leaf for child in children(structure) for leaf in flatten(child)]


def pack_sequence_as(structure: Any, flat: Any) -> Any:
    """The structure with other leaves.

    Raises:
      ValueError: there are more or fewer leaves than the structure has.
    """
    flat = list(flat)
    wanted = len(flatten(structure))
    if len(flat) != wanted:
        raise ValueError(
            f"Structure had {wanted} elements, but flat_sequence had {len(flat)} elements. Structure: {structure}, flat_sequence: {flat}."
        )
    leaves = iter(flat)
    return _packed(structure, leaves)


def _packed(structure: Any, leaves: Any) -> Any:
    return (
        next(leaves) if not is_nested(structure) else like(structure, [_packed(c, leaves) for c in children(structure)])
    )


def like(structure: Any, parts: list[Any]) -> Any:
    """A structure of the same kind with these parts."""
    if isinstance(structure, collections.abc.Mapping):
        named = dict(zip(sorted(structure), parts, strict=True))
        ordered = {key: named[key] for key in structure}
        if isinstance(structure, collections.defaultdict):
            return type(structure)(structure.default_factory, ordered)
        kind: Any = type(structure)
        return ordered if kind is dict else kind(ordered.items())
    if hasattr(structure, "_fields"):
        return type(structure)(*parts)
    return type(structure)(parts)


def assert_same_structure(a: Any, b: Any, check_types: bool = True) -> None:
    """Compares two structures.

    Raises:
      ValueError: they have other numbers of parts.
      TypeError: their kinds differ.
    """
    if is_nested(a) != is_nested(b):
        raise ValueError(f"The two structures don't have the same nested structure: {a} and {b}.")
    if not is_nested(a):
        return
    if (
        check_types
        and type(a) is not type(b)
        and not (isinstance(a, collections.abc.Mapping) and isinstance(b, collections.abc.Mapping))
    ):
        raise TypeError(
            f"The two structures don't have the same sequence type. First structure has type {type(a)}, second has type {type(b)}."
        )
    if isinstance(a, collections.abc.Mapping) and set(a) != set(b):
        raise ValueError(f"The two dictionaries don't have the same set of keys: {list(a)} and {list(b)}.")
    if len(a) != len(b):
        raise ValueError(f"The two structures don't have the same number of elements: {a} and {b}.")
    for x, y in zip(children(a), children(b), strict=True):
        assert_same_structure(x, y, check_types)


def map_structure(function: Any, *structures: Any, **kwargs: Any) -> Any:
    """The structure of what a function gives for the leaves that stand at the same places."""
    check_types = kwargs.pop("check_types", True)
    for other in structures[1:]:
        assert_same_structure(structures[0], other, check_types)
    return pack_sequence_as(
        structures[0], [function(*leaves) for leaves in zip(*map(flatten, structures), strict=True)]
    )


def flatten_up_to(shallow: Any, structure: Any) -> list[Any]:
    """What stands in a structure where a shallower one has its leaves."""
    if not is_nested(shallow):
        return [structure]
    return [
        leaf for s, part in zip(children(shallow), children(structure), strict=True) for leaf in flatten_up_to(s, part)
    ]


def assert_same_structure_up_to(shallow: Any, structure: Any) -> None:
    """Compares as deep as the first one goes.

    Raises:
      ValueError: the other has another number of parts somewhere.
    """
    if not is_nested(shallow):
        return
    if not is_nested(structure) or len(shallow) != len(structure):
        raise ValueError(f"The two structures don't have the same nested structure: {shallow} and {structure}.")
    for s, part in zip(children(shallow), children(structure), strict=True):
        assert_same_structure_up_to(s, part)
