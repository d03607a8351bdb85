"""Linear resampling by lines of numbers: the same, bit for bit, as gathering pixels."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jax_slim.preprocessing import _linear
from jax_slim.preprocessing._taps import taps


def gathered(image, rows, columns):
    """TensorFlow's order of operations: first along the columns, then along the rows."""
    image = image.astype(np.float32)
    left, right = (image[:, columns.indices[:, tap]] for tap in range(2))
    lines = left + (right - left) * columns.weights[:, 1, None]
    above, below = (lines[rows.indices[:, tap]] for tap in range(2))
    return above + (below - above) * rows.weights[:, 1, None, None]


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40), st.integers(1, 4)),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.booleans(),
    st.booleans(),
    st.sampled_from([np.uint8, np.float32]),
)
def test_is_what_gathering_gives(shape, size, align_corners, reverse, dtype):
    whole = np.random.default_rng(0).integers(0, 256, (shape[0] + 2, shape[1] + 3, shape[2])).astype(dtype)
    image = whole[1:-1, 2:-1]  # a crop: its lines do not follow each other
    rows, columns = (taps("bilinear", image.shape[axis], size[axis], align_corners) for axis in range(2))
    columns = columns.reversed() if reverse else columns
    expected = gathered(image, rows, columns)
    assert _linear.serves(image, "bilinear")
    np.testing.assert_array_equal(_linear.resample(image, rows, columns), expected)
    np.testing.assert_array_equal(_linear.resample(image, rows, columns, planes=True), expected.transpose(2, 0, 1))


def test_many_rows_and_threads():
    image = np.random.default_rng(0).integers(0, 256, (700, 30, 3)).astype(np.uint8)
    sizes = [(300, 20), (120, 33), (900, 5)]
    expected = [gathered(image, taps("bilinear", 700, h), taps("bilinear", 30, w)) for h, w in sizes]
    wrong = []

    def work():
        for _ in range(20):
            for (height, width), right in zip(sizes, expected, strict=True):
                got = _linear.resample(image, taps("bilinear", 700, height), taps("bilinear", 30, width))
                if not np.array_equal(got, right):
                    wrong.append((height, width))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4, 3), np.float64),
        np.zeros((4, 4, 3), np.uint8)[:, ::-1],
        np.zeros((4, 4, 6), np.uint8)[..., ::2],
        np.zeros((2, 4, 4, 3), np.uint8),
    ],
)
def test_what_it_does_not_serve(image):
    assert not _linear.serves(image, "bilinear")
