"""Evaluating while another process trains: by itself, and as three real processes with a TensorBoard."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jax_slim as slim
from jax_slim.checkpoints.native import Checkpoints
from jax_slim.evaluation import checkpoints_iterator, evaluation_loop, wait_for_new_checkpoint

DATA = {"x": np.ones((4, 2), np.float32), "y": np.asarray([0, 1, 1, 1])}


def loss_fn(batch):
    logits = slim.fully_connected(batch["x"], 2, activation_fn=None, scope="fc")
    slim.losses.sparse_softmax_cross_entropy(logits, batch["y"])
    return slim.losses.get_total_loss()


def eval_fn(batch):
    logits = slim.fully_connected(batch["x"], 2, activation_fn=None, scope="fc")
    return {"accuracy": slim.metrics.streaming_accuracy(jnp.argmax(logits, -1), batch["y"])}


def batches():
    return slim.data.Batches(DATA, 2, epochs=1)


def train(logdir, steps, **options):
    train_op = slim.learning.create_train_op(loss_fn, optax.sgd(0.5), **options)
    return slim.learning.train(train_op, logdir, slim.data.Batches(DATA, 2), steps, max_to_keep=None)


def test_waiting(tmp_path):
    assert wait_for_new_checkpoint(tmp_path / "none", seconds_to_sleep=0.05, timeout=0.2) is None
    train(tmp_path, 2)
    newest = wait_for_new_checkpoint(tmp_path)
    assert newest == str(tmp_path / "2")
    assert wait_for_new_checkpoint(tmp_path, newest, 0.05, timeout=0.1) is None


def test_the_iterator_yields_the_newest_until_the_time_is_up(tmp_path):
    train(tmp_path, 2)
    asked = []

    def time_is_up():
        asked.append(1)
        if len(asked) == 1:
            train(tmp_path, 4)
        return len(asked) > 1

    seen = list(checkpoints_iterator(tmp_path, timeout=0.2, timeout_fn=time_is_up))
    assert [Path(checkpoint).name for checkpoint in seen] == ["2", "4"]
    assert len(asked) == 2


def test_the_loop_evaluates_and_ends(tmp_path):
    train(tmp_path, 3)
    options = {"eval_interval_secs": 0}
    results = evaluation_loop(tmp_path, tmp_path / "eval", eval_fn, batches, timeout=0.2, **options)
    assert results["accuracy"] == 0.75
    (line,) = (tmp_path / "eval" / "results.jsonl").read_text().splitlines()
    assert json.loads(line)["step"] == 3
    assert evaluation_loop(tmp_path, None, eval_fn, batches, until_step=3, **options) == results
    final = evaluation_loop(
        tmp_path, None, eval_fn, batches, final_op=lambda r: r["accuracy"] * 100, max_number_of_evaluations=1, **options
    )
    assert final == 75
    assert evaluation_loop(tmp_path / "none", None, eval_fn, batches, timeout=0.1, **options) is None
    with pytest.raises(TypeError, match="batches must be a function that makes the batches anew, got Batches"):
        evaluation_loop(tmp_path, None, eval_fn, batches())


def test_moving_averages_are_trained_saved_and_evaluated(tmp_path):
    average = slim.optimizers.ExponentialMovingAverage(0.5)
    result = train(tmp_path, 6, moving_average=average)
    averaged = slim.checkpoints.load_variables(tmp_path, moving_average=True)
    plain = slim.checkpoints.load_variables(tmp_path)
    assert not np.allclose(averaged["fc/biases"], plain["fc/biases"])
    np.testing.assert_allclose(averaged["fc/biases"], result.state.averages.shadows["fc/biases"])
    assert averaged["global_step"] == 6
    of_average = evaluation_loop(
        tmp_path, None, eval_fn, batches, moving_average=True, max_number_of_evaluations=1, eval_interval_secs=0
    )
    assert of_average == slim.evaluation.evaluate_once(averaged, None, eval_fn, batches())
    again = train(tmp_path, 9, moving_average=average)
    assert again.step == 9
    train(tmp_path / "without", 1)
    with pytest.raises(slim.checkpoints.CheckpointError, match="holds no moving averages"):
        slim.checkpoints.load_variables(tmp_path / "without", moving_average=True)
    with pytest.raises(ValueError, match="moving_average needs a checkpoint"):
        slim.evaluation.evaluate_once(averaged, None, eval_fn, batches(), moving_average=True)


def test_bfloat16_by_scope_trains_in_float32_variables(tmp_path):
    seen = []

    def half(batch):
        with slim.precision(compute=jnp.bfloat16):
            logits = slim.fully_connected(batch["x"], 2, activation_fn=None, scope="fc")
        seen.append(logits.dtype)
        slim.losses.sparse_softmax_cross_entropy(logits, batch["y"])
        return slim.losses.get_total_loss()

    train_op = slim.learning.create_train_op(half, optax.sgd(0.5, momentum=0.9), accumulate=2)
    result = slim.learning.train(train_op, tmp_path, slim.data.Batches(DATA, 4), 10)
    assert set(seen) == {jnp.dtype(jnp.bfloat16)}
    assert {value.dtype for value in result.variables.trainable.values()} == {jnp.dtype(jnp.float32)}
    assert result < 0.65
    assert jax.tree.leaves(result.state.optimizer)[0].dtype == jnp.float32


WATCHER = """
import sys
import jax.numpy as jnp
import jax_slim as slim

def eval_fn(batch):
    images = batch["image"].astype(jnp.float32) / 255
    net = slim.conv2d(images, 4, 3, stride=4, normalizer_fn=slim.batch_norm,
                      normalizer_params={"is_training": False}, scope="c")
    logits = slim.fully_connected(slim.flatten(net), 10, activation_fn=None, scope="f")
    return {"accuracy": slim.metrics.streaming_accuracy(jnp.argmax(logits, -1), batch["label"])}

digits = slim.data.digits.load("test")
slim.evaluation.evaluation_loop(
    sys.argv[1], sys.argv[2], eval_fn, lambda: slim.data.Batches(digits, 250, epochs=1),
    eval_interval_secs=0.1, until_step=int(sys.argv[3]))
"""


@pytest.mark.slow
def test_training_watching_and_tensorboard_run_together(tmp_path):
    steps = 120
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    run, evaluation = tmp_path / "run", tmp_path / "run" / "eval"
    results = evaluation / "results.jsonl"
    script = Path(__file__).parent / "learning" / "small_run.py"
    log = (tmp_path / "log").open("w+")
    trainer, watcher, board = (
        subprocess.Popen([sys.executable, *map(str, command)], env=environment, stdout=log, stderr=log)
        for command in (
            (script, run, steps, 0.05, 1, results),  # it waits for the first evaluation on half of the way
            ("-c", WATCHER, run, evaluation, steps),
            ("-m", "tensorboard.main", "--logdir", run, "--host", "127.0.0.1", "--port", 0, "--reload_interval", 1),
        )
    )
    try:
        assert trainer.wait() == 0, (tmp_path / "log").read_text()
        assert watcher.wait() == 0, (tmp_path / "log").read_text()
        evaluated = [json.loads(line)["step"] for line in results.read_text().splitlines()]
        assert evaluated[-1] == steps
        assert len(evaluated) > 1
        training = points(board, tmp_path / "log", "tag=total_loss&run=.", steps)
        assert training[-1][1] == steps
        accuracy = points(board, tmp_path / "log", "tag=accuracy&run=eval", steps)
        assert [step for _, step, _ in accuracy] == evaluated
    finally:
        for process in (trainer, watcher, board):
            process.kill()
            process.wait()
        log.close()
    assert Checkpoints(run).latest_step() == steps


def points(board, log, query, last):
    """The points that TensorBoard shows, once it has read up to the last step."""
    while board.poll() is None:
        address = re.search(r"http://127\.0\.0\.1:\d+/", log.read_text())  # it takes a free port
        if address:
            try:
                url = f"{address[0]}data/plugin/scalars/scalars?{query}"
                with urllib.request.urlopen(url, timeout=10) as answer:
                    found = json.load(answer)
                if found and found[-1][1] == last:
                    return found
            except OSError:
                pass
        time.sleep(0.3)
    pytest.fail(f"TensorBoard has ended: {log.read_text()}")
