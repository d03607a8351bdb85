"""`tf.contrib.framework`: variables that layers make, lists of variables by name, and giving them values from checkpoints."""

import functools
import re
from typing import Any

import numpy as np

from jax_slim.tf1.contrib.arg_scopes import add_arg_scope
from jax_slim.tf1.graph import dtypes, graphs, shapes
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.python import global_step, variable_scope


@add_arg_scope
def variable(name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None, trainable: bool = True,
             collections: Any = None, caching_device: Any = "", device: Any = None, partitioner: Any = None, custom_getter: Any = None,
             use_resource: bool | None = None, synchronization: Any = None, aggregation: Any = None) -> Any:  # fmt: skip
    """`get_variable` with a device and collections without duplicates.

    Args:
      shape, dtype, initializer, regularizer, trainable, partitioner, use_resource: as `tf.get_variable` has them.
      collections: the global variables by default.
      custom_getter: is called in place of `get_variable`.
    """
    collections = list(dict.fromkeys(collections if collections is not None else [GraphKeys.GLOBAL_VARIABLES]))
    getter: Any = variable_scope.get_variable
    if custom_getter is not None:
        getter = functools.partial(custom_getter, reuse=variable_scope.get_variable_scope().reuse)
    with graphs.device(device or ""):
        return getter(name, shape=shape, dtype=dtype, initializer=initializer, regularizer=regularizer, trainable=trainable, collections=collections,
                      caching_device=caching_device or None, partitioner=partitioner, use_resource=use_resource, synchronization=synchronization,
                      aggregation=aggregation)  # fmt: skip


@add_arg_scope
def model_variable(name: str, shape: Any = None, dtype: Any = dtypes.float32, initializer: Any = None, regularizer: Any = None, trainable: bool = True,
                   collections: Any = None, caching_device: Any = None, device: Any = None, partitioner: Any = None, custom_getter: Any = None,
                   use_resource: bool | None = None, synchronization: Any = None, aggregation: Any = None) -> Any:  # fmt: skip
    """`variable` that is also part of the collection MODEL_VARIABLES: what layers make."""
    collections = [*(collections or []), GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES]
    return variable(name, shape=shape, dtype=dtype, initializer=initializer, regularizer=regularizer, trainable=trainable, collections=collections,
                    caching_device=caching_device, device=device, partitioner=partitioner, custom_getter=custom_getter, use_resource=use_resource,
                    synchronization=synchronization, aggregation=aggregation)  # fmt: skip


def local_variable(
    initial_value: Any, validate_shape: bool = True, name: str | None = None, use_resource: bool | None = None
) -> Any:
    """A variable of the collection LOCAL_VARIABLES, not trained."""
    from jax_slim.tf1.python.variables import Variable

    return Variable(
        initial_value,
        trainable=False,
        collections=[GraphKeys.LOCAL_VARIABLES],
        validate_shape=validate_shape,
        name=name,
        use_resource=use_resource,
    )


def global_variable(
    initial_value: Any, validate_shape: bool = True, name: str | None = None, use_resource: bool | None = None
) -> Any:
    """A variable of the collection GLOBAL_VARIABLES, not trained."""
    from jax_slim.tf1.python.variables import Variable

    return Variable(
        initial_value,
        trainable=False,
        collections=[GraphKeys.GLOBAL_VARIABLES],
        validate_shape=validate_shape,
        name=name,
        use_resource=use_resource,
    )


def add_model_variable(var: Any) -> None:
    """Adds a variable to the collection MODEL_VARIABLES, where it is not there."""
    if not any(v is var for v in graphs.get_collection(GraphKeys.MODEL_VARIABLES)):
        graphs.add_to_collection(GraphKeys.MODEL_VARIABLES, var)


def get_variables(
    scope: Any = None, suffix: str | None = None, collection: str = GraphKeys.GLOBAL_VARIABLES
) -> list[Any]:
    """The variables of a collection, of a scope (a name or VariableScope), whose last name part is `suffix`.

    Raises:
      ValueError: the suffix has a ':'.
    """
    if isinstance(scope, variable_scope.VariableScope):
        scope = scope.name
    if suffix is not None:
        if ":" not in suffix:
            suffix += ":"
        scope = (scope or "") + ".*" + suffix
    return graphs.get_collection(collection, scope)


def get_model_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """The model variables, of a scope, of a suffix."""
    return get_variables(scope, suffix, GraphKeys.MODEL_VARIABLES)


def get_local_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """The local variables, of a scope, of a suffix."""
    return get_variables(scope, suffix, GraphKeys.LOCAL_VARIABLES)


def get_trainable_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """The trainable variables, of a scope, of a suffix."""
    return get_variables(scope, suffix, GraphKeys.TRAINABLE_VARIABLES)


def get_variables_to_restore(include: Any = None, exclude: Any = None) -> list[Any]:
    """The variables of the scopes `include` (all by default) without those of the scopes `exclude`.

    Raises:
      TypeError: one of them is no list or tuple.
    """
    if include is None:
        found = get_variables()
    else:
        if not isinstance(include, list | tuple):
            raise TypeError("include is provided but is not a list or a tuple.")
        found = [v for scope in include for v in get_variables(scope)]
    left_out: set[int] = set()
    if exclude is not None:
        if not isinstance(exclude, list | tuple):
            raise TypeError("exclude is provided but is not a list or a tuple.")
        left_out = {id(v) for scope in exclude for v in get_variables(scope)}
    return [v for v in found if id(v) not in left_out]


def get_variables_by_suffix(suffix: str, scope: Any = None) -> list[Any]:
    """The variables whose name ends in `suffix`."""
    return get_variables(scope=scope, suffix=suffix)


def get_variables_by_name(given_name: str, scope: Any = None) -> list[Any]:
    """The variables whose last name part is `given_name`."""
    return get_variables(scope=scope, suffix="/" + given_name + ":|^" + given_name + ":")


def get_unique_variable(var_op_name: str) -> Any:
    """The variable of that full name.

    Raises:
      ValueError: there is none, or more than one.
    """
    candidates = get_variables(scope=var_op_name)
    if not candidates:
        raise ValueError(f"Couldn't find variable {var_op_name}")
    for candidate in candidates:
        if candidate.op.name == var_op_name:
            return candidate
    raise ValueError(f"Variable {var_op_name} does not uniquely identify a variable")


def get_variable_full_name(var: Any) -> str:
    """The name that a checkpoint has for a variable: of a part, the whole's."""
    return var._save_slice_info.full_name if var._save_slice_info else var.op.name


def assign_from_values(var_names_to_values: dict[str, Any]) -> tuple[Any, dict[Any, Any]]:
    """(operation, feeds): run together they give variables, by name, the values.

    Raises:
      ValueError: no such variable.
    """
    from jax_slim.tf1.python import array, control_flow

    feed_dict: dict[Any, Any] = {}
    assign_ops = []
    for name, value in var_names_to_values.items():
        var_value = np.array(value)
        var = get_unique_variable(name)
        with graphs.name_scope("placeholder"):
            placeholder = array.placeholder(dtype=var.dtype.base_dtype, shape=var.get_shape(), name=var.op.name)
        assign_ops.append(var.assign(placeholder))
        feed_dict[placeholder] = var_value.reshape(var.get_shape().as_list())
    return control_flow.group(*assign_ops), feed_dict


def assign_from_values_fn(var_names_to_values: dict[str, Any]) -> Any:
    """A function of a session that gives variables, by name, the values."""
    assign_op, feed_dict = assign_from_values(var_names_to_values)

    def callback(session: Any) -> Any:
        return session.run(assign_op, feed_dict)

    return callback


def _reader(model_path: str) -> Any:
    from jax_slim.tf1.files import checkpoints

    return checkpoints.CheckpointReader(model_path)


def assign_from_checkpoint(
    model_path: str, var_list: Any, ignore_missing_vars: bool = False
) -> tuple[Any, dict[Any, Any]]:
    """(operation, feeds): run together they give variables the values of a checkpoint.

    Args:
      var_list: variables, or a dict from names in the checkpoint to variables (or lists of the parts of one).
      ignore_missing_vars: only warn of variables that the checkpoint has not got.

    Raises:
      ValueError: the checkpoint has not got a variable, or has it in another shape.
    """
    from jax_slim.tf1.python import array, control_flow, logging

    grouped: dict[str, list[Any]] = {}
    if isinstance(var_list, list | tuple):
        for var in var_list:
            grouped.setdefault(get_variable_full_name(var), []).append(var)
    else:
        for name, value in var_list.items():
            grouped[name] = list(value) if isinstance(value, list | tuple) else [value]
    reader = _reader(model_path)
    feed_dict: dict[Any, Any] = {}
    assign_ops = []
    for name, found in grouped.items():
        if not reader.has_tensor(name):
            message = f"Checkpoint is missing variable [{name}]"
            if not ignore_missing_vars:
                raise ValueError(message)
            logging.warning(message)
            continue
        value = np.asarray(reader.get_tensor(name))
        for var in found:
            placeholder = array.placeholder(
                dtype=var.dtype.base_dtype, shape=var.get_shape(), name="placeholder/" + var.op.name
            )
            assign_ops.append(var.assign(placeholder))
            if not var._save_slice_info:
                if var.get_shape() != shapes.TensorShape(value.shape):
                    raise ValueError(
                        f"Total size of new array must be unchanged for {name} lh_shape: [{value.shape}], rh_shape: [{var.get_shape()}]"
                    )
                feed_dict[placeholder] = value
            else:
                info = var._save_slice_info
                part = tuple(slice(o, o + s) for o, s in zip(info.var_offset, info.var_shape, strict=True))
                feed_dict[placeholder] = value[part]
    return control_flow.group(*assign_ops), feed_dict


def assign_from_checkpoint_fn(
    model_path: str, var_list: Any, ignore_missing_vars: bool = False, reshape_variables: bool = False
) -> Any:
    """A function of a session that gives variables the values of a checkpoint; None where there are none to give.

    Raises:
      ValueError: `var_list` is empty.
    """
    from jax_slim.tf1.python import logging
    from jax_slim.tf1.python import saver as savers

    if not var_list:
        raise ValueError("var_list cannot be empty")
    if ignore_missing_vars:
        reader = _reader(model_path)
        by_name = var_list if isinstance(var_list, dict) else {v.op.name: v for v in var_list}
        var_list = {}
        for name, var in by_name.items():
            if reader.has_tensor(name):
                var_list[name] = var
            else:
                logging.warning("Variable %s missing in checkpoint %s", name, model_path)
    if not var_list:
        logging.warning("No Variables to restore")
        return None
    saver = savers.Saver(var_list, reshape=reshape_variables)

    def callback(session: Any) -> None:
        saver.restore(session, model_path)

    return callback


def filter_variables(
    var_list: Any, include_patterns: Any = None, exclude_patterns: Any = None, reg_search: bool = True
) -> list[Any]:
    """The variables whose name one of the include patterns matches and none of the exclude patterns.

    Args:
      reg_search: patterns are found anywhere in the name; else they must match it from its start.
    """
    look = re.search if reg_search else re.match
    found = list(var_list)
    if include_patterns is not None:
        found = [v for v in found if any(look(pattern, v.op.name) for pattern in include_patterns)]
    if exclude_patterns is not None:
        found = [v for v in found if not any(look(pattern, v.op.name) for pattern in exclude_patterns)]
    return found


def zero_initializer(ref: Any, use_locking: bool = True, name: str = "zero_initializer") -> Any:
    """Gives a variable zeros."""
    from jax_slim.tf1.python import constant_op, state_ops

    return state_ops.assign(
        ref, constant_op.zeros(ref.get_shape(), ref.dtype.base_dtype), use_locking=use_locking, name=name
    )


def assert_or_get_global_step(graph: Any = None, global_step_tensor: Any = None) -> Any:
    """The global step given, checked, or the graph's."""
    if global_step_tensor is None:
        return global_step.get_global_step(graph)
    global_step.assert_global_step(global_step_tensor)
    return global_step_tensor


class VariableDeviceChooser:
    """A device function that gives variables to parameter servers in turn; without servers, to the first device."""

    def __init__(
        self,
        num_tasks: int = 0,
        job_name: str = "ps",
        device_type: str = "CPU",
        device_index: int = 0,
        replica: Any = None,
    ) -> None:
        self._num_tasks, self._job_name, self._device_type, self._device_index, self._replica = (
            num_tasks,
            job_name,
            device_type,
            device_index,
            replica,
        )
        self._next = 0

    def __call__(self, op: Any) -> str:
        if self._num_tasks == 0:
            return f"/device:{self._device_type}:{self._device_index}"
        task = self._next
        self._next = (task + 1) % self._num_tasks
        replica = "" if self._replica is None else f"/replica:{self._replica}"
        return f"/job:{self._job_name}{replica}/task:{task}/device:{self._device_type}:{self._device_index}"
