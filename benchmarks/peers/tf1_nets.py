"""The nets in TensorFlow 1.15's own slim; those that tf.contrib.slim.nets lacks are made of its layers.

Read by Python 3.7.
"""

import sys
import warnings

warnings.filterwarnings("ignore")

import tensorflow as tf  # noqa: E402
from tensorflow.contrib import slim  # noqa: E402
from tensorflow.contrib.slim import nets as contrib  # noqa: E402

from peers import architectures  # noqa: E402
from peers.architectures import NETS  # noqa: E402
from peers.batches import images_and_labels  # noqa: E402

_ACTIVATIONS = {"relu": tf.nn.relu, "relu6": tf.nn.relu6, None: None}


class Peer:
    def __init__(self, config):
        tf.logging.set_verbosity(tf.logging.ERROR)
        threads = config.get("threads") or 0
        images, labels = images_and_labels(config)
        self._feeds = {}
        if config.get("feed"):
            fed = tf.placeholder(tf.float32, images.shape), tf.placeholder(tf.int32, labels.shape)
            self._feeds = dict(zip(fed, (images, labels)))  # noqa: B905 - not in Python 3.7
            images, labels = fed
        else:
            # Variables, not constants, which the graph would fold into what it computes.
            images = tf.get_variable("images", initializer=images, trainable=False)
            labels = tf.get_variable("labels", initializer=labels, trainable=False)
        with tf.variable_scope("net"):
            logits, auxiliary = _network(config, images, True)
        if not config.get("train_only"):
            with tf.variable_scope("net", reuse=True):
                self._logits = tf.reduce_sum(_network(config, images, False)[0])
        slim.losses.sparse_softmax_cross_entropy(logits, labels)
        if auxiliary is not None:
            slim.losses.sparse_softmax_cross_entropy(auxiliary, labels, weights=architectures.AUXILIARY_WEIGHT)
        optimizer = tf.train.MomentumOptimizer(architectures.LEARNING_RATE, architectures.MOMENTUM)
        self._train_op = slim.learning.create_train_op(slim.losses.get_total_loss(), optimizer)
        self.parameters = sum(variable.shape.num_elements() for variable in tf.trainable_variables())
        self.versions = {"python": sys.version.split()[0], "tensorflow": tf.__version__}
        settings = tf.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=0)
        self._session = tf.Session(config=settings)
        self._session.run(tf.global_variables_initializer())

    def train(self, steps):
        for _ in range(steps):
            loss = self._session.run(self._train_op, self._feeds)
        return float(loss)

    def forward(self, steps):
        for _ in range(steps):
            value = self._session.run(self._logits, self._feeds)
        return float(value)


def _network(config, images, training):
    """logits, auxiliary logits or None."""
    name, net = config["net"], NETS[config["net"]]
    if name == "vgg_16" and config["size"] == 224:
        with slim.arg_scope(contrib.vgg.vgg_arg_scope(weight_decay=0.0)):
            return contrib.vgg.vgg_16(images, net.classes, is_training=training)[0], None
    if name == "resnet_v1_50":
        with slim.arg_scope(contrib.resnet_utils.resnet_arg_scope(weight_decay=0.0)):
            logits, _ = contrib.resnet_v1.resnet_v1_50(images, net.classes, is_training=training)
            return tf.reshape(logits, [-1, net.classes]), None
    if name == "inception_v3":
        with slim.arg_scope(contrib.inception.inception_v3_arg_scope(weight_decay=0.0)):
            logits, points = contrib.inception.inception_v3(images, net.classes, is_training=training)
            return logits, points["AuxLogits"]
    return net.function(Builder(net.norm, training), images)


class Builder:
    """Layers of slim."""

    def __init__(self, norm, training):
        self.training, self.count = training, 0
        self.normalizing = {
            "scale": norm.scale, "decay": norm.decay, "epsilon": norm.epsilon, "is_training": training, "fused": True,
        }  # fmt: skip

    def _settings(self, norm, activation):
        self.count += 1
        settings = {"activation_fn": _ACTIVATIONS[activation], "scope": "layer_%d" % self.count}  # noqa: UP031
        if norm:
            settings.update(normalizer_fn=slim.batch_norm, normalizer_params=self.normalizing)
        return settings

    def conv(self, x, depth, kernel, stride=1, padding="SAME", norm=True, activation="relu"):
        assert padding != "CENTER"
        return slim.conv2d(x, depth, kernel, stride, padding, **self._settings(norm, activation))

    def depthwise(self, x, stride):
        return slim.separable_conv2d(x, None, [3, 3], 1, stride, **self._settings(True, "relu6"))

    def dense(self, x, depth, activation=None):
        return slim.fully_connected(x, depth, **self._settings(False, activation))

    def max_pool(self, x, size, stride, padding):
        return slim.max_pool2d(x, size, stride, padding)

    def dropout(self, x, keep):
        return slim.dropout(x, keep, is_training=self.training)

    def mean(self, x):
        return tf.reduce_mean(x, [1, 2])

    def flatten(self, x):
        return slim.flatten(x)

    def add(self, x, y):
        return x + y

    def map_size(self, x):
        return tuple(x.shape.as_list()[1:3])

    def channels(self, x):
        return x.shape.as_list()[-1]
