"""A run's scalars for experiment trackers: W&B, MLflow, Aim, by their own clients."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax

from jax_slim.learning.callbacks import Callback
from jax_slim.learning.validation import validation_scalars

if TYPE_CHECKING:
    from jax_slim.learning.loop import Run


class Tracker(Callback):
    """Tells an experiment tracker the scalars of a run: a callback for `learning.train`.

        slim.learning.Tracker(wandb.init(project="digits"))
        slim.learning.Tracker(aim.Run(experiment="digits"))
        slim.learning.Tracker(mlflow)                               # the run that is active
        slim.learning.Tracker(lambda metrics, step: print(step, metrics))

    What it is told is what `scalars.jsonl` holds, under the same names: the loss and the summaries whenever they are
    written, 'validation/...' after a validation; without a `logdir` no summaries are written: then validations alone.
    Of several processes the first one tells. The client starts and finishes its runs, and takes parameters and files.

    Args:
      client: a run of Weights & Biases or of Aim, the module `mlflow`; or a function (metrics, step) -> None, where
        metrics are {name: number}.

    Raises:
      TypeError: `client` is none of these.
    """

    def __init__(self, client: Any) -> None:
        self._log = _writer(client)

    def on_summary(self, run: "Run", scalars: dict[str, float]) -> None:
        """Tells the scalars among the summaries."""
        self._tell(scalars, run.step)

    def on_validation(self, run: "Run", metrics: dict[str, Any]) -> None:
        """Tells the metrics that are numbers."""
        self._tell(validation_scalars(metrics), run.step)

    def _tell(self, metrics: dict[str, float], step: int) -> None:
        if metrics and jax.process_index() == 0:
            self._log(metrics, step)


def _writer(client: Any) -> Callable[[dict[str, float], int], Any]:
    """The client's function that takes metrics and a step. Found by its name: no client needs to be installed."""
    for name in ("log_metrics", "track", "log"):  # MLflow's, Aim's, W&B's
        method = getattr(client, name, None)
        if callable(method):
            return lambda metrics, step: method(metrics, step=step)
    if callable(client):
        return client
    raise TypeError(
        "Tracker: client must be a run of W&B or Aim, the module mlflow, or a function (metrics, step), got "
        f"{client!r}."
    )
