"""Variables of a graph by name: what `tf.get_variable` finds there or makes."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, cast

from jax_slim.tf1.graph import dtypes, graphs, shapes
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.python import initial_values
from jax_slim.tf1.python.partitioned import PartitionedVariable, PartitionInfo, partition_slices
from jax_slim.tf1.python.save_slices import SaveSliceInfo
from jax_slim.tf1.python.variables import Variable


class _Reuse:
    """`tf.AUTO_REUSE`."""

    def __init__(self, value: int) -> None:
        self.value, self.name = value, "AUTO_REUSE"

    def __repr__(self) -> str:
        return "_ReuseMode.AUTO_REUSE"

    def __deepcopy__(self, memo: Any) -> "_Reuse":
        return self


AUTO_REUSE = _Reuse(1)


def parameters_of(function: Any) -> list[str] | None:
    """The names of a function's parameters; None where it takes any keyword."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return None if any(p.kind is p.VAR_KEYWORD for p in parameters) else [p.name for p in parameters]


def takes(function: Any, name: str) -> bool:
    """Whether a function takes an argument of that name."""
    found = parameters_of(function)
    return found is None or name in found


def _required(function: Any) -> int:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 0
    return sum(p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)


class VariableStore:
    """The variables of one graph that `get_variable` made."""

    def __init__(self) -> None:
        self._vars: dict[str, Any] = {}
        self._partitioned_vars: dict[str, PartitionedVariable] = {}

    def get_variable(self, name: str, shape: Any = None, dtype: Any = dtypes.float32, initializer: Any = None, regularizer: Any = None,
                     reuse: Any = None, trainable: bool | None = None, collections: Any = None, caching_device: Any = None,
                     partitioner: Any = None, validate_shape: bool = True, use_resource: bool | None = None, custom_getter: Any = None,
                     constraint: Any = None, synchronization: Any = None, aggregation: Any = None) -> Any:  # fmt: skip
        """The variable of that full name, made where there is none and `reuse` is not True."""
        if custom_getter is not None and not callable(custom_getter):
            raise ValueError(f"Passed a custom_getter which is not callable: {custom_getter}")
        dtype = dtypes.as_dtype(dtype).base_dtype
        if trainable is None:
            trainable = synchronization != 3

        def true_getter(name: str, shape: Any = None, dtype: Any = dtypes.float32, initializer: Any = None, regularizer: Any = None,
                        reuse: Any = None, trainable: bool | None = None, collections: Any = None, caching_device: Any = None,
                        partitioner: Any = None, validate_shape: bool = True, use_resource: bool | None = None, constraint: Any = None,
                        synchronization: Any = None, aggregation: Any = None) -> Any:  # fmt: skip
            options = dict(shape=shape, dtype=dtype, initializer=initializer, regularizer=regularizer, reuse=reuse, trainable=trainable,
                           collections=collections, caching_device=caching_device, validate_shape=validate_shape, use_resource=use_resource,
                           constraint=constraint, synchronization=synchronization, aggregation=aggregation)  # fmt: skip
            scalar = isinstance(shape, list | tuple) and not len(shape)
            if partitioner is not None and not scalar:
                if not callable(partitioner):
                    raise ValueError(f"Partitioner must be callable, but received: {partitioner}")
                with graphs.name_scope(None):
                    return self._partitioned(name, partitioner, options)
            if reuse is True and partitioner is None and name in self._partitioned_vars:
                with graphs.name_scope(None):
                    return self._partitioned(name, None, options)
            if f"{name}/part_0" in self._vars:
                raise ValueError(f"No partitioner was provided, but a partitioned version of the variable was found: {name}/part_0. "
                                 "Perhaps a variable of the same name was already created with partitioning?")  # fmt: skip
            return self._single(name, **options)

        arguments: dict[str, Any] = dict(name=name, shape=shape, dtype=dtype, initializer=initializer, regularizer=regularizer, reuse=reuse,
                         trainable=trainable, collections=collections, caching_device=caching_device, partitioner=partitioner,
                         validate_shape=validate_shape, use_resource=use_resource, synchronization=synchronization,
                         aggregation=aggregation)  # fmt: skip
        if custom_getter is None:
            return true_getter(**arguments, constraint=constraint)
        if takes(custom_getter, "constraint") or isinstance(custom_getter, functools.partial):
            arguments["constraint"] = constraint
        return custom_getter(getter=true_getter, **arguments)

    def _single(self, name: str, shape: Any, dtype: Any, initializer: Any, regularizer: Any, reuse: Any, trainable: Any, collections: Any,
                caching_device: Any, validate_shape: bool, use_resource: Any, constraint: Any, synchronization: Any, aggregation: Any,
                partition_info: Any = None) -> Any:  # fmt: skip
        from_value = initializer is not None and not callable(initializer)
        if shape is not None and from_value:
            raise ValueError("If initializer is a constant, do not specify shape.")
        dtype = dtypes.as_dtype(dtype)
        known = shape is not None
        shape = shapes.as_shape(shape)
        if name in self._vars:
            found = self._vars[name]
            if reuse is False or reuse is None:
                raise ValueError(f"Variable {name} already exists, disallowed. Did you mean to set reuse=True or reuse=tf.AUTO_REUSE in "
                                 f"VarScope? Originally defined at:\n\n  {found.op.made_at}\n")  # fmt: skip
            if not shape.is_compatible_with(found.get_shape()):
                raise ValueError(
                    f"Trying to share variable {name}, but specified shape {shape} and found shape {found.get_shape()}."
                )
            if not dtype.is_compatible_with(found.dtype):
                raise ValueError(
                    f"Trying to share variable {name}, but specified dtype {dtype.name} and found dtype {found.dtype.name}."
                )
            return found
        if reuse is True:
            raise ValueError(f"Variable {name} does not exist, or was not created with tf.get_variable(). "
                             "Did you mean to set reuse=tf.AUTO_REUSE in VarScope?")  # fmt: skip
        if initializer is None:
            initializer = _default_initializer(name, dtype)
        with initial_values.init_scope():
            value, kind = initializer, None
            if not from_value:
                if inspect.isclass(initializer):
                    initializer = initializer()
                if known and shape.is_fully_defined():
                    value, kind = _call(initializer, shape, dtype, partition_info), dtype.base_dtype
                elif _required(initializer) == 0:
                    value = initializer
                else:
                    raise ValueError(
                        "The initializer passed is not valid. It should be a callable with no arguments and the shape should not be provided "
                        "or an instance of `tf.keras.initializers.*' and `shape` should be fully defined."
                    )
        made = Variable(initial_value=value, name=name, trainable=trainable, collections=collections, caching_device=caching_device, dtype=kind,
                        validate_shape=validate_shape, constraint=constraint, use_resource=use_resource, synchronization=synchronization,
                        aggregation=aggregation)  # fmt: skip
        self._vars[name] = made
        if regularizer:
            with graphs.colocate_with(made.op), graphs.name_scope(name + "/Regularizer/"), initial_values.init_scope():
                loss = regularizer(made)
            if loss is not None:
                graphs.add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)
        return made

    def _partitioned(self, name: str, partitioner: Any, options: dict[str, Any]) -> Any:
        shape, dtype, reuse, initializer = (options[n] for n in ("shape", "dtype", "reuse", "initializer"))
        from_value = initializer is not None and not callable(initializer)
        shape = shapes.as_shape(cast(Any, initializer).shape if from_value and shape is None else shape)
        if name in self._partitioned_vars:
            found = self._partitioned_vars[name]
            if reuse is False or reuse is None:
                raise ValueError(
                    f"Partitioned variable with name {name} already exists. Did you mean to set reuse=True or reuse=tf.AUTO_REUSE in VarScope?"
                )
            if not shape.is_compatible_with(found.get_shape()):
                raise ValueError(
                    f"Trying to reuse partitioned variable {name}, but specified shape {shape} and found shape {found.get_shape()}."
                )
            if not dtypes.as_dtype(dtype).is_compatible_with(found.dtype):
                raise ValueError(
                    f"Trying to reuse partitioned variable {name}, but specified dtype {dtype} and found dtype {found.dtype.name}."
                )
            return found
        if reuse is True:
            raise ValueError(f"PartitionedVariable {name} does not exist, or was not created with tf.get_variable(). "
                             "Did you mean to set reuse=False or reuse=tf.AUTO_REUSE in VarScope?")  # fmt: skip
        axis, offsets, sizes, partitions = partition_slices(partitioner, shape, dtype)
        if f"{name}/part_0" in self._vars and f"{name}/part_{len(sizes) - 1}" not in self._vars:
            raise ValueError(f"Partitioner returned a different partitioning than what was already found. Partitioner returned {len(sizes)} "
                             f"shards, and shard {name}/part_0 was found, but {name}/part_{len(sizes) - 1} was not.")  # fmt: skip
        parts = []
        for number, (offset, size) in enumerate(zip(offsets, sizes, strict=True)):
            whole: Any = shape.as_list()
            part_shape = [*whole[:axis], size, *whole[axis + 1 :]]
            part_offset = [0] * axis + [offset] + [0] * (len(whole) - axis - 1)
            part_initializer, asked = initializer, part_shape
            if initializer is None:
                part_initializer = _default_initializer(name, dtypes.as_dtype(dtype))
            elif from_value:
                part_initializer, asked = _slice_of(initializer, part_offset, part_shape), None
            full_name = f"{name}/part_{number}"
            with graphs.name_scope(full_name + "/PartitionedInitializer"):
                pass
            part = self._single(
                full_name,
                **{**options, "shape": asked, "initializer": part_initializer},
                partition_info=PartitionInfo(whole, part_offset),
            )
            part._set_save_slice_info(SaveSliceInfo(name, whole, part_offset, part_shape))
            parts.append(part)
        made = PartitionedVariable(name=name, shape=shape, dtype=dtype, variable_list=parts, partitions=partitions)
        self._partitioned_vars[name] = made
        return made


def _slice_of(value: Any, offset: list[int], shape: list[int]) -> Any:
    from jax_slim.tf1.python import slicing

    return slicing.slice(value, offset, shape)


def _default_initializer(name: str, dtype: dtypes.DType) -> Any:
    from jax_slim.tf1.python import initializers

    if dtype.is_floating:
        return initializers.glorot_uniform_initializer()
    if dtype.is_integer or dtype.is_bool or dtype.base_dtype.name == "string":
        return initializers.zeros_initializer()
    raise ValueError(f"An initializer for variable {name} of {dtype.base_dtype} is required")


def _call(initializer: Any, shape: shapes.TensorShape, dtype: Any, partition_info: Any) -> Callable[[], Any]:
    if takes(initializer, "partition_info"):
        return lambda: initializer(shape.as_list(), dtype=dtype, partition_info=partition_info)
    return lambda: initializer(shape.as_list(), dtype=dtype)
