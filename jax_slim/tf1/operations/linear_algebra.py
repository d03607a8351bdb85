"""Products of matrices, and what is known of single ones: inverses, decompositions, solutions of systems."""

from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.linalg
import numpy as np

from jax_slim import kernels
from jax_slim.tf1.graph import building, errors, rows, shapes
from jax_slim.tf1.operations import arrays, shape_rules

Size = int | None


def _inner(op: Any, a: Size, b: Size) -> None:
    if a is not None and b is not None and a != b:
        shape_rules.refuse(op, f"Dimensions must be equal, but are {a} and {b}")


def _product_shape(op: Any) -> shapes.TensorShape:
    for place in range(2):
        shape_rules.check_rank(op, place, 2)
    a, b = (shape_rules.sizes(op, i) or (None, None) for i in range(2))
    a = a[::-1] if op.attrs["transpose_a"] else a
    b = b[::-1] if op.attrs["transpose_b"] else b
    _inner(op, a[1], b[0])
    return shapes.TensorShape([a[0], b[1]])


def _multiply(a: Any, b: Any) -> Any:
    xp = arrays.xp(a, b)
    if xp is np and a.dtype.kind == "V":  # bfloat16: NumPy has no products of it
        return np.matmul(a.astype(np.float32), b.astype(np.float32)).astype(a.dtype)
    return xp.matmul(a, b)


@rows.row("MatMul", shape=_product_shape)
def matmul(a: Any, b: Any, *, transpose_a: bool, transpose_b: bool) -> Any:
    if arrays.xp(a, b) is not np and jnp.issubdtype(a.dtype, jnp.floating):
        return _by_kernels(jnp.asarray(a), jnp.asarray(b), transpose_a, transpose_b)
    return _multiply(a.T if transpose_a else a, b.T if transpose_b else b)


def _by_kernels(a: Any, b: Any, transpose_a: bool, transpose_b: bool) -> Any:
    """As a dense layer's product or one of its gradients: each has a form of its own that is fast on a CPU."""
    if transpose_a == transpose_b:
        return kernels.dense(a.T if transpose_a else a, b.T if transpose_b else b)
    if transpose_b:
        inputs = jax.ShapeDtypeStruct((a.shape[0], b.shape[0]), a.dtype)
        return jax.linear_transpose(lambda inputs: kernels.dense(inputs, b), inputs)(a)[0]
    weights = jax.ShapeDtypeStruct((a.shape[1], b.shape[1]), a.dtype)
    return jax.linear_transpose(lambda weights: kernels.dense(a, weights), weights)(b)[0]


@rows.row("SparseMatMul", shape=_product_shape)
def sparse_matmul(a: Any, b: Any, *, transpose_a: bool, transpose_b: bool) -> Any:
    return matmul(a.astype(np.float32), b.astype(np.float32), transpose_a=transpose_a, transpose_b=transpose_b)


def _batch_shape(op: Any) -> shapes.TensorShape:
    x, y = (shape_rules.sizes(op, i) for i in range(2))
    for sizes in (x, y):
        if sizes is not None and len(sizes) < 2:
            shape_rules.refuse(op, f"Shape must be at least rank 2 but is rank {len(sizes)}")
    if x is None or y is None:
        return shapes.unknown_shape()
    rows_, inner_x = x[-2:][::-1] if op.attrs["adj_x"] else x[-2:]
    inner_y, columns = y[-2:][::-1] if op.attrs["adj_y"] else y[-2:]
    _inner(op, inner_x, inner_y)
    try:
        batch = shapes.broadcast(shapes.TensorShape(x[:-2]), shapes.TensorShape(y[:-2]))
    except ValueError as error:
        shape_rules.refuse(op, str(error))
    return shapes.TensorShape([*batch.as_list(), rows_, columns])


def adjoint(x: Any) -> Any:
    """Matrices transposed, complex ones conjugated."""
    xp = arrays.xp(x)
    turned = xp.swapaxes(x, -1, -2)
    return xp.conjugate(turned) if np.iscomplexobj(x) else turned


@rows.row("BatchMatMul", "BatchMatMulV2", shape=_batch_shape)
def batch_matmul(x: Any, y: Any, *, adj_x: bool, adj_y: bool) -> Any:
    return _multiply(adjoint(x) if adj_x else x, adjoint(y) if adj_y else y)


def _square(op: Any, place: int = 0) -> tuple[Size, ...] | None:
    sizes = shape_rules.sizes(op, place)
    if sizes is None:
        return None
    if len(sizes) < 2:
        shape_rules.refuse(op, f"Shape must be at least rank 2 but is rank {len(sizes)}")
    _inner(op, sizes[-2], sizes[-1])
    side = sizes[-1] if sizes[-2] is None else sizes[-2]
    return (*sizes[:-2], side, side)


def _square_shape(op: Any) -> list[shapes.TensorShape]:
    return [shapes.TensorShape(_square(op)) for _ in op.outputs]


def _of_batch(op: Any) -> list[shapes.TensorShape]:
    sizes = _square(op)
    return [shapes.TensorShape(None if sizes is None else sizes[:-2]) for _ in op.outputs]


def _refused(message: str) -> errors.OpError:
    return errors.InvalidArgumentError(None, None, message)


def _unless_singular(result: Any, matrix: Any, message: str) -> Any:
    """The result, which is not finite where a finite matrix has no inverse: LAPACK's NumPy form raises, XLA's does not."""
    good = jnp.isfinite(result).all() | ~jnp.isfinite(matrix).all()
    arrays.require(good, lambda: _refused(message))
    return result


@rows.row("MatrixInverse", "BatchMatrixInverse", shape=_square_shape)
def matrix_inverse(input: Any, *, adjoint: bool) -> Any:
    matrix = _adjoint_if(input, adjoint)
    if isinstance(matrix, jax.Array):
        return _unless_singular(jnp.linalg.inv(matrix), matrix, "Input is not invertible.")
    try:
        return np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        raise _refused("Input is not invertible.") from None


def _adjoint_if(x: Any, wanted: bool) -> Any:
    return adjoint(x) if wanted else x


def _determinant_gradient(op: Any, gradient: Any) -> list[Any]:
    inverse = building.make("MatrixInverse", op.inputs[0], adjoint=True)
    whole = building.make("ConcatV2", [building.make("Shape", op.outputs[0]), [1, 1]], 0, name="concat")
    factors = building.make("Reshape", building.make("Mul", gradient, op.outputs[0], name="mul"), whole)
    return [building.make("Mul", factors, inverse, name="mul")]


@rows.row("MatrixDeterminant", "BatchMatrixDeterminant", shape=_of_batch, gradient=_determinant_gradient)
def matrix_determinant(input: Any) -> Any:
    return arrays.xp(input).linalg.det(input)


@rows.row("LogMatrixDeterminant", shape=_of_batch)
def log_matrix_determinant(input: Any) -> Any:
    return tuple(arrays.xp(input).linalg.slogdet(input))


@rows.row("Cholesky", "BatchCholesky", shape=_square_shape)
def cholesky(input: Any) -> Any:
    if isinstance(input, jax.Array):
        return jnp.linalg.cholesky(input)
    try:
        return np.linalg.cholesky(input)
    except np.linalg.LinAlgError:
        raise _refused("Cholesky decomposition was not successful. The input might not be valid.") from None


def _solution_shape(op: Any) -> shapes.TensorShape:
    matrix, right = _square(op), shape_rules.sizes(op, 1)
    if right is not None and len(right) < 2:
        shape_rules.refuse(op, f"Shape must be at least rank 2 but is rank {len(right)}")
    if matrix is None or right is None:
        known = right if matrix is None else matrix
        return shapes.unknown_shape(None if known is None else len(known))
    batch = shape_rules.merged(op, matrix[:-2], right[:-2]) or ()
    _inner(op, matrix[-1], right[-2])
    return shapes.TensorShape([*batch, right[-2] if matrix[-1] is None else matrix[-1], right[-1]])


@rows.row("MatrixSolve", "BatchMatrixSolve", shape=_solution_shape)
def matrix_solve(matrix: Any, rhs: Any, *, adjoint: bool) -> Any:
    matrix = _adjoint_if(matrix, adjoint)
    if arrays.xp(matrix, rhs) is jnp:
        return _unless_singular(jnp.linalg.solve(matrix, rhs), matrix, "Input matrix is not invertible.")
    try:
        return np.linalg.solve(matrix, rhs)
    except np.linalg.LinAlgError:
        raise _refused("Input matrix is not invertible.") from None


@rows.row("MatrixTriangularSolve", "BatchMatrixTriangularSolve", shape=_solution_shape, numpy=False)
def matrix_triangular_solve(matrix: Any, rhs: Any, *, lower: bool, adjoint: bool) -> Any:
    diagonal = arrays.xp(matrix).diagonal(matrix, axis1=-2, axis2=-1)
    arrays.require(diagonal.all(), lambda: _refused("Input matrix is not invertible."))
    matrix, rhs = jnp.asarray(matrix), jnp.asarray(rhs)
    return jax.lax.linalg.triangular_solve(
        matrix, rhs, left_side=True, lower=lower, transpose_a=adjoint, conjugate_a=adjoint
    )


def _least_squares_shape(op: Any) -> shapes.TensorShape:
    matrix, right = shape_rules.sizes(op), shape_rules.sizes(op, 1)
    if matrix is None or right is None:
        return shapes.unknown_shape()
    return shapes.TensorShape([*(shape_rules.merged(op, matrix[:-2], right[:-2]) or ()), matrix[-1], right[-1]])


@rows.row("MatrixSolveLs", shape=_least_squares_shape)
def matrix_solve_ls(matrix: Any, rhs: Any, l2_regularizer: Any, *, fast: bool) -> Any:
    xp = arrays.xp(matrix, rhs)
    if not fast:
        return xp.matmul(xp.linalg.pinv(matrix), rhs)
    turned = adjoint(matrix)
    wide = matrix.shape[-2] < matrix.shape[-1]
    gram = xp.matmul(matrix, turned) if wide else xp.matmul(turned, matrix)
    gram = gram + l2_regularizer.astype(matrix.dtype) * np.eye(gram.shape[-1], dtype=matrix.dtype)
    if wide:
        return xp.matmul(turned, xp.linalg.solve(gram, rhs))
    return xp.linalg.solve(gram, xp.matmul(turned, rhs))


def _eigen_shapes(op: Any) -> list[shapes.TensorShape]:
    sizes = _square(op)
    if sizes is None:
        return [shapes.unknown_shape(), shapes.unknown_shape()]
    return [shapes.TensorShape(sizes[:-1]), shapes.TensorShape(sizes if op.attrs["compute_v"] else [0])]


def _lower(matrix: Any) -> Any:
    """The self-adjoint matrix that the lower triangle tells: only this is read, and only it has a gradient."""
    xp = arrays.xp(matrix)
    return xp.tril(matrix) + adjoint(xp.tril(matrix, -1))


@rows.row("SelfAdjointEigV2", "BatchSelfAdjointEigV2", shape=_eigen_shapes)
def self_adjoint_eig(input: Any, *, compute_v: bool) -> Any:
    xp = arrays.xp(input)
    input = _lower(input)
    if not compute_v:
        return xp.linalg.eigvalsh(input).astype(input.dtype), np.zeros((0,), input.dtype)
    found, vectors = xp.linalg.eigh(input)
    return found.astype(input.dtype), vectors


def _least(a: Size, b: Size) -> Size:
    return None if a is None or b is None else min(a, b)


def _svd_shapes(op: Any) -> list[shapes.TensorShape]:
    sizes = shape_rules.sizes(op)
    if sizes is None:
        return [shapes.unknown_shape() for _ in op.outputs]
    if len(sizes) < 2:
        shape_rules.refuse(op, f"Shape must be at least rank 2 but is rank {len(sizes)}")
    *batch, m, n = sizes
    least, full = _least(m, n), op.attrs["full_matrices"]
    values = shapes.TensorShape([*batch, least])
    if not op.attrs["compute_uv"]:
        return [values, shapes.TensorShape([0]), shapes.TensorShape([0])]
    return [
        values,
        shapes.TensorShape([*batch, m, m if full else least]),
        shapes.TensorShape([*batch, n, n if full else least]),
    ]


@rows.row("Svd", "BatchSvd", shape=_svd_shapes)
def singular_values(input: Any, *, compute_uv: bool, full_matrices: bool) -> Any:
    xp = arrays.xp(input)
    nothing = np.zeros((0,), input.dtype)
    if not compute_uv:
        return xp.linalg.svd(input, compute_uv=False).astype(input.dtype), nothing, nothing
    u, s, v = xp.linalg.svd(input, full_matrices=full_matrices)
    return s.astype(input.dtype), u, adjoint(v)


def _qr_shapes(op: Any) -> list[shapes.TensorShape]:
    sizes = shape_rules.sizes(op)
    if sizes is None:
        return [shapes.unknown_shape(), shapes.unknown_shape()]
    if len(sizes) < 2:
        shape_rules.refuse(op, f"Shape must be at least rank 2 but is rank {len(sizes)}")
    *batch, m, n = sizes
    inner = m if op.attrs["full_matrices"] else _least(m, n)
    return [shapes.TensorShape([*batch, m, inner]), shapes.TensorShape([*batch, inner, n])]


@rows.row("Qr", shape=_qr_shapes)
def qr(input: Any, *, full_matrices: bool) -> Any:
    return tuple(arrays.xp(input).linalg.qr(input, mode="complete" if full_matrices else "reduced"))


@rows.row(
    "Lu",
    shape=lambda op: [shapes.TensorShape(_square(op)), shapes.TensorShape((_square(op) or (None,))[:-1])],
    numpy=False,
)
def lu(input: Any, *, output_idx_type: Any) -> Any:
    found, _, order = jax.lax.linalg.lu(jnp.asarray(input))
    return found, order.astype(output_idx_type.as_numpy_dtype)


@rows.row("MatrixExponential", shape=_square_shape, numpy=False)
def matrix_exponential(input: Any) -> Any:
    return jax.scipy.linalg.expm(jnp.asarray(input))


@jax.custom_jvp
def _square_root(matrix: Any) -> Any:
    found = jax.scipy.linalg.sqrtm(matrix)
    return found if jnp.iscomplexobj(matrix) else found.real.astype(matrix.dtype)


@_square_root.defjvp
def _square_root_jvp(primals: Any, tangents: Any) -> Any:
    """R of X R + R X = dA, where X is the root."""
    root, eye = _square_root(*primals), jnp.eye(primals[0].shape[-1], dtype=primals[0].dtype)
    both = jnp.kron(root, eye) + jnp.kron(eye, root.T)
    return root, jnp.linalg.solve(both, tangents[0].reshape(-1)).reshape(root.shape)


@rows.row("MatrixSquareRoot", shape=_square_shape, numpy=False)
def matrix_square_root(input: Any) -> Any:
    return jnp.vectorize(_square_root, signature="(n,n)->(n,n)")(jnp.asarray(input))


@rows.row(
    "Cross",
    shape=lambda op: shapes.TensorShape(shape_rules.merged(op, shape_rules.sizes(op, 0), shape_rules.sizes(op, 1))),
)
def cross(a: Any, b: Any) -> Any:
    return arrays.xp(a, b).cross(a, b)


@rows.row("Einsum")
def einsum(inputs: list[Any], *, equation: bytes) -> Any:
    return arrays.xp(inputs).einsum(equation.decode(), *inputs)
