"""ONNX files, through jax2onnx (`pip install "jax-slim[onnx]"`)."""

import itertools
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.extend.core import ClosedJaxpr, jaxpr_as_fun

from jax_slim.exporting.archives import ExportError


def export_onnx(
    path: str | os.PathLike[str],
    classify: Callable[[Mapping[str, Any], jax.Array], jax.Array],
    variables: Mapping[str, Any],
    shape: Sequence[int | str],
    labels: Sequence[str] | None = None,
    description: Mapping[str, Any] | None = None,
) -> Path:
    """Writes a classifier of prepared images as an ONNX file: float32 'image' -> 'logits'.

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
    sizes = [8 if isinstance(size, str) else size for size in shape]
    program = _portable(lambda images: classify(variables, images), jax.ShapeDtypeStruct(tuple(sizes), jnp.float32))
    try:
        model = to_onnx(program, [tuple(shape)], input_names=["image"], output_names=["logits"])
    except Exception as error:
        raise ExportError(f"export_onnx: jax2onnx cannot convert the net: {str(error).splitlines()[0]}") from error
    said = {**(description or {}), **({"labels": json.dumps(list(labels))} if labels else {})}
    onnx.helper.set_model_props(model, {name: str(value) for name, value in said.items()})
    target = Path(path)
    part = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        part.write_bytes(model.SerializeToString())
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ExportError(f"export_onnx: cannot write {target}: {error.strerror or error}.") from error
    return target
