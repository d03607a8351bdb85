"""Distributions."""

NAMES: dict[str, str] = {}
_ROOT = (  # what is in `tf.distributions` too
    "Distribution ReparameterizationType FULLY_REPARAMETERIZED NOT_REPARAMETERIZED RegisterKL kl_divergence Bernoulli Categorical Normal Uniform Laplace "
    "Gamma Exponential Beta StudentT Multinomial Dirichlet DirichletMultinomial"
)
for _file, _names in {
    "distributions": "Distribution ReparameterizationType FULLY_REPARAMETERIZED NOT_REPARAMETERIZED RegisterKL kl_divergence",
    "distributions_discrete": "Bernoulli Categorical",
    "distributions_continuous": "Normal Uniform Laplace Gamma Exponential Beta",
    "distributions_more": "StudentT Cauchy Gumbel Logistic HalfNormal InverseGamma Chi2 Chi2WithAbsDf NormalWithSoftplusScale LaplaceWithSoftplusScale "
    "ExponentialWithSoftplusRate GammaWithSoftplusConcentrationRate softplus_inverse",
    "distributions_counts": "Poisson Geometric Binomial NegativeBinomial OneHotCategorical Multinomial Dirichlet DirichletMultinomial",
    "distributions_multivariate": "MultivariateNormalDiag MultivariateNormalDiagWithSoftplusScale MultivariateNormalTriL MultivariateNormalFullCovariance "
    "Independent Deterministic",
    "distributions_mixtures": "Mixture MixtureSameFamily",
    "distributions_relaxed": "ExpRelaxedOneHotCategorical RelaxedOneHotCategorical RelaxedBernoulli",
    "sorting": "percentile",
}.items():
    for _name in _names.split():
        NAMES[f"contrib.distributions.{_name}"] = f"python.{_file}:{_name}"
        if _name in _ROOT.split():
            NAMES[f"distributions.{_name}"] = f"python.{_file}:{_name}"
NAMES["contrib.distributions.MVNDiag"] = NAMES["contrib.distributions.MultivariateNormalDiag"]
for _name in ("", "FullMatrix", "LowerTriangular", "Diag", "ScaledIdentity", "Identity"):
    NAMES[f"linalg.LinearOperator{_name}"] = f"python.linear_operators:LinearOperator{_name}"
