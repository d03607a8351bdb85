"""`jax-slim convert`: images to TFRecords, and checkpoints from one format or library to another."""

import argparse
import contextlib
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jax_slim.cli.failures import CommandError, UsageError

HELP = """make TFRecords of images, or convert a checkpoint: TensorFlow, safetensors, orbax; from and to timm and others

  jax-slim convert flower_photos flowers             a folder of images for each class -> flowers/*.tfrecord
  jax-slim convert photos.csv records --skip_damaged    a CSV file with the columns filename and label
  jax-slim convert mnist.npz records                 arrays image and label, or x_train, y_train, x_test, y_test
  jax-slim convert cifar-10-python.tar.gz cifar10    the files in which CIFAR-10 or MNIST were published
  jax-slim convert model.ckpt-1000 model.safetensors
  jax-slim convert my_run model.ckpt-1200            the newest checkpoint of a run
  jax-slim convert vgg_16.ckpt vgg_run --format=orbax
  jax-slim convert frozen.pb weights.safetensors     the weights of a frozen graph, under the variables' names
  jax-slim convert resnet50.pth resnet_run --format=orbax          files of timm, torchvision and Keras
  jax-slim convert my_run mobilenet.safetensors --to=timm          and the way back
  jax-slim convert my_run mobilenet.weights.h5 --to=keras

The records are those of TF-Slim's scripts, which TF-Slim can read. They appear when all of them are complete."""

# Option -> its argument of `datasets.convert` or `checkpoints.convert_checkpoint`.
_FOR_IMAGES = ("name", "num_shards", "validation_fraction", "seed", "skip_damaged")
_FOR_CHECKPOINTS = ("format", "include", "exclude", "moving_average", "variables_only", "to", "origin")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("source", help="images with labels, or a checkpoint")
    parser.add_argument("target", help="a folder for TFRecords; or a checkpoint: x.ckpt-1, x.safetensors, a directory")
    parser.add_argument("--overwrite", action="store_true", help="replace what is at the target")
    images = parser.add_argument_group("images")
    images.add_argument("--name", help="what the files' names begin with; by default the source's name")
    images.add_argument("--num_shards", type=int, metavar="N", help="files for each part (default 5)")
    images.add_argument(
        "--validation_fraction", type=float, metavar="X",
        help="the share of each class for validation, where the source is not divided (default 0.1)",
    )  # fmt: skip
    images.add_argument("--seed", type=int, metavar="N", help="decides the division and the order (default 0)")
    images.add_argument(
        "--skip_damaged", action="store_true", default=None, help="leave out images that are damaged or none"
    )
    checkpoints = parser.add_argument_group("checkpoints")
    checkpoints.add_argument(
        "--format", choices=("tensorflow", "safetensors", "orbax"), help="of the target; by default what its name says"
    )
    checkpoints.add_argument(
        "--to",
        metavar="LIBRARY",
        help="timm, torchvision or keras: a file of theirs, of their net that is the same function",
    )
    checkpoints.add_argument(
        "--origin", metavar="NET", help="whose net the source is of, where it cannot tell: timm/mobilenetv3_large_100"
    )
    checkpoints.add_argument("--include", action="append", help="only names that begin like this expression")
    checkpoints.add_argument("--exclude", action="append", help="without names that begin like this expression")
    checkpoints.add_argument(
        "--moving_average", action="store_true", default=None, help="put the moving averages in place of the variables"
    )
    checkpoints.add_argument(
        "--variables_only", action="store_true", default=None, help="without the optimizer and moving averages"
    )


def run(options: argparse.Namespace) -> int:
    """Finds out what the source is, and converts it."""
    if _is_checkpoint(options):
        _refuse(options, _FOR_IMAGES, "images")
        return _checkpoint(options)
    _refuse(options, _FOR_CHECKPOINTS, "checkpoints")
    return _images(options)


def _images(options: argparse.Namespace) -> int:
    from jax_slim.datasets.converting import convert

    chosen = {name: getattr(options, name) for name in _FOR_IMAGES if getattr(options, name) is not None}
    if not 0 <= chosen.get("validation_fraction", 0) < 1:
        raise UsageError(f"--validation_fraction must be from 0 to below 1, got {options.validation_fraction}.")
    if not 1 <= chosen.get("num_shards", 1) <= 99999:
        raise UsageError(f"--num_shards must be from 1 to 99999, got {options.num_shards}.")
    if chosen.pop("skip_damaged", False):
        chosen["errors"] = "skip"
    try:
        with _ended_by_sigterm():
            done = convert(options.source, options.target, overwrite=options.overwrite, **chosen)
    except ValueError as error:
        if "errors" not in chosen and type(error).__name__ == "DataLossError":
            raise CommandError(f"{error} --skip_damaged leaves such files out.") from None
        raise
    counts = ", ".join(f"{count} {part}" for part, count in done.num_samples.items())
    left = f"; {len(done.skipped)} left out" if done.skipped else ""
    print(f"wrote {counts} images of {len(done.class_names)} classes to {options.target}{left}", file=sys.stderr)
    return 0


def _checkpoint(options: argparse.Namespace) -> int:
    from jax_slim.checkpoints.converting import convert_checkpoint
    from jax_slim.checkpoints.peers.mapping import PeerCheckpoint

    if options.to:
        return _to_library(options)
    with _opened(options) as checkpoint:
        written = convert_checkpoint(
            checkpoint,
            options.target,
            format=options.format,
            include=options.include,
            exclude=options.exclude,
            moving_average=bool(options.moving_average),
            variables_only=bool(options.variables_only),
            overwrite=options.overwrite,
        )
        if isinstance(checkpoint, PeerCheckpoint):
            _describe(checkpoint, options)
    print(f"wrote {written}", file=sys.stderr)
    return 0


@contextlib.contextmanager
def _opened(options: argparse.Namespace) -> Iterator[Any]:
    """The checkpoint, or the weights of a frozen graph."""
    from jax_slim.checkpoints.opening import open_checkpoint

    if options.source.endswith((".pb", ".pbtxt")) and Path(options.source).is_file():
        from jax_slim.graphs.frozen_weights import weights

        try:
            found = weights(options.source)
        except ValueError as error:
            raise CommandError(str(error).removeprefix("weights: ")) from None
        yield found
        return
    with open_checkpoint(options.source, options.origin) as checkpoint:
        yield checkpoint


def _to_library(options: argparse.Namespace) -> int:
    """Writes the file of another library's net."""
    from jax_slim.checkpoints.peers.writing import convert_to_peer
    from jax_slim.cli import runs

    for name in ("format", "include", "exclude", "moving_average", "variables_only"):
        if getattr(options, name) is not None:
            raise UsageError(f"--{name} does not go with --to, which writes the variables of the whole net.")
    said = runs.described_in(options.source)
    try:
        with _opened(options) as checkpoint:
            written = convert_to_peer(
                checkpoint, options.target, options.to, said.get("options") if said else None, options.overwrite
            )
    except ValueError as error:
        raise UsageError(str(error)) from None
    print(f"wrote {written}", file=sys.stderr)
    return 0


def _describe(checkpoint: Any, options: argparse.Namespace) -> None:
    """Says what the net is; and writes it beside the checkpoints of a run, so that a command can be given the run."""
    from jax_slim.cli import runs
    from jax_slim.nets._origins import class_names_of, images_of
    from jax_slim.nets.creation import create_model

    peer = checkpoint.peer
    if options.format == "orbax" and not (Path(options.target) / runs.MODEL).exists():
        size, preprocessing, framing = images_of(checkpoint)
        model = create_model(
            peer.net,
            checkpoint.classes,
            image_size=size,
            preprocessing=preprocessing,
            framing=framing._asdict(),
            **peer.options,
        )
        runs.save_model(options.target, model, class_names_of(peer.net, checkpoint, checkpoint.classes))
        return
    told = ", ".join(f"{name}={value!r}" for name, value in peer.options.items())
    print(f"{peer.origin} is {peer.net}" + (f" with {told}" if told else ""), file=sys.stderr)


def _is_checkpoint(options: argparse.Namespace) -> bool:
    """Whether a checkpoint is meant; looks at names first, which costs nothing."""
    named = (os.path.basename(os.path.normpath(path)) for path in (options.source, options.target))
    if (
        options.format
        or options.to
        or options.origin
        or any(re.search(r"\.(?:safetensors|pth|pt|h5|keras)$|\.ckpt(?:$|[-.])", name) for name in named)
    ):
        return True
    source = Path(options.source).expanduser()
    if not source.exists():
        # A prefix of TensorFlow's files that has another name.
        return Path(f"{source}.index").is_file()
    if not source.is_dir():
        return source.suffix in (".index", ".meta", ".pb", ".pbtxt")
    inside = os.listdir(source)
    if "checkpoint" in inside or any(name.endswith((".index", ".safetensors")) for name in inside):
        return True
    if source.name.isdigit() or any(name.isdigit() for name in inside):  # a run, or classes called by numbers
        from jax_slim.checkpoints.training_runs import training_checkpoint

        return training_checkpoint(str(source)) is not None
    return False


def _refuse(options: argparse.Namespace, names: tuple[str, ...], what: str) -> None:
    given = [name for name in names if getattr(options, name) is not None]
    if given:
        other = "a checkpoint" if what == "images" else "images"
        raise UsageError(f"--{given[0]} is for {what}; {options.source} to {options.target} is taken for {other}.")


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Lets SIGTERM end the command as Ctrl-C does: what was begun is cleared away."""

    def end(*_: Any) -> None:
        raise SystemExit(143)

    try:
        before = signal.signal(signal.SIGTERM, end)
    except ValueError:  # not in the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
