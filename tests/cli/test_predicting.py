"""`predict`: the pixels that evaluation sees, and what is told of files that are none."""

import argparse
import json
import struct
import sys
import zlib

import jax
import numpy as np
import pytest
from PIL import Image

import jax_slim as slim
import pictures
from jax_slim.cli import grids, inputs, runs
from jax_slim.cli.main import main

MODEL = slim.nets.create_model("lenet", 3)
LABELS = ["red", "grün", "藍"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A net of grey images, photographs of every kind in one class, and one that is passed over."""
    folder = tmp_path_factory.mktemp("predicting")
    slim.checkpoints.save_safetensors(folder / "lenet.safetensors", dict(MODEL.init(jax.random.key(0))))
    runs.save_model(folder, MODEL, LABELS)
    photos = folder / "photos" / "red"
    photos.mkdir(parents=True)
    plain = slim.data.encode_png(pictures.pixels(3, 30, 40))
    srgb = struct.pack(">I", 1) + b"sRGB\0" + struct.pack(">I", zlib.crc32(b"sRGB\0"))
    (photos / "srgb.png").write_bytes(plain[:33] + srgb + plain[33:])
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pictures.pixels(4, 40, 30)).save(photos / "turned.webp", lossless=True, exif=exif)
    Image.fromarray(np.arange(1200, dtype=np.uint16).reshape(30, 40) * 50).save(photos / "wide.tif")
    (photos / "telephone.heic").write_bytes(b"")
    return folder


def test_it_sees_what_evaluation_sees(place, capsys):
    assert main(["predict", str(place / "photos"), f"--checkpoint_path={place / 'lenet.safetensors'}", "--json"]) == 0
    said = capsys.readouterr()
    assert "photos: passed over, no images by their names: 1 .heic" in said.err
    found = json.loads(said.out)
    with pytest.warns(UserWarning, match=r"1 \.heic"):
        examples = slim.data.ImageFolder(place / "photos")
    options = argparse.Namespace(use_grayscale=True, labels_offset=0)
    prepare = inputs.prepared(MODEL, options, is_training=False)
    images = np.stack([prepare(example, None)["image"] for example in examples])
    variables = slim.checkpoints.load_variables(place / "lenet.safetensors")
    wanted = jax.nn.softmax(MODEL.apply(variables, images)[0])
    assert list(found) == [str(path) for path in examples.paths]
    for rows, row in zip(found.values(), np.asarray(wanted), strict=True):
        best = {line["label"]: line["probability"] for line in rows}
        assert best == pytest.approx(dict(zip(LABELS, row.tolist(), strict=True)), abs=1e-5)


def test_the_grid_shows_the_same(place, tmp_path):
    path = place / "photos" / "red" / "wide.tif"
    grids.draw_grid(str(tmp_path / "grid.png"), {str(path): "wide"})
    grid = np.asarray(Image.open(tmp_path / "grid.png"))[..., 0]
    inside = grid[grid.shape[0] // 4 : grid.shape[0] // 2, 20:-20].astype(int)
    assert len(np.unique(inside)) > 20  # of 16 bits, and not all white


def test_a_folder_without_images_says_what_it_holds(place, tmp_path, capsys):
    (tmp_path / "a.heic").write_bytes(b"")
    assert main(["predict", str(tmp_path), f"--checkpoint_path={place / 'lenet.safetensors'}"]) == 1
    assert "passed over, no images by their names: 1 .heic" in capsys.readouterr().err


def test_the_data_says_what_was_passed_over(place, capsys):
    options = argparse.Namespace(dataset_dir=str(place / "photos"), dataset_name=None, dataset_split_name="train")
    assert len(inputs.open_data(options, "train")) == 2
    assert "photos: passed over, no images by their names: 1 .heic" in capsys.readouterr().err
    assert len(inputs.open_data(options, "validation")) == 1
    assert capsys.readouterr().err == ""


class FakeRuntime:
    """What of onnxruntime is used: a net of one layer over photographs, or prepared images, of 2 channels' means."""

    def __init__(self, kind="tensor(uint8)", name="image", **said):
        self.said, self.seen = said, []
        self.input = argparse.Namespace(name=name, shape=["batch", 6, 5, 3], type=kind)

    SessionOptions = argparse.Namespace

    def InferenceSession(self, path, options, providers):
        if not path.endswith("net.onnx"):
            raise RuntimeError("[ONNXRuntimeError] : 7 : INVALID_PROTOBUF\nmore")
        return self

    def get_inputs(self):
        return [self.input]

    def get_outputs(self):
        return [argparse.Namespace(name="logits"), argparse.Namespace(name="probabilities")]

    def get_modelmeta(self):
        return argparse.Namespace(custom_metadata_map=self.said)

    def run(self, wanted, feeds):
        assert wanted == ["logits"]
        self.seen.append(feeds["image"])
        return [np.float32([[0, 1, 3]])]


def with_onnxruntime(monkeypatch, fake):
    monkeypatch.setitem(sys.modules, "onnxruntime", fake)
    return fake


def test_onnx_files_run_with_their_own_preprocessing_and_labels(place, capsys, monkeypatch):
    fake = with_onnxruntime(monkeypatch, FakeRuntime(labels=json.dumps(LABELS), preprocessing="inception"))
    assert main(["predict", str(place / "photos"), "--checkpoint_path=net.onnx", "--json"]) == 0
    for rows in json.loads(capsys.readouterr().out).values():
        assert [row["label"] for row in rows] == ["藍", "grün", "red"]
        assert rows[0]["probability"] == pytest.approx(np.exp(3) / np.exp([0, 1, 3]).sum(), abs=1e-6)
    assert {image.shape for image in fake.seen} == {(1, 30, 40, 3)} and fake.seen[0].dtype == np.uint8


def test_onnx_files_without_preprocessing_say_which_they_need(place, capsys, monkeypatch):
    photo = str(place / "photos" / "red" / "srgb.png")
    fake = with_onnxruntime(monkeypatch, FakeRuntime("tensor(float)", preprocessing="inception (not included)"))
    assert main(["predict", photo, "--checkpoint_path=net.onnx", "--json"]) == 0
    assert fake.seen[0].shape == (1, 6, 5, 3) and fake.seen[0].dtype == np.float32 and abs(fake.seen[0]).max() <= 1
    assert json.loads(capsys.readouterr().out)[photo][0]["label"] == "2"
    with_onnxruntime(monkeypatch, FakeRuntime("tensor(float)"))
    assert main(["predict", photo, "--checkpoint_path=net.onnx"]) == 1
    assert "does not say how. Give --preprocessing_name." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("fake", "path", "told"),
    [
        (None, "net.onnx", "Install it: pip install onnxruntime."),
        (FakeRuntime(), "other.onnx", "other.onnx is no ONNX file that onnxruntime reads: [ONNXRuntimeError] : 7"),
        (FakeRuntime(name="x"), "net.onnx", "height, width, channels] and give 'logits', got ['x']"),
    ],
)  # fmt: skip
def test_onnx_files_that_cannot_be_run(place, capsys, monkeypatch, fake, path, told):
    with_onnxruntime(monkeypatch, fake)
    photo = str(place / "photos" / "red" / "srgb.png")
    assert main(["predict", photo, f"--checkpoint_path={path}"]) == 1
    assert told in capsys.readouterr().err
