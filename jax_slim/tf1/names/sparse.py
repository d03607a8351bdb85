"""Names of sparse tensors, edit distances and sets."""

_BY_ROOT_NAME = {
    "sparse_add": "add", "sparse_concat": "concat", "sparse_fill_empty_rows": "fill_empty_rows", "sparse_maximum": "maximum",
    "sparse_mask": "mask", "sparse_tensor_dense_matmul": "sparse_dense_matmul", "sparse_minimum": "minimum",
    "sparse_reduce_max": "reduce_max", "sparse_reduce_max_sparse": "reduce_max_sparse", "sparse_reduce_sum": "reduce_sum",
    "sparse_reduce_sum_sparse": "reduce_sum_sparse", "sparse_reorder": "reorder", "sparse_reset_shape": "reset_shape",
    "sparse_reshape": "reshape", "sparse_retain": "retain", "sparse_slice": "slice", "sparse_softmax": "softmax",
    "sparse_split": "split", "sparse_tensor_to_dense": "to_dense", "sparse_to_indicator": "to_indicator",
    "sparse_transpose": "transpose", "sparse_merge": "merge",
}  # fmt: skip

NAMES = {
    **{name: f"python.sparse:{name}" for name in _BY_ROOT_NAME},
    **{f"sparse.{short}": f"python.sparse:{name}" for name, short in _BY_ROOT_NAME.items()},
    "sparse_to_dense": "python.sparse:sparse_to_dense",
    "sparse.matmul": "python.sparse:sparse_tensor_dense_matmul",
    "sparse.expand_dims": "python.sparse:sparse_expand_dims",
    "sparse.eye": "python.sparse:sparse_eye",
    "sparse.from_dense": "python.sparse:from_dense",
    "sparse.SparseTensor": "graph.composites:SparseTensor",
    "contrib.layers.dense_to_sparse": "python.sparse:dense_to_sparse",
    **{
        f"{prefix}{name}": f"python.sparse_texts:{name}"
        for name in ("serialize_sparse", "serialize_many_sparse", "deserialize_many_sparse", "deserialize_sparse")
        for prefix in ("", "io.")
    },
    "edit_distance": "python.sets:edit_distance",
    "sets.size": "python.sets:set_size",
    "sets.set_size": "python.sets:set_size",
    "sets.intersection": "python.sets:set_intersection",
    "sets.set_intersection": "python.sets:set_intersection",
    "sets.difference": "python.sets:set_difference",
    "sets.set_difference": "python.sets:set_difference",
    "sets.union": "python.sets:set_union",
    "sets.set_union": "python.sets:set_union",
    "contrib.metrics.set_size": "python.sets:set_size",
    "contrib.metrics.set_intersection": "python.sets:set_intersection",
    "contrib.metrics.set_difference": "python.sets:set_difference",
    "contrib.metrics.set_union": "python.sets:set_union",
}
