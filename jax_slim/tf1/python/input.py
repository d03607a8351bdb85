"""`tf.train.string_input_producer` and its kin: queues of names, numbers and slices that threads fill."""

from typing import Any

from jax_slim.tf1.graph import building, collections, conversion, dtypes, graphs, shapes
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import checks, math, queue_runners, queues, random, summary, variables


def match_filenames_once(pattern: Any, name: str | None = None) -> Any:
    """A local variable with the names of the files that match."""
    from jax_slim.tf1.python import files

    with graphs.name_scope(name, "matching_filenames", [pattern]) as scope:
        return variables.Variable(
            files.matching_files(pattern),
            trainable=False,
            validate_shape=False,
            name=scope[:-1].rpartition("/")[2],
            collections=[collections.GraphKeys.LOCAL_VARIABLES],
        )


def limit_epochs(tensor: Any, num_epochs: int | None = None, name: str | None = None) -> Any:
    """The tensor, so many times; then OutOfRangeError. The count is a local variable."""
    if num_epochs is None:
        return tensor
    if num_epochs <= 0:
        raise ValueError(f"num_epochs must be > 0 not {num_epochs}.")
    with graphs.name_scope(name, "limit_epochs", [tensor]) as scope:
        zero = conversion.constant(0, dtype=dtypes.int64)
        epochs = variables.Variable(
            zero, name="epochs", trainable=False, collections=[collections.GraphKeys.LOCAL_VARIABLES]
        )
        counter = epochs.count_up_to(num_epochs)
        with graphs.control_dependencies([counter]):
            return building.make("Identity", tensor, name=scope)


def input_producer(input_tensor: Any, element_shape: Any = None, num_epochs: int | None = None, shuffle: bool = True, seed: int | None = None, capacity: int = 32,
                   shared_name: str | None = None, summary_name: str | None = None, name: str | None = None, cancel_op: Any = None) -> Any:  # fmt: skip
    """A queue with the rows of a tensor, again and again, in random order each time.

    Raises:
      ValueError: the rows' shape is not known.
    """
    with graphs.name_scope(name, "input_producer", [input_tensor]):
        input_tensor = conversion.convert_to_tensor(input_tensor, name="input_tensor")
        element = (
            input_tensor.shape[1:].merge_with(element_shape)
            if input_tensor.shape.ndims is not None
            else shapes.as_shape(element_shape)
        )
        if not element.is_fully_defined():
            raise ValueError(
                "Either `input_tensor` must have a fully defined shape or `element_shape` must be specified"
            )
        if shuffle:
            input_tensor = random.random_shuffle(input_tensor, seed=seed)
        input_tensor = limit_epochs(input_tensor, num_epochs)
        queue = queues.FIFOQueue(
            capacity=capacity,
            dtypes=[input_tensor.dtype.base_dtype],
            shapes=[element],
            shared_name=shared_name,
            name=name,
        )
        enqueue = queue.enqueue_many([input_tensor])
        queue_runners.add_queue_runner(queue_runners.QueueRunner(queue, [enqueue], cancel_op=cancel_op))
        if summary_name is not None:
            summary.scalar(summary_name, math.to_float(queue.size()) * (1.0 / capacity))
        return queue


def string_input_producer(string_tensor: Any, num_epochs: int | None = None, shuffle: bool = True, seed: int | None = None, capacity: int = 32,
                          shared_name: str | None = None, name: str | None = None, cancel_op: Any = None) -> Any:  # fmt: skip
    """A queue with texts (file names), again and again, in random order each time.

    Raises:
      ValueError: there are none.
    """
    empty = "string_input_producer requires a non-null input tensor"
    if (
        not isinstance(string_tensor, Tensor)
        and not hasattr(string_tensor, "_as_graph_element")
        and not len(string_tensor)
    ):
        raise ValueError(empty)
    with graphs.name_scope(name, "input_producer", [string_tensor]) as scope:
        string_tensor = conversion.convert_to_tensor(string_tensor, dtype=dtypes.string)
        with graphs.control_dependencies(
            [checks.Assert(building.make("Greater", building.make("Size", string_tensor), 0), [empty])]
        ):
            string_tensor = building.make("Identity", string_tensor)
        return input_producer(
            input_tensor=string_tensor, element_shape=[], num_epochs=num_epochs, shuffle=shuffle, seed=seed, capacity=capacity, shared_name=shared_name,
            name=scope, summary_name=f"fraction_of_{capacity}_full", cancel_op=cancel_op,
        )  # fmt: skip


def range_input_producer(
    limit: Any,
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """A queue with the numbers from 0 below the limit, again and again."""
    with graphs.name_scope(name, "input_producer", [limit]) as scope:
        numbers = building.make("Range", 0, limit, 1, name="range")
        return input_producer(
            numbers,
            [],
            num_epochs,
            shuffle,
            seed,
            capacity,
            shared_name=shared_name,
            name=scope,
            summary_name=f"fraction_of_{capacity}_full",
        )


def slice_input_producer(
    tensor_list: Any,
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    shared_name: str | None = None,
    name: str | None = None,
) -> list[Tensor]:
    """The rows of tensors that belong together, one at a time."""
    with graphs.name_scope(name, "input_producer", tensor_list):
        if not tensor_list:
            raise ValueError("Expected at least one tensor in slice_input_producer().")
        tensors = [conversion.convert_to_tensor(t) for t in tensor_list]
        count = tensors[0].shape[0].value if tensors[0].shape.ndims is not None else None
        rows_ = (
            building.make(
                "StridedSlice",
                building.make("Shape", tensors[0], name="Shape"),
                [0],
                [1],
                [1],
                shrink_axis_mask=1,
                name="strided_slice",
            )
            if count is None
            else count
        )
        queue = range_input_producer(rows_, num_epochs, shuffle, seed, capacity, shared_name=shared_name)
        place = queue.dequeue()
        return [building.make("GatherV2", t, place, 0) for t in tensors]
