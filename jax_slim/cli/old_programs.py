"""`jax-slim run`: a program written for TensorFlow 1 and TF-Slim, as it is."""

import argparse

HELP = """run a TensorFlow 1 program as it is, on JAX

  jax-slim run train.py --train_dir=/tmp/run        its own arguments follow
  jax-slim run -m package.module
  jax-slim run --check folder                       what its programs use and jax-slim has not got"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments: all are the program's."""
    parser.add_argument("program", nargs=argparse.REMAINDER, help="the program's file (or -m MODULE) and its arguments")


def run(options: argparse.Namespace) -> int:
    """Runs it."""
    from jax_slim.tf1 import launching

    return launching.main([*options.program[options.program[:1] == ["--"] :]])  # some versions of argparse keep it
