"""Every metric against its definition, over the data split into batches in any way."""

import functools

import hypothesis
import hypothesis.strategies as st
import jax
import numpy as np

import jax_slim as slim
from metrics import everything

MODEL = slim.Model(everything.program)
COLLECT = jax.jit(MODEL.collect)
# Sizes of batches: each is one compilation.
SIZES = (1, 7)


def over(data, sizes):
    """The last (value, update) of every metric, and the value that the next run would start from."""
    ends = np.cumsum(sizes)
    assert ends[-1] == everything.ROWS
    parts = [{key: a[end - size : end] for key, a in data.items()} for size, end in zip(sizes, ends, strict=True)]
    variables = dict(initial())
    for part in parts:
        pairs, collected = COLLECT(variables, part)
        variables |= collected.updates
    next_pairs, _ = COLLECT(variables, parts[-1])
    return pairs, next_pairs


@functools.cache
def initial():
    return MODEL.init(jax.random.key(0), everything.data())


@functools.cache
def expected(seed):
    return everything.definitions(everything.data(seed=seed))


@st.composite
def splits(draw):
    sizes, left = [], everything.ROWS
    while left:
        sizes.append(draw(st.sampled_from([size for size in SIZES if size <= left])))
        left -= sizes[-1]
    return sizes


@hypothesis.given(splits(), st.integers(0, 3))
@hypothesis.settings(max_examples=15)
def test_any_split_gives_the_definition(sizes, seed):
    pairs, next_pairs = over(everything.data(seed=seed), sizes)
    for key, value in expected(seed).items():
        wanted = np.asarray(value)
        update = next_pairs[key][0] if key == "iou" else pairs[key][1]  # its update is the confusion matrix
        np.testing.assert_allclose(np.asarray(update), wanted, rtol=2e-5, atol=2e-6, err_msg=key)
        np.testing.assert_allclose(np.asarray(next_pairs[key][0]), wanted, rtol=2e-5, atol=2e-6, err_msg=key)


def test_what_depends_on_the_split():
    data = everything.data()
    pairs, next_pairs = over(data, [7, 7, 7, 1, 1, 1])
    sums = [part.sum(0) for part in np.split(data["x"].astype(np.float64), [7, 14, 21, 22, 23])]
    np.testing.assert_allclose(pairs["mean_tensor"][1], np.mean(sums, 0), rtol=1e-6)
    np.testing.assert_array_equal(next_pairs["concat"][0], data["x"][:7])
    assert pairs["concat"][1] == 7
