"""From the options that name a data set to batches of prepared images."""

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jax_slim.cli import augmenting
from jax_slim.cli.failures import CommandError, UsageError
from jax_slim.cli.flags import Flag

if TYPE_CHECKING:
    from jax_slim.nets.creation import NetModel
    from jax_slim.preprocessing.preparation import Preparation

DATA_FLAGS = (
    Flag("dataset_dir", str, None, "a folder of image folders, one a class; or of TFRecords; or a CSV or .npz file"),
    Flag(
        "dataset_name", str, None, "mnist, cifar10, flowers, imagenet, digits: how to read it, where it is one of these"
    ),
    Flag("labels_offset", int, 0, "subtracted from the labels, for nets without ImageNet's class for background"),
    Flag("num_preprocessing_threads", int, None, "threads that decode and prepare images; by default the cores"),
    Flag("use_grayscale", bool, False, "make the images grey, of one channel"),
    Flag("skip_damaged", bool, False, "leave out images and records that are damaged, instead of stopping"),
)

_LISTED = 20
"""How many damaged examples are named."""


def open_data(options: argparse.Namespace, split: str) -> Any:
    """The data set of the options: examples by number, with `num_classes` and `class_names`."""
    if not options.dataset_dir and options.dataset_name != "digits":
        raise UsageError("--dataset_dir must say where the images or records are.")
    from jax_slim.data.photographs import passed_over_text
    from jax_slim.datasets import open_dataset

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # told below, as the command tells things
        data = open_dataset(options.dataset_dir, split, dataset_name=options.dataset_name)
    if data.passed_over is not None and split == options.dataset_split_name:  # not once more for validation
        print(passed_over_text(str(options.dataset_dir), data.passed_over), file=sys.stderr)
    return data


def list_damaged(batches: Any) -> None:
    """Tells which examples `--skip_damaged` left out of the batches of `batches`."""
    damaged = batches.damaged
    if not damaged:
        return
    lines = [f"  {text}" for _, text in sorted(damaged.items())]
    more = [f"  ... and {len(lines) - _LISTED} more"] if len(lines) > _LISTED else []
    print("\n".join([f"left out as damaged ({len(lines)}):", *lines[:_LISTED], *more]), file=sys.stderr)


def channels_of(data: Any, options: argparse.Namespace) -> int:
    """How many channels the images have."""
    from jax_slim.data.errors import DataLossError

    if options.use_grayscale:
        return 1
    for number in range(len(data)):
        try:
            return int(data[number]["image"].shape[-1])
        except DataLossError:
            if not options.skip_damaged:
                raise
    raise CommandError(f"{options.dataset_dir}: every image is damaged.")


def prepared(
    model: "NetModel", options: argparse.Namespace, is_training: bool, numbers: Sequence[int | None] | None = None
) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """What makes a prepared image and a label of the net's out of an example; runs in the pipeline's threads.

    For training with `--preprocess_on_device` the image is only cut; `augmenting.on_device` has the rest.

    Args:
      model, options: the net, and the options of the data.
      is_training: whether to distort images at random.
      numbers: the net's class for each label of the data (`class_names.numbers_by_name`); None subtracts
        `labels_offset`.

    Raises:
      CommandError: the net is one of video.
    """
    import numpy as np

    if model.preprocessing is None:
        raise UsageError(f"{model.name} takes video, which this command does not read.")
    finish = _finishing(model, options, is_training)
    augment = augmenting.augmented(options) if is_training else None
    classes, offset = model.num_classes or 0, options.labels_offset

    def transform(example: dict[str, Any], rng: Any) -> dict[str, Any]:
        given = int(example["label"])
        label = given - offset if numbers is None else numbers[given] if 0 <= given < len(numbers) else None
        if label is None or not 0 <= label < classes:
            # One-hot encoded it would silently become a row of zeros.
            raise CommandError(
                f"a label is {given}, and with --labels_offset={offset} the net's {classes} classes are "
                f"{offset} to {classes + offset - 1}. Give the --labels_offset or --num_classes of this data."
            )
        image = example["image"] if augment is None else augment(example["image"], rng)
        return finish({"image": image, "label": np.int32(label)}, rng)

    return transform


def _finishing(
    model: "NetModel", options: argparse.Namespace, is_training: bool
) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """(example, rng) -> the example with its image prepared, or cut for the device."""
    if is_training and options.preprocess_on_device:
        return model.device_preprocessing(True, options.use_grayscale).cut
    prepare = preparing(model, is_training, options.use_grayscale)
    return lambda example, rng: {**example, "image": prepare(example["image"], rng)}


def preparing(
    model: "NetModel | Preparation", is_training: bool = False, use_grayscale: bool = False
) -> Callable[..., Any]:
    """(image, rng) -> the image as the net takes it: colours are weighed for one of grey images, grey is repeated."""
    import numpy as np

    grey = model.preprocessing_fn(is_training, True) if model.channels == 1 else None
    plain = model.preprocessing_fn(is_training, use_grayscale and grey is None)

    def prepare(image: Any, rng: Any = None) -> Any:
        if grey is not None and image.shape[-1] == 3:
            return grey(image, rng)
        if model.channels == 3 and image.shape[-1] == 1:
            image = np.repeat(image, 3, axis=-1)
        return plain(image, rng)

    return prepare


def batches(
    data: Any,
    model: "NetModel",
    options: argparse.Namespace,
    batch_size: int,
    is_training: bool,
    seed: int = 0,
    numbers: Sequence[int | None] | None = None,
) -> Any:
    """Batches of prepared images: shuffled and without end for training, all once and in order for evaluation.

    `numbers` is as for `prepared`.
    """
    mixed = augmenting.mixed(options, model.num_classes or 0) if is_training else None
    return pipeline_of(
        data, prepared(model, options, is_training, numbers), options, batch_size, is_training, seed, mixed
    )


def pipeline_of(
    data: Any,
    transform: Callable[[Any, Any], Any],
    options: argparse.Namespace,
    batch_size: int,
    is_training: bool,
    seed: int,
    transform_batch: Callable[[Any, Any], Any] | None = None,
) -> Any:
    """Batches of what `transform` makes of examples, for any task: shuffled and without end for training.

    For evaluation they are all examples once, in order; the last batch is filled up.
    """
    from jax_slim.data.pipelines import pipeline

    return pipeline(
        data,
        transform,
        batch_size=batch_size,
        shuffle=is_training,
        seed=seed,
        num_epochs=None if is_training else 1,
        drop_last=True if is_training else "pad",
        num_threads=options.num_preprocessing_threads,
        errors="skip" if options.skip_damaged else "raise",
        transform_batch=transform_batch,
    )


def image_files(given: Sequence[str]) -> Iterator[str]:
    """The files among these paths, and all images in the folders among them.

    Raises:
      CommandError: a folder has none.
    """
    from jax_slim.data.photographs import FOLDERS, IMAGE_ENDINGS, has_image_ending, passed_over, passed_over_text

    for path in given:
        if not os.path.isdir(path):
            yield path
            continue
        folders = sorted(folder for folder, _, _ in os.walk(path))
        inside = sorted(str(file) for file in Path(path).rglob("*") if has_image_ending(file) and file.is_file())
        others = {what: count for what, count in passed_over(folders).items() if what != FOLDERS}
        told = passed_over_text(path, others) if others else ""
        if not inside:
            raise CommandError(told or f"{path} holds no images ({', '.join(IMAGE_ENDINGS)}).")
        if told:
            print(f"jax-slim predict: {told}", file=sys.stderr)
        yield from inside


def tell_unreadable(path: str, error: Exception, what: str = "predict") -> None:
    """Says on standard error, while other files are gone on with, that one cannot be read."""
    reason = f"{path}: {error.strerror or error}" if isinstance(error, OSError) else error
    print(f"jax-slim {what}: error: {reason}", file=sys.stderr)


def photographs(
    paths: Sequence[str],
    batch_size: int,
    channels: int,
    prepare: Callable[[Any], Any],
    failed: list[str],
    what: str = "predict",
) -> Iterator[list[tuple[str, Any]]]:
    """Photographs by their paths, prepared, several at a time; those that cannot be read are told, and go to `failed`.

    Args:
      paths: the files.
      batch_size: how many at a time, at most.
      channels: that they are read with.
      prepare: pixels -> what a net takes.
      failed: grows by the paths of those that could not be read.
      what: is done with them, as the progress bar and messages say.
    """
    from jax_slim.data.errors import DataLossError
    from jax_slim.data.photographs import read_photograph
    from jax_slim.progress import Progress

    with Progress(len(paths), what, unit="images") as progress:
        for start in range(0, len(paths), batch_size):
            prepared = []
            for path in paths[start : start + batch_size]:
                try:
                    pixels = read_photograph(path, channels)
                except (OSError, DataLossError) as error:
                    tell_unreadable(path, error, what)
                    failed.append(path)
                else:
                    prepared.append((path, prepare(pixels)))
            if prepared:
                yield prepared
            progress.update(min(start + batch_size, len(paths)))
