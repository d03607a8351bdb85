"""`jax-slim export --graph`: a graph that TensorFlow wrote as a file for jax alone, as ONNX, or as a graph again."""

import argparse
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from jax_slim.cli import graph_files
from jax_slim.cli.failures import CommandError, UsageError

if TYPE_CHECKING:
    from jax_slim.graphs.functions import GraphFunction


def run(options: argparse.Namespace, kind: str) -> int:
    """Writes the file of a kind: 'stablehlo', 'onnx', 'frozen_graph' or 'saved_model'."""
    preprocessing = None if options.without_preprocessing else options.preprocessing_name
    if kind in ("frozen_graph", "saved_model") and preprocessing in (None, "none"):
        _written(options, kind)
        return 0
    if options.fold_batch_norm:
        raise UsageError("--fold_batch_norm is for graphs written as TensorFlow's, without --preprocessing_name.")
    net = graph_files.opened(options, options.graph, as_variables=True)
    if net.host:
        raise CommandError(
            f"{options.graph} cannot be exported: {', '.join(net.host[:5])} are no operations that JAX computes. Name "
            "outputs before them with --output_layer, or inputs behind them with --input_layer."
        )
    if preprocessing not in (None, "none") or kind == "onnx":
        _classifier(options, net, kind, None if preprocessing == "none" else preprocessing)
    else:
        _function(options, net)
    print(f"wrote {options.output}", file=sys.stderr)
    return 0


def _written(options: argparse.Namespace, kind: str) -> None:
    """A graph of TensorFlow again: cut, its variables as constants."""
    from jax_slim.exporting.archives import ExportError
    from jax_slim.graphs import write_frozen_graph, write_saved_model

    net = graph_files.opened(options, options.graph)
    shapes = _sizes(options, net)
    write = write_frozen_graph if kind == "frozen_graph" else write_saved_model
    try:
        made = write(options.output, net, fold_batch_norm=options.fold_batch_norm, input_shapes=shapes)
    except ValueError as error:
        raise UsageError(f"--input_shapes: {error}") from None
    except ExportError as error:
        raise CommandError(f"{options.graph}: {str(error).partition(': ')[2]}") from None
    inputs, outputs = (", ".join(ends.values()) for ends in (made.inputs, made.outputs))
    print(f"tensors: {inputs or 'none'} -> {outputs}", file=sys.stderr)
    print(f"wrote {options.output}", file=sys.stderr)


def _sizes(options: argparse.Namespace, net: "GraphFunction") -> dict[str, list[int | None]] | None:
    """What --input_shapes says, as numbers; sizes with names are free."""
    given = _given_shapes(options, net)
    if given is None:
        return None
    split = [[size.strip() for size in shape.split(",") if size.strip()] for shape in given]
    sizes = [[int(size) if size.isdecimal() else None for size in shape] for shape in split]
    return dict(zip(net.inputs, sizes, strict=True))


def _classifier(options: argparse.Namespace, net: "GraphFunction", kind: str, preprocessing: str | None) -> None:
    """A graph of one input, images, and one output, scores of classes; the file gives logits and probabilities."""
    from jax_slim.cli.runs import read_labels, with_background
    from jax_slim.exporting.any_size import PREPROCESSING
    from jax_slim.preprocessing.preprocessing_factory import kind_of

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
        of_net = kind_of("export", preprocessing)
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
        elif kind != "stablehlo":
            _as_graph(options.output, kind, classify, net.variables, (*size, channels), preprocessing, labels)
        else:
            from jax_slim.exporting.classifiers import export_classifier

            export_classifier(*what, size, channels, preprocessing, labels, said, options.platforms.split(","))

    _with_any_batch(write, classify, _one_by_one(direct))


def _as_graph(
    path: str, kind: str, classify: Any, variables: Any, shape: tuple[int, ...], preprocessing: Any, labels: Any
) -> None:
    """A classifier of photographs as a graph of TensorFlow, made of what JAX computes."""
    import jax

    from jax_slim.exporting.graph_files import export_frozen_graph, export_saved_model

    def predict(variables: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
        logits = classify(variables, inputs["input"])
        with jax.named_scope("predictions"):
            return {"logits": logits, "probabilities": jax.nn.softmax(logits)}

    inputs = {"input": (", ".join(map(str, ("batch", *shape))), "float32")}
    if kind == "frozen_graph":
        export_frozen_graph(path, predict, variables, inputs, preprocessing)
    else:
        export_saved_model(path, predict, variables, inputs, preprocessing, labels=labels)


def _function(options: argparse.Namespace, net: "GraphFunction") -> None:
    """A graph as it is: inputs and outputs by the graph's names."""
    from jax_slim.exporting.archives import export_model
    from jax_slim.graphs.functions import plain_names

    inputs, outputs = plain_names(net.inputs), plain_names(net.outputs)
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
