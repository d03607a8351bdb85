"""One training run in four layouts on eight simulated devices, as a process of its own: `python sharded_run.py LOGDIR`.

Prints, as JSON, the losses of each layout and the shapes that one device holds of some arrays.
"""

import json
import sys

import jax
import numpy as np
import optax
from jax.sharding import Mesh
from jax.sharding import PartitionSpec as P

import jax_slim as slim


def loss_fn(batch):
    with slim.arg_scope([slim.fully_connected], weights_regularizer=slim.l2_regularizer(1e-3)):
        net = slim.flatten(batch["image"].astype("float32") / 255)
        net = slim.fully_connected(net, 64, normalizer_fn=slim.batch_norm, scope="fc1")
        net = slim.fully_connected(slim.dropout(net, 0.8), 32, scope="fc2")
        logits = slim.fully_connected(net, 10, activation_fn=None, scope="fc3")
    slim.losses.sparse_softmax_cross_entropy(logits, batch["label"])
    return slim.losses.get_total_loss()


def eval_fn(batch):
    logits = slim.fully_connected(slim.flatten(batch["image"].astype("float32")), 10, activation_fn=None, scope="fc")
    return {"accuracy": slim.metrics.streaming_accuracy(logits.argmax(-1), batch["label"])}


def main(logdir):
    devices = np.asarray(jax.devices())
    assert len(devices) == 8
    layouts = {
        "one device": {"mesh": Mesh(devices[:1], ("data",))},
        "data parallel": {},
        "fully sharded": {"sharding_rules": slim.parallel.fully_sharded(min_size=0)},
        "tensor parallel": {
            "mesh": Mesh(devices.reshape(2, 4), ("data", "model")),
            "sharding_rules": [("fc1/weights", P(None, "model")), ("fc2/weights", P("model", None))],
        },
    }
    digits = slim.data.digits.load("test")
    report = {}
    for layout, options in layouts.items():
        train_op = slim.learning.create_train_op(
            loss_fn, optax.adam(1e-3), accumulate=2, clip_gradient_norm=1.0, summarize_gradients=True
        )
        batches = slim.data.Batches(digits, 32, seed=1)
        directory = f"{logdir}/{layout.replace(' ', '_')}"
        run = slim.learning.steps(train_op, directory, batches, 8, **options)
        losses = [step.loss for step in run]
        # On from the checkpoint, laid out as before.
        more = slim.learning.train(train_op, directory, slim.data.Batches(digits, 32, seed=1), 10, **options)
        weights = {name: more.variables[name] for name in ("fc1/weights", "fc2/weights")}
        moments = more.state.optimizer[0].mu
        report[layout] = {
            "losses": [*losses, float(more)],
            "shapes": {name: array.addressable_shards[0].data.shape for name, array in weights.items()},
            "moments": moments["fc1/weights"].addressable_shards[0].data.shape,
        }
    # 27 examples cannot be cut over 8 devices: each still counts once.
    few = {name: array[:27] for name, array in digits.items()}
    variables = slim.Model(lambda batch: eval_fn(batch)["accuracy"]).init(jax.random.key(0), few)
    result = slim.evaluation.evaluate_once(
        variables, None, eval_fn, slim.data.Batches(few, 8, shuffle=False, drop_last=False, epochs=1)
    )
    logits = few["image"].reshape(27, -1).astype("float32") @ np.asarray(variables["fc/weights"])
    report["accuracy"] = [result["accuracy"], float((logits.argmax(-1) == few["label"]).mean())]
    print(json.dumps(report))


if __name__ == "__main__":
    main(sys.argv[1])
