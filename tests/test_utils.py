"""`slim.utils`: what custom layers that were written for TF-Slim call."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim
from jax_slim import utils

KEY = jax.random.key(0)
X = np.ones((2, 3), np.float32)


def test_outputs_by_name():
    def program(x):
        with slim.variable_scope("net") as sc:
            a = slim.fully_connected(x, 4, outputs_collections="ends", scope="a")
            b = utils.collect_named_outputs("ends", sc.name + "/twice", a * 2)
            ends = utils.convert_collection_to_dict("ends", clear_collection=True)
            assert utils.gather_tensors_aliases([b, a]) == ["net/twice", "net/a"]
            assert utils.get_tensor_aliases(utils.append_tensor_alias(b, "logits")) == ["net/twice", "logits"]
            assert slim.get_collection("ends") == []
        return ends

    model = slim.Model(program)
    ends = model.apply(model.init(KEY, X), X)
    assert list(ends) == ["net/a", "net/twice"]
    np.testing.assert_allclose(ends["net/twice"], 2 * ends["net/a"])


def test_constant_value_knows_what_is_known_while_tracing():
    assert utils.constant_value(3) == 3
    assert utils.constant_value(False) is False
    np.testing.assert_array_equal(utils.constant_value(X, np.float32), X)
    np.testing.assert_array_equal(utils.constant_value(jnp.ones(2)), np.ones(2))

    def program(x):
        weights = slim.variable("weights", shape=[2])
        assert utils.constant_value(weights) is None
        assert utils.constant_value(slim.get_unique_variable("weights")) is None
        seen.append(utils.constant_value(x))

    seen = []
    model = slim.Model(program)
    variables = model.init(KEY, X)
    model.apply(variables, X)
    jax.jit(model.apply)(variables, X)
    assert seen[0] is None  # init traces
    assert isinstance(seen[1], np.ndarray)
    assert seen[2] is None

    with pytest.raises(ValueError, match=r"constant_value: value_or_tensor_or_var must be .*, got None"):
        utils.constant_value(None)
    with pytest.raises(ValueError, match="must have dtype int32, got float32"):
        utils.constant_value(X, np.int32)


@pytest.mark.parametrize("cond", [utils.static_cond, utils.smart_cond])
@pytest.mark.parametrize("pred", [True, False, np.bool_(True), jnp.asarray(False), 1, 0])
def test_a_known_condition_calls_one_function(cond, pred):
    assert cond(pred, lambda: "first", lambda: "second") == ("first" if pred else "second")
    chosen = cond(pred, (lambda: 1) if pred else pytest.fail, pytest.fail if pred else (lambda: 1))
    assert chosen == 1


def test_a_traced_condition_is_decided_when_it_runs():
    def program(x, pred):
        return utils.smart_cond(pred, lambda: x + 1, lambda: x * 10, name="choice")

    apply = jax.jit(slim.Model(program).apply)
    np.testing.assert_array_equal(apply({}, X, True), X + 1)
    np.testing.assert_array_equal(apply({}, X, np.asarray([0])), X * 10)
    with pytest.raises(slim.ProgramError, match=r"inside an inner jax\.lax\.scan, jit"):
        slim.Model(lambda pred: utils.smart_cond(pred, lambda: slim.losses.add_loss(jnp.ones(())), lambda: None)).specs(
            jax.ShapeDtypeStruct((), bool)
        )
    with pytest.raises(TypeError, match="smart_cond: fn2 must be a function without arguments, got 3"):
        utils.smart_cond(True, lambda: 1, 3)


def test_collections_of_a_variable():
    assert utils.get_variable_collections(["a", "b"], "weights") == ("a", "b")
    assert utils.get_variable_collections({"weights": ["a"], "biases": "b"}, "biases") == ("b",)
    assert utils.get_variable_collections({"weights": ["a"]}, "biases") == ()
    assert utils.get_variable_collections(None, "biases") == ()


def test_dimensions():
    assert utils.last_dimension((2, 3, 5), min_rank=3) == 5
    assert utils.channel_dimension((2, 3, 4, 5), "channels_first") == 3
    assert utils.channel_dimension((2, 3, 4, 5), "NCHW", 4) == 3
    assert utils.channel_dimension((2, 3, 4, 5), "channels_last") == 5
    with pytest.raises(ValueError, match=r"last_dimension: shape must have rank 4 or more, got \(2, 3\)"):
        utils.last_dimension((2, 3), min_rank=4)
    with pytest.raises(ValueError, match=r"channel_dimension: data_format must be .*, got 'first'"):
        utils.channel_dimension((2, 3), "first")
    with pytest.raises(ValueError, match=r"channel_dimension: shape must have rank 2 or more, got \(3,\)"):
        utils.channel_dimension((3,), "channels_first")


def test_integers():
    assert utils.two_element_tuple(3) == utils.two_element_tuple([3, 3]) == (3, 3)
    assert utils.two_element_tuple(X.shape) == (2, 3)
    assert utils.n_positive_integers(3, 2) == utils.n_positive_integers(3, np.asarray([2, 2, 2])) == (2, 2, 2)
    assert utils.n_positive_integers(2.0, (3, 5.0)) == (3, 5)


@pytest.mark.parametrize("value", [[1], (1, 2, 3), "33", None, [1.5, 2], {1, 2}])
def test_refuses_what_is_no_pair(value):
    with pytest.raises(ValueError, match="two_element_tuple: int_or_tuple must be an integer or two of them, got "):
        utils.two_element_tuple(value)


@pytest.mark.parametrize(
    ("n", "value", "message"),
    [
        (0, 3, "n must be an integer of 1 or more, got 0"),
        (1.5, 3, "n must be an integer of 1 or more, got 1.5"),
        (2, 0, "value must be an integer of 1 or more, or 2 of them, got 0"),
        (2, [1, -2], r"or 2 of them, got \[1, -2\]"),
        (2, [1, 2, 3], r"or 2 of them, got \[1, 2, 3\]"),
        (2, "33", "or 2 of them, got '33'"),
    ],
)
def test_refuses_what_is_not_n_positive_integers(n, value, message):
    with pytest.raises(ValueError, match=message):
        utils.n_positive_integers(n, value)
