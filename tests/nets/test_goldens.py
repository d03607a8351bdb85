"""The nets against TF-Slim's: names, shapes, logits, statistics of every end point, gradients, moving averages."""

import pytest

import golden
from nets import harness

CASES = golden.cases("nets")

# What is computed takes seconds to compile, most of it without the cache. Of each family one small case stays among the
# fast tests, beside all structures; the rest is for `make test-all`.
COMPUTED_FAST = {
    "cifarnet_eval", "cyclegan_eval", "dcgan_generator_train",
    "inception_v1_base_4c", "inception_v1_too_small", "inception_v2_base_nosep", "inception_v3_base_6a", "lenet_eval",
    "lenet_train", "mobilenet_v1_025_eval", "mobilenet_v2_endpoint", "mobilenet_v3_small_os16",
    "pix2pix_generator_eval", "resnet_v1_50_nopool_squeeze", "resnet_v1_custom_train", "resnet_v2_custom",
    "resnet_v2_50_nopool_squeeze",
}  # fmt: skip
SLOW = {id for id, case in CASES.items() if case["kind"] != "structure"} - COMPUTED_FAST


@pytest.mark.parametrize("case_id", [pytest.param(id, marks=pytest.mark.slow if id in SLOW else ()) for id in CASES])
def test_as_tensorflow(case_id):
    harness.check(CASES[case_id])
