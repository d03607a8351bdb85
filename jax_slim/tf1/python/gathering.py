"""`tf.gather`, `tf.where`, `tf.boolean_mask`, `tf.one_hot` and their kin: elements picked by index or mask."""

import builtins
from typing import Any

from jax_slim.tf1.graph import building, conversion, dtypes, graphs, known_values, shapes
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array
from jax_slim.tf1.python.joining import concat, stack, unstack


def gather(
    params: Any,
    indices: Any,
    validate_indices: Any = None,
    name: str | None = None,
    axis: Any = None,
    batch_dims: int = 0,
) -> Tensor:
    """The slices of `params` along `axis` (0) with the numbers `indices`, in the shape of these.

    A number out of range is an error when it is run.
    """
    if batch_dims != 0:
        with graphs.name_scope(name, "Gather", [params, indices, axis]):
            return _batch_gather(params, indices, batch_dims, axis)
    axis = batch_dims if axis is None else axis
    if not isinstance(axis, Tensor) and axis == 0 and hasattr(params, "sparse_read"):
        try:
            return params.sparse_read(indices, name=name)
        except AttributeError:
            pass
    return building.make("GatherV2", params, indices, axis, name=name)


def gather_v2(
    params: Any,
    indices: Any,
    validate_indices: Any = None,
    axis: Any = None,
    batch_dims: int = 0,
    name: str | None = None,
) -> Tensor:
    """`gather`, in the order of arguments of later versions."""
    return gather(params, indices, validate_indices, name, axis, batch_dims)


def batch_gather(params: Any, indices: Any, name: str | None = None) -> Tensor:
    """For each entry of the leading axes that `indices` has all but one of, `gather` along the next."""
    with graphs.name_scope(name, "BatchGather", [params, indices]):
        indices = conversion.convert_to_tensor(indices, name="indices")
        params = conversion.convert_to_tensor(params, name="params")
        if indices.shape.ndims is None:
            raise ValueError("batch_gather does not allow indices with unknown shape.")
        return _batch_gather(params, indices, indices.shape.ndims - 1)


def _batch_gather(params: Any, indices: Any, batch_dims: Any, axis: Any = None) -> Tensor:
    if batch_dims is not None and not isinstance(batch_dims, int):
        raise TypeError(f"batch_dims must be an int; got {batch_dims!r}")
    indices = conversion.convert_to_tensor(indices, name="indices")
    params = conversion.convert_to_tensor(params, name="params")
    rank = indices.shape.ndims
    if rank is None:
        raise ValueError("tf.gather does not allow indices with unknown rank when batch_dims is specified.")
    batch_dims = rank - 1 if batch_dims is None else batch_dims
    batch_dims += rank if batch_dims < 0 else 0
    if not 0 <= batch_dims < rank:
        raise ValueError(f"batch_dims = {batch_dims} must be less than rank(indices) = {rank}")
    if params.shape.ndims is not None and batch_dims >= params.shape.ndims:
        raise ValueError(f"batch_dims = {batch_dims} must be less than rank(params) = {params.shape.ndims}")
    if axis is not None and axis != batch_dims:
        return _batch_gather_along(params, indices, batch_dims, axis, rank)
    from jax_slim.tf1.python import constant_op

    indices_shape, params_shape = array.shape(indices), array.shape(params)
    kind = indices.dtype.base_dtype
    batch_indices: Any = indices
    step: Any = constant_op.ones([], kind)
    sizes = building.make("Cast", params_shape, DstT=kind)
    for dim in builtins.range(batch_dims, 0, -1):
        size = sizes[dim - 1]
        step = step * sizes[dim]
        numbers = building.make("Range", constant_op.zeros([], kind), size, constant_op.ones([], kind))
        numbers = numbers * step
        shape = stack([1] * (dim - 1) + [size] + [1] * (rank - dim), axis=0)
        batch_indices = batch_indices + array.reshape(numbers, shape)
    flat_indices = array.reshape(batch_indices, [-1])
    outer = params_shape[batch_dims + 1 :]
    inner = building.make("Prod", params_shape[: batch_dims + 1], [0], keep_dims=False)
    flat = gather(array.reshape(params, concat([[inner], outer], axis=0)), flat_indices)
    result = array.reshape(flat, concat([indices_shape, outer], axis=0))
    final = indices.shape[:batch_dims].merge_with(params.shape[:batch_dims])
    result.set_shape(final.concatenate(indices.shape[batch_dims:]).concatenate(params.shape[batch_dims + 1 :]))
    return result


def _batch_gather_along(params: Tensor, indices: Tensor, batch_dims: int, axis: Any, rank: int) -> Tensor:
    """With the axis moved to the front of those that are no batch, and the result's axes back."""
    count = params.shape.ndims
    if isinstance(axis, int) and count is not None:
        if not -count <= axis < count:
            raise ValueError(f"axis ({axis}) out of range [{-count}, {count})")
        axis += count if axis < 0 else 0
        if axis < batch_dims:
            raise ValueError(f"batch_dims = {batch_dims} must be less than or equal to axis = {axis}")
    elif isinstance(axis, int):
        axis = axis + array.rank(params) if axis < 0 else axis
    else:
        axis = where(axis < 0, axis + array.rank(params), axis)
    order = [
        list(builtins.range(batch_dims)), [axis], building.make("Range", batch_dims, axis, 1), building.make("Range", axis + 1, array.rank(params), 1),
    ]  # fmt: skip
    result = _batch_gather(array.transpose(params, concat(order, axis=0)), indices, batch_dims)
    start = rank + axis - batch_dims
    order = [
        list(builtins.range(batch_dims)), building.make("Range", rank, start, 1), list(builtins.range(batch_dims, rank)),
        building.make("Range", start, array.rank(result), 1),
    ]  # fmt: skip
    return array.transpose(result, perm=concat(order, axis=0))


def gather_nd(params: Any, indices: Any, name: str | None = None, batch_dims: Any = 0) -> Tensor:
    """The elements, or slices, at the coordinates that the last axis of `indices` holds."""
    known = known_values.constant_value(batch_dims)
    batch_dims = int(known) if known is not None else batch_dims
    if isinstance(batch_dims, int) and batch_dims == 0:
        if hasattr(params, "gather_nd"):
            try:
                return params.gather_nd(indices, name=name)
            except AttributeError:
                pass
        return building.make("GatherNd", params, indices, name=name)
    return _batch_gather_nd(params, indices, batch_dims, name)


def gather_nd_v2(params: Any, indices: Any, batch_dims: Any = 0, name: str | None = None) -> Tensor:
    """`gather_nd`, in the order of arguments of later versions."""
    return gather_nd(params, indices, name, batch_dims)


def _batch_gather_nd(params: Any, indices: Any, batch_dims: Any, name: str | None) -> Tensor:
    from jax_slim.tf1.python import constant_op

    with graphs.name_scope(name, "BatchGatherND", [params, indices]):
        indices = conversion.convert_to_tensor(indices, name="indices")
        params = conversion.convert_to_tensor(params, name="params")
        if not isinstance(batch_dims, int):
            raise TypeError(f"batch_dims must be an int; got {batch_dims!r}")
        if batch_dims < 0:
            raise ValueError("tf.gather_nd does not allow negative batch_dims.")
        for what, tensor in (("indices", indices), ("params", params)):
            if tensor.shape.ndims is not None and batch_dims >= tensor.shape.ndims:
                raise ValueError(f"batch_dims = {batch_dims} must be less than rank({what}) = {tensor.shape.ndims}")
        params_shape, indices_shape = array.shape(params), array.shape(indices)
        batch_shape = params_shape[:batch_dims]
        total = building.make("Prod", batch_shape, [0], keep_dims=False)
        rest: Any = array.rank(indices)
        rest = rest - batch_dims - 1
        inner = indices_shape[batch_dims:-1]
        numbers = [
            building.make("Cast", building.make("Range", 0, size, 1), DstT=indices.dtype.base_dtype)
            for size in unstack(batch_shape, axis=0)
        ]
        flat = [array.reshape(x, shape=(-1,)) for x in constant_op.meshgrid(*numbers, indexing="ij")]
        grid = array.transpose(stack(flat, axis=0))
        grid_shape = array.shape(grid)
        grid = array.reshape(
            grid, concat([grid_shape[:1], constant_op.ones(rest, dtype=dtypes.int32), grid_shape[1:]], axis=0)
        )
        grid = array.tile(grid, multiples=concat(((1,), inner, (1,)), axis=0))
        flat_indices = array.reshape(indices, shape=concat(([total], indices_shape[batch_dims:]), axis=0))
        found = building.make("GatherNd", params, concat((grid, flat_indices), axis=-1))
        return array.reshape(found, shape=concat((batch_shape, array.shape(found)[1:]), axis=0))


def scatter_nd(indices: Any, updates: Any, shape: Any, name: str | None = None) -> Tensor:
    """Zeros of a shape with `updates` added at the coordinates that the last axis of `indices` holds."""
    return building.make("ScatterNd", indices, updates, shape, name=name)


def tensor_scatter_nd_update(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """A tensor with `updates` in place of the elements at the coordinates."""
    return building.make("TensorScatterUpdate", tensor, indices, updates, name=name)


def tensor_scatter_nd_add(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """A tensor with `updates` added at the coordinates."""
    return building.make("TensorScatterAdd", tensor, indices, updates, name=name)


def tensor_scatter_nd_sub(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """A tensor with `updates` subtracted at the coordinates."""
    return building.make("TensorScatterSub", tensor, indices, updates, name=name)


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Tensor:
    """`x` where the condition holds, else `y`; without both the coordinates where it holds.

    Raises:
      ValueError: only one of them is given, or the shapes differ.
    """
    if x is None and y is None:
        with graphs.name_scope(name, "Where", [condition]) as scope:
            condition = conversion.convert_to_tensor(condition, preferred_dtype=dtypes.bool_, name="condition")
            return building.make("Where", condition, name=scope)
    if x is None or y is None:
        raise ValueError("x and y must both be non-None or both be None.")
    return building.make("Select", condition, x, y, name=name)


def where_v2(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Tensor:
    """`where` that broadcasts condition, x and y against each other."""
    if x is None and y is None:
        return where(condition, name=name)
    if x is None or y is None:
        raise ValueError("x and y must both be non-None or both be None.")
    return building.make("SelectV2", condition, x, y, name=name)


def boolean_mask(tensor: Any, mask: Any, name: str | None = "boolean_mask", axis: int | None = None) -> Tensor:
    """The elements, or slices from `axis` on, where the mask holds, one after the other.

    Raises:
      ValueError: the mask has no known rank, is a scalar, or has another shape than the tensor.
    """
    with graphs.name_scope(name, values=[tensor, mask]):
        tensor = conversion.convert_to_tensor(tensor, name="tensor")
        mask = conversion.convert_to_tensor(mask, name="mask")
        rank = mask.shape.ndims
        if rank == 0:
            raise ValueError("mask cannot be scalar.")
        if rank is None:
            raise ValueError(
                "Number of mask dimensions must be specified, even if some dimensions are None.  E.g. shape=[None] is ok, but shape=None is not."
            )
        axis = 0 if axis is None else axis
        known = tensor.shape
        known[axis : axis + rank].assert_is_compatible_with(mask.shape)
        total = building.make("Prod", array.shape(tensor)[axis : axis + rank], [0], keep_dims=False)
        flat = array.reshape(
            tensor, concat([array.shape(tensor)[:axis], [total], array.shape(tensor)[axis + rank :]], 0)
        )
        first = known[axis : axis + rank].num_elements()
        flat.set_shape(shapes.as_shape(known[:axis]).concatenate([first]).concatenate(known[axis + rank :]))
        mask = array.reshape(mask, [-1])
        return gather(flat, array.squeeze(where(mask), axis=[1]), axis=axis)


def boolean_mask_v2(tensor: Any, mask: Any, axis: int | None = None, name: str | None = "boolean_mask") -> Tensor:
    """`boolean_mask`, in the order of arguments of later versions."""
    return boolean_mask(tensor, mask, name, axis)


def one_hot(indices: Any, depth: Any, on_value: Any = None, off_value: Any = None, axis: Any = None, dtype: Any = None,
            name: str | None = None) -> Tensor:  # fmt: skip
    """Vectors of `depth` with `on_value` (1) at the index and `off_value` (0) elsewhere, along a new axis (the last).

    Raises:
      TypeError: the values are not of one type, or not of `dtype`.
    """
    with graphs.name_scope(name, "one_hot", [indices, depth, on_value, off_value, axis, dtype]) as scope:
        kind = None if dtype is None else dtypes.as_dtype(dtype)
        on_kind = None if on_value is None else conversion.convert_to_tensor(on_value).dtype.base_dtype
        off_kind = None if off_value is None else conversion.convert_to_tensor(off_value).dtype.base_dtype
        for what, found in (("on_value", on_kind), ("off_value", off_kind)):
            if kind is not None and found is not None and found != kind:
                raise TypeError(f"dtype {found} of {what} does not match dtype parameter {kind}")
        kind = kind or on_kind or off_kind or dtypes.float32
        if on_value is None:
            on_value, on_kind = conversion.convert_to_tensor(1, kind, name="on_value"), kind
        if off_value is None:
            off_value, off_kind = conversion.convert_to_tensor(0, kind, name="off_value"), kind
        if on_kind != off_kind:
            raise TypeError(f"dtype {on_kind} of on_value does not match dtype {off_kind} of off_value")
        return building.make("OneHot", indices, depth, on_value, off_value, axis=axis, name=scope)


def _every_axis(tensor: Tensor) -> Any:
    """All axes of a tensor, for a reduction over all."""
    rank = tensor.shape.ndims
    if rank is not None:
        return conversion.constant(list(builtins.range(rank)), dtypes.int32)
    return building.make("Range", 0, array.rank(tensor), 1)


def sequence_mask(lengths: Any, maxlen: Any = None, dtype: Any = dtypes.bool_, name: str | None = None) -> Tensor:
    """For each length a row of `maxlen` (the largest length) entries of which so many are True."""
    with graphs.name_scope(name, "SequenceMask", [lengths, maxlen]):
        lengths = conversion.convert_to_tensor(lengths)
        if maxlen is None:
            maxlen = building.make("Max", lengths, _every_axis(lengths), keep_dims=False)
            maxlen = building.make("Maximum", conversion.constant(0, maxlen.dtype), maxlen)
        else:
            maxlen = conversion.convert_to_tensor(maxlen)
        if maxlen.shape.ndims not in (None, 0):
            raise ValueError("maxlen must be scalar for sequence_mask")
        kind = maxlen.dtype.base_dtype
        row = building.make("Range", conversion.constant(0, kind), maxlen, conversion.constant(1, kind))
        matrix = building.make("Cast", array.expand_dims(lengths, -1), DstT=kind)
        result = building.make("Less", row, matrix)
        if dtype is None or dtypes.as_dtype(dtype).base_dtype == dtypes.bool_:
            return result
        return building.make("Cast", result, DstT=dtype)


def searchsorted(
    sorted_sequence: Any, values: Any, side: str = "left", out_type: Any = dtypes.int32, name: str | None = None
) -> Tensor:
    """For each value the place in the sorted row, before ('left') or behind ('right') its equals."""
    count, wanted = array.shape(sorted_sequence)[-1], array.shape(values)[-1]
    rows = array.reshape(sorted_sequence, [-1, count])
    flat = array.reshape(values, [-1, wanted])
    if side not in ("left", "right"):
        raise ValueError(f"side must be either 'right' or 'left'.  Saw: {side}.")
    found = building.make("UpperBound" if side == "right" else "LowerBound", rows, flat, out_type=out_type, name=name)
    return array.reshape(found, array.shape(values))


def repeat(input: Any, repeats: Any, axis: Any = None, name: str | None = None) -> Tensor:
    """Each entry along an axis `repeats` (a number, or one for each entry) times; without an axis of the flat tensor."""
    if axis is None:
        input, axis = array.reshape(input, [-1]), 0
    if not isinstance(axis, int):
        raise TypeError(f"axis must be an int; got {type(axis).__name__}")
    with graphs.name_scope(name, "Repeat", [input, repeats]):
        data = conversion.convert_to_tensor(input, name="data")
        repeats = _as_int(repeats)
        repeats.shape.with_rank_at_most(1)
        if data.shape.ndims == 0:
            data = stack([data])
        sizes = array.shape(data)
        rank = data.shape.ndims
        if rank is not None and not -rank <= axis < rank:
            raise ValueError(f"axis={axis} out of bounds: expected {-rank}<=axis<{rank}")
        if axis < 0 and rank is None:
            raise ValueError("axis may only be negative if ndims is statically known.")
        axis += rank if axis < 0 else 0  # type: ignore[operator]
        if repeats.shape.ndims == 1:
            data.shape.dims[axis].assert_is_compatible_with(repeats.shape[0])
        if repeats.shape.ndims == 0:
            tiled = _tiled_along(array.expand_dims(data, axis + 1), axis + 1, repeats)
            return array.reshape(tiled, concat([sizes[:axis], [-1], sizes[axis + 1 :]], axis=0))
        if repeats.shape.ndims != axis + 1:
            count = array.shape(repeats)
            repeats = array.broadcast_to(repeats, concat([sizes[: axis + 1 - array.rank(repeats)], count], axis=0))
            repeats.set_shape([None] * (axis + 1))
        most = building.make("Maximum", 0, building.make("Max", repeats, _every_axis(repeats), keep_dims=False))
        mask = sequence_mask(repeats, most)
        result = boolean_mask(_tiled_along(array.expand_dims(data, axis + 1), axis + 1, most), mask)
        if axis:
            result = array.reshape(result, concat([sizes[:axis], [-1], sizes[axis + 1 :]], axis=0))
        if rank is not None:
            result.set_shape(data.shape[:axis].concatenate([None]).concatenate(data.shape[axis + 1 :]))
        return result


def _as_int(value: Any) -> Tensor:
    tensor = conversion.convert_to_tensor(value, name="repeats", preferred_dtype=dtypes.int32)
    if not tensor.dtype.is_integer:
        raise TypeError(f"repeats must be an integer tensor; dtype={tensor.dtype}")
    return tensor if tensor.dtype.base_dtype == dtypes.int32 else building.make("Cast", tensor, DstT=dtypes.int32)


def _tiled_along(data: Tensor, axis: int, multiple: Any) -> Tensor:
    rank = data.shape.ndims
    if rank is not None:
        multiples: list[Any] = [1] * rank
        multiples[axis] = multiple
        return array.tile(data, multiples)
    from jax_slim.tf1.python import constant_op

    ones = constant_op.ones(array.rank(data), dtypes.int32)
    return array.tile(data, concat([ones[:axis], [multiple], ones[axis + 1 :]], axis=0))
