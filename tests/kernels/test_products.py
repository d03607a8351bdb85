"""`dense`, and how exact products are."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from jax_slim import kernels


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


def precisions(function, *arrays):
    """The `precision` of the products in `function` and in its gradient."""
    gradient = jax.grad(lambda *arrays: function(*arrays).sum(), argnums=(0, 1))
    equations = jax.make_jaxpr(gradient)(*arrays).jaxpr.eqns
    found = [e.params["precision"] for e in equations if e.primitive.name in ("dot_general", "conv_general_dilated")]
    assert len(found) >= 2
    return set(found)


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
    highest = jax.lax.Precision.HIGHEST
    assert precisions(kernel, *arrays) == {(highest, highest)}
    with jax.default_matmul_precision("bfloat16"):
        default = jax.lax.Precision.DEFAULT
        assert precisions(kernel, *arrays) == {(default, default)}


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
