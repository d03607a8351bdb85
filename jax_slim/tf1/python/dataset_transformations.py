"""The transformations of `tf.data.experimental` and `tf.contrib.data` that work on elements one by one, or on batches of them."""

from collections.abc import Callable
from typing import Any

from jax_slim.tf1.graph import building, conversion, dtypes, shapes
from jax_slim.tf1.python import array, math
from jax_slim.tf1.python.dataset import Dataset, _convert, _int64, _seeds
from jax_slim.tf1.python.elements import SparseLeaf, Spec, leaf_of, pack_structure, shapes_like, tensor_of

Transformation = Callable[[Dataset], Dataset]


def unbatch() -> Transformation:
    """The rows of the elements as elements."""

    def apply(dataset: Dataset) -> Dataset:
        return dataset._made("UnbatchDataset", spec=dataset.spec.with_shapes(lambda s: s[1:]))

    return apply


def map_and_batch(
    map_func: Any,
    batch_size: Any,
    num_parallel_batches: Any = None,
    drop_remainder: Any = False,
    num_parallel_calls: Any = None,
) -> Transformation:
    """A function of each element, stacked to batches."""

    def apply(dataset: Dataset) -> Dataset:
        function, spec = dataset._function(map_func, "Dataset_map_and_batch")
        size = _int64(batch_size, "batch_size")
        drop = conversion.convert_to_tensor(drop_remainder, dtypes.bool_, name="drop_remainder")
        calls = _int64(num_parallel_calls or num_parallel_batches or 1, "num_parallel_calls")
        batched = Dataset(dataset._variant_tensor, spec)._batched(size, drop)
        return dataset._made("MapAndBatchDataset", function.captured, size, calls, drop, f=function, spec=batched)

    return apply


def batch_and_drop_remainder(batch_size: Any) -> Transformation:
    """Batches of exactly this size."""
    return lambda dataset: dataset.batch(batch_size, drop_remainder=True)


def padded_batch_and_drop_remainder(batch_size: Any, padded_shapes: Any, padding_values: Any = None) -> Transformation:
    """Padded batches of exactly this size."""
    return lambda dataset: dataset.padded_batch(batch_size, padded_shapes, padding_values, drop_remainder=True)


def shuffle_and_repeat(buffer_size: Any, count: Any = None, seed: int | None = None) -> Transformation:
    """The data set in another random order each time, so many times."""

    def apply(dataset: Dataset) -> Dataset:
        first, second = _seeds(seed)
        return dataset._made(
            "ShuffleAndRepeatDataset",
            _int64(buffer_size, "buffer_size"),
            first,
            second,
            _int64(-1 if count is None else count, "count"),
        )

    return apply


def ignore_errors() -> Transformation:
    """The elements that could be made without an error."""
    return lambda dataset: dataset._made("IgnoreErrorsDataset")


def parallel_interleave(
    map_func: Any,
    cycle_length: Any,
    block_length: Any = 1,
    sloppy: bool = False,
    buffer_output_elements: Any = None,
    prefetch_input_elements: Any = None,
) -> Transformation:
    """`Dataset.interleave`."""
    return lambda dataset: dataset.interleave(map_func, cycle_length, block_length)


def enumerate_dataset(start: int = 0) -> Transformation:
    """(number, element) for each element."""
    return lambda dataset: dataset.enumerate(start)


def take_while(predicate: Any) -> Transformation:
    """The elements before the first for which a function gives false."""

    def apply(dataset: Dataset) -> Dataset:
        function, _ = dataset._function(predicate, "Dataset_take_while")
        return dataset._made("TakeWhileDataset", function.captured, predicate=function)

    return apply


def prefetch_to_device(device: Any, buffer_size: Any = None) -> Transformation:
    """The same elements: JAX moves them."""
    return lambda dataset: dataset.prefetch(buffer_size)


def Counter(start: int = 0, step: int = 1, dtype: Any = dtypes.int64) -> Dataset:
    """Numbers without end."""
    return Dataset.range(start, (1 << 62) * (1 if step > 0 else -1), step).map(lambda i: math.cast(i, dtype))


def scan(initial_state: Any, scan_func: Callable[..., Any]) -> Transformation:
    """`(state, element)` -> `(new state, what the data set gives)` along the elements."""

    def apply(dataset: Dataset) -> Dataset:
        flat, structure = _convert(initial_state)
        state = Spec(pack_structure(structure, [leaf_of(t) for t in flat]))
        both = Dataset(dataset._variant_tensor, Spec((state.structure, dataset.spec.structure)))
        function, made = both._function(scan_func, "Dataset_scan")
        if not isinstance(made.structure, tuple) or len(made.structure) != 2:
            raise TypeError("The scan function must return a pair comprising the new state and the output value.")
        return dataset._made(
            "ScanDataset", [tensor_of(t) for t in flat], function.captured, f=function, spec=Spec(made.structure[1])
        )

    return apply


def unique() -> Transformation:
    """Each element, a scalar of int32, int64 or a text, once."""

    def apply(dataset: Dataset) -> Dataset:
        if len(dataset.spec.flat) != 1 or dataset.spec.types[0] not in (dtypes.int32, dtypes.int64, dtypes.string):
            raise TypeError("`tf.data.experimental.unique()` only supports inputs with a single `tf.int32`, `tf.int64`, or `tf.string` component.")  # fmt: skip
        return dataset._made("UniqueDataset")

    return apply


def dense_to_sparse_batch(batch_size: Any, row_shape: Any) -> Transformation:
    """Tensors of several sizes, so many together, as sparse tensors [batch, *row_shape]; None or -1 is the largest of a batch."""

    def apply(dataset: Dataset) -> Dataset:
        if len(dataset.spec.flat) != 1:
            raise TypeError("DenseToSparseDataset requires a single tensor input.")
        known = shapes.as_shape([None if d == -1 else d for d in row_shape] if isinstance(row_shape, list | tuple) else row_shape)  # fmt: skip
        sizes = conversion.convert_to_tensor([-1 if d is None else d for d in known.as_list()], dtypes.int64)
        spec = Spec(SparseLeaf((dataset.spec.types[0], shapes.TensorShape([None]).concatenate(known))))
        return dataset._made("DenseToSparseBatchDataset", _int64(batch_size, "batch_size"), sizes, spec=spec)

    return apply


def sliding_window_batch(
    window_size: Any, stride: Any = None, window_shift: Any = None, window_stride: Any = 1
) -> Transformation:
    """Windows of elements, stacked: a new one begins every `window_shift` (`stride` is its old name, 1) elements."""
    if stride is not None and window_shift is not None:
        raise ValueError("Cannot specify both `stride` and `window_shift`")
    shift = 1 if stride is None and window_shift is None else stride if window_shift is None else window_shift

    def apply(dataset: Dataset) -> Dataset:
        spec = dataset.spec.with_shapes(lambda s: shapes.TensorShape([None]).concatenate(s))
        return dataset._made(
            "SlidingWindowDataset", _int64(window_size, "window_size"), _int64(shift, "window_shift"),
            _int64(window_stride, "window_stride"), spec=spec,
        )  # fmt: skip

    return apply


def assert_element_shape(expected_shapes: Any) -> Transformation:
    """The same elements, of which these shapes are known; an error at the first that does not have them."""

    def apply(dataset: Dataset) -> Dataset:
        wanted = [shapes.as_shape(s) for s in shapes_like(dataset.output_types, expected_shapes)]

        def check(*element: Any) -> Any:
            flat, _ = _convert(element)
            found = [array.ensure_shape(t, s) for t, s in zip(flat, wanted, strict=True)]
            return dataset.spec.packed(found)

        return dataset.map(check)

    return apply


def copy_to_device(target_device: Any, source_device: str = "/cpu:0") -> Transformation:
    """The same elements: JAX moves them."""
    return lambda dataset: dataset


def get_single_element(dataset: Dataset) -> Any:
    """The only element of a data set, as tensors; none or several are an error when it runs."""
    made = building.make_op("DatasetToSingleElement", dataset._variant_tensor, **dataset._facts())
    for tensor, shape in zip(made.outputs, dataset.spec.shapes, strict=True):
        tensor.set_shape(shape)
    return dataset.spec.of_tensors(made.outputs)


AUTOTUNE = -1
