#!/bin/bash
# Tools that make ONNX files smaller take two nodes of equal inputs for one value, and those that draw numbers are no exception:
# of two RandomNormalLike, Bernoulli or Dropout (training_mode true) without a seed, which draw apart, one remains, and both
# readers get its numbers. So two noises cancel, two masks are one, two samples of a variational or Monte Carlo net are equal.
# ONNX Runtime itself, as it is set up by default, does so with Bernoulli; it expands that into RandomUniformLike, which it keeps
# apart, only afterwards. onnxslim also takes a draw without an input that varies (RandomNormal) for a constant, one draw for
# ever, in the file, and takes a Dropout out though its training_mode is true. Nothing is said by any of them.
# Seen with onnxslim 0.1.98, onnxsim 0.8.1, onnxoptimizer 0.4.2, onnx 1.23.2, onnxruntime 1.32.0 (its optimizations off but
# for its own line), numpy 2.4.6:
#   as written: two noises differ, two masks differ, two dropouts differ; in two runs a noise differs, a dropout differs
#   ONNX Runtime: two noises differ, two masks equal, two dropouts differ; in two runs a noise differs, a dropout differs
#   onnxslim: two noises equal, two masks equal, two dropouts equal; in two runs a noise equal, a dropout equal
#   onnxsim: two noises equal, two masks equal, two dropouts equal; in two runs a noise differs, a dropout differs
#   onnxoptimizer: two noises equal, two masks equal, two dropouts equal; in two runs a noise differs, a dropout differs
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q onnxslim==0.1.98 onnxsim==0.8.1 onnxoptimizer==0.4.2 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import sys

import numpy as np
import onnxoptimizer
import onnxruntime
import onnxsim
import onnxslim
from onnx import checker, parser

for package in ("onnxslim", "onnxsim", "onnxoptimizer", "onnx", "onnxruntime", "numpy"):
    print(package, importlib.metadata.version(package))
tools = {
    "as written": lambda model: model,
    "ONNX Runtime": lambda model: model,
    "onnxslim": onnxslim.slim,
    "onnxsim": lambda model: onnxsim.simplify(model)[0],
    "onnxoptimizer": onnxoptimizer.optimize,
}
# Each gives two results of 256 values, of which two draws by chance are never equal.
two = {
    "two noises": "a = RandomNormalLike(x) b = RandomNormalLike(x)",
    "two masks": "a = Bernoulli(x) b = Bernoulli(x)",
    "two dropouts": "a = Dropout(x, half, yes) b = Dropout(x, half, yes)",
}
one = {"a noise": "n = RandomNormal<shape = [256]>() a = Add(x, n)", "a dropout": "a = Dropout(x, half, yes)"}


def results(tool, nodes):
    """The results (a, or a and b) of two runs of a model of these nodes, after the tool."""
    outputs = "float[256] a, float[256] b" if " b =" in nodes else "float[256] a"
    model = parser.parse_model(f"""<ir_version: 8, opset_import: ["": 18]>
    net (float[256] x) => ({outputs}) <float half = {{0.5}}, bool yes = {{1}}> {{ {nodes} }}""")
    checker.check_model(model, full_check=True)
    # The results are read by one more node each, as they would be within a net.
    for output in model.graph.output:
        kind = model.graph.node.add(op_type="Neg", input=[output.name], output=["minus_" + output.name])
        output.name = kind.output[0]
    checker.check_model(model, full_check=True)
    options = onnxruntime.SessionOptions()
    if tool != "ONNX Runtime":
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(tools[tool](model).SerializeToString(), options, ["CPUExecutionProvider"])
    return [session.run(None, {"x": np.full(256, 0.5, np.float32)}) for _ in range(2)]



found = {}
onnxruntime.set_default_logger_severity(3)
for tool in tools:
    pairs = {name: results(tool, nodes)[0] for name, nodes in two.items()}
    runs = {name: [run[0] for run in results(tool, nodes)] for name, nodes in one.items()}
    found[tool] = [bool(np.array_equal(*pair)) for pair in (*pairs.values(), *runs.values())]
    words = [f"{name} {'equal' if same else 'differ'}" for name, same in zip(pairs, found[tool])]
    again = [f"{name} {'equal' if same else 'differs'}" for name, same in zip(runs, found[tool][3:])]
    print(f"{tool}: {', '.join(words)}; in two runs {', '.join(again)}")
sys.exit(
    found
    != {
        "as written": [False] * 5,
        "ONNX Runtime": [False, True, False, False, False],
        "onnxslim": [True] * 5,
        "onnxsim": [True] * 3 + [False] * 2,
        "onnxoptimizer": [True] * 3 + [False] * 2,
    }
)
PYTHON
