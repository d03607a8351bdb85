"""`jax-slim export --graph`: a graph that TensorFlow wrote as one file that needs only jax, or as ONNX."""

import argparse
import re
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from jax_slim.cli import graph_files
from jax_slim.cli.failures import CommandError, UsageError

if TYPE_CHECKING:
    from jax_slim.graphs.functions import GraphFunction


def run(options: argparse.Namespace, kind: str) -> int:
    """Writes the file; `kind` is 'stablehlo' or 'onnx'."""
    net = graph_files.opened(options, options.graph, as_variables=True)
    if net.host:
        raise CommandError(
            f"{options.graph} cannot be exported: {', '.join(net.host[:5])} are no operations that JAX computes. Name "
            "outputs before them with --output_layer, or inputs behind them with --input_layer."
        )
    preprocessing = None if options.without_preprocessing else options.preprocessing_name
    if preprocessing not in (None, "none") or kind == "onnx":
        _classifier(options, net, kind, None if preprocessing == "none" else preprocessing)
    else:
        _function(options, net)
    print(f"wrote {options.output}", file=sys.stderr)
    return 0


def _classifier(options: argparse.Namespace, net: "GraphFunction", kind: str, preprocessing: str | None) -> None:
    """A graph of one input, images, and one output, scores of classes; the file gives logits and probabilities."""
    from jax_slim.cli.runs import read_labels, with_background
    from jax_slim.exporting.any_size import PREPROCESSING
    from jax_slim.preprocessing.preprocessing_factory import preprocessing_map

    name = graph_files.image_input(net, options.graph)
    if len(net.outputs) != 1:
        raise CommandError(
            f"{options.graph} has the outputs {', '.join(net.outputs[:8])}: name one with --output_layer."
        )
    means, logits = graph_files.logits_of(net, net.outputs[0])
    if means == "independent" and preprocessing is not None:
        raise CommandError(
            f"{net.outputs[0]} of {options.graph} is a Sigmoid: its classes do not exclude each other. Leave "
            "--preprocessing_name out, to export the graph as it is."
        )
    if means == "probabilities":
        net = graph_files.opened(
            options, options.graph, as_variables=True, outputs=[logits], inputs=[net.tensor_of(name)]
        )
        name = net.inputs[0]
    size = graph_files.image_size(net, name, options.image_size)
    if size is None:
        raise UsageError(f"--image_size must be given: {options.graph} takes images of any size.")
    if preprocessing is not None and preprocessing not in PREPROCESSING:
        graph_files.check_preprocessing(preprocessing, options.graph)
        of_net = preprocessing_map[preprocessing].__name__.rpartition(".")[2].removesuffix("_preprocessing")
        preprocessing = of_net if of_net in PREPROCESSING else preprocessing
    channels = graph_files.channels_of(net, name)
    shape = net.input_shapes[name]
    if shape is not None and shape[0] not in (None, 1):
        raise CommandError(
            f"{options.graph} takes {shape[0]} images at a time, and an exported classifier takes any number. Leave "
            "--preprocessing_name out, to export the graph as it is, as a .zip."
        )

    def direct(variables: Mapping[str, Any], images: Any) -> Any:
        found = next(iter(net(variables, images).values()))
        return found.reshape(images.shape[0], found.shape[-1])

    classify = direct if shape is None or shape[0] is None else _one_by_one(direct)
    labels = None
    if options.labels:
        import jax

        row = jax.eval_shape(classify, net.variables, jax.ShapeDtypeStruct((1, *size, channels), "float32"))
        labels = with_background(read_labels(options.labels), row.shape[-1], options.labels)
    said = {"graph": options.graph}

    def write(classify: Any) -> None:
        what = (options.output, classify, net.variables)
        if kind == "onnx":
            from jax_slim.exporting.onnx_files import export_onnx

            export_onnx(*what, ("batch", *size, channels), labels, said, preprocessing)
        else:
            from jax_slim.exporting.classifiers import export_classifier

            export_classifier(*what, size, channels, preprocessing, labels, said, options.platforms.split(","))

    _with_any_batch(write, classify, _one_by_one(direct))


def _function(options: argparse.Namespace, net: "GraphFunction") -> None:
    """A graph as it is: inputs and outputs by the graph's names."""
    from jax_slim.exporting.archives import export_model

    inputs, outputs = _plain(net.inputs), _plain(net.outputs)
    shapes = _given_shapes(options, net) or [_shape(net.input_shapes[key], options, key) for key in inputs]
    said = {name: (shape, net.input_types[key]) for (key, name), shape in zip(inputs.items(), shapes, strict=True)}

    def direct(variables: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
        found = net(variables, {key: given[name] for key, name in inputs.items()})
        return {outputs[key]: value for key, value in found.items()}

    mapped = {name: 0 if shape.startswith("batch") else None for name, (shape, _) in said.items()}

    def by_rows(variables: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
        import jax

        def one(row: Mapping[str, Any]) -> dict[str, Any]:
            whole = {name: row[name] if at is None else row[name][None] for name, at in mapped.items()}
            return {name: value[0] for name, value in direct(variables, whole).items()}

        return jax.vmap(one, in_axes=(dict(mapped),))(dict(given))

    def write(function: Any) -> None:
        export_model(
            options.output, function, net.variables, said, {"graph": options.graph}, options.platforms.split(",")
        )

    _with_any_batch(write, direct, by_rows if any(at == 0 for at in mapped.values()) else None)


def _with_any_batch(write: Callable[[Any], None], direct: Any, by_rows: Any) -> None:
    """Writes a function; where it needs to know how large the batch is, the one that takes rows of it one at a time."""
    from jax_slim.exporting.archives import ExportError

    try:
        write(direct)
    except (ExportError, ValueError, TypeError) as error:
        if by_rows is None:
            raise
        try:
            write(by_rows)
        except (ExportError, ValueError, TypeError):
            raise error from None


def _one_by_one(classify: Any) -> Any:
    """A function of a batch that gives the net one image at a time: of graphs that know how large their batch is."""

    def mapped(variables: Mapping[str, Any], images: Any) -> Any:
        import jax

        return jax.vmap(lambda image: classify(variables, image[None])[0])(images)

    return mapped


def _plain(names: list[str]) -> dict[str, str]:
    """'scope/boxes:0' -> 'boxes', as far as that is unique."""
    short = {name: re.sub(r"\W", "_", name.removesuffix(":0").rpartition("/")[2]) for name in names}
    long = {name: re.sub(r"\W", "_", name.removesuffix(":0")) for name in names}
    return {n: short[n] if list(short.values()).count(short[n]) == 1 else long[n] for n in names}


def _given_shapes(options: argparse.Namespace, net: "GraphFunction") -> list[str] | None:
    """What --input_shapes says, for each input; None where it is not given."""
    if not options.input_shapes:
        return None
    found = [part.strip() for part in options.input_shapes.split(":")]
    if len(found) != len(net.inputs):
        raise UsageError(
            f"--input_shapes must have a shape for each of {', '.join(net.inputs)}, with colons between them, such as "
            f"'batch,8,3:batch', got {options.input_shapes!r}."
        )
    return found


def _shape(shape: Any, options: argparse.Namespace, name: str) -> str:
    """An input's shape as the file says it: sizes that are not known have names."""
    if shape is None:
        raise UsageError(f"--input_shapes must be given: {options.graph} does not tell the shape of {name}.")
    names = ["batch", *(f"size_{place}" for place in range(1, len(shape)))]
    if len(shape) == 4:
        names[1:3] = [str(options.image_size)] * 2 if options.image_size else ["height", "width"]
    return ", ".join(names[place] if size is None else str(size) for place, size in enumerate(shape))
