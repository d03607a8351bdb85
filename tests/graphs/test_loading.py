"""Graph files of all kinds, opened by one call."""

import gc
import shutil
import weakref
from pathlib import Path

import jax
import numpy as np
import pytest

import golden
import jax_slim as slim
import jax_slim.tf1 as tf
from frozen_nets import frozen_net
from jax_slim.graphs import sources
from jax_slim.tf1.files import protos

GRAPHS = Path(__file__).parents[1] / "tf1" / "graphs"
PURE = [
    "cond_v2",
    "functions",
    "rnn_v1",
    "rnn_v2",
    "ssd_combined",
    "batch_norm_switch",
    "cond_while",
    "dynamic_rnn",
    "defun",
]


def recorded(name):
    """Feeds and results by the names of tensors."""
    values = golden.stored(GRAPHS / f"{name}.npz")
    named = {key.replace("|", "/"): values[key] for key in values}
    return (
        {k[3:]: v for k, v in named.items() if k[:3] == "in/"},
        {k[4:]: v for k, v in named.items() if k[:4] == "out/"},
    )


def check(found, wanted):
    for name, want in wanted.items():
        np.testing.assert_allclose(found[name], want, rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("name", PURE)
def test_functions_loops_and_conditionals_are_jax(name):
    given, wanted = recorded(name)
    net = slim.graphs.load(GRAPHS / f"{name}.pb", list(given), {n: n for n in wanted})
    assert net.host == []
    check(jax.jit(net)({}, given), wanted)


@pytest.mark.parametrize("name", ["ssd_loops", "nms_padded"])
def test_what_depends_on_values_runs_on_the_host(name):
    given, wanted = recorded(name)
    net = slim.graphs.load(GRAPHS / f"{name}.pb", outputs={n: n for n in wanted})
    assert "NonMaxSuppression" in str(net.host) or "Enter" in str(net.host)
    check(net({}, given), wanted)


def test_inputs_and_outputs_are_found():
    net = slim.graphs.load(GRAPHS / "ssd_loops.pb")
    boxes = ["detection_boxes:0", "detection_scores:0", "detection_classes:0", "num_detections:0"]
    assert (net.inputs, sorted(net.outputs)) == (["image_tensor:0"], sorted(boxes))
    assert net.input_shapes == {"image_tensor:0": (None, None, None, 3)}
    assert net.input_types == {"image_tensor:0": np.uint8}


@pytest.mark.parametrize("path", ["training/model.ckpt-5.meta", "training/model.ckpt-5", "training/model.ckpt-5.index"])
def test_a_meta_graph_takes_the_checkpoint_beside_it(path, tmp_path):
    for file in (GRAPHS / "training").iterdir():  # the graph was saved once, at the start
        shutil.copy(file, tmp_path / file.name)
    shutil.copy(tmp_path / "model.ckpt-0.meta", tmp_path / "model.ckpt-5.meta")
    given, wanted = recorded("training_after")
    net = slim.graphs.load(tmp_path / Path(path).name, list(given), {n: n for n in wanted})
    assert "logits/weights" in net.variables
    check(net(net.variables, given), wanted)


def test_another_checkpoint_than_the_one_beside_it():
    given, wanted = recorded("training_after")
    folder = GRAPHS / "training"
    net = slim.graphs.load(
        folder / "model.ckpt-0.meta", list(given), {n: n for n in wanted}, checkpoint=folder / "model.ckpt-5"
    )
    check(jax.jit(net)(net.variables, given), wanted)


def test_a_batch_of_a_queue_becomes_the_input():
    given, wanted = recorded("queues")
    net = slim.graphs.load(GRAPHS / "queues" / "m.meta", outputs="probabilities")
    assert net.inputs == list(given)
    check({"probabilities:0": net(net.variables, next(iter(given.values())))}, wanted)


def test_signatures_name_inputs_and_outputs():
    values = golden.stored(GRAPHS / "two_signatures.npz")
    net = slim.graphs.load(GRAPHS / "two_signatures")
    assert (net.inputs, sorted(net.outputs), sorted(net.variables)) == (["image"], ["logits", "scores"], ["b", "w"])
    found = jax.jit(net)(net.variables, {"image": values["x"]})
    check(found, {"logits": values["y"], "scores": values["p"]})
    relu = slim.graphs.load(GRAPHS / "two_signatures" / "saved_model.pb", signature="relu")
    check(relu(relu.variables, {"x": values["x"]}), {"out": values["q"]})
    by_name = slim.graphs.load(GRAPHS / "two_signatures", outputs="q")
    np.testing.assert_allclose(by_name(by_name.variables, values["x"]), values["q"], rtol=1e-4, atol=1e-5)


def test_a_saved_model_of_functions_as_tensorflow_2_writes_it():
    """Its variables are saved by objects and reach functions as handles; one has a loop that ends by a value."""
    values = golden.stored(GRAPHS / "second_version.npz")
    net = slim.graphs.load(GRAPHS / "second_version")
    assert (sorted(net.variables), net.host) == (["dense/b", "dense/w"], [])
    found = jax.jit(net)(net.variables, {"x": values["x"]})
    check(found, {"scores": values["scores"], "rounds": values["rounds"]})
    net = slim.graphs.load(GRAPHS / "second_version", signature="rnn")
    assert net.host == []
    check(net(net.variables, {"seq": values["s"]}), {"out": values["out"]})


def test_folders_of_exports_by_time(tmp_path):
    for number in ("7", "12"):
        shutil.copytree(GRAPHS / "two_signatures", tmp_path / number)
    (tmp_path / "7" / "saved_model.pb").write_bytes(b"old")
    assert slim.graphs.load(tmp_path, signature="relu").inputs == ["x"]


def test_tables_are_filled_from_assets():
    given, wanted = recorded("saved_model_words")
    net = slim.graphs.load(GRAPHS / "saved_model", signature="words")
    assert any("LookupTableFind" in text for text in net.host)
    found = net(net.variables, {"words": given["words:0"]})
    np.testing.assert_array_equal(found["ids"], wanted["hash_table_Lookup/LookupTableFindV2:0"])
    np.testing.assert_allclose(found["embedded"], wanted["embedded/Reshape_1:0"], rtol=1e-5)


def test_tables_of_a_saved_model_of_functions():
    """The path of the vocabulary is a variable there, which the initializer assigns."""
    net = slim.graphs.load(GRAPHS / "second_version_words")
    found = net(net.variables, {"w": np.array([b"b", b"z", b"c"], object)})
    np.testing.assert_array_equal(found["e"], [[4, 5], [0, 1], [6, 7]])


def test_variables_of_a_frozen_net_are_tuned():
    given, _ = recorded("rnn_v1")
    net = slim.graphs.load(GRAPHS / "rnn_v1.pb", ["x", "lengths"], "state", as_variables=True)
    assert sorted(net.variables) == ["b", "u", "w"]
    target = np.zeros((2, 5), np.float32)

    @jax.jit
    @jax.value_and_grad
    def loss(variables):
        return ((net(variables, [given["x:0"], given["lengths:0"]]) - target) ** 2).mean()

    variables, losses = net.variables, []
    for _ in range(5):
        value, gradients = loss(variables)
        variables = jax.tree.map(lambda v, g: v - 0.5 * g, variables, gradients)
        losses.append(float(value))
    assert losses[-1] < 0.5 * losses[0]


def test_what_is_described():
    found = slim.graphs.describe(GRAPHS / "two_signatures")
    assert found["kind"] == "SavedModel"
    assert found["signatures"]["relu"] == {
        "inputs": {"x": {"tensor": "x:0", "dtype": "float32", "shape": [None, 3]}},
        "outputs": {"out": {"tensor": "q:0", "dtype": "float32", "shape": [None, 2]}},
    }
    assert found["variables"]["w"] == {"dtype": "float32", "shape": [3, 2]}
    assert found["checkpoint"].endswith("variables/variables")
    described = slim.graphs.describe(GRAPHS / "cond_v2.pb")
    assert (described["kind"], described["unknown"], len(described["functions"])) == ("graph", [], 15)


@pytest.mark.parametrize(
    ("path", "arguments", "says"),
    [
        ("two_signatures", {"signature": "no"}, r"signature must be one of \['relu', 'serving_default'\], got 'no'"),
        (
            "two_signatures",
            {"tags": "train"},
            r"tags must be those of one graph .* which has \[\['serve'\]\], got train",
        ),
        ("training/model.ckpt-0.meta", {"outputs": "nothing"}, "no tensor nothing:0"),
        ("queues/m.meta", {"outputs": "logits", "checkpoint": "training/model.ckpt-5"}, "Key .* not found"),
        ("training", {"outputs": "images"}, None),
        ("../../cli", {}, "path must be a graph's file, a SavedModel's folder"),
    ],
)
def test_what_is_not_there_is_said(path, arguments, says):
    if "checkpoint" in arguments:
        arguments = {**arguments, "checkpoint": GRAPHS / arguments["checkpoint"]}
    if says is None:
        assert slim.graphs.load(GRAPHS / path, **arguments).inputs == ["images:0"]
        return
    with pytest.raises(ValueError, match=says):
        slim.graphs.load(GRAPHS / path, **arguments)


def test_a_loop_without_its_condition_is_said_when_it_is_asked_for():
    graph = protos.GraphDef.FromString((GRAPHS / "rnn_v1.pb").read_bytes())
    for node in graph.node:
        if node.op == "LoopCond":
            node.op = "Identity"
            node.attr["T"].type = 10
    net = slim.graphs.load(graph)
    feeds, _ = recorded("rnn_v1")
    with pytest.raises(tf.errors.InvalidArgumentError, match="has no condition"):
        net(net.variables, feeds if isinstance(feeds, dict) else list(feeds))


def test_the_source_is_let_go(monkeypatch):
    read, kept = sources.read, []

    def noted(*args):
        source = read(*args)
        kept.append(weakref.ref(source))
        return source

    monkeypatch.setattr(sources, "read", noted)
    net = slim.graphs.load(frozen_net()[0], outputs="out")
    gc.collect()
    assert net.inputs == ["images:0"] and kept[0]() is None  # it has all constants once more
