"""Variables: making them, finding them by name, and the records that describe them.

`variable` and `model_variable` return a plain array, which layers compute with. The functions that search
(`get_variables`, ...) return `Variable` records: the array together with its name and its other facts.
"""

import dataclasses
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.core import names, scopes
from jax_slim.core import program as _program
from jax_slim.core.arg_scope import add_arg_scope
from jax_slim.core.arguments import check_initializer, check_regularizer
from jax_slim.core.collections import GraphKeys, NamesOfCollections, as_names, listed
from jax_slim.core.initial_values import default_initializer
from jax_slim.core.partitions import cut_up
from jax_slim.core.program import Program, VariableSpec


@dataclasses.dataclass(frozen=True, eq=False)
class Variable:
    """A variable of the running program: its facts and its present value.

    Compute with `.value`: `sum(jnp.sum(var.value**2) for var in slim.get_trainable_variables("fc8"))`.
    """

    spec: VariableSpec
    value: jax.Array

    @property
    def name(self) -> str:
        """The whole name, such as 'vgg_16/conv1/conv1_1/weights' (TF's `op.name`: no ':0')."""
        return self.spec.name

    @property
    def shape(self) -> tuple[int, ...]:
        return self.spec.shape

    @property
    def dtype(self) -> Any:
        return self.spec.dtype

    @property
    def trainable(self) -> bool:
        return self.spec.trainable

    @property
    def collections(self) -> tuple[str, ...]:
        return self.spec.collections

    @property
    def op(self) -> "Variable":
        """This record: TF code says `variable.op.name`."""
        return self

    def __repr__(self) -> str:
        return f"Variable({self.name!r}, shape={self.shape}, dtype={jnp.dtype(self.dtype).name})"


@add_arg_scope
def variable(
    name: str,
    shape: Sequence[int] | None = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Callable[[jax.Array], jax.Array | None] | None = None,
    trainable: bool = True,
    collections: NamesOfCollections = None,
    caching_device: Any = None,
    device: Any = None,
    partitioner: Callable[..., Sequence[int]] | None = None,
    custom_getter: Callable[..., Any] | None = None,
    use_resource: Any = None,
    synchronization: Any = None,
    aggregation: Any = None,
) -> jax.Array:
    """Makes a variable in the current variable scope, or finds it again where the scope says `reuse`.

        with slim.variable_scope("scale"):
            alpha = slim.variable("alpha", shape=[], initializer=slim.ones_initializer())   # 'scale/alpha'

    Args:
      name: its name inside the current scope.
      shape: its shape; may be left out when `initializer` is an array, and for a variable that is shared.
      dtype: its dtype; by default the scope's, else float32.
      initializer: (key, shape, dtype) -> array, or an array; by default the scope's, else Glorot uniform
        for floats and zeros for the rest.
      regularizer: array -> scalar loss, or None; `losses.get_total_loss` adds it. By default the scope's.
      trainable: whether gradients are taken with respect to it.
      collections: the collections that list it; None means GLOBAL_VARIABLES.
      partitioner: (shape, dtype) -> number of parts along each axis; at most one may exceed 1. The parts
        are variables of their own, 'name/part_0', ..., as in TF's checkpoints.
      custom_getter: called as `custom_getter(getter, name, **arguments)` in place of the getter.
      caching_device, device, use_resource, synchronization, aggregation: accepted, without meaning here:
        where variables live is said by shardings.

    Returns:
      Its present value.

    Raises:
      ValueError: it exists already and the scope does not say reuse; it does not exist and the scope says
        reuse=True; it exists with another shape or dtype; or its shape cannot be known.
      ProgramError: outside of a program.
    """
    del caching_device, device, use_resource, synchronization, aggregation
    if initializer is not None:
        check_initializer("variable", "initializer", initializer)
    if regularizer is not None:
        check_regularizer("variable", "regularizer", regularizer)
    collections = (GraphKeys.GLOBAL_VARIABLES,) if collections is None else as_names(collections)
    scope = scopes.get_variable_scope()
    arguments: dict[str, Any] = {
        "shape": shape,
        "dtype": dtype or scope.dtype,
        "initializer": scope.initializer if initializer is None else initializer,
        "regularizer": scope.regularizer if regularizer is None else regularizer,
        "trainable": trainable,
        "collections": collections,
        "partitioner": scope.partitioner if partitioner is None else partitioner,
        "reuse": scope.reuse,
    }
    full_name = names.join(scope.name, name)
    getter = custom_getter or scope.custom_getter
    if custom_getter is not None and scope.custom_getter is not None:
        getter = scopes._chain(scope.custom_getter, custom_getter)
    if getter is None:
        return _get(full_name, **arguments)
    return getter(_get, full_name, **arguments)


@add_arg_scope
def model_variable(
    name: str,
    shape: Sequence[int] | None = None,
    dtype: Any = jnp.float32,
    initializer: Any = None,
    regularizer: Callable[[jax.Array], jax.Array | None] | None = None,
    trainable: bool = True,
    collections: NamesOfCollections = None,
    caching_device: Any = None,
    device: Any = None,
    partitioner: Callable[..., Sequence[int]] | None = None,
    custom_getter: Callable[..., Any] | None = None,
    use_resource: Any = None,
    synchronization: Any = None,
    aggregation: Any = None,
) -> jax.Array:
    """As `variable`, and lists it among the MODEL_VARIABLES: what a model's checkpoint holds.

    Variables that only training needs (optimizer slots, counters) are not model variables.
    """
    return variable(
        name,
        shape=shape,
        dtype=dtype,
        initializer=initializer,
        regularizer=regularizer,
        trainable=trainable,
        collections=(*as_names(collections), GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES),
        caching_device=caching_device,
        device=device,
        partitioner=partitioner,
        custom_getter=custom_getter,
        use_resource=use_resource,
        synchronization=synchronization,
        aggregation=aggregation,
    )


def local_variable(
    initial_value: Any, validate_shape: bool = True, name: str | None = None, use_resource: Any = None
) -> jax.Array:
    """Makes a variable that is not part of the model: a counter, a metric's total. Not trained, not saved.

    Args:
      initial_value: an array or number: its value at the start of every run that does not pass it in.
      name: inside the current name scope, made unique; by default 'Variable'.
      validate_shape, use_resource: accepted, without meaning here.
    """
    del validate_shape, use_resource
    return _from_value("local_variable", initial_value, name, GraphKeys.LOCAL_VARIABLES)


def global_variable(
    initial_value: Any, validate_shape: bool = True, name: str | None = None, use_resource: Any = None
) -> jax.Array:
    """Makes a variable that is saved but not trained, listed among the GLOBAL_VARIABLES. As `local_variable`."""
    del validate_shape, use_resource
    return _from_value("global_variable", initial_value, name, GraphKeys.GLOBAL_VARIABLES)


def update_variable(value_or_name: Any, change: Callable[[Any], Any], now: bool = False) -> jax.Array:
    """Notes that a variable is to become `change(its value)` once the program is over.

    The new value is among `collected.updates`; `learning` applies it after each step. Several updates of
    one variable are applied one after the other.

        total = slim.local_variable(0.0, name="total")
        slim.update_variable(total, lambda old: old + jnp.sum(losses))

    Args:
      value_or_name: the variable: the array that `variable` returned, its record, or its name.
      change: old value -> new value, of the same shape.
      now: whether later reads in the same run see the new value.

    Returns:
      The new value.
    """
    program = _program.require("update_variable")
    return program.update_variable(get_variable_full_name(value_or_name), change, now)


# --- finding ----------------------------------------------------------------------------------------


def get_variables(
    scope: Any = None, suffix: str | None = None, collection: str = GraphKeys.GLOBAL_VARIABLES
) -> list[Variable]:
    """The variables in a collection whose names begin with `scope` and end with `suffix`.

    Args:
      scope: a regular expression that names must match from their start (so 'a' finds 'ab/weights' too:
        write 'a/'), or a `VariableScope`; None means all.
      suffix: a regular expression for the end of the name ('biases', 'conv1/biases').
      collection: which collection to search.

    Returns:
      Their records, in the order in which they were made.
    """
    program = _program.require("get_variables")
    if isinstance(scope, scopes.VariableScope):
        scope = scope.name
    specs = listed(program.variables(), collection)
    if scope:
        begins = re.compile(scope)
        specs = [spec for spec in specs if begins.match(spec.name)]
    if suffix:
        ends = re.compile(f"(?:{suffix})$")
        specs = [spec for spec in specs if ends.search(spec.name)]
    return [_record(program, spec) for spec in specs]


def get_model_variables(scope: Any = None, suffix: str | None = None) -> list[Variable]:
    """As `get_variables`, among the MODEL_VARIABLES."""
    return get_variables(scope, suffix, GraphKeys.MODEL_VARIABLES)


def get_trainable_variables(scope: Any = None, suffix: str | None = None) -> list[Variable]:
    """As `get_variables`, among the TRAINABLE_VARIABLES."""
    return get_variables(scope, suffix, GraphKeys.TRAINABLE_VARIABLES)


def get_local_variables(scope: Any = None, suffix: str | None = None) -> list[Variable]:
    """As `get_variables`, among the LOCAL_VARIABLES."""
    return get_variables(scope, suffix, GraphKeys.LOCAL_VARIABLES)


def get_variables_by_name(given_name: str, scope: Any = None) -> list[Variable]:
    """The variables whose last name part is `given_name` ('weights'), in `scope`."""
    return [var for var in get_variables(scope) if f"/{var.name}".endswith(f"/{given_name}")]


def get_variables_by_suffix(suffix: str, scope: Any = None) -> list[Variable]:
    """The variables whose names end with `suffix`, in `scope`."""
    return get_variables(scope, suffix)


def get_unique_variable(var_op_name: str) -> Variable:
    """The one variable of that whole name.

    Raises:
      ValueError: there is none (near names are listed), or the name is only the beginning of others.
    """
    program = _program.require("get_unique_variable")
    specs = program.variables()
    if var_op_name in specs:
        return _record(program, specs[var_op_name])
    begun = [name for name in specs if name.startswith(var_op_name)]
    if begun:
        raise ValueError(
            f"get_unique_variable: {var_op_name!r} does not uniquely identify a variable: it begins {', '.join(begun)}."
        )
    raise ValueError(f"get_unique_variable: there is no variable {var_op_name!r}.{names.hint(var_op_name, specs)}")


def get_variable_full_name(var: Any) -> str:
    """The whole name of a variable, given as a record, as the array that `variable` returned, or as a name."""
    if isinstance(var, Variable | VariableSpec):
        return var.name
    if isinstance(var, str):
        return var
    program = _program.require("get_variable_full_name")
    name = program.name_of(var)
    if name is None:
        raise ValueError(
            f"get_variable_full_name: the array (shape {getattr(var, 'shape', '?')}) is no variable's value. Pass the "
            "very array that slim.variable returned, not a result computed from it, or use the name."
        )
    return name


def get_variables_to_restore(
    include: Sequence[str] | None = None, exclude: Sequence[str] | None = None
) -> list[Variable]:
    """The variables to read from a checkpoint: those that begin with one of `include`, without `exclude`.

        slim.get_variables_to_restore(exclude=["vgg_16/fc8", "global_step"])

    Args:
      include: regular expressions for the beginning of names; None means every variable.
      exclude: likewise, to leave out.

    Raises:
      TypeError: one of them is not a list or tuple.
    """
    for argument, value in (("include", include), ("exclude", exclude)):
        if value is not None and not isinstance(value, list | tuple):
            raise TypeError(
                f"get_variables_to_restore: {argument} must be a list or tuple of scopes, got {value!r}. "
                f"Write {argument}=[{value!r}]."
            )
    found: dict[str, Variable] = {}
    for scope in [None] if include is None else include:
        found.update((var.name, var) for var in get_variables(scope))
    left_out = {var.name for scope in exclude or () for var in get_variables(scope)}
    return [var for name, var in found.items() if name not in left_out]


def filter_variables(
    var_list: Iterable[Any],
    include_patterns: Sequence[str] | None = None,
    exclude_patterns: Sequence[str] | None = None,
    reg_search: bool = True,
) -> list[Any]:
    """The variables that match one of `include_patterns` and none of `exclude_patterns`.

    Args:
      var_list: records, specs, names or arrays; what is kept is returned as it came.
      include_patterns: regular expressions; None keeps all.
      exclude_patterns: likewise, to leave out.
      reg_search: True searches anywhere in the name, False matches from its start.
    """
    matches = re.search if reg_search else re.match

    def keep(name: str) -> bool:
        if include_patterns is not None and not any(matches(p, name) for p in include_patterns):
            return False
        return not any(matches(p, name) for p in exclude_patterns or ())

    return [var for var in var_list if keep(get_variable_full_name(var))]


def add_model_variable(var: Any) -> None:
    """Lists a variable (an array that `variable` returned, a record or a name) among the MODEL_VARIABLES."""
    program = _program.require("add_model_variable")
    name = get_variable_full_name(var)
    spec = program.variables()[name]
    if GraphKeys.MODEL_VARIABLES not in spec.collections:
        program.variables()[name] = spec._replace(collections=(*spec.collections, GraphKeys.MODEL_VARIABLES))


# --- below ------------------------------------------------------------------------------------------


def _get(
    name: str,
    shape: Sequence[int] | None = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    collections: NamesOfCollections = (GraphKeys.GLOBAL_VARIABLES,),
    partitioner: Any = None,
    reuse: Any = None,
) -> jax.Array:
    """Makes or finds the variable of that whole name: what custom getters get as `getter`."""
    program = _program.require(f"variable {name!r}")
    if initializer is not None and not callable(initializer):
        initializer = np.asarray(initializer) if not isinstance(initializer, jax.Array) else initializer
        dtype = dtype or initializer.dtype
        if shape is not None and tuple(shape) != initializer.shape:
            raise ValueError(
                f"variable: the initializer of {name!r} is an array of shape {initializer.shape}, but shape={shape}. "
                "Leave out the shape."
            )
        shape = initializer.shape
    dtype = jax.dtypes.canonicalize_dtype(dtype or jnp.float32)
    if shape is None and reuse:
        found = program.variables().get(name)
        if found is not None:
            shape = found.shape
        elif reuse is True:
            shape = ()  # whatever it is: `_one` says that there is no such variable
    if shape is None:
        raise ValueError(
            f"variable: the shape of {name!r} must be given, got None. Pass shape=, or an array as initializer."
        )
    shape = tuple(int(size) for size in shape)
    if initializer is None:
        initializer = default_initializer(dtype)
    listed_in = as_names(collections) + ((GraphKeys.TRAINABLE_VARIABLES,) if trainable else ())
    spec = VariableSpec(
        name, shape, dtype, trainable, as_names(listed_in), initializer, regularizer, name, _program.user_line()
    )
    parts = list(partitioner(shape=shape, dtype=dtype)) if partitioner is not None and shape else []
    if not parts:
        return _one(program, spec, reuse)
    axis, pieces = cut_up(spec, parts)
    return jnp.concatenate([_one(program, piece, reuse) for piece in pieces], axis)


def _one(program: Program, spec: VariableSpec, reuse: Any) -> jax.Array:
    specs = program.variables()
    found = specs.get(spec.name)
    if found is None:
        if reuse is True:
            raise ValueError(
                f"variable: {spec.name!r} does not exist, and reuse=True makes no new ones. Use reuse=slim.AUTO_REUSE "
                f"to make it, or correct the scope.{names.hint(spec.name, specs)}"
            )
        return program.make_variable(spec)
    if not reuse:
        raise ValueError(
            f"variable: {spec.name!r} already exists (made at {found.made_at}). Give the second layer another scope, "
            "or share the variable with reuse=True or reuse=slim.AUTO_REUSE."
        )
    if found.shape != spec.shape:
        raise ValueError(f"variable: {spec.name!r} is reused with shape {spec.shape}, but it has shape {found.shape}.")
    if found.dtype != spec.dtype:
        raise ValueError(
            f"variable: {spec.name!r} is reused with dtype {jnp.dtype(spec.dtype).name}, but it has dtype "
            f"{jnp.dtype(found.dtype).name}."
        )
    return program.read_variable(spec.name)


def _from_value(function: str, initial_value: Any, name: str | None, collection: str) -> jax.Array:
    program = _program.require(function)
    value = np.asarray(initial_value) if not isinstance(initial_value, jax.Array) else initial_value
    if value.dtype == np.float64 and not isinstance(initial_value, np.ndarray | np.generic):
        value = value.astype(np.float32)  # a Python number is a float32, as in TF
    dtype = jax.dtypes.canonicalize_dtype(value.dtype)
    full_name = scopes.unique_op_name(name or "Variable")
    return program.make_variable(
        VariableSpec(full_name, value.shape, dtype, False, (collection,), value, None, full_name, _program.user_line())
    )


def _record(program: Program, spec: VariableSpec) -> Variable:
    return Variable(spec, program.read_variable(spec.name))
