"""Preprocessing for images of any size, within one program: the numbers of `jax_slim.preprocessing`."""

import jax
import numpy as np
import pytest
from jax import export

from jax_slim.exporting.any_size import PREPROCESSING
from jax_slim.preprocessing.preprocessing_factory import get_preprocessing

RNG = np.random.default_rng(0)
SIZES = [(24, 24), (31, 40), (50, 33), (16, 90), (256, 301)]


@pytest.fixture(scope="module")
def programs():
    """Each preprocessing, exported once for images of every size."""
    sizes = export.symbolic_shape("batch, height, width, 3")
    images = jax.ShapeDtypeStruct(sizes, np.uint8)
    return {
        name: export.export(jax.jit(lambda images, function=function: function(images, 24, 20)))(images).call
        for name, function in PREPROCESSING.items()
    }


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", PREPROCESSING)
def test_equals_the_preprocessing_of_one_image(name, size, programs):
    photos = _photos(size)
    # TF-Slim's take width and height the other way round in these two; here both are as asked for.
    asked = (20, 24) if name in ("cifarnet", "lenet") else (24, 20)
    expected = [get_preprocessing(name)(image, *asked) for image in photos]
    found = programs[name](photos)
    np.testing.assert_allclose(found, np.stack(expected), rtol=1e-4, atol=2e-4 * np.abs(expected).max())


def _photos(size):
    return RNG.integers(0, 256, (2, *size, 3)).astype(np.uint8)


def test_a_crop_larger_than_vggs_side():
    photos = _photos((40, 60))
    expected = np.stack([get_preprocessing("vgg")(image, 299, 299, resize_side_min=299) for image in photos])
    np.testing.assert_allclose(PREPROCESSING["vgg"](photos, 299, 299), expected, atol=0.05)
