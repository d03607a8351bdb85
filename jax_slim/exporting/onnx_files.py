"""ONNX files, through jax2onnx (`pip install "jax-slim[onnx]"`)."""

import functools
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.extend.core import ClosedJaxpr, Literal

from jax_slim.exporting.archives import ExportError, checked_target, replacing
from jax_slim.kernels.choices import kernel_forms


def export_onnx(
    path: str | os.PathLike[str],
    classify: Callable[[Mapping[str, Any], jax.Array], jax.Array],
    variables: Mapping[str, Any],
    shape: Sequence[int | str],
    labels: Sequence[str] | None = None,
    description: Mapping[str, Any] | None = None,
) -> Path:
    """Writes a classifier of prepared images as an ONNX file: float32 images in, logits out.

    Args:
      path: the file to write.
      classify: (variables, prepared images) -> logits.
      variables: name -> array.
      shape: of the images: ("batch", 224, 224, 3); a name is a size that the caller chooses.
      labels: the name of each class: kept in the file's metadata, as JSON under 'labels'.
      description: what else the metadata should say.

    Returns:
      The path.

    Raises:
      ExportError: jax2onnx is not installed or cannot convert the net, or the file cannot be written.
    """
    try:
        import onnx
        from jax2onnx import to_onnx
    except ImportError as error:
        raise ExportError(
            f"export_onnx: needs jax2onnx and onnx ({error}). Install them: pip install 'jax-slim[onnx]'."
        ) from error

    target = checked_target("export_onnx", path)

    def program(images: jax.Array) -> jax.Array:
        with kernel_forms("lax"):  # jax2onnx knows lax's operations
            closed = jax.make_jaxpr(lambda images: classify(variables, images))(images)
        return _evaluated(closed, images)[0]

    try:
        model = to_onnx(program, [tuple(shape)])
    except Exception as error:
        raise ExportError(f"export_onnx: jax2onnx cannot convert the net: {str(error).splitlines()[0]}") from error
    said = {**(description or {}), **({"labels": json.dumps(list(labels))} if labels else {})}
    onnx.helper.set_model_props(model, {name: str(value) for name, value in said.items()})
    with replacing("export_onnx", target) as file:
        file.write(model.SerializeToString())
    return target


def _evaluated(closed: ClosedJaxpr, *arguments: Any) -> list[Any]:
    """Runs a traced program; maxima over windows become maxima of slices.

    jax2onnx makes a MaxPool over all four axes of them, which onnxruntime refuses.
    """
    values: dict[Any, Any] = dict(zip(closed.jaxpr.constvars, closed.consts, strict=True))
    values |= dict(zip(closed.jaxpr.invars, arguments, strict=True))

    def read(variable: Any) -> Any:
        return variable.val if isinstance(variable, Literal) else values[variable]

    for equation in closed.jaxpr.eqns:
        operands = [read(variable) for variable in equation.invars]
        name, parameters = equation.primitive.name, equation.params
        inner = next((parameters[key] for key in ("jaxpr", "call_jaxpr") if key in parameters), None)
        if name == "reduce_window_max":
            results = [_max_of_slices(operands[0], **parameters)]
        elif isinstance(inner, ClosedJaxpr) and name in ("jit", "pjit", "custom_jvp_call", "custom_vjp_call"):
            results = _evaluated(inner, *operands)
        else:
            results = equation.primitive.bind(*operands, **parameters)
            results = results if equation.primitive.multiple_results else [results]
        values |= dict(zip(equation.outvars, results, strict=True))
    return [read(variable) for variable in closed.jaxpr.outvars]


def _max_of_slices(
    operand: Any,
    window_dimensions: Sequence[int],
    window_strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
    **dilations: Any,
) -> Any:
    if any(size != 1 for sizes in dilations.values() for size in sizes):
        raise NotImplementedError("a dilated maximum over windows")
    lowest = np.asarray(-np.inf, operand.dtype)
    moved = [axis for axis, size in enumerate(window_dimensions) if size > 1 or window_strides[axis] > 1]
    for axis in moved:
        before, after = padding[axis]
        if before or after:
            sides = [(before, after, 0) if a == axis else (0, 0, 0) for a in range(operand.ndim)]
            operand = lax.pad(operand, lowest, sides)
    for axis in moved:  # one axis after the other: the maximum over a window is that of its rows' maxima
        size, stride = window_dimensions[axis], window_strides[axis]
        count = (operand.shape[axis] - size) // stride + 1
        taps = [lax.slice_in_dim(operand, tap, tap + (count - 1) * stride + 1, stride, axis) for tap in range(size)]
        operand = functools.reduce(jnp.maximum, taps)
    return operand
