"""Preprocessing on the device: the numbers of NumPy's for the same draws; whole images by keys; frames; refusals."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

import quick_compiling
from jax_slim import preprocessing
from jax_slim.data import pipeline
from jax_slim.preprocessing import _frames, cifarnet_preprocessing, inception_preprocessing, vgg_preprocessing
from jax_slim.preprocessing.boxes import NUMBERS_OF_A_BOX, box_of_numbers

RNG = np.random.default_rng(0)
LARGE = [RNG.integers(0, 256, (*size, 3), np.uint8) for size in ((50, 61), (90, 57), (70, 70), (140, 300))]
SMALL = [RNG.integers(0, 256, (32, 34, 3), np.uint8) for _ in range(4)]
SIDES = {"resize_side_min": 36, "resize_side_max": 60}
# How far float32 may be off, where values are from 0 to 1, or levels.
CASES = {
    "inception_v3": (LARGE, {}, 2e-6),
    "vgg_16": (LARGE, SIDES, 2e-4),
    "efficientnet_b0": (LARGE, SIDES, 4e-6),
    "cifarnet": (SMALL, {}, 1e-4),  # levels around 100, divided by deviations around 10
    "lenet": (SMALL, {}, 2e-6),
}


def put_together(examples):
    return {name: np.stack([np.asarray(example[name]) for example in examples]) for name in examples[0]}


def cut(prepare, photographs):
    return put_together(
        [
            prepare.cut({"image": image, "label": number}, np.random.default_rng(number))
            for number, image in enumerate(photographs)
        ]
    )


@pytest.mark.parametrize(("is_training", "grey"), [(False, False), (True, False), (True, True)])
@pytest.mark.parametrize("name", CASES)
def test_the_numbers_are_those_of_the_host(name, is_training, grey):
    photographs, options, tolerance = CASES[name]
    prepare = preprocessing.on_device(name, 24, 30, is_training, grey, **options)
    batch = cut(prepare, photographs)
    assert batch["image"].dtype == np.uint8 and batch["image"].shape[1:3] == prepare.frame
    made = jax.jit(prepare)(batch)
    assert sorted(made) == ["image", "label"] and made["image"].dtype == np.float32
    function = preprocessing.get_preprocessing(name, is_training, grey)
    for number, image in enumerate(photographs):
        rng = {"rng": np.random.default_rng(number)} if is_training else {}
        expected = function(image, 24, 30, **options, **rng)
        np.testing.assert_allclose(made["image"][number], expected, rtol=1e-6, atol=tolerance)


def test_a_whole_image_is_resized_where_it_is_not_to_be_cropped():
    prepare = preprocessing.on_device("inception", 24, 30, True, crop_image=False)
    made = jax.jit(prepare)(cut(prepare, LARGE[:1]))["image"][0]
    expected = inception_preprocessing.preprocess_image(
        LARGE[0], 24, 30, True, crop_image=False, rng=np.random.default_rng(0)
    )
    np.testing.assert_allclose(made, expected, atol=2e-6)


def by_windows(kind, image, rows, columns, changes=()):
    """What the device makes of a whole image, for given draws."""

    @jax.jit
    def made(image, rows, columns, changes):
        axes = [_frames.axis(window, outputs)[None] for window, outputs in ((rows, 24), (columns, 30))]
        return kind.finish(_frames.resample(image[None], *axes), changes[None])[0]

    return made(image, rows, columns, np.array(changes, np.float32))


def test_draws_of_a_key_mean_what_draws_of_a_generator_mean():
    image, seed = LARGE[1], 2
    kind = preprocessing.on_device("inception", 24, 30, True)._kind
    drawn = inception_preprocessing.drawn_for_train(image.shape, None, True, True, np.random.default_rng(seed))
    rows = _frames.Window(drawn.top, drawn.height, 24, 0, False)
    columns = _frames.Window(drawn.left, drawn.width, 30, 0, drawn.mirrored)
    made = by_windows(kind, image, rows, columns, (drawn.changes["brightness"], drawn.changes["saturation"]))
    expected = inception_preprocessing.preprocess_for_train(image, 24, 30, rng=np.random.default_rng(seed))
    np.testing.assert_allclose(made, expected, atol=1e-5)

    kind, rng = preprocessing.on_device("vgg", 24, 30, True, **SIDES)._kind, np.random.default_rng(seed)
    resized = vgg_preprocessing.resized_size(image.shape, int(rng.integers(36, 61)))
    top, left = int(rng.integers(resized[0] - 24 + 1)), int(rng.integers(resized[1] - 30 + 1))
    rows = _frames.Window(0, image.shape[0], resized[0], top, False)
    columns = _frames.Window(0, image.shape[1], resized[1], left, rng.random() < 0.5)
    expected = vgg_preprocessing.preprocess_for_train(image, 24, 30, 36, 60, rng=np.random.default_rng(seed))
    np.testing.assert_allclose(by_windows(kind, image, rows, columns), expected, atol=5e-3)

    kind, image = preprocessing.on_device("cifarnet", 24, 30, True)._kind, SMALL[0]
    drawn = cifarnet_preprocessing.drawn_for_train("", image.shape, 24, 30, 4, np.random.default_rng(seed))
    bordered = kind.bordered(image[None])[0]
    rows = _frames.Window(0, 40, 40, drawn.top, False)
    columns = _frames.Window(0, 42, 42, drawn.left, drawn.mirrored)
    made = by_windows(kind, bordered, rows, columns, (drawn.brightness, drawn.contrast))
    expected = cifarnet_preprocessing.preprocess_for_train(image, 24, 30, rng=np.random.default_rng(seed))
    np.testing.assert_allclose(made, expected, atol=1e-4)


@pytest.mark.parametrize("name", CASES)
def test_whole_images_draw_by_a_key_each_for_itself(name):
    image, options = (SMALL[0] if name in ("cifarnet", "lenet") else LARGE[0]), CASES[name][1]
    prepare = jax.jit(preprocessing.on_device(name, 24, 24, True, **options))
    batch = {"image": np.stack([image] * 3), "label": np.arange(3)}
    with jax.numpy_dtype_promotion("strict"):
        first, again, other = (np.asarray(prepare(batch, jax.random.key(seed))["image"]) for seed in (1, 1, 2))
    assert first.shape == (3, 24, 24, 3)
    np.testing.assert_array_equal(first, again)
    different = name != "lenet"
    assert np.any(first != other) == different and np.any(first[0] != first[1]) == different
    middle = jax.jit(preprocessing.on_device(name, 24, 24, **options))(batch)["image"]
    host = preprocessing.get_preprocessing(name)(image, 24, 24, **options)
    np.testing.assert_allclose(middle[0], host, atol=5e-3)


def test_boxes_drawn_by_keys_are_as_those_of_a_generator():
    shape, count = (60, 90, 3), 2000
    numbers = np.random.default_rng(1).random((count, NUMBERS_OF_A_BOX), np.float32)
    rows, columns = jax.jit(jax.vmap(lambda one: box_of_numbers(shape, one)))(numbers)
    here = np.array([*rows, *columns])
    rng = np.random.default_rng(0)
    drawn = [inception_preprocessing.drawn_for_train(shape, None, True, True, rng) for _ in range(count)]
    there = np.array([(one.top, one.height, one.left, one.width) for one in drawn]).T
    assert (here[[0, 2]] >= 0).all() and (here[0] + here[1] <= 60).all() and (here[2] + here[3] <= 90).all()
    assert (here[1] * here[3] >= 0.1 * 60 * 90).all()
    ratios = here[3] / here[1]
    assert ratios.min() > 0.7 and ratios.max() < 1.4
    for mine, theirs in zip(here, there, strict=True):  # means and spreads to a few standard errors
        assert abs(mine.mean() - theirs.mean()) < 5 * theirs.std() * np.sqrt(2 / count)
        assert 0.9 < mine.std() / theirs.std() < 1.1


def test_a_crop_of_any_size_is_made_of_what_fits_into_the_frame():
    image = RNG.integers(0, 256, (700, 900, 3), np.uint8)
    prepare = preprocessing.on_device("inception", 24, 30)
    batch = cut(prepare, [image])
    assert batch["image"].shape == (1, 48, 60, 3)
    expected = inception_preprocessing.preprocess_image(image, 24, 30)
    np.testing.assert_allclose(jax.jit(prepare)(batch)["image"][0], expected, atol=2e-6)
    with pytest.raises(ValueError, match=r"cut: frame must hold the 46 x 58 pixels .* got 40 x 60\. Twice the size"):
        preprocessing.on_device("inception", 24, 30, frame=(40, 60)).cut({"image": image})


def test_a_pipeline_puts_frames_together_as_numpy_does():
    prepare = preprocessing.on_device("inception", 24, 30)
    examples = [{"image": image, "label": number} for number, image in enumerate(LARGE[:3])]
    batches = pipeline(examples, prepare.cut, batch_size=4, shuffle=False, drop_last="pad", num_epochs=1, num_threads=0)
    (batch,) = batches
    expected = put_together([prepare.cut(examples[number]) for number in (0, 1, 2, 0)])
    for name, array in expected.items():
        np.testing.assert_array_equal(batch[name], array, err_msg=name)
    assert isinstance(batch["image"], np.ndarray) and batch["image"].dtype == np.uint8


@pytest.mark.slow
def test_devices_need_nothing_of_each_other():
    script = Path(__file__).parent / "device_run.py"
    environment = os.environ | {
        "PYTHONPATH": str(script.parents[2]),
        "XLA_FLAGS": quick_compiling.on_devices(4),
    }
    done = subprocess.run([sys.executable, str(script)], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for name, (sent, spread, difference) in json.loads(done.stdout.splitlines()[-1]).items():
        assert (sent, spread) == ([], 4), name
        assert difference < 2e-5, name


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: preprocessing.on_device("vgg_17", 9, 9), ValueError, "on_device: name must be .* got 'vgg_17'. Near"),
        (lambda: preprocessing.on_device("ssd", 9, 9), ValueError, "name must be of a net that classifies, got 'ssd'"),
        (lambda: preprocessing.on_device("vgg", 0, 9), ValueError, "on_device: output size"),
        (lambda: preprocessing.on_device("vgg", 9, 9, frame=9), ValueError, "on_device: frame must be two integers"),
        (
            lambda: preprocessing.on_device("inception", 9, 9, fast_mode=False),
            TypeError,
            "options for 'inception' must be among crop_image, got 'fast_mode'",
        ),
        (
            lambda: preprocessing.on_device("vgg", 9, 9, resize_side_min=9, resize_side_max=8),
            ValueError,
            "on_device: resize_side_max must be at least 9, got 8",
        ),
        (
            lambda: preprocessing.on_device("vgg", 9, 9, True).cut({"image": LARGE[0]}),
            ValueError,
            "cut: rng must be a numpy.random.Generator in training, got None",
        ),
        (
            lambda: preprocessing.on_device("vgg", 9, 9).cut({"image": LARGE[0] / 255}),
            TypeError,
            "cut: image must be of uint8, got float64",
        ),
        (
            lambda: preprocessing.on_device("vgg", 9, 9)({"image": np.zeros((2, 9, 9, 3), np.float32)}),
            TypeError,
            "on_device: image must be of uint8, got float32. Is it prepared already",
        ),
        (
            lambda: preprocessing.on_device("vgg", 9, 9, True)({"image": np.zeros((2, 9, 9, 3), np.uint8)}),
            ValueError,
            "on_device: key must be a JAX random key for whole images in training, got None",
        ),
        (
            lambda: preprocessing.on_device("vgg", 300, 300)({"image": np.zeros((2, 9, 9, 3), np.uint8)}),
            ValueError,
            "on_device: the output size must be at most that of the resized image, 256 x 256, got 300 x 300",
        ),
        (
            lambda: preprocessing.on_device("cifarnet", 60, 9, True)({"image": SMALL[0][None]}, jax.random.key(0)),
            ValueError,
            "on_device: the output size must be at most that of the padded image, 40 x 42, got 60 x 9",
        ),
    ],
)
def test_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call()
