#!/bin/bash
# A gradient through tf.sparse.maximum (and tf.sparse.minimum) is neither a number nor None, but a TypeError from inside
# TensorFlow. What it has registered as their gradient takes one gradient, `def _SparseSparseMaximumGrad(unused_op, unused_grad)`,
# and an operation with two outputs (indices and values) passes two. So a loss that has one such term has no gradients at
# all, also not of its other terms; a function without a gradient, tf.argmax say, gives None and leaves those.
# Seen with tensorflow-cpu 2.21.0: value 8.0, then
#   TypeError: _SparseSparseMaximumGrad() takes 2 positional arguments but 3 were given
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q tensorflow-cpu==2.21.0 numpy==2.4.6
"$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import sys

import tensorflow as tf

print("tensorflow", tf.__version__)
values = tf.Variable([1.0, 2.0])


def gradient(function):
    with tf.GradientTape() as tape:
        one = tf.SparseTensor([[0], [1]], values, [3])
        other = tf.SparseTensor([[1], [2]], [3.0, 4.0], [3])
        total = tf.reduce_sum(function(one, other).values)
        print(function.__name__, "value", float(total))
    try:
        return str(tape.gradient(total, values))
    except TypeError as error:
        return f"TypeError: {error}"


found = [gradient(function) for function in (tf.sparse.maximum, tf.sparse.minimum)]
for text in found:
    print(text)
sys.exit(not all("positional arguments but 3 were given" in text for text in found))
PYTHON
