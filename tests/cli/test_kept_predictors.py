"""Predictors kept between commands: the same bits again, and none where anything that decides has changed."""

import argparse
import dataclasses
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim
import pictures
from jax_slim.cli import classifiers, compiled_programs, kept_predictors, runs
from jax_slim.cli.kept_predictors import Entry
from jax_slim.kernels import stored_programs

FACTS = {"labels": ["cat", "dog"]}
IMAGES = np.random.default_rng(0).normal(size=(2, 5)).astype(np.float32)


@dataclasses.dataclass
class Place:
    folder: Path
    checkpoint: Path
    options: argparse.Namespace

    def entry(self, shape: Any = 2):
        return Entry(self.options, shape)

    def files(self):
        return list(self.folder.iterdir())


@pytest.fixture
def place(tmp_path, monkeypatch):
    folder, checkpoint = tmp_path / "compiled", tmp_path / "run" / "model.ckpt"
    for made in (folder, checkpoint.parent):
        made.mkdir()
    checkpoint.write_text("weights")
    (tmp_path / "labels.txt").write_text("cat\ndog\n")
    monkeypatch.setattr(compiled_programs, "_chosen", [folder])
    monkeypatch.setattr(kept_predictors, "_SETTLED_NS", -(10**18))  # what is new is as good as old
    options = argparse.Namespace(
        checkpoint_path=str(checkpoint), labels=str(tmp_path / "labels.txt"), top=5, calibrate=None
    )
    return Place(folder, checkpoint, options)


@pytest.fixture(scope="module")
def predict():
    model = slim.Model(lambda x: slim.fully_connected(x, 3, scope="fc"))
    return slim.predictor(model, model.init(jax.random.key(0), IMAGES))


def test_what_is_kept_gives_the_same_bits(place, predict):
    assert place.entry().read() is None
    made = place.entry().made(predict, IMAGES, FACTS)
    again, facts = place.entry().read()
    assert facts == FACTS
    np.testing.assert_array_equal(made(IMAGES), predict(IMAGES))
    np.testing.assert_array_equal(again(IMAGES), predict(IMAGES))
    place.options.top = 1  # what is done with the results is another thing
    assert place.entry().read() is not None


def changed_checkpoint(place, monkeypatch):
    place.checkpoint.write_text("others!")


def another_description(place, monkeypatch):
    (place.checkpoint.parent / "model.json").write_text("{}")


def other_labels(place, monkeypatch):
    Path(place.options.labels).write_text("dog\ncat\n")


def another_option(place, monkeypatch):
    place.options.moving_average = True


def another_setting(place, monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_enable_fast_math=true")


def other_code(place, monkeypatch):
    monkeypatch.setattr(kept_predictors, "_code", lambda: [Path(__file__)])


def another_jax(place, monkeypatch):
    monkeypatch.setattr(jax, "__version__", "0.0")


@pytest.mark.parametrize(
    "change",
    [changed_checkpoint, another_description, other_labels, another_option, another_setting, other_code, another_jax],
)
def test_whatever_decides_is_a_part_of_the_key(change, place, predict, monkeypatch):
    place.entry().made(predict, IMAGES, FACTS)
    assert place.entry().read() is not None and place.entry(1).read() is None
    change(place, monkeypatch)
    assert place.entry().read() is None


@pytest.mark.parametrize("damage", [lambda data: data[:200], lambda data: data[:-400], lambda data: b"", "flip"])
def test_a_damaged_one_is_as_none(damage, place, predict):
    place.entry().made(predict, IMAGES, FACTS)
    (file,) = place.files()
    data = file.read_bytes()
    if damage == "flip":
        at = data.index(b"program.npy") + 400
        data = data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :]
    else:
        data = damage(data)
    file.write_bytes(data)
    assert place.entry().read() is None
    assert place.files() == []


def test_nothing_is_kept_of_what_may_yet_change(place, predict, monkeypatch):
    monkeypatch.setattr(kept_predictors, "_SETTLED_NS", 10**12)
    assert place.entry().made(predict, IMAGES, FACTS) is predict
    assert place.files() == []
    monkeypatch.setattr(kept_predictors, "_SETTLED_NS", -(10**18))
    entry = place.entry()
    place.checkpoint.write_text("later!!")
    entry.made(predict, IMAGES, FACTS)
    assert place.files() == []


def test_large_ones_and_calibrated_ones_are_not_kept(place, predict, monkeypatch):
    monkeypatch.setattr(kept_predictors, "_MOST_BYTES", 10)
    assert place.entry().made(predict, IMAGES, FACTS) is predict
    place.options.calibrate = "photos"
    assert place.entry()._digest is None


def test_a_program_that_xla_cannot_store_runs_all_the_same(place, predict, monkeypatch):
    def refused(compiled):
        raise jax.errors.JaxRuntimeError("UNIMPLEMENTED: `LessThan` is not serializable.")

    monkeypatch.setattr(stored_programs, "stored", refused)
    made = place.entry().made(predict, IMAGES, FACTS)
    assert place.files() == []
    np.testing.assert_array_equal(made(IMAGES), predict(IMAGES))


def test_numbers_of_fewer_digits_are_kept(place):
    def net(x):
        return x * slim.variable("scale", [5], jnp.bfloat16, slim.initializers.ones_initializer()).astype(jnp.float32)

    model = slim.Model(net)
    place.entry().made(slim.predictor(model, model.init(jax.random.key(0), IMAGES)), IMAGES, FACTS)
    again, _ = place.entry().read()
    np.testing.assert_array_equal(again(IMAGES), IMAGES)


def test_a_classifier_comes_back_without_its_net(place, tmp_path, monkeypatch):
    model = slim.nets.create_model("lenet", num_classes=3)
    path = tmp_path / "run" / "net.safetensors"
    slim.checkpoints.save_safetensors(path, model.init(jax.random.key(0)))
    photo = next((pictures.folder(tmp_path / "photos", {"cat": 1}) / "cat").iterdir())
    options = argparse.Namespace(
        checkpoint_path=str(path), model_name="lenet", num_classes=3, image_size=None, preprocessing_name=None,
        labels=None, moving_average=False, calibrate=None,
    )  # fmt: skip
    pixels = slim.data.decode_image(photo.read_bytes())

    def answers():
        found = classifiers.of_checkpoint(options, 2)
        return found.probabilities([found.prepare(pixels)])

    first = answers()
    assert first.shape == (1, 3) and len(place.files()) == 1
    monkeypatch.setattr(runs, "model_of", None)  # nobody asks for it
    np.testing.assert_array_equal(answers(), first)
