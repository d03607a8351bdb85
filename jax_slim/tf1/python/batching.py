"""`tf.train.batch`, `shuffle_batch` and their kin: batches by queues that threads fill."""

from typing import Any

from jax_slim.tf1.graph import building, conversion, graphs, shapes
from jax_slim.tf1.graph.composites import SparseTensor
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import control_flow, math, queue_runners, queues, summary


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
    from jax_slim.tf1.python import sparse_texts

    found: list[Tensor] = []
    kinds: list[Any] = []
    for tensor in tensors:
        if isinstance(tensor, SparseTensor):
            kinds.append(tensor)
            found.append(
                (sparse_texts.serialize_many_sparse if enqueue_many else sparse_texts.serialize_sparse)(tensor)
            )
        else:
            kinds.append(None)
            found.append(conversion.convert_to_tensor(tensor))
    return found, kinds


def _restored(tensors: Any, kinds: list[Any], enqueue_many: bool) -> list[Any]:
    from jax_slim.tf1.python import sparse_texts

    tensors = tensors if isinstance(tensors, list) else [tensors]
    return [
        t
        if kind is None
        else sparse_texts.deserialize_many_sparse(
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
            from jax_slim.tf1.python import gathering

            return queue.enqueue_many([gathering.boolean_mask(t, mask) for t in lists])

        ops = [chosen(tensor_list)] * threads
    else:
        function = queue.enqueue_many if enqueue_many else queue.enqueue
        ops = [_conditional(keep_input, function, tensor_list)] * threads
    queue_runners.add_queue_runner(queue_runners.QueueRunner(queue, ops))


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
    queue_runners.add_queue_runner(
        queue_runners.QueueRunner(queue, [_conditional(keep_input, function, t) for t in tensor_lists])
    )


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
