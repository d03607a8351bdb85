"""What judges boxes that a program finds, with the costs of the same batches."""

import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim
from jax_slim.cli.box_evaluation import DetectionProgram, ValidationProgram
from jax_slim.detection.suppression import Detections


def found(images):
    """One box in each image, as large as its first number says; of class 1."""
    shift = slim.variable("shift", [], initializer=slim.initializers.zeros_initializer())
    sides = images[:, 0, 0] + shift
    corners = jnp.stack([jnp.zeros_like(sides), jnp.zeros_like(sides), sides, sides], -1)
    count = len(images)
    return Detections(corners[:, None], jnp.full((count, 1), 0.9), jnp.ones((count, 1), int), jnp.ones(count, int))


def batch_of(sides, valid=None):
    count = len(sides)
    boxes = np.tile(np.float32([0, 0, 0.5, 0.5]), (count, 2, 1))
    rows = {
        "image": np.full((count, 4, 4), np.float32(sides)[:, None, None]), "size": np.full((count, 2), 100, np.float32),
        "boxes": boxes, "classes": np.ones((count, 2), np.int32), "num_boxes": np.ones(count, np.int32),
        "crowd": np.zeros((count, 2), bool), "difficult": np.zeros((count, 2), bool),
        "areas": np.full((count, 2), 900, np.float32),
    }  # fmt: skip
    return rows if valid is None else {**rows, "valid": np.array(valid)}


def test_validation_gives_average_precisions_and_costs():
    def costs(batch):
        return {"Loss": slim.metrics.streaming_mean(batch["image"][:, 0, 0])}

    program = ValidationProgram(found, 2, costs)
    validation = slim.learning.Validation(program, lambda: iter([]), best="AP50")
    assert validation.eval_fn is program
    variables = {"shift": np.float32(0)}
    program.update(variables, batch_of([0.5, 0.5]))
    program.update(variables, batch_of([0.1, 0.1], [True, False]))
    results, _ = program.results(variables)
    # Two of three objects are found, all with the same score.
    assert results["VOC_mAP"] == pytest.approx(2 / 3, abs=1e-3) and results["AP50"] == pytest.approx(0.667, abs=0.01)
    assert results["Loss"] == pytest.approx(0.3) and program.count == 2
    program.reset()
    program.update(variables, batch_of([0.5]))
    results, _ = program.results(variables)
    assert results["AP"] == pytest.approx(1) and results["Loss"] == pytest.approx(0.5)
    # Small by what the data says it covers, and not by its box of 50 x 50 pixels.
    assert results["APs"] == pytest.approx(1) and results["APm"] == -1


def test_without_objects_there_is_nothing_to_measure(caplog):
    program = DetectionProgram(found, 2)
    program.update({"shift": np.float32(0)}, {**batch_of([0.5]), "num_boxes": np.zeros(1, np.int32)})
    assert program.results({})[0]["AP"] == -1
    assert "none of the pictures has an object" in caplog.text
