"""`predictor`: logits alone, compiled."""

import functools
import gc
import weakref

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim
from jax_slim.nets import lenet


def net(images, is_training=True):
    with slim.arg_scope([slim.batch_norm], is_training=is_training):
        y = slim.conv2d(images, 4, 3, normalizer_fn=slim.batch_norm, scope="conv")
        y = slim.dropout(y, is_training=is_training)
        logits = slim.fully_connected(slim.flatten(y), 3, activation_fn=None, scope="logits")
    return logits, {"conv": y}


MODEL = slim.Model(net)
IMAGES = np.random.RandomState(0).normal(size=(2, 6, 6, 1)).astype(np.float32)
VARIABLES = MODEL.init(jax.random.key(0), IMAGES)
APPLY = jax.jit(functools.partial(MODEL.apply, is_training=False))


def test_logits_alone_for_host_and_device_arrays_of_any_batch():
    predict = slim.predictor(MODEL, VARIABLES)
    for images in (IMAGES, jnp.asarray(IMAGES), np.concatenate([IMAGES, IMAGES])):
        expected, _ = APPLY(VARIABLES, images)
        found = predict(images)
        assert isinstance(found, jax.Array)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    assert set(predict.variables) == {"conv/weights", "conv/biases", "logits/weights", "logits/biases"}


def test_one_shape_is_compiled_once():
    traced = []

    def counted(images):
        traced.append(images.shape)
        return slim.fully_connected(images, 2, scope="a")

    model = slim.Model(counted)
    predict = slim.predictor(model, model.init(jax.random.key(0), jnp.ones((2, 3))))
    del traced[:]
    predict(jnp.ones((2, 3)))
    assert len(traced) == 1
    predict(np.ones((2, 3), np.float32))
    assert len(traced) == 1
    predict(jnp.ones((5, 3)))
    assert (5, 3) in traced


def test_it_is_not_for_the_inside_of_other_transformations():
    predict = slim.predictor(MODEL, VARIABLES)
    with pytest.raises(ValueError, match="predictor: inputs must be arrays, got what jit, grad or vmap trace"):
        jax.jit(predict)(IMAGES)
    assert predict.variables is VARIABLES


def test_other_results_and_arguments_are_passed_on():
    def both(left, right, factor=1.0):
        return {"sum": (left + right) * factor, "a": slim.fully_connected(left, 2, scope="a")}

    model = slim.Model(both)
    left, right = jnp.ones((2, 3)), jnp.full((2, 3), 2.0)
    variables = model.init(jax.random.key(0), left, right)
    found = slim.predictor(model, variables, factor=2.0)(left, right)
    assert set(found) == {"sum", "a"} and float(found["sum"][0, 0]) == 6


def test_a_net_with_a_checkpoint_brings_its_variables():
    made = slim.nets.create_model("lenet", num_classes=10)
    variables = made.init(jax.random.key(0))
    model = slim.nets.create_model("lenet", num_classes=10, checkpoint=dict(variables))
    images = jnp.ones((1, 28, 28, 1))
    np.testing.assert_allclose(
        slim.predictor(model)(images), jax.jit(model.apply)(variables, images)[0], rtol=1e-5, atol=1e-6
    )
    with pytest.raises(ValueError, match="predictor: variables must be a mapping name -> array, got None"):
        slim.predictor(made)


def test_variables_that_nobody_else_holds_are_let_go():
    def layer(images, is_training=True):
        # Scaled by batch norm, so that what is prepared are other arrays.
        normalizer = {"normalizer_fn": slim.batch_norm, "normalizer_params": {"is_training": is_training}}
        return slim.conv2d(images, 4, 3, **normalizer, scope="conv")

    net = slim.Model(layer)
    net.variables = net.init(jax.random.key(0), np.zeros((1, 8, 8, 3), np.float32))
    weights = weakref.ref(net.variables["conv/weights"])
    predict = slim.predictor(net)
    del net
    images = np.ones((1, 8, 8, 3), np.float32)
    first = np.asarray(predict(images))
    gc.collect()
    assert weights() is None
    np.testing.assert_array_equal(predict(images), first)


def test_the_compiled_program_has_no_end_points():
    model = slim.Model(lenet.lenet)
    images = jnp.ones((2, 28, 28, 1))
    predict = slim.predictor(model, model.init(jax.random.key(0), images))
    predict(images)
    ((compiled, variables),) = predict._compiled.values()
    memory = compiled.lower(variables, images).compile().memory_analysis()
    assert memory.output_size_in_bytes == 2 * 10 * 4
