"""Every optimizer follows TensorFlow 1.15's trajectory: variables, slots and shared numbers, by name, step by step."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import golden
import jax_slim as slim
from jax_slim import optimizers

CASES = {id: case for id, case in golden.cases("training").items() if id.startswith("optimizer_")}

# Where TensorFlow's gradient comes as rows: what its dense formula does just as well, and what needs the other rows
# left alone. (LazyAdam leaves them alone by itself.)
AS_DENSE = {"optimizer_018", "optimizer_021", "optimizer_024"}
BY_ROWS = {f"optimizer_{number:03}" for number in (19, 20, 22, 23, 25, 26, 27, 28, 29)}


def made(case, by_rows):
    optimizer = getattr(optimizers, case["optimizer"]["opt"] + "Optimizer")(**case["optimizer"]["kwargs"])
    return optimizers.only_touched_rows(optimizer, ["e"]) if by_rows else optimizer


def seen_part(case):
    """What part of b the loss saw."""
    # MomentumW and AdamW decay a variable before they apply its gradient. Nothing in TensorFlow's graph orders that
    # decay and the reading of the variable by the loss: in these runs, the loss saw w before its decay and b after.
    return 1 - case["optimizer"]["kwargs"].get("weight_decay", 0)


def loss_of(case):
    shrunk = seen_part(case)
    if case["problem"] == "dense":
        return lambda variables, x, t: jnp.mean(jnp.square(x @ variables["w"] + shrunk * variables["b"] - t))
    return lambda variables, ids, t: jnp.mean(jnp.square(variables["e"][ids] - t))


def run(case_id, by_rows):
    """The named values before the first step, and after each."""
    case, stored = CASES[case_id], golden.case_arrays("training", case_id)
    optimizer, loss = made(case, by_rows), loss_of(case)
    shrunk = seen_part(case)
    trainable = [v["name"] for v in case["variables"] if v["trainable"]]
    variables = slim.Variables(
        {name: jnp.asarray(golden.det_value(name, stored[f"init/{name}"].shape)) for name in trainable}
    )
    state = optimizer.init(variables)

    @jax.jit
    def step(variables, state, x, t):
        value, gradients = jax.value_and_grad(loss)(variables, x, t)
        if shrunk != 1:
            gradients |= {"b": gradients["b"] / shrunk}  # with respect to what the loss saw
        changes, state = optimizer.update(gradients, state, variables)
        return value, jax.tree.map(jnp.add, variables, changes), state

    seen, losses = [{**variables, **optimizers.slot_variables(state)}], []
    for index in range(case["steps"]):
        x, t = (stored[f"data/{name}"][index % 3] for name in (("ids" if case["problem"] == "sparse" else "x"), "t"))
        value, variables, state = step(variables, state, x, t)
        seen.append({**variables, **optimizers.slot_variables(state)})
        losses.append(value)
    return seen, losses


@pytest.mark.parametrize("case_id", CASES)
def test_as_tensorflow(case_id):
    case, stored = CASES[case_id], golden.case_arrays("training", case_id)
    seen, losses = run(case_id, by_rows=case_id in BY_ROWS)
    for index, values in enumerate(seen):
        prefix = f"step{index - 1}" if index else "init"
        assert set(values) == {v["name"] for v in case["variables"]}
        for name, value in values.items():
            expected = stored[f"{prefix}/{name}"]
            np.testing.assert_allclose(value, expected, rtol=2e-5, atol=1e-6, err_msg=f"{name}, {prefix}")
    np.testing.assert_allclose(losses, [stored[f"loss{index}"] for index in range(case["steps"])], rtol=1e-5)


def test_what_rows_are_needed_for():
    assert {id for id, case in CASES.items() if case["problem"] == "sparse"} == {*AS_DENSE, *BY_ROWS, "optimizer_035"}
    for case_id in BY_ROWS:
        stored = golden.case_arrays("training", case_id)
        last = run(case_id, by_rows=False)[0][-1]
        assert not all(np.allclose(value, stored[f"step4/{name}"], 2e-5, 1e-6) for name, value in last.items()), case_id
