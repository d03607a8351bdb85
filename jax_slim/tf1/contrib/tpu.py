"""`tf.contrib.tpu`: programs for several TPU cores, run as TensorFlow runs them with `use_tpu=False`: as one."""

import collections
import contextlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from jax_slim.tf1.graph import building, conversion, dtypes, graphs
from jax_slim.tf1.graph.tensors import Operation
from jax_slim.tf1.python import array, control_flow, layer_base, logging, math, variable_scope
from jax_slim.tf1.python.estimator import Estimator
from jax_slim.tf1.python.estimator_specs import EstimatorSpec, ModeKeys
from jax_slim.tf1.python.estimator_specs import RunConfig as PlainRunConfig
from jax_slim.tf1.python.hook_base import SessionRunArgs, SessionRunHook
from jax_slim.tf1.python.optimizers import Optimizer


class InputPipelineConfig:
    """How cores would get their batches."""

    PER_SHARD_V1, PER_HOST_V1, PER_HOST_V2, BROADCAST = 1, 2, 3, 4


class TPUConfig(NamedTuple):
    """What a TPU would be told. Nothing of it matters here."""

    iterations_per_loop: int = 2
    num_shards: Any = None
    num_cores_per_replica: Any = None
    per_host_input_for_training: Any = True
    tpu_job_name: Any = None
    initial_infeed_sleep_secs: Any = None
    input_partition_dims: Any = None
    eval_training_input_configuration: int = InputPipelineConfig.PER_HOST_V1


class RunConfig(PlainRunConfig):
    """`tf.estimator.RunConfig` with a `tpu_config`; `master` and `cluster` are accepted."""

    def __init__(
        self,
        tpu_config: Any = None,
        evaluation_master: Any = None,
        master: Any = None,
        cluster: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.tpu_config = tpu_config or TPUConfig()
        self.cluster = cluster


_FIELDS = "mode predictions loss train_op eval_metrics export_outputs scaffold_fn host_call training_hooks evaluation_hooks prediction_hooks"


class TPUEstimatorSpec(collections.namedtuple("TPUEstimatorSpec", _FIELDS)):
    """What a `model_fn` for `TPUEstimator` returns.

    Args:
      eval_metrics: (function, tensors): the function of the tensors, a list or dictionary, gives what `eval_metric_ops` is.
      host_call: (function, tensors): what the host computes of each step's tensors.
      scaffold_fn: a function that gives a Scaffold.

    The others are those of `tf.estimator.EstimatorSpec`.
    """

    def __new__(cls, mode: Any, predictions: Any = None, loss: Any = None, train_op: Any = None, eval_metrics: Any = None, export_outputs: Any = None,
                scaffold_fn: Any = None, host_call: Any = None, training_hooks: Any = None, evaluation_hooks: Any = None, prediction_hooks: Any = None) -> "TPUEstimatorSpec":  # fmt: skip
        return super().__new__(cls, mode, predictions, loss, train_op, eval_metrics, export_outputs, scaffold_fn, host_call,
                               tuple(training_hooks or ()), tuple(evaluation_hooks or ()), tuple(prediction_hooks or ()))  # fmt: skip

    def as_estimator_spec(self) -> EstimatorSpec:
        """The same for a plain Estimator: metrics and host calls are made into operations."""
        metrics = _called(self.eval_metrics) if self.eval_metrics else None
        hooks = [_HostCallHook(_called(self.host_call))] if self.host_call else []
        return EstimatorSpec(
            self.mode, predictions=self.predictions, loss=self.loss, train_op=self.train_op, eval_metric_ops=metrics, export_outputs=self.export_outputs,
            scaffold=self.scaffold_fn() if self.scaffold_fn else None, training_hooks=(*self.training_hooks, *hooks),
            evaluation_hooks=(*self.evaluation_hooks, *hooks), prediction_hooks=(*self.prediction_hooks, *hooks),
        )  # fmt: skip


def _called(pair: Any) -> Any:
    function, tensors = pair
    return function(**tensors) if isinstance(tensors, dict) else function(*tensors)


class _HostCallHook(SessionRunHook):
    """Has what a host call has made computed in each step."""

    def __init__(self, made: Any) -> None:
        self._made = layer_base.flatten(made)

    def before_run(self, run_context: Any) -> Any:
        return SessionRunArgs(self._made)


class TPUEstimator(Estimator):
    """An Estimator whose functions get `params["batch_size"]`.

    Args:
      use_tpu: must be taken as False: programs run as one, on whatever device JAX has.
      train_batch_size, eval_batch_size, predict_batch_size: what `params["batch_size"]` is in the three cases.

    The others are `tf.estimator.Estimator`'s; those that a TPU alone would need are accepted.

    Raises:
      ValueError: `params` has a batch_size.
    """

    def __init__(self, model_fn: Any = None, model_dir: Any = None, config: Any = None, params: Any = None, use_tpu: bool = True, train_batch_size: int | None = None,
                 eval_batch_size: int | None = None, predict_batch_size: int | None = None, batch_axis: Any = None, eval_on_tpu: bool = True, export_to_tpu: bool = True,
                 export_to_cpu: bool = True, warm_start_from: Any = None, **unused: Any) -> None:  # fmt: skip
        if params is not None and any(k in params for k in ("batch_size", "context")):
            raise ValueError("batch_size, context are reserved keys but existed in params.")
        if use_tpu:
            logging.info("TPUEstimator: the program runs as one, as with use_tpu=False; JAX chooses the device.")
        self._sizes = {
            ModeKeys.TRAIN: train_batch_size,
            ModeKeys.EVAL: eval_batch_size or train_batch_size,
            ModeKeys.PREDICT: predict_batch_size or train_batch_size,
        }
        self._mode = ModeKeys.TRAIN
        super().__init__(self._adapted(model_fn), model_dir, config or RunConfig(), params or {}, warm_start_from)

    @staticmethod
    def _adapted(model_fn: Any) -> Any:
        import inspect

        taken = inspect.signature(model_fn).parameters

        def plain(features: Any, labels: Any, mode: Any, params: Any, config: Any) -> Any:
            known = {"labels": labels, "mode": mode, "params": params, "config": config}
            spec = model_fn(features, **{name: known[name] for name in taken if name in known})
            return spec.as_estimator_spec() if isinstance(spec, TPUEstimatorSpec) else spec

        return plain

    @property
    def params(self) -> Any:
        import copy

        found: Any = copy.deepcopy(self._params)
        size = self._sizes[self._mode]
        if size is not None:
            if hasattr(found, "add_hparam") and not hasattr(found, "batch_size"):
                found.add_hparam("batch_size", size)
            else:
                found["batch_size"] = size
        return found

    def _call_input_fn(self, input_fn: Any, mode: str) -> Any:
        self._mode = mode
        return super()._call_input_fn(input_fn, mode)

    def _call_model_fn(self, features: Any, labels: Any, mode: str, config: Any) -> Any:
        self._mode = mode
        return super()._call_model_fn(features, labels, mode, config)


class CrossShardOptimizer(Optimizer):
    """An optimizer that would average gradients over cores; here there is one."""

    def __init__(
        self,
        opt: Optimizer,
        reduction: str = "weighted_mean",
        name: str = "CrossShardOptimizer",
        group_assignment: Any = None,
    ) -> None:
        super().__init__(False, name)
        self._opt = opt

    def compute_gradients(self, *args: Any, **kwargs: Any) -> Any:
        return self._opt.compute_gradients(*args, **kwargs)

    def apply_gradients(self, grads_and_vars: Any, global_step: Any = None, name: str | None = None) -> Any:
        return self._opt.apply_gradients(grads_and_vars, global_step, name)

    def get_slot(self, *args: Any, **kwargs: Any) -> Any:
        return self._opt.get_slot(*args, **kwargs)

    def get_slot_names(self, *args: Any, **kwargs: Any) -> list[str]:
        return self._opt.get_slot_names(*args, **kwargs)

    def variables(self) -> list[Any]:
        return self._opt.variables()


def cross_replica_sum(x: Any, group_assignment: Any = None, name: str | None = None) -> Any:
    """The sum over cores: of one."""
    return array.identity(x, name=name)


def initialize_system(*args: Any, **kwargs: Any) -> Any:
    """Nothing to do: a tensor with an empty text."""
    return conversion.constant("", name="ConfigureDistributedTPU")


def shutdown_system(*args: Any, **kwargs: Any) -> Operation:
    """Nothing to do."""
    return control_flow.no_op(name="ShutdownDistributedTPU")


def rewrite(computation: Callable[..., Any], inputs: Any = None, *unused: Any, **more: Any) -> Any:
    """What a computation gives; one tensor as a list of it, only operations as one that waits for them."""
    found = computation(*(inputs or []))
    flat = [f for f in layer_base.flatten(found) if f is not None]
    ops = [f for f in flat if isinstance(f, Operation)]
    if found is None or not [f for f in flat if not isinstance(f, Operation)]:
        with graphs.control_dependencies(ops):
            return control_flow.no_op()
    if isinstance(found, dict):
        return found
    with graphs.control_dependencies(ops):
        return [array.identity(f) for f in flat if not isinstance(f, Operation)]


def batch_parallel(
    computation: Callable[..., Any], inputs: Any = None, num_shards: int = 1, *unused: Any, **more: Any
) -> Any:
    """`rewrite`: the whole batch at once."""
    return rewrite(computation, inputs)


def shard(computation: Callable[..., Any], inputs: Any = None, num_shards: int = 1, *unused: Any, **more: Any) -> Any:
    """`rewrite`: the whole batch at once."""
    return rewrite(computation, inputs)


def repeat(n: int, body: Callable[..., Any], inputs: Any = None, *unused: Any, **more: Any) -> Any:
    """A body n times, each time on what it gave before."""
    values = [conversion.convert_to_tensor(v) for v in (inputs or [])]

    def step(number: Any, *carried: Any) -> Any:
        found = body(*carried)
        found = list(found) if isinstance(found, list | tuple) else [found]
        tensors = [f for f in found if f is not None and not isinstance(f, Operation)]
        with graphs.control_dependencies([f for f in found if isinstance(f, Operation)]):
            return [building.make("AddV2", number, 1), *(array.identity(t) for t in tensors)]

    found = control_flow.while_loop(
        lambda number, *carried: building.make("Less", number, n), step, [conversion.constant(0), *values]
    )
    return found[1:] if values else found[0].op


def outside_compilation(computation: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What a computation gives."""
    return computation(*args, **kwargs)


@contextlib.contextmanager
def bfloat16_scope() -> Iterator[Any]:
    """Variables inside are float32, and what is computed with them has bfloat16."""

    def getter(getter: Any, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("dtype") is not None and dtypes.as_dtype(kwargs["dtype"]).base_dtype == dtypes.bfloat16:
            kwargs["dtype"] = dtypes.float32
            return math.cast(getter(*args, **kwargs), dtypes.bfloat16)
        return getter(*args, **kwargs)

    with variable_scope.variable_scope("", custom_getter=getter) as scope:
        yield scope


class TPUClusterResolver:
    """Where TPUs are in a cluster: nowhere.

    Raises:
      RuntimeError: always.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError(
            "tf.contrib.cluster_resolver.TPUClusterResolver: no cluster can be reached from here. Leave use_tpu False: JAX finds the devices of this machine by itself."
        )
