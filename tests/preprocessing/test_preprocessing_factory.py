"""Preprocessing by name: every net, near names; and that workers need neither jax nor Pillow for it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import jax_slim as slim
from jax_slim.preprocessing import preprocessing_factory

IMAGE = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)


@pytest.mark.parametrize("name", preprocessing_factory.preprocessing_map)
def test_every_name(name):
    image = IMAGE[..., :1] if name == "lenet" else IMAGE
    for training in (False, True):
        preprocess = slim.preprocessing.get_preprocessing(name, training)
        made = preprocess(image, 16, 16, rng=np.random.default_rng(0))
        assert made.shape == (16, 16, image.shape[-1]) and made.dtype == np.float32
        again = preprocess(image, 16, 16, rng=np.random.default_rng(0))
        np.testing.assert_array_equal(made, again)  # the same draws, the same image


def test_the_nets_of_the_factory_have_one():
    missing = set(slim.nets.list_models()) - set(preprocessing_factory.preprocessing_map)
    assert missing <= {"alexnet_v2", "overfeat", "i3d", "s3dg"}  # as in research/slim; the last two take videos


def test_further_arguments_are_passed_on():
    preprocess = slim.preprocessing.get_preprocessing("vgg_16", use_grayscale=True)
    assert preprocess(IMAGE, 16, 16, resize_side_min=20).shape == (16, 16, 1)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("resnet_v1_5", "got 'resnet_v1_5'. Near names: .*resnet_v1_50"),
        ("alexnet_v2", "research/slim has none for alexnet_v2: 'vgg' suits it"),
        ("!", "They are: cifarnet, .*deeplab, .*imagenet, inception, .*vgg_a"),
    ],
)
def test_refuses(name, message):
    with pytest.raises(ValueError, match=message):
        slim.preprocessing.get_preprocessing(name)


WORKER = """
import json, sys
import numpy as np
from jax_slim import preprocessing
image = np.zeros((40, 50, 3), np.uint8)
for name in ("vgg", "inception", "cifarnet"):
    for training in (False, True):
        preprocessing.get_preprocessing(name, training)(image, 16, 16, rng=np.random.default_rng(0))
print(json.dumps(sorted({name.split(".")[0] for name in sys.modules} & {"jax", "PIL", "scipy", "grain"})))
"""


def test_workers_load_neither_jax_nor_pillow():
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", WORKER],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == []
