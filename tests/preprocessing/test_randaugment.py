"""RandAugment: each change against its meaning, and what is drawn."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from jax_slim import preprocessing
from jax_slim.preprocessing import randaugment

IMAGE = np.random.default_rng(0).integers(20, 200, (12, 15, 3)).astype(np.uint8)


@pytest.mark.parametrize(
    ("change", "pillow"),
    [
        (randaugment._autocontrast, ImageOps.autocontrast),
        (randaugment._solarize, lambda image: ImageOps.solarize(image, 128)),
        (randaugment._posterize, lambda image: ImageOps.posterize(image, 6)),
        (randaugment._brightness, lambda image: ImageEnhance.Brightness(image).enhance(1.45)),
        (randaugment._contrast, lambda image: ImageEnhance.Contrast(image).enhance(1.45)),
        (randaugment._color, lambda image: ImageEnhance.Color(image).enhance(1.45)),
        (randaugment._sharpness, lambda image: ImageEnhance.Sharpness(image).enhance(1.45)),
    ],
)
def test_changes_are_those_of_pillow(change, pillow):
    """With half the strength and a positive sign; up to how each rounds in between."""
    expected = np.asarray(pillow(Image.fromarray(IMAGE))).astype(int)
    assert np.abs(change(IMAGE, 0.5, 1).astype(int) - expected).max() <= 2


def test_equalize_makes_all_values_equally_frequent():
    ramp = (np.arange(256, dtype=np.uint8) // 4).reshape(16, 16, 1)
    found = randaugment._equalize(ramp, 1, 1)
    np.testing.assert_array_equal(np.unique(found), np.rint(np.arange(64) * 255 / 63))
    flat = np.full((4, 4, 1), 7, np.uint8)
    np.testing.assert_array_equal(randaugment._equalize(flat, 1, 1), flat)


def test_geometry():
    image = np.zeros((9, 9, 1), np.uint8)
    image[4, 1] = 255
    moved = randaugment._translate_x(image, 0.5, 1)  # by 0.225 of 9 pixels
    np.testing.assert_array_equal(moved[:, :7], image[:, 2:])
    assert (moved[:, 7:] == 128).all()
    large = np.zeros((31, 31, 1), np.uint8)
    large[13:18, 3:8] = 255  # ten pixels left of the middle
    rows, columns, _ = np.nonzero(randaugment._rotate(large, 1.0, 1) == 255)
    assert np.hypot(rows.mean() - 15, columns.mean() - 15) == pytest.approx(10, abs=0.3)
    assert abs(rows.mean() - 15) == pytest.approx(10 * np.sin(np.pi / 6), abs=0.3)
    np.testing.assert_array_equal(randaugment._shear_x(image, 1.0, 1)[4], image[4])  # the middle row stays
    np.testing.assert_array_equal(randaugment._rotate(image, 0.0, 1), image)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_generator_decides_and_images_of_a_batch_differ(channels):
    image = IMAGE[..., :channels]
    batch = np.stack([image] * 8)
    first, again = (preprocessing.rand_augment(batch, rng=np.random.default_rng(5)) for _ in range(2))
    assert first.shape == batch.shape
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)
    assert len({one.tobytes() for one in first}) > 4
    for seed in range(20):  # every change, at the ends of the strength
        for magnitude in (0, 10):
            made = preprocessing.rand_augment(image, 3, magnitude, rng=np.random.default_rng(seed))
            assert made.shape == image.shape


def test_refuses():
    rng = np.random.default_rng(0)
    with pytest.raises(TypeError, match="rand_augment: image must be of uint8, got float32"):
        preprocessing.rand_augment(IMAGE.astype(np.float32), rng=rng)
    with pytest.raises(ValueError, match="rand_augment: magnitude must be from 0 to 10, got 11"):
        preprocessing.rand_augment(IMAGE, 2, 11, rng=rng)
    with pytest.raises(ValueError, match="rand_augment: num_layers must be at least 0, got -1"):
        preprocessing.rand_augment(IMAGE, -1, rng=rng)
