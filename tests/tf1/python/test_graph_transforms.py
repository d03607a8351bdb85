"""`TransformGraph`: the same outputs after transforms, and what each does to the nodes."""

import collections
from pathlib import Path

import numpy as np
import pytest

import golden
import jax_slim.tf1 as tf
from jax_slim.tf1.files import protos
from jax_slim.tf1.graph import tensor_protos
from jax_slim.tf1.python import graph_commands, graph_transforms
from jax_slim.tf1.python.graph_transforms import TransformGraph

GRAPHS = Path(__file__).parents[1] / "graphs"
RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.uniform(-1, 1, (2, 6, 6, 3)).astype(np.float32)


def values(shape):
    return RANDOM.normal(size=shape).astype(np.float32)


def net(x):
    """A convolution, one by depth and a product, each with batch norm as a scale and a shift of constants."""
    for kind, weights in (("conv", values((3, 3, 3, 4))), ("depthwise", values((3, 3, 4, 2)))):
        with tf.name_scope(kind):
            convolve = tf.nn.conv2d if kind == "conv" else tf.nn.depthwise_conv2d
            x = convolve(x, tf.identity(tf.constant(weights, name="weights"), name="read"), [1, 1, 1, 1], "SAME")
            channels = x.shape[-1].value
            scale = tf.rsqrt(tf.constant(np.abs(values([channels])) + 0.5, name="variance") + 0.001, name="scale")
            x = tf.nn.relu(tf.check_numerics(x * scale, "x") + tf.constant(values([channels]), name="shift"))
    x = tf.matmul(tf.reduce_mean(x, [1, 2]), tf.constant(values((8, 5)))) * tf.constant(np.float32(0.5))
    return tf.identity(tf.nn.softmax(x), name="out")


@pytest.fixture(scope="module")
def graph():
    with tf.Graph().as_default() as made:
        contents = tf.placeholder(tf.string, name="contents")
        pixels = tf.image.decode_png(contents, 3)
        net(tf.identity(tf.cast(pixels, tf.float32)[None], name="images"))
        with tf.device("/gpu:0"):
            tf.constant(3, name="unused")
    return made.as_graph_def()


def outputs(definition, feeds=None, fetch="out:0"):
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.import_graph_def(definition, name="")
        return sess.run(fetch, {"images:0": IMAGES} if feeds is None else feeds)


def kinds(definition):
    return collections.Counter(node.op for node in definition.node)


CUT = 'strip_unused_nodes(type=float, shape="2,6,6,3")'


def test_the_usual_list_leaves_the_numbers(graph):
    cut = TransformGraph(graph, ["images"], ["out"], [CUT])
    assert not {"DecodePng", "Cast"} & set(kinds(cut))
    assert [d.size for d in cut.node[0].attr["shape"].shape.dim] == [2, 6, 6, 3]
    want = outputs(cut)
    usual = [CUT, "remove_nodes(op=Identity, op=CheckNumerics)", "fold_constants(ignore_errors=true) fold_batch_norms"]
    found = TransformGraph(graph, ["images"], ["out"], [*usual, "fold_old_batch_norms", "sort_by_execution_order"])
    assert kinds(found)["Mul"] == 0
    assert not {"CheckNumerics", "Rsqrt"} & set(kinds(found))
    assert {node.name for node in found.node} >= {"out", "images", "conv/mul", "depthwise/mul"}
    np.testing.assert_allclose(outputs(found), want, atol=1e-6)
    assert len(found.node) == 23


def test_fused_batch_norm_goes_into_weights():
    definition = protos.GraphDef.FromString((GRAPHS / "conv_batch_norm.pb").read_bytes())
    recorded = golden.stored(GRAPHS / "conv_batch_norm.npz")
    name = next(n for n in recorded if n.startswith("in|"))
    found = TransformGraph(definition, [name[3:]], ["Predictions"], "fold_constants fold_old_batch_norms")
    assert not any("BatchNorm" in op for op in kinds(found))
    out = next(n for n in recorded if "Predictions" in n and n.startswith("out|"))
    np.testing.assert_allclose(outputs(found, {name[3:]: recorded[name]}, out[4:]), recorded[out], atol=1e-5)


def test_a_branch_that_is_not_taken_keeps_its_constants():
    """They hang on the branch by a control edge: folded, both branches would give a value."""
    definition = protos.GraphDef.FromString((GRAPHS / "cond_while.pb").read_bytes())
    recorded = golden.stored(GRAPHS / "cond_while.npz")
    feeds = {n[3:]: recorded[n] for n in recorded if n.startswith("in|")}
    wanted = [n for n in recorded if n.startswith("out|")]
    names = [n[4:] for n in wanted]
    found = TransformGraph(
        definition, list(feeds), names, ["fold_constants", "merge_duplicate_nodes", "sort_by_execution_order"]
    )
    assert len(found.node) < len(definition.node)
    for value, key in zip(outputs(found, feeds, names), wanted, strict=True):
        np.testing.assert_allclose(value, recorded[key], atol=1e-5)


def test_results_of_several_outputs_and_of_too_many_bytes(graph):
    with tf.Graph().as_default() as made:
        x = tf.placeholder(tf.float32, [2], name="x")
        parts = tf.split(tf.constant([1.0, 2.0, 3.0, 4.0]) * 2.0, 2, name="split")
        moved = x * parts[1] + tf.ones([2, 1000])[:, 3]
        tf.identity(moved + tf.cast(tf.size(parts[0]), tf.float32), name="out")
    found = TransformGraph(made.as_graph_def(), ["x"], ["out"], ["fold_constants(max_constant_size=100)"])
    assert "Split" not in kinds(found)
    assert "split/output_1" in {node.name for node in found.node}
    np.testing.assert_allclose(outputs(found, {"x:0": [1.0, -1.0]}), [9.0, -5.0])
    small = TransformGraph(made.as_graph_def(), ["x"], ["out"], ["fold_constants(max_constant_size=4)"])
    assert "Split" in kinds(small)
    np.testing.assert_allclose(outputs(small, {"x:0": [1.0, -1.0]}), [9.0, -5.0])


def test_weights_are_rounded(graph):
    cut = TransformGraph(graph, ["images"], ["out"], [CUT])
    want = outputs(cut)
    rounded = TransformGraph(cut, ["images"], ["out"], ["round_weights(num_steps=16)"])
    found = {n.name: tensor_protos.make_ndarray(n.attr["value"].tensor) for n in rounded.node if n.op == "Const"}
    assert len(np.unique(found["conv/weights"])) <= 16
    assert len(np.unique(found["conv/shift"])) == 4  # too few to be weights
    eight = TransformGraph(cut, ["images"], ["out"], ["quantize_weights(minimum_size=40)"])
    assert kinds(eight)["Dequantize"] == 3
    assert {node.name for node in eight.node} >= {"conv/weights_quantized_const", "conv/weights"}
    np.testing.assert_allclose(outputs(eight), want, atol=0.02)
    assert np.abs(outputs(eight) - want).max() > 0
    given = tensor_protos.make_ndarray(next(n for n in cut.node if n.name == "conv/weights").attr["value"].tensor)
    step = (given.max() - given.min()) / 255
    np.testing.assert_allclose(outputs(eight, fetch="conv/weights:0"), given, atol=step * 1.01)


def test_equal_values_are_kept_in_eight_bits():
    for number in (0.0, 3.0, -3.0):
        with tf.Graph().as_default() as made:
            tf.identity(tf.constant(np.full(20, number, np.float32), name="weights"), name="out")
        found = TransformGraph(made.as_graph_def(), [], ["out"], ["quantize_weights(minimum_size=16)"])
        np.testing.assert_allclose(outputs(found, {}), np.full(20, number), atol=0.02)


def test_nodes_names_attributes_and_devices(graph):
    cut = TransformGraph(graph, ["images"], ["out"], [CUT])
    want = outputs(cut)
    hidden = TransformGraph(cut, ["images"], ["out"], ["obfuscate_names"])
    assert {node.name for node in hidden.node if len(node.name) > 2} == {"images", "out"}
    np.testing.assert_array_equal(outputs(hidden), want)
    backwards = protos.GraphDef(versions=cut.versions)
    backwards.node.extend(reversed(cut.node))
    ordered = TransformGraph(backwards, ["images"], ["out"], ["sort_by_execution_order"])
    seen = set()
    for node in ordered.node:
        assert seen >= {graph_transforms.graph_util.node_name(s) for s in node.input}
        seen.add(node.name)
    assert {n.device for n in TransformGraph(graph, [], ["out"], ["remove_device"]).node} == {""}
    moved = TransformGraph(graph, [], ["out"], ['set_device(device="/cpu:0", if_default=true)'])
    assert {n.device for n in moved.node} == {"/cpu:0", "/device:GPU:0"}
    less = TransformGraph(cut, [], ["out"], ["remove_attribute(attribute_name=dilations, op_name=Conv2D)"])
    convs = [next(n for n in d.node if n.op == "Conv2D") for d in (cut, less)]
    assert ["dilations" in c.attr for c in convs] == [True, False]
    again = TransformGraph(less, [], ["out"], ["add_default_attributes"])
    assert next(n for n in again.node if n.op == "Conv2D").attr["dilations"].list.i == [1, 1, 1, 1]
    other = TransformGraph(cut, [], ["out"], ["rename_op(old_op_name=Relu, new_op_name=Relu6)"])
    assert (kinds(other)["Relu"], kinds(other)["Relu6"]) == (0, 2)


@pytest.mark.parametrize(
    ("transforms", "says"),
    [
        (["insert_logging"], "transforms must be of"),
        (["fold_constants(op=Identity)"], "fold_constants must have arguments of"),
        (["remove_nodes"], "op must be given"),
        (["remove_nodes(op=Identity"], "must close their parentheses"),
        (["remove_nodes(op==Identity)"], "must be like"),
        (["strip_unused_nodes(type=flaot)"], "must be a type, such as float, got 'flaot'"),
        (["rename_op(old_op_name=a)"], "new_op_name must be given once"),
    ],
)
def test_what_is_no_transform_is_said(graph, transforms, says):
    with pytest.raises(ValueError, match=says):
        TransformGraph(graph, ["images"], ["out"], transforms)


def test_errors_can_be_ignored(graph):
    found = TransformGraph(graph, ["images"], ["nothing"], ["strip_unused_nodes(ignore_errors=true)"])
    assert found == graph


def test_the_command_writes_what_the_function_gives(graph, tmp_path):
    (tmp_path / "in.pb").write_bytes(graph.SerializeToString())
    flags = [
        "--inputs=images:0",
        "--outputs=out",
        f"--in_graph={tmp_path / 'in.pb'}",
        f"--transforms={CUT}\nremove_device",
    ]
    graph_commands.transform_graph([*flags, f"--out_graph={tmp_path / 'out.pb'}"])
    want = TransformGraph(graph, ["images"], ["out"], [CUT, "remove_device"])
    assert protos.GraphDef.FromString((tmp_path / "out.pb").read_bytes()) == want
    graph_commands.optimize_for_inference(
        [
            f"--input={tmp_path / 'out.pb'}",
            f"--output={tmp_path / 'small.pb'}",
            "--input_names=images",
            "--output_names=out",
        ]
    )
    small = protos.GraphDef.FromString((tmp_path / "small.pb").read_bytes())
    np.testing.assert_allclose(outputs(small), outputs(want), atol=1e-6)
    graph_commands.strip_unused(
        [f"--input_graph={tmp_path / 'in.pb'}", "--input_binary", f"--output_graph={tmp_path / 'cut.pb'}"]
        + ["--input_node_names=images", "--output_node_names=out"]
    )
    cut = protos.GraphDef.FromString((tmp_path / "cut.pb").read_bytes())
    np.testing.assert_array_equal(outputs(cut), outputs(want))
