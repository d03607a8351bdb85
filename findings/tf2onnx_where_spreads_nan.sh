#!/bin/bash
# tf2onnx writes tf.where (Select, SelectV2) of floats as arithmetic, condition * x + (1 - condition) * y, though ONNX has
# Where. A NaN or an infinity in the side that is not taken becomes NaN in the result: where(x > 0, log(x), 0), which
# keeps logarithms of negative numbers out in TensorFlow, lets them in. No warning; finite inputs give equal results.
# Seen with tf2onnx 1.17.0, tensorflow-cpu 2.21.0, onnxruntime 1.32.0, opset 17, x = -1, 2:
#   TensorFlow [0.0, 0.6930000185966492], ONNX [nan, 0.6930000185966492]
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q tf2onnx==1.17.0 onnx==1.23.2 onnxruntime==1.32.0 tensorflow-cpu==2.21.0 numpy==2.4.6
"$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import sys

import numpy as np
import onnxruntime
import tensorflow as tf
import tf2onnx

tf1 = tf.compat.v1
print("tensorflow", tf.__version__, "tf2onnx", tf2onnx.__version__, "onnxruntime", onnxruntime.__version__)
values = np.array([-1, 2], np.float32)
with tf.Graph().as_default() as graph, tf1.Session() as session:
    x = tf1.placeholder(tf.float32, [None], name="x")
    tf.where(x > 0, tf.math.log(x), tf.zeros_like(x), name="out")
    wanted = session.run("out:0", {"x:0": values})
model, _ = tf2onnx.convert.from_graph_def(graph.as_graph_def(), input_names=["x:0"], output_names=["out:0"], opset=17)
(found,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x:0": values})
print(f"TensorFlow {wanted.round(3).tolist()}, ONNX {found.round(3).tolist()}")
print("types of its nodes:", " ".join(node.op_type for node in model.graph.node))
sys.exit(not (wanted[0] == 0 and np.isnan(found[0]) and np.isclose(found[1], wanted[1])))
PYTHON
