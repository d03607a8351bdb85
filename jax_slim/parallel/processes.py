"""Joining the processes of one run: `initialize`, before anything else touches a device."""

import os

import jax

from jax_slim.core import processes

ADDRESS, COUNT, INDEX = "JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID"
HEARTBEAT = "JAX_SLIM_HEARTBEAT_SECONDS"
_HEARTBEAT_SECONDS = 10
# What SLURM, Open MPI, TPU pods and Kubernetes' indexed jobs set for each of several processes.
_OF_CLUSTERS = ("SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "TPU_WORKER_HOSTNAMES", "JOB_COMPLETION_INDEX")


def initialize(
    coordinator_address: str | None = None,
    num_processes: int | None = None,
    process_id: int | None = None,
    local_device_ids: int | list[int] | None = None,
    heartbeat_seconds: int | None = None,
    initialization_timeout: int = 300,
) -> None:
    """Joins this process to the others of a run, so that `jax.devices()` are those of all of them.

        slim.parallel.initialize()                                   # first of all
        ...
        slim.learning.train(train_op, "/shared/run", batches, number_of_steps=1000)

    The same program, started once for each machine, then trains as one. How many processes there are, which one this
    is, and where the first listens, is taken from the arguments; else from the environment variables
    JAX_COORDINATOR_ADDRESS, JAX_NUM_PROCESSES and JAX_PROCESS_ID, which `jax-slim launch` sets; else from what JAX
    itself detects: TPU pods, SLURM, Open MPI, Kubernetes. Where none of these says anything, or there is one process,
    nothing happens: so a program may always call it.

    It is `jax.distributed.initialize`, with three things different: a process that gives no sign of life ends the
    others sooner, after `heartbeat_seconds`; JAX's own handler of SIGTERM is not set, since `learning.train` has one
    that saves; and a process alone is no error.

    Args:
      coordinator_address: "host:port" of process 0, which all can reach.
      num_processes: how many there are.
      process_id: the number of this one, from 0.
      local_device_ids: which devices of the machine are this process's; None takes all (JAX_LOCAL_DEVICE_IDS, and one
        each under SLURM and Open MPI).
      heartbeat_seconds: after so many seconds without a sign of life a process counts as dead, and the run ends. 10,
        unless JAX_SLIM_HEARTBEAT_SECONDS says otherwise.
      initialization_timeout: how many seconds to wait for the others at the start.

    Raises:
      ValueError: only some of the three are known, or one is out of range.
      RuntimeError: JAX has used its devices already, or the others did not come.
    """
    address = coordinator_address or os.environ.get(ADDRESS)
    count = _number("num_processes", COUNT, num_processes, 1)
    index = _number("process_id", INDEX, process_id, 0)
    heartbeat = _number("heartbeat_seconds", HEARTBEAT, heartbeat_seconds, 1) or _HEARTBEAT_SECONDS
    if count is not None and index is not None and index >= count:
        raise ValueError(f"initialize: process_id must be below num_processes={count}, got {index}.")
    known = {"coordinator_address": address, "num_processes": count, "process_id": index}
    missing = [name for name, value in known.items() if value is None]
    if count == 1:
        return
    if jax.distributed.is_initialized():
        raise RuntimeError("initialize: must be called once, and it was. Leave the second call out.")
    # Its handler of SIGTERM would take the signal, and a process outside of `train` would not end by it any more.
    jax.config.update("jax_enable_preemption_service", False)
    try:
        jax.distributed.initialize(
            address,
            count,
            index,
            local_device_ids,
            initialization_timeout=initialization_timeout,
            heartbeat_timeout_seconds=heartbeat,
        )
    except RuntimeError as error:
        # JAX refuses this before it looks for a cluster. Alone, a program may call it at any time.
        if "must be called before" not in str(error):
            raise
        if len(missing) == len(known) and not any(variable in os.environ for variable in _OF_CLUSTERS):
            return
        raise RuntimeError(
            "initialize: must be called before anything uses a device, and something did. Make it the first call of "
            "the program."
        ) from None
    except ValueError as error:
        if "defined" not in str(error) or not missing:
            raise
        if len(missing) == len(known):  # nobody said anything: a process alone
            return
        raise ValueError(
            f"initialize: coordinator_address, num_processes and process_id must be known together, got no "
            f"{', '.join(missing)}. They are arguments, or {ADDRESS}, {COUNT} and {INDEX}; `jax-slim launch` sets them."
        ) from None
    # Now that all are here: CPUs of several processes that meet for the first time wait half a minute for each other,
    # and what comes before the first step may take some of them longer than others.
    processes.told_by_all("here")


def _number(argument: str, variable: str, given: int | None, least: int) -> int | None:
    """A whole number from an argument, or from an environment variable."""
    source, value = argument, given
    if value is None:
        text = os.environ.get(variable)
        if text is None:
            return None
        if not text.strip().isdecimal():
            raise ValueError(f"initialize: {variable} must be a whole number, got {text!r}.")
        source, value = variable, int(text)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"initialize: {source} must be a whole number of at least {least}, got {value!r}.")
    return value
