"""TensorFlow's functions on ragged tensors: `tf.add(rows, 1)`, `tf.concat([rows, rows], 0)`; and Python's operators."""

import functools
import operator
from collections.abc import Callable
from typing import Any

from jax_slim.tf1.graph import dtypes, graphs
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import (
    array,
    checks,
    constant_op,
    gathering,
    math,
    ragged,
    ragged_indexing,
    ragged_joining,
    ragged_reductions,
    reductions,
)
from jax_slim.tf1.python.ragged import RaggedTensor, RaggedTensorValue


def dispatched(place: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of TensorFlow's that takes ragged tensors too.

    Args:
      place: where it is, 'math:add': it tells what is done with them.
    """
    name = place.partition(":")[2]
    if place in _OWN:
        ours: Callable[..., Any] = _OWN[place]
    elif place in _ON_LISTS:
        ours = functools.partial(_of_list, function)
    elif place.startswith("reductions:"):
        ours = functools.partial(_reduction, name)
    elif place.startswith("segments:unsorted_segment_"):
        ours = functools.partial(_segments, name.removeprefix("unsorted_segment_"))
    else:
        ours = functools.partial(elementwise, function)

    @functools.wraps(function)
    def either(*args: Any, **kwargs: Any) -> Any:
        if any(map(_has_ragged, args)) or any(map(_has_ragged, kwargs.values())):
            return ours(*args, **kwargs)
        return function(*args, **kwargs)

    return either


def _has_ragged(value: Any) -> bool:
    if isinstance(value, list | tuple) and not isinstance(value, RaggedTensorValue):
        return any(isinstance(v, RaggedTensor | RaggedTensorValue) for v in value)
    return isinstance(value, RaggedTensor | RaggedTensorValue)


def elementwise(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """A function of the elements: of ragged tensors with the same rows, and of tensors that are broadcast to these rows."""
    values = [ragged.ragged_or_tensor(a) if isinstance(a, RaggedTensorValue) else a for a in args]
    rows = next((v for v in (*values, *kwargs.values()) if isinstance(v, RaggedTensor)), None)
    if rows is not None:
        values = [_broadcast(v, rows) for v in values]
    return ragged.map_flat_values(function, *values, **kwargs)


def _broadcast(value: Any, rows: RaggedTensor) -> Any:
    """A tensor for the innermost values of ragged rows: its elements at their places, where it has the rows' axes.

    As in NumPy an axis of size 1 stands for any size; an error when it runs, where another size is not that of all rows.
    """
    if not isinstance(value, Tensor | list | tuple) and not hasattr(value, "shape"):
        return value
    if isinstance(value, RaggedTensor):
        return value
    value = ragged.ragged_or_tensor(value, None if isinstance(value, Tensor) else rows.dtype)
    rank, depth = value.shape.ndims, rows.ragged_rank + 1
    whole = rows.shape.ndims
    if rank is None or whole is None or rank <= whole - depth:
        return value
    if rank > whole:
        raise ValueError(f"Unable to broadcast a tensor of rank {rank} to the rows of a RaggedTensor of rank {whole}.")
    first = whole - rank
    numbers = constant_op.range(0, ragged.count_of(rows.flat_values, dtypes.int64))
    places = rows.with_flat_values(numbers).to_sparse().indices[:, first:]
    sizes = array.shape(value, out_type=dtypes.int64)[: depth - first]
    lengths = [rows.nrows(dtypes.int64)[None], *(math.cast(n, dtypes.int64) for n in rows.nested_row_lengths())]
    same = [
        checks.Assert(reductions.reduce_all(math.logical_or(math.equal(sizes[i], 1), math.equal(lengths[first + i], sizes[i]))),
                      ["Unable to broadcast: dimension size mismatch in dimension", first + i, lengths[first + i], sizes[i]])
        for i in range(depth - first)
    ]  # fmt: skip
    with graphs.control_dependencies(same):
        places = places * math.cast(math.not_equal(sizes, 1), dtypes.int64)
    return gathering.gather_nd(value, places)


def _of_list(function: Callable[..., Any], inputs: Any, *args: Any, **kwargs: Any) -> Any:
    """A function of a list of tensors, element by element."""
    return ragged.map_flat_values(lambda *values: function(list(values), *args, **kwargs), *map(ragged.ragged_or_tensor, inputs))  # fmt: skip


def _reduction(kind: str, input_tensor: Any, axis: Any = None, keepdims: Any = None, name: str | None = None,
               reduction_indices: Any = None, keep_dims: Any = None) -> Any:  # fmt: skip
    axis = array.deprecated("axis", axis, "reduction_indices", reduction_indices)
    keepdims = array.deprecated("keepdims", keepdims, "keep_dims", keep_dims)
    return ragged_reductions.reduced(kind, input_tensor, axis, keepdims, name)


def _segments(kind: str, data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Any:
    with graphs.name_scope(name, "RaggedSegment", [data, segment_ids, num_segments]):
        data, ids = ragged.ragged_or_tensor(data), ragged.ragged_or_tensor(segment_ids)
        if kind not in ("mean", "sqrt_n"):
            return ragged_joining.unsorted_segment(kind, data, ids, num_segments)
        sums = ragged_joining.unsorted_segment("sum", data, ids, num_segments)
        ones = ragged.map_flat_values(constant_op.ones_like, data)
        counts = ragged_joining.unsorted_segment("sum", ones, ids, num_segments)
        counts = ragged.map_flat_values(math.sqrt, counts) if kind == "sqrt_n" else counts
        return ragged.map_flat_values(math.div, sums, counts)


def _rank(input: Any, name: str | None = None) -> Any:
    with graphs.name_scope(name, "RaggedRank", [input]):
        rows = ragged.ragged_or_tensor(input)
        return array.rank(rows.flat_values) + rows.ragged_rank


def _size(input: Any, name: str | None = None, out_type: Any = dtypes.int32) -> Any:
    return array.size(ragged.ragged_or_tensor(input).flat_values, name, out_type)


def _one_hot(indices: Any, depth: Any, on_value: Any = None, off_value: Any = None, axis: Any = None, dtype: Any = None,
             name: str | None = None) -> Any:  # fmt: skip
    rows = ragged.ragged_or_tensor(indices)
    if isinstance(axis, int) and axis >= 0:
        if axis <= rows.ragged_rank:
            raise ValueError(f"axis ({axis}) must be greater than indices.ragged_rank ({rows.ragged_rank})")
        axis -= rows.ragged_rank
    with graphs.name_scope(name, "RaggedOneHot", [indices]):
        return rows.with_flat_values(gathering.one_hot(rows.flat_values, depth, on_value, off_value, axis, dtype))


def _reduce_join(inputs: Any, axis: Any = None, keep_dims: Any = None, separator: str = "", name: str | None = None,
                 reduction_indices: Any = None, keepdims: Any = None) -> Any:  # fmt: skip
    """Texts of rows together: of the innermost axis."""
    from jax_slim.tf1.python import strings

    axis = array.deprecated("axis", axis, "reduction_indices", reduction_indices)
    rows = ragged.ragged_or_tensor(inputs)
    if axis not in (rows.ragged_rank, -1) or rows.flat_values.shape.ndims != 1 or keepdims or keep_dims:
        raise ValueError(f"reduce_join: axis of a RaggedTensor must be its last one, without keepdims, got {axis}.")
    with graphs.name_scope(name, "RaggedReduceJoin", [inputs]):
        if rows.ragged_rank > 1:
            return rows.with_values(_reduce_join(rows.values, axis=-1, separator=separator))
        return strings.unsorted_segment_join(rows.values, rows.value_rowids(), rows.nrows(), separator)


_OWN: dict[str, Callable[..., Any]] = {
    "array:expand_dims": ragged_joining.expand_dims, "array:tile": ragged_joining.tile, "array:rank": _rank, "array:size": _size,
    "gathering:batch_gather": ragged_indexing.batch_gather, "gathering:gather": ragged_indexing.gather,
    "gathering:gather_nd": ragged_indexing.gather_nd, "gathering:one_hot": _one_hot, "gathering:where": ragged_joining.where,
    "gathering:where_v2": ragged_joining.where, "joining:concat": ragged_joining.concat, "joining:stack": ragged_joining.stack,
    "strings:reduce_join": _reduce_join,
}  # fmt: skip
_ON_LISTS = ("math:add_n", "strings:string_join")


def _install(method: str, function: Callable[..., Any], reverse: bool = False) -> None:
    def operate(self: RaggedTensor, *other: Any) -> Any:
        return elementwise(function, *((*other, self) if reverse else (self, *other)))

    setattr(RaggedTensor, f"__{method}__", operate)


for _name, _function in {
    **{name: getattr(operator, name) for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow")},
    "div": math.div, "and": math.logical_and, "or": math.logical_or, "xor": math.logical_xor,
}.items():  # fmt: skip
    _install(_name, _function)
    _install(f"r{_name}", _function, reverse=True)
for _name in ("lt", "le", "gt", "ge", "neg", "abs"):
    _install(_name, getattr(operator, _name))
_install("invert", math.logical_not)
setattr(RaggedTensor, "__getitem__", ragged_indexing.getitem)  # noqa: B010 - a class does not declare it
