"""Training with JAX, as the peers on it do it: one compiled step of momentum, buffers given back to the step."""

import sys

import jax
import jax.numpy as jnp
import numpy as np

from peers import architectures
from peers.batches import images_and_labels


def cross_entropy(logits, labels):
    scores = jax.nn.log_softmax(logits.astype(jnp.float32))
    return -jnp.mean(jnp.take_along_axis(scores, labels[:, None], axis=1))


def total_loss(logits, auxiliary, labels):
    loss = cross_entropy(logits, labels)
    return loss if auxiliary is None else loss + architectures.AUXILIARY_WEIGHT * cross_entropy(auxiliary, labels)


def versions(*modules):
    found = {name: getattr(sys.modules[name], "__version__", "?") for name in ("jax", "jaxlib", *modules)}
    return {"python": sys.version.split()[0], **found}


def drawn(shapes):
    """Values for a tree of shapes, by the names at its leaves; on the host: compiling initializers takes long."""
    rng = np.random.default_rng(0)

    def value(path, like):
        name = str(getattr(path[-1], "key", path[-1])).rpartition("/")[2]
        if name in ("gamma", "scale", "moving_variance", "variance", "var"):
            return jnp.array(np.ones(like.shape, np.float32))
        if name in ("weights", "depthwise_weights", "kernel"):
            fan_in = np.prod(like.shape[:2]) if name.startswith("depthwise") else np.prod(like.shape[:-1])
            return jnp.array(rng.standard_normal(like.shape, np.float32) * np.float32(np.sqrt(2 / fan_in)))
        return jnp.array(np.zeros(like.shape, np.float32))

    return jax.tree_util.tree_map_with_path(value, shapes)


class JaxPeer:
    """Runs a net that a library's file describes by two pure functions.

    Args:
      config: the worker's.
      parameters, state: pytrees: what is trained, and what else there is (moving averages).
      run: (parameters, state, images, key, training) -> (logits, auxiliary), state.
      modules: whose versions to tell.
    """

    def __init__(self, config, parameters, state, run, modules=()):
        images, labels = images_and_labels(config)
        self.images, self.labels = jnp.asarray(images), jnp.asarray(labels)
        self.versions = versions(*modules)
        self.parameters = sum(leaf.size for leaf in jax.tree.leaves(parameters))
        momenta = jax.tree.map(lambda value: jnp.array(np.zeros(value.shape, value.dtype)), parameters)
        self.trained, self.steps = (parameters, momenta, state), 0

        def loss(parameters, state, images, labels, key):
            (logits, auxiliary), state = run(parameters, state, images, key, True)
            return total_loss(logits, auxiliary, labels), state

        def train(trained, images, labels, key, step):
            parameters, momenta, state = trained
            key = jax.random.fold_in(key, step)
            gradient = jax.value_and_grad(loss, has_aux=True)
            (value, state), gradients = gradient(parameters, state, images, labels, key)
            momenta = jax.tree.map(lambda m, g: architectures.MOMENTUM * m + g, momenta, gradients)
            parameters = jax.tree.map(lambda p, m: p - architectures.LEARNING_RATE * m, parameters, momenta)
            return (parameters, momenta, state), value

        def forward(trained, images):
            parameters, _, state = trained
            (logits, _), _ = run(parameters, state, images, None, False)
            return logits

        self._train, self._forward = jax.jit(train, donate_argnums=0), jax.jit(forward)
        self._key = jax.random.key(0)

    def train(self, steps):
        for _ in range(steps):
            self.trained, value = self._train(self.trained, self.images, self.labels, self._key, self.steps)
            self.steps += 1
        jax.block_until_ready((self.trained, value))
        return value

    def forward(self, steps):
        for _ in range(steps):
            logits = self._forward(self.trained, self.images)
        return jax.block_until_ready(logits).astype(jnp.float32).sum()

    def memory(self):
        return device_memory()


def device_memory():
    """The most memory of the device that was in use, in MiB; None on a CPU."""
    figures = jax.devices()[0].memory_stats() or {}
    peak = figures.get("peak_bytes_in_use")
    return {"peak_mib": None if peak is None else peak / 2**20, "device": jax.devices()[0].device_kind}
