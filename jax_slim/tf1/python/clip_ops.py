"""`tf.clip_by_value`, `clip_by_norm`, `clip_by_global_norm` and their like."""

from typing import Any

from jax_slim.tf1.graph import building, conversion, dtypes, graphs
from jax_slim.tf1.graph.composites import IndexedSlices
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, constant_op, math, reductions


def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Any:
    """Elements below the one bound or above the other become the bound. At the bounds themselves the gradient passes."""
    with graphs.name_scope(name, "clip_by_value", [t, clip_value_min, clip_value_max]) as scope:
        values = conversion.convert_to_tensor(t.values if isinstance(t, IndexedSlices) else t, name="t")
        smaller = math.minimum(values, clip_value_max)
        values.shape.merge_with(smaller.shape)
        clipped = math.maximum(smaller, clip_value_min, name=scope)
        values.shape.merge_with(clipped.shape)
        return IndexedSlices(clipped, t.indices, t.dense_shape) if isinstance(t, IndexedSlices) else clipped


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Any:
    """Scaled so that the Euclidean norm over the axes (all by default) is no more than `clip_norm`."""
    with graphs.name_scope(name, "clip_by_norm", [t, clip_norm]) as scope:
        values = conversion.convert_to_tensor(t.values if isinstance(t, IndexedSlices) else t, name="t")
        squares = reductions.reduce_sum(values * values, axes, keepdims=True)
        positive = squares > 0
        # Two selections, so that the gradient at zero is no NaN.
        safe = building.make("Select", positive, squares, constant_op.ones_like(squares))
        norms = building.make("Select", positive, math.sqrt(safe), squares)
        scaled = values * clip_norm
        values.shape.merge_with(scaled.shape)
        clipped = array.identity(scaled / math.maximum(norms, clip_norm), name=scope)
        return IndexedSlices(clipped, t.indices, t.dense_shape) if isinstance(t, IndexedSlices) else clipped


def global_norm(t_list: Any, name: str | None = None) -> Tensor:
    """The square root of the sum of all squares in a list of tensors; None among them is passed over.

    Raises:
      TypeError: `t_list` is no sequence.
    """
    if not isinstance(t_list, list | tuple):
        raise TypeError("t_list should be a sequence")
    t_list = list(t_list)
    with graphs.name_scope(name, "global_norm", t_list):
        values = [conversion.convert_to_tensor(t.values if isinstance(t, IndexedSlices) else t, name=f"t_{i}") if t is not None else None
                  for i, t in enumerate(t_list)]  # fmt: skip
        halves = [building.make("L2Loss", v) for v in values if v is not None]
        half = reductions.reduce_sum(array.stack(halves))
        return math.sqrt(half * constant_op.constant(2.0, dtype=half.dtype), name="global_norm")


def clip_by_global_norm(
    t_list: Any, clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> tuple[list[Any], Tensor]:
    """(the tensors scaled so that the norm of all together is no more than `clip_norm`, that norm). An infinite norm makes all NaN.

    Raises:
      TypeError: `t_list` is no sequence.
    """
    if not isinstance(t_list, list | tuple):
        raise TypeError("t_list should be a sequence")
    t_list = list(t_list)
    if use_norm is None:
        use_norm = global_norm(t_list, name)
    with graphs.name_scope(name, "clip_by_global_norm", [*t_list, clip_norm]) as scope:
        scale = clip_norm * math.minimum(1.0 / use_norm, constant_op.constant(1.0, dtype=use_norm.dtype) / clip_norm)
        # 0 for a finite norm, else NaN.
        scale = scale + (use_norm - use_norm)
        values = [conversion.convert_to_tensor(t.values if isinstance(t, IndexedSlices) else t, name=f"t_{i}") if t is not None else None
                  for i, t in enumerate(t_list)]  # fmt: skip
        clipped = [None if v is None else array.identity(v * scale, name=f"{scope}_{i}") for i, v in enumerate(values)]
        return [
            IndexedSlices(c, t.indices, t.dense_shape) if isinstance(t, IndexedSlices) and c is not None else c
            for c, t in zip(clipped, t_list, strict=True)
        ], use_norm


def clip_by_average_norm(t: Any, clip_norm: Any, name: str | None = None) -> Tensor:
    """Scaled so that the root of the sum of squares, divided by the number of elements, is no more than `clip_norm`."""
    with graphs.name_scope(name, "clip_by_average_norm", [t, clip_norm]) as scope:
        t = conversion.convert_to_tensor(t, name="t")
        count = math.cast(array.size(t), dtypes.float32)
        inverse = math.rsqrt(reductions.reduce_sum(t * t, constant_op.range(array.rank(t)), keepdims=True))
        return array.identity(
            t * clip_norm * math.minimum(inverse * count, constant_op.constant(1.0) / clip_norm), name=scope
        )
