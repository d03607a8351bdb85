"""`--calibrate`: commands with products of bytes."""

import json

import jax
import numpy as np
import pytest

import jax_slim as slim
import pictures
from frozen_nets import frozen_net
from jax_slim.cli import runs
from jax_slim.cli.main import main

MODEL = slim.nets.create_model("lenet", 3, channels=3)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("calibrating")
    variables = dict(MODEL.init(jax.random.key(0)))
    variables["LeNet/fc4/weights"] *= 0.02  # so that it is sure of nothing
    slim.checkpoints.save_safetensors(folder / "lenet.safetensors", variables)
    runs.save_model(folder, MODEL, ["red", "green", "blue"])
    for number, color in enumerate(["red", "green", "blue"]):
        (folder / "photos" / color).mkdir(parents=True)
        (folder / "photos" / color / "a.png").write_bytes(slim.data.encode_png(pictures.pixels(number, 30, 40)))
    return folder


def test_predicts_and_evaluates_nearly_the_same(place, capsys):
    photos, checkpoint = str(place / "photos"), f"--checkpoint_path={place / 'lenet.safetensors'}"
    found = []
    for more in ([], [f"--calibrate={photos}"]):
        assert main(["predict", photos, checkpoint, "--json", *more]) == 0
        shown = json.loads(capsys.readouterr().out)
        rows = [sorted(rows, key=lambda row: row["label"]) for _, rows in sorted(shown.items())]
        found.append(np.array([[row["probability"] for row in some] for some in rows]))
    assert found[0].shape == (3, 3)
    assert 0 < np.abs(found[0] - found[1]).max() < 0.02
    losses = []
    for more in ([], [f"--calibrate={photos}"]):
        data = ["--dataset_dir", photos, "--dataset_split_name=train", "--batch_size=2", "--json"]
        assert main(["evaluate", checkpoint, *data, *more]) == 0
        losses.append(json.loads(capsys.readouterr().out.splitlines()[-1])["Cross_entropy"])
    assert losses[1] == pytest.approx(losses[0], abs=0.02) and losses[1] != losses[0]


def test_predicts_nearly_the_same_by_a_graph(place, tmp_path, capsys):
    definition, _ = frozen_net()
    (tmp_path / "net.pb").write_bytes(definition.SerializeToString())
    photos = str(place / "photos")
    found = []
    for more in ([], [f"--calibrate={photos}"]):
        assert (
            main(["predict", photos, f"--graph={tmp_path}/net.pb", "--preprocessing_name=inception", "--json", *more])
            == 0
        )
        shown = json.loads(capsys.readouterr().out)
        rows = [sorted(rows, key=lambda row: row["label"]) for _, rows in sorted(shown.items())]
        found.append(np.array([[row["probability"] for row in some] for some in rows]))
    assert found[0].shape == (3, 5)
    assert 0 < np.abs(found[0] - found[1]).max() < 0.02
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(b"nothing")
    command = ["predict", photos, f"--graph={tmp_path}/net.pb", "--preprocessing_name=inception"]
    assert main([*command, f"--calibrate={tmp_path}/photos"]) != 0
    assert "must have images that can be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["predict", "PHOTOS", "--checkpoint_path=a.onnx", "--calibrate=PHOTOS"], "is for nets of jax-slim"),
        (["predict", "PHOTOS", "CHECKPOINT", "--calibrate=EMPTY"], "holds no images"),
    ],
)
def test_refuses_what_it_is_not_for(place, tmp_path, capsys, arguments, message):
    names = {"PHOTOS": str(place / "photos"), "EMPTY": str(tmp_path)}
    given = [f"--checkpoint_path={place / 'lenet.safetensors'}" if word == "CHECKPOINT" else word for word in arguments]
    for name, path in names.items():
        given = [word.replace(name, path) for word in given]
    assert main(given) != 0
    assert message in capsys.readouterr().err
