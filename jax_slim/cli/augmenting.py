"""Options for what training does to images besides the net's own preprocessing: RandAugment, mixup, CutMix, boxes."""

import argparse
from collections.abc import Callable
from typing import Any

from jax_slim.cli.failures import UsageError
from jax_slim.cli.flags import Flag

AUGMENT_FLAGS = (
    Flag("randaugment_layers", int, 0, "RandAugment: how many changes each image gets before the preprocessing (2)"),
    Flag("randaugment_magnitude", float, 9.0, "RandAugment: how strong they are, from 0 to 10"),
    Flag("mixup_alpha", float, 0.0, "mixup: average pairs of images and labels, by Beta(alpha, alpha) (0.2); 0: never"),
    Flag(
        "cutmix_alpha", float, 0.0, "CutMix: put a box of one image into another (1.0); with mixup, half of the batches"
    ),
)

MAX_BOXES = Flag("max_boxes", int, 100, "how many objects a picture may have")
BOX_FLAGS = (
    MAX_BOXES,
    Flag(
        "box_augmentation", str, "ssd", "ssd: other colours, expanded, cropped, mirrored; flip: mirrored alone",
        ("ssd", "flip", "none"),
    ),
)  # fmt: skip


def check(options: argparse.Namespace) -> None:
    """Raises UsageError where an option is out of its range."""
    for name in ("randaugment_layers", "mixup_alpha", "cutmix_alpha"):
        if getattr(options, name) < 0:
            raise UsageError(f"--{name} must be at least 0, got {getattr(options, name)}.")
    if not 0 <= options.randaugment_magnitude <= 10:
        raise UsageError(f"--randaugment_magnitude must be from 0 to 10, got {options.randaugment_magnitude}.")


def augmented(options: argparse.Namespace) -> Callable[[Any, Any], Any] | None:
    """(image, rng) -> image: what is done to a photograph before the preprocessing; None for nothing."""
    if not options.randaugment_layers:
        return None
    from jax_slim.preprocessing.randaugment import rand_augment

    return lambda image, rng: rand_augment(image, options.randaugment_layers, options.randaugment_magnitude, rng=rng)


def mixed(options: argparse.Namespace, num_classes: int) -> Callable[[Any, Any], Any] | None:
    """(batch, rng) -> batch with mixed images and labels [N, classes]; None where nothing is mixed."""
    import numpy as np

    from jax_slim.preprocessing.mixing import cutmix, mixup

    ways = [(way, alpha) for way, alpha in ((mixup, options.mixup_alpha), (cutmix, options.cutmix_alpha)) if alpha > 0]
    if not ways:
        return None

    def transform(batch: dict[str, Any], rng: Any) -> dict[str, Any]:
        way, alpha = ways[rng.integers(len(ways))]
        labels = np.eye(num_classes, dtype=np.float32)[batch["label"]]
        images, labels = way(batch["image"], labels, alpha, rng=rng)
        return {**batch, "image": images, "label": labels}

    return transform
