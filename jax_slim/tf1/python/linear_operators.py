"""`tf.linalg.LinearOperator` and its kinds: matrices that are known by their structure, or batches of them."""

from typing import Any

from jax_slim.tf1.graph import conversion, dtypes, graphs, known_values, shapes
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, constant_op, linalg, math, reductions


class LinearOperator:
    """A matrix [..., m, n] that acts on the right. Kinds define `_to_dense` and what they know a shorter way for."""

    def __init__(self, dtype: Any, is_non_singular: Any = None, is_self_adjoint: Any = None, is_positive_definite: Any = None,
                 is_square: Any = None, name: str | None = None) -> None:  # fmt: skip
        if is_positive_definite:
            if is_non_singular is False:
                raise ValueError("A positive definite matrix is always non-singular.")
            is_non_singular = True
        if is_square is False and (is_non_singular or is_positive_definite):
            raise ValueError("A non-singular operator must be square.")
        self._dtype, self._name = dtypes.as_dtype(dtype), name or type(self).__name__
        self._is_non_singular, self._is_self_adjoint = is_non_singular, is_self_adjoint
        self._is_positive_definite, self._is_square = is_positive_definite, is_square

    dtype = property(lambda self: self._dtype)
    name = property(lambda self: self._name)
    is_non_singular = property(lambda self: self._is_non_singular)
    is_self_adjoint = property(lambda self: self._is_self_adjoint)
    is_positive_definite = property(lambda self: self._is_positive_definite)
    shape = property(lambda self: self._shape())
    batch_shape = property(lambda self: self._shape()[:-2])
    range_dimension = property(lambda self: self._shape()[-2])
    domain_dimension = property(lambda self: self._shape()[-1])
    tensor_rank = property(lambda self: self._shape().ndims)

    @property
    def is_square(self) -> bool:
        """Whether it has as many rows as columns."""
        rows, columns = self.range_dimension.value, self.domain_dimension.value
        return bool(self._is_square) if rows is None or columns is None else rows == columns

    def _to_dense(self) -> Tensor:
        raise NotImplementedError(f"to_dense is not implemented: {type(self).__name__}")

    def _shape(self) -> shapes.TensorShape:
        return self._to_dense().shape

    def to_dense(self, name: str = "to_dense") -> Tensor:
        """The matrix."""
        with self._scope(name):
            return self._to_dense()

    def _scope(self, name: str) -> Any:
        return graphs.name_scope(f"{self._name}/{name}")

    def shape_tensor(self, name: str = "shape_tensor") -> Tensor:
        """[..., m, n] as a vector."""
        with self._scope(name):
            if self.shape.is_fully_defined():
                return conversion.convert_to_tensor(self.shape.as_list(), dtype=dtypes.int32, name="shape")
            return array.shape(self._to_dense())

    def batch_shape_tensor(self, name: str = "batch_shape_tensor") -> Tensor:
        """The shape without the matrix's own as a vector."""
        return self.shape_tensor(name)[:-2]

    def range_dimension_tensor(self, name: str = "range_dimension_tensor") -> Tensor:
        """The number of rows."""
        return self.shape_tensor(name)[-2]

    def domain_dimension_tensor(self, name: str = "domain_dimension_tensor") -> Tensor:
        """The number of columns."""
        return self.shape_tensor(name)[-1]

    def _matmul(self, x: Tensor, adjoint: bool) -> Tensor:
        return linalg.matmul(self._to_dense(), x, adjoint_a=adjoint)

    def matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str = "matmul") -> Any:
        """A x, or A^H x; x is a matrix, or another operator."""
        if isinstance(x, LinearOperator):
            return LinearOperatorFullMatrix(self.matmul(x.to_dense(), adjoint, adjoint_arg, name))
        with self._scope(name):
            x = conversion.convert_to_tensor(x, self._dtype, name="x")
            return self._matmul(linalg.adjoint(x) if adjoint_arg else x, adjoint)

    def matvec(self, x: Any, adjoint: bool = False, name: str = "matvec") -> Tensor:
        """A x of vectors."""
        with self._scope(name):
            x = conversion.convert_to_tensor(x, self._dtype, name="x")
            return array.squeeze(self._matmul(x[..., None], adjoint), axis=-1)

    def _solve(self, rhs: Tensor, adjoint: bool) -> Tensor:
        matrix, rhs = _same_batch(self._to_dense(), rhs)
        return linalg.matrix_solve(matrix, rhs, adjoint=adjoint)

    def solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str = "solve") -> Tensor:
        """X with A X = rhs."""
        if self.is_non_singular is False:
            raise NotImplementedError("Exact solve not implemented for an operator that is expected to be singular.")
        with self._scope(name):
            rhs = conversion.convert_to_tensor(rhs, self._dtype, name="rhs")
            return self._solve(linalg.adjoint(rhs) if adjoint_arg else rhs, adjoint)

    def solvevec(self, rhs: Any, adjoint: bool = False, name: str = "solve") -> Tensor:
        """The vector x with A x = rhs."""
        with self._scope(name):
            rhs = conversion.convert_to_tensor(rhs, self._dtype, name="rhs")
            return array.squeeze(self._solve(rhs[..., None], adjoint), axis=-1)

    def _diag_part(self) -> Tensor:
        return linalg.matrix_diag_part(self._to_dense())

    def diag_part(self, name: str = "diag_part") -> Tensor:
        """The diagonal."""
        with self._scope(name):
            return self._diag_part()

    def trace(self, name: str = "trace") -> Tensor:
        """The sum of the diagonal."""
        with self._scope(name):
            return reductions.reduce_sum(self._diag_part(), axis=-1)

    def _determinant(self) -> Tensor:
        return linalg.matrix_determinant(self._to_dense())

    def determinant(self, name: str = "det") -> Tensor:
        """The determinant."""
        with self._scope(name):
            return self._determinant()

    def _log_abs_determinant(self) -> Tensor:
        return linalg.slogdet(self._to_dense())[1]

    def log_abs_determinant(self, name: str = "log_abs_det") -> Tensor:
        """The logarithm of the determinant's size."""
        with self._scope(name):
            return self._log_abs_determinant()

    def add_to_tensor(self, x: Any, name: str = "add_to_tensor") -> Tensor:
        """A + x."""
        with self._scope(name):
            return self._to_dense() + conversion.convert_to_tensor(x, self._dtype, name="x")

    def _adjoint(self) -> "LinearOperator":
        return LinearOperatorFullMatrix(linalg.adjoint(self._to_dense()), self._is_non_singular, self._is_self_adjoint, self._is_positive_definite, self._is_square)  # fmt: skip

    def adjoint(self, name: str = "adjoint") -> "LinearOperator":
        """A^H: the operator itself where it is known to be its own adjoint."""
        if self.is_self_adjoint:
            return self
        with self._scope(name):
            return self._adjoint()

    H = property(adjoint)

    def inverse(self, name: str = "inverse") -> "LinearOperator":
        """The inverse as an operator."""
        with self._scope(name):
            return LinearOperatorFullMatrix(linalg.matrix_inverse(self._to_dense()), True, self._is_self_adjoint, self._is_positive_definite, True)  # fmt: skip

    def cholesky(self, name: str = "cholesky") -> "LinearOperator":
        """The lower triangular L with A = L L^H, of a positive definite matrix."""
        with self._scope(name):
            return LinearOperatorLowerTriangular(linalg.cholesky(self._to_dense()), is_non_singular=True)


def _same_batch(matrix: Tensor, rhs: Tensor) -> tuple[Tensor, Tensor]:
    """Both with the dimensions before their last two broadcast."""
    if matrix.shape.ndims == rhs.shape.ndims == 2:
        return matrix, rhs
    batch = array.broadcast_dynamic_shape(array.shape(matrix)[:-2], array.shape(rhs)[:-2])
    return tuple(array.broadcast_to(x, array.concat([batch, array.shape(x)[-2:]], 0)) for x in (matrix, rhs))  # type: ignore[return-value]


class LinearOperatorFullMatrix(LinearOperator):
    """Any matrix."""

    def __init__(self, matrix: Any, is_non_singular: Any = None, is_self_adjoint: Any = None, is_positive_definite: Any = None,
                 is_square: Any = None, name: str = "LinearOperatorFullMatrix") -> None:  # fmt: skip
        self._matrix = conversion.convert_to_tensor(matrix, name="matrix")
        super().__init__(self._matrix.dtype, is_non_singular, is_self_adjoint, is_positive_definite, is_square, name)

    def _to_dense(self) -> Tensor:
        return self._matrix


class LinearOperatorLowerTriangular(LinearOperator):
    """A matrix of which the part above the diagonal counts as zero."""

    def __init__(self, tril: Any, is_non_singular: Any = None, is_self_adjoint: Any = None, is_positive_definite: Any = None,
                 is_square: Any = None, name: str = "LinearOperatorLowerTriangular") -> None:  # fmt: skip
        if is_square is False:
            raise ValueError("Only square lower triangular operators supported at this time.")
        tril = conversion.convert_to_tensor(tril, name="tril")
        self._tril, self._diag = linalg.matrix_band_part(tril, -1, 0), linalg.matrix_diag_part(tril)
        super().__init__(tril.dtype, is_non_singular, is_self_adjoint, is_positive_definite, True, name)

    def _to_dense(self) -> Tensor:
        return self._tril

    def _diag_part(self) -> Tensor:
        return self._diag

    def _solve(self, rhs: Tensor, adjoint: bool) -> Tensor:
        matrix, rhs = _same_batch(self._tril, rhs)
        return linalg.matrix_triangular_solve(matrix, rhs, lower=True, adjoint=adjoint)

    def _determinant(self) -> Tensor:
        return reductions.reduce_prod(self._diag, axis=-1)

    def _log_abs_determinant(self) -> Tensor:
        return reductions.reduce_sum(math.log(math.abs(self._diag)), axis=-1)


class LinearOperatorDiag(LinearOperator):
    """A diagonal matrix, by its diagonal [..., n]."""

    def __init__(self, diag: Any, is_non_singular: Any = None, is_self_adjoint: Any = None, is_positive_definite: Any = None,
                 is_square: Any = None, name: str = "LinearOperatorDiag") -> None:  # fmt: skip
        if is_square is False:
            raise ValueError("Only square diagonal operators currently supported.")
        self._diag = conversion.convert_to_tensor(diag, name="diag")
        if not self._diag.dtype.is_complex:
            is_self_adjoint = True
        super().__init__(self._diag.dtype, is_non_singular, is_self_adjoint, is_positive_definite, True, name)

    diag = property(lambda self: self._diag)

    def _to_dense(self) -> Tensor:
        return linalg.matrix_diag(self._diag)

    def _shape(self) -> shapes.TensorShape:
        return self._diag.shape.concatenate(self._diag.shape[-1:])

    def _diag_part(self) -> Tensor:
        return self._diag

    def _conj(self, adjoint: bool) -> Tensor:
        from jax_slim.tf1.python import complex_numbers

        return complex_numbers.conj(self._diag) if adjoint else self._diag

    def _matmul(self, x: Tensor, adjoint: bool) -> Tensor:
        return self._conj(adjoint)[..., None] * x

    def _solve(self, rhs: Tensor, adjoint: bool) -> Tensor:
        return rhs / self._conj(adjoint)[..., None]

    _determinant = LinearOperatorLowerTriangular._determinant
    _log_abs_determinant = LinearOperatorLowerTriangular._log_abs_determinant

    def _adjoint(self) -> LinearOperator:
        return LinearOperatorDiag(self._conj(True), self._is_non_singular, None, self._is_positive_definite)

    def inverse(self, name: str = "inverse") -> LinearOperator:
        with self._scope(name):
            return LinearOperatorDiag(1.0 / self._diag, True, self._is_self_adjoint, self._is_positive_definite)

    def cholesky(self, name: str = "cholesky") -> LinearOperator:
        with self._scope(name):
            return LinearOperatorDiag(math.sqrt(self._diag), True, True, True)


class LinearOperatorScaledIdentity(LinearOperatorDiag):
    """`multiplier` times the identity of `num_rows` rows; a multiplier [...] makes a batch."""

    def __init__(self, num_rows: Any, multiplier: Any, is_non_singular: Any = None, is_self_adjoint: Any = None, is_positive_definite: Any = None,
                 is_square: Any = True, assert_proper_shapes: bool = False, name: str = "LinearOperatorScaledIdentity") -> None:  # fmt: skip
        self._multiplier = conversion.convert_to_tensor(multiplier, name="multiplier")
        known = known_values.constant_value(conversion.convert_to_tensor(num_rows, dtypes.int32))
        ones = constant_op.ones([num_rows] if known is None else [int(known)], self._multiplier.dtype)
        super().__init__(self._multiplier[..., None] * ones, is_non_singular, is_self_adjoint, is_positive_definite, is_square, name)  # fmt: skip

    multiplier = property(lambda self: self._multiplier)


class LinearOperatorIdentity(LinearOperatorScaledIdentity):
    """The identity of `num_rows` rows, float32 unless told."""

    def __init__(self, num_rows: Any, batch_shape: Any = None, dtype: Any = None, is_non_singular: Any = True, is_self_adjoint: Any = True,
                 is_positive_definite: Any = True, is_square: Any = True, assert_proper_shapes: bool = False,
                 name: str = "LinearOperatorIdentity") -> None:  # fmt: skip
        ones = constant_op.ones([] if batch_shape is None else batch_shape, dtype or dtypes.float32)
        super().__init__(num_rows, ones, is_non_singular, is_self_adjoint, is_positive_definite, is_square, assert_proper_shapes, name)  # fmt: skip
