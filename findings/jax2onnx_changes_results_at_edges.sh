#!/bin/bash
# jax2onnx takes four functions of JAX for operations of ONNX that agree with them for most inputs, and not for all. The
# conversion says nothing, and a comparison by random numbers passes.
# - jax.nn.one_hot: -1, the usual number of an ignored or padded label, is all zeros in JAX, and the last class in ONNX.
# - jax.nn.log_sigmoid: becomes the logarithm of a sigmoid, and so -inf where the sigmoid is 0 (by ONNX Runtime on the machine of
#   this test from -18 on), where JAX has about the input itself.
# - lax.round: away from zero by default (0.5 is 1), and to the even number in ONNX; jnp.round is right.
# - lax.dynamic_slice: a window that would leave the array is moved back into it in JAX, and cut short in ONNX: an
#   output of a shape that the model itself says it cannot have (ONNX Runtime warns of that).
# The first two are replaced by name; in a program traced before (jax.make_jaxpr) they come as their primitives and are right.
# Seen with jax2onnx 0.17.1, jax 0.10.2, onnx 1.23.2, onnxruntime 1.32.0, x86-64 Linux:
#   one_hot of [0, -1], 3 classes: JAX [[1, 0, 0], [0, 0, 0]], ONNX [[1, 0, 0], [0, 0, 1]]
#   log_sigmoid of [-1, -200]: JAX [-1.313, -200], ONNX [-1.313, -inf]
#   lax.round of [0.5, 1.5, 2.5]: JAX [1, 2, 3], ONNX [0, 2, 2]
#   dynamic_slice of 3 from [4]: JAX [3, 4, 5], ONNX [5]
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q jax2onnx==0.17.1 jax==0.10.2 jaxlib==0.10.2 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import importlib.metadata
import sys

import jax
import numpy as np
import onnxruntime
from jax2onnx import to_onnx

for package in ("jax2onnx", "jax", "onnx", "onnxruntime"):
    print(package, importlib.metadata.version(package))


def both(function, *arrays):
    """What a function computes in JAX, and as a model of ONNX."""
    model = to_onnx(function, [jax.ShapeDtypeStruct(array.shape, array.dtype) for array in arrays])
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [entry.name for entry in session.get_inputs()]
    return np.asarray(jax.jit(function)(*arrays)), session.run(None, dict(zip(names, arrays, strict=True)))[0]


def crop(array, start):
    return jax.lax.dynamic_slice(array, (start[0],), (3,))


def floats(*values):
    return np.array(values, np.float32)


def text(values):
    return f"{values:.4g}" if np.ndim(values) == 0 else "[" + ", ".join(map(text, values)) + "]"


found = {
    "one_hot of [0, -1], 3 classes": both(lambda labels: jax.nn.one_hot(labels, 3), np.array([0, -1], np.int32)),
    "log_sigmoid of [-1, -200]": both(lambda x: jax.nn.log_sigmoid(x), floats(-1, -200)),
    "lax.round of [0.5, 1.5, 2.5]": both(lambda x: jax.lax.round(x), floats(0.5, 1.5, 2.5)),
    "dynamic_slice of 3 from [4]": both(crop, floats(1, 2, 3, 4, 5), np.array([4], np.int32)),
}
for name, (by_jax, by_onnx) in found.items():
    print(f"{name}: JAX {text(by_jax)}, ONNX {text(by_onnx)}")
usual = [both(lambda x: jax.nn.log_sigmoid(x), floats(-1, 2)), both(crop, floats(1, 2, 3, 4, 5), np.array([1], np.int32))]
right = all(np.allclose(*pair) for pair in usual)
sys.exit(not right or any(x.shape == y.shape and np.allclose(x, y) for x, y in found.values()))
PYTHON
