"""inspect: names, kinds, sizes; printed, filtered, as a dict."""

import json
import re

import numpy as np
import pytest

import golden
import jax_slim as slim
from jax_slim.checkpoints import CheckpointError, inspect, tensorflow

FOLDER = golden.FOLDER / "checkpoints"


def test_a_checkpoint_of_tensorflow():
    table = inspect(FOLDER / "v2_lenet_finetune")
    shapes = {
        tensor["name"]: tuple(tensor["shape"]) for tensor in golden.cases("checkpoints")["v2_lenet_finetune"]["tensors"]
    }
    assert {row.name: row.shape for row in table.rows} == shapes
    assert {row.kind for row in table.rows} == {"variable"}
    floats = sum(row.elements for row in table.rows if row.dtype == "float32")
    assert (table.elements, table.bytes) == (floats + 1, 4 * floats + 8)
    text = str(table)
    assert "model.ckpt-1234 (TensorFlow V2): 9 entries\n" in text
    assert re.search(r"\nLeNet/fc3/weights +float32 +\[256, 1024\] +262,144 +1\.05 MB\n", text)
    assert re.search(r"\nglobal_step +int64 +\[\] +1 +8 B\n", text)
    assert text.endswith("variable:  9  325,579 elements  1.30 MB") or "elements" in text.splitlines()[-1]
    assert max(map(len, text.splitlines()[2:-1])) < 100
    assert "9 entries" in repr(table)


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"include": "fc/w"}, ["fc/weights", "fc/weights/ExponentialMovingAverage"]),
        ({"exclude": [".*Average"]}, ["fc/biases", "fc/weights"]),
        ({"kinds": "average"}, ["fc/biases/ExponentialMovingAverage", "fc/weights/ExponentialMovingAverage"]),
        ({"kinds": ["variable", "average"], "include": ["fc/b"], "exclude": "fc/biases/"}, ["fc/biases"]),
        ({"include": "nothing"}, []),
    ],
)
def test_filters(filters, names):
    table = inspect(FOLDER / "v2_ema", **filters)
    assert [row.name for row in table.rows] == names
    assert table.hidden == 4 - len(names)
    assert f"{len(names)} entries, and {4 - len(names)} not shown" in str(table)


def test_kinds_and_strings(tmp_path):
    names = ["w", "w/Momentum", "w/ExponentialMovingAverage", "OptimizeLoss/w/Adam_1", "beta1_power", "a/Adam"]
    values = {name: np.ones(2, np.float32) for name in names} | {"words": np.asarray([b"x", b"y"], object)}
    table = inspect(tensorflow.write_checkpoint(tmp_path / "x.ckpt", values))
    kinds = {row.name: row.kind for row in table.rows}
    assert kinds == {
        "w": "variable",
        "w/Momentum": "optimizer",
        "w/ExponentialMovingAverage": "average",
        "OptimizeLoss/w/Adam_1": "optimizer",
        "beta1_power": "optimizer",
        "a/Adam": "variable",  # there is no variable 'a' that it could be the slot of
        "words": "variable",
    }
    assert re.search(r"\nwords +variable +string +\[2\] +2 +\?\n", str(table))
    assert re.search(r"\noptimizer: +3 +6 elements +24 B\n", str(table))
    assert re.search(r"\ntotal: +7 +14 elements +48 B$", str(table))


def test_as_a_dict_and_shown(capsys):
    table = inspect(FOLDER / "v2_ema", kinds="variable")
    told = json.loads(json.dumps(table.as_dict()))
    assert told["total"] == {"entries": 2, "hidden": 2, "elements": 8, "bytes": 32}
    assert told["format"] == "TensorFlow V2"
    assert told["rows"][1]["shape"] == [3, 2]
    table.show()
    assert capsys.readouterr().out == f"{table}\n"


def test_variables_too():
    table = inspect(slim.Variables({"w": np.ones((2, 3), np.float16)}))
    assert (table.rows[0].dtype, table.bytes, table.path) == ("float16", 12, "")
    assert "float16" in str(table)


def test_refuses():
    with pytest.raises(
        ValueError, match="inspect: kinds must be among variable, average, optimizer, state, got 'slot'"
    ):
        inspect(FOLDER / "v2_ema", kinds="slot")
    with pytest.raises(CheckpointError, match="No such checkpoint"):
        inspect(FOLDER / "nope")
