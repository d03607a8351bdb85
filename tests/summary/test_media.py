"""Summaries of images and texts: what is recorded, and what leaves the device."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim
from jax_slim.summary.media import Image, Pixels, Text
from jax_slim.summary.recording import counted

RNG = np.random.default_rng(0)


def recorded(program, *args):
    return slim.Model(program).collect({}, *args)[1].summaries


def by_definition(image):
    """One float image as TF 1 shows it, pixel by pixel."""
    seen = [pixel for pixel in image.reshape(-1, image.shape[-1]).astype(np.float64) if np.isfinite(pixel).all()]
    low, high = min(map(np.min, seen), default=0), max(map(np.max, seen), default=0)
    shown = np.zeros(image.shape, np.uint8)
    for place in np.ndindex(image.shape[:2]):
        if not np.isfinite(image[place]).all():
            shown[place] = [255, 0, 0, 255][: image.shape[-1]]
        elif low < 0:
            reach = max(-low, high)
            shown[place] = np.floor(image[place] * (127 / reach) + 128) if reach >= 1e-6 else 128
        else:
            shown[place] = np.floor(image[place] * (255 / high)) if high >= 1e-6 else 0
    return shown


def floats(*shape, least=-1.0):
    # Thousandths of the greatest value, so that no pixel is a rounding error away from the next one.
    return (RNG.integers(int(least * 1000), 1001, shape) / 1000).astype(np.float32)


def with_holes():
    images = floats(2, 4, 5, 3)
    images[0, 1, 2, 0] = np.nan
    images[1, 0, 0, 2] = -np.inf
    return images


@pytest.mark.parametrize(
    "images",
    [
        floats(3, 4, 5, 3),
        floats(3, 4, 5, 3, least=0),
        floats(1, 4, 5, 4) - 1.5,
        with_holes(),
        np.full((1, 2, 2, 1), np.nan, np.float32),
        np.zeros((1, 2, 2, 1), np.float32),
        np.full((1, 2, 2, 1), 1e-8, np.float32),
        np.full((1, 2, 2, 1), -1e-8, np.float32),
    ],
)
def test_floats_are_shown_as_tf_shows_them(images):
    summaries = recorded(lambda x: slim.summary.image("x", x), images)
    pixels = jax.jit(counted)(summaries)["x"].pixels
    assert pixels.dtype == np.uint8
    np.testing.assert_allclose(pixels, np.stack([by_definition(image) for image in images]), atol=1)
    assert (pixels == np.stack([by_definition(image) for image in images])).mean() > 0.9


def test_tf_s_own_pixels():
    # What TF 1.15's summary.image made of these values.
    images = jnp.asarray([[[[-1.0], [0.0], [0.5]]], [[[0.0], [1.0], [4.0]]]])
    pixels = counted(recorded(lambda x: slim.summary.image("x", x), images))["x"].pixels
    assert np.asarray(pixels)[..., 0].tolist() == [[[1, 128, 191]], [[0, 63, 255]]]


def test_bytes_stay_and_only_some_images_are_kept():
    images = RNG.integers(0, 256, (5, 4, 4, 3)).astype(np.uint8)

    def program(x):
        with slim.name_scope("net"):
            return [
                slim.summary.image("x", x),
                slim.summary.image("x", x, 2, family="all"),
                slim.summary.image("y", x, 9),
            ]

    assert slim.Model(program).apply({}, images) == ["net/x", "net/all/x", "net/y"]
    summaries = recorded(program, images)
    assert {tag: value.values.shape[0] for tag, value in summaries.items()} == {"net/x": 3, "net/all/x": 2, "net/y": 5}
    np.testing.assert_array_equal(counted(summaries)["net/x"].pixels, images[:3])


def test_half_precision_images_are_scaled_in_float32():
    images = floats(1, 20, 20, 1).astype(jnp.bfloat16)
    pixels = counted(recorded(lambda x: slim.summary.image("x", x), images))["x"].pixels
    assert (pixels[0] == by_definition(images[0].astype(np.float32))).mean() > 0.9


def test_parts_of_a_batch_are_joined_to_the_first_part():
    parts = floats(2, 3, 4, 5, 1)
    joined = Image(parts, 3).joined()
    np.testing.assert_array_equal(joined.values, parts[0])
    assert joined.max_outputs == 3


def test_texts_pass_through_compiled_functions():
    def program(x):
        slim.summary.text("one", "rate **0.1**")
        slim.summary.text("table", [["a", "b"], ["c", "d"]], collections=[slim.GraphKeys.SUMMARIES, "mine"])
        return x

    model = slim.Model(program)
    _, collected = jax.jit(model.collect)({}, 1.0)
    assert collected.summaries == {"one": Text("rate **0.1**"), "table": Text((("a", "b"), ("c", "d")))}
    assert collected.collections["mine"] == {"table": Text((("a", "b"), ("c", "d")))}


def test_summaries_outside_of_a_program_do_nothing():
    assert slim.summary.text("t", "text") == "t"
    assert slim.summary.image("a b", np.zeros((1, 2, 2, 1), np.uint8)) == "a_b"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: slim.summary.image("x", np.zeros((4, 4, 3))),
            ValueError,
            r"1, 3 or 4 channels, got shape \(4, 4, 3\)",
        ),
        (lambda: slim.summary.image("x", np.zeros((1, 4, 4, 2))), ValueError, r"got shape \(1, 4, 4, 2\) for 'x'"),
        (lambda: slim.summary.image("x", np.zeros((1, 4, 4, 3), int)), TypeError, "must be uint8 or floats, got int32"),
        (
            lambda: slim.summary.image("x", np.zeros((1, 4, 4, 3)), 0),
            ValueError,
            "max_outputs must be 1 or more, got 0",
        ),
        (lambda: slim.summary.text("x", 3), TypeError, "summary.text: tensor must be a string, .* got 3 for 'x'"),
        (lambda: slim.summary.text("x", [["a"], ["b", "c"]]), TypeError, "must be a string, .* got "),
    ],
)
def test_refusals(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_pixels_say_how_many_were_wanted():
    summaries = counted(recorded(lambda x: slim.summary.image("x", x), floats(1, 2, 2, 1)))
    assert isinstance(summaries["x"], Pixels)
    assert summaries["x"].max_outputs == 3  # so the one image is x/image/0, as in TF, not x/image
