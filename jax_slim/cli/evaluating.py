"""`jax-slim evaluate`: research/slim's `eval_image_classifier.py`."""

import argparse
import json
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from jax_slim.cli.augmenting import MAX_BOXES
from jax_slim.cli.calibrating import CALIBRATE
from jax_slim.cli.exports import PRETRAINED, add_model_arguments
from jax_slim.cli.failures import UsageError
from jax_slim.cli.flags import Flag, add_flags, merged
from jax_slim.cli.inputs import DATA_FLAGS
from jax_slim.cli.mask_flags import SCALE_FLAGS
from jax_slim.cli.process_flags import PROCESS_FLAGS, join

if TYPE_CHECKING:
    from jax_slim.nets.creation import NetModel

HELP = """measure how well a checkpoint classifies or finds objects, once or whenever there is a new one

  jax-slim evaluate --checkpoint_path=/tmp/flowers                    on the run's own validation images
  jax-slim evaluate --checkpoint_path=/tmp/flowers --watch            as training goes on
  jax-slim evaluate --checkpoint_path=/tmp/flowers --calibrate=flowers/train          how well with products of bytes
  jax-slim evaluate --pretrained=ssd_mobilenet_v2.coco --dataset_dir=coco                       published weights
  jax-slim evaluate --checkpoint_path=vgg_16.ckpt --model_name=vgg_16 --dataset_dir=imagenet --labels_offset=1"""

GROUPS = {
    "the evaluation": (
        Flag("checkpoint_path", str, None, "a run's directory (its newest checkpoint), or any checkpoint"),
        Flag("pretrained", str, None, PRETRAINED),
        Flag("eval_dir", str, None, "where results and events go; by default 'eval' in the run's directory"),
        Flag("batch_size", int, 100, "images in a batch"),
        Flag("max_num_batches", int, None, "how many batches to take; by default all"),
        Flag("moving_average_decay", float, None, "evaluate the moving averages that training kept (any number)"),
        CALIBRATE,
        Flag("watch", bool, False, "evaluate each new checkpoint, until --timeout"),
        Flag("eval_interval_secs", float, 60.0, "watching: seconds between two evaluations, at least"),
        Flag("timeout", float, None, "watching: end after so many seconds without a new checkpoint"),
        Flag("confusion_matrix", str, None, "where to write what was taken for what: a .csv or .png file; - prints it"),
        Flag("json", bool, False, "print the results as one line of JSON too"),
    ),
    "the data": (Flag("dataset_split_name", str, "validation", "which part of the data set"), *DATA_FLAGS),
    "detection": (MAX_BOXES,),
    "segmentation": SCALE_FLAGS,
    "many machines": PROCESS_FLAGS,
}


class Evaluation(NamedTuple):
    """What a task is to measure.

    Attributes:
      options: of the command.
      path: the checkpoint, or a run's directory.
      model: the net.
      labels: the names of its classes, or None.
      batches: makes the batches anew.
      eval_dir: where results and events go, or None.
      variables: reads the checkpoint's.
      moving_average: whether its moving averages are meant.
    """

    options: argparse.Namespace
    path: str
    model: "NetModel"
    labels: list[str] | None
    batches: Callable[[], Any]
    eval_dir: str | None
    variables: Callable[[], Any]
    moving_average: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    add_flags(parser, GROUPS)
    add_model_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Evaluates."""
    from jax_slim.checkpoints.reading import load_variables
    from jax_slim.cli import confusion, inputs, runs, tasks
    from jax_slim.cli.class_names import numbers_by_name
    from jax_slim.core import processes

    file = runs.read_config(options.config) if options.config else {}
    if getattr(options, "pretrained", None):
        runs.take_pretrained(options)
    path = getattr(options, "checkpoint_path", None) or file.get("checkpoint_path")
    if not path:
        raise UsageError(
            "--checkpoint_path must name a run's directory or a checkpoint, or --pretrained published weights."
        )
    earlier = _data_of_run(path)
    chosen = merged(options, GROUPS, earlier, file)
    join(chosen)
    confusion.check(chosen.confusion_matrix)
    for name in ("batch_size", "max_num_batches", "max_boxes"):
        if getattr(chosen, name) is not None and getattr(chosen, name) < 1:
            raise UsageError(f"--{name} must be at least 1, got {getattr(chosen, name)}.")
    if chosen.watch and chosen.calibrate:
        raise UsageError("--calibrate is for one checkpoint: without --watch.")
    moving = chosen.moving_average_decay is not None
    native = _is_run(path)
    if chosen.watch and not native:
        raise UsageError(f"--watch needs the directory of a run of `jax-slim train`, got {path}.")
    model, labels, _ = runs.model_of(options, path, moving, weights=not native)
    task = tasks.task_of(tasks.check_task(None, model.name))
    task.check(chosen)
    data = task.open_data(chosen, chosen.dataset_split_name)
    numbers = numbers_by_name(
        data.class_names, labels, chosen.labels_offset, str(chosen.dataset_dir or chosen.dataset_name), path
    )

    made = []

    def batches() -> Any:
        made.append(task.batches(data, model, chosen, chosen.batch_size, False, numbers=numbers))
        return made[-1]

    eval_dir = chosen.eval_dir or (os.path.join(path, "eval") if os.path.isdir(path) else None)
    with processes.leaving("jax-slim evaluate"):
        results = task.evaluate(
            Evaluation(
                chosen, path, model, labels, batches, eval_dir,
                lambda: load_variables(path, moving) if native else model.variables, moving,
            )
        )  # fmt: skip
    if chosen.watch or not processes.is_first():
        return 0
    inputs.list_damaged(made[-1])
    if chosen.json:
        print(json.dumps(results))
    return 0


def prepared(function: Callable[[Any], Any], asked: Evaluation) -> tuple[Callable[[Any], Any], dict[str, Any]]:
    """A program of images as it is fastest to evaluate, and its variables, with the step that these are of.

    Args:
      function: a slim program: prepared images of the net's size -> results for each.
      asked: the net, its variables, and whether it is to multiply bytes.
    """
    import jax

    from jax_slim.cli.calibrating import calibrated
    from jax_slim.inference import folding

    variables = asked.variables()
    model, values = calibrated(function, asked.model, variables, asked.options.calibrate)
    model, values = folding.ready(model, values, (asked.model.example(),), {})
    step = {"global_step": variables["global_step"]} if "global_step" in variables else {}
    # On the host, as a checkpoint's are: evaluation places them, on the devices of other processes too.
    return model.function, {**jax.device_get(dict(values)), **step}


def _data_of_run(path: str) -> dict[str, Any]:
    """The data set that the checkpoint's run was trained on."""
    from jax_slim.cli import runs

    wanted = {flag.name for flag in (*DATA_FLAGS, MAX_BOXES)}
    for folder in (path, os.path.dirname(os.path.abspath(path))):
        file = os.path.join(folder, runs.CONFIG)
        if os.path.isfile(file):
            return {name: value for name, value in runs.read_config(file).items() if name in wanted}
    return {}


def _is_run(path: str) -> bool:
    """Whether a path is what `jax-slim train` wrote: a directory of checkpoints, or one of them."""
    from jax_slim.checkpoints.native import latest_checkpoint

    if not os.path.isdir(path):
        return False
    return os.path.isfile(os.path.join(path, "checkpoint.json")) or latest_checkpoint(path) is not None
