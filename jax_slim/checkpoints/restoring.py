"""Values from checkpoints into variables: `assign_from_checkpoint` and its kin, as functions of `Variables`."""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.checkpoints._tables import section, shape_text
from jax_slim.checkpoints._values import placed
from jax_slim.checkpoints.advice import advice
from jax_slim.checkpoints.matching import Match, match
from jax_slim.checkpoints.native import CheckpointError
from jax_slim.checkpoints.opening import describe, opened
from jax_slim.checkpoints.peers.mapping import PeerCheckpoint
from jax_slim.checkpoints.reader import AVERAGE, PathLike, averages_in, each_array, entries_of, size_of
from jax_slim.core import names
from jax_slim.core.collections import GraphKeys
from jax_slim.core.values import Facts, Variables
from jax_slim.core.variables import get_variable_full_name
from jax_slim.progress import Progress

_LONG = 256 << 20  # bytes from which reading is worth a progress bar

NameMap = Mapping[str, str] | Callable[[str], str | None] | None

_log = logging.getLogger(__name__)


def assign_from_checkpoint(
    model_path: PathLike | Mapping[str, Any],
    var_list: Any,
    ignore_missing_vars: bool = False,
    reshape_variables: bool = False,
    name_map: NameMap = None,
    moving_average: bool = False,
    include: Sequence[str] | str | None = None,
    exclude: Sequence[str] | str | None = None,
) -> Variables:
    """Reads variables from a checkpoint of any format, by name, and returns them. Nothing else changes.

        variables = model.init(jax.random.key(0), images)
        variables = slim.assign_from_checkpoint("/tmp/vgg_16.ckpt", variables)                          # all
        variables = slim.assign_from_checkpoint("/tmp/vgg_16.ckpt", variables, exclude=["vgg_16/fc8"])  # but one layer

    Args:
      model_path: as for `slim.checkpoints.open_checkpoint`: TensorFlow's checkpoints, runs of `learning.train`,
        `.safetensors` files; or an open checkpoint, or a mapping name -> array.
      var_list: what to read: `Variables` (or what `jax.eval_shape(model.init, ...)` or `model.specs` gives); a list of
        names, records or arrays of the running program; or a dict name in the checkpoint -> one of these.
      ignore_missing_vars: whether variables that the checkpoint lacks keep their values, which is logged, or are an
        error.
      reshape_variables: whether an array of another shape with as many elements is reshaped, or is an error.
      name_map: how the checkpoint calls variables, where it has other names: a dict name in the checkpoint -> name of
        the variable, or such a function (`lambda name: name.removeprefix("model/")`). What the dict lacks keeps its
        name; what the function maps to None is left out.
      moving_average: whether to read the moving averages ('<name>/ExponentialMovingAverage') of variables that have
        one.
      include: regular expressions for the beginning of names: of the variables in `var_list`, read only these.
      exclude: likewise, but these not: layers to train anew.

    Returns:
      The variables of `var_list`, in its order, with the values read: of the dtypes, on the devices and with the facts
      that they had. What is not read keeps its value; names and shapes, which have none, are left out.

    Raises:
      CheckpointError: there is no checkpoint or it is damaged; or it does not fit. Then the message lists all that is
        missing, unexpected or of another shape, with near names and advice, and no value was read.
      ValueError: `var_list` is empty, or two names go into one variable.
    """
    function = "assign_from_checkpoint"
    wanted, asked = _wanted(function, var_list)
    chosen = _chosen(function, wanted, include, exclude)
    options = (ignore_missing_vars, reshape_variables, name_map, moving_average)
    with opened(model_path) as checkpoint:
        _tell_options(function, model_path, checkpoint)
        values = _read(function, checkpoint, chosen, asked, wanted, *options)
    facts = dict(var_list.facts) if isinstance(var_list, Variables) else {}
    kept = {name: values.get(name, like) for name, like in wanted.items() if name in values or _is_value(like)}
    for name in kept:
        if name not in facts and hasattr(wanted[name], "collections"):
            facts[name] = Facts(wanted[name].trainable, tuple(wanted[name].collections))
    return Variables(kept, facts)


def assign_from_checkpoint_fn(
    model_path: PathLike | Mapping[str, Any],
    var_list: Any = None,
    ignore_missing_vars: bool = False,
    reshape_variables: bool = False,
    name_map: NameMap = None,
    moving_average: bool = False,
    include: Sequence[str] | str | None = None,
    exclude: Sequence[str] | str | None = None,
) -> Callable[[Variables], Variables]:
    """Makes a function that puts a checkpoint's values into variables: the `init_fn` of `learning.train`.

        init_fn = slim.assign_from_checkpoint_fn("/tmp/inception_v3.ckpt", exclude=["InceptionV3/Logits",
                                                                                    "InceptionV3/AuxLogits"])
        slim.learning.train(train_op, "/tmp/flowers", batches, init_fn=init_fn)

    The checkpoint is opened when the function is called.

    Args:
      model_path: as for `assign_from_checkpoint`.
      var_list: as for `assign_from_checkpoint`; or a function: name of a variable -> its name in the checkpoint, or
        None to leave it as it is. By default all variables, but for 'global_step' and local ones.
      ignore_missing_vars, reshape_variables, name_map, moving_average, include, exclude: as for
        `assign_from_checkpoint`.

    Returns:
      A function: `Variables` -> the same with the values read. It raises what `assign_from_checkpoint` raises, before
      anything is changed.
    """
    function = "assign_from_checkpoint_fn"
    names_of_list = None if var_list is None or callable(var_list) else _wanted(function, var_list)

    def init_fn(variables: Variables) -> Variables:
        if not isinstance(variables, Variables):
            raise TypeError(f"init_fn: variables must be Variables, got {type(variables).__name__}.")
        if names_of_list is not None:
            asked = names_of_list[1]
            if unknown := [name for name in asked if name not in variables]:
                variables[unknown[0]]  # raises the error with near names
        elif var_list is None:
            asked = {name: name for name, facts in variables.facts.items() if _of_the_model(name, facts)}
        else:
            told: dict[str, Any] = {name: var_list(name) for name in variables}
            asked = {name: _plain(entry) for name, entry in told.items() if entry is not None}
        chosen = _chosen(function, {name: variables[name] for name in asked}, include, exclude)
        options = (ignore_missing_vars, reshape_variables, name_map, moving_average)
        with opened(model_path) as checkpoint:
            _tell_options(function, model_path, checkpoint)
            values = _read(function, checkpoint, chosen, asked, {*variables, *asked.values()}, *options)
        return variables | values

    return init_fn


def assign_from_values(var_names_to_values: Mapping[str, Any], variables: Variables) -> Variables:
    """Puts values into variables by name, after checking that all of them fit.

        variables = slim.assign_from_values({"fc8/biases": np.zeros(5)}, variables)

    Unlike `variables | values` it refuses names that are new and shapes that differ, and keeps dtypes.

    Args:
      var_names_to_values: name of a variable -> its value.
      variables: the variables; they stay as they are.

    Returns:
      The variables with these values.

    Raises:
      ValueError: a variable is missing, or of another shape. The message lists all such.
    """
    return assign_from_values_fn(var_names_to_values)(variables)


def assign_from_values_fn(var_names_to_values: Mapping[str, Any]) -> Callable[[Variables], Variables]:
    """Makes a function that puts these values into variables: an `init_fn` for `learning.train`.

    Args:
      var_names_to_values: name of a variable -> its value, as for `assign_from_values`.

    Returns:
      A function: `Variables` -> the same with the values.
    """
    function = "assign_from_values"
    if not isinstance(var_names_to_values, Mapping):
        raise TypeError(
            f"{function}: var_names_to_values must map names to values, got {type(var_names_to_values).__name__}."
        )
    values = {_plain(name): np.asarray(value) for name, value in var_names_to_values.items()}

    def init_fn(variables: Variables) -> Variables:
        missing = [name for name in values if name not in variables]
        others = [name for name in values if name in variables and values[name].shape != tuple(variables[name].shape)]
        if missing or others:
            near = [(name, ", ".join(names.near(name, variables, 2))) for name in missing]
            shapes = [(name, shape_text(values[name].shape), shape_text(variables[name].shape)) for name in others]
            table = [
                *section("no such variable", near, len(near), ["near names"]),
                *section("of another shape", shapes, len(shapes), ["value", "variable"]),
            ]
            raise ValueError("\n".join([f"{function}: var_names_to_values must fit the variables.", *table]))
        return variables | {name: _into(value, variables[name], name) for name, value in values.items()}

    return init_fn


# Below: what is asked for, where it is, reading it.


def _wanted(function: str, var_list: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Variable -> what is known of it (None: nothing), and variable -> the name of its entry."""
    wanted: dict[str, Any] = {}
    asked: dict[str, str] = {}

    def add(item: Any, entry: str | None = None) -> None:
        name = _name(function, item, entry)
        if asked.setdefault(name, entry or name) != (entry or name):
            raise ValueError(f"{function}: var_list puts both {asked[name]!r} and {entry!r} into {name!r}.")
        wanted[name] = item if hasattr(item, "shape") else None

    if isinstance(var_list, Variables):
        wanted, asked = dict(var_list), {name: name for name in var_list}
    elif isinstance(var_list, Mapping):
        for entry, item in var_list.items():
            # A spec is a tuple, too.
            for part in item if isinstance(item, list | tuple) and not hasattr(item, "shape") else [item]:
                add(part, _plain(entry))
    elif callable(var_list) or isinstance(var_list, str) or not isinstance(var_list, Iterable):
        raise TypeError(
            f"{function}: var_list must be Variables, a list of names or a dict name in the checkpoint -> variable, "
            f"got {var_list!r}."
        )
    else:
        for item in var_list:
            add(item)
    if not wanted:
        raise ValueError(f"{function}: var_list must not be empty.")
    return wanted, asked


def _name(function: str, item: Any, entry: str | None) -> str:
    """What a variable is called that is given as a name, a record, or an array of the running program."""
    if isinstance(item, str):
        return _plain(item)
    if isinstance(getattr(item, "name", None), str):
        return _plain(item.name)
    try:
        return get_variable_full_name(item)
    except (ValueError, RuntimeError):
        if entry is not None:  # {name: array}, as dict(variables) is
            return entry
        raise TypeError(
            f"{function}: var_list must hold names, records, or arrays that slim.variable returned, got "
            f"{type(item).__name__}. Outside of a program give Variables, or names."
        ) from None


def _plain(name: str) -> str:
    """TensorFlow's `variable.name` ends with the number of an output, which names of variables do not have."""
    return name.removesuffix(":0")


def _of_the_model(name: str, facts: Facts) -> bool:
    return name != GraphKeys.GLOBAL_STEP and GraphKeys.LOCAL_VARIABLES not in facts.collections


def _is_value(like: Any) -> bool:
    return isinstance(like, jax.Array | np.ndarray)


def _read(
    function: str,
    checkpoint: Mapping[str, Any],
    wanted: Mapping[str, Any],
    asked: Mapping[str, str],
    model: Collection[str],
    ignore_missing: bool,
    reshape: bool,
    name_map: NameMap,
    moving_average: bool,
) -> dict[str, Any]:
    """The values of the wanted variables that the checkpoint has; raises unless they fit."""
    entries = entries_of(checkpoint)
    if name_map is not None:
        asked = _mapped(function, checkpoint, asked, name_map)
    if moving_average:
        asked = _averaged(function, checkpoint, asked)
    found = match(entries, checkpoint, wanted, asked, model, reshape, _renaming(name_map))
    wrong = len(found.other_shape) + len(found.other_dtype)
    if wrong or (found.missing and not ignore_missing):
        count = wrong + (0 if ignore_missing else len(found.missing))
        raise CheckpointError(
            f"{function}: {count} of {len(wanted)} variables cannot be read from {describe(checkpoint)}; nothing was "
            f"changed.\n{_with_advice(found, entries, model)}"
        )
    if found.missing:
        _log.warning(
            "%s: %d of %d variables keep their values, as %s lacks them.\n%s",
            function,
            len(found.missing),
            len(wanted),
            describe(checkpoint),
            _with_advice(found, entries, model),
        )
    values = _values(checkpoint, entries, found, wanted)
    _log.info("%s: read %d of %d variables from %s.", function, len(values), len(wanted), describe(checkpoint))
    return values


def _with_advice(found: Match, entries: Mapping[str, Any], model: Collection[str]) -> str:
    lines = [f"- {text}" for text in advice(found, entries, model)]
    return "\n".join([str(found), *(["What may help:", *lines] if lines else [])])


def _tell_options(function: str, given: Any, checkpoint: Mapping[str, Any]) -> None:
    """Warns of what only the net could tell: that its options make another function than the weights are for."""
    if given is not checkpoint and isinstance(checkpoint, PeerCheckpoint) and checkpoint.needed:
        told = ", ".join(f"{option}={value!r}" for option, value in checkpoint.needed.items())
        _log.warning(
            "%s: %s is of %s, which is %s with %s, and another function without. slim.nets.create_model(%r, "
            "checkpoint=...) sees to that.",
            function, checkpoint.path, checkpoint.peer.origin, checkpoint.peer.net, told, checkpoint.peer.net,
        )  # fmt: skip


def _renaming(name_map: NameMap) -> Callable[[str], str | None]:
    """The name of an entry -> the name of its variable."""
    if name_map is None:
        return lambda name: name
    if isinstance(name_map, Mapping):
        plain = {_plain(old): _plain(new) for old, new in name_map.items()}
        return lambda name: plain.get(name, name)
    return name_map


def _mapped(
    function: str, checkpoint: Mapping[str, Any], asked: Mapping[str, str], name_map: NameMap
) -> dict[str, str]:
    """Variable -> its entry, by a map from entries to variables."""
    variable_of = _renaming(name_map)
    entry_of: dict[str, str] = {}
    # Entries may be there as averages alone, which then stand for their variable; what a dict names may not be there.
    listed = name_map if isinstance(name_map, Mapping) else ()
    averaged = [entry.removesuffix(f"/{AVERAGE}") for entry in checkpoint]
    for entry in dict.fromkeys([*map(_plain, listed), *checkpoint, *averaged]):
        name = variable_of(entry)
        if name is None or name == entry:
            continue
        if not isinstance(name, str):
            raise TypeError(f"{function}: name_map must give names or None, got {name!r} for {entry!r}.")
        if name in asked and name in entry_of:
            raise ValueError(f"{function}: name_map puts both {entry_of[name]!r} and {entry!r} into {name!r}.")
        entry_of[name] = entry
    # What is put into a variable on purpose goes before what has its name.
    return {name: entry_of.get(entry, entry) for name, entry in asked.items()}


def _averaged(function: str, checkpoint: Mapping[str, Any], asked: Mapping[str, str]) -> dict[str, str]:
    """Variable -> the entry of its average, where it has one."""
    averages = averages_in(checkpoint)
    if not averages:
        raise CheckpointError(
            f"{function}: {describe(checkpoint)} holds no moving averages (entries whose names end in '/{AVERAGE}'). "
            "Leave moving_average out."
        )
    without = [name for name, entry in asked.items() if entry not in averages]
    if len(without) == len(asked):
        raise CheckpointError(
            f"{function}: {describe(checkpoint)} holds moving averages of other variables ({next(iter(averages))!r}, "
            f"...), and none of these ({without[0]!r}, ...). Leave moving_average out, or pass name_map."
        )
    if without:
        _log.info("%s: %d variables have no moving average: %s, ...", function, len(without), without[0])
    return {name: averages.get(entry, entry) for name, entry in asked.items()}


def _values(
    checkpoint: Mapping[str, Any], entries: Mapping[str, Any], found: Match, wanted: Mapping[str, Any]
) -> dict[str, Any]:
    """Reads what was found, each entry once, and makes it what the variables are."""
    users: dict[str, list[str]] = {}
    for name, source in found.sources.items():
        users.setdefault(source.entry, []).append(name)
    values = {}
    size = sum(size_of(entries[entry]) or 0 for entry in users)
    progress = Progress(len(users), "read", "variables") if size >= _LONG else None
    for done, (entry, array) in enumerate(each_array(checkpoint, users), start=1):
        for name in users[entry]:
            value = found.sources[name].cut(array)
            try:
                values[name] = value if wanted[name] is None else _into(value, wanted[name], name)
            except ValueError as error:
                raise CheckpointError(f"{describe(checkpoint)}: {error}") from None
        if progress is not None:
            progress.update(done)
    if progress is not None:
        progress.close()
    return {name: values[name] for name in wanted if name in values}


def _into(value: Any, like: Any, name: str) -> jax.Array:
    """The value with the dtype and shape of a variable, where it lies."""
    dtype = jax.dtypes.canonicalize_dtype(like.dtype)
    array = np.asarray(value)
    if jnp.issubdtype(dtype, jnp.integer) and array.size:
        limits = jnp.iinfo(dtype)
        if array.min() < limits.min or array.max() > limits.max:
            raise ValueError(f"{name!r} has values that {dtype.name} cannot hold, from {array.min()} to {array.max()}.")
    return placed(array.astype(dtype, copy=False).reshape(like.shape), like)


def _chosen(function: str, wanted: Mapping[str, Any], include: Any, exclude: Any) -> dict[str, Any]:
    """Those of the wanted variables that `include` and `exclude` leave."""
    chosen = Variables(wanted).select(include, exclude)
    if not chosen:
        raise ValueError(
            f"{function}: include={include!r} and exclude={exclude!r} must leave something to read, got none of "
            f"{len(wanted)} variables."
        )
    for pattern in [exclude] if isinstance(exclude, str) else exclude or ():
        if not Variables(wanted).select(include=pattern):
            _log.warning("%s: exclude has %r, with which no variable's name begins.", function, pattern)
    return dict(chosen)
