"""`jax-slim evaluate`: research/slim's `eval_image_classifier.py`."""

import argparse
import functools
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from jax_slim.cli.exports import add_model_arguments
from jax_slim.cli.failures import UsageError
from jax_slim.cli.flags import Flag, add_flags, merged
from jax_slim.cli.inputs import DATA_FLAGS

if TYPE_CHECKING:
    from jax_slim.nets.creation import NetModel

HELP = """measure how well a checkpoint classifies, once or whenever there is a new one

  jax-slim evaluate --checkpoint_path=/tmp/flowers                    on the run's own validation images
  jax-slim evaluate --checkpoint_path=/tmp/flowers --watch            as training goes on
  jax-slim evaluate --checkpoint_path=vgg_16.ckpt --model_name=vgg_16 --dataset_dir=imagenet --labels_offset=1"""

GROUPS = {
    "the evaluation": (
        Flag("checkpoint_path", str, None, "a run's directory (its newest checkpoint), or any checkpoint"),
        Flag("eval_dir", str, None, "where results and events go; by default 'eval' in the run's directory"),
        Flag("batch_size", int, 100, "images in a batch"),
        Flag("max_num_batches", int, None, "how many batches to take; by default all"),
        Flag("moving_average_decay", float, None, "evaluate the moving averages that training kept (any number)"),
        Flag("watch", bool, False, "evaluate each new checkpoint, until --timeout"),
        Flag("eval_interval_secs", float, 60.0, "watching: seconds between two evaluations, at least"),
        Flag("timeout", float, None, "watching: end after so many seconds without a new checkpoint"),
        Flag("confusion_matrix", str, None, "where to write what was taken for what: a .csv or .png file; - prints it"),
        Flag("json", bool, False, "print the results as one line of JSON too"),
    ),
    "the data": (Flag("dataset_split_name", str, "validation", "which part of the data set"), *DATA_FLAGS),
}

_MATRIX = "Confusion_matrix"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    add_flags(parser, GROUPS)
    add_model_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Evaluates."""
    from jax_slim.checkpoints.reading import load_variables
    from jax_slim.cli import confusion, inputs, runs
    from jax_slim.cli.class_names import numbers_by_name
    from jax_slim.evaluation.once import DEFAULT_WRITER, evaluate_with
    from jax_slim.evaluation.watching import evaluation_loop
    from jax_slim.progress import encodable

    file = runs.read_config(options.config) if options.config else {}
    path = getattr(options, "checkpoint_path", None) or file.get("checkpoint_path")
    if not path:
        raise UsageError("--checkpoint_path must name a run's directory or a checkpoint.")
    earlier = _data_of_run(path)
    chosen = merged(options, GROUPS, earlier, file)
    confusion.check(chosen.confusion_matrix)
    for name in ("batch_size", "max_num_batches"):
        if getattr(chosen, name) is not None and getattr(chosen, name) < 1:
            raise UsageError(f"--{name} must be at least 1, got {getattr(chosen, name)}.")
    moving = chosen.moving_average_decay is not None
    native = _is_run(path)
    model, labels, _ = runs.model_of(options, path, moving, weights=not native)
    data = inputs.open_data(chosen, chosen.dataset_split_name)
    numbers = numbers_by_name(
        data.class_names, labels, chosen.labels_offset, str(chosen.dataset_dir or chosen.dataset_name), path
    )

    made = []

    def batches() -> Any:
        made.append(inputs.batches(data, model, chosen, chosen.batch_size, is_training=False, numbers=numbers))
        return made[-1]

    eval_dir = chosen.eval_dir or (os.path.join(path, "eval") if os.path.isdir(path) else None)
    eval_fn = metrics_function(model)
    if chosen.watch:
        if not native:
            raise UsageError(f"--watch needs the directory of a run of `jax-slim train`, got {path}.")
        evaluation_loop(
            path, eval_dir, eval_fn, batches, chosen.max_num_batches,
            eval_interval_secs=chosen.eval_interval_secs, timeout=chosen.timeout, moving_average=moving,
        )  # fmt: skip
        return 0
    variables = load_variables(path, moving) if native else model.variables
    logits_fn, prepared = _prepared(model, variables)
    program = _program(model, logits_fn)
    results = evaluate_with(
        program, prepared, eval_dir, batches(), chosen.max_num_batches, None, DEFAULT_WRITER, moving_average=False
    )
    print(encodable(confusion.by_class(program.matrix, labels), sys.stdout))
    if chosen.confusion_matrix is not None:
        confusion.write(chosen.confusion_matrix, program.matrix, labels)
    inputs.list_damaged(made[-1])
    if chosen.json:
        print(json.dumps(results))
    return 0


def _prepared(model: "NetModel", variables: Any) -> tuple[Any, dict[str, Any]]:
    """What makes logits of images, and the variables that it takes, with the step that they are of."""
    import jax

    from jax_slim.core.model import Model
    from jax_slim.inference import folding

    net, prepared = folding.prepared(
        Model(model.function), variables, (model.example(),), {"is_training": False}, alone=True, groups=True
    )
    step = {"global_step": variables["global_step"]} if "global_step" in variables else {}
    # On the host, as a checkpoint's are: evaluation places them, on the devices of other processes too.
    return functools.partial(net.function, is_training=False), {**jax.device_get(dict(prepared)), **step}


def _program(model: "NetModel", logits_fn: Any) -> Any:
    """The metrics as a compiled program, whose `matrix` says after `results` what was taken for what."""
    from jax_slim.metrics.programs import MetricsProgram

    class Program(MetricsProgram):
        matrix: Any = None

        def results(self, variables: Any) -> Any:
            # Not among the results, which go to the screen and to files line by line.
            found, summaries = super().results(variables)
            self.matrix = found.pop(_MATRIX)
            return found, summaries

    return Program(metrics_function(model, logits_fn, with_matrix=True), "evaluate")


def metrics_function(model: "NetModel", logits_fn: Any = None, with_matrix: bool = False) -> Any:
    """The program that is evaluated: a batch -> accuracy, recall among the best five, cross entropy.

    Args:
      logits_fn: images -> logits; by default the model's own program.
      with_matrix: whether to count what is taken for what.
    """
    import jax.numpy as jnp
    from jax import nn

    from jax_slim.metrics.classes import streaming_confusion_matrix
    from jax_slim.metrics.means import streaming_accuracy, streaming_mean
    from jax_slim.metrics.ranking import streaming_recall_at_k

    def own_logits(images: Any) -> Any:
        return model.function(images, is_training=False)[0]

    def metrics(batch: dict[str, Any]) -> dict[str, Any]:
        logits = (logits_fn or own_logits)(batch["image"])
        logits = logits.reshape(logits.shape[0], logits.shape[-1])
        labels = batch["label"]
        # The last batch is filled up: copies do not count.
        weights = batch["valid"].astype(jnp.float32) if "valid" in batch else None
        costs = -jnp.take_along_axis(nn.log_softmax(logits), labels[:, None].astype(jnp.int32), -1)[:, 0]
        found = {
            "Accuracy": streaming_accuracy(jnp.argmax(logits, -1), labels, weights),
            "Cross_entropy": streaming_mean(costs, weights),
        }
        if logits.shape[-1] > 5:
            found["Recall_5"] = streaming_recall_at_k(logits, labels, 5, weights)
        if with_matrix:
            found[_MATRIX] = streaming_confusion_matrix(jnp.argmax(logits, -1), labels, logits.shape[-1], weights)
        return found

    return metrics


def _data_of_run(path: str) -> dict[str, Any]:
    """The data set that the checkpoint's run was trained on."""
    from jax_slim.cli import runs

    wanted = {flag.name for flag in DATA_FLAGS}
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
