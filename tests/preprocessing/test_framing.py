"""Photographs as timm, torchvision and Keras prepare them, recorded by `tests/checkpoints/peers/record_images.py`."""

import numpy as np
import pytest

import golden
from jax_slim.preprocessing.framing import SCALES, Framing, framed
from jax_slim.preprocessing.imagenet_preprocessing import DEVIATION, MEAN

RECORDED = golden.stored(golden.FOLDER / "peers" / "images.npz")
FRAMINGS = {
    "timm/mobilenetv2_050": (Framing(0.875, "bicubic"), "imagenet"),
    "timm/resnet50": (Framing(0.95, "bicubic"), "imagenet"),
    "timm/tf_mobilenetv3_small_minimal_100": (Framing(0.875, "bilinear"), "inception"),
    "torchvision/mobilenet_v2": (Framing(0.875, "bilinear"), "imagenet"),
    "torchvision/mobilenet_v2-7ebf99e0": (Framing(0.9655, "bilinear"), "imagenet"),
    "torchvision/inception_v3": (Framing(0.8742, "bilinear"), "inception"),
    "keras/MobileNetV2": (Framing(None, "nearest"), "inception"),
    "keras/VGG16": (Framing(None, "nearest"), "vgg"),
}


def photograph(rows, columns):
    """As in `record_images.py`."""
    y, x = np.mgrid[:rows, :columns].astype(np.float64)
    noise = np.random.default_rng(rows).uniform(-40, 40, (rows, columns, 3))
    waves = [128 + 80 * np.sin(x / 9 + y / (5 + c)) + 20 * c * (y / rows) for c in range(3)]
    return (np.stack(waves, -1) + noise).clip(0, 255).astype(np.uint8)


def expected(name, key):
    """What the library made of it: the net of torchvision's Inception undoes the scale, VGG16's has blue first."""
    found = RECORDED[key]
    if name == "torchvision/inception_v3":
        return (found * np.float32(DEVIATION) + np.float32(MEAN)) * 2 - 1
    return found[..., ::-1] if name == "keras/VGG16" else found


@pytest.mark.parametrize("name", FRAMINGS)
def test_photographs_as_the_libraries_prepare_them(name):
    framing, preprocessing = FRAMINGS[name]
    keys = [key for key in RECORDED if key.startswith(f"{name} ")]
    assert len(keys) == 3
    for key in keys:
        image = photograph(*map(int, key.split()[1:]))
        size = 299 if "inception" in name else 224
        prepared = SCALES[preprocessing](framed(image, size, size, framing).astype(np.float32))
        # The means of Keras have one digit more.
        tolerance = 2e-3 if name == "keras/VGG16" else 1e-6
        np.testing.assert_allclose(prepared[::16, ::16], expected(name, key), rtol=0, atol=tolerance, err_msg=key)


def test_what_is_refused():
    image = photograph(30, 40)
    with pytest.raises(ValueError, match="crop must be above 0 and at most 1, or None, got"):
        framed(image, 8, 8, Framing(1.5))
    with pytest.raises(ValueError, match="interpolation must be one of nearest, bilinear, bicubic, got 'lanczos'"):
        framed(image, 8, 8, Framing(0.875, "lanczos"))
    with pytest.raises(TypeError, match=r"uint8 \[height, width, 3\], got float32 \[30, 40, 3\]"):
        framed(image.astype(np.float32), 8, 8, Framing())
