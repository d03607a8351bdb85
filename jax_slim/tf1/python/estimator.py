"""`tf.estimator.Estimator`: trains, evaluates, predicts and exports what a `model_fn` builds, each in a graph of its own."""

import copy
import inspect
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from jax_slim.tf1.files import protos
from jax_slim.tf1.graph import graphs
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.python import (
    checkpoint_initialization,
    checkpoint_management,
    control_flow,
    estimator_export,
    estimator_inputs,
    global_step,
    logging,
    metrics_means,
    monitored_session,
    random,
    saved_model,
    saver,
    summary,
    summary_writer,
)
from jax_slim.tf1.python import hooks as session_hooks  # fmt: skip
from jax_slim.tf1.python.estimator_specs import EstimatorSpec, ModeKeys, RunConfig, WarmStartSettings
from jax_slim.tf1.python.hook_base import SessionRunHook
from jax_slim.tf1.running import session


class _StopAfter(SessionRunHook):
    """Ends an evaluation after so many batches."""

    def __init__(self, steps: int) -> None:
        self._steps, self._every, self._done = steps, max(1, steps // 10) if steps >= 20 else 1, 0

    def after_run(self, run_context: Any, run_values: Any) -> None:
        self._done += 1
        if self._done % self._every == 0 or self._done == self._steps:
            logging.info("Evaluation [%d/%d]", self._done, self._steps)
        if self._done >= self._steps:
            run_context.request_stop()


def _parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(inspect.signature(function).parameters)


class Estimator:
    """A model and its checkpoints.

    Args:
      model_fn: `(features, labels, mode, params, config)` -> EstimatorSpec; it may leave out all but the first.
      model_dir: where checkpoints and summaries are; a temporary folder without one.
      config: a RunConfig.
      params: what `model_fn` gets as `params`.
      warm_start_from: a checkpoint, or WarmStartSettings, that new variables start from.

    Raises:
      ValueError: a `model_fn` that does not take what it is to get, two model folders.
    """

    def __init__(
        self, model_fn: Any, model_dir: Any = None, config: Any = None, params: Any = None, warm_start_from: Any = None
    ) -> None:
        config = RunConfig() if config is None else config
        if not isinstance(config, RunConfig):
            raise ValueError(f"config must be an instance of `RunConfig`, but provided {config}.")
        model_dir = None if model_dir is None else os.fspath(model_dir)
        if model_dir and config.model_dir and os.fspath(config.model_dir) != model_dir:
            raise ValueError(
                "`model_dir` are set both in constructor and `RunConfig`, but with different values. "
                f"In constructor: '{model_dir}', in `RunConfig`: '{config.model_dir}' "
            )
        folder = model_dir or config.model_dir
        if not folder:
            folder = tempfile.mkdtemp()
            logging.warn("Using temporary folder as model directory: %s", folder)
        self._config = config.replace(model_dir=os.fspath(folder))
        logging.info("Using config: %s", self._config.__dict__)
        if model_fn is None:
            raise ValueError("model_fn must be provided to Estimator.")
        taken = _parameters(model_fn)
        if "features" not in taken and not any(
            p.kind is p.VAR_POSITIONAL for p in inspect.signature(model_fn).parameters.values()
        ):
            raise ValueError(f"model_fn ({model_fn}) must include features argument.")
        if params is not None and "params" not in taken:
            raise ValueError(
                f"model_fn ({model_fn}) does not include params argument, but params ({params}) is passed to Estimator."
            )
        self._model_fn, self._params = model_fn, copy.deepcopy(params or {})
        if warm_start_from is not None and not isinstance(warm_start_from, WarmStartSettings):
            warm_start_from = WarmStartSettings(warm_start_from)
        self._warm_start_settings = warm_start_from

    config = property(lambda self: copy.copy(self._config))
    model_dir = property(lambda self: self._config.model_dir)
    params = property(lambda self: copy.deepcopy(self._params))

    @property
    def model_fn(self) -> Callable[..., Any]:
        """`model_fn(features, labels, mode, config)`, with the parameters filled in."""
        return lambda features, labels, mode, config: self._call_model_fn(features, labels, mode, config)

    def latest_checkpoint(self) -> str | None:
        """The path of the newest checkpoint, or None."""
        return checkpoint_management.latest_checkpoint(self.model_dir)

    def get_variable_names(self) -> list[str]:
        """The names of the newest checkpoint's variables."""
        self._needs_checkpoint()
        return [name for name, _ in checkpoint_management.list_variables(self.model_dir)]

    def get_variable_value(self, name: str) -> Any:
        """A variable's value in the newest checkpoint."""
        self._needs_checkpoint()
        return checkpoint_management.load_variable(self.model_dir, name)

    def _needs_checkpoint(self) -> None:
        if not self.latest_checkpoint():
            raise ValueError("Estimator has not been trained yet.")

    # Training.

    def train(
        self,
        input_fn: Any,
        hooks: Any = None,
        steps: int | None = None,
        max_steps: int | None = None,
        saving_listeners: Any = None,
    ) -> "Estimator":
        """Trains on from the newest checkpoint, and saves.

        Args:
          input_fn: gives (features, labels), or a data set of them.
          hooks: hooks of the session.
          steps: how many steps more.
          max_steps: up to which global step.
          saving_listeners: told when checkpoints are saved.

        Raises:
          ValueError: both numbers of steps, or one below 1.
        """
        if steps is not None and max_steps is not None:
            raise ValueError("Can not provide both steps and max_steps.")
        if steps is not None and steps <= 0:
            raise ValueError(f"Must specify steps > 0, given: {steps}")
        if max_steps is not None and max_steps <= 0:
            raise ValueError(f"Must specify max_steps > 0, given: {max_steps}")
        if max_steps is not None and self._saved_step() >= max_steps:
            logging.info("Skipping training since max_steps has already saved.")
            return self
        hooks = _checked(hooks)
        if steps is not None or max_steps is not None:
            hooks.append(session_hooks.StopAtStepHook(steps, max_steps))
        loss = self._train(input_fn, hooks, list(saving_listeners or ()))
        logging.info("Loss for final step: %s.", loss)
        return self

    def _saved_step(self) -> int:
        path = self.latest_checkpoint()
        return int(checkpoint_management.load_variable(path, GraphKeys.GLOBAL_STEP)) if path else 0

    def _train(self, input_fn: Any, hooks: list[Any], listeners: list[Any]) -> Any:
        config, worker_hooks = self._config, []
        with graphs.Graph().as_default() as graph, graphs.device(config.device_fn):
            random.set_random_seed(config.tf_random_seed)
            step = self._create_global_step(graph)
            global_step.get_or_create_global_step_read(graph)
            features, labels, input_hooks = estimator_inputs.parsed(self._call_input_fn(input_fn, ModeKeys.TRAIN))
            worker_hooks.extend(input_hooks)
            spec = self._call_model_fn(features, labels, ModeKeys.TRAIN, self.config)
            if self._warm_start_settings:
                logging.info("Warm-starting with WarmStartSettings: %s", self._warm_start_settings)
                checkpoint_initialization.warm_start(*self._warm_start_settings)
            graph.add_to_collection(GraphKeys.LOSSES, spec.loss)
            worker_hooks.extend(hooks)
            worker_hooks += [session_hooks.NanTensorHook(spec.loss)]
            if config.log_step_count_steps is not None:
                worker_hooks += [
                    session_hooks.LoggingTensorHook(
                        {"loss": spec.loss, "step": step}, every_n_iter=config.log_step_count_steps
                    )
                ]
            worker_hooks.extend(spec.training_hooks)
            if not any(s.op.name == "loss" for s in graph.get_collection(GraphKeys.SUMMARIES)):
                summary.scalar("loss", spec.loss)
            if not (spec.scaffold.saver or graph.get_collection(GraphKeys.SAVERS)):
                graph.add_to_collection(GraphKeys.SAVERS, saver.Saver(
                    sharded=True, max_to_keep=config.keep_checkpoint_max, keep_checkpoint_every_n_hours=config.keep_checkpoint_every_n_hours,
                    defer_build=True, save_relative_paths=True))  # fmt: skip
            chief_hooks = self._saving_hooks(spec, worker_hooks, listeners)
            loss, any_step = None, False
            with monitored_session.MonitoredTrainingSession(
                master=config.master, checkpoint_dir=self.model_dir, scaffold=spec.scaffold, hooks=worker_hooks,
                chief_only_hooks=[*chief_hooks, *spec.training_chief_hooks], save_checkpoint_secs=0, save_checkpoint_steps=None,
                save_summaries_steps=config.save_summary_steps, config=config.session_config, log_step_count_steps=config.log_step_count_steps,
            ) as running:  # fmt: skip
                while not running.should_stop():
                    _, loss = running.run([spec.train_op, spec.loss])
                    any_step = True
            if not any_step:
                logging.warn("Training with estimator made no steps. Perhaps input is empty or misspecified.")
            return loss

    def _saving_hooks(self, spec: Any, worker_hooks: list[Any], listeners: list[Any]) -> list[Any]:
        """A hook that saves, where none of the program's does; the listeners go to whichever it is."""
        config = self._config
        given = [
            h for h in (*worker_hooks, *spec.training_chief_hooks) if isinstance(h, session_hooks.CheckpointSaverHook)
        ]
        if given:
            given[0]._listeners.extend(listeners)
            return []
        if config.save_checkpoints_secs or config.save_checkpoints_steps:
            return [session_hooks.CheckpointSaverHook(self.model_dir, save_secs=config.save_checkpoints_secs, save_steps=config.save_checkpoints_steps,
                                                      scaffold=spec.scaffold, listeners=listeners)]  # fmt: skip
        if listeners:
            raise ValueError(
                "There should be a CheckpointSaverHook to use saving_listeners. Please set one of the RunConfig.save_checkpoints_*."
            )
        return []

    # Evaluation.

    def evaluate(
        self,
        input_fn: Any,
        steps: int | None = None,
        hooks: Any = None,
        checkpoint_path: Any = None,
        name: str | None = None,
    ) -> dict[str, Any]:
        """Evaluates a checkpoint, the newest by default.

        Args:
          steps: how many batches; None goes to the end of the data.
          name: names the folder of its summaries, `eval_<name>`.

        Returns:
          The metrics by name, with `loss` and `global_step`.

        Raises:
          ValueError: a number of steps below 1, metrics called `loss` or `global_step`.
        """
        if steps is not None and steps <= 0:
            raise ValueError(f"Must specify steps > 0, given: {steps}")
        hooks = _checked(hooks)
        if steps is not None:
            hooks.append(_StopAfter(steps))
        folder = os.path.join(self.model_dir, f"eval_{name}" if name else "eval")
        path = self._checkpoint(checkpoint_path, "evaluate")
        with graphs.Graph().as_default() as graph, graphs.device(self._config.device_fn):
            random.set_random_seed(self._config.tf_random_seed)
            step = self._create_global_step(graph)
            features, labels, input_hooks = estimator_inputs.parsed(self._call_input_fn(input_fn, ModeKeys.EVAL))
            spec = self._call_model_fn(features, labels, ModeKeys.EVAL, self.config)
            metrics = dict(spec.eval_metric_ops)
            for reserved in ("loss", GraphKeys.GLOBAL_STEP):
                if reserved in metrics:
                    raise ValueError(
                        f'Metric with name "{reserved}" is not allowed, because Estimator already defines a default metric with the same name.'
                    )
            metrics["loss"] = metrics_means.mean(spec.loss)
            updates = control_flow.group(*(metrics[key][1] for key in sorted(metrics)))
            values = {key: metrics[key][0] for key in sorted(metrics)}
            values[GraphKeys.GLOBAL_STEP] = step
            final = session_hooks.FinalOpsHook(values)
            logging.info("Starting evaluation at %s", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.localtime()))
            creator = monitored_session.ChiefSessionCreator(spec.scaffold, self._config.evaluation_master, self._config.session_config,
                                                            checkpoint_filename_with_path=path)  # fmt: skip
            with monitored_session.MonitoredSession(
                creator, [*input_hooks, *hooks, *spec.evaluation_hooks, final]
            ) as running:
                while not running.should_stop():
                    running.run(updates)
            logging.info("Finished evaluation at %s", time.strftime("%Y-%m-%d-%H:%M:%S", time.localtime()))
            found = final.final_ops_values
        _write_metrics(folder, found, int(found[GraphKeys.GLOBAL_STEP]))
        return found

    def _checkpoint(self, given: Any, purpose: str) -> Any:
        path = given or self.latest_checkpoint()
        if not path:
            logging.info(
                "Could not find trained model in model_dir: %s, running initialization to %s.", self.model_dir, purpose
            )
        return path

    # Prediction.

    def predict(
        self,
        input_fn: Any,
        predict_keys: Any = None,
        hooks: Any = None,
        checkpoint_path: Any = None,
        yield_single_examples: bool = True,
    ) -> Iterator[Any]:
        """Yields the predictions of each example; of each batch without `yield_single_examples`.

        Args:
          predict_keys: names of the predictions that are wanted.

        Raises:
          ValueError: names that no prediction has.
        """
        hooks = _checked(hooks)
        path = self._checkpoint(checkpoint_path, "predict")
        with graphs.Graph().as_default() as graph, graphs.device(self._config.device_fn):
            random.set_random_seed(self._config.tf_random_seed)
            self._create_global_step(graph)
            result = self._call_input_fn(input_fn, ModeKeys.PREDICT)
            input_hooks: list[Any] = []
            if isinstance(result, estimator_inputs.dataset.Dataset):
                iterator = result.make_initializable_iterator()
                input_hooks, result = [estimator_inputs.DatasetInitializerHook(iterator)], iterator.get_next()
            features = result[0] if isinstance(result, list | tuple) and not hasattr(result, "_fields") else result
            spec = self._call_model_fn(features, None, ModeKeys.PREDICT, self.config)
            wanted = _chosen(spec.predictions, predict_keys)
            creator = monitored_session.ChiefSessionCreator(spec.scaffold, self._config.master, self._config.session_config,
                                                            checkpoint_filename_with_path=path)  # fmt: skip
            with monitored_session.MonitoredSession(creator, [*input_hooks, *hooks, *spec.prediction_hooks]) as running:
                while not running.should_stop():
                    batch = running.run(wanted)
                    if not yield_single_examples:
                        yield batch
                    elif not isinstance(wanted, dict):
                        yield from batch
                    else:
                        for number in range(_length(batch)):
                            yield {key: value[number] for key, value in batch.items()}

    # Export.

    def export_saved_model(self, export_dir_base: Any, serving_input_receiver_fn: Any, assets_extra: Any = None, as_text: bool = False, checkpoint_path: Any = None,
                           experimental_mode: str = ModeKeys.PREDICT, strip_default_attrs: bool = True) -> bytes:  # fmt: skip
        """Writes a checkpoint, the newest by default, as a SavedModel, into a folder named by the time.

        Args:
          serving_input_receiver_fn: gives a ServingInputReceiver.
          assets_extra: path below `assets.extra` -> file that is copied there.

        Returns:
          The folder's path.

        Raises:
          ValueError: there is no checkpoint.
        """
        path = checkpoint_path or self.latest_checkpoint()
        if not path:
            raise ValueError(f"Couldn't find trained model at {self.model_dir}.")
        folder = _new_folder(
            os.fspath(export_dir_base) if not isinstance(export_dir_base, bytes) else export_dir_base.decode()
        )
        temporary = os.path.join(os.path.dirname(folder), f"temp-{os.path.basename(folder)}")
        with graphs.Graph().as_default() as graph:
            self._create_global_step(graph)
            random.set_random_seed(self._config.tf_random_seed)
            given = serving_input_receiver_fn()
            features, fed = estimator_export.receivers(given)
            spec = self._call_model_fn(features, None, experimental_mode, self.config)
            signatures = estimator_export.signatures(fed, spec.export_outputs, spec.predictions)
            with session.Session(config=self._config.session_config) as running:
                kept = spec.scaffold.saver or saver.Saver(sharded=True)
                kept.restore(running, path)
                local_init_op = spec.scaffold.local_init_op
                local_init_op = type(spec.scaffold).default_local_init_op() if local_init_op is None else local_init_op
                builder = saved_model.SavedModelBuilder(temporary)
                builder.add_meta_graph_and_variables(
                    running, [{ModeKeys.PREDICT: "serve", ModeKeys.TRAIN: "train", ModeKeys.EVAL: "eval"}[experimental_mode]], signature_def_map=signatures,
                    assets_collection=graph.get_collection(GraphKeys.ASSET_FILEPATHS), main_op=local_init_op, strip_default_attrs=strip_default_attrs,
                )  # fmt: skip
                builder.save(as_text)
        for name, source in (assets_extra or {}).items():
            target = os.path.join(temporary, "assets.extra", name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(source, target)
        os.rename(temporary, folder)
        return folder.encode()

    def export_savedmodel(self, export_dir_base: Any, serving_input_receiver_fn: Any, assets_extra: Any = None, as_text: bool = False, checkpoint_path: Any = None,
                          strip_default_attrs: bool = False) -> bytes:  # fmt: skip
        """`export_saved_model`, by its first name."""
        return self.export_saved_model(
            export_dir_base,
            serving_input_receiver_fn,
            assets_extra,
            as_text,
            checkpoint_path,
            strip_default_attrs=strip_default_attrs,
        )

    # What the program's functions are called with.

    def _create_global_step(self, graph: Any) -> Any:
        step = global_step.create_global_step(graph)
        if not step.dtype.is_integer:
            raise TypeError("Global step must be an integer.")
        return step

    def _call_input_fn(self, input_fn: Any, mode: str) -> Any:
        known = {"mode": mode, "params": self.params, "config": self.config}
        return input_fn(**{name: known[name] for name in _parameters(input_fn) if name in known})

    def _call_model_fn(self, features: Any, labels: Any, mode: str, config: Any) -> Any:
        taken = _parameters(self._model_fn)
        known = {"labels": labels, "mode": mode, "params": self.params, "config": config}
        if labels is not None and "labels" not in taken:
            raise ValueError("model_fn does not take labels, but input_fn returns labels.")
        logging.info("Calling model_fn.")
        spec = self._model_fn(features=features, **{name: known[name] for name in taken if name in known})
        logging.info("Done calling model_fn.")
        if not isinstance(spec, EstimatorSpec):
            raise ValueError("model_fn should return an EstimatorSpec.")
        return spec


def _checked(hooks: Any) -> list[Any]:
    hooks = list(hooks or [])
    for hook in hooks:
        if not hasattr(hook, "before_run"):
            raise TypeError(f"Hooks must be a SessionRunHook, given: {hook}")
    return hooks


def _chosen(predictions: Any, keys: Any) -> Any:
    if not keys:
        return predictions
    if not isinstance(predictions, dict):
        raise ValueError("predict_keys argument is not valid in case of non-dict predictions.")
    found = {key: value for key, value in predictions.items() if key in keys}
    if not found:
        raise ValueError(f"Expected to run at least one output from {list(predictions)}, provided {keys}.")
    return found


def _length(batch: dict[str, Any]) -> int:
    lengths = {key: value.shape[0] for key, value in batch.items()}
    first = next(iter(lengths.values()))
    for key, length in lengths.items():
        if length != first:
            raise ValueError(
                f"Batch length of predictions should be same. {key} has different batch length than others."
            )
    return first


def _new_folder(base: str) -> str:
    """A folder named by the time in seconds, which there is not yet."""
    while True:
        folder = os.path.join(base, str(int(time.time())))
        if not os.path.exists(folder):
            return folder
        time.sleep(1)


def _write_metrics(folder: str, metrics: dict[str, Any], step: int) -> None:
    shown = ", ".join(f"{key} = {value}" for key, value in sorted(metrics.items()) if not isinstance(value, bytes))
    logging.info("Saving dict for global step %d: %s", step, shown)
    writer = summary_writer.FileWriterCache.get(folder)
    message = protos.Summary()
    for key, value in metrics.items():
        if value is None or key == GraphKeys.GLOBAL_STEP:
            continue
        if isinstance(value, bytes):
            message.MergeFromString(value)
        elif np.ndim(value) == 0 and np.asarray(value).dtype.kind in "fiub":
            message.value.add(tag=key, simple_value=float(value))
    writer.add_summary(message, step)
    writer.flush()
