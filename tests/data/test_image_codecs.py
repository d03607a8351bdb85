"""Encoded images: kinds of pixels, formats by their contents, damage, and what else files with such endings hold."""

import base64
import io
import struct
import sys
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from jax_slim.data import (
    DataLossError,
    decode_bmp,
    decode_gif,
    decode_image,
    decode_jpeg,
    decode_png,
    encode_jpeg,
    encode_png,
    image_format,
)


def picture(height=13, width=17, channels=3):
    ramp = np.linspace(0, 200, width)[None, :, None] + np.arange(height)[:, None, None] + 17 * np.arange(channels)
    return ramp.astype(np.uint8)


def saved(image, form, **options):
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


RGB = Image.fromarray(picture())


@settings(max_examples=50, deadline=None)
@given(
    st.integers(1, 9), st.integers(1, 9), st.integers(1, 4), st.sampled_from([np.uint8, np.uint16]), st.integers(-1, 9)
)
def test_png_keeps_every_pixel(height, width, channels, dtype, compression):
    pixels = np.random.default_rng(height).integers(0, np.iinfo(dtype).max, (height, width, channels)).astype(dtype)
    encoded = encode_png(pixels, compression)
    assert image_format(encoded) == "png"
    np.testing.assert_array_equal(decode_png(encoded, dtype=dtype), pixels)
    by_pillow = Image.open(io.BytesIO(encoded))
    assert by_pillow.size == (width, height)
    if dtype == np.uint8:
        np.testing.assert_array_equal(np.asarray(by_pillow).reshape(pixels.shape), pixels)


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(rows, width, height, depth, kind, *chunks):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))
    data = b"".join(b"\0" + row for row in rows)
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def test_conversions_of_png():
    colours = picture(2, 3, 4)
    encoded = encode_png(colours)
    np.testing.assert_array_equal(decode_png(encoded, 3), colours[..., :3])
    red, green, blue = (colours[..., channel].astype(int) for channel in range(3))
    grey = (9797 * red + 19234 * green + 3737 * blue) >> 15
    np.testing.assert_array_equal(decode_png(encoded, 1)[..., 0], grey)
    np.testing.assert_array_equal(decode_png(encoded, dtype=np.uint16), colours.astype(np.uint16) * 257)
    np.testing.assert_array_equal(decode_png(encode_png(colours[..., :1]), 4)[..., 3], 255)
    wide = np.array([[[0x1234], [0xFFFF]]], np.uint16)
    np.testing.assert_array_equal(decode_png(encode_png(wide)), [[[0x12], [0xFF]]])
    np.testing.assert_array_equal(
        decode_image(encode_png(wide), dtype=np.float32)[0, :, 0], wide[0, :, 0] / np.float32(65535)
    )


def test_transparent_colours_of_png():
    rows = [bytes([10, 20, 30, 1, 2, 3])]
    key = chunk(b"tRNS", struct.pack(">HHH", 1, 2, 3))
    assert decode_png(png(rows, 2, 1, 8, 2, key)).shape == (1, 2, 3)
    assert decode_png(png(rows, 2, 1, 8, 2, key), 4)[0, :, 3].tolist() == [255, 0]
    nibbles = png([b"\x1f"], 2, 1, 4, 0, chunk(b"tRNS", struct.pack(">H", 1)))
    assert decode_png(nibbles, 4).tolist() == [[[17, 17, 17, 0], [255, 255, 255, 255]]]
    palette = chunk(b"PLTE", bytes([9, 8, 7, 6, 5, 4])), chunk(b"tRNS", bytes([50]))
    assert decode_png(png([b"\x40"], 2, 1, 1, 3, *palette)).tolist() == [[[9, 8, 7, 50], [6, 5, 4, 255]]]
    assert decode_png(png([b"\x40"], 2, 1, 1, 3, palette[0])).tolist() == [[[9, 8, 7], [6, 5, 4]]]


def test_jpeg_of_every_kind():
    plain = saved(RGB, "JPEG", quality=95)
    assert decode_jpeg(plain).shape == (13, 17, 3)
    assert decode_jpeg(plain, 1).shape == (13, 17, 1)
    grey = saved(RGB.convert("L"), "JPEG")
    assert decode_jpeg(grey).shape == (13, 17, 1)
    np.testing.assert_array_equal(decode_jpeg(grey, 3), np.repeat(decode_jpeg(grey), 3, 2))
    for inks in (saved(RGB.convert("CMYK"), "JPEG", quality=98),):
        near = decode_jpeg(inks).astype(int)
        assert near.shape == (13, 17, 3) and np.abs(near - picture()).mean() < 4
        assert decode_jpeg(inks, 1).shape == (13, 17, 1)
    np.testing.assert_array_equal(decode_image(plain, 3), decode_jpeg(plain, 3))
    accurate = np.asarray(Image.open(io.BytesIO(plain)))
    np.testing.assert_array_equal(decode_jpeg(plain, dct_method="INTEGER_ACCURATE"), accurate)


def test_jpeg_without_simplejpeg(monkeypatch):
    kinds = [RGB, RGB.convert("L"), RGB.convert("CMYK")]
    encoded = [saved(image, "JPEG", quality=95) for image in kinds]
    usual = [[decode_jpeg(one, channels).astype(int) for channels in (0, 1, 3)] for one in encoded]
    monkeypatch.setitem(sys.modules, "simplejpeg", None)
    for one, expected in zip(encoded, usual, strict=True):
        for channels, pixels in zip((0, 1, 3), expected, strict=True):
            got = decode_jpeg(one, channels)
            assert got.dtype == np.uint8 and got.shape == pixels.shape
            assert np.abs(got - pixels).max() < 9
    assert decode_jpeg(encode_jpeg(picture())).shape == (13, 17, 3)
    with pytest.raises(DataLossError, match="contents must be a whole JPEG image"):
        decode_jpeg(encoded[0][:200])


def test_encoding_jpeg():
    for channels in (1, 3):
        pixels = np.repeat(picture(40, 40, 1) // 2, channels, 2)
        again = decode_jpeg(encode_jpeg(pixels, 100)).astype(int)
        assert again.shape == pixels.shape and np.abs(again - pixels).mean() < 2
    assert len(encode_jpeg(picture(), 20)) < len(encode_jpeg(picture(), 95))


def test_bmp_and_gif():
    colours = picture()
    for image in (RGB, RGB.quantize(200)):
        np.testing.assert_array_equal(decode_bmp(saved(image, "BMP")), np.asarray(image.convert("RGB")))
    assert decode_image(saved(RGB.convert("L"), "BMP")).shape == (13, 17, 1)
    assert decode_image(saved(RGB.convert("L"), "BMP"), 3).shape == (13, 17, 3)
    alpha = saved(Image.fromarray(picture(5, 6, 4)), "BMP")
    np.testing.assert_array_equal(decode_bmp(alpha), picture(5, 6, 4))
    np.testing.assert_array_equal(decode_bmp(alpha, 3), picture(5, 6, 4)[..., :3])
    still = RGB.quantize(100)
    np.testing.assert_array_equal(decode_gif(saved(still, "GIF")), np.asarray(still.convert("RGB"))[None])
    other = Image.fromarray(255 - colours).quantize(100)
    moving = saved(still, "GIF", save_all=True, append_images=[other, still])
    assert decode_image(moving).shape == (3, 13, 17, 3)
    np.testing.assert_array_equal(decode_image(moving, expand_animations=False), np.asarray(still.convert("RGB")))


def gif(width, height, frames):
    """A GIF of rectangles (left, top, width, height, 0 for red or 1 for green)."""
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes([255, 0, 0, 0, 255, 0])
    for *place, colour in frames:
        bits = "101" + f"{colour:03b}100" * (place[2] * place[3])  # each value after a code that clears the table
        packed = int(bits, 2).to_bytes((len(bits) + 7) // 8, "little")
        head += b"\x2c" + struct.pack("<HHHHB", *place, 0) + b"\2" + bytes([len(packed)]) + packed + b"\0"
    return head + b"\x3b"


def test_what_a_gif_frame_has_outside_of_the_canvas_is_cut_off():
    frames = decode_gif(gif(3, 2, [(0, 0, 3, 2, 0), (1, 1, 3, 2, 1), (0, 0, 1, 1, 0), (7, 7, 1, 1, 1)]))
    first = np.full((2, 3), 0)
    second = first + [[0, 0, 0], [0, 1, 1]]
    np.testing.assert_array_equal(frames[..., 1], 255 * np.stack([first, second, second, second]))
    np.testing.assert_array_equal(frames[..., 0], 255 - frames[..., 1])


def test_a_png_with_a_profile_that_is_srgb_is_grey_as_one_that_says_so(monkeypatch):
    colours = picture(5, 6)
    plain = encode_png(colours)

    def with_chunk(*chunks):
        return decode_png(plain[:33] + b"".join(chunks) + plain[33:], 1)

    profile = bytes(range(256)) * 12
    packed = chunk(b"iCCP", b"name\0\0" + zlib.compress(profile))
    gamma = chunk(b"gAMA", struct.pack(">I", 100000))
    srgb = with_chunk(chunk(b"sRGB", b"\0"))
    assert (srgb != decode_png(plain, 1)).any()
    np.testing.assert_array_equal(with_chunk(packed), decode_png(plain, 1))
    # A stand-in: the real profiles are others' property.
    known = {(len(profile), zlib.adler32(profile), zlib.crc32(profile))}
    monkeypatch.setattr("jax_slim.data._png._SRGB_PROFILES", known)
    np.testing.assert_array_equal(with_chunk(packed), srgb)
    np.testing.assert_array_equal(with_chunk(gamma, packed), srgb)
    np.testing.assert_array_equal(with_chunk(chunk(b"iCCP", b"name\0\0no zlib")), decode_png(plain, 1))


WHOLE = {
    "JPEG": saved(RGB, "JPEG", quality=95),
    "PNG": saved(RGB, "PNG"),
    "GIF": saved(RGB.quantize(100), "GIF"),
    "BMP": saved(RGB, "BMP"),
    "WebP": saved(Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 9, 3), np.uint8)), "WEBP"),
    "TIFF": saved(RGB, "TIFF"),
}


@pytest.mark.parametrize("form", WHOLE)
def test_a_cut_file_is_an_error(form):
    whole = WHOLE[form]
    for keep in (0.1, 0.5, 0.8):
        with pytest.raises(
            DataLossError, match=f"decode_image: contents must be a whole {form} image, got .* bytes of one"
        ):
            decode_image(whole[: int(len(whole) * keep)])


@pytest.mark.parametrize("form", WHOLE)
@settings(max_examples=80, deadline=None)
@given(st.randoms(use_true_random=False))
def test_random_damage_is_an_error_or_other_pixels(form, rng):
    content = bytearray(WHOLE[form])
    for _ in range(rng.randint(1, 6)):
        content[rng.randrange(3, len(content))] = rng.randrange(256)
    try:
        assert decode_image(bytes(content), 3).shape[-1] == 3
    except DataLossError:
        pass


def test_jpeg_with_bytes_too_many_before_a_marker():
    whole = WHOLE["JPEG"]
    tables, frame = whole.index(b"\xff\xdb"), whole.index(b"\xff\xc0")
    short = b"\xff\xe1\0\x06Exif\0"  # a segment that tells one byte too few
    for data in (
        whole[:tables] + b"\0\1\2" + whole[tables:],
        whole[:frame] + b"\0" + whole[frame:],
        whole[:frame] + b"\xff\0\xff" + whole[frame:],
        whole[:tables] + short + whole[tables:],
    ):
        for channels in (0, 1, 3):
            np.testing.assert_array_equal(decode_jpeg(data, channels), decode_jpeg(whole, channels))
    inks = saved(RGB.convert("CMYK"), "JPEG")
    adobe = inks.index(b"\xff\xee")
    np.testing.assert_array_equal(decode_jpeg(inks[:adobe] + b"\xff\xe0\0\2\0" + inks[adobe:]), decode_jpeg(inks))
    with pytest.raises(DataLossError, match="contents must be a whole JPEG image"):
        decode_jpeg((whole[:tables] + b"\0" + whole[tables:])[:-60])


def test_a_cut_jpeg_with_an_end_in_its_comment():
    whole = WHOLE["JPEG"]
    cut = whole[:2] + b"\xff\xfe\0\x04\xff\xd9" + whole[2:-80]
    with pytest.raises(DataLossError, match="contents must be a whole JPEG image"):
        decode_jpeg(cut)


def test_what_libjpeg_repairs_is_read():
    whole = WHOLE["JPEG"]
    np.testing.assert_array_equal(decode_jpeg(whole + b"more"), decode_jpeg(whole))
    assert decode_jpeg(whole[:-2] + b"\0" * 15 + whole[-2:]).shape == (13, 17, 3)


def test_an_image_of_gigabytes_takes_no_memory():
    huge = bytearray(WHOLE["JPEG"])
    at = huge.index(b"\xff\xc0") + 5
    huge[at : at + 4] = b"\xfd\xe8\xfd\xe8"
    with pytest.raises(DataLossError, match="the image must have less than 536870912 values, got 65000x65000"):
        decode_jpeg(bytes(huge))
    with pytest.raises(DataLossError, match="the image must have less than"):
        decode_png(png([], 1 << 30, 1 << 30, 8, 2))


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"", "got no bytes"),
        (bytes(90), "got 90 zero bytes"),
        (b"label,name\n1,cat\n", r"got text that begins with 'label,name\\n1,cat\\n' \(17 bytes\)"),
        (b"<!DOCTYPE html><p>404</p>", "got an HTML page that begins with"),
        (b"\0\0\0\x18ftypheic", "got a HEIF or AVIF image"),
        (b"%PDF-1.4", "got a PDF document"),
        (b"\x01\x02\xff\xfe", "got 4 bytes of an unknown format that begin with"),
    ],
)
def test_what_is_no_image(contents, message):
    with pytest.raises(DataLossError, match="must be a JPEG, PNG, GIF, BMP, WebP or TIFF image, " + message):
        decode_image(contents)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: decode_image("cat.jpg"), "decode_image: contents must be the bytes of a file, got str"),
        (lambda: decode_image(WHOLE["PNG"], 2), "decode_image: channels must be one of 0, 1, 3, 4, got 2"),
        (lambda: decode_image(WHOLE["JPEG"], 4), "channels must be one of 0, 1, 3 for a JPEG image, got 4"),
        (lambda: decode_image(WHOLE["GIF"], 1), "channels must be one of 0, 3 for a GIF image, got 1"),
        (lambda: decode_image(WHOLE["BMP"], 1), "channels must be 0 or 3 for this BMP image, got 1"),
        (lambda: decode_image(WHOLE["PNG"], 3, "U8"), "dtype must be of ints or floats"),
        (lambda: decode_jpeg(WHOLE["PNG"]), "decode_jpeg: contents must be a JPEG image, got a PNG image"),
        (lambda: decode_png(WHOLE["JPEG"]), "decode_png: contents must be a PNG image, got a JPEG image"),
        (lambda: decode_jpeg(WHOLE["JPEG"], 3, "SLOW"), "dct_method must be one of .* got 'SLOW'"),
        (lambda: decode_png(WHOLE["PNG"], 3, np.float32), "dtype must be uint8 or uint16, got float32"),
        (lambda: encode_jpeg(picture(), 0), "quality must be from 1 to 100, got 0"),
        (lambda: encode_jpeg(picture()[..., 0]), r"image must be \[H, W, C\] with C in \(1, 3\), got shape \(13, 17\)"),
        (lambda: encode_png(picture() / 255), "image must be of dtype uint8 or uint16, got float64"),
        (lambda: encode_png(picture(), 10), "compression must be from -1 to 9, got 10"),
    ],
)
def test_refuses(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_webp_and_tiff():
    colours, grey = picture(), picture(channels=1)
    alpha = picture(channels=4)
    for form, options in (("WEBP", {"lossless": True, "exact": True}), ("TIFF", {})):
        data = saved(RGB, form, **options)
        assert image_format(data) == form.lower()
        np.testing.assert_array_equal(decode_image(data), colours)
        np.testing.assert_array_equal(decode_image(data, 1)[..., 0], np.asarray(RGB.convert("L")))
        np.testing.assert_array_equal(decode_image(data, 4)[..., 3], 255)
        data = saved(Image.fromarray(alpha), form, **options)
        np.testing.assert_array_equal(decode_image(data), alpha)
        np.testing.assert_array_equal(decode_image(data, 3), alpha[..., :3])
    data = saved(Image.fromarray(grey[..., 0]), "TIFF")
    np.testing.assert_array_equal(decode_image(data), grey)
    np.testing.assert_array_equal(decode_image(data, 3), np.repeat(grey, 3, 2))
    wide = (np.arange(12, dtype=np.uint16) * 5461).reshape(3, 4)
    for order in ("<u2", ">u2"):
        data = saved(Image.fromarray(wide.astype(order)), "TIFF")
        np.testing.assert_array_equal(decode_image(data, 3)[..., 0], wide >> 8)
        np.testing.assert_array_equal(decode_image(data, dtype=np.uint16)[..., 0], wide)
    np.testing.assert_array_equal(decode_image(saved(RGB, "TIFF", big_tiff=True)), colours)
    pages = saved(RGB, "TIFF", save_all=True, append_images=[Image.fromarray(255 - colours)])
    np.testing.assert_array_equal(decode_image(pages), colours)
    for mode in ("1", "P", "LA", "CMYK", "PA"):
        assert decode_image(saved(RGB.convert("RGB").convert(mode), "TIFF"), 3).shape == (13, 17, 3)
    with pytest.raises(DataLossError, match="nothing says what is black and what is white"):
        decode_image(saved(Image.fromarray(np.zeros((3, 4), np.float32)), "TIFF"))


def turned(pixels, orientation):
    """What EXIF's orientations mean, one by one."""
    mirrored = pixels[:, ::-1]
    return {
        2: mirrored, 3: np.rot90(pixels, 2), 4: pixels[::-1], 5: pixels.swapaxes(0, 1),
        6: np.rot90(pixels, -1), 7: np.rot90(mirrored, -1), 8: np.rot90(pixels),
    }.get(orientation, pixels)  # fmt: skip


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_photographs_are_turned_upright(form):
    colours = picture()
    options = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}.get(form, {})
    for orientation in range(10):
        exif = Image.Exif()
        exif[0x0112] = orientation
        data = saved(RGB, form, exif=exif, **options)
        stored = decode_image(data, upright=False)
        assert np.abs(stored.astype(int) - colours).max() <= 5 * (form == "JPEG")
        np.testing.assert_array_equal(decode_image(data), turned(stored, orientation))
        wide = decode_image(data, 1, np.float32)
        assert wide.shape == (*turned(stored, orientation).shape[:2], 1) and wide.max() <= 1
        if form in ("JPEG", "PNG"):  # TensorFlow's functions turn nothing
            np.testing.assert_array_equal({"JPEG": decode_jpeg, "PNG": decode_png}[form](data), stored)


def test_exif_of_every_kind():
    colours = picture()
    exif = Image.Exif()
    exif[0x0112] = 6
    body = exif.tobytes()[6:]
    big = b"MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"
    plain = encode_png(colours)
    end = plain.rindex(b"IEND") - 4

    def behind_the_pixels(exif):
        return decode_image(plain[:end] + chunk(b"eXIf", exif) + plain[end:])

    for known in (body, big, b"Exif\0\0" + big):
        np.testing.assert_array_equal(behind_the_pixels(known), np.rot90(colours, -1))
    for unknown in (b"", b"II*\0", big[:14], big[:10] + big[12:], b"XX" + big[2:], body[:6] + b"\xff" + body[7:]):
        np.testing.assert_array_equal(behind_the_pixels(unknown), colours)
    jpeg = WHOLE["JPEG"]
    segment = b"\xff\xe1" + struct.pack(">H", len(big) + 8) + b"Exif\0\0" + big
    for junk in (b"", b"\0\0"):
        data = jpeg[:2] + b"\xff\xe0\0\2" + junk + segment + jpeg[2:]
        np.testing.assert_array_equal(decode_image(data), np.rot90(decode_image(jpeg), -1))


def test_a_png_is_equal_to_tensorflows_byte_for_byte():
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    expected = (
        "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVQImWNkYGRiZmZmYWNjY2ZmBgABFwAtSL4ExAAAAABJRU5ErkJggg=="
    )
    assert encode_png(pixels) == base64.b64decode(expected)
