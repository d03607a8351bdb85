"""The modules of TensorFlow, `tensorflow.nn` and so on, made of the tables in `names/`; what a name is, is loaded when it is used."""

import functools
import importlib
import pkgutil
import sys
import types
from typing import Any

from jax_slim.tf1 import names
from jax_slim.tf1.names import graph_tools
from jax_slim.tf1.names import ragged as ragged_names

VERSION = "1.15.5"

# Where `tensorflow.python.*` finds what its modules define: module -> the dotted places searched first.
_PYTHON_PLACES = {"nn_ops": ("nn",), "nn_impl": ("nn",), "nn": ("nn",), "image_ops": ("image",), "image_ops_impl": ("image",), "losses": ("losses",),
                  "losses_impl": ("losses",), "metrics": ("metrics",), "metrics_impl": ("metrics",), "init_ops": ("initializers",), "summary": ("summary",),
                  "learning": ("contrib.slim.learning",), "evaluation": ("contrib.slim.evaluation", "contrib.training"), "layers": ("contrib.layers", "layers"),
                  "initializers": ("contrib.layers",), "regularizers": ("contrib.layers",), "optimizers": ("contrib.layers",), "utils": ("contrib.layers.utils",),
                  "arg_scope": ("contrib.framework",), "variables": ("contrib.framework",), "rnn": ("nn",), "rnn_cell": ("contrib.rnn", "nn.rnn_cell"), "rnn_cell_impl": ("nn.rnn_cell",),
                  "core_rnn_cell": ("contrib.rnn",), "gen_nn_ops": ("nn",), "moving_averages": ("train",), "training": ("train",), "saver": ("train",), "errors": ("errors",), "errors_impl": ("errors",),
                  "tf_logging": ("logging",), "dtypes": (), "ops": (), "queues": ()}  # fmt: skip


@functools.cache
def table() -> dict[str, str]:
    """Dotted name below `tensorflow` -> 'room.file:attribute'."""
    found: dict[str, str] = {}
    for module in pkgutil.iter_modules(names.__path__):
        found.update(importlib.import_module(f"{names.__name__}.{module.name}").NAMES)
    return found


# All packages of TensorFlow 1.15's contrib: a program may import one that it does not use in this run; what is missing says so when used.
_CONTRIB = """all_reduce autograph batching bayesflow bigtable boosted_trees checkpoint cloud cluster_resolver coder compiler constrained_optimization copy_graph
crf cudnn_rnn data deprecated distribute distributions eager estimator factorization feature_column ffmpeg framework gan gdr graph_editor grid_rnn
hadoop image input_pipeline integrate keras kernel_methods labeled_tensor layers learn legacy_seq2seq linear_optimizer lite lookup losses memory_stats
metrics mixed_precision model_pruning mpi nccl nearest_neighbor nn opt optimizer_v2 periodic_resample predictor proto quantization quantize recurrent
reduce_slice_ops resampler rnn rpc saved_model seq2seq session_bundle signal slim solvers sparsemax specs staging stat_summarizer stateless summary
tensor_forest tensorboard testing text tfprof timeseries tpu training util"""


@functools.cache
def packages() -> frozenset[str]:
    """The dotted names that are modules."""
    found = {"compat", "compat.v2", "contrib", "python"} | {f"contrib.{name}" for name in _CONTRIB.split()}
    for name in table():
        parts = name.split(".")[:-1]
        found.update(".".join(parts[:i]) for i in range(1, len(parts) + 1))
    return frozenset(found - table().keys())


def load(place: str) -> Any:
    """What 'room.file:attribute' is; ':' alone is the file itself."""
    file, _, attribute = place.partition(":")
    found: Any = importlib.import_module(f"jax_slim.tf1.{file}")
    for part in attribute.split(".") if attribute else []:
        found = getattr(found, part)
    return _with_ragged(place, found) if place in ragged_names.TAKE_RAGGED else found


@functools.cache
def _with_ragged(place: str, function: Any) -> Any:
    """The same function under each of its names."""
    ragged_dispatch: Any = importlib.import_module("jax_slim.tf1.python.ragged_dispatch")
    return ragged_dispatch.dispatched(place.removeprefix("python."), function)


def command(dotted: str) -> str | None:
    """Where the function is that stands for 'python.tools.freeze_graph.__main__'; None for what is no command."""
    module, _, last = _plain(dotted).rpartition(".")
    return graph_tools.COMMANDS.get(module) if last == "__main__" else None


def lookup(dotted: str) -> Any:
    """What a dotted name below `tensorflow` is: a function, class, value or module.

    Raises:
      AttributeError: there is no such name here.
    """
    dotted = _plain(dotted)
    if dotted.startswith(_SECOND):
        return _of_second_version(dotted[len(_SECOND) :])
    place = table().get(dotted)
    if place is not None:
        return load(place)
    if not dotted or dotted in packages() or _is_python_module(dotted):
        return module(dotted)
    if dotted.startswith("python."):
        found = _in_python_module(dotted)
        if found is not None:
            return found
    raise AttributeError(
        f"tf.{dotted} is not part of jax-slim's TensorFlow 1: see docs/tf1_programs.md for what is there."
    )


def _plain(dotted: str) -> str:
    """Without the spellings of later versions: compat.v1 is the root."""
    parts = dotted.split(".")
    while parts[:2] == ["compat", "v1"] or (
        parts[:2] == ["compat", "v2"] and parts[2:4] in (["compat", "v1"], ["compat", "v2"])
    ):
        parts = parts[2:]
    while parts[:2] == ["_api", "v1"]:
        parts = parts[2:]
    return ".".join(parts)


_SECOND = "compat.v2."


def _of_second_version(dotted: str) -> Any:
    """What a name below `tf.compat.v2` is: the same as below `tf`, but for functions whose arguments TensorFlow 2 has changed."""
    second: Any = importlib.import_module("jax_slim.tf1.python.second_version")
    if dotted in second.OTHERS:
        return load(second.OTHERS[dotted])
    found = lookup(dotted)
    if isinstance(found, Module):
        return module(_SECOND + dotted)
    return second.adapted(found, second.SIGNATURES[dotted]) if dotted in second.SIGNATURES else found


def is_module(dotted: str) -> bool:
    """Whether a dotted name is a module."""
    dotted = _plain(dotted)
    if f"{dotted}.".startswith(_SECOND):
        dotted = dotted[len(_SECOND) :]
    place = table().get(dotted, "")
    return (
        not dotted
        or dotted in packages()
        or (place.endswith(":") or (bool(place) and ":" not in place))
        or _is_python_module(dotted)
    )


def _is_python_module(dotted: str) -> bool:
    if dotted.startswith("contrib.") and ".python" in dotted:
        return dotted.rpartition(".")[2].islower()
    # tensorflow.python.framework, .ops, .training and the files in them: names of attributes are looked up at the next level.
    if not dotted.startswith("python.") or dotted.count(".") > 3:
        return False
    above, _, last = dotted.rpartition(".")
    if last in _PYTHON_PACKAGES:
        return True
    # A file's function may have the name of that file (gradients.gradients), or of another one (ops.device).
    is_package = above.rpartition(".")[2] in _PYTHON_PACKAGES and above not in _FILES_LIKE_PACKAGES
    return last in _PYTHON_FILES and (is_package or not has_ending(last))


_FILES_LIKE_PACKAGES = ("python.framework.ops", "python.summary.summary", "python.training.training")

_PYTHON_PACKAGES = {
    "python", "framework", "ops", "training", "platform", "client", "summary", "lib", "io", "util", "layers", "keras", "eager", "saved_model", "tools", "data", "estimator", "losses", "debug", "feature_column", "distribute",
    "distributions", "core", "engine", "wrappers", "checkpoint",
}  # fmt: skip
_PYTHON_FILES = {
    "dtypes", "errors", "errors_impl", "constant_op", "tensor_shape", "tensor_util", "graph_util", "random_seed", "function", "importer", "sparse_tensor", "test_util", "common_shapes", "op_def_registry", "meta_graph", "device",
    "array_ops", "math_ops", "nn_ops", "nn", "nn_impl", "init_ops", "variables", "variable_scope", "control_flow_ops", "random_ops", "state_ops", "string_ops", "image_ops", "image_ops_impl", "data_flow_ops", "io_ops", "parsing_ops", "logging_ops",
    "clip_ops", "check_ops", "sparse_ops", "script_ops", "gradients", "gradients_impl", "rnn", "rnn_cell", "rnn_cell_impl", "tensor_array_ops", "lookup_ops", "linalg_ops", "metrics_impl", "metrics", "losses_impl", "template", "functional_ops",
    "resource_variable_ops", "embedding_ops", "ctc_ops", "custom_gradient", "partitioned_variables", "gen_nn_ops", "gen_array_ops", "gen_math_ops", "gen_image_ops", "gen_state_ops", "gen_data_flow_ops", "gen_control_flow_ops", "gen_io_ops", "special_math_ops", "confusion_matrix", "weights_broadcast_ops", "standard_ops", "spectral_ops", "numerics", "bitwise_ops", "histogram_ops", "manip_ops", "sets", "session_ops", "summary_ops",
    "saver", "supervisor", "optimizer", "moving_averages", "training_util", "learning_rate_decay", "monitored_session", "basic_session_run_hooks", "session_run_hook", "session_manager", "coordinator", "queue_runner", "queue_runner_impl", "checkpoint_utils", "checkpoint_management", "adam", "momentum", "gradient_descent", "rmsprop", "adagrad", "adadelta", "ftrl", "slot_creator", "input", "evaluation", "device_setter", "server_lib", "sync_replicas_optimizer", "training_ops", "warm_starting_util",
    "app", "flags", "gfile", "tf_logging", "test", "googletest", "resource_loader", "sysconfig", "session", "timeline", "device_lib", "file_io", "tf_record", "python_io", "compat", "nest", "deprecation", "tf_inspect", "tf_export", "tf_decorator", "tf_should_use", "tf_contextlib", "writer", "summary_iterator", "event_accumulator", "base", "convolutional", "normalization", "pooling", "utils", "loader", "builder", "signature_constants", "signature_def_utils", "tag_constants", "signature_def_utils_impl", "builder_impl", "loader_impl", "constants", "freeze_graph", "inspect_checkpoint", "optimize_for_inference_lib", "context", "dataset_ops", "iterator_ops", "readers", "pywrap_tensorflow", "estimator_lib", "model_fn", "run_config", "backend", "initializers", "regularizers", "activations", "profiler", "model_analyzer", "option_builder",
    "indexed_slices", "tensor", "gradient_checker", "cond", "while_loop", "control_flow_assert", "control_flow_case", "control_flow_switch_case", "variable_v1", "resource_variables_toggle", "ref_variable", "array_ops_stack", "stack", "debug_data", "hooks", "ops_test", "collections",
}  # fmt: skip


def _in_python_module(dotted: str) -> Any:
    """A name of one of TensorFlow's inner modules: what the public name with that ending is."""
    module_name, _, name = dotted.rpartition(".")
    last = module_name.rpartition(".")[2]
    return _by_ending(last, name)


def _by_ending(module_name: str, name: str) -> Any:
    for place in (*_PYTHON_PLACES.get(module_name, ()), ""):
        found = table().get(f"{place}.{name}" if place else name)
        if found is not None:
            return load(found)
    ends = [v for k, v in table().items() if k.endswith("." + name) and not k.startswith("contrib.")] or [
        v for k, v in table().items() if k.endswith("." + name)
    ]
    return load(ends[0]) if ends else None


def has_ending(name: str) -> bool:
    """Whether some public name ends in `.name`: what TensorFlow's inner modules are searched by."""
    return name in _endings()


@functools.cache
def _endings() -> frozenset[str]:
    return frozenset(n.rpartition(".")[2] for n in table())


class Module(types.ModuleType):
    """One of TensorFlow's modules."""

    def __init__(self, dotted: str) -> None:
        super().__init__(
            "tensorflow" + ("." + dotted if dotted else ""),
            f"TensorFlow's module {dotted or 'tensorflow'}, by jax-slim.",
        )
        self.__dict__["_dotted"] = dotted
        self.__path__ = []
        if not dotted:
            self.__version__ = VERSION

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        dotted = self.__dict__["_dotted"]
        found = _in_contrib(dotted, name) if dotted.startswith("contrib.") and ".python" in dotted else None
        if found is None:
            found = lookup(f"{dotted}.{name}" if dotted else name)
        self.__dict__[name] = found
        return found

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        # Of names in inner files it is not known whether they are files themselves.
        raise AttributeError(
            f"{self.__name__} is not part of jax-slim's TensorFlow 1, or it is a module: see docs/tf1_programs.md for what is there."
        )

    def __dir__(self) -> list[str]:
        prefix = self.__dict__["_dotted"]
        prefix = prefix + "." if prefix else ""
        return sorted({n[len(prefix) :].partition(".")[0] for n in table() if n.startswith(prefix)})


def _in_contrib(dotted: str, name: str) -> Any:
    """A name of a file inside a contrib package (tensorflow.contrib.layers.python.layers.utils): the package's public one."""
    package, _, inner = dotted.partition(".python")
    if f"{dotted}.{name}" in table():
        return load(table()[f"{dotted}.{name}"])
    last = dotted.rpartition(".")[2]
    for place in (f"{package}.{last}.{name}", f"{package}.{name}"):
        if place in table():
            return load(table()[place])
    return _by_ending(last, name) if inner.count(".") > 1 and last not in ("nets", "data") else None


_modules: dict[str, Module] = {}


def module(dotted: str) -> Module:
    """The module of a dotted name; '' is `tensorflow`."""
    if dotted not in _modules:
        _modules[dotted] = Module(dotted)
    return _modules[dotted]


def load_rows() -> None:
    """Registers the rows of all operations, and the operators of tensors, ragged ones too."""
    importlib.import_module("jax_slim.tf1.operations")
    importlib.import_module("jax_slim.tf1.running.functions")
    for name in ("operators", "slicing", "resource_variables", "variable_scope", "ragged_dispatch"):
        importlib.import_module(f"jax_slim.tf1.python.{name}")


def is_ours(found: Any) -> bool:
    """Whether a module in `sys.modules` is one of these."""
    return isinstance(found, Module) or found is sys.modules.get("jax_slim.tf1")
