"""What a program lists: names, scopes, regularization, totals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim

losses = slim.losses
X = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)


def collect(function, variables=None):
    return slim.Model(function).collect(variables or {})


def test_names():
    def program():
        losses.mean_squared_error(X, 2 * X)
        losses.mean_squared_error(X, 2 * X)
        with slim.variable_scope("tower"):
            losses.softmax_cross_entropy(X, X, scope="head")
            losses.add_loss(1.0)
            losses.add_loss(2.0)
        losses.add_loss(3.0, name="mine")
        losses.tf.hinge_loss(X, X, reduction="none")
        losses.tf.cosine_distance(X, X, 1, reduction="weighted_sum")
        losses.tf.softmax_cross_entropy(X, X, label_smoothing=0.1, reduction="none")
        losses.hinge_loss(X, X)

    assert list(collect(program)[1].losses) == [
        "mean_squared_error/value",
        "mean_squared_error_1/value",
        "tower/head/value",
        "tower/loss",
        "tower/loss_1",
        "mine",
        "hinge_loss/Mul_2",
        "cosine_distance_loss/Sum_1",
        "softmax_cross_entropy_loss/Mul_1",
    ]


def test_get_losses_by_scope_and_collection():
    def program():
        with slim.name_scope("a"):
            losses.add_loss(1.0)
        with slim.name_scope("b"):
            losses.add_loss(2.0)
        losses.add_loss(4.0, "mine")
        losses.add_loss(8.0, None)
        return losses.get_losses(), losses.get_losses("b"), losses.get_losses(loss_collection="mine")

    assert collect(program)[0] == ([1.0, 2.0], [2.0], [4.0])


def test_an_arg_scope_of_add_loss_reaches_every_loss():
    def program():
        with slim.arg_scope([losses.add_loss], loss_collection="mine"):
            losses.mean_squared_error(X, 2 * X)
            losses.tf.mean_squared_error(X, 2 * X)

    collected = collect(program)[1]
    assert list(collected.losses) == ["mean_squared_error_1/value"]
    assert list(collected.collections["mine"]) == ["mean_squared_error/value"]


def test_the_collection_none_lists_nothing():
    def program():
        losses.tf.mean_squared_error(X, 2 * X, loss_collection=None)
        with slim.arg_scope([losses.add_loss], loss_collection=None):
            losses.mean_squared_error(X, 2 * X)
            return jax.vmap(losses.absolute_difference)(X, 2 * X)  # so it may be computed in an inner trace

    result, collected = collect(program)
    np.testing.assert_allclose(result, np.abs(X).mean(1), rtol=1e-5)
    assert collected.losses == {}


def test_a_loss_in_an_inner_trace_is_refused():
    with pytest.raises(slim.ProgramError, match="'absolute_difference/value' was added inside an inner"):
        collect(lambda: jax.vmap(losses.absolute_difference)(X, 2 * X))


# --- regularization ---------------------------------------------------------------------------------


def test_regularization_losses_come_in_order_once_each_and_without_none():
    def program():
        with slim.variable_scope("a"):
            slim.model_variable("w", [2], regularizer=slim.l2_regularizer(0.5))
            slim.model_variable("off", [2], regularizer=slim.l2_regularizer(0.0))
            slim.model_variable("plain", [2])
        with slim.variable_scope("b"):
            slim.model_variable("w", [3], regularizer=lambda w: jnp.sum(w))
        with slim.variable_scope("a", reuse=True):
            slim.model_variable("w", [2], regularizer=slim.l2_regularizer(0.5))
        slim.add_to_collection(slim.GraphKeys.REGULARIZATION_LOSSES, 7.0, "c/mine")
        by_scope = [losses.get_regularization_losses(scope) for scope in ("a", "b/w/Regularizer", "c", "nothing")]
        return losses.get_regularization_losses(), by_scope, losses.get_regularization_loss("b")

    variables = {name: np.full(size, 2.0) for name, size in (("a/w", 2), ("a/off", 2), ("a/plain", 2), ("b/w", 3))}
    (found, by_scope, total), _ = collect(program, variables)
    assert found == [2.0, 6.0, 7.0]
    assert by_scope == [[2.0], [6.0], [7.0], []]
    assert total == 6.0


def test_parts_of_a_partitioned_variable_are_penalized_one_by_one():
    def program():
        slim.variable("w", [4, 2], regularizer=slim.l1_regularizer(1.0), partitioner=slim.fixed_size_partitioner(2))
        return losses.get_regularization_losses("w/part_1/Regularizer/l1_regularizer")

    (found,), _ = collect(program, {"w/part_0": np.ones((2, 2)), "w/part_1": 2 * np.ones((2, 2))})
    assert found == 8.0


def test_the_gradient_of_the_total_reaches_a_regularized_variable():
    def program():
        slim.model_variable("w", [3], regularizer=slim.l2_regularizer(0.5))
        losses.add_loss(1.0)
        return losses.get_total_loss()

    grad = jax.grad(slim.Model(program).apply)({"w": X[0, :3]})
    np.testing.assert_allclose(grad["w"], 0.5 * X[0, :3], rtol=1e-6)


def test_no_regularization_is_zero():
    result, _ = collect(losses.get_regularization_loss)
    assert (result, result.dtype, result.shape) == (0, jnp.float32, ())


def test_a_regularizer_that_is_no_scalar_is_refused():
    def program():
        slim.model_variable("w", [3], regularizer=lambda w: w**2)
        return losses.get_total_loss()

    message = r"get_total_loss: the regularizer of w must return a scalar or None, got shape \(3,\)"
    with pytest.raises(ValueError, match=message):
        slim.Model(program).specs()


def test_apply_regularization_of_the_collection_weights():
    def program():
        slim.model_variable("w", [2], collections=["weights"])
        slim.model_variable("b", [2], collections=["biases"])
        slim.add_to_collection("weights", jnp.ones(3))
        first = slim.apply_regularization(slim.l1_regularizer(1.0))
        second = losses.apply_regularization(slim.l1_regularizer(1.0), slim.get_variables_by_suffix("b"))
        return first, second, losses.get_total_loss()

    result, collected = collect(program, {"w": np.full(2, 3.0), "b": np.full(2, 5.0)})
    assert result == (9, 10, 19)
    assert list(collected.collections["regularization_losses"]) == [
        "get_regularization_penalty",
        "get_regularization_penalty_1",
    ]


def test_apply_regularization_outside_of_a_program():
    assert slim.apply_regularization(slim.l2_regularizer(1.0), [np.ones(4), np.ones(2)]) == 3
    assert slim.apply_regularization(slim.l2_regularizer(0.0), [np.ones(4)]) == 0


# --- totals -----------------------------------------------------------------------------------------


def test_totals():
    def program():
        with slim.variable_scope("a"):
            losses.add_loss(jnp.bfloat16(1.0))
            slim.model_variable("w", [2], regularizer=slim.l1_regularizer(1.0))
        losses.add_loss(4.0)
        return (
            losses.get_total_loss(),
            losses.get_total_loss(add_regularization_losses=False),
            losses.get_total_loss(scope="a"),
        )

    results, _ = collect(program, {"a/w": np.ones(2)})
    assert results == (7, 5, 3)
    assert results[0].dtype == jnp.float32


def test_regularization_alone_is_a_loss():
    def program():
        slim.model_variable("w", [2], regularizer=slim.l1_regularizer(1.0))
        return losses.get_total_loss()

    assert collect(program, {"w": np.ones(2)})[0] == 2


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (losses.get_total_loss, "get_total_loss: there must be at least one loss, got none. Call a function of slim"),
        (
            lambda: (losses.add_loss(1.0), losses.get_total_loss(scope="head")),
            "there must be at least one loss whose names begin with 'head', got none",
        ),
        (
            lambda: (losses.add_loss(1.0), losses.add_loss(X), losses.get_total_loss()),
            r"get_total_loss: losses must be of one shape, got loss \(\), loss_1 \(3, 4\). Reduce each",
        ),
    ],
)
def test_totals_refuse(program, message):
    with pytest.raises(ValueError, match=message):
        collect(program)


@pytest.mark.parametrize(
    "function",
    [losses.get_losses, losses.get_total_loss, losses.get_regularization_losses, losses.get_regularization_loss],
)
def test_outside_of_a_program_there_are_no_accounts(function):
    with pytest.raises(slim.ProgramError, match=r"\w+: needs a running program, and there is none"):
        function()


def test_add_loss_outside_of_a_program():
    with pytest.raises(slim.ProgramError, match="add_loss: needs a running program"):
        losses.add_loss(1.0)
    losses.add_loss(1.0, None)
