"""The same name means the same class: in evaluation, in a run that goes on, in fine-tuning."""

import argparse
import json
import re

import jax
import numpy as np
import pytest

import jax_slim as slim
import pictures
from jax_slim.checkpoints.native import Checkpoints
from jax_slim.cli import class_names, inputs, runs, training
from jax_slim.cli.failures import CommandError
from jax_slim.cli.flags import merged
from jax_slim.cli.main import main

LABELS = ["apple", "grass", "sky"]


def numbers(names, labels=LABELS, offset=0):
    return class_names.numbers_by_name(names, labels, offset, "photos", "the run")


@pytest.mark.parametrize(
    ("names", "labels", "offset", "expected", "said"),
    [
        (LABELS, LABELS, 0, [0, 1, 2], ""),
        (["apple", "sky"], LABELS, 0, [0, 2], "photos has the classes of the run by their names.*: apple 0, sky 2"),
        (["sky", "grass", "apple"], LABELS, 0, [2, 1, 0], "by their names"),
        (["apple", "grass"], LABELS, 0, [0, 1], "photos has 2 of the 3 classes of the run"),
        (["background", "apple", "sky"], LABELS, 1, [None, 0, 2], "by their names"),
        (LABELS, ["background", *LABELS], 0, [1, 2, 3], "by their names"),
        (["crane", "dove", "crane"], ["crane", "dove", "crane"], 0, [0, 1, 2], ""),  # as ImageNet's names repeat
        (["1", "2"], ["0", "1", "2"], 0, [1, 2], "by their names"),
        (["zero", "one"], ["0", "1"], 0, None, ""),  # numbers say no more than the place does
        (["0", "1"], ["zero", "one"], 0, None, ""),
        (None, LABELS, 0, None, ""),
        (LABELS, None, 0, None, ""),
    ],
)
def test_numbers_by_name(capsys, names, labels, offset, expected, said):
    assert numbers(names, labels, offset) == expected
    assert re.fullmatch(f".*{said}.*\n" if said else "", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("names", "labels", "message"),
    [
        (["apple", "zebra"], LABELS, "'zebra' of photos is no class of the run, which has 'apple', 'grass', 'sky'"),
        ([*LABELS, "x"], LABELS, "'x' of photos is no class"),
        (["b", "a", "a"], ["a", "b", "c"], "'a' is the name of several classes"),
    ],
)
def test_classes_that_cannot_be_matched(names, labels, message):
    with pytest.raises(CommandError, match=message):
        numbers(names, labels)


@pytest.fixture
def run(tmp_path):
    """The directory of a run of LeNet on `photos` that has a checkpoint, and the photos."""
    pictures.folder(tmp_path / "photos", dict.fromkeys(LABELS, 4))
    folder = tmp_path / "run"
    model = slim.nets.create_model("lenet", num_classes=3, channels=3)
    variables = model.init(jax.random.key(0))
    with Checkpoints(folder) as checkpoints:
        checkpoints.save(1, {f"variables/{name}": value for name, value in variables.items()}, wait=True)
    runs.save_model(folder, model, LABELS)
    runs.save_config(folder, {"dataset_dir": str(tmp_path / "photos"), "model_name": "lenet"})
    return folder


def test_evaluation_follows_names(run, tmp_path, monkeypatch, capsys):
    def labels_of(program, source, logdir, batches, *arguments, **options):
        program.matrix = np.zeros((3, 3))
        return {"labels": sorted(np.concatenate([batch["label"][batch["valid"]] for batch in batches]).tolist())}

    monkeypatch.setattr("jax_slim.evaluation.once.evaluate_with", labels_of)
    pictures.folder(tmp_path / "some", {"apple": 10, "sky": 20})
    assert main(["evaluate", f"--checkpoint_path={run}", f"--dataset_dir={tmp_path / 'some'}", "--json"]) == 0
    printed = capsys.readouterr()
    found = json.loads(printed.out.splitlines()[-1])["labels"]
    assert set(found) == {0, 2}
    assert found.count(2) == 2 * found.count(0)
    assert "by their names" in printed.err
    pictures.folder(tmp_path / "others", {"apple": 5, "sea": 5})
    assert main(["evaluate", f"--checkpoint_path={run}", f"--dataset_dir={tmp_path / 'others'}"]) == 1
    assert "'sea' of" in capsys.readouterr().err


def test_a_run_does_not_go_on_with_other_classes(run, tmp_path, capsys):
    before = (run / "model.json").read_bytes()
    (tmp_path / "photos" / "apple").rename(tmp_path / "photos" / "zapple")
    assert main(["train", f"--train_dir={run}"]) == 1
    err = capsys.readouterr().err
    assert "holds a run with the classes 'apple', 'grass', 'sky'" in err
    assert "has 'zapple' besides, and not 'apple'" in err
    assert (run / "model.json").read_bytes() == before


def options(**changes):
    return argparse.Namespace(
        **(vars(merged(argparse.Namespace(), training.GROUPS, {}, {})) | {"task": "classification"} | changes)
    )


def test_a_run_keeps_its_numbers_when_a_class_is_gone(run, tmp_path):
    (tmp_path / "photos" / "apple").rename(tmp_path / "elsewhere")
    chosen = options(dataset_dir=str(tmp_path / "photos"), model_name="lenet", train_dir=str(run))
    data = inputs.open_data(chosen, "train")
    model, labels = training._model(chosen, data, runs.described_in(str(run)))
    assert (model.num_classes, labels) == (3, LABELS)
    transform = inputs.prepared(model, chosen, False, numbers(data.class_names))
    assert {int(transform(data[number], None)["label"]) for number in range(len(data))} == {1, 2}


@pytest.mark.parametrize(
    ("classes", "labels", "kept"),
    [
        (["apple", "grass", "sky"], ["apple", "grass", "sky"], True),
        (["daisy", "rose", "tulip"], ["daisy", "rose", "tulip"], False),
        (["a", "b"], ["a", "b"], False),
    ],
)
def test_fine_tuning_keeps_the_last_layer_of_the_same_classes_alone(run, tmp_path, capsys, classes, labels, kept):
    pictures.folder(tmp_path / "new", dict.fromkeys(classes, 2))
    chosen = options(dataset_dir=str(tmp_path / "new"), model_name="lenet", checkpoint_path=str(run))
    model, found = training._model(chosen, inputs.open_data(chosen, "train"), None)
    assert found == labels
    assert ("LeNet/fc4/weights" in model.variables) == kept
    assert "LeNet/fc3/weights" in model.variables
    assert ("the last layer is new" in capsys.readouterr().err) == (len(classes) == 3 and not kept)


def test_fine_tuning_numbers_the_same_classes_as_the_checkpoint_does(run, tmp_path):
    runs.save_model(run, slim.nets.create_model("lenet", num_classes=3, channels=3), LABELS[::-1])
    chosen = options(dataset_dir=str(tmp_path / "photos"), model_name="lenet", checkpoint_path=str(run))
    model, labels = training._model(chosen, inputs.open_data(chosen, "train"), None)
    assert labels == ["sky", "grass", "apple"]
    assert "LeNet/fc4/weights" in model.variables
