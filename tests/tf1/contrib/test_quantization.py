"""`tf.contrib.quantize`: names and numbers of rewritten graphs."""

import numpy as np
import pytest

import jax_slim.tf1 as tf

slim = tf.contrib.slim
_IMAGES = np.random.default_rng(3).uniform(-1, 1, (2, 4, 4, 3)).astype("float32")


def _net(is_training, fused=True, bypass=False, depthwise=True):
    with (
        slim.arg_scope([slim.batch_norm], is_training=is_training, decay=0.9, epsilon=0.01, scale=True, fused=fused),
        slim.arg_scope([slim.conv2d, slim.separable_conv2d], normalizer_fn=slim.batch_norm, activation_fn=tf.nn.relu6),
    ):
        images = tf.placeholder(tf.float32, [2, 4, 4, 3], "images")
        net = slim.conv2d(images, 4, [3, 3], scope="net/conv")
        last = net
        if depthwise:
            net = slim.separable_conv2d(net, None, [3, 3], 1, scope="net/depthwise")
        if bypass:
            net = slim.conv2d(net, 4, [1, 1], scope="net/linear", activation_fn=None)
            net = tf.identity(net + last, "net/sum")
        net = tf.reduce_mean(net, [1, 2], keepdims=True)
        net = slim.conv2d(net, 2, [1, 1], scope="net/logits", activation_fn=None, normalizer_fn=None)
        return tf.squeeze(net, [1, 2], name="squeezed")


def _values(session, seed=0):
    """Gives all variables but ranges values that are none of the usual first ones."""
    rng = np.random.default_rng(seed)
    for v in tf.global_variables():
        if "quant" not in v.op.name:
            v.load(
                rng.uniform(0.3, 1.2, v.shape.as_list()).astype("float32") * (-1) ** ("weights" in v.op.name), session
            )


def _run(is_training, fused=True, rewrite=None, **more):
    with tf.Graph().as_default() as graph, tf.Session() as session:
        logits = _net(is_training, fused, **more)
        if rewrite is not None:
            rewrite()
        session.run(tf.global_variables_initializer())
        _values(session)
        return graph, session.run(logits, {"images:0": _IMAGES})


@pytest.mark.parametrize(("training", "fused"), [(True, True), (True, False), (False, True)])
def test_folding_leaves_what_a_net_computes(training, fused):
    quantize = tf.contrib.quantize
    rewrite = quantize.experimental_create_training_graph if training else quantize.experimental_create_eval_graph
    _, plain = _run(training, fused)
    graph, folded = _run(training, fused, lambda: rewrite(scope="none"))  # nothing is in it: folded, not rounded
    np.testing.assert_allclose(folded, plain, rtol=2e-4, atol=2e-5)
    names = set(graph._by_name)
    fold = {"net/conv/Conv2D_Fold", "net/conv/mul_fold", "net/conv/add_fold", "net/depthwise/scale_reshape"}
    assert names >= (fold if not fused else {n.replace("/scale", "/BatchNorm_Fold/scale") for n in fold})
    assert ("net/conv/post_conv_mul" in names) is training


def test_a_training_graph_has_tensorflows_variables_and_rounds():
    with tf.Graph().as_default() as graph, tf.Session() as session:
        _net(True)
        tf.contrib.quantize.create_training_graph()
        names = {v.op.name for v in tf.global_variables()}
        moving = "net/conv/act_quant/net/conv/act_quant/max"
        assert names >= {
            "net/conv/weights_quant/min", "net/conv/weights_quant/max", "net/conv/act_quant/min",
            f"{moving}/biased", f"{moving}/local_step", "net/depthwise/weights_quant/min", "net/logits/act_quant/max",
        }  # fmt: skip
        assert not {v.op.name for v in tf.trainable_variables()} & {n for n in names if "quant" in n}
        session.run(tf.global_variables_initializer())
        _values(session)
        low, high, rounded, folded = session.run(
            [
                "net/conv/weights_quant/AssignMinLast:0",
                "net/conv/weights_quant/AssignMaxLast:0",
                "net/conv/weights_quant/FakeQuantWithMinMaxVars:0",
                "net/conv/mul_fold:0",
            ],
            {"images:0": _IMAGES},
        )
        assert (low, high) == (min(folded.min(), 0), max(folded.max(), 0))
        # 254 steps: the lowest of 256 is left out for weights.
        assert len(np.unique(np.round(rounded / ((high - low) / 254), 3) % 1)) == 1
        assert 0 < abs(rounded - folded).max() <= (high - low) / 254
        assert graph.get_operation_by_name("net/conv/Conv2D_Fold").inputs[1].op.name.endswith("FakeQuantWithMinMaxVars")


def test_rounding_waits_and_then_trains():
    with tf.Graph().as_default(), tf.Session() as session:
        logits = _net(True, bypass=True, depthwise=False)
        loss = tf.reduce_mean(tf.square(logits - 1))
        tf.contrib.quantize.create_training_graph(quant_delay=3)
        step = tf.train.GradientDescentOptimizer(0.02).minimize(loss)
        updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
        session.run(tf.global_variables_initializer())
        losses = [session.run([loss, step, *updates], {"images:0": _IMAGES})[0] for _ in range(6)]
        assert session.run("fake_quantization_step:0") == 6
        assert losses[-1] < losses[0]
        names = {v.op.name for v in tf.global_variables()}
        assert names >= {"net/linear/conv_quant/max", "net/act_quant/max"}
    with tf.Graph().as_default():
        _net(False, bypass=True, depthwise=False)
        tf.contrib.quantize.create_eval_graph()
        assert {v.op.name for v in tf.global_variables()} < names


def test_gradients_reach_the_weights_through_the_folded_batch_norm():
    def gradients(rewrite):
        with tf.Graph().as_default(), tf.Session() as session:
            loss = tf.reduce_sum(tf.square(_net(True, depthwise=False)))
            if rewrite:
                tf.contrib.quantize.experimental_create_training_graph(scope="none")
            names = [v.op.name for v in tf.trainable_variables()]
            found = tf.gradients(loss, tf.trainable_variables())
            session.run(tf.global_variables_initializer())
            _values(session)
            return dict(zip(names, session.run(found, {"images:0": _IMAGES}), strict=True))

    plain, folded = gradients(False), gradients(True)
    for name in ("net/conv/weights", "net/conv/BatchNorm/gamma", "net/conv/BatchNorm/beta"):
        np.testing.assert_allclose(folded[name], plain[name], rtol=5e-3, atol=1e-3)


def test_what_trains_already_is_refused():
    with tf.Graph().as_default():
        tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(_net(True)))
        with pytest.raises(ValueError, match="Training op found in graph"):
            tf.contrib.quantize.create_training_graph()
