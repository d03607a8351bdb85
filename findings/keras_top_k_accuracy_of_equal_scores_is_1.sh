#!/bin/bash
# Top-k accuracy in Keras counts an example as right if fewer than k classes have a larger score than its label, so all classes of
# one score are found at once. A net that gives all classes the same score has a top-1 accuracy of 1.0 by SparseTopKCategoricalAccuracy(k=1)
# and of 1 / classes by SparseCategoricalAccuracy, which is the same question. Last layers that begin at zero give such scores,
# so a curve of top-5 accuracy starts at 1.0 and falls while the net learns; and scores of uint8 or float16 that end at their largest
# value give them at the other end. A topk or an argsort names k classes and no more. TensorFlow's in_top_k says so in
# its documentation; the metrics of Keras do not.
# Seen with keras 3.15.1 (backend JAX 0.10.2), numpy 2.4.6, 1000 examples of 10 classes, labels 0, 1, 2, ... in turn:
#   equal scores: accuracy 0.1, top-1 1.0, top-5 1.0
#   scores at random, of 4 levels: accuracy 0.102, top-1 0.255, top-5 0.621
#   scores at random: accuracy 0.091, top-1 0.091, top-5 0.486
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q keras==3.15.1 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
KERAS_BACKEND=jax JAX_PLATFORMS=cpu "$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import sys

import keras
import numpy as np

CLASSES = 10
LABELS = np.arange(1000) % CLASSES
METRICS = {
    "accuracy": keras.metrics.SparseCategoricalAccuracy,
    "top-1": lambda: keras.metrics.SparseTopKCategoricalAccuracy(k=1),
    "top-5": lambda: keras.metrics.SparseTopKCategoricalAccuracy(k=5),
}


def results(scores):
    found = {}
    for name, make in METRICS.items():
        metric = make()
        metric.update_state(LABELS, scores)
        found[name] = round(float(metric.result()), 3)
    return found


drawn = np.random.default_rng(0).uniform(size=(len(LABELS), CLASSES)).astype(np.float32)
cases = {
    "equal scores": results(np.zeros_like(drawn)),
    "scores at random, of 4 levels": results(np.floor(drawn * 4)),
    "scores at random": results(drawn),
}
for name, found in cases.items():
    print(f"{name}:", ", ".join(f"{metric} {value}" for metric, value in found.items()))
equal, levels, free = cases.values()
so = equal == {"accuracy": 0.1, "top-1": 1.0, "top-5": 1.0} and levels["top-1"] > 2 * levels["accuracy"]
sys.exit(0 if so and free["top-1"] == free["accuracy"] else 1)
PYTHON
