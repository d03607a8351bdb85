"""prefetch: order, states, failures in their place, prompt ends; resume for sources with and without states."""

import gc
import itertools
import threading
import traceback
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jax_slim.data import Batches, prefetch, resume

SECONDS = 20  # how long a test waits for what must happen: reached only by a failure


def threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("jax_slim.data")]


@pytest.fixture(autouse=True)
def no_thread_is_left(monkeypatch):
    monkeypatch.setattr("jax_slim.data.prefetching._CLOSING_SECONDS", SECONDS)  # of a busy machine
    assert not threads()
    yield
    for thread in threads():
        gc.collect()  # an iterator that a test has dropped
        thread.join(SECONDS)
    assert not threads()


class Loader:
    """As a PyTorch DataLoader: an iterable of which each iterator starts anew."""

    def __init__(self, count):
        self.count = count

    def __iter__(self):
        return iter(range(self.count))


@pytest.mark.parametrize("size", [1, 2, 5, 100])
@pytest.mark.parametrize("source", [lambda: list(range(7)), lambda: (n for n in range(7)), lambda: Loader(7)])
def test_yields_what_the_source_yields(source, size):
    assert list(prefetch(source(), size)) == [(n, None) for n in range(7)]


def test_an_empty_source_is_an_empty_iterator():
    assert list(prefetch([])) == []


def test_place_runs_in_the_thread():
    placed = list(prefetch([1, 2], place=lambda n: (n * 10, threading.current_thread().name)))
    assert placed == [((10, "jax_slim.data.prefetch"), None), ((20, "jax_slim.data.prefetch"), None)]


def arrays(examples=11):
    return {"i": np.arange(examples)}


@given(st.integers(1, 4), st.integers(0, 15), st.integers(0, 2**32))
def test_the_state_after_each_batch_resumes_right_behind_it(size, used, seed):
    def source():
        return Batches(arrays(), 3, seed=seed)

    with prefetch(source(), size) as ready:
        whole = list(itertools.islice(ready, 25))
    state = whole[used - 1][1] if used else source().get_state()
    with prefetch(resume(source(), state, used), size) as ready:
        rest = list(itertools.islice(ready, 25 - used))
    assert len(rest) == 25 - used
    for (batch, after), (expected, expected_after) in zip(rest, whole[used:], strict=True):
        np.testing.assert_array_equal(batch["i"], expected["i"])
        assert after == expected_after


def test_the_state_may_be_the_iterators_alone():
    class Dataset:
        def __iter__(self):
            return Batches(arrays(), 3, seed=1)

    assert [state["next_batch"] for _, state in itertools.islice(prefetch(Dataset()), 3)] == [1, 2, 3]


def test_at_most_size_batches_are_made_ahead():
    made = threading.Semaphore(0)
    count = itertools.count()

    def source():
        while True:
            yield next(count)
            made.release()  # reached when the next one is asked for

    with prefetch(source(), size=3) as ready:
        for _ in range(2):
            assert made.acquire(timeout=SECONDS)
        # The third is made and stays; no fourth is begun, however long we wait.
        assert not made.acquire(timeout=0.2)
        assert next(ready) == (0, None)
        assert made.acquire(timeout=SECONDS)
        assert not made.acquire(timeout=0.2)


def broken_reader():
    yield 0
    yield 1
    raise OSError("record 2 is damaged")


@pytest.mark.parametrize("size", [1, 2, 9])
def test_a_failure_of_the_source_comes_in_its_place_with_its_traceback(size):
    ready = prefetch(broken_reader(), size)
    assert [next(ready)[0], next(ready)[0]] == [0, 1]
    with pytest.raises(OSError, match="record 2 is damaged") as caught:
        next(ready)
    assert "broken_reader" in [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    with pytest.raises(StopIteration):
        next(ready)


def test_a_failure_of_place_comes_in_its_place():
    def place(n):
        if n == 1:
            raise MemoryError("no room on the device")
        return n

    ready = prefetch([0, 1, 2], place=place)
    assert next(ready) == (0, None)
    with pytest.raises(MemoryError, match="no room on the device"):
        next(ready)


def test_a_stop_iteration_of_place_is_no_end_of_data():
    ready = prefetch([0], place=lambda n: next(iter([])))
    with pytest.raises(RuntimeError, match="place or get_state raised StopIteration"):
        next(ready)


def test_even_a_system_exit_of_the_source_arrives():
    def source():
        yield 0
        raise SystemExit(3)

    ready = prefetch(source())
    next(ready)
    with pytest.raises(SystemExit):
        next(ready)


def test_closing_ends_the_thread_and_the_iteration():
    ready = prefetch(itertools.count())
    next(ready)
    ready.close()
    assert not threads()
    with pytest.raises(StopIteration):
        next(ready)
    ready.close()


def test_leaving_the_context_ends_the_thread_also_after_an_error():
    def read_and_fail():
        with prefetch(itertools.count()) as ready:
            raise KeyError(next(ready))

    with pytest.raises(KeyError, match="0, None"):
        read_and_fail()
    assert not threads()


def test_a_dropped_iterator_ends_its_thread():
    ready = prefetch(itertools.count())
    next(ready)
    (thread,) = threads()
    del ready
    thread.join(SECONDS)
    assert not thread.is_alive()


def test_closing_does_not_wait_for_a_source_that_hangs(monkeypatch):
    monkeypatch.setattr("jax_slim.data.prefetching._CLOSING_SECONDS", 0.05)
    asked, hang = threading.Event(), threading.Event()

    def source():
        yield 0
        asked.set()
        hang.wait(SECONDS)
        yield 1

    ready = prefetch(source())
    next(ready)
    assert asked.wait(SECONDS)
    (thread,) = threads()
    assert thread.daemon  # so the program could end now
    ready.close()
    assert thread.is_alive()
    hang.set()
    thread.join(SECONDS)
    assert not thread.is_alive()


def test_closing_wakes_a_reader_in_another_thread():
    hang, results = threading.Event(), []

    def source():
        hang.wait(3 * SECONDS)
        yield 0

    ready = prefetch(source())
    reader = threading.Thread(target=lambda: results.extend(ready))
    reader.start()
    closer = threading.Thread(target=ready.close)
    closer.start()
    reader.join(SECONDS)
    assert not reader.is_alive()
    assert results == []
    hang.set()
    closer.join(SECONDS)


def test_a_used_batch_is_freed_while_the_source_makes_the_next():
    asked, hang = threading.Event(), threading.Event()

    class Batch:
        pass

    def source():
        yield Batch()
        asked.set()
        hang.wait(SECONDS)

    ready = prefetch(source())
    used = weakref.ref(next(ready)[0])
    assert asked.wait(SECONDS)
    assert used() is None
    hang.set()


def test_a_failure_frees_the_source():
    class Source:
        def __iter__(self):
            return self

        def __next__(self):
            raise OSError("damaged")

    source = Source()
    gone = weakref.ref(source)
    ready = prefetch(source)
    del source
    thread = ready._thread
    with pytest.raises(OSError, match="damaged"):
        next(ready)
    thread.join(SECONDS)
    del ready, thread
    assert gone() is None  # by counting references: no cycle holds it until the next collection


@pytest.mark.parametrize("size", [0, -1])
def test_prefetch_refuses_a_size_below_one(size):
    with pytest.raises(ValueError, match=f"prefetch: size must be at least 1, got {size}"):
        prefetch([1], size)


@pytest.mark.parametrize("function", [prefetch, lambda source: resume(source, None, 0)])
def test_a_source_must_be_iterable(function):
    with pytest.raises(TypeError, match="source must be an iterable of batches, got int"):
        function(5)


def test_resume_skips_where_there_are_no_states():
    assert list(resume(Loader(7), None, 5)) == [5, 6]
    assert list(resume(Loader(7), {"saved": "by another kind of source"}, 5)) == [5, 6]
    assert list(resume((n for n in range(7)), None, 7)) == []


def test_resume_skips_without_a_state():
    skipped = resume(Batches(arrays(), 3, seed=1), None, 4)
    np.testing.assert_array_equal(next(skipped)["i"], Batches(arrays(), 3, seed=1).batch(4)["i"])


def test_resume_refuses_a_source_that_is_too_short():
    with pytest.raises(
        ValueError, match="resume: source must yield at least the 8 batches that were used already, got 7"
    ):
        resume(Loader(7), None, 8)


def test_resume_passes_on_what_the_source_says_of_the_state():
    state = Batches(arrays(), 3, seed=1).get_state()
    with pytest.raises(ValueError, match=r"got seed=1 \(here 2\)"):
        resume(Batches(arrays(), 3, seed=2), state, 0)
