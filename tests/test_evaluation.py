"""evaluate_once: exact metrics over batches, from checkpoints and from values, and what it refuses."""

import itertools
import json

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jax_slim as slim
from jax_slim.checkpoints.native import CheckpointError
from jax_slim.data import Batches, pipeline
from jax_slim.data.endings import check_they_end
from jax_slim.evaluation import evaluate_once

RNG = np.random.default_rng(0)
X = RNG.normal(size=(23, 4)).astype(np.float32)
LABELS = RNG.integers(0, 3, 23)
DATA = {"x": X, "label": LABELS}
VARIABLES = {
    "fc/weights": RNG.normal(size=(4, 3)).astype(np.float32),
    "fc/biases": np.zeros(3, np.float32),
    "global_step": np.asarray(7, np.int32),
}
LOGITS = X @ VARIABLES["fc/weights"]


def eval_fn(batch):
    logits = slim.fully_connected(batch["x"], 3, activation_fn=None, scope="fc")
    slim.summary.scalar("largest", jnp.max(logits))
    return {
        "accuracy": slim.metrics.streaming_accuracy(jnp.argmax(logits, -1), batch["label"]),
        "mean": slim.metrics.streaming_mean(logits),
    }


def batches(size=5):
    return slim.data.Batches(DATA, size, shuffle=False, drop_last=False, epochs=1)


def evaluate(variables=VARIABLES, logdir=None, program=eval_fn, source=None, **kwargs):
    return slim.evaluation.evaluate_once(variables, logdir, program, batches() if source is None else source, **kwargs)


def test_counts_every_example_once_the_incomplete_batch_too():
    results = evaluate()
    assert results["accuracy"] == pytest.approx((LOGITS.argmax(-1) == LABELS).mean())
    assert results["mean"] == pytest.approx(LOGITS.mean(), rel=1e-5)
    assert {type(value) for value in results.values()} == {float}


def test_num_evals_limits_the_batches():
    assert evaluate(num_evals=2)["accuracy"] == pytest.approx((LOGITS.argmax(-1) == LABELS)[:10].mean())


def test_takes_what_aggregate_metric_map_returns():
    assert evaluate(program=lambda batch: slim.metrics.aggregate_metric_map(eval_fn(batch))) == evaluate()


def test_reads_checkpoints_and_writes_tensorboard(tmp_path, capfd):
    def loss_fn(batch):
        logits = slim.fully_connected(batch["x"], 3, activation_fn=None, scope="fc")
        slim.losses.sparse_softmax_cross_entropy(logits, batch["label"])
        return slim.losses.get_total_loss()

    train_op = slim.learning.create_train_op(loss_fn, optax.sgd(0.5))
    trained = slim.learning.train(train_op, str(tmp_path), slim.data.Batches(DATA, 8), 9)
    results = evaluate(str(tmp_path), str(tmp_path / "eval"))
    assert results == evaluate(trained.variables) == evaluate(str(tmp_path / "9"))
    table = capfd.readouterr().out
    assert table.startswith(f"evaluated step 9, 5 batches:\n  accuracy  {results['accuracy']:.6g}\n  mean  ")
    (line,) = (tmp_path / "eval" / "results.jsonl").read_text().splitlines()
    assert json.loads(line) | results == json.loads(line)

    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tmp_path / "eval"))
    events.Reload()
    for name, value in results.items():
        (scalar,) = events.Scalars(name)
        assert (scalar.step, scalar.value) == (9, pytest.approx(value))
    assert events.Scalars("largest")


def test_refusals(tmp_path):
    with pytest.raises(ValueError, match="batches gave no batch"):
        evaluate(source=[])
    with pytest.raises(CheckpointError, match=str(tmp_path)):
        evaluate(str(tmp_path))
    with pytest.raises(TypeError, match=r"eval_fn must return \{name: \(value, update\)\}.*got an array"):
        evaluate(program=lambda batch: jnp.mean(batch["x"]))
    with pytest.raises(ValueError, match=r"'fc/biases' .*is not among"):
        evaluate({"fc/weights": VARIABLES["fc/weights"]})


@pytest.mark.parametrize(
    "batches",
    [
        Batches({"x": np.zeros((4, 2), np.float32)}, 2),
        pipeline({"x": np.zeros((4, 2), np.float32)}, batch_size=2),
        iter(pipeline({"x": np.zeros((4, 2), np.float32)}, batch_size=2)),
        itertools.cycle([1]),
        itertools.repeat(1),
        itertools.count(),
        pipeline({"x": np.zeros((4, 2), np.float32)}, batch_size=2, num_epochs=1).to_grain().repeat(),
    ],
    ids=lambda batches: type(batches).__name__,
)
def test_batches_without_end_are_refused_where_all_are_wanted(batches):
    with pytest.raises(
        ValueError, match=f"evaluate_once: batches must end .* got {type(batches).__name__} without end"
    ):
        evaluate_once({}, None, lambda batch: {}, batches)
    check_they_end("evaluate_once", batches, 3)


def test_batches_with_an_end_are_taken():
    arrays = {"x": np.zeros((4, 2), np.float32)}
    ended = pipeline(arrays, batch_size=2, num_epochs=1)
    for batches in (Batches(arrays, 2, epochs=1), ended, iter(ended), ended.to_grain(), [1], iter([1]),
                    itertools.repeat(1, 3), (n for n in [1]), {1: 2}):  # fmt: skip
        check_they_end("evaluate_once", batches, None)


def test_batch_norm_left_in_training_is_refused():
    def program(batch):
        return {"mean": slim.metrics.streaming_mean(slim.batch_norm(batch["x"], scope="bn"))}

    variables = slim.Model(program).init(jax.random.key(0), DATA)
    with pytest.raises(ValueError, match=r"updates 2 of the model's variables \(bn/moving_mean.*is_training=False"):
        evaluate(variables, program=program)
