"""Segments, different elements, counts, histograms, and parts of tensors: `tf.segment_sum`, `unique`, `bincount`, `dynamic_partition`."""

from typing import Any, NamedTuple

from jax_slim.tf1.graph import building, conversion, dtypes, graphs
from jax_slim.tf1.graph.composites import SparseTensor
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, checks, constant_op, control_flow, math, reductions


class Unique(NamedTuple):
    """What `unique` gives."""

    y: Tensor
    idx: Tensor


class UniqueWithCounts(NamedTuple):
    """What `unique_with_counts` gives."""

    y: Tensor
    idx: Tensor
    count: Tensor


class ListDiff(NamedTuple):
    """What `setdiff1d` gives."""

    out: Tensor
    idx: Tensor


def segment_sum(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """The sums of rows with the same id; ids are sorted, one for each row."""
    return building.make("SegmentSum", data, segment_ids, name=name)


def segment_mean(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """The means of rows with the same id; ids are sorted, one for each row; 0 for an id that is missing."""
    return building.make("SegmentMean", data, segment_ids, name=name)


def segment_prod(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """The products of rows with the same id; ids are sorted, one for each row; 1 for an id that is missing. No gradient."""
    return building.make("SegmentProd", data, segment_ids, name=name)


def segment_max(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """The largest elements of rows with the same id; ids are sorted, one for each row; 0 for an id that is missing."""
    return building.make("SegmentMax", data, segment_ids, name=name)


def segment_min(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """The smallest elements of rows with the same id; ids are sorted, one for each row; 0 for an id that is missing."""
    return building.make("SegmentMin", data, segment_ids, name=name)


def unsorted_segment_sum(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
    """The sums of what has the same id, in any order; negative ids are left out."""
    return building.make("UnsortedSegmentSum", data, segment_ids, num_segments, name=name)


def unsorted_segment_prod(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
    """The products of what has the same id, in any order; 1 for an id that is missing; negative ids are left out."""
    return building.make("UnsortedSegmentProd", data, segment_ids, num_segments, name=name)


def unsorted_segment_max(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
    """The largest of what has the same id, in any order; the lowest number for an id that is missing; negative ids are left out."""
    return building.make("UnsortedSegmentMax", data, segment_ids, num_segments, name=name)


def unsorted_segment_min(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
    """The smallest of what has the same id, in any order; the highest number for an id that is missing; negative ids are left out."""
    return building.make("UnsortedSegmentMin", data, segment_ids, num_segments, name=name)


def _counts(data: Tensor, segment_ids: Tensor, num_segments: Any) -> Tensor:
    ones = constant_op.ones(array.shape_internal(segment_ids), dtype=data.dtype)
    counts = building.make("UnsortedSegmentSum", ones, segment_ids, num_segments)
    rank = data.shape.ndims - segment_ids.shape.ndims  # an unknown rank is TF's TypeError
    return math.maximum(array.reshape(counts, [num_segments] + [1] * rank), 1)


def unsorted_segment_mean(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
    """The means of what has the same id, in any order; 0 for an id that is missing; negative ids are left out."""
    with graphs.name_scope(name, "UnsortedSegmentMean"):
        data, segment_ids = conversion.convert_to_tensor(data), conversion.convert_to_tensor(segment_ids)
        counts = _counts(data, segment_ids, num_segments)
        return building.make("UnsortedSegmentSum", data, segment_ids, num_segments) / counts


def unsorted_segment_sqrt_n(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
    """The sums of what has the same id divided by the square root of how many they are."""
    with graphs.name_scope(name, "UnsortedSegmentSqrtN"):
        data, segment_ids = conversion.convert_to_tensor(data), conversion.convert_to_tensor(segment_ids)
        counts = _counts(data, segment_ids, num_segments)
        return building.make("UnsortedSegmentSum", data, segment_ids, num_segments) / math.sqrt(counts)


def _sparse(type: str, data: Any, indices: Any, segment_ids: Any, name: str | None, num_segments: Any) -> Tensor:
    if num_segments is None:
        return building.make(type, data, indices, segment_ids, name=name)
    return building.make(f"{type}WithNumSegments", data, indices, segment_ids, num_segments, name=name)


def sparse_segment_sum(
    data: Any, indices: Any, segment_ids: Any, name: str | None = None, num_segments: Any = None
) -> Tensor:
    """The sums of the rows `data[indices]` with the same id; ids are sorted."""
    return _sparse("SparseSegmentSum", data, indices, segment_ids, name, num_segments)


def sparse_segment_mean(
    data: Any, indices: Any, segment_ids: Any, name: str | None = None, num_segments: Any = None
) -> Tensor:
    """The means of the rows `data[indices]` with the same id; ids are sorted."""
    return _sparse("SparseSegmentMean", data, indices, segment_ids, name, num_segments)


def sparse_segment_sqrt_n(
    data: Any, indices: Any, segment_ids: Any, name: str | None = None, num_segments: Any = None
) -> Tensor:
    """The sums of the rows `data[indices]` with the same id, divided by the square root of how many they are."""
    return _sparse("SparseSegmentSqrtN", data, indices, segment_ids, name, num_segments)


def unique(x: Any, out_idx: Any = dtypes.int32, name: str | None = None) -> Unique:
    """(the different elements of a vector in the order in which they are first seen, for each element which one it is)."""
    return Unique(*building.make("Unique", x, out_idx=out_idx, name=name))


def unique_with_counts(x: Any, out_idx: Any = dtypes.int32, name: str | None = None) -> UniqueWithCounts:
    """`unique`, and how often each element is there."""
    return UniqueWithCounts(*building.make("UniqueWithCounts", x, out_idx=out_idx, name=name))


def setdiff1d(x: Any, y: Any, index_dtype: Any = dtypes.int32, name: str | None = None) -> ListDiff:
    """(the elements of x that are not in y, where they are in x)."""
    return ListDiff(*building.make("ListDiff", x, y, out_idx=index_dtype, name=name))


def bincount(
    arr: Any,
    weights: Any = None,
    minlength: Any = None,
    maxlength: Any = None,
    dtype: Any = dtypes.int32,
    name: str | None = None,
) -> Tensor:
    """How often each whole number is there, or the sums of their weights; up to the largest, between `minlength` and `maxlength`."""
    with graphs.name_scope("bincount" if name is None else name):
        arr = conversion.convert_to_tensor(arr, name="arr", dtype=dtypes.int32)
        has_elements = reductions.reduce_prod(array.shape(arr)) > 0
        size = math.cast(has_elements, dtypes.int32) * (reductions.reduce_max(arr) + 1)
        if minlength is not None:
            size = math.maximum(conversion.convert_to_tensor(minlength, name="minlength", dtype=dtypes.int32), size)
        if maxlength is not None:
            size = math.minimum(conversion.convert_to_tensor(maxlength, name="maxlength", dtype=dtypes.int32), size)
        if weights is not None:
            weights = conversion.convert_to_tensor(weights, name="weights")
            return building.make("UnsortedSegmentSum", weights, arr, size)
        return building.make("Bincount", arr, size, constant_op.constant([], dtype))


def histogram_fixed_width(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = dtypes.int32, name: str | None = None
) -> Tensor:
    """How many elements are in each of `nbins` equal parts of a range; what is outside counts for the first or the last."""
    with graphs.name_scope(name, "histogram_fixed_width", [values, value_range, nbins]) as scope:
        return building.make("HistogramFixedWidth", values, value_range, nbins, dtype=dtype, name=scope)


def histogram_fixed_width_bins(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = dtypes.int32, name: str | None = None
) -> Tensor:
    """For each element in which of `nbins` equal parts of a range it is."""
    with graphs.name_scope(name, "histogram_fixed_width_bins", [values, value_range, nbins]):
        values = conversion.convert_to_tensor(values, name="values")
        shape = array.shape(values)
        values = array.reshape(values, [-1])
        value_range = conversion.convert_to_tensor(value_range, name="value_range")
        nbins = conversion.convert_to_tensor(nbins, dtype=dtypes.int32, name="nbins")
        whole = math.cast(nbins, values.dtype)
        scaled = math.truediv(values - value_range[0], value_range[1] - value_range[0])
        places = math.cast(math.floor(whole * scaled), dtypes.int32)
        places = math.cast(math.maximum(math.minimum(places, nbins - 1), 0), dtype)
        return array.reshape(places, shape)


def dynamic_partition(data: Any, partitions: Any, num_partitions: int, name: str | None = None) -> list[Tensor]:
    """`num_partitions` tensors: the rows of `data` for which `partitions` says 0, 1, ..."""
    return building.make("DynamicPartition", data, partitions, num_partitions=num_partitions, name=name)


def dynamic_stitch(indices: Any, data: Any, name: str | None = None) -> Tensor:
    """One tensor whose rows `indices[i]` are those of `data[i]`; later ones replace earlier ones."""
    return building.make("DynamicStitch", indices, data, name=name)


def parallel_stitch(indices: Any, data: Any, name: str | None = None) -> Tensor:
    """`dynamic_stitch`, for indices that do not repeat."""
    return building.make("ParallelDynamicStitch", indices, data, name=name)


def remove_squeezable_dimensions(
    labels: Any, predictions: Any, expected_rank_diff: int = 0, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """Drops the last dimension, of size 1, of the one that has one more than expected."""
    with graphs.name_scope(name, "remove_squeezable_dimensions", [labels, predictions]):
        predictions, labels = conversion.convert_to_tensor(predictions), conversion.convert_to_tensor(labels)
        ranks = predictions.shape.ndims, labels.shape.ndims
        if None not in ranks:
            difference = ranks[0] - ranks[1]
            if difference == expected_rank_diff + 1 and predictions.shape.sizes[-1] in (1, None):
                predictions = array.squeeze(predictions, [-1])
            elif difference == expected_rank_diff - 1 and labels.shape.sizes[-1] in (1, None):
                labels = array.squeeze(labels, [-1])
            return labels, predictions
        difference = array.rank(predictions) - array.rank(labels)

        def squeezed(tensor: Tensor, wanted: int) -> Tensor:
            return control_flow.cond(
                math.equal(wanted, difference), lambda: array.squeeze(tensor, [-1]), lambda: tensor
            )

        if ranks[0] is None or predictions.shape.sizes[-1] in (1, None):
            predictions = squeezed(predictions, expected_rank_diff + 1)
        if ranks[1] is None or labels.shape.sizes[-1] in (1, None):
            labels = squeezed(labels, expected_rank_diff - 1)
        return labels, predictions


def confusion_matrix(labels: Any, predictions: Any, num_classes: Any = None, dtype: Any = dtypes.int32, name: str | None = None,
                     weights: Any = None) -> Tensor:  # fmt: skip
    """A matrix that counts (or sums the weights) for each label (rows) how often each class was predicted (columns)."""
    with graphs.name_scope(name, "confusion_matrix", [predictions, labels, num_classes, weights]):
        labels, predictions = remove_squeezable_dimensions(
            conversion.convert_to_tensor(labels, name="labels"),
            conversion.convert_to_tensor(predictions, name="predictions"),
        )
        predictions, labels = math.cast(predictions, dtypes.int64), math.cast(labels, dtypes.int64)
        labels = _after(checks.assert_non_negative(labels, message="`labels` contains negative values"), labels)
        predictions = _after(
            checks.assert_non_negative(predictions, message="`predictions` contains negative values"), predictions
        )
        if num_classes is None:
            num_classes = math.maximum(reductions.reduce_max(predictions), reductions.reduce_max(labels)) + 1
        else:
            limit = math.cast(num_classes, dtypes.int64)
            labels = _after(checks.assert_less(labels, limit, message="`labels` out of bound"), labels)
            predictions = _after(
                checks.assert_less(predictions, limit, message="`predictions` out of bound"), predictions
            )
        if weights is not None:
            weights = conversion.convert_to_tensor(weights, name="weights")
            predictions.shape.assert_is_compatible_with(weights.shape)
            weights = math.cast(weights, dtype)
        shape = array.stack([num_classes, num_classes])
        indices = array.stack([labels, predictions], axis=1)
        values = constant_op.ones_like(predictions, dtype) if weights is None else weights
        counted = SparseTensor(indices=indices, values=values, dense_shape=math.cast(shape, dtypes.int64))
        zeros = constant_op.zeros(math.cast(shape, dtypes.int32), dtype)
        return building.make("SparseTensorDenseAdd", counted.indices, counted.values, counted.dense_shape, zeros)


def _after(check: Any, tensor: Tensor) -> Tensor:
    return control_flow.with_dependencies([check], tensor)
