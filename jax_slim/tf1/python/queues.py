"""`tf.FIFOQueue` and its kin: queues that threads fill and empty."""

from typing import Any

from jax_slim.tf1.graph import building, conversion, dtypes, graphs, shapes
from jax_slim.tf1.graph.tensors import Operation, Tensor
from jax_slim.tf1.python import random


class QueueBase:
    """What queues share. Made by their own classes; `from_list` chooses one of several."""

    def __init__(self, types: Any, element_shapes: Any, names: Any, queue_ref: Tensor) -> None:
        self._dtypes, self._queue_ref = types, queue_ref
        if element_shapes is not None:
            if len(element_shapes) != len(types):
                raise ValueError(
                    f"Queue shapes must have the same length as dtypes, got {len(element_shapes)} shapes, {len(types)} dtypes"
                )
            self._shapes = [shapes.as_shape(s) for s in element_shapes]
        else:
            self._shapes = [shapes.unknown_shape() for _ in types]
        if names is not None and len(names) != len(types):
            raise ValueError(
                f"Queue names must have the same length as the queue, got {names} names for {len(types)} dtypes"
            )
        self._names = names
        self._name = queue_ref.op.name.rpartition("/")[2]

    queue_ref = property(lambda self: self._queue_ref)
    name = property(lambda self: self._queue_ref.op.name)
    dtypes = property(lambda self: self._dtypes)
    shapes = property(lambda self: self._shapes)
    names = property(lambda self: self._names)

    @staticmethod
    def from_list(index: Any, queues: list[Any]) -> Any:
        """The queue of that number.

        Raises:
          TypeError: what is given are no queues.
        """
        if not queues or not all(isinstance(q, QueueBase) for q in queues):
            raise TypeError("A list of queues expected")
        from jax_slim.tf1.graph import known_values

        chosen = known_values.constant_value(conversion.convert_to_tensor(index))
        if chosen is None:
            raise ValueError("QueueBase.from_list: index must be known while the graph is built.")
        return queues[int(chosen)]

    def _components(self, vals: Any) -> list[Tensor]:
        if isinstance(vals, dict):
            if not self._names:
                raise ValueError("Queue must have names to enqueue a dictionary")
            if sorted(self._names) != sorted(vals):
                raise ValueError(
                    f"Keys in dictionary to enqueue do not match names of Queue.  Dictionary: ({sorted(vals)}), Queue: ({sorted(self._names)})"
                )
            vals = [vals[n] for n in self._names]
        else:
            if self._names:
                raise ValueError("You must enqueue a dictionary in a Queue with names")
            if not isinstance(vals, list | tuple):
                vals = [vals]
        if len(vals) != len(self._dtypes):
            raise ValueError(f"Enqueue: the queue has {len(self._dtypes)} components, got {len(vals)} values.")
        return [
            conversion.convert_to_tensor(v, d, f"component_{i}")
            for i, (v, d) in enumerate(zip(vals, self._dtypes, strict=True))
        ]

    def _result(self, tensors: Any) -> Any:
        tensors = tensors if isinstance(tensors, list) else [tensors]
        if self._names:
            return dict(zip(self._names, tensors, strict=True))
        return tensors[0] if len(tensors) == 1 else tensors

    def enqueue(self, vals: Any, name: str | None = None) -> Operation:
        """Adds one element when it runs; it waits while the queue is full."""
        given = list(vals.values()) if isinstance(vals, dict) else vals if isinstance(vals, list | tuple) else [vals]
        with graphs.name_scope(name, f"{self._name}_enqueue", given) as scope:
            tensors = self._components(vals)
            for tensor, shape in zip(tensors, self._shapes, strict=True):
                tensor.shape.assert_is_compatible_with(shape)
            return building.make("QueueEnqueueV2", self._queue_ref, tensors, name=scope)

    def enqueue_many(self, vals: Any, name: str | None = None) -> Operation:
        """Adds the rows of the values when it runs."""
        given = list(vals.values()) if isinstance(vals, dict) else vals if isinstance(vals, list | tuple) else [vals]
        with graphs.name_scope(name, f"{self._name}_EnqueueMany", given) as scope:
            tensors = self._components(vals)
            rows_ = tensors[0].shape.with_rank_at_least(1)[0]
            for tensor, shape in zip(tensors, self._shapes, strict=True):
                rows_ = rows_.merge_with(tensor.shape.with_rank_at_least(1)[0])
                if tensor.shape.ndims is not None:
                    tensor.shape[1:].assert_is_compatible_with(shape)
            return building.make("QueueEnqueueManyV2", self._queue_ref, tensors, name=scope)

    def _dequeued(self, tensors: Any) -> Any:
        return self._result(list(tensors) if isinstance(tensors, list | tuple) else tensors)

    def dequeue(self, name: str | None = None) -> Any:
        """Takes one element; it waits while the queue is empty."""
        made = building.make(
            "QueueDequeueV2", self._queue_ref, component_types=self._dtypes, name=name or f"{self._name}_Dequeue"
        )
        return self._dequeued(made)

    def dequeue_many(self, n: Any, name: str | None = None) -> Any:
        """Takes n elements, stacked."""
        made = building.make(
            "QueueDequeueManyV2",
            self._queue_ref,
            n,
            component_types=self._dtypes,
            name=name or f"{self._name}_DequeueMany",
        )
        return self._dequeued(made)

    def dequeue_up_to(self, n: Any, name: str | None = None) -> Any:
        """Takes n elements, or those that a closed queue has left, stacked."""
        made = building.make(
            "QueueDequeueUpToV2",
            self._queue_ref,
            n,
            component_types=self._dtypes,
            name=name or f"{self._name}_DequeueUpTo",
        )
        return self._dequeued(made)

    def close(self, cancel_pending_enqueues: bool = False, name: str | None = None) -> Operation:
        """Lets nothing more in when it runs."""
        return building.make(
            "QueueCloseV2",
            self._queue_ref,
            cancel_pending_enqueues=cancel_pending_enqueues,
            name=name or f"{self._name}_Close",
        )

    def is_closed(self, name: str | None = None) -> Tensor:
        return building.make("QueueIsClosedV2", self._queue_ref, name=name or f"{self._name}_Is_Closed")

    def size(self, name: str | None = None) -> Tensor:
        """How many elements there are."""
        return building.make("QueueSizeV2", self._queue_ref, name=name or f"{self._name}_Size")


def _types(types: Any) -> list[Any]:
    return [dtypes.as_dtype(t) for t in (types if isinstance(types, list | tuple) else [types])]


def _shape_list(given: Any, partial: bool = False) -> Any:
    """The shapes of a queue's components. One shape alone is that of its one component; `partial` ones may have unknown sizes."""
    if partial and (
        not isinstance(given, list | tuple) or not given or any(s is None or isinstance(s, int) for s in given)
    ):
        raise ValueError("When providing partial shapes, a list of shapes must be provided.")
    if given is None:
        return None
    if isinstance(given, shapes.TensorShape):
        given = [given]
    if not isinstance(given, list | tuple):
        raise TypeError("shapes must be a TensorShape or a list or tuple of TensorShapes.")
    if all(s is None or isinstance(s, int) for s in given):
        given = [given]
    found = [shapes.as_shape(s) for s in given]
    if not partial and not all(s.is_fully_defined() for s in found):
        raise ValueError(f"All shapes must be fully defined: {found}")
    if any(s.ndims is None for s in found):
        raise ValueError(f"All shapes must have a defined rank: {found}")
    return found


class FIFOQueue(QueueBase):
    """A queue that gives its elements in the order in which they came."""

    _type, _default, _partial = "FIFOQueueV2", "fifo_queue", False

    def __init__(
        self,
        capacity: int,
        dtypes: Any,
        shapes: Any = None,
        names: Any = None,
        shared_name: str | None = None,
        name: str | None = None,
    ) -> None:
        types = _types(dtypes)
        known = _shape_list(shapes, partial=self._partial)
        names = [names] if isinstance(names, str) else names
        ref = building.make(
            self._type,
            component_types=types,
            shapes=known or [],
            capacity=capacity,
            shared_name=shared_name or "",
            name=name or self._default,
        )
        super().__init__(types, known, names, ref)


class PaddingFIFOQueue(FIFOQueue):
    """A queue whose elements may differ in the sizes that are None in `shapes`; `dequeue_many` pads them with zeros."""

    _type, _default, _partial = "PaddingFIFOQueueV2", "padding_fifo_queue", True

    def __init__(
        self,
        capacity: int,
        dtypes: Any,
        shapes: Any,
        names: Any = None,
        shared_name: str | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(capacity, dtypes, shapes, names, shared_name, name)


class RandomShuffleQueue(QueueBase):
    """A queue that gives its elements in random order and keeps `min_after_dequeue` of them until it is closed."""

    def __init__(
        self,
        capacity: int,
        min_after_dequeue: int,
        dtypes: Any,
        shapes: Any = None,
        names: Any = None,
        seed: int | None = None,
        shared_name: str | None = None,
        name: str | None = None,
    ) -> None:
        types = _types(dtypes)
        known = _shape_list(shapes)
        names = [names] if isinstance(names, str) else names
        first, second = random.get_seed(seed)
        ref = building.make(
            "RandomShuffleQueueV2", component_types=types, shapes=known or [], capacity=capacity, min_after_dequeue=min_after_dequeue, seed=first or 0,
            seed2=second or 0, shared_name=shared_name or "", name=name or "random_shuffle_queue",
        )  # fmt: skip
        super().__init__(types, known, names, ref)


class PriorityQueue(QueueBase):
    """A queue that gives the element with the smallest priority, its first component (int64), first."""

    def __init__(
        self,
        capacity: int,
        types: Any,
        shapes: Any = None,
        names: Any = None,
        shared_name: str | None = None,
        name: str = "priority_queue",
    ) -> None:
        kinds = _types(types)
        known = _shape_list(shapes)
        ref = building.make(
            "PriorityQueueV2",
            component_types=kinds,
            shapes=known or [],
            capacity=capacity,
            shared_name=shared_name or "",
            name=name,
        )
        super().__init__([dtypes.int64, *kinds], None if known is None else [(), *known], names, ref)
