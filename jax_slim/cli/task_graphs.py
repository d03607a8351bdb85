"""Detectors and segmentation nets as graphs of TensorFlow, named as the Object Detection API and DeepLab do."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from jax_slim.cli.failures import UsageError

if TYPE_CHECKING:
    from jax_slim.nets.creation import NetModel


class _Graph(NamedTuple):
    """What is written of a task.

    Attributes:
      input: what the graph calls its photographs.
      predict: the program: (variables, inputs) -> results by name.
      names: results -> the names of their nodes.
      finish: as `export_frozen_graph` has it.
    """

    input: str
    predict: Any
    names: dict[str, str]
    finish: Any = None


def _detection(model: "NetModel", name: str) -> _Graph:
    """Boxes and scores of all anchors; the graph itself picks the best of them."""
    import jax.numpy as jnp

    from jax_slim.detection.boxes import area, clip_to_window
    from jax_slim.detection.detecting import decoded
    from jax_slim.exporting import graph_detections
    from jax_slim.nets.registry import row_of

    converter = row_of("export", model.name).scores

    def predict(variables: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
        logits, end_points = model.apply(variables, inputs[name])
        boxes, scores = decoded(logits, end_points["BoxEncodings"], end_points["Anchors"], converter)
        seen = area(clip_to_window(boxes, (0.0, 0.0, 1.0, 1.0))) > 0  # others are outside of the image
        return {"boxes": boxes, "scores": jnp.where(seen[..., None], scores, 0)}

    return _Graph(name, predict, {key: key for key in graph_detections.OUTPUTS}, graph_detections.best_boxes)


def _segmentation(model: "NetModel", name: str) -> _Graph:
    """The class of each pixel."""
    from jax_slim.nets.deeplab_inference import predict_labels

    def predict(variables: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
        found = predict_labels(inputs[name], lambda images: model.apply(variables, images)[0])
        return {"labels": found.labels, "probabilities": found.probabilities}

    return _Graph(name, predict, {"labels": "SemanticPredictions", "probabilities": "SemanticProbabilities"})


# Task -> what its graphs call photographs, and what makes the program. Prepared images are called 'input'.
PROGRAMS = {"detection": ("image_tensor", _detection), "segmentation": ("ImageTensor", _segmentation)}


def run(kind: str, options: argparse.Namespace, model: "NetModel", labels: Sequence[str] | None) -> None:
    """Writes the graph, 'frozen_graph' or 'saved_model', and says what its ends are called.

    Raises:
      UsageError: photographs are asked for, and the graph cannot prepare them.
    """
    from jax_slim.exporting.graph_files import export_frozen_graph, export_saved_model
    from jax_slim.exporting.graph_preprocessing import PREPROCESSING

    preprocessing = None
    if not options.without_preprocessing and model.preprocessing is not None:
        preprocessing = model.preprocessing
        if preprocessing not in PREPROCESSING:
            raise UsageError(
                f"--without_preprocessing must be given: a graph of TensorFlow cannot prepare photographs as "
                f"{model.preprocessing} does. It then takes images that are prepared, {list(model.input_shape)}."
            )
    photographs, program = PROGRAMS[model.task]
    made = program(model, photographs if preprocessing is not None else "input")
    inputs = {made.input: (", ".join(map(str, ("batch", *model.input_shape))), "float32")}
    what = (options.output, made.predict, model.variables, inputs, preprocessing, made.names)
    if kind == "frozen_graph":
        written = export_frozen_graph(*what, finish=made.finish)
    else:
        written = export_saved_model(*what, labels, made.finish)
    ends = ", ".join(written.outputs.values())
    print(f"nodes: {', '.join(written.inputs.values())} -> {ends}", file=sys.stderr)
    print(f"wrote {options.output}", file=sys.stderr)
