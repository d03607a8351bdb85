"""What `create_model` takes over from files of timm, torchvision and Keras."""

import json
import logging

import numpy as np
import pytest

import jax_slim as slim
import peer_files
from jax_slim.checkpoints import CheckpointError, convert_to_peer, open_checkpoint, save_safetensors
from jax_slim.checkpoints.peers.mapping import PeerCheckpoint
from jax_slim.checkpoints.peers.recognizing import as_slim
from jax_slim.checkpoints.reader import Checkpoint, entries_of
from jax_slim.checkpoints.safetensors_files import SafetensorsCheckpoint
from jax_slim.nets import _origins
from jax_slim.nets._origins import adopted, class_names_of, trained_with, with_classes
from jax_slim.preprocessing.framing import Framing


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    path = tmp_path_factory.mktemp("origins") / "model.safetensors"
    save_safetensors(path, peer_files.state("torchvision/mobilenet_v2"))
    with open_checkpoint(path) as opened:
        yield opened


def test_classes_and_options(checkpoint):
    assert isinstance(checkpoint, PeerCheckpoint)
    assert adopted("mobilenet_v2", checkpoint, None, {}) == (5, {"use_explicit_padding": True})
    given = {"use_explicit_padding": True, "final_endpoint": "layer_3"}
    assert adopted("mobilenet_v2", checkpoint, 7, given) == (7, given)
    assert adopted("mobilenet_v2", dict(checkpoint), None, {"a": 1}) == (None, {"a": 1})


def test_images(checkpoint):
    assert trained_with(checkpoint.peer.net, checkpoint) == (224, "imagenet", Framing(0.875, "bilinear"))
    assert trained_with(checkpoint.peer.net, dict(checkpoint)) is None


def test_another_net_or_function(checkpoint):
    with pytest.raises(
        CheckpointError, match=r"is of torchvision/mobilenet_v2, which is mobilenet_v2 here, got name='v"
    ):
        slim.nets.create_model("vgg_16", checkpoint=checkpoint)
    with pytest.raises(CheckpointError, match=r"use_explicit_padding must be True .*, got False: .* another function"):
        slim.nets.create_model("mobilenet_v2", checkpoint=checkpoint, use_explicit_padding=False)


def test_variables_alone_cannot_tell(checkpoint, caplog):
    name = "MobilenetV2/Logits/Conv2d_1c_1x1/biases"
    with caplog.at_level(logging.WARNING):
        slim.assign_from_checkpoint(checkpoint.path, {name: np.zeros(5, np.float32)})
    assert "mobilenet_v2 with use_explicit_padding=True, and another function without" in caplog.text


class Held(Checkpoint):
    """A file of few numbers, with 1000 classes."""

    format = "held"

    def __init__(self, origin, path, classes=1000):
        self.path, self._arrays = str(path), peer_files.state(origin, classes)

    def entries(self):
        return entries_of(self._arrays)

    def _read(self, name):
        return self._arrays[name]


@pytest.mark.parametrize(
    ("origin", "called", "framing"),
    [
        ("torchvision/mobilenet_v2", "mobilenet_v2-b0353104.pth", Framing(0.875, "bilinear")),
        ("torchvision/mobilenet_v2", "mobilenet_v2-7ebf99e0.pth", Framing(0.9655, "bilinear")),
        ("timm/resnet50", "timm--resnet50.a1_in1k", Framing(0.95, "bicubic")),
        ("timm/resnet50", "timm--resnet50.tv_in1k", Framing(0.875, "bilinear")),
        ("keras/VGG16", "vgg16.h5", Framing(None, "nearest")),
    ],
)
def test_how_photographs_are_framed(origin, called, framing, tmp_path):
    held = as_slim(Held(origin, tmp_path / called), origin)
    assert trained_with(held.peer.net, held)[2] == framing


def test_what_the_description_beside_a_file_says(tmp_path, caplog):
    said = {"tag": "x", "input_size": [3, 256, 256], "crop_pct": 1.0, "interpolation": "bilinear", "mean": [0.5] * 3}
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"architecture": "resnet50", "pretrained_cfg": said | {"std": [0.5] * 3}}))
    held = Held("timm/resnet50", tmp_path / "model.safetensors")
    assert trained_with("resnet_v1_50", as_slim(held)) == (256, "inception", Framing(1.0, "bilinear"))
    assert not caplog.records
    config.write_text(json.dumps({"architecture": "resnet50", "pretrained_cfg": said | {"std": [1, 1, 1]}}))
    assert trained_with("resnet_v1_50", as_slim(held))[1] == "imagenet"
    assert "which no preprocessing here has" in caplog.text


def test_a_background_before_the_classes_of_others(checkpoint, tmp_path, caplog):
    theirs = as_slim(Held("torchvision/mobilenet_v2", tmp_path / "mobilenet_v2.pth"))
    ours = with_classes("mobilenet_v2", theirs, 1001)
    scope = "MobilenetV2/Logits/Conv2d_1c_1x1"
    assert (theirs.classes, ours.classes) == (1000, 1001)
    assert ours.entries()[f"{scope}/weights"].shape == ours[f"{scope}/weights"].shape == (1, 1, 4, 1001)
    np.testing.assert_array_equal(ours[f"{scope}/weights"][..., 1:], theirs[f"{scope}/weights"])
    np.testing.assert_array_equal(ours[f"{scope}/weights"][..., 0], 0)
    np.testing.assert_array_equal(ours[f"{scope}/biases"][1:], theirs[f"{scope}/biases"])
    assert ours[f"{scope}/biases"][0] == theirs[f"{scope}/biases"].min() - 30
    np.testing.assert_array_equal(ours["MobilenetV2/Conv/weights"], theirs["MobilenetV2/Conv/weights"])
    assert with_classes("mobilenet_v2", theirs, 1000) is theirs
    assert with_classes("mobilenet_v2", checkpoint, 1001) is checkpoint  # of 5 classes
    convert_to_peer(ours, tmp_path / "back.safetensors", "torchvision")
    with SafetensorsCheckpoint(tmp_path / "back.safetensors") as back:
        np.testing.assert_array_equal(back["classifier.1.bias"], theirs.source["classifier.1.bias"])


def test_fewer_classes_than_the_file_has(caplog):
    _origins.say_background("inception_v3", "x.ckpt", new=True, classes=1000, theirs=1001)
    assert "x.ckpt has 1001 classes, the first one for background, and num_classes=1000 was asked for" in caplog.text


def test_names_of_classes(tmp_path):
    theirs = as_slim(Held("torchvision/mobilenet_v2", tmp_path / "mobilenet_v2.pth"))
    assert class_names_of("mobilenet_v2", theirs, 1000)[:2] == ["tench", "goldfish"]
    assert class_names_of("mobilenet_v2", theirs, 1001)[:2] == ["background", "tench"]
    assert class_names_of("mobilenet_v2", theirs, 5) is None
    assert class_names_of("mobilenet_v2", dict(theirs), 1000) is None


def test_framing_that_there_is_not():
    with pytest.raises(ValueError, match="framing must have crop and interpolation and nothing else, got"):
        slim.nets.create_model("mobilenet_v2", framing={"zoom": 2})
    with pytest.raises(ValueError, match="framing must be None with preprocessing='lenet'"):
        slim.nets.create_model("lenet", framing={"crop": 0.875})
    model = slim.nets.create_model("mobilenet_v2", framing={"crop": 0.875, "interpolation": "bicubic"})
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3)).astype(np.uint8)
    assert model.preprocess(image).shape == (224, 224, 3)
    assert model.preprocess(image, True, np.random.default_rng(0)).shape == (224, 224, 3)
