"""Masks in files: the numbers of pixels, whatever they look like."""

import io

import numpy as np
import pytest
from PIL import Image

from jax_slim.data import mask_images
from jax_slim.data.errors import DataLossError

MASK = np.array([[0, 1, 2], [20, 255, 7]], np.uint8)


def png(image, **options):
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    return file.getvalue()


@pytest.mark.parametrize("colors", [None, np.arange(768, dtype=np.uint8).reshape(256, 3)[:, ::-1]])
def test_what_is_written_is_read(colors):
    contents = mask_images.encode_mask(MASK, colors)
    np.testing.assert_array_equal(mask_images.decode_mask(contents), MASK)
    image = Image.open(io.BytesIO(contents))
    assert image.mode == ("L" if colors is None else "P")
    if colors is not None:
        np.testing.assert_array_equal(np.asarray(image.convert("RGB"))[1, 0], colors[20])


def test_reads_masks_of_other_kinds(tmp_path):
    wide = MASK.astype(np.uint16) + 300
    found = mask_images.decode_mask(png(Image.fromarray(wide)))
    np.testing.assert_array_equal(found, wide)
    assert found.dtype == np.int32
    np.testing.assert_array_equal(mask_images.decode_mask(png(Image.fromarray(MASK > 1))), (MASK > 1).astype(np.uint8))
    grey = Image.fromarray(np.repeat(MASK[..., None], 3, -1))
    np.testing.assert_array_equal(mask_images.decode_mask(png(grey)), MASK)
    file = tmp_path / "mask.png"
    file.write_bytes(png(Image.fromarray(MASK)))
    np.testing.assert_array_equal(mask_images.read_mask(file), MASK)


def test_colours_and_damage_are_refused(tmp_path):
    file = tmp_path / "colours.png"
    file.write_bytes(png(Image.fromarray(np.arange(18, dtype=np.uint8).reshape(2, 3, 3))))
    with pytest.raises(
        DataLossError, match=r"colours\.png: decode_mask: .* one number for each pixel.* got colours \(RGB"
    ):
        mask_images.read_mask(file)
    for contents in (b"", b"none", png(Image.fromarray(MASK))[:40]):
        with pytest.raises(DataLossError, match="decode_mask: contents must be an image"):
            mask_images.decode_mask(contents)
    for mask in (MASK[0], MASK / 2, MASK.astype(int) - 1, MASK.astype(int) * 2):
        with pytest.raises(ValueError, match="encode_mask: mask must be"):
            mask_images.encode_mask(mask)
