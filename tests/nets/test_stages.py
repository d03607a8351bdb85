"""The notation of the Inception nets: what names say, where a net stops, what a refusal tells."""

import jax
import jax.numpy as jnp
import pytest

import jax_slim as slim
from jax_slim.nets import _stages as stages

IMAGES = jax.ShapeDtypeStruct((2, 9, 9, 3), jnp.float32)


def specs(function):
    return {name: spec.shape for name, spec in slim.Model(function).specs(IMAGES).items() if "weights" in name}


def test_the_kernel_is_what_the_name_says_or_what_is_given():
    parts = [stages.conv("Conv2d_0a_1x7", 4), stages.conv("Conv2d_1a_1x1", 5, (3, 3))]
    found = specs(lambda x: stages.run("net", x, parts, "Conv2d_1a_1x1")[0])
    assert found == {"Conv2d_0a_1x7/weights": (1, 7, 3, 4), "Conv2d_1a_1x1/weights": (3, 3, 4, 5)}


def test_pools_are_what_their_names_say():
    images = jnp.arange(2 * 9 * 9 * 3, dtype=jnp.float32).reshape(2, 9, 9, 3)
    parts = [stages.max_pool("MaxPool_1x2", stride=1), stages.avg_pool("AvgPool_2x1", stride=1)]
    model = slim.Model(lambda x: stages.run("net", x, parts, "AvgPool_2x1")[0])
    highest = images[:, :, 1:]
    assert jnp.array_equal(model.apply({}, images), (highest[:, :-1] + highest[:, 1:]) / 2)


def test_branches_and_forks_join_their_channels():
    fork = stages.fork(stages.conv("Conv2d_0b_1x3", 3), stages.conv("Conv2d_0c_3x1", 4))
    block = stages.mixed("Mixed", [stages.conv("Conv2d_0a_1x1", 2)], [fork])
    assert list(specs(block)) == [
        "Mixed/Branch_0/Conv2d_0a_1x1/weights",
        "Mixed/Branch_1/Conv2d_0b_1x3/weights",
        "Mixed/Branch_1/Conv2d_0c_3x1/weights",
    ]
    shapes = []
    slim.Model(lambda images: shapes.append(block(images).shape)).specs(IMAGES)
    assert shapes == [(2, 9, 9, 9)]


def test_stops_at_the_end_point_and_lists_those_until_then():
    parts = [stages.conv(f"Conv2d_{letter}_1x1", 2) for letter in "abc"]

    def net(images):
        outputs, end_points = stages.run("net", images, parts, "Conv2d_b_1x1")
        assert list(end_points) == ["Conv2d_a_1x1", "Conv2d_b_1x1"]
        assert outputs is end_points["Conv2d_b_1x1"]
        return outputs

    assert list(specs(net)) == ["Conv2d_a_1x1/weights", "Conv2d_b_1x1/weights"]


def test_an_unknown_end_point_is_refused_before_anything_is_made():
    made = []
    parts = [stages.Stage("first", lambda net: made.append(net) or net), stages.Stage("second", lambda net: net)]
    with pytest.raises(ValueError, match="net: final_endpoint must be one of first, second, got 'third'"):
        stages.run("net", jnp.ones((1, 2, 2, 1)), parts, "third")
    assert not made


def test_a_window_that_does_not_fit_is_placed():
    parts = [stages.conv("Conv2d_a_7x7", 2, stride=2, padding="VALID"), stages.conv("Conv2d_b_3x3", 2, padding="VALID")]
    with pytest.raises(ValueError, match="windows must fit") as refusal:
        slim.Model(lambda x: stages.run("net", x, parts, "Conv2d_b_3x3")[0]).specs(IMAGES)
    assert "This was at 'Conv2d_b_3x3' of net, for inputs of shape (2, 9, 9, 3)." in refusal.value.__notes__


def test_depths():
    assert [stages.depths("net", 0.5, 16)(depth) for depth in (64, 33, 20)] == [32, 16, 16]
    for factor in (0, -0.5, float("nan")):
        with pytest.raises(ValueError, match=f"net: depth_multiplier must be above 0, got {factor}"):
            stages.depths("net", factor, 16)
