"""How good a detector is: boxes are found on the device, and judged on the host."""

import functools
import logging
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from jax_slim.detection.evaluators import BoxEvaluator
from jax_slim.metrics.programs import MetricsProgram

if TYPE_CHECKING:
    from jax_slim.cli.evaluating import Evaluation


_log = logging.getLogger(__name__)


class DetectionProgram(MetricsProgram):
    """Runs a detector over batches; what it finds is judged on the host, by COCO's and PASCAL VOC's numbers.

    Args:
      found: prepared images -> `Detections`, a slim program.
      num_classes: of objects.
    """

    def __init__(self, found: Callable[[Any], Any], num_classes: int) -> None:
        from jax_slim.core import processes
        from jax_slim.core.model import Model
        from jax_slim.kernels import jit
        from jax_slim.parallel.meshes import data_mesh
        from jax_slim.parallel.placing import everywhere

        super().__init__(found, "evaluate")
        model = Model(found)

        def find(variables: Any, batch: dict[str, Any]) -> Any:
            return model.apply(variables, batch.pop("image")), batch

        # Every process judges all boxes: what others read must be here too.
        self._find = jit(find, out_shardings=everywhere(data_mesh()) if processes.several() else None)
        self._num_classes = num_classes
        self.reset()

    def reset(self) -> None:
        """Forgets what was found, for another pass."""
        self.count = 0
        self.evaluator = BoxEvaluator(self._num_classes)

    def update(self, variables: Mapping[str, Any], batch: Mapping[str, Any]) -> None:
        """Adds a batch."""
        import jax

        taken = {name: value for name, value in variables.items() if name != "global_step"}
        found, there = jax.device_get(self._find(taken, dict(batch)))
        for place in np.flatnonzero(there.get("valid", np.ones(len(there["num_boxes"]), bool))):
            hits, objects = int(found.num_detections[place]), int(there["num_boxes"][place])
            pixels = np.tile(there["size"][place], 2)
            self.evaluator.add(
                found.boxes[place][:hits] * pixels,
                found.scores[place][:hits],
                found.classes[place][:hits],
                there["boxes"][place][:objects] * pixels,
                there["classes"][place][:objects],
                there["crowd"][place][:objects],
                there["difficult"][place][:objects] | there["crowd"][place][:objects],
                there["areas"][place][:objects],
            )
        self.count += 1

    def results(self, variables: Mapping[str, Any]) -> tuple[dict[str, float], dict[str, Any]]:
        """COCO's numbers and PASCAL VOC's mean; no summaries."""
        del variables
        coco = self.evaluator.coco()
        if coco["AP"] < 0:
            _log.warning("none of the pictures has an object that counts: average precisions are -1, as COCO has it.")
        return {**coco, "VOC_mAP": self.evaluator.voc()["mAP"]}, {}

    def by_class(self, labels: list[str] | None) -> str:
        """A table: the average precisions of each class of which there are objects."""
        coco, voc = self.evaluator.coco_by_class(), self.evaluator.voc()["AP"]
        names = labels or [str(number) for number in range(self._num_classes)]
        rows = [(names[number], coco[number], voc[number]) for number in np.flatnonzero(coco >= 0)]
        width = max([len("class"), *(len(name) for name, _, _ in rows)])
        lines = [f"  {'class':{width}}  COCO AP  VOC AP"]
        return "\n".join([*lines, *(f"  {name:{width}}  {first:7.4f}  {second:6.4f}" for name, first, second in rows)])


class ValidationProgram(DetectionProgram):
    """As `DetectionProgram`, with what a program of costs measures of the same batches.

    Args:
      found, num_classes: as for `DetectionProgram`.
      costs: a batch -> metrics, a slim program.
    """

    def __init__(self, found: Callable[[Any], Any], num_classes: int, costs: Callable[[Any], Any]) -> None:
        from jax_slim.core import processes
        from jax_slim.parallel.meshes import data_mesh
        from jax_slim.parallel.placing import everywhere, put_tree

        place = functools.partial(put_tree, shardings=everywhere(data_mesh())) if processes.several() else None
        self._costs = MetricsProgram(costs, "Validation", place=place)
        super().__init__(found, num_classes)

    def reset(self) -> None:
        """Forgets what was found, for another pass."""
        super().reset()
        self._costs.reset()

    def update(self, variables: Mapping[str, Any], batch: Mapping[str, Any]) -> None:
        """Adds a batch."""
        self._costs.update(variables, batch)
        super().update(variables, batch)

    def results(self, variables: Mapping[str, Any]) -> tuple[dict[str, float], dict[str, Any]]:
        """The costs, then COCO's and PASCAL VOC's numbers."""
        costs, summaries = self._costs.results(variables)
        return {**costs, **super().results(variables)[0]}, summaries


def evaluate(asked: "Evaluation", found: Callable[[Any], Any]) -> dict[str, Any]:
    """Measures a checkpoint, or each new one."""
    from jax_slim.cli.evaluating import prepared
    from jax_slim.core import processes
    from jax_slim.evaluation.once import DEFAULT_WRITER, evaluate_with
    from jax_slim.evaluation.watching import checkpoints_iterator
    from jax_slim.progress import encodable

    options = asked.options
    variables = None
    if not options.watch:
        found, variables = prepared(found, asked)
    program = DetectionProgram(found, asked.model.num_classes or 0)

    def once(checkpoint: Any) -> dict[str, Any]:
        results = evaluate_with(
            program, checkpoint, asked.eval_dir, asked.batches(), options.max_num_batches, None, DEFAULT_WRITER,
            moving_average=asked.moving_average and isinstance(checkpoint, str),
        )  # fmt: skip
        if processes.is_first():
            print(encodable(program.by_class(asked.labels), sys.stdout))
        return results

    if variables is not None:
        return once(variables)
    results: dict[str, Any] = {}
    for checkpoint in checkpoints_iterator(asked.path, options.eval_interval_secs, options.timeout):
        results = once(checkpoint)
    return results
