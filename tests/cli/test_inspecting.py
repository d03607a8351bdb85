"""`jax-slim inspect` of graphs."""

import json
from pathlib import Path

import pytest

from jax_slim.cli.main import main

GRAPHS = Path(__file__).parents[1] / "tf1" / "graphs"


def test_a_frozen_graph(capsys):
    assert main(["inspect", str(GRAPHS / "conv_batch_norm.pb")]) == 0
    shown = capsys.readouterr().out
    assert "input   input:0  float32 [?, " in shown
    assert "output  Predictions:0" in shown
    assert "FusedBatchNormV3  " in shown


def test_a_frozen_graph_in_text_as_json(capsys):
    assert main(["inspect", str(GRAPHS / "unfused_flatten.pbtxt"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found["inputs"]) == ["input:0"]
    assert found["outputs"] == ["output:0"]
    assert found["operations"]["Const"] == len(found["constants"])
    assert found["unknown"] == []


def test_a_saved_model_with_its_signatures(capsys):
    assert main(["inspect", str(GRAPHS / "two_signatures")]) == 0
    shown = capsys.readouterr().out
    assert "SavedModel with the checkpoint " in shown
    assert "signature relu\n  input   x  float32 [?, 3]  x:0\n  output  out  float32 [?, 2]  q:0" in shown
    assert "2 variables:\n  w  float32 [3, 2]\n  b  float32 [2]\n" in shown
    assert "functions besides the graph" in shown


def test_a_meta_graph(capsys):
    assert main(["inspect", str(GRAPHS / "training" / "model.ckpt-0.meta"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["kind"], found["variables"]["logits/weights"]["dtype"]) == ("meta graph", "float32")
    assert found["checkpoint"].endswith("model.ckpt-0")


@pytest.mark.parametrize("name", ["broken.pb", "broken.pbtxt"])
def test_a_broken_graph(name, tmp_path, capsys):
    (tmp_path / name).write_bytes(b"\xff\xfe nothing")
    assert main(["inspect", str(tmp_path / name)]) == 1
    assert "path must be a TensorFlow graph" in capsys.readouterr().err
