"""AlexNet and OverFeat, which end alike: sizes they were not made for. Names and numbers are TensorFlow's goldens."""

import jax
import jax.numpy as jnp
import pytest

import jax_slim as slim
from jax_slim.nets import alexnet, overfeat

NETS = {
    "alexnet_v2": (alexnet.alexnet_v2, alexnet.alexnet_v2_arg_scope),
    "overfeat": (overfeat.overfeat, overfeat.overfeat_arg_scope),
}


def shapes(name, size, **kwargs):
    function, scope = NETS[name]

    def net(images):
        with slim.arg_scope(scope()):
            return function(images, is_training=False, **kwargs)

    model = slim.Model(net)
    images = jax.ShapeDtypeStruct((2, size, size, 3), jnp.float32)
    logits, end_points = jax.eval_shape(model.apply, model_values(model, images), images)
    return logits.shape, {name: value.shape for name, value in end_points.items()}


def model_values(model, images):
    return {name: jax.ShapeDtypeStruct(spec.shape, spec.dtype) for name, spec in model.specs(images).items()}


@pytest.mark.parametrize(("name", "size", "side"), [("alexnet_v2", 300, 4), ("overfeat", 281, 2)])
def test_larger_images(name, size, side):
    logits, end_points = shapes(name, size, num_classes=7, spatial_squeeze=False)
    assert logits == end_points[f"{name}/fc8"] == (2, side, side, 7)
    logits, end_points = shapes(name, size, num_classes=7, global_pool=True)
    assert logits == (2, 7)
    assert end_points["global_pool"] == (2, 1, 1, 4096)
    features, end_points = shapes(name, size, num_classes=0, global_pool=True)
    assert features == (2, 1, 1, 4096)
    assert f"{name}/fc8" not in end_points
    with pytest.raises(ValueError, match=rf"{name}: spatial_squeeze needs logits of one pixel.*\(2, {size}, {size}, 3"):
        shapes(name, size)


@pytest.mark.parametrize("name", NETS)
def test_too_small_images(name):
    with pytest.raises(ValueError, match="windows must fit into the inputs"):
        shapes(name, 100)


@pytest.mark.parametrize("name", NETS)
def test_the_scope_names_variables_and_end_points(name):
    _, end_points = shapes(name, 240, scope="net", global_pool=True)
    assert {name.partition("/")[0] for name in end_points} == {"net", "global_pool"}


def test_biases_begin_at_a_tenth():
    function, scope = NETS["alexnet_v2"]

    def net(images):
        with slim.arg_scope(scope()):
            return function(images, num_classes=3, is_training=False)

    specs = slim.Model(net).specs(jax.ShapeDtypeStruct((1, 224, 224, 3), jnp.float32))
    first = {
        name: float(spec.initializer(jax.random.key(0), (1,), jnp.float32)[0])
        for name, spec in specs.items()
        if name.endswith("biases")
    }
    assert first.pop("alexnet_v2/fc8/biases") == 0
    assert set(first.values()) == {float(jnp.float32(0.1))}
