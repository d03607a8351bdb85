"""`export_classifier`: images in, probabilities out, and the file as a program of its own."""

import json
import os
import subprocess
import sys

import jax
import numpy as np
import pytest
from PIL import Image

import jax_slim as slim
from jax_slim import exporting
from jax_slim.nets import nets_factory

RNG = np.random.default_rng(0)
MODEL = slim.Model(nets_factory.get_network_fn("lenet", 4))
LABELS = ["nörth", "eäst", "söuth", "wést"]


def logits(variables, images):
    return MODEL.apply(variables, images)[0]


@pytest.fixture(scope="module")
def variables():
    return MODEL.init(jax.random.key(0), jax.ShapeDtypeStruct((1, 28, 28, 1), np.float32))


@pytest.fixture(scope="module")
def file(tmp_path_factory, variables):
    path = tmp_path_factory.mktemp("exported") / "lenet.zip"
    return exporting.export_classifier(
        path, logits, variables, 28, channels=1, preprocessing="lenet", labels=LABELS, description={"net": "lenet"}
    )


def test_takes_pixels_of_any_size(file, variables):
    model = exporting.load_exported(file)
    assert model.description["net"] == "lenet"
    for size in ((28, 28), (40, 31)):
        pixels = RNG.integers(0, 256, (2, *size, 1)).astype(np.uint8)
        top, left = (size[0] - 28) // 2, (size[1] - 28) // 2
        prepared = (pixels[:, top : top + 28, left : left + 28].astype(np.float32) - 128) / 128
        expected = logits(variables, prepared)
        results = model(image=pixels)
        np.testing.assert_allclose(results["logits"], expected, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(results["probabilities"], jax.nn.softmax(expected), rtol=1e-4, atol=1e-5)


def test_without_preprocessing_takes_prepared_images(tmp_path, variables):
    path = exporting.export_classifier(tmp_path / "bare.zip", logits, variables, 28, channels=1, platforms=["cpu"])
    images = RNG.normal(size=(3, 28, 28, 1)).astype(np.float32)
    results = exporting.load_exported(path)(image=images)
    np.testing.assert_allclose(results["logits"], logits(variables, images), rtol=1e-4, atol=1e-4)


def test_the_file_is_a_program(file, tmp_path):
    pixels = RNG.integers(0, 256, (28, 28)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    (tmp_path / "not.jpg").write_text("text")
    probabilities = exporting.load_exported(file)(image=pixels[None, :, :, None])["probabilities"][0]

    def run(*arguments):
        return subprocess.run(
            [sys.executable, str(file), *arguments], cwd=tmp_path, capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONIOENCODING": "ascii"},
        )  # fmt: skip

    shown = run("photo.png", "--top", "2", "--json")
    assert shown.returncode == 0, shown.stderr
    (rows,) = json.loads(shown.stdout).values()
    order = np.argsort(-np.asarray(probabilities))[:2]
    assert [row["label"] for row in rows] == [LABELS[index] for index in order]
    assert rows[0]["probability"] == pytest.approx(float(probabilities[order[0]]), abs=1e-5)
    mixed = run("photo.png", "not.jpg", "none.jpg")
    assert mixed.returncode == 1
    assert ascii(LABELS[order[0]])[1:-1] in mixed.stdout
    assert len(mixed.stderr.strip().splitlines()) == 2
    assert "not.jpg: is no image that can be read" in mixed.stderr


def test_refusals(tmp_path, variables):
    with pytest.raises(ValueError, match=r"preprocessing must be one of .* got 'resnet'"):
        exporting.export_classifier(tmp_path / "x.zip", logits, variables, 28, 1, "resnet")
    with pytest.raises(exporting.ExportError, match="labels must name each of the 4 classes, got 2 names"):
        exporting.export_classifier(tmp_path / "x.zip", logits, variables, 28, 1, labels=["a", "b"])
    with pytest.raises(exporting.ExportError, match="must return logits"):
        exporting.export_classifier(tmp_path / "x.zip", lambda v, images: images, variables, 28, 1)
    assert not list(tmp_path.iterdir())
