"""What the commands make of images before a net gets them."""

import numpy as np
import pytest

import jax_slim as slim
from jax_slim.cli import inputs

COLOURS = np.random.default_rng(0).integers(0, 256, (30, 30, 3), np.uint8)


@pytest.mark.parametrize("asked", [False, True])
def test_colours_are_weighed_for_a_net_of_grey_images_as_predict_does(asked):
    model = slim.nets.create_model("lenet", 10, channels=1)
    prepare = inputs.preparing(model, use_grayscale=asked)
    np.testing.assert_array_equal(prepare(COLOURS), model.preprocessing_fn(use_grayscale=True)(COLOURS, None))
    grey = COLOURS[..., :1]
    np.testing.assert_array_equal(prepare(grey), model.preprocessing_fn()(grey, None))


def test_grey_is_repeated_for_a_net_of_colours():
    model = slim.nets.create_model("cifarnet", 10)
    prepare = inputs.preparing(model)
    grey = COLOURS[..., :1]
    np.testing.assert_array_equal(prepare(grey), model.preprocessing_fn()(np.concatenate([grey, grey, grey], -1), None))
