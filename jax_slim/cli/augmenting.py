"""Options for what training does to images besides the net's own preprocessing: RandAugment, mixup, CutMix, boxes."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jax_slim.cli.failures import UsageError
from jax_slim.cli.flags import Flag

if TYPE_CHECKING:
    from jax_slim.nets.creation import NetModel

AUGMENT_FLAGS = (
    Flag("randaugment_layers", int, 0, "RandAugment: how many changes each image gets before the preprocessing (2)"),
    Flag("randaugment_magnitude", float, 9.0, "RandAugment: how strong they are, from 0 to 10"),
    Flag("mixup_alpha", float, 0.0, "mixup: average pairs of images and labels, by Beta(alpha, alpha) (0.2); 0: never"),
    Flag(
        "cutmix_alpha", float, 0.0, "CutMix: put a box of one image into another (1.0); with mixup, half of the batches"
    ),
    Flag(
        "preprocess_on_device",
        bool,
        False,
        "decode and cut here; resize, mirror, change colours, mix on the device: for one that threads cannot feed",
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
    """(batch, rng) -> batch with mixed images and labels [N, classes]; None where nothing is mixed here."""
    import numpy as np

    ways = _ways(options)
    if not ways or options.preprocess_on_device:
        return None

    def transform(batch: dict[str, Any], rng: Any) -> dict[str, Any]:
        way, alpha = ways[rng.integers(len(ways))]
        labels = np.eye(num_classes, dtype=np.float32)[batch["label"]]
        images, labels = way(batch["image"], labels, alpha, rng=rng)
        return {**batch, "image": images, "label": labels}

    return transform


def on_device(model: "NetModel", options: argparse.Namespace) -> Callable[[Any, Any], Any] | None:
    """(batch, key) -> batch with prepared and mixed images: what a step does first; None where the host does it."""
    if not options.preprocess_on_device:
        return None
    import jax

    prepare, ways = model.device_preprocessing(True, options.use_grayscale), _ways(options)

    def transform(batch: dict[str, Any], key: Any) -> dict[str, Any]:
        for_images, for_way, for_mixing = jax.random.split(key, 3)
        batch = prepare(batch, for_images)
        if not ways:
            return batch
        labels = jax.nn.one_hot(batch["label"], model.num_classes or 0)
        mixed = [lambda one, way=way, alpha=alpha: way(batch["image"], labels, alpha, rng=one) for way, alpha in ways]
        number = jax.random.randint(for_way, (), 0, len(ways))
        images, labels = jax.lax.switch(number, mixed, for_mixing)
        return {**batch, "image": images, "label": labels}

    return transform


def _ways(options: argparse.Namespace) -> list[tuple[Callable[..., Any], float]]:
    """The ways in which examples are mixed, and their alphas."""
    from jax_slim.preprocessing.mixing import cutmix, mixup

    return [(way, alpha) for way, alpha in ((mixup, options.mixup_alpha), (cutmix, options.cutmix_alpha)) if alpha > 0]
