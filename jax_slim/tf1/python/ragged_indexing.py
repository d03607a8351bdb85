"""Parts of ragged tensors: `rows[i, a:b]`, `tf.gather`, `tf.gather_nd` and `tf.boolean_mask` of them."""

from typing import Any

from jax_slim.tf1.graph import building, conversion, dtypes, graphs, known_values
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, checks, constant_op, gathering, joining, math, ragged, reductions
from jax_slim.tf1.python.ragged import RaggedTensor


def getitem(rows: RaggedTensor, key: Any) -> Any:
    """What `rows[key]` is: as of an array, but that an inner ragged axis takes slices alone.

    Raises:
      ValueError: a number for an inner ragged axis, more keys than axes, several `...`.
      IndexError: a row that is known not to be there.
    """
    keys = list(key) if isinstance(key, list | tuple) else [key]
    with graphs.name_scope(None, "RaggedGetItem", [rows]):
        places = [i for i, k in enumerate(keys) if k is Ellipsis]
        if len(places) > 1:
            raise ValueError("an index can only have a single ellipsis")
        if places:
            rank = rows.shape.ndims
            if rank is None:
                raise ValueError("Ellipsis not supported for unknown shape RaggedTensors")
            used = sum(k is not None and k is not Ellipsis for k in keys)
            if used > rank:
                raise ValueError(f"Too many indices for RaggedTensor: {used} of {rank} axes.")
            keys[places[0] : places[0] + 1] = [slice(None)] * (rank - used)
        return _from_first_axis(rows, keys)


def _from_first_axis(rows: Any, keys: list[Any]) -> Any:
    """Keys from the first axis on."""
    if not keys:
        return rows
    if not isinstance(rows, RaggedTensor):
        return rows[tuple(keys)]
    first, rest = keys[0], keys[1:]
    if first is None:
        inner = _from_first_axis(rows, rest)
        if not isinstance(inner, RaggedTensor):
            return array.expand_dims(inner, 0)
        return RaggedTensor.from_row_splits(inner, joining.stack([0, inner.nrows()]))
    if isinstance(first, slice):
        if first != slice(None):
            rows = gather(rows, constant_op.range(0, rows.nrows())[first])
        return _inner_axes(rows, rest)
    starts, limits = rows.row_splits[:-1], rows.row_splits[1:]
    count = starts.shape[0].value
    if isinstance(first, int) and count is not None and not -count <= first < count:
        raise IndexError(f"Row key {first} out of bounds")
    return _from_first_axis(rows.values[starts[first] : limits[first]], rest)


def _inner_axes(rows: Any, keys: list[Any]) -> Any:
    """Keys from the second axis on."""
    if not keys:
        return rows
    if not isinstance(rows, RaggedTensor):
        return rows[(slice(None), *keys)]
    first, rest = keys[0], keys[1:]
    if first is None:
        inner = _inner_axes(rows, rest)
        count = inner.nrows() if isinstance(inner, RaggedTensor) else array.shape(inner, out_type=dtypes.int64)[0]
        return RaggedTensor.from_row_splits(inner, constant_op.range(0, count + 1))
    if not isinstance(first, slice):
        raise ValueError("Cannot index into an inner ragged dimension.")
    if first != slice(None):
        numbers = _numbers_of_slice(rows, first)
        rows = numbers.with_values(gather(rows.values, numbers.values))
    return rows.with_values(_inner_axes(rows.values, rest))


def _numbers_of_slice(rows: RaggedTensor, key: slice) -> RaggedTensor:
    """For each row the numbers of its values that a slice takes, as Python's slices do."""
    starts, limits = rows.row_splits[:-1], rows.row_splits[1:]
    kind = starts.dtype
    step = conversion.convert_to_tensor(1 if key.step is None else key.step, kind)
    known = known_values.constant_value(step)
    if known is not None and not known:
        raise ValueError("slice step cannot be zero")
    forwards = math.greater(step, 0)
    # Backwards, a slice goes from the last value to before the first.
    least = gathering.where_v2(forwards, starts, starts - 1)
    most = gathering.where_v2(forwards, limits, limits - 1)

    def bound(given: Any, default_forwards: Tensor, default_backwards: Tensor) -> Tensor:
        if given is None:
            return gathering.where_v2(forwards, default_forwards, default_backwards)
        given = math.cast(conversion.convert_to_tensor(given), kind)
        place = gathering.where_v2(math.greater_equal(given, 0), starts + given, limits + given)
        return math.minimum(math.maximum(place, least), most)

    begin, end = bound(key.start, starts, limits - 1), bound(key.stop, limits, starts - 1)
    end = gathering.where_v2(forwards, math.maximum(begin, end), math.minimum(begin, end))
    return ragged.ragged_range(begin, end, step, row_splits_dtype=kind)


def gather(params: Any, indices: Any, validate_indices: Any = None, name: str | None = None, axis: Any = None,
           batch_dims: Any = 0) -> Any:  # fmt: skip
    """Rows by number, where the rows, the numbers or both are ragged: [*indices' axes, ...].

    Raises:
      ValueError: another axis than the first one, batches without ragged numbers.
    """
    if batch_dims:
        if batch_dims != 1 or axis not in (None, 1, -1):
            raise ValueError(f"gather: batch_dims of a RaggedTensor must be 0 or 1, got {batch_dims} (axis {axis}).")
        return batch_gather(params, indices, name)
    if axis not in (None, 0):
        raise ValueError(f"gather: axis of a RaggedTensor must be 0, got {axis}.")
    with graphs.name_scope(name, "RaggedGather", [params, indices]):
        params, indices = ragged.ragged_or_tensor(params), ragged.ragged_or_tensor(indices)
        if isinstance(indices, RaggedTensor):
            return indices.with_values(gather(params, indices.values))
        if not isinstance(params, RaggedTensor):
            return gathering.gather(params, indices)
        if indices.shape.ndims is None:
            raise ValueError("rank(indices) must be known statically")
        if indices.shape.ndims == 0:
            return getitem(params, indices)
        made = building.make_op(
            "RaggedGather",
            list(params.nested_row_splits),
            params.flat_values,
            indices,
            OUTPUT_RAGGED_RANK=indices.shape.ndims + params.ragged_rank - 1,
        ).outputs
        count = indices.shape[0].value
        made[0].set_shape([None if count is None else count + 1])
        made[-1].set_shape([None, *params.flat_values.shape[1:]] if params.flat_values.shape.ndims else None)
        return RaggedTensor.from_nested_row_splits(made[-1], made[:-1])


def batch_gather(params: Any, indices: Any, name: str | None = None) -> Any:
    """From row i of `params` the elements whose numbers row i of `indices` has."""
    with graphs.name_scope(name, "RaggedBatchGather", [params, indices]):
        params, indices = ragged.ragged_or_tensor(params), ragged.ragged_or_tensor(indices)
        rank = indices.shape.ndims
        if not rank:
            raise ValueError("batch_gather does not allow scalar or unknown-rank indices")
        if rank == 1:
            return gather(params, indices)
        if not isinstance(params, RaggedTensor):
            params = RaggedTensor.from_tensor(params, ragged_rank=rank - 1)
        if not isinstance(indices, RaggedTensor):
            indices = RaggedTensor.from_tensor(indices, ragged_rank=rank - 1)
        if rank > 2:
            return indices.with_values(batch_gather(params.values, indices.values))
        starts = gathering.gather(params.row_starts(), indices.value_rowids())
        return indices.with_values(gather(params.values, math.cast(indices.values, starts.dtype) + starts))


def gather_nd(params: Any, indices: Any, name: str | None = None, batch_dims: Any = 0) -> Any:
    """Elements or parts by their places: the last axis of `indices` has numbers of rows, of elements in these, and so on.

    Raises:
      ValueError: batches; a last axis whose size is not known or that is ragged.
    """
    if batch_dims:
        raise ValueError("batch_dims != 0 is not supported for ragged gather yet.")
    with graphs.name_scope(name, "RaggedGatherNd", [params, indices]):
        params, indices = ragged.ragged_or_tensor(params), ragged.ragged_or_tensor(indices)
        if isinstance(indices, RaggedTensor):
            if indices.shape.ndims == indices.ragged_rank + 1:
                raise ValueError("The innermost dimension of indices may not be ragged")
            return indices.with_values(gather_nd(params, indices.values))
        if not isinstance(params, RaggedTensor):
            return gathering.gather_nd(params, indices)
        size = indices.shape[-1].value if indices.shape.ndims else None
        if not size:
            raise ValueError("innermost dimension of indices must be known and not 0 where params are ragged")
        if size == 1:
            return gather(params, indices[..., 0])
        starts = gathering.gather(params.row_starts(), indices[..., 0])
        numbers = starts + math.cast(indices[..., 1], starts.dtype)
        if size == 2 and not isinstance(params.values, RaggedTensor):
            return gathering.gather(params.values, numbers)
        rest = math.cast(indices[..., 2:], starts.dtype)
        return gather_nd(params.values, joining.concat([numbers[..., None], rest], -1))


def boolean_mask(data: Any, mask: Any, name: str | None = None) -> Any:
    """The elements for which a mask is true, in their rows: ragged, one axis less than the mask's being kept as rows.

    Args:
      data: a tensor or ragged tensor.
      mask: booleans of the shape of `data`'s first axes, ragged or not.

    Raises:
      ValueError: a scalar as the mask, or one whose rank is not known.
    """
    with graphs.name_scope(name, "RaggedMask", [data, mask]):
        data, mask = ragged.ragged_or_tensor(data), ragged.ragged_or_tensor(mask, dtypes.bool_)
        rank = mask.shape.ndims
        if not rank:
            raise ValueError("mask cannot be scalar." if rank == 0 else "mask.shape.ndims must be known statically.")
        if not isinstance(mask, RaggedTensor) and rank > 1:
            mask = RaggedTensor.from_tensor(mask, ragged_rank=rank - 1)
        if isinstance(mask, RaggedTensor):
            if not isinstance(data, RaggedTensor):
                data = RaggedTensor.from_tensor(data, ragged_rank=mask.ragged_rank)
            alike = checks.assert_equal(data.row_splits, mask.row_splits, message="data and mask must have the same rows")  # fmt: skip
            with graphs.control_dependencies([alike]):
                kept = boolean_mask(data.values, mask.values)
            if mask.ragged_rank > 1 or mask.values.shape.ndims != 1:
                return data.with_values(kept)
            lengths = reductions.cumsum(math.cast(mask.values, data.row_splits.dtype))
            return RaggedTensor.from_row_splits(kept, gathering.gather(joining.concat([[0], lengths], 0), mask.row_splits))  # fmt: skip
        if not isinstance(data, RaggedTensor):
            return gathering.boolean_mask(data, mask)
        return gather(data, array.reshape(gathering.where(mask), [-1]))
