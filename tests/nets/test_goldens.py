"""The nets against TF-Slim's: names, shapes, logits, statistics of every end point, gradients, moving averages."""

import pytest

import golden
from nets import harness

CASES = golden.cases("nets")
# Over a hundred million parameters and seconds of arithmetic each.
SLOW = {id for id, case in CASES.items() if "vgg" in id and case["kind"] != "structure"}


@pytest.mark.parametrize("case_id", [pytest.param(id, marks=pytest.mark.slow if id in SLOW else ()) for id in CASES])
def test_as_tensorflow(case_id):
    harness.check(CASES[case_id])
