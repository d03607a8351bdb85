"""Many small pictures in one."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jax_slim.plots.figures import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RIGHT, WRONG = "tab:green", "tab:red"
"""The colours of captions that say whether a net was right."""


def image_grid(
    images: Any,
    captions: Sequence[str] | None = None,
    *,
    colors: Sequence[str] | None = None,
    columns: int | None = None,
    limit: int | None = 64,
) -> "Figure":
    """Draws images in rows, each with a caption above it.

        slim.plots.image_grid(batch["image"], [names[label] for label in batch["label"]])

    Args:
      images: [N, H, W, C] or [N, H, W]; C is 1 or 3. Bytes are taken as they are, and so are floats from 0 to 1; other
        floats, as preprocessing makes them, are stretched over the range of all images.
      captions: a text for each; None for none.
      colors: matplotlib's name of a colour for each caption; None makes all black.
      columns: how many in a row; None makes the picture about as wide as it is high.
      limit: how many images to draw at most, the first; None draws all.

    Returns:
      The figure.

    Raises:
      ValueError: `images` is of another shape, or there are fewer captions or colours than images.
      ImportError: matplotlib is not installed.
    """
    pixels = displayable("image_grid", images)
    for name, texts in (("captions", captions), ("colors", colors)):
        if texts is not None and len(texts) != len(pixels):
            raise ValueError(f"image_grid: {name} must be one for each of {len(pixels)} images, got {len(texts)}.")
    pixels = pixels[:limit]
    figure, panels = grid("image_grid", len(pixels), columns, captioned=captions is not None)
    for number, (panel, image) in enumerate(zip(panels, pixels, strict=True)):
        panel.imshow(image, cmap="gray", vmin=0, vmax=1)
        if captions is not None:
            panel.set_title(captions[number], fontsize=8, color="black" if colors is None else colors[number])
    return figure


def grid(caller: str, count: int, columns: int | None = None, captioned: bool = False) -> "tuple[Figure, list[Axes]]":
    """A new figure and its panels, which have no axes; their pictures keep their shape."""
    if columns is not None and columns < 1:
        raise ValueError(f"{caller}: columns must be at least 1, got {columns}.")
    columns = min(columns or math.ceil(math.sqrt(count * 1.6)), count)
    rows = math.ceil(count / columns)
    side = min(1.6, max(0.55, 10 / columns))
    figure = new_figure(caller, columns * side, rows * (side + (0.25 if captioned else 0)))
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    for panel in panels:
        panel.set_axis_off()
    return figure, panels[:count]


def displayable(caller: str, images: Any) -> np.ndarray:
    """[N, H, W, 1 or 3] -> floats from 0 to 1, [N, H, W] or [N, H, W, 3]."""
    pixels = np.asarray(images)
    if pixels.ndim not in (3, 4) or (pixels.ndim == 4 and pixels.shape[-1] not in (1, 3)) or not pixels.size:
        raise ValueError(f"{caller}: images must be [N, H, W, 1 or 3] or [N, H, W], got shape {pixels.shape}.")
    if pixels.ndim == 4 and pixels.shape[-1] == 1:
        pixels = pixels[..., 0]
    if pixels.dtype == np.uint8:
        return pixels / np.float32(255)
    pixels = pixels.astype(np.float32)
    low, high = (float(np.nanmin(pixels)), float(np.nanmax(pixels)))
    if low >= 0 and high <= 1:
        return pixels
    return (pixels - low) / max(high - low, 1e-12)
