"""ONNX files, through jax2onnx (`pip install "jax-slim[onnx]"`)."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jax_slim.exporting.archives import ExportError, checked_target, replacing
from jax_slim.exporting.onnx_nodes import shorten
from jax_slim.exporting.onnx_preprocessing import PREPROCESSING, Nodes
from jax_slim.exporting.onnx_programs import evaluated, functions_of_jax
from jax_slim.inference.programs import PreparedProgram
from jax_slim.kernels.choices import kernel_forms


def export_onnx(
    path: str | os.PathLike[str],
    classify: Callable[[Mapping[str, Any], jax.Array], jax.Array],
    variables: Mapping[str, Any],
    shape: Sequence[int | str],
    labels: Sequence[str] | None = None,
    description: Mapping[str, Any] | None = None,
    preprocessing: str | None = None,
) -> Path:
    """Writes a classifier as an ONNX file.

        export_onnx("flowers.onnx", classify, variables, ("batch", 128, 128, 3), labels, preprocessing="inception")
        session = onnxruntime.InferenceSession("flowers.onnx")
        logits, probabilities = session.run(None, {"image": photographs})      # uint8 [batch, height, width, 3]

    With `preprocessing` its input 'image' is uint8 [batch, height, width, channels], photographs of any size, and its
    outputs are 'logits' and 'probabilities', [batch, classes]. Without, it takes images prepared for the net, float32
    of `shape`, and gives 'logits' alone. What the input is, it says itself (`doc_string`).

    Args:
      path: the file to write.
      classify: (variables, prepared images) -> logits.
      variables: name -> array.
      shape: of the prepared images: ("batch", 224, 224, 3); a name is a size that the caller chooses.
      labels: the name of each class: kept in the file's metadata, as JSON under 'labels'.
      description: what else the metadata should say.
      preprocessing: "cifarnet", "imagenet", "inception", "lenet" or "vgg", or None. It is in the metadata as well.

    Returns:
      The path.

    Raises:
      ValueError: there is no such preprocessing.
      ExportError: jax2onnx is not installed or cannot convert the net, or the file cannot be written.
    """
    if preprocessing is not None and preprocessing not in PREPROCESSING:
        raise ValueError(
            f"export_onnx: preprocessing must be one of {sorted(PREPROCESSING)} or None, got {preprocessing!r}."
        )
    try:
        import onnx
        from jax2onnx import to_onnx
    except ImportError as error:
        raise ExportError(
            f"export_onnx: needs jax2onnx and onnx ({error}). Install them: pip install 'jax-slim[onnx]'."
        ) from error

    target = checked_target("export_onnx", path)

    ready = _prepared(classify, variables, shape)

    def program(images: jax.Array) -> jax.Array:
        with kernel_forms("lax"), functions_of_jax():  # jax2onnx knows lax's operations
            closed = jax.make_jaxpr(ready)(images)
        return evaluated(closed, images)[0]

    try:
        model = to_onnx(program, [tuple(shape)])
    except Exception as error:
        raise ExportError(f"export_onnx: jax2onnx cannot convert the net: {str(error).splitlines()[0]}") from error
    shorten(model.graph)
    _name_ends(model.graph, shape, preprocessing)
    said = {**(description or {})}
    if preprocessing is not None:
        said |= {"preprocessing": preprocessing, "image_size": json.dumps([shape[1], shape[2]])}
    if labels:
        said["labels"] = json.dumps(list(labels))
    onnx.helper.set_model_props(model, {name: str(value) for name, value in said.items()})
    try:
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:
        raise ExportError(
            f"export_onnx: jax2onnx made a file that ONNX forbids: {str(error).splitlines()[0]}"
        ) from error
    with replacing("export_onnx", target) as file:
        file.write(model.SerializeToString())
    return target


def _prepared(
    classify: Callable[[Mapping[str, Any], jax.Array], jax.Array],
    variables: Mapping[str, Any],
    shape: Sequence[int | str],
) -> Callable[[jax.Array], jax.Array]:
    """The classifier of images alone: batch norm is in the weights, and what else depends on variables is computed."""
    values = dict(variables)
    shapes = {name: jax.ShapeDtypeStruct(np.shape(value), value.dtype) for name, value in values.items()}
    sizes = [1 if isinstance(size, str) else size for size in shape]  # any does: variables are the same for all
    with kernel_forms("lax"):
        program = PreparedProgram(lambda values, arrays: classify(values, arrays[0]), shapes)
        split = program.split([jax.ShapeDtypeStruct(sizes, np.float32)])
        known = values | split.prepare_changed(values)
        wanted = _preparation(split, shapes)

    def prepared(images: jax.Array) -> jax.Array:
        # While jax2onnx traces, functions such as `jax.nn.hard_sigmoid` are operations of its own. Weights and biases
        # that took up what these begin with, as that 3 is added there, are none for them.
        if _preparation(program.split([images]), shapes) != wanted:
            return classify(values, images)
        return program.run(known, [images])

    return prepared


def _preparation(split: Any, shapes: Mapping[str, Any]) -> str:
    """What is computed of variables; `jax.numpy.add` is how jax2onnx calls `add`."""
    closed, made = jax.make_jaxpr(split.prepare, return_shape=True)(shapes)
    return " ".join(f"{closed} {made}".replace("jax.numpy.", "").split())


def _name_ends(graph: Any, shape: Sequence[int | str], preprocessing: str | None) -> None:
    """Puts the preprocessing before a converted net and probabilities behind it, and gives its ends their names."""
    from onnx import TensorProto, helper

    (taken,), (given,) = graph.input, graph.output
    before, behind = Nodes("preprocessing/"), Nodes("results/")
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, list(shape))
    image.doc_string = "Images prepared for the net, as the metadata's 'preprocessing' does it where it says one."
    prepared = "image"
    outputs = [behind("Identity", given.name, output="logits")]
    if preprocessing is not None:
        image = helper.make_tensor_value_info("image", TensorProto.UINT8, [shape[0], "height", "width", shape[3]])
        image.doc_string = (
            f"Photographs of any size, levels from 0 to 255; preprocessing {preprocessing!r} is included."
        )
        floats = before("Cast", "image", to=TensorProto.FLOAT)
        prepared = PREPROCESSING[preprocessing](before, floats, int(shape[1]), int(shape[2]))
        outputs.append(behind("Softmax", given.name, axis=-1, output="probabilities"))
    before("Identity", prepared, output=taken.name)
    nodes = [*before.nodes, *graph.node, *behind.nodes]
    results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    for result in results:
        result.type.tensor_type.shape.CopyFrom(given.type.tensor_type.shape)
    for field, values in (("node", nodes), ("input", [image]), ("output", results)):
        graph.ClearField(field)
        getattr(graph, field).extend(values)
    graph.initializer.extend([*before.constants, *behind.constants])
