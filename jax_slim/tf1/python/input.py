"""`tf.train.batch`, `shuffle_batch`, `string_input_producer` and their kin: input by queues that threads fill."""

from typing import Any

from jax_slim.tf1.graph import building, collections, conversion, dtypes, graphs, shapes
from jax_slim.tf1.graph.composites import SparseTensor
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import checks, control_flow, math, queues, random, summary, variables


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
        queues.add_queue_runner(queues.QueueRunner(queue, [enqueue], cancel_op=cancel_op))
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


# Batching.


def _flattened(tensors: Any) -> tuple[list[Any], Any]:
    """(a list of tensors, what makes the structure of the batch of them)."""
    if isinstance(tensors, dict):
        keys = sorted(tensors)
        return [tensors[k] for k in keys], lambda found: dict(zip(keys, found, strict=True))
    if isinstance(tensors, tuple):
        return list(tensors), lambda found: found
    return list(tensors), lambda found: found


def _prepared(tensors: list[Any], enqueue_many: bool) -> tuple[list[Tensor], list[Any]]:
    """Tensors for a queue; sparse ones become text, and what makes them again is told."""
    from jax_slim.tf1.python import sparse

    found: list[Tensor] = []
    kinds: list[Any] = []
    for tensor in tensors:
        if isinstance(tensor, SparseTensor):
            kinds.append(tensor)
            found.append((sparse.serialize_many_sparse if enqueue_many else sparse.serialize_sparse)(tensor))
        else:
            kinds.append(None)
            found.append(conversion.convert_to_tensor(tensor))
    return found, kinds


def _restored(tensors: Any, kinds: list[Any], enqueue_many: bool) -> list[Any]:
    from jax_slim.tf1.python import sparse

    tensors = tensors if isinstance(tensors, list) else [tensors]
    return [
        t
        if kind is None
        else sparse.deserialize_many_sparse(
            t,
            dtype=kind.dtype,
            rank=(kind.get_shape().ndims or None) if not enqueue_many else (kind.get_shape().ndims or 1) - 1,
        )
        for t, kind in zip(tensors, kinds, strict=True)
    ]


def _shapes(tensor_lists: list[list[Tensor]], given: Any, enqueue_many: bool) -> list[Any]:
    if given is not None:
        return list(given)
    found = []
    for same in zip(*tensor_lists, strict=True):
        shape = same[0].shape
        for other in same[1:]:
            shape = shape.most_specific_compatible_shape(other.shape)
        found.append(shape.with_rank_at_least(1)[1:] if enqueue_many and shape.ndims is not None else shape)
    return found


def _conditional(keep_input: Any, enqueue: Any, lists: list[Tensor]) -> Any:
    def kept() -> Any:
        return enqueue(lists)

    decided = control_flow.smart_constant_value(keep_input)
    if decided is True:
        return kept()
    if decided is False:
        return control_flow.no_op()
    return control_flow.cond(keep_input, lambda: control_flow.group(kept()), control_flow.no_op)


def _enqueue(queue: Any, tensor_list: list[Tensor], threads: int, enqueue_many: bool, keep_input: Any) -> None:
    keep_many = (
        enqueue_many and getattr(conversion.convert_to_tensor(keep_input), "shape", shapes.TensorShape([])).ndims == 1
    )
    if keep_many:
        mask = keep_input

        def chosen(lists: list[Tensor]) -> Any:
            from jax_slim.tf1.python import array

            return queue.enqueue_many([array.boolean_mask(t, mask) for t in lists])

        ops = [chosen(tensor_list)] * threads
    else:
        function = queue.enqueue_many if enqueue_many else queue.enqueue
        ops = [_conditional(keep_input, function, tensor_list)] * threads
    queues.add_queue_runner(queues.QueueRunner(queue, ops))


def _batch(
    tensors: Any,
    batch_size: Any,
    keep_input: Any,
    num_threads: int,
    capacity: int,
    enqueue_many: bool,
    given: Any,
    dynamic_pad: bool,
    smaller: bool,
    shared_name: Any,
    name: str | None,
) -> Any:
    tensor_list, structure = _flattened(tensors)
    with graphs.name_scope(name, "batch", [*tensor_list, keep_input]) as scope:
        prepared, kinds = _prepared(tensor_list, enqueue_many)
        known = _shapes([prepared], given, enqueue_many)
        _check_shapes(known, dynamic_pad)
        kind = queues.PaddingFIFOQueue if dynamic_pad else queues.FIFOQueue
        queue = kind(
            capacity=capacity, dtypes=[t.dtype.base_dtype for t in prepared], shapes=known, shared_name=shared_name
        )
        _enqueue(queue, prepared, num_threads, enqueue_many, keep_input)
        summary.scalar(f"fraction_of_{capacity}_full", math.to_float(queue.size()) * (1.0 / capacity))
        found = queue.dequeue_up_to(batch_size, name=scope) if smaller else queue.dequeue_many(batch_size, name=scope)
        return _as(structure(_restored(found, kinds, enqueue_many)), tensors)


def _as(found: Any, tensors: Any) -> Any:
    return found if isinstance(tensors, dict) or len(tensors) > 1 else found[0] if isinstance(found, list) else found


def _check_shapes(known: list[Any], dynamic_pad: bool) -> None:
    for shape in known:
        shape = shapes.as_shape(shape)
        if not dynamic_pad and not shape.is_fully_defined():
            raise ValueError(f"All shapes must be fully defined: {[shapes.as_shape(s) for s in known]}")
        if dynamic_pad and shape.ndims is None:
            raise ValueError(f"All shapes must have a known rank: {[shapes.as_shape(s) for s in known]}")


def batch(tensors: Any, batch_size: Any, num_threads: int = 1, capacity: int = 32, enqueue_many: bool = False, shapes: Any = None, dynamic_pad: bool = False,
          allow_smaller_final_batch: bool = False, shared_name: str | None = None, name: str | None = None) -> Any:  # fmt: skip
    """Batches of tensors that are computed again and again by threads: a list (or dictionary) of tensors [batch_size, ...].

    Args:
      tensors: one example, or with `enqueue_many` several.
      dynamic_pad: pads what differs in sizes that are not known.
      allow_smaller_final_batch: gives what is left at the end of the input; the batch's size is not known then.

    Raises:
      ValueError: a shape is not known.
    """
    return _batch(
        tensors,
        batch_size,
        True,
        num_threads,
        capacity,
        enqueue_many,
        shapes,
        dynamic_pad,
        allow_smaller_final_batch,
        shared_name,
        name,
    )


def maybe_batch(tensors: Any, keep_input: Any, batch_size: Any, num_threads: int = 1, capacity: int = 32, enqueue_many: bool = False, shapes: Any = None,
                dynamic_pad: bool = False, allow_smaller_final_batch: bool = False, shared_name: str | None = None, name: str | None = None) -> Any:  # fmt: skip
    """`batch` of those examples for which `keep_input` holds."""
    return _batch(
        tensors,
        batch_size,
        keep_input,
        num_threads,
        capacity,
        enqueue_many,
        shapes,
        dynamic_pad,
        allow_smaller_final_batch,
        shared_name,
        name,
    )


def _batch_join(
    lists: Any,
    batch_size: Any,
    keep_input: Any,
    capacity: int,
    enqueue_many: bool,
    given: Any,
    dynamic_pad: bool,
    smaller: bool,
    shared_name: Any,
    name: str | None,
) -> Any:
    flat = [_flattened(t) for t in lists]
    structure = flat[0][1]
    with graphs.name_scope(name, "batch_join", [t for f in flat for t in f[0]]) as scope:
        prepared = [_prepared(f[0], enqueue_many) for f in flat]
        known = _shapes([p[0] for p in prepared], given, enqueue_many)
        _check_shapes(known, dynamic_pad)
        kind = queues.PaddingFIFOQueue if dynamic_pad else queues.FIFOQueue
        queue = kind(
            capacity=capacity,
            dtypes=[t.dtype.base_dtype for t in prepared[0][0]],
            shapes=known,
            shared_name=shared_name,
        )
        _enqueue_join(queue, [p[0] for p in prepared], enqueue_many, keep_input)
        summary.scalar(f"fraction_of_{capacity}_full", math.to_float(queue.size()) * (1.0 / capacity))
        found = queue.dequeue_up_to(batch_size, name=scope) if smaller else queue.dequeue_many(batch_size, name=scope)
        return _as(structure(_restored(found, prepared[0][1], enqueue_many)), lists[0])


def _enqueue_join(queue: Any, tensor_lists: list[list[Tensor]], enqueue_many: bool, keep_input: Any) -> None:
    function = queue.enqueue_many if enqueue_many else queue.enqueue
    queues.add_queue_runner(queues.QueueRunner(queue, [_conditional(keep_input, function, t) for t in tensor_lists]))


def batch_join(tensors_list: Any, batch_size: Any, capacity: int = 32, enqueue_many: bool = False, shapes: Any = None, dynamic_pad: bool = False,
               allow_smaller_final_batch: bool = False, shared_name: str | None = None, name: str | None = None) -> Any:  # fmt: skip
    """`batch` of several examples, each computed by a thread of its own."""
    return _batch_join(
        tensors_list,
        batch_size,
        True,
        capacity,
        enqueue_many,
        shapes,
        dynamic_pad,
        allow_smaller_final_batch,
        shared_name,
        name,
    )


def maybe_batch_join(tensors_list: Any, keep_input: Any, batch_size: Any, capacity: int = 32, enqueue_many: bool = False, shapes: Any = None, dynamic_pad: bool = False,
                     allow_smaller_final_batch: bool = False, shared_name: str | None = None, name: str | None = None) -> Any:  # fmt: skip
    """`batch_join` of those examples for which `keep_input` holds."""
    return _batch_join(
        tensors_list,
        batch_size,
        keep_input,
        capacity,
        enqueue_many,
        shapes,
        dynamic_pad,
        allow_smaller_final_batch,
        shared_name,
        name,
    )


def _shuffled(
    flat: list[Any],
    batch_size: Any,
    capacity: int,
    min_after: int,
    keep_input: Any,
    threads: int,
    seed: Any,
    enqueue_many: bool,
    given: Any,
    smaller: bool,
    shared_name: Any,
    scope: str,
) -> Any:
    prepared = [_prepared(f, enqueue_many) for f in flat]
    known = _shapes([p[0] for p in prepared], given, enqueue_many)
    _check_shapes(known, False)
    queue = queues.RandomShuffleQueue(
        capacity=capacity,
        min_after_dequeue=min_after,
        seed=seed,
        dtypes=[t.dtype.base_dtype for t in prepared[0][0]],
        shapes=known,
        shared_name=shared_name,
    )
    if len(flat) == 1:
        _enqueue(queue, prepared[0][0], threads, enqueue_many, keep_input)
    else:
        _enqueue_join(queue, [p[0] for p in prepared], enqueue_many, keep_input)
    full = math.to_float(building.make("Maximum", 0, building.make("Sub", queue.size(), min_after, name="sub"))) * (
        1.0 / (capacity - min_after)
    )
    summary.scalar(f"fraction_over_{min_after}_of_{capacity - min_after}_full", full)
    found = queue.dequeue_up_to(batch_size, name=scope) if smaller else queue.dequeue_many(batch_size, name=scope)
    return _restored(found, prepared[0][1], enqueue_many)


def shuffle_batch(tensors: Any, batch_size: Any, capacity: int, min_after_dequeue: int, num_threads: int = 1, seed: int | None = None, enqueue_many: bool = False,
                  shapes: Any = None, allow_smaller_final_batch: bool = False, shared_name: str | None = None, name: str | None = None) -> Any:  # fmt: skip
    """`batch` of examples in random order, chosen among at least `min_after_dequeue`."""
    return maybe_shuffle_batch(
        tensors,
        batch_size,
        capacity,
        min_after_dequeue,
        True,
        num_threads,
        seed,
        enqueue_many,
        shapes,
        allow_smaller_final_batch,
        shared_name,
        name,
    )


def maybe_shuffle_batch(tensors: Any, batch_size: Any, capacity: int, min_after_dequeue: int, keep_input: Any, num_threads: int = 1, seed: int | None = None,
                        enqueue_many: bool = False, shapes: Any = None, allow_smaller_final_batch: bool = False, shared_name: str | None = None, name: str | None = None) -> Any:  # fmt: skip
    """`shuffle_batch` of those examples for which `keep_input` holds."""
    flat, structure = _flattened(tensors)
    with graphs.name_scope(name, "shuffle_batch", [*flat, keep_input]) as scope:
        found = _shuffled(
            [flat],
            batch_size,
            capacity,
            min_after_dequeue,
            keep_input,
            num_threads,
            seed,
            enqueue_many,
            shapes,
            allow_smaller_final_batch,
            shared_name,
            scope,
        )
        return _as(structure(found), tensors)


def shuffle_batch_join(tensors_list: Any, batch_size: Any, capacity: int, min_after_dequeue: int, seed: int | None = None, enqueue_many: bool = False, shapes: Any = None,
                       allow_smaller_final_batch: bool = False, shared_name: str | None = None, name: str | None = None) -> Any:  # fmt: skip
    """`shuffle_batch` of several examples, each computed by a thread of its own."""
    return maybe_shuffle_batch_join(
        tensors_list,
        batch_size,
        capacity,
        min_after_dequeue,
        True,
        seed,
        enqueue_many,
        shapes,
        allow_smaller_final_batch,
        shared_name,
        name,
    )


def maybe_shuffle_batch_join(tensors_list: Any, batch_size: Any, capacity: int, min_after_dequeue: int, keep_input: Any, seed: int | None = None, enqueue_many: bool = False,
                             shapes: Any = None, allow_smaller_final_batch: bool = False, shared_name: str | None = None, name: str | None = None) -> Any:  # fmt: skip
    """`shuffle_batch_join` of those examples for which `keep_input` holds."""
    flat = [_flattened(t) for t in tensors_list]
    with graphs.name_scope(name, "shuffle_batch_join", [t for f in flat for t in f[0]]) as scope:
        found = _shuffled(
            [f[0] for f in flat],
            batch_size,
            capacity,
            min_after_dequeue,
            keep_input,
            1,
            seed,
            enqueue_many,
            shapes,
            allow_smaller_final_batch,
            shared_name,
            scope,
        )
        return _as(flat[0][1](found), tensors_list[0])
