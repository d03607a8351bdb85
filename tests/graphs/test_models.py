"""Graphs as slim programs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim
import jax_slim.tf1 as tf
from frozen_nets import IMAGES, frozen_net
from jax_slim import graphs


@pytest.fixture(scope="module")
def net():
    definition, want = frozen_net()
    return graphs.load(definition, outputs="out", as_variables=True), want


def test_variables_are_the_graphs(net):
    graph, want = net
    model = graphs.as_model(graph)
    variables = model.init(jax.random.key(0), IMAGES)
    assert set(variables) == set(graph.variables)
    np.testing.assert_array_equal(variables["Const"], graph.variables["Const"])
    doubled = {**variables, "Const": 2 * variables["Const"]}
    np.testing.assert_allclose(jax.jit(model.apply)(variables, IMAGES), want, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        jax.jit(model.apply)(doubled, IMAGES), jax.jit(graph)(doubled, IMAGES), rtol=1e-5, atol=1e-6
    )


def test_products_of_bytes_are_near(net):
    graph, want = net
    small, bytes_of = slim.quantize(graphs.as_model(graph), graph.variables, [IMAGES])
    assert sum(value.dtype == jnp.int8 for value in bytes_of.values()) == 5  # the depthwise layer, too
    got = slim.predictor(small, bytes_of)(IMAGES)
    assert 1e-6 < np.abs(got - want).max() < 0.02


def test_what_runs_on_the_host_is_no_model():
    with tf.Graph().as_default() as graph:
        tf.string_to_number(tf.placeholder(tf.string, [None], name="words"), name="out")
    loaded = graphs.load(graph.as_graph_def(), outputs="out")
    with pytest.raises(ValueError, match="as_model: graph must be of operations that JAX computes, got StringToNumber"):
        graphs.as_model(loaded)
