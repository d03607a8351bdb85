"""What Python processes that a TensorFlow 1 program starts find first: `import tensorflow` there is jax-slim's as well.

The launcher puts this folder into their PYTHONPATH. Its modules give their place, and their name, to what they stand for.
"""

import importlib
import os
import sys
from pathlib import Path

FOLDER = str(Path(__file__).parent)


def announce() -> None:
    """Has processes that this one starts find the folder."""
    given = os.environ.get("PYTHONPATH")
    if FOLDER not in (given or "").split(os.pathsep):
        os.environ["PYTHONPATH"] = FOLDER + (os.pathsep + given if given else "")


def answer(name: str, file: str) -> None:
    """Puts the module that a name means in the place of the file that was imported by it."""
    sys.path[:] = [p for p in sys.path if p not in (os.path.dirname(file), FOLDER)]
    del sys.modules[name]
    importlib.import_module("jax_slim.tf1.imports").install()
    importlib.import_module(name)
