"""The way back: the peers' own files, bit for bit where nothing was folded.

`test_with_the_libraries.py` loads them into the libraries' nets; here is what these were seen to want.
"""

import json
import logging
import zlib

import numpy as np
import pytest

import golden
import peer_files
from jax_slim.checkpoints import CheckpointError, convert_checkpoint, convert_to_peer, open_checkpoint, save_safetensors
from jax_slim.checkpoints.peers.keras_writing import keras_order
from jax_slim.checkpoints.peers.tables import peers
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


# Of each family that is no net of TF-Slim's, the one with fewest layers.
FAST = {
    "timm/tf_efficientnet_lite0",
    "torchvision/vit_b_16",
    "timm/convnext_tiny",
    "timm/seresnet50",
    "timm/mobilenetv4_conv_small",
}


@pytest.mark.parametrize(
    "origin", [pytest.param(origin, marks=() if origin in FAST else pytest.mark.slow) for origin in peers()]
)
def test_every_net_there_and_back(origin, tmp_path):
    """The same file where nothing was folded; the same variables of TF-Slim's in any case."""
    keras = origin.startswith("keras/")
    if keras:
        pytest.importorskip("h5py")
    arrays, peer = peer_files.state(origin), peers()[origin]
    first, last = tmp_path / "first.safetensors", tmp_path / ("last.weights.h5" if keras else "last.safetensors")
    save_safetensors(first, arrays)
    with open_checkpoint(first, origin) as ours:
        convert_to_peer(ours, last, origin)
        with open_checkpoint(last, origin) as found:
            assert set(found) == set(ours)
            for name in ours:
                np.testing.assert_allclose(found[name], ours[name], rtol=1e-6, atol=1e-6, err_msg=name)
            theirs = {name: found.source[name] for name in found.source}
    assert theirs.keys() - arrays.keys() == {
        name for name in theirs if name.endswith("_tracked") or name.startswith("normalization/")
    }
    folded = (peer.gamma and not peer.our_gamma) or any(layer.kind == "merged" for layer in peer.layers)
    for name, value in arrays.items():
        if not (folded or (peer.epsilon != peer.our_epsilon and name.endswith(("running_var", "moving_variance")))):
            np.testing.assert_array_equal(theirs[name], value, err_msg=name)


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


def test_keras_finds_layers_by_their_order():
    """`keras_orders.json` has checksums of the names in the order that Keras 3.15 has them."""
    recorded = json.loads((golden.FOLDER / "peers" / "keras_orders.json").read_text())
    recorded["keras/MobileNetV2(alpha=0.5)"] = recorded["keras/MobileNetV2"]
    for origin, checksum in recorded.items():
        names = [name for _, name in keras_order(peers()[origin])]
        assert f"{zlib.crc32(' '.join(names).encode()):08x}" == checksum, origin
    nets = [origin for origin in peers() if origin.startswith("keras/") and "(alpha=" not in origin]
    assert set(recorded) == {*nets, "keras/MobileNetV2(alpha=0.5)"}


@pytest.mark.parametrize("ending", [".weights.h5", ".h5"])
@pytest.mark.parametrize("origin", ["keras/InceptionV3", "keras/MobileNetV3Small(minimalistic=True)", "keras/VGG16"])
def test_files_of_keras(origin, ending, tmp_path):
    h5py = pytest.importorskip("h5py")
    save_safetensors(tmp_path / "model.safetensors", peer_files.state(origin))
    target = tmp_path / f"model{ending}"
    with open_checkpoint(tmp_path / "model.safetensors", origin) as checkpoint:
        assert convert_to_peer(checkpoint, target, "keras") == str(target)
        with open_checkpoint(target, origin) as found:
            assert found.format == f"Keras, {origin}"
            assert set(found) == set(checkpoint)
            for name in found:
                np.testing.assert_array_equal(found[name], checkpoint[name], err_msg=name)
    with h5py.File(target) as file:
        if ending == ".h5":
            assert len(file.attrs["layer_names"]) == len(peers()[origin].layers)
            assert file.attrs["keras_version"] == "3.0.0"
        else:
            counted = [name for name in file["layers"] if name.startswith("conv2d")]
            assert set(counted) == {"conv2d", *(f"conv2d_{number}" for number in range(1, len(counted)))}


def test_what_only_comes_close(tmp_path, caplog):
    """Ports of TF-Slim's weights: TF-Slim's net is not the library's, unless it was trained with an option."""
    save_safetensors(tmp_path / "a.safetensors", peer_files.state("timm/nasnetalarge"))
    with open_checkpoint(tmp_path / "a.safetensors") as checkpoint:
        ours = dict(checkpoint)
        convert_to_peer(checkpoint, tmp_path / "same.safetensors", "timm")
    with pytest.raises(CheckpointError, match=r"be timm/nasnetalarge with zeros_in_pools='averages'\. .* comes close"):
        convert_to_peer(ours, tmp_path / "b.safetensors", "timm", {})
    with pytest.raises(CheckpointError, match="with zeros_in_pools='all', which is another function"):
        convert_to_peer(ours, tmp_path / "b.safetensors", "timm", {"zeros_in_pools": "all"})
    convert_to_peer(ours, tmp_path / "b.safetensors", "timm", {"zeros_in_pools": "averages"})
    assert not caplog.records
    convert_to_peer(ours, tmp_path / "c.safetensors", "timm/nasnetalarge", {})
    assert "is not quite the function" in caplog.text


@pytest.mark.parametrize(
    ("origin", "options"),
    [
        ("torchvision/resnet50", {"unit_strides": "last", "symmetric_padding": True}),
        ("torchvision/resnet50", {"unit_strides": "first", "symmetric_padding": False}),
        ("torchvision/resnet50", {"unit_strides": "first", "symmetric_padding": True, "output_stride": 16}),
        ("torchvision/inception_v3", {}),
        ("timm/mobilenetv3_small_100", {"symmetric_padding": True}),
        ("timm/mobilenetv3_small_100", {"exact_hard_sigmoid": True, "use_explicit_padding": True}),
        ("torchvision/mobilenet_v2", {"use_explicit_padding": False}),
        ("keras/ResNet50", {"unit_strides": "first", "symmetric_padding": True}),
    ],
)
def test_every_option_is_looked_at(origin, options, tmp_path):
    save_safetensors(tmp_path / "model.safetensors", peer_files.state(origin))
    with open_checkpoint(tmp_path / "model.safetensors", origin) as checkpoint:
        needed = checkpoint.needed
        target = tmp_path / ("b.h5" if origin.startswith("keras") else "b.safetensors")
        with pytest.raises(CheckpointError, match="another function") as error:
            convert_to_peer(checkpoint, target, origin, options)
        assert all(f"{name}={value!r}" in str(error.value) for name, value in needed.items())


def test_options_that_are_the_default_ones(tmp_path):
    save_safetensors(tmp_path / "a.safetensors", peer_files.state("torchvision/vgg11"))
    given = {"dropout_keep_prob": 0.8, "fc_conv_padding": None}
    with open_checkpoint(tmp_path / "a.safetensors") as checkpoint:
        convert_to_peer(checkpoint, tmp_path / "b.safetensors", "torchvision", given)


def test_a_whole_model_of_keras_is_not_written(tmp_path):
    with pytest.raises(ValueError, match=r"must end in \.weights\.h5 or \.h5 for keras.*load the weights in Keras"):
        convert_to_peer({}, tmp_path / "a.keras", "keras")
