"""`Session`: holds the values of variables and runs parts of a graph."""

import itertools
import threading
import time
import weakref
from typing import Any

import jax

from jax_slim.tf1.graph import errors, graphs
from jax_slim.tf1.graph.tensors import Operation, Tensor
from jax_slim.tf1.operations import control
from jax_slim.tf1.running import evaluation, executing, feeding, fetching, partial_runs, planning, references

_MOST_PLANS = 512


class BaseSession:
    """What sessions share; see `Session`."""

    def __init__(self, target: str = "", graph: Any = None, config: Any = None) -> None:
        if graph is not None and not isinstance(graph, graphs.Graph):
            raise TypeError(f"graph must be a tf.Graph, but got {type(graph)}")
        if config is not None and not hasattr(config, "gpu_options"):
            raise TypeError(f"config must be a tf.ConfigProto, but got {type(config)}")
        if isinstance(target, bytes):
            target = target.decode()
        if not isinstance(target, str):
            raise TypeError(f"target must be a string, but got {type(target)}")
        self._graph = graph if graph is not None else graphs.get_default_graph()
        self._target, self._config = target, config
        shared = _targets.setdefault(target, _Shared()) if target else _Shared()
        self._shared = shared
        self.lock = shared.lock
        self.variables: dict[str, Any] = shared.variables
        self.resources: dict[Any, Any] = shared.resources
        self._plans: dict[Any, Any] = {}
        self._plans_of = -1
        self._partial_runs: dict[str, partial_runs.PartialRun] = {}
        self._closed = False
        _open_sessions.add(self)

    graph = property(lambda self: self._graph)
    graph_def = property(lambda self: self._graph.as_graph_def())
    sess_str = property(lambda self: self._target)

    def state_on_host(self) -> references.State:
        """The variables for operations that are evaluated one by one."""
        return references.State(self.variables, on_host=True, lock=self.lock)

    def run(self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        """Computes what `fetches` says: a tensor's value, None for an operation, the same structure for structures.

        Args:
          fetches: a tensor, operation, variable or name, or a nested structure of them.
          feed_dict: tensor -> the value that it has in this run.
          options: accepted.
          run_metadata: a RunMetadata whose `step_stats` gets the times of what ran; a program that was compiled is one entry.

        Raises:
          RuntimeError: the session is closed, or the graph is empty.
          TypeError, ValueError: fetches or feeds that do not fit.
          tf.errors.OpError: an operation failed.
        """
        self._check_open()
        feeds = feeding.feeds_of(self._graph, feed_dict)
        _, executables, take = self._plan(fetches, feeds)
        values: dict[Tensor, Any] = dict(feeds)
        try:
            if run_metadata is None:
                for executable in executables:
                    executable.run(values, self)
            else:
                self._run_with_times(executables, values, run_metadata)
            return take(lambda element: self._fetched(element, values))
        except errors.OpError as error:
            if self._closed:  # by another thread: what is missing now depends on how far this run was
                raise errors.CancelledError(None, None, "Session has been closed.") from error
            raise

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("Attempted to use a closed Session.")
        if not self._graph._by_number:
            raise RuntimeError("The Session graph is empty.  Add operations to the graph before calling run().")

    def _run_with_times(
        self, executables: list[executing.Executable], values: dict[Tensor, Any], run_metadata: Any
    ) -> None:
        stats = getattr(run_metadata, "step_stats", None)
        devices: dict[str, Any] = {}
        for executable in executables:
            started = time.time()
            executable.run(values, self)
            # What JAX computes goes on after the call: the entry ends when all of it is there.
            jax.block_until_ready([values[t] for t in executable.part.outputs if isinstance(values.get(t), jax.Array)])
            if stats is not None and hasattr(stats, "dev_stats"):
                _note(stats, devices, executable.part, started, time.time())

    def value_of(self, tensor: Tensor) -> Any:
        """The value of one tensor as operations pass it on: for rows that need what is no input of theirs."""
        _, executables, _ = self._planned(tensor, {})
        values: dict[Tensor, Any] = {}
        for executable in executables:
            executable.run(values, self)
        return values[tensor]

    def _fetched(self, element: Any, values: dict[Tensor, Any]) -> Any:
        if isinstance(element, Operation):
            return None
        value = values.get(element)
        if value is None:
            op = element.op
            if op.type == "Const":
                value = op.attrs["value"]
            else:
                key = references.key_of_tensor(element)
                value = references.Reference(key) if key is not None else None
                if value is None or op.type == "VarHandleOp":
                    raise errors.InvalidArgumentError(None, op, f"{element.name} has no value that can be fetched.")
        if value is control.DEAD:
            raise errors.InvalidArgumentError(
                None,
                element.op,
                f"Retval[0] does not have value: {element.name} is on the side of a Switch that was not taken.",
            )
        if isinstance(value, references.Reference):
            with self.lock:  # a run of another thread takes the array's memory for the value that comes after it
                value = self.variables.get(value.key)
                if value is not None:
                    return fetching.to_python(value)
            raise errors.FailedPreconditionError(
                None, element.op, f"Attempting to use uninitialized value {element.op.name}"
            )
        return fetching.to_python(value)

    def _plan(self, fetches: Any, feeds: dict[Tensor, Any]) -> Any:
        """The parts that fetches need, kept for the next run with the same fetches and feeds."""
        if self._plans_of != self._graph.version:
            self._plans_of, self._plans = self._graph.version, {}
        plans = self._plans  # another thread that finds a new version has others
        key = (_key(fetches), frozenset(feeds)) if feeds else _key(fetches)
        found = plans.get(key)
        if found is None or (found[0] is not fetches and not _same(found[0], fetches)):
            if len(plans) >= _MOST_PLANS:
                plans.clear()
            found = plans[key] = (fetches, self._planned(fetches, feeds))
        return found[1]

    def _planned(self, fetches: Any, feeds: dict[Tensor, Any]) -> Any:
        elements, take = fetching.plan(self._graph, fetches)
        with self._graph._lock:
            needed = planning.needed(elements, feeds)
            units = planning.units_of(needed, None, feeds)
            parts = planning.parts_of(units, elements, feeds)
        for element in elements:
            op = element.op if isinstance(element, Tensor) else element
            if op.type in ("Placeholder", "PlaceholderV2") and op.outputs[0] not in feeds:
                raise evaluation.missing_feed(op)
        return elements, self._graph_executables(parts), take

    def _graph_executables(self, parts: list[planning.Part]) -> list[executing.Executable]:
        """Executables of parts; sessions of one graph share what is compiled for equal parts."""
        shared = _compiled.setdefault(self._graph, {})
        found = []
        for part in parts:
            key = (tuple(u.ops[0] for u in part.units), tuple(part.inputs), tuple(part.outputs), part.host)
            if key not in shared:
                shared[key] = executing.Executable(part)
            found.append(shared[key])
        return found

    def make_callable(self, fetches: Any, feed_list: Any = None, accept_options: bool = False) -> Any:
        """A function of the feeds' values, in the order of `feed_list`, that runs `fetches`."""
        feeds = list(feed_list or [])

        def function(*values: Any, **unused: Any) -> Any:
            return self.run(fetches, dict(zip(feeds, values, strict=True)))

        return function

    def partial_run_setup(self, fetches: Any, feeds: Any = None) -> str:
        """Prepares a run in several steps, for `partial_run`: gives the handle that stands for it.

        Args:
          fetches: all tensors that its steps will fetch together, a structure as for `run`; operations run in the first step
            that can, and cannot be fetched.
          feeds: the tensors that its steps will feed.

        Raises:
          RuntimeError: the session is closed. InvalidArgumentError: no fetches. TypeError: a feed that is no tensor of the graph.
        """
        self._check_open()
        elements, _ = fetching.plan(self._graph, fetches)
        if not elements:
            raise errors.InvalidArgumentError(None, None, "Must specify at least one target to fetch or execute.")
        given = feeding.tensors_of(self._graph, feeds)
        with self._graph._lock:
            made = partial_runs.PartialRun(elements, given)
        handle = f"partial_run_{next(_handles)}"
        self._partial_runs[handle] = made
        return handle

    def partial_run(self, handle: str, fetches: Any, feed_dict: Any = None) -> Any:
        """A step of a run: computes fetches from what was fed in this step and those before; nothing is computed twice.

        What no step fetches is not computed. The handle is used up when everything was fed and fetched.

        Raises:
          InvalidArgumentError: an unknown handle, a feed or fetch that is not of this run or came before, or a fetch that needs
            what was not fed yet. The other errors of `run`.
        """
        self._check_open()
        partial = self._partial_runs.get(handle)
        if partial is None:
            raise errors.InvalidArgumentError(None, None, "Must run 'setup' before performing partial runs!")
        feeds = feeding.feeds_of(self._graph, feed_dict)
        elements, take = fetching.plan(self._graph, fetches)
        with self._graph._lock:
            partial.check(elements, feeds)
            parts = partial.step(elements, feeds)
        values = dict(partial.values)
        for executable in self._graph_executables(parts):
            executable.run(values, self)
        partial.keep(values)
        if partial.is_over:
            del self._partial_runs[handle]
        return take(lambda element: self._fetched(element, values))

    def list_devices(self) -> list[Any]:
        import jax

        return [
            _Device(f"/job:localhost/replica:0/task:0/device:{d.platform.upper()}:{d.id}", d.platform.upper())
            for d in jax.devices()
        ]

    def as_default(self) -> Any:
        """A context in which this is the default session, and stays open after it."""
        return _Default(self)

    def close(self) -> None:
        """Ends the session: its queues and iterators are cancelled, its values dropped."""
        if self._closed or self._target:
            self._closed = True
            return
        with self.lock:  # a run of another thread makes no resource after this: nobody would cancel it
            self._closed = True
            resources = list(self.resources.values())
            self.variables, self.resources = {}, {}
        for resource in resources:
            close = getattr(resource, "cancel", None)
            if close:
                close()

    def __del__(self) -> None:
        try:
            self.close()
        except Exception:  # while the interpreter ends
            return


class Session(BaseSession):
    """`tf.Session(target, graph, config)`: runs operations of a graph and holds its variables' values.

    Opened by `with`, it and its graph are the default ones inside, and it is closed at the end.
    """

    def __enter__(self) -> "Session":
        self._contexts = (self._graph.as_default(), self.as_default())
        self._contexts[0].__enter__()
        self._contexts[1].__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._contexts[1].__exit__(*error)
        self._contexts[0].__exit__(*error)
        self.close()

    @staticmethod
    def reset(target: str, containers: Any = None, config: Any = None) -> None:
        _targets.pop(target, None)


class InteractiveSession(BaseSession):
    """`tf.InteractiveSession()`: is the default session from its making until it is closed."""

    def __init__(self, target: str = "", graph: Any = None, config: Any = None) -> None:
        super().__init__(target, graph, config)
        self._default = self.as_default()
        self._default.__enter__()
        self._default_graph = graph.as_default() if graph is not None else None
        if self._default_graph is not None:
            self._default_graph.__enter__()

    def close(self) -> None:
        if not self._closed:
            super().close()
            if self in graphs.sessions():
                self._default.__exit__(None, None, None)
            if self._default_graph is not None:
                self._default_graph.__exit__(None, None, None)


class _Default:
    def __init__(self, session: BaseSession) -> None:
        self._session = session

    def __enter__(self) -> BaseSession:
        graphs.sessions().append(self._session)
        return self._session

    def __exit__(self, *error: Any) -> None:
        stack = graphs.sessions()
        if self._session in stack:
            stack.reverse()
            stack.remove(self._session)
            stack.reverse()


class _Shared:
    """Values and resources: a session's own, or those of a server's target, which outlive sessions."""

    def __init__(self) -> None:
        self.lock = threading.RLock()  # held while a run gives variables' memory away, and while one is read
        self.variables: dict[str, Any] = {}
        self.resources: dict[Any, Any] = {}


class _Device:
    def __init__(self, name: str, device_type: str) -> None:
        self.name, self.device_type, self.memory_limit_bytes = name, device_type, 0

    def __repr__(self) -> str:
        return f"_DeviceAttributes({self.name}, {self.device_type}, {self.memory_limit_bytes})"


_handles = itertools.count()
_targets: dict[str, _Shared] = {}
_open_sessions: weakref.WeakSet[BaseSession] = weakref.WeakSet()
_compiled: weakref.WeakKeyDictionary[Any, dict[Any, executing.Executable]] = weakref.WeakKeyDictionary()


def _key(fetches: Any) -> Any:
    if isinstance(fetches, list):
        return ("list", *map(_key, fetches))
    if isinstance(fetches, tuple) and not hasattr(fetches, "_fields"):
        return ("tuple", *map(_key, fetches))
    if isinstance(fetches, str):
        return fetches
    return id(fetches)


def _same(before: Any, now: Any) -> bool:
    """Whether two structures with the same key are the same fetches (an id may come again)."""
    if isinstance(now, list | tuple):
        return len(before) == len(now) and all(_same(a, b) for a, b in zip(before, now, strict=True))
    return before is now or (isinstance(now, str) and before == now)


def _note(stats: Any, devices: dict[str, Any], part: planning.Part, started: float, ended: float) -> None:
    """Adds an entry for a part to a StepStats: one for all of its operations, as they are computed together."""
    name = "/job:localhost/replica:0/task:0/device:" + ("CPU:0" if part.host else f"{jax.default_backend().upper()}:0")
    if name not in devices:
        devices[name] = stats.dev_stats.add(device=name)
    ops = [op for unit in part.units for op in unit.ops]
    node = devices[name].node_stats.add(node_name=ops[-1].name)
    node.all_start_micros, node.all_end_rel_micros = int(started * 1e6), max(int((ended - started) * 1e6), 1)
    node.op_end_rel_micros = node.all_end_rel_micros
    names = ", ".join(op.name for op in ops[:20]) + (f", ... ({len(ops)} operations)" if len(ops) > 20 else "")
    node.timeline_label = f"{ops[-1].name} = {ops[-1].type if len(ops) == 1 else 'Program'}({names})"
