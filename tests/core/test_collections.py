"""Collections: what variables and layers list, and the names of arrays."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim
from jax_slim.core.aliases import (
    append_tensor_alias,
    gather_tensors_aliases,
    get_tensor_aliases,
    known_name,
)

KEY = jax.random.key(0)
X = np.ones((2, 3), np.float32)


def test_a_collection_gives_its_variables_then_what_was_added():
    def program(x):
        slim.add_to_collection("mine", x, "a/x")
        slim.fully_connected(x, 4, variables_collections={"weights": ["mine"]}, scope="a")
        slim.fully_connected(x, 4, variables_collections={"weights": ["mine"]}, scope="b")
        return slim.get_collection("mine"), slim.get_collection("mine", "a/"), slim.get_collection("biases")

    model = slim.Model(program)
    variables = model.init(KEY, X)
    every, in_a, none = model.apply(variables, X)
    for found, expected in ((every, ["a/weights", "b/weights", X]), (in_a, ["a/weights", X])):
        expected = [variables[one] if isinstance(one, str) else one for one in expected]
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, other)
    assert none == []


def test_trainable_variables_are_a_collection():
    def decay(x):
        slim.fully_connected(x, 4, scope="fc")
        slim.variable("step", shape=[], trainable=False)
        return sum(jnp.sum(one**2) for one in slim.get_collection(slim.GraphKeys.TRAINABLE_VARIABLES))

    model = slim.Model(decay)
    variables = model.init(KEY, X)
    gradients = jax.grad(lambda trained: model.apply(variables | trained, X))(variables.trainable)
    np.testing.assert_allclose(gradients["fc/weights"], 2 * variables["fc/weights"], rtol=1e-6)


def test_names_of_arrays():
    def program(x):
        y = slim.fully_connected(x, 4, outputs_collections="ends", scope="fc")
        assert get_tensor_aliases(y) == ["fc"]
        assert append_tensor_alias(y, "features/") is y
        assert get_tensor_aliases(y) == ["fc", "features"]
        assert known_name(y) == "fc"
        weights = slim.get_unique_variable("fc/weights").value
        loss = jnp.sum(y)
        slim.add_to_collection(slim.GraphKeys.LOSSES, loss, "my/loss")
        assert gather_tensors_aliases([weights, y, loss]) == ["fc/weights", "fc", "features", "my/loss"]
        assert known_name(y + 1) is None
        with pytest.raises(ValueError, match=r"get_tensor_aliases: the array \(shape \(2, 4\)\) has no name"):
            get_tensor_aliases(y + 1)
        return y

    slim.Model(program).specs(X)
    assert append_tensor_alias(X, "outside of a program") is X
    assert known_name(X) is None
