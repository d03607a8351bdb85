"""What is inside a net: its filters, its feature maps, and where in an image it finds a class."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jax_slim.plots.grids import displayable, grid

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def filters(weights: Any, *, columns: int | None = None, limit: int | None = 64) -> "Figure":
    """Draws the filters of a convolution.

        slim.plots.filters(variables["conv1/weights"])

    Args:
      weights: [kh, kw, in, out]. Filters of 3 channels are drawn in colour, of another number the first channel of
        each: grey is 0, white and black are the largest values of all, up and down.
      columns: how many in a row; None makes the picture about as wide as it is high.
      limit: how many filters to draw at most; None draws all.

    Returns:
      The figure.

    Raises:
      ValueError: `weights` is of another rank.
      ImportError: matplotlib is not installed.
    """
    values = np.asarray(weights, np.float32)
    if values.ndim != 4 or not values.size:
        raise ValueError(f"filters: weights must be [kh, kw, in, out], got shape {values.shape}.")
    values = np.moveaxis(values, -1, 0)[:limit]
    values = values if values.shape[-1] == 3 else values[..., 0]
    shown = 0.5 + values / (2 * max(float(np.abs(values).max()), 1e-12))
    figure, panels = grid("filters", len(shown), columns)
    for panel, image in zip(panels, shown, strict=True):
        panel.imshow(image, cmap="gray", vmin=0, vmax=1)
    return figure


def feature_maps(activations: Any, *, columns: int | None = None, limit: int | None = 64) -> "Figure":
    """Draws what the channels of a layer make of one image, each from its smallest value to its largest.

        stem = slim.nets.features(model, "conv2")
        slim.plots.feature_maps(stem.apply(variables, images[:1])["conv2"])

    Args:
      activations: [H, W, C], or [1, H, W, C].
      columns: how many in a row; None makes the picture about as wide as it is high.
      limit: how many channels to draw at most; None draws all.

    Returns:
      The figure.

    Raises:
      ValueError: `activations` is of another shape.
      ImportError: matplotlib is not installed.
    """
    values = np.asarray(activations, np.float32)
    if values.ndim == 4 and len(values) == 1:
        values = values[0]
    if values.ndim != 3 or not values.size:
        raise ValueError(f"feature_maps: activations must be [H, W, C] of one image, got shape {values.shape}.")
    maps = np.moveaxis(values, -1, 0)[:limit]
    figure, panels = grid("feature_maps", len(maps), columns)
    for panel, image in zip(panels, maps, strict=True):
        panel.imshow(image, cmap="viridis")
    return figure


def heat_maps(images: Any, maps: Any, captions: Sequence[str] | None = None, *, columns: int | None = None) -> "Figure":
    """Draws maps over the images that they belong to: red where a map is 1, blue where it is 0.

        maps = slim.nets.grad_cam(model, variables, images, "pool5")
        slim.plots.heat_maps(images, maps)

    Args:
      images: [N, H, W, C] or [N, H, W], as `image_grid` takes them.
      maps: [N, h, w] from 0 to 1, of any size: they are stretched over the images.
      captions: a text for each; None for none.
      columns: how many in a row; None makes the picture about as wide as it is high.

    Returns:
      The figure.

    Raises:
      ValueError: shapes that do not fit.
      ImportError: matplotlib is not installed.
    """
    pixels = displayable("heat_maps", images)
    heat = np.asarray(maps, np.float32)
    if heat.ndim != 3 or len(heat) != len(pixels):
        raise ValueError(f"heat_maps: maps must be [{len(pixels)}, h, w], one for each image, got shape {heat.shape}.")
    if captions is not None and len(captions) != len(pixels):
        raise ValueError(f"heat_maps: captions must be one for each of {len(pixels)} images, got {len(captions)}.")
    figure, panels = grid("heat_maps", len(pixels), columns, captioned=captions is not None)
    height, width = pixels.shape[1:3]
    extent = (-0.5, width - 0.5, height - 0.5, -0.5)
    for number, panel in enumerate(panels):
        panel.imshow(pixels[number], cmap="gray", vmin=0, vmax=1, extent=extent)
        panel.imshow(heat[number], cmap="jet", vmin=0, vmax=1, alpha=0.45, extent=extent, interpolation="bilinear")
        if captions is not None:
            panel.set_title(captions[number], fontsize=8)
    return figure
