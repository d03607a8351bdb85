"""The blocks of the MobileNets: numbers against their definitions, places of layers, refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import golden
import jax_slim as slim
from jax_slim.nets import conv_blocks

LINEAR = dict(activation_fn=None, biases_initializer=None)


def linear(block):
    """The block as a model, its convolutions without biases and activations."""

    def call(*args):
        with slim.arg_scope([slim.conv2d, slim.separable_conv2d], **LINEAR):
            return block(*args)

    return slim.Model(call)


def run(model, *inputs):
    """The result, and the values of the variables."""
    variables = {name: golden.det_value(name, spec.shape) for name, spec in model.specs(*inputs).items()}
    return jax.jit(lambda *args: model.collect(*args)[0])(variables, *inputs), variables


def images(*shape):
    return np.random.default_rng(len(shape)).standard_normal(shape).astype(np.float32)


@given(st.floats(0.5, 3000), st.sampled_from([1, 4, 8, 16]), st.one_of(st.none(), st.integers(1, 64)))
def test_widths_are_rounded_but_not_far_down(value, divisor, least):
    found = conv_blocks.make_divisible(value, divisor, least)
    smallest = divisor if least is None else least
    assert found % divisor == 0 or found in (smallest, smallest + divisor)
    assert found >= max(smallest, 0.9 * value)
    assert found <= max(smallest + divisor, value + divisor)


def test_widths_of_the_paper():
    assert [conv_blocks.make_divisible(value, 8) for value in (3, 12, 11.9, 18, 24 * 0.35)] == [8, 16, 16, 24, 8]
    assert conv_blocks.expand_input_by_factor(2.5)(num_inputs=80, more=1) == 200
    assert conv_blocks.expand_input_by_factor(1, divisible_by=1)(num_inputs=33) == 33


@pytest.mark.parametrize(("kernel", "rate", "pads"), [([3, 3], 1, (1, 1, 1, 1)), ([2, 5], 2, (1, 1, 4, 4))])
def test_padding_does_not_depend_on_the_size(kernel, rate, pads):
    up, down, left, right = pads
    net = images(1, 5, 6, 2)
    expected = np.pad(net, [(0, 0), (up, down), (left, right), (0, 0)])
    np.testing.assert_array_equal(conv_blocks.fixed_padding(net, kernel, rate), expected)


def test_a_split_convolution_sees_its_own_channels_only():
    net = images(2, 3, 4, 40)
    found, variables = run(linear(lambda net: conv_blocks.split_conv(net, 24, 3, "mix")), net)
    shapes = {name: value.shape for name, value in variables.items()}
    assert shapes == {
        "mix_part_0/weights": (1, 1, 16, 8),
        "mix_part_1/weights": (1, 1, 16, 8),
        "mix_part_2/weights": (1, 1, 8, 8),
    }
    weights = [variables[f"mix_part_{index}/weights"][0, 0] for index in range(3)]
    parts = [part @ matrix for part, matrix in zip(np.split(net, [16, 32], -1), weights, strict=True)]
    np.testing.assert_allclose(found, np.concatenate(parts, -1), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("outputs", "ways"), [(24, 1), (16, 3), (24, 6)])
def test_parts_that_would_be_too_thin_are_one(outputs, ways):
    _, variables = run(linear(lambda net: conv_blocks.split_conv(net, outputs, ways, "mix")), images(1, 2, 2, 40))
    assert {name: value.shape for name, value in variables.items()} == {"mix/weights": (1, 1, 40, outputs)}


def test_parts_are_listed_where_a_block_lists_its_outputs():
    listed = []

    def net(inputs):
        outputs = conv_blocks.expanded_conv(inputs, 16, split_expansion=2, outputs_collections="seen")
        listed.extend(slim.utils.convert_collection_to_dict("seen"))
        return outputs

    linear(net).specs(jax.ShapeDtypeStruct((1, 4, 4, 16), jnp.float32))
    names = ["expand_part_0_output", "expand_part_1_output", "expansion_output", "depthwise_output", "output"]
    assert listed == [f"expanded_conv/{name}" for name in names]


@given(st.integers(1, 60), st.integers(1, 8), st.sampled_from([1, 4, 8]))
def test_shares_are_multiples_and_nearly_equal(multiples, ways, divisor):
    ways = min(ways, multiples)
    shares = conv_blocks._shares("count", multiples * divisor, ways, divisor)
    assert len(shares) == ways and sum(shares) == multiples * divisor
    assert all(share % divisor == 0 for share in shares)
    assert max(shares) - min(shares) <= divisor


def test_widths_that_cannot_be_split_are_refused():
    model = linear(lambda net: conv_blocks.split_conv(net, 24, 2, "mix"))
    with pytest.raises(ValueError, match="channels of input_tensor must be a multiple of divisible_by=8, got 44"):
        model.specs(images(1, 2, 2, 44))
    model = linear(lambda net: conv_blocks.split_conv(net, 20, 2, "mix"))
    with pytest.raises(ValueError, match="split_conv: num_outputs must be a multiple of divisible_by=8, got 20"):
        model.specs(images(1, 2, 2, 40))


@pytest.mark.parametrize(
    ("place", "order", "depth"),
    [
        ("expansion", ["expand", "depthwise", "project"], 48),
        ("input", ["depthwise", "expand", "project"], 8),
        ("output", ["expand", "project", "depthwise"], 12),
        (None, ["expand", "project"], None),
    ],
)
def test_the_depthwise_convolution_may_be_elsewhere(place, order, depth):
    ends, collected = {}, {}

    def net(inputs):
        outputs = conv_blocks.expanded_conv(
            inputs, 12, stride=2, depthwise_location=place, endpoints=ends, outputs_collections="seen", scope="block"
        )
        collected.update(slim.utils.convert_collection_to_dict("seen"))
        collected.update({name: value.shape for name, value in collected.items()})
        ends.update({name: value.shape for name, value in ends.items()})
        return outputs

    specs = linear(net).specs(jax.ShapeDtypeStruct((1, 8, 8, 8), jnp.float32))
    assert list(dict.fromkeys(name.split("/")[1] for name in specs)) == order
    if depth:
        assert specs["block/depthwise/depthwise_weights"].shape == (3, 3, depth, 1)
        assert ends["depthwise_output"] == (1, 4, 4, depth) == collected["block/depthwise_output"]
    assert ends["projection_output"][-1] == 12
    names = [f"block/{name}_output" for name in order if name != "project"] + ["block/output"]
    assert list(collected) == [name.replace("expand_", "expansion_") for name in names]
    assert "block/projection_output" not in collected


def test_expansion_is_left_out_where_it_would_not_widen():
    for size in (8, 5, conv_blocks.expand_input_by_factor(1)):
        model = linear(lambda net, size=size: conv_blocks.expanded_conv(net, 8, expansion_size=size, scope="block"))
        assert not any("expand" in name for name in model.specs(jax.ShapeDtypeStruct((1, 4, 4, 8), jnp.float32)))


@pytest.mark.parametrize(
    ("kwargs", "added"),
    [({}, True), ({"residual": False}, False), ({"stride": 2}, False), ({"num_outputs": 16}, False)],
)
def test_inputs_are_added_where_shapes_allow(kwargs, added):
    arguments = {"num_outputs": 8, "expansion_size": 8, "scope": "block", **kwargs}
    net = images(1, 5, 5, 8)
    model = linear(lambda net: conv_blocks.expanded_conv(net, **arguments))
    variables = {name: np.zeros(spec.shape, np.float32) for name, spec in model.specs(net).items()}
    outputs = jax.jit(model.apply)(variables, net)
    np.testing.assert_array_equal(outputs, net if added else np.zeros(outputs.shape))


def test_a_residual_and_a_transform_of_ones_own():
    seen = {}

    def transform(expansion_tensor, input_tensor):
        seen["transformed"] = expansion_tensor.shape, input_tensor.shape
        return expansion_tensor

    net = images(1, 5, 5, 8)
    model = linear(
        lambda net: conv_blocks.expanded_conv(
            net, 8, expansion_transform=transform, residual=lambda input_tensor, output_tensor: input_tensor * 2
        )
    )
    found, variables = run(model, net)
    np.testing.assert_array_equal(found, net * 2)
    assert seen["transformed"] == ((1, 5, 5, 48), (1, 5, 5, 8))
    assert all(name.startswith("expanded_conv/") for name in variables)


def test_activations_of_an_expanded_convolution():
    calls = []

    def activation(name):
        def apply(net):
            calls.append((name, net.shape[-1]))
            return net

        return apply

    def net(inputs):
        kwargs = {f"{name}_activation_fn": activation(name) for name in ("inner", "depthwise", "project")}
        return conv_blocks.expanded_conv(inputs, 12, **kwargs)

    linear(net).specs(jax.ShapeDtypeStruct((1, 5, 5, 8), jnp.float32))
    assert calls == [("inner", 48), ("depthwise", 48), ("project", 12)]


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        (
            {"depthwise_location": "middle"},
            "depthwise_location must be None, 'input', 'output' or 'expansion', got 'middle'",
        ),
        (
            {"use_explicit_padding": True, "padding": "VALID"},
            "padding must be 'SAME' with use_explicit_padding, got 'VALID'",
        ),
    ],
)
def test_bad_arguments_are_refused(kwargs, message):
    with pytest.raises(TypeError, match=f"expanded_conv: {message}"):
        linear(lambda net: conv_blocks.expanded_conv(net, 8, **kwargs)).specs(images(1, 4, 4, 8))


def test_a_separable_convolution_tells_its_parts():
    ends = {}
    net = images(1, 8, 8, 4)

    def block(net):
        outputs = conv_blocks.split_separable_conv2d(
            net, 6, scope="Conv2d_1", stride=2, endpoints=ends, use_explicit_padding=True
        )
        same = conv_blocks.split_separable_conv2d(net, 6, stride=2)
        return outputs, same

    (padded, same), variables = run(linear(block), net)
    assert list(ends) == ["Conv2d_1_depthwise", "Conv2d_1_pointwise"]
    assert list(variables) == [
        "Conv2d_1_depthwise/depthwise_weights",
        "Conv2d_1_pointwise/weights",
        "separable/depthwise/depthwise_weights",
        "separable/pointwise/weights",
    ]
    assert padded.shape == same.shape == (1, 4, 4, 6)
    kernel = variables["Conv2d_1_depthwise/depthwise_weights"][..., 0]
    first = np.sum(np.pad(net, [(0, 0), (1, 1), (1, 1), (0, 0)])[0, :3, :3] * kernel, axis=(0, 1))
    expected = first @ variables["Conv2d_1_pointwise/weights"][0, 0]
    np.testing.assert_allclose(padded[0, 0, 0], expected, rtol=1e-5, atol=1e-5)


def excited(net, pool, factors_of):
    """Squeeze and excitation by its definition; `factors_of` makes [h, w, C] factors the size of the map."""
    model = slim.Model(lambda net: conv_blocks.squeeze_excite(net, squeeze_factor=4, pool=pool))
    found, variables = run(model, net)
    assert [value.shape for value in variables.values()] == [(1, 1, 32, 8), (8,), (1, 1, 8, 32), (32,)]
    first, bias, second, other_bias = (np.asarray(value, np.float64).squeeze() for value in variables.values())

    def gate(pooled):
        return 1 / (1 + np.exp(-(np.maximum(pooled @ first + bias, 0) @ second + other_bias)))

    np.testing.assert_allclose(found, net * factors_of(gate), rtol=1e-5, atol=1e-5)


def test_squeeze_and_excitation():
    net = images(2, 5, 6, 32)
    excited(net, None, lambda gate: gate(net.mean((1, 2), keepdims=True)))


@pytest.mark.parametrize("pool", [3, [3, 3]])
def test_squeeze_and_excitation_by_windows(pool):
    net = images(2, 5, 5, 32)

    def factors(gate):
        windows = np.lib.stride_tricks.sliding_window_view(net, (3, 3), (1, 2)).mean((-1, -2))
        coarse = gate(windows)  # [2, 3, 3, 32]: rows 0, 2 and 4 of the map
        between = (coarse[:, :-1] + coarse[:, 1:]) / 2
        rows = np.stack([coarse[:, 0], between[:, 0], coarse[:, 1], between[:, 1], coarse[:, 2]], 1)
        between = (rows[:, :, :-1] + rows[:, :, 1:]) / 2
        return np.stack([rows[:, :, 0], between[:, :, 0], rows[:, :, 1], between[:, :, 1], rows[:, :, 2]], 2)

    excited(net, pool, factors)


def test_what_is_squeezed_may_be_another_map():
    model = slim.Model(lambda net, other: conv_blocks.squeeze_excite(net, squeeze_input_tensor=other))
    specs = model.specs(images(1, 4, 4, 6), images(1, 8, 8, 30))
    assert specs["squeeze_excite/Conv/weights"].shape == (1, 1, 30, 16)
    assert specs["squeeze_excite/Conv_1/weights"].shape == (1, 1, 16, 6)
