#!/bin/bash
# OpenCV 5 computes an ONNX convolution or pooling of auto_pad SAME_UPPER, TensorFlow's SAME, as if its stride were 1: it
# pads (kernel - 1) / 2 before and behind. Where the stride is 2 and the size even, TensorFlow and ONNX pad less, and all of it
# behind, so each window lies one pixel off. Each halving of MobileNet at 224 x 224 is such a place; the shapes are right, and nothing is said. OpenCV 4 is right, and so is OpenCV 5 with the same padding
# as numbers (pads). Odd sizes and stride 1 come out equal. All three of its engines do so.
# Seen with opencv-python-headless 5.0.0.93 and 4.14.0.94, onnx 1.23.2, the maximum of 3 x 3 of every second pixel of 0 ... 35:
#   5.0.0: SAME_UPPER [[7, 9, 11], [19, 21, 23], [31, 33, 35]], pads [[14, 16, 17], [26, 28, 29], [32, 34, 35]]
#   4.14.0: SAME_UPPER [[14, 16, 17], [26, 28, 29], [32, 34, 35]], pads [[14, 16, 17], [26, 28, 29], [32, 34, 35]]
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/pool.py" <<'PYTHON'
import sys

import cv2
import numpy as np
from onnx import checker, parser

image = np.arange(36, dtype=np.float32).reshape(1, 1, 6, 6)
found = []
for padding in ('auto_pad = "SAME_UPPER"', "pads = [0, 0, 1, 1]"):
    model = parser.parse_model(f"""<ir_version: 8, opset_import: ["": 17]> net (float[1, 1, 6, 6] x) => (float[1, 1, 3, 3] y) {{
        y = MaxPool<kernel_shape = [3, 3], strides = [2, 2], {padding}>(x)
    }}""")
    checker.check_model(model, full_check=True)
    net = cv2.dnn.readNetFromONNX(np.frombuffer(model.SerializeToString(), np.uint8))
    net.setInput(image)
    found.append(net.forward()[0, 0].astype(int).tolist())
print(f"{cv2.__version__}: SAME_UPPER {found[0]}, pads {found[1]}")
wanted = image[0, 0, [2, 4, 5]][:, [2, 4, 5]].astype(int).tolist()
assert found[1] == wanted
sys.exit((found[0] == wanted) != (sys.argv[1] == "right"))
PYTHON
for version in 5.0.0.93 4.14.0.94; do
    python3 -m venv "$folder/$version"
    "$folder/$version/bin/pip" install -q opencv-python-headless==$version onnx==1.23.2 numpy==2.4.6
done
"$folder/5.0.0.93/bin/python" "$folder/pool.py" wrong
"$folder/4.14.0.94/bin/python" "$folder/pool.py" right
