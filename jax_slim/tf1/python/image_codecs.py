"""`tf.image`: encoded images."""

from typing import Any

from jax_slim.tf1.graph import building, conversion, dtypes, graphs
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import checks, control_flow, image_colors, math, random


def decode_jpeg(contents: Any, channels: int = 0, ratio: int = 1, fancy_upscaling: bool = True, try_recover_truncated: bool = False,
                acceptable_fraction: float = 1, dct_method: str = "", name: str | None = None) -> Tensor:  # fmt: skip
    """uint8 [H, W, channels] of a JPEG image (or PNG, or a GIF of one frame); 0 channels mean those of the file."""
    return building.make(
        "DecodeJpeg", contents, channels=channels, ratio=ratio, fancy_upscaling=fancy_upscaling, try_recover_truncated=try_recover_truncated,
        acceptable_fraction=acceptable_fraction, dct_method=dct_method, name=name,
    )  # fmt: skip


def decode_and_crop_jpeg(contents: Any, crop_window: Any, channels: int = 0, ratio: int = 1, fancy_upscaling: bool = True, try_recover_truncated: bool = False,
                         acceptable_fraction: float = 1, dct_method: str = "", name: str | None = None) -> Tensor:  # fmt: skip
    """A part (y, x, height, width) of a JPEG image."""
    return building.make(
        "DecodeAndCropJpeg", contents, crop_window, channels=channels, ratio=ratio, fancy_upscaling=fancy_upscaling,
        try_recover_truncated=try_recover_truncated, acceptable_fraction=acceptable_fraction, dct_method=dct_method, name=name,
    )  # fmt: skip


def decode_png(contents: Any, channels: int = 0, dtype: Any = dtypes.uint8, name: str | None = None) -> Tensor:
    """uint8 or uint16 [H, W, channels] of a PNG image (or JPEG, or a GIF of one frame)."""
    return building.make("DecodePng", contents, channels=channels, dtype=dtype, name=name)


def decode_gif(contents: Any, name: str | None = None) -> Tensor:
    """uint8 [frames, H, W, 3] of a GIF image."""
    return building.make("DecodeGif", contents, name=name)


def decode_bmp(contents: Any, channels: int = 0, name: str | None = None) -> Tensor:
    """uint8 [H, W, channels] of a BMP image."""
    return building.make("DecodeBmp", contents, channels=channels, name=name)


def encode_jpeg(image: Any, format: str = "", quality: int = 95, progressive: bool = False, optimize_size: bool = False, chroma_downsampling: bool = True,
                density_unit: str = "in", x_density: int = 300, y_density: int = 300, xmp_metadata: str = "", name: str | None = None) -> Tensor:  # fmt: skip
    """A JPEG image of uint8 [H, W, 1 or 3]."""
    return building.make(
        "EncodeJpeg", image, format=format, quality=quality, progressive=progressive, optimize_size=optimize_size, chroma_downsampling=chroma_downsampling,
        density_unit=density_unit, x_density=x_density, y_density=y_density, xmp_metadata=xmp_metadata, name=name,
    )  # fmt: skip


def encode_png(image: Any, compression: int = -1, name: str | None = None) -> Tensor:
    """A PNG image of uint8 or uint16 [H, W, 1 to 4]."""
    return building.make("EncodePng", image, compression=compression, name=name)


def extract_jpeg_shape(contents: Any, output_type: Any = dtypes.int32, name: str | None = None) -> Tensor:
    """(height, width, channels) of a JPEG image."""
    return building.make("ExtractJpegShape", contents, output_type=output_type, name=name)


def _beginning(contents: Any, length: int) -> Tensor:
    return building.make("Substr", contents, 0, length)


def is_jpeg(contents: Any, name: str | None = None) -> Tensor:
    """Whether it begins as a JPEG image does."""
    with graphs.name_scope(name, "is_jpeg"):
        return math.equal(_beginning(contents, 3), b"\xff\xd8\xff", name=name)


def _is_png(contents: Any, name: str | None = None) -> Tensor:
    with graphs.name_scope(name, "is_png"):
        return math.equal(_beginning(contents, 3), b"\x89PN", name=name)


def decode_image(
    contents: Any,
    channels: int | None = None,
    dtype: Any = dtypes.uint8,
    name: str | None = None,
    expand_animations: bool = True,
) -> Tensor:
    """An image of any of the four formats, in that type; its static shape is not known. [frames, H, W, 3] of a GIF."""
    with graphs.name_scope(name, "decode_image"):
        if channels not in (None, 0, 1, 3, 4):
            raise ValueError("channels must be in (None, 0, 1, 3, 4)")
        contents = (
            conversion.convert_to_tensor(contents, dtype=dtypes.string, name="contents")
            if not isinstance(contents, Tensor)
            else contents
        )
        dtype = dtypes.as_dtype(dtype)
        wanted = 0 if channels is None else channels
        beginning = _beginning(contents, 3)

        def of_bmp() -> Tensor:
            is_bmp = math.equal(_beginning(contents, 2), "BM", name="is_bmp")
            good = math.not_equal(wanted, 1, name="check_channels")
            needed = [
                checks.Assert(is_bmp, ["Unable to decode bytes as JPEG, PNG, GIF, or BMP"], name=None),
                checks.Assert(good, ["Channels must be in (None, 0, 3, 4) when decoding BMP images"], name=None),
            ]
            with graphs.control_dependencies(needed):
                return image_colors.convert_image_dtype(decode_bmp(contents), dtype)

        def of_gif() -> Tensor:
            good = math.logical_and(math.not_equal(wanted, 1, name="check_gif_channels"), math.not_equal(wanted, 4))
            needed = checks.Assert(good, ["Channels must be in (None, 0, 3) when decoding GIF images"])
            with graphs.control_dependencies([needed]):
                frames = decode_gif(contents)
                return image_colors.convert_image_dtype(frames if expand_animations else frames[0], dtype)

        def of_gif_or_bmp() -> Tensor:
            return control_flow.cond(math.equal(beginning, b"GIF", name="is_gif"), of_gif, of_bmp, name="cond_gif")

        def of_png() -> Tensor:
            kind = dtypes.uint8 if dtype == dtypes.uint8 else dtypes.uint16
            return image_colors.convert_image_dtype(decode_png(contents, wanted, dtype=kind), dtype)

        def of_others() -> Tensor:
            return control_flow.cond(_is_png(contents), of_png, of_gif_or_bmp, name="cond_png")

        def of_jpeg() -> Tensor:
            good = math.not_equal(wanted, 4, name="check_jpeg_channels")
            needed = checks.Assert(good, ["Channels must be in (None, 0, 1, 3) when decoding JPEG images"])
            with graphs.control_dependencies([needed]):
                return image_colors.convert_image_dtype(decode_jpeg(contents, wanted), dtype)

        return control_flow.cond(is_jpeg(contents), of_jpeg, of_others, name="cond_jpeg")


def adjust_jpeg_quality(image: Any, jpeg_quality: Any, name: str | None = None) -> Tensor:
    """What JPEG of that quality, 0 to 100, leaves of an image."""
    with graphs.name_scope(name, "adjust_jpeg_quality", [image]) as name:
        image = conversion.convert_to_tensor(image, name="image")
        kind = image.dtype
        bytes_ = image_colors.convert_image_dtype(image, dtypes.uint8)
        jpeg_quality = conversion.convert_to_tensor(jpeg_quality, dtypes.int32, name="jpeg_quality")
        encoded = building.make("EncodeJpegVariableQuality", bytes_, jpeg_quality)
        return image_colors.convert_image_dtype(decode_jpeg(encoded), kind)


def random_jpeg_quality(image: Any, min_jpeg_quality: int, max_jpeg_quality: int, seed: int | None = None) -> Tensor:
    """`adjust_jpeg_quality` by a quality drawn between the two."""
    if min_jpeg_quality < 0 or max_jpeg_quality < 0 or min_jpeg_quality > 100 or max_jpeg_quality > 100:
        raise ValueError("jpeg encoding range must be between 0 and 100.")
    if min_jpeg_quality >= max_jpeg_quality:
        raise ValueError("`min_jpeg_quality` must be less than `max_jpeg_quality`.")
    quality = random.random_uniform([], min_jpeg_quality, max_jpeg_quality, seed=seed, dtype=dtypes.int32)
    return adjust_jpeg_quality(image, quality)
