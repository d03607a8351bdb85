"""The Inception nets where TensorFlow's goldens say nothing: refusals, reuse, layouts, other sizes, dtypes."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import golden
import jax_slim as slim
from jax_slim.nets import inception, inception_resnet_v2, inception_utils, inception_v4

CLASSIFIERS = ["inception_v1", "inception_v2", "inception_v3", "inception_v4", "inception_resnet_v2"]


def scope_of(name):
    return getattr(inception, name.removesuffix("_base") + "_arg_scope")()


def values(model, images):
    """Some values for the model's variables: compiling its initializers takes longer than a test should."""
    return {name: golden.det_value(name, spec.shape) for name, spec in model.specs(images).items()}


def made(name, *shape, dtype=jnp.float32, **kwargs):
    """The net called `name` as a model, and images for it."""
    function = getattr(inception, name)

    def net(images):
        with slim.arg_scope(scope_of(name)), slim.arg_scope([slim.batch_norm, slim.dropout], is_training=False):
            return function(images, **kwargs)

    return slim.Model(net), jax.ShapeDtypeStruct(shape, dtype)


def shapes(name, *shape, **kwargs):
    """The shape of the net's result, and of its end points in their order."""
    seen = {}

    def net(images):
        with slim.arg_scope(scope_of(name)), slim.arg_scope([slim.batch_norm, slim.dropout], is_training=False):
            outputs, end_points = getattr(inception, name)(images, **kwargs)
        seen["outputs"] = outputs.shape
        seen["end_points"] = {name: value.shape for name, value in end_points.items()}
        return outputs

    slim.Model(net).specs(jax.ShapeDtypeStruct(shape, jnp.float32))
    return seen["outputs"], seen["end_points"]


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_an_unknown_end_point_is_refused_with_the_known_ones(name):
    with pytest.raises(ValueError, match=rf"{name}_base: final_endpoint must be one of Conv2d_1a.*, got 'Mixed_9z'"):
        shapes(f"{name}_base", 1, 299, 299, 3, final_endpoint="Mixed_9z")


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_every_end_point_can_be_the_last(name):
    """The documented ones too: the docstring's names, in the net's order."""
    whole, end_points = shapes(f"{name}_base", 1, 127, 127, 3)
    assert end_points[list(end_points)[-1]] == whole
    documented = getattr(inception, f"{name}_base").__doc__
    for last in list(end_points)[:3]:
        outputs, until = shapes(f"{name}_base", 1, 127, 127, 3, final_endpoint=last)
        assert outputs == end_points[last]
        assert list(until) == list(end_points)[: len(until)]
        assert list(until)[-1] == last
    for last in end_points:
        assert f"'{last}'" in documented or f"'{last[:-1]}a' to" in documented


@pytest.mark.parametrize(
    ("name", "size", "kwargs", "message"),
    [
        ("inception_v1", 64, {}, r"inception_v1: inputs must be of 193 x 193 .* global_pool=True"),
        ("inception_v1", 256, {}, r"inception_v1: spatial_squeeze needs logits of one pixel"),
        ("inception_v2", 400, {}, r"inception_v2: spatial_squeeze needs logits of one pixel"),
        ("inception_v3", 106, {}, r"inception_v3: inputs must be of 107 x 107 .* create_aux_logits=False"),
        ("inception_v3", 347, {}, r"inception_v3: inputs must be of less than 347 x 347 pixels .*=False"),
        ("inception_v3", 400, {"create_aux_logits": False}, "inception_v3: spatial_squeeze needs logits of one pixel"),
        ("inception_v3", 74, {"create_aux_logits": False}, "windows must fit into the inputs"),
        ("inception_v4", 106, {}, "inception_v4: inputs must be of 107 x 107 .* create_aux_logits=False"),
        ("inception_v4", 74, {"create_aux_logits": False}, "windows must fit into the inputs"),
        ("inception_resnet_v2", 106, {}, "inception_resnet_v2: inputs must be of 107 x 107 .*create_aux_logits=False"),
        ("inception_resnet_v2", 74, {"create_aux_logits": False}, "windows must fit into the inputs"),
        ("inception_v2", 64, {"depth_multiplier": 0}, "inception_v2: depth_multiplier must be above 0, got 0"),
        ("inception_v3", 299, {"depth_multiplier": -1.0}, "inception_v3: depth_multiplier must be above 0, got -1.0"),
        ("inception_v3_base", 299, {"depth_multiplier": 0.0}, "inception_v3_base: depth_multiplier must be above 0"),
        ("inception_v2_base", 64, {"data_format": "CHW"}, "inception_v2_base: data_format must be 'NHWC' or 'NCHW'"),
        ("inception_v2_base", 64, {"data_format": "NCHW"}, "use_separable_conv must be False with data_format='NCHW'"),
        (
            "inception_v2_base",
            64,
            {"depth_multiplier": 0.01, "min_depth": 2},
            "must leave 3 or more of the 64 channels",
        ),
        ("inception_resnet_v2_base", 299, {"output_stride": 32}, "output_stride must be 8 or 16, got 32"),
        (
            "inception_resnet_v2_base",
            299,
            {"output_stride": 8},
            "final_endpoint must be 'PreAuxLogits' or earlier with",
        ),
    ],
)
def test_refuses(name, size, kwargs, message):
    with pytest.raises(ValueError, match=message):
        shapes(name, 1, size, size, 3, **kwargs)


@pytest.mark.parametrize(
    ("name", "last"),
    [("inception_v3", "Mixed_7c"), ("inception_v4", "Mixed_7d"), ("inception_resnet_v2", "Conv2d_7b_1x1")],
)
def test_the_smallest_images(name, last):
    logits, end_points = shapes(name, 2, 75, 75, 3, num_classes=5, create_aux_logits=False)
    assert logits == (2, 5)
    assert end_points[last][1:3] == (1, 1)


def test_larger_and_oblong_images():
    logits, end_points = shapes("inception_v1", 1, 256, 300, 3, num_classes=4, spatial_squeeze=False)
    assert logits == end_points["Predictions"] == (1, 2, 4, 4)
    logits, end_points = shapes("inception_v2", 1, 33, 200, 3, num_classes=4, spatial_squeeze=False)
    assert end_points["Mixed_5c"] == (1, 2, 7, 1024)
    assert end_points["AvgPool_1a"] == (1, 1, 1, 1024)
    logits, end_points = shapes("inception_v3", 1, 400, 107, 3, num_classes=4, spatial_squeeze=False, global_pool=True)
    assert logits == (1, 1, 1, 4)
    assert end_points["AuxLogits"] == (1, 3, 1, 4)
    logits, _ = shapes("inception_v4", 1, 107, 160, 3, num_classes=4)
    assert logits == (1, 4)


@pytest.mark.parametrize("name", ["inception_v1", "inception_v4"])
def test_no_classes_give_the_features(name):
    features, end_points = shapes(name, 1, 224, 224, 3, num_classes=0)
    assert features == (1, 1, 1, 1024 if name == "inception_v1" else 1536)
    assert list(end_points)[-1] in ("AvgPool_0a_7x7", "global_pool")
    assert not {"AuxLogits", "Logits", "PreLogitsFlatten", "Predictions"} & set(end_points)


@pytest.mark.parametrize("name", ["inception_v1", "inception_resnet_v2"])
def test_a_second_call_shares_the_variables(name):
    function = getattr(inception, name)

    def net(images, times):
        with slim.arg_scope(scope_of(name)):
            for index in range(times):
                function(images, 3, is_training=False, reuse=index > 0)

    images = jax.ShapeDtypeStruct((1, 224, 224, 3), jnp.float32)
    once, twice = (slim.Model(functools.partial(net, times=times)).specs(images) for times in (1, 2))
    assert list(twice) == list(once)


def test_a_second_call_without_reuse_is_refused():
    def twice(images):
        for _ in range(2):
            inception.inception_v1(images, 3, is_training=False, global_pool=True)

    with pytest.raises(ValueError, match="InceptionV1/Conv2d_1a_7x7/weights"):
        slim.Model(twice).specs(jax.ShapeDtypeStruct((1, 64, 64, 3), jnp.float32))


def test_a_scope_of_ones_own():
    model, images = made("inception_v1", 1, 224, 224, 3, scope="mine")
    assert {variable.partition("/")[0] for variable in model.specs(images)} == {"mine"}


@pytest.mark.parametrize("name", ["inception_v1_base", "inception_v2_base"])
def test_without_the_root_block(name):
    outputs, end_points = shapes(name, 2, 28, 28, 192, include_root_block=False)
    assert outputs == (2, 7, 7, 1024)
    assert next(iter(end_points)) == "Mixed_3b"
    assert end_points["Mixed_3b"] == (2, 28, 28, 256)
    with pytest.raises(ValueError, match="final_endpoint must be one of Mixed_3b"):
        shapes(name, 2, 28, 28, 192, include_root_block=False, final_endpoint="Conv2d_2b_1x1")


def test_channels_first_is_the_same_net():
    first, _ = made(
        "inception_v2_base", 1, 3, 32, 32, data_format="NCHW", use_separable_conv=False, final_endpoint="Mixed_4a",
        depth_multiplier=0.125, min_depth=4,
    )  # fmt: skip
    last, _ = made(
        "inception_v2_base", 1, 32, 32, 3, use_separable_conv=False, final_endpoint="Mixed_4a", depth_multiplier=0.125,
        min_depth=4,
    )  # fmt: skip
    images = jax.random.normal(jax.random.key(0), (1, 32, 32, 3))
    variables = values(last, images)
    expected, _ = jax.jit(last.apply)(variables, images)
    outputs, _ = jax.jit(first.apply)(variables, images.transpose(0, 3, 1, 2))
    np.testing.assert_allclose(outputs.transpose(0, 2, 3, 1), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_other_dtypes(name):
    dtype = "float64" if name in ("inception_v1", "inception_resnet_v2") else "bfloat16"
    found = []

    def net(images):
        with slim.arg_scope(scope_of(name)):
            logits, end_points = getattr(inception, name)(images, 3, is_training=False)
        found.extend(str(value.dtype) for value in (logits, *end_points.values()))

    with jax.enable_x64(True):
        slim.Model(net).specs(jax.ShapeDtypeStruct((1, 224, 224, 3), dtype))
    assert set(found) == {dtype}


def test_the_scope_of_the_family():
    def net(images, **kwargs):
        with slim.arg_scope(inception_utils.inception_arg_scope(**kwargs)):
            return slim.conv2d(images, 2, 3, scope="c")

    images = jnp.ones((1, 4, 4, 3))

    def variables(**kwargs):
        return list(slim.Model(functools.partial(net, **kwargs)).specs(images))

    normalized = ["c/weights", "c/BatchNorm/beta", "c/BatchNorm/moving_mean", "c/BatchNorm/moving_variance"]
    assert variables() == normalized
    assert variables(batch_norm_scale=True) == [normalized[0], "c/BatchNorm/gamma", *normalized[1:]]
    assert variables(use_batch_norm=False) == ["c/weights", "c/biases"]
    model = slim.Model(functools.partial(net, batch_norm_decay=0.25, activation_fn=jnp.abs))
    start = values(model, images)
    start["c/BatchNorm/moving_mean"] = np.ones(2, np.float32)
    outputs, collected = model.collect(start, images)
    assert float(jnp.min(outputs)) >= 0
    raw = slim.Model(lambda x: slim.conv2d(x, 2, 3, scope="c", activation_fn=None, biases_initializer=None))
    batch = raw.apply({"c/weights": start["c/weights"]}, images)
    mean = collected.updates["c/BatchNorm/moving_mean"]
    np.testing.assert_allclose(mean, 0.25 + 0.75 * jnp.mean(batch, (0, 1, 2)), rtol=1e-5)


def test_one_module_has_them_all():
    for name in CLASSIFIERS:
        own = getattr(slim.nets, name)
        for function in (name, f"{name}_base", f"{name}_arg_scope"):
            assert getattr(inception, function) is getattr(own, function)
    sizes = [getattr(inception, name).default_image_size for name in CLASSIFIERS]
    assert sizes == [224, 224, 299, 299, 299]


@pytest.mark.parametrize(
    ("block", "scope", "shape"),
    [
        ("block_inception_a", "BlockInceptionA", (1, 9, 9, 384)),
        ("block_reduction_a", "BlockReductionA", (1, 4, 4, 640 + 8)),
        ("block_inception_b", "BlockInceptionB", (1, 9, 9, 1024)),
        ("block_reduction_b", "BlockReductionB", (1, 4, 4, 512 + 8)),
        ("block_inception_c", "BlockInceptionC", (1, 9, 9, 1536)),
    ],
)
def test_blocks_of_v4(block, scope, shape):
    function = getattr(inception_v4, block)
    images = jax.ShapeDtypeStruct((1, 9, 9, 8), jnp.float32)

    def net(images):
        first, second = function(images), function(images, "twin")
        third = function(images, "twin", reuse=True)
        assert first.shape == second.shape == third.shape == shape
        return first

    assert {name.partition("/")[0] for name in slim.Model(net).specs(images)} == {scope, "twin"}


@pytest.mark.parametrize("block", ["block35", "block17", "block8"])
def test_residual_blocks(block):
    model = slim.Model(getattr(inception_resnet_v2, block))
    images = jax.random.normal(jax.random.key(0), (1, 5, 5, 4)) * 30
    variables = values(model, images)
    assert {name.partition("/")[0] for name in variables} == {block.capitalize()}
    options = [{"activation_fn": None}, {"activation_fn": None, "scale": 0.1}, {}, {"activation_fn": jax.nn.relu6}]
    plain, scaled, rectified, bounded = jax.jit(
        lambda variables, images: [model.apply(variables, images, **some) for some in options]
    )(variables, images)
    added = plain - images
    assert float(jnp.max(jnp.abs(added))) > 6
    np.testing.assert_allclose(scaled, images + 0.1 * added, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(rectified, jnp.maximum(plain, 0), rtol=1e-4, atol=1e-4)
    # What is added stays within -6 ... 6, so that the net can be quantized.
    np.testing.assert_allclose(bounded, jnp.clip(images + jnp.clip(added, -6, 6), 0, 6), rtol=1e-4, atol=1e-4)


def test_output_stride_and_alignment():
    for align, expected in ((False, (1, 33, 33, 1088)), (True, (1, 38, 38, 1088))):
        outputs, _ = shapes(
            "inception_resnet_v2_base", 1, 299, 299, 3, output_stride=8, align_feature_maps=align,
            final_endpoint="PreAuxLogits",
        )  # fmt: skip
        assert outputs == expected
    outputs, _ = shapes("inception_resnet_v2_base", 1, 32, 32, 3, align_feature_maps=True)
    assert outputs == (1, 1, 1, 1536)
