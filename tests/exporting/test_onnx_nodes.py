"""Graphs of ONNX in fewer nodes: the same results by onnx's own evaluator, and which nodes are left."""

import numpy as np
import pytest

from jax_slim.exporting import onnx_nodes

onnx = pytest.importorskip("onnx")
parser, reference = pytest.importorskip("onnx.parser"), pytest.importorskip("onnx.reference")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 3, 7, 8)).astype(np.float32)
ROWS = RNG.normal(size=(2, 5, 6)).astype(np.float32)


def normal(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def shortened(body, x=X, **constants):
    """The kinds of nodes that are left."""
    return [node.op_type for node in left_of(body, x, **constants).node]


def left_of(body, x, **constants):
    """What is left of a graph of x that gives y, written in ONNX's text format; checks y."""
    signature = f"float[batch{''.join(f', {size}' for size in x.shape[1:])}] x"
    model = parser.parse_model(
        f'<ir_version: 10, opset_import: ["" : 23]> tried ({signature}) => (float y) {{ {body} }}'
    )
    model.graph.output[0].type.tensor_type.ClearField("shape")  # "float y" would be a number
    arrays = {name: np.asarray(value) for name, value in constants.items()}
    model.graph.initializer.extend(onnx.numpy_helper.from_array(value, name) for name, value in arrays.items())
    model = onnx.shape_inference.infer_shapes(model)
    (wanted,) = reference.ReferenceEvaluator(model).run(None, {"x": x})
    onnx_nodes.shorten(model.graph)
    onnx.checker.check_model(model, full_check=True)
    (found,) = reference.ReferenceEvaluator(model).run(None, {"x": x})
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
    read = {name for node in model.graph.node for name in node.input}
    assert {constant.name for constant in model.graph.initializer} <= read
    return model.graph


def f(value):
    return np.asarray(value, np.float32)


def ints(values):
    return np.asarray(values, np.int64)


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ("y = Max(x, zero)", ["Relu"]),
        ("y = Max(zero, x)", ["Relu"]),
        ("a = Max(x, zero)  y = Min(six, a)", ["Clip"]),
        ("a = Max(x, one)  y = Min(a, six)", ["Clip"]),
        ("a = Max(x, six)  y = Min(a, one)", ["Max", "Min"]),  # one everywhere; Clip's ends may not cross
        ("a = Max(x, one)  b = Min(a, six)  y = Add(a, b)", ["Max", "Min", "Add"]),
        ("y = Max(x, x)", ["Max"]),
        ("y = Max(x, zero, one)", ["Max"]),
        ("a = Add(x, three)  b = Max(a, zero)  c = Min(b, six)  d = Mul(x, c)  y = Mul(d, sixth)", ["HardSwish"]),
        ("a = Add(x, one)  b = Max(a, zero)  c = Min(b, six)  d = Mul(x, c)  y = Mul(d, sixth)", None),
        ("a = Add(x, three)  b = Max(a, zero)  c = Min(b, six)  d = Mul(x, c)  y = Mul(d, third)", None),
    ],
)
def test_activations(body, left):
    values = dict(zero=f(0), one=f(1), three=f(3), six=f([[6]]), sixth=f(1 / 6), third=f(1 / 3))
    found = shortened(body, **{name: value for name, value in values.items() if name in body})
    assert found == left if left else "HardSwish" not in found


@pytest.mark.parametrize("shape", [(1, 4, 1, 1), (4, 1, 1)])
def test_a_bias_by_channel_goes_into_the_convolution(shape):
    weights, bias = normal(4, 3, 3, 3), normal(*shape)
    body = "a = Conv<pads = [1, 1, 1, 1], strides = [2, 1]>(x, w)  "
    assert shortened(body + "y = Add(b, a)", w=weights, b=bias) == ["Conv"]
    assert shortened(body + "c = Add(a, b)  y = Mul(c, a)", w=weights, b=bias) == ["Conv", "Add", "Mul"]


@pytest.mark.parametrize("shape", [(1, 1, 7, 6), (1, 4, 7, 1), (1, 4, 7, 6), (6,)])
def test_what_is_no_bias_stays(shape):
    body = "a = Conv<pads = [1, 0, 1, 0]>(x, w)  y = Add(a, b)"
    assert shortened(body, w=normal(4, 3, 3, 3), b=normal(*shape)) == ["Conv", "Add"]


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ("a = Gemm<beta = 0.0>(x, w, zero)  y = Add(a, b)", ["Gemm"]),
        ("a = Gemm(x, w, zero)  y = Add(a, b)", ["Gemm"]),
        ("a = Gemm<transB = 1>(x, v)  y = Add(b, a)", ["Gemm"]),
        ("y = Gemm<beta = 0.0>(x, w, one)", ["Gemm"]),
        ("a = Gemm<alpha = 0.5>(x, w, one)  y = Add(a, b)", ["Gemm", "Add"]),
        ("a = Gemm(x, w)  y = Add(a, c)", ["Gemm", "Add"]),
    ],
)
def test_dense_layers(body, left):
    values = dict(w=normal(6, 4), v=normal(4, 6), b=normal(1, 4), c=normal(5, 1), zero=f(0), one=f(1))
    used = {name: value for name, value in values.items() if f", {name}" in body or f"({name}," in body}
    assert shortened(body, ROWS[0], **used) == left


@pytest.mark.parametrize(
    ("pads", "left"),
    [
        ([0, 0, 1, 2, 0, 0, 0, 3], ["Conv"]),
        ([0, 0, 1, 0, 1, 0, 0, 0], ["Pad", "Conv"]),
    ],
)
def test_zeros_around_images(pads, left):
    body = "a = Pad(x, p, z)  y = Conv<pads = [1, 0, 0, 1], dilations = [2, 1]>(a, w, b)"
    assert shortened(body, p=ints(pads), z=f(0), w=normal(4, 3, 2, 3), b=normal(4)) == left
    assert shortened(body, p=ints(pads), z=f(0.5), w=normal(4, 3, 2, 3), b=normal(4)) == ["Pad", "Conv"]


def test_reflections_around_images_stay():
    body = 'a = Pad<mode = "reflect">(x, p)  y = Conv(a, w)'
    assert shortened(body, p=ints([0, 0, 1, 1, 0, 0, 1, 1]), w=normal(4, 3, 3, 3)) == ["Pad", "Conv"]


def test_pools_over_batch_and_channels_become_pools_over_images():
    def body(kernel, pads):
        pool = f"MaxPool<kernel_shape = {kernel}, strides = [1, 1, 2, 1], pads = {pads}>"
        return f"a = Unsqueeze(x, zero)  b = Unsqueeze(a, one)  c = {pool}(b)  y = Squeeze(c, both)"

    axes = dict(zero=ints([0]), one=ints([1]), both=ints([0, 1]))
    # onnx's evaluator has no pools of four axes: that of the two that are left is held against windows of NumPy's.
    model = parser.parse_model(
        '<ir_version: 10, opset_import: ["" : 23]> tried (float[batch, 3, 7, 8] x) => (float[batch, 3, 4, 7] y) '
        f"{{ {body([1, 1, 3, 2], [0, 0, 1, 0, 0, 0, 1, 0])} }}"
    )
    model.graph.initializer.extend(onnx.numpy_helper.from_array(value, name) for name, value in axes.items())
    onnx_nodes.shorten(model.graph)
    assert [node.op_type for node in model.graph.node] == ["MaxPool"] and not model.graph.initializer
    (found,) = reference.ReferenceEvaluator(model).run(None, {"x": X})
    padded = np.pad(X, ((0, 0), (0, 0), (1, 1), (0, 0)), constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 2), (2, 3))[:, :, ::2]
    np.testing.assert_array_equal(found, windows.max((-2, -1)))


@pytest.mark.parametrize("strides", [[1, 1], [2, 3]])
@pytest.mark.parametrize("pads", [[1, 1, 1, 0], [0, 0, 0, 0]])
def test_sums_over_windows_divided_by_their_pixels(strides, pads):
    ones = np.ones((3, 1, 3, 2), np.float32)
    inside = np.pad(np.ones(X.shape[2:]), ((pads[0], pads[2]), (pads[1], pads[3])))
    windows = np.lib.stride_tricks.sliding_window_view(inside, (3, 2))[:: strides[0], :: strides[1]]
    counts = windows.sum((-2, -1), dtype=np.float32)[None, None]
    body = f"a = Conv<group = 3, strides = {strides}, pads = {pads}>(x, ones)  y = Div(a, counts)"
    assert shortened(body, ones=ones, counts=counts) == ["AveragePool"]
    assert shortened(body, ones=ones, counts=f(6)) == ["AveragePool"]
    assert shortened(body, ones=ones, counts=f(7)) == ["Conv", "Div"]
    assert shortened(body, ones=ones, counts=counts + 1) == ["Conv", "Div"]
    assert shortened(body, ones=ones * 2, counts=counts) == ["Conv", "Div"]


def test_sums_over_windows_outside_images_stay_as_no_runtime_averages_these():
    ones = np.ones((3, 1, 2, 2), np.float32)
    for pads in ([2, 0, 0, 0], [0, 0, 0, 2]):
        body = f"a = Conv<group = 3, pads = {pads}>(x, ones)  y = Div(a, four)"
        assert shortened(body, ones=ones, four=f(4)) == ["Conv", "Div"]


def test_sums_of_whole_images():
    body = "a = ReduceSum<keepdims = 1>(x, axes)  y = Div(a, count)"
    assert shortened(body, axes=ints([2, 3]), count=f(56)) == ["ReduceMean"]
    assert shortened(body, axes=ints([2, 3]), count=f(55)) == ["ReduceSum", "Div"]
    assert shortened(body, axes=ints([0, 2]), count=f(7)) == ["ReduceSum", "Div"]  # the batch may have any size


@pytest.mark.parametrize(
    ("equation", "x", "shape", "left"),
    [
        ("abc,cd->abd", ROWS, (6, 4), "MatMul"),
        ("abcd,de->abce", X, (8, 4), "MatMul"),
        ("abij,abjk->abik", X, (2, 3, 8, 4), "MatMul"),
        ("abc,dc->abd", ROWS, (4, 6), "Einsum"),
        ("abc,cd->adb", ROWS, (6, 4), "Einsum"),
        ("abc,bcd->abd", ROWS, (5, 6, 4), "Einsum"),
        ("nthd,nshd->nhts", X, (2, 5, 7, 8), "Einsum"),
    ],
)
def test_products_of_rows_and_matrices(equation, x, shape, left):
    assert shortened(f'y = Einsum<equation = "{equation}">(x, w)', x, w=normal(*shape)) == [left]


@pytest.mark.parametrize(("shape", "left"), [((1, 1, 4), [4]), ((4,), [4]), ((1, 4), [4]), ((1, 5, 1), [1, 5, 1])])
def test_biases_of_products_are_rows(shape, left):
    graph = left_of("a = MatMul(x, w)  y = Add(b, a)", ROWS, w=normal(6, 4), b=normal(*shape))
    assert [node.op_type for node in graph.node] == ["MatMul", "Add"]
    assert sorted(list(constant.dims) for constant in graph.initializer) == sorted([[6, 4], left])


def test_a_reshaping_keeps_the_batch_without_reading_its_size():
    body = (
        "s = Shape({0})  a = Gather(s, zero)  b = Squeeze(a, zero)  c = Unsqueeze(b, zero)  "
        "d = Concat<axis = 0>(c, rest)  y = Reshape(x, d)"
    )
    constants = dict(zero=ints([0]), rest=ints([3, 56]))
    assert shortened(body.format("x"), **constants) == ["Reshape"]
    assert len(shortened(f"z = Abs(x)  {body.format('z')}", **constants)) == 7  # the size of another array
    assert shortened(body.format("x"), zero=ints([0]), rest=ints([-1])) == ["Reshape"]


LAYER_NORM = (
    "m = ReduceMean<keepdims = 1>(x, axis)  c = Sub(x, m)  s = Mul(c, c)  v = ReduceMean<keepdims = 1>(s, axis)  "
    "e = Add(v, eps)  d = Sqrt(e)  r = Div(one, d)  g = Mul(r, gamma)  n = Mul(c, g)  y = Add(n, beta)"
)


def test_layer_norm_along_the_last_axis():
    values = dict(axis=ints([2]), eps=f(1e-3), one=f(1), gamma=normal(1, 1, 6), beta=normal(1, 1, 6))
    assert shortened(LAYER_NORM, ROWS, **values) == ["LayerNormalization"]
    assert len(shortened(LAYER_NORM, ROWS, **values | dict(one=f(2)))) == 10
    square = dict(gamma=normal(1, 1, 5), beta=normal(1, 1, 5), axis=ints([1]))
    assert len(shortened(LAYER_NORM, ROWS[:, :, :5], **values | square)) == 10
    flat = dict(gamma=normal(3), beta=normal(3), axis=ints([0]))  # the mean of a batch, and a factor for each column
    assert len(shortened(LAYER_NORM, ROWS[0, :, :3], **values | flat)) == 10
    again = LAYER_NORM.replace("y = Add(n, beta)", "o = Add(n, beta)  y = Add(o, c)")
    assert len(shortened(again, ROWS, **values)) == 11


def test_layer_norm_along_the_channels_of_images():
    turned = ["Transpose", "LayerNormalization", "Transpose"]
    values = dict(axis=ints([1]), eps=f(1e-3), one=f(1), gamma=normal(1, 3, 1, 1), beta=normal(1, 3, 1, 1))
    assert shortened(LAYER_NORM, **values) == turned
    columns = values | dict(gamma=normal(1, 1, 1, 8), beta=normal(1, 1, 1, 8))
    assert len(shortened(LAYER_NORM, **columns)) == 10
    first = LAYER_NORM.replace("y = ", "o = ")
    columns_last = f"{first}  t = Transpose<perm = [0, 2, 3, 1]>(o)"
    assert shortened(f"{columns_last}  y = Relu(t)", **values) == [*turned[:2], "Relu"]
    assert shortened(f"{columns_last}  a = Abs(t)  b = Exp(t)  z = Add(a, b)  w = Transpose<perm = [0, 3, 1, 2]>(z)"
                     "  y = Add(w, o)", **values) == [*turned, "Abs", "Exp", "Add", "Transpose", "Add"]  # fmt: skip
    rows_last = LAYER_NORM.replace("(x", "(w")
    assert (
        shortened(f"w = Transpose<perm = [0, 3, 1, 2]>(x)  {rows_last}", np.moveaxis(X, 1, 3), **values) == turned[1:]
    )


def test_axes_that_are_not_turned_back_stay():
    turn = "t = Transpose<perm = [0, 3, 1, 2]>(x)  "
    assert shortened(turn + "u = Transpose<perm = [0, 3, 1, 2]>(t)  y = Abs(u)") == ["Transpose", "Transpose", "Abs"]
    assert shortened(turn + "u = Transpose<perm = [0, 2, 3, 1]>(t)  y = Abs(u)") == ["Abs"]
    assert shortened(turn + "y = Transpose<perm = [0, 2, 3, 1]>(t)") == ["Transpose", "Transpose"]  # y is the output
