"""`conv1d`, `conv2d`, `conv3d` and `convolution`: names, numbers, TF-Slim's signature, what they refuse."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import golden
import jax_slim as slim

KEY = jax.random.key(0)


def normals(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def conv(*args, layer=slim.conv2d, **kwargs):
    return slim.Model(lambda x: layer(x, *args, **kwargs))


def values(model, *inputs):
    """Random variables: a zero bias would hide a missing one."""
    return {name: golden.det_value(name, spec.shape) for name, spec in model.specs(*inputs).items()}


def direct_sum(x, w, stride=1, rate=1):
    """The definition in float64: VALID correlation of [N, spatial, C] with [taps, C, out], one tap at a time."""
    axes = range(1, x.ndim - 1)
    counts = [(x.shape[a] - (w.shape[a - 1] - 1) * rate - 1) // stride + 1 for a in axes]
    y = np.zeros((len(x), *counts, w.shape[-1]))
    for tap in np.ndindex(*w.shape[:-2]):
        seen = [slice(t * rate, t * rate + (n - 1) * stride + 1, stride) for t, n in zip(tap, counts, strict=True)]
        y += x[(slice(None), *seen)].astype(np.float64) @ w[tap].astype(np.float64)
    return y


@pytest.mark.parametrize(
    ("kwargs", "shape", "created"),
    [
        ({}, (2, 7, 9, 5), {"Conv/weights": (3, 3, 3, 5), "Conv/biases": (5,)}),
        ({"padding": "VALID", "rate": 2, "biases_initializer": None}, (2, 3, 5, 5), {"Conv/weights": (3, 3, 3, 5)}),
        ({"stride": 2, "normalizer_fn": abs, "scope": "c1"}, (2, 4, 5, 5), {"c1/weights": (3, 3, 3, 5)}),
        (
            {"stride": (3, 1), "scope": "a/b"},
            (2, 3, 9, 5),
            {"a/b/weights": (3, 3, 3, 5), "a/b/biases": (5,)},
        ),
        (
            {"padding": [(0, 0), (2, 1)]},
            (2, 5, 10, 5),
            {"Conv/weights": (3, 3, 3, 5), "Conv/biases": (5,)},
        ),
        # As in TF-Slim, the name of another rank says no more than where the channels are.
        ({"data_format": "NWC"}, (2, 7, 9, 5), {"Conv/weights": (3, 3, 3, 5), "Conv/biases": (5,)}),
        ({"data_format": "NCW"}, (2, 5, 9, 3), {"Conv/weights": (3, 3, 7, 5), "Conv/biases": (5,)}),
    ],
)
def test_names_and_shapes(kwargs, shape, created):
    model, images = conv(5, 3, **kwargs), normals(2, 7, 9, 3)
    specs = model.specs(images)
    assert {name: spec.shape for name, spec in specs.items()} == created
    assert jax.eval_shape(model.apply, values(model, images), images).shape == shape


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize(("stride", "rate"), [(1, 1), (2, 1), (1, 2)])
@pytest.mark.parametrize(
    ("layer", "shape", "kernel"),
    [
        (slim.conv1d, (2, 8, 3), 3),
        (slim.conv2d, (2, 7, 9, 3), (3, 2)),
        (slim.conv3d, (1, 4, 5, 6, 2), (2, 3, 1)),
    ],
)
def test_matches_the_definition(layer, shape, kernel, stride, rate, first):
    x = normals(*shape)
    given = np.moveaxis(x, -1, 1) if first else x
    space = {1: "W", 2: "HW", 3: "DHW"}[x.ndim - 2]
    model = conv(5, kernel, stride, "VALID", f"NC{space}" if first else f"N{space}C", rate, layer=layer)
    variables = values(model, given)
    expected = np.maximum(direct_sum(x, variables["Conv/weights"], stride, rate) + variables["Conv/biases"], 0)
    outputs = jax.jit(model.apply)(variables, given)
    np.testing.assert_allclose(np.moveaxis(outputs, 1, -1) if first else outputs, expected, rtol=1e-5, atol=1e-5)


def test_causal_padding_sees_no_later_step():
    x, model = normals(2, 8, 3), conv(4, 3, rate=2, padding="CAUSAL", layer=slim.conv1d)
    variables = values(model, x)
    padded = np.pad(x, [(0, 0), (4, 0), (0, 0)])
    expected = np.maximum(direct_sum(padded, variables["Conv/weights"], rate=2) + variables["Conv/biases"], 0)
    np.testing.assert_allclose(jax.jit(model.apply)(variables, x), expected, rtol=1e-5, atol=1e-5)


def test_normalizer_takes_the_place_of_the_biases_and_comes_before_the_activation():
    seen = []

    def halve(net, by, add=0.0):
        seen.append((by, add))
        return net / by + add

    x = normals(2, 5, 5, 3)
    model = conv(4, 3, normalizer_fn=halve, normalizer_params={"by": 2.0, "add": -0.1}, padding="VALID")
    variables = values(model, x)
    assert list(variables) == ["Conv/weights"]
    expected = np.maximum(direct_sum(x, variables["Conv/weights"]) / 2 - 0.1, 0)
    np.testing.assert_allclose(jax.jit(model.apply)(variables, x), expected, rtol=1e-5, atol=1e-5)
    assert seen[-1] == (2.0, -0.1)


def test_initializers_and_regularizers_belong_to_their_variables():
    decay, bound = slim.l2_regularizer(0.1), slim.l1_regularizer(0.2)
    model = conv(
        4, 3, weights_initializer=slim.constant_initializer(0.5), biases_initializer=slim.constant_initializer(2.0),
        weights_regularizer=decay, biases_regularizer=bound,
    )  # fmt: skip
    specs = model.specs(normals(2, 5, 5, 3))
    assert (specs["Conv/weights"].regularizer, specs["Conv/biases"].regularizer) == (decay, bound)
    variables = model.init(KEY, normals(2, 5, 5, 3))
    np.testing.assert_array_equal(variables["Conv/weights"], 0.5)
    np.testing.assert_array_equal(variables["Conv/biases"], 2.0)


def test_reuse_shares_the_variables():
    def siamese(a, b):
        return slim.conv2d(a, 4, 3, scope="c"), slim.conv2d(b, 4, 3, scope="c", reuse=True)

    x, model = normals(2, 5, 5, 3), slim.Model(siamese)
    variables = values(model, x, x)
    assert list(variables) == ["c/weights", "c/biases"]
    np.testing.assert_array_equal(*jax.jit(model.apply)(variables, x, x))


def test_scope_may_be_a_variable_scope():
    def program(x):
        with slim.variable_scope("net") as scope:
            x = slim.conv2d(x, 4, 3)
        return slim.conv2d(x, 4, 3, scope=scope)

    names = list(slim.Model(program).specs(normals(2, 5, 5, 3)))
    assert names == ["net/Conv/weights", "net/Conv/biases", "net/weights", "net/biases"]


def test_a_scope_on_model_variable_sets_what_the_layer_leaves():
    def program(x):
        with slim.arg_scope([slim.model_variable], trainable=False, partitioner=lambda shape, dtype: [1] * len(shape)):
            return slim.conv2d(x, 4, 3)

    specs = slim.Model(program).specs(normals(2, 5, 5, 3))
    assert list(specs) == ["Conv/weights/part_0", "Conv/biases/part_0"]
    assert all(spec.trainable for spec in specs.values())  # the layer says so itself, as in TF-Slim


def test_precision_rounds_inputs_and_weights_alone():
    x, model = normals(2, 5, 5, 3), conv(4, 3)

    def rounded(x):
        with slim.precision(compute=jnp.bfloat16):
            return model.function(x)

    variables = values(model, x)
    low = {name: jnp.asarray(value, jnp.bfloat16) for name, value in variables.items()}
    expected = jax.jit(model.apply)(low, jnp.asarray(x, jnp.bfloat16))
    outputs = jax.jit(slim.Model(rounded).apply)(variables, x)
    assert outputs.dtype == jnp.bfloat16
    np.testing.assert_array_equal(outputs, expected)


def test_a_scope_on_convolution_does_not_reach_conv2d():
    def program(x):
        with slim.arg_scope([slim.convolution], stride=2):
            assert slim.convolution(x, 4, 3).shape == (2, 3, 3, 4)
            return slim.conv2d(x, 4, 3)

    with pytest.raises(TypeError, match=r"conv2d: got multiple values for argument 'stride'.*defaults of slim\.conv2d"):
        slim.Model(program).specs(normals(2, 5, 5, 3))


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((4, [3, 3, 3]), {}, r"conv2d: kernel_size must be an integer of 1 or more or 2 of them, got \[3, 3, 3\]"),
        ((4, "33"), {}, "conv2d: kernel_size must be .*, got '33'"),
        ((4, 2.5), {}, "conv2d: kernel_size must be .*, got 2.5"),
        ((0, 3), {}, "conv2d: num_outputs must be an integer of 1 or more, got 0"),
        ((None, 3), {}, "conv2d: num_outputs must be an integer of 1 or more, got None"),
        ((4, 3), {"rate": [1, -1]}, r"conv2d: rate must be .*, got \[1, -1\]"),
        ((4, 3), {"stride": 2, "rate": 2}, "conv2d: stride=2 with rate=2: one of the two must be 1"),
        ((4, 3), {"data_format": "channels_last"}, "conv2d: data_format must be one of .*, got 'channels_last'"),
        ((4, 3), {"padding": "CAUSAL"}, "conv2d: padding must be 'SAME', 'VALID' or 2 pairs .*, got 'CAUSAL'"),
        ((4, 3), {"padding": None}, "conv2d: padding must be .*, got None"),
        ((4, 9), {"padding": "VALID"}, r"conv2d: windows must fit into the inputs, got windows of \(9, 9\) pixels"),
    ],
)
def test_refuses_before_it_makes_a_variable(args, kwargs, message):
    def program(x):
        with pytest.raises(ValueError, match=message):
            slim.conv2d(x, *args, **kwargs)
        assert slim.get_variables() == []
        return x

    slim.Model(program).specs(normals(2, 5, 5, 3))


def test_errors_name_the_layer_and_its_scope():
    with pytest.raises(ValueError, match="num_outputs") as caught:
        conv(0, 3, scope="conv9").specs(normals(2, 5, 5, 3))
    assert "in slim.convolution2d (scope 'conv9')" in "".join(caught.value.__notes__)


def test_names_and_signatures_are_those_of_tf_slim():
    assert slim.conv1d is slim.convolution1d
    assert slim.conv2d is slim.convolution2d
    assert slim.conv3d is slim.convolution3d
    assert slim.conv2d.__name__ == "convolution2d"
    arguments = (
        "inputs num_outputs kernel_size stride padding data_format rate activation_fn normalizer_fn normalizer_params "
        "weights_initializer weights_regularizer biases_initializer biases_regularizer reuse variables_collections "
        "outputs_collections trainable scope"
    )
    for layer in (slim.conv1d, slim.conv2d, slim.conv3d):
        parameters = inspect.signature(layer).parameters
        assert " ".join(parameters) == arguments
        assert parameters["activation_fn"].default is jax.nn.relu
        assert parameters["weights_initializer"].default == slim.xavier_initializer()
        assert parameters["biases_initializer"].default == slim.zeros_initializer()
        assert (parameters["stride"].default, parameters["padding"].default) == (1, "SAME")
    assert " ".join(inspect.signature(slim.convolution).parameters) == f"{arguments} conv_dims"


def test_the_signature_that_three_share_is_seen():
    for layer in (slim.conv1d, slim.conv2d, slim.conv3d):
        parameters = inspect.signature(layer).parameters
        assert list(parameters)[:4] == ["inputs", "num_outputs", "kernel_size", "stride"]
        assert parameters["padding"].default == "SAME" and list(parameters)[-1] == "scope"
