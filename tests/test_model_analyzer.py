"""`model_analyzer`: sizes, and the table of a model against figures computed by hand."""

import io
import json
import math
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import jax_slim as slim
from jax_slim import model_analyzer
from jax_slim.core.program import operation
from jax_slim.model_analyzer.operations import operations_of
from jax_slim.model_analyzer.tables import scaled
from jax_slim.nets import vgg

X = np.ones((2, 3), np.float32)


def shaped(*shape, dtype=jnp.float32):
    return jax.ShapeDtypeStruct(shape, dtype)


# Sizes.


def test_analyze_vars(capsys):
    def program(x):
        slim.fully_connected(x.astype(jnp.bfloat16), 4, scope="half")
        slim.variable("count", shape=[], dtype=jnp.int32, trainable=False)
        as_records, as_arrays = slim.get_variables(), slim.get_collection(slim.GraphKeys.GLOBAL_VARIABLES)
        found.update(map(model_analyzer.analyze_vars, (as_records, as_arrays)))

    found = set()
    model = slim.Model(program)
    variables = model.init(jax.random.key(0), X)
    assert found == {(17, 36)}
    assert model_analyzer.analyze_vars(model.specs(X).values()) == (17, 36)
    assert capsys.readouterr().out == ""
    assert model_analyzer.analyze_vars(variables, print_info=True) == (17, 36)
    assert capsys.readouterr().out.splitlines() == [
        "Variables: name (dtype shape) [elements, bytes]",
        "half/weights (bfloat16 3x4) [12, bytes: 24]",
        "half/biases (bfloat16 4) [4, bytes: 8]",
        "count (int32 ) [1, bytes: 4]",
        "Together: 17 elements, 36 bytes",
    ]


def test_tensor_description():
    assert model_analyzer.tensor_description(np.zeros((1, 8, 8, 1024), np.float32)) == "(float32 1x8x8x1024)"


def test_analyze_ops(capsys):
    def program(x, w):
        with slim.name_scope("net"):
            y = lax.dot(x, w)
        return lax.scan(lambda carry, _: (lax.add(carry, carry), None), y, length=5)[0]

    assert model_analyzer.analyze_ops(program, X, shaped(3, 4), print_info=True) == 8 + 5 * 8
    assert capsys.readouterr().out.splitlines() == [
        "Operations: name -> (dtype shape) [elements]",
        "net/dot_general -> (float32 2x4) [8]",
        "add -> (float32 2x4) 5 times [40]",
    ]


# FLOPs.


def flops(function, *args):
    return sum(operation.flops for operation in operations_of(jax.make_jaxpr(function)(*args)))


def conv(x, w, **kwargs):
    return lax.conv_general_dilated(x, w, dimension_numbers=("NHWC", "HWIO", "NHWC"), **kwargs)


@pytest.mark.parametrize(
    ("function", "shapes", "expected"),
    [
        (jnp.matmul, [(5, 7), (7, 3)], 2 * 5 * 7 * 3),
        (lambda a, b: jnp.einsum("bij,bkj->bik", a, b), [(2, 5, 7), (2, 3, 7)], 2 * 2 * 5 * 7 * 3),
        (lambda x, w: conv(x, w, window_strides=(2, 1), padding="SAME"),
         [(2, 9, 6, 4), (3, 5, 4, 7)], 2 * (2 * 5 * 6 * 7) * (3 * 5 * 4)),
        (lambda x, w: conv(x, w, window_strides=(1, 1), padding="VALID", feature_group_count=2),
         [(2, 9, 6, 4), (3, 5, 2, 8)], 2 * (2 * 7 * 2 * 8) * (3 * 5 * 2)),
        (lambda x, w: conv(x, w, window_strides=(1, 1), padding="SAME", feature_group_count=4),
         [(1, 8, 8, 4), (3, 3, 1, 8)], 2 * (8 * 8 * 8) * (3 * 3)),
        (lambda x, w: lax.conv_transpose(x, w, (2, 2), "SAME"),
         [(1, 8, 8, 4), (3, 3, 4, 5)], 2 * (8 * 8 * 4) * (3 * 3 * 5)),
        (lambda x, w: jax.nn.relu(jax.jit(lambda x: x @ w)(x) + 1).sum(), [(2, 3), (3, 3)], 2 * 2 * 3 * 3),
        (lambda x, w: jax.checkpoint(lambda x: jnp.sin(x @ w))(x), [(2, 3), (3, 3)], 2 * 2 * 3 * 3),
        (lambda x, w: lax.scan(lambda x, _: (x @ w, None), x, length=7)[0], [(2, 3), (3, 3)], 7 * 2 * 2 * 3 * 3),
        (lambda x, w: lax.cond(x[0, 0] > 0, lambda: x @ w @ w, lambda: x @ w), [(2, 3), (3, 3)], 2 * 2 * 2 * 3 * 3),
    ],
)  # fmt: skip
def test_flops_by_definition(function, shapes, expected):
    assert flops(function, *(shaped(*shape) for shape in shapes)) == expected


# The table.


def test_vgg_16_by_hand():
    with slim.arg_scope(vgg.vgg_arg_scope()):
        model = slim.Model(vgg.vgg_16)
    table = model_analyzer.table(model, shaped(1, 224, 224, 3), is_training=False)

    rows, size, channels = [], 224, 3
    for stage, (times, depth) in enumerate([(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)], start=1):
        for step in range(times):
            parameters, multiplied = 9 * channels * depth + depth, size * size * 9 * channels * depth
            rows.append((f"conv{stage}/conv{stage}_{step + 1}", (size, size, depth), parameters, 2 * multiplied))
            channels = depth
        size //= 2
        rows.append((f"pool{stage}", (size, size, depth), 0, 0))
    for name, inputs, outputs in (("fc6", 7 * 7 * 512, 4096), ("fc7", 4096, 4096), ("fc8", 4096, 1000)):
        rows.append((name, (1, 1, outputs), inputs * outputs + outputs, 2 * inputs * outputs))

    found = [row for row in table.rows if row.layer != "dropout"]
    assert [(row.name, row.output_shapes, row.parameters, row.flops) for row in found] == [
        (f"vgg_16/{name}", ((1, *shape),), parameters, multiplied) for name, shape, parameters, multiplied in rows
    ]
    assert all(row.variable_bytes == 4 * row.parameters for row in found)
    assert all(row.output_bytes == 4 * math.prod(row.output_shapes[0]) for row in found)
    assert {row.layer for row in found} == {"convolution2d", "max_pool2d"}
    total = table.total
    assert (total.parameters, total.other_variables, total.variable_bytes) == (138_357_544, 0, 4 * 138_357_544)
    assert total.flops == 2 * 15_470_264_320


def test_a_batch_costs_as_much_as_its_examples():
    one, eight = (model_analyzer.table(vgg.vgg_a, shaped(n, 224, 224, 3), is_training=False).total for n in (1, 8))
    assert (eight.flops, eight.output_bytes) == (8 * one.flops, 8 * one.output_bytes)
    assert eight.parameters == one.parameters


def resnet_50(images):
    """He et al., "Deep Residual Learning for Image Recognition", 2015, with the stride in the 3 x 3 convolution."""
    with slim.arg_scope(
        [slim.conv2d], normalizer_fn=slim.batch_norm, normalizer_params={"scale": True, "is_training": False}
    ):
        net = slim.conv2d(images, 64, 7, stride=2, scope="conv1")
        net = slim.max_pool2d(net, 3, stride=2, padding="SAME", scope="pool1")
        for stage, (times, depth) in enumerate([(3, 64), (4, 128), (6, 256), (3, 512)], start=1):
            for step in range(times):
                stride = 2 if step == 0 and stage > 1 else 1
                with slim.variable_scope(f"block{stage}/unit_{step + 1}"):
                    shortcut = net
                    if step == 0:
                        shortcut = slim.conv2d(net, 4 * depth, 1, stride, activation_fn=None, scope="shortcut")
                    inner = slim.conv2d(net, depth, 1, scope="conv1")
                    inner = slim.conv2d(inner, depth, 3, stride, scope="conv2")
                    net = jax.nn.relu(shortcut + slim.conv2d(inner, 4 * depth, 1, activation_fn=None, scope="conv3"))
        return slim.fully_connected(jnp.mean(net, (1, 2)), 1000, activation_fn=None, scope="logits")


def test_resnet_50_by_hand():
    table = model_analyzer.table(resnet_50, shaped(1, 224, 224, 3))
    convolutions = {"conv1": (112, 7 * 7 * 3, 64)}  # size of the output, what each of its elements sees, channels
    size, channels = 56, 64
    for stage, (times, depth) in enumerate([(3, 64), (4, 128), (6, 256), (3, 512)], start=1):
        for step in range(times):
            unit, before = f"block{stage}/unit_{step + 1}/", size
            size = size // 2 if step == 0 and stage > 1 else size
            if step == 0:
                convolutions[unit + "shortcut"] = (size, channels, 4 * depth)
            convolutions[unit + "conv1"] = (before, channels, depth)
            convolutions[unit + "conv2"] = (size, 9 * depth, depth)
            convolutions[unit + "conv3"] = (size, depth, 4 * depth)
            channels = 4 * depth
    expected = {}
    for name, (side, seen, outputs) in convolutions.items():
        expected[name] = (seen * outputs, 0, 2 * side * side * seen * outputs)
        expected[f"{name}/BatchNorm"] = (2 * outputs, 2 * outputs, 0)
    expected |= {"pool1": (0, 0, 0), "logits": (2048 * 1000 + 1000, 0, 2 * 2048 * 1000)}

    assert {row.name: (row.parameters, row.other_variables, row.flops) for row in table.rows} == expected
    assert all(row.depth == row.name.endswith("/BatchNorm") for row in table.rows)
    total = table.total
    assert (total.parameters, total.other_variables) == (25_557_032, 53_120)
    assert total.flops == 2 * 4_089_184_256


def test_what_is_a_row():
    def program(x):
        y = slim.fully_connected(x, 4, scope="shared")
        y = slim.fully_connected(y, 3, scope="back")
        y = slim.fully_connected(y, 4, scope="shared", reuse=True)
        slim.summary.histogram("y", y)
        y = slim.repeat(y, 2, slim.fully_connected, 4, scope="twice")
        scale = slim.variable("scale", shape=[4])
        return slim.dropout(jnp.dot(y * scale, y.T))

    rows = model_analyzer.table(program, X).rows
    assert [(row.name, row.layer, row.parameters, row.flops) for row in rows] == [
        ("shared", "fully_connected", 16, 48),
        ("back", "fully_connected", 15, 48),
        ("shared", "fully_connected", 0, 48),  # the same variables: a product, but no parameters
        ("twice/twice_1", "fully_connected", 20, 64),
        ("twice/twice_2", "fully_connected", 20, 64),
        ("Dropout", "dropout", 0, 0),
        ("(outside of layers)", "", 4, 32),
    ]
    assert rows[-1].output_shapes == ()


def test_a_layer_of_one_s_own_has_a_row_when_it_is_an_operation():
    @operation
    def recurrent(x, scope=None):
        with slim.variable_scope(scope, "recurrent"):
            with slim.variable_scope("inner"):
                w = slim.model_variable("w", shape=[3, 3])
            return lax.scan(lambda x, _: (jnp.tanh(x @ w), None), x, length=4)[0]

    (row,) = model_analyzer.table(recurrent, X, scope="mine").rows
    assert (row.name, row.layer, row.parameters, row.flops) == ("mine", "recurrent", 9, 4 * 2 * 2 * 3 * 3)

    @operation
    def doubled(x):
        with slim.name_scope("outer"), slim.name_scope("inner"):
            return x * 2

    assert [row.name for row in model_analyzer.table(lambda x: doubled(doubled(x)), X).rows] == ["outer", "outer_1"]


def test_layers_inside_a_scan_or_checkpoint_count_for_the_layer_that_opens_it():
    def program(x, scan=False):
        x = slim.repeat(x, 5, slim.fully_connected, 3, scope="fc", scan=scan)
        return slim.recompute_grad(lambda x: slim.fully_connected(x, 3, scope="again"))(x)

    unrolled, scanned = (model_analyzer.table(program, X, scan=scan) for scan in (False, True))
    assert [row.name for row in unrolled.rows] == [*(f"fc/fc_{i}" for i in range(1, 6)), "again"]
    assert [(row.name, row.layer, row.parameters, row.flops) for row in scanned.rows[:1]] == [
        ("fc", "repeat", 5 * 12, 5 * 36)
    ]
    assert scanned.rows[1] == unrolled.rows[-1]
    assert (scanned.total.parameters, scanned.total.flops) == (unrolled.total.parameters, unrolled.total.flops)


# How it is shown.


@pytest.fixture
def table():
    def program(x):
        x = slim.fully_connected(x, 1000, normalizer_fn=slim.batch_norm, scope="fc")
        return slim.dropout(x), slim.flatten(x)

    return model_analyzer.table(program, X)


def test_as_text(table):
    assert [" ".join(line.split()) for line in str(table).splitlines() if not line.startswith("-")] == [
        "scope layer output parameters others FLOPs variables outputs",
        "fc fully_connected [2, 1000] 3,000 0 12.0 k 12.0 kB 8.00 kB",
        "fc/BatchNorm batch_norm [2, 1000] 1,000 2,000 0 12.0 kB 8.00 kB",
        "Dropout dropout [2, 1000] 0 0 0 0 B 8.00 kB",
        "Flatten flatten [2, 1000] 0 0 0 0 B 8.00 kB",
        "total 4,000 2,000 12.0 k 24.0 kB 32.0 kB",
    ]
    assert repr(table) == "<ModelTable: 4 layers, 4,000 parameters>"


def test_a_column_without_numbers_is_left_out():
    assert "others" not in str(model_analyzer.table(lambda x: slim.fully_connected(x, 2), X))


def test_as_json(table):
    read = json.loads(json.dumps(table.as_dict()))
    assert read["rows"][1] == {
        "name": "fc/BatchNorm",
        "layer": "batch_norm",
        "depth": 1,
        "output_shapes": [[2, 1000]],
        "parameters": 1000,
        "other_variables": 2000,
        "flops": 0,
        "variable_bytes": 12000,
        "output_bytes": 8000,
    }
    assert read["total"]["parameters"] == sum(row["parameters"] for row in read["rows"]) == 4000


def test_with_rich(table):
    from rich.console import Console

    console = Console(file=io.StringIO(), width=100)
    console.print(table)
    lines = [" ".join(line.split()) for line in console.file.getvalue().splitlines() if line.strip(" ─")]
    assert lines[0] == "scope layer output parameters others FLOPs variables outputs"
    assert lines[2] == "fc/BatchNorm batch_norm [2, 1000] 1,000 2,000 0 12.0 kB 8.00 kB"
    assert lines[-1] == "total 4,000 2,000 12.0 k 24.0 kB 32.0 kB"


def test_show(table, capsys, monkeypatch):
    table.show()
    assert capsys.readouterr().out == f"{table}\n"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    table.show()
    assert "─" in capsys.readouterr().out
    monkeypatch.setitem(sys.modules, "rich.console", None)
    table.show()
    assert capsys.readouterr().out == f"{table}\n"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (999, "999"),
        (999_499, "999 k"),
        (999_600, "1.00 M"),
        (1000, "1.00 k"),
        (138_357_544, "138 M"),
        (3e13, "30.0 T"),
    ],
)
def testscaled(number, text):
    assert scaled(int(number), "") == text


# What is kept for the gradient.


def small(x):
    x = slim.conv2d(x, 8, 3, normalizer_fn=slim.batch_norm, scope="a")
    with slim.name_scope("between"):
        x = jnp.tanh(x)
    return slim.fully_connected(slim.flatten(x), 2, activation_fn=None, scope="b"), {"not": x}


def test_what_is_kept_for_the_gradient_by_layer():
    table = model_analyzer.kept_for_gradient(small, shaped(4, 6, 6, 3))
    elements = 4 * 6 * 6 * 8
    rows = {row.name: row for row in table.rows}
    assert rows["a"].arrays == ("bool[4,6,6,8]",) and rows["a"].bytes == elements  # where the ReLU passes
    assert "float32[4,6,6,8]" in rows["a/BatchNorm"].arrays
    assert 4 * elements < rows["a/BatchNorm"].bytes < 4 * elements + 8 * 4 * 8
    assert set(rows["between"].arrays) == {"float32[4,6,6,8]"} and rows["between"].layer == ""
    assert table.bytes == sum(row.bytes for row in table.rows)
    assert table.input_bytes == 4 * 6 * 6 * 3 * 4
    assert table.variable_bytes == 4 * (3 * 3 * 3 * 8 + 3 * 8 + 6 * 6 * 8 * 2 + 2)
    assert table.largest(1) == (max(table.rows, key=lambda row: row.bytes),)
    assert [line.split()[0] for line in str(table).splitlines()] == ["scope", "a", "a/BatchNorm", "between", "together",
                                                                    "variables", "inputs"]  # fmt: skip
    assert json.loads(json.dumps(table.as_dict()))["bytes"] == table.bytes


def test_what_is_computed_again_is_not_kept():
    def kept(what):
        return model_analyzer.kept_for_gradient(slim.recompute_grad(small, what=what), shaped(4, 6, 6, 3)).bytes

    assert kept("all") == 0
    assert kept("all") < kept("cheap") < model_analyzer.kept_for_gradient(small, shaped(4, 6, 6, 3)).bytes


def test_losses_of_a_training_program_count():
    def loss(batch):
        slim.losses.mean_squared_error(slim.fully_connected(batch, 5, activation_fn=None, scope="c"), jnp.ones((2, 5)))
        return jnp.zeros(())

    rows = model_analyzer.kept_for_gradient(loss, shaped(2, 3)).rows
    assert sum("float32[2,5]" in row.arrays for row in rows) == 1
