#!/bin/bash
# relu6 behind a convolution, written in JAX in three ways that give the same numbers, becomes three different files by
# jax2onnx. jnp.clip is a Clip, which ONNX Runtime computes within the convolution. jax.nn.relu6 is a Max and a Min, which
# it leaves as two passes over the images (a MobileNet of such files took 1.3 to 1.7 times the processor time). And of
# jnp.minimum(jnp.maximum(x, 0), 6), with Python's integers, the 0 is a float and the 6 a double: onnx.checker's plain check
# takes the file, its full check and ONNX Runtime refuse it; with 6.0 it is a file as of relu6. Even relu is two things:
# looked up in jax.nn while jax2onnx traces it is a Relu, within the convolution; a name bound before (from jax.nn import
# relu; a default argument, a table of activations) is a Max, which stays a pass of its own.
# Seen with jax2onnx 0.17.1, jax 0.10.2, onnx 1.23.2, onnxruntime 1.32.0, x86-64 Linux:
#   jax.nn.relu: Conv Relu; in the convolution: True
#   from jax.nn import relu: Conv Max; in the convolution: False
#   jnp.clip(x, 0, 6): Conv Clip; in the convolution: True
#   jax.nn.relu6: Conv Max Min; in the convolution: False
#   jnp.minimum(jnp.maximum(x, 0.0), 6.0): Conv Max Min; in the convolution: False
#   jnp.minimum(jnp.maximum(x, 0), 6): Conv Max Min; refused
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q jax2onnx==0.17.1 jax==0.10.2 jaxlib==0.10.2 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import importlib.metadata
import sys

import jax
import jax.numpy as jnp
import numpy as np
import onnx
import onnxruntime
from jax import lax
from jax.nn import relu
from jax2onnx import to_onnx

for package in ("jax2onnx", "jax", "onnx", "onnxruntime"):
    print(package, importlib.metadata.version(package))
rng = np.random.default_rng(0)
weights = rng.normal(size=(8, 3, 3, 3)).astype(np.float32)
images = rng.normal(size=(1, 3, 8, 8)).astype(np.float32)
ACTIVATIONS = {
    "jax.nn.relu": lambda x: jax.nn.relu(x),
    "from jax.nn import relu": relu,
    "jnp.clip(x, 0, 6)": lambda x: jnp.clip(x, 0, 6),
    "jax.nn.relu6": lambda x: jax.nn.relu6(x),
    "jnp.minimum(jnp.maximum(x, 0.0), 6.0)": lambda x: jnp.minimum(jnp.maximum(x, 0.0), 6.0),
    "jnp.minimum(jnp.maximum(x, 0), 6)": lambda x: jnp.minimum(jnp.maximum(x, 0), 6),
}


def told(activation):
    """The nodes of the file, and whether ONNX Runtime computes all within the convolution."""

    def function(x):
        return activation(lax.conv_general_dilated(x, weights, (1, 1), "SAME"))

    wanted = np.asarray(function(images))
    model = to_onnx(function, [images.shape])
    kinds = " ".join(node.op_type for node in model.graph.node)
    onnx.checker.check_model(model)
    try:
        onnx.checker.check_model(model, full_check=True)
        checked = True
    except onnx.shape_inference.InferenceError:
        checked = False
    onnx.save(model, "net.onnx")
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = "optimized.onnx"
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    try:
        session = onnxruntime.InferenceSession("net.onnx", options, providers=["CPUExecutionProvider"])
    except onnxruntime.capi.onnxruntime_pybind11_state.Fail as error:
        assert "bound to different types (tensor(float) and tensor(double)" in str(error), error
        return f"{kinds}; refused" if not checked else "refused by the runtime alone"
    found = session.run(None, {session.get_inputs()[0].name: images})[0]
    assert checked and np.allclose(found, wanted, atol=1e-4)
    left = [node.op_type for node in onnx.load("optimized.onnx").graph.node]
    return f"{kinds}; in the convolution: {len(left) == 1}"


seen = {name: told(activation) for name, activation in ACTIVATIONS.items()}
for name, what in seen.items():
    print(f"{name}: {what}")
wanted = [
    "Conv Relu; in the convolution: True",
    "Conv Max; in the convolution: False",
    "Conv Clip; in the convolution: True",
    "Conv Max Min; in the convolution: False",
    "Conv Max Min; in the convolution: False",
    "Conv Max Min; refused",
]
sys.exit(list(seen.values()) != wanted)
PYTHON
