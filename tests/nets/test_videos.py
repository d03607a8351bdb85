"""`i3d` and `s3dg` where TensorFlow's goldens say nothing: refusals, options, layouts, features, reuse."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim
from jax_slim.nets import i3d, i3d_utils, s3dg

KEY = jax.random.key(0)
SMALL = (1, 8, 32, 32, 3)


def zeros(*shape):
    return jax.ShapeDtypeStruct(shape, jnp.float32)


def traced(net, shape, scope=None):
    """The result's shape, the end points' by name, and the variables' by name."""
    seen = {}

    def program(videos):
        with slim.arg_scope(s3dg.s3dg_arg_scope() if scope is None else scope):
            result, end_points = net(videos)
        seen.update(result=result.shape, end_points={name: value.shape for name, value in end_points.items()})
        return result

    specs = slim.Model(program).specs(zeros(*shape))
    return seen["result"], seen["end_points"], {name: spec.shape for name, spec in specs.items()}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"final_endpoint": "Mixed_9z"}, "final_endpoint must be one of 'Conv2d_1a_7x7', .*'Mixed_5c', got 'Mixed_9z'"),
        ({"gating_startat": "Conv2d_1a_7x7"}, "gating_startat must be one of None, 'Conv2d_2c_3x3', 'Mixed_3b', .*got"),
        ({"temporal_conv_startat": "start"}, "temporal_conv_startat must be one of None, .*, got 'start'"),
        ({"first_temporal_kernel_size": 2}, "first_temporal_kernel_size must be one of 1, 3, 5, 7, got 2"),
        ({"depth_multiplier": 0.0}, "depth_multiplier must be greater than 0, got 0.0"),
        ({"data_format": "NHWC"}, "data_format must be one of 'NDHWC', 'NCDHW', got 'NHWC'"),
    ],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match="s3dg_base: " + message):
        traced(lambda videos: s3dg.s3dg_base(videos, **options), SMALL)


def test_refuses_images_and_maps_that_cannot_be_squeezed():
    with pytest.raises(
        ValueError, match=r"s3dg_base: inputs must have rank 5 \[N, D, H, W, C\], got shape \(1, 32, 32"
    ):
        traced(i3d.i3d, (1, 32, 32, 3))
    message = r"i3d: spatial_squeeze needs logits of one pixel, got a map of \(2, 2\) from inputs of shape \(1, 8, 256"
    with pytest.raises(ValueError, match=message):
        traced(i3d.i3d, (1, 8, 256, 256, 3))
    result, _, _ = traced(lambda videos: i3d.i3d(videos, 5, spatial_squeeze=False), (1, 8, 256, 256, 3))
    assert result == (1, 2, 2, 5)


@pytest.mark.parametrize("net", [i3d.i3d, s3dg.s3dg])
@pytest.mark.parametrize("num_classes", [None, 0])
def test_without_classes_come_features(net, num_classes):
    result, end_points, variables = traced(lambda videos: net(videos, num_classes, is_training=False), SMALL)
    assert result == (1, 1, 1, 1, 1024)
    assert list(end_points)[-1] == "Mixed_5c"
    assert not [name for name in variables if "Logits" in name]


def test_convolutions_over_time_and_gates_begin_where_they_are_told():
    _, _, variables = traced(
        lambda videos: s3dg.s3dg_base(
            videos, first_temporal_kernel_size=1, temporal_conv_startat="Mixed_4c", gating_startat="Mixed_5b"
        ),
        SMALL,
    )
    over_time = {name.split("/")[1] for name in variables if "/temporal/" in name}
    gated = {name.split("/")[1] for name in variables if "/self_gating/" in name}
    assert over_time == {"Mixed_4c", "Mixed_4d", "Mixed_4e", "Mixed_4f", "Mixed_5b", "Mixed_5c"}
    assert gated == {"Mixed_5b", "Mixed_5c"}
    assert variables["InceptionV1/Conv2d_1a_7x7/weights"] == (1, 7, 7, 3, 64)
    assert variables["InceptionV1/Mixed_4b/Branch_1/Conv2d_0b_3x3/weights"] == (1, 3, 3, 96, 208)
    _, _, none = traced(lambda videos: s3dg.s3dg_base(videos, temporal_conv_startat=None, gating_startat=None), SMALL)
    assert not [name for name in none if "temporal" in name or "gating" in name]


def test_i3d_can_split_its_convolutions_and_renormalize():
    scope = i3d.i3d_arg_scope(use_renorm=True, separable_conv3d=True)
    _, _, variables = traced(lambda videos: i3d.i3d_base(videos, "Mixed_3b"), SMALL, scope)
    assert variables["InceptionV1/Conv2d_1a_7x7/weights"] == (7, 7, 7, 3, 64)
    assert variables["InceptionV1/Conv2d_2c_3x3/weights"] == (1, 3, 3, 64, 192)
    assert variables["InceptionV1/Conv2d_2c_3x3/temporal/weights"] == (3, 1, 1, 192, 192)
    assert "InceptionV1/Conv2d_2c_3x3/BatchNorm/renorm_mean" in variables


def test_moving_averages_are_listed_for_who_looks_for_them():
    listed = []

    def program(videos):
        with slim.arg_scope(i3d.i3d_arg_scope()):
            i3d.i3d_base(videos, "Conv2d_2b_1x1")
        listed.extend(variable.name for variable in slim.get_variables(collection="moving_vars"))

    slim.Model(program).specs(zeros(*SMALL))
    assert [name.rpartition("/")[2] for name in listed] == ["moving_mean", "moving_variance"] * 2


def test_channels_first_has_the_same_variables_and_turned_end_points():
    def net(data_format):
        return lambda videos: s3dg.s3dg(videos, 5, min_depth=2, depth_multiplier=0.01, data_format=data_format)

    result, last, variables = traced(net("NDHWC"), (1, 4, 16, 24, 3))
    turned, first, of_first = traced(net("NCDHW"), (1, 3, 4, 16, 24))
    assert turned == result == (1, 5) and list(first) == list(last)
    assert of_first == variables
    for name, (n, *rest) in last.items():
        assert first[name] == ((n, rest[3], *rest[:3]) if len(rest) == 4 else (n, *rest)), name


def test_gates_are_between_0_and_1_and_follow_from_the_means():
    videos = np.random.default_rng(0).normal(size=(2, 2, 3, 4, 5)).astype(np.float32)
    weights = np.random.default_rng(1).normal(size=(1, 1, 1, 5, 5)).astype(np.float32)
    model = slim.Model(lambda videos: s3dg.self_gating(videos, "layer"))
    found = model.apply({"layer/self_gating/transformer_W/weights": weights}, videos)
    means = videos.astype(np.float64).mean(axis=(1, 2, 3))
    gates = 1 / (1 + np.exp(-means @ weights[0, 0, 0]))
    np.testing.assert_allclose(found, videos * gates[:, None, None, None, :], rtol=1e-5)


def test_a_split_convolution_starts_as_one_of_single_frames():
    values = i3d_utils.center_initializer()(KEY, (3, 1, 1, 2, 2), jnp.float32)
    np.testing.assert_array_equal(values[:, 0, 0], [np.zeros((2, 2)), np.eye(2), np.zeros((2, 2))])
    assert i3d_utils.center_initializer() == i3d_utils.center_initializer()
    for shape in [(2, 1, 1, 2, 2), (3, 3, 1, 2, 2), (3, 1, 2, 2)]:
        with pytest.raises(ValueError, match=r"center_initializer: shape must be .* with odd T, got"):
            i3d_utils.center_initializer()(KEY, shape, jnp.float32)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"kernel_size": [3, 3]}, ValueError, "conv3d_spatiotemporal: kernel_size must be"),
        ({"kernel_size": [3, 3, 3], "separable": True}, ValueError, "scope must be given where separable=True"),
    ],
)
def test_split_convolutions_refuse(options, error, message):
    with pytest.raises(error, match=message):
        slim.Model(lambda videos: i3d_utils.conv3d_spatiotemporal(videos, 4, **options)).specs(zeros(*SMALL))


def test_split_convolutions_take_a_stride_for_each_axis():
    def net(videos):
        result = i3d_utils.conv3d_spatiotemporal(videos, 4, [3, 3, 3], [2, 1, 4], separable=True, scope="layer")
        return result, {}

    result, _, variables = traced(net, (1, 8, 8, 8, 3), scope={})
    assert result == (1, 4, 8, 2, 4)
    assert variables == {
        "layer/weights": (1, 3, 3, 3, 4),
        "layer/biases": (4,),
        "layer/temporal/weights": (3, 1, 1, 4, 4),
        "layer/temporal/biases": (4,),
    }


def test_kernels_shrink_for_short_and_small_videos():
    assert i3d_utils.reduced_kernel_size_3d(zeros(1, 1, 9, 3, 8), [2, 7, 7]) == [1, 7, 3]
    with pytest.raises(ValueError, match="reduced_kernel_size_3d: input_tensor must have rank 5"):
        i3d_utils.reduced_kernel_size_3d(zeros(1, 9, 3, 8), [2, 7, 7])


def test_variables_are_shared_by_reuse():
    def twice(videos):
        first, _ = i3d.i3d(videos, 3, is_training=False)
        second, end_points = i3d.i3d(videos, 3, is_training=False, reuse=True)
        return first + second, end_points

    _, _, variables = traced(twice, SMALL, i3d.i3d_arg_scope())
    assert len(variables) == 230
    with pytest.raises(ValueError, match="already exists"):
        traced(lambda videos: (i3d.i3d_base(videos, "Conv2d_1a_7x7"), i3d.i3d_base(videos))[1], SMALL)
