#!/bin/bash
# GroupNormalization of ONNX takes the variance as the mean of the squares less the square of the mean, in float32: that is how
# the standard writes the operation as a function of others, so ONNX's reference computes it like that, and ONNX Runtime, which
# has no kernel of its own for it, too. Where a group's mean is large beside its deviation the difference has no digits left:
# at a mean 1000 times the deviation results are off by 0.1, at 4096 times by thousands, or they are NaN (the root of a negative
# number). InstanceNormalization and LayerNormalization of the same numbers are right in both, and so is OpenVINO in all three;
# GroupNormalization with a group for each channel is InstanceNormalization by its definition.
# Features without a norm before them, raw levels of sensors, heights and temperatures in kelvin are such numbers.
# Seen with onnxruntime 1.32.0, onnx 1.23.2, openvino 2026.4.1, numpy 2.4.6, largest errors against float64, opset 22:
#   mean 1000: reference group 0.06, instance 4e-05; onnxruntime group 0.2, instance 8e-05; openvino group 2e-05, instance 2e-05
#   mean 4096: reference group 4e+03, instance 0.0001; onnxruntime group 4e+03, instance 0.0002; openvino group 0.0001, instance 0.0001
#   mean 10000: reference group 3e+03, instance 9e-05; onnxruntime group 3e+03, instance 0.001; openvino group 9e-05, instance 9e-05
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


def errors(op, x, **attributes):
    """How far each reader is off where x [1, channels, rows, columns] is normalized within each channel."""
    node = helper.make_node(op, ["x", "scale", "bias"], ["y"], epsilon=1e-6, **attributes)
    values, result = (helper.make_tensor_value_info(name, TensorProto.FLOAT, x.shape) for name in "xy")
    constants = [
        helper.make_tensor(name, TensorProto.FLOAT, [x.shape[1]], [value] * x.shape[1])
        for name, value in (("scale", 1.0), ("bias", 0.0))
    ]
    graph = helper.make_graph([node], "norm", [values], [result], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    data = model.SerializeToString()
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(data), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    exact = x.astype(np.float64)
    centered = exact - exact.mean((2, 3), keepdims=True)
    exact = centered / np.sqrt((centered**2).mean((2, 3), keepdims=True) + 1e-6)
    found = {
        "reference": ReferenceEvaluator(model).run(None, {"x": x})[0],
        "onnxruntime": session.run(None, {"x": x})[0],
        "openvino": compiled(x)[0],
    }
    return {reader: float(np.abs(y - exact).max()) for reader, y in found.items()}


so = True
noise = np.random.default_rng(0).normal(size=(1, 2, 16, 16))
for mean in (1000, 4096, 10000):
    x = (mean + noise).astype(np.float32)
    group, instance = errors("GroupNormalization", x, num_groups=2), errors("InstanceNormalization", x)
    print(f"mean {mean}:", "; ".join(f"{r} group {group[r]:.0g}, instance {instance[r]:.0g}" for r in group))
    so &= max(instance.values()) < 0.01 and group["openvino"] < 0.01
    so &= all(not group[reader] < 0.01 for reader in ("reference", "onnxruntime"))
sys.exit(0 if so else 1)
PYTHON
