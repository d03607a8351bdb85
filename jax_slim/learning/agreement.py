"""What the processes of a run decide together: wishes that ride along with the steps, and the step as it is compiled.

Clocks, signals and callbacks differ from process to process, and a save or a histogram that one of them begins alone
would wait for ever. So each sends its wishes with a step, which finds on the devices what anybody wished; all read that
with the step's loss, one step late, and do it after the same step. It costs a few numbers in a step and nothing
between: they are a sum of floats, as gradients are, so that XLA sends them along with those.
"""

import enum
import signal
import sys
from collections.abc import Collection
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from jax_slim.core import processes
from jax_slim.kernels import jit
from jax_slim.kernels.memory import give_back_freed_memory
from jax_slim.learning.options import RunOptions
from jax_slim.learning.train_op import StepResult, TrainState
from jax_slim.parallel.placing import everywhere


class Wish(enum.IntEnum):
    """What a process may wish to happen."""

    SUMMARIES = 0
    SAVE = 1
    STOP = 2
    SIGTERM = 3
    SIGINT = 4


Wishes = frozenset[Wish]
NOTHING: Wishes = frozenset()
SIGNALS = {Wish.SIGTERM: signal.SIGTERM, Wish.SIGINT: signal.SIGINT}


class Alone:
    """The steps of one process: what it wishes holds at once."""

    def __init__(self, options: RunOptions, where: Any) -> None:
        self._compiled = jit(options.train_op, donate_argnums=0, out_shardings=(where, None))
        self._ready = False

    def step(self, state: TrainState, batch: Any, written: bool, wishes: Wishes) -> tuple[TrainState, StepResult]:
        """Sends a step to the device, with its summaries where these are to be written."""
        given = (state, batch, np.bool_(written))
        if not self._ready and not jax.config.jax_disable_jit:  # pyright: ignore[reportAttributeAccessIssue]
            _compile(self._compiled.lower(*given))
            self._ready = True
        return self._compiled(*given)

    def read(self) -> None:
        """Nobody else wishes anything."""

    def settled(self, wishes: Wishes) -> Wishes:
        """What is to be done now."""
        return wishes

    def at_end(self, wishes: Wishes) -> Wishes:
        """What is to be done after the last step."""
        return wishes

    def check(self, state: TrainState, batch: Any) -> None:
        """There is nothing to differ from."""


class Together:
    """The steps of several processes: what any of them wishes, all of them do, some steps later."""

    def __init__(self, options: RunOptions, where: Any, mesh: Mesh) -> None:
        self._options = options
        self._rows = NamedSharding(mesh, PartitionSpec(mesh.axis_names))  # of the wishes: one for each device
        self._devices = mesh.size
        self._sent: dict[Wishes, jax.Array] = {}
        self._told: list[jax.Array] = []  # of the steps whose loss was not read yet
        self._settled = NOTHING
        train_op = options.train_op

        def step(state: TrainState, batch: Any, written: jax.Array, wishes: jax.Array) -> Any:
            state, result = train_op(state, batch, written)
            return state, (result, jnp.sum(wishes, 0))

        # What a step tells is whole on every device: each process reads it without the others.
        self._compiled = jit(step, donate_argnums=0, out_shardings=(where, everywhere(mesh)))

    def step(self, state: TrainState, batch: Any, written: bool, wishes: Wishes) -> tuple[TrainState, StepResult]:
        """Sends a step to the devices, and with it what this process wishes; `written` is the same in all of them."""
        state, (result, told) = self._compiled(state, batch, np.bool_(written), self._placed(wishes))
        self._told.append(told)
        return state, result

    def read(self) -> None:
        """Reads what was wished with the step whose loss was read."""
        if self._told:
            told = np.asarray(self._told.pop(0))
            self._settled = frozenset(wish for wish in Wish if told[wish] > 0)

    def settled(self, wishes: Wishes) -> Wishes:
        """What all processes do now."""
        settled, self._settled = self._settled, NOTHING
        return settled

    def at_end(self, wishes: Wishes) -> Wishes:
        """What is to be done after the last step, where a signal may have come too late for any step."""
        told = "".join(processes.told_by_all("".join(str(int(wish)) for wish in wishes)))
        return frozenset(wish for wish in Wish if str(int(wish)) in told)

    def check(self, state: TrainState, batch: Any) -> None:
        """Refuses other programs in other processes: the step compiled there must be this one."""
        options = self._options
        variables = {name: (value.shape, str(value.dtype)) for name, value in state.variables.items()}
        processes.refuse_differences("train", {"variables": repr(variables), **_run_of(options)})
        lowered = self._compiled.lower(state, batch, np.bool_(False), self._placed(NOTHING))
        processes.refuse_differences("train", {"program of a step": lowered.as_text()})
        # CPUs of several processes that compute together for the first time wait half a minute for each other, and
        # compiling may take one of them longer, as where others find the program in their cache. This waits for ever.
        _compile(lowered)
        processes.told_by_all("compiled")

    def _placed(self, wishes: Wishes) -> jax.Array:
        if wishes not in self._sent:
            mine = np.array([[wish in wishes for wish in Wish]], np.float32)
            shape = (self._devices, len(Wish))
            self._sent[wishes] = jax.make_array_from_callback(shape, self._rows, lambda index: mine)
        return self._sent[wishes]


def steps_of(options: RunOptions, where: Any, mesh: Mesh) -> Alone | Together:
    """The compiled steps of this run; `where` the state lies is a tree of shardings."""
    return Together(options, where, mesh) if processes.several() else Alone(options, where)


def _compile(lowered: Any) -> None:
    """Compiles a step before it is called, so that the first one does not take memory beside what compiling took."""
    lowered.compile()
    give_back_freed_memory()


def refuse_other_versions() -> None:
    """Refuses processes with other versions of jax-slim or JAX, before anything depends on them."""
    mine = sys.modules["jax_slim"].__version__  # the root, which no room imports, is loaded before any of them
    versions = {"version of jax-slim": mine, "version of JAX": jax.__version__}
    processes.refuse_differences("train", versions)


def asked(wishes: Collection[Wish]) -> signal.Signals | None:
    """The signal among the wishes."""
    return next((number for wish, number in SIGNALS.items() if wish in wishes), None)


def _run_of(options: RunOptions) -> dict[str, str]:
    validation = options.validation
    often = None if validation is None else (validation.every_n_steps, validation.num_evals, validation.best)
    return {
        "number_of_steps": repr(options.number_of_steps),
        "logdir": repr(options.directory),
        "validation": repr(often),
        "seed": repr(options.seed),
    }
