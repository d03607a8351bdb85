"""A run whose step is of native kernels: resumed, it has the bits of one that was never stopped."""

import itertools
import shutil

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jax_slim as slim
from jax_slim.learning.saving import named_arrays

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not any(map(shutil.which, ("c++", "g++", "clang++"))), reason="there is no C++ compiler"),
]
IMAGES = np.random.default_rng(0).normal(size=(16, 32, 32, 16)).astype(np.float32)


def batches():
    for start in itertools.cycle((0, 8)):
        yield IMAGES[start : start + 8]


def loss_fn(images):
    with slim.arg_scope([slim.conv2d, slim.separable_conv2d], normalizer_fn=slim.batch_norm):
        net = slim.conv2d(images, 32, 3, scope="tiles")
        net = slim.separable_conv2d(net, None, 3, scope="by_channel")
        net = slim.conv2d(net, 8, 1, stride=2, scope="pixels")
    return jnp.mean((net - 1) ** 2)


def train(folder, steps):
    train_op = slim.learning.create_train_op(loss_fn, optax.sgd(0.1, momentum=0.5))
    return slim.learning.train(train_op, str(folder), batches(), steps)


def test_bits_after_resuming(library, tmp_path):
    model = slim.Model(loss_fn)
    variables = model.init(jax.random.key(0), IMAGES[:8])
    step = slim.jit(jax.grad(lambda variables: model.collect(variables, IMAGES[:8])[0]))
    made = step.lower(variables).as_text()
    assert all(f"@jax_slim_{name}(" in made for name in ("convolve", "convolve_by_channel"))
    whole = train(tmp_path / "whole", 8)
    train(tmp_path / "parts", 3)
    again = train(tmp_path / "parts", 8)
    for name, value in named_arrays(whole.state).items():
        np.testing.assert_array_equal(value, named_arrays(again.state)[name], err_msg=name)
    assert float(whole) == float(again)
