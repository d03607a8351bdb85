"""mixup and CutMix: what comes out is made of two examples, and the labels say in which proportion."""

import jax
import numpy as np
import pytest

from jax_slim import preprocessing
from jax_slim.preprocessing import mixing

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(6, 8, 10, 3)).astype(np.float32)
LABELS = np.eye(6, dtype=np.float32)  # example i is of class i: labels tell who was mixed


@pytest.mark.parametrize("mix", [preprocessing.mixup, preprocessing.cutmix])
def test_labels_are_the_proportions_of_images(mix):
    images, labels = mix(IMAGES, LABELS, 1.0, rng=np.random.default_rng(1))
    assert images.dtype == labels.dtype == np.float32
    np.testing.assert_allclose(labels.sum(1), 1, rtol=1e-6)
    assert ((labels > 0).sum(1) <= 2).all()
    assert ((labels > 0).sum(1) == 2).any()
    if mix is preprocessing.mixup:
        np.testing.assert_allclose(images, np.einsum("ij,jhwc->ihwc", labels, IMAGES), rtol=1e-4, atol=1e-5)
        return
    for number in range(6):
        own = np.all(images[number] == IMAGES[number], axis=-1)
        assert own.mean() == pytest.approx(labels[number, number])
        other = int(np.argmax(np.where(np.arange(6) == number, 0, labels[number])))
        if labels[number, other]:
            assert np.array_equal(images[number][~own], IMAGES[other][~own])
            rows, columns = np.nonzero(~own)
            assert len(rows) == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)  # a box


@pytest.mark.parametrize("mix", [preprocessing.mixup, preprocessing.cutmix])
def test_the_generator_decides_and_the_inputs_stay(mix):
    before = IMAGES.copy()
    first, again, other = (mix(IMAGES, LABELS, rng=np.random.default_rng(seed))[0] for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    np.testing.assert_array_equal(IMAGES, before)


def test_jax_mixes_as_numpy_does_for_the_same_draws():
    partners, parts = RNG.permutation(6), RNG.beta(1, 1, 6).astype(np.float32)
    low, high = mixing._boxes(parts, RNG.random((6, 2)), (8, 10))
    assert (high > low).any() and low.min() >= 0 and (high <= (8, 10)).all()
    for mix, draws in ((mixing.averaged, (partners, parts)), (mixing.pasted, (partners, low, high))):
        here = mix(IMAGES, LABELS, *draws)
        there = jax.jit(mix)(IMAGES, LABELS, *draws)
        for mine, theirs in zip(here, there, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)
            assert mine.dtype == theirs.dtype == np.float32


def test_a_key_mixes_in_a_trace():
    @jax.jit
    def mixed(key):
        return [mix(IMAGES, LABELS, 1.0, rng=key) for mix in (preprocessing.mixup, preprocessing.cutmix)]

    with jax.numpy_dtype_promotion("strict"):
        first, again, other = (mixed(jax.random.key(seed)) for seed in (3, 3, 4))
    for (images, labels), (same, _), (another, _) in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(images, same)
        assert np.any(images != another) and np.any(images != IMAGES)
        np.testing.assert_allclose(labels.sum(1), 1, rtol=1e-6)
    (averages, labels), (pasted, areas) = first
    np.testing.assert_allclose(averages, np.einsum("ij,jhwc->ihwc", labels, IMAGES), rtol=1e-4, atol=1e-5)
    own = np.all(np.asarray(pasted) == IMAGES, axis=-1).mean((1, 2))
    np.testing.assert_allclose(own, np.diag(areas), atol=1e-6)
    with pytest.raises(TypeError, match=r"images must be an array with known values.* or pass a JAX random key as rng"):
        jax.jit(lambda images: preprocessing.mixup(images, LABELS, rng=np.random.default_rng(0)))(IMAGES)


@pytest.mark.parametrize("name", ["mixup", "cutmix"])
@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"images": (IMAGES * 100).astype(np.uint8)}, TypeError, "images must be floats, got uint8"),
        ({"labels": np.arange(6)}, TypeError, r"labels must be floats \[N, classes\], got int64\. .*np\.eye"),
        ({"labels": LABELS[:5]}, ValueError, r"labels must be \[6, classes\], got shape \(5, 6\)"),
        ({"alpha": 0}, ValueError, "alpha must be above 0, got 0"),
        ({"rng": None}, ValueError, "rng must be a numpy.random.Generator"),
    ],
)
def test_refuses(name, change, error, message):
    arguments = {"images": IMAGES, "labels": LABELS, "rng": np.random.default_rng(0)} | change
    with pytest.raises(error, match=f"{name}: {message}"):
        getattr(preprocessing, name)(**arguments)
