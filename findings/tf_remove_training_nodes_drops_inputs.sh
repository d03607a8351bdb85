#!/bin/bash
# tf.compat.v1.graph_util.remove_training_nodes takes CheckNumerics nodes out, and with them the input of whoever read the
# checked tensor: x -> CheckNumerics -> Mul(2) becomes a Mul of one input, which no TensorFlow can import; and where an
# Identity reads the check, it fails with IndexError.
# Identity nodes it splices out as one would expect. optimize_for_inference calls it.
# Seen with tensorflow-cpu 2.21.0:
#   Mul has the inputs ['out/y']
#   with an Identity: IndexError: list index out of range
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q tensorflow-cpu==2.21.0 numpy==2.4.6
"$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import sys

import tensorflow as tf

tf1 = tf.compat.v1
print("tensorflow", tf.__version__)


def checked(with_identity):
    with tf.Graph().as_default() as graph:
        x = tf.debugging.check_numerics(tf1.placeholder(tf.float32, [2]), "x")
        tf.multiply(tf.identity(x) if with_identity else x, 2.0, name="out")
    return tf1.graph_util.remove_training_nodes(graph.as_graph_def())


(inputs,) = [list(node.input) for node in checked(False).node if node.op == "Mul"]
print("Mul has the inputs", inputs)
try:
    checked(True)
    failure = "nothing"
except IndexError as error:
    failure = f"IndexError: {error}"
print("with an Identity:", failure)
sys.exit(not (inputs == ["out/y"] and failure.startswith("IndexError")))
PYTHON
