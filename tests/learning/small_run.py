"""A small training run as a process of its own, for tests that kill it.

    python small_run.py LOGDIR STEPS [PAUSE [SAVE_SECS [FILE]]]

It learns digits with dropout, batch_norm and momentum, so that a resume which forgets any of random key, moving
averages, optimizer state or data position ends with other numbers. It prints a digest of everything at the end.
"""

import hashlib
import json
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax

import jax_slim as slim
from jax_slim.learning.saving import named_arrays


def loss_fn(batch):
    net = slim.conv2d(
        batch["image"].astype(jnp.float32) / 255, 4, 3, stride=4, normalizer_fn=slim.batch_norm, scope="c"
    )
    net = slim.dropout(slim.flatten(net), 0.7)
    logits = slim.fully_connected(net, 10, activation_fn=None, scope="f")
    slim.losses.sparse_softmax_cross_entropy(logits, batch["label"])
    loss = slim.losses.get_total_loss()
    slim.summary.scalar("losses/total_loss", loss)
    slim.summary.histogram("logits", logits)
    return loss


def shifted(batch, rng):
    return {**batch, "image": np.roll(batch["image"], rng.integers(-2, 3), axis=1)}


class Paused:
    """Batches that come slowly, so that there is time to kill the run; one of them only when a file is there."""

    def __init__(self, batches, seconds, number=None, file=None):
        self.batches, self.seconds, self.number, self.file = batches, seconds, number, file

    def __iter__(self):
        return self

    def __next__(self):
        time.sleep(self.seconds)
        while self.file and self.get_state()["next_batch"] == self.number and not Path(self.file).exists():
            time.sleep(0.05)
        return next(self.batches)

    def get_state(self):
        return self.batches.get_state()

    def set_state(self, state):
        self.batches.set_state(state)


def digest(arrays):
    whole = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        whole.update(name.encode() + np.asarray(array).tobytes())
    return whole.hexdigest()


def main(logdir, steps, pause=0.0, save_secs=0.2, file=None):
    batches = slim.data.Batches(slim.data.digits.load("test"), 16, seed=3, transform=shifted)
    batches = Paused(batches, float(pause), int(steps) // 2, file)
    train_op = slim.learning.create_train_op(loss_fn, optax.sgd(0.05, momentum=0.9))
    result = slim.learning.train(
        train_op,
        logdir,
        batches,
        number_of_steps=int(steps),
        log_every_n_steps=1,
        save_interval_secs=float(save_secs),
        save_summaries_secs=0.1,
    )
    # What comes after the last step belongs to the state too.
    later = slim.data.Batches(slim.data.digits.load("test"), 16, seed=3, transform=shifted)
    later.set_state({**batches.get_state(), "next_batch": result.step})
    report = {
        "step": result.step,
        "loss": float(result),
        "state": digest(named_arrays(result.state)),
        "later": digest(next(later)),
        "devices": jax.device_count(),
    }
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
