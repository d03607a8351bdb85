"""Colours of classes: those that the data sets have, and pictures in them."""

import numpy as np
import pytest

from jax_slim.datasets import colormaps
from jax_slim.datasets.label_sets import LABEL_SETS

MASK = np.array([[0, 16, 16], [52, 7, 52]])


def test_the_colours_are_the_data_sets():
    pascal = colormaps.create_label_colormap()
    assert pascal.shape == (256, 3) and pascal.dtype == np.uint8
    expected = {5: (128, 0, 128), 23: (128, 192, 128), 37: (128, 0, 192), 127: (224, 192, 192), 175: (192, 160, 192)}
    for number, color in expected.items():
        assert tuple(pascal[number]) == color
    cityscapes, ade20k = colormaps.create_label_colormap("cityscapes"), colormaps.create_label_colormap("ade20k")
    assert [tuple(cityscapes[number]) for number in (0, 10, 18)] == [(128, 64, 128), (70, 130, 180), (119, 11, 32)]
    assert [tuple(ade20k[number]) for number in (1, 3, 10, 20, 150)] == [
        (120, 120, 120), (6, 230, 230), (4, 250, 7), (204, 70, 3), (92, 0, 255),
    ]  # fmt: skip


def test_each_class_has_a_name_and_a_colour():
    sizes = {"ade20k": (151, 0), "cityscapes": (19, 255), "pascal_voc_seg": (21, 255)}
    assert {name: (found.num_classes, found.ignore_label) for name, found in LABEL_SETS.items()} == sizes
    for found in LABEL_SETS.values():
        assert found.colors.shape == (found.num_classes, 3) and len(set(found.class_names)) == found.num_classes
    assert LABEL_SETS["pascal_voc_seg"].class_names[15] == "person"
    assert LABEL_SETS["cityscapes"].class_names[6] == "traffic light"
    names = LABEL_SETS["ade20k"].class_names
    assert (names[1], names[75], names[126], names[150]) == ("wall", "computer", "pot", "flag")


def test_a_picture_of_a_mask_and_the_way_back():
    picture = colormaps.label_to_color_image(MASK)
    expected = [[[0, 0, 0], [0, 64, 0], [0, 64, 0]], [[0, 64, 192], [128, 128, 128], [0, 64, 192]]]
    np.testing.assert_array_equal(picture, expected)
    np.testing.assert_array_equal(colormaps.color_image_to_label(picture), MASK)
    picture[0, 0] = (1, 2, 3)
    assert colormaps.color_image_to_label(picture)[0, 0] == 255


def test_a_mask_over_its_image():
    image = np.full((2, 3, 3), 100, np.uint8)
    drawn = colormaps.draw_mask(image, np.where(MASK == 7, 255, MASK), alpha=0.25)
    assert tuple(drawn[0, 1]) == (75, 91, 75)  # 0.75 * 100 + 0.25 * (0, 64, 0)
    assert tuple(drawn[1, 1]) == (100, 100, 100)
    np.testing.assert_array_equal(
        colormaps.draw_mask(image[..., :1], MASK, alpha=1), colormaps.label_to_color_image(MASK)
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: colormaps.create_label_colormap("coco"), "dataset must be one of ade20k, .*, got 'coco'"),
        (lambda: colormaps.label_to_color_image(MASK[0]), r"label must be \[H, W\], got shape \(3,\)"),
        (lambda: colormaps.label_to_color_image(MASK, "cityscapes"), "label must be from 0 to 18.*, got 0 to 52"),
        (lambda: colormaps.color_image_to_label(MASK), r"image must be \[H, W, 3\]"),
        (lambda: colormaps.draw_mask(np.zeros((2, 2, 3)), MASK), "draw_mask: image must be"),
        (lambda: colormaps.draw_mask(np.zeros((2, 3, 3)), MASK, alpha=2), "alpha must be from 0 to 1, got 2"),
    ],
)
def test_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call()
