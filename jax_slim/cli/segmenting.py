"""Segmentation: how nets are trained to say what each pixel shows, how that is measured, and masks of photographs."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jax_slim.cli import augmenting, inputs
from jax_slim.cli.failures import CommandError, UsageError
from jax_slim.cli.flags import defaults
from jax_slim.cli.mask_flags import numbers as numbers_of
from jax_slim.cli.mask_flags import scales_of
from jax_slim.cli.tasks import Task, refuse

if TYPE_CHECKING:
    from jax_slim.cli.evaluating import Evaluation
    from jax_slim.nets.creation import NetModel

IGNORED = 255
"""What the pixels that do not count have in a batch, whatever the data set calls them."""


def check(options: argparse.Namespace) -> None:
    """Raises UsageError where an option is out of its range, or of another task."""
    others = {"labels_offset": 0, "label_smoothing": 0.0, "confusion_matrix": None}
    refuse(options, "segmentation", others | defaults((*augmenting.AUGMENT_FLAGS, *augmenting.BOX_FLAGS)))
    if getattr(options, "preprocessing_name", None) not in (None, "deeplab"):
        raise UsageError(f"--preprocessing_name must be deeplab for masks, got {options.preprocessing_name!r}.")
    if hasattr(options, "eval_scales"):
        scales_of(options)
    if not hasattr(options, "top_k_percent_pixels"):
        return
    if not 0 < options.top_k_percent_pixels <= 1:
        raise UsageError(f"--top_k_percent_pixels must be above 0 and up to 1, got {options.top_k_percent_pixels}.")
    if options.hard_example_mining_step < 0:
        raise UsageError(f"--hard_example_mining_step must be at least 0, got {options.hard_example_mining_step}.")
    if not 0 < options.min_scale_factor <= options.max_scale_factor or options.scale_factor_step_size < 0:
        raise UsageError(
            "--min_scale_factor must be above 0 and at most --max_scale_factor, and --scale_factor_step_size at least "
            f"0, got {options.min_scale_factor}, {options.max_scale_factor} and {options.scale_factor_step_size}."
        )
    numbers_of(options, "atrous_rates", int)
    numbers_of(options, "class_weights", float)


def model_options(options: argparse.Namespace) -> dict[str, Any]:
    """The arguments of the net that a new run asks for."""
    found: dict[str, Any] = {}
    if options.output_stride is not None:
        found["output_stride"] = options.output_stride
    if options.atrous_rates is not None:
        found["atrous_rates"] = numbers_of(options, "atrous_rates", int)
    if options.decoder_output_stride is not None:
        found["decoder_output_stride"] = options.decoder_output_stride or []
    if not options.fine_tune_batch_norm:
        found["fine_tune_batch_norm"] = False
    return found


def gradient_multipliers(model: "NetModel", options: argparse.Namespace) -> Any:
    """Factors for the gradients of the layers above the backbone; None where all learn alike."""
    if options.last_layer_gradient_multiplier == 1:
        return None
    from jax_slim.nets.registry import row_of

    added = row_of("train", model.name).added
    specs = model.specs(model.example())
    names = [name for name, spec in specs.items() if spec.trainable and name.startswith(added)]
    return dict.fromkeys(names, options.last_layer_gradient_multiplier)


def open_data(options: argparse.Namespace, split: str) -> Any:
    """The images and masks of the options, by number."""
    if not options.dataset_dir:
        raise UsageError("--dataset_dir must say where the images and masks are.")
    from jax_slim.datasets.segmentation import open_segmentation

    return open_segmentation(options.dataset_dir, split, options.dataset_name)


def batches(
    data: Any,
    model: "NetModel",
    options: argparse.Namespace,
    batch_size: int,
    is_training: bool,
    seed: int = 0,
    numbers: Sequence[int | None] | None = None,
) -> Any:
    """Batches {"image": float32 [N, H, W, C], "mask": int32 [N, H, W]}, whose ignored pixels are `IGNORED`.

    Shuffled, distorted and without end for training; all once and in order for evaluation.
    """
    transform = _prepared(data, model, options, is_training, numbers)
    return inputs.pipeline_of(data, transform, options, batch_size, is_training, seed)


def _prepared(
    data: Any, model: "NetModel", options: argparse.Namespace, is_training: bool, numbers: Sequence[int | None] | None
) -> Any:
    import numpy as np

    from jax_slim.preprocessing.deeplab_preprocessing import preprocess_image_and_label

    classes, size, grey = model.num_classes or 0, model.image_size, options.use_grayscale or model.channels == 1
    if classes > IGNORED:
        raise CommandError(f"{model.name} must have at most {IGNORED} classes for masks, got {classes}.")
    if numbers is None:
        if data.num_classes > classes:
            raise CommandError(f"the masks have {data.num_classes} classes, and the net {classes}. Give --num_classes.")
        numbers = range(data.num_classes)
    places = np.array([IGNORED if number is None else number for number in numbers], np.int32)
    scaling = {}
    if is_training:
        names = ("min_scale_factor", "max_scale_factor", "scale_factor_step_size")
        scaling = {name: getattr(options, name) for name in names}

    def transform(example: dict[str, Any], rng: Any) -> dict[str, Any]:
        mask, ignored = example["mask"], example["mask"] == data.ignore_label
        mask = np.where(ignored, IGNORED, places[np.where(ignored, 0, mask)])
        image, mask = preprocess_image_and_label(
            example["image"], mask, size, size, is_training, grey, ignore_label=IGNORED, rng=rng,
            **scaling,
        )  # fmt: skip
        return {"image": image, "mask": mask}

    return transform


def batch_like(model: "NetModel", options: argparse.Namespace) -> dict[str, Any]:
    """A batch of one example, as shapes."""
    import jax
    import jax.numpy as jnp

    del options
    height, width, _ = model.input_shape
    images = jax.ShapeDtypeStruct((1, *model.input_shape), jnp.float32)
    return {"image": images, "mask": jax.ShapeDtypeStruct((1, height, width), jnp.int32)}


def loss_function(model: "NetModel", options: argparse.Namespace, rate: Any) -> Any:
    """The program that is trained: a batch -> the total loss."""
    import jax.numpy as jnp

    from jax_slim.core.global_step import get_or_create_global_step
    from jax_slim.core.precision import precision
    from jax_slim.kernels.resizing import resize_nearest_neighbor
    from jax_slim.losses.accounts import get_total_loss
    from jax_slim.losses.segmentation import pixel_softmax_cross_entropy
    from jax_slim.summary.adding import scalar

    weights = numbers_of(options, "class_weights", float)
    if weights is not None and len(weights) != model.num_classes:
        raise UsageError(f"--class_weights must be {model.num_classes}, one for each class, got {len(weights)}.")

    def total_loss(batch: dict[str, Any]) -> Any:
        with precision(None if options.compute_dtype == "float32" else jnp.dtype(options.compute_dtype)):
            logits, _ = model.function(batch["image"], is_training=True)
        pixel_softmax_cross_entropy(
            logits, batch["mask"], weights or 1.0, IGNORED, True, options.top_k_percent_pixels,
            options.hard_example_mining_step,
        )  # fmt: skip
        # Of the pixels of the logits: enlarging these would cost as much as the loss does.
        masks = resize_nearest_neighbor(batch["mask"][..., None], logits.shape[1:3], align_corners=True)[..., 0]
        counted = masks != IGNORED
        right = jnp.sum((jnp.argmax(logits, -1) == masks) & counted)
        scalar("accuracy/train_batch", right / jnp.maximum(1, jnp.sum(counted)))
        scalar("learning_rate", rate(get_or_create_global_step()) if callable(rate) else jnp.asarray(rate))
        return get_total_loss()

    return total_loss


def metrics_function(model: "NetModel", options: argparse.Namespace) -> Any:
    """The program that validates."""
    del options
    return _metrics(model, _masks_function(model, (1.0,), False))


def _masks_function(model: "NetModel", scales: Sequence[float], flipped: bool) -> Any:
    """Images -> the class of each pixel, as a program of the net's variables."""
    from jax_slim.core.scopes import AUTO_REUSE
    from jax_slim.nets.deeplab_inference import predict_labels, predict_labels_multi_scale
    from jax_slim.nets.nets_factory import get_network_fn

    network_fn = get_network_fn(model.name, model.num_classes)
    arguments = model.options | {"reuse": AUTO_REUSE}

    def masks(images: Any) -> Any:
        def logits(scaled: Any) -> Any:
            return network_fn(scaled, **arguments)[0]

        if tuple(scales) == (1.0,) and not flipped:
            return predict_labels(images, logits).labels
        return predict_labels_multi_scale(images, logits, scales, flipped).labels

    return masks


def _metrics(model: "NetModel", masks_of: Any, with_matrix: bool = False) -> Any:
    """The program that is evaluated: a batch -> mean intersection over union, and accuracy of pixels.

    Args:
      masks_of: as `_masks_function` makes it.
      with_matrix: whether to count what is taken for what.
    """
    import jax.numpy as jnp

    from jax_slim.cli.confusion import MATRIX
    from jax_slim.metrics.classes import streaming_confusion_matrix
    from jax_slim.metrics.means import streaming_accuracy
    from jax_slim.metrics.segmentation import streaming_mean_iou

    classes = model.num_classes
    assert classes is not None

    def metrics(batch: dict[str, Any]) -> dict[str, Any]:
        found, masks = masks_of(batch["image"]), batch["mask"]
        if "valid" in batch:  # the last batch is filled up: copies do not count
            masks = jnp.where(batch["valid"][:, None, None], masks, IGNORED)
        counted = masks != IGNORED
        weights, labels = counted.astype(jnp.float32), jnp.where(counted, masks, 0)
        results = {
            "mIoU": streaming_mean_iou(found, masks, classes, IGNORED),
            "Pixel_accuracy": streaming_accuracy(found, labels, weights),
        }
        if with_matrix:
            results[MATRIX] = streaming_confusion_matrix(found, labels, classes, weights)
        return results

    return metrics


def evaluate(asked: "Evaluation") -> dict[str, Any]:
    """Measures a checkpoint, or each new one, and prints the intersection over union of each class."""
    from jax_slim.cli.confusion import MatrixProgram
    from jax_slim.cli.evaluating import prepared
    from jax_slim.core import processes
    from jax_slim.evaluation.once import DEFAULT_WRITER, evaluate_with
    from jax_slim.evaluation.watching import evaluation_loop
    from jax_slim.progress import encodable

    options = asked.options
    masks_of = _masks_function(asked.model, scales_of(options), options.add_flipped_images)
    if options.watch:
        return evaluation_loop(
            asked.path, asked.eval_dir, _metrics(asked.model, masks_of), asked.batches, options.max_num_batches,
            eval_interval_secs=options.eval_interval_secs, timeout=options.timeout,
            moving_average=asked.moving_average,
        )  # fmt: skip
    masks_of, variables = prepared(masks_of, asked)
    program = MatrixProgram(_metrics(asked.model, masks_of, with_matrix=True))
    results = evaluate_with(
        program, variables, asked.eval_dir, asked.batches(), options.max_num_batches, None, DEFAULT_WRITER,
        moving_average=False,
    )  # fmt: skip
    if processes.is_first():
        print(encodable(by_class(program.matrix, asked.labels), sys.stdout))
    return results


def by_class(matrix: Any, labels: Sequence[str] | None) -> str:
    """A table: of each class its intersection over union, and how many of its pixels were found."""
    import numpy as np

    from jax_slim.metrics.segmentation import class_iou

    matrix = np.asarray(matrix, np.float64)
    pixels, found = matrix.sum(1), matrix.diagonal()
    lines = [("class", "IoU %", "found %", "pixels")]
    for number, iou in enumerate(class_iou(matrix)):
        name = labels[number] if labels else str(number)
        share = f"{100 * found[number] / pixels[number]:.1f}" if pixels[number] else "-"
        lines.append((name, "-" if np.isnan(iou) else f"{100 * iou:.1f}", share, f"{pixels[number]:.0f}"))
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    return "\n".join(
        "  ".join(
            [line[0].ljust(widths[0]), *(text.rjust(width) for text, width in zip(line[1:], widths[1:], strict=True))]
        )
        for line in lines
    )


def predict(options: argparse.Namespace, paths: list[str]) -> int:
    """Prints what share of each image each class has, and writes masks; 1 when an image could not be read."""
    import numpy as np

    from jax_slim.cli.calibrating import calibrated
    from jax_slim.cli.runs import model_of
    from jax_slim.inference import predictor

    scales = scales_of(options)
    model, labels, _ = model_of(options, options.checkpoint_path, options.moving_average)
    masks_of = _masks_function(model, scales, options.add_flipped_images)
    run = predictor(*calibrated(masks_of, model, model.variables, options.calibrate))
    prepare = inputs.preparing(model)
    batch_size, size, colors = min(options.batch_size, len(paths)), model.image_size, _colors(labels)
    names, failed = _file_names(paths), []
    found: dict[str, list[dict[str, Any]]] = {}
    drawn: dict[str, Any] = {}
    for photographs in inputs.photographs(paths, batch_size, 3, lambda pixels: (pixels, prepare(pixels)), failed):
        images = np.stack([prepared for _, (_, prepared) in photographs])
        images = np.pad(images, [(0, batch_size - len(images)), (0, 0), (0, 0), (0, 0)])
        masks = np.asarray(run(images))
        for (path, (pixels, _)), whole in zip(photographs, masks, strict=False):
            mask = _of_photograph(whole, pixels.shape[:2], size)
            found[path] = _shares(mask, labels, options.top)
            if options.output_dir or options.grid:
                drawn[path] = _written(options.output_dir, names[path], pixels, mask, colors)
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        for path, rows in found.items():
            shares = ", ".join(f"{row['label']} {row['share']:.1%}" for row in rows)
            print(f"{path}: {shares}")
    if options.grid and drawn:
        from jax_slim.cli.grids import draw_grid

        captions = {path: ", ".join(str(row["label"]) for row in found[path]) for path in drawn}
        draw_grid(options.grid, captions, drawn)
    return 1 if failed else 0


def _of_photograph(mask: Any, size: tuple[int, int], image_size: int) -> Any:
    """The mask of a photograph out of that of the prepared one, which is smaller, and padded."""
    from jax_slim.preprocessing.masks import fitting
    from jax_slim.preprocessing.resizing import resize_nearest_neighbor

    height, width = fitting(size, (image_size, image_size))
    return resize_nearest_neighbor(mask[:height, :width, None], size, align_corners=True)[..., 0]


def _shares(mask: Any, labels: Sequence[str] | None, top: int) -> list[dict[str, Any]]:
    import numpy as np

    numbers, counts = np.unique(mask, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:top]
    return [
        {
            "class": number,
            "label": labels[number] if labels else str(number),
            "share": round(count / mask.size, 6),
        }
        for number, count in zip(numbers[order].tolist(), counts[order].tolist(), strict=True)
    ]


def _written(folder: str | None, name: str, pixels: Any, mask: Any, colors: Any) -> Any:
    """The photograph with its mask over it; written to the folder with the mask, where there is one."""
    from jax_slim.data.image_codecs import encode_png
    from jax_slim.data.mask_images import encode_mask
    from jax_slim.datasets.colormaps import draw_mask

    picture = draw_mask(pixels, mask, colors, ignore_label=None)
    if folder:
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{name}_mask.png").write_bytes(encode_mask(mask, colors))
        (place / f"{name}_drawn.png").write_bytes(encode_png(picture))
    return picture


def _file_names(paths: Sequence[str]) -> dict[str, str]:
    """What the files of each image are called: as itself, with a number where another is called so too."""
    names: dict[str, str] = {}
    for path in paths:
        stem, number = Path(path).stem, 1
        name = stem
        while name in names.values():
            number += 1
            name = f"{stem}_{number}"
        names[path] = name
    return names


def _colors(labels: Sequence[str] | None) -> Any:
    """The colours of the data set whose classes these are; else PASCAL's."""
    from jax_slim.datasets.label_sets import LABEL_SETS, pascal_colors

    for known in LABEL_SETS.values():
        if labels is not None and tuple(labels) == known.class_names:
            return known.colors
    return pascal_colors()


def exported(model: "NetModel") -> tuple[Any, Any]:
    """What writes a segmentation net as a file, and its masks."""
    from jax_slim.exporting.segmenters import export_segmenter

    return export_segmenter, _masks_function(model, (1.0,), False)


TASK = Task(
    check, open_data, batches, batch_like, loss_function, metrics_function, ("mIoU", "max", None), evaluate, predict,
    exported, model_options, gradient_multipliers,
)  # fmt: skip
