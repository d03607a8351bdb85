"""`tf.contrib.distributions` against SciPy's, and against sums over what can be drawn."""

import numpy as np
import pytest
from scipy import special, stats

import jax_slim.tf1 as tf

ds = tf.contrib.distributions


def _run(fetches):
    with tf.Session() as session:
        return session.run(fetches)


def _facts(distribution, value, *more):
    return {"log_prob": distribution.log_prob(value), "mean": distribution.mean(), "variance": distribution.variance(),
            **{name: getattr(distribution, name)() for name in more}}  # fmt: skip


def test_scalars_are_distributed_as_scipys():
    x = np.array([0.3, 1.7])
    with tf.Graph().as_default():
        made = {
            "t": (ds.StudentT(np.float64(3.5), np.float64(0.5), np.float64(1.3)), stats.t(3.5, 0.5, 1.3)),
            "gumbel": (ds.Gumbel(np.float64(0.2), np.float64(1.3)), stats.gumbel_r(0.2, 1.3)),
            "logistic": (ds.Logistic(np.float64(0.2), np.float64(1.3)), stats.logistic(0.2, 1.3)),
            "half": (ds.HalfNormal(np.float64(1.3)), stats.halfnorm(0, 1.3)),
            "inverse": (ds.InverseGamma(np.float64(3.5), np.float64(1.3)), stats.invgamma(3.5, scale=1.3)),
            "chi2": (ds.Chi2(np.float64(3.5)), stats.chi2(3.5)),
            "softplus": (
                ds.NormalWithSoftplusScale(np.float64(0.2), np.float64(1.0)),
                stats.norm(0.2, np.log1p(np.e)),
            ),
        }
        fetched = _run({n: {**_facts(d, x, "entropy"), "cdf": d.cdf(x)} for n, (d, _) in made.items()})
        cauchy = ds.Cauchy(np.float64(0.2), np.float64(1.3))
        log_prob, cdf, median = _run([cauchy.log_prob(x), cauchy.cdf(x), cauchy.quantile(np.float64(0.5))])
    for name, (_, peer) in made.items():
        found = fetched[name]
        wanted = [peer.logpdf(x), peer.cdf(x), peer.mean(), peer.var(), peer.entropy()]
        for fact, right in zip(("log_prob", "cdf", "mean", "variance", "entropy"), wanted, strict=True):
            np.testing.assert_allclose(found[fact], right, rtol=1e-9, err_msg=f"{name} {fact}")
    peer = stats.cauchy(0.2, 1.3)
    np.testing.assert_allclose(log_prob, peer.logpdf(x))
    np.testing.assert_allclose([*cdf, median], [*peer.cdf(x), 0.2])


def test_counts_are_distributed_as_scipys():
    x = np.array([0.0, 2.0])
    with tf.Graph().as_default():
        made = {
            "poisson": (ds.Poisson(np.float64(1.7)), stats.poisson(1.7)),
            "geometric": (ds.Geometric(probs=np.float64(0.3)), stats.geom(0.3, loc=-1)),
            "binomial": (ds.Binomial(np.float64(5), probs=np.float64(0.3)), stats.binom(5, 0.3)),
            "negative": (ds.NegativeBinomial(np.float64(2.5), probs=np.float64(0.3)), stats.nbinom(2.5, 0.7)),
        }
        fetched = _run({n: _facts(d, x) for n, (d, _) in made.items()})
        cdfs = _run({n: d.cdf(x) for n, (d, _) in made.items() if n != "binomial"})
        entropy = _run(made["geometric"][0].entropy())
    for name, (_, peer) in made.items():
        found = fetched[name]
        np.testing.assert_allclose(found["log_prob"], peer.logpmf(x), rtol=1e-9, err_msg=name)
        np.testing.assert_allclose([found["mean"], found["variance"]], [peer.mean(), peer.var()], err_msg=name)
        np.testing.assert_allclose(cdfs.get(name, peer.cdf(x)), peer.cdf(x), rtol=1e-9, err_msg=name)
    np.testing.assert_allclose(entropy, made["geometric"][1].entropy())


def test_vectors_of_counts_and_shares_are_distributed_as_scipys():
    shares, counts, concentration = np.array([0.2, 0.3, 0.5]), np.array([1.0, 1.0, 2.0]), np.array([1.5, 2.0, 2.5])
    with tf.Graph().as_default():
        made = [ds.Multinomial(np.float64(4), probs=shares), ds.DirichletMultinomial(np.float64(4), concentration)]
        made.append(ds.Dirichlet(concentration))
        found = _run([_facts(d, shares if n == 2 else counts, "covariance") for n, d in enumerate(made)])
        other = ds.Dirichlet(np.array([2.0, 1.0, 1.0]))
        entropy, mode, divergence = _run([made[2].entropy(), made[2].mode(), made[2].kl_divergence(other)])
        classes = ds.OneHotCategorical(probs=shares)
        draws, log_prob = _run([classes.sample(5, seed=3), classes.log_prob(np.array([0, 0, 1]))])
    peers = [
        stats.multinomial(4, shares),
        stats.dirichlet_multinomial(concentration, 4),
        stats.dirichlet(concentration),
    ]
    for fetched, peer in zip(found, peers, strict=True):
        log = peer.logpdf(shares) if peer is peers[2] else peer.logpmf(counts)
        np.testing.assert_allclose(fetched["log_prob"], log)
        np.testing.assert_allclose(fetched["covariance"], peer.cov(), atol=1e-12)
        np.testing.assert_allclose(fetched["variance"], np.diag(peer.cov()))
    np.testing.assert_allclose(found[1]["mean"], peers[1].mean())
    np.testing.assert_allclose([entropy, *mode], [peers[2].entropy(), *((concentration - 1) / 3)])
    by_draws = peers[2].rvs(200_000, random_state=0)
    ratio = np.mean(peers[2].logpdf(by_draws.T) - stats.dirichlet([2.0, 1.0, 1.0]).logpdf(by_draws.T))
    np.testing.assert_allclose(divergence, ratio, atol=0.01)
    assert draws.dtype == np.int32 and draws.shape == (5, 3) and (draws.sum(-1) == 1).all()
    np.testing.assert_allclose(log_prob, np.log(0.5))


_COVARIANCE = np.array([[2.0, 0.6], [0.6, 1.0]])


def test_normal_vectors_are_distributed_as_scipys():
    loc, x = np.array([0.5, -1.0]), np.array([[0.3, 0.7], [1.0, -2.0]])
    with tf.Graph().as_default():
        made = [
            (ds.MultivariateNormalDiag(loc, np.array([1.0, 2.0])), np.diag([1.0, 4.0])),
            (ds.MultivariateNormalDiag(loc, scale_identity_multiplier=np.float64(3.0)), 9 * np.eye(2)),
            (ds.MultivariateNormalDiag(loc), np.eye(2)),
            (ds.MultivariateNormalDiagWithSoftplusScale(loc, np.zeros(2)), np.log(2) ** 2 * np.eye(2)),
            (ds.MultivariateNormalTriL(loc, np.linalg.cholesky(_COVARIANCE) + [[0, 1], [0, 0]]), _COVARIANCE),
            (ds.MultivariateNormalFullCovariance(loc, _COVARIANCE), _COVARIANCE),
        ]  # fmt: skip
        assert [str(d.event_shape) for d, _ in made] == ["(2,)"] * 6
        found = _run([_facts(d, x, "covariance", "entropy", "stddev") for d, _ in made])
        last, first = made[-1][0], made[0][0]
        divergence = _run(ds.kl_divergence(last, first))
        pair = ds.MultivariateNormalDiag(np.zeros([3, 2]), np.ones([2]))
        draws = last.sample(4000, seed=1)
        moved = tf.gradients(draws, last.loc)[0]
        assert draws.shape.as_list() == [4000, 2] and pair.sample().shape.as_list() == [3, 2]
        drawn, moved = _run([draws, moved])
    for fetched, (_, covariance) in zip(found, made, strict=True):
        peer = stats.multivariate_normal(loc, covariance)
        np.testing.assert_allclose(fetched["log_prob"], peer.logpdf(x))
        np.testing.assert_allclose(fetched["covariance"], covariance)
        np.testing.assert_allclose(fetched["entropy"], peer.entropy())
        np.testing.assert_allclose(fetched["stddev"], np.sqrt(np.diag(covariance)))
    wanted = 0.5 * (np.trace(np.diag([1, 0.25]) @ _COVARIANCE) - 2 + np.log(4 / np.linalg.det(_COVARIANCE)))
    np.testing.assert_allclose(divergence, wanted)
    np.testing.assert_allclose(np.cov(drawn.T), _COVARIANCE, atol=0.1)
    np.testing.assert_allclose(moved, [4000, 4000])


def test_a_mixture_is_the_weighted_sum_of_its_parts():
    weights, means, scales = np.array([0.3, 0.7]), np.array([-1.0, 2.0]), np.array([0.5, 1.5])
    x = np.array([0.3, 1.0, -2.0])
    with tf.Graph().as_default():
        cat = ds.Categorical(probs=weights)
        parts = [ds.Normal(m, s) for m, s in zip(means, scales, strict=True)]
        made = [ds.Mixture(cat, parts), ds.MixtureSameFamily(cat, ds.Normal(means, scales))]
        found = _run([{**_facts(d, x), "cdf": d.cdf(x), "draws": d.sample(3000, seed=2)} for d in made])
        vectors = ds.MixtureSameFamily(cat, ds.MultivariateNormalDiag(np.stack([means, means], -1), np.ones([2, 2])))
        two = [ds.MultivariateNormalDiag(np.full(2, m), np.ones(2)) for m in means]
        wide = ds.Mixture(cat, two)
        points = np.array([[0.0, 1.0]])
        both = (vectors, wide)
        logs, means_of = _run([[d.log_prob(points) for d in both], [d.mean() for d in both]])
        drawn = _run([d.sample([4, 5]) for d in both])
        with pytest.raises(ValueError, match="does not equal"):
            ds.MixtureSameFamily(cat, ds.Normal(np.zeros(3), np.ones(3)))
        with pytest.raises(TypeError, match="Categorical"):
            ds.Mixture(parts[0], parts)
    density = sum(w * stats.norm(m, s).pdf(x) for w, m, s in zip(weights, means, scales, strict=True))
    mean = weights @ means
    variance = weights @ (scales**2 + means**2) - mean**2
    for fetched in found:
        np.testing.assert_allclose(fetched["log_prob"], np.log(density))
        np.testing.assert_allclose([fetched["mean"], fetched["variance"]], [mean, variance])
        cdf = sum(w * stats.norm(m, s).cdf(x) for w, m, s in zip(weights, means, scales, strict=True))
        np.testing.assert_allclose(fetched["cdf"], cdf)
        assert abs(fetched["draws"].mean() - mean) < 0.15 and abs(fetched["draws"].var() - variance) < 0.4
    peers = [np.log(w) + stats.multivariate_normal([m, m]).logpdf(points) for w, m in zip(weights, means, strict=True)]
    for log, mean_of, draws in zip(logs, means_of, drawn, strict=True):
        np.testing.assert_allclose(log, [special.logsumexp(peers)])
        np.testing.assert_allclose(mean_of, [mean, mean])
        assert draws.shape == (4, 5, 2)


def test_independent_parts_are_one_event():
    with tf.Graph().as_default():
        whole = ds.Independent(ds.Normal(np.zeros([4, 3]), np.ones([4, 3])))
        other = ds.Independent(ds.Normal(np.ones([4, 3]), np.ones([4, 3])), 1)
        assert str(whole.batch_shape) == "(4,)" and str(whole.event_shape) == "(3,)"
        log, divergence, fixed = _run([whole.log_prob(np.zeros([4, 3])), ds.kl_divergence(whole, other),
                                       ds.Deterministic([1.0, 2.0]).prob([1.0, 1.0])])  # fmt: skip
    np.testing.assert_allclose(log, np.full(4, 3 * stats.norm().logpdf(0)))
    np.testing.assert_allclose(divergence, np.full(4, 1.5))
    np.testing.assert_array_equal(fixed, [1, 0])


def test_relaxed_samples_are_near_their_corners_and_integrate_to_one():
    logits = np.array([0.3, -0.5])
    line = np.linspace(0.0005, 0.9995, 1000)
    with tf.Graph().as_default():
        two = ds.RelaxedOneHotCategorical(np.float64(0.7), logits=logits)
        one = ds.RelaxedBernoulli(np.float64(0.7), logits=np.float64(0.8))
        drawn, logs = _run(
            [two.sample(6, seed=1), ds.ExpRelaxedOneHotCategorical(0.7, logits=logits).sample(6, seed=1)]
        )
        densities = _run([two.prob(np.stack([line, 1 - line], -1)), one.prob(line)])
        assert two.sample(2).shape.as_list() == [2, 2] and one.sample(2).shape.as_list() == [2]
    np.testing.assert_allclose(drawn.sum(-1), 1)
    np.testing.assert_allclose(drawn, np.exp(logs))
    for density in densities:  # two classes of logits a and b are one of a - b
        np.testing.assert_allclose(density, densities[0])
        np.testing.assert_allclose(density.sum() / 1000, 1, atol=0.03)


def test_linear_operators_do_what_their_matrices_do():
    matrix, rhs = np.array([[2.0, 0.0], [0.5, 3.0]]), np.array([[1.0, -2.0, 0.5], [4.0, 1.0, 2.0]])
    with tf.Graph().as_default():
        made = {
            "lower": (tf.linalg.LinearOperatorLowerTriangular(matrix + np.array([[0, 9], [0, 0]])), matrix),
            "full": (tf.linalg.LinearOperatorFullMatrix(matrix), matrix),
            "diag": (tf.linalg.LinearOperatorDiag(np.array([2.0, -3.0])), np.diag([2.0, -3.0])),
            "identity": (tf.linalg.LinearOperatorIdentity(2, dtype=tf.float64), np.eye(2)),
            "scaled": (tf.linalg.LinearOperatorScaledIdentity(2, np.float64(3)), 3 * np.eye(2)),
        }
        found = _run({
            name: {
                "dense": o.to_dense(), "matmul": o.matmul(rhs), "adjoint": o.matmul(rhs, adjoint=True),
                "solve": o.solve(rhs),
                "solve adjoint": o.solve(rhs, adjoint=True), "matvec": o.matvec(rhs[:, 0]),
                "solvevec": o.solvevec(rhs[:, 0]),
                "det": o.determinant(), "log det": o.log_abs_determinant(), "trace": o.trace(), "H": o.H.to_dense(),
                "sum": o.add_to_tensor(rhs[:, :2]), "inverse": o.inverse().to_dense(),
            }
            for name, (o, _) in made.items()
        })  # fmt: skip
        assert all(o.shape.as_list() == [2, 2] for o, _ in made.values())
    for name, (_, a) in made.items():
        inverse = np.linalg.inv(a)
        wanted = {
            "dense": a, "matmul": a @ rhs, "adjoint": a.T @ rhs, "solve": inverse @ rhs,
            "solve adjoint": inverse.T @ rhs,
            "matvec": a @ rhs[:, 0], "solvevec": inverse @ rhs[:, 0], "det": np.linalg.det(a),
            "trace": np.trace(a), "H": a.T,
            "log det": np.log(abs(np.linalg.det(a))), "sum": a + rhs[:, :2], "inverse": inverse,
        }  # fmt: skip
        for fact, right in wanted.items():
            np.testing.assert_allclose(found[name][fact], right, rtol=1e-12, atol=1e-12, err_msg=f"{name} {fact}")
