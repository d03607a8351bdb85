#!/bin/bash
# A pooling of ceil_mode = 1 has a last window that hangs over the end. ONNX and PyTorch say what of it counts: no window begins behind
# the input and the padding before it, and a mean divides by what lies in input and padding. Two readers of ONNX do otherwise,
# without a word:
# - OpenVINO and OpenCV 5 add to a MaxPool the windows that lie wholly in the padding at the end: a row and a column more than
#   the model itself says, of -3.4e38. To an AveragePool OpenCV adds them as well, as NaN; OpenVINO does not.
# - Where padding counts, PyTorch's default, OpenCV, and OpenVINO if there is padding, divide the hanging window by the whole
#   kernel: its mean is too small, by a third along the edge and more than half in the corner.
# Only sizes whose last window hangs over show it. Without ceil_mode all agree.
# Seen with openvino 2026.4.1, opencv-python-headless 5.0.0.93, onnxruntime 1.32.0, onnx 1.23.2, pooling ones by strides of 2:
#   maximum of 2 x 2, 5 x 5 padded by 1
#     onnxruntime: last row 1, 1, 1 of 3
#     openvino: last row -3.4e+38, -3.4e+38, -3.4e+38, -3.4e+38 of 4
#     opencv: last row -3.4e+38, -3.4e+38, -3.4e+38, -3.4e+38 of 4
#   mean of 2 x 2, 5 x 5 padded by 1
#     onnxruntime: last row 1, 1, 1 of 3
#     openvino: last row 1, 1, 1 of 3
#     opencv: last row nan, nan, nan, nan of 4
#   mean of 3 x 3, 4 x 4 padded by 1, which counts
#     onnxruntime: last row 0.33, 0.5, 0.25 of 3
#     openvino: last row 0.22, 0.33, 0.11 of 3
#     opencv: last row 0.22, 0.33, 0.11 of 3
#   mean of 3 x 3, 4 x 4, padding counts
#     onnxruntime: last row 1, 1 of 2
#     openvino: last row 1, 1 of 2
#     opencv: last row 0.67, 0.44 of 2
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q openvino==2026.4.1 opencv-python-headless==5.0.0.93 onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
"$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import sys

import cv2
import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper


def pooled(op, size, outputs, **attributes):
    """What each of the readers makes of ones [1, 1, size, size]."""
    node = helper.make_node(op, ["x"], ["y"], ceil_mode=1, strides=[2, 2], **attributes)
    values = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, size, size])]
    results = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, outputs, outputs])]
    graph = helper.make_graph([node], "pool", values, results)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    data, x = model.SerializeToString(), np.ones([1, 1, size, size], np.float32)
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(data), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    net = cv2.dnn.readNetFromONNX(np.frombuffer(data, np.uint8))
    net.setInput(x, "x")
    found = {"onnxruntime": session.run(None, {"x": x})[0], "openvino": compiled(x)[0], "opencv": net.forward()}
    return {reader: [[f"{v:.2g}" for v in row] for row in np.asarray(y)[0, 0]] for reader, y in found.items()}


for package in (openvino, cv2, onnxruntime, onnx):
    print(package.__name__, package.__version__)
cases = {
    "maximum of 2 x 2, 5 x 5 padded by 1": pooled("MaxPool", 5, 3, kernel_shape=[2, 2], pads=[1] * 4),
    "mean of 2 x 2, 5 x 5 padded by 1": pooled("AveragePool", 5, 3, kernel_shape=[2, 2], pads=[1] * 4),
    "mean of 3 x 3, 4 x 4 padded by 1, which counts": pooled(
        "AveragePool", 4, 3, kernel_shape=[3, 3], pads=[1] * 4, count_include_pad=1
    ),
    "mean of 3 x 3, 4 x 4, padding counts": pooled("AveragePool", 4, 2, kernel_shape=[3, 3], count_include_pad=1),
}
seen = []
for name, found in cases.items():
    print(name)
    for reader, rows in found.items():
        seen.append(f"{', '.join(rows[-1])} of {len(rows)}")
        print(f"  {reader}: last row {seen[-1]}")
least = "-3.4e+38, -3.4e+38, -3.4e+38, -3.4e+38 of 4"
sys.exit(
    seen
    != [
        *("1, 1, 1 of 3", least, least),
        *("1, 1, 1 of 3", "1, 1, 1 of 3", "nan, nan, nan, nan of 4"),
        *("0.33, 0.5, 0.25 of 3", "0.22, 0.33, 0.11 of 3", "0.22, 0.33, 0.11 of 3"),
        *("1, 1 of 2", "1, 1 of 2", "0.67, 0.44 of 2"),
    ]
)
PYTHON
