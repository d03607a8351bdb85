"""Boxes that were found in photographs: as lines of text, as JSON, and drawn."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jax_slim.cli.failures import CommandError

Rows = list[dict[str, Any]]


def rows_of(boxes: Any, scores: Any, classes: Sequence[Any], labels: Sequence[str], top: int, least: float) -> Rows:
    """The best boxes of an image: {"label", "class", "score", "box"} each, the best first.

    Args:
      boxes, scores, classes: of what was found.
      labels: what each is called.
      top: how many to take, at most.
      least: the least score.
    """
    order = sorted(range(len(scores)), key=lambda at: -float(scores[at]))[:top]
    return [
        {
            "label": labels[at],
            "class": int(classes[at]),
            "score": round(float(scores[at]), 6),
            "box": [round(float(side), 4) for side in boxes[at]],
        }
        for at in order
        if float(scores[at]) >= least
    ]


def show(found: Mapping[str, Rows], as_json: bool) -> None:
    """Prints what was found in each image."""
    if as_json:
        print(json.dumps(found, indent=1))
        return
    for path, rows in found.items():
        print(path if rows else f"{path}: nothing was found")
        for row in rows:
            top, left, bottom, right = row["box"]
            place = f"top {top:.3f}, left {left:.3f}, bottom {bottom:.3f}, right {right:.3f}"
            print(f"  {100 * row['score']:6.2f} %  {row['label']}  {place}")


def captions(found: Mapping[str, Rows]) -> dict[str, str]:
    """The best of each image as a line."""
    return {path: f"{rows[0]['label']} {rows[0]['score']:.0%}" for path, rows in found.items() if rows}


def draw_all(folder: str | os.PathLike[str], found: Mapping[str, Rows]) -> None:
    """Writes each image with its boxes into a folder, under its name: as JPEG where it is one, else as PNG.

    Raises:
      CommandError: an image would take another's place, or its own.
      OSError: one cannot be written.
    """
    from PIL import Image

    from jax_slim.data.photographs import read_photograph

    targets: dict[Path, str] = {}
    for path in found:
        source = Path(path)
        ending = source.suffix if source.suffix.lower() in (".jpg", ".jpeg") else ".png"
        target = Path(folder) / (source.stem + ending)
        if target in targets or (target.exists() and target.samefile(source)):
            raise CommandError(f"{target} would be written over {targets.get(target, path)}. Choose another folder.")
        targets[target] = path
    Path(folder).mkdir(parents=True, exist_ok=True)
    for target, path in targets.items():
        Image.fromarray(drawn(read_photograph(path), found[path])).save(target, quality=92)


def drawn(pixels: Any, rows: Rows) -> Any:
    """Pixels with boxes and labels on them, each class in a colour of its own: uint8 [H, W, 3]."""
    import numpy as np
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.fromarray(pixels)
    pen = ImageDraw.Draw(picture)
    side = min(picture.size)
    line, font = max(2, side // 150), ImageFont.load_default(size=max(11, side // 30))
    for row in reversed(rows):  # the best on top
        top, left, bottom, right = np.array(row["box"]) * np.array([picture.height, picture.width] * 2)
        color = _color(row["class"])
        pen.rectangle((left, top, max(right - 1, left), max(bottom - 1, top)), outline=color, width=line)
        text = f"{row['label']} {row['score']:.0%}"
        x, y, wide, tall = pen.textbbox((0, 0), text, font=font)
        at = min(max(left, 0), max(picture.width - wide - 4, 0)), max(top - tall - 4, 0)
        pen.rectangle((at[0], at[1], at[0] + wide + 4, at[1] + tall + 4), fill=color)
        pen.text((at[0] + 2 - x, at[1] + 2 - min(y, 0)), text, fill="black", font=font)
    return np.asarray(picture)


def _color(number: int) -> str:
    """Hues a golden ratio apart, so that near numbers look different."""
    return f"hsl({int(360 * (0.1 + number * 0.618034) % 360)}, 90%, 60%)"
