"""What changes variables: `tf.assign`, `tf.scatter_update` and their relatives, for both kinds of variables."""

from typing import Any

from jax_slim.tf1.graph import building, conversion, graphs, shapes
from jax_slim.tf1.graph.tensors import Tensor


def variable_op_v2(
    shape: Any, dtype: Any, name: str = "Variable", container: str = "", shared_name: str = ""
) -> Tensor:
    """The node of a reference variable."""
    made = building.make(
        "VariableV2", shape=shapes.as_shape(shape), dtype=dtype, name=name, container=container, shared_name=shared_name
    )
    return made


def _is_ref(ref: Any) -> bool:
    return (isinstance(ref, Tensor) and ref.dtype._is_ref_dtype) or hasattr(ref, "_variable")


def _ref_of(ref: Any) -> Any:
    return ref._variable if hasattr(ref, "_variable") else ref


def assign(
    ref: Any, value: Any, validate_shape: bool | None = None, use_locking: bool | None = None, name: str | None = None
) -> Any:
    """Gives `ref` a value; what it gives is the variable's value after that.

    Args:
      validate_shape: False lets the variable change its shape.

    Raises:
      ValueError: the value's shape is another one.
    """
    if _is_ref(ref):
        return building.make(
            "Assign", _ref_of(ref), value, use_locking=use_locking, name=name, validate_shape=validate_shape
        )
    return ref.assign(value, name=name)


def assign_add(ref: Any, value: Any, use_locking: bool | None = None, name: str | None = None) -> Any:
    """Adds to `ref`; what it gives is the variable's value after that."""
    if _is_ref(ref):
        return building.make("AssignAdd", _ref_of(ref), value, use_locking=use_locking, name=name)
    return ref.assign_add(value)


def assign_sub(ref: Any, value: Any, use_locking: bool | None = None, name: str | None = None) -> Any:
    """Subtracts from `ref`; what it gives is the variable's value after that."""
    if _is_ref(ref):
        return building.make("AssignSub", _ref_of(ref), value, use_locking=use_locking, name=name)
    return ref.assign_sub(value)


def is_variable_initialized(ref: Any, name: str | None = None) -> Tensor:
    """A bool: whether the variable has a value in the session."""
    if _is_ref(ref):
        return building.make("IsVariableInitialized", _ref_of(ref), name=name)
    return ref.is_initialized(name=name)


def count_up_to(ref: Any, limit: int, name: str | None = None) -> Tensor:
    """Gives the value of an integer variable and counts on; OutOfRangeError where the limit is reached."""
    if _is_ref(ref):
        return building.make("CountUpTo", _ref_of(ref), limit=limit, name=name)
    return building.make("ResourceCountUpTo", ref.handle, limit=limit, T=ref.dtype, name=name)


def _scattered(kind: str, ref: Any, indices: Any, updates: Any, use_locking: Any, name: str | None) -> Any:
    if _is_ref(ref):
        return building.make(kind, _ref_of(ref), indices, updates, use_locking=use_locking, name=name)
    updates = conversion.convert_to_tensor(updates, ref.dtype)
    if kind.startswith("ScatterNd"):
        made = building.make("Resource" + kind, ref.handle, indices, updates, use_locking=True, name=name)
    else:
        made = building.make("Resource" + kind, ref.handle, indices, updates, name=name)
    return ref._lazy_read(made)


def scatter_update(ref: Any, indices: Any, updates: Any, use_locking: bool = True, name: str | None = None) -> Any:
    """Gives the rows `indices` of a variable new values. Indices may have any shape; updates have it and a row's behind."""
    return _scattered("ScatterUpdate", ref, indices, updates, use_locking, name)


def scatter_add(ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None) -> Any:
    """Adds to rows; a row that is named twice gets both."""
    return _scattered("ScatterAdd", ref, indices, updates, use_locking, name)


def scatter_sub(ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None) -> Any:
    """Subtracts from rows."""
    return _scattered("ScatterSub", ref, indices, updates, use_locking, name)


def scatter_mul(ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None) -> Any:
    """Multiplies rows."""
    return _scattered("ScatterMul", ref, indices, updates, use_locking, name)


def scatter_div(ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None) -> Any:
    """Divides rows."""
    return _scattered("ScatterDiv", ref, indices, updates, use_locking, name)


def scatter_min(ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None) -> Any:
    """Takes the smaller of rows and updates."""
    return _scattered("ScatterMin", ref, indices, updates, use_locking, name)


def scatter_max(ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None) -> Any:
    """Takes the larger of rows and updates."""
    return _scattered("ScatterMax", ref, indices, updates, use_locking, name)


def scatter_nd_update(ref: Any, indices: Any, updates: Any, use_locking: bool = True, name: str | None = None) -> Any:
    """Gives elements (or slices) new values; the last axis of `indices` says where."""
    return _scattered("ScatterNdUpdate", ref, indices, updates, use_locking, name)


def scatter_nd_add(ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None) -> Any:
    """Adds to elements (or slices)."""
    return _scattered("ScatterNdAdd", ref, indices, updates, use_locking, name)


def scatter_nd_sub(ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None) -> Any:
    """Subtracts from elements (or slices)."""
    return _scattered("ScatterNdSub", ref, indices, updates, use_locking, name)


def batch_scatter_update(
    ref: Any, indices: Any, updates: Any, use_locking: bool = True, name: str | None = None
) -> Any:
    """`scatter_update` for each entry of the leading axes: the last axis of `indices` counts rows within an entry."""
    from jax_slim.tf1.python import array, constant_op, joining

    with graphs.name_scope(None, "", [ref, indices, updates]) if name is None else graphs.name_scope(name):
        indices = conversion.convert_to_tensor(indices, name="indices")
        indices_shape = array.shape(indices)
        dims = indices.shape.ndims
        if dims is None:
            raise ValueError("batch_gather does not allow indices with unknown shape.")
        nd = array.expand_dims(indices, axis=-1)
        tiles = []
        for axis in range(dims - 1):
            sizes = [1] * dims
            places = array.reshape(
                constant_op.range(0, indices_shape[axis], dtype=indices.dtype),
                [*sizes[:axis], -1, *sizes[axis + 1 :], 1],
            )
            tiles.append(
                array.tile(places, joining.concat([indices_shape[:axis], [1], indices_shape[axis + 1 :], [1]], 0))
            )
        return scatter_nd_update(
            ref, joining.concat([*tiles, nd], axis=-1) if tiles else nd, updates, use_locking, name
        )
