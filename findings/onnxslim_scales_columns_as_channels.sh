#!/bin/bash
# onnxslim takes a Mul behind a Conv into the weights of the Conv, channel by channel, if the constant has as many values as the
# Conv has channels. It does not look where they lie: a factor for each column ([W]) or each row ([H, 1]), as a window that fades
# to the borders, then scales channels instead, without a word, where the map happens to be as wide or as high as it has
# channels. With a picture of another size the same model is right, and so is an Add. Its own check, which must be asked for
# (model_check=True), finds it, and raises nothing: it logs a mismatch and gives None. onnxsim gets it right.
# Seen with onnxslim 0.1.98, onnxsim 0.8.1, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6, a Conv of 4 channels, all ones:
#   5 columns, a factor for each: onnxslim right, onnxsim right
#   4 columns, a factor for each: onnxslim wrong, onnxsim right
#   4 rows, a factor for each: onnxslim wrong, onnxsim right
#   4 channels, a factor for each: onnxslim right, onnxsim right
#   4 columns, a term for each: onnxslim right, onnxsim right
#   of 4 columns the first pixel's channels are [1, 1, 1, 1], by onnxslim [1, 2, 3, 4]
#   asked to check, onnxslim gives None
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q onnxslim==0.1.98 onnxsim==0.8.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import sys

import numpy as np
import onnxruntime
import onnxsim
import onnxslim
from onnx import checker, numpy_helper, parser

for package in ("onnxslim", "onnxsim", "onnx", "onnxruntime", "numpy"):
    print(package, importlib.metadata.version(package))


def run(model, images):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": images})[0]


def model(kind, rows, columns, shape):
    """A Conv whose four channels are each the picture itself, and a Mul or an Add of 1, 2, 3, ... behind it."""
    made = parser.parse_model(f"""<ir_version: 8, opset_import: ["": 18]>
    net (float[1, 1, {rows}, {columns}] x) => (float[1, 4, {rows}, {columns}] y) {{
        features = Conv(x, weights)
        y = {kind}(features, constant)
    }}""")
    constant = np.arange(1, np.prod(shape) + 1, dtype=np.float32).reshape(shape)
    weights = np.ones((4, 1, 1, 1), np.float32)
    made.graph.initializer.extend([numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(constant, "constant")])
    checker.check_model(made, full_check=True)
    return made


cases = {
    "5 columns, a factor for each": ("Mul", 3, 5, (5,)),
    "4 columns, a factor for each": ("Mul", 3, 4, (4,)),
    "4 rows, a factor for each": ("Mul", 4, 3, (4, 1)),
    "4 channels, a factor for each": ("Mul", 4, 4, (4, 1, 1)),
    "4 columns, a term for each": ("Add", 3, 4, (4,)),
}
wrong = []
for case, (kind, rows, columns, shape) in cases.items():
    images = np.ones((1, 1, rows, columns), np.float32)
    wanted = run(model(kind, rows, columns, shape), images)
    found = {
        "onnxslim": run(onnxslim.slim(model(kind, rows, columns, shape)), images),
        "onnxsim": run(onnxsim.simplify(model(kind, rows, columns, shape))[0], images),
    }
    right = {tool: bool(np.allclose(result, wanted)) for tool, result in found.items()}
    print(f"{case}: " + ", ".join(f"{tool} {'right' if right[tool] else 'wrong'}" for tool in right))
    wrong += [(case, tool) for tool in right if not right[tool]]
    if case == "4 columns, a factor for each":
        first = [result[0, :, 0, 0].astype(int).tolist() for result in (wanted, found["onnxslim"])]
print(f"of 4 columns the first pixel's channels are {first[0]}, by onnxslim {first[1]}")
checked = onnxslim.slim(model("Mul", 3, 4, (4,)), model_check=True)
print(f"asked to check, onnxslim gives {checked}")
seen = [("4 columns, a factor for each", "onnxslim"), ("4 rows, a factor for each", "onnxslim")]
sys.exit(checked is not None or wrong != seen or first != [[1, 1, 1, 1], [1, 2, 3, 4]])
PYTHON
