#!/bin/bash
# onnx.version_converter, which lifts a model to a newer opset (and other libraries call it to do so), changes what five of the
# commonest nodes compute, without a word. The new model passes the checker, and ONNX Runtime, which runs both, shows it:
# - Resize from opset 10 to 11: the places of pixels were floor(x / scale), asymmetric; the new default is half_pixel, and the
#   converter leaves the attribute out. Linear and nearest resizing shift by up to half a pixel; nearest by whole numbers does not.
# - Upsample (linear) from opset 9 to anything from 11 on: by way of Resize, the same. PyTorch's exports of 2018 and 2019 and
#   most segmentation and detection nets of those years have such nodes.
# - Hardmax from 11 to 13: over all axes from 1 on before, over one after; only Softmax and LogSoftmax are rewritten.
# - Softmax and LogSoftmax from 13 down to 12: over one axis before, over all from it on after; the attribute stays as it is.
# Seen with onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6:
#   Resize (linear) 10 to 11: [0.0, 0.5, 1.0, 1.5, 2.0, 2.0] becomes [0.0, 0.25, 0.75, 1.25, 1.75, 2.0]
#   Resize (nearest) 10 to 11: [0.0, 0.0, 0.0, 1.0, 1.0, 2.0, 2.0] becomes [0.0, 0.0, 1.0, 1.0, 1.0, 2.0, 2.0]
#   Upsample (linear) 9 to 13: [0.0, 0.5, 1.0, 1.5, 2.0, 2.0] becomes [0.0, 0.25, 0.75, 1.25, 1.75, 2.0]
#   Hardmax 11 to 13: [0.0, 0.0, 1.0, 0.0] becomes [0.0, 1.0, 1.0, 0.0]
#   Softmax 13 to 12: [0.5, 0.5, 0.5, 0.5] becomes [0.25, 0.25, 0.25, 0.25]
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
"$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, version_converter


def results(op, opset, newer, x, shape, scales=None, **attributes):
    """What ONNX Runtime makes of a node before and after the conversion."""
    x = np.asarray(x, np.float32)
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)
    constants = [helper.make_tensor("scales", TensorProto.FLOAT, [len(scales)], scales)] if scales else []
    node = helper.make_node(op, ["x", *(constant.name for constant in constants)], ["y"], **attributes)
    graph = helper.make_graph([node], "old", [value], [result], constants)
    old = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=7)
    new = version_converter.convert_version(old, newer)
    found = []
    for model in (old, new):
        onnx.checker.check_model(model, full_check=True)
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        found.append(np.round(session.run(None, {"x": x})[0].ravel(), 4).tolist())
    return found


row = [[[[0, 1, 2]]]]
linear = ([0.0, 0.5, 1.0, 1.5, 2.0, 2.0], [0.0, 0.25, 0.75, 1.25, 1.75, 2.0])
doubled, stretched = [1.0, 1.0, 1.0, 2.0], [1.0, 1.0, 1.0, 2.35]
cases = {
    "Resize (linear) 10 to 11": (results("Resize", 10, 11, row, [1, 1, 1, 6], doubled, mode="linear"), linear),
    "Resize (nearest) 10 to 11": (
        results("Resize", 10, 11, row, [1, 1, 1, 7], stretched, mode="nearest"),
        ([0.0, 0.0, 0.0, 1.0, 1.0, 2.0, 2.0], [0.0, 0.0, 1.0, 1.0, 1.0, 2.0, 2.0]),
    ),
    "Upsample (linear) 9 to 13": (results("Upsample", 9, 13, row, [1, 1, 1, 6], doubled, mode="linear"), linear),
    "Hardmax 11 to 13": (
        results("Hardmax", 11, 13, [[[1, 2], [4, 3]]], [1, 2, 2]), ([0.0, 0.0, 1.0, 0.0], [0.0, 1.0, 1.0, 0.0]),
    ),
    "Softmax 13 to 12": (
        results("Softmax", 13, 12, [[[0, 0], [0, 0]]], [1, 2, 2], axis=1), ([0.5] * 4, [0.25] * 4),
    ),
}  # fmt: skip
for name, ((before, after), _) in cases.items():
    print(f"{name}: {before} becomes {after}")
sys.exit(0 if all(tuple(found) == wanted for found, wanted in cases.values()) else 1)
PYTHON
