"""Batches: what an epoch holds, that a batch depends on seed and number alone, exact resume, refusals."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jax_slim.data import Batches


def numbered(examples):
    return {"x": np.arange(examples * 3, dtype=np.float32).reshape(examples, 3), "i": np.arange(examples)}


def noise(batch, rng):
    batch["x"] += rng.normal(size=batch["x"].shape).astype(np.float32)
    return batch


def equal(one, other):
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        assert a.keys() == b.keys()
        for name in a:
            np.testing.assert_array_equal(a[name], b[name])


@st.composite
def settings_of_batches(draw):
    examples = draw(st.integers(1, 20))
    drop_last = draw(st.booleans())
    return {
        "arrays": numbered(examples),
        "batch_size": draw(st.integers(1, examples if drop_last else 25)),
        "seed": draw(st.integers(0, 2**70)),
        "shuffle": draw(st.booleans()),
        "drop_last": drop_last,
        "transform": draw(st.sampled_from([None, noise])),
    }


@given(settings_of_batches(), st.integers(0, 60), st.integers(0, 60))
def test_resume_is_exact(settings, used_before, moved_before):
    run = Batches(**settings)
    list(itertools.islice(run, used_before))
    state = json.loads(json.dumps(run.get_state()))
    expected = list(itertools.islice(run, 12))

    again = Batches(**settings)
    list(itertools.islice(again, moved_before))  # wherever it stands: nothing of that must remain
    again.set_state(state)
    assert again.get_state() == state
    equal(list(itertools.islice(again, 12)), expected)
    equal([again.batch(used_before + n) for n in range(12)], expected)


@given(settings_of_batches())
def test_an_epoch_goes_once_through_the_examples(settings):
    settings["transform"] = None
    batches = Batches(**settings, epochs=3)
    whole = list(batches)
    assert len(whole) == batches.num_batches == 3 * batches.batches_per_epoch
    examples, size = len(settings["arrays"]["i"]), settings["batch_size"]
    for epoch in range(3):
        part = whole[epoch * batches.batches_per_epoch : (epoch + 1) * batches.batches_per_epoch]
        seen = np.concatenate([batch["i"] for batch in part])
        assert len(set(seen)) == len(seen) == (examples // size * size if settings["drop_last"] else examples)
        assert all(len(batch["i"]) == size for batch in part[:-1])
        assert 0 < len(part[-1]["i"]) <= size
        for batch in part:  # the arrays stay together
            np.testing.assert_array_equal(batch["x"], settings["arrays"]["x"][batch["i"]])
        if not settings["shuffle"]:
            np.testing.assert_array_equal(seen, np.arange(len(seen)))


def orders(seed, epochs=4, **kwargs):
    batches = Batches(numbered(50), 50, seed, **kwargs)
    return [tuple(next(batches)["i"]) for _ in range(epochs)]


def test_every_epoch_and_every_seed_has_its_own_order():
    assert len({*orders(0), *orders(1), *orders(2)}) == 12


def test_the_order_is_the_same_for_ever():
    """Checked in: an order that changed with NumPy, or with our code, would break the resuming of older runs."""
    assert next(Batches(numbered(10), 10, seed=3))["i"].tolist() == [5, 7, 2, 1, 6, 3, 4, 0, 8, 9]


def test_a_transform_does_not_change_the_order_and_draws_anew_for_each_batch():
    assert orders(5, transform=noise) == orders(5)
    batches = Batches({"x": np.zeros((4, 3), np.float32)}, 4, transform=noise)
    first, second = next(batches)["x"], next(batches)["x"]
    assert not np.array_equal(first, second)


def test_a_transform_does_not_draw_what_the_order_was_made_of():
    def drawn(batch, rng):
        return {**batch, "drawn": rng.bit_generator.random_raw(50)}

    batch = next(Batches(numbered(50), 50, transform=drawn))
    assert not np.array_equal(np.argsort(batch["drawn"]), batch["i"])


def test_a_transform_may_change_its_batch_in_place():
    arrays = numbered(6)
    list(Batches(arrays, 2, shuffle=False, epochs=2, transform=noise))
    equal([arrays], [numbered(6)])


def test_a_failed_transform_loses_no_batch():
    fail = [True]

    def sometimes(batch, rng):
        if fail.pop() if fail else False:
            raise OSError("a disk was away")
        return batch

    batches = Batches(numbered(6), 2, shuffle=False, transform=sometimes)
    with pytest.raises(OSError, match="a disk was away"):
        next(batches)
    assert next(batches)["i"].tolist() == [0, 1]


def test_epochs_end_and_a_longer_run_may_go_on():
    run = Batches(numbered(6), 2, epochs=1)
    assert len(list(run)) == 3
    with pytest.raises(StopIteration):
        next(run)
    longer = Batches(numbered(6), 2, epochs=2)
    longer.set_state(run.get_state())
    assert len(list(longer)) == 3
    assert Batches(numbered(6), 2).num_batches is None


def test_memory_mapped_arrays_stay_on_disk(tmp_path):
    np.save(tmp_path / "x.npy", numbered(8)["x"])
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    batches = Batches({"x": mapped}, 4, shuffle=False)
    np.testing.assert_array_equal(next(batches)["x"], numbered(8)["x"][:4])
    assert np.shares_memory(batches._arrays["x"], mapped)


@pytest.mark.parametrize(
    ("arrays", "kwargs", "kind", "message"),
    [
        ([np.zeros(3)], {}, TypeError, "arrays must be a mapping from names to arrays, got list"),
        ({}, {}, ValueError, r"arrays must be one or more of the same length, got shapes \{\}"),
        (
            {"a": np.zeros(3), "b": np.zeros(4)},
            {},
            ValueError,
            r"the same length, got shapes \{'a': \(3,\), 'b': \(4,\)",
        ),
        ({"a": 1.0}, {}, ValueError, r"the same length, got shapes \{'a': \(\)\}"),
        ({"a": np.zeros((0, 2))}, {}, ValueError, r"at least one example, got shapes \{'a': \(0, 2\)\}"),
        (numbered(3), {"batch_size": 0}, ValueError, "batch_size must be at least 1, got 0"),
        (numbered(3), {"batch_size": 2.0}, TypeError, r"batch_size must be an int, got 2\.0"),
        (numbered(3), {"batch_size": 4}, ValueError, "batch_size must be at most 3, the number of examples, got 4"),
        (numbered(3), {"seed": -1}, ValueError, "seed must be at least 0, got -1"),
        (numbered(3), {"seed": None}, TypeError, "seed must be an int, got None"),
        (numbered(3), {"epochs": -2}, ValueError, "epochs must be at least 0, got -2"),
    ],
)
def test_refuses(arrays, kwargs, kind, message):
    with pytest.raises(kind, match="^Batches: .*" + message):
        Batches(arrays, **{"batch_size": 1, **kwargs})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"arrays": numbered(13)}, r"got examples=12 \(here 13\)"),
        ({"batch_size": 4}, r"got batch_size=3 \(here 4\)"),
        ({"seed": 1, "shuffle": False}, r"got seed=0 \(here 1\), shuffle=True \(here False\)"),
        ({"drop_last": False}, r"got drop_last=True \(here False\)"),
        ({"epochs": 1}, "state must be within the 4 batches, got next_batch=5"),
    ],
)
def test_refuses_the_state_of_another_run_and_stays(change, message):
    settings = {"arrays": numbered(12), "batch_size": 3}
    run = Batches(**settings)
    list(itertools.islice(run, 5))
    other = Batches(**{**settings, **change})
    before = other.get_state()
    with pytest.raises(ValueError, match=message):
        other.set_state(run.get_state())
    assert other.get_state() == before


@pytest.mark.parametrize("state", [None, 5, {}, {"step": 1}, "x"])
def test_refuses_what_is_no_state(state):
    with pytest.raises(ValueError, match=r"Batches\.set_state: state must be what get_state returned, got"):
        Batches(numbered(3), 1).set_state(state)
