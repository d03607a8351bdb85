"""Memory that is taken again: only when nobody holds it, and of the right size."""

import gc
import pickle
import threading

import numpy as np
import pytest

from jax_slim.data import pipeline, recycling
from jax_slim.data.recycling import Recycling

LARGE = (3, 1 << 19)


def place(array):
    return array.__array_interface__["data"][0]


@pytest.mark.parametrize("dtype", [np.float32, np.uint8, np.complex128, [("a", np.int16), ("b", np.int16)]])
def test_arrays_are_as_of_empty(dtype):
    for shape in [LARGE, (2, 3), (0, 4), ()]:
        array, expected = Recycling().empty(shape, dtype), np.empty(shape, dtype)
        assert (array.shape, array.dtype, array.strides) == (expected.shape, expected.dtype, expected.strides)
        assert array.flags.writeable and array.flags.aligned and array.flags.c_contiguous


def test_memory_comes_back_when_the_last_view_is_gone():
    memory = Recycling()
    first = memory.empty(LARGE, np.float32)
    first[...] = 7
    where, part = place(first), first[1:, ::2].T
    del first
    second = memory.empty(LARGE, np.float32)
    assert place(second) != where and (part == 7).all()
    del part
    assert place(memory.empty(LARGE[::-1], np.int32)) == where  # another shape and dtype of that size
    assert place(memory.empty((LARGE[0] * LARGE[1] - 5,), np.int32)) == where  # or of nearly that
    assert place(memory.empty(LARGE, np.float64)) not in (where, place(second))


def test_what_others_made_of_it_holds_it():
    memory = Recycling()
    first = memory.empty(LARGE, np.uint8)
    where, exported = place(first), np.from_dlpack(first)
    del first
    gc.collect()
    assert place(memory.empty(LARGE, np.uint8)) != where
    del exported
    gc.collect()
    assert where in [place(array) for array in [memory.empty(LARGE, np.uint8) for _ in range(3)]]


@pytest.mark.parametrize("dtype", [object, [("a", np.int64), ("b", object)], np.dtypes.StringDType()])
def test_objects_are_in_memory_of_their_own(dtype):
    memory = Recycling()
    memory.empty(LARGE, np.int64)[...] = 1  # no addresses of objects
    count = 3 << 19 if np.dtype(dtype).itemsize == 8 else 3 << 18
    its_own = memory.empty(
        (count,), dtype
    ).flags.owndata  # not the array itself, which one that is wrong kills when shown
    assert its_own
    assert len(memory._free) == 1


def test_few_are_kept_of_whatever_size():
    memory = Recycling()
    held = [memory.empty((size, 1 << 20), np.uint8) for size in (1, 2, 3, 1, 2, 3, 1)]
    del held
    assert len(memory._free) == recycling._KEPT
    assert len(pickle.loads(pickle.dumps(memory))._free) == 0


def test_threads_never_share_an_array():
    memory, wrong = Recycling(), []

    def work(number):
        for _ in range(200):
            array = memory.empty((1 << 20,), np.uint8)
            array[::4096] = number
            if (array[::4096] != number).any():
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_batches_that_are_held_stay_as_they_are():
    data = {"image": np.arange(12, dtype=np.float32)[:, None] * np.ones((1 << 16,), np.float32)}
    batches = pipeline(data, batch_size=4, shuffle=False, num_epochs=1, num_threads=0)
    again = pipeline(data, batch_size=4, shuffle=False, num_epochs=2, num_threads=1)
    held = list(batches)
    places = []
    for number, batch in enumerate(again):
        np.testing.assert_array_equal(batch["image"], held[number % 3]["image"])
        places.append(place(batch["image"]))
    np.testing.assert_array_equal(np.concatenate([batch["image"] for batch in held]), data["image"])
    assert len({place(batch["image"]) for batch in held}) == 3 and len(places) == 6
