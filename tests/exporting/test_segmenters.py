"""`export_segmenter`: pixels of any size in, a mask as large out."""

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from jax_slim import exporting
from jax_slim.exporting import loader
from jax_slim.preprocessing import deeplab_preprocessing
from jax_slim.preprocessing.masks import fitting
from jax_slim.preprocessing.resizing import resize_nearest_neighbor


def segment(variables, images):
    """1 where pixels are brighter than the threshold."""
    return (images.mean(-1) > variables["threshold"]).astype(jnp.int32)


VARIABLES = {"threshold": np.float32(0)}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("exported") / "net.zip"
    return exporting.export_segmenter(
        path, segment, VARIABLES, 16, preprocessing="deeplab", labels=["dark", "light"], platforms=["cpu"]
    )


@pytest.mark.parametrize("size", [(7, 9), (16, 16), (40, 23), (17, 61), (60, 30), (1, 20)], ids=str)
def test_masks_are_as_large_as_the_pixels(size, file):
    rng = np.random.default_rng(0)
    pixels = np.kron(rng.integers(0, 2, [-(-side // 4) for side in size]) * 200 + 20, np.ones((4, 4)))
    pixels = np.repeat(pixels[: size[0], : size[1], None], 3, -1).astype(np.uint8)
    found = exporting.load_exported(file)(image=pixels[None])["mask"]
    prepared = deeplab_preprocessing.preprocess_image(pixels, 16, 16)
    height, width = fitting(size, (16, 16))
    mask = np.asarray(segment(VARIABLES, prepared))[:height, :width, None]
    expected = resize_nearest_neighbor(mask, size, align_corners=True)[..., 0]
    np.testing.assert_array_equal(np.asarray(found)[0], expected)


def test_the_file_is_a_program(file, tmp_path, capsys):
    picture = Image.new("RGB", (8, 4))
    picture.paste((255, 255, 255), (0, 0, 2, 4))
    picture.save(tmp_path / "bar.png")
    assert loader.main([str(tmp_path / "bar.png"), f"--model={file}"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[1:]] == [["75.00", "%", "dark"], ["25.00", "%", "light"]]


def test_refuses(tmp_path):
    with pytest.raises(ValueError, match=r"export_segmenter: preprocessing must be one of \['deeplab'\] or None"):
        exporting.export_segmenter(tmp_path / "x.zip", segment, VARIABLES, 8, preprocessing="ssd")
