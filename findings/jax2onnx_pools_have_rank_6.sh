#!/bin/bash
# A pool as flax.linen and every other library on JAX writes it, lax.reduce_window over [1, 2, 2, 1] of [N, H, W, C], becomes
# in jax2onnx's file a Conv (sums) or a MaxPool (maxima) of one image with one channel, and with as many spatial axes as
# the array has, batch and channels among them: of rank 6. onnx.checker's full check takes the file. Of maxima ONNX Runtime
# opens it and fails when it runs ("Unsupported pooling size"); OpenVINO refuses both, as it has at most 3 spatial axes, and
# names neither the pool nor a line of the program. A mean over both axes (jnp.mean) is a ReduceMean, which both read.
# Seen with jax2onnx 0.17.1, jax 0.10.2, onnx 1.23.2, onnxruntime 1.32.0, openvino 2026.4.1, x86-64 Linux:
#   sums: Unsqueeze Unsqueeze Conv Squeeze; ONNX Runtime as JAX: True; OpenVINO as JAX: refused
#   maxima: Unsqueeze Unsqueeze MaxPool Squeeze; ONNX Runtime as JAX: refused; OpenVINO as JAX: refused
#   mean: ReduceMean; ONNX Runtime as JAX: True; OpenVINO as JAX: True
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q jax2onnx==0.17.1 jax==0.10.2 jaxlib==0.10.2 onnx==1.23.2 onnxruntime==1.32.0 \
    openvino==2026.4.1 numpy==2.4.6
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import importlib.metadata
import sys

import jax
import jax.numpy as jnp
import numpy as np
import onnx
import onnxruntime
import openvino
from jax import lax
from jax2onnx import to_onnx

for package in ("jax2onnx", "jax", "onnx", "onnxruntime", "openvino"):
    print(package, importlib.metadata.version(package))
images = np.random.default_rng(0).random((1, 7, 7, 4), np.float32)


def sums(x):
    return lax.reduce_window(x, 0.0, lax.add, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def maxima(x):
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def mean(x):
    return jnp.mean(x, (1, 2), keepdims=True)


def as_jax(run, wanted):
    """Whether what a reader gives is what JAX does, or that it refuses the file."""
    try:
        return str(np.allclose(run(), wanted, atol=1e-5))
    except Exception as error:
        words = ("Unsupported pooling size", "Expected a 3D, 4D or 5D tensor")
        return "refused" if any(word in str(error) for word in words) else str(error)


def read(function):
    """The nodes of the file, and what ONNX Runtime and OpenVINO make of it."""
    model = to_onnx(function, [jax.ShapeDtypeStruct(images.shape, images.dtype)])
    onnx.checker.check_model(model, full_check=True)
    wanted, data = np.asarray(function(images)), model.SerializeToString()

    def by_onnxruntime():
        session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
        return session.run(None, {session.get_inputs()[0].name: images})[0]

    def by_openvino():
        core = openvino.Core()
        compiled = core.compile_model(core.read_model(data, b""), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        return next(iter(compiled([images]).values()))

    return " ".join(node.op_type for node in model.graph.node), as_jax(by_onnxruntime, wanted), as_jax(by_openvino, wanted)


found = {function.__name__: read(function) for function in (sums, maxima, mean)}
for name, (nodes, first, second) in found.items():
    print(f"{name}: {nodes}; ONNX Runtime as JAX: {first}; OpenVINO as JAX: {second}")
expected = {"sums": ("Conv", "True", "refused"), "maxima": ("MaxPool", "refused", "refused"), "mean": ("Mean", "True", "True")}
same = all(kind in found[name][0] and found[name][1:] == tuple(told) for name, (kind, *told) in expected.items())
sys.exit(0 if same else 1)
PYTHON
