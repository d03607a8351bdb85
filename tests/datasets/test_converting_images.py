"""Image files as records hold them: kept, turned into PNG with the same pixels, or refused with their names."""

import io

import numpy as np
import pytest
from PIL import Image

import pictures
from jax_slim.data import DataLossError, decode_image, encode_jpeg, encode_png, image_format
from jax_slim.datasets.converting_images import encoded_file, encoded_pixels

COLOURS, GREY = pictures.pixels(1, 9, 13), pictures.pixels(2, 9, 13, 1)
PIL_COLOURS, PIL_GREY = Image.fromarray(COLOURS), Image.fromarray(GREY[..., 0])


def cmyk():
    return pictures.by_pillow(PIL_COLOURS.convert("CMYK"), "JPEG")


def animation():
    buffer = io.BytesIO()
    PIL_COLOURS.save(buffer, "GIF", save_all=True, append_images=[Image.fromarray(255 - COLOURS)])
    return buffer.getvalue()


KEPT = {
    "jpeg": encode_jpeg(COLOURS),
    "grey jpeg": encode_jpeg(GREY),
    "progressive jpeg": pictures.by_pillow(PIL_COLOURS, "JPEG", progressive=True),
    "png": encode_png(COLOURS),
    "grey png": encode_png(GREY),
    "palette png": pictures.by_pillow(PIL_COLOURS.convert("P"), "PNG"),
    "transparent png": encode_png(pictures.pixels(3, 9, 13, 4)),
    "jpeg with more behind it": encode_jpeg(COLOURS) + b"more",
}
CHANGED = {
    "cmyk jpeg": cmyk(),
    "cmyk jpeg with bytes too many": cmyk().replace(b"\xff\xc0", b"\0\xff\xc0", 1),
    "png of 16 bits": encode_png(pictures.pixels(4, 9, 13).astype(np.uint16) * 257 + 3),
    "grey png of 16 bits": encode_png(pictures.pixels(4, 9, 13, 1).astype(np.uint16) * 256),
    "gif": animation(),
    "bmp": pictures.by_pillow(PIL_COLOURS, "BMP"),
    "webp": pictures.by_pillow(PIL_COLOURS, "WEBP"),
    "tiff": pictures.by_pillow(PIL_COLOURS, "TIFF"),
    "grey tiff of 16 bits": pictures.by_pillow(Image.fromarray(GREY[..., 0].astype(np.uint16) * 256), "TIFF"),
}
REFUSED = {
    "text": (b"hello", "got text that begins with 'hello'"),
    "nothing": (b"", "got no bytes"),
    "page": (b"<html>404</html>", "got an HTML page"),
    "jpeg that is cut": (KEPT["jpeg"][:-40], "must be a whole JPEG image"),
    "png that is cut": (KEPT["png"][:-40], "must be a whole PNG image"),
    "gif that is cut": (CHANGED["gif"][:60], "must be a whole GIF image"),
    "tiff that is cut": (pictures.by_pillow(PIL_COLOURS, "TIFF")[:60], "must be a whole TIFF image"),
    "webp that is cut": (b"RIFF\0\0\0\0WEBPVP8 ", "must be a whole WebP image"),
}


def encoded(tmp_path, data):
    path = tmp_path / "a.jpg"
    path.write_bytes(data)
    return encoded_file(path)


@pytest.mark.parametrize("kind", KEPT)
def test_kept_as_they_are(tmp_path, kind):
    image = encoded(tmp_path, KEPT[kind])
    assert image.data == KEPT[kind]
    assert image[1:] == ("jpg" if "jpeg" in kind else "png", 9, 13)


@pytest.mark.parametrize("kind", CHANGED)
def test_made_png_with_the_same_pixels(tmp_path, kind):
    image = encoded(tmp_path, CHANGED[kind])
    assert image[1:] == ("png", 9, 13)
    assert image_format(image.data) == "png"
    assert image.data[24] == 8  # bits
    wanted = decode_image(CHANGED[kind], channels=3, expand_animations=False)
    np.testing.assert_array_equal(decode_image(image.data, channels=3), wanted)


@pytest.mark.parametrize("kind", REFUSED)
def test_refused_with_the_name_of_the_file(tmp_path, kind):
    data, message = REFUSED[kind]
    with pytest.raises(DataLossError) as caught:
        encoded(tmp_path, data)
    assert str(caught.value).startswith(f"{tmp_path / 'a.jpg'}: ")
    assert message in str(caught.value)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_pixels(channels):
    pixels = pictures.pixels(0, channels=channels)
    image = encoded_pixels(pixels)
    assert image[1:] == ("png", 5, 7)
    np.testing.assert_array_equal(decode_image(image.data), pixels)


def test_a_turned_jpeg_is_kept_and_its_size_is_the_one_that_readers_see(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 8
    data = pictures.by_pillow(PIL_COLOURS, "JPEG", exif=exif)
    image = encoded(tmp_path, data)
    assert image == (data, "jpg", 13, 9)
    assert decode_image(image.data).shape == (13, 9, 3)
