"""The residual nets where TensorFlow's goldens say nothing: refusals, strides and rates, reuse, widths, dtypes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import golden
import jax_slim as slim
from jax_slim.nets import resnet_utils, resnet_v1, resnet_v1_beta, resnet_v2

SMALL = {
    "resnet_v1": (resnet_v1.resnet_v1, resnet_v1.resnet_v1_block),
    "resnet_v2": (resnet_v2.resnet_v2, resnet_v2.resnet_v2_block),
}
VERSIONS = sorted(SMALL)


def small_net(version, **kwargs):
    """A net with the strides of the real ones and few channels, in evaluation mode."""
    function, block = SMALL[version]
    sizes = [("block1", 2, 2), ("block2", 4, 2), ("block3", 4, 2), ("block4", 8, 1)]
    blocks = [block(scope, depth, 2, stride) for scope, depth, stride in sizes]
    return scoped(lambda images: function(images, blocks, is_training=False, **kwargs))


def scoped(net):
    def call(images):
        with slim.arg_scope(resnet_utils.resnet_arg_scope()):
            return net(images)

    return slim.Model(call)


def traced(model, *shape, dtype=jnp.float32):
    """The shapes of variables, result and end points."""
    images = jax.ShapeDtypeStruct(shape, dtype)
    specs = model.specs(images)
    variables = {name: jax.ShapeDtypeStruct(spec.shape, spec.dtype) for name, spec in specs.items()}
    outputs, end_points = jax.eval_shape(lambda *args: model.collect(*args)[0], variables, images)
    return specs, outputs, end_points


def values(model, images):
    return {name: golden.det_value(name, spec.shape) for name, spec in model.specs(images).items()}


def trainable(specs):
    return sum(int(np.prod(spec.shape)) for spec in specs.values() if spec.trainable)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("output_stride", [0, 2, 5, 6, 64, 8.5])
def test_strides_that_are_not_reached_are_refused_with_the_possible_ones(version, output_stride):
    model = small_net(version, output_stride=output_stride)
    message = rf"{version}: output_stride must be None or one of 4, 8, 16, 32, got {output_stride}\."
    with pytest.raises(ValueError, match=message):
        traced(model, 1, 65, 65, 3)


def test_strides_are_those_of_the_blocks_without_a_root_block():
    with pytest.raises(ValueError, match=r"resnet_v1: output_stride must be None or one of 1, 2, 4, 8, got 16\."):
        traced(small_net("resnet_v1", output_stride=16, include_root_block=False), 1, 65, 65, 3)
    _, net, _ = traced(small_net("resnet_v1", output_stride=2, include_root_block=False, global_pool=False), 1, 9, 9, 3)
    assert net.shape == (1, 5, 5, 32)


def test_stacked_blocks_refuse_a_stride_themselves():
    block = resnet_v1.resnet_v1_block("block1", 2, 2, 3)
    with pytest.raises(ValueError, match=r"stack_blocks_dense: output_stride must be None or one of 1, 3, got 2\."):
        traced(scoped(lambda net: (resnet_utils.stack_blocks_dense(net, [block], 2), {})), 1, 9, 9, 3)


@pytest.mark.parametrize(
    ("output_stride", "size"),
    [pytest.param(4, 17, marks=pytest.mark.slow), (8, 9), pytest.param(16, 5, marks=pytest.mark.slow)],
)
@pytest.mark.parametrize("version", VERSIONS)
def test_dense_features_hold_the_sparse_ones(version, output_stride, size):
    """With holes in the filters, every stride-th feature is what it was with strides: the point of `output_stride`."""
    images = np.random.default_rng(0).standard_normal((2, 65, 65, 3)).astype(np.float32)
    sparse = small_net(version, global_pool=False)
    variables = values(sparse, images)
    expected, _ = jax.jit(sparse.apply)(variables, images)
    assert expected.shape[1:3] == (3, 3)
    dense = small_net(version, global_pool=False, output_stride=output_stride)
    found, _ = jax.jit(dense.apply)(variables, images)
    assert found.shape[1:3] == (size, size)
    step = 32 // output_stride
    np.testing.assert_allclose(found[:, ::step, ::step], expected, rtol=1e-4, atol=1e-4)


def test_holes_and_strides_kept_for_the_end_of_blocks_go_together():
    images = np.random.default_rng(0).standard_normal((2, 65, 65, 3)).astype(np.float32)
    kwargs = dict(global_pool=False, output_stride=8, scope="net")
    kept = small_net("resnet_v1", store_non_strided_activations=True, **kwargs)
    variables = values(kept, images)
    found, end_points = jax.jit(kept.apply)(variables, images)
    assert [end_points[f"net/block{index}"].shape[1] for index in (1, 2, 3, 4)] == [17, 9, 9, 9]
    expected, _ = jax.jit(small_net("resnet_v1", **kwargs).apply)(variables, images)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("height", "width", "size", "stride"), [(8, 9, 3, 2), (9, 7, 5, 2), (10, 11, 3, 3), (7, 8, 2, 2)]
)
def test_a_strided_convolution_takes_every_so_manieth_pixel(height, width, size, stride):
    """Of `conv2d_same` with stride 1, whatever the images' size."""
    images = np.random.default_rng(height * width).standard_normal((1, height, width, 2)).astype(np.float32)
    run = {
        step: slim.Model(lambda net, step=step: resnet_utils.conv2d_same(net, 3, size, step, scope="conv"))
        for step in (1, stride)
    }
    variables = values(run[1], images)
    found, dense = (run[step].apply(variables, images) for step in (stride, 1))
    np.testing.assert_allclose(found, dense[:, ::stride, ::stride], rtol=1e-5, atol=1e-5)


def test_subsampling_takes_every_so_manieth_pixel():
    images = jnp.arange(2 * 5 * 7 * 3, dtype=jnp.float32).reshape(2, 5, 7, 3)
    np.testing.assert_array_equal(resnet_utils.subsample(images, 1), images)
    with slim.arg_scope([slim.max_pool2d], padding="SAME"):
        np.testing.assert_array_equal(resnet_utils.subsample(images, 3), images[:, ::3, ::3])


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("num_classes", [None, 0])
def test_without_classes_the_features_are_returned(version, num_classes):
    specs, net, end_points = traced(small_net(version, num_classes=num_classes, scope="net"), 2, 64, 96, 3)
    assert net.shape == (2, 1, 1, 32)
    assert "net/logits/weights" not in specs
    assert "global_pool" in end_points and "predictions" not in end_points


@pytest.mark.parametrize("version", VERSIONS)
def test_a_map_of_logits_is_not_squeezed(version):
    message = r"net: spatial_squeeze needs logits of one pixel, got a map of \(2, 3\) from inputs of shape \(1, 64, 96"
    with pytest.raises(ValueError, match=message):
        traced(small_net(version, num_classes=5, global_pool=False, scope="net"), 1, 64, 96, 3)


@pytest.mark.parametrize("version", VERSIONS)
def test_inputs_must_be_images(version):
    with pytest.raises(
        ValueError, match=rf"{version}: inputs must have rank 4 \[N, H, W, C\], got shape \(64, 64, 3\)"
    ):
        traced(small_net(version), 64, 64, 3)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_second_call_shares_variables_only_with_reuse(version):
    function, block = SMALL[version]

    def twice(reuse):
        def net(images):
            blocks = [block("block1", 2, 2, 2)]
            one, first = function(images, blocks, 3, is_training=False, scope="net")
            two, second = function(images, blocks, 3, is_training=False, scope="net", reuse=reuse)
            assert list(first) == list(second)
            return one - two, {}

        return scoped(net)

    images = np.ones((1, 32, 32, 3), np.float32)
    model = twice(True)
    variables = values(model, images)
    assert variables.keys() == small_specs(function, block)
    assert not np.any(jax.jit(model.apply)(variables, images)[0])
    with pytest.raises(ValueError, match=r"'net/.*' already exists"):
        twice(None).specs(images)


def small_specs(function, block):
    net = scoped(lambda images: function(images, [block("block1", 2, 2, 2)], 3, is_training=False, scope="net"))
    return net.specs(jax.ShapeDtypeStruct((1, 32, 32, 3), jnp.float32)).keys()


@pytest.mark.parametrize(
    ("net", "parameters"),
    [
        # torchvision's and Keras' figures for the same nets.
        (resnet_v1.resnet_v1_101, 44_549_160),
        (resnet_v2.resnet_v2_152, 60_236_904),
    ],
)
def test_nets_that_goldens_leave_out_have_their_known_size(net, parameters):
    specs = scoped(lambda images: net(images, 1000, is_training=False)).specs(
        jax.ShapeDtypeStruct((1, 224, 224, 3), jnp.float32)
    )
    assert trainable(specs) == parameters


def test_a_thin_net_keeps_its_least_width():
    net = scoped(
        lambda images: resnet_v1.resnet_v1_50(images, is_training=False, depth_multiplier=0.1, min_base_depth=20)
    )
    specs, features, _ = traced(net, 1, 33, 65, 3)
    depths = [specs[f"resnet_v1_50/block{i}/unit_1/bottleneck_v1/conv1/weights"].shape[-1] for i in (1, 2, 3, 4)]
    assert depths == [20, 20, 25, 51]
    assert features.shape == (1, 1, 1, 204)
    with pytest.raises(ValueError, match="resnet_v1_50: depth_multiplier must be above 0, got 0"):
        traced(scoped(lambda images: resnet_v1.resnet_v1_50(images, depth_multiplier=0)), 1, 33, 65, 3)


def test_bounded_activations_stay_within_bounds():
    def net(images):
        with slim.arg_scope([resnet_v1.bottleneck], use_bounded_activations=True):
            return small_net("resnet_v1", scope="net").function(images)

    images = 100 * np.random.default_rng(0).standard_normal((2, 33, 33, 3)).astype(np.float32)
    model = slim.Model(net)
    _, end_points = jax.jit(model.apply)(values(model, images), images)
    for name in ("bottleneck_v1", "bottleneck_v1/shortcut"):
        block = end_points[f"net/block1/unit_1/{name}"]
        assert float(block.min()) >= 0 and float(block.max()) == 6.0


def test_what_is_added_is_bounded_before():
    model = scoped(lambda net: resnet_v1.bottleneck(net, 4, 2, 1, scope="unit", use_bounded_activations=True))
    images = np.full((1, 3, 3, 4), 8, np.float32)
    variables = {name: np.zeros(spec.shape, np.float32) for name, spec in model.specs(images).items()}
    variables["unit/conv3/BatchNorm/beta"] -= 7
    output, _ = jax.jit(model.collect)(variables, images)
    np.testing.assert_array_equal(output, 8 - 6)


def test_units_may_have_no_stride():
    def unit(net, depth, rate=1, scope=None):
        return slim.conv2d(net, depth, 3, rate=rate, scope=scope)

    block = resnet_utils.Block("plain", unit, [{"depth": 4}, {"depth": 5}])
    specs, net, _ = traced(scoped(lambda net: (resnet_utils.stack_blocks_dense(net, [block]), {})), 1, 9, 9, 3)
    assert net.shape == (1, 9, 9, 5)
    assert "plain/unit_2/Conv/weights" in specs


@pytest.mark.parametrize("version", VERSIONS)
def test_training_mode_may_be_left_to_the_scopes_around(version):
    function, block = SMALL[version]

    def updates(is_training):
        def net(images):
            with slim.arg_scope([slim.batch_norm], is_training=True):
                return function(images, [block("block1", 2, 1, 2)], is_training=is_training)

        model, images = scoped(net), jnp.ones((2, 32, 32, 3))
        variables = values(model, images)
        return len(jax.eval_shape(lambda *args: model.collect(*args)[1].updates, variables, images))

    assert updates(None) == updates(True) > 0 == updates(False)


@pytest.mark.parametrize("version", VERSIONS)
def test_half_precision_goes_through(version):
    _, logits, end_points = traced(small_net(version, num_classes=7), 1, 64, 64, 3, dtype=jnp.bfloat16)
    assert (logits.shape, logits.dtype) == ((1, 7), jnp.bfloat16)
    assert {value.dtype for value in end_points.values()} == {jnp.dtype(jnp.bfloat16)}


def test_no_batch_norm_means_biases():
    def net(images):
        with slim.arg_scope(resnet_utils.resnet_arg_scope(use_batch_norm=False)):
            return resnet_v1.resnet_v1(images, [resnet_v1.resnet_v1_block("block1", 2, 1, 2)], scope="net")

    specs = slim.Model(net).specs(jax.ShapeDtypeStruct((1, 32, 32, 3), jnp.float32))
    assert specs["net/conv1/biases"].shape == (64,)
    assert not any("BatchNorm" in name for name in specs)


@pytest.mark.parametrize("name", ["resnet_v1_50", "resnet_v1_50_beta"])
def test_the_nets_of_deeplab(name):
    net = getattr(resnet_v1_beta, name)
    model = scoped(lambda images: net(images, is_training=False, output_stride=16, multi_grid=(1, 2, 4)))
    specs, features, end_points = traced(model, 1, 65, 129, 3)
    assert features.shape == (1, 5, 9, 2048)
    assert end_points["resnet_v1_50/block4"].shape == (1, 5, 9, 2048)
    root = [name for name in specs if name.startswith("resnet_v1_50/conv1") and name.endswith("weights")]
    if name.endswith("beta"):
        assert [specs[name].shape for name in root] == [(3, 3, 3, 64), (3, 3, 64, 64), (3, 3, 64, 128)]
        assert root[2] == "resnet_v1_50/conv1_3/weights"
    else:
        assert root == ["resnet_v1_50/conv1/weights"]
        others = scoped(lambda images: resnet_v1.resnet_v1_50(images, is_training=False)).specs(
            jax.ShapeDtypeStruct((1, 65, 129, 3), jnp.float32)
        )
        assert list(specs) == list(others)


@pytest.mark.parametrize("multi_grid", [(), (1, 2), (1, 2, 4, 8)])
def test_a_multi_grid_has_three_rates(multi_grid):
    with pytest.raises(ValueError, match=r"resnet_v1_101: multi_grid must have a rate for each of the three units"):
        traced(scoped(lambda images: resnet_v1_beta.resnet_v1_101_beta(images, multi_grid=multi_grid)), 1, 65, 65, 3)


def test_rates_of_units_multiply_that_of_the_net():
    images = np.random.default_rng(0).standard_normal((1, 17, 17, 8)).astype(np.float32)
    rates = scoped(lambda net: resnet_v1_beta.bottleneck(net, 8, 4, 1, unit_rate=2, rate=3, scope="unit"))
    plain = scoped(lambda net: resnet_v1.bottleneck(net, 8, 4, 1, rate=6, scope="unit"))
    variables = values(plain, images)
    found, expected = (
        jax.jit(lambda *args, net=net: net.collect(*args)[0])(variables, images) for net in (rates, plain)
    )
    np.testing.assert_array_equal(found, expected)


def test_logits_of_deeplab_keep_their_axes():
    block = resnet_v1_beta.resnet_v1_beta_block("block1", 2, 2, 2)
    model = scoped(lambda images: resnet_v1_beta.resnet_v1_beta(images, [block], 5, is_training=False, scope="net"))
    specs, logits, end_points = traced(model, 1, 64, 64, 3)
    assert logits.shape == end_points["predictions"].shape == end_points["net/logits"].shape == (1, 1, 1, 5)
    assert specs["net/conv1/weights"].shape == (7, 7, 3, 64)
    message = r"resnet_v1_beta: output_stride must be None or one of 4, 8, got 16\."
    with pytest.raises(ValueError, match=message):
        traced(scoped(lambda images: resnet_v1_beta.resnet_v1_beta(images, [block], output_stride=16)), 1, 64, 64, 3)
