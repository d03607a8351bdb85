"""Fine-tunes: teaches a net that reads digits to tell even from odd ones, from forty images, with what it knows.

    python examples/fine_tuning.py [--logdir DIR] [--steps N]

The first net is saved as a TensorFlow checkpoint, as TF-Slim's published ones are. All of it but the last layer is
loaded into a net for other classes; first that net's new layer is trained alone, then everything. The same net trained
from random weights shows what that was good for.
"""

import argparse
from pathlib import Path

import jax.numpy as jnp
import optax

import jax_slim as slim

EXAMPLES = 40  # that the second net is trained on


def net(images, num_classes):
    """[N, 28, 28, 1] digits -> [N, num_classes] logits."""
    with (
        slim.variable_scope("DigitsNet"),
        slim.arg_scope([slim.conv2d, slim.fully_connected], weights_regularizer=slim.l2_regularizer(1e-4)),
    ):
        net = images.astype(jnp.float32) / 127.5 - 1.0
        net = slim.conv2d(net, 16, [5, 5], stride=2, scope="conv1")
        net = slim.conv2d(net, 32, [3, 3], stride=2, scope="conv2")
        net = slim.flatten(net)
        net = slim.fully_connected(net, 64, scope="fc3")
        return slim.fully_connected(net, num_classes, activation_fn=None, scope="logits")


def even_or_odd(data):
    """The same images with other labels: 0 for even digits, 1 for odd ones."""
    return {"image": data["image"], "label": data["label"] % 2}


def train(logdir, num_classes, data, steps, rate, init_fn=None, variables_to_train=None):
    """Trains a net; returns the directory with its checkpoints."""

    def loss_fn(batch):
        slim.losses.sparse_softmax_cross_entropy(net(batch["image"], num_classes), batch["label"])
        return slim.losses.get_total_loss()

    optimizer = optax.sgd(rate, momentum=0.9)
    train_op = slim.learning.create_train_op(loss_fn, optimizer, variables_to_train=variables_to_train)
    batches = slim.data.Batches(data, 20, seed=1)
    slim.learning.train(train_op, str(logdir), batches, number_of_steps=steps, init_fn=init_fn, summary_writer=None)
    return str(logdir)


def accuracy(logdir, data):
    """The part of the images that the newest checkpoint calls rightly even or odd."""

    def eval_fn(batch):
        predicted = jnp.argmax(net(batch["image"], 2), -1)
        return {"accuracy": slim.metrics.streaming_accuracy(predicted, batch["label"])}

    batches = slim.data.Batches(data, 250, shuffle=False, epochs=1)
    return slim.evaluation.evaluate_once(logdir, None, eval_fn, batches)["accuracy"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logdir", type=Path, default=Path("runs/fine_tuning"), help="where checkpoints go")
    parser.add_argument("--steps", type=int, default=400, help="training steps of the first net; a quarter for others")
    options = parser.parse_args()
    logdir, steps = options.logdir, options.steps
    digits, test = slim.data.digits.load("train"), even_or_odd(slim.data.digits.load("test"))
    few = {name: array[:EXAMPLES] for name, array in even_or_odd(digits).items()}

    # A net that knows the ten digits, saved as TensorFlow would have.
    known = train(logdir / "known", 10, digits, steps, 0.02)
    checkpoint = str(logdir / "known.ckpt")
    slim.checkpoints.convert_checkpoint(known, checkpoint, overwrite=True)
    print(slim.checkpoints.inspect(checkpoint, kinds="variable"))

    # Its layers below a new last one, which alone is trained.
    last = ["DigitsNet/logits"]
    init_fn = slim.assign_from_checkpoint_fn(checkpoint, exclude=last)
    head = train(logdir / "head", 2, few, steps // 4, 0.005, init_fn, variables_to_train=last)

    # Then all layers, from there.
    everything = train(logdir / "all", 2, few, steps // 4, 0.005, slim.assign_from_checkpoint_fn(head))

    # The layers below did not move at first, and did then.
    print(slim.checkpoints.diff(checkpoint, head, include="DigitsNet/", exclude=last, kinds="variable"))
    print(slim.checkpoints.diff(head, everything, include="DigitsNet/", kinds="variable"))

    scratch = train(logdir / "scratch", 2, few, steps // 2, 0.02)
    results = {
        "from scratch": accuracy(scratch, test),
        "the new layer alone": accuracy(head, test),
        "then all layers": accuracy(everything, test),
    }
    print(f"\nEven or odd, learnt from {EXAMPLES} images, on {len(test['label'])} others:")
    for name, right in results.items():
        print(f"  {name:20} {right:.1%}")
    return results


if __name__ == "__main__":
    main()
