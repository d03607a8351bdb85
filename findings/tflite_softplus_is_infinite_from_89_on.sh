#!/bin/bash
# TensorFlow's converter to TFLite writes four functions so that its own interpreter computes something else, without a word:
# - softplus becomes log(exp(x) + 1), infinite from 89 on, where TensorFlow gives x. So are mish and losses made of it, and a
#   deviation or a rate that a net gives through softplus, as of counts above 89.
# - rsqrt(0) is NaN instead of infinity, so 0 * rsqrt(0), and min(rsqrt(0), 1), which is 1 in TensorFlow, are lost.
# - exp(NaN) is 0, so a net that computes NaN can give a result that looks like one.
# - argmax of NaN in all places, four or more, is 2147483647 (0 in TensorFlow): no class, and an index far behind any list of names.
#   With NaN only in front that is so of 4 to 7 values.
# Seen with tensorflow-cpu 2.21.0, numpy 2.4.6, x86-64 Linux with AVX-512:
#   softplus [1.0, 88.0, 100.0]: TensorFlow [1.3133, 88.0, 100.0], TFLite [1.3133, 88.0, inf]
#   rsqrt [4.0, 0.0]: TensorFlow [0.5, inf], TFLite [0.5, nan]
#   minimum of rsqrt and 1 [4.0, 0.0]: TensorFlow [0.5, 1.0], TFLite [0.5, nan]
#   exp [1.0, nan]: TensorFlow [2.7183, nan], TFLite [2.7183, 0.0]
#   argmax [nan, nan, nan, nan, nan]: TensorFlow 0.0, TFLite 2147483647.0
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q tensorflow-cpu==2.21.0 numpy==2.4.6
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import sys

import numpy as np
import tensorflow as tf

inf, nan = float("inf"), float("nan")


def results(function, x):
    """What TensorFlow and the interpreter of the converted function make of x."""
    x = np.asarray(x, np.float32)
    made = tf.function(function, input_signature=[tf.TensorSpec(x.shape, tf.float32)])
    model = tf.lite.TFLiteConverter.from_concrete_functions([made.get_concrete_function()]).convert()
    interpreter = tf.lite.Interpreter(model_content=model)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
    interpreter.invoke()
    found = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    return tuple(np.round(y.astype(float), 4).tolist() for y in (made(x).numpy(), found))


cases = [
    ("softplus", tf.nn.softplus, [1.0, 88.0, 100.0], ([1.3133, 88.0, 100.0], [1.3133, 88.0, inf])),
    ("rsqrt", tf.math.rsqrt, [4.0, 0.0], ([0.5, inf], [0.5, nan])),
    ("minimum of rsqrt and 1", lambda x: tf.minimum(tf.math.rsqrt(x), 1.0), [4.0, 0.0], ([0.5, 1.0], [0.5, nan])),
    ("exp", tf.exp, [1.0, nan], ([2.7183, nan], [2.7183, 0.0])),
    ("argmax", tf.argmax, [nan] * 5, (0.0, 2147483647.0)),
]
so = True
for name, function, x, wanted in cases:
    found = results(function, x)
    print(f"{name} {x}: TensorFlow {found[0]}, TFLite {found[1]}")
    so &= all(np.array_equal(a, b, equal_nan=True) for a, b in zip(found, wanted))
sys.exit(0 if so else 1)
PYTHON
