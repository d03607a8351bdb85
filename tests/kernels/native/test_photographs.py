"""Native resampling of photographs: the bits of NumPy's form, for each set of instructions."""

import shutil

import numpy as np
import pytest

from jax_slim import preprocessing
from jax_slim.kernels import native
from jax_slim.preprocessing import _linear, _resampling
from jax_slim.preprocessing._taps import taps

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not any(map(shutil.which, ("c++", "g++", "clang++"))), reason="there is no C++ compiler"),
]
RNG = np.random.default_rng(0)
PHOTO = RNG.integers(0, 256, (70, 90, 3), np.uint8)
ONE = np.float32(1)


@pytest.fixture(params=["avx512", "avx2", "plain"])
def instructions(request, library):
    best = library.jax_slim_photograph_instructions()
    if not library.jax_slim_choose_photographs(request.param.encode()):
        pytest.skip(f"no {request.param} here")
    yield
    assert library.jax_slim_choose_photographs(best)


def drawn():
    """A part of a photograph, which may end where its memory does, and the taps of a crop of what it is resized to."""
    whole = RNG.integers(0, 256, (*RNG.integers(1, 60, 2), 3)).astype(np.uint8)
    image = whole[RNG.integers(len(whole)) :, RNG.integers(whole.shape[1]) :]
    rows, columns = (taps("bilinear", image.shape[axis], int(RNG.integers(1, 70))) for axis in range(2))
    start = int(RNG.integers(len(rows.indices)))
    return image, rows.part(start, 40), columns.reversed() if RNG.random() < 0.5 else columns


def resampled(image, rows, columns, *more):
    return native.resample(image, (rows.indices, rows.weights), (columns.indices, columns.weights), *more)


def test_levels_have_the_bits_of_numpys(instructions):
    for number in range(60):
        image, rows, columns = drawn()
        scale = np.float32(1 / 255) if number % 2 else ONE
        expected = _linear.resample(image, rows, columns, scale=scale)
        np.testing.assert_array_equal(resampled(image, rows, columns, scale), expected)


def test_colours_have_the_bits_of_numpys(instructions, monkeypatch):
    for number in range(60):
        image, rows, columns = drawn()
        if number % 5 == 0:
            image = image // 200 * 200  # equal channels, and black
        numbers = [*RNG.uniform((0, 0.001, -0.3), (3, 0.01, 0.3)), -1, -1]
        made = [_resampling.saturated(image, rows, columns, *map(np.float32, numbers))]
        with monkeypatch.context() as patch:
            patch.setattr(_resampling, "_natively", lambda *_: None)
            made.append(_resampling.saturated(image, rows, columns, *map(np.float32, numbers)))
        np.testing.assert_array_equal(*made)


@pytest.mark.parametrize("is_training", [False, True])
@pytest.mark.parametrize("name", ["inception", "vgg", "imagenet"])
def test_preprocessing_gives_the_same_with_them_and_without(library, monkeypatch, name, is_training):
    calls = []
    whole = native.resample
    monkeypatch.setattr(native, "resample", lambda *a: calls.append(whole(*a)) or calls[-1])
    options = {"is_training": True} if is_training else {}
    if name != "inception":
        options |= {"resize_side_min": 64, "resize_side_max": 80} if is_training else {"resize_side_min": 64}
    module = getattr(preprocessing, f"{name}_preprocessing")
    made = []
    for _ in range(2):
        rng = {"rng": np.random.default_rng(3)} if is_training else {}
        made.append(module.preprocess_image(PHOTO, 48, 56, **options, **rng))
        monkeypatch.setattr(_resampling, "_natively", lambda *_: None)
    assert len(calls) == 1 and calls[0] is not None
    np.testing.assert_array_equal(*made)


def test_there_is_nothing_without_a_library(monkeypatch):
    monkeypatch.setattr("jax_slim.kernels.native.photographs.library", lambda: None)
    rows, columns = taps("bilinear", 70, 20), taps("bilinear", 90, 30)
    assert resampled(PHOTO, rows, columns) is None
    expected = _linear.resample(PHOTO, rows, columns)
    np.testing.assert_array_equal(_resampling.exact(PHOTO, "bilinear", rows, columns), expected)


@pytest.mark.parametrize("image", [PHOTO[..., :1], PHOTO.astype(np.float32), PHOTO[:, ::-1], PHOTO[None]])
def test_other_images_are_numpys(library, monkeypatch, image):
    monkeypatch.setattr(native, "resample", None)
    assert preprocessing.resize_bilinear(image, (20, 30)).shape[-3:-1] == (20, 30)
