"""Queues: bounded lists that threads fill and empty while a graph runs."""

import collections
import contextlib
import heapq
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from jax_slim.tf1.graph import errors, rows, shapes


class Queue:
    """Elements, each a list of arrays, first in first out. `min_after` elements stay behind until the queue is closed."""

    kind = "FIFOQueue"

    def __init__(self, name: str, capacity: int, dtypes: Any, element_shapes: Any, min_after: int = 0) -> None:
        self.name, self.capacity = name, (1 << 62) if capacity < 0 else capacity
        self.dtypes, self.shapes, self.min_after = dtypes, element_shapes, min_after
        self.changed = threading.Condition()
        # Calls that fill or empty take turns as they came, as in TensorFlow: a thread that is fast starves no other.
        self.filling: collections.deque[object] = collections.deque()
        self.emptying: collections.deque[object] = collections.deque()
        self.closed = self.ended = False
        self._cancellations = 0  # how often those that waited to fill were sent away
        self._start()

    def _start(self) -> None:
        self.elements: Any = collections.deque()

    def put(self, element: list[Any]) -> None:
        self.elements.append(element)

    def take(self) -> list[Any]:
        return self.elements.popleft()

    @contextlib.contextmanager
    def _turn(self, line: "collections.deque[object]") -> Iterator[Callable[[], bool]]:
        """Stands in line; gives a function that says whether those before are done."""
        ticket = object()
        line.append(ticket)
        try:
            yield lambda: line[0] is ticket
        finally:
            line.remove(ticket)
            self.changed.notify_all()

    def enqueue(self, elements: list[list[Any]]) -> None:
        """Adds elements, waiting while there is no room.

        Raises:
          CancelledError: the queue is closed, or its session.
        """
        with self.changed, self._turn(self.filling) as is_next:
            began = self._cancellations
            for element in elements:
                self.changed.wait_for(
                    lambda: (
                        self.ended
                        or self._cancellations != began
                        or (is_next() and (self.closed or len(self.elements) < self.capacity))
                    )
                )
                if self.ended or self._cancellations != began:
                    raise errors.CancelledError(None, None, "Enqueue operation was cancelled")
                if self.closed:
                    raise errors.CancelledError(None, None, f"{self.kind} '{self.name}' is closed.")
                self.put(element)
                self.changed.notify_all()

    def dequeue(self, count: int, fewer: bool = False) -> list[list[Any]]:
        """Takes `count` elements, waiting for them; with `fewer`, those that are left when the queue is closed.

        Raises:
          OutOfRangeError: the queue is closed and has not got as many.
          CancelledError: the session is closed.
        """
        found: list[list[Any]] = []
        with self.changed, self._turn(self.emptying) as is_next:
            while True:
                self.changed.wait_for(lambda: self.ended or is_next())
                if self.ended:
                    raise errors.CancelledError(None, None, "Dequeue operation was cancelled")
                left = 0 if self.closed else self.min_after
                # With a capacity below `count`, elements are taken as they come.
                ready = len(self.elements) - left >= min(count - len(found), max(self.capacity - left, 1))
                if ready or (self.closed and fewer and self.elements):
                    while len(found) < count and len(self.elements) > left:
                        found.append(self.take())
                    self.changed.notify_all()
                    if len(found) == count:
                        return found
                    continue
                if self.closed:
                    if fewer and found:
                        return found
                    size = len(self.elements) + len(found)
                    for element in reversed(found):
                        self.elements.appendleft(element) if hasattr(self.elements, "appendleft") else self.put(element)
                    raise errors.OutOfRangeError(
                        None,
                        None,
                        f"{self.kind} '_{self.name}' is closed and has insufficient elements (requested {count}, current size {size})",
                    )
                self.changed.wait()

    def close(self, cancel_pending: bool) -> None:
        """Lets nothing more in, after what waits for room now; with `cancel_pending` at once, and what waits is sent away.

        Raises:
          CancelledError: it is closed already (with `cancel_pending` it may be), or its session.
        """
        with self.changed:
            if cancel_pending:
                self.closed = True
                self._cancellations += 1
                self.changed.notify_all()
                return
            with self._turn(self.filling) as is_next:
                began = self._cancellations
                self.changed.wait_for(lambda: self.ended or self._cancellations != began or is_next())
                if self.ended or self._cancellations != began:
                    raise errors.CancelledError(None, None, "Enqueue operation was cancelled")
                if self.closed:
                    raise errors.CancelledError(None, None, f"Queue '{self.name}' is already closed.")
                self.closed = True

    def cancel(self) -> None:
        """Ends everything that waits: the session is closed."""
        with self.changed:
            self.ended = self.closed = True
            self.changed.notify_all()


class ShuffleQueue(Queue):
    """Gives its elements in random order."""

    kind = "RandomShuffleQueue"

    def __init__(self, *args: Any, seed: Any = None, **kwargs: Any) -> None:
        self._random = np.random.default_rng(seed)
        super().__init__(*args, **kwargs)

    def _start(self) -> None:
        self.elements = []

    def take(self) -> list[Any]:
        place = int(self._random.integers(len(self.elements)))
        self.elements[place], self.elements[-1] = self.elements[-1], self.elements[place]
        return self.elements.pop()


class PriorityQueue(Queue):
    """Gives the element with the smallest first component first."""

    kind = "PriorityQueue"

    def _start(self) -> None:
        self.elements, self._count = [], 0

    def put(self, element: list[Any]) -> None:
        self._count += 1
        heapq.heappush(self.elements, (int(element[0]), self._count, element))

    def take(self) -> list[Any]:
        return heapq.heappop(self.elements)[2]


def resource(run: Any, op: Any, make: Any) -> Any:
    """The session's resource of an operation (by its shared name), made at the first use.

    Raises:
      CancelledError: the session was closed by another thread.
    """
    shared = (op.attrs.get("shared_name") or b"").decode()
    key = (op.type, shared or op.name)
    with run.session.lock:
        if run.session._closed:
            raise errors.CancelledError(None, None, "Session has been closed.")
        found = run.session.resources.get(key)
        if found is None:
            found = run.session.resources[key] = make()
    return found


def _handle(op: Any) -> Any:
    return [shapes.TensorShape([])]


def _queue_row(op_type: str, make: Any) -> None:
    def compute(run: Any, op: Any) -> Any:
        return resource(run, op, lambda: make(op))

    compute.__doc__ = f"The queue of a {op_type}."
    rows.row(op_type, op_type.removesuffix("V2"), host=True, context=True, shape=_handle, gradient=rows.NONE)(compute)


def _facts(op: Any) -> tuple[Any, ...]:
    return op.name, op.attrs["capacity"], op.attrs["component_types"], op.attrs["shapes"]


def _seed(op: Any) -> Any:
    pair = (op.attrs.get("seed", 0), op.attrs.get("seed2", 0))
    return None if pair == (0, 0) else [abs(p) for p in pair]


_queue_row("FIFOQueueV2", lambda op: Queue(*_facts(op)))
_queue_row("PaddingFIFOQueueV2", lambda op: Queue(*_facts(op)))
_queue_row(
    "RandomShuffleQueueV2",
    lambda op: ShuffleQueue(*_facts(op), min_after=op.attrs["min_after_dequeue"], seed=_seed(op)),
)
_queue_row(
    "PriorityQueueV2",
    lambda op: PriorityQueue(op.name, op.attrs["capacity"], op.attrs["component_types"], op.attrs["shapes"]),
)


@rows.row("QueueEnqueueV2", "QueueEnqueue", host=True, shape=lambda op: [])
def enqueue(handle: Queue, components: list[Any]) -> tuple[()]:
    """Adds one element."""
    _check_shapes(handle, components)
    handle.enqueue([list(components)])
    return ()


@rows.row("QueueEnqueueManyV2", "QueueEnqueueMany", host=True, shape=lambda op: [])
def enqueue_many(handle: Queue, components: list[Any]) -> tuple[()]:
    """Adds the rows of the components."""
    count = len(components[0])
    if any(len(c) != count for c in components):
        raise errors.InvalidArgumentError(
            None,
            None,
            f"The components of enqueue_many must have as many rows each, got {[len(c) for c in components]}.",
        )
    handle.enqueue(
        [[np.asarray(c[i]) if not isinstance(c[i], bytes) else _text(c[i]) for c in components] for i in range(count)]
    )
    return ()


def _text(value: bytes) -> np.ndarray:
    result = np.empty((), object)
    result[()] = value
    return result


def _check_shapes(queue: Queue, components: list[Any]) -> None:
    for place, (value, shape) in enumerate(zip(components, queue.shapes, strict=False)):
        if not shape.is_compatible_with(np.shape(value)):
            raise errors.InvalidArgumentError(
                None,
                None,
                f"Shape mismatch in tuple component {place}. Expected {list(shape.as_list())}, got {list(np.shape(value))}",
            )


def queue_shapes(tensor: Any) -> Any:
    """The shapes of a queue's components, found in the graph."""
    op = tensor.op
    while op.type in ("Identity", "Switch", "Enter"):
        op = op._inputs[0].op
    found = list(op.attrs.get("shapes") or [])
    if op.type.startswith("PriorityQueue"):
        found = [shapes.TensorShape([]), *found]
    return found


def _one(op: Any) -> Any:
    return queue_shapes(op._inputs[0]) or [shapes.unknown_shape() for _ in op.outputs]


def _many(op: Any) -> Any:
    from jax_slim.tf1.graph import known_values

    count = known_values.constant_value(op._inputs[1]) if "UpTo" not in op.type else None
    found = queue_shapes(op._inputs[0])
    if not found:
        return [shapes.unknown_shape() for _ in op.outputs]
    return [shapes.TensorShape([None if count is None else int(count)]).concatenate(s) for s in found]


@rows.row("QueueDequeueV2", "QueueDequeue", host=True, shape=_one)
def dequeue(handle: Queue) -> list[Any]:
    """Takes one element."""
    return handle.dequeue(1)[0]


@rows.row("QueueDequeueManyV2", "QueueDequeueMany", host=True, shape=_many)
def dequeue_many(handle: Queue, n: Any) -> list[Any]:
    """Takes n elements, stacked."""
    return _stacked(handle, handle.dequeue(int(n)))


@rows.row("QueueDequeueUpToV2", "QueueDequeueUpTo", host=True, shape=_many)
def dequeue_up_to(handle: Queue, n: Any) -> list[Any]:
    """Takes n elements, or what is left of a closed queue, stacked."""
    return _stacked(handle, handle.dequeue(int(n), fewer=True))


def _stacked(queue: Queue, elements: list[list[Any]]) -> list[Any]:
    if not elements:
        return [np.zeros((0, *s.as_list()), k.as_numpy_dtype) for s, k in zip(queue.shapes, queue.dtypes, strict=True)]
    return [_padded([np.asarray(e[i]) for e in elements]) for i in range(len(elements[0]))]


def _padded(values: list[Any]) -> Any:
    if len({v.shape for v in values}) == 1:
        return np.stack(values)
    sizes = tuple(max(v.shape[axis] for v in values) for axis in range(values[0].ndim))
    result = np.zeros((len(values), *sizes), values[0].dtype)
    if values[0].dtype == object:
        result.fill(b"")
    for place, value in enumerate(values):
        result[(place, *(slice(0, s) for s in value.shape))] = value
    return result


@rows.row("QueueSizeV2", "QueueSize", host=True, shape=lambda op: [shapes.TensorShape([])])
def size(handle: Queue) -> Any:
    """How many elements there are."""
    return np.int32(len(handle.elements)).reshape(())


@rows.row("QueueIsClosedV2", "QueueIsClosed", host=True, shape=lambda op: [shapes.TensorShape([])])
def is_closed(handle: Queue) -> Any:
    """Whether the queue is closed."""
    return np.asarray(handle.closed)


@rows.row("QueueCloseV2", "QueueClose", host=True, shape=lambda op: [])
def close(handle: Queue, *, cancel_pending_enqueues: bool = False) -> tuple[()]:
    """Lets nothing more in; what is there can still be taken."""
    handle.close(cancel_pending_enqueues)
    return ()
