"""A picture of many images, each with a line of text below it."""

import math
from collections.abc import Mapping
from typing import Any

_CELL = 160  # pixels
_TEXT = 18


def draw_grid(path: str, captions: Mapping[str, str], pictures: Mapping[str, Any] | None = None) -> None:
    """Writes a PNG with every image file of `captions` (path -> text), as square as it can be.

    `pictures` (path -> uint8 [H, W, 3]) are shown in the place of the files.

    Raises:
      OSError: the PNG cannot be written.
    """
    from PIL import Image, ImageDraw, ImageFont, ImageOps

    from jax_slim.data.photographs import read_photograph

    columns = max(1, math.ceil(math.sqrt(len(captions))))
    rows = math.ceil(len(captions) / columns)
    grid = Image.new("RGB", (columns * _CELL, rows * (_CELL + _TEXT)), "white")
    pen = ImageDraw.Draw(grid)
    font = ImageFont.load_default(size=13)
    for number, (file, text) in enumerate(captions.items()):
        left, top = number % columns * _CELL, number // columns * (_CELL + _TEXT)
        small = ImageOps.contain(
            Image.fromarray(pictures[file] if pictures else read_photograph(file)), (_CELL - 6, _CELL - 6)
        )
        grid.paste(small, (left + (_CELL - small.width) // 2, top + (_CELL - small.height) // 2))
        while text and pen.textlength(text, font=font) > _CELL - 4:
            text = text[:-2].rstrip() + "…" if not text.endswith("…") else text[:-2] + "…"
        pen.text((left + _CELL / 2, top + _CELL + _TEXT / 2), text, fill="black", anchor="mm", font=font)
    grid.save(path, format="PNG")
