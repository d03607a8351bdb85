"""`jax-slim predict --graph`: what photographs show to a graph that TensorFlow wrote, classes or boxes."""

import argparse
import functools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jax_slim.cli import boxes as box_rows
from jax_slim.cli import calibrating, graph_files
from jax_slim.cli.failures import CommandError, UsageError
from jax_slim.cli.inputs import tell_unreadable

if TYPE_CHECKING:
    from jax_slim.graphs.functions import GraphFunction

_BOXES = ("detection_boxes", "detection_scores", "detection_classes", "num_detections")
_LIKELY = re.compile(r"predictions|softmax|prob|scores|final_result", re.IGNORECASE)


def run(options: argparse.Namespace, paths: list[str]) -> int:
    """Prints what the images show; 1 when one of them could not be read."""
    net = graph_files.opened(options, options.graph, as_variables=bool(options.calibrate))
    name = graph_files.image_input(net, options.graph)
    prepare = _preparing(net, name, options)
    labels = _labels(options.labels)
    boxes = _boxes_of(net)
    output = None if boxes else _output(net, options.graph)
    classes = None if output is None else graph_files.logits_of(net, output)[0]
    size = _together(net, name, options)
    compute = _with_bytes(net, prepare, size, options) if options.calibrate else functools.partial(net, net.variables)
    found: dict[str, Any] = {}
    failed: list[str] = []
    for batch, images in _batches(paths, prepare, size, failed):
        results = compute(images)
        for place, path in enumerate(batch):
            if boxes:
                found[path] = _found(results, boxes, place, labels, options)
            else:
                found[path] = _best(results[output], place, classes, labels, options)
    if boxes:
        box_rows.show(found, options.json)
        if options.output_dir:
            box_rows.draw_all(options.output_dir, found)
    else:
        from jax_slim.exporting.loader import show

        show(found, options.json)
    if options.grid and found:
        from jax_slim.cli.grids import draw_grid

        if boxes:
            captions = box_rows.captions(found)
        else:
            captions = {path: f"{rows[0]['label']} {rows[0]['probability']:.0%}" for path, rows in found.items()}
        draw_grid(options.grid, captions)
    return 1 if failed else 0


def _with_bytes(net: "GraphFunction", prepare: Any, size: int, options: argparse.Namespace) -> Any:
    """The graph as a function of images, quantized as `--calibrate` says."""
    from jax_slim.graphs.models import as_model
    from jax_slim.inference import predictor, quantize

    if net.host:
        raise CommandError(f"--calibrate: {options.graph} has operations that JAX does not compute: {net.host[0]}.")

    def looked_at() -> Iterator[Any]:
        paths, failed = calibrating.images_in(options.calibrate), []
        yield from (images for _, images in _batches(paths, prepare, size, failed))
        calibrating.check_read(options.calibrate, paths, failed)

    return predictor(*quantize(as_model(net), net.variables, looked_at()))


# Images.


def _preparing(net: "GraphFunction", name: str, options: argparse.Namespace) -> Callable[[str], Any]:
    """Path -> what the graph takes of one image, without the batch."""
    import numpy as np

    from jax_slim.data.photographs import read_photograph
    from jax_slim.preprocessing.preprocessing_factory import get_preprocessing
    from jax_slim.preprocessing.resizing import resize_bilinear

    kind = net.input_types[name]
    if kind.hasobject:
        return lambda path: Path(path).read_bytes()
    size, channels = graph_files.image_size(net, name, options.image_size), graph_files.channels_of(net, name)
    if kind == np.uint8 and options.preprocessing_name in (None, "none"):
        return lambda path: _sized(read_photograph(path, channels), size)
    graph_files.check_preprocessing(options.preprocessing_name, options.graph)
    if size is None and options.preprocessing_name != "none":
        raise UsageError(f"--image_size must be given: {options.graph} takes images of any size.")
    if options.preprocessing_name == "none":

        def plain(path: str) -> Any:
            pixels = read_photograph(path, channels)
            return (pixels if size is None else resize_bilinear(pixels, size)).astype(kind)

        return plain
    function = get_preprocessing(options.preprocessing_name, use_grayscale=channels == 1)

    def prepared(path: str) -> Any:
        return np.asarray(function(read_photograph(path, max(channels, 3)), *size)).astype(kind)  # type: ignore[misc]

    return prepared


def _sized(pixels: Any, size: tuple[int, int] | None) -> Any:
    """Levels at a size, rounded."""
    import numpy as np

    from jax_slim.preprocessing.resizing import resize_bilinear

    if size is None or pixels.shape[:2] == size:
        return pixels
    return np.rint(resize_bilinear(pixels, size)).astype(np.uint8)


def _together(net: "GraphFunction", name: str, options: argparse.Namespace) -> int:
    """How many images are given at a time: one where sizes differ or the graph takes one; 0 where it takes no batch."""
    shape = net.input_shapes[name]
    if net.input_types[name].hasobject:
        return 0 if shape == () else 1
    if shape is not None and len(shape) == 3:
        return 0
    if graph_files.image_size(net, name, options.image_size) is None:
        return 1
    return options.batch_size if shape is None or shape[0] is None else shape[0]


def _batches(paths: list[str], prepare: Any, size: int, failed: list[str]) -> Iterator[tuple[list[str], Any]]:
    """Paths and their images; a last batch is filled up, as another size would be compiled anew."""
    import numpy as np

    from jax_slim.data.errors import DataLossError
    from jax_slim.progress import Progress

    step = max(size, 1)
    with Progress(len(paths), "predict", unit="images") as progress:
        for start in range(0, len(paths), step):
            read, images = [], []
            for path in paths[start : start + step]:
                try:
                    images.append(prepare(path))
                    read.append(path)
                except (OSError, DataLossError) as error:
                    tell_unreadable(path, error)
                    failed.append(path)
            if images and size:
                images += images[-1:] * (step - len(images))
                texts = isinstance(images[0], bytes)
                yield read, np.array(images, object) if texts else np.stack(images)
            elif images:
                yield read, images[0]
            progress.update(min(start + step, len(paths)))


# Classes.


def _output(net: "GraphFunction", path: str) -> str:
    """The output that says the classes."""
    if len(net.outputs) == 1:
        return net.outputs[0]
    likely = [name for name in net.outputs if _LIKELY.search(name)]
    if len(likely) != 1:
        raise CommandError(
            f"{path} has {len(net.outputs)} outputs ({', '.join(net.outputs[:8])}): name the one with the scores of "
            "classes with --output_layer."
        )
    return likely[0]


def _best(scores: Any, place: int, kind: str | None, labels: Any, options: argparse.Namespace) -> list[dict[str, Any]]:
    import numpy as np

    from jax_slim.cli.runs import with_background
    from jax_slim.exporting.loader import best_classes

    scores = np.asarray(scores, np.float64)
    row = scores.reshape(1 if scores.ndim < 2 else scores.shape[0], -1)[place]
    if kind == "logits":
        row = np.exp(row - row.max())
        row /= row.sum()
    if isinstance(labels, dict):
        labels = [labels.get(number, str(number)) for number in range(len(row))]
    return best_classes(row, with_background(labels, len(row), options.labels), options.top)


# Boxes.


def _boxes_of(net: "GraphFunction") -> dict[str, str] | None:
    """'detection_boxes' and so on -> the output of that name; None for graphs that give none."""
    found = {}
    for name in net.outputs:
        plain = name.partition(":")[0].rpartition("/")[2]
        if plain in _BOXES:
            found[plain] = name
    return found if {"detection_boxes", "detection_scores"} <= set(found) else None


def _found(
    results: Any, names: dict[str, str], place: int, labels: Any, options: argparse.Namespace
) -> list[dict[str, Any]]:
    import numpy as np

    part = {key: np.asarray(results[name])[place] for key, name in names.items()}
    count = int(part.get("num_detections", len(part["detection_scores"])))
    classes = part.get("detection_classes", np.ones(count))[:count].astype(int)
    said = [_label(labels, number) for number in classes]
    scores = part["detection_scores"][:count]
    return box_rows.rows_of(part["detection_boxes"], scores, classes, said, options.top, options.min_score_thresh)


def _label(labels: Any, number: int) -> str:
    if isinstance(labels, dict):
        return labels.get(number, str(number))
    return labels[number - 1] if labels and 1 <= number <= len(labels) else str(number)  # boxes' classes begin at 1


def _labels(path: str | None) -> Any:
    """Names of classes: a list, or, of a label map (`item { id: 1 name: 'cat' }`), by number."""
    from jax_slim.cli.runs import read_labels

    if path is None:
        return None
    if not path.endswith(".pbtxt"):
        return read_labels(path)
    from jax_slim.data.label_maps import read_label_map

    return {number: item.display_name for number, item in read_label_map(path).items()}
