"""train: what it writes, shows, resumes, refuses and survives. Killing it is in test_killed_runs.py."""

import errno
import itertools
import os
import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jax_slim as slim
from jax_slim.checkpoints.native import CheckpointError, Checkpoints
from jax_slim.learning import agreement
from jax_slim.learning.saving import named_arrays, state_like

X = np.random.default_rng(0).normal(size=(64, 3)).astype(np.float32)
DATA = {"x": X, "y": X @ np.asarray([1.0, -2.0, 0.5], np.float32)}


def loss_fn(batch):
    net = slim.batch_norm(batch["x"], decay=0.5, scope="norm")
    predictions = slim.fully_connected(net, 1, activation_fn=None, scope="fc")[:, 0]
    loss = jnp.mean((predictions - batch["y"]) ** 2)
    slim.summary.scalar("losses/squared_error", loss)
    slim.summary.histogram("predictions", predictions)
    return loss


def train(logdir, steps, batches=None, loss=loss_fn, optimizer=None, options=None, **kwargs):
    train_op = slim.learning.create_train_op(loss, optimizer or optax.sgd(0.1, momentum=0.5), **(options or {}))
    batches = slim.data.Batches(DATA, 8) if batches is None else batches
    return slim.learning.train(train_op, str(logdir), batches, steps, **kwargs)


def scalars(logdir, tag):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(logdir))
    events.Reload()
    return {scalar.step: scalar.value for scalar in events.Scalars(tag)}


def test_trains_writes_and_returns(tmp_path, capfd):
    result = train(tmp_path, 50, save_summaries_secs=0)
    assert result.step == 50
    averages = result.variables.select(scope="norm", suffix="moving_mean")
    assert np.abs(averages["norm/moving_mean"]).max() > 0
    written = scalars(tmp_path, "losses/squared_error")
    assert list(written) == list(range(1, 51))
    assert written[50] < written[1] / 2
    assert written[50] == pytest.approx(float(result))
    assert set(scalars(tmp_path, "global_step/sec")) == set(range(2, 51))
    assert scalars(tmp_path, "total_loss") == written
    kept = slim.checkpoints.load_variables(tmp_path)
    assert kept.facts == result.variables.facts
    for name, value in result.variables.items():
        np.testing.assert_array_equal(kept[name], value)
    assert re.search(r"train: 50/50 steps.*loss", capfd.readouterr().err)


def test_what_compiling_took_is_given_back_before_the_first_step(monkeypatch):
    happened = []

    def loss(batch):
        happened.append("traced")
        jax.debug.callback(lambda: happened.append("ran"))
        return loss_fn(batch)

    monkeypatch.setattr(agreement, "give_back_freed_memory", lambda: happened.append("given back"))
    train_op = slim.learning.create_train_op(loss, optax.sgd(0.1))
    slim.learning.train(train_op, None, slim.data.Batches(DATA, 8), 2)
    # What is compiled before is what is called: nothing is traced or compiled after that.
    assert happened[-3:] == ["given back", "ran", "ran"]
    assert happened.count("given back") == 1


def test_logs_each_n_steps_off_a_terminal(tmp_path, capfd):
    train(tmp_path, 9, log_every_n_steps=3, summary_writer=None)
    steps = [int(match) for match in re.findall(r"train: (\d+)/9 steps", capfd.readouterr().err)]
    assert steps == [3, 6, 9]
    assert not list(tmp_path.glob("events*"))


def test_goes_on_from_the_latest_checkpoint(tmp_path, capfd):
    whole = train(tmp_path / "whole", 12)
    train(tmp_path / "parts", 7)
    again = train(tmp_path / "parts", 12)
    assert "Going on from step 7" in capfd.readouterr().err
    for name, value in named_arrays(whole.state).items():
        np.testing.assert_array_equal(value, named_arrays(again.state)[name], err_msg=name)
    done = train(tmp_path / "parts", 12)
    assert done.step == 12
    assert np.isnan(done)
    assert jax.tree.all(jax.tree.map(np.array_equal, done.variables, whole.variables))


def test_a_plain_generator_is_read_to_its_place(tmp_path):
    def batches():
        for start in itertools.cycle(range(0, 64, 8)):
            yield {name: array[start : start + 8] for name, array in DATA.items()}

    whole = train(tmp_path / "whole", 11, batches())
    train(tmp_path / "parts", 5, batches())
    again = train(tmp_path / "parts", 11, batches())
    np.testing.assert_array_equal(whole.variables["fc/weights"], again.variables["fc/weights"])


def test_the_end_of_the_input_ends_training(tmp_path, capfd):
    result = train(tmp_path, 100, slim.data.Batches(DATA, 8, epochs=1))
    assert result.step == 8
    assert "Ended at step 8: the input ended." in capfd.readouterr().err
    with pytest.raises(ValueError, match=r"batches gave no batch \(after the 8 steps already done\)"):
        train(tmp_path, 100, slim.data.Batches(DATA, 8, epochs=1))
    with pytest.raises(ValueError, match=r"batches gave no batch \(after the 0 steps"):
        train(tmp_path / "empty", 100, [])


def poisoned(at):
    for step, batch in enumerate(slim.data.Batches(DATA, 8), start=1):
        if step == at:
            batch["y"][0] = np.nan
        yield batch


@pytest.mark.parametrize("at", [1, 4, 9])
def test_a_nan_names_its_step_and_keeps_the_last_good_checkpoint(tmp_path, at):
    with pytest.raises(
        slim.learning.NonFiniteError,
        match=rf"the loss is nan at step {at}\. Its batch came with NaN or infinite values in batch\['y'\]\. .* is of "
        rf"step {at - 1},",
    ) as caught:
        train(tmp_path, 9, poisoned(at), save_interval_secs=0)
    assert caught.value.step == at
    kept = slim.checkpoints.load_variables(tmp_path)
    assert kept["global_step"] == at - 1
    assert all(np.isfinite(value).all() for value in kept.values())


def test_gradients_that_overflow_at_the_last_step_are_not_saved(tmp_path):
    def loss(batch):
        v = slim.variable("v", initializer=jnp.zeros(2))
        return jnp.sum(jnp.sqrt(v)) + 0 * jnp.sum(batch["x"])  # finite, with infinite gradients

    with pytest.raises(
        slim.learning.NonFiniteError, match=r"after step 1 these variables are NaN or infinite: v\. .*step 0"
    ):
        train(tmp_path, 1, loss=loss)
    assert slim.checkpoints.load_variables(tmp_path)["global_step"] == 0


def test_numerics_may_go_unchecked(tmp_path):
    result = train(tmp_path, 3, poisoned(2), options={"check_numerics": False})
    assert np.isnan(result)
    assert result.step == 3


def test_an_error_of_the_input_keeps_what_was_learnt(tmp_path):
    def batches():
        yield from itertools.islice(slim.data.Batches(DATA, 8), 4)
        raise OSError("the disk with the images is gone")

    with pytest.raises(OSError, match="the disk with the images is gone"):
        train(tmp_path, 100, batches())
    assert slim.checkpoints.load_variables(tmp_path)["global_step"] == 4


def test_a_full_disk_names_the_file_and_what_was_not_saved(tmp_path, monkeypatch):
    def full(self, *arguments, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    class Fill(slim.learning.Callback):
        def on_step(self, run, result):
            monkeypatch.setattr(Path, "open", full)

    with pytest.raises(OSError, match=r"cannot write .*scalars.jsonl: No space left on device") as caught:
        train(tmp_path, 9, save_summaries_secs=0, callbacks=[Fill()])
    monkeypatch.undo()
    assert caught.value.errno == errno.ENOSPC
    assert any("Saving checkpoint" in note for note in caught.value.__notes__)
    assert len((tmp_path / "scalars.jsonl").read_text().splitlines()) == 1


def test_init_fn_gives_values_to_start_from(tmp_path):
    def init_fn(variables):
        assert variables["fc/biases"].shape == (1,)
        return {"fc/biases": np.asarray([7.0])}

    first = train(tmp_path, 0, init_fn=init_fn)
    assert first.variables["fc/biases"] == 7
    again = train(tmp_path, 0, init_fn=lambda variables: pytest.fail("there is a checkpoint"))
    assert again.variables["fc/biases"] == 7
    with pytest.raises(ValueError, match=r"init_fn gave 'fc/biases' with shape \(2,\), but it has shape \(1,\)"):
        train(tmp_path / "b", 0, init_fn=lambda variables: {"fc/biases": np.zeros(2)})
    with pytest.raises(KeyError, match="no variable 'fc/bias'"):
        train(tmp_path / "c", 0, init_fn=lambda variables: {"fc/bias": np.zeros(1)})
    with pytest.raises(TypeError, match="init_fn must return a mapping variable name -> array, got NoneType"):
        train(tmp_path / "d", 0, init_fn=lambda variables: None)


def test_a_checkpoint_of_another_model_is_refused_and_left_alone(tmp_path):
    train(tmp_path, 3)

    def other(batch):
        return jnp.mean(slim.fully_connected(batch["x"], 2, scope="fc") ** 2)

    with pytest.raises(CheckpointError) as caught:
        train(tmp_path, 5, loss=other)
    for part in ("variables/norm/beta", "variables/fc/biases", "[1] in the checkpoint, [2] in the program"):
        assert part in str(caught.value)
    assert slim.checkpoints.load_variables(tmp_path)["global_step"] == 3


def test_another_optimizer_is_noticed_and_has_a_way_out(tmp_path):
    first = train(tmp_path / "a", 3)
    with pytest.raises(
        CheckpointError, match=r"was the optimizer changed\? To go on with the new one, train in another"
    ):
        train(tmp_path / "a", 5, optimizer=optax.adam(0.1))

    def init_fn(variables):
        return slim.checkpoints.load_variables(tmp_path / "a").select(exclude="global_step")

    again = train(tmp_path / "b", 0, optimizer=optax.adam(0.1), init_fn=init_fn)
    np.testing.assert_array_equal(again.variables["fc/weights"], first.variables["fc/weights"])
    assert again.variables["global_step"] == 0


def test_a_directory_that_cannot_be_written_is_refused_before_anything_runs(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match=r"cannot write in .*file/run"):
        train(tmp_path / "file" / "run", 5, batches=iter([pytest.fail] * 0))


def test_refusals(tmp_path):
    with pytest.raises(ValueError, match="number_of_steps must be None or at least 0, got -1"):
        train(tmp_path, -1)
    with pytest.raises(TypeError, match=r"train_op must be what slim.learning.create_train_op returned, got function"):
        slim.learning.train(loss_fn, str(tmp_path), [])
    with pytest.raises(ValueError, match="made with global_step=None"):
        train(tmp_path, 1, options={"global_step": None})


def test_only_the_newest_checkpoints_are_kept(tmp_path):
    train(tmp_path, 8, save_interval_secs=0, max_to_keep=3)
    with Checkpoints(tmp_path) as checkpoints:
        assert checkpoints.steps() == [6, 7, 8]


def test_the_source_may_reuse_its_buffers(tmp_path):
    def batches():
        buffer = {name: np.empty_like(array[:8]) for name, array in DATA.items()}
        for batch in slim.data.Batches(DATA, 8):
            for name, array in batch.items():
                buffer[name][:] = array
            yield buffer

    fresh, reused = train(tmp_path / "a", 20), train(tmp_path / "b", 20, batches())
    np.testing.assert_array_equal(fresh.variables["fc/weights"], reused.variables["fc/weights"])


def test_states_become_named_arrays_and_back():
    train_op = slim.learning.create_train_op(loss_fn, optax.adam(0.1))
    state = train_op.init(jax.random.key(0), {name: array[:8] for name, array in DATA.items()})
    arrays = named_arrays(state)
    assert {"variables/fc/biases", "optimizer/0/mu/fc/weights", "optimizer/0/count", "rng"} <= set(arrays)
    back = state_like(jax.eval_shape(lambda: state), arrays, jax.random.key(1))
    assert back.rng == state.rng
    assert jax.tree.structure(back) == jax.tree.structure(state)


def test_the_training_loop_runs_no_python_of_the_program(tmp_path):
    traced = []

    def loss(batch):
        traced.append(1)
        return loss_fn(batch)

    train(tmp_path, 3, loss=loss)
    few = len(traced)
    train(tmp_path / "more", 30, loss=loss)
    assert len(traced) == 2 * few
