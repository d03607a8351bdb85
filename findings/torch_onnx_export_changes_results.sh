#!/bin/bash
# torch.onnx.export, as it is by default since PyTorch 2.9 (torch.export underneath), writes five operations of PyTorch so that they
# compute something else, for all inputs or for some. It says nothing, onnx.checker's full check takes the files, and ONNX
# Runtime and ONNX's own reference agree with each other:
# - avg_pool2d(divisor_override=3): the divisor is left out, and the mean is over the window.
# - scatter_reduce of "mean": the last value wins, nothing is averaged, and what was there before counts for nothing.
# - scaled_dot_product_attention: a query whose mask allows no key gives 0 in PyTorch, the mean of all values in the file. So
#   the padding of a batch, which is 0 on its way through an attention in PyTorch, is not.
# - atan2(y, -0.0) has the other sign: -pi / 2 for y > 0.
# - logsigmoid is the logarithm of a sigmoid, so -inf from about -88 on, where PyTorch gives the input; binary_cross_entropy_with_logits
#   is made of it, and is infinite for one confident mistake.
# Seen with torch 2.14.1, onnxscript 0.7.2, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6, x86-64 Linux:
#   avg_pool2d(divisor_override=3) of ones: torch [1.3333], onnxruntime [1.0], reference [1.0]
#   scatter_reduce(mean): torch [-0.6667, 1.0, -1.0], onnxruntime [-2.0, 1.0, -3.0], reference [-2.0, 1.0, -3.0]
#   scaled_dot_product_attention of a masked query: torch [0.0, 0.0], onnxruntime [2.0, 3.0], reference [2.0, 3.0]
#   atan2: torch [1.5708], onnxruntime [-1.5708], reference [-1.5708]
#   logsigmoid: torch [-100.0], onnxruntime [-inf], reference [-99.9831]
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.14.1 onnxscript==0.7.2 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
"$folder/venv/bin/python" - "$folder/net.onnx" 2>/dev/null <<'PYTHON'
import sys

import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn.functional as F
from onnx.reference import ReferenceEvaluator


class Net(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *inputs):
        return self.function(*inputs)


def results(function, *inputs):
    """What PyTorch, ONNX Runtime and the reference compute, as lists."""
    torch.onnx.export(Net(function).eval(), inputs, sys.argv[1], verbose=False)
    onnx.checker.check_model(sys.argv[1], full_check=True)
    session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
    feeds = {taken.name: value.numpy() for taken, value in zip(session.get_inputs(), inputs)}
    found = {
        "torch": function(*inputs).numpy(),
        "onnxruntime": session.run(None, feeds)[0],
        "reference": ReferenceEvaluator(sys.argv[1]).run(None, feeds)[0],
    }
    return {who: np.round(values.astype(float).ravel(), 4).tolist() for who, values in found.items()}


def scattered(values):
    return torch.ones(3).scatter_reduce(0, torch.tensor([0, 0, 2]), values, "mean")


MASK = torch.tensor([[False, False], [True, True]])  # the first query may see no key, the second both


def attended(values):
    return F.scaled_dot_product_attention(values, values, values, attn_mask=MASK)[0, 0, 0]


inf = float("inf")
cases = {
    "avg_pool2d(divisor_override=3) of ones": (
        lambda x: F.avg_pool2d(x, 2, divisor_override=3), torch.ones(1, 1, 2, 2), [1.3333], [1.0],
    ),
    "scatter_reduce(mean)": (scattered, torch.tensor([-1.0, -2.0, -3.0]), [-0.6667, 1.0, -1.0], [-2.0, 1.0, -3.0]),
    "scaled_dot_product_attention of a masked query": (
        attended, torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), [0.0, 0.0], [2.0, 3.0],
    ),
    "atan2": (lambda x: torch.atan2(torch.ones(1), x), torch.tensor([-0.0]), [1.5708], [-1.5708]),
    "logsigmoid": (F.logsigmoid, torch.tensor([-100.0]), [-100.0], [-inf]),
}  # fmt: skip
so = True
for name, (function, x, right, wrong) in cases.items():
    found = results(function, x)
    print(f"{name}:", ", ".join(f"{who} {values}" for who, values in found.items()))
    so &= found["torch"] == right and found["onnxruntime"] == wrong
sys.exit(0 if so else 1)
PYTHON
