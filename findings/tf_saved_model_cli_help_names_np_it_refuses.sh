#!/bin/bash
# The help of `saved_model_cli run --input_exprs` says "Numpy can be accessed with 'np'", and that what is given may be
# "<python_expression>"; the guide's examples are np.ones(...). It takes literals alone: np.ones((1, 2)) ends in
# RuntimeError: Expression "np.ones((1, 2))" is not a valid python literal. So scripts of TensorFlow 1 fail; write lists.
# Seen with tensorflow-cpu 2.21.0:
#   help: Numpy can be accessed with 'np'
#   x=[[1.0,1.0]]: exit code 0
#   x=np.ones((1, 2)): exit code 1, RuntimeError: Expression "np.ones((1, 2))" is not a valid python literal.
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q tensorflow-cpu==2.21.0 numpy==2.4.6
"$folder/venv/bin/python" - "$folder/model" 2>/dev/null <<'PYTHON'
import re
import subprocess
import sys

import tensorflow as tf

tf1 = tf.compat.v1
print("tensorflow", tf.__version__)
with tf.Graph().as_default(), tf1.Session() as session:
    x = tf1.placeholder(tf.float32, [None, 2], name="x")
    tf1.saved_model.simple_save(session, sys.argv[1], {"x": x}, {"y": x * 2.0})
command = [sys.executable, "-m", "tensorflow.python.tools.saved_model_cli"]
said = re.sub(r"\s+", " ", subprocess.run([*command, "--help"], capture_output=True, text=True).stdout)
claim = "Numpy can be accessed with 'np'"
print("help:", claim if claim in said else "nothing of np")
codes = []
for expression in ("x=[[1.0,1.0]]", "x=np.ones((1, 2))"):
    flags = ["--dir", sys.argv[1], "--tag_set", "serve", "--signature_def", "serving_default"]
    run = subprocess.run([*command, "run", *flags, "--input_exprs", expression], capture_output=True, text=True)
    codes.append(run.returncode)
    last = "" if run.returncode == 0 else ", " + run.stderr.strip().splitlines()[-1]
    print(f"{expression}: exit code {run.returncode}{last}")
sys.exit(not (claim in said and codes[0] == 0 and codes[1] != 0))
PYTHON
