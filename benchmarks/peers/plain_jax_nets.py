"""The nets in plain JAX: `jax.lax`'s operations, parameters in a dict."""

import jax
import jax.numpy as jnp
from jax import lax

from peers.architectures import NETS
from peers.jax_common import JaxPeer, drawn

_ACTIVATIONS = {"relu": jax.nn.relu, "relu6": jax.nn.relu6, None: lambda x: x}
_AXES = ("NHWC", "HWIO", "NHWC")


class Peer(JaxPeer):
    def __init__(self, config):
        net = NETS[config["net"]]
        dtype = jnp.dtype(config.get("dtype", "float32"))

        def run(parameters, state, images, key, training):
            builder = Builder(net.norm, parameters, state, key, training, dtype)
            logits, auxiliary = net.function(builder, images)
            return (logits, auxiliary), builder.new_state

        images = jax.ShapeDtypeStruct((config["batch"], config["size"], config["size"], net.channels), jnp.float32)
        shapes = _Shapes()
        jax.eval_shape(lambda images: run(shapes, {}, images, jax.random.key(0), False)[0], images)
        norms = {name.removesuffix("beta"): shape for name, shape in shapes.shapes.items() if name.endswith("/beta")}
        state = {name + kind: shape for name, shape in norms.items() for kind in ("mean", "variance")}
        super().__init__(config, drawn(shapes.shapes), drawn(state), run)


class Builder:
    """Applies the layers one after the other; each takes the parameters of its number."""

    def __init__(self, norm, parameters, state, key, training, dtype):
        self.norm, self.parameters, self.state, self.new_state = norm, parameters, state, {}
        self.key, self.training, self.dtype, self.count = key, training, dtype, 0

    def _next(self):
        self.count += 1
        return f"layer_{self.count}"

    def _parameter(self, layer, name, shape):
        if isinstance(self.parameters, _Shapes):
            return self.parameters.zeros(f"{layer}/{name}", shape)
        return self.parameters[f"{layer}/{name}"]

    def _finish(self, layer, x, norm, activation):
        depth = x.shape[-1:]
        if norm:
            x = self._normalized(layer, x)
        else:
            x = x + self._parameter(layer, "biases", depth).astype(x.dtype)
        return _ACTIVATIONS[activation](x)

    def _normalized(self, layer, x):
        depth = x.shape[-1:]
        beta = self._parameter(layer, "beta", depth)
        gamma = self._parameter(layer, "gamma", depth) if self.norm.scale else 1.0
        if self.training:
            wide = x.astype(jnp.float32)
            mean, variance = jnp.mean(wide, (0, 1, 2)), jnp.var(wide, (0, 1, 2))
            for name, new in (("mean", mean), ("variance", variance)):
                old = self.state[f"{layer}/{name}"]
                self.new_state[f"{layer}/{name}"] = self.norm.decay * old + (1 - self.norm.decay) * new
        else:
            mean = self.state.get(f"{layer}/mean", jnp.zeros(depth))
            variance = self.state.get(f"{layer}/variance", jnp.ones(depth))
        factor = lax.rsqrt(variance + self.norm.epsilon) * gamma
        return ((x - mean) * factor + beta).astype(self.dtype)

    def _convolved(self, x, shape, weights, stride, padding, groups):
        if padding == "CENTER":
            padding = [((size - 1) // 2, size - 1 - (size - 1) // 2) for size in shape[:2]]
        x, weights = x.astype(self.dtype), weights.astype(self.dtype)
        return lax.conv_general_dilated(
            x, weights, (stride, stride), padding, dimension_numbers=_AXES, feature_group_count=groups
        )

    def conv(self, x, depth, kernel, stride=1, padding="SAME", norm=True, activation="relu"):
        layer, shape = self._next(), (*kernel, x.shape[-1], depth)
        x = self._convolved(x, shape, self._parameter(layer, "weights", shape), stride, padding, 1)
        return self._finish(layer, x, norm, activation)

    def depthwise(self, x, stride):
        layer, shape = self._next(), (3, 3, 1, x.shape[-1])
        x = self._convolved(x, shape, self._parameter(layer, "weights", shape), stride, "SAME", x.shape[-1])
        return self._finish(layer, x, True, "relu6")

    def dense(self, x, depth, activation=None):
        layer, shape = self._next(), (x.shape[-1], depth)
        weights = self._parameter(layer, "weights", shape).astype(self.dtype)
        return self._finish(layer, x.astype(self.dtype) @ weights, False, activation)

    def max_pool(self, x, size, stride, padding):
        return lax.reduce_window(x, -jnp.inf, lax.max, (1, size, size, 1), (1, stride, stride, 1), padding)

    def avg_pool(self, x, size, stride, padding):
        def sums(x):
            return lax.reduce_window(x, 0.0, lax.add, (1, size, size, 1), (1, stride, stride, 1), padding)

        return sums(x) / sums(jnp.ones((1, *x.shape[1:3], 1), x.dtype))

    def dropout(self, x, keep):
        if not self.training:
            return x
        kept = jax.random.bernoulli(jax.random.fold_in(self.key, self.count), keep, x.shape)
        return jnp.where(kept, x / keep, 0)

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
        return jax.nn.relu(x)

    def map_size(self, x):
        return x.shape[1:3]

    def channels(self, x):
        return x.shape[-1]


class _Shapes:
    """Stands for the parameters while the shapes are not known."""

    def __init__(self):
        self.shapes = {}

    def zeros(self, name, shape):
        self.shapes[name] = jax.ShapeDtypeStruct(tuple(shape), jnp.float32)
        return jnp.zeros(shape)
