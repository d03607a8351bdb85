"""The end of a detector's graph: of boxes that overlap the best, by TensorFlow's own operation."""

from collections.abc import Mapping

import numpy as np

from jax_slim.exporting.graph_nodes import Nodes, Tensor
from jax_slim.exporting.graph_writing import Writer

SCOPE = "Postprocessor"
OUTPUTS = ("detection_boxes", "detection_scores", "detection_classes", "num_detections")
"""What the results are called, as in the Object Detection API's graphs."""
_FLOAT = np.dtype(np.float32)


def best_boxes(
    nodes: Nodes,
    results: Mapping[str, Tensor],
    score_threshold: float = 1e-8,
    iou_threshold: float = 0.6,
    max_detections_per_class: int = 100,
    max_total_detections: int = 100,
) -> dict[str, Tensor]:
    """The nodes that pick the best boxes of each image: for `export_frozen_graph(finish=best_boxes)`.

    Args:
      results: "boxes" [N, A, 4] and "scores" [N, A, classes], without the background.
      score_threshold, iou_threshold, max_detections_per_class, max_total_detections: as for
        `slim.detection.multiclass_non_max_suppression`.

    Returns:
      By the names of `OUTPUTS`: boxes [N, most, 4], cut off at the image's edges, scores [N, most], classes [N, most],
      floats from 1, and how many there are, [N], as a float.
    """
    writer = Writer(nodes)
    boxes, scores = results["boxes"], results["scores"]
    batch, count, _ = boxes.shape
    apart = writer.make(
        "ExpandDims", [boxes, np.int32(2)], (batch, count, 1, 4), _FLOAT, SCOPE, suffixes=("input", "dim"),
        T=_FLOAT, Tdim=np.dtype(np.int32),
    )  # fmt: skip
    numbers = [np.int32(max_detections_per_class), np.int32(max_total_detections)]
    limits = [np.float32(iou_threshold), np.float32(score_threshold)]
    most = (batch, max_total_detections)
    kept = writer.make(
        "CombinedNonMaxSuppression", [apart, scores, *numbers, *limits], (*most, 4), _FLOAT, SCOPE,
        suffixes=("boxes", "scores", "max_output_size_per_class", "max_total_size", "iou_threshold", "score_threshold"),
        pad_per_class=False, clip_boxes=True,
    )  # fmt: skip
    found, classes, numbers_found = (
        Tensor(f"{kept.source}:{place}", shape, dtype)
        for place, shape, dtype in ((1, most, _FLOAT), (2, most, _FLOAT), (3, (batch,), np.dtype(np.int32)))
    )
    from_one = writer.make("AddV2", [classes, np.float32(1)], most, _FLOAT, SCOPE, T=_FLOAT)
    as_float = writer.make(
        "Cast", [numbers_found], (batch,), _FLOAT, SCOPE, SrcT=numbers_found.dtype, DstT=_FLOAT, Truncate=False
    )
    return dict(zip(OUTPUTS, (kept, found, from_one, as_float), strict=True))
