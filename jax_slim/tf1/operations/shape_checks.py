"""What shape rules of several families check and compute: ranks, equal sizes, how many windows fit."""

from typing import Any

from jax_slim.tf1.operations.shape_rules import refuse

Size = int | None
Sizes = tuple[Size, ...]


def with_rank(op: Any, place: int, rank: int) -> Sizes:
    """The sizes of an input that must have that rank; all None where nothing is known of it."""
    sizes = op._inputs[place].shape.sizes
    if sizes is None:
        return (None,) * rank
    if len(sizes) != rank:
        refuse(op, f"Shape must be rank {rank} but is rank {len(sizes)}")
    return sizes


def with_rank_at_least(op: Any, place: int, rank: int) -> Sizes | None:
    """The sizes of an input that must have at least that rank; None where nothing is known of it."""
    sizes = op._inputs[place].shape.sizes
    if sizes is not None and len(sizes) < rank:
        refuse(op, f"Shape must be at least rank {rank} but is rank {len(sizes)}")
    return sizes


def with_rank_at_most(op: Any, place: int, rank: int) -> Sizes | None:
    """The sizes of an input that must have at most that rank; None where nothing is known of it."""
    sizes = op._inputs[place].shape.sizes
    if sizes is not None and len(sizes) > rank:
        refuse(op, f"Shape must be at most rank {rank} but is rank {len(sizes)}")
    return sizes


def merged(op: Any, *sizes: Size) -> Size:
    """The one size that all are, as far as known."""
    known = [s for s in sizes if s is not None]
    for other in known[1:]:
        if other != known[0]:
            refuse(op, f"Dimensions must be equal, but are {known[0]} and {other}")
    return known[0] if known else None


def windows(
    op: Any, length: Size, size: Size, stride: int, padding: bytes, rate: int = 1, explicit: tuple[int, int] = (0, 0)
) -> Size:
    """How many windows lie on an axis, None where that is not known."""
    if padding == b"SAME":
        return None if length is None else -(-length // stride)
    if length is None or size is None:
        return None
    extent = (size - 1) * rate + 1
    whole = length + sum(explicit)
    if whole < extent:
        refuse(op, f"Negative dimension size caused by subtracting {extent} from {whole}")
    return (whole - extent) // stride + 1


def axes_of(data_format: bytes, rank: int) -> tuple[int, tuple[int, ...]]:
    """(the axis of channels, the axes of space) of arrays of that rank."""
    if data_format.startswith(b"NC"):
        return 1, tuple(range(2, rank))
    return rank - 1, tuple(range(1, rank - 1))


def laid(data_format: bytes, batch: Size, channels: Size, space: Any) -> list[Size]:
    """Sizes in the order of that format."""
    space = list(space)
    return [batch, channels, *space] if data_format.startswith(b"NC") else [batch, *space, channels]
