"""`saved_model_cli` and `inspect_checkpoint`: TensorFlow's text, and results from files and expressions."""

from pathlib import Path

import numpy as np
import pytest

import golden
import jax_slim.tf1 as tf
from jax_slim.tf1.python import checkpoint_printing, saved_model_commands, saved_model_files

GRAPHS = Path(__file__).parents[1] / "graphs"
FOLDER = GRAPHS / "two_signatures"
# TensorFlow 2.21's text of the same folder.
RELU = """\
The given SavedModel SignatureDef contains the following input(s):
  inputs['x'] tensor_info:
      dtype: DT_FLOAT
      shape: (-1, 3)
      name: x:0
The given SavedModel SignatureDef contains the following output(s):
  outputs['out'] tensor_info:
      dtype: DT_FLOAT
      shape: (-1, 2)
      name: q:0
Method name is: tensorflow/serving/predict
"""


def shown(capsys, *arguments):
    assert saved_model_commands.main([*arguments[:1], f"--dir={FOLDER}", *arguments[1:]]) == 0
    return capsys.readouterr().out


def test_what_is_in_a_saved_model(capsys):
    assert shown(capsys, "show") == "The given SavedModel contains the following tag-sets:\n'serve'\n"
    assert shown(capsys, "show", "--tag_set=serve") == (
        "The given SavedModel MetaGraphDef contains SignatureDefs with the following keys:\n"
        'SignatureDef key: "relu"\nSignatureDef key: "serving_default"\n'
    )
    assert shown(capsys, "show", "--tag_set", "serve", "--signature_def", "relu") == RELU
    whole = shown(capsys, "show", "--all")
    indented = "".join(f"  {line}\n" for line in RELU.splitlines())
    first = "\nMetaGraphDef with tag-set: 'serve' contains the following SignatureDefs:\n\nsignature_def['relu']:\n"
    assert whole.startswith(first + indented + "\nsignature_def['serving_default']:\n")
    assert "does not contain denylisted ops" in shown(capsys, "scan")


def test_outputs_of_given_inputs(capsys, tmp_path):
    recorded = golden.stored(GRAPHS / "two_signatures.npz")
    np.save(tmp_path / "x.npy", recorded["x"])
    np.savez(tmp_path / "x.npz", first=recorded["x"] * 2, second=recorded["x"])
    command = ["run", "--tag_set=serve", "--signature_def=serving_default", f"--outdir={tmp_path / 'results'}"]
    for flag in (
        f"--inputs=image={tmp_path / 'x.npy'}",
        f"--inputs=image={tmp_path / 'x.npz'}[second]",
        f"--input_exprs=image=np.float32({recorded['x'].tolist()})",
    ):
        out = shown(capsys, *command, flag, "--overwrite")
        np.testing.assert_allclose(np.load(tmp_path / "results" / "scores.npy"), recorded["p"], atol=1e-6)
        assert f"Output scores is saved to {tmp_path / 'results' / 'scores.npy'}" in out
        assert "Result for output key logits:\n[[" in out
    with pytest.raises(RuntimeError, match="already exists"):
        shown(capsys, *command, f"--inputs=image={tmp_path / 'x.npy'}")


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        (["show", "--tag_set=train"], RuntimeError, r"could not be found in SavedModel .*, which has \[\['serve'\]\]"),
        (["show", "--tag_set=serve", "--signature_def=no"], ValueError, "must be one of"),
        (["run", "--tag_set=serve", "--signature_def=relu"], ValueError, "at least one of --inputs"),
        (["run", "--tag_set=serve", "--signature_def=relu", "--input_exprs=y=1"], ValueError, "inputs must be"),
        (["run", "--tag_set=serve", "--signature_def=relu", "--input_exprs=x"], RuntimeError, "format is incorrect"),
        (["run", "--tag_set=serve", "--signature_def=relu", "--inputs=x=none.npy"], FileNotFoundError, "none.npy"),
    ],
)
def test_what_cannot_be_shown_or_run_is_said(arguments, error, says):
    with pytest.raises(error, match=says):
        saved_model_commands.main([arguments[0], f"--dir={FOLDER}", *arguments[1:]])


def test_examples_are_serialized(capsys, tmp_path):
    with tf.Graph().as_default(), tf.Session() as sess:
        texts = tf.placeholder(tf.string, [None], name="examples")
        features = {"age": tf.FixedLenFeature([], tf.float32), "name": tf.FixedLenFeature([], tf.string)}
        found = tf.parse_example(texts, features | {"n": tf.FixedLenFeature([2], tf.int64)})
        tf.saved_model.simple_save(sess, str(tmp_path / "m"), {"examples": texts}, found)
    given = """examples=[{"age": [22.5], "name": ["a"], "n": [1, 2]}, {"age": 1.0, "name": [b"b"], "n": [3, 4]}]"""
    command = ["run", f"--dir={tmp_path / 'm'}", "--tag_set=serve", "--signature_def=serving_default"]
    assert saved_model_commands.main([*command, f"--input_examples={given}"]) == 0
    out = capsys.readouterr().out
    assert "Result for output key age:\n[22.5  1. ]" in out
    assert "Result for output key n:\n[[1 2]\n [3 4]]" in out
    assert "Result for output key name:\n[b'a' b'b']" in out
    assert saved_model_files.tag_sets(tmp_path / "m") == [["serve"]]


def test_a_checkpoint_is_printed(capsys):
    prefix = str(FOLDER / "variables" / "variables")
    assert checkpoint_printing.main([f"--file_name={prefix}"]) == 0
    assert capsys.readouterr().out == "b (DT_FLOAT) [2]\nw (DT_FLOAT) [3,2]\n\n# Total number of params: 8\n"
    assert checkpoint_printing.main([f"--file_name={prefix}", "--all_tensor_names", "--count_exclude_pattern=b"]) == 0
    assert capsys.readouterr().out == (
        "tensor: b (float32) [2]\ntensor: w (float32) [3, 2]\n"
        "# Excluding 1 tensors (2 params) that match b when counting.\n# Total number of params: 6\n"
    )
    checkpoint_printing.print_tensors_in_checkpoint_file(prefix, "b", False)
    assert capsys.readouterr().out.startswith("tensor: b (float32) [2]\n[")
    checkpoint_printing.print_tensors_in_checkpoint_file(prefix, "c", False)
    assert capsys.readouterr().out == "Tensor c not found in checkpoint\n"
    checkpoint_printing.print_tensors_in_checkpoint_file(f"{prefix}-3", None, False)
    assert "variables-3" in capsys.readouterr().out
