#!/bin/bash
# OpenVINO's CPU plugin makes numbers of NaN: Relu gives 0, Clip (ReLU6) its lower bound, HardSigmoid 1. So a net that computes
# NaN, of weights that were lost in training or of an overflow, answers with probabilities that sum to 1, the same for all
# inputs perhaps, and no check for NaN at its end finds anything. LeakyRelu keeps NaN, as do sigmoid and tanh: whether a broken
# net says so depends on its activations. ONNX Runtime keeps it in all of them.
# Seen with openvino 2026.4.1, onnxruntime 1.32.0, onnx 1.23.2, x86-64 Linux with AVX-512, of NaN, 1, -1:
#   Relu: onnxruntime [nan, 1.0, 0.0], openvino [0.0, 1.0, 0.0]
#   Clip to 0 and 6: onnxruntime [nan, 1.0, 0.0], openvino [0.0, 1.0, 0.0]
#   HardSigmoid: onnxruntime [nan, 0.7, 0.3], openvino [1.0, 0.7, 0.3]
#   Relu, then Softmax: onnxruntime [nan, nan, nan], openvino [0.212, 0.576, 0.212]
#   LeakyRelu: onnxruntime [nan, 1.0, -0.5], openvino [nan, 1.0, -0.5]
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q openvino==2026.4.1 onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
"$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import sys

import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper


def answers(*nodes):
    """What ONNX Runtime and OpenVINO make of NaN, 1, -1."""
    x = np.array([[np.nan, 1, -1]], np.float32)
    values, results = ([helper.make_tensor_value_info(name, TensorProto.FLOAT, x.shape)] for name in "xy")
    bounds = [onnx.numpy_helper.from_array(np.float32(bound), name) for bound, name in ((0, "low"), (6, "high"))]
    graph = helper.make_graph(list(nodes), "g", values, results, bounds)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    data, core = model.SerializeToString(), openvino.Core()
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    compiled = core.compile_model(core.read_model(data), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return [np.round(np.float64(y[0]), 3).tolist() for y in (session.run(None, {"x": x})[0], compiled(x)[0])]


for package in (openvino, onnxruntime, onnx):
    print(package.__name__, package.__version__)
node = helper.make_node
found = {
    "Relu": answers(node("Relu", ["x"], ["y"])),
    "Clip to 0 and 6": answers(node("Clip", ["x", "low", "high"], ["y"])),
    "HardSigmoid": answers(node("HardSigmoid", ["x"], ["y"])),
    "Relu, then Softmax": answers(node("Relu", ["x"], ["z"]), node("Softmax", ["z"], ["y"])),
    "LeakyRelu": answers(node("LeakyRelu", ["x"], ["y"], alpha=0.5)),
}
for case, (by_onnxruntime, by_openvino) in found.items():
    print(f"{case}: onnxruntime {by_onnxruntime}, openvino {by_openvino}")
expected = [[0, 1, 0], [0, 1, 0], [1, 0.7, 0.3], [0.212, 0.576, 0.212]]
lost = [openvino for _, openvino in found.values()][:4] == expected
kept = all(np.isnan(numbers[0]) for numbers in (*(right for right, _ in found.values()), found["LeakyRelu"][1]))
sys.exit(not (lost and kept))
PYTHON
