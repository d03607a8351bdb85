#!/bin/bash
# tf.compat.v1.metrics.auc (precision_at_thresholds, ... too) refuses predictions outside of [0, 1] only where labels or
# predictions need a cast. Its assertions are control dependencies of the operations that are made after them, and a
# cast to the dtype that a tensor has already makes none: with float32 predictions and bool labels nothing depends on
# the assertions, and logits give an area that looks like a result.
# Seen with tensorflow-cpu 2.21.0 (1.15.5 does the same), predictions 5, -3, 80, 2:
#   bool labels, float32 predictions: 0.0
#   int64 labels, float32 predictions: InvalidArgumentError, predictions must be in [0, 1]
#   bool labels, float64 predictions: InvalidArgumentError, predictions must be in [0, 1]
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q tensorflow-cpu==2.21.0 numpy==2.4.6
"$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import sys

import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1
print("tensorflow", tf.__version__)


def auc(labels, predictions):
    with tf.Graph().as_default(), tf1.Session() as session:
        fed_labels, fed = tf1.placeholder(labels.dtype, [4]), tf1.placeholder(predictions.dtype, [4])
        _, update = tf1.metrics.auc(fed_labels, fed)
        session.run(tf1.local_variables_initializer())
        try:
            return float(session.run(update, {fed_labels: labels, fed: predictions}))
        except tf.errors.InvalidArgumentError:
            return "refused"


truth, scores = np.array([True, False, True, False]), np.array([5, -3, 80, 2], np.float32)
found = {
    "bool labels, float32 predictions": auc(truth, scores),
    "int64 labels, float32 predictions": auc(truth.astype(np.int64), scores),
    "bool labels, float64 predictions": auc(truth, scores.astype(np.float64)),
}
for name, value in found.items():
    print(f"{name}: {value}")
sys.exit(list(found.values()) != [0.0, "refused", "refused"])
PYTHON
