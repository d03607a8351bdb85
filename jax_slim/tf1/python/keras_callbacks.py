"""`tf.keras.callbacks`: what models call while they are trained."""

import os
from typing import Any

import numpy as np

from jax_slim.tf1.python import logging


class Callback:
    """Called at the beginning and end of training, of epochs and of batches. `model` and `params` are set before."""

    def __init__(self) -> None:
        self.model: Any = None
        self.params: dict[str, Any] = {}
        self.validation_data = None

    def set_model(self, model: Any) -> None:
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params

    def on_train_begin(self, logs: Any = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Any = None) -> None:
        """After the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Before an epoch."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """After an epoch; `logs` has losses and metrics by name."""

    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch."""

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.on_batch_end(batch, logs)


class History(Callback):
    """Keeps the losses and metrics of each epoch.

    Attributes:
      epoch: the numbers of the epochs.
      history: name -> list of values.
    """

    def on_train_begin(self, logs: Any = None) -> None:
        self.epoch: list[int] = []
        self.history: dict[str, list[Any]] = {}

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


class CallbackList:
    """All callbacks of a training, a History last."""

    def __init__(self, callbacks: Any, model: Any, params: dict[str, Any]) -> None:
        self.history = History()
        self._all = [*(callbacks or []), self.history]
        for callback in self._all:
            callback.set_model(model)
            callback.set_params(params)

    def call(self, name: str, *arguments: Any) -> None:
        """Calls a method of each."""
        name = {"on_batch_begin": "on_train_batch_begin", "on_batch_end": "on_train_batch_end"}.get(name, name)
        for callback in self._all:
            getattr(callback, name)(*arguments)


class LambdaCallback(Callback):
    """Functions as callbacks."""

    def __init__(self, on_epoch_begin: Any = None, on_epoch_end: Any = None, on_batch_begin: Any = None, on_batch_end: Any = None,
                 on_train_begin: Any = None, on_train_end: Any = None, **kwargs: Any) -> None:  # fmt: skip
        super().__init__()
        given = {"on_epoch_begin": on_epoch_begin, "on_epoch_end": on_epoch_end, "on_batch_begin": on_batch_begin, "on_batch_end": on_batch_end,
                 "on_train_begin": on_train_begin, "on_train_end": on_train_end}  # fmt: skip
        self.__dict__.update({name: function for name, function in given.items() if function is not None})


class _Watching(Callback):
    """What looks at one number, which is to fall or to rise."""

    def _watch(self, monitor: str, mode: str, min_delta: float = 0.0) -> None:
        rises = mode == "max" or (mode == "auto" and ("acc" in monitor or monitor.startswith("fmeasure")))
        self.monitor, self._sign, self._delta = monitor, 1.0 if rises else -1.0, abs(min_delta)
        self.best = -self._sign * np.inf

    def _value(self, logs: Any) -> Any:
        found = (logs or {}).get(self.monitor)
        if found is None:
            logging.warning("`%s` is not available. Available metrics are: %s", self.monitor, ",".join(logs or {}))
        return found

    def _better(self, value: float) -> bool:
        return (value - self.best) * self._sign > self._delta


class EarlyStopping(_Watching):
    """Ends training after `patience` epochs without a better value."""

    def __init__(self, monitor: str = "val_loss", min_delta: float = 0, patience: int = 0, verbose: int = 0, mode: str = "auto", baseline: Any = None,
                 restore_best_weights: bool = False) -> None:  # fmt: skip
        super().__init__()
        self._watch(monitor, mode, min_delta)
        self.patience, self.restore_best_weights, self._baseline = patience, restore_best_weights, baseline
        self.wait = self.stopped_epoch = 0
        self._kept: Any = None

    def on_train_begin(self, logs: Any = None) -> None:
        self.wait = self.stopped_epoch = 0
        self.best = -self._sign * np.inf if self._baseline is None else self._baseline

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        value = self._value(logs)
        if value is None:
            return
        if self._better(value):
            self.best, self.wait = value, 0
            self._kept = self.model.get_weights() if self.restore_best_weights else None
            return
        self.wait += 1
        if self.wait >= self.patience:
            self.stopped_epoch, self.model.stop_training = epoch, True
            if self._kept is not None:
                self.model.set_weights(self._kept)


class ModelCheckpoint(_Watching):
    """Saves the variables after epochs: `filepath` may name `{epoch:02d}` and metrics. Files are checkpoints of TensorFlow's form."""

    def __init__(self, filepath: str, monitor: str = "val_loss", verbose: int = 0, save_best_only: bool = False, save_weights_only: bool = False,
                 mode: str = "auto", save_freq: Any = "epoch", period: int = 1, **kwargs: Any) -> None:  # fmt: skip
        super().__init__()
        self._watch(monitor, mode)
        self.filepath, self.save_best_only, self._period = filepath, save_best_only, period

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if (epoch + 1) % self._period:
            return
        if self.save_best_only:
            value = self._value(logs)
            if value is None or not self._better(value):
                return
            self.best = value
        path = self.filepath.format(epoch=epoch + 1, **(logs or {}))
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        self.model.save_weights(path)


class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch: `schedule(epoch)` or `schedule(epoch, rate)`."""

    def __init__(self, schedule: Any, verbose: int = 0) -> None:
        super().__init__()
        self.schedule = schedule

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        from jax_slim.tf1.python import keras_backend

        try:
            rate = self.schedule(epoch, float(keras_backend.get_value(self.model.optimizer.lr)))
        except TypeError:
            rate = self.schedule(epoch)
        self.model.optimizer.lr = rate

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        from jax_slim.tf1.python import keras_backend

        if logs is not None:
            logs["lr"] = float(keras_backend.get_value(self.model.optimizer.lr))


class ReduceLROnPlateau(_Watching):
    """Multiplies the learning rate by `factor` after `patience` epochs without a better value."""

    def __init__(self, monitor: str = "val_loss", factor: float = 0.1, patience: int = 10, verbose: int = 0, mode: str = "auto",
                 min_delta: float = 1e-4, cooldown: int = 0, min_lr: float = 0, **kwargs: Any) -> None:  # fmt: skip
        super().__init__()
        if factor >= 1.0:
            raise ValueError("ReduceLROnPlateau does not support a factor >= 1.0.")
        self._watch(monitor, mode, min_delta)
        self.factor, self.patience, self.cooldown, self.min_lr = factor, patience, cooldown, min_lr
        self.wait = self._cooling = 0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        from jax_slim.tf1.python import keras_backend

        value = self._value(logs)
        if value is None:
            return
        if self._cooling:
            self._cooling, self.wait = self._cooling - 1, 0
        if self._better(value):
            self.best, self.wait = value, 0
        elif not self._cooling:
            self.wait += 1
            if self.wait >= self.patience:
                rate = float(keras_backend.get_value(self.model.optimizer.lr))
                self.model.optimizer.lr = max(rate * self.factor, self.min_lr)
                self._cooling, self.wait = self.cooldown, 0


class TensorBoard(Callback):
    """Writes the losses and metrics of each epoch as summaries `epoch_<name>`, and the graph."""

    def __init__(self, log_dir: str = "logs", histogram_freq: int = 0, write_graph: bool = True, **kwargs: Any) -> None:
        super().__init__()
        self.log_dir, self._write_graph = log_dir, write_graph
        self._writer: Any = None

    def on_train_begin(self, logs: Any = None) -> None:
        from jax_slim.tf1.graph import graphs
        from jax_slim.tf1.python import summary_writer

        self._writer = summary_writer.FileWriter(
            self.log_dir, graphs.get_default_graph() if self._write_graph else None
        )

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        from jax_slim.tf1.files import protos

        values = [protos.Summary.Value(tag=f"epoch_{name}", simple_value=float(v)) for name, v in (logs or {}).items()]
        self._writer.add_summary(protos.Summary(value=values), epoch)
        self._writer.flush()

    def on_train_end(self, logs: Any = None) -> None:
        self._writer.close()
