#!/bin/bash
# tf2onnx takes a cast from float32 to float16 and back out of the model, as if it did nothing. It rounds: a graph that
# computes what a float16 table or accelerator holds gives other numbers as ONNX. (Casts by way of int32 it keeps.)
# Seen with tf2onnx 1.17.0, tensorflow-cpu 2.21.0, onnxruntime 1.32.0, opset 17, x = 0.1, 2000.3:
#   TensorFlow [0.0999755859375, 2000.0], ONNX [0.10000000149011612, 2000.300048828125]
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
values = np.array([0.1, 2000.3], np.float32)
with tf.Graph().as_default() as graph, tf1.Session() as session:
    x = tf1.placeholder(tf.float32, [None], name="x")
    tf.identity(tf.cast(tf.cast(x, tf.float16), tf.float32), name="out")
    wanted = session.run("out:0", {"x:0": values})
model, _ = tf2onnx.convert.from_graph_def(graph.as_graph_def(), input_names=["x:0"], output_names=["out:0"], opset=17)
(found,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x:0": values})
print(f"TensorFlow {wanted.tolist()}, ONNX {found.tolist()}")
sys.exit(not (wanted[1] == 2000 and found[1] == values[1]))
PYTHON
