"""The fast form of resampling against the exact one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jax_slim.preprocessing import _resampling
from jax_slim.preprocessing._taps import taps

SIDES = st.integers(1, 90)


@pytest.mark.parametrize("method", ["bilinear", "nearest", "bicubic", "area"])
@settings(max_examples=30)
@given(
    sides=st.tuples(SIDES, SIDES, SIDES, SIDES),
    crop=st.booleans(),
    flip=st.booleans(),
    dtype=st.sampled_from(["uint8", "float32", "int16"]),
)
def test_both_forms_agree(method, sides, crop, flip, dtype):
    height, width, rows, columns = sides
    image = np.random.default_rng(0).uniform(0, 255, (height, width + 2, 3)).astype(dtype)[:, 1:-1]
    rows, columns = taps(method, height, rows), taps(method, width, columns)
    if crop:
        rows, columns = (part.part(len(part.indices) // 3, len(part.indices) // 2 + 1) for part in (rows, columns))
    if flip:
        columns = columns.reversed()
    fast = _resampling.fast(image, method, rows, columns)
    exact = _resampling.exact(image, method, rows, columns)
    assert fast.dtype == np.float32 and fast.shape == (3, len(rows.indices), len(columns.indices))
    np.testing.assert_allclose(fast.transpose(1, 2, 0), exact, rtol=1e-5, atol=1e-4)


def test_large_products_are_cut(monkeypatch):
    image = np.random.default_rng(0).integers(0, 256, (70, 60, 3), np.uint8)
    rows, columns = taps("bicubic", 70, 50), taps("bicubic", 60, 80)
    sizes = []

    class Watched:
        def __getattr__(self, name):
            return getattr(np, name)

        def matmul(self, a, b, out):
            sizes.append(a.shape[0] * a.shape[1] * b.shape[1])
            return np.matmul(a, b, out=out)

    monkeypatch.setattr(_resampling, "_ONE_THREAD", 4096)
    whole = _resampling.fast(image, "bicubic", rows, columns)
    monkeypatch.setattr(_resampling, "np", Watched())
    np.testing.assert_allclose(_resampling.fast(image, "bicubic", rows, columns), whole, rtol=1e-6, atol=1e-4)
    assert max(sizes) <= 4096 and len(sizes) > 10
