"""The nets in Flax (linen)."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp

from peers.architectures import NETS
from peers.jax_common import JaxPeer, drawn

_ACTIVATIONS = {"relu": nn.relu, "relu6": nn.relu6, None: lambda x: x}


class Peer(JaxPeer):
    def __init__(self, config):
        model = Network(config["net"], jnp.dtype(config.get("dtype", "float32")))
        images = jnp.zeros((config["batch"], config["size"], config["size"], NETS[config["net"]].channels))
        made = drawn(jax.eval_shape(functools.partial(model.init, training=False), jax.random.key(0), images))
        state = {name: value for name, value in made.items() if name != "params"}

        def run(parameters, state, images, key, training):
            variables = {"params": parameters, **state}
            if not training:
                return model.apply(variables, images, training=False), state
            return model.apply(variables, images, training=True, rngs={"dropout": key}, mutable=list(state))

        super().__init__(config, made["params"], state, run, ("flax",))


class Network(nn.Module):
    net: str
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, images, training):
        net = NETS[self.net]
        return net.function(Builder(net.norm, training, self.dtype), images)


class Builder:
    def __init__(self, norm, training, dtype):
        self.norm, self.training, self.dtype = norm, training, dtype

    def _finish(self, x, norm, activation):
        if norm:
            x = nn.BatchNorm(
                use_running_average=not self.training, momentum=self.norm.decay, epsilon=self.norm.epsilon,
                use_scale=self.norm.scale, dtype=self.dtype,
            )(x)  # fmt: skip
        return _ACTIVATIONS[activation](x)

    def conv(self, x, depth, kernel, stride=1, padding="SAME", norm=True, activation="relu", groups=1):
        if padding == "CENTER":
            padding = [((size - 1) // 2, size - 1 - (size - 1) // 2) for size in kernel]
        x = nn.Conv(
            depth, kernel, stride, padding, use_bias=not norm, feature_group_count=groups, dtype=self.dtype,
            kernel_init=nn.initializers.he_normal(),
        )(x)  # fmt: skip
        return self._finish(x, norm, activation)

    def depthwise(self, x, stride):
        return self.conv(x, x.shape[-1], (3, 3), stride, activation="relu6", groups=x.shape[-1])

    def dense(self, x, depth, activation=None):
        x = nn.Dense(depth, dtype=self.dtype, kernel_init=nn.initializers.he_normal())(x)
        return _ACTIVATIONS[activation](x)

    def max_pool(self, x, size, stride, padding):
        return nn.max_pool(x, (size, size), (stride, stride), padding)

    def avg_pool(self, x, size, stride, padding):
        return nn.avg_pool(x, (size, size), (stride, stride), padding, count_include_pad=False)

    def dropout(self, x, keep):
        return nn.Dropout(1 - keep, deterministic=not self.training)(x)

    def subsample(self, x, stride):
        return x[:, ::stride, ::stride]

    def mean(self, x):
        return jnp.mean(x, (1, 2))

    def flatten(self, x):
        return x.reshape(x.shape[0], -1)

    def concat(self, parts):
        return jnp.concatenate(parts, -1)

    def add(self, x, y):
        return x + y

    def relu(self, x):
        return nn.relu(x)

    def map_size(self, x):
        return x.shape[1:3]

    def channels(self, x):
        return x.shape[-1]
