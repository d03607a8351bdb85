"""The nets in TensorFlow 2: Keras layers, a training step under `tf.function`."""

import sys

import keras
import tensorflow as tf
from keras import layers

from peers import architectures
from peers.architectures import NETS
from peers.batches import images_and_labels

_ACTIVATIONS = {"relu": "relu", "relu6": "relu6"}


class Peer:
    def __init__(self, config):
        if config.get("threads"):
            tf.config.threading.set_intra_op_parallelism_threads(config["threads"])
        images, labels = images_and_labels(config)
        self.images, self.labels = tf.constant(images), tf.constant(labels)
        net = NETS[config["net"]]
        inputs = keras.Input(images.shape[1:], batch_size=config["batch"])
        logits, auxiliary = net.function(Builder(net.norm), inputs)
        self.model = keras.Model(inputs, [logits] if auxiliary is None else [logits, auxiliary])
        self.evaluated = keras.Model(inputs, logits)
        self.parameters = sum(variable.shape.num_elements() for variable in self.model.trainable_variables)
        self.versions = {"python": sys.version.split()[0], "tensorflow": tf.__version__, "keras": keras.__version__}
        optimizer = keras.optimizers.SGD(architectures.LEARNING_RATE, architectures.MOMENTUM)
        optimizer.build(self.model.trainable_variables)

        @tf.function
        def train(images, labels):
            with tf.GradientTape() as tape:
                outputs = self.model(images, training=True)
                outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
                losses = [
                    tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
                    for logits in outputs
                ]
                loss = losses[0] + sum(architectures.AUXILIARY_WEIGHT * other for other in losses[1:])
            gradients = tape.gradient(loss, self.model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, self.model.trainable_variables, strict=True))
            return loss

        self._train = train
        self._forward = tf.function(lambda images: self.evaluated(images, training=False))

    def train(self, steps):
        for _ in range(steps):
            loss = self._train(self.images, self.labels)
        return float(loss.numpy())

    def forward(self, steps):
        for _ in range(steps):
            logits = self._forward(self.images)
        return float(logits.numpy().sum())


class Builder:
    def __init__(self, norm):
        self.norm = norm

    def _finish(self, x, norm, activation):
        if norm:
            x = layers.BatchNormalization(momentum=self.norm.decay, epsilon=self.norm.epsilon, scale=self.norm.scale)(x)
        return layers.Activation(_ACTIVATIONS[activation])(x) if activation else x

    def conv(self, x, depth, kernel, stride=1, padding="SAME", norm=True, activation="relu"):
        if padding == "CENTER":
            around = [((size - 1) // 2, size - 1 - (size - 1) // 2) for size in kernel]
            x, padding = (layers.ZeroPadding2D(around)(x), "VALID") if stride > 1 else (x, "SAME")
        x = layers.Conv2D(
            depth, kernel, stride, padding.lower(), use_bias=not norm, kernel_initializer="he_normal"
        )(x)  # fmt: skip
        return self._finish(x, norm, activation)

    def depthwise(self, x, stride):
        layer = layers.DepthwiseConv2D(3, stride, "same", use_bias=False, depthwise_initializer="he_normal")
        return self._finish(layer(x), True, "relu6")

    def dense(self, x, depth, activation=None):
        return layers.Dense(depth, activation, kernel_initializer="he_normal")(x)

    def max_pool(self, x, size, stride, padding):
        return layers.MaxPooling2D(size, stride, padding.lower())(x)

    def avg_pool(self, x, size, stride, padding):
        return layers.AveragePooling2D(size, stride, padding.lower())(x)

    def dropout(self, x, keep):
        return layers.Dropout(1 - keep)(x)

    def subsample(self, x, stride):
        return x if stride == 1 else layers.MaxPooling2D(1, stride)(x)

    def mean(self, x):
        return layers.GlobalAveragePooling2D()(x)

    def flatten(self, x):
        return layers.Flatten()(x)

    def concat(self, parts):
        return layers.Concatenate()(parts)

    def add(self, x, y):
        return layers.Add()([x, y])

    def relu(self, x):
        return layers.ReLU()(x)

    def map_size(self, x):
        return tuple(x.shape[1:3])

    def channels(self, x):
        return x.shape[-1]
