"""The nodes of preprocessing, computed by a few lines of NumPy: the same numbers as `any_size`."""

import sys
import types

import jax.numpy as jnp
import numpy as np
import pytest

from jax_slim.exporting import any_size
from jax_slim.exporting.onnx_preprocessing import PREPROCESSING, Nodes

RNG = np.random.default_rng(0)

# What ONNX's operations mean.
MEANING = {
    "Abs": np.abs, "Add": np.add, "And": np.logical_and, "Div": np.divide, "Floor": np.floor, "Sign": np.sign,
    "GreaterOrEqual": np.greater_equal, "LessOrEqual": np.less_equal, "Max": np.maximum, "Min": np.minimum,
    "Mul": np.multiply, "Round": np.rint, "Sqrt": np.sqrt, "Sub": np.subtract, "Reshape": np.reshape,
    "Cast": lambda x, to: x.astype({1: np.float32, 7: np.int64}[to]),
    "Gather": lambda x, at, axis=0: np.take(x, at, axis),
    "ReduceMean": lambda x, axes, keepdims: np.mean(x, tuple(axes), keepdims=bool(keepdims)),
    "ReduceProd": lambda x, keepdims: np.prod(x, keepdims=bool(keepdims)),
    "Shape": lambda x: np.array(x.shape), "Slice": lambda x, start, end: x[start[0] : end[0]],
}  # fmt: skip


@pytest.fixture(autouse=True)
def onnx(monkeypatch):
    """Stands for the package, which need not be installed: nodes are tuples, constants are pairs."""
    module = types.ModuleType("onnx")
    module.helper = types.SimpleNamespace(make_node=lambda kind, ins, outs, name, **more: (kind, ins, outs[0], more))
    module.numpy_helper = types.SimpleNamespace(from_array=lambda array, name: (name, array))
    monkeypatch.setitem(sys.modules, "onnx", module)


def computed(add, result, **inputs):
    values = dict(add.constants) | inputs
    for kind, operands, output, attributes in add.nodes:
        values[output] = MEANING[kind](*(values[name] for name in operands), **attributes)
    return values[result]


@pytest.mark.parametrize("name", PREPROCESSING)
def test_the_numbers_are_those_of_any_size(name):
    assert set(any_size.PREPROCESSING) - set(PREPROCESSING) == {
        "deeplab",
        "ssd",
        "ssd_vgg",
    }  # of nets that ONNX has not
    add = Nodes("preprocessing/")
    result = PREPROCESSING[name](add, "images", 12, 16)
    for size in ((12, 16), (25, 31), (24, 18), (9, 40), (40, 15), (1, 1)):
        images = RNG.integers(0, 256, (2, *size, 3)).astype(np.float32)
        found = computed(add, result, images=images)
        assert found.dtype == np.float32
        wanted = any_size.PREPROCESSING[name](jnp.asarray(images), 12, 16)
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", PREPROCESSING)
def test_sizes_are_read_through_round(name):
    """onnxslim follows sizes into arithmetic and divides them without remainder, but not through Round."""
    add = Nodes("preprocessing/")
    PREPROCESSING[name](add, "images", 12, 16)
    of_images = [output for kind, operands, output, _ in add.nodes if kind == "Shape" and operands == ["images"]]
    casts = [output for kind, operands, output, _ in add.nodes if kind == "Cast" and operands[0] in of_images]
    assert casts and {kind for kind, operands, *_ in add.nodes if operands[0] in casts} == {"Round"}
