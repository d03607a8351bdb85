#!/bin/bash
# OpenVINO's ReduceMax over an array with a NaN gives the largest number behind the last NaN: a NaN is neither larger nor kept, it
# is replaced by what comes next, and whatever was in front of it is forgotten. So the maximum of 4, NaN, 1, 2 is 2, neither NaN
# (as by ONNX's reference, NumPy, JAX and PyTorch) nor 4; NaN comes out only where it is last. ReduceMin does the same. ArgMax of the
# same array is the place of the 4, so the two contradict each other. ONNX Runtime's ReduceMax gives NaN where that is first, and
# forgets by another rule elsewhere: of 4, NaN, 1, 2 it says 4, and of 0, NaN, 1, 2 it says 1. A softmax by hand, a range (max -
# min) and a check for NaN by a maximum go wrong, by where the NaN lies.
# Seen with onnxruntime 1.32.0, openvino 2026.4.1, onnx 1.23.2, numpy 2.4.6, x86-64 Linux with AVX-512:
#   4, nan, 1, 2: largest by reference nan, onnxruntime 4.0, openvino 2.0 (argmax 0); smallest by openvino 1.0
#   0, nan, 1, 2: largest by reference nan, onnxruntime 1.0, openvino 2.0 (argmax 3); smallest by openvino 1.0
#   nan, 1, 2, 4: largest by reference nan, onnxruntime nan, openvino 4.0 (argmax 0); smallest by openvino 1.0
#   0, 4, 1, nan: largest by reference nan, onnxruntime 4.0, openvino nan (argmax 1); smallest by openvino nan
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
from onnx.reference import ReferenceEvaluator


def results(op, kind, x):
    """What the reference, ONNX Runtime and OpenVINO make of all of x."""
    node = helper.make_node(op, ["x"], ["y"], keepdims=1)
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [len(x)])
    result = helper.make_tensor_value_info("y", kind, [1])
    graph = helper.make_graph([node], "largest", [value], [result])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    data, feeds = model.SerializeToString(), {"x": np.asarray(x, np.float32)}
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(data), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    found = ReferenceEvaluator(model).run(None, feeds)[0], session.run(None, feeds)[0], compiled(feeds)[0]
    return [values.item() for values in found]


nan = float("nan")
cases = {  # what is found to be largest, OpenVINO's ArgMax and its smallest
    (4, nan, 1, 2): ([nan, 4.0, 2.0], 0, 1.0),
    (0, nan, 1, 2): ([nan, 1.0, 2.0], 3, 1.0),
    (nan, 1, 2, 4): ([nan, nan, 4.0], 0, 1.0),
    (0, 4, 1, nan): ([nan, 4.0, nan], 1, nan),
}
so = True
for x, wanted in cases.items():
    largest = results("ReduceMax", TensorProto.FLOAT, x)
    place = results("ArgMax", TensorProto.INT64, x)[2]
    smallest = results("ReduceMin", TensorProto.FLOAT, x)[2]
    by = "largest by reference {}, onnxruntime {}, openvino {}".format(*largest)
    print(f"{', '.join(map(str, x))}: {by} (argmax {place}); smallest by openvino {smallest}")
    so &= repr((largest, place, smallest)) == repr(wanted)
sys.exit(0 if so else 1)
PYTHON
