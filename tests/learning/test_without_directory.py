"""train without a directory; what is passed for batches and is none; Ctrl-C as a KeyboardInterrupt."""

import os
import signal

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.sharding import Mesh

import jax_slim as slim
from jax_slim.parallel.placing import place_batch

X = np.random.default_rng(0).normal(size=(16, 3)).astype(np.float32)
DATA = {"x": X, "y": X.sum(1)}


def loss_fn(batch):
    return jnp.mean((slim.fully_connected(batch["x"], 1, activation_fn=None, scope="fc")[:, 0] - batch["y"]) ** 2)


def metrics(batch):
    out = slim.fully_connected(batch["x"], 1, activation_fn=None, scope="fc")[:, 0]
    return {"error": slim.metrics.streaming_mean_squared_error(out, batch["y"])}


def train(logdir, batches, steps=3, **kwargs):
    train_op = slim.learning.create_train_op(loss_fn, optax.sgd(0.1))
    return slim.learning.train(train_op, logdir, batches, steps, **kwargs)


def test_without_a_directory_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    validation = slim.learning.Validation(
        metrics, lambda: slim.data.Batches(DATA, 8, epochs=1), every_n_steps=2, best="error", mode="min"
    )
    result = train(None, slim.data.Batches(DATA, 8), validation=validation)
    assert result.step == 3
    assert os.listdir() == []
    saved = train(tmp_path / "run", slim.data.Batches(DATA, 8))
    np.testing.assert_array_equal(result.variables["fc/weights"], saved.variables["fc/weights"])
    bad = slim.data.Batches({**DATA, "y": np.full(16, np.nan, np.float32)}, 8)
    with pytest.raises(slim.learning.NonFiniteError, match="Nothing is saved, as there is no log directory"):
        train(None, bad)
    with pytest.raises(ValueError, match="logdir must be a directory where trace_every_n_steps is given, got None"):
        train(None, bad, trace_every_n_steps=1)


def make():
    yield DATA


@pytest.mark.parametrize(
    ("batches", "message"),
    [
        (make, r"got the function 'make'. Call it: make\(\)"),
        (DATA, "got one dict, with 'x', 'y' in it. Cut it into batches"),
        ("photos", "got the text 'photos'"),
        (3, "got int"),
    ],
)
def test_what_is_no_iterable_of_batches(tmp_path, batches, message):
    with pytest.raises(TypeError, match=f"train: batches must be an iterable of batches, {message}"):
        train(tmp_path / "run", batches)
    assert not (tmp_path / "run").exists()
    with pytest.raises(TypeError, match=f"evaluate_once: batches must be an iterable of batches, {message}"):
        slim.evaluation.evaluate_once({}, None, metrics, batches)
    validation = slim.learning.Validation(metrics, lambda: batches, every_n_steps=1)
    with pytest.raises(TypeError, match=rf"Validation: what batches\(\) returns must be .*{message}"):
        train(None, [DATA], 1, validation=validation)


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ({"x": X, "label": np.array(["cat"] * 16)}, r"train: batch\['label'\] must be .* got texts such as 'cat'"),
        (
            {"a": (X, np.array([b"dog"] * 16))},
            r"batch\['a'\]\[1\] must be an array of numbers, got texts such as b'dog'",
        ),
        ({"x": np.array([None, 3])}, r"batch\['x'\] must be an array of numbers, got objects such as None"),
        ({"x": np.array(["2020-01-01"], "datetime64[D]")}, r"batch\['x'\] must be an array of numbers, got times"),
        ({"x": ["cat"]}, r"batch\['x'\]\[0\] must be an array of numbers, got texts such as 'cat'"),
    ],
)
def test_entries_that_are_no_numbers_are_named(batch, message):
    with pytest.raises(TypeError, match=message):
        train(None, [batch])


def test_the_byte_order_of_other_machines():
    mesh = Mesh(np.asarray(jax.devices()[:1]), ("data",))
    given = {"x": X.astype(">f4"), "label": np.arange(16, dtype=">i2")}
    placed = place_batch(given, mesh)
    np.testing.assert_array_equal(placed["x"], X)
    np.testing.assert_array_equal(placed["label"], np.arange(16))
    assert placed["label"].dtype == np.int16


class Interrupt(slim.learning.Callback):
    """Sends Ctrl-C to this process in the second step."""

    def on_step(self, run, result):
        if run.step == 2:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("saved", [True, False])
def test_ctrl_c_is_a_keyboard_interrupt_that_ends_scripts_silently(tmp_path, capfd, saved):
    with pytest.raises(KeyboardInterrupt) as caught:
        train(tmp_path if saved else None, slim.data.Batches(DATA, 8), 50, callbacks=[Interrupt()])
    assert isinstance(caught.value, SystemExit)  # without a traceback, and with this code, where nobody catches it
    assert caught.value.code == 130
    err = capfd.readouterr().err
    assert "Stopping after this step. Ctrl-C again stops at once." in err
    assert ("Stopped by SIGINT: saved step 2." if saved else "at step 2. Nothing is saved") in err
    if saved:
        assert slim.checkpoints.load_variables(tmp_path)["global_step"] == 2
