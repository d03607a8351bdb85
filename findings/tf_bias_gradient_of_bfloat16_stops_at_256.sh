#!/bin/bash
# TensorFlow adds up the gradient of a bias (BiasAddGrad) in bfloat16 on a CPU: a bias that a thousand examples pull by 1
# gets 256, as 256 and 1 are 256 in bfloat16. For float16 the kernel adds in float32, and so do tf.reduce_sum and the
# product that makes the gradient of the weights, for both. So a layer of Keras with the policy mixed_bfloat16 learns its
# weights rightly and its biases wrongly, the more so the larger the batch; each pixel counts in a convolution.
# The same bias added by + is right.
# Seen with tensorflow-cpu 2.21.0, keras 3.15.1, one thread (more of them may add in parts), 1000 examples of ones:
#   mixed_bfloat16: gradient of the weights 1000.0, of the bias 256.0
#   mixed_float16: gradient of the weights 1000.0, of the bias 1000.0
#   float32: gradient of the weights 1000.0, of the bias 1000.0
#   bfloat16, by +: of the bias 1000.0
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q tensorflow-cpu==2.21.0 keras==3.15.1 numpy==2.4.6
"$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import sys

import keras
import tensorflow as tf

print("tensorflow", tf.__version__, "keras", keras.__version__)
tf.config.threading.set_intra_op_parallelism_threads(1)
examples = tf.ones([1000, 4])


def gradients(policy):
    """What a layer's first weight and first bias are pulled by, where each example pulls each output by 1."""
    layer = keras.layers.Dense(3, dtype=policy)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(tf.cast(layer(examples), tf.float32))
    weights, bias = tape.gradient(total, layer.trainable_variables)
    return float(weights[0, 0]), float(bias[0])


found = {policy: gradients(policy) for policy in ("mixed_bfloat16", "mixed_float16", "float32")}
for policy, (weights, bias) in found.items():
    print(f"{policy}: gradient of the weights {weights}, of the bias {bias}")
bias = tf.Variable(tf.zeros([4], tf.bfloat16))
with tf.GradientTape() as tape:
    total = tf.reduce_sum(tf.cast(tf.cast(examples, tf.bfloat16) + bias, tf.float32))
by_sum = float(tape.gradient(total, bias)[0])
print(f"bfloat16, by +: of the bias {by_sum}")
right = (1000, 1000)
sys.exit(not (found == {"mixed_bfloat16": (1000, 256), "mixed_float16": right, "float32": right} and by_sum == 1000))
PYTHON
