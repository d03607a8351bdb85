"""The one reader of photographs: every ending, grey as preprocessing makes it, and what is told of other files."""

import warnings

import numpy as np
import pytest
from PIL import Image

import pictures
from jax_slim.data import DataLossError, FixedLenFeature, ImageFolder, encode_png, make_example, tfexample_decoder
from jax_slim.data.photographs import (
    FOLDERS,
    IMAGE_ENDINGS,
    decode_photograph,
    has_image_ending,
    passed_over,
    read_photograph,
)
from jax_slim.datasets import convert, open_dataset
from jax_slim.exporting import loader
from jax_slim.preprocessing import rgb_to_grayscale

COLOURS = pictures.pixels(1, 9, 13)
FORMS = {
    ".jpg": "JPEG",
    ".jfif": "JPEG",
    ".png": "PNG",
    ".gif": "GIF",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".TIFF": "TIFF",
}


def turned_photograph(path, form, orientation=6, colours=COLOURS):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(colours).save(path, form, **({} if form == "GIF" else {"exif": exif}))


def test_every_reader_sees_the_same(tmp_path):
    root = tmp_path / "photos" / "cat"
    root.mkdir(parents=True)
    for number, (ending, form) in enumerate(FORMS.items()):
        turned_photograph(root / f"{number}{ending}", form, number % 9)
    wide = np.linspace(0, 65535, 117).reshape(9, 13).astype(np.uint16)
    (root / "a.png").write_bytes(encode_png(wide[..., None]))
    Image.fromarray(wide).save(root / "b.tif")
    images = ImageFolder(tmp_path / "photos")
    assert len(images) == len(FORMS) + 2
    np.testing.assert_array_equal(images[-1]["image"], np.repeat((wide >> 8).astype(np.uint8)[..., None], 3, 2))
    convert(tmp_path / "photos", tmp_path / "records", validation_fraction=0)
    seen = {image["image"].tobytes() for image in images}
    for examples in (open_dataset(tmp_path / place, "train", validation_fraction=0) for place in ("photos", "records")):
        assert {example["image"].tobytes() for example in examples} == seen
    for number, path in enumerate(images.paths):
        np.testing.assert_array_equal(loader.read_image(str(path)), images[number]["image"])
        np.testing.assert_array_equal(read_photograph(path), images[number]["image"])


def test_records_of_others_are_upright_too_and_as_stored_on_request(tmp_path):
    turned_photograph(tmp_path / "a.jpg", "JPEG")
    data = (tmp_path / "a.jpg").read_bytes()
    keys = {"image/encoded": FixedLenFeature((), "string"), "image/format": FixedLenFeature((), "string", "jpg")}
    shapes = []
    for options in ({}, {"upright": False}):
        items = {"image": tfexample_decoder.Image(**options)}
        decoder = tfexample_decoder.TFExampleDecoder(keys, items)
        shapes.append(decoder.decode(make_example({"image/encoded": data}))[0].shape)
    assert shapes == [(13, 9, 3), (9, 13, 3)]


def test_grey_is_what_preprocessing_makes():
    data = encode_png(COLOURS)
    grey = decode_photograph(data, 1)
    assert grey.shape == (9, 13, 1) and grey.dtype == np.uint8
    np.testing.assert_array_equal(grey, np.rint(rgb_to_grayscale(COLOURS.astype(np.float32))))
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    np.testing.assert_array_equal(decode_photograph(encode_png(levels), 1), levels)


def test_alpha():
    four = pictures.pixels(5, 6, 7, 4)
    np.testing.assert_array_equal(decode_photograph(encode_png(four), 4), four)
    for form in ("JPEG", "GIF", "BMP", "WEBP"):
        data = pictures.by_pillow(Image.fromarray(COLOURS), form)
        pixels = decode_photograph(data, 4)
        np.testing.assert_array_equal(pixels[..., :3], decode_photograph(data))
        assert (pixels[..., 3] == 255).all()
    with pytest.raises(ValueError, match="decode_photograph: channels must be 1, 3 or 4, got 2"):
        decode_photograph(encode_png(four), 2)


def test_names_of_images(tmp_path):
    assert all(has_image_ending(f"a/b{ending}") and has_image_ending(f"B{ending.upper()}") for ending in IMAGE_ENDINGS)
    assert not any(map(has_image_ending, (".a.jpg", "x/.b.png", "c.heic", "jpg", "d.jpg.txt")))
    (tmp_path / "more").mkdir()
    for name in ("a.jpg", "b.heic", "c.HEIC", "README", ".hidden", "d.mp4"):
        (tmp_path / name).write_text("")
    assert passed_over([tmp_path]) == {".heic": 2, "README": 1, ".mp4": 1, FOLDERS: 1}


def test_damage_is_told_with_the_path(tmp_path):
    (tmp_path / "a.jpg").write_text("hello")
    with pytest.raises(DataLossError, match=r"a\.jpg: decode_image: .*got text that begins with 'hello'"):
        read_photograph(tmp_path / "a.jpg")
    with pytest.raises(loader.LoadError, match=r"a\.jpg: is no image that can be read: decode_image"):
        loader.read_image(str(tmp_path / "a.jpg"))
    with pytest.raises(FileNotFoundError):
        read_photograph(tmp_path / "b.jpg")


def test_open_dataset_tells_what_it_passes_over(tmp_path):
    root = pictures.folder(tmp_path / "pets", {"cat": 3, "dog": 3})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert open_dataset(root, "train").passed_over == {}
    (root / "cat" / "9.heic").write_bytes(b"")
    (root / "dog" / "more").mkdir()
    with pytest.warns(UserWarning, match=f"open_dataset: passed over, no images by their names: 1 .heic, 1 {FOLDERS}"):
        examples = open_dataset(root, "train")
    assert examples.passed_over == {".heic": 1, FOLDERS: 1}
    (root / "owl").mkdir()
    (root / "owl" / "1.avif").write_bytes(b"")
    with pytest.raises(ValueError, match=r"got none in '.*owl'; there: passed over, .* 1 \.avif"):
        open_dataset(root, "train")
