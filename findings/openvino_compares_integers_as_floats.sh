#!/bin/bash
# OpenVINO's CPU plugin keeps the dtypes of an ONNX model's inputs and outputs, and computes in others, without a word:
# - int64 is int32 inside: 2 ** 40 is 0 and 2 ** 31 is negative, though the output is int64 again. So are times in milliseconds
#   and identifiers.
# - Integers are float32 in Greater, Equal, ReduceSum, ReduceMax, MatMul, Div and Pow, and are exact in Add, Mul, CumSum and
#   TopK: 2 ** 24 + 1 is equal to 2 ** 24 and not greater, and its quotient by 1 is 2 ** 24. So the area of a mask of 4097 x 4097
#   pixels, and comparisons of places in a large array, are wrong by a few, in a way that no small test shows.
# - uint8 ends at 0 and 255, where ONNX Runtime, ONNX's reference and NumPy wrap around; uint32 does wrap.
# - float64 is float32: 1e300 comes back as 3.4e38, not even as infinity.
# ONNX Runtime is exact in all of them.
# Seen with openvino 2026.4.1, onnxruntime 1.32.0, onnx 1.23.2, numpy 2.4.6, x86-64 Linux, n = 2 ** 24:
#   n + 1 > n, int32: onnxruntime True, openvino False
#   n + 1 == n, int32: onnxruntime False, openvino True
#   sum of n, 1, 1, 1, int64: onnxruntime 16777219, openvino 16777216
#   maximum of n + 1, n, int32: onnxruntime 16777217, openvino 16777216
#   (n + 1) / 1, int64: onnxruntime 16777217, openvino 16777216
#   [n, 1] times [1, 1], int32: onnxruntime 16777217, openvino 16777216
#   abs(2 ** 40 + 3), int64: onnxruntime 1099511627779, openvino 3
#   250 + 10, uint8: onnxruntime 4, openvino 255
#   1e300 + 1, float64: onnxruntime 1e+300, openvino 3.4028234663852886e+38
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
from onnx import helper

N = 2**24


def results(op, result, *inputs):
    """The one number that ONNX Runtime and OpenVINO compute by a node."""
    names = "ab"[: len(inputs)]
    kind = helper.np_dtype_to_tensor_dtype
    values = [helper.make_tensor_value_info(n, kind(x.dtype), x.shape) for n, x in zip(names, inputs)]
    output = helper.make_tensor_value_info("y", kind(np.dtype(result)), [] if op == "MatMul" else [1])
    graph = helper.make_graph([helper.make_node(op, [*names], ["y"])], "integers", values, [output])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    data, feeds = model.SerializeToString(), dict(zip(names, inputs))
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    compiled = openvino.Core().compile_model(openvino.Core().read_model(data), "CPU")
    return session.run(None, feeds)[0].item(), compiled(feeds)[0].item()


def array(dtype, *values):
    return np.asarray(values, dtype)


wanted = {
    "n + 1 > n, int32": (("Greater", "bool", array("int32", N + 1), array("int32", N)), (True, False)),
    "n + 1 == n, int32": (("Equal", "bool", array("int32", N + 1), array("int32", N)), (False, True)),
    "sum of n, 1, 1, 1, int64": (("ReduceSum", "int64", array("int64", N, 1, 1, 1)), (N + 3, N)),
    "maximum of n + 1, n, int32": (("ReduceMax", "int32", array("int32", N + 1, N)), (N + 1, N)),
    "(n + 1) / 1, int64": (("Div", "int64", array("int64", N + 1), array("int64", 1)), (N + 1, N)),
    "[n, 1] times [1, 1], int32": (("MatMul", "int32", array("int32", N, 1), array("int32", 1, 1)), (N + 1, N)),
    "abs(2 ** 40 + 3), int64": (("Abs", "int64", array("int64", 2**40 + 3)), (2**40 + 3, 3)),
    "250 + 10, uint8": (("Add", "uint8", array("uint8", 250), array("uint8", 10)), (4, 255)),
    "1e300 + 1, float64": (("Add", "float64", array("float64", 1e300), array("float64", 1)), (1e300, float(np.finfo("f").max))),
}
same = True
for said, (call, expected) in wanted.items():
    ours, theirs = results(*call)
    print(f"{said}: onnxruntime {ours}, openvino {theirs}")
    same &= (ours, theirs) == expected
exact = [results(op, "int32", array("int32", N + 1), array("int32", value)) for op, value in (("Add", 0), ("Mul", 1))]
same &= exact == [(N + 1, N + 1)] * 2
sys.exit(0 if same else 1)
PYTHON
