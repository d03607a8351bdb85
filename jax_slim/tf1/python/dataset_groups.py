"""`group_by_window`, `bucket_by_sequence_length` and `group_by_reducer`; `sample_from_datasets` and `choose_from_datasets`."""

from collections.abc import Callable
from typing import Any

import numpy as np

from jax_slim.tf1.graph import building, conversion, dtypes, graphs, shapes
from jax_slim.tf1.python import array, checks, constant_op, gathering, joining, math, random, reductions
from jax_slim.tf1.python.dataset import Dataset, _seeds
from jax_slim.tf1.python.dataset_transformations import Transformation
from jax_slim.tf1.python.elements import Leaf, Nested, Spec, pack_spec, shapes_like

_KEY = Leaf((dtypes.int64, shapes.TensorShape([])))


def group_by_window(key_func: Callable[..., Any], reduce_func: Callable[..., Any], window_size: Any = None,
                    window_size_func: Any = None) -> Transformation:  # fmt: skip
    """Elements of one key together: each window of them is made to a data set, and these follow one after the other.

    Args:
      key_func: the key of an element, an int64 scalar.
      reduce_func: (key, data set of a window) -> data set.
      window_size, window_size_func: how many elements a window has, for all keys or for each.

    Raises:
      ValueError: both sizes or none, a key or size that is no int64 scalar.
      TypeError: `reduce_func` gives no data set.
    """
    if (window_size is None) == (window_size_func is None):
        raise ValueError("Must pass either window_size or window_size_func, but not both.")
    size_of = window_size_func or (lambda unused: conversion.convert_to_tensor(window_size, dtypes.int64))

    def apply(dataset: Dataset) -> Dataset:
        variant = dataset._variant_tensor
        key, _ = _scalar(dataset, key_func, "key_func")
        sizes, _ = _scalar(
            Dataset(variant, Spec(_KEY)), lambda k: math.cast(size_of(k), dtypes.int64), "window_size_func"
        )
        windows = Dataset(variant, Spec((_KEY, Nested(Dataset, dataset.spec))))
        reduction, spec = windows._inner(reduce_func, "Dataset_group_by_window")
        return dataset._made(
            "GroupByWindowDataset", key.captured, reduction.captured, sizes.captured, key_func=key, reduce_func=reduction,
            window_size_func=sizes, spec=spec,
        )  # fmt: skip

    return apply


def _scalar(dataset: Dataset, python: Callable[..., Any], name: str) -> Any:
    """A function of elements that gives an int64 scalar."""
    function, spec = dataset._function(python, f"Dataset_{name}")
    if len(spec.flat) != 1 or spec.types[0] != dtypes.int64 or not spec.shapes[0].is_compatible_with([]):
        raise ValueError(f"`{name}` must return a single tf.int64 scalar tensor.")
    return function, spec


def bucket_by_sequence_length(
    element_length_func: Callable[..., Any], bucket_boundaries: Any, bucket_batch_sizes: Any, padded_shapes: Any = None,
    padding_values: Any = None, pad_to_bucket_boundary: bool = False, no_padding: bool = False, drop_remainder: bool = False,
) -> Transformation:  # fmt: skip
    """Batches of elements of like lengths.

    Args:
      element_length_func: the length of an element, int32.
      bucket_boundaries: where the next bucket begins: lengths below the first, below the second, ..., and all others.
      bucket_batch_sizes: the size of batches of each bucket, one more than boundaries.
      padded_shapes, padding_values: as of `Dataset.padded_batch`; by default the elements' own shapes.
      pad_to_bucket_boundary: axes of unknown size are padded to the longest that the bucket may have, not that the batch has.
      no_padding: elements are batched as they are: sparse ones.

    Raises:
      ValueError: the numbers of boundaries and sizes do not fit.
    """
    if len(bucket_batch_sizes) != len(bucket_boundaries) + 1:
        raise ValueError("len(bucket_batch_sizes) must equal len(bucket_boundaries) + 1")
    sizes = constant_op.constant(bucket_batch_sizes, dtypes.int64)

    def bucket(*element: Any) -> Any:
        length = element_length_func(*element)
        ends = [*bucket_boundaries, np.iinfo(np.int32).max]
        starts = [np.iinfo(np.int32).min, *bucket_boundaries]
        inside = math.logical_and(math.less_equal(starts, length), math.less(length, ends))
        return reductions.reduce_min(gathering.where(inside))

    def batched(number: Any, group: Dataset) -> Dataset:
        size = sizes[number]
        if no_padding:
            return group.batch(size, drop_remainder)
        wanted = padded_shapes
        filler = None
        if pad_to_bucket_boundary:
            check = checks.assert_less(
                number, constant_op.constant(len(bucket_batch_sizes) - 1, dtypes.int64),
                message="When pad_to_bucket_boundary=True, elements must have length < max(bucket_boundaries).",
            )  # fmt: skip
            with graphs.control_dependencies([check]):
                filler = gathering.gather(constant_op.constant(bucket_boundaries, dtypes.int64) - 1, number)
        flat = (
            group.spec.own_shapes
            if wanted is None
            else [shapes.as_shape(s) for s in shapes_like(group.output_types, wanted)]
        )
        filled = [s if filler is None else _filled(s, filler) for s in flat]
        return group.padded_batch(size, pack_spec(group.spec.structure, filled), padding_values, drop_remainder)

    return group_by_window(bucket, batched, window_size_func=lambda number: sizes[number])


def _filled(shape: shapes.TensorShape, filler: Any) -> Any:
    """A shape with what is not known in place of its unknown axes."""
    return joining.stack([filler if d is None else constant_op.constant(d, dtypes.int64) for d in shape.as_list()])


class Reducer:
    """How `group_by_reducer` makes one element of many: `init_func(key)`, `reduce_func(state, element)`, `finalize_func(state)`."""

    def __init__(
        self, init_func: Callable[..., Any], reduce_func: Callable[..., Any], finalize_func: Callable[..., Any]
    ) -> None:
        self.init_func, self.reduce_func, self.finalize_func = init_func, reduce_func, finalize_func


def group_by_reducer(key_func: Callable[..., Any], reducer: Reducer) -> Transformation:
    """One element for each key (an int64 scalar of an element), in the order of keys, as a `Reducer` makes it."""

    def apply(dataset: Dataset) -> Dataset:
        variant = dataset._variant_tensor
        key, _ = _scalar(dataset, key_func, "key_func")
        start, state = Dataset(variant, Spec(_KEY))._function(reducer.init_func, "Dataset_init_func")
        both = Dataset(variant, Spec((state.structure, dataset.spec.structure)))
        reduction, again = both._function(reducer.reduce_func, "Dataset_reduce_func")
        if again.types != state.types:
            raise TypeError(f"The element types for the new state must match the initial state. Expected {state.types}; got {again.types}.")  # fmt: skip
        end, spec = Dataset(variant, state)._function(reducer.finalize_func, "Dataset_finalize_func")
        return dataset._made(
            "GroupByReducerDataset", key.captured, start.captured, reduction.captured, end.captured, key_func=key,
            init_func=start, reduce_func=reduction, finalize_func=end, spec=spec,
        )  # fmt: skip

    return apply


class RandomDataset(Dataset):
    """Random numbers without end, int64 from 0 to 2^32 - 1: TensorFlow's, where there is a seed."""

    def __init__(self, seed: int | None = None) -> None:
        first, second = _seeds(seed)
        spec = Spec(_KEY)
        super().__init__(
            building.make("RandomDataset", first, second, output_types=spec.types, output_shapes=spec.shapes), spec
        )


def choose_from_datasets(datasets: Any, choice_dataset: Dataset) -> Dataset:
    """The next element of that data set whose number `choice_dataset`, int64 scalars, gives next.

    Raises:
      TypeError: choices that are no int64 scalars, data sets of other types.
    """
    if choice_dataset.spec.types != [dtypes.int64] or not choice_dataset.spec.shapes[0].is_compatible_with([]):
        raise TypeError("`choice_dataset` must be a dataset of scalar `tf.int64` tensors.")
    return _directed(choice_dataset, list(datasets))


def _directed(selector: Dataset, datasets: list[Dataset]) -> Dataset:
    spec = datasets[0].spec
    for other in datasets[1:]:
        if other.spec.types != spec.types:
            raise TypeError(f"Two data sets to choose from have different types {datasets[0].output_types} and {other.output_types}.")  # fmt: skip
        spec = spec.merged(other.spec)
    variants = [d._variant_tensor for d in datasets]
    made = building.make(
        "DirectedInterleaveDataset",
        selector._variant_tensor,
        variants,
        output_types=spec.types,
        output_shapes=spec.shapes,
    )
    return Dataset(made, spec)


def sample_from_datasets(datasets: Any, weights: Any = None, seed: int | None = None) -> Dataset:
    """Elements of several data sets in random order.

    Args:
      weights: how often each is drawn: a vector, or a data set of vectors; all alike by default. They need not sum to 1.

    Raises:
      ValueError: the weights are not as many as the data sets.
    """
    datasets = list(datasets)
    if not isinstance(weights, Dataset):
        if weights is None:
            logits: Any = [[1.0] * len(datasets)]
        else:
            known = conversion.convert_to_tensor(weights, name="weights")
            known = (
                math.cast(known, dtypes.float32)
                if known.dtype.base_dtype not in (dtypes.float32, dtypes.float64)
                else known
            )
            if not known.shape.is_compatible_with([len(datasets)]):
                raise ValueError(f"`weights` must be a vector of length `len(datasets)`, got {known.shape} for {len(datasets)}.")  # fmt: skip
            logits = array.expand_dims(math.log(known), 0)
        if len(datasets) == 1:
            return datasets[0]

        def draw(pair: Any) -> Any:
            return array.squeeze(random.stateless_multinomial(logits, 1, seed=pair), axis=[0, 1])

        selector = RandomDataset(seed).batch(2).map(draw)
    else:

        def drawn(given: Any, pair: Any) -> Any:
            return array.squeeze(random.stateless_multinomial(given, 1, seed=pair), axis=[0, 1])

        rows = weights.map(lambda *p: math.log(p[0] if len(p) == 1 and len(p[0].shape) else [p]))
        rows = rows.map(lambda p: array.reshape(p, [1, len(datasets)]))
        selector = Dataset.zip((rows, RandomDataset(seed).batch(2))).map(drawn)
    return _directed(selector, datasets)
