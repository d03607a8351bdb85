"""jax-slim: TF-Slim reborn on JAX. `import jax_slim as slim`."""

import importlib
import importlib.util
import pkgutil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import jax_slim.checkpoints as checkpoints
    import jax_slim.data as data
    import jax_slim.data.data_decoder as data_decoder
    import jax_slim.data.data_provider as data_provider
    import jax_slim.data.dataset as dataset
    import jax_slim.data.dataset_data_provider as dataset_data_provider
    import jax_slim.data.parallel_reader as parallel_reader
    import jax_slim.data.tfexample_decoder as tfexample_decoder
    import jax_slim.datasets as datasets
    import jax_slim.evaluation as evaluation
    import jax_slim.graphs as graphs
    import jax_slim.learning as learning
    import jax_slim.model_analyzer as model_analyzer
    import jax_slim.nets as nets
    import jax_slim.optimizers as optimizers
    import jax_slim.parallel as parallel
    import jax_slim.preprocessing as preprocessing
    from jax_slim._exports import *  # noqa: F403 - the list of what is public stands there, each with its `as`
    from jax_slim.checkpoints.restoring import assign_from_checkpoint as assign_from_checkpoint
    from jax_slim.checkpoints.restoring import assign_from_checkpoint_fn as assign_from_checkpoint_fn
    from jax_slim.checkpoints.restoring import assign_from_values as assign_from_values
    from jax_slim.checkpoints.restoring import assign_from_values_fn as assign_from_values_fn
    from jax_slim.learning.adaptive_clipping import adaptive_clipping_fn as adaptive_clipping_fn
    from jax_slim.learning.optimizing import OPTIMIZER_CLS_NAMES as OPTIMIZER_CLS_NAMES
    from jax_slim.learning.optimizing import OPTIMIZER_SUMMARIES as OPTIMIZER_SUMMARIES
    from jax_slim.learning.optimizing import optimize_loss as optimize_loss

__version__ = "0.1.0.dev0"

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
    hint = (
        "" if name.startswith("_") else importlib.import_module("jax_slim.core.arguments").layer_hint(name, __dir__())
    )
    raise AttributeError(f"module 'jax_slim' has no attribute {name!r}.{hint}")


def __dir__() -> list[str]:
    rooms = [module.name for module in pkgutil.iter_modules(globals()["__path__"]) if not module.name.startswith("_")]
    special = [name for name in globals() if name.startswith("__")]
    return sorted({*special, *rooms, *_exported(), *_NAMES_ON_FIRST_USE})


def _exported() -> dict[str, Any]:
    exports = importlib.import_module("jax_slim._exports")
    return {name: value for name, value in vars(exports).items() if not name.startswith("_") and name != "jax_slim"}
