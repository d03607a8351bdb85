"""`tf.linalg.tridiagonal_solve` and `tridiagonal_matmul`: matrices that have three diagonals."""

from typing import Any

from jax_slim.tf1.graph import building, conversion, graphs
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, complex_numbers, joining, linalg


def _diagonals(diagonals: Any, form: str, function: str) -> Tensor:
    """[..., 3, M]: the diagonals above, on and below the main one, each filled up to the length of the matrix."""
    if form == "compact":
        found = conversion.convert_to_tensor(diagonals, name="diagonals")
        if found.shape.ndims is not None and found.shape[-2].value not in (None, 3):
            raise ValueError(f"Expected 3 diagonals got {found.shape[-2]}")
        return found
    if form == "sequence":
        if len(diagonals) != 3:
            raise ValueError("Expected diagonals to be a sequence of length 3.")
        above, main, below = (conversion.convert_to_tensor(d, name="diagonal") for d in diagonals)
        if above.shape[-1].value != main.shape[-1].value:
            before = [[0, 0]] * (main.shape.ndims - 1)
            above, below = (
                building.make("Pad", above, [*before, [0, 1]]),
                building.make("Pad", below, [*before, [1, 0]]),
            )
        return joining.stack([above, main, below], axis=-2)
    if form == "matrix":
        matrix = conversion.convert_to_tensor(diagonals, name="diagonals")
        size = matrix.shape[-1].value
        if size is None or matrix.shape[-2].value != size:
            raise ValueError(f"Expected last two dimensions of diagonals to be known and equal, got {matrix.shape}")
        before = [[0, 0]] * (matrix.shape.ndims - 2)
        wide = building.make("Pad", matrix, [*before, [1, 1], [1, 1]])
        parts = (wide[..., 1:-1, 2:], matrix, wide[..., 1:-1, :-2])
        return joining.stack([linalg.matrix_diag_part(p) for p in parts], axis=-2)
    raise ValueError(f"{function}: diagonals_format must be 'matrix', 'sequence' or 'compact', got {form!r}.")


def tridiagonal_solve(diagonals: Any, rhs: Any, diagonals_format: str = "compact", transpose_rhs: bool = False, conjugate_rhs: bool = False,
                      name: str | None = None, partial_pivoting: bool = True) -> Tensor:  # fmt: skip
    """x of A x = rhs, A having three diagonals.

    Args:
      diagonals: 'compact' [..., 3, M] (above, on, below the main diagonal; the last above and the first below are not used), a
        'sequence' of three, or the whole 'matrix' [..., M, M].
      rhs: [..., M] or [..., M, K].
      transpose_rhs, conjugate_rhs: what is done with `rhs` [..., K, M] before.

    Raises:
      ValueError: another format, or sizes that do not fit.
    """
    with graphs.name_scope(name or "tridiagonal_solve"):
        whole = _diagonals(diagonals, diagonals_format, "tridiagonal_solve")
        rhs = conversion.convert_to_tensor(rhs, name="rhs")
        vector = whole.shape.ndims is not None and rhs.shape.ndims == whole.shape.ndims - 1
        if vector:
            rhs = array.expand_dims(rhs, -1)
        elif transpose_rhs:
            rhs = array.matrix_transpose(rhs, conjugate=conjugate_rhs)
        if conjugate_rhs and (vector or not transpose_rhs):
            rhs = complex_numbers.conj(rhs)
        found = building.make("TridiagonalSolve", whole, rhs, partial_pivoting=partial_pivoting)
        return array.squeeze(found, -1) if vector else found


def tridiagonal_matmul(diagonals: Any, rhs: Any, diagonals_format: str = "compact", name: str | None = None) -> Tensor:
    """A rhs [..., M, K], A having three diagonals, as in `tridiagonal_solve`."""
    with graphs.name_scope(name or "tridiagonal_matmul"):
        whole = _diagonals(diagonals, diagonals_format, "tridiagonal_matmul")
        above, main, below = (whole[..., i : i + 1, :] for i in range(3))
        return building.make("TridiagonalMatMul", above, main, below, rhs)
