"""What a run keeps beside its checkpoints, and the labels of classes."""

import argparse
import re

import jax
import pytest

import jax_slim as slim
from jax_slim.cli import runs, training
from jax_slim.cli.failures import CommandError, UsageError
from jax_slim.cli.main import main
from jax_slim.nets import pretrained


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A directory with a checkpoint of LeNet for 4 classes and its description."""
    folder = tmp_path_factory.mktemp("run")
    model = slim.nets.create_model("lenet", num_classes=4, channels=3, dropout_keep_prob=0.9)
    slim.checkpoints.save_safetensors(folder / "model.safetensors", model.init(jax.random.key(0)))
    runs.save_model(folder, model, ["a", "b", "c", "d"])
    return folder


def test_a_directory_says_all(run):
    model, labels, path = runs.find_model(str(run))
    assert (model.name, model.num_classes, model.channels, labels) == ("lenet", 4, 3, ["a", "b", "c", "d"])
    assert model.options == {"dropout_keep_prob": 0.9}
    assert model.variables["LeNet/conv1/weights"].shape == (5, 5, 3, 32)
    assert path == str(run)
    assert runs.find_model(str(run / "model.safetensors")).labels == labels


def test_arguments_come_before_the_description(run, tmp_path):
    (tmp_path / "names.txt").write_text("3:w\n0:n\n1:e\n2:s\n")
    model, labels, _ = runs.find_model(str(run), preprocessing="vgg", labels_path=str(tmp_path / "names.txt"))
    assert (model.image_size, model.preprocessing, labels) == (28, "vgg", ["n", "e", "s", "w"])
    with pytest.raises(CommandError, match="was trained for another number of classes than 5"):
        runs.find_model(str(run), num_classes=5)
    with pytest.raises(slim.checkpoints.CheckpointError, match="alexnet_v2/conv1"):
        runs.find_model(str(run), model_name="alexnet_v2")


def test_a_description_that_is_none(tmp_path):
    (tmp_path / "model.json").write_text("{")
    with pytest.raises(CommandError, match=r"model\.json is no JSON"):
        runs.find_model(str(tmp_path))
    (tmp_path / "model.json").write_text("[]")
    with pytest.raises(CommandError, match="does not describe a model"):
        runs.find_model(str(tmp_path))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cat\ndog\n", ["cat", "dog"]),
        ("0:cat\n1:dog: a hound\n\n", ["cat", "dog: a hound"]),
        ("a:b\nc\n", ["a:b", "c"]),
    ],
)
def test_labels(tmp_path, text, expected):
    (tmp_path / "labels.txt").write_text(text)
    assert runs.read_labels(str(tmp_path / "labels.txt")) == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is empty"), (b"\xff\xfe\x00", "is no text file"), (b"0:a\n2:b\n", "must number its classes from 0 to 1")],
)
def test_labels_that_are_none(tmp_path, content, message):
    (tmp_path / "labels.txt").write_bytes(content)
    with pytest.raises(CommandError, match=message):
        runs.read_labels(str(tmp_path / "labels.txt"))


def test_a_class_for_background():
    assert runs.with_background(["a", "b"], 3) == ["background", "a", "b"]
    assert runs.with_background(["background", "a", "b"], 2) == ["a", "b"]
    assert runs.with_background(["a", "b"], 2) == ["a", "b"]
    assert runs.with_background(None, 2) is None
    with pytest.raises(CommandError, match="names 2 classes, and the model has 7"):
        runs.with_background(["a", "b"], 7)


@pytest.mark.parametrize("newest", ["3", "4"])
def test_a_failure_before_the_next_checkpoint_leaves_the_description_as_it_was(tmp_path, monkeypatch, newest):
    found = iter(["3", newest])
    monkeypatch.setattr("jax_slim.checkpoints.native.latest_checkpoint", lambda directory: next(found))
    (tmp_path / "config.toml").write_text("old")

    def fail():
        for name in ("config.toml", "model.json"):
            (tmp_path / name).write_text("new")
        raise ValueError("other data")

    with pytest.raises(ValueError, match="other data"), runs.description_kept(tmp_path):
        fail()
    assert (tmp_path / "config.toml").read_text() == ("old" if newest == "3" else "new")
    assert (tmp_path / "model.json").exists() == (newest == "4")


@pytest.mark.parametrize(
    "text", ["run[1]", "back\\slash", 'a "b"', "line\nbreak", "tab\t\x7f", "Äpfel", "\U0001f600", "日本"]
)
def test_options_of_any_text_come_back(tmp_path, text):
    runs.save_config(tmp_path, {"train_dir": text, "dataset_dir": None, "batch_size": 3})
    assert runs.read_config(tmp_path / runs.CONFIG) == {"train_dir": text, "batch_size": 3}


def test_a_path_that_is_no_text_is_refused(tmp_path):
    with pytest.raises(CommandError, match=r"--dataset_dir must be text in UTF-8, got 'photos\\udcff'"):
        runs.save_config(tmp_path, {"dataset_dir": "photos\udcff"})
    assert not (tmp_path / runs.CONFIG).exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate", "--checkpoint_path={tmp}", "--max_num_batches=0"], "--max_num_batches must be at least 1, got 0"),
        (
            ["train", "--train_dir={tmp}/run", "--dataset_name=digits", "--preprocessing_name=vg"],
            "--preprocessing_name must be a net's, got 'vg'. Near names: vgg",
        ),
    ],
)
def test_options_that_there_cannot_be_are_2(capsys, tmp_path, arguments, message):
    assert main([argument.format(tmp=tmp_path) for argument in arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--pretrained=inception_v4.nope"], "pretrained must be one of .*'inception_v4.nope'.*inception_v4.slim"),
        (["--pretrained=inception_v4.slim", "--model_name=vgg_16"], "is of inception_v4, got --model_name=vgg_16"),
        (["--pretrained=inception_v4.slim", "--checkpoint_path=x"], "does not go with --checkpoint_path"),
    ],
)
def test_weights_that_cannot_be_meant(capsys, arguments, message):
    assert main(["predict", "a.jpg", *arguments]) == 2
    assert re.search(message, capsys.readouterr().err)


def test_the_list_of_weights(capsys):
    assert main(["models", "inception_v4", "--pretrained"]) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()[1:]] == [
        ["inception_v4.slim", "inception_v4", "299", "1001", "inception", "80.2", "-"],
        ["inception_v4.tf_in1k", "inception_v4", "299", "1000", "inception", "-", "-"],
    ]


def test_the_net_of_weights_by_name(monkeypatch):
    monkeypatch.setattr(pretrained, "fetched_path", lambda net, name: f"{net}/{name}")

    def taken(**changed):
        given = {"pretrained": "mobilenet_v2.slim", "checkpoint_path": None, "model_name": None, "task": None}
        options = argparse.Namespace(**{**given, **changed})
        runs.take_pretrained(options)
        assert options.checkpoint_path.endswith(options.pretrained)
        return options.model_name

    assert taken() == "mobilenet_v2"
    # The net of another task that begins with them; the usual one, where it is among these.
    assert taken(task="detection") == "ssd_mobilenet_v2"
    assert taken(task="segmentation", pretrained="xception_71.deeplab") == "deeplab_xception_71"
    assert taken(model_name="ssdlite_mobilenet_v2") == "ssdlite_mobilenet_v2"
    with pytest.raises(
        UsageError, match=r"is of mobilenet_v2, got .*=vgg_16\. It can also be the beginning of deeplab"
    ):
        taken(model_name="vgg_16")


@pytest.mark.parametrize("command", [["evaluate"], ["export", "--output=x.zip"], ["predict", "x.jpg"]])
def test_every_command_takes_weights_by_name(command, capsys):
    assert main([*command, "--pretrained=ssd_mobilenet_v2.cocoa"]) == 2
    assert "Near names: ssd_mobilenet_v2.coco" in capsys.readouterr().err
    assert main([*command, "--pretrained=ssd_mobilenet_v2.coco", "--checkpoint_path=x"]) == 2
    assert "--pretrained does not go with --checkpoint_path" in capsys.readouterr().err


def test_last_layers_for_other_classes_than_those_of_the_weights(capsys):
    """As many would fit."""
    options = argparse.Namespace(
        checkpoint_path="x", pretrained="deeplab_mobilenet_v2.cityscapes", model_name="deeplab_mobilenet_v2"
    )
    streets = pretrained.pretrained_of(options.model_name, options.pretrained).class_names
    assert training._fine_tuned(options, streets[::-1]) == (streets, ())
    assert training._fine_tuned(options, [*streets[:18], "kite"]) == ([*streets[:18], "kite"], ("logits/",))
    assert "the last layer is new" in capsys.readouterr().err
