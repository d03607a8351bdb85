"""Batch norm as a part of the weights: the same results, fewer variables."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim

IMAGES = jax.random.normal(jax.random.key(7), (3, 8, 8, 3))


def drawn(model, *args):
    """Variables none of which is the 0 or 1 that hides a mistake."""
    variables = model.init(jax.random.key(0), *args)
    random = np.random.RandomState(0)
    others = {
        name: jnp.asarray(random.uniform(0.5, 1.5, value.shape) * (-1 if name.endswith("gamma") else 1), value.dtype)
        for name, value in variables.items()
        if "weights" not in name
    }
    return variables | others


def folded(net, *args):
    """What a net computes, the same when folded, and the folded variables."""
    model = slim.Model(net)
    variables = drawn(model, *args)
    ready, prepared = slim.fold_batch_norm(model, variables, *args)
    expected, found = jax.jit(model.apply)(variables, *args), jax.jit(ready.apply)(prepared, *args)
    for one, other in zip(jax.tree.leaves(expected), jax.tree.leaves(found), strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-5, atol=2e-5 * float(abs(one).max()))
    assert jax.tree.structure(expected) == jax.tree.structure(found)
    return prepared


def normalized(layer, *args, scope="a", **kwargs):
    parameters = {"is_training": False, "scale": True, **kwargs.pop("normalizer_params", {})}
    return layer(*args, normalizer_fn=slim.batch_norm, normalizer_params=parameters, scope=scope, **kwargs)


LAYERS = {
    "conv2d": lambda x: normalized(slim.conv2d, x, 5, 3),
    "no gamma": lambda x: normalized(slim.conv2d, x, 5, 3, normalizer_params={"scale": False}),
    "channels first": lambda x: normalized(
        slim.conv2d, x, 5, 3, data_format="NCHW", normalizer_params={"data_format": "NCHW"}
    ),
    "conv3d": lambda x: normalized(slim.conv3d, x[..., None], 4, 2),
    "fully_connected": lambda x: normalized(slim.fully_connected, x, 6),
    "conv2d_transpose": lambda x: normalized(slim.conv2d_transpose, x, 5, 3, stride=2),
    "depthwise": lambda x: normalized(slim.separable_conv2d, x, None, 3, 2),
    "separable": lambda x: normalized(slim.separable_conv2d, x, 5, 3, 2),
    "apart, with biases between": lambda x: slim.batch_norm(
        slim.conv2d(x, 5, 3, activation_fn=None, scope="a"), is_training=False, scope="b"
    ),
    "plain products": lambda x: slim.batch_norm(x @ slim.model_variable("a/weights", (3, 4)), is_training=False),
}


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_of_a_layer_with_batch_norm_weights_and_biases_are_left(layer):
    prepared = folded(layer, IMAGES)
    assert {name.rpartition("/")[2].removesuffix("_weights") for name in prepared} - {
        "depthwise", "pointwise", "weights"} == {"biases"}  # fmt: skip
    assert len(prepared) <= 3 and all(name.startswith("a/") for name in prepared)


def test_lax_forms_fold_too():
    with slim.kernel_forms("lax"):
        for layer in (LAYERS["conv2d"], LAYERS["fully_connected"]):
            assert set(folded(layer, IMAGES)) == {"a/weights", "a/biases"}


def test_what_stays_as_it_was_is_not_copied():
    model = slim.Model(lambda x: slim.fully_connected(LAYERS["conv2d"](x), 2, scope="logits"))
    variables = drawn(model, IMAGES)
    _, prepared = slim.fold_batch_norm(model, variables, IMAGES)
    assert prepared["logits/weights"] is variables["logits/weights"]
    assert prepared["logits/biases"] is variables["logits/biases"]
    assert prepared["a/weights"].shape == variables["a/weights"].shape
    assert not prepared.trainable and list(prepared.model) == list(prepared)


def test_what_is_read_between_a_convolution_and_its_norm_stays_right():
    def net(x):
        y = slim.conv2d(x, 4, 3, activation_fn=None, scope="a")
        return slim.batch_norm(y, is_training=False), y

    folded(net, IMAGES)

    def pre_activated(x):
        return slim.conv2d(slim.batch_norm(x, is_training=False, scale=True, activation_fn=jax.nn.relu), 4, 3)

    folded(pre_activated, IMAGES)


def test_shared_weights_are_scaled_once_for_equal_norms_and_apart_for_others():
    def tower(x, norm):
        y = slim.conv2d(x, 4, 3, activation_fn=None, scope="a", reuse=slim.AUTO_REUSE)
        return slim.batch_norm(y, is_training=False, scope=norm, reuse=slim.AUTO_REUSE)

    assert set(folded(lambda x: (tower(x, "n"), tower(2 * x, "n")), IMAGES)) == {"a/weights", "a/biases"}
    both = folded(lambda x: (tower(x, "n"), tower(2 * x, "m")), IMAGES)
    assert set(both) == {"a/weights", "a/biases", "a/weights_1", "a/biases_1"}


def test_norms_of_the_batch_and_scales_that_depend_on_inputs_stay():
    def net(x):
        y = slim.conv2d(x, 4, 3, activation_fn=None, scope="a")
        y = y * jnp.mean(x) - 1.0
        y = 3.0 - slim.conv2d(y, 4, 3, activation_fn=None, scope="b") / 2.0
        return slim.layer_norm(y, scope="c")

    assert set(folded(net, IMAGES)) >= {"a/weights", "a/biases", "b/weights", "b/biases", "c/gamma", "c/beta"}


def test_variables_alone_are_computed_once_unless_that_grows():
    def net(x):
        weights = slim.model_variable("w", (3, 4))
        table = slim.model_variable("t", (1, 4))
        return x @ (weights / jnp.sqrt(jnp.sum(weights**2, 0))) + jnp.tile(table, (64, 1)).sum(0)

    model = slim.Model(net)
    variables = drawn(model, IMAGES)
    ready, prepared = slim.fold_batch_norm(model, variables, IMAGES)
    assert {name: value.shape for name, value in prepared.items()} == {"w": (3, 4), "t": (4,)} or prepared[
        "t"
    ].size == 4
    np.testing.assert_allclose(jnp.linalg.norm(prepared["w"], axis=0), 1, rtol=1e-5)
    np.testing.assert_allclose(
        jax.jit(model.apply)(variables, IMAGES), jax.jit(ready.apply)(prepared, IMAGES), rtol=1e-5
    )


def test_layers_in_a_scan_keep_their_norms():
    def net(x):
        return slim.repeat(x, 3, slim.conv2d, 3, 3, normalizer_fn=slim.batch_norm,
                           normalizer_params={"is_training": False}, scan=True)  # fmt: skip

    folded(net, IMAGES)


def test_half_precision_is_not_folded_but_weights_are_converted_once():
    def net(x):
        with slim.precision(compute=jnp.bfloat16):
            return LAYERS["conv2d"](x).astype(jnp.float32)

    model = slim.Model(net)
    variables = drawn(model, IMAGES)
    ready, prepared = slim.fold_batch_norm(model, variables, IMAGES)
    assert prepared["a/weights"].dtype == jnp.bfloat16
    found, expected = jax.jit(ready.apply)(prepared, IMAGES), jax.jit(model.apply)(variables, IMAGES)
    np.testing.assert_allclose(found, expected, rtol=0.02, atol=0.02)


def test_a_folded_model_is_a_model_for_any_batch():
    model = slim.Model(lambda x: (LAYERS["conv2d"](x).mean((1, 2)), {"images": x}))
    variables = drawn(model, IMAGES)
    ready, prepared = slim.fold_batch_norm(model, variables, jax.ShapeDtypeStruct((1, 4, 4, 3), jnp.float32))
    assert set(ready.specs(IMAGES)) == set(prepared)
    (logits, _), (found, end_points) = jax.jit(model.apply)(variables, IMAGES), jax.jit(ready.apply)(prepared, IMAGES)
    np.testing.assert_allclose(logits, found, rtol=2e-5, atol=2e-5)
    np.testing.assert_array_equal(end_points["images"], IMAGES)


def test_what_is_missing_is_named():
    model = slim.Model(LAYERS["conv2d"])
    variables = drawn(model, IMAGES)
    with pytest.raises(ValueError, match=r"'a/weights'.*is not among"):
        slim.fold_batch_norm(model, variables.select(exclude="a/weights"), IMAGES)
