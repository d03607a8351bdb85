"""How good detections are: COCO's and PASCAL VOC's average precisions, on the host.

evaluator = slim.detection.BoxEvaluator(num_classes=20)
for image in images:
    evaluator.add(found_boxes, found_scores, found_classes, true_boxes, true_classes)
evaluator.coco()["AP"], evaluator.voc()["mAP"]
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from jax_slim.detection import coco_scores, voc_scores


class Found(NamedTuple):
    """What is known of one image, boxes in pixels.

    Attributes:
      boxes, scores, classes: of what was found, the highest score first.
      true_boxes, true_classes: of what is there.
      crowd: bool, for each of these: whether it is a group that is not told apart.
      difficult: bool, for each of these: whether it need not be found.
      areas: for each of these, in pixels, of what is seen of it.
    """

    boxes: np.ndarray
    scores: np.ndarray
    classes: np.ndarray
    true_boxes: np.ndarray
    true_classes: np.ndarray
    crowd: np.ndarray
    difficult: np.ndarray
    areas: np.ndarray


class BoxEvaluator:
    """Collects what was found and what is there, image by image, and computes average precisions of it all.

    Args:
      num_classes: how many classes there are.
    """

    def __init__(self, num_classes: int) -> None:
        if num_classes < 1:
            raise ValueError(f"BoxEvaluator: num_classes must be at least 1, got {num_classes}.")
        self.num_classes = num_classes
        self._images: list[Found] = []

    def __len__(self) -> int:
        return len(self._images)

    def add(
        self,
        boxes: Any,
        scores: Any,
        classes: Any,
        true_boxes: Any,
        true_classes: Any,
        crowd: Any = None,
        difficult: Any = None,
        areas: Any = None,
    ) -> None:
        """Adds an image.

        Args:
          boxes: [D, 4], what was found: y_min, x_min, y_max, x_max. COCO tells small, medium and large objects apart in
            pixels; for the other numbers any unit will do.
          scores: [D].
          classes: [D], from 0.
          true_boxes: [G, 4], what is there.
          true_classes: [G].
          crowd: [G], whether it is a group: what is found in it is neither right nor wrong. None: none is.
          difficult: [G], for PASCAL VOC: whether it does not count. None: all do.
          areas: [G], for COCO, where objects are less than their boxes; by default the boxes'.

        Raises:
          ValueError: shapes that do not fit, or a class that there is not.
        """
        found, there = _boxes("boxes", boxes), _boxes("true_boxes", true_boxes)
        scores, classes = _row("scores", scores, len(found), float), _row("classes", classes, len(found), int)
        true_classes = _row("true_classes", true_classes, len(there), int)
        for name, numbers in (("classes", classes), ("true_classes", true_classes)):
            if numbers.size and not 0 <= numbers.min() <= numbers.max() < self.num_classes:
                raise ValueError(
                    f"BoxEvaluator.add: {name} must be from 0 to {self.num_classes - 1}, got {numbers.min()} to "
                    f"{numbers.max()}."
                )
        none = np.zeros(len(there), bool)
        sides = np.maximum(there[:, 2:] - there[:, :2], 0)
        order = np.argsort(-scores, kind="stable")
        self._images.append(
            Found(
                found[order],
                scores[order],
                classes[order],
                there,
                true_classes,
                none if crowd is None else _row("crowd", crowd, len(there), bool),
                none if difficult is None else _row("difficult", difficult, len(there), bool),
                sides[:, 0] * sides[:, 1] if areas is None else _row("areas", areas, len(there), float),
            )
        )

    def coco(self) -> dict[str, float]:
        """COCO's twelve numbers, as pycocotools computes them; -1 where there is nothing to measure.

        Returns:
          'AP': the mean over classes and over least overlaps from 0.5 to 0.95; 'AP50' and 'AP75': at one of them;
          'APs', 'APm', 'APl': of objects below 32 x 32, up to 96 x 96 and above; 'AR1', 'AR10', 'AR100': the mean
          recall with so many detections an image; 'ARs', 'ARm', 'ARl'.
        """
        return coco_scores.summary(self._curves())

    def coco_by_class(self) -> np.ndarray:
        """COCO's AP of each class: [num_classes], -1 for those of which there are no objects."""
        return coco_scores.by_class(self._curves())

    def voc(self, iou_threshold: float = 0.5, eleven_points: bool = False) -> dict[str, Any]:
        """PASCAL VOC's average precisions.

        Args:
          iou_threshold: the least overlap.
          eleven_points: whether to take the mean of the precision at eleven recalls, as until 2009; else the area below
            the curve.

        Returns:
          'AP': of each class, [num_classes], NaN for those of which there are no objects; 'mAP': the mean of the
          others.
        """
        each = np.array(
            [
                voc_scores.average_precision(self._images, number, iou_threshold, eleven_points)
                for number in range(self.num_classes)
            ]
        )
        return {"AP": each, "mAP": float(np.nanmean(each)) if np.isfinite(each).any() else float("nan")}

    def _curves(self) -> coco_scores.Curves:
        return coco_scores.curves(self._images, self.num_classes)


def _boxes(name: str, given: Any) -> np.ndarray:
    boxes = np.asarray(given, np.float64)
    if boxes.size == 0:
        return np.zeros((0, 4))
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"BoxEvaluator.add: {name} must have shape [N, 4], got {boxes.shape}.")
    return boxes


def _row(name: str, given: Sequence[Any], count: int, kind: type) -> np.ndarray:
    row = np.asarray(given)
    if row.shape != (count,) and (row.size or count):
        raise ValueError(f"BoxEvaluator.add: {name} must have shape [{count}], one for each box, got {row.shape}.")
    return row.reshape(count).astype(kind)
