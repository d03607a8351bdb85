"""Options of segmentation: those of training, and at which scales nets run."""

import argparse
from typing import Any

from jax_slim.cli.failures import UsageError
from jax_slim.cli.flags import Flag, listed

MASK_FLAGS = (
    Flag("output_stride", int, None, "how many times smaller than the images the last map is: 8, 16 or 32"),
    Flag("atrous_rates", str, None, "of the pyramid's convolutions, between commas; by default as published"),
    Flag("decoder_output_stride", int, None, "of the features that refine the last map; 0 for no decoder"),
    Flag("fine_tune_batch_norm", bool, True, "train batch norm; false for batches of less than 12 or so"),
    Flag("class_weights", str, None, "how much the pixels of each class count, between commas"),
    Flag("top_k_percent_pixels", float, 1.0, "the share of pixels that counts: those that cost most"),
    Flag("hard_example_mining_step", int, 0, "the step at which that share is reached, falling from 1"),
    Flag("last_layer_gradient_multiplier", float, 1.0, "how much faster than the others the last layers learn"),
    Flag("min_scale_factor", float, 0.5, "images are resized by a factor from this"),
    Flag("max_scale_factor", float, 2.0, "to this"),
    Flag("scale_factor_step_size", float, 0.25, "in steps of this; 0 for any factor between"),
)
"""Those of research/deeplab's train.py."""

SCALE_FLAGS = (
    Flag("eval_scales", str, "1.0", "at which scales of the images to run the net, between commas"),
    Flag("add_flipped_images", bool, False, "run the net over mirror images too"),
)
"""Those of its eval.py."""


def add_scale_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds `SCALE_FLAGS` to a command whose options come from nowhere else."""
    group = parser.add_argument_group("segmentation")
    scales, flipped = SCALE_FLAGS
    group.add_argument(f"--{scales.name}", metavar="X,X", default=scales.default, help=f"{scales.help} (default 1.0)")
    group.add_argument(f"--{flipped.name}", action="store_true", help=flipped.help)


def scales_of(options: argparse.Namespace) -> tuple[float, ...]:
    """The scales of `--eval_scales`.

    Raises:
      UsageError: they are none.
    """
    scales = numbers(options, "eval_scales", float)
    if not scales or not min(scales) > 0:
        raise UsageError(f"--eval_scales must be numbers above 0, between commas, got {options.eval_scales!r}.")
    return tuple(scales)


def numbers(options: argparse.Namespace, flag: str, kind: type) -> list[Any] | None:
    """'6,12,18' -> [6, 12, 18]; None for an option that was not given.

    Raises:
      UsageError: it is no list of such numbers.
    """
    text = getattr(options, flag)
    if text is None:
        return None
    try:
        return [kind(part) for part in listed(text)]
    except ValueError:
        raise UsageError(f"--{flag} must be numbers between commas, got {text!r}.") from None
