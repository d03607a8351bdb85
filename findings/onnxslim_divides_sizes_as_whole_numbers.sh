#!/bin/bash
# What a net computes from the size of its input in floats (Shape, Cast to float, arithmetic), onnxslim computes in whole numbers: it
# follows sizes through the graph to know shapes, with Div as a division without remainder and Mul cut to an integer, and what it then
# knows it writes into the file as a constant, of dtype float. So with a free batch and 7 columns 1 / columns, the factor of
# a mean, is 0, and 0.4 * columns is 2; with free columns, columns / 3 less its floor, the weight by which a resizing mixes
# two pixels, is 0 for every size. Nothing is said. Where all of the shape is known, another part folds it, rightly; so a
# file with a fixed batch passes a test that the same net with a free one fails. All of it is right with
# no_shape_infer=True, and by onnxsim.
# Seen with onnxslim 0.1.98, onnxsim 0.8.1, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6, an input of [2, 7] ones:
#   the mean of a row: written 1.000; onnxslim, batch free 0.000, all known 1.000, all free 1.000
#   0.4 * columns: written 2.800; onnxslim, batch free 2.000, all known 2.800, all free 2.800
#   the fraction of columns / 3: written 0.333; onnxslim, batch free 0.000, all known 0.333, all free 0.000
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
from onnx import checker, parser

for package in ("onnxslim", "onnxsim", "onnx", "onnxruntime", "numpy"):
    print(package, importlib.metadata.version(package))
onnxruntime.set_default_logger_severity(3)  # not of constants that a model has no use for
images = np.ones((2, 7), np.float32)


def run(model):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return f"{session.run(None, {'x': images})[0].ravel()[0]:.3f}"


def model(shape, nodes):
    """A model whose nodes make y of x and of the number of its columns, a float."""
    made = parser.parse_model(f"""<ir_version: 8, opset_import: ["": 18]>
    net (float[{shape}] x) => (float y)
    <int64 second = {{1}}, int64[1] last = {{-1}}, float one = {{1}}, float three = {{3}}, float part = {{0.4}}> {{
        sizes = Shape(x)
        floats = Cast<to = 1>(sizes)
        columns = Gather(floats, second)
        {nodes}
        y = Squeeze(result)
    }}""")
    checker.check_model(made, full_check=True)
    return made


cases = {
    "the mean of a row": "factor = Div(one, columns) parts = Mul(x, factor) sum = ReduceSum(parts, last) result = ReduceMax(sum)",
    "0.4 * columns": "wanted = Mul(columns, part) parts = Mul(x, wanted) result = ReduceMax(parts)",
    "the fraction of columns / 3": "quotient = Div(columns, three) whole = Floor(quotient) "
    "fraction = Sub(quotient, whole) parts = Mul(x, fraction) result = ReduceMax(parts)",
}
shapes = {"batch free": "n, 7", "all known": "2, 7", "all free": "n, m"}
found = {}
for case, nodes in cases.items():
    models = {name: model(shape, nodes) for name, shape in shapes.items()}
    (written,) = {run(made) for made in models.values()}
    assert {run(onnxslim.slim(made, no_shape_infer=True)) for made in models.values()} == {written}, "no_shape_infer"
    assert {run(onnxsim.simplify(made)[0]) for made in models.values()} == {written}, "onnxsim"
    found[case] = [written, *(run(onnxslim.slim(made)) for made in models.values())]
    told = ", ".join(f"{name} {result}" for name, result in zip(shapes, found[case][1:]))
    print(f"{case}: written {written}; onnxslim, {told}")
sys.exit(
    found
    != {
        "the mean of a row": ["1.000", "0.000", "1.000", "1.000"],
        "0.4 * columns": ["2.800", "2.000", "2.800", "2.800"],
        "the fraction of columns / 3": ["0.333", "0.000", "0.333", "0.000"],
    }
)
PYTHON
