"""`tf.linalg`: products, norms, diagonals, decompositions and systems of matrices. `einsum` has a file of its own."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import building, conversion, dtypes, graphs
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, complex_numbers, constant_op, math, reductions


def matmul(a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, adjoint_a: bool = False, adjoint_b: bool = False,
           a_is_sparse: bool = False, b_is_sparse: bool = False, name: str | None = None) -> Tensor:  # fmt: skip
    """Products of the matrices in the last two dimensions; those before broadcast. `..._is_sparse` are hints.

    Raises:
      ValueError: an argument is to be transposed and conjugated as well.
    """
    with graphs.name_scope(name, "MatMul", [a, b]) as scope:
        if transpose_a and adjoint_a:
            raise ValueError("Only one of transpose_a and adjoint_a can be True.")
        if transpose_b and adjoint_b:
            raise ValueError("Only one of transpose_b and adjoint_b can be True.")
        a = conversion.convert_to_tensor(a, name="a")
        b = conversion.convert_to_tensor(b, name="b")
        batched = any(t.shape.ndims is None or t.shape.ndims > 2 for t in (a, b))
        if not a_is_sparse and not b_is_sparse and batched:
            # These conjugate when they transpose: conjugated before, it cancels.
            if transpose_a:
                a, adjoint_a = complex_numbers.conj(a), True
            if transpose_b:
                b, adjoint_b = complex_numbers.conj(b), True
            return building.make("BatchMatMulV2", a, b, adj_x=adjoint_a, adj_y=adjoint_b, name=scope)
        if adjoint_a:
            a, transpose_a = complex_numbers.conj(a), True
        if adjoint_b:
            b, transpose_b = complex_numbers.conj(b), True
        kinds = {t.dtype.base_dtype for t in (a, b)}
        sparse = (a_is_sparse or b_is_sparse) and kinds <= {dtypes.bfloat16, dtypes.float32}
        if sparse or (dtypes.bfloat16 in kinds and len(kinds) > 1):
            made = building.make("SparseMatMul", a, b, transpose_a=transpose_a, transpose_b=transpose_b, a_is_sparse=a_is_sparse,
                                 b_is_sparse=b_is_sparse, name=scope)  # fmt: skip
            return math.cast(made, dtypes.bfloat16) if kinds == {dtypes.bfloat16} else made
        return building.make("MatMul", a, b, transpose_a=transpose_a, transpose_b=transpose_b, name=scope)


def sparse_matmul(a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, a_is_sparse: bool = False,
                  b_is_sparse: bool = False, name: str | None = None) -> Tensor:  # fmt: skip
    """`matmul` of two matrices, with the hint that many elements are 0."""
    return building.make("SparseMatMul", a, b, transpose_a=transpose_a, transpose_b=transpose_b, a_is_sparse=a_is_sparse,
                         b_is_sparse=b_is_sparse, name=name)  # fmt: skip


def matvec(a: Any, b: Any, transpose_a: bool = False, adjoint_a: bool = False, a_is_sparse: bool = False, b_is_sparse: bool = False,
           name: str | None = None) -> Tensor:  # fmt: skip
    """Products of matrices and vectors."""
    with graphs.name_scope(name, "MatVec", [a, b]):
        product = matmul(a, array.expand_dims(b, axis=-1), transpose_a=transpose_a, adjoint_a=adjoint_a, a_is_sparse=a_is_sparse,
                         b_is_sparse=b_is_sparse)  # fmt: skip
        return array.squeeze(product, axis=-1)


def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Tensor:
    """Sums of products over axes: the last `axes` of a with the first of b, or those of two lists.

    Raises:
      ValueError: the axes do not fit.
    """
    with graphs.name_scope(name, "Tensordot", [a, b, axes]) as scope:
        a = conversion.convert_to_tensor(a, name="a")
        b = conversion.convert_to_tensor(b, name="b")
        a_axes, b_axes = _contracted(a, axes)
        a_matrix, a_free, a_known = _as_matrix(a, a_axes, False)
        b_matrix, b_free, b_known = _as_matrix(b, b_axes, True)
        product = matmul(a_matrix, b_matrix)
        if isinstance(a_free, list) and isinstance(b_free, list):
            return array.reshape(product, a_free + b_free, name=scope)
        a_free = conversion.convert_to_tensor(a_free, dtype=dtypes.int32)
        b_free = conversion.convert_to_tensor(b_free, dtype=dtypes.int32)
        made = array.reshape(product, array.concat([a_free, b_free], 0), name=scope)
        if a_known is not None and b_known is not None:
            made.set_shape(a_known + b_known)
        return made


def _contracted(a: Tensor, axes: Any) -> tuple[Any, Any]:
    rank = a.shape.ndims
    if isinstance(axes, int | np.integer):
        if axes < 0:
            raise ValueError("'axes' must be at least 0.")
        if rank is None:
            known = array.rank(a)
            return constant_op.range(known - axes, known, dtype=dtypes.int32), constant_op.range(
                axes, dtype=dtypes.int32
            )
        if axes > rank:
            raise ValueError(f"'axes' must not be larger than the number of dimensions of tensor {a}.")
        return list(range(rank - axes, rank)), list(range(axes))
    if not isinstance(axes, list | tuple):
        axes = conversion.convert_to_tensor(axes, name="axes", dtype=dtypes.int32)
        return axes[0], axes[1]
    if len(axes) != 2:
        raise ValueError("'axes' must be an integer or have length 2.")
    first, second = axes
    if isinstance(first, int | np.integer) and isinstance(second, int | np.integer):
        return [first], [second]
    counts = [len(side) for side in axes]
    if counts[0] != counts[1]:
        raise ValueError(f"Different number of contraction axes 'a' and 'b', {counts[0]} != {counts[1]}.")
    return first, second


def _as_matrix(a: Tensor, axes: Any, flipped: bool) -> tuple[Tensor, Any, Any]:
    """(a matrix [free, contracted], or flipped, sizes of the free axes, those that are known)."""
    sizes = None if a.shape.ndims is None else a.shape.as_list()
    if sizes is not None and isinstance(axes, list | tuple):
        axes = [i if i >= 0 else i + len(sizes) for i in axes]
        free = [i for i in range(len(sizes)) if i not in axes]
        known = [sizes[i] for i in free]
        if None not in sizes:
            whole = [int(np.prod([sizes[i] for i in group])) for group in (free, axes)]
            order = list(axes) + free if flipped else free + list(axes)
            return array.reshape(array.transpose(a, order), whole[::-1] if flipped else whole), known, known
        axes = conversion.convert_to_tensor(axes, dtype=dtypes.int32, name="axes")
        free = conversion.convert_to_tensor(free, dtype=dtypes.int32, name="free")
        shape = array.shape(a)
    else:
        known, shape = None, array.shape(a)
        rank = array.rank(a)
        axes = conversion.convert_to_tensor(axes, dtype=dtypes.int32, name="axes")
        axes = building.make("Select", axes >= 0, axes, axes + rank)
        free, _ = building.make("ListDiff", constant_op.range(rank), axes)
    free_sizes, axes_sizes = _gather(shape, free), _gather(shape, axes)
    free_total, axes_total = reductions.reduce_prod(free_sizes), reductions.reduce_prod(axes_sizes)
    order = array.concat([axes, free] if flipped else [free, axes], 0)
    whole = array.stack([axes_total, free_total] if flipped else [free_total, axes_total])
    return array.reshape(array.transpose(a, order), whole), free_sizes, known


def _gather(values: Tensor, places: Tensor) -> Tensor:
    return building.make("GatherV2", values, places, 0)


def norm(
    tensor: Any,
    ord: Any = "euclidean",
    axis: Any = None,
    keepdims: Any = None,
    name: str | None = None,
    keep_dims: Any = None,
) -> Tensor:
    """The norms of vectors (an axis, or all elements as one) or matrices (two axes).

    `ord`: 'euclidean' (the root of the sum of squares), 1, 2, numpy.inf, for vectors any positive number, for matrices 'fro'.

    Raises:
      ValueError: another `ord`, or axes that are none.
    """
    keep = bool(array.deprecated("keepdims", keepdims, "keep_dims", keep_dims))
    matrix = isinstance(axis, tuple | list) and len(axis) == 2
    if matrix:
        axis = tuple(axis)
        if not isinstance(axis[0], int) or not isinstance(axis[1], int) or axis[0] == axis[1]:
            raise ValueError("'axis' must be None, an integer, or a tuple of 2 unique integers")
        if ord not in ("euclidean", "fro", 1, 2, np.inf):
            raise ValueError(f"'ord' must be a supported matrix norm in ['euclidean', 'fro', 1, 2, inf], got {ord}")
    else:
        if not (isinstance(axis, int) or axis is None):
            raise ValueError("'axis' must be None, an integer, or a tuple of 2 unique integers")
        if ord != "euclidean" and (isinstance(ord, str) or not np.isreal(ord) or ord <= 0):
            raise ValueError(f"'ord' must be a supported vector norm, got {ord}")
        axis = None if axis is None else (axis,)
    with graphs.name_scope(name, "norm", [tensor]):
        tensor = conversion.convert_to_tensor(tensor)
        result = _norm(tensor, ord, axis, matrix)
        return result if keep else array.squeeze(result, axis)


def _norm(tensor: Tensor, ord: Any, axis: Any, matrix: bool) -> Tensor:
    if matrix and ord == 2:
        return _largest_singular_value(tensor, axis)
    if ord in ("fro", "euclidean", 2):
        return math.sqrt(reductions.reduce_sum(tensor * complex_numbers.conj(tensor), axis, keepdims=True))
    sizes = math.abs(tensor)
    if ord == 1:
        result = reductions.reduce_sum(sizes, None if axis is None else axis[0], keepdims=True)
        return reductions.reduce_max(result, axis[-1], keepdims=True) if matrix and axis is not None else result
    if ord == np.inf:
        if matrix:
            sizes = reductions.reduce_sum(sizes, axis[1], keepdims=True)
        return reductions.reduce_max(sizes, None if axis is None else axis[0], keepdims=True)
    return math.pow(reductions.reduce_sum(math.pow(sizes, ord), axis, keepdims=True), 1.0 / ord)


def _largest_singular_value(tensor: Tensor, axis: tuple[int, int]) -> Tensor:
    rank = len(tensor.shape)
    last = [a % rank for a in axis]
    order = [*(i for i in range(rank) if i not in last), *last]
    values = svd(array.transpose(tensor, order), compute_uv=False)
    largest = array.expand_dims(reductions.reduce_max(math.abs(values), axis=-1, keepdims=True), axis=-1)
    return array.transpose(largest, [order.index(i) for i in range(rank)])


def trace(x: Any, name: str | None = None) -> Tensor:
    """The sums of the diagonals of matrices."""
    with graphs.name_scope(name, "Trace", [x]) as scope:
        x = conversion.convert_to_tensor(x, name="x")
        return reductions.reduce_sum(matrix_diag_part(x), [-1], name=scope)


def adjoint(matrix: Any, name: str | None = None) -> Tensor:
    """Matrices transposed and conjugated."""
    with graphs.name_scope(name, "adjoint", [matrix]):
        matrix = conversion.convert_to_tensor(matrix, name="matrix")
        return array.matrix_transpose(matrix, conjugate=True)


def cross(a: Any, b: Any, name: str | None = None) -> Tensor:
    """The cross products of vectors of three elements in the last dimension."""
    return building.make("Cross", a, b, name=name)


def diag(diagonal: Any, name: str | None = None) -> Tensor:
    """A tensor of twice the rank that is 0 but for its diagonal."""
    return building.make("Diag", diagonal, name=name)


def diag_part(input: Any, name: str | None = None) -> Tensor:
    """The diagonal of a tensor of even rank."""
    return building.make("DiagPart", input, name=name)


def matrix_diag(
    diagonal: Any, name: str | None = "diag", k: Any = 0, num_rows: Any = -1, num_cols: Any = -1, padding_value: Any = 0
) -> Tensor:
    """Matrices that are 0 but for their diagonals. As in TF 1.15, the arguments after `name` are not heeded."""
    return building.make("MatrixDiag", diagonal, name=name)


def matrix_diag_part(input: Any, name: str | None = "diag_part", k: Any = 0, padding_value: Any = 0) -> Tensor:
    """The diagonals of matrices. As in TF 1.15, the arguments after `name` are not heeded."""
    return building.make("MatrixDiagPart", input, name=name)


def matrix_set_diag(input: Any, diagonal: Any, name: str | None = "set_diag", k: Any = 0) -> Tensor:
    """Matrices with other diagonals. As in TF 1.15, `k` is not heeded."""
    return building.make("MatrixSetDiag", input, diagonal, name=name)


def matrix_band_part(input: Any, num_lower: Any, num_upper: Any, name: str | None = None) -> Tensor:
    """Matrices of which only so many diagonals below and above the main one are kept; -1 keeps all."""
    return building.make("MatrixBandPart", input, num_lower, num_upper, name=name)


def matrix_inverse(input: Any, adjoint: bool = False, name: str | None = None) -> Tensor:
    """The inverses of matrices, or of their adjoints; an error when it is run where there is none."""
    return building.make("MatrixInverse", input, adjoint=adjoint, name=name)


def matrix_determinant(input: Any, name: str | None = None) -> Tensor:
    """The determinants of matrices."""
    return building.make("MatrixDeterminant", input, name=name)


def slogdet(input: Any, name: str | None = None) -> Any:
    """(signs, logarithms of the sizes) of the determinants of matrices."""
    return building.make("LogMatrixDeterminant", input, name=name)


def logdet(matrix: Any, name: str | None = None) -> Tensor:
    """The logarithms of the determinants of positive definite matrices."""
    with graphs.name_scope(name, "logdet", [matrix]):
        root = cholesky(matrix)
        return 2.0 * reductions.reduce_sum(math.log(complex_numbers.real(matrix_diag_part(root))), axis=[-1])


def cholesky(input: Any, name: str | None = None) -> Tensor:
    """The lower triangular roots of positive definite matrices."""
    return building.make("Cholesky", input, name=name)


def cholesky_solve(chol: Any, rhs: Any, name: str | None = None) -> Tensor:
    """Solves A x = rhs, given the Cholesky root of A."""
    with graphs.name_scope(name, "cholesky_solve", [chol, rhs]):
        y = matrix_triangular_solve(chol, rhs, adjoint=False, lower=True)
        return matrix_triangular_solve(chol, y, adjoint=True, lower=True)


def matrix_solve(matrix: Any, rhs: Any, adjoint: bool = False, name: str | None = None) -> Tensor:
    """Solves matrix x = rhs, or that with the adjoint."""
    return building.make("MatrixSolve", matrix, rhs, adjoint=adjoint, name=name)


def matrix_triangular_solve(
    matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: str | None = None
) -> Tensor:
    """Solves matrix x = rhs for triangular matrices; the other triangle is not looked at."""
    return building.make("MatrixTriangularSolve", matrix, rhs, lower=lower, adjoint=adjoint, name=name)


def matrix_solve_ls(
    matrix: Any, rhs: Any, l2_regularizer: Any = 0.0, fast: bool = True, name: str | None = None
) -> Tensor:
    """Solves matrix x = rhs with the least squares, plus `l2_regularizer` times those of x."""
    with graphs.name_scope(name, "matrix_solve_ls", [matrix, rhs, l2_regularizer]):
        matrix = conversion.convert_to_tensor(matrix, name="matrix")
        return building.make("MatrixSolveLs", matrix, rhs, l2_regularizer, fast=fast)


def self_adjoint_eig(tensor: Any, name: str | None = None) -> tuple[Tensor, Tensor]:
    """(eigenvalues, eigenvectors in columns) of symmetric matrices, the smallest first."""
    return building.make("SelfAdjointEigV2", tensor, compute_v=True, name=name)


def self_adjoint_eigvals(tensor: Any, name: str | None = None) -> Tensor:
    """The eigenvalues of symmetric matrices, the smallest first."""
    return building.make("SelfAdjointEigV2", tensor, compute_v=False, name=name)[0]


def svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None) -> Any:
    """(singular values, u, v) of matrices u diag(s) v^H; without `compute_uv` the values alone."""
    s, u, v = building.make("Svd", tensor, compute_uv=compute_uv, full_matrices=full_matrices, name=name)
    s = complex_numbers.real(s)
    return (s, u, v) if compute_uv else s


def qr(input: Any, full_matrices: bool = False, name: str | None = None) -> Any:
    """(q, r): orthogonal and upper triangular matrices whose product the matrices are."""
    return building.make("Qr", input, full_matrices=full_matrices, name=name)


def lu(input: Any, output_idx_type: Any = dtypes.int32, name: str | None = None) -> Any:
    """(lower and upper factor in one matrix, order of rows) of matrices."""
    return building.make("Lu", input, output_idx_type=output_idx_type, name=name)


def matrix_exponential(input: Any, name: str | None = None) -> Tensor:
    """The exponentials of matrices."""
    return building.make("MatrixExponential", input, name=name or "matrix_exponential")


def matrix_square_root(input: Any, name: str | None = None) -> Tensor:
    """The square roots of matrices."""
    return building.make("MatrixSquareRoot", input, name=name)
