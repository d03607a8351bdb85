"""Whose net a file is, and what is said where that cannot be told."""

import re
from pathlib import Path

import numpy as np
import pytest

import peer_files
from jax_slim.checkpoints import CheckpointError, open_checkpoint, save_safetensors
from jax_slim.checkpoints.peers.recognizing import as_slim
from jax_slim.checkpoints.peers.tables import peers
from jax_slim.checkpoints.reader import entries_of

ORIGIN = "timm/tf_mobilenetv3_small_minimal_100"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("peers") / "model.safetensors"
    save_safetensors(path, peer_files.state(ORIGIN))
    return path


def test_the_list_in_the_documents():
    text = (Path(__file__).parents[3] / "docs" / "weights_of_others.md").read_text()
    for origin, peer in peers().items():
        line = next(line for line in text.splitlines() if re.search(rf"[ |]{re.escape(origin)}[ ,|]", line))
        assert f"`{peer.net.rpartition('_')[0]}" in line or f"`{peer.net}`" in line
        assert all(f"{name}={value!r}" in line for name, value in peer.options.items())


def test_a_file_under_tf_slims_names(file):
    with open_checkpoint(file) as checkpoint:
        assert (checkpoint.peer.origin, checkpoint.classes) == (ORIGIN, 5)
        assert checkpoint.format == f"safetensors, {ORIGIN}"
        assert checkpoint.entries()["MobilenetV3/Logits/Conv2d_1c_1x1/weights"].shape == (1, 1, 4, 5)
        source = peer_files.state(ORIGIN)
        np.testing.assert_array_equal(
            checkpoint["MobilenetV3/Conv/weights"], source["conv_stem.weight"].transpose(2, 3, 1, 0)
        )
        np.testing.assert_array_equal(checkpoint["MobilenetV3/Conv/BatchNorm/gamma"], source["bn1.weight"])


@pytest.mark.parametrize("origin", peers())
def test_every_peer_is_itself(origin, tmp_path):
    class Held(dict):
        path, format = str(tmp_path / f"{origin.partition('/')[2]}-12345678.pth"), "held"

        def entries(self):
            return entries_of(dict(self))

    found = as_slim(Held(peer_files.state(origin)))
    assert (found.peer.net, found.peer.options) == (peers()[origin].net, peers()[origin].options)
    assert found.classes == 5
    assert len(set(found)) == len(found)


def test_other_nets_have_their_own_names(tmp_path):
    arrays = peer_files.state(ORIGIN)
    for name, changed in (
        ("more", arrays | {"blocks.9.0.conv_pw.weight": np.ones((4, 4, 1, 1), np.float32)}),
        ("fewer", {name: value for name, value in arrays.items() if name != "bn1.bias"}),
        ("flat", arrays | {"blocks.1.0.conv_pw.weight": np.ones((4, 4), np.float32)}),
        ("wider", arrays | {"conv_stem.weight": np.ones((24, 3, 3, 3), np.float32)}),
    ):
        save_safetensors(tmp_path / f"{name}.safetensors", changed)
        assert set(open_checkpoint(tmp_path / f"{name}.safetensors")) == set(changed)
    with pytest.raises(CheckpointError, match=r"is not of .*: it has no bn1.bias"):
        open_checkpoint(tmp_path / "fewer.safetensors", ORIGIN)


def test_without_a_head_and_with_counters(tmp_path):
    arrays = {name: value for name, value in peer_files.state(ORIGIN).items() if "classifier" not in name}
    save_safetensors(tmp_path / "x.safetensors", arrays | {"bn1.num_batches_tracked": np.zeros((), np.int64)})
    checkpoint = open_checkpoint(tmp_path / "x.safetensors")
    assert checkpoint.classes is None
    assert "MobilenetV3/Conv_2/biases" in checkpoint


def test_there_is_no_such_origin(file):
    with pytest.raises(ValueError, match=r"origin must be a net .*got 'timm/tf_mobilenet'.*timm/"):
        open_checkpoint(file, "timm/tf_mobilenet")


def test_an_origin_for_tensorflows_checkpoints(tmp_path):
    save_safetensors(tmp_path / "x.safetensors", {"fc/weights": np.ones((2, 3), np.float32)})
    with pytest.raises(CheckpointError, match="is not of timm/inception_v4: it has no"):
        open_checkpoint(tmp_path / "x.safetensors", "timm/inception_v4")
