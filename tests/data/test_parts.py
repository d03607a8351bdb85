"""The rows that a process needs of each batch are those of the whole batch, whatever makes it."""

import numpy as np
import pytest

from jax_slim.data.batches import Batches
from jax_slim.data.parts import PartOfBatch, in_parts
from jax_slim.data.pipelines import pipeline

ARRAYS = {"x": np.arange(23) * 10, "y": np.arange(46).reshape(23, 2)}


def rows_of(index, count):
    """As the processes of a data axis of size `count` need them; an uneven batch whole."""
    return lambda size: np.arange(size) if size % count else np.arange(size).reshape(count, -1)[index]


def put_together(parts):
    """The whole batch that the parts of all processes make."""
    size = parts[0].size
    whole = {}
    for name in parts[0].arrays:
        array = np.empty((size, *parts[0].arrays[name].shape[1:]), parts[0].arrays[name].dtype)
        for part in parts:
            assert isinstance(part, PartOfBatch) and part.size == size and len(part.arrays[name]) == len(part.rows)
            array[part.rows] = part.arrays[name]
        whole[name] = array
    return whole


def drawn(example, rng):
    return {**example, "z": rng.integers(1000)}


def mixed(batch, rng):
    return {**batch, "x": batch["x"] + np.roll(batch["x"], 1) + rng.integers(1000)}


SOURCES = {
    "arrays": lambda: Batches(ARRAYS, 8, seed=3, drop_last=False),
    "transformed arrays": lambda: Batches(ARRAYS, 8, seed=3, transform=mixed),
    "pipeline": lambda: iter(pipeline(ARRAYS, drawn, batch_size=8, seed=3, num_threads=2)),
    "padded": lambda: iter(pipeline(ARRAYS, batch_size=8, shuffle=False, drop_last="pad", num_threads=0)),
    "smaller last": lambda: iter(pipeline(ARRAYS, batch_size=8, drop_last=False, num_threads=0)),
    "whole batches": lambda: iter(pipeline(ARRAYS, transform_batch=mixed, batch_size=8, num_threads=0)),
}


@pytest.mark.parametrize("count", [2, 4])
@pytest.mark.parametrize("kind", SOURCES)
def test_the_parts_of_all_processes_are_the_batch(kind, count):
    whole = SOURCES[kind]()
    parts = [in_parts("train", SOURCES[kind](), rows_of(index, count)) for index in range(count)]
    for _ in range(7):  # beyond an epoch
        expected = next(whole)
        found = put_together([next(part) for part in parts])
        assert found.keys() == expected.keys()
        for name in expected:
            np.testing.assert_array_equal(found[name], expected[name])
    # The position says nothing of how many there are: another number of processes goes on from it.
    assert all(part.get_state() == whole.get_state() for part in parts)
    again = SOURCES[kind]()
    again.set_state(parts[0].get_state())
    np.testing.assert_array_equal(next(again)["x"], next(whole)["x"])


def test_only_the_rows_that_are_needed_are_read():
    class Source:
        read: list[int] = []  # noqa: RUF012

        def __len__(self):
            return 16

        def __getitem__(self, index):
            self.read.append(index)
            return {"x": index}

    source = Source()
    parts = in_parts("train", iter(pipeline(source, batch_size=8, shuffle=False, num_threads=0)), rows_of(1, 4))
    np.testing.assert_array_equal(next(parts).arrays["x"], [2, 3])
    assert source.read == [2, 3]


def test_one_process_and_sources_of_others_are_left_alone():
    batches = iter([{"x": np.arange(4)}])
    assert in_parts("train", batches, None) is batches
    assert in_parts("train", batches, rows_of(0, 2)) is batches
    sharded = iter(pipeline(ARRAYS, batch_size=4, shard=(1, 2), num_threads=0))
    assert in_parts("train", sharded, None) is sharded
    with pytest.raises(ValueError, match=r"^train: batches must be the same in every process, got a pipeline with sha"):
        in_parts("train", sharded, rows_of(0, 2))
