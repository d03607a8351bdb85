#!/bin/bash
# flax.nnx.metrics.Average, and Accuracy, which is made of it, count the values that they have seen in int32, and add up float32.
# After 2 ** 31 values the count is negative and so is the mean: of ones it is -1, then smaller; after 2 ** 32 it is huge, since
# the count begins again at 0. Nothing is said. Accuracy of pixels gets there with 1024 labels of 2048 x 1024 (Cityscapes
# has 2975 of them to train with), a mean loss of tokens within one epoch. A mean over each batch, averaged, does not get there.
# Seen with flax 0.12.8, jax 0.10.2, numpy 2.4.6, accuracy of labels of 2048 x 1024 of which all are right:
#   after 1023 images: 1.0
#   after 1024 images: -1.0
#   after 1536 images: -3.0
#   after 2049 images: 2049.0
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q flax==0.12.8 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import sys

import jax.numpy as jnp
from flax import nnx

PIXELS = 2048 * 1024


metric = nnx.metrics.Average()  # what Accuracy calls, with the array (argmax(logits) == labels)
seen, found = 0, {}
for images in (1023, 1024, 1536, 2049):
    while seen < images:
        batch = min(images - seen, 32)
        metric.update(values=jnp.ones((batch, PIXELS), jnp.bool_))
        seen += batch
    found[images] = float(metric.compute())
    print(f"after {images} images: {found[images]}")
sys.exit(0 if found == {1023: 1.0, 1024: -1.0, 1536: -3.0, 2049: 2049.0} else 1)
PYTHON
