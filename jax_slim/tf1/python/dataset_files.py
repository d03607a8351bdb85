"""Data sets of files, and the transformations of `tf.data.experimental` and `tf.contrib.data`."""

from collections.abc import Callable
from typing import Any

from jax_slim.tf1.graph import building, conversion, dtypes, shapes
from jax_slim.tf1.python.dataset import Dataset, _int64, _seeds
from jax_slim.tf1.python.elements import Leaf, Spec

_TEXT = Spec(Leaf((dtypes.string, shapes.TensorShape([]))))


def _filenames(filenames: Any) -> Any:
    if isinstance(filenames, Dataset):
        raise TypeError(
            "The file names must be texts or a tensor of them; of a data set of names use `flat_map` or `interleave`."
        )
    return conversion.convert_to_tensor(filenames, dtypes.string, name="filenames")


class TextLineDataset(Dataset):
    """The lines of text files."""

    def __init__(
        self, filenames: Any, compression_type: Any = None, buffer_size: Any = None, num_parallel_reads: Any = None
    ) -> None:
        super().__init__(
            building.make(
                "TextLineDataset",
                _filenames(filenames),
                compression_type or "",
                _int64(buffer_size or 262144, "buffer_size"),
            ),
            _TEXT,
        )


class TFRecordDataset(Dataset):
    """The records of TFRecord files."""

    def __init__(
        self, filenames: Any, compression_type: Any = None, buffer_size: Any = None, num_parallel_reads: Any = None
    ) -> None:
        if isinstance(filenames, Dataset):
            made = filenames.flat_map(lambda name: TFRecordDataset(name, compression_type, buffer_size))
            super().__init__(made._variant_tensor, made.spec)
            return
        super().__init__(
            building.make(
                "TFRecordDataset",
                _filenames(filenames),
                compression_type or "",
                _int64(buffer_size or 262144, "buffer_size"),
            ),
            _TEXT,
        )


class FixedLengthRecordDataset(Dataset):
    """Pieces of files, `record_bytes` each."""

    def __init__(
        self,
        filenames: Any,
        record_bytes: Any,
        header_bytes: Any = None,
        footer_bytes: Any = None,
        buffer_size: Any = None,
        compression_type: Any = None,
        num_parallel_reads: Any = None,
    ) -> None:
        made = building.make(
            "FixedLengthRecordDataset", _filenames(filenames), _int64(header_bytes or 0, "header_bytes"), _int64(record_bytes, "record_bytes"),
            _int64(footer_bytes or 0, "footer_bytes"), _int64(buffer_size or 262144, "buffer_size"),
        )  # fmt: skip
        super().__init__(made, _TEXT)


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
    from jax_slim.tf1.python import math

    return Dataset.range(start, (1 << 62) * (1 if step > 0 else -1), step).map(lambda i: math.cast(i, dtype))


AUTOTUNE = -1
