"""`jax-slim launch`: a program in several processes of this machine."""

import argparse

from jax_slim.cli.failures import UsageError

HELP = """run a program in several processes of this machine, which train as one

  jax-slim launch -n 2 -- python train.py
  jax-slim launch -n 4 --max_restarts=3 -- jax-slim train --dataset_dir=flowers --train_dir=/tmp/flowers

The program calls slim.parallel.initialize() first; `jax-slim train` and `evaluate` do. Of several GPUs each process
gets its part. Lines come out behind the number of their process. When one process fails, all end, with its exit code.
docs/many_machines.md tells how to start processes on several machines."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    from jax_slim.parallel import launch

    launch.add_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Runs the processes."""
    from jax_slim.parallel import launch

    wrong = launch.checked(options)
    if wrong is not None:
        raise UsageError(wrong)
    return launch.run(options)
