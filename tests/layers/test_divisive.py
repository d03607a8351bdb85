"""`gdn` and `GDN` against their definition."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim


def normals(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def parameters(channels, seed=1):
    """Roots above their bounds."""
    rng = np.random.default_rng(seed)
    return {
        "gdn/reparam_beta": rng.uniform(0.5, 1.5, channels).astype(np.float32),
        "gdn/reparam_gamma": rng.uniform(0.1, 0.6, (channels, channels)).astype(np.float32),
    }


def definition(x, values, offset=2**-18, inverse=False):
    """Channel by channel, in float64."""
    x = x.astype(np.float64)
    beta = values["gdn/reparam_beta"].astype(np.float64) ** 2 - offset**2
    gamma = values["gdn/reparam_gamma"].astype(np.float64) ** 2 - offset**2
    outputs = np.empty_like(x)
    for i in range(x.shape[-1]):
        root = np.sqrt(beta[i] + sum(gamma[j, i] * x[..., j] ** 2 for j in range(x.shape[-1])))
        outputs[..., i] = x[..., i] * root if inverse else x[..., i] / root
    return outputs


@pytest.mark.parametrize(
    ("shape", "inverse", "first"),
    [
        ((2, 5, 3), False, False),
        ((2, 3, 4, 3), False, True),
        ((2, 3, 4, 3), True, False),
        ((2, 2, 3, 2, 3), True, True),
    ],
)
def test_definition(shape, inverse, first):
    x, values = normals(*shape), parameters(3)
    given = np.moveaxis(x, -1, 1) if first else x
    layout = "channels_first" if first else "channels_last"
    found = jax.jit(slim.Model(lambda x: slim.gdn(x, inverse, data_format=layout)).apply)(values, given)
    expected = definition(x, values, inverse=inverse)
    np.testing.assert_allclose(np.moveaxis(found, 1, -1) if first else found, expected, rtol=1e-5, atol=1e-6)


def test_initial_values():
    """beta is 1 and gamma the identity times `gamma_init`, whatever the offset."""
    model = slim.Model(lambda x: slim.gdn(x, gamma_init=0.3, reparam_offset=0.01))
    values = model.init(jax.random.key(0), normals(2, 4, 3))
    np.testing.assert_allclose(np.square(values["gdn/reparam_beta"]) - 1e-4, np.ones(3), rtol=1e-6)
    np.testing.assert_allclose(np.square(values["gdn/reparam_gamma"]) - 1e-4, 0.3 * np.eye(3), atol=1e-7)


def test_values_below_the_bounds_count_as_the_bounds():
    x, values = normals(2, 4, 3), {name: -value for name, value in parameters(3).items()}
    found = jax.jit(slim.Model(lambda x: slim.gdn(x, beta_min=0.04, reparam_offset=0.1)).apply)(values, x)
    np.testing.assert_allclose(found, x / 0.2, rtol=1e-5)  # beta is beta_min, gamma 0


def test_gradients_lead_back_over_the_bounds():
    """Below the bound only the gradient that makes a value larger passes."""
    x = np.ones((1, 1, 2), np.float32)
    values = {name: -value for name, value in parameters(2).items()}
    model = slim.Model(lambda x: slim.gdn(x, beta_min=0.04, reparam_offset=0.1))

    def outputs(values, sign):
        return sign * jnp.sum(model.apply(values, x))

    lower = jax.jit(jax.grad(outputs))(values, 1.0)  # smaller outputs: larger roots, which is the way back
    upper = jax.jit(jax.grad(outputs))(values, -1.0)
    assert all(np.all(np.asarray(grad) < 0) for grad in lower.values())
    assert not any(np.any(grad) for grad in upper.values())


def test_large_values_in_half_precision():
    """Their squares are beyond float16."""
    x = jnp.full((1, 2, 2), 1000, jnp.float16)
    values = {name: value.astype(np.float16) for name, value in parameters(2).items()}
    found = jax.jit(slim.Model(slim.gdn).apply)(values, x)
    assert found.dtype == jnp.float16
    np.testing.assert_allclose(found, definition(np.asarray(x), values), rtol=5e-3)


def test_activity_regularizer():
    """TF divides its loss by the number of examples."""
    x, values = normals(4, 3, 3), parameters(3)

    def program(x):
        outputs = slim.gdn(x, activity_regularizer=lambda y: jnp.sum(jnp.abs(y)))
        return outputs, slim.losses.get_regularization_losses()

    outputs, (loss,) = jax.jit(slim.Model(program).apply)(values, x)
    np.testing.assert_allclose(loss, np.abs(outputs).sum() / 4, rtol=1e-5)


def test_object_shares_its_variables():
    """Within a program; a second trace, or another object, makes its own."""
    shared = slim.GDN()

    def program(x):
        with slim.variable_scope("net"):
            net = shared(x)
        return shared(net), slim.GDN(inverse=True)(x)

    x, model = normals(2, 4, 3), slim.Model(program)
    for _ in range(2):
        assert list(model.specs(x)) == [
            "net/gdn/reparam_beta", "net/gdn/reparam_gamma", "gdn/reparam_beta", "gdn/reparam_gamma",
        ]  # fmt: skip
    values = {f"{scope}{name}": value for scope in ("net/", "") for name, value in parameters(3).items()}
    twice, inverse = jax.jit(model.apply)(values, x)
    expected = definition(definition(x, parameters(3)), parameters(3))
    np.testing.assert_allclose(twice, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(inverse, definition(x, parameters(3), inverse=True), rtol=1e-5, atol=1e-6)


def test_object_needs_a_program():
    with pytest.raises(slim.ProgramError, match=r"model = slim\.Model"):
        slim.GDN()(normals(2, 4, 3))
