"""A program without mistakes: no checker may complain of it."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp

import jax_slim as slim
import jax_slim.tf1 as tf
from jax_slim import learning, nets


def net(images: jax.Array) -> jax.Array:
    with slim.arg_scope([slim.conv2d], padding="VALID", weights_regularizer=slim.l2_regularizer(0.01)):
        hidden = slim.repeat(images, 2, slim.conv2d, 8, [3, 3], scope="conv")
    hidden = slim.stack(slim.flatten(hidden), slim.fully_connected, [16, 16], scope="fc")
    return slim.fully_connected(hidden, 10, activation_fn=None, scope="logits")


model = slim.Model(net)
variables = model.init(jax.random.key(0), jnp.ones([1, 8, 8, 3]))
logits = slim.jit(model.apply)(variables, jnp.ones([1, 8, 8, 3]))
loss = slim.losses.softmax_cross_entropy(logits, slim.one_hot_encoding(jnp.array([1]), 10))
accuracy = slim.metrics.accuracy
classifier = nets.create_model("lenet", num_classes=10)
trains = (learning.train, slim.learning.create_train_op, slim.evaluation.evaluate_once, slim.optimize_loss)
rooms = (
    (
        slim.checkpoints,
        slim.data,
        slim.datasets,
        slim.exporting,
        slim.graphs,
        slim.inference,
        slim.initializers,
        slim.kernels,
    ),
    (slim.layers, slim.model_analyzer, slim.optimizers, slim.parallel, slim.preprocessing, slim.regularizers),
    (slim.summaries, slim.summary, slim.tf1, slim.utils, slim.tfexample_decoder, slim.dataset_data_provider),
)


@slim.add_arg_scope
def bottleneck(inputs: jax.Array, depth: int, stride: int = 1, scope: str | None = None) -> jax.Array:
    """A layer of one's own keeps its signature."""
    return slim.conv2d(inputs, depth, 1, stride=stride, scope=scope)


@slim.jit
def doubled(x: jax.Array) -> jax.Array:
    return 2 * x


def trained(train_op: learning.TrainOp, batches: slim.data.Batches) -> Mapping[str, jax.Array]:
    with slim.arg_scope([bottleneck], stride=2) as scope, slim.arg_scope(scope):
        bottleneck(jnp.ones([1, 8, 8, 3]), 8)
    result = learning.train(train_op, None, batches, number_of_steps=10)
    loss: float = result
    for step in learning.steps(train_op, None, batches, 10, seed=1):
        print(step.number, step.loss + loss, result.step, result.stopped)
    kept: Mapping[str, jax.Array] = result.variables
    for name, value in result.variables.items():
        print(name, value.shape)
    print(model.apply(result.variables, jnp.ones([1, 8, 8, 3])), doubled(logits))
    outputs, collected = model.collect(kept, jnp.ones([1, 8, 8, 3]))
    print(outputs, collected.losses, collected.updates)
    return kept


def tensorflow_1() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        images = tf.placeholder(tf.float32, [None, 8, 8, 3])
        session.run(tf.contrib.slim.conv2d(images, 8, [3, 3]), {images: [[]]})


def fine_tuned(images: jax.Array) -> jax.Array:
    net = nets.create_model("lenet", num_classes=5, checkpoint="/tmp/lenet")
    return net.apply(net.variables, images)[0]
