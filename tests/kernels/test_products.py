"""`dense`, and how exact products are."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from jax_slim import kernels
from jax_slim.kernels import products


def normals(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 4, 5, 3), (0, 3)])
def test_dense(shape):
    x, w = normals(*shape), normals(3, 4, seed=1)
    outputs = kernels.dense(x, w)
    assert outputs.dtype == jnp.float32
    np.testing.assert_allclose(outputs, x.astype(np.float64) @ w, rtol=1e-5, atol=1e-6)


def test_gradients():
    with jax.enable_x64(True):
        check_grads(kernels.dense, (normals(2, 3).astype(float), normals(3, 4).astype(float)), order=1, atol=1e-6)


@pytest.mark.parametrize(("rows", "width"), [(1, 6), (3, 6), (4, 6), (2, 7)])
def test_rows_by_transposed_weights(rows, width):
    """As halves where the weights are wide and even, or else at once."""
    y, w = normals(rows, 5), normals(width, 5, seed=1)
    found = jax.jit(lambda y, w: products.rows_by_transposed_weights(y, w, None))
    np.testing.assert_allclose(found(y, w), y.astype(np.float64) @ w.T, rtol=1e-5, atol=1e-6)
    assert ("tensor<2x3x5xf32>" in found.lower(y, w).as_text()) == (width == 6 and rows <= 3)


@pytest.mark.parametrize("widths", [(2, 5), (5, 2)])
def test_over_rows(monkeypatch, widths):
    monkeypatch.setattr(products, "MANY_ROWS", 4)
    for rows in (3, 6):
        x, y = normals(rows, widths[0]), normals(rows, widths[1], seed=1)
        found = products.over_rows(x, y, None)
        np.testing.assert_allclose(found, x.astype(np.float64).T @ y, rtol=1e-5, atol=1e-6)
    x = jnp.ones((4096, 2), jnp.bfloat16)
    assert products.over_rows(x, x, None).dtype == jnp.float32


def exact_arguments(function, *arrays):
    """How many arguments of each product, in `function` and its gradient, a TPU is told to take at full precision."""
    gradient = jax.jit(jax.grad(lambda *arrays: function(*arrays).sum(), argnums=(0, 1)))
    program = gradient.trace(*arrays).lower(lowering_platforms=("tpu",)).as_text()
    products = [line for line in program.splitlines() if "dot_general" in line or "stablehlo.convolution" in line]
    assert len(products) >= 2
    return {line.count("HIGHEST") for line in products}


@pytest.mark.parametrize(
    ("kernel", "shapes"),
    [
        (kernels.dense, [(2, 3), (3, 4)]),
        (kernels.convolution, [(1, 4, 4, 2), (3, 3, 2, 2)]),
        (kernels.depthwise_convolution, [(1, 4, 4, 2), (3, 3, 2, 2)]),
        (kernels.transposed_convolution, [(1, 4, 4, 2), (3, 3, 2, 2)]),
    ],
)
def test_products_are_exact_unless_the_user_says_otherwise(kernel, shapes):
    arrays = [normals(*shape) for shape in shapes]
    assert exact_arguments(kernel, *arrays) == {2}
    with jax.default_matmul_precision("bfloat16"):
        assert exact_arguments(kernel, *arrays) == {0}


@pytest.mark.parametrize(
    ("x", "w", "error", "message"),
    [
        (normals(2, 3), normals(4, 3), ValueError, r"got weights \(4, 3\) for inputs \(2, 3\)"),
        (normals(2, 3), normals(3), ValueError, r"weights must have shape \[in, out\]"),
        (normals(), normals(1, 3), ValueError, r"for inputs \(\)"),
        (normals(2, 3), normals(3, 4).astype(np.float16), TypeError, "one dtype, got float32 and float16"),
    ],
)
def test_refuses(x, w, error, message):
    with pytest.raises(error, match=f"dense: .*{message}"):
        kernels.dense(np.asarray(x, np.float32), w)
