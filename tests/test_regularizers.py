"""Regularizers: TF 1.15's values, gradients and refusals; names, equality, precision."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import golden
from jax_slim import regularizers

CASES = [case for case in golden.cases("losses").values() if case["fn"] == "case.regularize"]


def made(spec):
    """The argument that a golden case describes: here regularizers, in lists too."""
    if isinstance(spec, list):
        return [made(item) for item in spec]
    if isinstance(spec, dict) and "call" in spec:
        factory = getattr(regularizers, spec["call"].removeprefix("slim."))
        return factory(*made(spec.get("args", [])), **spec.get("kwargs", {}))
    return spec


@pytest.mark.parametrize("case", [c for c in CASES if "error" not in c], ids=lambda c: c["id"])
def test_values_and_gradients_of_tf(case):
    regularizer = made(case["args"][0])
    weights = golden.make_input(case["inputs"]["w"])
    stored = golden.case_arrays("losses", case["id"])
    if case["outputs"][0]["shape"] == [0]:
        assert regularizer(weights) is None
        return
    penalty, pull = jax.vjp(regularizer, weights)
    assert (penalty.shape, penalty.dtype) == ((), jnp.float32)
    np.testing.assert_allclose(penalty, stored["out/0"], rtol=1e-6)
    (gradient,) = pull(golden.cotangent(case["outputs"][0]["cotangent_seed"], ()))
    np.testing.assert_allclose(gradient, stored["grad/in/w"], rtol=1e-6)
    assert case["outputs"][0]["name"] == f"{regularizer.name}:0"


@pytest.mark.parametrize("case", [c for c in CASES if "error" in c], ids=lambda c: c["id"])
def test_refuses_what_tf_refuses(case):
    if case["error"]["type"] == "TypeError":  # a sum of nothing is None, as in TF: calling it fails
        assert made(case["args"][0]) is None
        return
    assert case["error"]["type"] == "ValueError"
    with pytest.raises(ValueError, match=r"regularizer: scale\w* must be (a float, got the integer \d|0.0 or more)"):
        made(case["args"][0])


@pytest.mark.parametrize(
    ("regularizer", "expected"),
    [
        (regularizers.l1_regularizer(0.5), 0.5 * 6),
        (regularizers.l2_regularizer(0.5), 0.5 * 14 / 2),
        (regularizers.l1_l2_regularizer(0.5, 2.0), 0.5 * 6 + 2.0 * 14 / 2),
        (regularizers.l1_l2_regularizer(0.5, 0.0), 0.5 * 6),
        (regularizers.l2_regularizer(np.float32(0.5)), 0.5 * 14 / 2),
        (regularizers.l2_regularizer(jnp.asarray(0.5)), 0.5 * 14 / 2),
        (
            regularizers.sum_regularizer(
                [None, regularizers.l1_regularizer(0.0), lambda w: jnp.max(w), lambda w: None]
            ),
            3.0,
        ),
        (regularizers.sum_regularizer([regularizers.l1_regularizer(0.0)]), None),
    ],
)
def test_values(regularizer, expected):
    penalty = regularizer(jnp.asarray([[1.0, -2.0], [3.0, 0.0]]))
    assert (None if penalty is None else float(penalty)) == expected


@pytest.mark.parametrize("factory", [regularizers.l1_regularizer, regularizers.l2_regularizer])
def test_a_weight_of_zero_is_left_alone(factory):
    gradient = jax.grad(factory(0.5))(jnp.asarray([0.0, -0.0, 1.0, -1.0]))
    np.testing.assert_array_equal(gradient, [0, 0, 0.5, -0.5])


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16])
@pytest.mark.parametrize("factory", [regularizers.l1_regularizer, regularizers.l2_regularizer])
def test_half_precision_is_summed_in_float32(factory, dtype):
    weights = jnp.full((1000, 100), 3.0, dtype)  # its sum would overflow float16 and stand still in bfloat16
    expected = 3e5 if factory is regularizers.l1_regularizer else 4.5e5
    penalty, gradient = jax.value_and_grad(factory(1.0))(weights)
    assert penalty.dtype == jnp.float32
    assert float(penalty) == expected
    assert gradient.dtype == dtype


def test_float64_stays_float64():
    with jax.enable_x64(True):
        assert regularizers.l2_regularizer(0.1)(jnp.ones(3, jnp.float64)).dtype == jnp.float64


def test_a_traced_scale_is_used():
    def penalty(scale, weights):
        regularizer = regularizers.l2_regularizer(scale)
        assert regularizer == regularizer
        assert isinstance(hash(regularizer), int)
        return regularizer(weights)

    assert float(jax.jit(penalty)(0.5, jnp.ones(4))) == 1.0


def test_names():
    l1, l2 = regularizers.l1_regularizer(0.1), regularizers.l2_regularizer(0.1)
    assert [l1.name, l2.name] == ["l1_regularizer", "l2_regularizer"]
    assert regularizers.l1_l2_regularizer().name == "l1_l2_regularizer"
    assert regularizers.sum_regularizer([l1, l2]).name == "sum_regularizer"
    for named in (
        regularizers.l1_regularizer(0.1, "mine"),
        regularizers.l2_regularizer(0.1, scope="mine"),
        regularizers.l1_l2_regularizer(0.1, scope="mine"),
        regularizers.sum_regularizer([l1], scope="mine"),
    ):
        assert named.name == "mine"


def test_equal_arguments_make_equal_regularizers():
    def all_of_them(scale):
        l1, l2 = regularizers.l1_regularizer(scale), regularizers.l2_regularizer(scale)
        l1_l2 = regularizers.l1_l2_regularizer(scale, 0.5)
        return [l1, l2, l1_l2, regularizers.l1_regularizer(scale, "s"), regularizers.sum_regularizer([l1, l2])]

    assert all_of_them(0.1) == all_of_them(0.1)
    assert len({*all_of_them(0.1), *all_of_them(0.1), *all_of_them(0.2)}) == 10


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: regularizers.l1_regularizer(True),
            ValueError,
            "l1_regularizer: scale must be a float, got the integer",
        ),
        (lambda: regularizers.l2_regularizer(np.int64(2)), ValueError, r"got the integer 2. Write 2\.0"),
        (lambda: regularizers.l2_regularizer(float("nan")), ValueError, "scale must be 0.0 or more, got nan"),
        (lambda: regularizers.l2_regularizer("0.1"), TypeError, "l2_regularizer: scale must be a float, got '0.1'"),
        (lambda: regularizers.l1_l2_regularizer(1.0, -0.5), ValueError, "scale_l2 must be 0.0 or more, got -0.5"),
        (lambda: regularizers.sum_regularizer(abs), TypeError, "regularizer_list must be a list of regularizers"),
        (lambda: regularizers.sum_regularizer([abs, 0.5]), TypeError, "must hold functions or None, got 0.5"),
    ],
)
def test_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call()
