"""What graphs compute once of their constants and variables, and what they still compute for each batch."""

import collections

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim.tf1 as tf
from frozen_nets import IMAGES, frozen_net, stand_in_for_kernels
from jax_slim import graphs
from jax_slim.inference import programs


@pytest.fixture(scope="module")
def definition():
    """A convolution, a batch norm by known moments and a ReLU, frozen: large enough for weights."""
    random = np.random.RandomState(1)
    with tf.Graph().as_default() as graph:
        images = tf.placeholder(tf.float32, [None, 6, 6, 3], name="images")
        kernel = tf.constant(random.normal(size=(3, 3, 3, 16)).astype(np.float32), name="kernel")
        net = tf.nn.conv2d(images, kernel, strides=[1, 1, 1, 1], padding="SAME")
        vectors = [tf.constant(random.uniform(0.5, 2, 16).astype(np.float32)) for _ in range(4)]
        net, *_ = tf.nn.fused_batch_norm(net, *vectors, epsilon=0.01, is_training=False)
        tf.nn.relu(net, name="out")
        return graph.as_graph_def()


def operations(function, *args):
    """How often a traced program has each operation that makes maps, in inner functions too."""
    found = collections.Counter()

    def count(jaxpr):
        for equation in jaxpr.eqns:
            found[equation.primitive.name] += equation.outvars[0].aval.size > 1000
            for value in equation.params.values():
                inner = getattr(value, "jaxpr", value)
                if hasattr(inner, "eqns"):
                    count(inner)

    count(jax.make_jaxpr(function)(*args).jaxpr)
    return found


def by_session(definition):
    with tf.Graph().as_default() as graph, tf.Session() as session:
        tf.import_graph_def(definition, name="")
        return session.run(graph.get_tensor_by_name("out:0"), {"images:0": IMAGES})


def test_batch_norm_is_a_part_of_the_weights(definition):
    net = graphs.load(definition, outputs="out")
    found = operations(lambda images: net({}, images), IMAGES)
    assert found["slim_convolution"] == 1
    assert found["add"] == 1  # the biases
    assert not found["mul"] + found["sub"]
    want = by_session(definition)
    for got in (net({}, IMAGES), jax.jit(lambda images: net({}, images))(IMAGES), net({}, IMAGES[:1])):
        np.testing.assert_allclose(got, want[: len(got)], rtol=1e-5, atol=1e-5)


def test_derivatives_are_those_of_the_graph(definition):
    net = graphs.load(definition, inputs="Conv2D:0", outputs="out")
    # At 0, TensorFlow's ReLU has the derivative 0.
    assert not np.any(jax.grad(lambda maps: net({}, maps).sum())(jnp.full((1, 6, 6, 16), -100.0)))
    relu = graphs.load(definition, inputs="FusedBatchNormV3:0", outputs="out")
    assert not np.any(jax.grad(lambda maps: relu({}, maps).sum())(jnp.zeros((1, 6, 6, 16))))


def test_other_variables_are_seen(definition):
    net = graphs.load(definition, outputs="out", as_variables=True)
    before = net(net.variables, IMAGES)
    np.testing.assert_array_equal(net(net.variables, IMAGES), before)
    for twice in (2 * net.variables["kernel"], np.array(2 * net.variables["kernel"])):
        changed = {**net.variables, "kernel": twice}
        want = jax.jit(net)(changed, IMAGES)
        assert np.abs(want - before).max() > 0.1
        np.testing.assert_allclose(net(changed, IMAGES), want, rtol=1e-5, atol=1e-5)
    twice *= 0.5  # an array of NumPy's, in its place
    np.testing.assert_allclose(net(changed, IMAGES), before, rtol=1e-5, atol=1e-5)
    gradients = jax.grad(lambda variables: net(variables, IMAGES).sum())(net.variables)
    assert np.abs(gradients["kernel"]).max() > 0.1


def test_batches_go_through_in_groups(definition, monkeypatch):
    monkeypatch.setattr(programs, "worth_grouping", lambda: True)  # tests have several devices
    monkeypatch.setattr(programs, "size_of_groups", lambda examples, cost: 2)
    net = graphs.load(definition, outputs="out")
    assert operations(lambda images: net({}, images), IMAGES)["scan"] == 1
    np.testing.assert_allclose(net({}, IMAGES), by_session(definition), rtol=1e-5, atol=1e-5)


def test_a_size_that_is_not_said_yet(definition):
    net = graphs.load(definition, outputs="out")
    (batch,) = jax.export.symbolic_shape("batch")
    exported = jax.export.export(jax.jit(lambda images: net({}, images)))(
        jax.ShapeDtypeStruct((batch, 6, 6, 3), jnp.float32)
    )
    np.testing.assert_allclose(exported.call(IMAGES), by_session(definition), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
def test_native_kernels_compute_convolutions_with_what_follows_them(monkeypatch, data_format):
    definition, want = frozen_net(data_format)
    kernels = stand_in_for_kernels(monkeypatch)
    net = graphs.load(definition, outputs="out")
    np.testing.assert_allclose(net({}, IMAGES), want, rtol=1e-5, atol=1e-6)
    assert set(kernels) == {(0, 6, False), (-np.inf, np.inf, False), (0, np.inf, True)}
    np.testing.assert_allclose(net({}, IMAGES[:1]), want[:1], rtol=1e-5, atol=1e-6)
    prepared = net._prepared({}, False)
    assert len(prepared._prepared) == 1  # both sizes take the same arrays
    ((program, _),) = prepared._programs.values()
    left = jax.make_jaxpr(program.run)(program.split([IMAGES]).shapes, [IMAGES])
    maps = {e.primitive.name for e in left.jaxpr.eqns if e.outvars[0].aval.size > 1000}
    assert maps - {"transpose"} == {"add", "conv_general_dilated", "max", "min"}  # the stand-in's own
    # What others trace, they may differentiate.
    del kernels[:]
    jax.grad(lambda images: net({}, images).sum())(IMAGES)
    assert not kernels
