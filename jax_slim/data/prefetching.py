"""Work ahead: the next batches are made and placed by a thread while the current one is used."""

import collections
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

# How long closing waits for the thread. It ends with the batch it is making, and an interpreter that ends before it may
# crash in the thread; a source that hangs must not hang us too.
_CLOSING_SECONDS = 10.0


def prefetch(source: Iterable[Any], size: int = 2, place: Callable[[Any], Any] | None = None) -> "Prefetched":
    """Pulls batches from `source` ahead of their use, in a background thread.

        with prefetch(batches, place=lambda batch: jax.device_put(batch, sharding)) as ready:
            for batch, state in ready:        # state: what to save with the results of this batch
                ...

    Each item comes with the state of the source right after it was pulled: save that one with a checkpoint, not what
    the source says by then, since it is some batches ahead.

    Args:
      source: any iterable: a list, a generator, `Batches`, a grain or PyTorch loader. Only the thread touches it from
        now on. Where its iterator has a method `get_state`, that is called after each batch and must return a snapshot.
      size: how many batches to have ready beside the one in use.
      place: batch -> batch, called in the thread: to copy to a device, say. None leaves batches as they are.

    Returns:
      An iterator over (batch, state after it); state is None without `get_state`. An exception of `source` or `place`
      comes up after the batches before it, with its traceback. It is a context manager and has `close()`; an
      iterator that is simply dropped ends its thread as well.

    Raises:
      ValueError: `size` is below 1.
      TypeError: `source` is not iterable.
    """
    if size < 1:
        raise ValueError(f"prefetch: size must be at least 1, got {size}.")
    return Prefetched(_iterator("prefetch", source), size, place)


def resume(source: Iterable[Any], state: Any, step: int) -> Iterator[Any]:
    """Brings `source` to where it stood after `step` batches.

        batches = resume(Batches(arrays, 32, seed=7), saved["data"], step=1000)     # goes on with batch 1000

    A source whose iterator has `set_state` is given `state`, at no cost. Any other, or any when `state` is None, is
    read and `step` batches are thrown away: right only when it yields the same ones in every run.

    Args:
      source: any iterable.
      state: what `get_state` (or `prefetch`) gave after those batches, or None.
      step: how many batches were used.

    Returns:
      The iterator of `source`, moved: iterate over this, not over `source`.

    Raises:
      ValueError: `source` ends before `step` batches, or refuses the state.
      TypeError: `source` is not iterable.
    """
    iterator = _iterator("resume", source)
    if state is not None and hasattr(iterator, "set_state"):
        iterator.set_state(state)  # pyright: ignore[reportAttributeAccessIssue]
        return iterator
    for done in range(step):
        try:
            next(iterator)
        except StopIteration:
            raise ValueError(
                f"resume: source must yield at least the {step} batches that were used already, got {done}. "
                "Pass the data that the run began with, or start a new run."
            ) from None
    return iterator


def refuse_no_batches(function: str, batches: Any, argument: str = "batches") -> None:
    """Refuses what people pass for batches and what is none, before it is iterated over: a dict gives its keys.

    Raises:
      TypeError: `batches` is a function, one batch, a text, or not iterable at all.
    """
    must = f"{function}: {argument} must be an iterable of batches"
    if isinstance(batches, Mapping):
        keys = ", ".join(map(repr, list(batches)[:5]))
        raise TypeError(
            f"{must}, got one dict, with {keys or 'nothing'} in it. Cut it into batches: slim.data.Batches(it, 32)."
        )
    if isinstance(batches, str | bytes):
        raise TypeError(f"{must}, got the text {batches!r:.60}.")
    if callable(batches) and not hasattr(batches, "__iter__"):
        name = getattr(batches, "__name__", type(batches).__name__)
        raise TypeError(f"{must}, got the function {name!r}. Call it: {name}().")
    if not (hasattr(batches, "__iter__") or hasattr(batches, "__getitem__")):
        raise TypeError(f"{must}, got {type(batches).__name__}.")


class Prefetched(Iterator[tuple[Any, Any]]):
    """What `prefetch` returns: an iterator over (batch, state after it), with `close()`."""

    def __init__(self, iterator: Iterator[Any], size: int, place: Callable[[Any], Any] | None):
        # The thread knows the buffer, not this object: so this can be collected, and that ends the thread. At exit too:
        # a thread that still copies to a device while the interpreter is taken down would crash it.
        self._buffer = _Buffer(size)
        self._thread = threading.Thread(
            target=_fill, args=(self._buffer, iterator, place), name="jax_slim.data.prefetch", daemon=True
        )
        self._thread.start()
        self._finalizer = weakref.finalize(self, _close, self._buffer, self._thread)

    def __next__(self) -> tuple[Any, Any]:
        return self._buffer.take()

    def __enter__(self) -> "Prefetched":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the thread and drops what it had ready. Nothing comes after it; calling it again does nothing."""
        self._finalizer()


class _Buffer:
    """The finished items between the thread and its reader, at most `size`, then how it ended."""

    def __init__(self, size: int):
        self._size = size
        self._items: collections.deque[tuple[Any, Any]] = collections.deque()
        self._ended = False
        self._failure: BaseException | None = None
        self._closed = False
        # Its lock is re-entrant: a collection may call `close` in the very thread that holds it.
        self._changed = threading.Condition()

    def wait_for_room(self) -> bool:
        """Waits until one more item may be made; False when nobody wants it any more."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._items) < self._size)  # closing empties it
            return not self._closed

    def put(self, item: tuple[Any, Any]) -> None:
        with self._changed:
            if not self._closed:
                self._items.append(item)
            self._changed.notify_all()

    def end(self, failure: BaseException | None) -> None:
        with self._changed:
            self._ended, self._failure = True, failure
            self._changed.notify_all()

    def take(self) -> tuple[Any, Any]:
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._ended or self._closed)
            if self._items:
                self._changed.notify_all()
                return self._items.popleft()
            failure, self._failure = self._failure, None  # once: after an exception an iterator is at its end
        try:
            raise StopIteration if failure is None or self._closed else failure
        finally:
            del failure  # its traceback holds this frame: together they would keep each other alive

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._items.clear()
            self._changed.notify_all()


def _fill(buffer: _Buffer, iterator: Iterator[Any], place: Callable[[Any], Any] | None) -> None:
    """The thread: makes items while there is room, and hands whatever goes wrong to the reader."""
    failure: BaseException | None = None
    get_state = getattr(iterator, "get_state", None)
    try:
        while buffer.wait_for_room():
            try:
                batch = next(iterator)
            except StopIteration:
                break
            state = None if get_state is None else get_state()
            buffer.put((batch if place is None else place(batch), state))
            del batch, state  # or the thread would keep a used batch alive while it waits
    except StopIteration as error:
        # From `place` or `get_state`: passed on as it is, it would look like the end of the data.
        failure = RuntimeError("prefetch: place or get_state raised StopIteration.")
        failure.__cause__ = error
    except BaseException as error:
        failure = error
    buffer.end(failure)
    del failure  # as in `take`


def _close(buffer: _Buffer, thread: threading.Thread) -> None:
    buffer.close()
    if thread is not threading.current_thread():
        thread.join(_CLOSING_SECONDS)


def _iterator(function: str, source: Iterable[Any]) -> Iterator[Any]:
    try:
        return iter(source)
    except TypeError:
        kind = type(source).__name__
        raise TypeError(f"{function}: source must be an iterable of batches, got {kind}.") from None
