"""jax-slim's nets in use: by `slim.predictor`, without and with native kernels, or compiled by `slim.jit`.

Native kernels multiply float32, bfloat16 or bytes.

`slim.jit` computes logits alone, or all end points too.
"""

import os

import jax

import jax_slim as slim
from peers.batches import images_of
from peers.jax_common import drawn, versions


def model_of(config):
    """The net with as many classes as the peers' have."""
    name = config["net"]
    return slim.nets.create_model(name, num_classes=config["classes"], image_size=config["size"])


class Peer:
    def __init__(self, config):
        model = model_of(config)
        # Trained nets are read: the programs that draw their first values would count as memory of their use.
        variables = drawn(jax.eval_shape(model.init, jax.random.key(0)))
        self.images = images_of(config, model.channels)
        self.parameters = sum(value.size for value in variables.trainable.values())
        self.versions = versions("jax_slim")
        form = config.get("form", "predictor")
        native = form in ("native", "bfloat16", "int8")
        if native:
            slim.build_native_kernels()
        elif "JAX_SLIM_CACHE" not in os.environ:
            os.environ["JAX_SLIM_CACHE"] = os.devnull  # whatever was built before, this is without it
        if form == "bfloat16":
            jax.config.update("jax_default_matmul_precision", "bfloat16")
        if form == "int8":
            self._logits = slim.predictor(*slim.quantize(model, variables, [self.images]))
        elif native or form == "predictor":
            self._logits = slim.predictor(model, variables)
        elif form == "logits":
            compiled = slim.jit(lambda variables, images: model.apply(variables, images)[0])
            self._logits = lambda images: compiled(variables, images)
        else:
            compiled = slim.jit(model.apply)
            self._logits = lambda images: compiled(variables, images)[0]

    def forward(self, steps):
        for _ in range(steps):
            logits = jax.block_until_ready(self._logits(self.images))
        return logits.sum()
