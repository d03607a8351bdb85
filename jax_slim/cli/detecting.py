"""Detection: how nets are trained to find objects, how that is measured, and what they find in photographs."""

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from jax_slim.cli import augmenting, inputs
from jax_slim.cli.failures import CommandError, UsageError
from jax_slim.cli.flags import defaults
from jax_slim.cli.mask_flags import MASK_FLAGS, SCALE_FLAGS
from jax_slim.cli.tasks import Task, refuse

if TYPE_CHECKING:
    from jax_slim.cli.evaluating import Evaluation
    from jax_slim.nets.creation import NetModel


def check(options: argparse.Namespace) -> None:
    """Raises UsageError where options of classification or segmentation are given."""
    others = {"label_smoothing": 0.0, "labels_offset": 0, "confusion_matrix": None}
    refuse(options, "detection", others | defaults((*augmenting.AUGMENT_FLAGS, *MASK_FLAGS, *SCALE_FLAGS)))


def open_data(options: argparse.Namespace, split: str) -> Any:
    """The pictures with boxes of the options."""
    if not options.dataset_dir:
        raise UsageError("--dataset_dir must say where the pictures with boxes are.")
    from jax_slim.datasets.box_opening import open_detection_dataset

    return open_detection_dataset(options.dataset_dir, split, dataset_name=options.dataset_name)


def batches(
    data: Any,
    model: "NetModel",
    options: argparse.Namespace,
    batch_size: int,
    is_training: bool,
    seed: int = 0,
    numbers: Sequence[int | None] | None = None,
) -> Any:
    """Batches of prepared pictures and their objects; as `inputs.batches`."""
    return inputs.pipeline_of(
        data, prepared(model, options, is_training, numbers), options, batch_size, is_training, seed
    )


def prepared(
    model: "NetModel", options: argparse.Namespace, is_training: bool, numbers: Sequence[int | None] | None = None
) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """What makes a prepared picture, its objects and its size in pixels out of an example.

    In training groups are left out: their boxes say where objects are, and not how many.
    """
    import numpy as np

    from jax_slim.detection.augmentation import augment, padded_objects, random_horizontal_flip

    prepare = inputs.preparing(model, False, options.use_grayscale)
    change = {"ssd": augment, "flip": random_horizontal_flip, "none": None}[
        getattr(options, "box_augmentation", "none") if is_training else "none"
    ]

    def transform(example: dict[str, Any], rng: Any) -> dict[str, Any]:
        size = np.array(example["image"].shape[:2], np.float32)
        if is_training:
            rows = {name: row[~example["crowd"]] for name, row in example.items() if name != "image"}
            example = {"image": example["image"], **rows}
        if change is not None:
            example = change(example, rng=rng)
        count = len(example["boxes"])
        if not is_training and count > options.max_boxes:
            raise CommandError(f"a picture has {count} objects. Give a --max_boxes of that or more.")
        classes = [number if numbers is None else numbers[number] for number in example["classes"].tolist()]
        if any(number is None or not 0 <= number < (model.num_classes or 0) for number in classes):
            raise CommandError(
                f"an object is of class {example['classes'].max()}, and the net has the classes 0 to "
                f"{(model.num_classes or 0) - 1}. Give the --num_classes of this data."
            )
        example = {**example, "classes": np.array(classes, np.int32)}
        return {"image": prepare(example["image"], rng), "size": size, **padded_objects(example, options.max_boxes)}

    return transform


def batch_like(model: "NetModel", options: argparse.Namespace) -> dict[str, Any]:
    """A batch of one example, as shapes."""
    import jax
    import jax.numpy as jnp

    return {
        "image": jax.ShapeDtypeStruct((1, *model.input_shape), jnp.float32),
        "boxes": jax.ShapeDtypeStruct((1, options.max_boxes, 4), jnp.float32),
        "classes": jax.ShapeDtypeStruct((1, options.max_boxes), jnp.int32),
        "num_boxes": jax.ShapeDtypeStruct((1,), jnp.int32),
    }


def loss_function(model: "NetModel", options: argparse.Namespace, rate: Any) -> Any:
    """The program that is trained: a batch -> the total loss."""
    import jax.numpy as jnp

    from jax_slim.core.global_step import get_or_create_global_step
    from jax_slim.core.precision import precision
    from jax_slim.losses.accounts import add_loss, get_total_loss
    from jax_slim.summary.adding import scalar

    def total_loss(batch: dict[str, Any]) -> Any:
        with precision(None if options.compute_dtype == "float32" else jnp.dtype(options.compute_dtype)):
            localization, classification, _ = _costs(model, batch, is_training=True)
        for name, cost in (("localization", localization), ("classification", classification)):
            add_loss(cost)
            scalar(f"losses/{name}", cost)
        scalar("learning_rate", rate(get_or_create_global_step()) if callable(rate) else jnp.asarray(rate))
        return get_total_loss()

    return total_loss


def metrics_function(model: "NetModel", options: argparse.Namespace) -> Any:
    """What validates: COCO's and PASCAL VOC's average precisions, and the costs."""
    from jax_slim.cli.box_evaluation import ValidationProgram

    del options
    return ValidationProgram(found_by(model), model.num_classes or 0, lambda batch: measured_costs(model, batch))


def measured_costs(model: "NetModel", batch: dict[str, Any]) -> dict[str, Any]:
    """The two costs for each matched object, and their sum, as metrics."""
    from jax_slim.metrics.means import streaming_mean

    localization, classification, matched = _costs(model, batch, is_training=False)
    return {
        "Loss": streaming_mean(localization + classification, matched),
        "Localization_loss": streaming_mean(localization, matched),
        "Classification_loss": streaming_mean(classification, matched),
    }


def _costs(model: "NetModel", batch: dict[str, Any], is_training: bool) -> tuple[Any, Any, Any]:
    """The costs of places and of classes, and how many anchors are matched."""
    import jax.numpy as jnp

    from jax_slim.detection.costs import ssd_costs
    from jax_slim.detection.matching import assign_targets

    logits, end_points = model.function(batch["image"], is_training=is_training)
    anchors = end_points["Anchors"]
    targets = assign_targets(anchors, batch["boxes"], batch["classes"], batch["num_boxes"])
    if "valid" in batch:  # the last batch is filled up: copies do not count
        valid = batch["valid"].astype(jnp.float32)[:, None]
        targets = targets._replace(positive=targets.positive * valid, weights=targets.weights * valid)
    kind = score_converter(model)
    # SSD's authors compare no boxes with each other; the Object Detection API does.
    alone: dict[str, Any] = {"num_hard_examples": None, "iou_threshold": None} if kind == "softmax" else {}
    localization, classification = ssd_costs(logits, end_points["BoxEncodings"], anchors, targets, kind, **alone)
    return localization, classification, jnp.maximum(targets.positive.sum(), 1)


def score_converter(model: "NetModel") -> str:
    """What makes scores of the net's logits."""
    from jax_slim.nets.registry import row_of

    return row_of("detect", model.name).scores


def found_by(model: "NetModel", score_threshold: float = 1e-8) -> Callable[[Any], Any]:
    """Prepared images -> `Detections`, as a slim program."""
    from jax_slim.detection.detecting import detect

    kind = score_converter(model)

    def found(images: Any) -> Any:
        logits, end_points = model.function(images, is_training=False)
        return detect(logits, end_points["BoxEncodings"], end_points["Anchors"], kind, score_threshold)

    return found


def evaluate(asked: "Evaluation") -> dict[str, Any]:
    """COCO's and PASCAL VOC's numbers of a checkpoint, or of each new one."""
    from jax_slim.cli.box_evaluation import evaluate

    return evaluate(asked, found_by(asked.model))


def predict(options: argparse.Namespace, paths: list[str]) -> int:
    """Prints what is found in the images, and draws it; 1 when one of them could not be read."""
    import jax
    import numpy as np

    from jax_slim.cli import boxes, runs
    from jax_slim.cli.calibrating import calibrated
    from jax_slim.inference import predictor

    model, labels, _ = runs.model_of(options, options.checkpoint_path, options.moving_average)
    if model.variables is None:
        raise CommandError(f"{options.checkpoint_path} has no variables of {model.name}.")
    found_in = found_by(model, min(options.min_score_thresh, 0.01))
    find = predictor(*calibrated(found_in, model, model.variables, options.calibrate))
    prepare = inputs.preparing(model)
    batch_size = min(options.batch_size, len(paths))
    failed: list[str] = []
    rows: dict[str, boxes.Rows] = {}
    for images in inputs.photographs(paths, batch_size, 3, prepare, failed):
        stacked = np.stack([image for _, image in images])
        stacked = np.pad(stacked, [(0, batch_size - len(stacked)), (0, 0), (0, 0), (0, 0)])
        found = jax.device_get(find(stacked))
        for place, (path, _) in enumerate(images):
            count = int(found.num_detections[place])
            classes = found.classes[place][:count]
            names = [labels[number] if labels else str(number) for number in classes]
            rows[path] = boxes.rows_of(
                found.boxes[place], found.scores[place][:count], classes, names, options.top, options.min_score_thresh
            )
    boxes.show(rows, options.json)
    if options.output_dir and rows:
        boxes.draw_all(options.output_dir, rows)
    if options.grid and rows:
        from jax_slim.cli.grids import draw_grid

        draw_grid(options.grid, dict.fromkeys(rows, "") | boxes.captions(rows))
    return 1 if failed else 0


def exported(model: "NetModel") -> tuple[Any, Any]:
    """What writes a detector as a file, and what it finds."""
    from jax_slim.exporting.detectors import export_detector

    return export_detector, found_by(model)


TASK = Task(
    check, open_data, batches, batch_like, loss_function, metrics_function, ("AP", "max", 0.0), evaluate, predict,
    exported,
)  # fmt: skip
