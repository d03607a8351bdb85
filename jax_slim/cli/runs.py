"""What is kept beside the checkpoints of a run: the model it trains (`model.json`) and its options (`config.toml`).

With `model.json` a directory is all that `evaluate`, `predict` and `export` need to be told.
"""

import argparse
import contextlib
import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from jax_slim.cli.failures import CommandError, UsageError, near_names

if TYPE_CHECKING:
    from jax_slim.nets.creation import NetModel

MODEL = "model.json"
CONFIG = "config.toml"
_OF_OTHERS = (".safetensors", ".pth", ".pt", ".bin", ".h5", ".keras")  # files whose own errors say most


class Described(NamedTuple):
    """A model, and what its classes are called.

    Attributes:
      model: the net.
      labels: the name of each class, in order, or None.
      path: the checkpoint of its variables.
    """

    model: "NetModel"
    labels: list[str] | None
    path: str


def save_model(directory: str | os.PathLike[str], model: "NetModel", labels: list[str] | None) -> None:
    """Writes `model.json`."""
    said = {
        "task": model.task,
        "model_name": model.name,
        "num_classes": model.num_classes,
        "image_size": model.image_size,
        "channels": model.channels,
        "preprocessing": model.preprocessing,
        "framing": model.framing and model.framing._asdict(),
        "options": model.options,
        "labels": labels,
    }
    _write(Path(directory) / MODEL, json.dumps(said, indent=1) + "\n")


def find_model(
    checkpoint_path: str,
    model_name: str | None = None,
    num_classes: int | None = None,
    image_size: int | None = None,
    preprocessing: str | None = None,
    labels_path: str | None = None,
    moving_average: bool = False,
    weights: bool = True,
    pretrained: str | None = None,
) -> Described:
    """The model of a checkpoint: as its run describes it, or as the arguments say where it has no description.

    Args:
      checkpoint_path: a run's directory, one of its checkpoints, or a checkpoint of any other origin.
      model_name, num_classes, image_size, preprocessing: take the place of what the description says.
      labels_path: a file with the names of the classes, one a line; 'number:name' as TF-Slim wrote them also.
      moving_average: whether to read the moving averages.
      weights: whether to read the variables now.
      pretrained: the name of the published weights that `checkpoint_path` is of, if it is.

    Raises:
      CommandError: nothing says which net it is, or the file of labels does not fit.
    """
    said = described_in(checkpoint_path)
    name = model_name or said.get("model_name") or _net_of(checkpoint_path)
    if name is None:
        from jax_slim.checkpoints.tensorflow.paths import is_there

        if not os.path.exists(checkpoint_path) and not is_there(checkpoint_path):
            raise CommandError(f"there is no checkpoint {checkpoint_path}.")
        raise CommandError(
            f"{checkpoint_path} has no {MODEL} beside it that says which net it is. Give --model_name "
            "(`jax-slim models` lists the names), and --num_classes where they are not the net's own."
        )
    check_net(name)
    check_preprocessing(preprocessing)
    from jax_slim.nets.creation import create_model

    same = name == said.get("model_name")
    known: Mapping[str, Any] = said if same else {}
    model = create_model(
        name,
        num_classes if num_classes is not None else known.get("num_classes"),
        checkpoint=checkpoint_path if weights and not pretrained else None,
        pretrained=pretrained or False,
        image_size=image_size or known.get("image_size"),
        channels=known.get("channels"),
        preprocessing=preprocessing or known.get("preprocessing"),
        moving_average=moving_average,
        framing=None if preprocessing else known.get("framing"),
        **known.get("options", {}),
    )
    from jax_slim.nets.registry import ROWS

    added = ROWS[name].added
    if weights and added and not any(variable.startswith(added) for variable in model.variables or ()):
        raise CommandError(
            f"{checkpoint_path} has only what lies below {name}, which has to be trained: `jax-slim train "
            f"--task={model.task} --model_name={name}`, with this checkpoint as the beginning."
        )
    # `create_model` leaves the last layers out, all of them, where theirs have other shapes.
    if weights and model.num_classes and not any(name.startswith(model.head) for name in model.variables or ()):
        raise CommandError(
            f"{checkpoint_path} was trained for another number of classes than {model.num_classes} "
            f"({' and '.join(model.head)}: other shapes). Give --num_classes."
        )
    labels = read_labels(labels_path) if labels_path else known.get("labels") if same else model.class_names
    return Described(model, with_background(labels, model.num_classes, labels_path), checkpoint_path)


def task_of_checkpoint(checkpoint_path: str, model_name: str | None) -> str:
    """The task of the net that a checkpoint is of; "classification" where nothing says which net it is."""
    from jax_slim.cli.tasks import TASKS, check_task

    said = described_in(checkpoint_path)
    if model_name is None and said.get("task") in TASKS:
        return said["task"]
    name = model_name or said.get("model_name") or _net_of(checkpoint_path)
    if name is None:
        return "classification"
    check_net(name)
    return check_task(None, name)


def _net_of(checkpoint_path: str) -> str | None:
    """The net of a file of timm's, torchvision's or Keras's, whose names tell it; None for any other."""
    if not os.path.exists(checkpoint_path):
        return None
    from jax_slim.checkpoints.native import CheckpointError
    from jax_slim.checkpoints.opening import open_checkpoint
    from jax_slim.checkpoints.peers.mapping import PeerCheckpoint

    try:
        with open_checkpoint(checkpoint_path) as checkpoint:
            return checkpoint.peer.net if isinstance(checkpoint, PeerCheckpoint) else None
    except CheckpointError:
        if checkpoint_path.endswith(_OF_OTHERS):
            raise
        return None


def check_net(name: str) -> None:
    """Raises UsageError unless there is a net of this name."""
    from jax_slim.nets.registry import row_of

    try:
        row_of("--model_name", name)
    except ValueError as error:
        raise UsageError(str(error)) from None


def check_preprocessing(name: str | None) -> None:
    """Raises UsageError unless there is a preprocessing of this name, or none is asked for."""
    from jax_slim.preprocessing.preprocessing_factory import preprocessing_map

    if name is not None and name not in preprocessing_map:
        raise UsageError(f"--preprocessing_name must be a net's, got {name!r}.{near_names(name, preprocessing_map)}")


def model_of(
    options: argparse.Namespace, checkpoint_path: str, moving_average: bool, weights: bool = True
) -> Described:
    """`find_model` with the options that `exports.add_model_arguments` adds to a command."""
    return find_model(
        checkpoint_path,
        options.model_name,
        options.num_classes,
        options.image_size,
        options.preprocessing_name,
        options.labels,
        moving_average,
        weights,
        getattr(options, "pretrained", None),
    )


def take_pretrained(options: argparse.Namespace) -> None:
    """Puts the fetched weights that `--pretrained` names in the place of `--checkpoint_path`, and their net.

    Where `--task` is another than theirs, the net is one that they can be the beginning of.

    Raises:
      UsageError: there are none of that name, or another checkpoint or net is asked for.
    """
    if getattr(options, "checkpoint_path", None) or getattr(options, "graph", None):
        raise UsageError("--pretrained does not go with --checkpoint_path and --graph.")
    from jax_slim.cli.tasks import TASKS
    from jax_slim.nets.pretrained import fetched_path, net_of
    from jax_slim.nets.registry import ROWS

    try:
        net = net_of(options.pretrained)
    except ValueError as error:
        raise UsageError(f"--{error}") from None
    above = [name for name, row in ROWS.items() if net in row.below_nets]
    if options.model_name is None:
        task = getattr(options, "task", None)
        fitting = [name for name in (net, *above) if task in (None, ROWS[name].task)]
        preferred = [name for name in fitting if task is not None and name == TASKS[task].net]
        options.model_name = (preferred or fitting or [net])[0]
    elif options.model_name not in (net, *above):
        others = f" It can also be the beginning of {', '.join(above)}." if above else ""
        raise UsageError(
            f"--pretrained={options.pretrained} is of {net}, got --model_name={options.model_name}.{others}"
        )
    options.checkpoint_path = fetched_path(net, options.pretrained)


def described_in(checkpoint_path: str) -> dict[str, Any]:
    """What the `model.json` of a run says; {} where there is none. The checkpoint may be the run, or a part of it."""
    for folder in (Path(checkpoint_path), Path(checkpoint_path).parent, Path(checkpoint_path).parent.parent):
        file = folder / MODEL
        if file.is_file():
            try:
                said = json.loads(file.read_text(encoding="utf-8"))
            except ValueError as error:
                raise CommandError(f"{file} is no JSON: {error}. Remove it and give --model_name.") from error
            if not isinstance(said, dict):
                raise CommandError(f"{file} does not describe a model. Remove it and give --model_name.")
            return said
    return {}


def read_labels(path: str) -> list[str]:
    """The names of the classes in a file: one a line, or 'number:name' as TF-Slim's `labels.txt` has them."""
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise CommandError(f"{path} is no text file with the name of a class on each line.") from None
    lines = [line.strip() for line in lines if line.strip()]
    if not lines:
        raise CommandError(f"{path} is empty: it must have the name of a class on each line.")
    pairs = [line.partition(":") for line in lines]
    if not all(number.isdigit() and colon for number, colon, _ in pairs):
        return lines
    numbered = {int(number): name for number, _, name in pairs}
    if sorted(numbered) != list(range(len(lines))):
        raise CommandError(f"{path} must number its classes from 0 to {len(lines) - 1}, each once.")
    return [numbered[number] for number in range(len(lines))]


def with_background(labels: list[str] | None, classes: int | None, path: str | None = None) -> list[str] | None:
    """Labels that fit the classes: nets with 1001 have one for background before ImageNet's 1000."""
    if labels is None or classes is None or len(labels) == classes:
        return labels
    if len(labels) == classes - 1:
        return ["background", *labels]
    if len(labels) == classes + 1 and labels[0] in ("background", "dummy"):
        return labels[1:]
    raise CommandError(
        f"{path or 'the list of labels'} names {len(labels)} classes, and the model has {classes}. "
        "Give the labels that it was trained with."
    )


def save_config(directory: str | os.PathLike[str], options: Mapping[str, Any]) -> None:
    """Writes all options of a run, for people and for `--config`.

    Raises:
      CommandError: one is no text: a path of bytes that are not UTF-8.
    """
    for name, value in options.items():
        if isinstance(value, str) and not value.isascii() and re.search("[\ud800-\udfff]", value):
            raise CommandError(f"--{name} must be text in UTF-8, got {value!r}. Rename it.")
    lines = [f"{name} = {_toml(value)}" for name, value in options.items() if value is not None]
    _write(Path(directory) / CONFIG, "\n".join(lines) + "\n")


@contextlib.contextmanager
def description_kept(directory: str | os.PathLike[str]) -> Iterator[None]:
    """Puts `model.json` and `config.toml` back as they were, if what is done inside fails before it saves a checkpoint.

    Else options that a run cannot go on with would be those that it goes on with.
    """
    from jax_slim.checkpoints.native import latest_checkpoint

    files = [Path(directory) / name for name in (MODEL, CONFIG)]
    before = [file.read_bytes() if file.is_file() else None for file in files]
    newest = latest_checkpoint(directory)
    try:
        yield
    except Exception:
        if latest_checkpoint(directory) == newest:
            with contextlib.suppress(OSError):  # the error that is under way says more
                for file, content in zip(files, before, strict=True):
                    if content is None:
                        file.unlink(missing_ok=True)
                    else:
                        file.write_bytes(content)
        raise


def read_config(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The options in a TOML file; one table of them is enough, tables within it group them."""
    try:
        found = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} is no TOML: {error}") from None
    flat: dict[str, Any] = {}
    for name, value in found.items():
        flat.update(value if isinstance(value, dict) else {name: value})
    return flat


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, int | float):
        return repr(value)
    # JSON would escape what is beyond the first 65536 characters in a way that TOML does not know.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with part.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
