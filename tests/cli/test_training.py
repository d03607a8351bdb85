"""`train` and `evaluate`: the options do what they say. (A whole run with images is in test_whole_way.py.)"""

import argparse
import json
import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from PIL import Image

import jax_slim as slim
import pictures
from jax_slim.cli import augmenting, evaluating, optimizing, training
from jax_slim.cli.failures import CommandError
from jax_slim.cli.flags import merged
from jax_slim.cli.main import main


def options(**changes):
    return argparse.Namespace(**(vars(merged(argparse.Namespace(), training.GROUPS, {}, {})) | changes))


# research/slim's train_image_classifier.py and eval_image_classifier.py, without what concerned graphs and clusters.
RESEARCH_SLIM = [
    "train_dir",
    "num_clones",
    "log_every_n_steps",
    "save_summaries_secs",
    "save_interval_secs",
    "weight_decay",
    "optimizer",
    "adadelta_rho",
    "adagrad_initial_accumulator_value",
    "adam_beta1",
    "adam_beta2",
    "opt_epsilon",
    "ftrl_learning_rate_power",
    "ftrl_initial_accumulator_value",
    "ftrl_l1",
    "ftrl_l2",
    "momentum",
    "rmsprop_momentum",
    "rmsprop_decay",
    "learning_rate_decay_type",
    "learning_rate",
    "end_learning_rate",
    "label_smoothing",
    "learning_rate_decay_factor",
    "num_epochs_per_decay",
    "moving_average_decay",
    "dataset_name",
    "dataset_split_name",
    "dataset_dir",
    "labels_offset",
    "model_name",
    "preprocessing_name",
    "batch_size",
    "train_image_size",
    "max_number_of_steps",
    "use_grayscale",
    "checkpoint_path",
    "checkpoint_exclude_scopes",
    "trainable_scopes",
    "ignore_missing_vars",
    "num_preprocessing_threads",
]
DEFAULTS = {
    "weight_decay": 0.00004, "optimizer": "rmsprop", "opt_epsilon": 1.0, "learning_rate": 0.01, "batch_size": 32,
    "learning_rate_decay_type": "exponential", "num_epochs_per_decay": 2.0, "learning_rate_decay_factor": 0.94,
    "end_learning_rate": 0.0001, "rmsprop_momentum": 0.9, "rmsprop_decay": 0.9, "model_name": "inception_v3",
}  # fmt: skip


def test_the_options_are_those_of_research_slim():
    given = vars(options())
    assert set(RESEARCH_SLIM) <= set(given)
    assert {name: given[name] for name in DEFAULTS} == DEFAULTS
    known = {flag.name for flags in evaluating.GROUPS.values() for flag in flags}
    assert {"checkpoint_path", "eval_dir", "batch_size", "max_num_batches", "moving_average_decay"} <= known


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"optimizer": "sgd"}, slim.optimizers.gradient_descent(0.1)),
        ({"optimizer": "momentum", "momentum": 0.8}, slim.optimizers.momentum(0.1, 0.8)),
        ({"optimizer": "rmsprop"}, slim.optimizers.rmsprop(0.1, 0.9, 0.9, 1.0)),
        ({"optimizer": "adam", "opt_epsilon": 1e-3}, slim.optimizers.adam(0.1, 0.9, 0.999, 1e-3)),
        ({"optimizer": "addsign"}, slim.optimizers.add_sign(0.1)),
        ({"optimizer": "powersign"}, slim.optimizers.power_sign(0.1)),
        ({"optimizer": "adagrad"}, slim.optimizers.adagrad(0.1, 0.1)),
        ({"optimizer": "adadelta", "adadelta_rho": 0.9}, slim.optimizers.adadelta(0.1, 0.9, 1.0)),
        ({"optimizer": "ftrl", "ftrl_l1": 0.01}, slim.optimizers.ftrl(0.1, -0.5, 0.1, 0.01, 0.0)),
    ],
    ids=lambda value: value.get("optimizer") if isinstance(value, dict) else "",
)
def test_optimizers(changes, expected):
    found = optimizing.optimizer(options(**changes), 0.1)
    w = {"w": jnp.asarray([1.0, -2.0])}
    for one, other in zip(_steps(found, w), _steps(expected, w), strict=True):
        np.testing.assert_allclose(one["w"], other["w"], rtol=1e-6)


def test_adamw_shrinks_weights_alone_and_by_the_rate():
    def rate(step):
        return 0.1 / (step + 1)

    found = optimizing.optimizer(options(optimizer="adamw", adamw_decay=0.5), rate)
    w = {"fc/weights": jnp.ones(2), "dw/depthwise_weights": jnp.ones(2), "fc/biases": jnp.ones(2)}
    state = found.init(w)
    for step in range(2):
        updates, state = found.update(jax.tree.map(jnp.zeros_like, w), state, w)
        shrunk = -0.5 * rate(step)
        np.testing.assert_allclose(updates["fc/weights"], shrunk, rtol=1e-6)
        np.testing.assert_allclose(updates["dw/depthwise_weights"], shrunk, rtol=1e-6)
        np.testing.assert_array_equal(updates["fc/biases"], 0)


def _steps(optimizer, w):
    state = optimizer.init(w)
    for gradient in ([0.1, 3.0], [-1.0, 0.5]):
        updates, state = optimizer.update({"w": jnp.asarray(gradient)}, state, w)
        w = optax.apply_updates(w, updates)
        yield w


def test_learning_rates():
    def rate(step, **changes):
        chosen = optimizing.learning_rate(options(learning_rate=0.1, **changes), 10)
        return float(chosen(step)) if callable(chosen) else chosen

    assert rate(100, learning_rate_decay_type="fixed") == 0.1
    assert rate(5, learning_rate_decay_type="fixed", warmup_steps=20) == pytest.approx(0.025)
    assert rate(20, warmup_steps=20) == pytest.approx(0.094)
    assert rate(19) == pytest.approx(0.1)
    assert rate(20) == pytest.approx(0.094)
    assert rate(10, learning_rate_decay_type="polynomial") == pytest.approx((0.1 + 0.0001) / 2)
    assert rate(50, learning_rate_decay_type="cosine", max_number_of_steps=50) == pytest.approx(0.0001)
    with pytest.raises(CommandError, match="cosine needs --max_number_of_steps"):
        rate(0, learning_rate_decay_type="cosine")


@pytest.mark.parametrize(
    ("steps", "given", "expected"),
    [(300, None, 1 - 10 / 300), (None, None, None), (10**6, None, None), (300, 0.5, 0.5)],
)
def test_batch_norm_decay_follows_short_runs(steps, given, expected):
    chosen = options(model_name="mobilenet_v1_025", max_number_of_steps=steps, batch_norm_decay=given)
    assert training._batch_norm_decay(chosen) == expected
    assert training._batch_norm_decay(options(model_name="lenet", max_number_of_steps=9)) is None


@pytest.mark.parametrize(
    ("asked", "images", "devices", "used", "said"),
    [
        (32, 100, 1, 32, ""),
        (32, 20, 1, 20, "20 images a batch instead of 32: photos has 20\n"),
        (8, 33, 4, 32, ""),
        (16, 33, 4, 32, "32 images a batch instead of 64: photos has 33\n"),
    ],
)
def test_batches_are_not_larger_than_the_data(capsys, asked, images, devices, used, said):
    assert training._batch_size(options(batch_size=asked, dataset_dir="photos"), images, devices) == used
    assert capsys.readouterr().err == said


def test_more_devices_than_images():
    with pytest.raises(CommandError, match="--num_clones must be at most 3, an image for each device, got 4 devices"):
        training._batch_size(options(dataset_dir="photos"), 3, 4)


def test_header_and_decay_tell_the_batch_that_is_used(tmp_path, monkeypatch, capsys):
    pictures.folder(tmp_path / "photos", {"a": 5, "b": 5})  # one of each is for validation
    rates = []

    def train(train_op, logdir, batches, **kwargs):
        assert next(iter(batches))["image"].shape == (8, 28, 28, 3)
        return type("Result", (float,), {"step": 0})("nan")

    monkeypatch.setattr("jax_slim.learning.training.train", train)
    monkeypatch.setattr(optimizing, "learning_rate", lambda options, steps: rates.append(steps) or 0.1)
    arguments = ["--model_name=lenet", "--batch_size=500", "--max_number_of_steps=1"]
    assert main(["train", f"--train_dir={tmp_path / 'run'}", f"--dataset_dir={tmp_path / 'photos'}", *arguments]) == 0
    assert "8 images of 2 classes, 8 a batch" in capsys.readouterr().err
    assert rates == [1]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The directory of a short run on the digits, with everything switched on."""
    folder = tmp_path_factory.mktemp("cli") / "run"
    code = main(
        [
            "train", f"--train_dir={folder}", "--dataset_name=digits", "--model_name=lenet", "--batch_size=8",
            "--optimizer=adam", "--opt_epsilon=1e-8", "--learning_rate=0.001", "--learning_rate_decay_type=fixed",
            "--max_number_of_steps=40", "--moving_average_decay=0.9", "--label_smoothing=0.1",
            "--trainable_scopes=LeNet/fc3,LeNet/fc4", "--validate_every_n_steps=40", "--clip_gradient_norm=5",
        ]
    )  # fmt: skip
    assert code == 0
    return folder


def test_only_the_trainable_scopes_changed(run):
    first, last = (slim.checkpoints.load_variables(run / str(step)) for step in (0, 40))
    changed = {name for name in first if not np.array_equal(first[name], last[name])}
    assert changed == {"LeNet/fc3/weights", "LeNet/fc3/biases", "LeNet/fc4/weights", "LeNet/fc4/biases", "global_step"}


def test_evaluates_a_run_its_averages_and_other_formats(run, tmp_path, capsys):
    def evaluate(*arguments):
        assert main(["evaluate", *arguments, "--json"]) == 0
        return json.loads(capsys.readouterr().out.strip().splitlines()[-1])

    found = evaluate(f"--checkpoint_path={run}")
    assert found["Accuracy"] > 0.3
    assert set(found) == {"Accuracy", "Recall_5", "Cross_entropy"}
    assert (run / "eval" / "results.jsonl").is_file()
    averaged = evaluate(f"--checkpoint_path={run}", "--moving_average_decay=0.9")
    assert averaged["Cross_entropy"] != found["Cross_entropy"]
    copy = slim.checkpoints.convert_checkpoint(run, tmp_path / "lenet.ckpt-40")
    alike = evaluate(f"--checkpoint_path={copy}", "--model_name=lenet", "--dataset_name=digits")
    assert alike["Cross_entropy"] == pytest.approx(found["Cross_entropy"], rel=1e-5)
    assert (run / "best").is_dir()


def test_a_finished_run_has_nothing_to_do_and_refuses_another_net(run, capsys):
    assert main(["train", f"--train_dir={run}", "--model_name=cifarnet"]) == 1
    assert "holds a run with model_name=lenet, got cifarnet" in capsys.readouterr().err
    assert main(["train", f"--train_dir={run}", "--trainable_scopes=LeNet/fc9", "--max_number_of_steps=50"]) == 2
    assert "no variable of lenet is below 'LeNet/fc9'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--num_classes=5"], "--num_classes must be at least 10, the classes of the data"),
        (["--labels_offset=1"], "a label is 0, and with --labels_offset=1 the net's 9 classes are 1 to 9"),
    ],
)
def test_labels_out_of_range_stop_the_run(tmp_path, capsys, arguments, message):
    code = main(
        [
            "train", f"--train_dir={tmp_path / 'run'}", "--dataset_name=digits", "--model_name=lenet",
            "--batch_size=40", "--max_number_of_steps=2", *arguments,
        ]
    )  # fmt: skip
    assert code == (2 if message.startswith("--") else 1)
    assert message in capsys.readouterr().err


def test_a_run_stopped_before_its_first_checkpoint_starts_again_with_its_options(tmp_path, monkeypatch, capsys):
    made = []

    def train(train_op, logdir, batches, **kwargs):
        made.append(kwargs["number_of_steps"])
        raise KeyboardInterrupt

    monkeypatch.setattr("jax_slim.learning.training.train", train)
    run = tmp_path / "run"
    command = ["train", f"--train_dir={run}"]
    assert main([*command, "--dataset_name=digits", "--model_name=lenet", "--max_number_of_steps=7"]) == 130
    err = capsys.readouterr().err
    assert "stopped by Ctrl-C. There is no checkpoint yet: `jax-slim train --train_dir=" in err
    assert main(command) == 130
    assert made == [7, 7]


def test_options_of_a_run_that_failed_before_its_first_checkpoint_are_forgotten(tmp_path, monkeypatch, capsys):
    # They may be what it failed for.
    def train(*arguments, **kwargs):
        raise CommandError("it failed")

    monkeypatch.setattr("jax_slim.learning.training.train", train)
    command = ["train", f"--train_dir={tmp_path / 'run'}"]
    assert main([*command, "--dataset_name=digits", "--model_name=lenet", "--max_number_of_steps=7"]) == 1
    assert main(command) == 2
    assert "--dataset_dir must say where" in capsys.readouterr().err


def test_damaged_images_and_single_classes(tmp_path, capsys):
    rng = np.random.default_rng(0)
    for name in ("cats", "dogs"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(6):
            picture = rng.integers(0, 256, (28, 28)).astype(np.uint8)
            Image.fromarray(picture).save(tmp_path / "photos" / name / f"{number}.png")
    bad = tmp_path / "photos" / "cats" / "0.png"
    bad.write_bytes(bad.read_bytes()[:200])
    run = tmp_path / "run"
    command = ["train", f"--train_dir={run}", f"--dataset_dir={tmp_path / 'photos'}", "--model_name=lenet",
               "--batch_size=4", "--max_number_of_steps=3", "--use_grayscale"]  # fmt: skip
    assert main(command) == 1
    assert "--skip_damaged leaves such images out, and lists them." in capsys.readouterr().err
    assert main([*command, "--skip_damaged"]) == 0
    err = capsys.readouterr().err
    assert "left out as damaged (1):\n  " in err
    assert "0.png" in err
    assert main([*command, "--skip_damaged"]) == 0
    assert "Nothing to do: " in capsys.readouterr().err
    arguments = ["evaluate", f"--checkpoint_path={run}", "--batch_size=4", "--dataset_split_name=train"]
    assert main([*arguments, f"--confusion_matrix={tmp_path / 'm.csv'}", "--json"]) == 0
    out, err = capsys.readouterr()
    assert "10 images of 2 of 2 classes:\n" in out
    assert re.search(r"^  dogs  +\d+\.\d% of 5$", out, re.MULTILINE)
    assert "0.png" in err
    assert set(json.loads(out.splitlines()[-1])) == {"Accuracy", "Cross_entropy"}
    matrix = np.loadtxt(tmp_path / "m.csv", delimiter=",", skiprows=1, usecols=(1, 2))
    np.testing.assert_array_equal(matrix.sum(1), [5, 5])


def test_all_that_training_can_do_besides_resumes_exactly(tmp_path, capsys):
    def trained(name, *steps):
        for last in steps:
            command = [
                "train", f"--train_dir={tmp_path / name}", "--dataset_name=digits", "--model_name=lenet",
                "--batch_size=8", "--optimizer=adamw", "--learning_rate=0.001", "--warmup_steps=2", "--accumulate=2",
                "--compute_dtype=bfloat16", "--randaugment_layers=2", "--mixup_alpha=0.2", "--cutmix_alpha=1.0",
                "--recompute=cheap", "--kept_dtype=bfloat16", f"--max_number_of_steps={last}",
            ]  # fmt: skip
            assert main(command) == 0
        return slim.checkpoints.load_variables(tmp_path / name)

    whole, in_two = trained("whole", 4), trained("two", 2, 4)
    for name, value in whole.items():
        np.testing.assert_array_equal(value, in_two[name])
        assert value.dtype != jnp.bfloat16


@pytest.mark.slow
def test_preprocessing_on_the_device_is_that_of_the_host(tmp_path):
    def trained(name, last, *flags):
        command = ["train", f"--train_dir={tmp_path / name}", "--dataset_name=digits", "--model_name=lenet"]
        command += ["--batch_size=8", "--preprocessing_name=cifarnet", f"--max_number_of_steps={last}", *flags]
        assert main(command) == 0
        return slim.checkpoints.load_variables(tmp_path / name)

    host = trained("host", 2)
    trained("device", 1, "--preprocess_on_device")
    device = trained("device", 2)  # goes on as it was
    for name, value in host.items():
        np.testing.assert_allclose(value, device[name], rtol=1e-3, atol=1e-5, err_msg=name)
    assert "preprocess_on_device = true" in (tmp_path / "device" / "config.toml").read_text()


@pytest.mark.slow
def test_the_device_mixes_what_it_prepared():
    model = slim.nets.create_model("lenet", 10)
    chosen = {"preprocess_on_device": True, "use_grayscale": False, "mixup_alpha": 1.0, "cutmix_alpha": 1.0}
    images = np.random.default_rng(0).integers(0, 256, (6, 28, 28, 1), np.uint8)
    transform = augmenting.on_device(model, argparse.Namespace(**chosen))
    mixed = jax.jit(transform)({"image": images, "label": np.arange(6)}, jax.random.key(0))
    assert mixed["image"].shape == (6, 28, 28, 1) and mixed["label"].shape == (6, 10)
    np.testing.assert_allclose(mixed["label"].sum(1), 1, rtol=1e-6)
    assert (np.asarray(mixed["label"]) > 0).sum() > 6
    assert np.abs(mixed["image"]).max() <= 1
    assert augmenting.mixed(argparse.Namespace(**chosen), 10) is None  # not twice
    assert augmenting.on_device(model, argparse.Namespace(preprocess_on_device=False)) is None


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--accumulate=3", "--accumulate must divide the batch of 8 images, got 3"),
        ("--accumulate=0", "--accumulate must be at least 1"),
        ("--mixup_alpha=-1", "--mixup_alpha must be at least 0"),
        ("--randaugment_magnitude=11", "--randaugment_magnitude must be from 0 to 10"),
        ("--recompute=block(", "--recompute must be cheap, blocks or a pattern for scopes, got 'block('"),
        ("--warmup_steps=-1", "--warmup_steps must be at least 0"),
    ],
)
def test_refuses_what_such_options_cannot_be(tmp_path, capsys, flag, message):
    command = ["train", f"--train_dir={tmp_path / 'run'}", "--dataset_name=digits", "--model_name=lenet"]
    assert main([*command, "--batch_size=8", flag]) == 2
    assert message in capsys.readouterr().err
