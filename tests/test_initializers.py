"""Initializers: TF 1.15's distributions, TF's rules for constants, equality, seeds, dtypes, refusals."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import golden
from jax_slim import initializers

KEY = jax.random.key(0)
CASES = golden.cases("initializers")


def made_by(spec):
    """The initializer that a golden case calls for."""
    room, name = spec["call"].split(".")
    if (room, name) == ("tf", "variance_scaling_initializer"):
        name = "tf_variance_scaling_initializer"
    kwargs = {k: np.dtype(v["dtype"]) if isinstance(v, dict) else v for k, v in spec["kwargs"].items()}
    return getattr(initializers, name)(**kwargs)


@functools.cache  # equal initializers (xavier_initializer and xavier_initializer_conv2d) are drawn once
def drawn(initializer, shape, times):
    keys = jax.random.split(KEY, times)
    return np.asarray(jax.vmap(lambda key: initializer(key, shape, jnp.float32))(keys))


@pytest.mark.parametrize("case", [c for c in CASES.values() if "error" not in c], ids=lambda c: c["id"])
def test_has_the_distribution_of_tf(case):
    shape = tuple(case["shape"])
    n = case["samples"]
    values = drawn(made_by(case["initializer"]), shape, n // math.prod(shape)).astype(np.float64)
    assert values.size == n
    mean, std = values.mean(), values.std()
    if case["std"] == 0:
        assert values.min() == values.max() == case["mean"]
        return
    # Both sides are samples: five standard errors of a difference.
    error = 5 * math.sqrt(2 / n)
    squares = (values - mean) ** 2
    kurtosis = (squares * squares).mean() / std**4  # NumPy's fourth power takes a logarithm of each
    assert mean == pytest.approx(case["mean"], abs=error * case["std"])
    assert std == pytest.approx(case["std"], rel=error * math.sqrt((kurtosis - 1) / 4))
    assert kurtosis == pytest.approx(case["kurtosis"], abs=5 * error)
    # Samples of this size all but reach the ends of a distribution that has ends; those of a whole normal are chance.
    ends = (1.0 if case["kurtosis"] > 2.7 else 0.001 if n > 100_000 else 0.02) * std
    assert values.max() == pytest.approx(case["max"], abs=ends)
    assert values.min() == pytest.approx(case["min"], abs=ends)
    if "gram_diag" in case:
        gram = np.einsum("tij,tik->tjk", values, values)
        np.testing.assert_allclose(gram, np.broadcast_to(case["gram_diag"] * np.eye(shape[1]), gram.shape), atol=1e-5)


@pytest.mark.parametrize("case", [c for c in CASES.values() if "error" in c], ids=lambda c: c["id"])
def test_refuses_what_tf_refuses(case):
    assert case["error"]["type"] == "TypeError"
    with pytest.raises(TypeError, match=r"variance_scaling_initializer: (mode|dtype) must be"):
        made_by(case["initializer"])


@pytest.mark.parametrize(
    ("initializer", "shape", "variance"),
    [
        (initializers.he_normal(), (3, 3, 16, 32), 2 / (9 * 16)),
        (initializers.he_uniform(), (144, 40), 2 / 144),
        (initializers.lecun_normal(), (144, 40), 1 / 144),
        (initializers.lecun_uniform(), (3, 3, 16, 32), 1 / (9 * 16)),
        (initializers.xavier_initializer(), (3, 3, 16, 32), 2 / (9 * 16 + 9 * 32)),
        (initializers.tf_variance_scaling_initializer(3.0, "fan_out", "normal"), (8000,), 3 / 8000),
        (initializers.uniform_unit_scaling_initializer(2.0), (9000,), 4.0),
    ],
    ids=repr,
)
def test_variance_follows_from_the_shape(initializer, shape, variance):
    values = np.asarray(initializer(KEY, shape))
    assert values.var() == pytest.approx(variance, rel=10 / math.sqrt(values.size))
    largest = math.sqrt(variance) * {"uniform": math.sqrt(3), "truncated_normal": 2 / 0.8796}.get(
        getattr(initializer, "distribution", "uniform")
    )
    assert 0.97 * largest < np.abs(values).max() <= largest


def test_integers_are_drawn_below_the_upper_end():
    values = initializers.random_uniform_initializer(-2, 3, dtype=jnp.int32)(KEY, (1000,))
    assert values.dtype == jnp.int32
    assert set(np.asarray(values)) == {-2, -1, 0, 1, 2}


@pytest.mark.parametrize("shape", [(30, 40), (5, 7, 3), (2, 3, 50), (4, 4)])
def test_orthogonal_in_every_shape(shape):
    matrix = np.asarray(initializers.orthogonal_initializer(2.0)(KEY, shape)).reshape(-1, shape[-1])
    gram = matrix @ matrix.T if len(matrix) < shape[-1] else matrix.T @ matrix
    np.testing.assert_allclose(gram, 4 * np.eye(len(gram)), atol=1e-5)


def test_orthogonal_matrices_have_no_preferred_sign():
    keys = jax.random.split(KEY, 400)
    corners = jax.vmap(lambda key: initializers.orthogonal_initializer()(key, (2, 2)))(keys)[:, 0, 0]
    assert 0.4 < (np.asarray(corners) > 0).mean() < 0.6


@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (4, 2)])
def test_identity(shape):
    np.testing.assert_array_equal(initializers.identity_initializer(1.5)(KEY, shape), 1.5 * np.eye(*shape))


@pytest.mark.parametrize(
    ("value", "shape", "expected"),
    [
        (0.25, (2, 2), [[0.25, 0.25], [0.25, 0.25]]),
        (0.25, (0, 3), np.zeros((0, 3))),
        (7, (), 7.0),
        ([1, 2, 3, 4, 5, 6], (2, 3), [[1, 2, 3], [4, 5, 6]]),
        ([[1, 2], [3, 4]], (4,), [1, 2, 3, 4]),
        ((1.5, 2.5), (2, 2), [[1.5, 2.5], [2.5, 2.5]]),
        ([3.0], (2,), [3, 3]),
        (np.arange(4.0), (2, 2), [[0, 1], [2, 3]]),
        (jnp.float32(2), (2,), [2, 2]),
        ([True, False], (2,), [1, 0]),
        ([], (0,), []),
    ],
)
def test_constants_fill_as_in_tf(value, shape, expected):
    values = initializers.constant_initializer(value)(KEY, shape)
    assert values.dtype == jnp.float32
    np.testing.assert_array_equal(values, np.asarray(expected, np.float32))


def test_constants_keep_their_values():
    array = np.ones(3)
    initializer = initializers.constant_initializer(array)
    array[:] = 2
    np.testing.assert_array_equal(initializer(KEY, (3,)), [1, 1, 1])
    np.testing.assert_array_equal(initializers.constant_initializer([1, 255])(KEY, (2,), jnp.uint8), [1, 255])
    np.testing.assert_array_equal(initializers.zeros_initializer()(KEY, (2,), jnp.bool_), [False, False])
    np.testing.assert_array_equal(initializers.ones_initializer()(KEY, (2,), jnp.int32), [1, 1])
    initializer = initializers.constant_initializer([[1.0, 2.0]], verify_shape=True)
    np.testing.assert_array_equal(initializer(KEY, (1, 2)), [[1, 2]])


FACTORIES = [
    (initializers.zeros_initializer, {}),
    (initializers.ones_initializer, {}),
    (initializers.constant_initializer, {"value": [1.0, 2.0]}),
    (initializers.truncated_normal_initializer, {"stddev": 0.1}),
    (initializers.random_normal_initializer, {"stddev": 0.1}),
    (initializers.random_uniform_initializer, {"maxval": 0.1}),
    (initializers.uniform_unit_scaling_initializer, {"factor": 0.5}),
    (initializers.variance_scaling_initializer, {"factor": 3.0}),
    (initializers.xavier_initializer, {"uniform": False}),
    (initializers.xavier_initializer_conv2d, {"uniform": False}),
    (initializers.tf_variance_scaling_initializer, {"scale": 3.0}),
    (initializers.glorot_uniform_initializer, {"seed": 3}),
    (initializers.glorot_normal_initializer, {"seed": 3}),
    (initializers.he_normal, {"seed": 3}),
    (initializers.he_uniform, {"seed": 3}),
    (initializers.lecun_normal, {"seed": 3}),
    (initializers.lecun_uniform, {"seed": 3}),
    (initializers.orthogonal_initializer, {"gain": 2.0}),
    (initializers.identity_initializer, {"gain": 2.0}),
]


@pytest.mark.parametrize(("factory", "kwargs"), FACTORIES, ids=lambda v: getattr(v, "__name__", ""))
def test_equal_arguments_make_equal_initializers(factory, kwargs):
    if kwargs:
        assert factory(**kwargs) == factory(**kwargs)
        assert hash(factory(**kwargs)) == hash(factory(**kwargs))
        assert len({factory(), factory(), factory(**kwargs)}) == 2
    else:
        assert factory() == factory(jnp.float32) != factory("float16")
        assert len({factory(), factory()}) == 1


def test_factories_do_not_equal_one_another():
    made = [factory(**kwargs) for factory, kwargs in FACTORIES if factory is not initializers.xavier_initializer_conv2d]
    assert len(set(made)) == len(made)
    constants = [[1.0, 2.0], [1.0, 2.5], [[1.0, 2.0]], [1, 2]]
    assert len({initializers.constant_initializer(value) for value in constants}) == len(constants)


@pytest.mark.parametrize(("factory", "kwargs"), FACTORIES, ids=lambda v: getattr(v, "__name__", ""))
def test_dtype_of_the_call(factory, kwargs):
    for dtype in (jnp.float32, jnp.bfloat16, jnp.float16):
        assert jax.eval_shape(lambda d=dtype: factory(**kwargs)(KEY, (4, 3), d)) == jax.ShapeDtypeStruct((4, 3), dtype)
    with jax.enable_x64(True):
        abstract = jax.eval_shape(lambda: factory(**kwargs)(KEY, (4, 3), jnp.float64))
        assert abstract == jax.ShapeDtypeStruct((4, 3), jnp.float64)


def test_dtype_of_the_factory_is_the_default():
    assert initializers.xavier_initializer(dtype=jnp.float16)(KEY, (2,)).dtype == jnp.float16
    assert initializers.zeros_initializer(jnp.int32)(KEY, (2,)).dtype == jnp.int32


def test_half_precision_is_float32_rounded():
    initializer = initializers.truncated_normal_initializer(1.0, 0.5)
    rounded = initializer(KEY, (500,)).astype(jnp.bfloat16)
    np.testing.assert_array_equal(initializer(KEY, (500,), jnp.bfloat16), rounded)


@pytest.mark.parametrize(
    "factory",
    [
        initializers.truncated_normal_initializer,
        initializers.random_uniform_initializer,
        initializers.xavier_initializer,
        initializers.he_normal,
        initializers.orthogonal_initializer,
        functools.partial(initializers.random_uniform_initializer, 0, 1000, dtype=jnp.int32),
    ],
)
def test_seed_replaces_the_key(factory):
    other = jax.random.key(1)
    np.testing.assert_array_equal(factory(seed=7)(KEY, (3, 4)), factory(seed=7)(other, (3, 4)))
    assert not np.array_equal(factory(seed=7)(KEY, (3, 4)), factory(seed=8)(KEY, (3, 4)))
    assert not np.array_equal(factory(seed=7)(KEY, (3, 4)), factory(seed=7 + 2**32)(KEY, (3, 4)))
    assert not np.array_equal(factory()(KEY, (3, 4)), factory()(other, (3, 4)))


def test_draws_the_same_inside_jit():
    initializer = initializers.variance_scaling_initializer()
    inside = jax.jit(initializer, static_argnums=(1, 2))(KEY, (5, 6), jnp.float32)
    np.testing.assert_array_equal(inside, initializer(KEY, (5, 6)))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: initializers.constant_initializer("1"), TypeError, "value must be a number, a list .* got str: '1'"),
        (lambda: initializers.constant_initializer(["1"]), TypeError, r"value must consist of numbers, got \['1'\]"),
        (lambda: initializers.constant_initializer(None), TypeError, "value must be a number, .* NoneType"),
        (lambda: jax.jit(lambda v: initializers.constant_initializer(v)(KEY, ()))(1.0), TypeError, "Tracer"),
        (lambda: initializers.constant_initializer([[1], [1, 2]]), ValueError, "rows of one length"),
        (
            lambda: initializers.constant_initializer([1, 2, 3])(KEY, (2,)),
            ValueError,
            r"at most the 2 elements of shape \(2,\), got 3",
        ),
        (lambda: initializers.constant_initializer([])(KEY, (2,)), ValueError, r"not be empty for shape \(2,\)"),
        (
            lambda: initializers.constant_initializer(0.5)(KEY, (2,), jnp.int32),
            ValueError,
            "fit in dtype int32, got 0.5",
        ),
        (lambda: initializers.constant_initializer(np.nan)(KEY, (2,), jnp.int32), ValueError, "fit in dtype int32"),
        (lambda: initializers.constant_initializer([300])(KEY, (2,), jnp.uint8), ValueError, "fit in dtype uint8"),
        (lambda: initializers.constant_initializer(1j)(KEY, (2,)), TypeError, "must be real for dtype float32"),
        (
            lambda: initializers.constant_initializer([1, 2], verify_shape=True)(KEY, (2, 1)),
            TypeError,
            r"must have shape \(2, 1\), got shape \(2,\)",
        ),
        (lambda: initializers.truncated_normal_initializer("0"), TypeError, "mean must be a number, got '0'"),
        (lambda: initializers.random_normal_initializer(stddev=[1, 2]), TypeError, r"stddev must be a number, got \[1"),
        (
            lambda: initializers.random_normal_initializer(seed=0.5),
            TypeError,
            "seed must be an integer or None, got 0.5",
        ),
        (lambda: initializers.random_normal_initializer(dtype=jnp.int8), TypeError, "floating point type, got int8"),
        (
            lambda: initializers.random_normal_initializer()(KEY, (2,), jnp.int8),
            TypeError,
            "floating point type, got int8 for Normal",
        ),
        (
            lambda: initializers.random_uniform_initializer(dtype=jnp.int32),
            ValueError,
            "maxval must be given for dtype",
        ),
        (
            lambda: initializers.random_uniform_initializer(0.5, 2)(KEY, (2,), jnp.int32),
            ValueError,
            "must be integers for dtype int32, got 0.5 and 2",
        ),
        (lambda: initializers.random_uniform_initializer(dtype=jnp.bool_), TypeError, "floating point type, got bool"),
        (lambda: initializers.variance_scaling_initializer(-1.0), ValueError, "factor must be 0 or more, got -1.0"),
        (lambda: initializers.tf_variance_scaling_initializer(0.0), ValueError, "scale must be above 0, got 0.0"),
        (
            lambda: initializers.tf_variance_scaling_initializer(mode="FAN_IN"),
            ValueError,
            "mode must be .* got 'FAN_IN'",
        ),
        (
            lambda: initializers.tf_variance_scaling_initializer(distribution="gauss"),
            ValueError,
            "distribution must be one of 'truncated_normal', .* got 'gauss'",
        ),
        (lambda: initializers.orthogonal_initializer()(KEY, (3,)), ValueError, r"two or more dimensions, got \(3,\)"),
        (lambda: initializers.orthogonal_initializer(dtype=jnp.int32), TypeError, "floating point type, got int32"),
        (lambda: initializers.identity_initializer()(KEY, (3, 3, 3)), ValueError, r"two dimensions, got \(3, 3, 3\)"),
        (lambda: initializers.identity_initializer(dtype=jnp.int32), TypeError, "floating point type, got int32"),
    ],
)
def test_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call()
