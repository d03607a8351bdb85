"""Sessions that run nets whose weights are constants, as programs do with frozen graphs."""

import jax
import numpy as np
import pytest

import jax_slim.tf1 as tf
from frozen_nets import IMAGES, frozen_net, stand_in_for_kernels
from jax_slim import graphs


@pytest.fixture
def kernels(monkeypatch):
    return stand_in_for_kernels(monkeypatch)


def test_native_kernels_compute_them(kernels):
    definition, want = frozen_net()
    with tf.Graph().as_default() as graph, tf.Session() as session:
        tf.import_graph_def(definition, name="net")
        out = graph.get_tensor_by_name("net/out:0")
        size = tf.shape(graph.get_tensor_by_name("net/images:0"))[0]  # known when a program is compiled, for each size
        for images in (IMAGES, IMAGES[:1], IMAGES):
            got, found = session.run([out, size], {"net/images:0": images})
            np.testing.assert_allclose(got, want[: len(images)], rtol=1e-5, atol=1e-6)
            assert found == len(images)
        assert set(kernels) == {(0, 6, False), (-np.inf, np.inf, False), (0, np.inf, True)}
        # Weights that are fed are no constants.
        del kernels[:]
        constants = [op for op in graph.get_operations() if op.type == "Const"]
        name = next(op.name for op in constants if op.outputs[0].shape == (1, 1, 8, 40))
        kernel = session.run(f"{name}:0")
        fed = session.run(out, {"net/images:0": IMAGES, f"{name}:0": np.zeros_like(kernel)})
        assert np.ptp(fed, axis=0).max() == 0 and kernels
        # Gradients are those of the graph.
        images = graph.get_tensor_by_name("net/images:0")
        (gradient,) = tf.gradients(out[:, 0], images)
        found = session.run(gradient, {images: IMAGES})
    net = graphs.load(definition, outputs="out")
    expected = jax.jit(jax.grad(lambda images: net({}, images)[:, 0].sum()))(IMAGES)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_nets_with_variables_are_computed_as_they_are(kernels):
    with tf.Graph().as_default(), tf.Session() as session:
        images = tf.placeholder(tf.float32, [None, 6, 6, 3])
        out = tf.layers.conv2d(images, 4, 3)
        session.run(tf.global_variables_initializer())
        session.run(out, {images: IMAGES})
    assert not kernels
