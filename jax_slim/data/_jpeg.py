"""JPEG to pixels and back, bit for bit as TensorFlow does it by default.

But for files whose colours are sampled in a way that TurboJPEG has no name for (`cjpeg -sample 2x2,1x2,2x1`): Pillow
decodes these with the accurate transform, up to 5 levels away.
"""

import io
from typing import Any

import numpy as np

from jax_slim.data._exif import jpeg_segments
from jax_slim.data.errors import DataLossError

# TensorFlow's limit for width * height * channels.
MOST_VALUES = 1 << 29

_END = b"\xff\xd9"
_ADOBE, _PIXELS, _BASELINE = 0xEE, 0xDA, 0xC0


def decode(function: str, contents: bytes, channels: int, fast: bool) -> np.ndarray:
    """uint8 [H, W, channels]; 0 channels mean those of the file, 3 for one with 4.

    `fast` takes the integer transform that libjpeg calls fast, else its accurate one: up to 7 levels apart.
    """
    try:
        import simplejpeg
    except ImportError:
        return _by_pillow(function, contents, channels)
    try:
        header = simplejpeg.decode_jpeg_header(contents)
    except Exception:
        contents = _without_junk(contents)
        try:
            header = simplejpeg.decode_jpeg_header(contents, strict=False)
        except Exception:  # it knows the usual subsamplings only
            return _by_pillow(function, contents, channels)
    height, width, colours = int(header[0]), int(header[1]), header[2]
    if width * height * 3 >= MOST_VALUES:
        raise DataLossError(f"{function}: the image must have less than {MOST_VALUES} values, got {width}x{height}.")
    inks = colours in ("CMYK", "YCCK")
    if channels == 0:
        channels = 1 if colours == "Gray" else 3
    space = "CMYK" if inks else "GRAY" if channels == 1 else "RGB"
    try:
        pixels = simplejpeg.decode_jpeg(contents, space, fastdct=fast)
    except Exception as error:
        # libjpeg complains of much that it can repair, and TensorFlow passes over: not so of a file that is cut.
        if "Premature end" in str(error) or _END not in contents[2:]:
            raise _damaged(function, contents, str(error)) from None
        try:
            pixels = simplejpeg.decode_jpeg(contents, space, fastdct=fast, strict=False)
        except Exception as error:
            raise _damaged(function, contents, str(error)) from None
    if inks:
        pixels = _of_inks(pixels, _has_adobe_marker(contents))
        if channels == 1:
            pixels = grey_of(pixels)
    return pixels


def baseline_size(contents: bytes) -> tuple[int, int] | None:
    """(height, width) of a file that `first_rows` may read; None of others, damaged ones among them."""
    frame = _baseline_frame(contents)
    if frame is None:
        return None
    at, _ = frame
    height, width = (int.from_bytes(contents[at + start : at + start + 2], "big") for start in (1, 3))
    return (height, width) if height and width and height * width * 3 < MOST_VALUES else None


def first_rows(contents: bytes, count: int) -> np.ndarray | None:
    """uint8 [at least `count`, W, 3]: the first rows of a file with a `baseline_size`, by the fast transform.

    None where that does not go: then `decode` says why, or can do it.

    A decoder stops where the image ends, so it is given a header that says it ends sooner: at the end of a row of
    blocks, and one row further down than is wanted, as colours at half the resolution are blended with the row below.
    What libjpeg then complains of is that bytes follow.
    """
    frame = _baseline_frame(contents)
    try:
        import simplejpeg
    except ImportError:
        return None
    if frame is None:
        return None
    at, sampling = frame
    block = 8 * sampling
    rows = -(-(count + 1) // block) * block
    if rows >= int.from_bytes(contents[at + 1 : at + 3], "big"):
        return None
    shorter = b"".join([contents[: at + 1], rows.to_bytes(2, "big"), contents[at + 3 :]])
    pixels = np.empty((rows, int.from_bytes(contents[at + 3 : at + 5], "big"), 3), np.uint8)
    try:
        simplejpeg.decode_jpeg(shorter, "RGB", fastdct=True, buffer=pixels)
    except Exception as error:
        if "extraneous bytes before marker" not in str(error):
            return None
    return pixels


def _baseline_frame(contents: bytes) -> tuple[int, int] | None:
    """Where the frame header of a baseline JPEG of 8 bits, grey or not, begins; how many blocks high its units are."""
    for marker, start, end in jpeg_segments(contents):
        if marker == _BASELINE and end - start >= 6 and contents[start] == 8 and contents[start + 5] in (1, 3):
            components = contents[start + 6 : end]
            return start, max(1, *(sampling & 15 for sampling in components[1::3]))
        if marker == _PIXELS:
            break
    return None


def encode(image: np.ndarray, quality: int) -> bytes:
    """A JPEG of uint8 [H, W, 1 or 3] pixels, with colours at half the resolution."""
    try:
        import simplejpeg
    except ImportError:
        from PIL import Image

        buffer = io.BytesIO()
        Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(buffer, "JPEG", quality=quality)
        return buffer.getvalue()
    grey = image.shape[2] == 1
    return simplejpeg.encode_jpeg(
        np.ascontiguousarray(image), quality, "GRAY" if grey else "RGB", "Gray" if grey else "420", fastdct=False
    )


def _by_pillow(function: str, contents: bytes, channels: int) -> np.ndarray:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(contents), formats=["JPEG"]) as image:
            if image.width * image.height * 3 >= MOST_VALUES:
                raise ValueError(f"{image.width}x{image.height} pixels are too many")
            image.load()
            inks = image.mode == "CMYK"
            pixels: Any = np.asarray(image)
    except Exception as error:  # a damaged file can fail anywhere in there
        raise _damaged(function, contents, str(error)) from None
    if inks:
        pixels = _of_inks(255 - pixels, True)  # Pillow has turned Adobe's inverted inks round
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if channels == 1 and pixels.shape[2] == 3:
        return grey_of(pixels)
    return np.repeat(pixels, 3, 2) if channels == 3 and pixels.shape[2] == 1 else pixels


def _of_inks(inks: np.ndarray, inverted: bool) -> np.ndarray:
    """Red, green and blue of cyan, magenta, yellow and black; Adobe's programs store 255 for no ink."""
    light = inks.astype(np.int32) if inverted else 255 - inks.astype(np.int32)
    return (light[..., :3] * light[..., 3:] // 255).astype(np.uint8)


def grey_of(pixels: np.ndarray) -> np.ndarray:
    """uint8 [H, W, 1] of uint8 [H, W, 3], in libjpeg's steps of 1 / 65536."""
    red, green, blue = (pixels[..., channel].astype(np.int32) for channel in range(3))
    return ((19595 * red + 38470 * green + 7471 * blue + 32768) >> 16).astype(np.uint8)[..., None]


def _has_adobe_marker(contents: bytes) -> bool:
    return any(
        marker == _ADOBE and contents[start : start + 5] == b"Adobe" for marker, start, _ in jpeg_segments(contents)
    )


def _without_junk(contents: bytes) -> bytes:
    """The file without what stands between the segments before the pixels, of which TurboJPEG makes an error.

    libjpeg, TensorFlow and viewers pass over it.
    """
    parts = [contents[:2]]
    for marker, start, end in jpeg_segments(contents):
        parts.append(contents[start - 4 : end])
        if marker == _PIXELS:
            return b"".join([*parts, contents[end:]])
    return contents


def _damaged(function: str, contents: bytes, why: str) -> DataLossError:
    cut = "" if _END in contents[2:] else ", which ends before the image does"
    return DataLossError(
        f"{function}: contents must be a whole JPEG image, got {len(contents)} bytes of one{cut}: {why}."
    )
