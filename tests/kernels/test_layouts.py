"""How windows lie on axes: TF's rule for SAME, exhaustively, and what follows from the padding."""

import itertools
import math

import jax
import numpy as np
import pytest

from jax_slim.kernels import layouts


def test_same_is_the_rule_of_tf():
    for length, size, stride, rate in itertools.product(range(1, 12), range(1, 6), range(1, 5), range(1, 4)):
        windows = layouts.windows_on("f", (length,), (size,), stride, "SAME", rate)
        ((low, high),) = windows.padding
        span = (size - 1) * rate + 1
        outputs = math.ceil(length / stride)
        assert windows.count((length,)) == (outputs,)
        assert low + high == max((outputs - 1) * stride + span - length, 0)  # no more than the windows need
        assert high - low in (0, 1)  # the odd pixel at the end
        assert windows.extents == (span,)
        assert windows.padding == tuple(jax.lax.padtype_to_pads((length,), (span,), (stride,), "SAME"))


def test_counts_of_other_paddings():
    windows = layouts.windows_on("f", (7, 8), (3, 2), (2, 3), "VALID", (2, 1))
    assert windows.padding == ((0, 0), (0, 0))
    assert windows.count((7, 8)) == (2, 3)
    windows = layouts.windows_on("f", (7, 8), (3, 2), (2, 3), [(1, 0), (0, 2)], (2, 1))
    assert windows.padding == ((1, 0), (0, 2))
    assert windows.count((7, 8)) == (2, 3)


@pytest.mark.parametrize("name", layouts.LAYOUTS)
def test_axes(name):
    layout = layouts.layout_of("f", np.zeros([1] * len(name)), name)
    assert name[layout.channel] == "C"
    assert "".join(name[axis] for axis in layout.spatial) == {3: "W", 4: "HW", 5: "DHW"}[len(name)]
    spread = layout.over_space(list("DHW")[5 - len(name) :], "x")
    assert [a if a in "DHW" else "x" for a in name] == list(spread)


def test_per_axis():
    assert layouts.per_axis("f", "strides", 2, 3) == (2, 2, 2)
    assert layouts.per_axis("f", "strides", [1, np.int64(2)], 2) == (1, 2)
