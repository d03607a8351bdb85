"""The end of a detector's graph, TensorFlow's suppression of boxes; its numbers: `tests/cli/test_task_graphs.py`."""

import jax.numpy as jnp

import jax_slim as slim
from jax_slim.exporting import export_frozen_graph, export_saved_model
from jax_slim.exporting.graph_detections import OUTPUTS, best_boxes
from jax_slim.tf1.files import protos
from jax_slim.tf1.graph import tensor_protos

INPUTS = {"boxes": ("batch, 4, 4", jnp.float32), "scores": ("batch, 4, 2", jnp.float32)}


def test_limits_are_in_the_graph(tmp_path):
    limits = {"score_threshold": 0.25, "iou_threshold": 0.5, "max_detections_per_class": 6, "max_total_detections": 9}
    made = export_frozen_graph(
        tmp_path / "net.pb", lambda _, given: dict(given), {}, INPUTS, output_names={name: name for name in OUTPUTS},
        finish=lambda nodes, results: best_boxes(nodes, results, **limits),
    )  # fmt: skip
    assert made.outputs == {
        "detection_boxes": "detection_boxes",
        "detection_scores": "detection_scores",
        "detection_classes": "detection_classes",
        "num_detections": "num_detections",
    }
    nodes = {node.name: node for node in protos.GraphDef.FromString(made.path.read_bytes()).node}
    suppression = next(node for node in nodes.values() if node.op == "CombinedNonMaxSuppression")
    constants = [tensor_protos.make_ndarray(nodes[name].attr["value"].tensor) for name in suppression.input[2:]]
    assert [value.item() for value in constants] == [6, 9, 0.5, 0.25]


def test_a_saved_model_has_them_in_its_signature(tmp_path):
    export_saved_model(tmp_path / "served", lambda _, given: dict(given), {}, INPUTS, finish=best_boxes)
    signature = slim.graphs.describe(tmp_path / "served")["signatures"]["serving_default"]
    shapes = {name: info["shape"] for name, info in signature["outputs"].items()}
    assert shapes == dict(zip(OUTPUTS, ([None, 100, 4], [None, 100], [None, 100], [None]), strict=True))
