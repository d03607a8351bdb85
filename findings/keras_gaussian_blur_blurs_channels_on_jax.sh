#!/bin/bash
# keras.ops.image.gaussian_blur with the backend JAX blurs width and channels in place of height and width, unless it is
# told data_format="channels_last", though that is the default: a red picture comes out as a dark orange. None, which means
# keras.config.image_data_format(), is passed on as it is, and only "channels_last" itself makes the backend turn the
# channels to the front. Without JAX (backend numpy) the same call is right, so a picture that was right in one program is
# not in another; the layer RandomGaussianBlur names its format and is right.
# Seen with keras 3.15.1, jax 0.10.2, a picture of pure red, a pixel in the middle after the blur:
#   jax: by default [0.452, 0.274, 0.0], with data_format='channels_last' [1.0, 0.0, 0.0]
#   numpy: by default [1.0, 0.0, 0.0], with data_format='channels_last' [1.0, 0.0, 0.0]
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q keras==3.15.1 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
cat >"$folder/blur.py" <<'PYTHON'
import sys

import keras
import numpy as np

assert keras.config.image_data_format() == "channels_last"
red = np.zeros((1, 7, 7, 3), np.float32)
red[..., 0] = 1
found = []
for arguments in ({}, {"data_format": "channels_last"}):
    blurred = keras.ops.convert_to_numpy(keras.ops.image.gaussian_blur(red, (3, 3), (1.0, 1.0), **arguments))
    found.append([round(float(value), 3) for value in blurred[0, 3, 3]])
print(f"{keras.backend.backend()}: by default {found[0]}, with data_format='channels_last' {found[1]}")
assert found[1] == [1, 0, 0]
sys.exit((found[0] == [1, 0, 0]) != (sys.argv[1] == "right"))
PYTHON
export JAX_PLATFORMS=cpu
KERAS_BACKEND=jax "$folder/venv/bin/python" "$folder/blur.py" wrong
KERAS_BACKEND=numpy "$folder/venv/bin/python" "$folder/blur.py" right
