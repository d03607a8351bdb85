"""`tf.sparse_to_dense`, `tf.sparse_add` and their kin: sparse tensors."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import building, conversion, dtypes, graphs, known_values
from jax_slim.tf1.graph.composites import IndexedSlices, SparseTensor, SparseTensorValue
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, gathering
from jax_slim.tf1.python.array import deprecated


def _sparse(value: Any) -> SparseTensor:
    if isinstance(value, SparseTensorValue):
        return SparseTensor.from_value(value)
    if not isinstance(value, SparseTensor):
        raise TypeError("Input must be a SparseTensor.")
    return value


def _sparse_list(values: Any) -> list[SparseTensor]:
    if not isinstance(values, list | tuple):
        raise TypeError("Inputs must be a list")
    return [_sparse(v) for v in values]


def _known(tensor: Any) -> Any:
    value = known_values.constant_value(tensor)
    return None if value is None else np.array(value)


# To dense tensors and from them.


def sparse_to_dense(sparse_indices: Any, output_shape: Any, sparse_values: Any, default_value: Any = 0, validate_indices: bool = True,
                    name: str | None = None) -> Tensor:  # fmt: skip
    """A tensor of `default_value` with the values at the indices, which must be in order unless `validate_indices` is False."""
    return building.make(
        "SparseToDense",
        sparse_indices,
        output_shape,
        sparse_values,
        default_value,
        validate_indices=validate_indices,
        name=name,
    )


def sparse_tensor_to_dense(
    sp_input: Any, default_value: Any = None, validate_indices: bool = True, name: str | None = None
) -> Tensor:
    """A sparse tensor as a dense one; what is not there is `default_value` (zero)."""
    sp_input = _sparse(sp_input)
    if default_value is None:
        from jax_slim.tf1.python import constant_op

        default_value = constant_op.zeros([], dtype=sp_input.dtype)
    return sparse_to_dense(
        sp_input.indices, sp_input.dense_shape, sp_input.values, default_value, validate_indices, name
    )


def from_dense(tensor: Any, name: str | None = None) -> SparseTensor:
    """The elements of a dense tensor that are not zero, as a sparse one."""
    from jax_slim.tf1.python import constant_op

    with graphs.name_scope(name, "dense_to_sparse"):
        tensor = conversion.convert_to_tensor(tensor)
        indices = gathering.where_v2(building.make("NotEqual", tensor, constant_op.zeros([], tensor.dtype)))
        values = gathering.gather_nd(tensor, indices)
        return SparseTensor(indices, values, array.shape_internal(tensor, out_type=dtypes.int64))


def dense_to_sparse(
    tensor: Any, eos_token: Any = 0, outputs_collections: Any = None, scope: Any = None
) -> SparseTensor:
    """The elements of a dense tensor that are not `eos_token`, as a sparse one (tf.contrib.layers)."""
    from jax_slim.tf1.python import variable_scope

    with variable_scope.variable_scope(scope, "dense_to_sparse", [tensor]) as sc:
        tensor = conversion.convert_to_tensor(tensor)
        differs = building.make("NotEqual", tensor, conversion.constant(eos_token, tensor.dtype))
        indices = gathering.where(differs)
        values = gathering.gather_nd(tensor, indices)
        result = SparseTensor(indices, values, array.shape(tensor, out_type=dtypes.int64))
        if outputs_collections:
            graphs.add_to_collections(outputs_collections, result)
        del sc
        return result


def sparse_to_indicator(sp_input: Any, vocab_size: Any, name: str | None = None) -> Tensor:
    """For each row of a sparse tensor of ids a row of `vocab_size` booleans that says which ids are in it."""
    from jax_slim.tf1.python import constant_op

    sp_input = _sparse(sp_input)
    with graphs.name_scope(name, "SparseToIndicator", [sp_input]) as scope:
        count = array.shape(sp_input.indices)[0]
        there = constant_op.fill(array.expand_dims(count, 0), True)
        merged = sparse_merge(sp_input, SparseTensor(sp_input.indices, there, sp_input.dense_shape), vocab_size, scope)
        return sparse_tensor_to_dense(merged, default_value=False, validate_indices=False, name=scope)


def sparse_merge(
    sp_ids: Any, sp_values: Any, vocab_size: Any, name: str | None = None, already_sorted: bool = False
) -> SparseTensor:
    """Sparse ids and their values as one sparse tensor, with the ids as the last coordinate."""
    if isinstance(sp_ids, SparseTensor | SparseTensorValue):
        sp_ids, vocab_size = [sp_ids], [vocab_size]
    if len(vocab_size) != len(sp_ids):
        raise ValueError("vocab_size has to have same lengths as sp_ids")
    with graphs.name_scope(name, "SparseMerge", [sp_ids, sp_values]):
        sp_ids, sp_values = [_sparse(ids) for ids in sp_ids], _sparse(sp_values)
        columns = []
        for ids in sp_ids:
            found = ids.values if ids.dtype == dtypes.int64 else building.make("Cast", ids.values, DstT=dtypes.int64)
            columns.append(array.expand_dims(found, axis=1))
        sizes = [_as_int64(size) for size in vocab_size]
        indices = array.concat([sp_ids[0].indices[:, :-1], *columns], 1)
        shape = array.concat([sp_ids[0].dense_shape[:-1], sizes], 0)
        result = SparseTensor(indices, sp_values.values, shape)
        if already_sorted:
            return result
        ordered = sparse_reorder(result)
        return SparseTensor(ordered.indices, ordered.values, shape)


def _as_int64(value: Any) -> Any:
    from jax_slim.tf1.python import math

    return math.cast(value, dtypes.int64)


# Another order, shape, or part.


def sparse_reorder(sp_input: Any, name: str | None = None) -> SparseTensor:
    """The same elements in the order of their coordinates."""
    sp_input = _sparse(sp_input)
    indices, values = building.make("SparseReorder", sp_input.indices, sp_input.values, sp_input.dense_shape, name=name)
    known = _known_shape(sp_input)
    return SparseTensor(indices, values, array.identity(sp_input.dense_shape) if known is None else known)


def _known_shape(sp_input: SparseTensor) -> Any:
    """The sizes as a list where TF knows them: not those that were gathered."""
    if sp_input.dense_shape.op.type in ("GatherV2", "Identity"):
        return None
    shape = sp_input.get_shape()
    return shape.as_list() if shape.is_fully_defined() else None


def sparse_reshape(sp_input: Any, shape: Any, name: str | None = None) -> SparseTensor:
    """The same elements in another shape; one size may be -1."""
    sp_input = _sparse(sp_input)
    shape = _as_int64(shape)
    with graphs.name_scope(name, "SparseReshape", [sp_input]) as scope:
        indices, found = building.make("SparseReshape", sp_input.indices, sp_input.dense_shape, shape, name=scope)
        wanted, source = _known(shape), sp_input.get_shape()
        if wanted is not None and source.is_fully_defined():
            total = int(np.prod(source.as_list()))
            if (wanted == -1).sum() > 1:
                raise ValueError(f"At most one dimension can be inferred (-1). Found: {wanted}")
            if (wanted == -1).any():
                wanted[wanted == -1] = total // max(int(np.prod(wanted[wanted != -1])), 1)
            if int(np.prod(wanted)) != total:
                raise ValueError(
                    f"Cannot reshape a tensor with {total} elements to shape {wanted} ({int(np.prod(wanted))} elements)."
                )
            found = conversion.constant(wanted, dtypes.int64)
        return SparseTensor(indices, array.identity(sp_input.values), found)


def sparse_transpose(sp_input: Any, perm: Any = None, name: str | None = None) -> SparseTensor:
    """The axes in the order `perm`, by default reversed."""
    sp_input = _sparse(sp_input)
    with graphs.name_scope(name, "SparseTranspose", [sp_input]):
        if perm is None:
            rank = sp_input.get_shape().ndims
            if rank is not None:
                perm = np.arange(rank - 1, -1, -1, dtype=np.int32)
            else:
                count: Any = array.size(sp_input.dense_shape)
                perm = (count - 1) - building.make("Range", 0, count, 1)
        indices = array.transpose(gathering.gather(array.transpose(sp_input.indices), perm))
        return sparse_reorder(SparseTensor(indices, sp_input.values, gathering.gather(sp_input.dense_shape, perm)))


def sparse_slice(sp_input: Any, start: Any, size: Any, name: str | None = None) -> SparseTensor:
    """The part that begins at `start` and has the shape `size`, or what there is of it."""
    sp_input = _sparse(sp_input)
    start = conversion.convert_to_tensor(start, dtypes.int64)
    size = conversion.convert_to_tensor(size, dtypes.int64)
    with graphs.name_scope(name, "SparseSlice", [sp_input]) as scope:
        return SparseTensor(
            *building.make(
                "SparseSlice", sp_input.indices, sp_input.values, sp_input.dense_shape, start, size, name=scope
            )
        )


def sparse_split(keyword_required: Any = None, sp_input: Any = None, num_split: Any = None, axis: Any = None, name: str | None = None,
                 split_dim: Any = None) -> list[SparseTensor]:  # fmt: skip
    """A sparse tensor cut along an axis into `num_split` parts of about the same size."""
    if keyword_required is not None:
        sp_input = keyword_required if sp_input is None else sp_input
    axis = deprecated("axis", axis, "split_dim", split_dim)
    if sp_input is None or num_split is None or axis is None:
        raise ValueError("sp_input, num_split and axis are required")
    sp_input = _sparse(sp_input)
    indices, values, shapes = building.make(
        "SparseSplit", axis, sp_input.indices, sp_input.values, sp_input.dense_shape, num_split=num_split, name=name
    )
    return [SparseTensor(*parts) for parts in zip(indices, values, shapes, strict=True)]


def sparse_retain(sp_input: Any, to_retain: Any) -> SparseTensor:
    """The elements for which the vector of booleans is True."""
    sp_input = _sparse(sp_input)
    to_retain = conversion.convert_to_tensor(to_retain)
    to_retain.shape.assert_has_rank(1)
    if sp_input.values.shape.ndims is not None:
        sp_input.values.shape[0].assert_is_compatible_with(to_retain.shape[0])
    places = array.reshape(gathering.where(to_retain), [-1])
    indices, values = gathering.gather(sp_input.indices, places), gathering.gather(sp_input.values, places)
    return SparseTensor(indices, values, array.identity(sp_input.dense_shape))


def sparse_reset_shape(sp_input: Any, new_shape: Any = None) -> SparseTensor:
    """The same elements in a larger shape, or in the smallest that holds them.

    Raises:
      ValueError: the new shape is smaller.
    """
    sp_input = _sparse(sp_input)
    indices, values, shape = (
        array.identity(sp_input.indices),
        array.identity(sp_input.values),
        array.identity(sp_input.dense_shape),
    )
    if new_shape is None:
        from jax_slim.tf1.python import constant_op, math, reductions

        largest = reductions.reduce_max(indices, axis=0)
        wanted: Any = math.maximum(
            conversion.constant(0, dtypes.int64), building.make("Add", largest, constant_op.ones_like(shape))
        )
    else:
        wanted = conversion.convert_to_tensor(new_shape)
        wanted.shape.assert_has_rank(1)
        wanted = _as_int64(wanted)
        wanted.shape[0].assert_is_compatible_with(shape.shape[0])
        known, source = _known(wanted), sp_input.get_shape()
        if known is not None and source.is_fully_defined():
            if not np.all(np.array(source.as_list()) <= known):
                raise ValueError(
                    f"Requested new_shape should have dimension sizes >= sp_input.shape.  Found new_shape ({known}), sp_input.shape ({source.as_list()})."
                )
            wanted = known
        else:
            from jax_slim.tf1.python import checks

            with graphs.control_dependencies([checks.assert_equal(array.shape(shape), array.shape(wanted))]):
                wanted = array.identity(wanted)
            with graphs.control_dependencies([checks.assert_less_equal(shape, wanted)]):
                wanted = array.identity(wanted)
    return SparseTensor(indices, values, wanted)


def sparse_expand_dims(sp_input: Any, axis: Any = None, name: str | None = None) -> SparseTensor:
    """A new axis of size 1 at `axis` (the last)."""
    sp_input = _sparse(sp_input)
    rank = sp_input.get_shape().ndims
    if rank is None:
        raise ValueError("sparse_expand_dims: the rank of the sparse tensor must be known")
    axis = -1 if axis is None else axis
    with graphs.name_scope(name, "expand_dims", [sp_input]):
        if not -rank - 1 <= axis <= rank:
            raise ValueError(f"axis {axis} not in [{-rank - 1}, {rank}]")
        place = axis + rank + 1 if axis < 0 else axis
        indices = sp_input.indices
        column = array.reshape(building.make("ZerosLike", indices[:, 0]), [-1, 1])
        shape = sp_input.dense_shape
        return SparseTensor(
            array.concat([indices[:, :place], column, indices[:, place:]], axis=1), sp_input.values,
            array.concat([shape[:place], [1], shape[place:]], axis=0),
        )  # fmt: skip


def sparse_fill_empty_rows(sp_input: Any, default_value: Any, name: str | None = None) -> tuple[SparseTensor, Tensor]:
    """(with `default_value` at column 0 of each row that has no element, which rows these are)."""
    sp_input = _sparse(sp_input)
    with graphs.name_scope(name, "SparseFillEmptyRows", [sp_input]):
        default_value = conversion.convert_to_tensor(default_value, dtype=sp_input.values.dtype)
        indices, values, empty, _ = building.make(
            "SparseFillEmptyRows", sp_input.indices, sp_input.values, sp_input.dense_shape, default_value
        )
        return SparseTensor(indices, values, sp_input.dense_shape), empty


def sparse_mask(a: IndexedSlices, mask_indices: Any, name: str | None = None) -> IndexedSlices:
    """IndexedSlices without the rows in `mask_indices`."""
    with graphs.name_scope(name, "sparse_mask", [a, mask_indices]) as scope:
        kept, places = building.make("ListDiff", a.indices, mask_indices)
        return IndexedSlices(gathering.gather(a.values, places, name=scope), kept, a.dense_shape)


# Arithmetic.


def sparse_add(a: Any, b: Any, threshold: Any = None, thresh: Any = None) -> Any:
    """The sum: sparse if both are, else dense. Elements of magnitude below `threshold` (0) are left out."""
    threshold = deprecated("threshold", threshold, "thresh", thresh)
    threshold = 0 if threshold is None else threshold
    kinds = (SparseTensor, SparseTensorValue)
    if not isinstance(a, kinds) and not isinstance(b, kinds):
        raise TypeError("At least one input should be SparseTensor; do you mean to use tf.add()?")
    if not isinstance(a, kinds) or not isinstance(b, kinds):
        a, b = (b, a) if isinstance(b, kinds) else (a, b)
        a = _sparse(a)
        return building.make("SparseTensorDenseAdd", a.indices, a.values, a.dense_shape, b)
    a, b = _sparse(a), _sparse(b)
    threshold = conversion.convert_to_tensor(threshold, dtype=a.values.dtype.real_dtype.base_dtype, name="threshold")
    indices, values, shape = building.make(
        "SparseAdd", a.indices, a.values, a.dense_shape, b.indices, b.values, b.dense_shape, threshold
    )
    a.get_shape().assert_is_compatible_with(b.get_shape())
    known = array.broadcast_static_shape(a.get_shape(), b.get_shape())
    return SparseTensor(indices, values, known.as_list() if known.is_fully_defined() else shape)


def sparse_concat(axis: Any = None, sp_inputs: Any = None, name: str | None = None, expand_nonconcat_dim: bool = False,
                  concat_dim: Any = None, expand_nonconcat_dims: Any = None) -> SparseTensor:  # fmt: skip
    """Sparse tensors one after the other along an axis; with `expand_nonconcat_dims` their other sizes may differ."""
    axis = deprecated("axis", axis, "concat_dim", concat_dim)
    expand = expand_nonconcat_dim if expand_nonconcat_dims is None else expand_nonconcat_dims
    inputs = _sparse_list(sp_inputs)
    if len(inputs) == 1:
        return inputs[0]
    shapes: list[Any] = [one.dense_shape for one in inputs]
    if expand:
        from jax_slim.tf1.python import reductions

        most = reductions.reduce_max(array.concat([array.reshape(shape, [1, -1]) for shape in shapes], 0), 0)
        shapes = [
            array.concat(
                [
                    most[:axis],
                    shape[-1:] if axis == -1 else shape[axis : axis + 1],
                    [] if axis == -1 else most[axis + 1 :],
                ],
                0,
            )
            for shape in shapes
        ]
    indices, values, shape = building.make(
        "SparseConcat",
        [one.indices for one in inputs],
        [one.values for one in inputs],
        shapes,
        concat_dim=axis,
        name=name,
    )
    known = [_known(one) for one in shapes]
    if all(one is not None for one in known):
        total = known[0]
        total[axis] = sum(int(_known(one)[axis]) for one in shapes)
        shape = conversion.convert_to_tensor(total)
    return SparseTensor(indices, values, shape)


def _axes(sp_input: SparseTensor, axis: Any) -> Any:
    if axis is not None:
        return axis
    count = sp_input.dense_shape.shape
    if count.is_fully_defined():
        return conversion.constant(np.arange(count[0].value), dtypes.int32)
    return building.make("Range", 0, array.size(sp_input.dense_shape), 1)


def _reduction(type: str, sparse_result: bool, doc: str) -> Any:
    def reduce(
        sp_input: Any, axis: Any = None, keepdims: Any = None, reduction_axes: Any = None, keep_dims: Any = None
    ) -> Any:
        keepdims = deprecated("keepdims", keepdims, "keep_dims", keep_dims)
        axis = deprecated("axis", axis, "reduction_axes", reduction_axes)
        sp_input = _sparse(sp_input)
        found = building.make(
            type,
            sp_input.indices,
            sp_input.values,
            sp_input.dense_shape,
            _axes(sp_input, axis),
            keep_dims=bool(keepdims),
        )
        return SparseTensor(*found) if sparse_result else found

    reduce.__doc__ = doc
    return reduce


sparse_reduce_sum = _reduction("SparseReduceSum", False, "The sums over axes (all), as a dense tensor.")
sparse_reduce_max = _reduction(
    "SparseReduceMax", False, "The largest elements along axes (all), as a dense tensor; 0 where none is there."
)
sparse_reduce_sum_sparse = _reduction("SparseReduceSumSparse", True, "The sums over axes (all), as a sparse tensor.")
sparse_reduce_max_sparse = _reduction(
    "SparseReduceMaxSparse", True, "The largest elements along axes (all), as a sparse tensor."
)


def sparse_tensor_dense_matmul(
    sp_a: Any, b: Any, adjoint_a: bool = False, adjoint_b: bool = False, name: str | None = None
) -> Tensor:
    """The product of a sparse and a dense matrix."""
    sp_a = _sparse(sp_a)
    with graphs.name_scope(name, "SparseTensorDenseMatMul", [sp_a.indices, sp_a.values, b]):
        b = conversion.convert_to_tensor(b, name="b")
        return building.make(
            "SparseTensorDenseMatMul",
            sp_a.indices,
            sp_a.values,
            sp_a.dense_shape,
            b,
            adjoint_a=adjoint_a,
            adjoint_b=adjoint_b,
        )


def sparse_softmax(sp_input: Any, name: str | None = None) -> SparseTensor:
    """The softmax of the elements that are there, row by row."""
    sp_input = _sparse(sp_input)
    with graphs.name_scope(name, "SparseSoftmax", [sp_input.indices, sp_input.values]):
        values = building.make("SparseSoftmax", sp_input.indices, sp_input.values, sp_input.dense_shape)
        return SparseTensor(sp_input.indices, values, sp_input.dense_shape)


def _of_two(type: str, a: Any, b: Any, name: str | None) -> SparseTensor:
    with graphs.name_scope(name, type, [a.indices, a.values, b.indices, b.values]) as scope:
        indices, values = building.make(
            type, a.indices, a.values, a.dense_shape, b.indices, b.values, b.dense_shape, name=scope
        )
    return SparseTensor(indices, values, a.dense_shape)


def sparse_maximum(sp_a: Any, sp_b: Any, name: str | None = None) -> SparseTensor:
    """The larger of the elements at each place where one is; zero stands for the other."""
    return _of_two("SparseSparseMaximum", sp_a, sp_b, name)


def sparse_minimum(sp_a: Any, sp_b: Any, name: str | None = None) -> SparseTensor:
    """The smaller of the elements at each place where one is; zero stands for the other."""
    return _of_two("SparseSparseMinimum", sp_a, sp_b, name)


def sparse_eye(
    num_rows: Any, num_columns: Any = None, dtype: Any = dtypes.float32, name: str | None = None
) -> SparseTensor:
    """A sparse matrix with ones on its diagonal."""
    from jax_slim.tf1.python import constant_op

    with graphs.name_scope(name, "eye", [num_rows, num_columns]):
        height = _number(num_rows, "num_rows")
        width = height if num_columns is None else _number(num_columns, "num_columns")
        count = building.make("Minimum", height, width)
        places = constant_op.range(count, dtype=dtypes.int64)
        return SparseTensor(array.stack([places, places], axis=1), constant_op.ones(count, dtype), [height, width])


def _number(value: Any, name: str) -> Tensor:
    return (
        _as_int64(value) if isinstance(value, Tensor) else conversion.convert_to_tensor(value, dtypes.int64, name=name)
    )
