"""`slot_creator`: variables that belong to another variable, named after it: `conv1/weights/Momentum`."""

from typing import Any

from jax_slim.tf1.graph import building, dtypes, graphs
from jax_slim.tf1.python import initializers, save_slices, variable_scope
from jax_slim.tf1.python.variables import Variable


def create_slot(primary: Any, val: Any, name: str, colocate_with_primary: bool = True) -> Any:
    """A slot with an initial value: a tensor."""
    return _made(primary, val, name, colocate_with_primary, val.get_shape().is_fully_defined(), None, None)


def create_slot_with_initializer(
    primary: Any, initializer: Any, shape: Any, dtype: Any, name: str, colocate_with_primary: bool = True
) -> Any:
    """A slot of a shape and type, by an initializer."""
    return _made(primary, initializer, name, colocate_with_primary, shape.is_fully_defined(), shape, dtype)


def create_zeros_slot(primary: Any, name: str, dtype: Any = None, colocate_with_primary: bool = True) -> Any:
    """A slot of zeros, like the variable."""
    kind = dtypes.as_dtype(primary.dtype if dtype is None else dtype).base_dtype
    shape = primary.get_shape()
    if shape.is_fully_defined():
        return create_slot_with_initializer(
            primary, initializers.zeros_initializer(kind), shape, kind, name, colocate_with_primary
        )
    value = primary.initialized_value() if isinstance(primary, Variable) else primary
    zeros = building.make("Fill", building.make("Shape", value), building.make("Cast", 0.0, DstT=kind))
    return create_slot(primary, zeros, name, colocate_with_primary)


def _made(primary: Any, value: Any, name: str, colocate: bool, validate_shape: bool, shape: Any, dtype: Any) -> Any:
    prefix = primary._shared_name if isinstance(primary, Variable) else primary.op.name
    with variable_scope.variable_scope(None, f"{prefix}/{name}"):
        if not colocate:
            return _variable(primary, value, validate_shape, shape, dtype)
        with graphs.colocate_with(primary):
            return _variable(primary, value, validate_shape, shape, dtype)


def _variable(primary: Any, value: Any, validate_shape: bool, shape: Any, dtype: Any) -> Any:
    scope = variable_scope.get_variable_scope()
    partitioner = scope.partitioner
    scope.set_partitioner(None)
    try:
        slot = variable_scope.get_variable(
            "",
            initializer=value,
            trainable=False,
            shape=shape,
            dtype=dtype,
            validate_shape=validate_shape,
            use_resource=bool(getattr(primary, "_is_resource", False)),
        )
    finally:
        scope.set_partitioner(partitioner)
    part = getattr(primary, "_save_slice_info", None)
    if part is not None:
        name = slot.op.name[len(primary.op.name) + 1 :]
        slot._set_save_slice_info(
            save_slices.SaveSliceInfo(
                f"{part.full_name}/{name}", list(part.full_shape), list(part.var_offset), list(part.var_shape)
            )
        )
    return slot
