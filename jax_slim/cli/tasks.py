"""What nets are trained for: a table of tasks, each with a file that has what differs between them."""

import argparse
import importlib
from collections.abc import Callable
from typing import Any, NamedTuple

from jax_slim.cli.failures import UsageError


class Task(NamedTuple):
    """What the commands need to know of a task. `options` are those of the command.

    Attributes:
      check: options -> None; raises UsageError where they ask for what is of another task.
      open_data: (options, split) -> examples by number, with `num_classes` and `class_names`.
      batches: (data, model, options, batch_size, is_training, seed=, numbers=) -> batches of prepared examples;
        `numbers` are those of `class_names.numbers_by_name`.
      batch_like: (model, options) -> a batch of one example, as shapes.
      loss_function: (model, options, rate) -> the program that is trained: a batch -> the total loss.
      metrics_function: (model, options) -> the `eval_fn` of validation during training: a batch -> metrics.
      best: which of these metrics says how good a checkpoint is, "max" or "min", and the `floor` of `Validation`: what
        it is until something is learned, or None.
      evaluate: (evaluating.Evaluation) -> the results by name, once printed and written.
      predict: (options, paths) -> exit code: prints what the images show.
      exported: model -> what writes it as a file, such as `export_classifier`, and the program of prepared images that
        this is given.
      model_options: options -> the arguments of the net that a new run asks for.
      gradient_multipliers: (model, options) -> name -> factor for its gradient, or None.
      transform_batch: (model, options) -> what a training step does to a batch first, or None.
    """

    check: Callable[[argparse.Namespace], None]
    open_data: Callable[..., Any]
    batches: Callable[..., Any]
    batch_like: Callable[..., dict[str, Any]]
    loss_function: Callable[..., Any]
    metrics_function: Callable[..., Any]
    best: tuple[str, str, float | None]
    evaluate: Callable[..., dict[str, Any]]
    predict: Callable[[argparse.Namespace, list[str]], int]
    exported: Callable[..., tuple[Callable[..., Any], Callable[[Any], Any]]]
    model_options: Callable[[argparse.Namespace], dict[str, Any]] = lambda options: {}
    gradient_multipliers: Callable[..., Any] = lambda model, options: None
    transform_batch: Callable[..., Any] = lambda model, options: None


class _Row(NamedTuple):
    """A task: its file, which has `TASK`, and the net that is trained where none is named."""

    file: str
    net: str


TASKS = {
    "classification": _Row("classifying", "inception_v3"),
    "detection": _Row("detecting", "ssd_mobilenet_v2"),
    "segmentation": _Row("segmenting", "deeplab_mobilenet_v2"),
}


def task_of(name: str) -> Task:
    """A task by its name; its file is imported now."""
    return importlib.import_module(f"jax_slim.cli.{TASKS[name].file}").TASK


def check_task(task: str | None, net: str) -> str:
    """The task of a net.

    Raises:
      UsageError: another one is asked for, or no command has it.
    """
    from jax_slim.nets.registry import ROWS, row_of

    own = row_of("--model_name", net).task
    if task not in (None, own):
        nets = [name for name, row in ROWS.items() if row.task == task]
        raise UsageError(f"--task={task} needs one of its nets, {', '.join(nets[:6])}, got --model_name={net}: {own}.")
    if own not in TASKS:
        raise UsageError(f"--model_name={net} is for {own}, which the commands do not train, evaluate or run.")
    return own


def refuse(options: argparse.Namespace, task: str, flags: dict[str, Any]) -> None:
    """Raises UsageError where options of other tasks are not as they are by default: name -> that."""
    for name, default in flags.items():
        if getattr(options, name, default) not in (default, None):
            raise UsageError(f"--{name} is not for {task}, got {getattr(options, name)!r}.")
