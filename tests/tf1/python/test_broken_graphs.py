"""Tools on broken graphs: an error that says so, or a graph; never a hang."""

import contextlib
from pathlib import Path

import pytest

import jax_slim.tf1 as tf
from broken_messages import broken
from jax_slim.tf1.files import protos
from jax_slim.tf1.python import freezing, graph_util, inference_graphs, saved_model_commands
from jax_slim.tf1.python.graph_transforms import TRANSFORMS, TransformGraph

GRAPHS = Path(__file__).parents[1] / "graphs"
ARGUMENTS = {
    "remove_nodes": "(op=Identity)",
    "remove_attribute": "(attribute_name=T)",
    "rename_attribute": "(old_attribute_name=T, new_attribute_name=U)",
    "rename_op": "(old_op_name=Relu, new_op_name=Relu6)",
    "set_device": '(device="/cpu:0")',
    "quantize_weights": "(minimum_size=4)",
}


def tools(path):
    """Each tool, as a function of the file."""
    definition = freezing.message("GraphDef", path, True)
    ends = (["input"], ["Predictions"])
    for name in TRANSFORMS:
        yield lambda name=name: TransformGraph(definition, *ends, [name + ARGUMENTS.get(name, "")])
    yield lambda: inference_graphs.optimize_for_inference(definition, *ends, 1)
    yield lambda: graph_util.remove_training_nodes(definition)
    yield lambda: graph_util.with_constants(definition, {})


def check(numbers, folder):
    data = (GRAPHS / "conv_batch_norm.pb").read_bytes()
    made = 0
    for number in numbers:
        (folder / "graph.pb").write_bytes(broken(data, number, "GraphDef"))
        with contextlib.suppress(OSError):  # no message at all
            for tool in tools(folder / "graph.pb"):
                with contextlib.suppress(ValueError, TypeError, KeyError, AssertionError, tf.errors.OpError):
                    tool()
                    made += 1
    return made


def test_twenty_broken_graphs(tmp_path):
    assert check(range(20), tmp_path)


@pytest.mark.slow
def test_hundreds_of_broken_graphs(tmp_path):
    assert check(range(1000, 1200), tmp_path)


def show_broken(numbers, folder):
    data = (GRAPHS / "two_signatures" / "saved_model.pb").read_bytes()
    for number in numbers:
        (folder / "saved_model.pb").write_bytes(broken(data, number, "SavedModel"))
        with contextlib.suppress(OSError, ValueError, RuntimeError):
            saved_model_commands.main(["show", f"--dir={folder}", "--all"])


def test_twenty_broken_saved_models_are_shown(tmp_path, capsys):
    show_broken(range(20), tmp_path)


@pytest.mark.slow
def test_hundreds_of_broken_saved_models_are_shown(tmp_path, capsys):
    show_broken(range(1000, 1200), tmp_path)


def test_nodes_in_a_circle_are_refused():
    definition = protos.GraphDef()
    for name, source in (("a", "b"), ("b", "a")):
        definition.node.add(name=name, op="Identity", input=[source]).attr["T"].type = 1
    conv = definition.node.add(name="c", op="Conv2D", input=["a", "a"])
    conv.attr["T"].type = 1
    definition.node.add(name="n", op="FusedBatchNorm", input=["c", "a", "a", "a", "a"]).attr["is_training"].b = False
    with pytest.raises(ValueError, match="must have no circles"):
        TransformGraph(definition, [], ["c"], ["remove_nodes(op=Identity)"])
    with pytest.raises(ValueError, match="must have no circles"):
        TransformGraph(definition, [], ["c"], ["fold_constants"])
    with pytest.raises(ValueError, match="must have no circles"):
        graph_util.remove_training_nodes(definition)
    assert [n.op for n in inference_graphs.fold_batch_norms(definition).node][-1] == "FusedBatchNorm"
