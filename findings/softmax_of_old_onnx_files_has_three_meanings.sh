#!/bin/bash
# Before opset 13, Softmax, LogSoftmax and Hardmax of ONNX are over all axes from `axis` on, and that is 1 unless it is given; since
# then over one, and that is the last. Three readers take the new rule, or a half of it, for old files, without a word:
# - The evaluator that ONNX itself ships as its reference takes the last axis alone: the scores [N, classes, 1, 1] of older nets
#   become 1.0 each, whatever they are.
# - OpenVINO takes axis 1 alone for the Softmax of opset 11 and 12; that of 9 is right, and so are LogSoftmax and Hardmax.
# - OpenCV 5 takes axis 1 alone for Softmax and LogSoftmax, and the last one for Hardmax.
# So of one file, three libraries give three answers. With the axis given as the last one all agree.
# Seen with onnx 1.23.2, openvino 2026.4.1, opencv-python-headless 5.0.0.93, onnxruntime 1.32.0 (which is right), of zeros, no axis:
#   Softmax of [1, 3, 1, 1], opset 9: onnxruntime 0.333, onnx.reference 1, openvino 0.333, opencv 0.333
#   Softmax of [1, 2, 3], opset 9: onnxruntime 0.167, onnx.reference 0.333, openvino 0.167, opencv 0.5
#   Softmax of [1, 2, 3], opset 11: onnxruntime 0.167, onnx.reference 0.333, openvino 0.5, opencv 0.5
#   Softmax of [1, 2, 3], opset 13: all 0.333
#   LogSoftmax of [1, 2, 3], opset 11: onnxruntime -1.792, onnx.reference -1.099, openvino -1.792, opencv -0.693
#   Hardmax of [1, 2, 3], opset 11: onnxruntime and openvino 1, 0, 0, 0, 0, 0; onnx.reference and opencv 1, 0, 0, 1, 0, 0
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q onnx==1.23.2 openvino==2026.4.1 opencv-python-headless==5.0.0.93 onnxruntime==1.32.0 numpy==2.4.6
"$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import sys

import cv2
import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper, reference


def answers(op, x, opset, **attributes):
    """What each of the readers makes of one operation, as lists."""
    values, results = ([helper.make_tensor_value_info(name, TensorProto.FLOAT, x.shape)] for name in "xy")
    graph = helper.make_graph([helper.make_node(op, ["x"], ["y"], **attributes)], "g", values, results)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=7)
    onnx.checker.check_model(model, full_check=True)
    data = model.SerializeToString()
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    core = openvino.Core()
    net = cv2.dnn.readNetFromONNX(np.frombuffer(data, np.uint8))
    net.setInput(x, "x")
    found = {
        "onnxruntime": session.run(None, {"x": x})[0],
        "onnx.reference": reference.ReferenceEvaluator(data).run(None, {"x": x})[0],
        "openvino": core.compile_model(core.read_model(data), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(x)[0],
        "opencv": net.forward(),
    }
    return {reader: np.round(np.asarray(y, np.float64).ravel(), 3).tolist() for reader, y in found.items()}


for package in (onnx, openvino, cv2, onnxruntime):
    print(package.__name__, package.__version__)
scores, maps = np.zeros([1, 3, 1, 1], np.float32), np.zeros([1, 2, 3], np.float32)
expected = {
    "Softmax of [1, 3, 1, 1], 9": ([0.333] * 3, [1] * 3, [0.333] * 3, [0.333] * 3),
    "Softmax of [1, 2, 3], 9": ([0.167] * 6, [0.333] * 6, [0.167] * 6, [0.5] * 6),
    "Softmax of [1, 2, 3], 11": ([0.167] * 6, [0.333] * 6, [0.5] * 6, [0.5] * 6),
    "Softmax of [1, 2, 3], 13": ([0.333] * 6,) * 4,
    "LogSoftmax of [1, 2, 3], 11": ([-1.792] * 6, [-1.099] * 6, [-1.792] * 6, [-0.693] * 6),
    "Hardmax of [1, 2, 3], 11": ([1, 0, 0, 0, 0, 0], [1, 0, 0] * 2, [1, 0, 0, 0, 0, 0], [1, 0, 0] * 2),
}
same = True
for case, wanted in expected.items():
    found = answers(case.split()[0], maps if "[1, 2, 3]" in case else scores, int(case.split()[-1]))
    same &= list(found.values()) == list(wanted)
    print(case)
    for reader, numbers in found.items():
        print(f"  {reader}: {numbers}")
sys.exit(not same)
PYTHON
