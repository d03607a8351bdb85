"""Boxes drawn at random: inside, of the right area, over the object, and distributed as TensorFlow's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jax_slim.preprocessing import sample_distorted_bounding_box

WHOLE = [[[0.0, 0.0, 1.0, 1.0]]]


def draw(image_size, boxes, rng, **kwargs):
    begin, size, box = sample_distorted_bounding_box(image_size, boxes, rng=rng, **kwargs)
    assert begin.dtype == size.dtype == np.int32 and box.dtype == np.float32 and box.shape == (1, 1, 4)
    assert begin[2] == 0 and size[2] == -1
    ends = [*begin[:2], *(begin[:2] + size[:2])]
    np.testing.assert_allclose(box[0, 0], np.array(ends) / np.array([*image_size[:2]] * 2), rtol=1e-6)
    return (*begin[:2].tolist(), *size[:2].tolist())


# TensorFlow 1.15.5: of 20000 boxes, the part whose top, left, height and width were at most so many pixels.
DRAWN = [
    ((375, 500, 3), WHOLE, {}, [
        [(4, 0.1033), (20, 0.3021), (44, 0.5073), (79, 0.7026), (140, 0.9008)],
        [(18, 0.1033), (57, 0.303), (102, 0.5023), (159, 0.7026), (241, 0.9015)],
        [(159, 0.1007), (207, 0.304), (255, 0.5006), (303, 0.704), (351, 0.9006)],
        [(161, 0.1026), (209, 0.3015), (257, 0.5006), (307, 0.7003), (385, 0.9012)],
    ]),
    ((375, 500, 3), [[[0.1, 0.2, 0.5, 0.6], [0.4, 0.5, 0.9, 0.95]]],
     {"min_object_covered": 0.5, "aspect_ratio_range": [0.5, 2.0], "area_range": [0.1, 0.6]}, [
        [(8, 0.1087), (28, 0.3037), (52, 0.5025), (82, 0.7006), (133, 0.9003)],
        [(21, 0.1045), (60, 0.3035), (101, 0.5023), (148, 0.701), (226, 0.9004)],
        [(162, 0.1022), (204, 0.3045), (235, 0.5013), (270, 0.7043), (323, 0.9015)],
        [(183, 0.1027), (236, 0.3043), (282, 0.502), (329, 0.7028), (392, 0.9003)],
    ]),
    ((13, 9, 3), WHOLE, {"min_object_covered": 0.0}, [
        [(0, 0.1621), (1, 0.317), (3, 0.5909), (4, 0.7066), (7, 0.9353)],
        [(0, 0.4674), (1, 0.6683), (2, 0.809), (3, 0.9049)],
        [(3, 0.2341), (4, 0.3672), (5, 0.5033), (7, 0.7773), (9, 0.9338)],
        [(3, 0.1883), (4, 0.3397), (6, 0.6109), (7, 0.7349), (9, 1.0)],
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("image_size", "boxes", "kwargs", "expected"), DRAWN)
def test_distributed_as_in_tensorflow(image_size, boxes, kwargs, expected):
    rng = np.random.default_rng(0)
    drawn = np.array([draw(image_size, boxes, rng, **kwargs) for _ in range(4000)])
    for side, quantiles in zip(drawn.T, expected, strict=True):
        for value, part in quantiles:
            deviation = np.sqrt(part * (1 - part) * (1 / 4000 + 1 / 20000))
            assert abs((side <= value).mean() - part) <= 4 * deviation + 1e-4, (value, part)


@given(
    height=st.integers(1, 60),
    width=st.integers(1, 60),
    low=st.floats(0.01, 1),
    high=st.floats(0.01, 1),
    ratio=st.floats(0.2, 4),
    corner=st.tuples(st.floats(0, 0.8), st.floats(0, 0.8)),
    covered=st.floats(0, 1),
    seed=st.integers(0, 1000),
)
def test_keeps_what_it_promises(height, width, low, high, ratio, corner, covered, seed):
    low, high = min(low, high), max(low, high)
    target = [*corner, corner[0] + 0.2, corner[1] + 0.2]
    top, left, tall, wide = draw(
        (height, width, 3),
        [target],
        np.random.default_rng(seed),
        min_object_covered=covered,
        aspect_ratio_range=(ratio, 1.5 * ratio),
        area_range=(low, high),
    )
    assert 0 <= top <= top + tall <= height and 0 <= left <= left + wide <= width and tall > 0 and wide > 0
    if (tall, wide) == (height, width):
        return  # what comes back when no attempt succeeds
    assert low * height * width - 1e-6 <= tall * wide <= high * height * width + 1e-6
    assert tall * ratio - 0.5 <= wide <= tall * 1.5 * ratio + 0.5
    scale = np.array([height, width, height, width], np.float32)
    y0, x0, y1, x1 = (np.float32(target) * scale).astype(int)
    common = max(0, min(y1, top + tall) - max(y0, top)) * max(0, min(x1, left + wide) - max(x0, left))
    assert common >= covered * (y1 - y0) * (x1 - x0)


def test_the_whole_image_when_nothing_will_do():
    rng = np.random.default_rng(0)
    box = [[0.0, 0.0, 1.0, 1.0]]
    assert draw((20, 10, 3), box, rng, min_object_covered=1.0, area_range=(0.1, 0.2)) == (0, 0, 20, 10)
    # An object of no whole pixel cannot be covered.
    assert draw((20, 10, 3), [[0.5, 0.5, 0.501, 0.501]], rng, min_object_covered=0.0) == (0, 0, 20, 10)


@pytest.mark.parametrize("none", [None, np.zeros((1, 0, 4)), np.zeros((0, 4))])
def test_no_boxes(none):
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"got none. Pass use_image_if_no_bounding_boxes=True"):
        draw((20, 10, 3), none, rng)
    draw((20, 10, 3), none, rng, use_image_if_no_bounding_boxes=True)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"bounding_boxes": [[[0, 0, 1.5, 1]]]}, r"within \[0, 1\], got \[\[0.0, 0.0, 1.5, 1.0\]\]. Divide pixels"),
        ({"bounding_boxes": [[[0.5, 0, 0.5, 1]]]}, "y_min < y_max and x_min < x_max"),
        ({"bounding_boxes": [0.0, 0, 1, 1]}, r"must have shape \[1, N, 4\] or \[N, 4\], got \(4,\)"),
        ({"image_size": (20, 10)}, r"image_size must be \(height, width, channels\), got \(20, 10\)"),
        ({"image_size": (0, 10, 3)}, r"image_size\[0\] must be at least 1, got 0"),
        ({"area_range": (0.0, 1.0)}, r"area_range must be 0 < least <= largest <= 1, got \(0.0, 1.0\)"),
        ({"area_range": 0.5}, "area_range must be two numbers, got 0.5"),
        ({"aspect_ratio_range": (2, 1)}, r"aspect_ratio_range must be 0 < least <= largest, got \(2, 1\)"),
        ({"max_attempts": 0}, "max_attempts must be at least 1, got 0"),
        ({"min_object_covered": -0.1}, "min_object_covered must be at least 0, got -0.1"),
        ({"rng": None}, "rng must be a numpy.random.Generator, got None"),
    ],
)
def test_refuses(kwargs, message):
    arguments = {"image_size": (20, 10, 3), "bounding_boxes": WHOLE, "rng": np.random.default_rng(0)} | kwargs
    with pytest.raises(ValueError, match=message):
        sample_distorted_bounding_box(**arguments)
