"""`tf.nn`: rows of tables of embeddings, which may be in several parts, by number."""

from typing import Any

from jax_slim.tf1.graph import building, conversion, dtypes, graphs, shapes
from jax_slim.tf1.graph.composites import SparseTensor
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, constant_op, gathering, joining, math, reductions


def _parts(params: Any) -> list[Any]:
    from jax_slim.tf1.python import partitioned

    if params is None:
        raise ValueError("params must be specified")
    if isinstance(params, list | tuple) and not params:
        raise ValueError("Need at least one param")
    if isinstance(params, partitioned.PartitionedVariable | tuple):
        return list(params)
    return params if isinstance(params, list) else [params]


def _is_resource(value: Any) -> bool:
    from jax_slim.tf1.python import resource_variables

    return isinstance(value, resource_variables.ResourceVariable)


def embedding_lookup(params: Any, ids: Any, partition_strategy: str = "mod", name: str | None = None, validate_indices: bool = True,
                     max_norm: float | None = None) -> Tensor:  # fmt: skip
    """The rows `ids` of `params`.

    Args:
      params: a table [rows, ...]; or a list of its parts, or a partitioned variable.
      partition_strategy: "mod": row i is in part i % parts; "div": the parts follow one another.
      max_norm: rows of a larger norm are scaled down to it.

    Returns:
      ids.shape + params.shape[1:].
    """
    params = _parts(params)
    with graphs.name_scope(name, "embedding_lookup", [*params, ids]) as name:
        count = len(params)
        if not any(_is_resource(p) for p in params):
            params = conversion.convert_n_to_tensor(params, name="params")
        ids = conversion.convert_to_tensor(ids, name="ids")
        if count == 1:
            with graphs.colocate_with(params[0]):
                result = _clip(_gather(params[0], ids, name), ids, max_norm)
            return array.identity(result)
        flat = array.reshape(ids, [-1])
        places = constant_op.range(array.size(flat))
        parts, rows_ = _assign(params, flat, partition_strategy)
        parts = math.cast(parts, dtypes.int32)
        own_ids = building.make("DynamicPartition", rows_, parts, num_partitions=count)
        own_places = building.make("DynamicPartition", places, parts, num_partitions=count)
        found = []
        for part, wanted in zip(params, own_ids, strict=True):
            with graphs.colocate_with(part):
                found.append(_clip(_gather(part, wanted), wanted, max_norm))
        result = building.make("ParallelDynamicStitch", own_places, found, name=name)
        known = params[0].get_shape()[1:]
        for part in params[1:]:
            known = known.merge_with(part.get_shape()[1:])
        element = known if known.is_fully_defined() else array.shape(params[0])[1:]
        element = known.as_list() if isinstance(element, shapes.TensorShape) else element
        result = array.reshape(result, joining.concat([array.shape(ids), element], 0))
        result.set_shape(ids.get_shape().concatenate(known))
        return result


def _gather(params: Any, ids: Any, name: str | None = None) -> Tensor:
    if _is_resource(params):
        return params.sparse_read(ids, name=name)
    return gathering.gather(params, ids, name=name)


def _assign(params: list[Any], flat: Tensor, strategy: str) -> tuple[Tensor, Tensor]:
    """(the part, the row in it) of each id."""
    count = len(params)
    if strategy == "mod":
        return flat % count, flat // count
    if strategy != "div":
        raise ValueError(f"Unrecognized partition strategy: {strategy}")
    sizes = [p.get_shape()[0].value for p in params]
    if None not in sizes:
        total = conversion.constant(sum(sizes), flat.dtype)
    else:
        known = [array.shape(p)[0] if size is None else size for p, size in zip(params, sizes, strict=True)]
        total = reductions.reduce_sum(math.cast(joining.stack(known), flat.dtype))
    each, extras = total // count, total % count
    parts = math.maximum(flat // (each + 1), (flat - extras) // each)
    rows_ = gathering.where(parts < extras, flat % (each + 1), (flat - extras) % each)
    return parts, rows_


def _clip(params: Tensor, ids: Tensor, max_norm: float | None) -> Tensor:
    if max_norm is None:
        return params
    from jax_slim.tf1.python import clip_ops

    ids_rank, rank = ids.get_shape().ndims, params.get_shape().ndims
    if ids_rank is not None and rank is not None:
        axes: Any = list(range(ids_rank, rank))
    else:
        axes = constant_op.range(array.rank(ids), array.rank(params))
    return clip_ops.clip_by_norm(params, max_norm, axes=axes)


def embedding_lookup_sparse(params: Any, sp_ids: Any, sp_weights: Any, partition_strategy: str = "mod", name: str | None = None, combiner: str | None = None,
                            max_norm: float | None = None) -> Tensor:  # fmt: skip
    """For each row of a sparse tensor of ids: its embeddings, weighted, as their "sum", "mean" (the default) or "sqrtn" (sum / root of summed squares of weights)."""
    combiner = combiner or "mean"
    if combiner not in ("mean", "sqrtn", "sum"):
        raise ValueError("combiner must be one of 'mean', 'sqrtn' or 'sum'")
    params = _parts(params)
    if not isinstance(sp_ids, SparseTensor):
        raise TypeError("sp_ids must be SparseTensor")
    if sp_weights is not None:
        if not isinstance(sp_weights, SparseTensor):
            raise TypeError("sp_weights must be either None or SparseTensor")
        sp_ids.values.get_shape().assert_is_compatible_with(sp_weights.values.get_shape())
        sp_ids.indices.get_shape().assert_is_compatible_with(sp_weights.indices.get_shape())
    with graphs.name_scope(name, "embedding_lookup_sparse", [*params, sp_ids.values]) as name:
        segments = sp_ids.indices[:, 0]
        if segments.dtype != dtypes.int32:
            segments = math.cast(segments, dtypes.int32)
        ids, places = building.make("Unique", sp_ids.values)
        found = embedding_lookup(params, ids, partition_strategy=partition_strategy, max_norm=max_norm)
        if found.dtype in (dtypes.float16, dtypes.bfloat16):
            found = math.cast(found, dtypes.float32)
        if sp_weights is None:
            type = {"sum": "SparseSegmentSum", "mean": "SparseSegmentMean", "sqrtn": "SparseSegmentSqrtN"}[combiner]
            return building.make(type, found, places, segments, name=name)
        weights = sp_weights.values
        if weights.dtype != found.dtype:
            weights = math.cast(weights, found.dtype)
        found = gathering.gather(found, places)
        ones = constant_op.fill(array.expand_dims(array.rank(found) - 1, 0), 1)
        shape = weights.get_shape()
        weights = array.reshape(weights, joining.concat([array.shape(weights), ones], 0))
        if (ndims := found.get_shape().ndims) is not None:
            weights.set_shape(shape.concatenate([1] * (ndims - 1)))
        found *= weights
        if combiner == "sum":
            return building.make("SegmentSum", found, segments, name=name)
        found = building.make("SegmentSum", found, segments)
        if combiner == "mean":
            return math.div(found, building.make("SegmentSum", weights, segments), name=name)
        total = building.make("SegmentSum", math.pow(weights, 2), segments)
        return math.div(found, math.sqrt(total), name=name)


def safe_embedding_lookup_sparse(embedding_weights: Any, sparse_ids: Any, sparse_weights: Any = None, combiner: str = "mean", default_id: int | None = None,
                                 name: str | None = None, partition_strategy: str = "div", max_norm: float | None = None) -> Tensor:  # fmt: skip
    """`embedding_lookup_sparse` that passes over negative ids and weights of 0 or less; rows without any give `default_id`'s embedding, or zeros."""
    from jax_slim.tf1.python import sparse

    weights = _parts(embedding_weights)
    with graphs.name_scope(name, "embedding_lookup", [*weights, sparse_ids.values]) as scope:
        original = sparse_ids.dense_shape
        rank_known = original.get_shape()[0].value
        rank = array.size(original) if rank_known is None else rank_known
        rows_ = reductions.reduce_prod(array.identity(original)[: rank - 1])
        merged_shape = joining.stack([rows_, gathering.gather(original, rank - 1)])
        sparse_ids = sparse.sparse_reshape(sparse_ids, merged_shape)
        if sparse_weights is not None:
            sparse_weights = SparseTensor(sparse_ids.indices, sparse_weights.values, sparse_ids.dense_shape)
        valid = math.greater_equal(sparse_ids.values, 0)
        if sparse_weights is not None:
            valid = math.logical_and(valid, constant_op.ones_like(sparse_weights.values, dtype=dtypes.bool_))
        sparse_ids = sparse.sparse_retain(sparse_ids, valid)
        if sparse_weights is not None:
            sparse_weights = sparse.sparse_retain(sparse_weights, valid)
            if combiner != "sum":
                counted = math.greater(sparse_weights.values, 0)
                sparse_ids, sparse_weights = (
                    sparse.sparse_retain(sparse_ids, counted),
                    sparse.sparse_retain(sparse_weights, counted),
                )
        sparse_ids, empty = sparse.sparse_fill_empty_rows(sparse_ids, default_id or 0)
        if sparse_weights is not None:
            sparse_weights, _ = sparse.sparse_fill_empty_rows(sparse_weights, 1.0)
        result = embedding_lookup_sparse(
            weights, sparse_ids, sparse_weights, combiner=combiner, partition_strategy=partition_strategy, name=None if default_id is None else scope,
            max_norm=max_norm,
        )  # fmt: skip
        if default_id is None:
            mask = array.tile(array.reshape(empty, [-1, 1]), joining.stack([1, array.shape(result)[1]]))
            result = gathering.where(mask, constant_op.zeros_like(result), result, name=scope)
        lead = building.make("Slice", math.cast(original, dtypes.int32), [0], [rank - 1])
        whole = array.reshape(result, joining.concat([lead, array.shape(result)[1:]], 0))
        if rank_known is not None:
            whole.set_shape(shapes.unknown_shape(rank_known - 1).concatenate(result.get_shape()[1:]))
        return whole
