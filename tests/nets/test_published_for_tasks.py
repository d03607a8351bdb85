"""What research/deeplab and the Object Detection API published: the table, and archives in their form on loopback."""

import io
import logging
import tarfile
from pathlib import Path

import numpy as np
import pytest

import jax_slim as slim
import peer_arrays
import pretrained_server
from jax_slim.checkpoints import CheckpointError, convert_to_peer, tensorflow
from jax_slim.checkpoints.peers.tables import peers
from jax_slim.nets.creation import networks_map
from jax_slim.nets.pretrained import fetched_path, pretrained_of
from jax_slim.nets.published_for_tasks import PUBLISHED_FOR_TASKS
from jax_slim.nets.registry import ROWS

DOCUMENT = (Path(__file__).parents[2] / "docs" / "pretrained.md").read_text()


@pytest.fixture
def server(tmp_path, monkeypatch):
    with pretrained_server.running(tmp_path / "cache", monkeypatch) as running:
        yield running


def archive(folder, stem, file, arrays):
    """A checkpoint with what else was published with it, below the folder `stem`."""
    folder.mkdir()
    tensorflow.write_checkpoint(folder / file, arrays)
    others = {"frozen_inference_graph.pb": b"graph", "saved_model/variables/variables.index": b"other"}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, f"{stem}/{path.name}")
        for name, content in others.items():
            member = tarfile.TarInfo(f"{stem}/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def arrays_of(name, num_classes=None, slots=False, **options):
    """Numbers for all variables of a net; with the slots that research/deeplab left in its checkpoints."""
    model = slim.nets.create_model(name, num_classes, image_size=33, **options)
    arrays = {}
    for number, (name, spec) in enumerate(model.specs(model.example()).items()):
        arrays[name] = np.full(spec.shape, 0.01 * number, np.float32)
        if slots and spec.trainable:
            arrays[f"{name}/Momentum"] = np.zeros(spec.shape, np.float32)
    return arrays | {"global_step": np.int64(30000)}


@pytest.mark.parametrize("row", PUBLISHED_FOR_TASKS, ids=lambda row: row.archive)
def test_rows(row):
    net = ROWS[row.net]
    assert row.score is None or 0 < row.score < 100
    assert (row.labels, row.preprocessing) in {
        "segmentation": [(labels, "deeplab") for labels in ("pascal_voc_seg", "cityscapes", "ade20k")],
        "detection": [("coco", "ssd")],
        "classification": [("imagenet", "inception")],
    }[net.task]
    found = pretrained_of(row.net, f"{row.net}.{row.tag}")
    assert len(found.class_names) == row.classes == found.num_classes
    assert networks_map[row.net]
    options = ", ".join(f"`{name}={value}`" for name, value in row.options.items())
    score = "" if row.score is None else row.score
    line = f"| {row.archive} | `{row.net}.{row.tag}` | {row.classes} | {row.image_size} | {options} | {score} |"
    assert line in DOCUMENT.splitlines()


def test_an_archive_of_deeplab(server, tmp_path):
    arrays = arrays_of("deeplab_mobilenet_v2_050", 21, slots=True)
    server.files["/models/deeplabv3_mnv2_dm05_pascal_trainaug_2018_10_01.tar.gz"] = archive(
        tmp_path / "made", "deeplabv3_mnv2_pascal_train_aug", "model.ckpt-30000", arrays
    )
    model = slim.nets.create_model("deeplab_mobilenet_v2_050", pretrained=True, image_size=33)
    assert (model.num_classes, model.class_names[:2]) == (21, ["background", "aeroplane"])
    np.testing.assert_array_equal(model.variables["logits/semantic/biases"], arrays["logits/semantic/biases"])
    assert "logits/semantic/weights/Momentum" not in model.variables
    # Other classes: the last layer is new. Without an image size it is that of training.
    model = slim.nets.create_model(
        "deeplab_mobilenet_v2_050", num_classes=4, pretrained="deeplab_mobilenet_v2_050.pascal"
    )
    assert (model.image_size, model.class_names) == (513, None)
    assert not any(name.startswith("logits/") for name in model.variables)
    assert len(server.asked) == 1


def test_an_archive_of_the_object_detection_api(server, tmp_path):
    arrays = arrays_of("ssdlite_mobilenet_v2")
    server.files["/models/object_detection/ssdlite_mobilenet_v2_coco_2018_05_09.tar.gz"] = archive(
        tmp_path / "made", "ssdlite_mobilenet_v2_coco_2018_05_09", "model.ckpt", arrays
    )
    model = slim.nets.create_model("ssdlite_mobilenet_v2", pretrained="ssdlite_mobilenet_v2.coco", image_size=33)
    assert (model.num_classes, model.preprocessing) == (90, "ssd")
    assert [model.class_names[place] for place in (0, 11, 89)] == ["person", "11", "toothbrush"]
    name = "BoxPredictor_5/ClassPredictor/biases"
    np.testing.assert_array_equal(model.variables[name], arrays[name])


def test_options_come_with_the_weights(server, tmp_path):
    arrays = arrays_of("deeplab_mobilenet_v2", 151, decoder_output_stride=4)
    server.files["/models/deeplabv3_mnv2_ade20k_train_2018_12_03.tar.gz"] = archive(
        tmp_path / "made", "deeplabv3_mnv2_ade20k_train", "model.ckpt", arrays
    )
    model = slim.nets.create_model("deeplab_mobilenet_v2", pretrained="deeplab_mobilenet_v2.ade20k", image_size=33)
    assert (model.num_classes, model.options) == (151, {"decoder_output_stride": 4})
    # The layers that are there in both would fit a net without a decoder, and mean nothing in it.
    with pytest.raises(CheckpointError, match=r"has decoder/.* Give decoder_output_stride \(4, most likely\), or excl"):
        slim.nets.create_model("deeplab_mobilenet_v2", 151, checkpoint=tmp_path / "made" / "model.ckpt")
    model = slim.nets.create_model(
        "deeplab_mobilenet_v2", 151, checkpoint=tmp_path / "made" / "model.ckpt", exclude="decoder/", image_size=33
    )
    assert "logits/semantic/weights" in model.variables


def test_an_archive_without_a_checkpoint(server, tmp_path):
    server.files["/models/xception_41_2018_05_09.tar.gz"] = archive(
        tmp_path / "made", "xception_41", "another.ckpt", {"a": np.ones(1, np.float32)}
    )
    with pytest.raises(CheckpointError, match=r"xception_41_2018_05_09 has no model\.ckpt in it\. Remove it"):
        fetched_path("xception_41", True)


def test_the_classifier_below(server, tmp_path):
    arrays = arrays_of("mobilenet_v1")
    server.files["/models/mobilenet_v1_1.0_224.tgz"] = archive(
        tmp_path / "made", ".", "mobilenet_v1_1.0_224.ckpt", arrays
    )
    model = slim.nets.create_model("ssd_mobilenet_v1", 3, pretrained="mobilenet_v1.slim", image_size=33)
    assert model.class_names is None and model.num_classes == 3
    name = "MobilenetV1/Conv2d_0/weights"
    np.testing.assert_array_equal(model.variables[f"FeatureExtractor/{name}"], arrays[name])
    assert not any(name.startswith("BoxPredictor") for name in model.variables)
    with pytest.raises(ValueError, match=r"They are: ssd_mobilenet_v1\.coco, mobilenet_v1\.slim, mobilenetv1_100"):
        slim.nets.create_model("ssd_mobilenet_v1", pretrained="mobilenet_v2.slim")


def test_the_classifier_below_from_another_library(tmp_path, caplog):
    """Its padding is its own: said, as it is a beginning to train from."""
    origin = "timm/mobilenetv1_100"
    theirs = slim.nets.create_model("mobilenet_v1", 5, **peers()[origin].options)
    specs = theirs.specs(theirs.example())
    arrays = {name: peer_arrays.array(name, spec.shape, 0.8) for name, spec in specs.items()}
    convert_to_peer(arrays, tmp_path / "model.safetensors", origin, theirs.options)
    with caplog.at_level(logging.WARNING):
        model = slim.nets.create_model("ssd_mobilenet_v1", 3, checkpoint=tmp_path / "model.safetensors", image_size=33)
    assert "is mobilenet_v1 with use_explicit_padding=True, which ssd_mobilenet_v1 has not" in caplog.text
    assert (model.preprocessing, model.framing, model.options) == ("ssd", None, {})
    name = "MobilenetV1/Conv2d_0/weights"
    np.testing.assert_allclose(model.variables[f"FeatureExtractor/{name}"], arrays[name], rtol=1e-6)
