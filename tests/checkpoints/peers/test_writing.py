"""The way back: the peers' own files, bit for bit where nothing was folded."""

import logging

import numpy as np
import pytest

import peer_files
from jax_slim.checkpoints import CheckpointError, convert_checkpoint, convert_to_peer, open_checkpoint, save_safetensors
from jax_slim.checkpoints.safetensors_files import SafetensorsCheckpoint


def there_and_back(origin, folder):
    first, ours, last = (folder / name for name in ("first.safetensors", "ours.ckpt", "last.safetensors"))
    arrays = peer_files.state(origin)
    save_safetensors(first, arrays)
    with open_checkpoint(first, origin) as checkpoint:
        convert_checkpoint(checkpoint, ours)
        options = checkpoint.peer.options
    convert_to_peer(ours, last, origin, options)
    with SafetensorsCheckpoint(last) as found:
        found = dict(found)
    counters = {name for name in found if name.endswith("num_batches_tracked")}
    assert all(found.pop(name) == 0 for name in counters)
    assert found.keys() == arrays.keys()
    return arrays, found


def test_nothing_folded(tmp_path):
    for origin in ("timm/tf_mobilenetv3_small_minimal_100", "torchvision/vgg11", "timm/pnasnet5large"):
        arrays, found = there_and_back(origin, tmp_path)
        for name, value in arrays.items():
            np.testing.assert_array_equal(found[name], value, err_msg=name)
        (tmp_path / "last.safetensors").unlink()
        for file in tmp_path.glob("ours*"):
            file.unlink()


def test_another_epsilon(tmp_path):
    arrays, found = there_and_back("torchvision/mobilenet_v2", tmp_path)
    for name, value in arrays.items():
        tolerance = 1e-6 if name.endswith("running_var") else 0
        np.testing.assert_allclose(found[name], value, rtol=0, atol=tolerance, err_msg=name)


def test_scales_that_were_folded(tmp_path):
    """The same function: a convolution's weights and the mean times the scale, which is 1 afterwards."""
    arrays, found = there_and_back("timm/inception_v4", tmp_path)
    scale = arrays["features.0.bn.weight"]
    np.testing.assert_array_equal(found["features.0.bn.weight"], np.ones_like(scale))
    np.testing.assert_allclose(
        found["features.0.conv.weight"], arrays["features.0.conv.weight"] * scale[:, None, None, None], rtol=1e-6
    )
    np.testing.assert_allclose(
        found["features.0.bn.running_mean"], arrays["features.0.bn.running_mean"] * scale, rtol=1e-6
    )
    np.testing.assert_array_equal(found["features.0.bn.running_var"], arrays["features.0.bn.running_var"])


def test_the_background_is_left_out(tmp_path):
    save_safetensors(tmp_path / "a.safetensors", peer_files.state("torchvision/vgg11", classes=1001))
    with open_checkpoint(tmp_path / "a.safetensors") as checkpoint:
        convert_to_peer(checkpoint, tmp_path / "b.safetensors", "torchvision")
    with SafetensorsCheckpoint(tmp_path / "b.safetensors") as found:
        assert found["classifier.6.weight"].shape[0] == found["classifier.6.bias"].shape[0] == 1000


def test_another_function_is_refused(tmp_path, caplog):
    save_safetensors(tmp_path / "a.safetensors", peer_files.state("torchvision/mobilenet_v2"))
    with open_checkpoint(tmp_path / "a.safetensors") as checkpoint:
        ours = dict(checkpoint)
    target = tmp_path / "b.safetensors"
    with pytest.raises(
        CheckpointError, match=r"another function .* torchvision/mobilenet_v2 with use_explicit_padding"
    ):
        convert_to_peer(ours, target, "torchvision", {})
    assert not target.exists()
    with caplog.at_level(logging.WARNING):
        convert_to_peer(ours, target, "torchvision")
    assert "does not tell its net's options" in caplog.text
    with pytest.raises(CheckpointError, match="exists"):
        convert_to_peer(ours, target, "torchvision", {"use_explicit_padding": True})
    convert_to_peer(ours, target, "torchvision", {"use_explicit_padding": True}, overwrite=True)
    with pytest.raises(CheckpointError, match="is of no net that timm/inception_v4 has"):
        convert_to_peer(ours, tmp_path / "c.safetensors", "timm/inception_v4")
    with pytest.raises(ValueError, match="to must be 'timm'"):
        convert_to_peer(ours, tmp_path / "c.safetensors", "tim")
    with pytest.raises(ValueError, match=r"target must end in \.safetensors"):
        convert_to_peer(ours, tmp_path / "c.pth", "timm")
