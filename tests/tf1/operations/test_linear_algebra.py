"""Products of matrices: by NumPy, and by the kernels' dense product once a program is compiled."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim.tf1 as tf
from jax_slim.tf1.operations import linear_algebra


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int32"])
@pytest.mark.parametrize("transpose_a", [False, True])
@pytest.mark.parametrize("transpose_b", [False, True])
def test_products_are_numpys_and_jaxs_alike(dtype, transpose_a, transpose_b):
    random = np.random.default_rng(0)
    a, b = ((4 * random.normal(size=size)).astype(dtype) for size in ((2, 6), (6, 8)))
    wanted = a @ b
    a, b = a.T.copy() if transpose_a else a, b.T.copy() if transpose_b else b

    def product(a, b):
        return linear_algebra.matmul(a, b, transpose_a=transpose_a, transpose_b=transpose_b)

    with jax.enable_x64(True):
        found = jax.jit(product)(a, b)
        for value in (product(a, b), found):
            assert value.dtype == dtype
            np.testing.assert_allclose(value, wanted, rtol=1e-5, atol=0.1 if dtype == "float16" else 1e-5)
        if dtype == "float64":
            twice = jax.jit(jax.hessian(lambda a: jnp.sum(jnp.sin(product(a, b)))))(a)
            right = b.T if transpose_b else b
            reference = jax.jit(jax.hessian(lambda a: jnp.sum(jnp.sin((a.T if transpose_a else a) @ right))))(a)
            np.testing.assert_allclose(twice, reference, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("compiled", [False, True])
def test_a_matrix_without_inverse_is_refused_in_compiled_programs_too(compiled):
    good, bad = np.array([[1, 2], [3, 4]], np.float32), np.array([[1, 2], [2, 4]], np.float32)
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.placeholder(tf.float32, [2, 2])
        square = tf.reshape(x, [1, 2, 2, 1])
        # A convolution is computed by XLA alone, with all that is around it.
        start = tf.nn.conv2d(square, tf.ones([1, 1, 1, 1]), 1, "SAME") if compiled else square
        matrix = tf.reshape(start, [2, 2])
        ones = tf.ones([2, 1])
        for result, text in (
            (tf.matrix_inverse(matrix), "Input is not invertible"),
            (tf.matrix_solve(matrix, ones), "Input matrix is not invertible"),
            (tf.matrix_triangular_solve(matrix - tf.constant([[0.0, 0], [0, 4]]), ones), None),
        ):
            if text:
                assert np.isfinite(sess.run(result, {x: good})).all()
            with pytest.raises(tf.errors.InvalidArgumentError, match=text or "Input matrix is not invertible"):
                sess.run(result, {x: bad})
