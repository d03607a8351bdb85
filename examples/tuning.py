"""Searches a learning rate and a width with Optuna: trials that do badly are stopped early.

    pip install optuna
    python examples/tuning.py [--trials N] [--steps N]

Each trial trains a small net on 2000 handwritten digits, for a few seconds, without writing anything. A callback tells
Optuna the accuracy after each validation, and ends the run where the other trials were better at that step. The last
table lists the trials.
"""

import argparse

import jax.numpy as jnp
import numpy as np

import jax_slim as slim


def net(images, width):
    """[N, 28, 28, 1] digits -> [N, 10] logits."""
    net = slim.conv2d(images.astype(jnp.float32) / 255, width, [5, 5], stride=2, scope="conv1")
    net = slim.conv2d(net, 2 * width, [3, 3], stride=2, scope="conv2")
    return slim.fully_connected(slim.flatten(net), 10, activation_fn=None, scope="logits")


class Pruning(slim.learning.Callback):
    """Tells a trial of Optuna each validation's accuracy, and stops the run where Optuna gives the trial up."""

    def __init__(self, trial):
        self.trial = trial
        self.accuracy = 0.0

    def on_validation(self, run, metrics):
        self.accuracy = metrics["accuracy"]
        self.trial.report(self.accuracy, run.step)
        if self.trial.should_prune():
            run.stop("Optuna gave the trial up")


def objective(trial, steps):
    """Trains with what the trial suggests; returns the accuracy on digits that were not trained on."""
    import optuna

    rate = trial.suggest_float("rate", 1e-3, 1.0, log=True)
    width = trial.suggest_categorical("width", [4, 8])
    digits, held_out = slim.data.digits.load("train"), slim.data.digits.load("test")

    def loss_fn(batch):
        slim.losses.sparse_softmax_cross_entropy(net(batch["image"], width), batch["label"])
        return slim.losses.get_total_loss()

    def metrics_fn(batch):
        predicted = jnp.argmax(net(batch["image"], width), -1)
        return {"accuracy": slim.metrics.streaming_accuracy(predicted, batch["label"])}

    validation = slim.learning.Validation(
        metrics_fn, lambda: slim.data.Batches(held_out, 250, shuffle=False, epochs=1), every_n_steps=max(steps // 4, 1)
    )
    train_op = slim.learning.create_train_op(loss_fn, slim.optimizers.momentum(rate, 0.9), check_numerics=False)
    batches = slim.data.Batches({name: array[:2000] for name, array in digits.items()}, 32, seed=trial.number)
    pruning = Pruning(trial)
    result = slim.learning.train(train_op, None, batches, steps, validation=validation, callbacks=[pruning])
    if result.stopped is not None:
        raise optuna.TrialPruned
    return pruning.accuracy if np.isfinite(result) else 0.0


def main():
    import optuna

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--steps", type=int, default=120, help="training steps of a trial")
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="maximize", sampler=optuna.samplers.TPESampler(seed=0), pruner=optuna.pruners.MedianPruner(4)
    )
    study.optimize(lambda trial: objective(trial, options.steps), n_trials=options.trials)
    for trial in study.trials:
        value = "given up" if trial.state.name == "PRUNED" else f"{trial.value:.1%}"
        print(f"rate {trial.params['rate']:.4f}  width {trial.params['width']}  {value}")
    print(f"Best: {study.best_value:.1%} with {study.best_params}")
    return study


if __name__ == "__main__":
    main()
