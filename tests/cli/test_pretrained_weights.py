"""Published weights, by one command each: from an empty cache to a prediction, and to a net for other photographs."""

import json

import jax
import numpy as np
import pytest

import jax_slim as slim
import peer_arrays
import pictures
import pretrained_server
from jax_slim.checkpoints import convert_to_peer, open_checkpoint, save_safetensors
from jax_slim.checkpoints.safetensors_files import SafetensorsCheckpoint
from jax_slim.cli.main import main

NAME = "tf_mobilenetv3_small_minimal_100.in1k"  # the smallest of timm's
NET = "mobilenet_v3_small_minimalistic"


@pytest.fixture
def server(tmp_path, monkeypatch):
    """It has a repository as timm's on the Hub, with weights whose classes are well apart."""
    net, _, _ = NAME.partition(".")
    model = slim.nets.create_model(NET, num_classes=1000)
    place = tmp_path / "made.safetensors"
    convert_to_peer(model.init(jax.random.key(0)), place, f"timm/{net}", model.options)
    with SafetensorsCheckpoint(place) as drawn:
        shapes = {name: entry.shape for name, entry in drawn.entries().items() if not name.endswith("_tracked")}
    save_safetensors(place, {name: peer_arrays.array(name, shape, 0.85) for name, shape in shapes.items()})
    settings = {
        "input_size": [3, 96, 96],
        "crop_pct": 0.875,
        "interpolation": "bicubic",
        "mean": [0.5] * 3,
        "std": [0.5] * 3,
    }
    described = {"architecture": net, "num_classes": 1000, "pretrained_cfg": {"tag": "in1k", **settings}}
    with pretrained_server.running(tmp_path / "cache", monkeypatch) as running:
        folder = f"/timm/{NAME}/resolve"
        running.files[f"{folder}/main/config.json"] = json.dumps(described).encode()
        running.files[f"{folder}/{pretrained_server.COMMIT}/model.safetensors"] = place.read_bytes()
        running.weights = place
        yield running


@pytest.mark.slow
@pytest.mark.usefixtures("compiled_quickly")
def test_from_an_empty_cache_to_a_prediction(server, tmp_path, capsys):
    photo = pictures.folder(tmp_path / "photos", {"cat": 1}, ending=".jpg") / "cat"
    (photo,) = photo.iterdir()
    command = ["predict", str(photo), f"--pretrained={NAME}", "--json"]
    assert main(command) == 0
    (found,) = json.loads(capsys.readouterr().out).values()
    with open_checkpoint(server.weights, origin=f"timm/{NAME.partition('.')[0]}") as checkpoint:
        model = slim.nets.create_model(
            NET, checkpoint=checkpoint, image_size=96, framing={"crop": 0.875, "interpolation": "bicubic"}
        )
    image = model.preprocess(slim.data.decode_image(photo.read_bytes()))
    wanted = np.ravel(jax.nn.softmax(model.apply(model.variables, image[None])[0]))
    best = np.argsort(-wanted)[: len(found)]
    assert [line["label"] for line in found] == [slim.datasets.imagenet_names()[place] for place in best]
    assert wanted[best[0]] > 1.01 * wanted[best[1]]
    np.testing.assert_allclose([line["probability"] for line in found], wanted[best], rtol=1e-4)
    assert len(server.asked) == 2
    assert main(command) == 0
    assert len(server.asked) == 2
    capsys.readouterr()
    assert main(["models", NET, "--pretrained", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["fetched"] == str(tmp_path / "cache" / "pretrained" / NAME)


@pytest.mark.slow
@pytest.mark.usefixtures("compiled_quickly")
def test_fine_tuning_on_a_folder_of_photographs(server, tmp_path, capsys):
    photos, run = pictures.folder(tmp_path / "photos", {"cat": 4, "dog": 4}, ending=".jpg"), tmp_path / "run"
    assert main(
        ["train", f"--pretrained={NAME}", f"--dataset_dir={photos}", f"--train_dir={run}", "--max_number_of_steps=2",
         "--batch_size=4", "--learning_rate=1e-7", "--weight_decay=0"]
    ) == 0  # fmt: skip
    assert len(server.asked) == 2
    described = json.loads((run / "model.json").read_text())
    assert (described["image_size"], described["preprocessing"]) == (96, "inception")
    with (
        open_checkpoint(run) as trained,
        open_checkpoint(server.weights, origin=f"timm/{NAME.partition('.')[0]}") as published,
    ):
        for name in published.entries():
            if name.endswith("Conv/weights") and "Logits" not in name:
                np.testing.assert_allclose(trained[name], published[name], rtol=0, atol=1e-4, err_msg=name)
        assert trained["MobilenetV3/Logits/Conv2d_1c_1x1/weights"].shape[-1] == 2
    capsys.readouterr()
    assert main(["predict", str(photos), f"--checkpoint_path={run}", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {line["label"] for lines in found.values() for line in lines} == {"cat", "dog"}
