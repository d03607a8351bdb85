#!/bin/bash
# OpenVINO, and OpenCV 5 as well, read an ONNX Resize of antialias = 1 (opset 18) and compute it without: no error, no
# warning, other pixels. A model that makes its input small itself, as Pillow and jax.image.resize do by default, then sees
# other pictures than those it was trained with: black and white stripes at a quarter of their size are gray by ONNX
# Runtime, and black by the two. Where the picture grows all agree, so a test picture smaller than the net's input says nothing.
# Seen with openvino 2026.4.1, opencv-python-headless 5.0.0.93, onnxruntime 1.32.0, onnx 1.23.2:
#   onnxruntime: antialias = 0 [0, 0, 0, 0], antialias = 1 [135, 128, 128, 135]
#   openvino: antialias = 0 [0, 0, 0, 0], antialias = 1 [0, 0, 0, 0]
#   opencv: antialias = 0 [0, 0, 0, 0], antialias = 1 [0, 0, 0, 0]
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q openvino==2026.4.1 opencv-python-headless==5.0.0.93 onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import io
import sys

import cv2
import numpy as np
import onnxruntime
import openvino
from onnx import checker, parser

for package in ("openvino", "opencv-python-headless", "onnxruntime", "onnx"):
    print(package, importlib.metadata.version(package))
stripes = np.tile(np.array([255, 0, 0, 255], np.float32), (1, 1, 16, 4))


def by_onnxruntime(model):
    return onnxruntime.InferenceSession(model).run(None, {"x": stripes})[0]


def by_openvino(model):
    core = openvino.Core()
    return core.compile_model(core.read_model(io.BytesIO(model)), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})([stripes])[0]


def by_opencv(model):
    net = cv2.dnn.readNetFromONNX(np.frombuffer(model, np.uint8))
    net.setInput(stripes)
    return net.forward()


def model(antialias):
    """A model that makes a picture a quarter as high and wide."""
    made = parser.parse_model(f"""<ir_version: 8, opset_import: ["": 18]>
    net (float[1, 1, 16, 16] x) => (float[1, 1, 4, 4] y) <int64[4] sizes = {{1, 1, 4, 4}}> {{
        y = Resize<mode = "linear", antialias = {antialias}>(x, "", "", sizes)
    }}""")
    checker.check_model(made, full_check=True)
    return made.SerializeToString()


found = {}
for name, run in (("onnxruntime", by_onnxruntime), ("openvino", by_openvino), ("opencv", by_opencv)):
    found[name] = [run(model(antialias))[0, 0, 0].round().astype(int).tolist() for antialias in (0, 1)]
    print(f"{name}: antialias = 0 {found[name][0]}, antialias = 1 {found[name][1]}")
black = [[0, 0, 0, 0]] * 2
sys.exit(not (min(found["onnxruntime"][1]) > 90 and found["openvino"] == found["opencv"] == black))
PYTHON
