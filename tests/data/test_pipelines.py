"""Pipelines: a batch depends on its number alone, so resuming is exact; what epochs and shards hold; damage."""

import itertools
import json
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jax_slim.data import DataLossError, Dataset, FixedLenFeature, pipeline, prefetch, tfexample_decoder
from jax_slim.data import make_example as made
from jax_slim.data import write_tfrecords as written


class Numbers:
    """The numbers below `count` as examples; some may be damaged."""

    def __init__(self, count, damaged=()):
        self.count, self.damaged = count, damaged

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        if not 0 <= index < self.count:
            raise IndexError(index)
        if index in self.damaged:
            raise DataLossError(f"number {index} is damaged.")
        return {"i": np.int64(index)}


def noisy(example, rng):
    return {"i": example["i"], "noise": rng.normal(size=2).astype(np.float32)}


def equal(one, other):
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        assert a.keys() == b.keys()
        for name in a:
            np.testing.assert_array_equal(a[name], b[name])
            assert a[name].dtype == b[name].dtype


def numbers(batches):
    return [batch["i"].tolist() for batch in batches]


@st.composite
def settings_of_pipelines(draw):
    count = draw(st.integers(1, 30))
    drop_last = draw(st.sampled_from([True, False, "pad"]))
    return {
        "source": Numbers(count, draw(st.sets(st.integers(0, count - 1), max_size=count // 2))),
        "transform": draw(st.sampled_from([None, noisy])),
        "batch_size": draw(st.integers(1, count if drop_last is True else 35)),
        "shuffle": draw(st.booleans()),
        "seed": draw(st.integers(0, 2**70)),
        "drop_last": drop_last,
        "errors": "skip",
    }


@settings(max_examples=40, deadline=None)
@given(settings_of_pipelines(), st.integers(0, 40), st.integers(0, 40), st.integers(0, 3), st.integers(0, 3))
def test_resume_is_exact(options, used, moved, threads, other_threads):
    run = iter(pipeline(**options, num_threads=threads))
    list(itertools.islice(run, used))
    state = json.loads(json.dumps(run.get_state()))
    expected = list(itertools.islice(run, 7))
    run.close()

    again = pipeline(**options, num_threads=other_threads, prefetch_batches=3)
    iterator = iter(again)
    list(itertools.islice(iterator, moved))  # wherever it stands: nothing of that must remain
    iterator.set_state(state)
    assert iterator.get_state() == state
    equal(list(itertools.islice(iterator, 7)), expected)
    equal([again.batch(used + number) for number in range(7)], expected)
    iterator.close()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 9), st.integers(1, 4), st.sampled_from([True, False, "pad"]), st.booleans())
def test_what_an_epoch_holds(count, size, shards, drop_last, shuffle):
    if (drop_last is True and count // shards < size) or (drop_last is False and shards > 1):
        return
    parts = [
        pipeline(
            Numbers(count), batch_size=size, shuffle=shuffle, shard=(shard, shards), drop_last=drop_last, num_epochs=2,
            num_threads=0,
        )
        for shard in range(shards)
    ]  # fmt: skip
    assert len({part.num_batches for part in parts}) == 1
    for epoch in range(2):
        seen = []
        for part in parts:
            for number in range(part.batches_per_epoch):
                batch = part.batch(epoch * part.batches_per_epoch + number)
                valid = batch.get("valid", np.ones(len(batch["i"]), bool))
                assert len(valid) == size or drop_last is False
                seen += batch["i"][valid].tolist()
        assert len(set(seen)) == len(seen)  # no example twice
        if drop_last is True:
            assert len(seen) == count // shards // size * size * shards
        else:
            assert sorted(seen) == list(range(count))


def test_orders():
    shuffled = numbers(pipeline(Numbers(50), batch_size=25, seed=3, num_epochs=3))
    epochs = [shuffled[at] + shuffled[at + 1] for at in (0, 2, 4)]
    assert all(sorted(epoch) == list(range(50)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in [*epochs, range(50)]}) == 4
    assert numbers(pipeline(Numbers(50), batch_size=25, seed=4, num_epochs=3)) != shuffled
    assert numbers(pipeline(Numbers(5), batch_size=2, shuffle=False, num_epochs=2)) == [[0, 1], [2, 3]] * 2
    # The orders are written into checkpoints' promise: they must not change with NumPy, or with this file.
    assert numbers(pipeline(Numbers(8), batch_size=8, seed=7, num_epochs=1)) == [[3, 1, 4, 5, 0, 2, 6, 7]]


def test_an_example_draws_the_same_in_every_shard_and_batch():
    def drawn(**options):
        batches = pipeline(Numbers(12), noisy, seed=5, num_epochs=2, **options)
        half = batches.num_batches // 2
        found = {}
        for number, batch in enumerate(batches):
            for index, noise in zip(batch["i"].tolist(), batch["noise"].tolist(), strict=True):
                found[number // half, index] = noise
        return found

    whole = drawn(batch_size=4)
    assert len({tuple(noise) for noise in whole.values()}) == 24
    assert drawn(batch_size=3) == whole
    assert {
        **drawn(batch_size=2, shard=(0, 3)),
        **drawn(batch_size=2, shard=(1, 3)),
        **drawn(batch_size=2, shard=(2, 3)),
    } == whole


def test_padding():
    batches = list(pipeline(Numbers(5), batch_size=4, shuffle=False, drop_last="pad", num_epochs=1))
    assert numbers(batches) == [[0, 1, 2, 3], [4, 4, 4, 4]]
    assert [batch["valid"].tolist() for batch in batches] == [[True] * 4, [True, False, False, False]]
    last = pipeline(Numbers(3), batch_size=2, shuffle=False, drop_last="pad", num_epochs=1, shard=(1, 2))
    assert [batch["valid"].tolist() for batch in last] == [[True, False]]
    nothing = pipeline(Numbers(1), batch_size=2, drop_last="pad", num_epochs=1, shard=(1, 2))
    assert [batch["valid"].tolist() for batch in nothing] == [[False, False]]


def test_iterating_again_begins_anew():
    batches = pipeline(Numbers(6), batch_size=2, num_epochs=2)
    assert batches.num_batches == 6 and batches.batches_per_epoch == 3
    assert numbers(batches) == numbers(batches)
    iterator = iter(batches)
    assert len(list(iterator)) == 6 and list(iterator) == []
    assert list(pipeline(Numbers(6), batch_size=2, num_epochs=0)) == []


def test_threads_work_ahead_and_end():
    before = set(threading.enumerate())
    made_by = set()
    all_three, calls = threading.Barrier(3), itertools.count()

    def noted(example, rng):
        made_by.add(threading.current_thread().name)
        if next(calls) < 3:
            all_three.wait()  # or a thread that is fast does all of it before the others have begun
        return example

    iterator = iter(pipeline(Numbers(40), noted, batch_size=2, num_threads=3))
    next(iterator)
    for _ in range(20):
        next(iterator)
    assert len(made_by) == 3 and threading.current_thread().name not in made_by
    iterator.close()
    for thread in set(threading.enumerate()) - before:
        thread.join()
    here = iter(pipeline(Numbers(40), noted, batch_size=2, num_threads=0))
    made_by.clear()
    next(here)
    assert made_by == {threading.current_thread().name}


def test_with_prefetch_the_state_is_that_of_the_batch():
    batches = pipeline(Numbers(30), noisy, batch_size=4)
    with prefetch(batches, size=3) as ready:
        pairs = list(itertools.islice(ready, 10))
    for number in (0, 4, 9):
        rest = iter(batches)
        rest.set_state(pairs[number][1])
        equal([next(rest)], [batches.batch(number + 1)])


def test_damaged_examples():
    source = Numbers(10, damaged=[3, 4])
    iterator = iter(pipeline(source, batch_size=2, shuffle=False, num_threads=2))
    assert next(iterator)["i"].tolist() == [0, 1]
    for _ in range(2):  # and again: the position has not moved
        with pytest.raises(DataLossError, match="pipeline: example 3 is damaged: number 3 is damaged"):
            next(iterator)
    source.damaged = [4]
    with pytest.raises(DataLossError, match="example 4 is damaged"):
        [next(iterator) for _ in range(2)]
    source.damaged = []
    assert next(iterator)["i"].tolist() == [4, 5]
    skipping = pipeline(Numbers(10, damaged=[3, 4, 9]), batch_size=2, shuffle=False, num_epochs=1, errors="skip")
    assert numbers(skipping) == [[0, 1], [2, 5], [5, 5], [6, 7], [8, 0]]
    assert skipping.skipped == 3
    with pytest.raises(DataLossError, match="source must have an example that is not damaged, got 3 damaged"):
        pipeline(Numbers(3, damaged=[0, 1, 2]), batch_size=1, errors="skip").batch(0)


def test_an_error_of_the_transform_names_the_example():
    def fails(example, rng):
        raise ZeroDivisionError("oh")

    with pytest.raises(ZeroDivisionError, match="oh") as raised:
        next(iter(pipeline(Numbers(9), fails, batch_size=1, shuffle=False)))
    assert raised.value.__notes__[0] == "pipeline: this was example 0 of Numbers (9 examples), in epoch 0."


def test_sources(tmp_path):
    arrays = {"x": np.arange(12, dtype=np.float32).reshape(6, 2), "y": np.arange(6)}
    batch = pipeline(arrays, batch_size=3, shuffle=False).batch(1)
    assert batch["x"].tolist() == [[6, 7], [8, 9], [10, 11]] and batch["y"].tolist() == [3, 4, 5]
    words = pipeline(["a", "bb", "ccc"], lambda word, rng: {"length": len(word)}, batch_size=3, shuffle=False).batch(0)
    assert words["length"].tolist() == [1, 2, 3]
    written(tmp_path / "x.tfrecord", [made({"n": number}) for number in range(6)])
    decoder = tfexample_decoder.TFExampleDecoder(
        {"n": FixedLenFeature((), np.int64)}, {"n": tfexample_decoder.Tensor("n")}
    )
    dataset = Dataset(str(tmp_path), None, decoder, 6, {"n": "a number"})
    assert pipeline(dataset, batch_size=6, shuffle=False).batch(0)["n"].tolist() == list(range(6))


def test_grain_takes_it_on():
    batches = pipeline(Numbers(9), batch_size=3, shuffle=False, num_epochs=1)
    sums = batches.to_grain().map(lambda batch: int(batch["i"].sum()))
    assert list(sums) == [3, 12, 21]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "pipeline: batch_size must be at least 1, got 0"),
        ({"batch_size": 2.5}, "batch_size must be an int, got 2.5"),
        ({"batch_size": 10}, "batch_size must be at most 9, the number of examples, got 10. Or pass drop_last='pad'"),
        (
            {"batch_size": 4, "shard": (0, 3)},
            "batch_size must be at most 3, the number of examples for each of 3 processes",
        ),
        (
            {"batch_size": 2, "shard": (0, 2), "drop_last": False},
            "drop_last must be True or 'pad' with several processes",
        ),
        ({"shard": (2, 2)}, r"shard must be \(number of this process, number of processes\), got \(2, 2\)"),
        ({"shard": 3}, r"shard must be \(number of this process"),
        ({"drop_last": "no"}, "drop_last must be True or False or 'pad', got 'no'"),
        ({"errors": "ignore"}, "errors must be 'raise' or 'skip', got 'ignore'"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"num_epochs": -1}, "num_epochs must be at least 0, got -1"),
        ({"prefetch_batches": 0}, "prefetch_batches must be at least 1, got 0"),
        ({"source": Numbers(0)}, "source must hold at least one example, got none"),
        ({"source": iter([])}, "source must have a length and give examples by number, .* got list_iterator"),
    ],
)
def test_refuses(options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        pipeline(**{"source": Numbers(9), "batch_size": 2, **options})


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        ([3], "each example must be a mapping from names to arrays, got int"),
        ([{"a": 1}, {"b": 1}], r"must have the same names, got \['a'\] in example 0 and \['b'\] in example 1"),
        (
            [{"a": np.zeros(2)}, {"a": np.zeros(3)}],
            r"'a' must have the same shape and dtype in all examples, got float64\[2\]",
        ),
        ([{"a": 1}, {"a": 1.0}], r"got int64\[\] in example 0 and float64\[\] in example 1. Resize, crop or cast"),
        ([{"a": b"x"}], "'a' must hold numbers, which is all that devices take, got text or bytes in example 0"),
        ([{"a": None}], "'a' must hold numbers, which is all that devices take, got object"),
    ],
)
def test_examples_that_make_no_batch(examples, message):
    with pytest.raises((ValueError, TypeError), match=message):
        pipeline(examples, batch_size=len(examples), shuffle=False).batch(0)


def test_refuses_a_name_of_its_own():
    with pytest.raises(ValueError, match="must not have the name 'valid' where batches are padded"):
        pipeline([{"valid": 1}], batch_size=1, drop_last="pad").batch(0)


def test_refuses_states_of_others():
    iterator = iter(pipeline(Numbers(9), batch_size=2, num_epochs=1))
    state = iterator.get_state()
    for changed, message in (
        ({"seed": 1}, "state must come from the same data and settings, got seed=1 .here 0."),
        ({"examples": 8}, "got examples=8 .here 9."),
        ({"next_batch": 5}, "state must be within the 4 batches, got next_batch=5"),
        ({"next_batch": -1}, "next_batch must be at least 0"),
    ):
        with pytest.raises(ValueError, match=message):
            iterator.set_state({**state, **changed})
    with pytest.raises(ValueError, match="state must be what get_state returned, got 3"):
        iterator.set_state(3)
    assert iterator.get_state() == state


def test_whole_batches_are_transformed_by_number():
    def mixed(batch, rng):
        return {**batch, "drawn": rng.random(2), "partner": batch["x"][rng.permutation(len(batch["x"]))]}

    def made(**options):
        return pipeline({"x": np.arange(12)}, batch_size=4, seed=3, transform_batch=mixed, **options)

    batches = made(num_threads=2)
    for number, batch in zip(range(7), batches, strict=False):
        again = made(num_threads=0).batch(number)
        np.testing.assert_array_equal(batch["drawn"], again["drawn"])
        np.testing.assert_array_equal(batch["partner"], again["partner"])
        assert sorted(batch["partner"]) == sorted(batch["x"])
    assert made().batch(0)["drawn"][0] != made().batch(3)["drawn"][0]  # the same place in another epoch
    parts = [pipeline({"x": np.arange(12)}, batch_size=4, shard=(part, 2), transform_batch=mixed)
             for part in (0, 1)]  # fmt: skip
    assert parts[0].batch(0)["drawn"][0] != parts[1].batch(0)["drawn"][0]
    with pytest.raises(TypeError, match="transform_batch must return a mapping from names to arrays, got int"):
        pipeline({"x": np.arange(4)}, batch_size=2, transform_batch=lambda batch, rng: 1).batch(0)
