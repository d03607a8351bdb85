"""`tf.RaggedTensor`: rows of different lengths, as the values of all rows and the places where rows begin and end."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from jax_slim.tf1.graph import building, conversion, dtypes, graphs, shapes
from jax_slim.tf1.graph.composites import SparseTensor
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, constant_op, gathering, joining, math, reductions, segments


class RaggedTensorValue(NamedTuple):
    """The value of a `RaggedTensor`: of `values` (an array, or such a value) row i is from `row_splits[i]` to `row_splits[i + 1]`."""

    values: Any
    row_splits: Any

    flat_values = property(
        lambda self: self.values.flat_values if isinstance(self.values, RaggedTensorValue) else self.values
    )
    ragged_rank = property(lambda self: 1 + getattr(self.values, "ragged_rank", 0))
    nested_row_splits = property(lambda self: (self.row_splits, *getattr(self.values, "nested_row_splits", ())))
    dtype = property(lambda self: self.flat_values.dtype)

    def to_list(self) -> list[Any]:
        """Nested lists."""
        rows = self.values.to_list() if isinstance(self.values, RaggedTensorValue) else self.values.tolist()
        return [rows[a:b] for a, b in zip(self.row_splits[:-1], self.row_splits[1:], strict=True)]


class RaggedTensor:
    """Rows of different lengths; made by `from_row_splits` and its kin or `tf.ragged.constant`.

    `values` has all rows one after the other, a tensor or again a ragged one; `row_splits` [rows + 1] where each begins and ends.
    """

    __array_ufunc__ = None  # arrays leave additions to it

    def __init__(self, values: Any, row_splits: Any, internal: bool = False) -> None:
        if not internal:
            raise ValueError("RaggedTensor constructor is private; please use one of the factory methods instead (e.g., RaggedTensor.from_row_lengths())")  # fmt: skip
        row_splits.shape.assert_has_rank(1)
        if isinstance(values, RaggedTensor) and values.row_splits.dtype != row_splits.dtype:
            raise ValueError(f"row_splits must have one type: got {row_splits.dtype.name} and {values.row_splits.dtype.name}.")  # fmt: skip
        self._values, self._row_splits = values, row_splits

    values = property(lambda self: self._values)
    row_splits = property(lambda self: self._row_splits)
    flat_values = property(
        lambda self: self._values.flat_values if isinstance(self._values, RaggedTensor) else self._values
    )
    nested_row_splits = property(lambda self: (self._row_splits, *getattr(self._values, "nested_row_splits", ())))
    ragged_rank = property(lambda self: len(self.nested_row_splits))
    dtype = property(lambda self: self._values.dtype)
    graph = property(lambda self: self._row_splits.graph)
    op = property(lambda self: self._values.op)

    @property
    def shape(self) -> shapes.TensorShape:
        """[rows, None, ...]: what is known of it."""
        splits = self._row_splits.shape[0].value
        rest = self._values.shape[1:]
        return shapes.TensorShape([None if splits is None else splits - 1, None]).concatenate(rest)

    def get_shape(self) -> shapes.TensorShape:
        return self.shape

    @classmethod
    def from_row_splits(
        cls, values: Any, row_splits: Any, name: str | None = None, validate: bool = True
    ) -> "RaggedTensor":
        """Row i is `values[row_splits[i] : row_splits[i + 1]]`."""
        with graphs.name_scope(name, "RaggedFromRowSplits", [values, row_splits]):
            return cls(_values(values), _places(row_splits, "row_splits"), internal=True)

    @classmethod
    def from_row_lengths(
        cls, values: Any, row_lengths: Any, name: str | None = None, validate: bool = True
    ) -> "RaggedTensor":
        """Rows of these lengths, one after the other."""
        with graphs.name_scope(name, "RaggedFromRowLengths", [values, row_lengths]):
            lengths = _places(row_lengths, "row_lengths")
            splits = with_zero(reductions.cumsum(lengths))
            return cls(_values(values), splits, internal=True)

    @classmethod
    def from_row_starts(
        cls, values: Any, row_starts: Any, name: str | None = None, validate: bool = True
    ) -> "RaggedTensor":
        """Each row begins at its place and ends where the next begins."""
        with graphs.name_scope(name, "RaggedFromRowStarts", [values, row_starts]):
            values, starts = _values(values), _places(row_starts, "row_starts")
            return cls(values, joining.concat([starts, count_of(values, starts.dtype)[None]], 0), internal=True)

    @classmethod
    def from_row_limits(
        cls, values: Any, row_limits: Any, name: str | None = None, validate: bool = True
    ) -> "RaggedTensor":
        """Each row ends at its place and begins where the one before ends."""
        with graphs.name_scope(name, "RaggedFromRowLimits", [values, row_limits]):
            limits = _places(row_limits, "row_limits")
            return cls(_values(values), with_zero(limits), internal=True)

    @classmethod
    def from_value_rowids(
        cls, values: Any, value_rowids: Any, nrows: Any = None, name: str | None = None, validate: bool = True
    ) -> "RaggedTensor":
        """Each value is in the row that `value_rowids` says, in ascending order; `nrows` rows, by default up to the last that has one."""  # fmt: skip
        with graphs.name_scope(name, "RaggedFromValueRowIds", [values, value_rowids, nrows]):
            return cls(_values(values), segment_ids_to_row_splits(value_rowids, nrows), internal=True)

    @classmethod
    def from_nested_row_splits(
        cls, flat_values: Any, nested_row_splits: Any, name: str | None = None, validate: bool = True
    ) -> Any:
        """Several ragged axes, the outermost first."""
        with graphs.name_scope(name, "RaggedFromNestedRowSplits", [flat_values, *nested_row_splits]):
            result = flat_values
            for splits in reversed(nested_row_splits):
                result = cls.from_row_splits(result, splits)
            return result

    @classmethod
    def from_nested_value_rowids(cls, flat_values: Any, nested_value_rowids: Any, nested_nrows: Any = None,
                                 name: str | None = None, validate: bool = True) -> Any:  # fmt: skip
        """`from_value_rowids` for several ragged axes, the outermost first."""
        counts = [None] * len(nested_value_rowids) if nested_nrows is None else nested_nrows
        with graphs.name_scope(name, "RaggedFromNestedValueRowIds", [flat_values, *nested_value_rowids]):
            result = flat_values
            for ids, count in reversed(list(zip(nested_value_rowids, counts, strict=True))):
                result = cls.from_value_rowids(result, ids, count)
            return result

    @classmethod
    def from_nested_row_lengths(cls, flat_values: Any, nested_row_lengths: Any, name: str | None = None,
                                validate: bool = True) -> Any:  # fmt: skip
        """`from_row_lengths` for several ragged axes, the outermost first."""
        with graphs.name_scope(name, "RaggedFromNestedRowlengths", [flat_values, *nested_row_lengths]):
            result = flat_values
            for lengths in reversed(nested_row_lengths):
                result = cls.from_row_lengths(result, lengths)
            return result

    @classmethod
    def from_tensor(cls, tensor: Any, lengths: Any = None, padding: Any = None, ragged_rank: int = 1,
                    name: str | None = None, row_splits_dtype: Any = dtypes.int64) -> "RaggedTensor":  # fmt: skip
        """The rows of a tensor [rows, columns, ...]: their first `lengths` columns, or without what is `padding` at their ends.

        Args:
          lengths: [rows]; or a list of lengths for several ragged axes, the outermost first.
          padding: of the shape of the innermost values.
          ragged_rank: how many of the axes become ragged.

        Raises:
          ValueError: both are given, or a ragged rank that is no number from 1 to the tensor's rank - 1.
        """
        if lengths is not None and padding is not None:
            raise ValueError("Specify lengths or padding, but not both")
        if not isinstance(ragged_rank, int) or ragged_rank < 1:
            raise ValueError(f"ragged_rank must be greater than 0; got {ragged_rank}")
        with graphs.name_scope(name, "RaggedFromTensor", [tensor, lengths, padding]):
            tensor = conversion.convert_to_tensor(tensor, name="tensor")
            if tensor.shape.ndims is not None and tensor.shape.ndims <= ragged_rank:
                raise ValueError(f"ragged_rank must be less than the tensor's rank {tensor.shape.ndims}; got {ragged_rank}")  # fmt: skip
            kind = dtypes.as_dtype(row_splits_dtype)
            if isinstance(lengths, list | tuple) and lengths and all(np.ndim(a) == 1 or isinstance(a, Tensor) for a in lengths):  # fmt: skip
                return cls._of_nested_lengths(tensor, list(lengths), kind)
            sizes = array.shape(tensor, out_type=kind)
            if ragged_rank > 1:
                inner = array.reshape(tensor, joining.concat([[-1], sizes[2:]], 0))
                if tensor.shape.ndims is not None:
                    inner.set_shape([None, *tensor.shape[2:]])
                values = cls.from_tensor(inner, None, padding, ragged_rank - 1, row_splits_dtype=kind)
                splits = constant_op.range(0, sizes[0] + 1) * sizes[1]
                return cls.from_row_splits(values, splits)
            columns = constant_op.range(0, sizes[1])
            if padding is not None:
                there = math.not_equal(tensor, conversion.convert_to_tensor(padding, tensor.dtype))
                there = there if tensor.shape.ndims == 2 else reductions.reduce_any(there, axis=[*range(2, tensor.shape.ndims or 0)])  # fmt: skip
                lengths = reductions.reduce_max(math.cast(there, kind) * (columns + 1)[None], axis=1)
            elif lengths is None:
                lengths = constant_op.fill(sizes[:1], sizes[1])
            lengths = math.minimum(math.cast(_places(lengths, "lengths"), kind), sizes[1])
            mask = math.less(columns[None], lengths[:, None])
            return cls.from_row_lengths(gathering.boolean_mask(tensor, mask), lengths)

    @classmethod
    def _of_nested_lengths(cls, tensor: Tensor, lengths: list[Any], kind: Any) -> Any:
        """The first columns of each axis, whose lengths are those of the rows that are left."""
        found: Any = cls.from_tensor(tensor, lengths[0], row_splits_dtype=kind)
        if len(lengths) > 1:
            found = found.with_values(cls._of_nested_lengths(found.values, lengths[1:], kind))
        return found

    @classmethod
    def from_sparse(cls, st_input: SparseTensor, name: str | None = None) -> "RaggedTensor":
        """The elements of a sparse matrix by rows, which must begin at the first column without holes."""
        with graphs.name_scope(name, "RaggedFromSparse", [st_input]):
            return cls.from_value_rowids(st_input.values, st_input.indices[:, 0], st_input.dense_shape[0])

    def nrows(self, out_type: Any = None, name: str | None = None) -> Tensor:
        """The number of rows."""
        with graphs.name_scope(name, "RaggedNRows", [self._row_splits]):
            return array.shape(self._row_splits, out_type=out_type or self._row_splits.dtype)[0] - 1

    def row_starts(self, name: str | None = None) -> Tensor:
        """Where each row begins."""
        with graphs.name_scope(name, "RaggedRowStarts", [self._row_splits]):
            return self._row_splits[:-1]

    def row_limits(self, name: str | None = None) -> Tensor:
        """Where each row ends."""
        with graphs.name_scope(name, "RaggedRowLimits", [self._row_splits]):
            return self._row_splits[1:]

    def row_lengths(self, axis: int = 1, name: str | None = None) -> Any:
        """How long each row is; for an inner axis as a ragged tensor."""
        with graphs.name_scope(name, "RaggedRowLengths", [self._row_splits]):
            if axis == 0:
                return self.nrows()
            if axis == 1:
                return self._row_splits[1:] - self._row_splits[:-1]
            return self.with_values(self._values.row_lengths(axis - 1))

    def nested_row_lengths(self, name: str | None = None) -> tuple[Tensor, ...]:
        """The lengths of rows of each ragged axis, the outermost first."""
        with graphs.name_scope(name, "RaggedNestedRowLengths", [self._row_splits]):
            return tuple(splits[1:] - splits[:-1] for splits in self.nested_row_splits)

    def nested_value_rowids(self, name: str | None = None) -> tuple[Tensor, ...]:
        """In which row each value is, for each ragged axis, the outermost first."""
        with graphs.name_scope(name, "RaggedNestedValueRowIds", [self._row_splits]):
            return tuple(row_splits_to_segment_ids(splits) for splits in self.nested_row_splits)

    def with_row_splits_dtype(self, dtype: Any) -> "RaggedTensor":
        """The same with row splits of another type, int32 or int64."""
        values = self._values.with_row_splits_dtype(dtype) if isinstance(self._values, RaggedTensor) else self._values
        return RaggedTensor(values, math.cast(self._row_splits, dtype), internal=True)

    def value_rowids(self, name: str | None = None) -> Tensor:
        """In which row each value is."""
        with graphs.name_scope(name, "RaggedValueRowIds", [self._row_splits]):
            return row_splits_to_segment_ids(self._row_splits)

    def bounding_shape(self, axis: Any = None, name: str | None = None, out_type: Any = None) -> Tensor:
        """The least shape of a tensor that has room for all; its entries `axis`, where that is given."""
        with graphs.name_scope(name, "RaggedBoundingBox", [self._row_splits]):
            kind = out_type or self._row_splits.dtype
            inner = self._values.bounding_shape(out_type=kind) if self.ragged_rank > 1 else array.shape(self._values, out_type=kind)  # fmt: skip
            longest = reductions.reduce_max(with_zero(self.row_lengths()))
            whole = joining.concat([joining.stack([self.nrows(kind), math.cast(longest, kind)]), inner[1:]], 0)
            return whole if axis is None else gathering.gather(whole, axis)

    def with_values(self, new_values: Any) -> "RaggedTensor":
        """Other values in the same rows."""
        return RaggedTensor(_values(new_values), self._row_splits, internal=True)

    def with_flat_values(self, new_values: Any) -> "RaggedTensor":
        """Other innermost values in the same rows."""
        if isinstance(self._values, RaggedTensor):
            return self.with_values(self._values.with_flat_values(new_values))
        return self.with_values(new_values)

    def to_tensor(self, default_value: Any = None, name: str | None = None) -> Tensor:
        """A tensor [rows, longest row, ...] with `default_value` (0) after the ends of rows."""
        with graphs.name_scope(name, "RaggedToTensor", [self._row_splits]):
            values = self._values.to_tensor(default_value) if isinstance(self._values, RaggedTensor) else self._values
            places = self._places()
            longest = math.cast(reductions.reduce_max(with_zero(self.row_lengths())), dtypes.int64)  # fmt: skip
            sizes = joining.stack([self.nrows(dtypes.int64), longest])
            whole = joining.concat([sizes, array.shape(values, out_type=dtypes.int64)[1:]], 0)
            # Taken by number, a row without an element gets one that is replaced.
            numbers = gathering.scatter_nd(places, constant_op.range(0, count_of(values, dtypes.int64)) + 1, sizes)
            default = constant_op.zeros([], values.dtype) if default_value is None else conversion.convert_to_tensor(default_value, values.dtype)  # fmt: skip
            first = building.make("BroadcastTo", default, array.shape(values)[1:])
            return array.reshape(gathering.gather(joining.concat([first[None], values], 0), numbers), whole)

    def to_sparse(self, name: str | None = None) -> SparseTensor:
        """The values at their places: [row, place in the row, ...]."""
        with graphs.name_scope(name, "RaggedToSparse", [self._row_splits]):
            made = building.make("RaggedTensorToSparse", list(self.nested_row_splits), self.flat_values, name=name)
            return SparseTensor(*made)

    def _places(self) -> Tensor:
        """[values, 2]: the row of each value and where in the row it is."""
        rowids = math.cast(self.value_rowids(), dtypes.int64)
        starts = gathering.gather(math.cast(self._row_splits, dtypes.int64), rowids)
        return joining.stack([rowids, constant_op.range(0, count_of(self._values, dtypes.int64)) - starts], 1)

    def consumers(self) -> list[Any]:
        return [*self._values.consumers(), *self._row_splits.consumers()]

    def eval(self, feed_dict: Any = None, session: Any = None) -> RaggedTensorValue:
        """Its value in a session."""
        return self.graph.session_for(session, "evaluate a RaggedTensor").run(self, feed_dict)

    def __iter__(self) -> Any:
        raise TypeError("RaggedTensor objects are only iterable when eager execution is enabled.")

    def __bool__(self) -> bool:
        raise TypeError("Using a RaggedTensor as a Python `bool` is not allowed.")

    def _fed(self) -> list[Any]:
        """The tensors that a `RaggedTensorValue` is fed to."""
        return [self.flat_values, *self.nested_row_splits]

    def __repr__(self) -> str:
        return f"tf.RaggedTensor(values={self._values}, row_splits={self._row_splits})"

    def _fetched(self) -> tuple[list[Any], Callable[..., Any]]:
        """What a session fetches for it, and what makes its value of that."""
        return [self._values, self._row_splits], RaggedTensorValue


def map_flat_values(op: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """`op` of the innermost values of ragged arguments, which must have the same rows; its result in these rows."""
    ragged = [a for a in (*args, *kwargs.values()) if isinstance(a, RaggedTensor)]
    if not ragged:
        return op(*args, **kwargs)
    if len({r.ragged_rank for r in ragged}) > 1:
        raise ValueError("Inputs must all have the same ragged_rank.")

    def flat(value: Any) -> Any:
        return value.flat_values if isinstance(value, RaggedTensor) else value

    from jax_slim.tf1.python import checks

    alike = [
        checks.assert_equal(mine, first, message="Inputs must have identical ragged splits")
        for other in ragged[1:]
        for mine, first in zip(other.nested_row_splits, ragged[0].nested_row_splits, strict=True)
        if mine is not first
    ]
    with graphs.control_dependencies(alike):
        result = op(*map(flat, args), **{key: flat(value) for key, value in kwargs.items()})
    return ragged[0].with_flat_values(result)


def ragged_range(starts: Any, limits: Any = None, deltas: Any = 1, dtype: Any = None, name: str | None = None,
                 row_splits_dtype: Any = dtypes.int64) -> RaggedTensor:  # fmt: skip
    """Rows of numbers: from `starts[i]` by `deltas[i]` up to `limits[i]`; from 0 where only `starts` is given."""
    starts, limits = (0, starts) if limits is None else (starts, limits)
    with graphs.name_scope(name, "RaggedRange", [starts, limits, deltas]) as scope:
        parts = [conversion.convert_to_tensor(v, dtype) for v in (limits, starts, deltas)]
        kind = parts[0].dtype.base_dtype
        parts = [math.cast(p, kind) for p in (parts[1], parts[0], parts[2])]
        splits, values = building.make("RaggedRange", *parts, Tsplits=dtypes.as_dtype(row_splits_dtype), name=scope)
        return RaggedTensor.from_row_splits(values, splits)


def row_splits_to_segment_ids(splits: Any, name: str | None = None, out_type: Any = None) -> Tensor:
    """[0, 2, 2, 5] as [0, 0, 2, 2, 2]."""
    with graphs.name_scope(name, "RaggedSplitsToSegmentIds", [splits]):
        splits = _places(splits, "splits")
        ids = gathering.repeat(constant_op.range(0, array.shape(splits)[0] - 1), splits[1:] - splits[:-1], axis=0)
        return math.cast(ids, out_type or splits.dtype)


def segment_ids_to_row_splits(
    segment_ids: Any, num_segments: Any = None, out_type: Any = None, name: str | None = None
) -> Tensor:
    """[0, 0, 2, 2, 2] as [0, 2, 2, 5]."""
    with graphs.name_scope(name, "SegmentIdsToRaggedSplits", [segment_ids]):
        ids = _places(segment_ids, "segment_ids")
        if num_segments is None:
            num_segments = reductions.reduce_max(joining.concat([ids, [-1]], 0)) + 1
        counts = segments.unsorted_segment_sum(constant_op.ones_like(ids), ids, num_segments)
        splits = with_zero(reductions.cumsum(counts))
        return math.cast(splits, out_type or ids.dtype)


def ragged_or_tensor(value: Any, dtype: Any = None) -> Any:
    """Ragged tensors as they are, their values as constants, anything else as a tensor."""
    if isinstance(value, RaggedTensorValue):
        value = RaggedTensor.from_nested_row_splits(value.flat_values, value.nested_row_splits)
    return value if isinstance(value, RaggedTensor) else conversion.convert_to_tensor(value, dtype)


def with_zero(lengths: Tensor) -> Tensor:
    """A 0, then the lengths: their largest is 0 where there are none."""
    return joining.concat([constant_op.zeros([1], lengths.dtype), lengths], 0)


def _values(values: Any) -> Any:
    return values if isinstance(values, RaggedTensor) else conversion.convert_to_tensor(values, name="values")


def _places(values: Any, name: str) -> Tensor:
    known = isinstance(values, Tensor | np.ndarray) and values.dtype in (dtypes.int32, np.int32)
    return conversion.convert_to_tensor(values, dtypes.int32 if known else dtypes.int64, name=name)


def count_of(values: Any, kind: Any) -> Tensor:
    """The number of rows of a ragged tensor or a tensor."""
    return values.nrows(kind) if isinstance(values, RaggedTensor) else array.shape(values, out_type=kind)[0]
