"""Rows that read and change variables. A variable's own value in a run is a reference; `run` reads and writes what it refers to."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from jax_slim.tf1.graph import building, errors, rows, shape_inference, shapes
from jax_slim.tf1.graph.composites import IndexedSlices
from jax_slim.tf1.graph.tensors import Tensor, handled
from jax_slim.tf1.operations import arrays, slicing


def handle_shape(handle: Tensor) -> shapes.TensorShape:
    """The shape of the variable that a handle stands for, as far as it is known."""
    variable = handled(handle)
    return shapes.unknown_shape() if variable is None else variable.attrs.get("shape", shapes.unknown_shape())


def _of_handle(op: Any) -> Any:
    return [handle_shape(op._inputs[0])]


def _refused(op: Any, text: str) -> ValueError:
    inputs = ", ".join(
        str([d if d is not None else "?" for d in t.shape.sizes]).replace("'", "")
        if t.shape.sizes is not None
        else "<unknown>"
        for t in op._inputs
    )
    return ValueError(
        f"{text} for '{op.name}' (op: '{op.type}') with input shapes: {inputs.replace(', ', ',').replace('],[', '], [')}."
    )


def _merged(op: Any, first: shapes.TensorShape, second: shapes.TensorShape) -> shapes.TensorShape:
    """What two shapes that must be equal say together, or TF's error."""
    a, b = first.sizes, second.sizes
    if a is None or b is None:
        return first if b is None else second
    shown = [str(list(s)).replace(" ", "").replace("None", "?") for s in (a, b)]
    if len(a) != len(b):
        raise _refused(op, f"Shapes must be equal rank, but are {len(a)} and {len(b)}")
    for axis, (x, y) in enumerate(zip(a, b, strict=True)):
        if x is not None and y is not None and x != y:
            raise _refused(
                op,
                f"Dimension {axis} in both shapes must be equal, but are {x} and {y}. Shapes are {shown[0]} and {shown[1]}.",
            )
    return first.merge_with(second)


rows.row("VariableV2", "Variable", context=True, shape=shape_inference.of_attribute(), gradient=rows.NONE)(
    lambda run, op: run.value(op.outputs[0])
)
rows.row("TemporaryVariable", context=True, shape=shape_inference.of_attribute(), gradient=rows.NONE)(
    lambda run, op: run.value(op.outputs[0])
)
rows.row("VarHandleOp", context=True, shape=shape_inference.scalar, gradient=rows.NONE)(
    lambda run, op: run.value(op.outputs[0])
)


def _assign_shape(op: Any) -> Any:
    value = op._inputs[1].shape
    return [_merged(op, op._inputs[0].shape, value) if op.attrs.get("validate_shape", True) else value]


@rows.row("Assign", context=True, refs=("ref",), shape=_assign_shape, gradient=rows.NONE)
def assign(run: Any, op: Any, ref: Any, value: Any) -> Any:
    known = op._inputs[0].shape
    if op.attrs.get("validate_shape", True) and not known.is_compatible_with(np.shape(value)):
        raise errors.InvalidArgumentError(
            None,
            None,
            f"Assign requires shapes of both tensors to match. lhs shape= {_listed(known.as_list())} rhs shape= {_listed(np.shape(value))} (variable {ref.key})",
        )
    run.write(ref, value)
    return ref


def _listed(sizes: Any) -> str:
    return "[" + ",".join(map(str, sizes)) + "]"


def _update_shape(op: Any) -> Any:
    return [_merged(op, op._inputs[0].shape, op._inputs[1].shape)]


def _changed(run: Any, ref: Any, delta: Any, function: Callable[[Any, Any], Any]) -> None:
    value = run.read(ref)
    if np.shape(value) != np.shape(delta):
        raise errors.InvalidArgumentError(
            None, None, f"Incompatible shapes: {list(np.shape(value))} vs. {list(np.shape(delta))}"
        )
    with np.errstate(all="ignore"):
        run.write(ref, function(value, delta))


@rows.row("AssignAdd", context=True, refs=("ref",), shape=_update_shape, gradient=rows.NONE)
def assign_add(run: Any, op: Any, ref: Any, value: Any) -> Any:
    _changed(run, ref, value, lambda a, b: a + b)
    return ref


@rows.row("AssignSub", context=True, refs=("ref",), shape=_update_shape, gradient=rows.NONE)
def assign_sub(run: Any, op: Any, ref: Any, value: Any) -> Any:
    _changed(run, ref, value, lambda a, b: a - b)
    return ref


@rows.row("IsVariableInitialized", context=True, refs=("ref",), shape=shape_inference.scalar, gradient=rows.NONE)
def is_variable_initialized(run: Any, op: Any, ref: Any) -> Any:
    return np.asarray(run.is_initialized(ref))


@rows.row("VarIsInitializedOp", context=True, refs=("resource",), shape=shape_inference.scalar, gradient=rows.NONE)
def var_is_initialized(run: Any, op: Any, resource: Any) -> Any:
    return np.asarray(run.is_initialized(resource))


def _counted(run: Any, ref: Any, limit: int) -> Any:
    value = run.read(ref)
    xp = arrays.xp(value)
    arrays.require(value < limit, lambda: errors.OutOfRangeError(None, None, f"Reached limit of {limit}"))
    run.write(ref, xp.where(value < limit, value + np.asarray(1, value.dtype), value))
    return value


@rows.row("CountUpTo", context=True, refs=("ref",), shape=shape_inference.scalar, gradient=rows.NONE)
def count_up_to(run: Any, op: Any, ref: Any, *, limit: int) -> Any:
    return _counted(run, ref, limit)


@rows.row("ResourceCountUpTo", context=True, refs=("resource",), shape=shape_inference.scalar, gradient=rows.NONE)
def resource_count_up_to(run: Any, op: Any, resource: Any, *, limit: int) -> Any:
    return _counted(run, resource, limit)


# Resource variables.


def _read(run: Any, op: Any, resource: Any) -> Any:
    if not run.is_initialized(resource):
        raise errors.FailedPreconditionError(
            None, None, f"Error while reading resource variable {resource.key} from Container: localhost. This could mean that the variable was "
            f"uninitialized. Not found: Resource localhost/{resource.key} does not exist.")  # fmt: skip
    return run.read(resource)


@rows.row("ReadVariableOp", context=True, refs=("resource",), shape=_of_handle, gradient=lambda op, grad: [grad])
def read_variable(run: Any, op: Any, resource: Any) -> Any:
    return _read(run, op, resource)


@rows.row("AssignVariableOp", context=True, refs=("resource",), gradient=rows.NONE)
def assign_variable(run: Any, op: Any, resource: Any, value: Any) -> Any:
    run.write(resource, value)
    return []


@rows.row("AssignAddVariableOp", context=True, refs=("resource",), gradient=rows.NONE)
def assign_add_variable(run: Any, op: Any, resource: Any, value: Any) -> Any:
    _read(run, op, resource)
    _changed(run, resource, value, lambda a, b: a + b)
    return []


@rows.row("AssignSubVariableOp", context=True, refs=("resource",), gradient=rows.NONE)
def assign_sub_variable(run: Any, op: Any, resource: Any, value: Any) -> Any:
    _read(run, op, resource)
    _changed(run, resource, value, lambda a, b: a - b)
    return []


def _variable_shape_shape(op: Any) -> Any:
    return [shapes.TensorShape([handle_shape(op._inputs[0]).ndims])]


@rows.row("VariableShape", context=True, refs=("input",), shape=_variable_shape_shape, gradient=rows.NONE)
def variable_shape(run: Any, op: Any, input: Any, *, out_type: Any) -> Any:
    return np.array(np.shape(_read(run, op, input)), out_type.as_numpy_dtype)


def _gather_shape(op: Any) -> Any:
    whole, indices = handle_shape(op._inputs[0]), op._inputs[1].shape
    return [indices.concatenate(whole[1:]) if whole.ndims else shapes.unknown_shape()]


def _gather_gradient(op: Any, grad: Any) -> Any:
    handle, indices = op.inputs
    shape = building.make("VariableShape", handle)
    size = building.make("ExpandDims", building.make("Size", indices), 0)
    row = building.make("StridedSlice", shape, [1], [0], [1], end_mask=1)
    values = building.make("Reshape", grad, building.make("ConcatV2", [size, row], 0))
    return [IndexedSlices(values, building.make("Reshape", indices, size), shape), None]


@rows.row("ResourceGather", context=True, refs=("resource",), shape=_gather_shape, gradient=_gather_gradient)
def resource_gather(run: Any, op: Any, resource: Any, indices: Any) -> Any:
    value = _read(run, op, resource)
    _check_indices(indices, np.shape(value)[0])
    return arrays.xp(value, indices).take(value, indices, axis=0)


# Changes of rows and elements.


def _check_indices(indices: Any, limit: int) -> None:
    def error() -> errors.OpError:
        bad = (
            np.argwhere((np.asarray(indices) < 0) | (np.asarray(indices) >= limit))[0]
            if arrays.is_known(indices)
            else None
        )
        if bad is None:
            return errors.InvalidArgumentError(None, None, f"indices contain a value that is not in [0, {limit})")
        place = ",".join(map(str, bad))
        return errors.InvalidArgumentError(
            None, None, f"indices[{place}] = {np.asarray(indices)[tuple(bad)]} is not in [0, {limit})"
        )

    arrays.require(((indices >= 0) & (indices < limit)).all(), error)


_HOW: dict[str, tuple[Any, str]] = {
    "Update": (None, "set"), "Add": (np.add, "add"), "Sub": (np.subtract, "subtract"), "Mul": (np.multiply, "multiply"),
    "Div": (np.divide, "divide"), "Min": (np.minimum, "min"), "Max": (np.maximum, "max"),
}  # fmt: skip


def scattered(value: Any, index: Any, updates: Any, how: str) -> Any:
    """An array with the parts at `index` set, added to and so on; a part that is named several times gets all of them."""
    function, method = _HOW[how]
    if arrays.xp(value, index, updates) is np:
        result = np.array(value)
        updates = np.broadcast_to(updates, result[index].shape)
        if function is None:
            result[index] = updates
        elif how == "Div" and value.dtype.kind in "iu":
            _divide_at(result, index, updates)
        else:
            with np.errstate(all="ignore"):
                function.at(result, index, updates)
        return result
    return getattr(jnp.asarray(value).at[index], method)(updates, mode="drop")


def _divide_at(result: np.ndarray, index: Any, updates: np.ndarray) -> None:
    places = np.arange(result.size).reshape(result.shape)[index].reshape(-1)
    flat = result.reshape(-1)
    for place, update in zip(places, updates.reshape(-1), strict=True):
        flat[place] = np.trunc(flat[place] / update)


def _scatter_shape(op: Any) -> Any:
    whole, indices, updates = (t.shape for t in op._inputs)
    whole = handle_shape(op._inputs[0]) if op._inputs[0].dtype.base_dtype.name == "resource" else whole
    if updates.ndims != 0 and whole.ndims:
        _merged(op, updates, indices.concatenate(whole[1:]))
    return [whole] if op.outputs else []


def _scatter(how: str) -> Callable[..., Any]:
    def scatter(run: Any, op: Any, ref: Any, indices: Any, updates: Any) -> Any:
        value = _read(run, op, ref) if op.type.startswith("Resource") else run.read(ref)
        _check_indices(indices, np.shape(value)[0])
        run.write(ref, scattered(value, indices, updates, how))
        return ref if op.outputs else []

    return scatter


for _how in _HOW:
    _none = (
        {} if _how in ("Update", "Min", "Max") else {"gradient": rows.NONE}
    )  # the others have none that TF knows of, and it says so
    rows.row(f"Scatter{_how}", context=True, refs=("ref",), shape=_scatter_shape, **_none)(_scatter(_how))
    rows.row(f"ResourceScatter{_how}", context=True, refs=("resource",), shape=_scatter_shape)(_scatter(_how))


def _scatter_nd_shape(op: Any) -> Any:
    return [op._inputs[0].shape] if op.outputs else []


def _scatter_nd(how: str) -> Callable[..., Any]:
    def scatter_nd(run: Any, op: Any, ref: Any, indices: Any, updates: Any) -> Any:
        value = _read(run, op, ref) if op.type.startswith("Resource") else run.read(ref)
        depth = np.shape(indices)[-1]
        limits = np.array(np.shape(value)[:depth])
        good = ((indices >= 0) & (indices < limits)).all()
        arrays.require(good, lambda: errors.InvalidArgumentError(None, None, _bad_nd(indices, limits, np.shape(value))))
        run.write(ref, scattered(value, tuple(indices[..., i] for i in range(depth)), updates, how))
        return ref if op.outputs else []

    return scatter_nd


def _bad_nd(indices: Any, limits: Any, shape: Any) -> str:
    if not arrays.is_known(indices):
        return f"indices do not index into shape {list(shape)}"
    flat = np.asarray(indices).reshape(-1, np.shape(indices)[-1])
    place = int(np.argmax(((flat < 0) | (flat >= limits)).any(axis=1)))
    return f"indices[{place}] = {flat[place].tolist()} does not index into shape {list(shape)}"


for _how in ("Update", "Add", "Sub"):
    rows.row(f"ScatterNd{_how}", context=True, refs=("ref",), shape=_scatter_nd_shape, gradient=rows.NONE)(
        _scatter_nd(_how)
    )
    rows.row(f"ResourceScatterNd{_how}", context=True, refs=("ref",), shape=_scatter_nd_shape)(_scatter_nd(_how))


def _strided_slice_assign(run: Any, op: Any, ref: Any, begin: Any, end: Any, strides: Any, value: Any) -> Any:
    masks = {n: op.attrs[n] for n in ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")}
    whole = _read(run, op, ref) if op.type.startswith("Resource") else run.read(ref)
    places = slicing.strided_slice(
        np.arange(int(np.prod(np.shape(whole)))).reshape(np.shape(whole)), begin, end, strides, **masks
    )
    if np.shape(places) != np.shape(value):
        value = arrays.xp(value).broadcast_to(value, np.shape(places))
    run.write(ref, scattered(whole.reshape(-1), places, value, "Update").reshape(np.shape(whole)))
    return ref if op.outputs else []


rows.row("StridedSliceAssign", context=True, refs=("ref",), static=("begin", "end", "strides"), shape=lambda op: [op._inputs[0].shape],
         gradient=rows.NONE)(_strided_slice_assign)  # fmt: skip
rows.row(
    "ResourceStridedSliceAssign", context=True, refs=("ref",), static=("begin", "end", "strides"), gradient=rows.NONE
)(_strided_slice_assign)
