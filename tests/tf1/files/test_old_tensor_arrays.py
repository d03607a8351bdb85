"""TensorArrays of TensorFlow 0.8 in files. Those of 0.12 are in `test_graph_samples` (array_gradients_old)."""

import numpy as np

import jax_slim.tf1 as tf

# Rows of x go into an array and come out in the opposite order, one doubled; then gradients of the rows are added up.
NODES = """
in TensorArray n
fill TensorArrayUnpack in x flow
first TensorArrayRead in zero fill
second TensorArrayRead in one fill
double Add first first
out TensorArray n
put TensorArrayWrite out one double flow
put2 TensorArrayWrite out zero second put
whole TensorArrayPack out put2
grad TensorArrayGrad in fill
add1 TensorArrayWrite grad zero double fill
add2 TensorArrayWrite grad zero first fill
sum AddN add1 add2
back TensorArrayPack grad sum
"""


def _graph():
    graph_def = tf.GraphDef()
    graph_def.versions.producer = 8
    with tf.Graph().as_default() as graph:
        tf.placeholder(tf.float32, [2, 3], name="x")
        for name, value in (("n", 2), ("zero", 0), ("one", 1), ("flow", 0.0)):
            tf.constant(value, name=name)
        graph_def.node.extend(graph.as_graph_def().node)
    for line in NODES.split("\n")[1:-1]:
        name, op, *inputs = line.split()
        node = graph_def.node.add(name=name, op=op, input=inputs)
        if op == "TensorArrayGrad":
            node.attr["source"].s = b"gradients"
        else:
            kind = "dtype" if op in ("TensorArray", "TensorArrayRead", "TensorArrayPack") else "T"
            node.attr[kind].type = int(tf.float32)
        if op == "AddN":
            node.attr["N"].i = 2
    return graph_def


def test_arrays_of_the_first_version():
    x = np.arange(6, dtype=np.float32).reshape(2, 3) + 1
    graph_def = _graph()
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(graph_def, name="")
        whole, back = session.run(["whole:0", "back:0"], {"x:0": x})
    np.testing.assert_array_equal(whole, [x[1], 2 * x[0]])
    np.testing.assert_array_equal(back, [3 * x[0], 0 * x[0]])  # nothing was added to the second
    assert graph_def.node[-1].op == "TensorArrayPack"  # the file's own stays as it is
