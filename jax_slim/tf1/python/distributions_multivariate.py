"""`tf.contrib.distributions.MultivariateNormal*`, `Independent` and `Deterministic`: distributions of vectors."""

import math as numbers
from typing import Any

from jax_slim.tf1.graph import conversion, dtypes, graphs
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, constant_op, distributions, linalg, math, nn_activations, random, reductions
from jax_slim.tf1.python import linear_operators as operators


class MultivariateNormalLinearOperator(distributions.Distribution):
    """`loc + scale @ z` of normal z [n]; the covariance is `scale @ scale^T`.

    Args:
      loc: the mean [..., n]; None for zero.
      scale: a `LinearOperator`, non-singular.
    """

    def __init__(self, loc: Any = None, scale: Any = None, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "MultivariateNormalLinearOperator") -> None:  # fmt: skip
        if scale is None:
            raise ValueError("Missing required `scale` parameter.")
        if not scale.dtype.is_floating:
            raise TypeError("`scale` parameter must have floating-point dtype.")
        parameters = {"loc": loc, "scale": scale, "validate_args": validate_args, "allow_nan_stats": allow_nan_stats, "name": name}  # fmt: skip
        with graphs.name_scope(name, values=[loc]) as scope:
            self._set(loc, scale, validate_args, allow_nan_stats, parameters, scope)

    def _set(
        self, loc: Any, scale: Any, validate_args: bool, allow_nan_stats: bool, parameters: Any, scope: str
    ) -> None:
        self._loc = None if loc is None else conversion.convert_to_tensor(loc, name="loc", dtype=scale.dtype)
        self._scale = scale
        super().__init__(scale.dtype, distributions.FULLY_REPARAMETERIZED, validate_args, allow_nan_stats, parameters, name=scope)  # fmt: skip

    loc = property(lambda self: self._loc)
    scale = property(lambda self: self._scale)

    def _batch_shape(self) -> Any:
        batch = self._scale.batch_shape
        return batch if self._loc is None else array.broadcast_static_shape(batch, self._loc.shape[:-1])

    def _batch_shape_tensor(self) -> Tensor:
        batch = self._scale.batch_shape_tensor()
        return batch if self._loc is None else array.broadcast_dynamic_shape(batch, array.shape(self._loc)[:-1])

    def _event_shape(self) -> Any:
        return self._scale.shape[-2:-1]

    def _event_shape_tensor(self) -> Tensor:
        return self._scale.shape_tensor()[-2:-1]

    def _whole(self, value: Tensor) -> Tensor:
        """A value of each event, for all of the batch."""
        return array.broadcast_to(value, array.concat([self.batch_shape_tensor(), self.event_shape_tensor()], 0))

    def _sample_n(self, n: Any, seed: Any = None) -> Tensor:
        shape = array.concat([[n], self.batch_shape_tensor(), self.event_shape_tensor()], 0)
        drawn = random.random_normal(shape, dtype=self.dtype, seed=seed)
        moved = array.squeeze(self._scale.matmul(drawn[..., None]), axis=-1)
        return moved if self._loc is None else moved + self._loc

    def _log_prob(self, x: Tensor) -> Tensor:
        z = self._scale.solvevec(x if self._loc is None else x - self._loc)
        size = math.cast(self.event_shape_tensor()[0], self.dtype)
        constant = 0.5 * numbers.log(2.0 * numbers.pi) * size
        return -0.5 * reductions.reduce_sum(math.square(z), axis=-1) - constant - self._scale.log_abs_determinant()

    def _entropy(self) -> Tensor:
        size = math.cast(self.event_shape_tensor()[0], self.dtype)
        found = 0.5 * size * (1.0 + numbers.log(2.0 * numbers.pi)) + self._scale.log_abs_determinant()
        return array.broadcast_to(found, self.batch_shape_tensor())

    def _mean(self) -> Tensor:
        zero = constant_op.zeros([], dtype=self.dtype)
        return self._whole(zero if self._loc is None else self._loc)

    _mode = _mean

    def _covariance(self) -> Tensor:
        if isinstance(self._scale, operators.LinearOperatorDiag):
            return linalg.matrix_diag(math.square(self._scale.diag_part()))
        return self._scale.matmul(self._scale.to_dense(), adjoint_arg=True)

    def _variance(self) -> Tensor:
        return self._whole(linalg.matrix_diag_part(self._covariance()))

    def _stddev(self) -> Tensor:
        if isinstance(self._scale, operators.LinearOperatorDiag):
            return self._whole(math.abs(self._scale.diag_part()))
        return math.sqrt(self._variance())


class MultivariateNormalDiag(MultivariateNormalLinearOperator):
    """Independent normal numbers; the standard deviations are `scale_identity_multiplier + scale_diag`, one of them or 1.

    Without `loc` and `scale_diag` nothing tells how many numbers an event has: an error.
    """

    def __init__(self, loc: Any = None, scale_diag: Any = None, scale_identity_multiplier: Any = None, validate_args: bool = False,
                 allow_nan_stats: bool = True, name: str = "MultivariateNormalDiag") -> None:  # fmt: skip
        parameters = dict(locals())
        with graphs.name_scope(name, values=[loc, scale_diag, scale_identity_multiplier]) as scope:
            scale = _diagonal(loc, scale_diag, scale_identity_multiplier)
            self._set(loc, scale, validate_args, allow_nan_stats, parameters, scope)


def _diagonal(loc: Any, diag: Any, multiplier: Any) -> Any:
    if diag is not None:
        diag = conversion.convert_to_tensor(diag, name="scale_diag")
        if multiplier is not None:
            diag = diag + conversion.convert_to_tensor(multiplier, dtype=diag.dtype)[..., None]
        return operators.LinearOperatorDiag(diag, is_non_singular=True)
    if loc is None:
        raise ValueError("Cannot infer `event_shape` unless `loc` or `scale_diag` is specified.")
    loc = conversion.convert_to_tensor(loc, name="loc")
    if multiplier is None:
        return operators.LinearOperatorIdentity(array.shape(loc)[-1], dtype=loc.dtype)
    return operators.LinearOperatorScaledIdentity(
        array.shape(loc)[-1], conversion.convert_to_tensor(multiplier, dtype=loc.dtype), True
    )


class MultivariateNormalDiagWithSoftplusScale(MultivariateNormalDiag):
    """`MultivariateNormalDiag` whose standard deviations are `softplus(scale_diag)`."""

    def __init__(self, loc: Any, scale_diag: Any, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "MultivariateNormalDiagWithSoftplusScale") -> None:  # fmt: skip
        parameters = dict(locals())
        with graphs.name_scope(name, values=[scale_diag]) as scope:
            super().__init__(loc, nn_activations.softplus(scale_diag), validate_args=validate_args, allow_nan_stats=allow_nan_stats, name=scope)  # fmt: skip
        self._parameters = parameters


class MultivariateNormalTriL(MultivariateNormalLinearOperator):
    """Normal vectors of covariance `scale_tril @ scale_tril^T`; what is above the diagonal of `scale_tril` counts as zero."""

    def __init__(self, loc: Any = None, scale_tril: Any = None, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "MultivariateNormalTriL") -> None:  # fmt: skip
        parameters = dict(locals())
        with graphs.name_scope(name, values=[loc, scale_tril]) as scope:
            if loc is None and scale_tril is None:
                raise ValueError("Must specify one or both of `loc`, `scale_tril`.")
            if scale_tril is None:
                scale = _diagonal(loc, None, None)
            else:
                scale = operators.LinearOperatorLowerTriangular(conversion.convert_to_tensor(scale_tril, name="scale_tril"), is_non_singular=True)  # fmt: skip
            self._set(loc, scale, validate_args, allow_nan_stats, parameters, scope)


class MultivariateNormalFullCovariance(MultivariateNormalTriL):
    """Normal vectors of a covariance [..., n, n]."""

    def __init__(self, loc: Any = None, covariance_matrix: Any = None, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "MultivariateNormalFullCovariance") -> None:  # fmt: skip
        parameters = dict(locals())
        with graphs.name_scope(name, values=[loc, covariance_matrix]) as scope:
            tril = None
            if covariance_matrix is not None:
                tril = linalg.cholesky(conversion.convert_to_tensor(covariance_matrix, name="covariance_matrix"))
            super().__init__(loc, tril, validate_args=validate_args, allow_nan_stats=allow_nan_stats, name=scope)
        self._parameters = parameters


@distributions.RegisterKL(MultivariateNormalLinearOperator, MultivariateNormalLinearOperator)
def _kl_normal(
    a: MultivariateNormalLinearOperator, b: MultivariateNormalLinearOperator, name: str | None = None
) -> Tensor:
    with graphs.name_scope(name, "kl_mvn"):
        if isinstance(a.scale, operators.LinearOperatorDiag) and isinstance(b.scale, operators.LinearOperatorDiag):
            spread = reductions.reduce_sum(math.square(a.scale.diag_part() / b.scale.diag_part()), axis=-1)
        else:
            ratio = b.scale.solve(a.scale.to_dense())
            spread = reductions.reduce_sum(math.square(ratio), axis=[-2, -1])
        size = math.cast(a.scale.domain_dimension_tensor(), a.dtype)
        moved = reductions.reduce_sum(math.square(b.scale.solvevec(b._mean() - a._mean())), axis=-1)
        determinants = b.scale.log_abs_determinant() - a.scale.log_abs_determinant()
        return determinants + 0.5 * (-size + spread + moved)


class Independent(distributions.Distribution):
    """The last dimensions of a batch of distributions as one event, whose parts are independent.

    Args:
      distribution: the batch.
      reinterpreted_batch_ndims: how many dimensions; None for all but the first.
    """

    def __init__(self, distribution: Any, reinterpreted_batch_ndims: Any = None, validate_args: bool = False, name: str | None = None) -> None:  # fmt: skip
        parameters = dict(locals())
        name = name or "Independent" + distribution.name
        with graphs.name_scope(name) as scope:
            known = distribution.batch_shape.ndims
            if reinterpreted_batch_ndims is None:
                if known is None:
                    raise ValueError(
                        "Independent: reinterpreted_batch_ndims must be given where the batch's rank is not known, got None."
                    )
                reinterpreted_batch_ndims = max(0, known - 1)
            self._count = int(reinterpreted_batch_ndims)
            if known is not None and self._count > known:
                raise ValueError(
                    f"reinterpreted_batch_ndims({self._count}) cannot exceed distribution.batch_ndims({known})"
                )
            self._distribution = distribution
        super().__init__(distribution.dtype, distribution.reparameterization_type, validate_args, distribution.allow_nan_stats, parameters, name=scope)  # fmt: skip

    distribution = property(lambda self: self._distribution)
    reinterpreted_batch_ndims = property(lambda self: self._count)

    def _cut(self) -> int:
        return self._distribution.batch_shape.ndims - self._count

    def _batch_shape(self) -> Any:
        return self._distribution.batch_shape[: self._cut()]

    def _event_shape(self) -> Any:
        return self._distribution.batch_shape[self._cut() :].concatenate(self._distribution.event_shape)

    def _batch_shape_tensor(self) -> Tensor:
        return self._distribution.batch_shape_tensor()[: self._cut()]

    def _event_shape_tensor(self) -> Tensor:
        inner = self._distribution
        return array.concat([inner.batch_shape_tensor()[self._cut() :], inner.event_shape_tensor()], 0)

    def _sample_n(self, n: Any, seed: Any = None) -> Tensor:
        return self._distribution.sample(n, seed=seed)

    def _summed(self, value: Tensor) -> Tensor:
        return reductions.reduce_sum(value, axis=list(range(-self._count, 0))) if self._count else value

    def _log_prob(self, x: Tensor) -> Tensor:
        return self._summed(self._distribution.log_prob(x))

    def _entropy(self) -> Tensor:
        return self._summed(self._distribution.entropy())

    def _mean(self) -> Tensor:
        return self._distribution.mean()

    def _variance(self) -> Tensor:
        return self._distribution.variance()

    def _stddev(self) -> Tensor:
        return self._distribution.stddev()

    def _mode(self) -> Tensor:
        return self._distribution.mode()


@distributions.RegisterKL(Independent, Independent)
def _kl_independent(a: Independent, b: Independent, name: str | None = None) -> Tensor:
    if a.event_shape.ndims != b.event_shape.ndims or a._count != b._count:
        raise NotImplementedError(
            "KL between Independents whose inner distributions have different event shapes not supported."
        )
    return a._summed(distributions.kl_divergence(a.distribution, b.distribution, name=name or "kl_independent"))


class Deterministic(distributions.Distribution):
    """Always `loc`; values within `atol + rtol * |loc|` count as it."""

    def __init__(self, loc: Any, atol: Any = None, rtol: Any = None, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "Deterministic") -> None:  # fmt: skip
        parameters = dict(locals())
        with graphs.name_scope(name, values=[loc, atol, rtol]) as scope:
            self._loc = conversion.convert_to_tensor(loc, name="loc")
            self._slack = (0 if atol is None else atol) + (0 if rtol is None else rtol * math.abs(self._loc))
        super().__init__(self._loc.dtype, distributions.NOT_REPARAMETERIZED if not self._loc.dtype.is_floating else distributions.FULLY_REPARAMETERIZED,
                         validate_args, allow_nan_stats, parameters, name=scope)  # fmt: skip

    loc = property(lambda self: self._loc)

    def _batch_shape(self) -> Any:
        return self._loc.shape

    def _batch_shape_tensor(self) -> Tensor:
        return array.shape(self._loc)

    def _sample_n(self, n: Any, seed: Any = None) -> Tensor:
        return array.broadcast_to(self._loc, array.concat([[n], self.batch_shape_tensor()], 0))

    def _prob(self, x: Tensor) -> Tensor:
        kind = self.dtype if self.dtype.is_floating else dtypes.float32
        return math.cast(math.abs(x - self._loc) <= self._slack, kind)

    def _cdf(self, x: Tensor) -> Tensor:
        kind = self.dtype if self.dtype.is_floating else dtypes.float32
        return math.cast(x >= self._loc - self._slack, kind)

    def _mean(self) -> Tensor:
        return array.identity(self._loc)

    _mode = _mean

    def _variance(self) -> Tensor:
        return constant_op.zeros_like(self._loc)

    _entropy = _variance
