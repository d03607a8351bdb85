"""Images and texts through training and evaluation: they leave the device only when they are written."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import jax_slim as slim
from jax_slim.summary.media import Pixels, Text

BATCH = {
    "image": np.random.default_rng(0).uniform(size=(8, 6, 6, 1)).astype(np.float32),
    "label": np.arange(8, dtype=np.int32) % 3,
}


def net(images):
    slim.summary.image("seen", images, max_outputs=2)
    slim.summary.text("note", "how it was made")
    return slim.fully_connected(slim.flatten(images), 3, activation_fn=None, scope="fc")


def loss_fn(batch):
    slim.losses.sparse_softmax_cross_entropy(net(batch["image"]), batch["label"])
    return slim.losses.get_total_loss()


def pictures(logdir):
    read = EventAccumulator(str(logdir)).Reload()
    return {tag: [event.step for event in read.Images(tag)] for tag in read.Tags()["images"]}, read.Tensors("note")


@pytest.mark.parametrize("parts", [1, 2])
def test_a_step_reduces_them_on_demand(parts):
    train_op = slim.learning.create_train_op(loss_fn, optax.sgd(0.1), accumulate=parts)
    state = train_op.init(jax.random.key(0), BATCH)
    for want, size in ((True, 2), (False, 0)):
        _, result = jax.jit(train_op, static_argnums=2)(state, BATCH, want)
        assert result.summaries["note"] == Text("how it was made")
        assert isinstance(result.summaries["seen"], Pixels)
        assert result.summaries["seen"].pixels.shape == (size, 6, 6, 1)
    for want in (True, False):  # one compiled step for both
        _, result = jax.jit(train_op)(state, BATCH, jnp.asarray(want))
        assert np.any(result.summaries["seen"].pixels) == want


def test_training_and_evaluation_write_them(tmp_path):
    train_op = slim.learning.create_train_op(loss_fn, optax.sgd(0.1))
    slim.learning.train(train_op, str(tmp_path / "train"), iter([BATCH] * 2), number_of_steps=2)
    images, (note, *_) = pictures(tmp_path / "train")
    assert images == {"seen/image/0": [1, 2], "seen/image/1": [1, 2]}
    assert note.tensor_proto.string_val == [b"how it was made"]

    def eval_fn(batch):
        return {"accuracy": slim.metrics.streaming_accuracy(jnp.argmax(net(batch["image"]), -1), batch["label"])}

    slim.evaluation.evaluate_once(str(tmp_path / "train"), str(tmp_path / "eval"), eval_fn, [BATCH])
    images, _ = pictures(tmp_path / "eval")
    assert images == {"seen/image/0": [2], "seen/image/1": [2]}
