"""Trains a small VGG-style net on handwritten digits, evaluates it on others, and draws what it learned.

    make demo                                  # or: python examples/digits.py [--logdir DIR] [--steps N]

The 4000 training and 1000 test images are real (a part of MNIST) and come with the package. Stop it with Ctrl-C and
start it again: it goes on where it was.
"""

import argparse
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax

import jax_slim as slim

BATCH = 50
EPOCHS = 10


def net(images, is_training):
    """[N, 28, 28, 1] digits -> [N, 10] logits."""
    with (
        slim.arg_scope(
            [slim.conv2d, slim.fully_connected],
            normalizer_fn=slim.batch_norm,
            weights_regularizer=slim.l2_regularizer(1e-4),
        ),
        slim.arg_scope([slim.batch_norm], is_training=is_training, decay=0.95),
    ):
        net = slim.repeat(images, 2, slim.conv2d, 16, [3, 3], scope="conv1")
        net = slim.max_pool2d(net, [2, 2], scope="pool1")
        net = slim.repeat(net, 2, slim.conv2d, 32, [3, 3], scope="conv2")
        net = slim.max_pool2d(net, [2, 2], scope="pool2")
        net = slim.repeat(net, 2, slim.conv2d, 64, [3, 3], scope="conv3")
        net = slim.flatten(net, scope="flat")
        net = slim.stack(net, slim.fully_connected, [64, 32], scope="fc")
        net = slim.dropout(net, 0.8, is_training=is_training, scope="dropout")
        return slim.fully_connected(net, 10, activation_fn=None, normalizer_fn=None, scope="logits")


def prepared(image):
    """uint8 pixels -> floats from -1 to 1."""
    return image.astype(jnp.float32) / 127.5 - 1.0


def loss_fn(batch):
    """The program that is trained: a batch -> its loss, regularization included."""
    logits = net(prepared(batch["image"]), is_training=True)
    slim.losses.sparse_softmax_cross_entropy(logits, batch["label"])
    total_loss = slim.losses.get_total_loss()
    slim.summary.scalar("accuracy/train_batch", jnp.mean(jnp.argmax(logits, -1) == batch["label"]))
    slim.summary.histogram("logits", logits)
    return total_loss


def eval_fn(batch):
    """The program that is evaluated: a batch -> metrics."""
    logits = net(prepared(batch["image"]), is_training=False)
    cross_entropy = optax.softmax_cross_entropy_with_integer_labels(logits, batch["label"])
    return {
        "accuracy": slim.metrics.streaming_accuracy(jnp.argmax(logits, -1), batch["label"]),
        "cross_entropy": slim.metrics.streaming_mean(cross_entropy),
    }


def shifted(batch, rng):
    """Moves each digit up to two pixels: there are few of them to learn from."""
    padded = np.pad(batch["image"], ((0, 0), (2, 2), (2, 2), (0, 0)))
    corners = rng.integers(0, 5, (len(padded), 2))
    moved = [image[top : top + 28, left : left + 28] for image, (top, left) in zip(padded, corners, strict=True)]
    return {**batch, "image": np.stack(moved)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logdir", type=Path, default=Path("runs/digits"), help="checkpoints, events and pictures")
    parser.add_argument("--steps", type=int, default=EPOCHS * 4000 // BATCH, help="training steps of 50 images")
    options = parser.parse_args()
    train, test = slim.data.digits.load("train"), slim.data.digits.load("test")

    rate = optax.cosine_decay_schedule(0.1, options.steps)
    train_op = slim.learning.create_train_op(loss_fn, optax.sgd(rate, momentum=0.9), clip_gradient_norm=4.0)
    start = time.perf_counter()
    slim.learning.train(
        train_op,
        str(options.logdir),
        slim.data.Batches(train, BATCH, seed=7, transform=shifted),
        number_of_steps=options.steps,
        save_summaries_secs=1,
        save_interval_secs=15,
    )
    print(f"Trained for {time.perf_counter() - start:.0f} s.")

    batches = slim.data.Batches(test, 100, shuffle=False, epochs=1)
    results = slim.evaluation.evaluate_once(str(options.logdir), str(options.logdir / "eval"), eval_fn, batches)
    print(f"Accuracy on {len(test['label'])} digits that the net has never seen: {results['accuracy']:.1%}")

    for picture in draw(options.logdir, test):
        print(f"Picture:     {picture}")
    print(f"TensorBoard: {tensorboard_command(options.logdir)}")
    return results


def draw(logdir, test):
    """Writes two PNGs: training curves, and digits with what the net says they are, mistakes first. Returns paths."""
    variables = slim.checkpoints.load_variables(str(logdir))
    predict = slim.predictor(slim.Model(lambda images: net(prepared(images), is_training=False)), variables)
    chances = np.asarray(jax.nn.softmax(predict(test["image"])))
    said, true = chances.argmax(-1), test["label"]
    shown = np.argsort(said == true, kind="stable")[:40]
    captions = [f"{said[n]}  {chances[n].max():.0%}" + (f"  ({true[n]})" if said[n] != true[n] else "") for n in shown]
    colors = ["tab:green" if said[n] == true[n] else "tab:red" for n in shown]
    digits = slim.plots.image_grid(255 - test["image"][shown], captions, colors=colors)
    digits.suptitle(f"{(said == true).mean():.1%} right; red: what it said (what it is)", fontsize=10)
    curves = slim.plots.training_curves(logdir, ["total_loss", "accuracy/train_batch"])
    paths = logdir / "curves.png", logdir / "digits.png"
    for figure, path in zip((curves, digits), paths, strict=True):
        figure.savefig(path)
    return paths


def tensorboard_command(logdir):
    """How to look at the run: with the program of this very environment, which need not be on the PATH."""
    program = Path(sys.executable).parent / "tensorboard"
    return f"{program if program.exists() else 'tensorboard'} --logdir {logdir}"


if __name__ == "__main__":
    main()
