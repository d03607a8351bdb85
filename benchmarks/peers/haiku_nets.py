"""The nets in Haiku."""

import functools

import haiku as hk
import jax
import jax.numpy as jnp

from peers.architectures import NETS
from peers.jax_common import JaxPeer

_ACTIVATIONS = {"relu": jax.nn.relu, "relu6": jax.nn.relu6, None: lambda x: x}


class Peer(JaxPeer):
    def __init__(self, config):
        net = NETS[config["net"]]
        model = hk.transform_with_state(lambda images, training: net.function(Builder(net.norm, training), images))
        images = jnp.zeros((config["batch"], config["size"], config["size"], net.channels))
        parameters, state = jax.jit(functools.partial(model.init, training=True))(jax.random.key(0), images)

        def run(parameters, state, images, key, training):
            return model.apply(parameters, state, key, images, training)

        super().__init__(config, parameters, state, run, ("haiku",))


class Builder:
    def __init__(self, norm, training):
        self.norm, self.training = norm, training

    def _finish(self, x, norm, activation):
        if norm:
            layer = hk.BatchNorm(self.norm.scale, True, self.norm.decay, self.norm.epsilon)
            x = layer(x, is_training=self.training)
        return _ACTIVATIONS[activation](x)

    def conv(self, x, depth, kernel, stride=1, padding="SAME", norm=True, activation="relu", groups=1):
        if padding == "CENTER":
            padding = [((size - 1) // 2, size - 1 - (size - 1) // 2) for size in kernel]
        x = hk.Conv2D(
            depth, kernel, stride, padding=padding, with_bias=not norm, feature_group_count=groups,
            w_init=hk.initializers.VarianceScaling(2.0),
        )(x)  # fmt: skip
        return self._finish(x, norm, activation)

    def depthwise(self, x, stride):
        return self.conv(x, x.shape[-1], (3, 3), stride, activation="relu6", groups=x.shape[-1])

    def dense(self, x, depth, activation=None):
        return _ACTIVATIONS[activation](hk.Linear(depth, w_init=hk.initializers.VarianceScaling(2.0))(x))

    def max_pool(self, x, size, stride, padding):
        return hk.max_pool(x, (size, size, 1), (stride, stride, 1), padding)

    def avg_pool(self, x, size, stride, padding):
        return hk.avg_pool(x, (size, size, 1), (stride, stride, 1), padding)

    def dropout(self, x, keep):
        return hk.dropout(hk.next_rng_key(), 1 - keep, x) if self.training else x

    def subsample(self, x, stride):
        return x[:, ::stride, ::stride]

    def mean(self, x):
        return jnp.mean(x, (1, 2))

    def flatten(self, x):
        return hk.Flatten()(x)

    def concat(self, parts):
        return jnp.concatenate(parts, -1)

    def add(self, x, y):
        return x + y

    def relu(self, x):
        return jax.nn.relu(x)

    def map_size(self, x):
        return x.shape[1:3]

    def channels(self, x):
        return x.shape[-1]
