"""Classification: how nets are trained to say what photographs show, how that is measured, and what they say then."""

import argparse
import functools
import sys
from typing import TYPE_CHECKING, Any

from jax_slim.cli import augmenting, inputs
from jax_slim.cli.augmenting import BOX_FLAGS
from jax_slim.cli.flags import defaults
from jax_slim.cli.mask_flags import MASK_FLAGS, SCALE_FLAGS
from jax_slim.cli.tasks import Task, refuse

if TYPE_CHECKING:
    from jax_slim.cli.evaluating import Evaluation
    from jax_slim.nets.creation import NetModel


def check(options: argparse.Namespace) -> None:
    """Raises UsageError where options of detection or segmentation are given."""
    refuse(options, "classification", defaults((*BOX_FLAGS, *MASK_FLAGS, *SCALE_FLAGS)))


def batch_like(model: "NetModel", options: argparse.Namespace) -> dict[str, Any]:
    """A batch of one example, as shapes."""
    import jax
    import jax.numpy as jnp

    del options
    images = jax.ShapeDtypeStruct((1, *model.input_shape), jnp.float32)
    return {"image": images, "label": jax.ShapeDtypeStruct((1,), jnp.int32)}


def loss_function(model: "NetModel", options: argparse.Namespace, rate: Any) -> Any:
    """The program that is trained: a batch -> the total loss."""
    import jax.numpy as jnp

    from jax_slim.core.global_step import get_or_create_global_step
    from jax_slim.core.precision import precision
    from jax_slim.layers.encodings import one_hot_encoding
    from jax_slim.losses.accounts import get_total_loss
    from jax_slim.losses.classification import softmax_cross_entropy
    from jax_slim.summary.adding import scalar

    classes = model.num_classes
    assert classes is not None  # only nets with a last layer are trained here

    def total_loss(batch: dict[str, Any]) -> Any:
        with precision(None if options.compute_dtype == "float32" else jnp.dtype(options.compute_dtype)):
            logits, end_points = model.function(batch["image"], is_training=True)
        logits = logits.reshape(logits.shape[0], logits.shape[-1])
        # Mixed images come with mixed labels, [N, classes].
        mixed = batch["label"].ndim == 2
        labels = batch["label"] if mixed else one_hot_encoding(batch["label"], classes)
        ids = jnp.argmax(labels, -1) if mixed else batch["label"]
        if "AuxLogits" in end_points:
            auxiliary = end_points["AuxLogits"].reshape(labels.shape)
            softmax_cross_entropy(auxiliary, labels, 0.4, options.label_smoothing, scope="aux_loss")
        softmax_cross_entropy(logits, labels, 1.0, options.label_smoothing)
        scalar("accuracy/train_batch", jnp.mean(jnp.argmax(logits, -1) == ids))
        scalar("learning_rate", rate(get_or_create_global_step()) if callable(rate) else jnp.asarray(rate))
        return get_total_loss()

    return total_loss


def metrics_function(model: "NetModel", options: argparse.Namespace) -> Any:
    """The program that validates."""
    del options
    return metrics_of(model)


def evaluate(asked: "Evaluation") -> dict[str, Any]:
    """Measures a checkpoint, or each new one, and tells what was taken for what."""
    from jax_slim.cli import confusion
    from jax_slim.cli.evaluating import prepared
    from jax_slim.core import processes
    from jax_slim.evaluation.once import DEFAULT_WRITER, evaluate_with
    from jax_slim.evaluation.watching import evaluation_loop
    from jax_slim.progress import encodable

    options = asked.options
    if options.watch:
        return evaluation_loop(
            asked.path, asked.eval_dir, metrics_of(asked.model), asked.batches, options.max_num_batches,
            eval_interval_secs=options.eval_interval_secs, timeout=options.timeout, moving_average=asked.moving_average,
        )  # fmt: skip
    logits_fn, variables = prepared(logits_of(asked.model), asked)
    program = confusion.MatrixProgram(metrics_of(asked.model, logits_fn, with_matrix=True))
    results = evaluate_with(
        program, variables, asked.eval_dir, asked.batches(), options.max_num_batches, None, DEFAULT_WRITER,
        moving_average=False,
    )  # fmt: skip
    if not processes.is_first():
        return results
    print(encodable(confusion.by_class(program.matrix, asked.labels), sys.stdout))
    if options.confusion_matrix is not None:
        confusion.write(options.confusion_matrix, program.matrix, asked.labels)
    return results


def logits_of(model: "NetModel") -> Any:
    """The program that makes logits of images in evaluation."""
    return lambda images: model.function(images, is_training=False)[0]


def metrics_of(model: "NetModel", logits_fn: Any = None, with_matrix: bool = False) -> Any:
    """The program that is evaluated: a batch -> accuracy, recall among the best five, cross entropy.

    Args:
      logits_fn: images -> logits; by default the model's own program.
      with_matrix: whether to count what is taken for what.
    """
    import jax.numpy as jnp
    from jax import nn

    from jax_slim.cli.confusion import MATRIX
    from jax_slim.metrics.classes import streaming_confusion_matrix
    from jax_slim.metrics.means import streaming_accuracy, streaming_mean
    from jax_slim.metrics.ranking import streaming_recall_at_k

    logits_fn = logits_fn or logits_of(model)

    def metrics(batch: dict[str, Any]) -> dict[str, Any]:
        logits = logits_fn(batch["image"])
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
            found[MATRIX] = streaming_confusion_matrix(jnp.argmax(logits, -1), labels, logits.shape[-1], weights)
        return found

    return metrics


def predict(options: argparse.Namespace, paths: list[str]) -> int:
    """Prints what the images show; 1 when one of them could not be read."""
    from jax_slim.cli import classifiers
    from jax_slim.exporting.loader import best_classes, show

    refuse(options, "classification", {"output_dir": None})
    batch_size = min(options.batch_size, len(paths))
    if options.checkpoint_path.lower().endswith(".onnx"):
        classifier = classifiers.of_onnx(options)
    else:
        classifier = classifiers.of_checkpoint(options, batch_size)
    failed: list[str] = []
    found: dict[str, list[dict[str, Any]]] = {}
    for prepared in inputs.photographs(paths, batch_size, classifier.channels, classifier.prepare, failed):
        rows = classifier.probabilities([image for _, image in prepared])
        for (path, _), row in zip(prepared, rows, strict=True):
            found[path] = best_classes(row, classifier.labels, options.top)
    show(found, options.json)
    if options.grid and found:
        from jax_slim.cli.grids import draw_grid

        best = {path: rows[0] for path, rows in found.items()}
        draw_grid(options.grid, {path: f"{row['label']} {row['probability']:.0%}" for path, row in best.items()})
    return 1 if failed else 0


def exported(model: "NetModel") -> tuple[Any, Any]:
    """What writes a classifier as a file, and its logits [N, classes]."""
    from jax_slim.exporting.classifiers import export_classifier

    def logits_of(images: Any) -> Any:
        logits, _ = model.function(images, is_training=False)
        return logits.reshape(logits.shape[0], logits.shape[-1])

    return functools.partial(export_classifier, framing=model.framing), logits_of


TASK = Task(
    check, inputs.open_data, inputs.batches, batch_like, loss_function, metrics_function, ("Accuracy", "max", None),
    evaluate, predict, exported, transform_batch=augmenting.on_device,
)  # fmt: skip
