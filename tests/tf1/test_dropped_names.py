"""What SciPy and Pillow dropped, as programs of TensorFlow 1's time used it."""

import importlib

import numpy as np
import pytest

from jax_slim.tf1 import dropped_names as old


@pytest.fixture
def misc():
    old.install()
    return importlib.import_module("scipy.misc")


def test_values_go_over_a_byte(misc):
    found = misc.bytescale(np.array([[-1.0, 0.0], [0.5, 3.0]]))
    assert found.dtype == np.uint8 and found.tolist() == [[0, 64], [96, 255]]
    assert misc.bytescale(np.array([[2, 4]]), cmin=0, cmax=10, high=100).tolist() == [[20, 40]]
    assert misc.bytescale(np.full((1, 2), 7.0)).tolist() == [[0, 0]]
    same = np.array([[3, 200]], np.uint8)
    assert misc.bytescale(same) is same
    with pytest.raises(ValueError, match="cmax must be at least cmin, got 0 and 1"):
        misc.bytescale(np.zeros(2), cmin=1, cmax=0)


def test_images_are_written_read_and_resized(misc, tmp_path):
    image = np.random.RandomState(0).randint(0, 256, (6, 4, 3)).astype(np.uint8)
    misc.imsave(str(tmp_path / "a.png"), image)
    np.testing.assert_array_equal(misc.imread(str(tmp_path / "a.png")), image)
    gray = misc.imread(str(tmp_path / "a.png"), flatten=True)
    assert gray.dtype == np.float32 and gray.shape == (6, 4)
    assert misc.imread(str(tmp_path / "a.png"), mode="L").dtype == np.uint8
    assert misc.imresize(image, 50).shape == (3, 2, 3)
    assert misc.imresize(image, 2.0).shape == (12, 8, 3)
    assert misc.imresize(image[..., 0], (9, 5), interp="nearest").shape == (9, 5)
    np.testing.assert_array_equal(misc.imresize(image, (6, 4)), image)
    np.testing.assert_array_equal(misc.imrotate(image[:4], 90, "nearest"), np.rot90(image[:4]))
    with pytest.raises(ValueError, match=r"3 or 4 channels, got shape \(2, 2, 2\)"):
        misc.toimage(np.zeros((2, 2, 2)))


def test_channels_may_come_first(misc):
    image = misc.toimage(np.arange(24, dtype=np.uint8).reshape(3, 2, 4))
    assert image.size == (4, 2) and image.getpixel((0, 0)) == (0, 8, 16)
    assert misc.toimage(np.ones((2, 3)), mode="F").mode == "F"


def test_other_modules_have_their_old_names(misc):
    assert importlib.import_module("scipy.ndimage").imread is old.imread
    arpack = importlib.import_module("scipy.sparse.linalg.eigen.arpack")
    assert arpack.eigsh is importlib.import_module("scipy.sparse.linalg").eigsh
    assert misc.comb(5, 2) == 10


def test_pillow_has_its_old_names(misc):
    from PIL import Image, ImageFont

    assert vars(Image)["ANTIALIAS"] == Image.LANCZOS
    width, height = vars(ImageFont.ImageFont)["getsize"](ImageFont.load_default(), "ab")
    assert width > height / 2 > 0
