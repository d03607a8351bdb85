"""Images and labels in arrays, found by their names."""

import numpy as np
import pytest

from jax_slim.data import DataLossError
from jax_slim.datasets.arrays import check_labels, count_classes, labelled, npz_arrays

IMAGES, LABELS = np.zeros((4, 2, 3, 3), np.uint8), np.array([0, 1, 2, 1])


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        (("image", "label"), [""]),
        (("X", "y"), [""]),
        (("images", "labels"), [""]),
        (("data", "targets"), [""]),
        (("arr_0", "arr_1"), [""]),
        (("x_train", "y_train", "x_test", "y_test"), ["train", "test"]),
        (("train_images", "train_labels", "val_images", "val_labels"), ["train", "val"]),
        (("X_Train", "Y_Train"), ["train"]),
    ],
)
def test_names(names, parts):
    arrays = {name: (IMAGES, LABELS)[number % 2] for number, name in enumerate(names)}
    found = labelled("f", arrays, "here")
    assert sorted(found.parts) == sorted(parts)
    for images in found.parts.values():
        assert images.images.shape == IMAGES.shape
        assert images.labels.tolist() == LABELS.tolist()
        assert images[1]["label"] == 1


def test_forms_of_images_and_labels():
    found = labelled("f", {"image": IMAGES[..., 0], "label": LABELS[:, None].astype(np.uint8)}, "here").parts[""]
    assert found.images.shape == (4, 2, 3, 1)
    assert (found.labels.dtype, found.labels.tolist()) == (np.int64, LABELS.tolist())


@pytest.mark.parametrize("dtype", ["U", "S"])
def test_labels_by_name(dtype):
    labels = np.array(["dog", "cat", "dog", "cat"]).astype(dtype)
    found = labelled("f", {"image": IMAGES, "label": labels}, "here")
    assert (found.class_names, found.parts[""].labels.tolist()) == (["cat", "dog"], [1, 0, 1, 0])
    names = np.array(["dog", "owl", "cat"])
    found = labelled("f", {"image": IMAGES, "label": labels, "class_names": names}, "here")
    assert (found.class_names, found.parts[""].labels.tolist()) == (["dog", "owl", "cat"], [0, 2, 0, 2])
    with pytest.raises(ValueError, match=r"labels must be among class_names .*got 'dog'"):
        labelled("f", {"image": IMAGES, "label": labels, "class_names": names[1:]}, "here")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, "must hold arrays called image and label"),
        ({"image": IMAGES}, "must hold arrays called image and label"),
        ({"x_train": IMAGES, "y_test": LABELS}, r"got \{'x_train': 'uint8 \[4, 2, 3, 3\]'"),
        ({"image": IMAGES / 255, "label": LABELS}, "dtype uint8, from 0 to 255, got float64 with values from 0.0"),
        ({"image": np.zeros((4, 3, 8, 8), np.uint8), "label": LABELS}, r"shape \[N, H, W, C\].* got \[4, 3, 8, 8\]"),
        ({"image": np.zeros((0, 8, 8, 3), np.uint8), "label": LABELS[:0]}, r"got \[0, 8, 8, 3\]"),
        ({"image": IMAGES, "label": LABELS[:3]}, "image and label must be of one length, got 4 and 3"),
        ({"image": IMAGES, "label": np.eye(4)}, "must be one whole number, or the name of a class, .*argmax"),
        ({"image": IMAGES, "label": LABELS / 2}, "got float64"),
    ],
)
def test_what_is_refused(arrays, message):
    with pytest.raises(ValueError, match=message):
        labelled("f", arrays, "here")


def test_npz_files(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", image=IMAGES, label=LABELS)
    assert npz_arrays("f", tmp_path / "a.npz").parts[""].labels.tolist() == LABELS.tolist()
    whole = (tmp_path / "a.npz").read_bytes()
    for damaged in (b"", b"hello", whole[:-30], whole[:60] + bytes(40) + whole[100:]):
        (tmp_path / "b.npz").write_bytes(damaged)
        with pytest.raises(DataLossError, match=r"b.npz must be a whole .npz file of plain arrays"):
            npz_arrays("f", tmp_path / "b.npz")
    np.savez(tmp_path / "c.npz", image=np.array([object()]), label=LABELS)
    with pytest.raises(DataLossError, match="plain arrays"):
        npz_arrays("f", tmp_path / "c.npz")


def test_classes_are_counted_and_checked():
    sources = list(labelled("f", {"image": IMAGES, "label": LABELS}, "here").parts.values())
    assert count_classes(sources, None) == 3
    assert count_classes(sources, ["a"] * 5) == 5
    check_labels("f", sources, 3, "here")
    with pytest.raises(ValueError, match=r"from 0 to 1 for 2 classes, got 2 of example 2 in here \(1 such"):
        check_labels("f", sources, 2, "here")
    below = labelled("f", {"image": IMAGES, "label": LABELS - 1}, "here").parts.values()
    with pytest.raises(ValueError, match="from 0 to 1 for 2 classes, got -1 of example 0"):
        check_labels("f", list(below), 2, "here")
