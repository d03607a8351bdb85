"""What entries are for, by their names alone."""

import numpy as np
import pytest

from jax_slim.checkpoints.kinds import guessed_facts, kinds_of, variables_among
from jax_slim.checkpoints.reader import Entry

NAMES = {
    "conv/weights": "variable",
    "conv/BatchNorm/moving_mean": "variable",
    "conv/weights/Momentum": "optimizer",
    "conv/weights/RMSProp": "optimizer",
    "conv/weights/RMSProp_1": "optimizer",
    "train/conv/weights/Adam_1": "optimizer",
    "conv/weights/AddSignOptimizer": "optimizer",
    "conv/weights/PowerSignOptimizer": "optimizer",
    "conv/weights/Shampoo_2": "optimizer",
    "conv/weights/MyOwnOptimizer": "optimizer",
    "conv/weights/gradient_accumulator": "optimizer",
    "conv/weights/Variable_1": "variable",
    "conv/BatchNorm/moving_mean/biased": "variable",
    "beta2_power": "optimizer",
    "train/beta1_power_1": "optimizer",
    "conv/weights/ExponentialMovingAverage": "average",
    "exported/ExponentialMovingAverage": "average",
    "conv/weights/ExponentialMovingAverage/biased": "average",
    "Momentum": "variable",
    "net/Adam": "variable",
    "global_step": "variable",
    "layer/kernel/.OPTIMIZER_SLOT/optimizer/m/.ATTRIBUTES/VARIABLE_VALUE": "optimizer",
    "_CHECKPOINTABLE_OBJECT_GRAPH": "state",
    "save_counter/.ATTRIBUTES/VARIABLE_VALUE": "state",
}


def test_kinds():
    assert dict(kinds_of(NAMES)) == NAMES
    assert variables_among(NAMES) == [name for name, kind in NAMES.items() if kind == "variable"]


@pytest.mark.parametrize(
    ("name", "dtype", "trainable"),
    [
        ("conv/weights", np.float32, True),
        ("conv/BatchNorm/beta", np.float32, True),
        ("conv/BatchNorm/moving_mean", np.float32, False),
        ("moving_variance", np.float32, False),
        ("conv/BatchNorm/renorm_mean", np.float32, False),
        ("global_step", np.int64, False),
        ("a/counts", np.int32, False),
        ("a/words", object, False),
    ],
)
def test_guessed_facts(name, dtype, trainable):
    assert guessed_facts(name, Entry(np.dtype(dtype), (2,))).trainable == trainable
