"""The options that join several processes to one run; TF-Slim's names, where they mean something."""

import argparse
from typing import Any

from jax_slim.cli.failures import UsageError
from jax_slim.cli.flags import Flag

PROCESS_FLAGS = (
    Flag("worker_replicas", int, None, "how many processes; by default what the cluster or `jax-slim launch` says"),
    Flag("worker_index", int, None, "the number of this process, from 0: what TF-Slim called --task"),
    Flag("coordinator", str, None, "HOST:PORT of process 0, which all can reach"),
)


def join(options: argparse.Namespace) -> None:
    """Joins the other processes, where there are any; before anything uses a device."""
    from jax_slim.parallel.processes import initialize

    try:
        initialize(options.coordinator, options.worker_replicas, options.worker_index)
    except ValueError as error:
        raise UsageError(f"--worker_replicas, --worker_index and --coordinator: {error}") from None


def saved_options(options: argparse.Namespace) -> dict[str, Any]:
    """The options that a run keeps: all but those that differ from process to process and from start to start."""
    own = {flag.name for flag in PROCESS_FLAGS}
    return {name: value for name, value in vars(options).items() if name not in own}
