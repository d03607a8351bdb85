"""The loss of pixels: research/deeplab's own numbers, what is ignored, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim

loss = slim.losses.segmentation.pixel_softmax_cross_entropy

RNG = np.random.RandomState(5)
LOGITS = RNG.normal(size=(2, 5, 4, 3)).astype(np.float32) * 2
LABELS = RNG.choice([0, 1, 2, 255], size=(2, 9, 7, 1)).astype(np.int32)
WEIGHTS = [0.5, 2.0, 1.0]

# What research/deeplab's train_utils gave: the loss, and the sum of the absolute values of its gradient.
RECORDED = [
    ({}, 0, 1.711253, 0.8198992),
    ({"class_weights": WEIGHTS}, 0, 2.089831, 1.135344),
    ({"upsample_logits": False}, 0, 1.972018, 1.324484),
    ({"top_k_percent_pixels": 0.25}, 0, 3.250695, 1.663074),
    ({"top_k_percent_pixels": 0.25, "hard_example_mining_step": 10, "class_weights": WEIGHTS}, 4, 2.319359, 1.275687),
]


@pytest.mark.parametrize(("arguments", "step", "expected", "slope"), RECORDED)
def test_as_research_deeplab(arguments, step, expected, slope):
    model = slim.Model(lambda logits: loss(logits, LABELS, **arguments))
    variables = {"global_step": jnp.asarray(step)} if "hard_example_mining_step" in arguments else {}
    value, gradient = jax.jit(jax.value_and_grad(lambda logits: model.apply(variables, logits)))(LOGITS)
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    np.testing.assert_allclose(np.abs(gradient).sum(), slope, rtol=1e-4)


def test_it_is_listed_by_its_name():
    def program(logits):
        loss(logits, LABELS)
        return slim.losses.get_losses()

    _, collected = slim.Model(program).collect({}, LOGITS)
    assert list(collected.losses) == ["softmax_all_pixel_loss/loss_value"]


def test_without_pixels_that_count_it_is_nothing():
    nothing = np.full((2, 5, 4), 255)
    for share in (1.0, 0.5):
        run = jax.jit(jax.value_and_grad(lambda x, share=share: loss(x, nothing, top_k_percent_pixels=share)))
        value, gradient = run(LOGITS)
        assert value == 0 and not np.any(gradient)


def test_a_label_that_is_no_class_is_no_number():
    labels = np.zeros((2, 5, 4), np.uint8)
    labels[0, 0, 0] = 3
    assert np.isnan(loss(LOGITS, labels))
    assert np.isfinite(loss(LOGITS, labels, ignore_label=3))
    assert np.isnan(loss(LOGITS, np.full((2, 5, 4), 255), ignore_label=None))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"labels": LABELS / 2}, TypeError, "labels must be integers"),
        ({"labels": LABELS[0]}, ValueError, r"labels \[N, H, W\] or \[N, H, W, 1\], got shapes \(2, 5, 4, 3\) and \(9"),
        ({"class_weights": [1, 2]}, ValueError, r"one for each of the 3 classes, got shape \(2,\)"),
        ({"top_k_percent_pixels": 0}, ValueError, "top_k_percent_pixels must be above 0 and up to 1, got 0"),
        ({"hard_example_mining_step": -1}, ValueError, "hard_example_mining_step must be at least 0, got -1"),
    ],
)
def test_refuses(arguments, error, message):
    with pytest.raises(error, match=f"pixel_softmax_cross_entropy: .*{message}"):
        loss(LOGITS, **({"labels": LABELS} | arguments))
