"""`tf.train.ClusterSpec`, `Server`, `replica_device_setter`: the pieces of distributed programs, on one machine."""

import itertools
from collections.abc import Callable
from typing import Any

from jax_slim.tf1.files import protos
from jax_slim.tf1.graph import devices, shapes
from jax_slim.tf1.python import logging

_ports = itertools.count(20000)


class ClusterSpec:
    """The jobs of a cluster and the addresses of their tasks: a dictionary of lists (or of dictionaries), or a ClusterDef."""

    def __init__(self, cluster: Any) -> None:
        self._jobs: dict[str, dict[int, str]] = {}
        if isinstance(cluster, ClusterSpec):
            self._jobs = {job: dict(tasks) for job, tasks in cluster._jobs.items()}
        elif isinstance(cluster, dict):
            for job, tasks in cluster.items():
                if isinstance(tasks, dict):
                    self._jobs[job] = {int(k): v for k, v in sorted(tasks.items())}
                elif isinstance(tasks, list | tuple):
                    self._jobs[job] = dict(enumerate(tasks))
                else:
                    raise TypeError(
                        f"The tasks for job {job!r} must be a list or a dictionary from integers to strings."
                    )
        elif hasattr(cluster, "job"):
            self._jobs = {job.name: {k: job.tasks[k] for k in sorted(job.tasks)} for job in cluster.job}
        else:
            raise TypeError(
                "`cluster` must be a dictionary mapping one or more job names to lists of network addresses, or a `ClusterDef` protocol buffer"
            )
        for job, tasks in self._jobs.items():
            for address in tasks.values():
                if not isinstance(address, str):
                    raise TypeError(f"Task addresses must be strings, got {address!r} in job {job!r}.")

    def as_dict(self) -> dict[str, Any]:
        """Job -> list of addresses (or a dictionary, where numbers are missing)."""
        return {job: list(t.values()) if list(t) == list(range(len(t))) else dict(t) for job, t in self._jobs.items()}

    def as_cluster_def(self) -> Any:
        """A ClusterDef."""
        made = protos.ClusterDef()
        for job, tasks in sorted(self._jobs.items()):
            entry = made.job.add(name=job)
            for number, address in sorted(tasks.items()):
                entry.tasks[number] = address
        return made

    @property
    def jobs(self) -> list[str]:
        """The names of the jobs."""
        return list(self._jobs)

    def num_tasks(self, job_name: str) -> int:
        """How many tasks a job has."""
        return len(self._job(job_name))

    def task_indices(self, job_name: str) -> list[int]:
        """Their numbers."""
        return sorted(self._job(job_name))

    def task_address(self, job_name: str, task_index: int) -> str:
        """The address of a task."""
        tasks = self._job(job_name)
        if task_index not in tasks:
            raise ValueError(f"No task with index {task_index!r} in job {job_name!r}")
        return tasks[task_index]

    def job_tasks(self, job_name: str) -> list[Any]:
        """The addresses of a job by number."""
        tasks = self._job(job_name)
        return [tasks.get(i) for i in range(max(tasks) + 1)] if tasks else []

    def _job(self, job_name: str) -> dict[int, str]:
        if job_name not in self._jobs:
            raise ValueError(f"No such job in cluster: {job_name!r}")
        return self._jobs[job_name]

    def __bool__(self) -> bool:
        return bool(self._jobs)

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, ClusterSpec) and self._jobs == other._jobs

    def __ne__(self, other: Any) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return "ClusterSpec({" + ", ".join(f"{k!r}: {v!r}" for k, v in sorted(self.as_dict().items())) + "})"


class Server:
    """A server of this process: sessions with its `target` share the values of their variables. Other machines are not reached."""

    def __init__(
        self,
        server_or_cluster_def: Any,
        job_name: str | None = None,
        task_index: int | None = None,
        protocol: str | None = None,
        config: Any = None,
        start: bool = True,
    ) -> None:
        given = server_or_cluster_def
        if hasattr(given, "cluster") and hasattr(given, "job_name"):
            self._server_def = protos.ServerDef()
            self._server_def.CopyFrom(given)
        else:
            spec = ClusterSpec(given)
            if not job_name and len(spec.jobs) == 1:
                job_name = spec.jobs[0]
            if not job_name:
                raise ValueError("Must specify an explicit job_name")
            if task_index is None:
                if spec.num_tasks(job_name) != 1:
                    raise ValueError("Must specify an explicit task_index")
                task_index = spec.task_indices(job_name)[0]
            self._server_def = protos.ServerDef(
                cluster=spec.as_cluster_def(), job_name=job_name, task_index=task_index, protocol=protocol or "grpc"
            )
        _warn_of_others(ClusterSpec(self._server_def.cluster), self._server_def.job_name)
        if config is not None and hasattr(config, "SerializeToString"):
            self._server_def.default_session_config.MergeFromString(config.SerializeToString())
        address = ClusterSpec(self._server_def.cluster).task_address(
            self._server_def.job_name, self._server_def.task_index
        )
        port = address.rpartition(":")[2]
        number = int(port) if port.isdigit() and int(port) else next(_ports)
        self._target = f"grpc://localhost:{number}"

    server_def = property(lambda self: self._server_def)
    target = property(lambda self: self._target)

    def start(self) -> None:
        """Nothing to do: it is there."""

    def join(self) -> None:
        """Waits for ever, as a parameter server does."""
        import threading

        threading.Event().wait()

    @staticmethod
    def create_local_server(config: Any = None, start: bool = True) -> "Server":
        """A server of a cluster of one task, `/job:local/task:0`."""
        return Server({"local": [f"localhost:{next(_ports)}"]}, protocol="grpc", config=config, start=start)


def _warn_of_others(spec: ClusterSpec, job: str) -> None:
    """Says that workers are not joined, where a program expects it of a cluster of several."""
    workers = sum(spec.num_tasks(name) for name in spec.jobs if name not in ("ps", "evaluator"))
    if workers > 1 and job != "ps":
        logging.warning(
            "tf.train.Server: the cluster has %d workers, but this process trains alone: processes share no variables here. "
            "In their place one process of jax_slim.learning.train(mesh=...) uses all devices of a machine.",
            workers,
        )


STANDARD_PS_OPS = (
    "Variable",
    "VariableV2",
    "AutoReloadVariable",
    "MutableHashTable",
    "MutableHashTableV2",
    "MutableHashTableOfTensors",
    "MutableHashTableOfTensorsV2",
    "MutableDenseHashTable",
    "MutableDenseHashTableV2",
    "VarHandleOp",
    "BoostedTreesEnsembleResourceHandleOp",
)


class _RoundRobin:
    def __init__(self, tasks: int) -> None:
        self._tasks, self._next = tasks, 0

    def __call__(self, op: Any) -> int:
        chosen = self._next
        self._next = (self._next + 1) % self._tasks
        return chosen


class GreedyLoadBalancingStrategy:
    """As `ps_strategy`: a variable goes to the task whose load is least, by what `load_fn` says of each."""

    def __init__(self, num_tasks: int, load_fn: Callable[[Any], float]) -> None:
        self._load_fn, self._loads = load_fn, [0.0] * num_tasks

    def __call__(self, op: Any) -> int:
        chosen = self._loads.index(min(self._loads))
        self._loads[chosen] += self._load_fn(op)
        return chosen


def byte_size_load_fn(op: Any) -> float:
    """The bytes of an operation's only output.

    Raises:
      ValueError: it has several, or one of unknown shape.
    """
    if len(op.outputs) != 1:
        raise ValueError(f"Op {op} must have a single output")
    shape, kind = op.outputs[0].shape, op.outputs[0].dtype.base_dtype
    # A variable is placed before its output is told the shape.
    shape = shape if shape.is_fully_defined() else shapes.as_shape(op.attrs.get("shape", shape))
    if not shape.is_fully_defined():
        raise ValueError(f"byte_size_load_fn: the shape of {op.name} must be known, got {shape}.")
    return float(kind.size * (shape.num_elements() or 0))


def replica_device_setter(
    ps_tasks: int = 0,
    ps_device: str = "/job:ps",
    worker_device: str = "/job:worker",
    merge_devices: bool = True,
    cluster: Any = None,
    ps_ops: Any = None,
    ps_strategy: Any = None,
) -> Any:
    """A device function: variables go to parameter servers in turn, all else to the worker. None where there are no servers."""
    if cluster is not None:
        spec = cluster.as_dict() if isinstance(cluster, ClusterSpec) else ClusterSpec(cluster).as_dict()
        job = devices.DeviceSpec.from_string(ps_device).job or "ps"
        if job not in spec or not spec[job]:
            return None
        ps_tasks = len(spec[job])
    if ps_tasks == 0:
        return None
    strategy = _RoundRobin(ps_tasks) if ps_strategy is None else ps_strategy
    if not callable(strategy):
        raise TypeError("ps_strategy must be callable")
    chosen_ops = STANDARD_PS_OPS if ps_ops is None else ps_ops

    def device_function(op: Any) -> str:
        current = devices.DeviceSpec.from_string(op.device or "")
        kind = op.type if hasattr(op, "type") else op.op
        if ps_device and kind in chosen_ops:
            chosen = devices.DeviceSpec.from_string(ps_device)
            if chosen.job and (not current.job or current.job == chosen.job):
                chosen.task = strategy(op)
            chosen.merge_from(current)
            return chosen.to_string()
        worker = devices.DeviceSpec.from_string(worker_device or "")
        worker.merge_from(current)
        return worker.to_string()

    return device_function
