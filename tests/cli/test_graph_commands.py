"""`predict`, `convert` and `export` of graphs that TensorFlow wrote."""

import json
from pathlib import Path

import numpy as np
import pytest

import golden
import jax_slim as slim
import jax_slim.tf1 as tf
from jax_slim.cli.main import main

GRAPHS = Path(__file__).parents[1] / "tf1" / "graphs"
BOXES = ["detection_boxes", "detection_scores", "detection_classes", "num_detections"]


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    """The first image of the recorded batch, and another of another size."""
    folder = tmp_path_factory.mktemp("photos")
    pixels = golden.stored(GRAPHS / "ssd_loops.npz")["in|image_tensor:0"]
    (folder / "a.png").write_bytes(slim.data.encode_png(pixels[0]))
    (folder / "b.png").write_bytes(slim.data.encode_png(pixels[1, :15]))
    return folder


@pytest.mark.parametrize("graph", ["ssd_loops.pb", "ssd_combined.pb"])
def test_boxes_are_found(graph, photo, tmp_path, capsys):
    (tmp_path / "map.pbtxt").write_text(
        "item {\n name: '/m/1'\n id: 1\n display_name: 'cat'\n}\nitem { id: 2 name: 'dog' }"
    )
    command = [
        "predict",
        str(photo / "a.png"),
        f"--graph={GRAPHS / graph}",
        "--json",
        f"--labels={tmp_path / 'map.pbtxt'}",
    ]
    assert main([*command, "--top=9"]) == 0
    (rows,) = json.loads(capsys.readouterr().out).values()
    values = golden.stored(GRAPHS / graph.replace(".pb", ".npz"))
    boxes, scores, classes = (values[f"out|{name}:0"][0] for name in BOXES[:3])
    assert len(rows) == (scores >= 0.5).sum()
    for row, box, score, number in zip(rows, boxes, scores, classes, strict=False):
        np.testing.assert_allclose(row["box"], box, atol=1e-3)
        assert row["score"] == pytest.approx(score, abs=1e-4)
        assert row["label"] == {1: "cat", 2: "dog"}[number]


def test_boxes_as_a_table_and_images_that_are_none(photo, tmp_path, capsys):
    (tmp_path / "c.png").write_bytes(b"nothing")
    command = ["predict", str(photo / "b.png"), str(tmp_path / "c.png"), f"--graph={GRAPHS / 'ssd_loops.pb'}"]
    assert main([*command, "--min_score_thresh=0.99"]) == 1
    said = capsys.readouterr()
    assert f"{photo / 'b.png'}: nothing was found" in said.out
    assert "c.png" in said.err


def test_classes_are_found_after_preprocessing(photo, tmp_path, capsys):
    (tmp_path / "labels.txt").write_text("\n".join("vwxyz"))
    graph = GRAPHS / "conv_batch_norm.pb"
    command = ["predict", str(photo), f"--graph={graph}", "--json", f"--labels={tmp_path / 'labels.txt'}"]
    assert main([*command, "--preprocessing_name=inception", "--output_layer=Predictions", "--batch_size=4"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [Path(path).name for path in found] == ["a.png", "b.png"]
    prepare = slim.preprocessing.preprocessing_factory.get_preprocessing("inception")
    image = prepare(golden.stored(GRAPHS / "ssd_loops.npz")["in|image_tensor:0"][0], 9, 11)
    net = slim.graphs.load(graph, outputs=["Predictions", "SpatialSqueeze"])
    want, logits = (np.asarray(value)[0] for value in net({}, image[None]))
    rows = {row["label"]: row["probability"] for row in found[str(photo / "a.png")]}
    np.testing.assert_allclose([rows[letter] for letter in "vwxyz"], want, atol=1e-5)
    assert main([*command, "--preprocessing=inception", "--output_layer=SpatialSqueeze"]) == 0  # logits: by a softmax
    again = json.loads(capsys.readouterr().out)[str(photo / "a.png")]
    assert {row["label"]: row["probability"] for row in again} == pytest.approx(rows, abs=1e-5)
    assert not np.allclose(logits, want)


def test_graphs_that_begin_with_a_file_s_bytes(photo, tmp_path, capsys):
    with tf.Graph().as_default() as graph:
        contents = tf.constant(b"", name="DecodePng/contents")
        pixels = tf.image.convert_image_dtype(tf.image.decode_png(contents, 3), tf.float32)
        tf.nn.softmax(tf.reduce_mean(pixels, [0, 1])[None] * 5, name="softmax")
    (tmp_path / "net.pb").write_bytes(graph.as_graph_def().SerializeToString())
    command = ["predict", str(photo / "a.png"), f"--graph={tmp_path / 'net.pb'}", "--json"]
    assert main([*command, "--input_layer=DecodePng/contents"]) == 0
    (rows,) = json.loads(capsys.readouterr().out).values()
    values = 5 * golden.stored(GRAPHS / "ssd_loops.npz")["in|image_tensor:0"][0].mean((0, 1)) / 255
    want = np.exp(values) / np.exp(values).sum()
    assert {row["class"]: row["probability"] for row in rows} == pytest.approx(dict(enumerate(want.tolist())), abs=1e-5)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["conv_batch_norm.pb"], 2, "--preprocessing_name must say how the images of"),
        (["conv_batch_norm.pb", "--preprocessing_name=inceptoin"], 2, "must be a net's, or none, got 'inceptoin'"),
        (["constants.pb"], 1, "scalar:0 is of shape [], which is none of images"),
        (["cond_while.pb"], 1, "has 2 inputs"),
        (["conv_batch_norm.pb", "--output_layer=nothing"], 1, "it has no tensor nothing:0"),
        (["two_signatures", "--signature=no"], 1, "signature must be one of"),
    ],
)
def test_what_cannot_be_predicted_is_said(arguments, code, says, photo, capsys):
    assert main(["predict", str(photo / "a.png"), f"--graph={GRAPHS / arguments[0]}", *arguments[1:]]) == code
    assert says in capsys.readouterr().err


def test_weights_of_a_frozen_graph_become_a_checkpoint(tmp_path, capsys):
    for name in ("weights.safetensors", "model.ckpt-1"):
        assert main(["convert", str(GRAPHS / "conv_batch_norm.pb"), str(tmp_path / name)]) == 0
        found = slim.checkpoints.load_variables(tmp_path / name)
        assert sorted(found)[-2:] == ["logits/biases", "logits/weights"]
        assert found["conv2/weights"].shape == (1, 3, 8, 12)
    assert main(["convert", str(GRAPHS / "functions.pb"), str(tmp_path / "none.safetensors")]) == 1
    assert "functions.pb, whose constants are no weights" in capsys.readouterr().err


def test_a_classifier_is_exported_with_its_preprocessing(photo, tmp_path, capsys):
    target = tmp_path / "net.zip"
    command = ["export", f"--graph={GRAPHS / 'conv_batch_norm.pb'}", f"--output={target}"]
    assert main([*command, "--preprocessing_name=inception", "--platforms=cpu"]) == 0
    model = slim.exporting.load_exported(target)
    pixels = golden.stored(GRAPHS / "ssd_loops.npz")["in|image_tensor:0"]
    prepare = slim.preprocessing.preprocessing_factory.get_preprocessing("inception")
    net = slim.graphs.load(GRAPHS / "conv_batch_norm.pb", outputs="Predictions")
    want = net({}, np.stack([prepare(image, 9, 11) for image in pixels]))
    np.testing.assert_allclose(model(image=pixels)["probabilities"], want, atol=1e-5)


@pytest.mark.parametrize(
    ("graph", "arguments", "name"),
    [
        pytest.param("ssd_combined.pb", ["--image_size=20"], "num_detections", marks=pytest.mark.slow),
        ("rnn_v2.pb", ["--input_shapes=2,4,3:2", "--output_layer=state"], "state"),
    ],
)
def test_other_graphs_are_exported_as_they_are(graph, arguments, name, tmp_path):
    """The first knows the size of its batch, in loops: it is exported for one image at a time, and takes any number."""
    target = tmp_path / "net.zip"
    assert main(["export", f"--graph={GRAPHS / graph}", f"--output={target}", "--platforms=cpu", *arguments]) == 0
    model = slim.exporting.load_exported(target)
    values = golden.stored(GRAPHS / graph.replace(".pb", ".npz"))
    given = {key[3:-2]: values[key] for key in values if key.startswith("in|")}
    if "image_tensor" in given:
        given = {"image_tensor": given["image_tensor"][:, :20, :20].repeat(2, 0)}
        assert model(**given)[name].shape == (4,)
    else:
        np.testing.assert_allclose(model(**given)[name], values[f"out|{name}:0"], rtol=1e-4, atol=1e-5)


def test_what_the_host_computes_is_not_exported(tmp_path, capsys):
    assert main(["export", f"--graph={GRAPHS / 'ssd_loops.pb'}", f"--output={tmp_path / 'net.zip'}"]) == 1
    assert "are no operations that JAX computes" in capsys.readouterr().err
    assert main(["export", "--output=x.zip"]) == 2
    command = ["export", f"--graph={GRAPHS / 'unfused_flatten.pbtxt'}", "--output=x.zip", "--preprocessing_name=vgg"]
    assert main(command) == 1
    assert "takes 2 images at a time" in capsys.readouterr().err


def test_graphs_are_written_as_graphs_again(tmp_path, capsys):
    values = golden.stored(GRAPHS / "two_signatures.npz")
    target = tmp_path / "frozen.pb"
    assert main(["export", f"--graph={GRAPHS / 'two_signatures'}", f"--output={target}"]) == 0
    assert "tensors: x:0 -> y:0, p:0" in capsys.readouterr().err
    np.testing.assert_allclose(slim.graphs.load(target, outputs="p")({}, values["x"]), values["p"], atol=1e-6)
    command = ["export", f"--graph={GRAPHS / 'conv_batch_norm.pb'}", f"--output={tmp_path / 'served'}/"]
    assert main([*command, "--fold_batch_norm", "--output_layer=Predictions", "--input_shapes=1,9,11,3"]) == 0
    net = slim.graphs.load(tmp_path / "served")
    assert net.input_shapes == {"input": (1, 9, 11, 3)}
    values = golden.stored(GRAPHS / "conv_batch_norm.npz")
    found = net({}, values["in|input:0"][:1])["Predictions"]
    np.testing.assert_allclose(found, values["out|Predictions:0"][:1], atol=1e-5)
    assert main(command) == 1
    assert "conv_batch_norm.pb: path must be a folder without a SavedModel" in capsys.readouterr().err
    command[-1] = f"--output={tmp_path / 'no.pb'}"
    assert main([*command, "--input_shapes=1,8,11,3"]) == 2
    assert "input_shapes must fit the graph" in capsys.readouterr().err
    assert main([*command, "--fold_batch_norm", "--preprocessing_name=inception"]) == 2
    assert not (tmp_path / "no.pb").exists()


def test_a_graph_gets_its_preprocessing_in_a_graph(photo, tmp_path):
    target = tmp_path / "whole.pb"
    command = ["export", f"--graph={GRAPHS / 'conv_batch_norm.pb'}", f"--output={target}", "--output_layer=Predictions"]
    assert main([*command, "--preprocessing_name=inception"]) == 0
    pixels = golden.stored(GRAPHS / "ssd_loops.npz")["in|image_tensor:0"]
    prepare = slim.preprocessing.preprocessing_factory.get_preprocessing("inception")
    net = slim.graphs.load(GRAPHS / "conv_batch_norm.pb", outputs="Predictions")
    want = net({}, np.stack([prepare(image, 9, 11) for image in pixels]))
    again = slim.graphs.load(target)
    assert again.input_types["input:0"] == np.uint8
    found = again({}, pixels)
    assert any(value.shape == want.shape and np.allclose(value, want, atol=1e-4) for value in found.values())
