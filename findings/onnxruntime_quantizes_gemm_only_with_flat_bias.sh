#!/bin/bash
# ONNX's Gemm adds C to the product, broadcast: a number, [1], [1, 1], [1, N] and [N] are all valid for N columns, and
# onnx.checker and ONNX Runtime take them. ONNX Runtime's own quantize_static with per_channel=True takes [N] alone: a number
# ends it with an IndexError about arrays, [1] and [1, 1] with another, [1, N] with "truth value of an array is ambiguous",
# and none of the messages names the node. With per_channel=False all five are quantized. Files with such a C are common:
# jax2onnx writes a number (0, with beta=0) beside every matrix product.
# Seen with onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6, Python 3.11, x86-64 Linux:
#   [4]: per tensor quantized, per channel quantized
#   a number: per tensor quantized, per channel IndexError
#   [1]: per tensor quantized, per channel IndexError
#   [1, 1]: per tensor quantized, per channel IndexError
#   [1, 4]: per tensor quantized, per channel ValueError
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import importlib.metadata
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

for package in ("onnx", "onnxruntime", "numpy"):
    print(package, importlib.metadata.version(package))
rng = np.random.default_rng(0)
rows = rng.normal(size=(16, 8)).astype(np.float32)
weights = rng.normal(size=(8, 4)).astype(np.float32)


class Rows(CalibrationDataReader):
    def __init__(self):
        self.left = [{"x": rows}]

    def get_next(self):
        return self.left.pop() if self.left else None


def results(path):
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {"x": rows})[0]


def quantized(shape, per_channel):
    """Says "quantized" where the file of bytes gives what the file of floats does; else the kind of error."""
    bias = np.full(shape, 0.5, np.float32)
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["x", "w", "c"], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 4])],
        [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(bias, "c")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, "floats.onnx")
    wanted = results("floats.onnx")
    assert np.allclose(wanted, rows @ weights + bias, atol=1e-5)
    try:
        quantize_static(
            "floats.onnx", "bytes.onnx", Rows(), quant_format=QuantFormat.QDQ, per_channel=per_channel,
            weight_type=QuantType.QInt8,
        )
        found = results("bytes.onnx")
    except Exception as error:
        return type(error).__name__
    return "quantized" if np.abs(found - wanted).max() < 0.03 * np.abs(wanted).max() else "wrong numbers"


seen = {}
for name, shape in {"[4]": (4,), "a number": (), "[1]": (1,), "[1, 1]": (1, 1), "[1, 4]": (1, 4)}.items():
    seen[name] = [quantized(shape, per_channel) for per_channel in (False, True)]
    print(f"{name}: per tensor {seen[name][0]}, per channel {seen[name][1]}")
wanted = {
    "[4]": ["quantized", "quantized"],
    "a number": ["quantized", "IndexError"],
    "[1]": ["quantized", "IndexError"],
    "[1, 1]": ["quantized", "IndexError"],
    "[1, 4]": ["quantized", "ValueError"],
}
sys.exit(seen != wanted)
PYTHON
