"""Queues among threads: turns, and ends."""

import threading
import time

import numpy as np
import pytest

from jax_slim.tf1.graph import errors
from jax_slim.tf1.operations import queues


def fill(queue, value):
    """Enqueues until the queue is closed."""
    try:
        while True:
            queue.enqueue([[np.int32(value)]])
    except errors.CancelledError:
        pass


def until(condition):
    """Waits for what other threads do."""
    while not condition():
        time.sleep(0.001)


def test_threads_that_fill_take_turns_however_fast_one_is():
    queue = queues.Queue("q", 4, [np.int32], [[]])

    def all_wait():
        """Whether the queue is full and each thread is in line (again)."""
        with queue.changed:
            return len(queue.elements) == 4 and len(queue.filling) == len(threads)

    threads = []
    for value in (1, 2):
        threads.append(threading.Thread(target=fill, args=(queue, value), daemon=True))
        threads[-1].start()
        until(all_wait)
    taken = []
    for _ in range(12):
        taken += [int(element[0]) for element in queue.dequeue(1)]
        until(all_wait)
    assert taken == [1, 1, 1, 1] + [1, 2] * 4
    queue.close(cancel_pending=True)
    for thread in threads:
        thread.join()


def test_what_waits_for_room_comes_in_before_the_queue_is_closed():
    queue = queues.Queue("q", 1, [np.int32], [[]])
    queue.enqueue([[np.int32(1)]])
    threads = [
        threading.Thread(target=queue.enqueue, args=([[np.int32(2)], [np.int32(3)]],), daemon=True),
        threading.Thread(target=queue.close, args=(False,), daemon=True),
    ]
    for place, thread in enumerate(threads):
        thread.start()
        until(lambda place=place: len(queue.filling) == place + 1)
    assert not queue.closed
    assert [int(element[0]) for element in queue.dequeue(3)] == [1, 2, 3]
    for thread in threads:
        thread.join()
    assert queue.closed
    with pytest.raises(errors.CancelledError, match="is closed"):
        queue.enqueue([[np.int32(4)]])
    with pytest.raises(errors.CancelledError, match="is already closed"):
        queue.close(cancel_pending=False)


def test_only_what_fills_is_cancelled_with_the_queue():
    queue = queues.Queue("q", 1, [np.int32], [[]])
    thread = threading.Thread(target=fill, args=(queue, 5), daemon=True)
    thread.start()
    until(lambda: len(queue.filling) == 1 and len(queue.elements) == 1)
    for _ in range(2):
        queue.close(cancel_pending=True)
    thread.join()
    assert [int(element[0]) for element in queue.dequeue(1)] == [5]
    with pytest.raises(errors.OutOfRangeError, match="requested 1, current size 0"):
        queue.dequeue(1)


def test_threads_that_empty_are_served_as_they_came():
    queue = queues.Queue("q", 8, [np.int32], [[]])
    got = {}

    def take(name, count):
        got[name] = [int(element[0]) for element in queue.dequeue(count)]

    threads = []
    for name, count in (("first", 3), ("second", 1)):
        threads.append(threading.Thread(target=take, args=(name, count), daemon=True))
        threads[-1].start()
        until(lambda: len(queue.emptying) == len(threads))
    for value in range(4):
        queue.enqueue([[np.int32(value)]])
    for thread in threads:
        thread.join()
    assert got == {"first": [0, 1, 2], "second": [3]}


def test_who_waits_behind_another_is_told_of_the_end_too():
    queue = queues.Queue("q", 8, [np.int32], [[]])
    told = []

    def take():
        with pytest.raises(errors.OutOfRangeError):
            queue.dequeue(2)
        told.append(True)

    threads = [threading.Thread(target=take, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    until(lambda: len(queue.emptying) == 3)
    queue.close(cancel_pending=False)
    for thread in threads:
        thread.join()
    assert told == [True] * 3
