"""`fully_connected`, its relatives, and `bias_add`."""

import inspect

import jax
import numpy as np
import pytest

import golden
import jax_slim as slim


def normals(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def values(model, *inputs):
    return {name: golden.det_value(name, spec.shape) for name, spec in model.specs(*inputs).items()}


ACTIVATIONS = {
    "fully_connected": lambda y: np.maximum(y, 0),
    "relu": lambda y: np.maximum(y, 0),
    "relu6": lambda y: np.clip(y, 0, 6),
    "elu": lambda y: np.where(y > 0, y, np.expm1(y)),
    "linear": lambda y: y,
    "legacy_fully_connected": lambda y: y,
    "legacy_linear": lambda y: y,
    "legacy_relu": lambda y: np.maximum(y, 0),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("shape", [(3, 5), (2, 3, 5), (2, 1, 2, 2, 5)])
def test_multiplies_the_last_axis(name, shape):
    x, model = 4 * normals(*shape), slim.Model(lambda x: getattr(slim, name)(x, 4))
    variables = values(model, x)
    weights, biases = (value.astype(np.float64) for value in variables.values())
    expected = ACTIVATIONS[name](x.astype(np.float64) @ weights + biases)
    np.testing.assert_allclose(model.apply(variables, x), expected, rtol=1e-5, atol=1e-5)


def test_normalizer_takes_the_place_of_the_biases():
    model = slim.Model(
        lambda x: slim.fully_connected(x, 4, normalizer_fn=lambda net, by: net / by, normalizer_params={"by": 2.0})
    )
    x = normals(3, 5)
    variables = values(model, x)
    assert list(variables) == ["fully_connected/weights"]
    expected = np.maximum(x @ variables["fully_connected/weights"] / 2, 0)
    np.testing.assert_allclose(model.apply(variables, x), expected, rtol=1e-5, atol=1e-5)


def test_a_scope_on_fully_connected_reaches_its_partials():
    def program(x):
        with slim.arg_scope([slim.fully_connected], biases_initializer=None, activation_fn=np.sign):
            return slim.relu(x, 4), slim.linear(x, 4)

    specs = slim.Model(program).specs(normals(3, 5))
    assert list(specs) == ["fully_connected/weights", "fully_connected_1/weights"]


@pytest.mark.parametrize("count", [4.0, "a", None, 0, [4]])
def test_refuses_what_is_no_count(count):
    with pytest.raises(ValueError, match=r"fully_connected: num_outputs must be an integer of 1 or more, got "):
        slim.Model(lambda x: slim.fully_connected(x, count)).specs(normals(3, 5))


def test_counts_may_be_numpy_s():
    assert slim.Model(lambda x: slim.fully_connected(x, np.int64(4))).specs(normals(3, 5))


def test_legacy_collections():
    """Not among the MODEL_VARIABLES; WEIGHTS, BIASES and ACTIVATIONS instead, or others."""

    def program(x, **kwargs):
        return slim.legacy_fully_connected(x, 4, name="fc", **kwargs)

    x, model = normals(3, 5), slim.Model(program)
    collections = {name: set(spec.collections) for name, spec in model.specs(x).items()}
    both = {"variables", "trainable_variables"}
    assert collections == {"fc/weights": both | {"weights"}, "fc/bias": both | {"biases"}}
    outputs, collected = model.collect(values(model, x), x)
    assert [*collected.collections] == ["activations"]
    np.testing.assert_array_equal(collected.collections["activations"]["fc"], outputs)

    more = {"weight_collections": ["w"], "bias_collections": None, "output_collections": ["outs"], "trainable": False}
    collections = {name: set(spec.collections) for name, spec in model.specs(x, **more).items()}
    assert collections == {"fc/weights": {"variables", "w"}, "fc/bias": {"variables"}}
    assert {*model.collect(values(model, x), x, **more)[1].collections} == {"activations", "outs"}


def test_legacy_regularizers_and_no_bias():
    decay, bound = slim.l2_regularizer(0.1), slim.l1_regularizer(0.2)
    layer = slim.legacy_fully_connected
    specs = slim.Model(lambda x: layer(x, 4, weight_regularizer=decay, bias_regularizer=bound)).specs(normals(3, 5))
    assert [spec.regularizer for spec in specs.values()] == [decay, bound]
    assert list(slim.Model(lambda x: layer(x, 4, bias_init=None)).specs(normals(3, 5))) == ["fully_connected/weights"]


@pytest.mark.parametrize(
    ("shape", "kwargs"), [((3, 5), {}), ((2, 3, 4, 5), {}), ((2, 5, 3, 4), {"data_format": "NCHW"})]
)
def test_bias_add(shape, kwargs):
    x, model = normals(*shape), slim.Model(lambda x: slim.bias_add(x, jax.nn.relu, **kwargs))
    variables = values(model, x)
    assert variables["BiasAdd/biases"].shape == (5,)
    axis = 1 if kwargs else -1
    expected = np.moveaxis(np.maximum(np.moveaxis(x, axis, -1) + variables["BiasAdd/biases"], 0), -1, axis)
    np.testing.assert_allclose(model.apply(variables, x), expected, rtol=1e-6)


def test_bias_add_initializer_and_regularizer():
    half, decay = slim.constant_initializer(0.5), slim.l2_regularizer(0.1)
    specs = slim.Model(lambda x: slim.bias_add(x, initializer=half, regularizer=decay)).specs(normals(3, 5))
    assert (specs["BiasAdd/biases"].initializer, specs["BiasAdd/biases"].regularizer) == (half, decay)


def test_signatures_are_those_of_tf_slim():
    assert " ".join(inspect.signature(slim.fully_connected).parameters) == (
        "inputs num_outputs activation_fn normalizer_fn normalizer_params weights_initializer "
        "weights_regularizer biases_initializer biases_regularizer reuse variables_collections "
        "outputs_collections trainable scope"
    )
    assert " ".join(inspect.signature(slim.bias_add).parameters) == (
        "inputs activation_fn initializer regularizer reuse variables_collections outputs_collections "
        "trainable data_format scope"
    )
    assert " ".join(inspect.signature(slim.legacy_fully_connected).parameters) == (
        "x num_output_units activation_fn weight_init bias_init name weight_collections bias_collections "
        "output_collections trainable weight_regularizer bias_regularizer"
    )
    for partial, activation in ((slim.relu, jax.nn.relu), (slim.relu6, jax.nn.relu6), (slim.elu, jax.nn.elu)):
        assert partial.func is slim.fully_connected
        assert partial.keywords == {"activation_fn": activation}
    assert slim.linear.keywords == slim.legacy_linear.keywords == {"activation_fn": None}
    assert slim.legacy_relu.func is slim.legacy_fully_connected
