"""Frozen graphs as pure functions of variables and inputs."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import golden
import jax_slim.tf1 as tf
from jax_slim import graphs

GRAPHS = Path(__file__).parents[1] / "tf1" / "graphs"


def values_of(name):
    values = golden.stored(GRAPHS / f"{name}.npz")
    return {key.split("|", 1)[1].replace("|", "/"): values[key] for key in values}


def test_a_frozen_net_is_a_function_to_jit():
    values = values_of("conv_batch_norm")
    net = graphs.load(GRAPHS / "conv_batch_norm.pb", outputs=["SpatialSqueeze:0", "Predictions"])
    assert (net.inputs, net.outputs, net.variables) == (["input:0"], ["SpatialSqueeze:0", "Predictions:0"], {})
    logits, predictions = jax.jit(net)({}, values["input:0"])
    np.testing.assert_allclose(logits, values["SpatialSqueeze:0"], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(predictions, values["Predictions:0"], rtol=1e-4, atol=1e-5)


def test_variables_can_be_trained_and_rows_mapped():
    values = values_of("conv_batch_norm")
    net = graphs.load(GRAPHS / "conv_batch_norm.pb", outputs="Predictions:0", as_variables=True)
    assert net.variables
    images = jnp.asarray(values["input:0"])

    @jax.jit
    @jax.value_and_grad
    def loss(variables):
        return -jnp.log(net(variables, images)[:, 0]).mean()

    before, gradients = loss(net.variables)
    after, _ = loss(jax.tree.map(lambda v, g: v - 0.05 * g, net.variables, gradients))
    assert after < before
    each = jax.vmap(lambda image: net(net.variables, image[None])[0])(images)
    np.testing.assert_allclose(each, values["Predictions:0"], rtol=1e-4, atol=1e-5)


def test_a_known_predicate_costs_no_branch():
    values = values_of("batch_norm_switch")
    net = graphs.load(GRAPHS / "batch_norm_switch.pb", outputs="output:0")
    assert net.inputs == ["input:0"]  # is_training has a default
    np.testing.assert_allclose(net({}, values["input:0"]), values["output:0"], rtol=1e-4, atol=1e-5)
    assert "cond[" not in str(jax.make_jaxpr(net)({}, values["input:0"]))


def test_conditionals_and_loops():
    values = values_of("cond_while")
    net = graphs.load(GRAPHS / "cond_while.pb", ["x", "n"], ["chosen", "looped", "cased"])
    for name, found in zip(net.outputs, jax.jit(net)({}, [values["x:0"], values["n:0"]]), strict=True):
        np.testing.assert_allclose(found, values[name], rtol=1e-4, atol=1e-5)


def small(*more):
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        tf.multiply(tf.add(x, 1.0, name="sum"), 2.0, name="y")
        for make in more:
            make(x)
        return graph.as_graph_def()


def test_only_what_outputs_need_has_to_be_known():
    graph = small()
    graph.node.add(name="odd", op="NoSuchOperation").input.append("y")
    graph.node.add(name="odder", op="NorThisOne").input.append("odd")
    assert graphs.load(graph, outputs="y")({}, np.ones((1, 2), np.float32)).tolist() == [[4.0, 4.0]]
    with pytest.raises(tf.errors.NotFoundError, match=r"NoSuchOperation.*odd.*NorThisOne.*odder"):
        graphs.load(graph, outputs="odder")


def test_any_tensor_can_be_an_input():
    net = graphs.load(small(), "sum", "y")
    assert net({}, np.ones((1, 2), np.float32)).tolist() == [[2.0, 2.0]]


@pytest.mark.parametrize(
    ("graph", "arguments", "says"),
    [
        (small(), {"outputs": "z"}, "no tensor z:0"),
        (small(), {"inputs": "z", "outputs": "y"}, "no tensor z:0"),
        (small(lambda x: tf.identity(tf.get_variable("v", []), name="w")), {"outputs": "w"}, r"has 1 variables \(v, "),
        (small(), {"inputs": [], "outputs": "y"}, r"these are left out: \['x:0'\]"),
        (small(), {"outputs": "y", "signature": "s"}, r"signature must be one of \[\], got 's'"),
    ],
)
def test_what_cannot_be_loaded_is_refused(graph, arguments, says):
    with pytest.raises(ValueError, match=says):
        graphs.load(graph, **arguments)


def test_what_the_host_computes_can_be_called_and_not_traced():
    net = graphs.load(small(lambda x: tf.as_string(x, name="text")), outputs=["text", "y"])
    assert net.host == ["AsString (text)"]
    text, y = net({}, np.ones((1, 2), np.float32))
    assert (text.tolist(), y.tolist()) == ([[b"1.000000", b"1.000000"]], [[4.0, 4.0]])
    with pytest.raises(ValueError, match=r"run on the host: AsString \(text\)"):
        jax.jit(net)({}, np.ones((1, 2), np.float32))


def test_a_missing_file_and_one_of_another_kind(tmp_path):
    with pytest.raises(FileNotFoundError):
        graphs.load(tmp_path / "none.pb")
    (tmp_path / "other.pb").write_bytes(b"\xff" * 40)
    with pytest.raises(ValueError, match=r"must be a TensorFlow graph .*, got .*other.pb"):
        graphs.load(tmp_path / "other.pb")


def test_the_one_input_may_stand_in_a_list():
    net = graphs.load(GRAPHS / "conv_batch_norm.pb")
    (name,) = net.inputs
    shape = [2 if size is None else size for size in net.input_shapes[name]]
    images = np.ones(shape, net.input_types[name])
    alone, listed = net(net.variables, images), jax.jit(lambda x: net(net.variables, [x]))(images)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5), alone, listed)
    jax.tree.map(np.testing.assert_array_equal, alone, net(net.variables, images.tolist()))
