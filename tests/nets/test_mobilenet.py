"""The MobileNets where TensorFlow's goldens say nothing: refusals, own layers, reuse, widths, dtypes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import golden
import jax_slim as slim
from jax_slim.nets import conv_blocks, mobilenet, mobilenet_v1, mobilenet_v2, mobilenet_v3
from jax_slim.nets.mobilenet import op

NETS = {
    "mobilenet_v1": (mobilenet_v1.mobilenet_v1, mobilenet_v1.mobilenet_v1_arg_scope),
    "mobilenet_v2": (mobilenet_v2.mobilenet, mobilenet_v2.training_scope),
    "mobilenet_v3": (mobilenet_v3.small, mobilenet_v3.training_scope),
}


def made(name, **kwargs):
    """The net as a model, in evaluation mode."""
    function, scope = NETS[name]
    return scoped(lambda images: function(images, **{"is_training": False, **kwargs}), scope)


def scoped(net, scope=mobilenet.training_scope):
    def call(images):
        with slim.arg_scope(scope()):
            return net(images)

    return slim.Model(call)


def traced(model, *shape, dtype=jnp.float32):
    """The specs of the variables, and the shapes of the result and the end points."""
    images = jax.ShapeDtypeStruct(shape, dtype)
    specs = model.specs(images)
    variables = {name: jax.ShapeDtypeStruct(spec.shape, spec.dtype) for name, spec in specs.items()}
    key = jax.random.key(0)
    outputs, end_points = jax.eval_shape(lambda *args: model.collect(*args, rng=key)[0], variables, images)
    return specs, outputs, end_points


def values(model, images):
    return {name: golden.det_value(name, spec.shape) for name, spec in model.specs(images).items()}


# Refusals.


def test_an_unknown_end_point_of_v1_is_refused_with_the_known_ones():
    known = "one of Conv2d_0, Conv2d_1_depthwise, Conv2d_1_pointwise, .*, Conv2d_13_pointwise"
    with pytest.raises(ValueError, match=rf"mobilenet_v1_base: final_endpoint must be {known}, got 'Conv2d_14'"):
        traced(scoped(lambda images: mobilenet_v1.mobilenet_v1_base(images, "Conv2d_14")), 1, 64, 64, 3)


def test_an_end_point_that_never_comes_runs_all_layers_as_in_tf_slim():
    _, logits, end_points = traced(made("mobilenet_v2", final_endpoint="layer_20", num_classes=5), 1, 64, 64, 3)
    assert logits.shape == (1, 5)
    assert "layer_19" in end_points


@pytest.mark.parametrize("output_stride", [0, 3, 6, 12, 33])
def test_strides_that_are_not_reached_are_refused_with_the_possible_ones(output_stride):
    message = rf"mobilenet_base: output_stride must be None or one of 1, 2, 4, 8, 16, 32, got {output_stride}\."
    with pytest.raises(ValueError, match=message):
        traced(made("mobilenet_v2", output_stride=output_stride), 1, 65, 65, 3)
    message = rf"mobilenet_v1_base: output_stride must be None, 8, 16 or 32, got {output_stride}\."
    with pytest.raises(ValueError, match=message):
        traced(scoped(lambda images: mobilenet_v1.mobilenet_v1_base(images, output_stride=output_stride)), 1, 65, 65, 3)


@pytest.mark.parametrize(("output_stride", "size"), [(1, 65), (4, 17), (16, 5), (64, 3)])
def test_maps_are_as_small_as_the_output_stride_allows(output_stride, size):
    net = made("mobilenet_v2", base_only=True, output_stride=output_stride, depth_multiplier=0.1)
    assert traced(net, 1, 65, 65, 3)[1].shape == (1, size, size, 128)


def test_fused_layers_keep_to_strides_and_padding():
    """TF's keep their strides whatever the `output_stride`, and shrink the map when padding is explicit."""
    sizes = {"output_stride": (65, 17, 17), "use_explicit_padding": (64, 16, 8)}
    for (kwarg, (size, *expected)), value in zip(sizes.items(), (4, True), strict=True):
        kwargs = {kwarg: value, "final_endpoint": "layer_10", "base_only": True}
        model = scoped(lambda images, kwargs=kwargs: mobilenet_v3.edge_tpu(images, **kwargs))
        _, _, end_points = traced(model, 1, size, size, 3)
        assert [end_points[name].shape[1] for name in ("layer_4", "layer_10")] == expected


@pytest.mark.parametrize("name", NETS)
def test_other_bad_arguments_are_refused(name):
    with pytest.raises(ValueError, match=r"multiplier.* must be above 0, got 0"):
        traced(made(name, depth_multiplier=0), 1, 64, 64, 3)
    with pytest.raises(
        ValueError, match=r"mobilenet.*: inputs must have rank 4 \[N, H, W, C\], got shape \(64, 64, 3\)"
    ):
        traced(made(name), 64, 64, 3)
    if name != "mobilenet_v1":
        with pytest.raises(ValueError, match=f"{name}.mobilenet: multiplier must be given as depth_multiplier, got 2"):
            traced(made(name, multiplier=2), 1, 64, 64, 3)


def test_logits_of_a_map_are_refused_where_one_pixel_was_asked_for():
    # Windows of 7 x 7 in steps of 2 over the 9 x 9 map of a larger image.
    message = (
        r"MobilenetV1: spatial_squeeze needs logits of one pixel, got a map of \(2, 2\) from inputs of shape \(1, 28"
    )
    with pytest.raises(ValueError, match=message):
        traced(made("mobilenet_v1"), 1, 288, 288, 3)
    _, logits, _ = traced(made("mobilenet_v1", num_classes=5, spatial_squeeze=False), 1, 288, 224, 3)
    assert logits.shape == (1, 2, 1, 5)


def test_unknown_layers_of_the_first_version_are_refused():
    message = r"mobilenet_v1: conv_defs must be a list of Conv and DepthSepConv, got \(3, 1, 8\)"
    with pytest.raises(ValueError, match=message):
        traced(made("mobilenet_v1", conv_defs=[(3, 1, 8)]), 1, 64, 64, 3)


@pytest.mark.parametrize("kwargs", [{"output_stride": 8}, {"use_explicit_padding": True}])
def test_options_for_maps_are_refused_where_the_third_version_pools(kwargs):
    with pytest.raises(TypeError, match=r"reduce_to_1x1: .* must be left out.*final_endpoint='layer_<i>'") as refused:
        traced(made("mobilenet_v3", **kwargs), 1, 65, 65, 3)
    assert any("'layer_14' of mobilenet_base" in note for note in refused.value.__notes__)


def test_an_activation_needs_a_place_among_the_defaults():
    with pytest.raises(ValueError, match=r"mobilenet_v2.mobilenet: conv_defs must have defaults for \(slim.conv2d"):
        traced(made("mobilenet_v2", conv_defs={"defaults": {}, "spec": []}, activation_fn=jax.nn.relu), 1, 9, 9, 3)


# Heads, sizes, dtypes.


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("num_classes", [None, 0])
def test_without_classes_the_features_are_returned(name, num_classes):
    specs, net, end_points = traced(made(name, num_classes=num_classes), 2, 64, 64, 3)
    assert net.shape == (2, 1, 1, {"mobilenet_v2": 1280}.get(name, 1024))
    assert not any("Logits" in variable for variable in specs)
    assert not {"Logits", "Predictions"} & end_points.keys()


@pytest.mark.parametrize("name", NETS)
def test_predictions_may_be_left_out_or_be_others(name):
    assert "Predictions" not in traced(made(name, prediction_fn=None), 1, 64, 64, 3)[2]

    def twice(logits, scope):
        assert scope == "Predictions"
        return jnp.concatenate([logits, logits], -1)

    assert traced(made(name, prediction_fn=twice, num_classes=3), 1, 64, 64, 3)[2]["Predictions"].shape == (1, 6)


def test_the_third_version_pools_by_windows_where_maps_are_not_square():
    _, logits, end_points = traced(made("mobilenet_v3", num_classes=3), 1, 256, 320, 3)
    assert end_points["layer_13"].shape == (1, 8, 10, 576)
    assert end_points["layer_14"].shape == (1, 2, 4, 576)
    assert logits.shape == (1, 3)


@pytest.mark.parametrize("name", NETS)
def test_half_precision_goes_through(name):
    _, logits, end_points = traced(made(name, num_classes=7), 1, 64, 64, 3, dtype=jnp.bfloat16)
    assert (logits.shape, logits.dtype) == ((1, 7), jnp.bfloat16)
    assert {value.dtype for value in end_points.values()} == {jnp.dtype(jnp.bfloat16)}


@pytest.mark.parametrize("name", NETS)
def test_a_second_call_shares_variables_only_with_reuse(name):
    function, scope = NETS[name]

    def twice(reuse):
        def net(images):
            one, first = function(images, 3, is_training=False)
            two, second = function(images, 3, is_training=False, reuse=reuse)
            assert list(first) == list(second)
            seen["shared"] = [name for name in first if first[name] is second[name]]
            return one, two

        seen = {}
        return scoped(net, scope), seen

    images = jax.ShapeDtypeStruct((1, 64, 64, 3), jnp.float32)
    model, seen = twice(True)
    assert list(model.specs(images)) == list(made(name, num_classes=3).specs(images))
    assert seen["shared"] == []
    with pytest.raises(ValueError, match="already exists"):
        twice(None)[0].specs(images)


@pytest.mark.parametrize(
    ("net", "scope", "parameters"),
    [
        # Keras' figures: all variables, with 1000 classes.
        (mobilenet_v1.mobilenet_v1_075, mobilenet_v1.mobilenet_v1_arg_scope, 2_601_976),
        (mobilenet_v2.mobilenet_v2_050, mobilenet_v2.training_scope, 1_987_224),
    ],
)
def test_nets_that_goldens_leave_out_have_their_known_size(net, scope, parameters):
    model = scoped(lambda images: net(images, 1000, is_training=False), scope)
    specs = model.specs(jax.ShapeDtypeStruct((1, 224, 224, 3), jnp.float32))
    assert sum(int(np.prod(spec.shape)) for spec in specs.values()) == parameters


def test_variants_of_the_third_version():
    specs, *_ = traced(scoped(mobilenet_v3.small_minimalistic), 1, 224, 224, 3)
    # research/slim's README: 2.0 million.
    assert round(sum(int(np.prod(spec.shape)) for spec in specs.values() if spec.trainable) / 1e6, 1) == 2.0
    assert not any("squeeze_excite" in name for name in specs)
    specs, *_ = traced(scoped(mobilenet_v3.edge_tpu_075), 1, 224, 224, 3)
    assert specs["MobilenetEdgeTPU/Conv/weights"].shape == (3, 3, 3, 24)
    assert specs["MobilenetEdgeTPU/Conv_1/weights"].shape == (1, 1, 144, 1280)


def test_variants_are_functions_of_their_own():
    for module, name, image_size in (
        (mobilenet_v1, "mobilenet_v1_075", 224),
        (mobilenet_v2, "mobilenet_v2_035", 224),
        (mobilenet_v3, "edge_tpu_075", 224),
    ):
        net = getattr(module, name)
        assert (net.__name__, net.default_image_size) == (name, image_size)
        assert net.__doc__.startswith("MobileNet")
    specs, *_ = traced(scoped(lambda images: mobilenet_v3.edge_tpu(images, scope="mine")), 1, 64, 64, 3)
    assert {name.split("/")[0] for name in specs} == {"mine"}


def test_detectors_have_thinner_last_layers():
    for defs, layer, depths in (
        (mobilenet_v3.V3_SMALL_DETECTION, 9, (48, 48, 48, 48, 288)),
        (mobilenet_v3.V3_LARGE_DETECTION, 13, (112, 80, 80, 80, 480)),
    ):
        model = scoped(lambda images, defs=defs: mobilenet_v3.mobilenet_base(images, conv_defs=defs))
        _, _, end_points = traced(model, 1, 64, 64, 3)
        assert tuple(end_points[f"layer_{layer + i}"].shape[-1] for i in range(5)) == depths
    assert mobilenet_v3.V3_SMALL["spec"][12].params["num_outputs"] == 576


@pytest.mark.parametrize(
    "net",
    [
        mobilenet_v2.mobilenet_base_group_norm,
        lambda images, **kwargs: mobilenet_v3.small(images, use_groupnorm=True, base_only=True, **kwargs),
    ],
)
def test_group_norm_takes_a_number_of_groups(net):
    images = np.random.default_rng(0).standard_normal((1, 33, 33, 3)).astype(np.float32)

    def first(**kwargs):
        model = scoped(lambda images: net(images, final_endpoint="layer_1", depth_multiplier=0.5, **kwargs)[0])
        assert not any("BatchNorm" in name for name in model.specs(images))
        return jax.jit(model.apply)(values(model, images), images)

    with pytest.raises(ValueError, match=r"groups must divide the \d+ channels of inputs, got 5"):
        first(groups=5)
    np.testing.assert_array_equal(first(), first(groups=8))
    assert not np.allclose(first(), first(groups=2))


# The builder.


def test_layers_of_ones_own():
    def halved(params, multiplier):
        params["num_outputs"] //= 2

    conv_defs = {
        "defaults": {(slim.conv2d,): {"activation_fn": None, "normalizer_fn": None}},
        "overrides": {(slim.conv2d,): {"biases_initializer": None}},
        "spec": [
            op(slim.conv2d, num_outputs=12, kernel_size=[3, 3], stride=2),
            op(conv_blocks.split_separable_conv2d, num_outputs=24),
            op(conv_blocks.split_separable_conv2d, num_outputs=24, scope="own"),
            op(slim.conv2d, num_outputs=12, kernel_size=[1, 1], multiplier_func=halved),
            op(slim.conv2d, num_outputs=10, kernel_size=[1, 1], multiplier_transform=halved),
            op(slim.max_pool2d, kernel_size=[2, 2], stride=2),
        ],
    }
    model = scoped(lambda images: mobilenet.mobilenet_base(images, conv_defs, multiplier=2))
    specs, net, end_points = traced(model, 1, 32, 32, 3)
    assert list(end_points) == [f"layer_{i}" for i in range(1, 7)]
    assert [end_points[name].shape[-1] for name in end_points] == [24, 48, 48, 6, 5, 5]
    assert net.shape == (1, 8, 8, 5)
    assert [name.removeprefix("Mobilenet/") for name in specs if name.endswith("weights")] == [
        "Conv/weights",
        "separable/depthwise/depthwise_weights",
        "separable/pointwise/weights",
        "own_depthwise/depthwise_weights",
        "own_pointwise/weights",
        "Conv_1/weights",
        "Conv_2/weights",
    ]
    assert not any("biases" in name and "pointwise" in name for name in specs)
    # Neither is changed by being used.
    assert conv_defs["spec"][0].params["num_outputs"] == 12


def test_widths_may_be_set_by_a_scope_or_by_arguments():
    def depths(scope, **kwargs):
        def net(images):
            with slim.arg_scope([mobilenet.depth_multiplier], **scope):
                return mobilenet_v2.mobilenet_base(images, depth_multiplier=0.1, final_endpoint="layer_8", **kwargs)

        specs = scoped(net).specs(jax.ShapeDtypeStruct((1, 64, 64, 3), jnp.float32))
        layers = ("Conv", "expanded_conv/project", "expanded_conv_6/project")
        return [specs[f"MobilenetV2/{name}/weights"].shape[-1] for name in layers]

    assert depths({}) == [8, 8, 8]
    assert depths({"min_depth": 16}) == [16, 16, 16]
    assert depths({"divisible_by": 1, "min_depth": 1}) == [3, 2, 6]
    assert depths({"divisible_by": 1, "min_depth": 1}, min_depth=5) == [5, 5, 6]


def test_training_mode_is_that_of_the_scope_unless_given():
    def updates(*args, **kwargs):
        model = scoped(
            lambda images: mobilenet_v2.mobilenet_base(images, final_endpoint="layer_3", **kwargs),
            lambda: mobilenet.training_scope(*args),
        )
        images = jnp.ones((2, 64, 64, 3))
        variables, key = values(model, images), jax.random.key(0)
        return len(jax.eval_shape(lambda *args: model.collect(*args, rng=key)[1].updates, variables, images))

    assert updates(True) == 12  # a mean and a variance for each of 6 layers
    assert updates(False) == updates(True, is_training=False) == 0
    assert updates(False, is_training=True) == 12


def test_defaults_of_training_may_be_left_to_the_scopes_around():
    with slim.arg_scope([slim.batch_norm], decay=0.5), slim.arg_scope([slim.dropout], keep_prob=0.25):
        found = mobilenet.training_scope(is_training=None, bn_decay=None, dropout_keep_prob=None, stddev=-1)
    of = {
        function: found[slim.arg_scope_func_key(function)] for function in (slim.batch_norm, slim.dropout, slim.conv2d)
    }
    assert of[slim.batch_norm] == {"decay": 0.5}
    assert of[slim.dropout] == {"keep_prob": 0.25}
    weights = of[slim.conv2d]["weights_initializer"](jax.random.key(0), (100, 100), jnp.float32)
    assert abs(weights).max() <= (6 / 200) ** 0.5  # uniform, after Glorot and Bengio


def test_an_activation_may_come_from_a_scope():
    assert mobilenet.apply_activation(-2.0) == -2.0
    with slim.arg_scope([mobilenet.apply_activation], activation_fn=abs):
        assert mobilenet.apply_activation(-2.0, name="any") == 2.0


def test_explicit_padding_moves_the_image_not_the_filter():
    """As in TF, whose own padding of an even-sized image is all at its end."""
    images = np.zeros((1, 8, 8, 1), np.float32)
    images[0, 0, 0, 0] = 1

    def first_layer(**kwargs):
        defs = {"spec": [op(slim.conv2d, num_outputs=8, kernel_size=[3, 3], stride=2)]}
        return scoped(lambda net: mobilenet.mobilenet_base(net, defs, is_training=False, **kwargs)[0])

    explicit = first_layer(use_explicit_padding=True)
    variables = values(explicit, images)
    found = jax.jit(explicit.apply)(variables, images)[0, 0, 0]
    plain = jax.jit(first_layer().apply)(variables, images)[0, 0, 0]

    def expected(*tap):
        norm = {name.rsplit("/", 1)[-1]: value for name, value in variables.items()}
        centered = norm["weights"][(*tap, 0)] - norm["moving_mean"]
        return np.maximum(0, centered / np.sqrt(norm["moving_variance"] + 1e-3) + norm["beta"])

    np.testing.assert_allclose(found, expected(1, 1), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(plain, expected(0, 0), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "conv_defs", [None, [mobilenet_v1.Conv([3, 3], 2, 16), mobilenet_v1.DepthSepConv([5, 5], 2, 32)]]
)
def test_every_end_point_of_the_first_version_can_be_the_last(conv_defs):
    names = []

    def net(images):
        outputs, end_points = mobilenet_v1.mobilenet_v1(images, 3, conv_defs=conv_defs, global_pool=True)
        names.extend(name for name in end_points if name.startswith("Conv2d"))
        return outputs, end_points

    specs = scoped(net).specs(jax.ShapeDtypeStruct((1, 64, 64, 3), jnp.float32))
    assert len(names) == (27 if conv_defs is None else 3)
    for count in (1, 2, 3, len(names)):
        last = names[count - 1]
        base = scoped(lambda images, last=last: mobilenet_v1.mobilenet_v1_base(images, last, conv_defs=conv_defs))
        fewer, net, end_points = traced(base, 1, 64, 64, 3)
        assert end_points.keys() == set(names[:count])
        assert net.shape == end_points[last].shape
        assert len(fewer) < len(specs)
