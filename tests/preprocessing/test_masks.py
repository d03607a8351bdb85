"""Images and their masks, moved alike; and DeepLab's preparation of both."""

import jax.numpy as jnp
import numpy as np
import pytest

from jax_slim.preprocessing import deeplab_preprocessing, masks

RNG = np.random.default_rng(0)
# A mask that tells the place of each pixel, and an image that shows it.
PLACES = np.arange(12 * 9, dtype=np.uint8).reshape(12, 9)
IMAGE = np.repeat(PLACES[..., None], 3, -1)


def same(image, mask):
    """Whether the image shows what the mask says, in each pixel."""
    np.testing.assert_array_equal(np.asarray(image)[..., 0], mask)


def test_resizing_takes_the_nearest_pixel_of_a_mask_and_mixes_those_of_an_image():
    image, mask = masks.resize(IMAGE, PLACES, 23, 17)
    np.testing.assert_array_equal(np.asarray(image)[::2, ::2, 0], PLACES)  # corners upon corners
    np.testing.assert_array_equal(mask[::2, ::2], PLACES)
    assert set(np.unique(mask)) == set(range(108)) and image.dtype == np.float32 and mask.dtype == np.uint8
    np.testing.assert_allclose(image[1, 0, 0], 4.5)


@pytest.mark.parametrize(
    ("into", "size"), [((12, 9), (12, 9)), ((20, 20), (12, 9)), ((6, 20), (6, 4)), ((100, 3), (4, 3)), ((1, 1), (1, 1))]
)
def test_fitting_keeps_proportions_and_makes_nothing_larger(into, size):
    image, mask = masks.fit_into(IMAGE, PLACES, *into)
    assert image.shape == (*size, 3) and mask.shape == size
    assert masks.fitting((12, 9), into) == size


def test_random_scales_are_those_of_the_steps_and_both_get_the_same():
    seen = set()
    for seed in range(40):
        image, mask = masks.random_scale(IMAGE, PLACES, 0.5, 2.0, 0.5, rng=np.random.default_rng(seed))
        assert image.shape[:2] == mask.shape
        seen.add(mask.shape)
    assert seen == {(6, 4), (12, 9), (18, 13), (24, 18)}
    image, mask = masks.random_scale(IMAGE, PLACES, 1.3, 1.4, 0, rng=RNG)
    assert mask.shape in {(15, 11), (15, 12), (16, 12)}


def test_padding_marks_what_lies_outside():
    image, mask = masks.pad_to(IMAGE.astype(np.float32), PLACES, 15, 7, 127.5, 255)
    assert image.shape == (15, 9, 3) and mask.shape == (15, 9)
    same(image[:12], PLACES)
    assert (image[12:] == 127.5).all() and (mask[12:] == 255).all()
    _, mask = masks.pad_to(IMAGE, PLACES, 15, 9, 0, ignore_label=-1)
    assert mask.dtype == np.int32 and (mask[12:] == -1).all()
    image, _ = masks.pad_to(IMAGE, None, 12, 10, (1, 2, 3))
    np.testing.assert_array_equal(image[:, 9], [[1, 2, 3]] * 12)


def test_crops_and_mirror_images_are_of_both_and_repeat_with_the_seed():
    crops = set()
    for seed in range(30):
        image, mask = masks.random_crop(IMAGE, PLACES, 5, 4, rng=np.random.default_rng(seed))
        same(image, mask)
        again = masks.random_crop(IMAGE, PLACES, 5, 4, rng=np.random.default_rng(seed))
        np.testing.assert_array_equal(mask, again[1])
        crops.add(int(mask[0, 0]))
    assert len(crops) > 15 and {number % 9 for number in crops} == set(range(6))
    flipped = [masks.random_flip_left_right(IMAGE, PLACES, rng=np.random.default_rng(seed)) for seed in range(20)]
    for image, mask in flipped:
        same(image, mask)
    assert {int(mask[0, 0]) for _, mask in flipped} == {0, 8}


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: masks.resize(IMAGE, PLACES[:5], 3, 3), ValueError, r"resize: mask must be \[H, W\].* shape \(5, 9\)"),
        (lambda: masks.resize(IMAGE, PLACES / 2, 3, 3), TypeError, "resize: mask must be integers.* got dtype float64"),
        (lambda: masks.resize(PLACES, None, 3, 3), ValueError, "resize: image must have rank 3"),
        (lambda: masks.random_crop(IMAGE, PLACES, 13, 2, rng=RNG), ValueError, r"at most the image's, \(12, 9\)"),
        (lambda: masks.random_scale(IMAGE, PLACES, 2, 1, rng=RNG), ValueError, "factors must be 0 < min_scale_factor"),
        (lambda: masks.random_flip_left_right(IMAGE, PLACES, rng=None), ValueError, "rng must be"),
    ],
)
def test_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_prepares_for_evaluation_at_the_upper_left():
    image, mask = deeplab_preprocessing.preprocess_image_and_label(IMAGE, PLACES, 13, 20)
    assert mask.dtype == np.int32
    np.testing.assert_allclose(image[:12, :9, 1], PLACES / 127.5 - 1, atol=1e-6)
    assert (image[12:] == 0).all() and (image[:, 9:] == 0).all()  # the mean pixel
    np.testing.assert_array_equal(mask[:12, :9], PLACES)
    assert (mask[12:] == 255).all() and (mask[:, 9:] == 255).all()
    traced = deeplab_preprocessing.preprocess_image(jnp.asarray(IMAGE), 13, 20)
    np.testing.assert_allclose(traced, image, atol=1e-6)


def test_training_images_are_functions_of_the_generator():
    made = [
        deeplab_preprocessing.preprocess_image_and_label(
            IMAGE, PLACES, 13, 11, is_training=True, rng=np.random.default_rng(seed)
        )
        for seed in (3, 3, 4)
    ]
    for image, mask in made:
        assert image.shape == (13, 11, 3) and mask.shape == (13, 11) and image.min() >= -1 and image.max() <= 1
        assert ((mask == 255) == (image[..., 0] == 0)).all()  # only what is outside of the image is grey and ignored
    np.testing.assert_array_equal(made[0][0], made[1][0])
    assert not np.array_equal(made[0][1], made[2][1])
    grey = deeplab_preprocessing.preprocess_image(IMAGE, 13, 11, use_grayscale=True)
    assert grey.shape == (13, 11, 1)
