"""The global step: found, made once, and checked."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim

KEY = jax.random.key(0)


def test_found_made_and_checked():
    def program():
        assert slim.get_global_step() is None
        assert slim.assert_or_get_global_step() is None
        step = slim.get_or_create_global_step()
        for candidate in (step, slim.get_unique_variable("global_step"), slim.get_or_create_global_step()):
            assert slim.assert_or_get_global_step(candidate) is candidate
        return step + 1, slim.assert_or_get_global_step()

    model = slim.Model(program)
    variables = model.init(KEY)
    assert {name: (value.shape, str(value.dtype)) for name, value in variables.items()} == {
        "global_step": ((), "int32")
    }
    assert not variables.trainable
    after, found = model.apply(variables | {"global_step": jnp.int32(41)})
    assert (int(after), int(found)) == (42, 41)


def test_made_in_the_current_scope_and_found_from_everywhere():
    """As TensorFlow's `get_or_create_global_step`: NASNet makes it where it first asks for it."""

    def program():
        with slim.variable_scope("net"), slim.variable_scope("cell"):
            step = slim.get_or_create_global_step()
        with slim.variable_scope("other"):
            again = slim.get_or_create_global_step()
            with pytest.raises(ValueError, match=r"create_global_step: 'net/cell/global_step' already exists"):
                slim.create_global_step()
        return step + again + slim.get_global_step()

    model = slim.Model(program)
    variables = model.init(KEY)
    assert list(variables) == ["net/cell/global_step"]
    assert int(model.apply({"net/cell/global_step": jnp.int32(5)})) == 15


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (3, "assert_global_step: global_step_tensor must be an array or a variable, got 3"),
        (np.float32(3), r"must be an integer scalar, got shape \(\) and dtype float32"),
        (np.zeros(2, np.int32), r"must be an integer scalar, got shape \(2,\) and dtype int32"),
    ],
)
def test_refuses_what_cannot_count(step, message):
    with pytest.raises(TypeError, match=message):
        slim.assert_or_get_global_step(step)
