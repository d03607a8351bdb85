"""TensorFlow 1 with Slim, on JAX: programs that `import tensorflow as tf` run as they are.

    python -m jax_slim.tf1 train.py --train_dir=/tmp/run

In code, `install()` has `import tensorflow` answered here; `import jax_slim.tf1 as tf` does without that.
"""

import sys
import types
from typing import TYPE_CHECKING, Any

from jax_slim.tf1 import modules
from jax_slim.tf1.imports import install, uninstall

__all__ = ["install", "uninstall"]

if TYPE_CHECKING:  # `_Root` finds the names, which are too many for checkers
    contrib: Any
    python: Any

    def __getattr__(name: str) -> Any: ...


class _Root(types.ModuleType):
    """This package as `tf`: its names are TensorFlow's, also those that folders of ours have."""

    contrib = property(lambda self: _found("contrib"), lambda self, value: None)
    python = property(lambda self: _found("python"), lambda self, value: None)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return _found(name)


def _found(name: str) -> Any:
    modules.load_rows()
    return modules.lookup(name)


sys.modules[__name__].__class__ = _Root
