"""Trackers hear of a run what its scalars file holds."""

import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jax_slim as slim

X = np.random.default_rng(0).normal(size=(16, 3)).astype(np.float32)
DATA = {"x": X, "y": X.sum(1)}


class Aim:
    """A run of Aim, as far as it is used."""

    def __init__(self):
        self.told = []

    def track(self, metrics, name=None, step=None):
        self.told.append((metrics, step))


class WandB:
    """A run of W&B. It has more methods, whose names are those of other clients in none."""

    def __init__(self):
        self.told = []

    def log(self, data, step=None, commit=None):
        self.told.append((data, step))


class MLflow:
    """The module `mlflow`."""

    def __init__(self):
        self.told = []

    def log_metrics(self, metrics, step=None):
        self.told.append((metrics, step))


def train(logdir, clients):
    def out(batch):
        return slim.fully_connected(batch["x"], 1, activation_fn=None, scope="fc")[:, 0]

    train_op = slim.learning.create_train_op(lambda batch: jnp.mean((out(batch) - batch["y"]) ** 2), optax.sgd(0.1))
    validation = slim.learning.Validation(
        lambda batch: {"error": slim.metrics.streaming_mean_squared_error(out(batch), batch["y"])},
        lambda: slim.data.Batches(DATA, 8, epochs=1),
        every_n_steps=2,
    )
    slim.learning.train(
        train_op, str(logdir), slim.data.Batches(DATA, 8), 4,
        save_summaries_secs=0, validation=validation, callbacks=[slim.learning.Tracker(client) for client in clients],
    )  # fmt: skip
    return slim.summary.read_scalars(logdir)


def curves(told):
    """As `read_scalars` returns them."""
    points = {}
    for metrics, step in told:
        for name, value in metrics.items():
            points.setdefault(name, {})[step] = value
    return {name: (sorted(values), [values[step] for step in sorted(values)]) for name, values in points.items()}


def test_every_client_hears_what_the_scalars_file_holds(tmp_path):
    told = []
    clients = [Aim(), WandB(), MLflow(), lambda metrics, step: told.append((metrics, step))]
    scalars = train(tmp_path, clients)
    assert set(scalars) == {"total_loss", "global_step/sec", "validation/error"}
    assert scalars["total_loss"][0] == [1, 2, 3, 4]
    for heard in (*(client.told for client in clients[:3]), told):
        assert curves(heard) == scalars


def test_of_several_processes_the_first_one_tells(monkeypatch):
    client = WandB()
    tracker = slim.learning.Tracker(client)
    monkeypatch.setattr("jax.process_index", lambda: 1)
    tracker.on_validation(type("Run", (), {"step": 3}), {"accuracy": 0.5})
    assert client.told == []
    monkeypatch.setattr("jax.process_index", lambda: 0)
    tracker.on_validation(type("Run", (), {"step": 3}), {"accuracy": 0.5, "matrix": np.eye(2)})
    assert client.told == [({"validation/accuracy": 0.5}, 3)]


def test_refuses_what_is_no_client():
    with pytest.raises(TypeError, match=r"client must be a run of W&B or Aim, .* got 'wandb'"):
        slim.learning.Tracker("wandb")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # MLflow calls deprecated functions of others
def test_mlflow_s_own_store_holds_the_curves(tmp_path):
    mlflow = pytest.importorskip("mlflow")
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")  # the store of a machine without a server
    with mlflow.start_run() as run:
        scalars = train(tmp_path / "run", [mlflow])
    history = mlflow.MlflowClient().get_metric_history(run.info.run_id, "validation/error")
    assert [(point.step, point.value) for point in history] == list(zip(*scalars["validation/error"], strict=True))
