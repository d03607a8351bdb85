"""Models whose convolutions multiply bytes."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim


@functools.partial(jax.jit, static_argnums=0)
def applied(model, variables, images):
    return model.apply(variables, images)


def net(images, is_training=True):
    with slim.arg_scope([slim.batch_norm], is_training=is_training):
        x = slim.conv2d(images, 8, 3, normalizer_fn=slim.batch_norm, scope="first")
        y = slim.conv2d(x, 8, 3, scope="second")
        x = jax.nn.relu(x + slim.conv2d(y, 8, 1, activation_fn=None, scope="third"))
        x = slim.separable_conv2d(x, None, 3, 1, scope="by_channel")
    x = slim.fully_connected(slim.flatten(x), 6, scope="dense")
    return slim.fully_connected(x, 3, activation_fn=None, scope="logits"), {"end": x}


MODEL = slim.Model(net)
IMAGES = np.random.default_rng(0).normal(size=(4, 8, 8, 2)).astype(np.float32)
VARIABLES = MODEL.init(jax.random.key(0), IMAGES)


@pytest.fixture(scope="module")
def quantized():
    return slim.quantize(MODEL, VARIABLES, [IMAGES[:2], IMAGES[2:]])


def test_weights_are_bytes_with_a_step_for_each_filter(quantized):
    _, variables = quantized
    _, folded = slim.fold_batch_norm(MODEL, VARIABLES, IMAGES, is_training=False)
    layers = {f"{name}/weights" for name in ("first", "second", "third", "dense", "logits")}
    layers.add("by_channel/depthwise_weights")
    assert {name for name, value in variables.items() if value.dtype == jnp.int8} == layers
    assert set(variables) == set(folded) | {f"{name}_step" for name in layers}
    for name in layers:
        back = variables[name] * variables[f"{name}_step"]
        wrong = np.abs(back - folded[name].reshape(back.shape))
        assert (wrong <= 0.501 * variables[f"{name}_step"]).all(), name
    assert variables["by_channel/depthwise_weights"].shape == (3, 3, 1, 8)


def test_outputs_are_near_those_of_the_model_and_of_any_batch(quantized):
    model, variables = quantized
    expected, _ = jax.jit(functools.partial(MODEL.apply, is_training=False))(VARIABLES, IMAGES)
    found = applied(model, variables, IMAGES)
    spread = float(jnp.abs(expected).max())
    assert 1e-5 * spread < float(jnp.abs(found - expected).max()) < 0.03 * spread
    np.testing.assert_allclose(slim.predictor(model, variables)(IMAGES[:1]), found[:1], rtol=1e-3, atol=1e-3 * spread)


def test_channels_may_come_first():
    def layers(images, layout):
        with slim.arg_scope([slim.conv2d], data_format=layout):
            x = slim.conv2d(images, 8, 3, scope="first")
            x = jax.nn.relu(x + slim.conv2d(x, 8, 1, activation_fn=None, scope="second"))
        return x if layout == "NHWC" else x.transpose(0, 2, 3, 1)

    one, other = slim.Model(lambda x: layers(x, "NHWC")), slim.Model(lambda x: layers(x.transpose(0, 3, 1, 2), "NCHW"))
    variables = one.init(jax.random.key(0), IMAGES)
    want = applied(*slim.quantize(one, variables, [IMAGES]), IMAGES)
    small, bytes_of = slim.quantize(other, variables, [IMAGES])
    assert bytes_of["second/weights"].dtype == jnp.int8
    np.testing.assert_allclose(applied(small, bytes_of, IMAGES), want, rtol=1e-5, atol=1e-5)


def test_what_only_such_layers_read_stays_bytes(quantized):
    model, variables = quantized
    closed = jax.make_jaxpr(lambda images: model.apply(variables, images))(IMAGES)
    layers = [e for e in closed.jaxpr.eqns if e.primitive.name == "slim_quantized_convolution"]
    made = {e.outvars[0].aval.shape: str(e.outvars[0].aval.dtype) for e in layers}
    taken = [str(e.invars[0].aval.dtype) for e in layers]
    # A shortcut reads the first result too, and what flattens the one by channel.
    assert taken == ["float32", "float32", "uint8", "uint8", "float32", "uint8"]
    assert made[4, 1, 1, 6] == "uint8" and made[4, 1, 1, 3] == "float32"
    by_channel = [e.params["geometry"].groups for e in layers]
    assert by_channel == [1, 1, 1, 8, 1, 1]


def test_depthwise_weights_in_their_own_shape_and_read_by_two_layers():
    def net(images):
        def layer(x):
            return slim.separable_conv2d(x, None, 3, 1, normalizer_fn=None, scope="by_channel", reuse=slim.AUTO_REUSE)

        return layer(layer(images)), layer(images[:, ::2])

    model = slim.Model(lambda images: sum(map(jnp.mean, net(images))))
    variables = model.init(jax.random.key(0), IMAGES)
    small, made = slim.quantize(model, variables, [IMAGES])
    assert made["by_channel/depthwise_weights"].dtype == jnp.int8
    found, expected = applied(small, made, IMAGES), applied(model, variables, IMAGES)
    np.testing.assert_allclose(found, expected, rtol=0.03, atol=0.003)


def test_weights_that_others_read_too_stay_as_they_are():
    def net(images):
        x = slim.separable_conv2d(images, None, 3, 2, scope="two")  # two filters a channel: no kernel of bytes
        x = slim.separable_conv2d(x, None, 3, 1, scope="one")
        with slim.variable_scope("one", reuse=True):
            return x + jnp.sum(x[0, 0, 0, 0] * slim.variable("depthwise_weights", (3, 3, 4, 1)))

    model = slim.Model(net)
    small, made = slim.quantize(model, variables := model.init(jax.random.key(0), IMAGES), [IMAGES])
    assert {str(value.dtype) for value in made.values()} == {"float32"}
    np.testing.assert_allclose(applied(small, made, IMAGES), applied(model, variables, IMAGES), rtol=1e-5, atol=1e-5)


def test_ranges_are_those_of_all_batches():
    def small(images):
        return slim.fully_connected(images, 1, activation_fn=None, scope="a")

    model = slim.Model(small)
    variables = {"a/weights": jnp.ones((2, 1)), "a/biases": jnp.zeros(1)}
    batches = iter([np.array([[1.0, 2.0]]), np.array([[-1.0, 0.0]]), np.array([[0.0, 4.1]])])
    quantized, made = slim.quantize(model, variables, batches)
    # Steps of 5.1 / 255, from -1 on.
    found = quantized.apply(made, np.array([[0.009, -0.011], [-9.0, 9.0]], np.float32))
    np.testing.assert_allclose(found, [[-0.02], [3.1]], rtol=1e-5)


def test_refuses_no_batches_and_what_is_not_finite():
    with pytest.raises(ValueError, match="quantize: batches must have a batch of images at least, got none"):
        slim.quantize(MODEL, VARIABLES, [])
    with pytest.raises(ValueError, match="must be finite, got nan"):
        slim.quantize(MODEL, VARIABLES, [np.full_like(IMAGES, np.nan)])
