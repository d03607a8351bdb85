"""`grad_cam`: gradients of a class's logit for a layer in the middle of a net."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim

IMAGES = np.random.default_rng(0).normal(size=(3, 8, 8, 3)).astype(np.float32)


def rest(middle):
    net = slim.conv2d(middle, 6, 3, stride=2, scope="conv2")
    return slim.fully_connected(slim.flatten(net), 4, activation_fn=None, scope="logits")


def net(images, doubled=False):
    end_points = {}
    end_points["middle"] = slim.conv2d(images * (2 if doubled else 1), 5, 3, scope="conv1")
    end_points["aside"] = slim.conv2d(images, 2, 1, scope="aside")
    logits = end_points["Logits"] = rest(end_points["middle"])
    return logits, end_points


MODEL = slim.Model(net)
VARIABLES = MODEL.init(jax.random.key(1), IMAGES)


def by_hand(classes, doubled=False):
    middle = MODEL.apply(VARIABLES, IMAGES, doubled=doubled)[1]["middle"]
    tail = slim.Model(rest)
    gradient = jax.jit(jax.grad(lambda m, n, of_class: tail.apply(VARIABLES, m)[n, of_class]))
    gradients = np.stack([np.asarray(gradient(middle, n, classes[n]))[n] for n in range(len(IMAGES))])
    maps = np.maximum(np.einsum("nc,nhwc->nhw", gradients.mean((1, 2)), middle), 0)
    assert maps.max((1, 2)).min() > 0
    return maps / maps.max((1, 2), keepdims=True)


def test_is_what_gradients_of_the_rest_say():
    logits = MODEL.apply(VARIABLES, IMAGES)[0]
    found = slim.nets.grad_cam(MODEL, VARIABLES, IMAGES, "middle")
    np.testing.assert_allclose(found, by_hand(np.argmax(logits, 1)), atol=1e-5)
    chosen = slim.nets.grad_cam(MODEL, VARIABLES, IMAGES, "middle", [0, 1, 2], doubled=True)
    np.testing.assert_allclose(chosen, by_hand([0, 1, 2], doubled=True), atol=1e-5)


def test_other_variables_are_not_needed_and_it_can_be_compiled():
    needed = {name: value for name, value in VARIABLES.items() if not name.startswith("aside")}
    maps = jax.jit(lambda images: slim.nets.grad_cam(MODEL, needed, images, "middle", 2))(IMAGES)
    np.testing.assert_allclose(maps, slim.nets.grad_cam(MODEL, VARIABLES, IMAGES, "middle", 2), atol=1e-5)


def test_nothing_that_speaks_for_a_class_is_zero():
    silent = VARIABLES | {"logits/weights": jnp.zeros_like(VARIABLES["logits/weights"])}
    assert not np.asarray(slim.nets.grad_cam(MODEL, silent, IMAGES, "middle")).any()


@pytest.mark.parametrize(
    ("end_point", "classes", "message"),
    [
        ("midle", None, r"got 'midle'\. Near names: middle"),
        ("Logits", None, r"end_point must be \[N, h, w, channels\], got 'Logits' of shape \(3, 4\)"),
        ("aside", None, r"end_point must be a layer that the logits are computed from, got 'aside'"),
        ("middle", 4, r"classes must be ids from 0 to 3, got 4"),
        ("middle", 0.5, r"classes must be ids from 0 to 3, got 0\.5"),
    ],
)
def test_refusals(end_point, classes, message):
    with pytest.raises(ValueError, match=message):
        slim.nets.grad_cam(MODEL, VARIABLES, IMAGES, end_point, classes)
