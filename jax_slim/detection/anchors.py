"""Anchors: the boxes, of a few sizes and shapes at each place of each map, that a detector's outputs are relative to.

specs = ssd_box_specs()                                          # (scale, aspect ratio) of the boxes of each map
anchors = multiple_grid_anchors([(19, 19), (10, 10), (5, 5), (3, 3), (2, 2), (1, 1)], specs)       # [1917, 4]
"""

import itertools
import math
from collections.abc import Sequence

import numpy as np

BoxSpecs = Sequence[Sequence[tuple[float, float]]]
Pairs = Sequence[tuple[float, float]]


def ssd_box_specs(
    num_layers: int = 6,
    min_scale: float = 0.2,
    max_scale: float = 0.95,
    aspect_ratios: Sequence[float] = (1.0, 2.0, 0.5, 3.0, 0.3333),
    reduce_boxes_in_lowest_layer: bool = True,
) -> list[list[tuple[float, float]]]:
    """The boxes at each place of SSD's maps, the Object Detection API's `ssd_anchor_generator`.

    Scales grow evenly from map to map. Each has one box for each aspect ratio, and a square one whose scale is between
    this map's and the next one's; the first map has three: a small square, a wide and a tall one.

    Args:
      num_layers: how many maps, the finest first.
      min_scale, max_scale: of the first and the last map, as parts of the image's side.
      aspect_ratios: width / height.
      reduce_boxes_in_lowest_layer: whether the first map has its own three boxes.

    Returns:
      For each map (scale, aspect ratio) of each box.

    Raises:
      ValueError: fewer than one map, or scales that are not 0 < min_scale <= max_scale.
    """
    if num_layers < 1:
        raise ValueError(f"ssd_box_specs: num_layers must be at least 1, got {num_layers}.")
    if not 0 < min_scale <= max_scale:
        raise ValueError(
            f"ssd_box_specs: min_scale and max_scale must be 0 < min_scale <= max_scale, got {min_scale}, {max_scale}."
        )
    step = (max_scale - min_scale) / max(num_layers - 1, 1)
    scales = [*(min_scale + step * layer for layer in range(num_layers)), 1.0]
    specs = []
    for layer, (scale, following) in enumerate(itertools.pairwise(scales)):
        if layer == 0 and reduce_boxes_in_lowest_layer:
            specs.append([(0.1, 1.0), (scale, 2.0), (scale, 0.5)])
        else:
            specs.append([*((scale, ratio) for ratio in aspect_ratios), (math.sqrt(scale * following), 1.0)])
    return specs


def multiple_grid_anchors(
    feature_map_shapes: Sequence[tuple[int, int]],
    box_specs: BoxSpecs,
    strides: Pairs | None = None,
    offsets: Pairs | None = None,
    base_size: tuple[float, float] = (1.0, 1.0),
) -> np.ndarray:
    """Boxes at each place of several maps, in the order of a detector's outputs: map, row, column, box.

    Args:
      feature_map_shapes: (height, width) of each map.
      box_specs: for each map (scale, aspect ratio) of each box, as `ssd_box_specs` makes them. A box is
        scale / sqrt(ratio) high and scale * sqrt(ratio) wide.
      strides: for each map how far its places are from each other, (y, x) as parts of the image's sides; by default
        1 / height and 1 / width.
      offsets: for each map where its first place is; by default half of a stride.
      base_size: what scales are multiplied by, (height, width): below 1 for the longer side of an image that is not
        square, so that squares are squares.

    Returns:
      float32 [anchors, 4], a constant of the program. Boxes may leave the image.

    Raises:
      ValueError: there are not as many maps as specs, strides or offsets.
    """
    for name, given in (("box_specs", box_specs), ("strides", strides), ("offsets", offsets)):
        if given is not None and len(given) != len(feature_map_shapes):
            raise ValueError(
                f"multiple_grid_anchors: {name} must be one for each of the {len(feature_map_shapes)} maps, got "
                f"{len(given)}."
            )
    found = []
    for layer, ((height, width), specs) in enumerate(zip(feature_map_shapes, box_specs, strict=True)):
        stride = (1 / height, 1 / width) if strides is None else strides[layer]
        offset = (stride[0] / 2, stride[1] / 2) if offsets is None else offsets[layer]
        scales, ratios = np.array(specs, np.float64).reshape(-1, 2).T
        sizes = np.stack([scales / np.sqrt(ratios) * base_size[0], scales * np.sqrt(ratios) * base_size[1]], -1)
        rows, columns = np.arange(height) * stride[0] + offset[0], np.arange(width) * stride[1] + offset[1]
        centers = np.stack(np.meshgrid(rows, columns, indexing="ij"), -1)[:, :, None]
        found.append(np.concatenate([centers - sizes / 2, centers + sizes / 2], -1).reshape(-1, 4))
    return np.concatenate(found).astype(np.float32)
