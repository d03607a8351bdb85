"""Random changes that move boxes along."""

import numpy as np
import pytest

from jax_slim import detection


def square(top, left, bottom, right, height=60, width=90):
    """A black picture with a white rectangle where the box is, whose size in pixels is whole."""
    image = np.zeros((height, width, 3), np.uint8)
    image[top:bottom, left:right] = 255
    box = np.array([[top / height, left / width, bottom / height, right / width]], np.float32)
    return {"image": image, "boxes": box, "classes": np.array([4]), "crowd": np.array([False])}


def shows_its_box(example):
    """Whether what is white lies where the box says, to a pixel."""
    height, width = example["image"].shape[:2]
    rows, columns = np.nonzero((example["image"] == 255).all(-1))
    edges = np.array(
        [rows.min() / height, columns.min() / width, (rows.max() + 1) / height, (columns.max() + 1) / width]
    )
    return np.abs(edges - example["boxes"][0]).max() < 1.01 / min(height, width)


@pytest.mark.parametrize("change", ["random_horizontal_flip", "ssd_random_crop", "random_expand"])
def test_boxes_go_with_what_they_show(change):
    seen, whole = set(), square(20, 30, 50, 60)
    for seed in range(40):
        changed = getattr(detection, change)(square(20, 30, 50, 60), rng=np.random.default_rng(seed))
        seen.add(changed["image"].shape)
        assert set(changed) == set(whole) and len(changed["boxes"]) == len(changed["classes"]) == len(changed["crowd"])
        if len(changed["boxes"]):
            assert shows_its_box(changed) and changed["classes"].tolist() == [4]
    assert len(seen) == 1 if change == "random_horizontal_flip" else len(seen) > 5


def test_the_same_draws_give_the_same_example():
    for seed in range(5):
        first, again = (detection.augment(square(5, 5, 40, 70), rng=np.random.default_rng(seed)) for _ in range(2))
        for name, value in first.items():
            np.testing.assert_array_equal(value, again[name])


def test_a_flip_by_hand():
    changed = detection.random_horizontal_flip(square(20, 30, 50, 60), rng=np.random.default_rng(0), probability=1)
    np.testing.assert_allclose(changed["boxes"], [[1 / 3, 1 / 3, 5 / 6, 2 / 3]], rtol=1e-6)


def test_objects_of_which_too_little_is_left_are_gone():
    example = {**square(0, 0, 60, 90), "boxes": np.array([[0, 0, 0.2, 0.2], [0.1, 0.1, 0.9, 0.9]], np.float32),
               "classes": np.array([1, 2]), "crowd": np.zeros(2, bool)}  # fmt: skip
    counts, numbers = [], set()
    for seed in range(60):
        changed = detection.ssd_random_crop(
            example, rng=np.random.default_rng(seed), min_object_covered=(0.9,), random_coef=0
        )
        counts.append(len(changed["boxes"]))
        numbers |= {tuple(changed["classes"])}
        assert (changed["boxes"] >= 0).all() and (changed["boxes"] <= 1).all()
    assert max(counts) == 2 and min(counts) == 1 and len(numbers) > 1


def test_pictures_without_objects_pass_through():
    none = {**square(0, 0, 60, 90), "boxes": np.zeros((0, 4)), "classes": np.zeros(0, int), "crowd": np.zeros(0, bool)}
    for seed in range(8):
        assert detection.augment(none, rng=np.random.default_rng(seed))["boxes"].shape == (0, 4)


def test_colours_change_and_boxes_do_not():
    example = square(20, 30, 50, 60)
    example["image"] = np.random.default_rng(1).integers(0, 256, (60, 90, 3)).astype(np.uint8)
    changed = detection.random_colors(example, rng=np.random.default_rng(0), probability=1)
    assert changed["image"].dtype == np.uint8 and np.abs(changed["image"].astype(int) - example["image"]).max() > 10
    assert changed["boxes"] is example["boxes"]


def test_rows_are_filled_up():
    example = {"image": None, "boxes": [[0, 0, 1, 1], [0, 0, 0.1, 0.1], [0, 0, 0.5, 0.5]], "classes": [1, 2, 3]}
    made = detection.padded_objects(example, 5)
    assert made["num_boxes"] == 3 and made["boxes"].shape == (5, 4) and made["classes"].tolist() == [1, 2, 3, 0, 0]
    # Of too many the largest.
    assert detection.padded_objects(example, 2)["classes"].tolist() == [1, 3]
    assert detection.padded_objects({"boxes": [], "classes": np.zeros(0, int)}, 2)["boxes"].tolist() == [[0] * 4] * 2


def test_refusals():
    with pytest.raises(TypeError, match=r"augment|random_colors: rng must be a numpy\.random\.Generator, got 3"):
        detection.augment(square(0, 0, 9, 9), rng=3)
    with pytest.raises(ValueError, match=r"max_ratio must be at least 1, got 0\.5"):
        detection.random_expand(square(0, 0, 9, 9), rng=np.random.default_rng(0), max_ratio=0.5)
    with pytest.raises(ValueError, match="max_boxes must be at least 1, got 0"):
        detection.padded_objects({"boxes": [], "classes": []}, 0)
