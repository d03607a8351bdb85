"""Parts of data sets: examples by number, division by class, names of parts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jax_slim.data import ArrayExamples
from jax_slim.datasets.parts import Examples, part_named, stratified

SOURCE = ArrayExamples(
    {"image": np.arange(6, dtype=np.uint8).reshape(6, 1, 1, 1), "label": np.array([0, 1, 2, 0, 1, 2])}
)


def test_examples_by_number():
    examples = Examples(SOURCE, 3, ("a", "b", "c"), [5, 0, 3])
    assert len(examples) == examples.num_samples == 3
    assert (examples.num_classes, examples.class_names) == (3, ["a", "b", "c"])
    assert [int(example["image"].item()) for example in examples] == [5, 0, 3]
    assert examples[-1]["image"].item() == 3
    assert [example["label"] for example in examples[:2]] == [2, 0]
    assert type(examples[0]["label"]) is int
    assert examples.key(1) == "example 0"
    with pytest.raises(IndexError, match="within the 3 examples, got 3"):
        examples[3]


@pytest.mark.parametrize("label", [-1, 3])
def test_a_label_out_of_range_is_refused(label):
    examples = Examples(ArrayExamples({"image": np.zeros((1, 1, 1, 1), np.uint8), "label": np.array([label])}), 3)
    with pytest.raises(ValueError, match=f"example 0: label must be from 0 to 2, for 3 classes, got {label}"):
        examples[0]


@given(st.lists(st.integers(0, 4), max_size=60), st.floats(0, 0.99), st.integers(0, 5))
def test_each_class_is_divided_alike(labels, share, seed):
    labels = np.array(labels, np.int64)
    train, rest = stratified(labels, share, seed)
    assert sorted([*train, *rest]) == list(range(len(labels)))
    assert list(train) == sorted(train)
    for label in set(labels.tolist()):
        count, held = int((labels == label).sum()), int((labels[rest] == label).sum())
        assert held < count
        if not share or count == 1:
            assert held == 0
        else:
            assert abs(held - share * count) <= 1
            assert held >= 1


def test_the_division_is_the_same_everywhere():
    labels = np.repeat([0, 1], 8)
    assert stratified(labels, 0.25, 0)[1].tolist() == stratified(labels, 0.25, 0)[1].tolist() == [4, 6, 10, 15]
    assert len({tuple(stratified(labels, 0.25, seed)[1].tolist()) for seed in range(8)}) > 4


def test_examples_stay_in_their_part_when_others_come():
    names = [f"{number}.jpg" for number in range(100)]
    more = sorted([*names, "new.jpg"])
    before = {names[at] for at in stratified(np.zeros(100, int), 0.2, 0, names)[1]}
    after = {more[at] for at in stratified(np.zeros(101, int), 0.2, 0, more)[1]}
    assert len(before - after) <= 1


@pytest.mark.parametrize(
    ("wanted", "present", "found"),
    [
        ("train", ["train", "test"], "train"),
        ("train", ["training"], "training"),
        ("validation", ["train", "val", "test"], "val"),
        ("validation", ["train", "test"], "test"),
        ("val", ["train", "validation"], "validation"),
        ("extra", ["train", "extra"], "extra"),
    ],
)
def test_names_of_parts(wanted, present, found):
    assert part_named("f", wanted, present, "x") == found


@pytest.mark.parametrize(
    ("wanted", "present"), [("test", ["train", "validation"]), ("trian", ["train"]), ("train", [])]
)
def test_a_part_that_is_not_there(wanted, present):
    with pytest.raises(ValueError, match="f: split_name must be one of") as caught:
        part_named("f", wanted, present, "x")
    assert str(present) in str(caught.value)
    assert str(caught.value).endswith(f"got {wanted!r}.")
