"""jax-slim: its own nets and, where all it needs is installed, its own training step."""

import importlib
import time

import jax
import jax.numpy as jnp

import jax_slim as slim
from jax_slim.kernels.memory import give_back_freed_memory
from peers import architectures
from peers.bare import load_nets
from peers.batches import images_and_labels
from peers.jax_common import JaxPeer, drawn, versions


def program(config):
    """images, training -> logits, auxiliary logits or None: the net in the scopes it is trained in, without decay."""
    name = config["net"]
    load_nets()
    classes = architectures.NETS[name].classes
    file = f"jax_slim.nets.{name.removesuffix('_50').removesuffix('_16')}"
    nets = importlib.import_module(file) if name in architectures.WRITTEN_DOWN else None

    def run(images, training):
        with slim.kernel_forms(config.get("forms", "fastest")):
            if config.get("dtype", "float32") == "float32":
                return net(images, training)
            with slim.precision(compute=jnp.dtype(config["dtype"])):
                return net(images, training)

    def net(images, training):
        if name == "vgg_16":
            small = {} if config["size"] == 224 else {"fc_conv_padding": "SAME", "global_pool": True}
            with slim.arg_scope(nets.vgg_arg_scope(weight_decay=0.0)):
                return nets.vgg_16(images, classes, is_training=training, **small)[0], None
        if name == "resnet_v1_50":
            with slim.arg_scope(nets.resnet_arg_scope(weight_decay=0.0)):
                return nets.resnet_v1_50(images, classes, is_training=training)[0], None
        if name == "inception_v3":
            with slim.arg_scope(nets.inception_v3_arg_scope(weight_decay=0.0)):
                logits, points = nets.inception_v3(images, classes, is_training=training)
                return logits, points["AuxLogits"]
        if name == "mobilenet_v1":
            with slim.arg_scope(nets.mobilenet_v1_arg_scope(is_training=training, weight_decay=0.0)):
                return nets.mobilenet_v1(images, classes, is_training=training)[0], None
        if name == "mobilenet_v2":
            with slim.arg_scope(nets.training_scope(is_training=training, weight_decay=0.0)):
                return nets.mobilenet(images, classes)[0], None
        if name == "lenet":
            with slim.arg_scope(nets.lenet_arg_scope()):
                return nets.lenet(images, classes, is_training=training)[0], None
        model = slim.nets.create_model(name, classes, image_size=config["size"])
        return model.function(images, is_training=training)[0], None

    return run


def Peer(config):
    return ByHand(config) if config.get("by_hand") else WithTrainOp(config)


class WithTrainOp:
    """Trains by `slim.learning.create_train_op`."""

    def __init__(self, config):
        run = program(config)
        images, labels = images_and_labels(config)
        self.batch = {"image": jnp.asarray(images), "label": jnp.asarray(labels)}
        self.versions = versions("jax_slim")

        def loss_fn(batch):
            logits, auxiliary = run(batch["image"], True)
            slim.losses.sparse_softmax_cross_entropy(logits, batch["label"])
            if auxiliary is not None:
                weight = architectures.AUXILIARY_WEIGHT
                slim.losses.sparse_softmax_cross_entropy(auxiliary, batch["label"], weights=weight)
            return slim.losses.get_total_loss()

        optimizer = slim.optimizers.momentum(architectures.LEARNING_RATE, architectures.MOMENTUM)
        train_op = slim.learning.create_train_op(loss_fn, optimizer)
        self.state = train_op.init(jax.random.key(0), self.batch)
        self.parameters = sum(value.size for value in train_op.trained(self.state.variables).values())
        model = slim.Model(lambda images: run(images, False)[0])
        self._train, self._compiled = slim.jit(train_op, donate_argnums=0), False
        self._forward = slim.jit(model.apply)

    def train(self, steps):
        if not self._compiled:  # as `learning.train` does before its first step
            self._train.lower(self.state, self.batch).compile()
            self._compiled = True
            give_back_freed_memory()
        for _ in range(steps):
            self.state, result = self._train(self.state, self.batch)
        jax.block_until_ready((self.state, result))
        return result.loss

    def forward(self, steps):
        for _ in range(steps):
            logits = self._forward(self.state.variables, self.batch["image"])
        return jax.block_until_ready(logits).sum()

    def compiled(self, what):
        """The text of the compiled program of "train" or "forward"."""
        step, arguments = {
            "train": (self._train, (self.state, self.batch)),
            "forward": (self._forward, (self.state.variables, self.batch["image"])),
        }[what]
        return step.lower(*arguments).compile().as_text()


class ByHand(JaxPeer):
    """Trains by the step that the other peers on JAX have, which needs neither optax nor what else `learning` loads."""

    def __init__(self, config):
        run = program(config)
        images, _ = images_and_labels(config)
        training, evaluating = slim.Model(lambda x: run(x, True)), slim.Model(lambda x: run(x, False))
        specs = training.specs(jax.ShapeDtypeStruct(images.shape, jnp.float32))
        shapes = {name: jax.ShapeDtypeStruct(spec.shape, spec.dtype) for name, spec in specs.items()}
        parameters = drawn({name: shape for name, shape in shapes.items() if specs[name].trainable})
        state = drawn({name: shape for name, shape in shapes.items() if not specs[name].trainable})

        def both(parameters, state, images, key, is_training):
            if not is_training:
                return evaluating.apply({**parameters, **state}, images), state
            logits, collected = training.collect({**parameters, **state}, images, rng=key)
            return logits, {**state, **collected.updates}

        super().__init__(config, parameters, state, both, ("jax_slim",))
        self._config = config

    def flops(self):
        """Of one forward pass of the batch: of the net as it is trained, and without what only training has."""
        run, images = program(self._config), jax.ShapeDtypeStruct(self.images.shape, jnp.float32)
        whole = slim.model_analyzer.table(lambda x: run(x, True), images).total.flops
        rows = slim.model_analyzer.table(lambda x: run(x, False), images).rows
        return {"train": whole, "forward": sum(row.flops for row in rows if "AuxLogits" not in row.name)}

    def matmul_peak(self):
        """FLOP/s of a large product in the dtype of the benchmark."""
        dtype = jnp.dtype(self._config.get("dtype", "float32"))
        size, times = (8192, 20) if jax.default_backend() == "gpu" else (1024, 5)
        x = jax.random.normal(jax.random.key(0), (size, size)).astype(dtype)
        product = jax.jit(lambda x, y: x @ y)
        best = float("inf")
        product(x, x).block_until_ready()
        for _ in range(3):
            start, y = time.perf_counter(), x
            for _ in range(times):
                y = product(x, x)
            y.block_until_ready()
            best = min(best, (time.perf_counter() - start) / times)
        return {"flops_per_second": 2 * size**3 / best}
