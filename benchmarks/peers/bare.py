"""The nets of jax-slim where packages are missing that only its checkpoints and data need."""

import importlib
import importlib.util
import sys


def load_nets() -> None:
    """Makes `jax_slim.nets.vgg` and its like importable with nothing but JAX and NumPy installed.

    Where the room as a whole can be imported, that is all that happens. Else only its own `__init__` is left out, which
    lists what is public; every net is the file that it always is.
    """
    try:
        importlib.import_module("jax_slim.nets")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("jax_slim"):
            raise
        spec = importlib.util.find_spec("jax_slim.nets")
        if spec is None:
            raise
        sys.modules["jax_slim.nets"] = importlib.util.module_from_spec(spec)
