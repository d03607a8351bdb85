"""Every layer case of TF 1.15: variables, outputs, gradients, updates, collections, refusals."""

import pytest

import golden
from layers import harness


@pytest.mark.parametrize("case_id", golden.cases("layers"))
def test_case(case_id):
    harness.check(golden.cases("layers")[case_id])
