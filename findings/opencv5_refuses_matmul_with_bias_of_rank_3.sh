#!/bin/bash
# A dense layer over rows of tokens or pixels is a MatMul of [batch, rows, columns] and an Add of a bias. As [N], OpenCV 5 reads
# it. As [1, 1, N], which is the same by ONNX's broadcasting and which onnx.checker and ONNX Runtime take, it refuses the file:
# its importer makes one Gemm of the two nodes, and Gemm refuses a C of more than two axes. A product node that nothing
# is added to, and an Add of [1, 1, N] behind another node, both work. The message names Gemm, of which the file has none.
# Seen with opencv-python-headless 5.0.0.93, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6, x86-64 Linux:
#   MatMul, Add of [4]: read, as ONNX Runtime
#   MatMul, Add of [1, 4]: read, as ONNX Runtime
#   MatMul, Add of [1, 1, 4]: refused (Gemm, which the file has 0 of)
#   MatMul, Relu, Add of [1, 1, 4]: read, as ONNX Runtime
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q opencv-python-headless==5.0.0.93 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
OPENCV_LOG_LEVEL=SILENT "$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import importlib.metadata
import sys

import cv2
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

for package in ("opencv-python-headless", "onnx", "onnxruntime", "numpy"):
    print(package, importlib.metadata.version(package))
rng = np.random.default_rng(0)
rows = rng.normal(size=(2, 5, 6)).astype(np.float32)
weights = rng.normal(size=(6, 4)).astype(np.float32)


def told(kinds, shape):
    """What OpenCV makes of a file of these nodes, beside ONNX Runtime."""
    nodes, last = [], "x"
    for at, kind in enumerate(kinds):
        extra = {"MatMul": ["weights"], "Add": ["bias"], "Relu": []}[kind]
        result = "y" if at == len(kinds) - 1 else f"{kind}_{at}"
        nodes.append(helper.make_node(kind, [last, *extra], [result]))
        last = result
    bias = rng.normal(size=shape).astype(np.float32)
    graph = helper.make_graph(
        nodes,
        "dense",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, rows.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (2, 5, 4))],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(bias, "bias")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, "dense.onnx")
    wanted = onnxruntime.InferenceSession("dense.onnx", providers=["CPUExecutionProvider"]).run(None, {"x": rows})[0]
    try:
        net = cv2.dnn.readNetFromONNX("dense.onnx")
        net.setInput(rows, "x")
        found = net.forward()
    except cv2.error as error:
        assert "C can only be 0d (scalar) / 1d / 2d tensor" in str(error), error
        return f"refused (Gemm, which the file has {kinds.count('Gemm')} of)"
    same = found.shape == wanted.shape and np.allclose(found, wanted, atol=1e-5)
    return "read, as ONNX Runtime" if same else "read, other numbers"


cases = [
    (["MatMul", "Add"], (4,)), (["MatMul", "Add"], (1, 4)), (["MatMul", "Add"], (1, 1, 4)),
    (["MatMul", "Relu", "Add"], (1, 1, 4)),
]
seen = [told(*case) for case in cases]
for (kinds, shape), what in zip(cases, seen):
    print(f"{', '.join(kinds)} of {list(shape)}: {what}")
wanted = ["read, as ONNX Runtime"] * 2 + ["refused (Gemm, which the file has 0 of)", "read, as ONNX Runtime"]
sys.exit(seen != wanted)
PYTHON
