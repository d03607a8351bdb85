"""EncodedImage: any part of any file is that of the whole one, and what lies below it is not decoded."""

import io

import numpy as np
import pytest
from PIL import Image

from jax_slim import preprocessing
from jax_slim.data import DataLossError, EncodedImage, ImageFolder, decode_image

RNG = np.random.default_rng(0)
LEVELS = np.kron(RNG.integers(0, 256, (12, 11, 3)), np.ones((8, 9, 1))) + RNG.integers(-20, 20, (96, 99, 3))
PICTURE = Image.fromarray(LEVELS.clip(0, 255).astype(np.uint8)[:91])


def jpeg(picture=PICTURE, **options):
    file = io.BytesIO()
    picture.save(file, "JPEG", **options)
    return file.getvalue()


def turned():
    exif = Image.Exif()
    exif[0x0112] = 6
    return jpeg(exif=exif)


def png():
    file = io.BytesIO()
    PICTURE.save(file, "PNG")
    return file.getvalue()


FILES = {
    "4:2:0": jpeg(subsampling=2),
    "4:2:2": jpeg(subsampling=1),
    "4:4:4": jpeg(subsampling=0, quality=97),
    "restarts": jpeg(restart_marker_rows=1),
    "grey": jpeg(PICTURE.convert("L")),
    "progressive": jpeg(progressive=True),
    "CMYK": jpeg(PICTURE.convert("CMYK")),
    "turned": turned(),
    "PNG": png(),
}


@pytest.mark.parametrize("name", FILES)
def test_a_part_is_that_of_the_whole(name):
    whole = decode_image(FILES[name], channels=3)
    assert EncodedImage(FILES[name]).shape == whole.shape
    for stop in range(1, len(whole) + 1, 1 if name == "4:2:0" else 5):
        part = EncodedImage(FILES[name]).crop(0, 3, stop, 20)
        np.testing.assert_array_equal(part, whole[:stop, 3:23])
    image = EncodedImage(FILES[name])
    np.testing.assert_array_equal(image.crop(10, 0, 5, 7), whole[10:15, :7])
    np.testing.assert_array_equal(np.asarray(image), whole)
    np.testing.assert_array_equal(image.crop(10, 0, 5, 7), whole[10:15, :7])


def test_what_lies_below_is_not_decoded():
    damaged = bytearray(FILES["4:4:4"])
    damaged[len(damaged) // 2 : -2] = bytes(len(damaged) - 2 - len(damaged) // 2)  # zeros are levels, other ones
    whole = decode_image(FILES["4:4:4"], channels=3)
    np.testing.assert_array_equal(EncodedImage(bytes(damaged)).crop(0, 0, 20, 99), whole[:20])


@pytest.mark.parametrize(("contents", "message"), [(FILES["4:2:0"][:900], "whole JPEG"), (b"no image", "text")])
def test_refuses_damaged_files(contents, message):
    with pytest.raises(DataLossError, match=rf"a\.jpg: .*{message}"):
        EncodedImage(contents, "a.jpg").crop(0, 0, 10, 10)


def test_preprocessing_cuts_the_same_of_it(tmp_path):
    (tmp_path / "leaves").mkdir()
    (tmp_path / "leaves" / "a.jpg").write_bytes(FILES["4:2:0"])
    decoded, encoded = ImageFolder(tmp_path)[0], ImageFolder(tmp_path, decode=False)[0]
    assert isinstance(encoded["image"], EncodedImage) and encoded["label"] == 0
    for name in ("inception", "vgg", "cifarnet"):
        options = {"resize_side_min": 30, "resize_side_max": 60} if name == "vgg" else {}
        prepare = preprocessing.on_device(name, 24, 24, True, **options)
        for seed in range(5):
            here, there = (prepare.cut(example, np.random.default_rng(seed)) for example in (decoded, encoded))
            assert here.keys() == there.keys()
            for part in here:
                np.testing.assert_array_equal(here[part], there[part], err_msg=f"{name} {part}")
