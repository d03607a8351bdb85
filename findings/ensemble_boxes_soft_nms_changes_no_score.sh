#!/bin/bash
# soft_nms of the package ensemble-boxes suppresses nothing: it lowers the scores of overlapping boxes in a copy, uses them to
# choose the boxes above thresh, 0.001 by default, and returns the scores that came in. So two boxes of one object come back
# as two, the second as sure as before, in the order of the lowered scores; average precision, and whatever else goes by
# the scores, sees what it would see without suppression. The linear form does the same as the gaussian (method=1 and 2).
# nms of the package is right.
# Seen with ensemble-boxes 1.0.9, two boxes that overlap by 0.8 of their union and one apart, scores 0.9, 0.8, 0.4, sigma 0.5:
#   wanted: gaussian [0.9, 0.4, 0.2224], linear [0.9, 0.4, 0.16]
#   soft_nms: gaussian [0.9, 0.4, 0.8], linear [0.9, 0.4, 0.8]
#   nms: [0.9, 0.4]
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q ensemble-boxes==1.0.9 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import math
import sys

import ensemble_boxes

print("ensemble-boxes", importlib.metadata.version("ensemble-boxes"))
boxes, scores, labels = [[[0, 0, 0.5, 0.5], [0, 0, 0.5, 0.4], [0.6, 0.6, 0.9, 0.9]]], [[0.9, 0.8, 0.4]], [[0, 0, 0]]
overlap = 0.8


def suppressed(function, **options):
    return [round(float(score), 4) for score in function(boxes, scores, labels, **options)[1]]


wanted = {"gaussian": 0.8 * math.exp(-(overlap**2) / 0.5), "linear": 0.8 * (1 - overlap)}
wanted = {name: [0.9, 0.4, round(score, 4)] for name, score in wanted.items()}
soft = {
    name: suppressed(ensemble_boxes.soft_nms, method=method, iou_thr=0.5, sigma=0.5)
    for name, method in (("gaussian", 2), ("linear", 1))
}
hard = suppressed(ensemble_boxes.nms, iou_thr=0.5)
for name, found in (("wanted", wanted), ("soft_nms", soft)):
    print(f"{name}: gaussian {found['gaussian']}, linear {found['linear']}")
print("nms:", hard)
sys.exit(any(values != [0.9, 0.4, 0.8] for values in soft.values()) or hard != [0.9, 0.4])
PYTHON
