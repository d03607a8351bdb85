"""`jax-slim export --output=net.pb` of detectors and segmentation nets: the graph finds what the command finds."""

import json

import jax
import numpy as np
import pytest

import jax_slim as slim
from jax_slim.cli.main import main
from jax_slim.nets.deeplab_inference import predict_labels

SIZES = {"ssdlite_mobilenet_v1": 64, "deeplab_mobilenet_v3_small": 33}


def saved(name, folder):
    """A net with two classes and random variables, in a checkpoint; and the command's flags."""
    model = slim.nets.create_model(name, 2, image_size=SIZES[name])
    shapes = jax.eval_shape(lambda key: dict(model.init(key)), jax.random.key(0))
    rng = np.random.default_rng(0)
    values = {}
    for key, like in shapes.items():
        spread = 1 / np.sqrt(max(np.prod(like.shape[:-1]), 1)) if key.endswith("weights") else 0.1
        values[key] = rng.normal(0, spread, like.shape).astype(np.float32)
        if key.endswith(("moving_variance", "gamma")):
            values[key] = rng.uniform(0.5, 1.5, like.shape).astype(np.float32)
    slim.checkpoints.convert_checkpoint(values, folder / "net.safetensors")
    flags = [f"--checkpoint_path={folder / 'net.safetensors'}", f"--model_name={name}", "--num_classes=2"]
    return model, values, [*flags, f"--image_size={SIZES[name]}"]


@pytest.mark.slow
def test_a_detector_s_graph_finds_the_same_boxes(tmp_path, capsys):
    _, _, flags = saved("ssdlite_mobilenet_v1", tmp_path)
    pixels = np.random.default_rng(1).integers(0, 256, (50, 80, 3)).astype(np.uint8)
    (tmp_path / "a.png").write_bytes(slim.data.encode_png(pixels))
    assert main(["export", *flags, f"--output={tmp_path / 'net.pb'}"]) == 0
    assert "nodes: image_tensor -> detection_boxes, detection_scores" in capsys.readouterr().err
    command = ["predict", str(tmp_path / "a.png"), "--json", "--top=20", "--min_score_thresh=0.01"]
    assert main([*command, *flags]) == 0
    (want,) = json.loads(capsys.readouterr().out).values()
    assert main([*command, f"--graph={tmp_path / 'net.pb'}"]) == 0
    (found,) = json.loads(capsys.readouterr().out).values()
    assert len(found) == len(want) == 20
    for row, wanted in zip(found, want, strict=True):
        np.testing.assert_allclose(row["box"], wanted["box"], atol=1e-4)
        assert row["score"] == pytest.approx(wanted["score"], abs=1e-4)


@pytest.mark.slow
def test_a_segmentation_net_s_graph_gives_the_same_masks(tmp_path, capsys):
    model, values, flags = saved("deeplab_mobilenet_v3_small", tmp_path)
    assert main(["export", *flags, f"--output={tmp_path / 'served'}/"]) == 2
    assert "--without_preprocessing must be given" in capsys.readouterr().err
    assert main(["export", *flags, f"--output={tmp_path / 'served'}/", "--without_preprocessing"]) == 0
    images = np.random.default_rng(1).uniform(-1, 1, (2, 33, 33, 3)).astype(np.float32)
    masks = slim.jit(lambda v, images: predict_labels(images, lambda x: model.apply(v, x)[0]))(values, images)
    net = slim.graphs.load(tmp_path / "served")
    assert {net.tensor_of(name) for name in net.outputs} == {"SemanticPredictions:0", "SemanticProbabilities:0"}
    found = net({}, images)
    np.testing.assert_allclose(found["probabilities"], masks.probabilities, atol=1e-4)
    assert (np.asarray(found["labels"]) == np.asarray(masks.labels)).mean() > 0.999
