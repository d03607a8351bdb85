#!/bin/bash
# A slot of a partitioned variable is saved under a name that depends on how long the enclosing scope's name is.
# Where an optimizer's slots are made inside of a variable scope with a partitioner (the ready-made estimators do that),
# the scope comes twice in the slot's own name, and the name in the checkpoint is what remains after as many letters as
# the variable's own name has. So the slots of TensorFlow's own DNNClassifier are called 't_0/Adagrad', and a checkpoint
# cannot be read by variables' names alone.
# Seen with tensorflow-cpu 2.21.0 (compat.v1):
#   dnn: dnn/w, dnn/w/t_0/Adagrad
#   deep: deep/w, deep/w/rt_0/Adagrad
#   linear: linear/w, linear/w/part_0/Adagrad
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q tensorflow-cpu==2.21.0 numpy==2.4.6
cd "$folder"
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import sys

import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()
print("tensorflow", tf.__version__)
found = {}
for scope in ("dnn", "deep", "linear"):
    with tf.Graph().as_default(), tf.Session() as session:
        with tf.variable_scope(scope, partitioner=tf.min_max_variable_partitioner(1)):
            w = tf.get_variable("w", [2, 2])
            tf.train.AdagradOptimizer(0.1).minimize(tf.reduce_sum(tf.convert_to_tensor(w)))
        session.run(tf.global_variables_initializer())
        path = tf.train.Saver().save(session, f"./{scope}/model")
        found[scope] = [name for name, _ in tf.train.list_variables(path)]
        print(f"{scope}: {', '.join(found[scope])}")
cut = {"dnn": "t_0", "deep": "rt_0", "linear": "part_0"}
sys.exit(found != {scope: [f"{scope}/w", f"{scope}/w/{rest}/Adagrad"] for scope, rest in cut.items()})
PYTHON
