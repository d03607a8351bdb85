"""`Cast` between types, as TensorFlow's CPU does it, and `Bitcast`."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.tf1.graph import building, dtypes, errors, rows, shape_inference, shapes
from jax_slim.tf1.operations import arrays, shape_rules

_DIFFERENTIABLE = ("float16", "bfloat16", "float32", "float64", "complex64", "complex128")


def _gradient(op: Any, gradient: Any) -> list[Any]:
    source, target = op._inputs[0].dtype.base_dtype, gradient.dtype.base_dtype
    if source.name not in _DIFFERENTIABLE or target.name not in _DIFFERENTIABLE:
        return [None]
    return [gradient if source == target else building.make("Cast", gradient, DstT=source)]


@rows.row("Cast", shape=shape_inference.like_input(), gradient=_gradient)
def cast(x: Any, *, DstT: dtypes.DType) -> Any:
    target = DstT.base_dtype
    if x.dtype == object or target.as_numpy_dtype is np.object_:
        source = "string" if x.dtype == object else dtypes.as_dtype(x.dtype).name
        raise errors.UnimplementedError(None, None, f"Cast {source} to {target.name} is not supported")
    kind = np.dtype(target.as_numpy_dtype)
    if x.dtype == kind:
        return x
    if np.issubdtype(x.dtype, np.complexfloating) and not np.issubdtype(kind, np.complexfloating):
        x = x.real
    if _is_float(x) and kind.kind in "iu":
        return _cut_off(x, kind)
    with np.errstate(all="ignore"):
        return x.astype(kind)


def _is_float(x: Any) -> bool:
    return jnp.issubdtype(x.dtype, jnp.floating)


def _cut_off(x: Any, kind: np.dtype) -> Any:
    """Floats to integers as processors do it: through int32 (int64), of which narrow types keep the low bits; XLA would clamp."""
    wide = np.dtype(np.int64) if kind.itemsize == 8 or kind == np.uint32 else np.dtype(np.int32)
    if x.dtype.itemsize == 2:
        x = x.astype(np.float32)
    limit = -float(np.iinfo(wide).min)
    inside = (x >= -limit) & (x < limit)
    return arrays.xp(x).where(inside, x, x.dtype.type(-limit)).astype(wide).astype(kind)


def _bitcast_shape(op: Any) -> shapes.TensorShape:
    sizes = shape_rules.sizes(op)
    if sizes is None:
        return shapes.unknown_shape()
    before, after = op._inputs[0].dtype.size, op.attrs["type"].size
    if before == after:
        return shapes.TensorShape(sizes)
    if before > after:
        return shapes.TensorShape([*sizes, before // after])
    if not sizes or sizes[-1] not in (None, after // before):
        shape_rules.refuse(
            op,
            f"Cannot bitcast due to shape. {sizes[-1] if sizes else 0} is not evenly divisible by {after // before}.",
        )
    return shapes.TensorShape(sizes[:-1])


@rows.row("Bitcast", shape=_bitcast_shape, gradient=rows.NONE)
def bitcast(input: Any, *, type: dtypes.DType) -> Any:
    kind = np.dtype(type.as_numpy_dtype)
    if isinstance(input, jax.Array):
        return jax.lax.bitcast_convert_type(input, kind)
    before, after = input.dtype.itemsize, kind.itemsize
    array = np.ascontiguousarray(input).reshape(input.shape)
    if before == after:
        return array.view(kind)
    if before > after:
        return array[..., None].view(kind)
    return array.view(kind)[..., 0]
