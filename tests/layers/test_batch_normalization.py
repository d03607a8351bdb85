"""`batch_norm` against its definition, and where its rows of the table and TF's cases do not reach."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim


@pytest.mark.parametrize(
    "kwargs",
    [{"batch_weights": jnp.array([1.0, 2, 3])}, {"updates_collections": None}, {"zero_debias_moving_mean": True}],
    ids=["batch_weights", "updates_collections", "zero_debias_moving_mean"],
)
def test_a_vector_is_a_batch_of_one(kwargs):
    """Each element is its own mean: beta is left, and the averages move towards the element and towards 0."""
    x, beta = np.array([1, -2, 5], np.float32), np.array([0.5, 0.25, -1], np.float32)
    model = slim.Model(lambda x: slim.batch_norm(x, decay=0.5, **kwargs))
    values = {name: np.ones(spec.shape, spec.dtype) for name, spec in model.specs(x).items()}
    values["BatchNorm/beta"] = beta
    outputs, collected = jax.jit(model.collect)(values, x)
    np.testing.assert_allclose(outputs, beta)
    np.testing.assert_allclose(collected.updates["BatchNorm/moving_variance"], np.full(3, 0.5))
    if "zero_debias_moving_mean" not in kwargs:
        np.testing.assert_allclose(collected.updates["BatchNorm/moving_mean"], (1 + x) / 2)


@pytest.mark.parametrize("kwargs", [{}, {"batch_weights": jnp.ones(3), "data_format": "NCHW"}])
def test_refuses_vectors_without_channels_or_with_tf_s_other_body(kwargs):
    with pytest.raises(ValueError, match=r"batch_norm: inputs must have rank 2 to 5 .*, got shape \(3,\)"):
        slim.Model(lambda x: slim.batch_norm(x, **kwargs)).specs(np.ones(3, np.float32))


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (lambda x, **of_norm: slim.fully_connected(x, 4, **of_norm), (6, 3)),
        (lambda x, **of_norm: slim.conv2d(x, 4, 3, **of_norm), (2, 4, 4, 3)),
        (lambda x, **of_norm: slim.conv3d(x, 4, 3, **of_norm), (2, 4, 4, 4, 3)),
        (lambda x, **of_norm: slim.separable_conv2d(x, 4, 3, **of_norm), (2, 4, 4, 3)),
        (lambda x, **of_norm: slim.conv2d_transpose(x, 4, 3, **of_norm), (2, 4, 4, 3)),
    ],
    ids=["fully_connected", "conv2d", "conv3d", "separable_conv2d", "conv2d_transpose"],
)
def test_inside_a_layer_all_its_variables_are_model_variables(layer, shape):
    """TF-Slim's layers with weights see to that; alone, `zero_debias_moving_mean` makes two that are not."""
    of_norm = {"normalizer_fn": slim.batch_norm, "normalizer_params": {"zero_debias_moving_mean": True}}
    specs = slim.Model(lambda x: layer(x, scope="layer", **of_norm)).specs(jax.ShapeDtypeStruct(shape, jnp.float32))
    assert {name.rpartition("/")[2] for name in specs} >= {"beta", "moving_mean", "biased", "local_step"}
    for name, spec in specs.items():
        assert "variables" in spec.collections, name
        assert spec.collections.count("model_variables") == 1, name


SHAPES = [(6, 3), (4, 5, 3), (3, 4, 5, 3), (2, 2, 3, 2, 3)]
LAYOUTS = pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
DECAY, EPSILON = 0.9, 0.01


def given(shape, data_format, seed=0):
    """Inputs, whose channels have means and variances of their own, and variables."""
    rng = np.random.default_rng(seed)
    channels = shape[-1]
    x = rng.normal(size=shape) * np.linspace(0.5, 2, channels) + np.linspace(-1, 3, channels)
    values = {name: rng.uniform(0.5, 2, channels) for name in ("gamma", "beta", "moving_mean", "moving_variance")}
    x = np.moveaxis(x, -1, 1) if data_format == "NCHW" else x
    return x.astype(np.float32), {f"bn/{name}": value.astype(np.float32) for name, value in values.items()}


def normalized(x, mean, variance, values, axis, xp=np):
    along = [-1 if other == axis else 1 for other in range(x.ndim)]
    mean, variance, gamma, beta = (
        xp.reshape(value, along) for value in (mean, variance, values["bn/gamma"], values["bn/beta"])
    )
    return (x - mean) / xp.sqrt(variance + EPSILON) * gamma + beta


def in_float64(x, values):
    return x.astype(np.float64), {name: value.astype(np.float64) for name, value in values.items()}


def layer(data_format, **kwargs):
    def program(x):
        return slim.batch_norm(x, DECAY, scale=True, epsilon=EPSILON, data_format=data_format, scope="bn", **kwargs)

    return slim.Model(program)


def axes(shape, data_format):
    axis = 1 if data_format == "NCHW" else len(shape) - 1
    return axis, tuple(other for other in range(len(shape)) if other != axis)


@LAYOUTS
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("fused", [None, False])
def test_training_against_the_definition(shape, fused, data_format):
    x, values = given(shape, data_format)
    outputs, collected = jax.jit(layer(data_format, fused=fused).collect)(values, x)

    x, values = in_float64(x, values)
    axis, others = axes(x.shape, data_format)
    mean, variance = x.mean(others), x.var(others)
    np.testing.assert_allclose(outputs, normalized(x, mean, variance, values, axis), rtol=1e-4, atol=1e-5)
    count = x.size // x.shape[axis]
    if fused is None and x.ndim in (2, 4):
        variance = variance * count / (count - 1)
    moved = {
        f"bn/{name}": DECAY * values[f"bn/{name}"] + (1 - DECAY) * value
        for name, value in (("moving_mean", mean), ("moving_variance", variance))
    }
    assert collected.updates.keys() == moved.keys()
    for name, value in moved.items():
        np.testing.assert_allclose(collected.updates[name], value, rtol=1e-5)


@LAYOUTS
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_inference_against_the_definition(shape, data_format):
    x, values = given(shape, data_format)
    outputs, collected = jax.jit(layer(data_format, is_training=False).collect)(values, x)
    assert not collected.updates

    x, values = in_float64(x, values)
    axis, _ = axes(x.shape, data_format)
    expected = normalized(x, values["bn/moving_mean"], values["bn/moving_variance"], values, axis)
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)


@LAYOUTS
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(6, 3), (3, 4, 5, 3)], ids=str)
def test_gradients_against_the_definition(shape, training, data_format):
    """Those of the definition by `jax.grad`, in float64; through mean and variance too in training."""
    x, values = given(shape, data_format)
    axis, others = axes(x.shape, data_format)
    model = layer(data_format, is_training=training)

    def loss(values, x):
        return jnp.sum(jnp.sin(model.collect(values, x)[0]))

    def definition(values, x):
        mean = x.mean(others) if training else values["bn/moving_mean"]
        variance = jnp.mean(jnp.square(x), others) - mean**2 if training else values["bn/moving_variance"]
        return jnp.sum(jnp.sin(normalized(x, mean, variance, values, axis, jnp)))

    found = jax.jit(jax.grad(loss, (0, 1)))(values, x)
    with jax.enable_x64(True):
        expected = jax.jit(jax.grad(definition, (0, 1)))(*in_float64(x, values)[::-1])
        expected = jax.tree.map(np.asarray, expected)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4), found, expected)


@pytest.mark.parametrize(("fused", "expected"), [(None, 3.0137439), (True, 3.0137439), (False, 3.015113)])
@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 1, 1)])
def test_the_fused_epsilon_is_not_below_tensorflow_s(shape, fused, expected):
    """TensorFlow 1.15.5's numbers."""
    model = slim.Model(lambda x: slim.batch_norm(x, is_training=False, epsilon=1e-5, fused=fused))
    variables = {"BatchNorm/moving_mean": np.zeros(1), "BatchNorm/moving_variance": np.float32([1e-6])}
    variables |= {"BatchNorm/beta": np.zeros(1)}
    np.testing.assert_allclose(jax.jit(model.apply)(variables, np.full(shape, 0.01, np.float32)), expected, rtol=1e-6)


@pytest.mark.parametrize(("fused", "least"), [(None, 1.001e-5), (False, 1e-6)])
def test_the_fused_epsilon_in_training(fused, least):
    x = np.float32([[-1e-3], [1e-3]])
    model = slim.Model(lambda x: slim.batch_norm(x, epsilon=1e-6, fused=fused))
    outputs, _ = model.collect(model.init(jax.random.key(0), x), x)
    np.testing.assert_allclose(outputs, x / np.sqrt(1e-6 + least), rtol=1e-5)


def test_without_collections_later_reads_see_the_updates():
    """updates_collections=None: a second call, of inference, has the averages that the first one left."""
    x, values = given((6, 3), "NHWC")
    arguments = {"decay": DECAY, "scale": True, "epsilon": EPSILON, "scope": "bn"}

    def program(x, where):
        trained = slim.batch_norm(x, updates_collections=where, **arguments)
        return trained, slim.batch_norm(x, is_training=False, reuse=True, **arguments)

    model = slim.Model(program)
    (trained, tested), collected = model.collect(values, x, None)
    (as_ever, before), listed = model.collect(values, x, slim.GraphKeys.UPDATE_OPS)
    np.testing.assert_array_equal(trained, as_ever)
    assert slim.GraphKeys.UPDATE_OPS not in collected.collections
    assert len(listed.collections[slim.GraphKeys.UPDATE_OPS]) == 2
    jax.tree.map(np.testing.assert_array_equal, dict(collected.updates), dict(listed.updates))
    for outputs, averages in ((tested, values | collected.updates), (before, values)):
        expected = normalized(x, averages["bn/moving_mean"], averages["bn/moving_variance"], values, 1)
        np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)
    assert np.abs(tested - before).max() > 1e-3


def test_apply_says_that_it_drops_the_updates():
    x, values = given((6, 3), "NHWC")
    model = layer("NHWC")
    with pytest.warns(UserWarning, match="updates"):
        outputs = jax.jit(model.apply)(values, x)
    np.testing.assert_array_equal(outputs, model.collect(values, x)[0])
