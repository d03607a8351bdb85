"""Counts of `tf.profiler` by TensorFlow's rules, and the times of a run as a Chrome trace."""

import json

import jax_slim.tf1 as tf
from jax_slim.tf1.python.timeline import Timeline


def _counted(graph):
    builder = tf.profiler.ProfileOptionBuilder
    options = builder(builder.float_operation()).with_empty_output().build()
    root = tf.profiler.profile(graph, options=options)
    found = {}

    def collect(node):
        if node.float_ops:
            found[node.name] = node.float_ops
        for child in node.children:
            collect(child)

    collect(root)
    assert root.total_float_ops == sum(found.values())
    return found


def test_operations_count_what_tensorflow_counts():
    with tf.Graph().as_default() as graph:
        x, kernel = tf.ones([2, 8, 8, 3]), tf.ones([3, 3, 3, 4])
        net = tf.nn.conv2d(x, kernel, [1, 2, 2, 1], "SAME")
        depth = tf.nn.depthwise_conv2d(net, tf.ones([3, 3, 4, 2]), [1, 1, 1, 1], "VALID")
        small = tf.nn.max_pool(depth, [1, 2, 2, 1], [1, 1, 1, 1], "VALID")
        m = tf.matmul(tf.reshape(small, [2, 8]), tf.ones([8, 5]))
        tf.nn.softmax(m), tf.nn.l2_loss(kernel), tf.argmax(m, 1), tf.reduce_sum(m, 1, name="Sum"), tf.add_n([m, m, m])
        tf.squared_difference(m, m), tf.rsqrt(m), tf.sqrt(m), tf.exp(m), tf.log(m)
        tf.nn.conv2d_transpose(x, tf.ones([3, 3, 6, 3]), [2, 16, 16, 6], [1, 2, 2, 1])
        tf.nn.conv3d(tf.ones([1, 4, 4, 4, 2]), tf.ones([2, 2, 2, 2, 3]), [1] * 5, "VALID")
        tf.gradients(depth, [kernel])
        found = _counted(graph)
    assert {name.rpartition("/")[2]: count for name, count in found.items()} == {
        "Conv2D": 6912, "depthwise": 1152, "MaxPool": 64, "MatMul": 160, "Softmax": 50, "L2Loss": 323, "ArgMax": 8,
        "Sum": 8, "AddN": 20, "SquaredDifference": 20, "Rsqrt": 20, "Log": 10, "conv2d_transpose": 41472,
        "Conv3D": 2592,
        "Conv2DBackpropInput": 6912, "Conv2DBackpropFilter": 6912,
    }  # fmt: skip


def test_a_run_can_be_seen_as_a_trace():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [2, 4, 4, 1])
        text = tf.as_string(tf.nn.conv2d(x, tf.ones([2, 2, 1, 1]), [1, 1, 1, 1], "SAME", name="net"), name="text")
        metadata = tf.RunMetadata()
        options = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)
        session.run(text, {x: [[[[1.0]] * 4] * 4] * 2}, options=options, run_metadata=metadata)
        events = json.loads(Timeline(metadata.step_stats).generate_chrome_trace_format())["traceEvents"]
    entries = {e["args"]["name"]: e for e in events if e["ph"] == "X"}
    assert entries["text"]["name"] == "AsString" and "net" in json.dumps(events)
    assert all(e["dur"] > 0 and e["ts"] > 0 for e in entries.values())
    processes = {e["pid"] for e in events if e["ph"] == "M" and e["name"] == "process_name"}
    assert {e["pid"] for e in entries.values()} <= processes
