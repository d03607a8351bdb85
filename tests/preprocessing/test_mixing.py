"""mixup and CutMix: what comes out is made of two examples, and the labels say in which proportion."""

import numpy as np
import pytest

from jax_slim import preprocessing

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
