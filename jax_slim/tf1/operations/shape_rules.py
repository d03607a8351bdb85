"""What the shape rules of the families share: inputs' sizes, known values, and the refusal of shapes that do not fit."""

from typing import Any, NoReturn

from jax_slim.tf1.graph import known_values, shapes


def refuse(op: Any, text: str) -> NoReturn:
    """Raises the ValueError of shapes that do not fit, in TensorFlow's form."""
    inputs = ", ".join(written(t.shape) for t in op._inputs)
    raise ValueError(f"{text} for '{op.name}' (op: '{op.type}') with input shapes: {inputs}.")


def written(shape: shapes.TensorShape) -> str:
    """A shape as TensorFlow's kernels write it: [2,?,3]."""
    if shape.sizes is None:
        return "<unknown>"
    return "[" + ",".join("?" if d is None else str(d) for d in shape.sizes) + "]"


def sizes(op: Any, place: int = 0) -> tuple[int | None, ...] | None:
    """The sizes of an input, or None where not even their number is known."""
    return op._inputs[place].shape.sizes


def value(op: Any, place: int) -> Any:
    """The value of an input where it is known while the graph is built, else None."""
    return known_values.constant_value(op._inputs[place])


def values(op: Any, place: int) -> list[int] | None:
    """The integers of an input as a flat list, where they are known."""
    found = value(op, place)
    return None if found is None else [int(v) for v in found.reshape(-1)]


def shape_in(op: Any, place: int) -> shapes.TensorShape:
    """The shape that an input holds as a vector of sizes; -1 and what is not known yet are unknown sizes."""
    found = known_values.sizes_of(op._inputs[place])
    for size in found or ():
        if size is not None and size < -1:
            refuse(op, f"Invalid value in tensor used for shape: {size}")
    return known_values.constant_value_as_shape(op._inputs[place])


def check_rank(op: Any, place: int, rank: int) -> None:
    """Raises unless an input's rank may be `rank`."""
    found = sizes(op, place)
    if found is not None and len(found) != rank:
        refuse(op, f"Shape must be rank {rank} but is rank {len(found)}")


def length(op: Any, place: int) -> int | None:
    """How many elements a vector has, where that is known."""
    found = sizes(op, place)
    return found[0] if found is not None and len(found) == 1 else None


def unknown(rank: int | None = None) -> shapes.TensorShape:
    """A shape of which nothing but, perhaps, the rank is known."""
    return shapes.unknown_shape(rank)


def merged(op: Any, *candidates: tuple[int | None, ...] | None) -> tuple[int | None, ...] | None:
    """What several shapes, which must be one, say together."""
    found: tuple[int | None, ...] | None = None
    for sizes_ in candidates:
        if sizes_ is None:
            continue
        if found is None:
            found = sizes_
            continue
        if len(found) != len(sizes_):
            refuse(op, f"Shapes must be equal rank, but are {len(found)} and {len(sizes_)}")
        for axis, (a, b) in enumerate(zip(found, sizes_, strict=True)):
            if a is not None and b is not None and a != b:
                refuse(
                    op, f"Dimension {axis} in both shapes must be equal, but are {a} and {b}. "
                    f"Shapes are {written(shapes.TensorShape(found))} and {written(shapes.TensorShape(sizes_))}."
                )  # fmt: skip
        found = tuple(b if a is None else a for a, b in zip(found, sizes_, strict=True))
    return found


def axis_of(op: Any, axis: int, rank: int, text: str = "axis") -> int:
    """An axis counted from the front; refuses one that is out of range."""
    if not -rank <= axis < rank:
        refuse(op, f"{text} {axis} not in the interval [{-rank}, {rank - 1}].")
    return axis + rank if axis < 0 else axis


def product(found: Any) -> int:
    """The product of integers."""
    total = 1
    for size in found:
        total *= int(size)
    return total
