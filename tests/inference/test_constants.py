"""`PreparedFunction`: what it makes of values is made once."""

import numpy as np
import pytest

from jax_slim.inference.constants import PreparedFunction

WEIGHTS = np.random.default_rng(0).normal(size=(3, 3, 2, 4)).astype(np.float32)
IMAGES = np.random.default_rng(1).normal(size=(2, 5, 5, 2)).astype(np.float32)


@pytest.mark.parametrize("batch", [1, 2])
def test_the_function_is_traced_once_for_each_size(batch):
    traced = []

    def evaluate(values, arrays):
        traced.append(arrays[0].shape)
        return [arrays[0].reshape(len(arrays[0]), -1) @ values["weights"].reshape(-1)[:50]]

    net = PreparedFunction(evaluate, {"weights": WEIGHTS})
    for _ in range(2):
        (found,) = net.compiled({}, [IMAGES[:batch]])
        np.testing.assert_allclose(found, IMAGES[:batch].reshape(batch, -1) @ WEIGHTS.reshape(-1)[:50], rtol=1e-4)
    assert traced == [(batch, 5, 5, 2)]
