#!/bin/bash
# onnxconverter-common's convert_float_to_float16 names the casts that it adds after the node that they are for. A node of ONNX
# need not have a name (onnx.parser gives none, nor does helper.make_node unless asked), so the casts of two nodes without
# one have the same name, and so have their results: the file that comes back is not valid. That is so for two
# readers of the input (keep_io_types), and for two nodes of a kind that stays in float32, Resize and Max among them. ONNX Runtime
# refuses it ("two nodes with same node name", of which the model had none). OpenVINO reads it, says nothing, and gives
# one result to all who read the name: the sum of two resized maps, -1 and 4, is twice the first. With Max and Min alone, a relu6,
# the converter itself fails: 'list' object has no attribute 'input'. Names for all nodes, before the call, make all right.
# Seen with onnxconverter-common 1.16.0, onnx 1.23.2, onnxruntime 1.32.0, openvino 2026.4.1, numpy 2.4.6:
#   two readers, without names: ONNX Runtime refuses, OpenVINO [3.0]; with names: ONNX Runtime [3.0], OpenVINO [3.0]
#   two resized, without names: ONNX Runtime refuses, OpenVINO [-2.0]; with names: ONNX Runtime [3.0], OpenVINO [3.0]
#   relu6, without names: not converted; with names: ONNX Runtime [1.0], OpenVINO [1.0]
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q onnxconverter-common==1.16.0 onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import io
import sys

import numpy as np
import onnxruntime
import openvino
from onnx import checker, parser
from onnxconverter_common import float16

for package in ("onnxconverter-common", "onnx", "onnxruntime", "openvino", "numpy"):
    print(package, importlib.metadata.version(package))
onnxruntime.set_default_logger_severity(3)  # not of constants that a model has no use for
images = np.ones((1, 1, 1, 1), np.float32)


def by_onnxruntime(model):
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    except Exception as error:
        assert "two nodes with same node name" in str(error) or "Duplicate definition of name" in str(error), error
        return "refuses"
    return str(session.run(None, {"x": images})[0].ravel()[:1].tolist())


def by_openvino(model):
    core = openvino.Core()
    read = core.read_model(io.BytesIO(model.SerializeToString()))
    return str(core.compile_model(read, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})([images])[0].ravel()[:1].tolist())


def told(nodes, size, named):
    """What the two say of the model, converted to float16 but for its input and output."""
    model = parser.parse_model(f"""<ir_version: 8, opset_import: ["": 18]>
    net (float[1, 1, 1, 1] x) => (float[1, 1, {size}, {size}] y)
    <float zero = {{0}}, float four = {{4}}, float six = {{6}}, float[4] scales = {{1, 1, 2, 2}}> {{ {nodes} }}""")
    if named:
        for at, node in enumerate(model.graph.node):
            node.name = f"node_{at}"
    checker.check_model(model, full_check=True)
    try:
        converted = float16.convert_float_to_float16(model, keep_io_types=True)
    except AttributeError as error:
        assert str(error) == "'list' object has no attribute 'input'", error
        return "not converted"
    return f"ONNX Runtime {by_onnxruntime(converted)}, OpenVINO {by_openvino(converted)}"


found = {}
for name, size, nodes in (
    ("two readers", 1, "a = Relu(x) b = Add(x, x) y = Add(a, b)"),
    (
        "two resized",
        2,
        "a = Neg(x) b = Mul(x, four) c = Resize(a, , scales) d = Resize(b, , scales) y = Add(c, d)",
    ),
    ("relu6", 1, "a = Max(x, zero) y = Min(a, six)"),
):
    found[name] = [told(nodes, size, named) for named in (False, True)]
    print(f"{name}, without names: {found[name][0]}; with names: {found[name][1]}")
sys.exit(
    found
    != {
        "two readers": ["ONNX Runtime refuses, OpenVINO [3.0]", "ONNX Runtime [3.0], OpenVINO [3.0]"],
        "two resized": ["ONNX Runtime refuses, OpenVINO [-2.0]", "ONNX Runtime [3.0], OpenVINO [3.0]"],
        "relu6": ["not converted", "ONNX Runtime [1.0], OpenVINO [1.0]"],
    }
)
PYTHON
