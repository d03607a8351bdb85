"""Tracebacks end at the user's line, unless JAX is told to show all of them."""

import traceback

import jax
import numpy as np
import pytest

import jax_slim as slim
from jax_slim.core.tracebacks import raised_here

HERE = __file__


def net(x):
    with slim.arg_scope([slim.conv2d], stride=2), slim.variable_scope("net"):
        return slim.conv2d(x, 3, 0)


def broken(x):
    return slim.Model(lambda x: net(x) + 1).specs(x)


@pytest.fixture
def filtering(request):
    before = jax.config.jax_traceback_filtering
    jax.config.update("jax_traceback_filtering", request.param)
    yield request.param
    jax.config.update("jax_traceback_filtering", before)


@pytest.mark.parametrize("filtering", ["auto", "remove_frames", "off"], indirect=True)
@pytest.mark.parametrize("call", [broken, lambda x: slim.batch_norm(x, decy=1), lambda x: slim.learning.train(x, "")])
def test_only_the_user_s_frames_are_left(filtering, call):
    with pytest.raises((TypeError, ValueError)) as caught:
        call(np.ones((1, 4, 4, 2), np.float32))
    files = {frame.filename for frame in traceback.extract_tb(caught.value.__traceback__)}
    assert files == {HERE} if filtering != "off" else len(files) > 1
    assert raised_here(caught.value)


@pytest.mark.parametrize("filtering", ["auto"], indirect=True)
def test_a_mistake_in_the_program_is_no_check_of_ours(filtering):
    def wrong(x):
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine") as caught:
        slim.Model(lambda x: slim.conv2d(x, 3, 1, activation_fn=wrong)).specs(np.ones((1, 4, 4, 2), np.float32))
    assert not raised_here(caught.value)
    assert [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)][-1] == "wrong"
