"""ExponentialMovingAverage: TensorFlow 1.15's values and names, purity, what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import golden
import jax_slim as slim
from jax_slim.core.values import Facts
from jax_slim.optimizers import ExponentialMovingAverage

CASES = {id: case for id, case in golden.cases("training").items() if id.startswith("ema_")}


@pytest.mark.parametrize("case_id", CASES)
def test_as_tensorflow(case_id):
    case, expected = CASES[case_id], golden.case_arrays("training", case_id)["average"]
    counts = case["num_updates"]
    average = ExponentialMovingAverage(case["decay"], counts and "global_step", case["zero_debias"])
    name = case["average_name"].removesuffix("/ExponentialMovingAverage")
    # A variable's average starts at the value it is initialized with, the first one here; a tensor's at 0.
    state = average.init({name: jnp.asarray(case["values"][0])}, from_zero=case["on"] == "tensor")
    update = jax.jit(average.update)
    seen = [state.shadows[name]]
    for index, value in enumerate(case["values"]):
        # The count is ignored where the decay is constant, as create_train_op always gives it.
        state = update(state, {name: jnp.asarray(value)}, counts[index] if counts else index)
        seen.append(state.shadows[name])
    np.testing.assert_allclose(seen, expected, rtol=2e-6, atol=1e-6)

    kept = {v["name"]: v for v in case["variables"] if v["name"].startswith(case["average_name"])}
    shadows = average.shadow_variables(state)
    assert {key: shadow.shape for key, shadow in shadows.items()} == {k: tuple(v["shape"]) for k, v in kept.items()}
    assert all(list(shadows.facts[key].collections) == v["collections"] for key, v in kept.items())
    if "variables_to_restore" in case:
        variables = slim.Variables({name: jnp.zeros(2)})
        assert average.variables_to_restore(variables) == case["variables_to_restore"]
    back = average.with_shadow_variables(average.init({name: jnp.zeros(2)}, case["on"] == "tensor"), shadows)
    assert jax.tree.all(jax.tree.map(np.array_equal, back, state))


def model_variables():
    moving = Facts(False, ("variables", "model_variables", "moving_average_variables"))
    return slim.Variables(
        {"w": jnp.ones(2, jnp.bfloat16), "mean": jnp.ones(3), "local": jnp.ones(1), "global_step": jnp.zeros((), int)},
        {"mean": moving, "local": Facts(False, ("local_variables",)), "global_step": Facts(False, ("variables",))},
    )


def test_evaluation_gets_the_averages_and_the_variables_keep_their_facts_and_dtypes():
    variables = model_variables()
    average = ExponentialMovingAverage(0.75)
    state = average.update(average.init(variables.trainable), variables | {"w": jnp.full(2, 5.0)})
    averaged = average.averaged(state, variables)
    assert averaged["w"].tolist() == [2.0, 2.0]
    assert averaged["w"].dtype == jnp.bfloat16
    assert state.shadows["w"].dtype == jnp.float32
    assert averaged["mean"] is variables["mean"]
    assert averaged.facts == variables.facts
    assert not state.shadows.trainable


def test_what_to_restore():
    average = ExponentialMovingAverage(0.9)
    assert average.variables_to_restore(model_variables()) == {
        "w/ExponentialMovingAverage": "w",
        "mean/ExponentialMovingAverage": "mean",
        "local": "local",
        "global_step": "global_step",
    }
    shadows = average.shadow_variables(average.init(model_variables().select("mean")))
    assert average.variables_to_restore(model_variables() | shadows, ["mean"]) == {
        "mean/ExponentialMovingAverage": "mean",
        "w": "w",
        "local": "local",
        "global_step": "global_step",
    }
    assert ExponentialMovingAverage(0.9, name="Mean").average_name("w") == "w/Mean"


def test_a_slow_average_of_bfloat16_moves():
    average = ExponentialMovingAverage(0.999)
    state = average.init({"w": jnp.full((), 256.0, jnp.bfloat16)})
    for _ in range(3):
        state = average.update(state, {"w": jnp.full((), 258.0, jnp.bfloat16)})
    assert 256 < state.shadows["w"] < 257


def test_the_state_shares_no_buffer_with_the_variables():
    average = ExponentialMovingAverage(0.5)
    variables = {"w": jnp.ones(3)}
    state = average.init(variables)

    def step(variables, state):
        variables = {"w": variables["w"] + 1}
        return variables, average.update(state, variables)

    variables, state = jax.jit(step, donate_argnums=(0, 1))(variables, state)
    assert state.shadows["w"].tolist() == [1.5] * 3


@pytest.mark.parametrize("count", [0, 5, 10**6])
def test_the_count_given_when_made_and_the_one_given_to_update(count):
    made = ExponentialMovingAverage(0.99, num_updates=count)
    told = ExponentialMovingAverage(0.99, num_updates="global_step")
    ones, zeros = {"w": jnp.ones(())}, {"w": jnp.zeros(())}
    expected = min(0.99, (1 + count) / (10 + count))
    assert made.update(made.init(ones), zeros).shadows["w"] == pytest.approx(expected, rel=1e-6)
    assert told.update(told.init(ones), zeros, count).shadows["w"] == pytest.approx(expected, rel=1e-6)
    assert made.update(made.init(ones), zeros, 10**9).shadows["w"] == pytest.approx(0.99)


def test_refusals():
    average = ExponentialMovingAverage(0.9, num_updates="global_step")
    state = average.init({"fc1/weights": jnp.ones(2)})
    with pytest.raises(ValueError, match=r"decay must be between 0 and 1, got 1\.5"):
        ExponentialMovingAverage(1.5)
    with pytest.raises(ValueError, match="num_updates must be None, a number, an array or 'global_step', got 'step'"):
        ExponentialMovingAverage(0.5, "step")
    with pytest.raises(TypeError, match=r"got 'global_step' of int32\. Choose some: variables\.trainable"):
        average.init(model_variables())
    with pytest.raises(ValueError, match="num_updates must be given, as the average was made with"):
        average.update(state, {"fc1/weights": jnp.ones(2)})
    with pytest.raises(ValueError, match=r"must hold 'fc1/weights', which is averaged\. Near names: fc2/weights"):
        average.update(state, {"fc2/weights": jnp.ones(2)}, 1)
    with pytest.raises(ValueError, match="must hold 'fc1/weights/ExponentialMovingAverage', which it does not"):
        average.with_shadow_variables(state, {"fc1/weights": jnp.ones(2)})
    with pytest.raises(ValueError, match=r"must have shape \(2,\), got \(3,\)"):
        average.with_shadow_variables(state, {"fc1/weights/ExponentialMovingAverage": jnp.ones(3)})
    with pytest.raises(ValueError, match="moving_avg_variables names 'v', which is not among variables"):
        average.variables_to_restore(model_variables(), ["v"])
