"""`jax-slim export`: a trained model as one file that runs without jax-slim."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from jax_slim.cli import task_graphs
from jax_slim.cli.failures import UsageError
from jax_slim.cli.graph_files import add_graph_arguments

HELP = """write a trained model as one file that runs without jax-slim

  jax-slim export --checkpoint_path=/tmp/flowers --output=flowers.zip
  python flowers.zip photo.jpg                     needs jax alone (and Pillow, to read the photo)
  jax-slim export --graph=frozen.pb --preprocessing_name=inception --output=net.zip    a graph that TensorFlow wrote
  jax-slim export --graph=saved_model/ --output=frozen.pb       the same, as a graph again: cut, its variables constants

The file takes photographs of any size (its preprocessing is in it) and any batch; a .zip runs on CPU, GPU and TPU, an
.onnx file wherever ONNX does, a .pb wherever TensorFlow 1 or 2 does: a frozen graph with TF-Slim's names. A folder
(--output=folder/) becomes a SavedModel, for TensorFlow Serving. Detectors, which give boxes, and segmentation nets,
which give a mask as large as the photograph, become all but .onnx."""

PRETRAINED = "published weights to fetch instead, as `jax-slim models --pretrained` lists"
_FORMATS = {".zip": "stablehlo", ".onnx": "onnx", ".pb": "frozen_graph", ".pbtxt": "frozen_graph"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("--checkpoint_path", help="a run's directory, or any checkpoint")
    parser.add_argument("--pretrained", metavar="NAME", help=PRETRAINED)
    parser.add_argument("--output", required=True, help="the file to write: .zip, .onnx, .pb or .pbtxt; or a folder")
    formats = ("stablehlo", "onnx", "frozen_graph", "saved_model")
    parser.add_argument("--format", choices=formats, help="by default, what the ending says; saved_model for folder/")
    parser.add_argument("--without_preprocessing", action="store_true", help="take prepared float images instead")
    parser.add_argument("--platforms", default="cpu,cuda,tpu", help="where it must run (default cpu,cuda,tpu)")
    parser.add_argument("--moving_average", action="store_true", help="use the moving averages of the variables")
    add_model_arguments(parser)
    add_graph_arguments(parser)
    parser.add_argument(
        "--fold_batch_norm", action="store_true", help="of a graph, as .pb or folder/: batch norm goes into weights"
    )
    parser.add_argument(
        "--input_shapes", help="of a graph, where it does not tell: 'batch,8,3:batch', one for each input"
    )


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """What says which net a checkpoint is of, where its run does not."""
    group = parser.add_argument_group("the model, where it has no model.json beside it, or to override that")
    group.add_argument("--model_name", help="the net, as `jax-slim models` lists them")
    group.add_argument("--num_classes", type=int, help="how many classes; by default the net's own")
    group.add_argument("--image_size", type=int, help="height and width in pixels; by default the net's own")
    group.add_argument("--preprocessing_name", help="as which net's images are prepared")
    group.add_argument("--labels", help="a file with the names of the classes, one a line")


def run(options: argparse.Namespace) -> int:
    """Writes the file."""
    from jax_slim.cli.runs import model_of, take_pretrained
    from jax_slim.cli.tasks import task_of

    kind = options.format or _format_of(options.output)
    if kind is None:
        raise UsageError(
            f"--output must end in {', '.join(_FORMATS)}, or in / for a SavedModel, got {options.output}. --format "
            "says which of them it is to be under another name; there are no others."
        )
    if options.pretrained:
        take_pretrained(options)
    if not options.checkpoint_path and not options.graph:
        raise UsageError("--checkpoint_path or --graph must say what to export.")
    if options.graph:
        from jax_slim.cli import graph_exports

        return graph_exports.run(options, kind)
    model, labels, path = model_of(options, options.checkpoint_path, options.moving_average)
    if model.task in task_graphs.PROGRAMS and kind in ("frozen_graph", "saved_model"):
        task_graphs.run(kind, options, model, labels)
        return 0
    if model.task != "classification" and kind != "stablehlo":
        raise UsageError(
            f"--output must end in .zip, .pb, .pbtxt or / for {model.name}, which is for {model.task}, "
            f"got {options.output}."
        )
    exporter, program = task_of(model.task).exported(model)

    description = {"model_name": model.name, "checkpoint": path}
    if model.framing is not None and kind != "stablehlo" and not options.without_preprocessing:
        print(
            "the file crops and resizes photographs as TF-Slim does, and not as the library of these weights: "
            "probabilities differ a little. A .zip does it as here; --without_preprocessing leaves it to you.",
            file=sys.stderr,
        )
    preprocessing = None if options.without_preprocessing else model.preprocessing
    if kind == "onnx":
        from jax_slim.core.model import Model
        from jax_slim.exporting.onnx_files import export_onnx

        shape = ("batch", *model.input_shape)
        if preprocessing is None and model.preprocessing is not None:
            description |= {"preprocessing": f"{model.preprocessing} (not included)"}
        classify = Model(program).apply  # which the exporter prepares in forms of its own
        export_onnx(options.output, classify, model.variables, shape, labels, description, preprocessing)
    elif kind in ("frozen_graph", "saved_model"):
        _export_graph(kind, options.output, model, labels, preprocessing)
    else:
        function, variables = _prepared(model, program)
        exporter(
            options.output,
            function,
            variables,
            model.image_size,
            model.channels,
            preprocessing,
            labels,
            description,
            options.platforms.split(","),
        )
    print(f"wrote {options.output}", file=sys.stderr)
    return 0


def _prepared(model: Any, program: Any) -> tuple[Any, Mapping[str, Any]]:
    """A program of images as a function (variables, images), and its variables: batch norm is in the weights."""
    from jax_slim.core.model import Model
    from jax_slim.inference import fold_batch_norm

    ready, variables = fold_batch_norm(Model(program), model.variables, model.example())
    return ready.apply, variables


def _format_of(output: str) -> str | None:
    if output.endswith(("/", os.sep)):
        return "saved_model"
    return _FORMATS.get(os.path.splitext(output)[1].lower())


def _export_graph(kind: str, output: str, model: Any, labels: Sequence[str] | None, preprocessing: str | None) -> None:
    """Writes a graph of TensorFlow, and says what its ends are called."""
    import jax
    import jax.numpy as jnp

    from jax_slim.exporting.graph_files import export_frozen_graph, export_saved_model
    from jax_slim.exporting.tf_slim_names import output_names

    def predict(variables: Any, inputs: Mapping[str, jax.Array]) -> dict[str, jax.Array]:
        logits, end_points = model.apply(variables, inputs["input"])
        found = next((end_points[name] for name in ("Predictions", "predictions") if name in end_points), None)
        if found is None:
            with jax.named_scope("predictions"):
                found = jax.nn.softmax(logits)
        return {
            name: array.reshape(array.shape[0], array.shape[-1])
            for name, array in (("logits", logits), ("probabilities", found))
        }

    inputs = {"input": (", ".join(map(str, ("batch", *model.input_shape))), jnp.float32)}
    names = output_names(model.name)
    if kind == "frozen_graph":
        made = export_frozen_graph(output, predict, model.variables, inputs, preprocessing, names)
    else:
        made = export_saved_model(output, predict, model.variables, inputs, preprocessing, names, labels)
    ends = [*made.inputs.values(), *made.outputs.values()]
    print("nodes: {} -> {}, {}".format(*ends), file=sys.stderr)
