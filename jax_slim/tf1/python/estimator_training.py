"""`tf.estimator.train_and_evaluate`, and the exporters that it calls."""

import glob
import os
import shutil
from typing import Any, NamedTuple

from jax_slim.tf1.python import estimator, hooks, logging


class TrainSpec(NamedTuple):
    """What is trained on, up to which global step."""

    input_fn: Any
    max_steps: int | None = None
    hooks: Any = ()


class EvalSpec(NamedTuple):
    """What is evaluated on, how many batches, how often at most, and what is exported then."""

    input_fn: Any
    steps: int | None = 100
    name: str | None = None
    hooks: Any = ()
    exporters: Any = ()
    start_delay_secs: float = 120
    throttle_secs: float = 600


class _EvaluateAfterSaving(hooks.CheckpointSaverListener):
    """Evaluates a checkpoint when it has been saved, if `throttle_secs` have gone by since the last time; the last one in any case."""

    def __init__(self, model: Any, spec: Any, max_steps: int | None) -> None:
        self._estimator, self._spec, self._max_steps = model, spec, max_steps
        self.result: Any = None
        self.exported: list[Any] = []

    def begin(self) -> None:
        self._timer, self._first = hooks.SecondOrStepTimer(every_secs=self._spec.throttle_secs), True

    def after_save(self, session: Any, global_step_value: Any) -> None:
        if self._first:  # what training begins with
            self._first = False
            self._timer.update_last_triggered_step(global_step_value)
        elif not self._timer.should_trigger_for_step(global_step_value):
            logging.info("Skip the current checkpoint eval due to throttle secs (%s secs).", self._spec.throttle_secs)
        else:
            self._evaluate(global_step_value)

    def end(self, session: Any, global_step_value: Any) -> None:
        if global_step_value != self._timer.last_triggered_step():
            self._evaluate(global_step_value)

    def _evaluate(self, step: Any) -> None:
        self._timer.update_last_triggered_step(step)
        spec, path = self._spec, self._estimator.latest_checkpoint()
        self.result = self._estimator.evaluate(
            spec.input_fn, steps=spec.steps, name=spec.name, checkpoint_path=path, hooks=list(spec.hooks or ())
        )
        final = self._max_steps is not None and int(step) >= self._max_steps
        exporters = spec.exporters or ()
        self.exported = [
            e.export(
                self._estimator, os.path.join(self._estimator.model_dir, "export", e.name), path, self.result, final
            )
            for e in (exporters if isinstance(exporters, list | tuple) else [exporters])
        ]


def train_and_evaluate(estimator: Any, train_spec: Any, eval_spec: Any) -> Any:
    """Trains, and evaluates the checkpoints as they are saved.

    Returns:
      (the last metrics, what the exporters gave).

    Raises:
      TypeError: specs of another kind.
    """
    if not isinstance(train_spec, TrainSpec):
        raise TypeError(f"`train_spec` must have type `tf.estimator.TrainSpec`. Got: {type(train_spec)}")
    if not isinstance(eval_spec, EvalSpec):
        raise TypeError(f"`eval_spec` must have type `tf.estimator.EvalSpec`. Got: {type(eval_spec)}")
    logging.info("Running training and evaluation locally (non-distributed).")
    listener = _EvaluateAfterSaving(estimator, eval_spec, train_spec.max_steps)
    estimator.train(
        input_fn=train_spec.input_fn,
        max_steps=train_spec.max_steps,
        hooks=list(train_spec.hooks or ()),
        saving_listeners=[listener],
    )
    return listener.result, listener.exported


class Exporter:
    """What is done with a checkpoint that has been evaluated."""

    name = ""

    def export(
        self, estimator: Any, export_path: str, checkpoint_path: Any, eval_result: Any, is_the_final_export: bool
    ) -> Any:
        """Exports, and gives the path; or None."""
        raise NotImplementedError


class _SavedModelExporter(Exporter):
    def __init__(
        self, name: str, serving_input_receiver_fn: Any, assets_extra: Any = None, as_text: bool = False
    ) -> None:
        self.name = name
        self._receiver, self._assets_extra, self._as_text = serving_input_receiver_fn, assets_extra, as_text

    def _write(self, model: estimator.Estimator, export_path: str, checkpoint_path: Any) -> bytes:
        return model.export_saved_model(
            export_path,
            self._receiver,
            assets_extra=self._assets_extra,
            as_text=self._as_text,
            checkpoint_path=checkpoint_path,
        )


class FinalExporter(_SavedModelExporter):
    """Writes the model as a SavedModel when training has ended."""

    def export(
        self, estimator: Any, export_path: str, checkpoint_path: Any, eval_result: Any, is_the_final_export: bool
    ) -> Any:
        if not is_the_final_export:
            return None
        logging.info("Performing the final export in the end of training.")
        return self._write(estimator, export_path, checkpoint_path)


class LatestExporter(_SavedModelExporter):
    """Writes each checkpoint that is evaluated as a SavedModel, and keeps the last `exports_to_keep`."""

    def __init__(
        self,
        name: str,
        serving_input_receiver_fn: Any,
        assets_extra: Any = None,
        as_text: bool = False,
        exports_to_keep: int | None = 5,
    ) -> None:
        super().__init__(name, serving_input_receiver_fn, assets_extra, as_text)
        if exports_to_keep is not None and exports_to_keep <= 0:
            raise ValueError("`exports_to_keep`, if provided, must be positive number")
        self._exports_to_keep = exports_to_keep

    def export(
        self, estimator: Any, export_path: str, checkpoint_path: Any, eval_result: Any, is_the_final_export: bool
    ) -> Any:
        folder = self._write(estimator, export_path, checkpoint_path)
        if self._exports_to_keep is not None:
            there = sorted(
                (f for f in glob.glob(os.path.join(export_path, "*")) if os.path.basename(f).isdigit()),
                key=lambda f: int(os.path.basename(f)),
            )
            for old in there[: -self._exports_to_keep]:
                shutil.rmtree(old)
        return folder


def _smaller_loss(best_eval_result: Any, current_eval_result: Any) -> bool:
    return current_eval_result["loss"] < best_eval_result["loss"]


class BestExporter(LatestExporter):
    """`LatestExporter` of those checkpoints alone that `compare_fn(best, current)` finds better: of less loss."""

    def __init__(self, name: str = "best_exporter", serving_input_receiver_fn: Any = None, event_file_pattern: Any = None, compare_fn: Any = _smaller_loss,
                 assets_extra: Any = None, as_text: bool = False, exports_to_keep: int | None = 5) -> None:  # fmt: skip
        super().__init__(name, serving_input_receiver_fn, assets_extra, as_text, exports_to_keep)
        self._better, self._best = compare_fn, None

    def export(
        self, estimator: Any, export_path: str, checkpoint_path: Any, eval_result: Any, is_the_final_export: bool
    ) -> Any:
        if self._best is not None and not self._better(best_eval_result=self._best, current_eval_result=eval_result):
            return None
        self._best = eval_result
        return super().export(estimator, export_path, checkpoint_path, eval_result, is_the_final_export)
