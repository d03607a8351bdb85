"""`jax-slim native`: compiles the native kernels."""

import argparse

HELP = """compile the native kernels, with which trained nets and preprocessing are faster on a CPU

  jax-slim native                   once; a minute, with a C++ compiler
  pip install "jax-slim[native]"    brings a compiler where there is none"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments: there are none."""


def run(options: argparse.Namespace) -> int:
    """Compiles them, says where they are, and for which instructions."""
    from jax_slim.kernels import native
    from jax_slim.kernels.native.building import library_path

    if not library_path().exists():
        print("Compiling the native kernels, for a minute or so ...", flush=True)
    path = native.build_native_kernels()
    found = native.library()
    print(f"{path}: for {found.jax_slim_instructions().decode()} on this processor" if found else path)
    return 0
