"""Layers in float64, which JAX has when it is told so: the rows of `table`, in numbers."""

import jax
import jax.numpy as jnp
import numpy as np

from layers import table
from layers.test_table import KEY, every


def floats_in(row):
    return any(given.high is None for given in row.inputs)


def collect(row, variables, inputs):
    return jax.jit(lambda variables, *inputs: row.model().collect(variables, *inputs, rng=KEY))(variables, *inputs)


def dtypes(tree):
    """The dtypes of its floats."""
    found = {leaf.dtype for leaf in jax.tree.leaves(tree)}
    return {str(dtype) for dtype in found if jnp.issubdtype(dtype, jnp.floating)}


@every(floats_in)
def test_float64_in_float64_out(row):
    """Variables, results and updates are float64, with the numbers of float32 but for its rounding."""
    expected, recorded = collect(row, row.make_variables(), row.make_inputs())
    with jax.enable_x64(True):
        inputs = [x.astype(np.float64) if x.dtype == np.float32 else x for x in row.make_inputs()]
        variables = jax.eval_shape(lambda: dict(row.model().init(KEY, *inputs)))
        assert dtypes(variables) <= {"float64"}
        variables = {name: value.astype(variables[name].dtype) for name, value in row.make_variables().items()}
        outputs, collected = collect(row, variables, inputs)
        assert dtypes(outputs) == {"float64"}
        assert dtypes(collected.updates) <= {"float64"}
    if row.random:
        return  # the mask is drawn with more digits: another one
    found = jax.tree.leaves((outputs, collected.updates))
    for a, b in zip(found, jax.tree.leaves((expected, recorded.updates)), strict=True):
        scale = np.abs(b).max(initial=1e-3)
        np.testing.assert_allclose(np.asarray(a, np.float64), np.asarray(b, np.float64), rtol=0, atol=1e-4 * scale)


def test_it_is_more_exact_than_float32():
    """Digits that float32 does not have reach the result: nothing on the way rounds to it."""
    row = next(row for row in table.ROWS if row.name == "convolution2d")
    with jax.enable_x64(True):
        variables = {name: value.astype(np.float64) for name, value in row.make_variables().items()}
        variables["Conv/biases"] *= 0
        x = row.make_inputs()[0].astype(np.float64)
        model = row.model(activation_fn=None)
        one, other = (np.asarray(model.apply(variables, given)) for given in (x, x * (1 + 1e-12)))
    np.testing.assert_allclose(np.abs(other - one).max() / np.abs(one).max(), 1e-12, rtol=0.05)
