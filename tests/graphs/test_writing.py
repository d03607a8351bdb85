"""Graphs written again: the same numbers when they are read, of every sample."""

from pathlib import Path

import numpy as np
import pytest

import golden
import jax_slim as slim
import jax_slim.tf1 as tf
from jax_slim.exporting.archives import ExportError
from jax_slim.tf1.files import protos

GRAPHS = Path(__file__).parents[1] / "tf1" / "graphs"
FROZEN = ["batch_norm_switch", "cond_v2", "cond_while", "conv_batch_norm", "fake_quant", "functions", "indices",
          "nms_padded", "resize_pad_holes", "rnn_v1", "rnn_v2", "ssd_loops",
          *(pytest.param(name, marks=pytest.mark.slow) for name in ("dynamic_rnn", "ssd_combined"))]  # fmt: skip


def recorded(name):
    values = golden.stored(GRAPHS / f"{name}.npz")
    return tuple(
        {k[len(side) :].replace("|", "/"): values[k] for k in values if k.startswith(side)} for side in ("in|", "out|")
    )


@pytest.mark.parametrize("name", FROZEN)
def test_every_sample_gives_its_numbers_again(name, tmp_path):
    given, want = recorded(name)
    net = slim.graphs.load(GRAPHS / f"{name}.pb", outputs=list(want))
    made = slim.graphs.write_frozen_graph(tmp_path / "again.pb", net)
    assert list(made.outputs.values()) == list(want)
    assert made.inputs == {key: key for key in net.inputs}
    graph = protos.GraphDef.FromString(made.path.read_bytes())
    assert not graph.library.function
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.import_graph_def(graph, name="")
        found = sess.run(list(want), {key: given[key] for key in made.inputs})
    for value, wanted in zip(found, want.values(), strict=True):
        np.testing.assert_allclose(value, wanted, rtol=1e-4, atol=1e-4)


def test_a_checkpoint_s_values_become_constants(tmp_path):
    net = slim.graphs.load(GRAPHS / "training" / "model.ckpt-0.meta", inputs="images", outputs="logits/BiasAdd")
    assert net.variables
    made = slim.graphs.write_frozen_graph(tmp_path / "frozen.pb", net)
    again = slim.graphs.load(made.path, outputs="logits/BiasAdd")
    images = np.random.default_rng(0).uniform(-1, 1, (2, *again.input_shapes["images:0"][1:])).astype(np.float32)
    np.testing.assert_allclose(again({}, images), net(net.variables, images), atol=1e-6)
    assert sorted(slim.graphs.weights(made.path)) == sorted(net.variables)


def test_a_saved_model_with_another_s_variables(tmp_path):
    values = golden.stored(GRAPHS / "two_signatures.npz")
    net = slim.graphs.load(GRAPHS / "two_signatures")
    made = slim.graphs.write_saved_model(tmp_path / "served", net, {"w": net.variables["w"], "b": np.ones(2)})
    assert (made.inputs, sorted(made.outputs)) == ({"image": "x:0"}, ["logits", "scores"])
    again = slim.graphs.load(tmp_path / "served")
    scores, logits = (again({}, values["x"])[key] for key in ("scores", "logits"))
    np.testing.assert_allclose(logits, net({**net.variables, "b": np.ones(2)}, values["x"])["logits"], atol=1e-6)
    assert np.abs(scores - values["p"]).max() > 1e-3
    shown = slim.graphs.describe(tmp_path / "served")["signatures"]["serving_default"]
    assert shown["inputs"] == {"image": {"tensor": "x:0", "dtype": "float32", "shape": [None, 3]}}
    with pytest.raises(ExportError, match="without a SavedModel"):
        slim.graphs.write_saved_model(tmp_path / "served", net)


def test_tuned_constants_and_folded_batch_norm(tmp_path):
    given, _ = recorded("conv_batch_norm")
    net = slim.graphs.load(GRAPHS / "conv_batch_norm.pb", outputs="Predictions", as_variables=True)
    tuned = {name: value * 1.25 if name == "logits/weights" else value for name, value in net.variables.items()}
    want = net(tuned, given["input:0"])
    made = slim.graphs.write_frozen_graph(tmp_path / "tuned.pbtxt", net, tuned, fold_batch_norm=True)
    graph = protos.GraphDef()
    protos.merge_text(made.path.read_text(), graph)
    assert not any("BatchNorm" in node.op for node in graph.node)
    again = slim.graphs.load(made.path, outputs="Predictions")
    np.testing.assert_allclose(again({}, given["input:0"]), want, atol=1e-5)


def test_inputs_in_the_middle_keep_their_names(tmp_path):
    given, _ = recorded("conv_batch_norm")
    whole = slim.graphs.load(GRAPHS / "conv_batch_norm.pb", outputs=["SpatialSqueeze", "Predictions"])
    net = slim.graphs.load(GRAPHS / "conv_batch_norm.pb", inputs={"logits": "SpatialSqueeze"}, outputs=["Predictions"])
    made = slim.graphs.write_frozen_graph(tmp_path / "end.pb", net, input_shapes={"logits": [3, 5]})
    assert made.inputs == {"logits": "SpatialSqueeze:0"}
    end = slim.graphs.load(made.path)
    assert end.input_shapes == {"SpatialSqueeze:0": (3, 5)}
    logits, scores = whole({}, given["input:0"])
    logits, scores = (np.resize(value, (3, 5)) for value in (logits, scores))
    np.testing.assert_allclose(end({}, logits)["Predictions:0"], scores, atol=1e-6)
    with pytest.raises(ValueError, match="input_shapes must be of the inputs"):
        slim.graphs.write_frozen_graph(tmp_path / "no.pb", net, input_shapes={"x": [1]})
    with_images = slim.graphs.load(GRAPHS / "conv_batch_norm.pb", outputs="Predictions")
    with pytest.raises(ValueError, match="input_shapes must fit the graph, input:0 is of shape"):
        slim.graphs.write_frozen_graph(tmp_path / "no.pb", with_images, input_shapes={"input:0": [1, 8, 11, 3]})
    assert not (tmp_path / "no.pb").exists()


def test_tables_are_written_with_what_they_hold(tmp_path):
    words = slim.graphs.load(GRAPHS / "saved_model", signature="words")
    recorded = golden.stored(GRAPHS / "saved_model_words.npz")
    made = slim.graphs.write_saved_model(tmp_path / "words", words)
    again = slim.graphs.load(made.path)
    given = dict.fromkeys(again.inputs, recorded["in|words:0"])
    wanted = words(words.variables, list(given.values()))
    numbers = recorded["out|hash_table_Lookup|LookupTableFindV2:0"]
    assert any(np.array_equal(value, numbers) for value in wanted.values())
    found = again(again.variables, given)
    for one, other in zip(found.values(), wanted.values(), strict=True):
        np.testing.assert_array_equal(one, other)
    with tf.Graph().as_default() as graph, tf.Session() as session:
        tf.saved_model.loader.load(session, ["serve"], str(made.path))
        feeds = {made.inputs[name]: value for name, value in given.items()}
        loaded = session.run(list(made.outputs.values()), feeds)
    assert "InitializeTableV2" in {op.type for op in graph.get_operations()}
    for one, other in zip(loaded, wanted.values(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_cannot_be_written_is_said(tmp_path):
    words = slim.graphs.load(GRAPHS / "saved_model", signature="words")
    with pytest.raises(ExportError, match="must have no tables"):
        slim.graphs.write_frozen_graph(tmp_path / "no.pb", words)
    net = slim.graphs.load(GRAPHS / "two_signatures")
    with pytest.raises(ValueError, match=r"\['w'\] are not among them"):
        slim.graphs.write_frozen_graph(tmp_path / "no.pb", net, {"b": np.ones(2)})
    with pytest.raises(ValueError, match=r"b of \(2,\), got \(3,\)"):
        slim.graphs.write_frozen_graph(tmp_path / "no.pb", net, {**net.variables, "b": np.ones(3)})
    assert not (tmp_path / "no.pb").exists()


def test_operations_that_tensorflow_removed_are_of_their_version(tmp_path):
    """BatchNormWithGlobalNormalization is refused in GraphDefs of today."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [1, 2, 2, 3], name="x")
        tf.nn.relu(x, name="out")
    definition = graph.as_graph_def()
    for name, numbers in (("m", 0.5), ("v", 2.0), ("b", 1.0), ("g", 3.0)):
        node = definition.node.add(name=name, op="Const")
        node.attr["dtype"].type = 1
        node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(np.full(3, numbers, np.float32)))
    norm = definition.node.add(name="n", op="BatchNormWithGlobalNormalization", input=["out", "m", "v", "b", "g"])
    norm.attr["T"].type, norm.attr["variance_epsilon"].f = 1, 0.001
    norm.attr["scale_after_normalization"].b = True
    definition.versions.producer = 8
    net = slim.graphs.load(definition, outputs="n")
    made = slim.graphs.write_frozen_graph(tmp_path / "old.pb", net)
    assert protos.GraphDef.FromString(made.path.read_bytes()).versions.producer == 8
    ones = np.ones((1, 2, 2, 3), np.float32)
    np.testing.assert_allclose(
        slim.graphs.load(made.path, outputs="n")({}, ones), 0.5 * 3 / np.sqrt(2.001) + 1, rtol=1e-5
    )
