"""Validation within a run, callbacks, the generator form, profiles and the scalars file."""

import json

import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jax_slim as slim
from jax_slim.checkpoints.native import Checkpoints
from jax_slim.learning.validation import Validation, Validator
from jax_slim.parallel.meshes import data_mesh

RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 3)).astype(np.float32)
DATA = {"x": X, "y": X @ np.asarray([1.0, -2.0, 0.5], np.float32)}
HELD_OUT = {name: array[:10] for name, array in DATA.items()}


def predictions(batch):
    return slim.fully_connected(batch["x"], 1, activation_fn=None, scope="fc")[:, 0]


def loss_fn(batch):
    return jnp.mean((predictions(batch) - batch["y"]) ** 2)


def eval_fn(batch):
    return {"error": slim.metrics.streaming_mean_squared_error(predictions(batch), batch["y"])}


def held_out():
    return slim.data.Batches(HELD_OUT, 4, shuffle=False, drop_last=False, epochs=1)


def train(logdir, steps, rate=0.1, **options):
    train_op = slim.learning.create_train_op(loss_fn, optax.sgd(rate))
    return slim.learning.train(train_op, logdir, slim.data.Batches(DATA, 8), steps, **options)


def lines(logdir):
    return [json.loads(line) for line in (logdir / "scalars.jsonl").read_text().splitlines()]


def test_validates_and_keeps_the_best(tmp_path, capfd):
    validation = slim.learning.Validation(eval_fn, held_out, every_n_steps=3, best="error", mode="min", keep_best=2)
    result = train(tmp_path, 10, validation=validation)
    validated = {line["step"]: line["validation/error"] for line in lines(tmp_path) if "validation/error" in line}
    assert list(validated) == [3, 6, 9, 10]
    error = np.mean(
        (HELD_OUT["x"] @ result.variables["fc/weights"][:, 0] + result.variables["fc/biases"] - HELD_OUT["y"]) ** 2
    )
    assert validated[10] == pytest.approx(float(error), rel=1e-4)
    with Checkpoints(tmp_path / "best") as best:
        assert best.steps()[-1] == min(validated, key=validated.get)
        assert len(best.steps()) <= 2
    assert Checkpoints(tmp_path).latest_step() == 10
    assert "Step 3: validation/error" in capfd.readouterr().err

    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert [scalar.step for scalar in events.Scalars("validation/error")] == [3, 6, 9, 10]


def test_stops_early_when_nothing_gets_better(tmp_path):
    validation = slim.learning.Validation(eval_fn, held_out, every_n_steps=2, best="error", mode="min", patience=3)
    result = train(tmp_path, 100, rate=0.0, validation=validation)
    assert result.step == 8
    assert "error was no better in 3 validations; the best was" in result.stopped
    assert slim.checkpoints.load_variables(tmp_path)["global_step"] == 8


@pytest.mark.parametrize(
    ("values", "floor", "stale"),
    [
        ([0.0, 0.0, 0.0], None, [0, 1, 2]),
        ([-1.0, 0.0, 0.0, 0.25, 0.0, 0.25, 0.5], 0.0, [0, 0, 0, 0, 1, 2, 0]),
    ],
)
def test_validations_count_once_the_metric_left_its_floor(values, floor, stale):
    validation = slim.learning.Validation(eval_fn, held_out, best="AP", patience=9, floor=floor)
    validator = Validator(validation, slim.parallel.data_mesh(), None)
    found = []
    for step, value in enumerate(values):
        validator._judge({"AP": value}, step)
        found.append(validator.stale)
    assert found == stale


def test_a_resumed_run_judges_as_an_undisturbed_one(tmp_path):
    def validation():
        return slim.learning.Validation(eval_fn, held_out, every_n_steps=2, best="error", mode="min", patience=4)

    train(tmp_path, 6, rate=0.0, validation=validation())  # 2 is the best; 4 and 6 are no better
    result = train(tmp_path, 100, rate=0.0, validation=validation())
    assert result.step == 10


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"batches": held_out()}, TypeError, "batches must be a function that makes the batches anew, got Batches"),
        ({"every_n_steps": 0}, ValueError, "every_n_steps must be 1 or more, got 0"),
        ({"mode": "up"}, ValueError, 'mode must be "max" or "min", got \'up\''),
        ({"patience": 3}, ValueError, "patience=3 needs best="),
        ({"keep_best": 0}, ValueError, "keep_best must be 1 or more, got 0"),
        ({"floor": 0.0}, ValueError, "floor=0.0 needs best="),
    ],
)
def test_refuses(options, error, message):
    with pytest.raises(error, match=message):
        slim.learning.Validation(**{"eval_fn": eval_fn, "batches": held_out, **options})


def test_an_unknown_best_metric_is_refused(tmp_path):
    validation = slim.learning.Validation(eval_fn, held_out, every_n_steps=1, best="accuracy")
    with pytest.raises(ValueError, match=r"best='accuracy' must name a metric that is one number; there are error"):
        train(tmp_path, 3, validation=validation)


def test_callbacks_see_the_run(tmp_path):
    seen = []

    class Watcher(slim.learning.Callback):
        def on_start(self, run):
            seen.append(("start", run.step))

        def on_step(self, run, step):
            assert step.number == run.step
            if step.number == 4:
                run.stop("enough")

        def on_summary(self, run, scalars):
            seen.append(("summary", run.step, sorted(scalars)))

        def on_validation(self, run, metrics):
            seen.append(("validation", run.step, list(metrics)))

        def on_save(self, run):
            seen.append(("save", run.step))
            assert np.isfinite(run.variables["fc/weights"]).all()

        def on_end(self, run):
            seen.append(("end", run.stopped))

    validation = slim.learning.Validation(eval_fn, held_out, every_n_steps=4)
    result = train(tmp_path, 10, validation=validation, callbacks=[Watcher()])
    assert (result.step, result.stopped) == (4, "enough")
    assert seen == [
        ("start", 0),
        ("save", 0),
        ("summary", 1, ["total_loss"]),
        ("validation", 4, ["error"]),
        ("save", 4),
        ("end", "enough"),
    ]


def test_steps_is_train_as_a_loop_of_ones_own(tmp_path):
    whole = train(tmp_path / "train", 6)
    train_op = slim.learning.create_train_op(loss_fn, optax.sgd(0.1))
    numbers, losses = [], []
    for step in slim.learning.steps(train_op, tmp_path / "steps", slim.data.Batches(DATA, 8), 6, save_interval_secs=0):
        numbers.append(step.number)
        losses.append(step.loss)
    assert numbers == [1, 2, 3, 4, 5, 6]
    assert losses[-1] == whole
    saved = slim.checkpoints.load_variables(tmp_path / "steps")
    np.testing.assert_array_equal(saved["fc/weights"], whole.variables["fc/weights"])


def test_leaving_the_loop_saves(tmp_path):
    train_op = slim.learning.create_train_op(loss_fn, optax.sgd(0.1))
    loop = slim.learning.steps(train_op, tmp_path, slim.data.Batches(DATA, 8))
    for step in loop:
        if step.number == 3:
            break
    loop.close()
    assert slim.checkpoints.load_variables(tmp_path)["global_step"] == 3
    with pytest.raises(TypeError, match="unexpected keyword argument 'nonsense'"):
        slim.learning.steps(train_op, tmp_path, [], nonsense=1)
    with pytest.raises(ValueError, match="number_of_steps must be None or at least 0, got -1"):
        slim.learning.steps(train_op, tmp_path, [], -1)


def test_the_scalars_file_holds_what_tensorboard_shows(tmp_path):
    train(tmp_path, 4, save_summaries_secs=0)
    train(tmp_path, 6, save_summaries_secs=0)
    assert [line["step"] for line in lines(tmp_path)] == [1, 2, 3, 4, 5, 6]
    assert all(line["total_loss"] > 0 and line["time"] > 1e9 for line in lines(tmp_path))


def test_profiles(tmp_path):
    train(tmp_path, 3, trace_every_n_steps=2)
    (trace,) = (tmp_path / "plugins" / "profile").iterdir()
    assert any(file.name.endswith(".xplane.pb") for file in trace.iterdir())
    with pytest.raises(ValueError, match="trace_every_n_steps must be None or at least 1, got 0"):
        train(tmp_path, 3, trace_every_n_steps=0)


def test_held_out_batches_without_end_are_refused():
    mesh = data_mesh()
    validation = Validation(lambda batch: {}, lambda: slim.data.Batches({"x": np.zeros((4, 2))}, 2))
    with pytest.raises(ValueError, match="Validation: batches must end where num_evals is None, got Batches"):
        Validator(validation, mesh, None).run({}, 1)
