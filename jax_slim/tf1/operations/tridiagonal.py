"""Systems and products of matrices that have three diagonals."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.tf1.graph import errors, rows
from jax_slim.tf1.operations import arrays


def _cleared(diagonals: Any) -> tuple[Any, Any, Any]:
    """The diagonals above, on and below, each as long as the matrix: what is outside of it is 0."""
    above, main, below = (jnp.asarray(diagonals)[..., i, :] for i in range(3))
    return above.at[..., -1].set(0), main, below.at[..., 0].set(0)


@rows.row("TridiagonalSolve", shape=lambda op: [op._inputs[1].shape], numpy=False)
def tridiagonal_solve(diagonals: Any, rhs: Any, *, partial_pivoting: bool) -> Any:
    """x [..., M, K] of A x = rhs, where A is [..., 3, M]: its diagonals above (its last element is not used), on and below the main one."""
    above, main, below = _cleared(diagonals)
    return jax.lax.linalg.tridiagonal_solve(below, main, above, jnp.asarray(rhs))


@rows.row("TridiagonalMatMul", shape=lambda op: [op._inputs[3].shape])
def tridiagonal_mat_mul(superdiag: Any, maindiag: Any, subdiag: Any, rhs: Any) -> Any:
    """A rhs, of diagonals [..., 1, M] and rhs [..., M, N]."""
    xp = arrays.xp(superdiag, maindiag, subdiag, rhs)
    above, main, below = (xp.swapaxes(d, -1, -2) for d in (superdiag, maindiag, subdiag))
    if main.shape[-2] != rhs.shape[-2]:
        raise errors.InvalidArgumentError(None, None, f"The diagonals must be as long as rhs has rows, got {main.shape[-2]} and {rhs.shape[-2]}.")  # fmt: skip
    nothing = xp.zeros_like(rhs[..., :1, :])
    after = xp.concatenate([rhs[..., 1:, :], nothing], -2)
    before = xp.concatenate([nothing, rhs[..., :-1, :]], -2)
    return main * rhs + above * after + below * before
