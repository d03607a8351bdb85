"""`--calibrate`: nets whose convolutions multiply bytes, by the ranges of numbers that a folder of images shows."""

import argparse
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from jax_slim.cli.failures import CommandError
from jax_slim.cli.flags import Flag

if TYPE_CHECKING:
    from jax_slim.core.model import Model
    from jax_slim.nets.creation import NetModel

CALIBRATE = Flag(
    "calibrate", str, None, "multiply bytes, rounded as suits what the net computes for the images of this folder"
)

_MOST = 500
"""Images that are looked at: of more, so many all over the folder."""
_AT_A_TIME = 8


def add_calibrate(parser: argparse.ArgumentParser) -> None:
    """Adds the flag to a command whose flags are argparse's own."""
    parser.add_argument(f"--{CALIBRATE.name}", metavar="DIR", help=CALIBRATE.help)


def calibrated(
    function: Callable[[Any], Any], net: "NetModel", variables: Any, folder: str | None
) -> tuple["Model", Any]:
    """A program of prepared images and its variables, quantized where a folder is given.

    Raises:
      CommandError: the folder has no images that can be read.
    """
    from jax_slim.core.model import Model
    from jax_slim.inference import quantize

    model = Model(function)
    if folder is None:
        return model, variables
    return quantize(model, variables, _batches(net, folder))


def _batches(net: "NetModel", folder: str) -> Iterator[Any]:
    import numpy as np

    from jax_slim.cli.inputs import photographs, preparing

    paths = images_in(folder)
    failed: list[str] = []
    channels = 4 if net.channels == 4 else 3
    for some in photographs(paths, _AT_A_TIME, channels, preparing(net), failed, "calibrate"):
        images = np.stack([image for _, image in some])
        # Filled up by images again, which changes no range, so that one program is compiled.
        yield np.concatenate([images, images[:1].repeat(_AT_A_TIME - len(images), 0)])
    check_read(folder, paths, failed)


def images_in(folder: str) -> list[str]:
    """The images of a folder that are looked at."""
    from jax_slim.cli.inputs import image_files

    paths = list(image_files([folder]))
    step = max(1.0, len(paths) / _MOST)
    return [paths[int(number * step)] for number in range(min(len(paths), _MOST))]


def check_read(folder: str, paths: list[str], failed: list[str]) -> None:
    """Refuses a folder of whose images none could be read."""
    if len(failed) == len(paths):
        raise CommandError(f"--calibrate: {folder} must have images that can be read.")
