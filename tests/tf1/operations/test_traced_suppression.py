"""Suppression of boxes in compiled programs, against the host's."""

import jax
import numpy as np
import pytest

from jax_slim.tf1.operations import non_max_suppression as host
from jax_slim.tf1.operations import traced_suppression


def boxes_of(random, *shape):
    corners = random.uniform(-0.1, 0.8, (*shape, 2))
    found = np.concatenate([corners, corners + random.uniform(-0.1, 0.5, (*shape, 2))], -1).astype(np.float32)
    return found[..., [2, 1, 0, 3]]  # corners in any order, some without area


@pytest.mark.parametrize("seed", range(3))
def test_as_many_as_are_padded_to(seed):
    random = np.random.default_rng(seed)
    boxes, scores = boxes_of(random, 20), random.choice(np.linspace(0, 1, 8), 20).astype(np.float32)  # with ties
    arguments = (np.int32(7), np.float32(0.3), np.float32(0.2))
    v4 = lambda b, s: host.non_max_suppression_v4(b, s, *arguments, pad_to_max_output_size=True)  # noqa: E731
    v5 = lambda b, s: host.non_max_suppression_v5(b, s, *arguments, np.float32(0), pad_to_max_output_size=True)  # noqa: E731
    for function in (v4, v5):
        for found, want in zip(jax.jit(function)(boxes, scores), function(boxes, scores), strict=True):
            np.testing.assert_array_equal(found, want)


@pytest.mark.parametrize(
    "facts", [(1, False, True, 9), (3, True, False, 4), (3, False, False, 40), (1, True, True, 40)]
)
def test_all_classes_of_a_batch(facts):
    shared, pad_per_class, clip_boxes, total = facts
    random = np.random.default_rng(total)
    boxes, scores = boxes_of(random, 2, 12, shared), random.uniform(0, 1, (2, 12, 3)).astype(np.float32)
    function = lambda b, s: host.combined_non_max_suppression(  # noqa: E731
        b,
        s,
        np.int32(4),
        np.int32(total),
        np.float32(0.4),
        np.float32(0.5),
        pad_per_class=pad_per_class,
        clip_boxes=clip_boxes,
    )
    want = function(boxes, scores)
    assert want[3].min() > 0
    for found, value in zip(jax.jit(function)(boxes, scores), want, strict=True):
        np.testing.assert_array_equal(found, value)


def test_scores_of_kept_boxes_have_gradients():
    random = np.random.default_rng(5)
    boxes, scores = boxes_of(random, 12), random.uniform(0, 1, 12).astype(np.float32)
    kept, _, count = traced_suppression.select(boxes, scores, 4, 0.3, 0.2)
    slopes = jax.jit(jax.grad(lambda s: traced_suppression.select(boxes, s, 4, 0.3, 0.2)[1].sum()))(scores)
    want = np.zeros(12)
    want[np.asarray(kept)[: int(count)]] = 1
    np.testing.assert_array_equal(slopes, want)


def test_none_are_asked_for():
    kept, found, count = traced_suppression.select(np.zeros((3, 4)), np.ones(3, np.float32), 0, 0.5, 0.0)
    assert kept.shape == found.shape == (0,) and count == 0
