"""What `learning.train` costs over a hand-written loop around the same compiled step: LeNet on digits, the worst case.

    python benchmarks/training_loop.py [--steps 300] [--rounds 5]

Both loops run in turn in one process, on the same batches. A round's figure is the time of the second half of a run,
which leaves out compiling, the first checkpoint and the last: what is compared is the cost of a step with everything
that is on by default (progress lines, prefetching, checks for NaN, summaries and checkpoints every ten minutes).
"""

import argparse
import contextlib
import io
import statistics
import tempfile
import time

import jax
import jax.numpy as jnp
import optax

import jax_slim as slim

BATCH = 32


def loss_fn(batch):
    with slim.arg_scope(slim.nets.lenet.lenet_arg_scope(weight_decay=1e-4)):
        logits, _ = slim.nets.lenet.lenet(batch["image"].astype(jnp.float32) / 255, is_training=True)
    slim.losses.sparse_softmax_cross_entropy(logits, batch["label"])
    loss = slim.losses.get_total_loss()
    slim.summary.scalar("losses/total_loss", loss)
    return loss


class Marked:
    """Batches that note the time at which each was asked for."""

    def __init__(self, steps):
        self.batches = slim.data.Batches(slim.data.digits.load("train"), BATCH)
        self.left, self.times = steps, []

    def __iter__(self):
        return self

    def __next__(self):
        if not self.left:
            raise StopIteration
        self.left -= 1
        self.times.append(time.perf_counter())
        return next(self.batches)


def second_half(times):
    """Steps a second between the middle and the end. Both loops take a batch a step, some steps ahead of it."""
    middle = len(times) // 2
    return (len(times) - 1 - middle) / (times[-1] - times[middle])


def by_hand(train_op, steps):
    batches = Marked(steps)
    step = slim.jit(train_op, donate_argnums=0)
    state = train_op.init(jax.random.key(0), next(batches.batches))
    for batch in batches:
        state, result = step(state, batch, False)
        del result
    jax.block_until_ready(state)
    return second_half(batches.times)


def by_train(train_op, steps):
    batches = Marked(steps)
    with tempfile.TemporaryDirectory() as logdir, contextlib.redirect_stderr(io.StringIO()):
        slim.learning.train(train_op, logdir, batches)
    return second_half(batches.times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    train_op = slim.learning.create_train_op(loss_fn, optax.sgd(0.01, momentum=0.9))
    rates = {by_hand: [], by_train: []}
    for index in range(options.rounds):
        for loop in list(rates)[:: 1 if index % 2 else -1]:
            rates[loop].append(loop(train_op, options.steps))
    hand, train = (statistics.median(values) for values in rates.values())
    print(f"jax {jax.__version__}, {jax.devices()[0].device_kind}, batch {BATCH}")
    for loop, values in rates.items():
        rounded = [round(value, 1) for value in values]
        print(f"{loop.__name__:9} median {statistics.median(values):7.1f} steps/s, all: {rounded}")
    ratios = [b / a for a, b in zip(*rates.values(), strict=True)]
    print(f"train / by hand: {train / hand:.3f} (round by round: {', '.join(f'{ratio:.3f}' for ratio in ratios)})")


if __name__ == "__main__":
    main()
