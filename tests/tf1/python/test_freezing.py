"""`freeze_graph`: from graphs, meta graphs and SavedModels, by flags and from Python."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import golden
import jax_slim.tf1 as tf
from jax_slim.tf1.files import protos
from jax_slim.tf1.python import freezing, graph_commands, graph_util

GRAPHS = Path(__file__).parents[1] / "graphs"
IMAGES = np.random.default_rng(0).uniform(-1, 1, (2, 4)).astype(np.float32)


def build(resources):
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    with tf.device("/cpu:0"), tf.variable_scope("net", use_resource=resources):
        w = tf.get_variable("w", [4, 3], initializer=tf.random_normal_initializer(seed=1))
        b = tf.get_variable("b", [3], initializer=tf.ones_initializer())
        table = tf.get_variable("table", [3, 2], initializer=tf.random_normal_initializer(seed=2))
    y = tf.nn.relu(tf.matmul(x, w) + b, name="y")
    return tf.identity(tf.gather(table, tf.argmax(y, 1)), name="out")


@pytest.fixture(scope="module", params=[False, True], ids=["references", "resources"])
def saved(request, tmp_path_factory):
    """A folder with a graph in every form, and its outputs."""
    folder = tmp_path_factory.mktemp("saved")
    with tf.Graph().as_default() as graph, tf.Session() as sess:
        out = build(request.param)
        saver = tf.train.Saver()
        sess.run(tf.global_variables_initializer())
        saver.save(sess, str(folder / "model"))
        tf.train.write_graph(graph, str(folder), "graph.pbtxt")
        tf.train.write_graph(graph, str(folder), "graph.pb", as_text=False)
        (folder / "saver.pb").write_bytes(saver.as_saver_def().SerializeToString())
        tf.saved_model.simple_save(sess, str(folder / "served"), {"x": graph.get_tensor_by_name("x:0")}, {"out": out})
        return folder, sess.run(["y:0", "out:0"], {"x:0": IMAGES})


def run_frozen(data, fetches=("y:0", "out:0")):
    definition = protos.GraphDef.FromString(data) if isinstance(data, bytes) else data
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.import_graph_def(definition, name="")
        return sess.run(list(fetches), {"x:0": IMAGES})


@pytest.mark.parametrize(
    "flags",
    [
        ["--input_graph={0}/graph.pbtxt", "--input_checkpoint={0}/model"],
        ["--input_graph={0}/graph.pb", "--input_binary", "--input_checkpoint={0}/model", "--restore_op_name=save/x"],
        ["--input_graph={0}/graph.pb", "--input_binary=true", "--input_saver={0}/saver.pb",
         "--input_checkpoint={0}/model"],
        ["--input_meta_graph={0}/model.meta", "--input_binary", "--input_checkpoint={0}/model"],
        ["--input_saved_model_dir={0}/served", "--saved_model_tags=serve"],
    ],
)  # fmt: skip
def test_a_checkpoint_is_frozen_by_flags(saved, flags, tmp_path):
    folder, want = saved
    target = tmp_path / "frozen.pb"
    graph_commands.freeze_graph(
        [*(f.format(folder) for f in flags), "--output_node_names=y, out", f"--output_graph={target}"]
    )
    frozen = protos.GraphDef.FromString(target.read_bytes())
    assert {n.op for n in frozen.node} >= {"Const", "Placeholder", "GatherV2"}
    assert not {n.op for n in frozen.node} & {"VariableV2", "VarHandleOp", "ReadVariableOp", "ResourceGather"}
    assert not any(node.device for node in frozen.node)
    for value, wanted in zip(run_frozen(frozen), want, strict=True):
        np.testing.assert_allclose(value, wanted, rtol=1e-6)


def test_variables_are_chosen_by_name(saved, tmp_path):
    folder, _ = saved
    arguments = (f"{folder}/graph.pb", "", True, f"{folder}/model", "y", None, None, "")
    for names in (
        {"variable_names_whitelist": "net/w"},
        {"variable_names_blacklist": "net/b"},
        {"variable_names_denylist": "net/b"},
    ):
        frozen = freezing.freeze_graph(*arguments, **names)
        kinds = {node.name: node.op for node in frozen.node}
        assert kinds["net/w"] == "Const"
        assert kinds["net/b"] in ("VariableV2", "VarHandleOp")
    with_devices = freezing.freeze_graph(*arguments, clear_devices=False, variable_names_blacklist="net/b")
    assert {node.device for node in with_devices.node} >= {"/device:CPU:0"}
    changed = freezing.freeze_graph(*arguments, initializer_nodes="net/b/Assign")
    assert sum(node.op == "Const" for node in changed.node) == 2


@pytest.mark.parametrize(
    ("flags", "error", "says"),
    [
        (["--input_graph={0}/graph.pb", "--input_checkpoint={0}/model"], OSError, "is no GraphDef as text"),
        (["--input_graph={0}/graph.pbtxt", "--input_binary", "--input_checkpoint={0}/model"], OSError, "as bytes"),
        (["--input_graph={0}/none.pb", "--input_checkpoint={0}/model"], OSError, "does not exist"),
        (["--input_graph={0}/graph.pbtxt", "--input_checkpoint={0}/none"], ValueError, "doesn't exist"),
        (["--input_checkpoint={0}/model"], ValueError, "You need to supply --input_graph"),
        (["--input_graph={0}/graph.pbtxt", "--input_checkpoint={0}/model", "--checkpoint_version=3"], ValueError,
         "Invalid checkpoint version"),
        (["--input_saved_model_dir={0}/served", "--saved_model_tags=train"], RuntimeError, "which has"),
        (["--input_saved_model_dir={0}"], OSError, "SavedModel file does not exist"),
    ],
)  # fmt: skip
def test_what_cannot_be_frozen_is_said(saved, flags, error, says, tmp_path):
    command = [*(f.format(saved[0]) for f in flags), "--output_node_names=y", f"--output_graph={tmp_path / 'no.pb'}"]
    with pytest.raises(error, match=says):
        graph_commands.freeze_graph(command)
    assert not (tmp_path / "no.pb").exists()


def test_a_frozen_graph_is_not_frozen_again(saved, tmp_path):
    folder, _ = saved
    arguments = ("", True, f"{folder}/model", "y", None, None, str(tmp_path / "frozen.pb"))
    freezing.freeze_graph(f"{folder}/graph.pb", *arguments)
    with pytest.raises(ValueError, match="No variables were found"):
        freezing.freeze_graph(str(tmp_path / "frozen.pb"), *arguments)
    with tf.Graph().as_default() as other:
        tf.get_variable("net/w", [4, 4])
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"net/w is a float32 of shape \(4, 4\)"):
        freezing.freeze_graph_with_def_protos(other.as_graph_def(), None, f"{folder}/model", "net/w/read")


def test_variables_of_functions_are_frozen_too():
    """TensorFlow 2 wrote it: a conditional of functions that read variables."""
    recorded = golden.stored(GRAPHS / "two_signatures.npz")
    frozen = freezing.freeze_graph(
        "", "", False, "", "p", None, None, "", input_saved_model_dir=GRAPHS / "two_signatures"
    )
    assert not {node.op for node in frozen.node} & {"If", "VarHandleOp", "ReadVariableOp"}
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.import_graph_def(frozen, name="")
        (p,) = sess.run(["p:0"], {"x:0": recorded["x"]})
    np.testing.assert_allclose(p, recorded["p"], atol=1e-6)


def test_the_commands_run_as_modules():
    prefix = GRAPHS / "two_signatures" / "variables" / "variables"
    command = ["-m", "jax_slim", "run", "-m", "tensorflow.python.tools.inspect_checkpoint", f"--file_name={prefix}"]
    shown = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=True)
    assert "w (DT_FLOAT) [3,2]" in shown.stdout
    assert "# Total number of params: 8" in shown.stdout


def test_a_gather_with_batches_keeps_them():
    with tf.Graph().as_default() as graph:
        handle = tf.get_variable("v", [2, 3], use_resource=True)
        tf.identity(handle, name="read")
    definition = graph.as_graph_def()
    node = definition.node.add(name="rows", op="ResourceGather", input=["v", "places"])
    node.attr["dtype"].type, node.attr["Tindices"].type, node.attr["batch_dims"].i = 1, 3, 1
    places = definition.node.add(name="places", op="Placeholder")
    places.attr["dtype"].type = 3
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    found = graph_util.with_constants(definition, {"v": values})
    part = graph_util.extract_sub_graph(found, ["rows"])
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.import_graph_def(part, name="")
        np.testing.assert_array_equal(sess.run("rows:0", {"places:0": [[0, 2], [1, 1]]}), [[0, 2], [4, 4]])
