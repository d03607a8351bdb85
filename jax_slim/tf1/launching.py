"""Runs a TensorFlow 1 program: a file or a module, as Python itself would, with `import tensorflow` answered by jax-slim."""

import os
import runpy
import sys

from jax_slim.tf1 import children, imports

_USAGE = """usage: python -m jax_slim.tf1 PROGRAM [ARGS]     runs a TensorFlow 1 program on JAX
       python -m jax_slim.tf1 -m MODULE [ARGS]
       python -m jax_slim.tf1 --check PATH...      lists the tf names that programs use and that are missing"""


def main(arguments: list[str]) -> int:
    """Runs what the command line says; the program's own exit code and errors are its own."""
    if not arguments or arguments[0] in ("-h", "--help"):
        sys.stdout.write(_USAGE + "\n")
        return 0 if arguments else 2
    if arguments[0] == "--check":
        from jax_slim.tf1 import checking

        return checking.main(arguments[1:])
    as_module = arguments[0] == "-m"
    target = arguments[1:] if as_module else arguments
    if not target or (not as_module and not os.path.exists(target[0])):
        sys.stderr.write(f"jax_slim.tf1: the program must be a file, got {target[0]!r}.\n" if target else _USAGE + "\n")
        return 2
    imports.install()
    children.announce()
    sys.argv = target
    if as_module:
        sys.path.insert(0, os.getcwd())
        runpy.run_module(target[0], run_name="__main__", alter_sys=True)
    else:
        sys.path.insert(0, os.path.dirname(os.path.abspath(target[0])))
        runpy.run_path(target[0], run_name="__main__")
    return 0
