"""Keys of slices: those that TensorFlow wrote, and that they sort as what they stand for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jax_slim.checkpoints.tensorflow.slice_keys import WHOLE, slice_key

INT64 = st.integers(-(1 << 63), (1 << 63) - 1) | st.integers(-200, 200)


@pytest.mark.parametrize(
    ("name", "extents", "key"),
    [
        # Out of v2_partitioned and v1_partitioned.
        ("p/embedding", [(4, 3), (0, 4)], "00702f656d62656464696e6700010102848380 84"),
        ("p/weights", [(0, 3), (0, 5)], "00702f7765696768747300010102808380 85"),
        ("plain", [(0, WHOLE)], "00706c61696e00010101807f"),
        ("", [], "00000100"),
        ("\0", [(63, 64)], "0000ff00010101bfc040"),
    ],
)
def test_as_tensorflow(name, extents, key):
    assert slice_key(name.encode(), extents) == bytes.fromhex(key)


def test_bytes_in_names_that_are_marks_are_escaped():
    assert slice_key(b"\0\xff\0", []) == b"\0" + b"\0\xff" + b"\xff\0" + b"\0\xff" + b"\0\1" + b"\0"


@given(st.tuples(st.binary(max_size=5), INT64, INT64), st.tuples(st.binary(max_size=5), INT64, INT64))
def test_keys_sort_as_names_and_numbers_do(a, b):
    keys = [slice_key(name, [(start, length)]) for name, start, length in (a, b)]
    assert (a < b, a == b) == (keys[0] < keys[1], keys[0] == keys[1])
