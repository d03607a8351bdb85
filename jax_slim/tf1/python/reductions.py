"""Reductions of tensors over axes: `tf.reduce_sum` and its like, `argmax`, `cumsum`, `count_nonzero`."""

from collections.abc import Callable
from typing import Any

import numpy as np

from jax_slim.tf1.graph import building, conversion, dtypes, graphs
from jax_slim.tf1.graph.composites import IndexedSlices, SparseTensor
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, constant_op, math


def all_axes(x: Any, axis: Any) -> Any:
    """The axes given, or else those that there are: a constant where the rank is known."""
    if axis is not None:
        return axis
    rank = None
    if isinstance(x, Tensor):
        rank = x.shape.ndims
    elif isinstance(x, SparseTensor):
        rank = x.dense_shape.shape.num_elements() if x.dense_shape.shape.is_fully_defined() else None
    if rank is not None:
        return constant_op.constant(np.arange(rank), dtype=dtypes.int32)
    return constant_op.range(0, array.rank(x))


def _arguments(function: str, axis: Any, keepdims: Any, reduction_indices: Any, keep_dims: Any) -> tuple[Any, bool]:
    axis = array.deprecated("axis", axis, "reduction_indices", reduction_indices)
    keepdims = array.deprecated("keepdims", keepdims, "keep_dims", keep_dims)
    return axis, bool(keepdims)


def _scalar_where_all(keepdims: bool, axis: Any, output: Tensor) -> Tensor:
    if not output.shape.is_fully_defined() and not keepdims and axis is None:
        output.set_shape(())
    return output


def _reduction(name: str, type: str, doc: str) -> Callable[..., Tensor]:
    def function(input_tensor: Any, axis: Any = None, keepdims: Any = None, name: str | None = None, reduction_indices: Any = None,
                 keep_dims: Any = None) -> Tensor:  # fmt: skip
        axis, keep = _arguments(function.__name__, axis, keepdims, reduction_indices, keep_dims)
        return _reduced(type, input_tensor, axis, keep, name)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{doc} over the axes given (all of them by default), which stay as size 1 with `keepdims`."
    return function


def _reduced(type: str, input_tensor: Any, axis: Any, keepdims: bool, name: str | None) -> Tensor:
    if isinstance(input_tensor, IndexedSlices):
        input_tensor = conversion.convert_to_tensor(input_tensor)
    made = building.make(type, input_tensor, all_axes(input_tensor, axis), keep_dims=keepdims, name=name)
    return _scalar_where_all(keepdims, axis, made)


reduce_sum = _reduction("reduce_sum", "Sum", "The sums")
reduce_mean = _reduction("reduce_mean", "Mean", "The means (of integers: cut off)")
reduce_prod = _reduction("reduce_prod", "Prod", "The products")
reduce_max = _reduction("reduce_max", "Max", "The largest elements")
reduce_min = _reduction("reduce_min", "Min", "The smallest elements")
reduce_all = _reduction("reduce_all", "All", "Whether all are true")
reduce_any = _reduction("reduce_any", "Any", "Whether one is true")


def reduce_euclidean_norm(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The square roots of the sums of squares over the axes given, or all of them."""
    return _reduced("EuclideanNorm", input_tensor, axis, bool(keepdims), name)


def reduce_variance(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """The means of squared distances from the mean, over the axes given, or all of them."""
    with graphs.name_scope(name or "reduce_variance"):
        means = reduce_mean(input_tensor, axis=axis, keepdims=True)
        squares = math.square(input_tensor - means)
        return reduce_mean(squares, axis=axis, keepdims=keepdims)


def reduce_std(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """The square roots of `reduce_variance`."""
    with graphs.name_scope(name or "reduce_std"):
        return math.sqrt(reduce_variance(input_tensor, axis=axis, keepdims=keepdims))


def reduce_logsumexp(input_tensor: Any, axis: Any = None, keepdims: Any = None, name: str | None = None, reduction_indices: Any = None,
                     keep_dims: Any = None) -> Tensor:  # fmt: skip
    """log(sum(exp(x))) over the axes given, or all of them, without overflow."""
    axis, keep = _arguments("reduce_logsumexp", axis, keepdims, reduction_indices, keep_dims)
    input_tensor = conversion.convert_to_tensor(input_tensor)
    with graphs.name_scope(name, "ReduceLogSumExp", [input_tensor]):
        largest = reduce_max(input_tensor, axis=axis, keepdims=True)
        finite = building.make("Select", math.is_finite(largest), largest, constant_op.zeros_like(largest))
        shift = array.stop_gradient(finite)
        result = math.log(reduce_sum(math.exp(math.subtract(input_tensor, shift)), axis=axis, keepdims=keep))
        if not keep:
            shift = array.reshape(shift, array.shape(result))
        return _scalar_where_all(keep, axis, math.add(result, shift))


def count_nonzero(input_tensor: Any = None, axis: Any = None, keepdims: Any = None, dtype: Any = dtypes.int64, name: str | None = None,
                  reduction_indices: Any = None, keep_dims: Any = None, input: Any = None) -> Tensor:  # fmt: skip
    """How many elements are not 0 (not empty texts, not False), over the axes given, or all of them; int64."""
    axis, keep = _arguments("count_nonzero", axis, keepdims, reduction_indices, keep_dims)
    input_tensor = array.deprecated("input", input, "input_tensor", input_tensor)
    with graphs.name_scope(name, "count_nonzero", [input_tensor]):
        input_tensor = conversion.convert_to_tensor(input_tensor, name="input")
        zero = constant_op.zeros([], dtype=input_tensor.dtype)
        differs = math.not_equal(input_tensor, zero)
        return math.cast(reduce_sum(math.cast(differs, dtypes.int64), axis=axis, keepdims=keep), dtype=dtype)


def argmax(
    input: Any, axis: Any = None, name: str | None = None, dimension: Any = None, output_type: Any = dtypes.int64
) -> Tensor:
    """Where the largest elements along an axis (0 by default) are; of equal ones the first."""
    axis = array.deprecated("axis", axis, "dimension", dimension)
    return building.make("ArgMax", input, 0 if axis is None else axis, output_type=output_type, name=name)


def argmin(
    input: Any, axis: Any = None, name: str | None = None, dimension: Any = None, output_type: Any = dtypes.int64
) -> Tensor:
    """Where the smallest elements along an axis (0 by default) are; of equal ones the first."""
    axis = array.deprecated("axis", axis, "dimension", dimension)
    return building.make("ArgMin", input, 0 if axis is None else axis, output_type=output_type, name=name)


def arg_max(input: Any, dimension: Any, output_type: Any = dtypes.int64, name: str | None = None) -> Tensor:
    """`argmax` by its old name."""
    return building.make("ArgMax", input, dimension, output_type=output_type, name=name)


def arg_min(input: Any, dimension: Any, output_type: Any = dtypes.int64, name: str | None = None) -> Tensor:
    """`argmin` by its old name."""
    return building.make("ArgMin", input, dimension, output_type=output_type, name=name)


def cumsum(x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None) -> Tensor:
    """Running sums along an axis; `exclusive` leaves out the element itself, `reverse` begins at the end."""
    with graphs.name_scope(name, "Cumsum", [x]) as scope:
        x = conversion.convert_to_tensor(x, name="x")
        return building.make("Cumsum", x, axis, exclusive=exclusive, reverse=reverse, name=scope)


def cumprod(x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None) -> Tensor:
    """Running products along an axis; `exclusive` leaves out the element itself, `reverse` begins at the end."""
    with graphs.name_scope(name, "Cumprod", [x]) as scope:
        x = conversion.convert_to_tensor(x, name="x")
        return building.make("Cumprod", x, axis, exclusive=exclusive, reverse=reverse, name=scope)


def lbeta(x: Any, name: str | None = None) -> Tensor:
    """The logarithm of the multivariate beta function over the last dimension."""
    with graphs.name_scope(name, "lbeta", [x]):
        x = conversion.convert_to_tensor(x, name="x")
        product = reduce_sum(math.lgamma(x), axis=[-1])
        return math.subtract(product, math.lgamma(reduce_sum(x, axis=[-1])), name="sub")
