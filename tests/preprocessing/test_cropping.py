"""Crops and borders: where they are cut, what they refuse, and that random ones are cut everywhere equally often."""

import collections

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jax_slim import preprocessing

IMAGE = np.arange(2 * 5 * 4 * 3).reshape(2, 5, 4, 3)
SIDES = st.integers(1, 9)


@given(height=SIDES, width=SIDES, fraction=st.floats(1e-3, 1.0))
def test_central_crop_cuts_the_same_off_both_ends(height, width, fraction):
    image = np.arange(height * width * 2).reshape(height, width, 2)
    cut = preprocessing.central_crop(image, fraction)
    for side, left in zip((height, width), cut.shape, strict=False):
        assert (side - left) % 2 == 0
        assert fraction * side - 1e-9 <= left < fraction * side + 2
    top, left = ((side - now) // 2 for side, now in zip((height, width), cut.shape, strict=False))
    np.testing.assert_array_equal(cut, image[top : height - top, left : width - left])


@given(height=SIDES, width=SIDES, target=st.tuples(SIDES, SIDES))
def test_crop_or_pad_keeps_the_middle(height, width, target):
    image = np.arange(1, 1 + height * width).reshape(height, width, 1)
    fitted = preprocessing.resize_image_with_crop_or_pad(image, *target)
    expected = np.zeros((*target, 1), int)
    # Line up the two middles; what does not divide by two is missing or added at the far end.
    shifts = [
        (goal - now) // 2 if goal > now else -((now - goal) // 2)
        for goal, now in zip(target, (height, width), strict=True)
    ]
    for i, j in np.ndindex(*target):
        if 0 <= i - shifts[0] < height and 0 <= j - shifts[1] < width:
            expected[i, j] = image[i - shifts[0], j - shifts[1]]
    np.testing.assert_array_equal(fitted, expected)


def test_boxes():
    cut = preprocessing.crop_to_bounding_box(IMAGE, 1, 2, 3, 2)
    np.testing.assert_array_equal(cut, IMAGE[:, 1:4, 2:4])
    assert np.shares_memory(cut, IMAGE)
    padded = preprocessing.pad_to_bounding_box(cut, 1, 2, 5, 6)
    assert padded.shape == (2, 5, 6, 3) and padded.sum() == cut.sum()
    np.testing.assert_array_equal(padded[:, 1:4, 2:4], cut)
    assert preprocessing.pad_to_bounding_box(cut, 0, 0, 3, 2) is cut


def test_random_crops_are_equally_frequent():
    rng = np.random.default_rng(0)
    found = collections.Counter(
        int(preprocessing.random_crop(IMAGE[0], (4, 2, 3), rng=rng)[0, 0, 0]) for _ in range(3000)
    )
    assert sorted(found) == [int(IMAGE[0, i, j, 0]) for i in range(2) for j in range(3)]
    assert max(abs(count - 500) for count in found.values()) < 4 * np.sqrt(500)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda p: p.central_crop(IMAGE, 0), ValueError, r"central_fraction must be within \(0, 1\], got 0"),
        (lambda p: p.central_crop(IMAGE, float("nan")), ValueError, "got nan"),
        (lambda p: p.crop_to_bounding_box(IMAGE, 3, 0, 3, 4), ValueError,
         r"target_height \+ offset_height must be at most the image's height 5, got 3 \+ 3"),
        (lambda p: p.crop_to_bounding_box(IMAGE, 0, 1, 5, 4), ValueError, r"image's width 4, got 4 \+ 1"),
        (lambda p: p.crop_to_bounding_box(IMAGE, -1, 0, 3, 4), ValueError, "offset_height must be at least 0, got -1"),
        (lambda p: p.crop_to_bounding_box(IMAGE, 0, 0, 0, 4), ValueError, "target_height must be at least 1, got 0"),
        (lambda p: p.crop_to_bounding_box(IMAGE, 0.5, 0, 2, 4), TypeError, "offset_height must be an integer, got 0.5"),
        (lambda p: p.pad_to_bounding_box(IMAGE, 2, 0, 6, 4), ValueError,
         r"offset_height and the image's height together, 2 \+ 5, got 6"),
        (lambda p: p.pad_to_bounding_box(IMAGE, 0, 0, 5, 3), ValueError, "target_width must be at least"),
        (lambda p: p.resize_image_with_crop_or_pad(IMAGE, 0, 3), ValueError, "target_height must be at least 1, got 0"),
        (lambda p: p.random_crop(IMAGE, (2, 6, 4, 3), rng=np.random.default_rng(0)), ValueError,
         r"size must have 4 sides.*\(2, 5, 4, 3\), got \(2, 6, 4, 3\)"),
        (lambda p: p.random_crop(IMAGE, (2, 2), rng=np.random.default_rng(0)), ValueError, "size must have 4 sides"),
        (lambda p: p.random_crop(IMAGE, (2, 2, 2, 2), rng=None), ValueError,
         r"rng must be a numpy.random.Generator, got None. Pass rng=np.random.default_rng\(seed\)"),
        (lambda p: p.random_crop(IMAGE, (2, 2, 2, 2), rng=7), TypeError, "rng must be a numpy.random.Generator, got 7"),
    ],
)  # fmt: skip
def test_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call(preprocessing)
