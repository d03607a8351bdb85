"""Optimizer state under TensorFlow's names, and back; in checkpoints and training steps of our own."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import golden
import jax_slim as slim
from jax_slim import optimizers
from jax_slim.learning.saving import named_arrays, state_like

CASES = golden.cases("training")
RECORDED = [id for id, case in CASES.items() if id.startswith("create_train_op") and "error" not in case]
KEY = jax.random.key(0)


def variables():
    return slim.Variables({"fc1/weights": jnp.ones((3, 2)), "fc1/biases": jnp.zeros(2)})


@pytest.mark.parametrize(
    ("optimizer", "slots"),
    [
        (optimizers.gradient_descent(0.1), []),
        (optimizers.momentum(0.1, 0.9), ["Momentum"]),
        (optimizers.momentum(0.1, 0.9, name="sgd"), ["sgd"]),
        (optimizers.adam(0.1), ["Adam", "Adam_1"]),
        (optimizers.rmsprop(0.1), ["RMSProp", "RMSProp_1"]),
        (optimizers.rmsprop(0.1, centered=True), ["RMSProp", "RMSProp_1", "RMSProp_2"]),
        (optimizers.ftrl(0.1, accum_name="n"), ["n", "Ftrl"]),
        (optimizers.ftrl(0.1, accum_name="n", linear_name="n"), ["n", "n_1"]),
        (optimizers.adagrad_da(0.1), ["AdagradDA", "AdagradDA_1"]),
        (optax.chain(optax.clip(1.0), optimizers.adagrad(0.1)), ["Adagrad"]),
        (optimizers.lazy_adam(0.1, name="lazy"), ["lazy", "lazy_1"]),
    ],
)
def test_names(optimizer, slots):
    named = optimizers.slot_variables(optimizer.init(variables()))
    of_variables = {name: value.shape for name, value in named.items() if not name.startswith("beta")}
    assert of_variables == {f"{name}/{slot}": v.shape for name, v in variables().items() for slot in slots}


def test_there_and_back_and_the_count_from_the_global_step():
    optimizer = optax.chain(optax.clip(1.0), optimizers.adam(0.1), optimizers.momentum(0.1, 0.9))
    state = optimizer.init(variables())
    for _ in range(3):
        _, state = optimizer.update(variables(), state, variables())
    named = optimizers.slot_variables(state, scope="net/")
    assert len(named) == 2 + 3 * 2
    assert all(name.startswith("net/") for name in named)
    back = optimizers.with_slot_variables(optimizer.init(variables()), named | {"global_step": 3, "other": 0}, "net")
    assert jax.tree.structure(back) == jax.tree.structure(state)
    assert jax.tree.all(jax.tree.map(np.array_equal, back, state))
    fresh = optimizers.with_slot_variables(
        optimizer.init(variables()), {k: np.asarray(v) for k, v in named.items()}, "net"
    )
    assert fresh[1].count == 0


def test_two_optimizers_for_different_variables():
    optimizer = optax.multi_transform(
        {"a": optimizers.adam(0.1), "b": optimizers.adam(0.1, beta1=0.5)}, {"fc1/weights": "a", "fc1/biases": "b"}
    )
    state = optimizer.init(dict(variables()))
    named = optimizers.slot_variables(state)
    slots = {f"{name}/{slot}" for name in variables() for slot in ("Adam", "Adam_1")}
    assert set(named) == slots | {"beta1_power", "beta2_power", "beta1_power_1", "beta2_power_1"}
    assert (named["beta1_power"], named["beta1_power_1"]) == (jnp.float32(0.9), jnp.float32(0.5))
    back = optimizers.with_slot_variables(state, {name: value + 1 for name, value in named.items()})
    for name, value in optimizers.slot_variables(back).items():
        np.testing.assert_array_equal(value, named[name] + 1)


def test_refusals():
    state = optimizers.momentum(0.1, 0.9).init(variables())
    named = optimizers.slot_variables(state)
    with pytest.raises(
        ValueError, match=r"arrays must hold 'x/fc1/weights/Momentum', .* Near names: fc1/weights/Momentum"
    ):
        optimizers.with_slot_variables(state, named, scope="x")
    with pytest.raises(ValueError, match=r"'fc1/biases/Momentum' must have shape \(2,\), got \(5,\)"):
        optimizers.with_slot_variables(state, named | {"fc1/biases/Momentum": np.ones(5)})
    with pytest.raises(ValueError, match=r"state must hold the state of an optimizer of slim\.optimizers, got tuple"):
        optimizers.slot_variables(optax.adam(0.1).init(variables()))
    both = optax.chain(optimizers.adam(0.1), optimizers.adam(0.1))
    with pytest.raises(ValueError, match="two optimizers keep a slot 'fc1/weights/Adam'"):
        optimizers.slot_variables(both.init(variables()))


def loss_fn(batch):
    net = slim.fully_connected(
        batch["x"],
        4,
        scope="fc1",
        weights_regularizer=slim.l2_regularizer(0.01),
        normalizer_fn=slim.batch_norm,
        normalizer_params={"decay": 0.9},
    )
    logits = slim.fully_connected(net, 3, activation_fn=None, scope="fc2")
    slim.losses.softmax_cross_entropy(logits, jax.nn.one_hot(batch["labels"], 3))
    return slim.losses.get_total_loss()


@pytest.mark.parametrize("case_id", RECORDED)
def test_training_steps_as_tensorflow_s_with_slots_and_all(case_id):
    case, stored = CASES[case_id], golden.case_arrays("training", case_id)
    kwargs = dict(case["optimizer"]["kwargs"])
    if case["decay"]:
        kwargs["learning_rate"] = getattr(optimizers, case["decay"]["fn"].rpartition(".")[2])(**case["decay"]["kwargs"])
    train_op = slim.learning.create_train_op(
        loss_fn,
        getattr(optimizers, case["optimizer"]["opt"] + "Optimizer")(**kwargs),
        variables_to_train=case["variables_to_train"],
        gradient_multipliers=case["gradient_multipliers"],
        **(case["kwargs"] | ({"global_step": None} if case["global_step"] == "none" else {})),
        **({} if case["update_ops"] == "default" else {"update_ops": case["update_ops"]}),
    )
    batches = [{"x": x, "labels": labels} for x, labels in zip(stored["data/x"], stored["data/labels"], strict=True)]
    variables = train_op.init(KEY, batches[0]).variables
    initial = {name: jnp.asarray(stored[f"init/{name}"], value.dtype) for name, value in variables.items()}
    state, step = train_op.state(variables | initial, KEY), jax.jit(train_op)
    for index in range(case["steps"]):
        state, _ = step(state, batches[index % 3])
        named = {**state.variables, **optimizers.slot_variables(state.optimizer)}
        assert set(named) == {v["name"] for v in case["variables"]}
        for name, value in named.items():
            expected = stored[f"step{index}/{name}"]
            np.testing.assert_allclose(value, expected, rtol=1e-4, atol=2e-6, err_msg=f"{name}, {index}")


def test_our_checkpoints_name_slots_and_averages_by_their_variables():
    average = optimizers.ExponentialMovingAverage(0.9, num_updates="global_step")
    train_op = slim.learning.create_train_op(loss_fn, optimizers.adam(0.01), moving_average=average)
    batch = {"x": np.ones((8, 5), np.float32), "labels": np.arange(8) % 3}
    state = train_op.init(KEY, batch)
    for _ in range(2):
        state, _ = jax.jit(train_op, donate_argnums=0)(jax.tree.map(jnp.array, state), batch)
    arrays = named_arrays(state)
    assert {
        "optimizer/count",
        "optimizer/shared/beta1_power",
        "optimizer/slots/Adam/fc1/weights",
        "optimizer/slots/Adam_1/fc1/weights",
        "averages/shadows/fc1/weights",
    } <= set(arrays)
    back = state_like(jax.eval_shape(lambda: train_op.init(KEY, batch)), arrays, KEY)
    assert jax.tree.structure(back) == jax.tree.structure(state)
    assert jax.tree.all(jax.tree.map(np.array_equal, back.optimizer, state.optimizer))
    assert jax.tree.all(jax.tree.map(np.array_equal, back.averages, state.averages))
    # The first average is a tenth old, the second 2/11: both fast, as the count says.
    assert not np.array_equal(train_op.averaged(state)["fc1/weights"], state.variables["fc1/weights"])
    np.testing.assert_array_equal(train_op.averaged(state)["fc1/weights"], state.averages.shadows["fc1/weights"])
