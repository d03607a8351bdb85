"""What `create_model` takes over from files of timm, torchvision and Keras."""

import logging

import numpy as np
import pytest

import jax_slim as slim
import peer_files
from jax_slim.checkpoints import CheckpointError, open_checkpoint, save_safetensors
from jax_slim.checkpoints.peers.mapping import PeerCheckpoint
from jax_slim.nets._origins import adopted, trained_with


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
    assert trained_with(checkpoint) == (224, "imagenet")
    assert trained_with(dict(checkpoint)) is None


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
