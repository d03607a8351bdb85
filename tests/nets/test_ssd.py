"""SSD: names, shapes and numbers of the Object Detection API and of balancap/SSD-Tensorflow."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim
import ssd_recordings as recordings
from jax_slim.nets.registry import ROWS


def made(net):
    size, options = recordings.NETS[net]
    return slim.nets.create_model(net, image_size=size, **options)


@pytest.mark.parametrize("net", recordings.NETS)
def test_variables_are_named_as_in_the_api_s_checkpoints(net):
    model = made(net)
    specs = model.specs(model.example())
    assert {name: spec.shape for name, spec in specs.items()} == recordings.shapes(net)
    assert [name for name in specs if name.startswith(model.head)]


@pytest.mark.parametrize(
    "net",
    [
        "ssd_mobilenet_v1",
        pytest.param("ssd_mobilenet_v2", marks=pytest.mark.slow),
        pytest.param("ssdlite_mobilenet_v2", marks=pytest.mark.slow),
    ],
)
def test_outputs_equal_the_api_s(net):
    there, model = recordings.recorded(net), made(net)
    images = np.stack([model.preprocess(image) for image in recordings.images(model.image_size)])
    logits, end_points = slim.jit(model.apply)(recordings.variables(net), images)
    np.testing.assert_allclose(logits, there["class_predictions"], rtol=1e-4, atol=2e-4)
    np.testing.assert_allclose(end_points["BoxEncodings"], there["box_encodings"], rtol=1e-4, atol=2e-4)
    np.testing.assert_allclose(end_points["Anchors"], there["anchors"], atol=1e-6)


@pytest.mark.parametrize("net", ["ssd_mobilenet_v1", "ssdlite_mobilenet_v2", "ssd_vgg_300"])
def test_shapes_at_300_pixels(net):
    model = slim.nets.create_model(net)
    assert (model.image_size, model.task) == (300, "detection")
    variables = {
        name: jax.ShapeDtypeStruct(spec.shape, spec.dtype) for name, spec in model.specs(model.example()).items()
    }
    logits, end_points = jax.eval_shape(model.apply, variables, model.example())
    anchors, classes = (8732, 20) if net == "ssd_vgg_300" else (1917, 90)
    assert logits.shape == (1, anchors, 1 + classes)
    assert end_points["BoxEncodings"].shape == (1, anchors, 4)
    assert end_points["Anchors"].shape == (anchors, 4)


def test_names_anchors_and_targets_of_ssd_on_vgg():
    there, model = recordings.recorded("ssd_vgg_300"), slim.nets.create_model("ssd_vgg_300")
    specs = model.specs(model.example())
    assert {name: spec.shape for name, spec in specs.items()} == recordings.shapes("ssd_vgg_300")
    small = slim.nets.create_model("ssd_vgg_300", num_classes=1, width=0.001)
    zeros = {name: jnp.zeros(spec.shape) for name, spec in small.specs(small.example()).items()}
    anchors = jax.jit(lambda: small.apply(zeros, jnp.zeros((1, 300, 300, 3)))[1]["Anchors"])()  # no layer runs
    np.testing.assert_allclose(anchors[recordings.EVERY], there["anchors"], atol=1e-6)
    assign = jax.jit(lambda *objects: slim.detection.assign_targets(anchors, *objects, force_match_for_each_row=False))
    targets = assign(recordings.BOXES[:1], recordings.CLASSES[:1], recordings.COUNTS[:1])
    hit = np.flatnonzero(targets.positive[0])
    np.testing.assert_array_equal(hit, there["hit"])
    np.testing.assert_array_equal(targets.classes[0, hit], there["hit_labels"])
    np.testing.assert_allclose(targets.codes[0, hit][:, recordings.VGG_ORDER], there["hit_codes"], atol=2e-5)


@pytest.mark.slow
def test_outputs_equal_those_of_ssd_on_vgg():
    there, model = recordings.recorded("ssd_vgg_300"), slim.nets.create_model("ssd_vgg_300")
    images = (recordings.images(300, 1) - [123, 117, 104]).astype(np.float32) / 64
    logits, end_points = slim.jit(model.apply)(recordings.variables("ssd_vgg_300"), images)
    codes = np.asarray(end_points["BoxEncodings"])[0, recordings.EVERY]
    np.testing.assert_allclose(logits[0, recordings.EVERY], there["logits"], rtol=1e-4, atol=2e-4)
    np.testing.assert_allclose(codes[:, recordings.VGG_ORDER], there["codes"], rtol=1e-4, atol=2e-4)
    boxes = slim.detection.decode_boxes(codes, end_points["Anchors"][recordings.EVERY])
    np.testing.assert_allclose(boxes, there["boxes"], rtol=1e-4, atol=1e-4)


def test_photographs_are_seen_whole():
    model = slim.nets.create_model("ssd_mobilenet_v1", image_size=64)
    photo = np.zeros((40, 90, 3), np.uint8)
    photo[:, :10] = 255
    prepared = model.preprocess(photo)
    assert prepared.shape == (64, 64, 3)
    assert prepared[0, 0, 0] == 1 and prepared[0, -1, 0] == -1


def test_refusals():
    model = slim.nets.create_model("ssd_mobilenet_v2", image_size=32)
    with pytest.raises(ValueError, match=r"ssd_mobilenet_v2: inputs must have 33 pixels .*, got \(1, 32, 32, 3\)"):
        model.specs(model.example())
    model = slim.nets.create_model("ssd_vgg_300", image_size=128)
    with pytest.raises(ValueError, match="ssd_vgg_300: inputs must have 256 pixels"):
        model.specs(model.example())


@pytest.mark.parametrize(
    ("net", "classifier", "first"),
    [
        ("ssd_mobilenet_v1", "mobilenet_v1", "FeatureExtractor/MobilenetV1/Conv2d_0/weights"),
        ("ssdlite_mobilenet_v2", "mobilenet_v2", "FeatureExtractor/MobilenetV2/Conv/weights"),
        ("ssd_vgg_300", "vgg_16", "ssd_300_vgg/conv1/conv1_1/weights"),
    ],
)
def test_a_classifiers_checkpoint_gives_what_lies_below_the_detector(net, classifier, first):
    donor = slim.nets.create_model(classifier)
    specs = donor.specs(donor.example())
    # Of size 0 in memory, as broadcast: VGG's dense layers alone would be 480 MB.
    source = {
        name: np.broadcast_to(np.float32(number), spec.shape) for number, (name, spec) in enumerate(specs.items(), 1)
    }
    model = slim.nets.create_model(net, 3, checkpoint=source)
    row = ROWS[net]
    wanted = model.specs(model.example())
    assert np.asarray(model.variables[first]).flat[0] == 1.0
    here, there = row.below
    for name, value in model.variables.items():
        assert np.asarray(value).flat[0] == source[there + name.removeprefix(here)].ravel()[0], name
    missing = set(wanted) - set(model.variables)
    assert missing and all(name.startswith(row.added) for name in missing)
    lacking = {name: value for name, value in source.items() if name != there + first.removeprefix(here)}
    with pytest.raises(slim.checkpoints.CheckpointError, match=re.escape(first)):
        slim.nets.create_model(net, 3, checkpoint=lacking)


def test_another_detectors_checkpoint_gives_all_but_the_classes():
    donor = slim.nets.create_model("ssd_mobilenet_v2", 3)
    specs = donor.specs(donor.example())
    source = {name: np.broadcast_to(np.float32(1), spec.shape) for name, spec in specs.items()}
    model = slim.nets.create_model("ssd_mobilenet_v2", 5, checkpoint=source)
    assert set(source) - set(model.variables) == {name for name in source if "/ClassPredictor/" in name}
