"""jax-slim: TF-Slim reborn on JAX. `import jax_slim as slim`."""

import importlib
import importlib.util
import pkgutil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jax_slim._exports import *  # noqa: F403 - the list of what is public stands there, each with its `as`

    # isort: split
    # The rooms after it, as ty would take those that `_exports` imports from here for unknown.
    from jax_slim import checkpoints as checkpoints
    from jax_slim import cli as cli
    from jax_slim import core as core
    from jax_slim import data as data
    from jax_slim import datasets as datasets
    from jax_slim import detection as detection
    from jax_slim import evaluation as evaluation
    from jax_slim import exporting as exporting
    from jax_slim import graphs as graphs
    from jax_slim import inference as inference
    from jax_slim import initializers as initializers
    from jax_slim import kernels as kernels
    from jax_slim import layers as layers
    from jax_slim import learning as learning
    from jax_slim import losses as losses
    from jax_slim import metrics as metrics
    from jax_slim import model_analyzer as model_analyzer
    from jax_slim import nets as nets
    from jax_slim import optimizers as optimizers
    from jax_slim import parallel as parallel
    from jax_slim import plots as plots
    from jax_slim import preprocessing as preprocessing
    from jax_slim import progress as progress
    from jax_slim import regularizers as regularizers
    from jax_slim import summary as summary
    from jax_slim import tf1 as tf1
    from jax_slim import utils as utils
    from jax_slim.checkpoints.restoring import assign_from_checkpoint as assign_from_checkpoint
    from jax_slim.checkpoints.restoring import assign_from_checkpoint_fn as assign_from_checkpoint_fn
    from jax_slim.checkpoints.restoring import assign_from_values as assign_from_values
    from jax_slim.checkpoints.restoring import assign_from_values_fn as assign_from_values_fn
    from jax_slim.data import data_decoder as data_decoder
    from jax_slim.data import data_provider as data_provider
    from jax_slim.data import dataset as dataset
    from jax_slim.data import dataset_data_provider as dataset_data_provider
    from jax_slim.data import parallel_reader as parallel_reader
    from jax_slim.data import tfexample_decoder as tfexample_decoder
    from jax_slim.learning.adaptive_clipping import adaptive_clipping_fn as adaptive_clipping_fn
    from jax_slim.learning.optimizing import OPTIMIZER_CLS_NAMES as OPTIMIZER_CLS_NAMES
    from jax_slim.learning.optimizing import OPTIMIZER_SUMMARIES as OPTIMIZER_SUMMARIES
    from jax_slim.learning.optimizing import optimize_loss as optimize_loss

__version__ = "0.1.0"

# What TF-Slim has at its root of rooms that a program which only builds and runs models does not need.
_NAMES_ON_FIRST_USE = {
    "OPTIMIZER_CLS_NAMES": "learning",
    "OPTIMIZER_SUMMARIES": "learning",
    "adaptive_clipping_fn": "learning",
    "assign_from_checkpoint": "checkpoints",
    "assign_from_checkpoint_fn": "checkpoints",
    "assign_from_values": "checkpoints",
    "assign_from_values_fn": "checkpoints",
    "optimize_loss": "learning",
    "data_decoder": "data",
    "data_provider": "data",
    "dataset": "data",
    "dataset_data_provider": "data",
    "parallel_reader": "data",
    "tfexample_decoder": "data",
}


if not TYPE_CHECKING:  # a checker that sees it would accept any name

    def __getattr__(name: str) -> Any:
        if importlib.util.find_spec(f"jax_slim.{name}") is not None:  # a room: loaded when it is first named
            return importlib.import_module(f"jax_slim.{name}")
        if name in _NAMES_ON_FIRST_USE:
            return getattr(importlib.import_module(f"jax_slim.{_NAMES_ON_FIRST_USE[name]}"), name)
        if not name.startswith("__"):
            # All at once, and not before the first is asked for: the command's --help must not wait for jax.
            exports = _exported()
            globals().update(exports)
            if name in exports:
                return exports[name]
        # Names that begin so are asked for by Python and its tools.
        arguments = importlib.import_module("jax_slim.core.arguments")
        hint = "" if name.startswith("_") else arguments.layer_hint(name, __dir__())
        raise AttributeError(f"module 'jax_slim' has no attribute {name!r}.{hint}")


def __dir__() -> list[str]:
    rooms = [module.name for module in pkgutil.iter_modules(globals()["__path__"]) if not module.name.startswith("_")]
    special = [name for name in globals() if name.startswith("__")]
    return sorted({*special, *rooms, *_exported(), *_NAMES_ON_FIRST_USE})


def _exported() -> dict[str, Any]:
    exports = importlib.import_module("jax_slim._exports")
    return {name: value for name, value in vars(exports).items() if not name.startswith("_") and name != "jax_slim"}
