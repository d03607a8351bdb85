#!/bin/bash
# OpenCV 5 computes the mean (sum, maximum, ...) of an ONNX model over batch, height and width rightly for one and two images
# and wrongly from three on: it takes the second image in place of all later ones. So the statistics of a batch (a batch
# norm of training exported as its parts, the mean color of a set) are those of its first two images, weighted 1 to n - 1;
# the shapes are right and nothing is said. Over the batch alone, or over all but the batch, it is right.
# Seen with opencv-python-headless 5.0.0.93, onnx 1.23.2, images of the values 1, 10, 100, 1000, sums from the means:
#   2 images: over [0, 2, 3] 11, over [0] 11
#   3 images: over [0, 2, 3] 21, over [0] 111
#   4 images: over [0, 2, 3] 31, over [0] 1111
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q opencv-python-headless==5.0.0.93 onnx==1.23.2 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import cv2
import numpy as np
from onnx import checker, parser

print("opencv", cv2.__version__)


def mean(images, axes):
    """The mean over some axes, by OpenCV, of an ONNX model."""
    shape = ", ".join(map(str, images.shape))
    model = parser.parse_model(f"""<ir_version: 8, opset_import: ["": 17]> net (float[{shape}] x) => (float[a, b, c, d] y) {{
        y = ReduceMean<axes = {axes}, keepdims = 1>(x)
    }}""")
    checker.check_model(model, full_check=True)
    net = cv2.dnn.readNetFromONNX(np.frombuffer(model.SerializeToString(), np.uint8))
    net.setInput(images)
    return net.forward()


found = {}
for count in (2, 3, 4):
    images = np.zeros((count, 3, 8, 8), np.float32) + (10 ** np.arange(count, dtype=np.float32))[:, None, None, None]
    sums = [round(count * float(mean(images, axes)[0, 0, 0, 0])) for axes in ([0, 2, 3], [0])]
    print(f"{count} images: over [0, 2, 3] {sums[0]}, over [0] {sums[1]}")
    assert sums[1] == images[:, 0, 0, 0].sum()
    found[count] = sums[0]
sys.exit(found != {2: 11, 3: 21, 4: 31})
PYTHON
