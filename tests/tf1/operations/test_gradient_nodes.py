"""Gradients that are TensorFlow's own nodes: the numbers are those of `jax.vjp`, also where sizes are not known."""

import numpy as np
import pytest

import jax_slim.tf1 as tf
from jax_slim.tf1.graph import building, gradients, rows

RNG = np.random.default_rng(0)
X = RNG.uniform(0.2, 0.9, (2, 4, 4, 4)).astype(np.float32)
Y = RNG.uniform(0.2, 0.9, (2, 4, 4, 4)).astype(np.float32)

# What is differentiated, of x and y; the graph's last node of the type that the name says.
CASES = {
    "Sigmoid": lambda x, y: tf.sigmoid(x),
    "Tanh": lambda x, y: tf.tanh(x),
    "Sqrt": lambda x, y: tf.sqrt(x),
    "Rsqrt": lambda x, y: tf.rsqrt(x),
    "Reciprocal": lambda x, y: tf.reciprocal(x),
    "Log": lambda x, y: tf.log(x),
    "Log1p": lambda x, y: tf.log1p(x),
    "Expm1": lambda x, y: tf.expm1(x),
    "Sinh": lambda x, y: tf.sinh(x),
    "Cosh": lambda x, y: tf.cosh(x),
    "Tan": lambda x, y: tf.tan(x),
    "Asin": lambda x, y: tf.asin(x),
    "Acos": lambda x, y: tf.acos(x),
    "Atan": lambda x, y: tf.atan(x),
    "Erf": lambda x, y: tf.erf(x),
    "Lgamma": lambda x, y: tf.lgamma(x),
    "RealDiv": lambda x, y: tf.div(x, y[:, :1]),
    "Div": lambda x, y: building.make("Div", x, y[0]),
    "DivNoNan": lambda x, y: tf.div_no_nan(x, y[0, 0, :1]),
    "AddN": lambda x, y: tf.add_n([x, y, x]),
    "EnsureShape": lambda x, y: tf.ensure_shape(x, [None, 4, 4, 4]),
    "CheckNumerics": lambda x, y: tf.check_numerics(x, "x"),
    "BatchMatMulV2": lambda x, y: tf.matmul(x, y, transpose_b=True),
    "BatchMatMulV2 spread": lambda x, y: tf.matmul(x[:, :1], y, transpose_a=True),
    "BatchMatMulV2 of both": lambda x, y: tf.matmul(x, y[0], transpose_a=True, transpose_b=True),
    "FakeQuantWithMinMaxArgs": lambda x, y: tf.fake_quant_with_min_max_args(x, 0.3, 0.7),
    "FakeQuantWithMinMaxVars": lambda x, y: tf.fake_quant_with_min_max_vars(
        x, y[0, 0, 0, 0] * 0, y[0, 0, 0, 1] * 0 + 0.7
    ),
    "Sum": lambda x, y: tf.reduce_sum(x, [0, 2]),
    "Sum of all": lambda x, y: tf.reduce_sum(x),
    "Sum, kept": lambda x, y: tf.reduce_sum(x, -1, keepdims=True),
    "Mean": lambda x, y: tf.reduce_mean(x, [1, 2]),
    "Mean of all": lambda x, y: tf.reduce_mean(x),
    "Mean of examples": lambda x, y: tf.reduce_mean(x, 0),
    "Max": lambda x, y: tf.reduce_max(tf.round(x * 4), [1, 3]),
    "Min": lambda x, y: tf.reduce_min(tf.round(x * 4), 0, keepdims=True),
    "Transpose": lambda x, y: tf.transpose(x, [3, 0, 1, 2]),
    "Pad": lambda x, y: tf.pad(x, [[0, 0], [1, 2], [0, 1], [0, 0]]),
    "PadV2": lambda x, y: tf.pad(x, [[0, 0], [1, 2], [0, 1], [0, 0]], constant_values=3),
    "MirrorPad": lambda x, y: tf.pad(x, [[0, 0], [3, 2], [0, 1], [0, 0]], "REFLECT"),
    "MirrorPad symmetric": lambda x, y: tf.pad(x, [[0, 0], [3, 4], [1, 1], [0, 0]], "SYMMETRIC"),
    "Slice": lambda x, y: tf.slice(x, [0, 1, 0, 2], [-1, 2, 4, 2]),
    "Tile": lambda x, y: tf.tile(x, [1, 2, 3, 1]),
    "BroadcastTo": lambda x, y: tf.broadcast_to(x[:, :1], tf.shape(x)),
    "Select": lambda x, y: tf.where(x > y, x, y),
    "SelectV2": lambda x, y: tf.where_v2(x > y, x, y[0, :1]),
    "ReverseV2": lambda x, y: tf.reverse(x, [1, -1]),
    "ReverseSequence": lambda x, y: tf.reverse_sequence(x, [2, 3], 1, 0),
    "SpaceToBatchND": lambda x, y: tf.space_to_batch_nd(x, [2, 3], [[0, 0], [1, 1]]),
    "BatchToSpaceND": lambda x, y: tf.batch_to_space_nd(x, [1, 2], [[0, 0], [1, 0]]),
    "SpaceToDepth": lambda x, y: tf.space_to_depth(x, 2),
    "DepthToSpace": lambda x, y: tf.depth_to_space(x, 2),
    "ConcatV2": lambda x, y: tf.concat([x, y, x], 3),
    "ConcatV2 of examples": lambda x, y: tf.concat([x, y], 0),
    "CropAndResize": lambda x, y: tf.image.crop_and_resize(x, y[0, 0, :2], [0, 1], [3, 2]),
}


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_the_numbers(known: bool) -> None:
    with tf.Graph().as_default() as graph, tf.Session() as session:
        size = [2 if known else None, 4, 4, 4]
        x, y = tf.placeholder(tf.float32, size), tf.placeholder(tf.float32, size)
        wanted, found = {}, {}
        for name, case in CASES.items():
            op = case(x, y).op
            assert op.type == name.partition(" ")[0].rstrip(",")
            pull = [tf.sin(t * 3 + 1) for t in op.outputs]
            before = len(graph.get_operations())
            made = rows.gradient_of(op)(op, *pull)
            kinds = {o.type for o in graph.get_operations()[before:]}
            assert "SlimGradient" not in kinds, name
            for place, (one, other) in enumerate(zip(_listed(made), gradients.generic(op, pull), strict=True)):
                # TensorFlow has none for the value that pads, nor for the limits that are numbers.
                assert (one is None) == (other is None) or (name, place) == ("PadV2", 2), name
                if one is not None:
                    found[f"{name} {place}"], wanted[f"{name} {place}"] = one, other
        found, wanted = session.run([found, wanted], {x: X, y: Y})
    for name, value in wanted.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-5, atol=1e-5, err_msg=name)


def _listed(value):
    return list(value) if isinstance(value, list | tuple) else [value]


@pytest.mark.parametrize("function", [tf.sigmoid, tf.tanh, lambda x: tf.pad(x, [[1, 1]], "REFLECT") ** 2])
def test_second_derivatives(function) -> None:
    with tf.Graph().as_default() as graph, tf.Session() as session:
        x = tf.placeholder(tf.float64, [4])
        first = tf.gradients(function(x), x)[0]
        second = tf.gradients(first, x)[0]
        assert "SlimGradient" not in {op.type for op in graph.get_operations()}
        at, step = np.array([0.3, -0.6, 0.1, 0.8]), 1e-6
        slope = [session.run(first, {x: at + sign * step}) for sign in (1, -1)]
        np.testing.assert_allclose(session.run(second, {x: at}), (slope[0] - slope[1]) / (2 * step), rtol=1e-6)
