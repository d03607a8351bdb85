"""What an estimator's functions say: `tf.estimator.ModeKeys`, `EstimatorSpec`, `RunConfig`."""

import collections
import copy
from typing import Any, NamedTuple

from jax_slim.tf1.graph import conversion
from jax_slim.tf1.graph.composites import SparseTensor
from jax_slim.tf1.graph.tensors import Operation, Tensor
from jax_slim.tf1.python import array, structures
from jax_slim.tf1.python.scaffold import Scaffold
from jax_slim.tf1.python.variables import Variable


class ModeKeys:
    """What a model is built for."""

    TRAIN, EVAL, PREDICT = "train", "eval", "infer"


_FIELDS = "mode predictions loss train_op eval_metric_ops export_outputs training_chief_hooks training_hooks scaffold evaluation_hooks prediction_hooks"


class EstimatorSpec(collections.namedtuple("EstimatorSpec", _FIELDS)):
    """What a `model_fn` returns.

    Args:
      mode: one of `ModeKeys`.
      predictions: a tensor or a dictionary of tensors; needed to predict.
      loss: a scalar; needed to train and to evaluate.
      train_op: one training step; needed to train.
      eval_metric_ops: name -> (value, update), as `tf.metrics` gives them.
      export_outputs: name -> what `tf.estimator.export` describes.
      training_chief_hooks, training_hooks, evaluation_hooks, prediction_hooks: hooks of the sessions.
      scaffold: initializers and the saver.

    Raises:
      ValueError: what the mode needs is missing.
      TypeError: parts that are of another type.
    """

    def __new__(cls, mode: Any, predictions: Any = None, loss: Any = None, train_op: Any = None, eval_metric_ops: Any = None, export_outputs: Any = None,
                training_chief_hooks: Any = None, training_hooks: Any = None, scaffold: Any = None, evaluation_hooks: Any = None,
                prediction_hooks: Any = None) -> "EstimatorSpec":  # fmt: skip
        if train_op is None:
            if mode == ModeKeys.TRAIN:
                raise ValueError("Missing train_op.")
        elif not isinstance(train_op, Operation | Tensor | Variable):
            raise TypeError(f"train_op must be Operation or Tensor, given: {train_op}")
        loss = _loss(loss, mode)
        if predictions is None:
            if mode == ModeKeys.PREDICT:
                raise ValueError("Missing predictions.")
            predictions = {}
        for value in structures.flatten(predictions):
            if not isinstance(value, Tensor | SparseTensor | Variable):
                raise TypeError(f"predictions must be Tensors, given: {value}")
        eval_metric_ops = {} if eval_metric_ops is None else eval_metric_ops
        if not isinstance(eval_metric_ops, dict):
            raise TypeError(f"eval_metric_ops must be a dict, given: {eval_metric_ops}")
        for name, pair in eval_metric_ops.items():
            if not isinstance(pair, tuple) or len(pair) != 2:
                raise TypeError(
                    f"Values of eval_metric_ops must be (metric_value, update_op) tuples, given: {pair} for key: {name}"
                )
        hooks = [tuple(h or ()) for h in (training_chief_hooks, training_hooks, evaluation_hooks, prediction_hooks)]
        for hook in (h for part in hooks for h in part):
            if not hasattr(hook, "before_run"):
                raise TypeError(f"All hooks must be SessionRunHook instances, given: {hook}")
        scaffold = scaffold or Scaffold()
        if not isinstance(scaffold, Scaffold):
            raise TypeError(f"scaffold must be tf.train.Scaffold. Given: {scaffold}")
        return super().__new__(
            cls, mode, predictions, loss, train_op, eval_metric_ops, export_outputs, hooks[0], hooks[1], scaffold, hooks[2], hooks[3]
        )  # fmt: skip


def _loss(loss: Any, mode: Any) -> Any:
    if loss is None:
        if mode in (ModeKeys.TRAIN, ModeKeys.EVAL):
            raise ValueError("Missing loss.")
        return None
    loss = conversion.convert_to_tensor(loss)
    if loss.get_shape().num_elements() not in (None, 1):
        raise ValueError(f"Loss must be scalar, given: {loss}")
    return loss if loss.get_shape().ndims == 0 else array.reshape(loss, [])


_DEFAULT = object()


class RunConfig:
    """How an estimator runs.

    Args:
      model_dir: where checkpoints and summaries are.
      tf_random_seed: the graph's seed.
      save_summary_steps: how often summaries are written.
      save_checkpoints_steps, save_checkpoints_secs: how often checkpoints are: every 600 seconds by default; both None writes none.
      session_config: the sessions' ConfigProto.
      keep_checkpoint_max, keep_checkpoint_every_n_hours: which checkpoints are kept.
      log_step_count_steps: how often loss and speed are logged.

    The others are accepted: there is one machine here.

    Raises:
      ValueError: steps and seconds are both given.
    """

    task_type, task_id, global_id_in_cluster, is_chief = "worker", 0, 0, True
    num_ps_replicas, num_worker_replicas = 0, 1
    master = evaluation_master = ""
    service = None

    def __init__(self, model_dir: Any = None, tf_random_seed: int | None = None, save_summary_steps: int | None = 100, save_checkpoints_steps: Any = _DEFAULT,
                 save_checkpoints_secs: Any = _DEFAULT, session_config: Any = None, keep_checkpoint_max: int | None = 5, keep_checkpoint_every_n_hours: float = 10000,
                 log_step_count_steps: int | None = 100, train_distribute: Any = None, device_fn: Any = None, protocol: Any = None, eval_distribute: Any = None,
                 experimental_distribute: Any = None, experimental_max_worker_delay_secs: Any = None, session_creation_timeout_secs: float = 7200,
                 **unused: Any) -> None:  # fmt: skip
        if save_checkpoints_steps is _DEFAULT and save_checkpoints_secs is _DEFAULT:
            save_checkpoints_steps, save_checkpoints_secs = None, 600
        elif save_checkpoints_secs is _DEFAULT:
            save_checkpoints_secs = None
        elif save_checkpoints_steps is _DEFAULT:
            save_checkpoints_steps = None
        elif save_checkpoints_steps is not None and save_checkpoints_secs is not None:
            raise ValueError(
                "`save_checkpoints_steps` and `save_checkpoints_secs` cannot be both set: give the other one as None."
            )
        self.cluster_spec: Any = {}
        self.model_dir, self.tf_random_seed, self.save_summary_steps = model_dir, tf_random_seed, save_summary_steps
        self.save_checkpoints_steps, self.save_checkpoints_secs = save_checkpoints_steps, save_checkpoints_secs
        self.session_config, self.keep_checkpoint_max = session_config, keep_checkpoint_max
        self.keep_checkpoint_every_n_hours, self.log_step_count_steps = (
            keep_checkpoint_every_n_hours,
            log_step_count_steps,
        )
        self.train_distribute, self.device_fn, self.protocol, self.eval_distribute = (
            train_distribute,
            device_fn,
            protocol,
            eval_distribute,
        )
        self.session_creation_timeout_secs = session_creation_timeout_secs

    def replace(self, **kwargs: Any) -> "RunConfig":
        """A copy with other values.

        Raises:
          ValueError: no such property.
        """
        made = copy.copy(self)
        if kwargs.get("save_checkpoints_steps") is not None and "save_checkpoints_secs" not in kwargs:
            made.save_checkpoints_secs = None
        if kwargs.get("save_checkpoints_secs") is not None and "save_checkpoints_steps" not in kwargs:
            made.save_checkpoints_steps = None
        for name, value in kwargs.items():
            if name not in self.__dict__:
                raise ValueError(f"Replacing {name} is not supported: only {', '.join(sorted(self.__dict__))} are.")
            setattr(made, name, value)
        return made


class WarmStartSettings(NamedTuple):
    """From which checkpoint which variables start."""

    ckpt_to_initialize_from: Any
    vars_to_warm_start: Any = ".*"
    var_name_to_vocab_info: Any = None
    var_name_to_prev_var_name: Any = None
