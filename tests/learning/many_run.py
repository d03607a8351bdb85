"""Small training runs for tests with several processes: each line of the input has the options of one, as JSON.

They learn digits with dropout, batch norm, momentum and validation, so that whatever differs between the processes, or
between numbers of them, shows. After each run every process prints a report as JSON: the first one the losses and a
digest of everything at the end, the others nothing of it, and all what all refused.
"""

import contextlib
import json
import os
import resource
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import PartitionSpec as P
from small_run import digest

import jax_slim as slim
from jax_slim.core import processes
from jax_slim.learning.saving import named_arrays

LAYOUTS = {
    "data": (dict(data=-1), None),
    "sharded": (dict(data=-1), slim.parallel.fully_sharded(min_size=0)),
    "tensor": (dict(data=1, model=-1), [("f1/weights", P(None, "model")), ("f2/weights", P("model", None))]),
    "both": (dict(model=2, data=-1), [("f1/weights", P("data", "model")), ("f2/weights", P("model", None))]),
}


def net(images, is_training):
    with slim.arg_scope([slim.batch_norm], is_training=is_training, decay=0.9):
        made = slim.conv2d(images.astype(jnp.float32) / 255, 4, 3, stride=4, normalizer_fn=slim.batch_norm, scope="c")
        made = slim.dropout(slim.flatten(made), 0.7, is_training=is_training)
        made = slim.fully_connected(made, 16, scope="f1")
        return slim.fully_connected(made, 10, activation_fn=None, scope="f2")


def loss_fn(batch):
    logits = net(batch["image"], True)
    slim.losses.sparse_softmax_cross_entropy(logits, batch["label"])
    slim.summary.histogram("logits", logits)
    slim.summary.image("images", batch["image"], max_outputs=2)
    return slim.losses.get_total_loss()


def eval_fn(batch):
    found = jnp.argmax(net(batch["image"], False), -1)
    weights = batch.get("valid", jnp.ones(found.shape, bool)).astype(jnp.float32)
    return {
        "accuracy": slim.metrics.streaming_accuracy(found, batch["label"], weights),
        "confusion": slim.metrics.streaming_confusion_matrix(found, batch["label"], 10, weights),
    }


def slowly(batches, seconds, late):
    """The batches one every so many seconds, those from number `late` of this run on one a second."""

    class Slow:
        def __init__(self):
            self.batches, self.given = iter(batches), 0

        def __iter__(self):
            return self

        def wait(self):
            time.sleep(seconds if self.given < late else 1.0)
            self.given += 1

        def __next__(self):
            self.wait()
            return next(self.batches)

        def next_part(self, rows):
            self.wait()
            return self.batches.next_part(rows)

        def get_state(self):
            return self.batches.get_state()

        def set_state(self, state):
            self.batches.set_state(state)

    return Slow()


class Failing(slim.learning.Callback):
    """Does something to this process at a step."""

    def __init__(self, step, act):
        self.step, self.act = step, act

    def on_step(self, run, step):
        if step.number == self.step:
            self.act(run)


def report_of(
    stack,
    logdir,
    steps=30,
    layout="data",
    save_secs=1000.0,
    summary_secs=1000.0,
    pause=0.0,
    late=1000,
    validate=False,
    evaluate=False,
    rate=0.05,
    odd_process=None,
    odd="",
):
    me = jax.process_index()
    callbacks = []
    if me == odd_process:
        if odd == "rate":
            rate *= 2
        if odd == "version":
            stack.callback(setattr, slim, "__version__", slim.__version__)
            slim.__version__ += "1"
        if odd == "full disk":
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        if odd == "stop":
            callbacks.append(Failing(7, lambda run: run.stop("enough")))
        if odd == "raise":
            callbacks.append(Failing(7, lambda run: [][1]))
    sizes, rules = LAYOUTS[layout]
    digits = slim.data.digits.load("test")
    held_out = {name: array[:101] for name, array in digits.items()}
    batches = slim.data.pipeline(
        digits, lambda example, rng: {**example, "image": np.roll(example["image"], rng.integers(-2, 3), axis=0)},
        batch_size=16, seed=3, num_threads=1,
    )  # fmt: skip
    validation = None
    if validate:
        validation = slim.learning.Validation(
            eval_fn,
            lambda: slim.data.Batches(held_out, 16, shuffle=False, drop_last=False, epochs=1),
            every_n_steps=10,
            best="accuracy",
        )
    run = slim.learning.steps(
        slim.learning.create_train_op(loss_fn, optax.sgd(rate, momentum=0.9)),
        logdir,
        slowly(batches, pause, late) if pause else batches,
        number_of_steps=steps,
        log_every_n_steps=1,
        save_interval_secs=save_secs,
        save_summaries_secs=summary_secs,
        validation=validation,
        callbacks=callbacks,
        mesh=slim.parallel.mesh(**sizes),
        sharding_rules=rules,
    )
    losses = []
    while True:
        try:
            losses.append(next(run).loss)
        except StopIteration as end:
            result = end.value
            break
    state = result.state
    whole = jax.jit(lambda tree: tree, out_shardings=slim.parallel.placing.everywhere(slim.parallel.mesh(data=-1)))
    arrays = {name: np.asarray(whole(array)) for name, array in named_arrays(state).items()}
    report = {
        "losses": losses,
        "step": result.step,
        "stopped": result.stopped,
        "state": digest(arrays),
        "held": {
            name: [tuple(shard.data.shape) for shard in array.addressable_shards]
            for name, array in named_arrays(state).items()
        },
    }
    if evaluate:
        report["results"] = []
        for source in (
            slim.data.Batches(held_out, 16, shuffle=False, drop_last=False, epochs=1),
            slim.data.pipeline(held_out, batch_size=16, shuffle=False, num_epochs=1, drop_last="pad", num_threads=1),
        ):
            results = slim.evaluation.evaluate_once(logdir, os.path.join(logdir, "eval"), eval_fn, source)
            report["results"].append({name: np.asarray(value).tolist() for name, value in results.items()})
    return report if processes.is_first() else {}


def main():
    slim.parallel.initialize()
    for line in sys.stdin:
        with contextlib.ExitStack() as stack:
            try:
                report = report_of(stack, **json.loads(line))
            except processes.DifferentProcessError as error:
                report = {"error": f"{type(error).__name__}: {error}"}
        print("report:", json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
