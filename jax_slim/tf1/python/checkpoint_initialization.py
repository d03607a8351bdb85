"""`tf.train.init_from_checkpoint`: initial values of variables from a checkpoint; `warm_start`."""

import collections
import re
from typing import Any

from jax_slim.tf1.graph import building, graphs
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.python import checkpoint_management, logging, partitioned, saver_builder, variable_scope, variables


def init_from_checkpoint(ckpt_dir_or_file: Any, assignment_map: dict[str, Any]) -> None:
    """Makes a checkpoint's tensors the initial values of variables: their initializers then read them.

    Args:
      ckpt_dir_or_file: a prefix, or a folder, of which it is the latest.
      assignment_map: what is in the checkpoint -> a variable, its name, or, where both end in '/', a scope for a scope.

    Raises:
      ValueError: the checkpoint has no such tensor, or one of another shape.
    """
    path = checkpoint_management._file(ckpt_dir_or_file)
    there = checkpoint_management.load_checkpoint(path).get_variable_to_shape_map()
    for name, given in sorted(assignment_map.items(), key=lambda entry: entry[0]):
        found = given if _is_variable(given) else _by_name(given)
        if found is not None:
            _initialize(found, path, name, there, ckpt_dir_or_file)
            continue
        scope = given[: given.rindex("/")] if "/" in given else ""
        if not name.endswith("/"):
            raise ValueError(
                f"Assignment map with scope only name {scope} should map to scope only {name}. Should be 'scope/': 'other_scope/'."
            )
        for variable_name in _names_in(scope):
            tail = variable_name[len(scope) :]
            if given != "/":
                tail = tail[1:] if scope else tail
            full = (name + tail.lstrip("/") if name != "/" else tail.lstrip("/")).rstrip("/")
            if full not in there:
                raise ValueError(
                    f"Tensor {full} ({variable_name} in {given}) is not found in {ckpt_dir_or_file} checkpoint"
                )
            _initialize(_by_name(variable_name), path, full, there, ckpt_dir_or_file)


def _is_variable(given: Any) -> bool:
    if isinstance(given, list):
        return all(isinstance(v, variables.Variable) for v in given)
    return isinstance(given, variables.Variable | partitioned.PartitionedVariable)


def _all() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for v in [*variables.global_variables(), *variables.local_variables()]:
        name = v._save_slice_info.full_name if v._save_slice_info is not None else v.op.name
        if v._save_slice_info is not None:
            found.setdefault(name, []).append(v)
        else:
            found[name] = v
    return found


def _by_name(name: str) -> Any:
    return _all().get(name)


def _names_in(scope: str) -> list[str]:
    # Only those made by `get_variable` are in the store; what `tf.Variable` made has no scope of its own.
    kept = set(variable_scope._store()._vars)
    names = {n for n, v in _all().items() if isinstance(v, list) or v.op.name in kept}
    return sorted(n for n in names if not scope or n.startswith(scope + "/"))


def _initialize(found: Any, path: str, name: str, there: Any, given: Any) -> None:
    if name not in there:
        raise ValueError(f"Tensor {name} is not found in {given} checkpoint {there}")
    parts = list(found) if isinstance(found, list | partitioned.PartitionedVariable) else [found]
    for v in parts:
        info = v._save_slice_info
        if info is None and not v.get_shape().is_compatible_with(there[name]):
            raise ValueError(
                f"Shape of variable {v.name} ({v.get_shape()}) doesn't match with shape of tensor {name} ({there[name]}) from checkpoint reader."
            )
        spec = "" if info is None else info.spec
        with graphs.device(v.device), graphs.device("/cpu:0"):
            restored = building.make(
                "RestoreV2", path, [name], [spec], dtypes=[v.dtype.base_dtype], name="checkpoint_initializer"
            )
        restored = restored[0] if isinstance(restored, list | tuple) else restored
        made = saver_builder._saveable(v, spec, name).restore([restored], None)
        v._initializer_op = made.op if hasattr(made, "op") and not hasattr(made, "type") else made
        restored.set_shape(v.get_shape())
        v._initial_value = restored
        logging.debug("Initialize variable %s from checkpoint %s with %s", v.name, given, name)


VocabInfo = collections.namedtuple(
    "VocabInfo",
    "new_vocab new_vocab_size num_oov_buckets old_vocab old_vocab_size backup_initializer axis",
    defaults=(-1, None, 0),
)


def warm_start(
    ckpt_to_initialize_from: Any,
    vars_to_warm_start: Any = ".*",
    var_name_to_vocab_info: Any = None,
    var_name_to_prev_var_name: Any = None,
) -> None:
    """`init_from_checkpoint` for variables by regular expressions: of the trainable ones, or with a list of all.

    Raises:
      NotImplementedError: vocabularies that changed.
    """
    if var_name_to_vocab_info:
        raise NotImplementedError("warm_start: vocabularies that changed are not part of jax-slim's TensorFlow 1.")
    if vars_to_warm_start is None:
        return
    earlier = var_name_to_prev_var_name or {}
    if isinstance(vars_to_warm_start, str):
        chosen = [
            v for v in graphs.get_collection(GraphKeys.TRAINABLE_VARIABLES) if re.match(vars_to_warm_start, v.op.name)
        ]
    else:
        chosen = []
        for one in vars_to_warm_start:
            chosen += (
                [one]
                if not isinstance(one, str)
                else [v for v in variables.global_variables() if re.match(one, v.op.name)]
            )
    mapping = {earlier.get(v.op.name, v.op.name): v for v in chosen}
    init_from_checkpoint(ckpt_to_initialize_from, mapping)
