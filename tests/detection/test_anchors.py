"""Anchors equal the originals'."""

import numpy as np
import pytest

import ssd_recordings as recordings
from jax_slim import detection


@pytest.mark.parametrize(
    ("net", "maps"),
    [("ssd_mobilenet_v1", [6, 3, 2, 1, 1, 1]), ("ssdlite_mobilenet_v2", [4, 2, 1, 1, 1, 1])],
)
def test_the_anchors_of_the_object_detection_api(net, maps):
    anchors = detection.multiple_grid_anchors([(side, side) for side in maps], detection.ssd_box_specs())
    np.testing.assert_allclose(anchors, recordings.recorded(net)["anchors"], atol=3e-7)


def test_ssd_at_300_pixels_has_1917():
    maps = [(side, side) for side in (19, 10, 5, 3, 2, 1)]
    assert detection.multiple_grid_anchors(maps, detection.ssd_box_specs()).shape == (1917, 4)


def test_order_strides_and_sizes():
    found = detection.multiple_grid_anchors([(1, 2)], [[(0.5, 1.0), (0.5, 4.0)]], base_size=(1.0, 0.5))
    expected = [[0.25, 0.125, 0.75, 0.375], [0.375, 0.0, 0.625, 0.5],
                [0.25, 0.625, 0.75, 0.875], [0.375, 0.5, 0.625, 1.0]]  # fmt: skip
    np.testing.assert_allclose(found, expected)
    moved = detection.multiple_grid_anchors([(1, 2)], [[(0.5, 1.0)]], strides=[(1, 0.25)], offsets=[(0.5, 0.25)])
    np.testing.assert_allclose(moved, [[0.25, 0, 0.75, 0.5], [0.25, 0.25, 0.75, 0.75]])
    assert [len(boxes) for boxes in detection.ssd_box_specs(3, reduce_boxes_in_lowest_layer=False)] == [6, 6, 6]


def test_refusals():
    with pytest.raises(ValueError, match="box_specs must be one for each of the 2 maps, got 1"):
        detection.multiple_grid_anchors([(1, 1), (2, 2)], [[(1.0, 1.0)]])
    with pytest.raises(ValueError, match=r"0 < min_scale <= max_scale, got 0\.5, 0\.2"):
        detection.ssd_box_specs(6, 0.5, 0.2)
