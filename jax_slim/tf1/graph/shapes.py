"""Shapes of which not all is known: `Dimension` and `TensorShape`, with TF 1's arithmetic and comparisons."""

from collections.abc import Callable, Iterator
from typing import Any


class Dimension:
    """A size, or None where it is not known. Arithmetic with an unknown one gives an unknown one; so do comparisons (None)."""

    __slots__ = ("_value",)
    __hash__ = None  # type: ignore[assignment]  # as in TF 1

    def __init__(self, value: Any) -> None:
        if isinstance(value, Dimension):
            self._value = value._value
        elif value is None:
            self._value = None
        else:
            number = int(value)
            if not isinstance(value, str | bytes) and number != value:
                raise ValueError(f"Ambiguous dimension: {value}")
            if number < 0:
                raise ValueError(f"Dimension {number} must be >= 0")
            self._value = number

    value = property(lambda self: self._value)

    def __repr__(self) -> str:
        return f"Dimension({self._value})"

    def __str__(self) -> str:
        return "?" if self._value is None else str(self._value)

    def __int__(self) -> Any:
        return self._value

    def __index__(self) -> Any:
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def is_compatible_with(self, other: Any) -> bool:
        other = as_dimension(other)
        return self._value is None or other._value is None or self._value == other._value

    def assert_is_compatible_with(self, other: Any) -> None:
        if not self.is_compatible_with(other):
            raise ValueError(f"Dimensions {self} and {other} are not compatible")

    def merge_with(self, other: Any) -> "Dimension":
        """What both say: the known one of the two."""
        other = as_dimension(other)
        self.assert_is_compatible_with(other)
        return Dimension(other._value if self._value is None else self._value)

    def _with(self, other: Any, function: Callable[[int, int], Any]) -> "Dimension":
        other = as_dimension(other)
        if self._value is None or other._value is None:
            return Dimension(None)
        return Dimension(function(self._value, other._value))

    def _compared(self, other: Any, function: Callable[[int, int], bool]) -> bool | None:
        try:
            other = as_dimension(other)
        except (TypeError, ValueError):
            return NotImplemented
        return None if self._value is None or other._value is None else function(self._value, other._value)

    def __add__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a + b)

    def __sub__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a - b)

    def __rsub__(self, other: Any) -> Any:
        return as_dimension(other) - self

    def __mul__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a * b)

    def __floordiv__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a // b)

    def __rfloordiv__(self, other: Any) -> Any:
        return as_dimension(other) // self

    def __mod__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a % b)

    def __rmod__(self, other: Any) -> Any:
        return as_dimension(other) % self

    def __truediv__(self, other: Any) -> Any:
        raise TypeError(
            f"unsupported operand type(s) for /: 'Dimension' and '{type(other).__name__}', please use // instead"
        )

    __radd__, __rmul__ = __add__, __mul__
    __rtruediv__ = __div__ = __truediv__

    def __eq__(self, other: Any) -> Any:
        return self._compared(other, lambda a, b: a == b)

    def __ne__(self, other: Any) -> Any:
        return self._compared(other, lambda a, b: a != b)

    def __lt__(self, other: Any) -> Any:
        return self._compared(other, lambda a, b: a < b)

    def __le__(self, other: Any) -> Any:
        return self._compared(other, lambda a, b: a <= b)

    def __gt__(self, other: Any) -> Any:
        return self._compared(other, lambda a, b: a > b)

    def __ge__(self, other: Any) -> Any:
        return self._compared(other, lambda a, b: a >= b)


def as_dimension(value: Any) -> Dimension:
    """The value as a `Dimension`."""
    return value if isinstance(value, Dimension) else Dimension(value)


def dimension_value(dimension: Any) -> Any:
    """The integer (or None) of a Dimension; anything else as it is."""
    return dimension.value if isinstance(dimension, Dimension) else dimension


class TensorShape:
    """The sizes of a tensor: a list of which some may be unknown, or nothing known at all."""

    __slots__ = ("_sizes",)

    def __init__(self, dims: Any) -> None:
        if dims is None:
            self._sizes: tuple[int | None, ...] | None = None
        elif isinstance(dims, TensorShape):
            self._sizes = dims._sizes
        elif hasattr(dims, "dim") and hasattr(dims, "unknown_rank"):  # a TensorShapeProto
            sizes = tuple(None if d.size == -1 else d.size for d in dims.dim)
            self._sizes = None if dims.unknown_rank else sizes
        else:
            try:
                self._sizes = tuple(as_dimension(d).value for d in dims)
            except TypeError:
                self._sizes = (as_dimension(dims).value,)

    @property
    def dims(self) -> list[Dimension] | None:
        return None if self._sizes is None else [Dimension(d) for d in self._sizes]

    @property
    def ndims(self) -> int | None:
        return None if self._sizes is None else len(self._sizes)

    rank = ndims

    @property
    def sizes(self) -> tuple[int | None, ...] | None:
        """The sizes as a tuple of integers and None; None when nothing is known. (Not in TF.)"""
        return self._sizes

    def __len__(self) -> int:
        if self._sizes is None:
            raise ValueError("Cannot take the length of Shape with unknown rank.")
        return len(self._sizes)

    def __bool__(self) -> bool:
        return self._sizes is not None

    def __iter__(self) -> Iterator[Dimension]:
        if self._sizes is None:
            raise ValueError("Cannot iterate over a shape with unknown rank.")
        return iter(self.dims or [])

    def __getitem__(self, key: Any) -> Any:
        if self._sizes is not None:
            return TensorShape(self._sizes[key]) if isinstance(key, slice) else Dimension(self._sizes[key])
        if not isinstance(key, slice):
            return Dimension(None)
        start, stop = key.start or 0, key.stop
        if key.step is not None:
            raise ValueError("Steps are not yet handled")
        if stop is None or (start < 0 <= stop) or (stop < 0 <= start):
            return unknown_shape()
        return unknown_shape(max(stop - start, 0))

    def num_elements(self) -> int | None:
        if not self.is_fully_defined():
            return None
        total = 1
        for size in self._sizes or ():
            total *= size or 0
        return total

    def merge_with(self, other: Any) -> "TensorShape":
        """What both say together.

        Raises:
          ValueError: they contradict each other.
        """
        other = as_shape(other)
        if self._sizes is None:
            return other
        if other._sizes is None:
            return self
        if len(self._sizes) != len(other._sizes) or any(
            a is not None and b is not None and a != b for a, b in zip(self._sizes, other._sizes, strict=True)
        ):
            raise ValueError(f"Shapes {self} and {other} are not compatible")
        return TensorShape([b if a is None else a for a, b in zip(self._sizes, other._sizes, strict=True)])

    def concatenate(self, other: Any) -> "TensorShape":
        other = as_shape(other)
        return TensorShape(None if self._sizes is None or other._sizes is None else self._sizes + other._sizes)

    def with_rank(self, rank: Any) -> "TensorShape":
        try:
            return self.merge_with(unknown_shape(rank))
        except ValueError:
            raise ValueError(f"Shape {self} must have rank {rank}") from None

    def with_rank_at_least(self, rank: int) -> "TensorShape":
        if self.ndims is not None and self.ndims < rank:
            raise ValueError(f"Shape {self} must have rank at least {rank}")
        return self

    def with_rank_at_most(self, rank: int) -> "TensorShape":
        if self.ndims is not None and self.ndims > rank:
            raise ValueError(f"Shape {self} must have rank at most {rank}")
        return self

    def assert_same_rank(self, other: Any) -> None:
        other = as_shape(other)
        if self.ndims is not None and other.ndims is not None and self.ndims != other.ndims:
            raise ValueError(f"Shapes {self} and {other} must have the same rank")

    def assert_has_rank(self, rank: int) -> None:
        if self.ndims not in (None, rank):
            raise ValueError(f"Shape {self} must have rank {rank}")

    def is_compatible_with(self, other: Any) -> bool:
        try:
            self.merge_with(other)
        except ValueError:
            return False
        return True

    def assert_is_compatible_with(self, other: Any) -> None:
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {as_shape(other)} are incompatible")

    def most_specific_compatible_shape(self, other: Any) -> "TensorShape":
        other = as_shape(other)
        if self._sizes is None or other._sizes is None or len(self._sizes) != len(other._sizes):
            return unknown_shape()
        return TensorShape([a if a == b else None for a, b in zip(self._sizes, other._sizes, strict=True)])

    def is_fully_defined(self) -> bool:
        return self._sizes is not None and None not in self._sizes

    def assert_is_fully_defined(self) -> None:
        if not self.is_fully_defined():
            raise ValueError(f"Shape {self} is not fully defined")

    def as_list(self) -> list[int | None]:
        if self._sizes is None:
            raise ValueError("as_list() is not defined on an unknown TensorShape.")
        return list(self._sizes)

    def as_proto(self) -> Any:
        from tensorboard.compat.proto import tensor_shape_pb2

        proto = tensor_shape_pb2.TensorShapeProto  # pyright: ignore[reportAttributeAccessIssue] - made on import
        if self._sizes is None:
            return proto(unknown_rank=True)
        return proto(dim=[proto.Dim(size=-1 if d is None else d) for d in self._sizes])

    def __eq__(self, other: Any) -> bool:
        if self is other:
            return True
        try:
            other = as_shape(other)
        except (TypeError, ValueError):
            return NotImplemented
        # Sizes that are not known are equal to nothing, as in TF.
        return self._sizes == other._sizes and (self._sizes is None or None not in self._sizes)

    def __ne__(self, other: Any) -> bool:
        other = as_shape(other)
        if self._sizes is None or other._sizes is None:
            raise ValueError("The inequality of unknown TensorShapes is undefined.")
        return self._sizes != other._sizes

    def __hash__(self) -> int:
        return hash(self._sizes)

    def __reduce__(self) -> Any:
        return TensorShape, (self._sizes,)

    def __str__(self) -> str:
        if self._sizes is None:
            return "<unknown>"
        sizes = ["?" if d is None else str(d) for d in self._sizes]
        return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"

    def __repr__(self) -> str:
        return f"TensorShape({self.dims})"


def as_shape(value: Any) -> TensorShape:
    """The value as a `TensorShape`."""
    return value if isinstance(value, TensorShape) else TensorShape(value)


def unknown_shape(ndims: Any = None) -> TensorShape:
    """A shape of which nothing but, if given, the rank is known."""
    rank = dimension_value(ndims)
    return TensorShape(None if rank is None else [None] * rank)


def broadcast(*shapes: TensorShape) -> TensorShape:
    """The shape of elementwise results, with TF's merging of what is known: an unknown size beside 5 is 5.

    Raises:
      ValueError: known sizes do not fit together.
    """
    if any(s.sizes is None for s in shapes):
        return unknown_shape()
    rank = max((len(s) for s in shapes), default=0)
    result: list[int | None] = []
    for axis in range(rank):
        known = {1}
        unknown = False
        for shape in shapes:
            place = axis - rank + len(shape)
            size = shape.sizes[place] if place >= 0 else 1  # type: ignore[index]
            unknown |= size is None
            if size is not None:
                known.add(size)
        known.discard(1)
        if len(known) > 1:
            raise ValueError(f"Dimensions must be equal, but are {' and '.join(map(str, sorted(known)))}")
        result.append(known.pop() if known else (None if unknown else 1))
    return TensorShape(result)
