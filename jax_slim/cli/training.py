"""`jax-slim train`: research/slim's `train_image_classifier.py`."""

import argparse
import contextlib
import math
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jax_slim.cli.augmenting import AUGMENT_FLAGS, BOX_FLAGS
from jax_slim.cli.class_names import numbers_by_name, refuse_others, same_classes
from jax_slim.cli.failures import CommandError, UsageError
from jax_slim.cli.flags import Flag, add_flags, listed, merged
from jax_slim.cli.inputs import DATA_FLAGS
from jax_slim.cli.mask_flags import MASK_FLAGS
from jax_slim.cli.optimizing import OPTIMIZER_FLAGS, RATE_FLAGS
from jax_slim.cli.process_flags import PROCESS_FLAGS, join, saved_options
from jax_slim.cli.tasks import TASKS

if TYPE_CHECKING:
    from jax_slim.nets.creation import NetModel

HELP = """train a net that classifies, detects or segments, or go on with a run

  jax-slim train --dataset_dir=flower_photos --model_name=mobilenet_v1_025 --train_dir=/tmp/flowers
  jax-slim train --train_dir=/tmp/flowers                            goes on, with the options it had
  jax-slim train --dataset_dir=my_photos --train_dir=/tmp/mine --checkpoint_path=inception_v3.ckpt \\
      --checkpoint_exclude_scopes=InceptionV3/Logits,InceptionV3/AuxLogits \\
      --trainable_scopes=InceptionV3/Logits,InceptionV3/AuxLogits     fine-tunes the last layers
  jax-slim train --task=detection --dataset_dir=VOCdevkit --train_dir=/tmp/boxes --model_name=ssd_mobilenet_v2
  jax-slim train --task=segmentation --dataset_dir=leaves --train_dir=/tmp/masks --train_image_size=257

The options are those of TF-Slim's train_image_classifier.py. The run's whole configuration is saved in its directory
(config.toml, model.json). Ctrl-C saves and stops; the same command goes on."""

GROUPS = {
    "the run": (
        Flag("train_dir", str, None, "where checkpoints, events and the configuration go"),
        Flag("task", str, None, "what to train for; by default what the net is for", tuple(TASKS)),
        Flag("model_name", str, "inception_v3", "the net, as `jax-slim models` lists them"),
        Flag("max_number_of_steps", int, None, "the step to stop at; by default never"),
        Flag("batch_size", int, 32, "images in a batch, of each device"),
        Flag("num_clones", int, None, "how many devices each process uses; by default all of them"),
        Flag("train_image_size", int, None, "height and width in pixels; by default the net's own"),
        Flag("preprocessing_name", str, None, "as which net's images are prepared; by default this one's"),
        Flag("num_classes", int, None, "how many classes; by default those of the data"),
        Flag(
            "batch_norm_decay",
            float,
            None,
            "of batch norm's moving averages; by default the net's own, less for a run of few steps",
        ),
        Flag("log_every_n_steps", int, None, "off a terminal: a line each so many steps; by default one a second"),
        Flag("save_summaries_secs", float, 600.0, "seconds between summaries"),
        Flag("save_interval_secs", float, 600.0, "seconds between checkpoints"),
        Flag("max_to_keep", int, 5, "how many checkpoints to keep"),
        Flag("seed", int, 0, "decides initial values, order and distortion of images, dropout"),
    ),
    "the data": (Flag("dataset_split_name", str, "train", "which part of the data set"), *DATA_FLAGS),
    "the images of training": AUGMENT_FLAGS,
    "detection": BOX_FLAGS,
    "segmentation": MASK_FLAGS,
    "the optimizer": OPTIMIZER_FLAGS,
    "the learning rate": RATE_FLAGS,
    "fine-tuning": (
        Flag("checkpoint_path", str, None, "where to start from: any checkpoint, of any format"),
        Flag(
            "pretrained",
            str,
            None,
            "published weights to fetch and start from, as `jax-slim models --pretrained` lists",
        ),
        Flag("checkpoint_exclude_scopes", str, None, "scopes, between commas, that are not taken from it"),
        Flag("trainable_scopes", str, None, "scopes, between commas, that alone are trained"),
        Flag("ignore_missing_vars", bool, False, "keep initial values of variables that the checkpoint lacks"),
    ),
    "many machines": PROCESS_FLAGS,
    "validation during training": (
        Flag("validate_every_n_steps", int, None, "evaluate each so many steps, and keep the best checkpoint"),
        Flag("validation_split_name", str, "validation", "on which part of the data set"),
        Flag(
            "early_stopping_patience",
            int,
            None,
            "stop after so many validations that were no better; those of a detector count from its first AP above 0",
        ),
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    add_flags(parser, GROUPS)


def run(options: argparse.Namespace) -> int:
    """Trains."""
    from jax_slim.cli import runs

    file = runs.read_config(options.config) if options.config else {}
    train_dir = getattr(options, "train_dir", None) or file.get("train_dir")
    if not train_dir:
        raise UsageError("--train_dir must say where checkpoints and the configuration go.")
    saved = Path(train_dir) / runs.CONFIG
    # Also of a run that was stopped before its first checkpoint; one that failed before it has no such file.
    earlier = runs.read_config(saved) if saved.is_file() else {}
    chosen = merged(options, GROUPS, earlier, file)
    chosen.train_dir = str(train_dir)
    if not (hasattr(options, "model_name") or "model_name" in file or "model_name" in earlier) and chosen.task:
        chosen.model_name = TASKS[chosen.task].net
    join(chosen)
    if chosen.pretrained and not saved.is_file():
        if not hasattr(options, "model_name") and "model_name" not in file:
            chosen.model_name = None
        runs.take_pretrained(chosen)
    _check(chosen)
    from jax_slim.core import processes
    from jax_slim.learning.loop import NonFiniteError

    try:
        with processes.leaving("jax-slim train", NonFiniteError, SystemExit):
            return _train(chosen)
    except KeyboardInterrupt as end:
        if not isinstance(end, SystemExit) and saved.is_file() and not _has_checkpoint(train_dir):
            end.add_note(f"There is no checkpoint yet: `jax-slim train --train_dir={train_dir}` starts again.")
        raise


def _check(options: argparse.Namespace) -> None:
    from jax_slim.cli import augmenting, runs, tasks

    for name in (
        "batch_size",
        "num_clones",
        "max_number_of_steps",
        "validate_every_n_steps",
        "train_image_size",
        "max_to_keep",
        "accumulate",
        "max_boxes",
    ):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise UsageError(f"--{name} must be at least 1, got {value}.")
    for flag in (flag for flags in GROUPS.values() for flag in flags if flag.kind is float):
        value = getattr(options, flag.name)
        if value is not None and not math.isfinite(value):
            raise UsageError(f"--{flag.name} must be a finite number, got {value}.")
    try:
        re.compile(options.recompute or "")
    except re.error as error:
        raise UsageError(
            f"--recompute must be cheap, blocks or a pattern for scopes, got {options.recompute!r}: {error}."
        ) from None
    runs.check_net(options.model_name)
    options.task = tasks.check_task(options.task, options.model_name)
    runs.check_preprocessing(options.preprocessing_name)
    augmenting.check(options)
    tasks.task_of(options.task).check(options)
    if options.warmup_steps < 0:
        raise UsageError(f"--warmup_steps must be at least 0, got {options.warmup_steps}.")
    if not 0 <= options.label_smoothing < 1:
        raise UsageError(f"--label_smoothing must be from 0 to 1, got {options.label_smoothing}.")


def _train(options: argparse.Namespace) -> int:
    from jax_slim.cli import inputs, optimizing, runs, tasks
    from jax_slim.core import processes
    from jax_slim.learning.train_op import create_train_op
    from jax_slim.learning.training import train
    from jax_slim.learning.validation import Validation
    from jax_slim.optimizers.averages import ExponentialMovingAverage
    from jax_slim.parallel.meshes import data_mesh

    task = tasks.task_of(options.task)
    data = task.open_data(options, options.dataset_split_name)
    resumed = _has_checkpoint(options.train_dir)
    said = _said_by_run(options.train_dir) if resumed else {}
    refuse_others(data.class_names, said.get("labels"), options.labels_offset, _name_of(options), options.train_dir)
    model, labels = _model(options, data, said if resumed else None)
    _refuse_another(options.train_dir, said, model)
    net = options.train_dir if resumed else model.name
    numbers = numbers_by_name(data.class_names, labels, options.labels_offset, _name_of(options), net)
    mesh = data_mesh(_devices(options.num_clones))
    batch_size = _batch_size(options, len(data), mesh.size)
    rate = optimizing.learning_rate(options, len(data) / batch_size)
    average = None
    if options.moving_average_decay is not None:
        average = ExponentialMovingAverage(options.moving_average_decay, num_updates="global_step")
    if batch_size % options.accumulate:
        raise UsageError(f"--accumulate must divide the batch of {batch_size} images, got {options.accumulate}.")
    loss = task.loss_function(model, options, rate)
    _check_net(loss, task.batch_like(model, options))
    train_op = create_train_op(
        loss,
        optimizing.optimizer(options, rate),
        clip_gradient_norm=options.clip_gradient_norm,
        gradient_multipliers=task.gradient_multipliers(model, options),
        variables_to_train=_trained(model, options.trainable_scopes),
        accumulate=options.accumulate,
        moving_average=average,
        transform_batch=task.transform_batch(model, options),
    )
    validation = None
    if options.validate_every_n_steps is not None:
        held_out = task.open_data(options, options.validation_split_name)
        held_numbers = numbers_by_name(
            held_out.class_names, labels, options.labels_offset, options.validation_split_name, net
        )
        validation = Validation(
            task.metrics_function(model, options),
            lambda: task.batches(held_out, model, options, options.batch_size, False, numbers=held_numbers),
            every_n_steps=options.validate_every_n_steps,
            best=task.best[0],
            mode=task.best[1],
            floor=task.best[2],
            patience=options.early_stopping_patience,
            moving_average=average is not None,
        )
    batches = task.batches(data, model, options, batch_size, True, seed=options.seed, numbers=numbers)
    processes.told_by_all("read")  # what the directory says of the run, before the first one changes it
    speaks = processes.is_first()
    with runs.description_kept(options.train_dir) if speaks else contextlib.nullcontext():
        if speaks:
            os.makedirs(options.train_dir, exist_ok=True)
            runs.save_config(options.train_dir, saved_options(options))
            runs.save_model(options.train_dir, model, labels)
            print(
                f"{model.name}: {len(data)} images of {data.num_classes} classes, {batch_size} a batch, "
                f"{mesh.size} device{'s' if mesh.size > 1 else ''}; {options.train_dir}",
                file=sys.stderr,
            )
        given = model.variables
        try:
            result = train(
                train_op,
                options.train_dir,
                batches,
                number_of_steps=options.max_number_of_steps,
                log_every_n_steps=options.log_every_n_steps,
                init_fn=None if given is None else lambda variables: variables | given.only(variables),
                save_summaries_secs=options.save_summaries_secs,
                save_interval_secs=options.save_interval_secs,
                max_to_keep=options.max_to_keep,
                validation=validation,
                mesh=mesh,
                seed=options.seed,
            )
        finally:
            inputs.list_damaged(batches)
    if speaks and not math.isnan(result):  # then there was nothing to do, and that was said
        print(f"step {result.step}, loss {float(result):.4f}; {options.train_dir}", file=sys.stderr)
    return 0


def _check_net(loss: Any, batch: dict[str, Any]) -> None:
    """Traces the net in training, so that images too small for it are refused before the run's files are changed."""
    from jax_slim.core.model import Model

    Model(loss).specs(batch)


def _model(options: argparse.Namespace, data: Any, said: dict[str, Any] | None) -> tuple["NetModel", list[str] | None]:
    """The net, and the names of its classes.

    Args:
      options, data: of the run.
      said: the `model.json` of the run that goes on; None for a new one.
    """
    from jax_slim.cli import inputs, tasks
    from jax_slim.nets.creation import create_model

    if said is not None and options.checkpoint_path:
        print(f"going on in {options.train_dir}: --checkpoint_path is for the start, and ignored", file=sys.stderr)
    needed = data.num_classes - options.labels_offset
    if needed < 1:
        raise UsageError(
            f"--labels_offset must be below {data.num_classes}, the classes of the data, got {options.labels_offset}."
        )
    if options.num_classes is not None and options.num_classes < needed:
        raise UsageError(
            f"--num_classes must be at least {needed}, the classes of the data with "
            f"--labels_offset={options.labels_offset}, got {options.num_classes}."
        )
    names = data.class_names
    labels = said.get("labels") if said else None
    classes = options.num_classes or (len(labels) if labels and names else needed)
    excluded = [re.escape(scope) for scope in listed(options.checkpoint_exclude_scopes)]
    if labels is None and names is not None:
        # Those classes of the net that the data does not have are numbers.
        labels = list(names)[options.labels_offset :] + [str(number) for number in range(needed, classes)]
        if said is None and options.checkpoint_path:
            labels, new = _fine_tuned(options, labels)
            excluded += [re.escape(scope) for scope in new]
    earlier = said or {}  # a run goes on with the images that it began with
    model = create_model(
        options.model_name,
        classes,
        checkpoint=None if said is not None or options.pretrained else options.checkpoint_path,
        pretrained=(options.pretrained or False) if said is None else False,
        weight_decay=0.0 if options.optimizer == "adamw" else options.weight_decay,
        image_size=options.train_image_size or earlier.get("image_size"),
        channels=inputs.channels_of(data, options),
        preprocessing=options.preprocessing_name or earlier.get("preprocessing"),
        framing=None if options.preprocessing_name else earlier.get("framing"),
        exclude=excluded or None,
        ignore_missing_vars=options.ignore_missing_vars,
        batch_norm_decay=_batch_norm_decay(options),
        recompute=options.recompute,
        kept_dtype=None if options.kept_dtype == "float32" else options.kept_dtype,
        **(tasks.task_of(options.task).model_options(options) if said is None else said.get("options", {})),
    )
    return model, labels


def _fine_tuned(options: argparse.Namespace, labels: list[str]) -> tuple[list[str], Sequence[str]]:
    """The classes in the order of the checkpoint that is fine-tuned, where they are the same; else its last layers.

    The last layers of as many other classes would fit, and say of a rose that it is a truck.
    """
    from jax_slim.cli import runs
    from jax_slim.nets.pretrained import pretrained_of
    from jax_slim.nets.registry import row_of

    old = runs.described_in(options.checkpoint_path).get("labels")
    if old is None and options.pretrained:
        old = pretrained_of(options.model_name, options.pretrained).class_names
    if old is None or old == labels:
        return labels, ()
    if same_classes(labels, old):
        return list(old), ()
    if len(old) != len(labels):  # then shapes differ, and they are new anyway
        return labels, ()
    print(f"the last layer is new: {options.checkpoint_path} was trained for other classes", file=sys.stderr)
    return labels, row_of("train", options.model_name).head


def _batch_norm_decay(options: argparse.Namespace) -> float | None:
    """The decay that was asked for, or one with which averages can follow in the steps that there are.

    TF-Slim's nets come with 0.9997, for months of machine time: after 300 steps the averages would still be 91 % what
    they were before the first, and evaluation gives nonsense, the commonest of all complaints about it.
    """
    from jax_slim.nets.nets_factory import own_batch_norm_decay
    from jax_slim.nets.registry import row_of

    row_of("train", options.model_name)
    own = own_batch_norm_decay(options.model_name)
    if options.batch_norm_decay is not None or own is None or options.max_number_of_steps is None:
        return options.batch_norm_decay
    # A tenth of the run: what the averages are of at its end.
    enough = max(0.5, 1 - 10 / options.max_number_of_steps)
    if enough >= own:
        return None
    print(
        f"batch_norm_decay {enough:.4g} instead of {own}, for a run of {options.max_number_of_steps} steps",
        file=sys.stderr,
    )
    return enough


def _said_by_run(train_dir: str) -> dict[str, Any]:
    """The `model.json` of the run that goes on."""
    from jax_slim.cli import runs

    return runs.described_in(os.path.join(train_dir, "0"))


def _refuse_another(train_dir: str, said: dict[str, Any], model: "NetModel") -> None:
    """A run goes on with the net that it began with: another's checkpoint would fail later and less clearly."""
    here = {"model_name": model.name, "num_classes": model.num_classes, "channels": model.channels}
    for name, value in here.items():
        if name in said and said[name] != value:
            raise CommandError(
                f"{train_dir} holds a run with {name}={said[name]}, got {value}. Choose another --train_dir, or go on "
                "with the same."
            )


def _name_of(options: argparse.Namespace) -> str:
    """What messages call the data."""
    return str(options.dataset_dir or options.dataset_name)


def _has_checkpoint(train_dir: str) -> bool:
    from jax_slim.checkpoints.native import latest_checkpoint

    return os.path.isdir(train_dir) and latest_checkpoint(train_dir) is not None


def _trained(model: "NetModel", scopes: str | None) -> list[str] | None:
    """The names of the variables below the scopes."""
    wanted = listed(scopes)
    if not wanted:
        return None
    specs = model.specs(model.example())
    trainable = [name for name, spec in specs.items() if spec.trainable]
    for scope in wanted:
        if not any(name.startswith(scope) for name in trainable):
            tops = sorted({"/".join(name.split("/")[:2]) for name in trainable})
            raise UsageError(f"--trainable_scopes: no variable of {model.name} is below {scope!r}. Scopes: {tops}.")
    return [name for name in trainable if name.startswith(tuple(wanted))]


def _batch_size(options: argparse.Namespace, images: int, devices: int) -> int:
    """How many images make a batch: as many as asked for, or as there are, of each device the same number."""
    if images < devices:
        raise UsageError(
            f"--num_clones must be at most {images}, an image for each device, got {devices} devices for the {images} "
            f"images of {_name_of(options)}."
        )
    asked = options.batch_size * devices
    used = min(asked, images // devices * devices)
    if used < asked:
        print(f"{used} images a batch instead of {asked}: {_name_of(options)} has {images}", file=sys.stderr)
    return used


def _devices(count: int | None) -> Any:
    import jax

    own = jax.local_devices()
    if count is not None and count > len(own):
        raise UsageError(f"--num_clones must be at most {len(own)}, the devices of this process, got {count}.")
    of_each: dict[int, list[Any]] = {}
    for device in jax.devices():
        of_each.setdefault(device.process_index, []).append(device)
    return [device for devices in of_each.values() for device in devices[:count]]
