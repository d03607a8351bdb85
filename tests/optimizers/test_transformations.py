"""What all optimizers share: jit and donation, any tree, optax's combinators, rates of every kind, what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jax_slim as slim
from jax_slim import optimizers
from jax_slim.optimizers import OptimizerState

# Each with rate 0.1 and whatever makes it do all it can.
EACH = {
    "gradient_descent": lambda rate: optimizers.gradient_descent(rate),
    "momentum": lambda rate: optimizers.momentum(rate, 0.9, use_nesterov=True),
    "momentum_w": lambda rate: optimizers.momentum_w(0.01, rate, 0.9),
    "adam": lambda rate: optimizers.adam(rate),
    "nadam": lambda rate: optimizers.nadam(rate),
    "lazy_adam": lambda rate: optimizers.lazy_adam(rate),
    "adam_w": lambda rate: optimizers.adam_w(0.01, rate),
    "adamax": lambda rate: optimizers.adamax(rate),
    "add_sign": lambda rate: optimizers.add_sign(rate, 1.5),
    "power_sign": lambda rate: optimizers.power_sign(rate, 2.0),
    "rmsprop": lambda rate: optimizers.rmsprop(rate, momentum=0.5, centered=True),
    "adagrad": lambda rate: optimizers.adagrad(rate),
    "adadelta": lambda rate: optimizers.adadelta(rate),
    "ftrl": lambda rate: optimizers.ftrl(rate, l1_regularization_strength=0.01),
    "proximal_gradient_descent": lambda rate: optimizers.proximal_gradient_descent(rate, 0.01, 0.01),
    "proximal_adagrad": lambda rate: optimizers.proximal_adagrad(rate, 0.1, 0.01, 0.01),
    "adagrad_da": lambda rate: optimizers.adagrad_da(rate, l1_regularization_strength=0.01),
}
NEED_VARIABLES = ["momentum_w", "adam_w", "ftrl", "proximal_gradient_descent", "proximal_adagrad", "adagrad_da"]


def variables(dtype=jnp.float32):
    rng = np.random.default_rng(0)
    shapes = {"fc/weights": (4, 3), "fc/biases": (3,)}
    return slim.Variables({name: jnp.asarray(rng.normal(size=shape), dtype) for name, shape in shapes.items()})


def gradients(count, dtype=jnp.float32):
    rng = np.random.default_rng(1)
    return [jax.tree.map(lambda v: jnp.asarray(rng.normal(size=v.shape), dtype), variables()) for _ in range(count)]


def run(optimizer, start, steps, **extra):
    """The values after these gradients, and the state."""
    state = optimizer.init(start)
    for gradient in steps:
        changes, state = optimizer.update(gradient, state, start, **extra)
        start = optax.apply_updates(start, changes)
    return start, state


def assert_close(a, b, rtol=1e-6, atol=1e-7):
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=rtol, atol=atol), a, b)


@pytest.mark.parametrize("name", EACH)
def test_compiled_and_donated_as_step_by_step(name):
    optimizer, start, steps = EACH[name](0.1), variables(), gradients(3)
    expected, expected_state = run(optimizer, start, steps)

    @jax.jit
    def scanned(start, steps):
        def step(carried, gradient):
            changes, state = optimizer.update(gradient, carried[1], carried[0])
            return (optax.apply_updates(carried[0], changes), state), None

        return jax.lax.scan(step, (start, optimizer.init(start)), steps)[0]

    found = scanned(start, jax.tree.map(lambda *each: jnp.stack(each), *steps))
    assert_close(found, (expected, expected_state), rtol=1e-4, atol=1e-5)

    # A donated state is gone: none of its leaves may be the buffer of another.
    state = jax.jit(optimizer.init)(start)
    state = jax.device_put(state, may_alias=False)
    step = jax.jit(optimizer.update, donate_argnums=(0, 1))
    for gradient in steps:
        _, state = step(jax.tree.map(jnp.array, gradient), state, start)
    assert isinstance(state, OptimizerState)
    assert state.count == 3


@pytest.mark.parametrize("name", EACH)
def test_the_state_has_one_form_whatever_the_rate(name):
    forms = {
        str(jax.eval_shape(EACH[name](rate).init, variables()))
        for rate in (0.1, jnp.asarray(0.1), optimizers.cosine_decay(0.1, decay_steps=5))
    }
    assert len(forms) == 1


@pytest.mark.parametrize("name", EACH)
def test_rates_of_every_kind(name):
    start, steps = variables(), gradients(3)
    values = [0.1, 0.05, 0.01]
    schedule = optimizers.piecewise_constant(boundaries=[0, 1], values=values)
    scheduled, _ = run(EACH[name](schedule), start, steps)

    by_hand, state = start, EACH[name](0.1).init(start)
    # A traced rate, as a step compiled for any rate has it.
    update = jax.jit(lambda rate, *args: EACH[name](rate).update(*args))
    for rate, gradient in zip(values, steps, strict=True):
        changes, state = update(rate, gradient, state, by_hand)
        by_hand = optax.apply_updates(by_hand, changes)
    assert_close(scheduled, by_hand, rtol=1e-4, atol=1e-5)

    # The global step goes before the count of updates.
    at_two, _ = run(EACH[name](schedule), start, steps[:1], global_step=jnp.asarray(2))
    if name != "adagrad_da":  # whose formula has the step in it, too
        assert_close(at_two, run(EACH[name](0.01), start, steps[:1])[0], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", EACH)
def test_half_precision_keeps_its_dtype_and_slots_of_float32(name):
    start, steps = variables(jnp.bfloat16), gradients(2, jnp.bfloat16)
    end, state = run(EACH[name](0.1), start, steps)
    assert {leaf.dtype for leaf in jax.tree.leaves(end)} == {jnp.dtype(jnp.bfloat16)}
    assert {leaf.dtype for leaf in jax.tree.leaves((state.slots, state.shared))} <= {jnp.dtype(jnp.float32)}
    wide = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), (start, steps))
    assert_close(jax.tree.map(jnp.float32, end), run(EACH[name](0.1), *wide)[0], rtol=0.05, atol=0.05)


@pytest.mark.parametrize("name", EACH)
def test_optax_combines_them(name):
    optimizer, start, steps = EACH[name](0.1), variables(), gradients(3)
    expected, _ = run(optimizer, start, steps)
    assert_close(run(optax.chain(optax.identity(), optimizer), start, steps)[0], expected)
    weights_only, _ = run(
        optax.masked(optimizer, lambda tree: jax.tree.map(lambda leaf: leaf.ndim == 2, tree)), start, steps
    )
    assert_close(weights_only["fc/weights"], expected["fc/weights"])
    doubled = [gradient for gradient in steps for _ in range(2)]
    assert_close(run(optax.MultiSteps(optimizer, 2), start, doubled)[0], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NEED_VARIABLES)
def test_the_variables_are_needed_by_some(name):
    optimizer = EACH[name](0.1)
    with pytest.raises(ValueError, match=f"{name}: update must be given the variables"):
        optimizer.update(variables(), optimizer.init(variables()))


@pytest.mark.parametrize("name", [name for name in EACH if name not in NEED_VARIABLES])
def test_the_variables_are_not_needed_by_others(name):
    optimizer, start = EACH[name](0.1), variables()
    with_them, _ = optimizer.update(start, optimizer.init(start), start)
    without, _ = optimizer.update(start, optimizer.init(start))
    assert_close(with_them, without)


def test_hyperparameters_can_be_injected():
    optimizer = optax.inject_hyperparams(optimizers.momentum)(0.1, momentum=0.5)
    start, steps = variables(), gradients(2)
    end, state = run(optimizer, start, steps)
    assert_close(end, run(optimizers.momentum(0.1, 0.5), start, steps)[0])
    state.hyperparams["learning_rate"] = jnp.asarray(0.0)
    changes, _ = optimizer.update(steps[0], state, start)
    assert not any(np.any(change) for change in changes.values())


def test_adagrad_da_by_its_definition():
    rate, l1, l2, initial = 0.3, 0.2, 0.05, 0.4
    start, steps = variables(), gradients(4)
    end, _ = run(
        optimizers.adagrad_da(
            rate,
            initial_gradient_squared_accumulator_value=initial,
            l1_regularization_strength=l1,
            l2_regularization_strength=l2,
        ),
        start,
        steps,
    )
    some_zero = False
    for name in start:
        for index in np.ndindex(start[name].shape):
            total = sum(float(gradient[name][index]) for gradient in steps)
            squares = initial + sum(float(gradient[name][index]) ** 2 for gradient in steps)
            pulled = max(abs(total) - l1 * len(steps), 0) * np.sign(total)
            expected = -rate * pulled / (l2 * len(steps) * rate + np.sqrt(squares))
            some_zero |= expected == 0
            np.testing.assert_allclose(end[name][index], expected, rtol=1e-5, atol=1e-7)
    assert some_zero


@pytest.mark.parametrize("name", ["ftrl", "proximal_gradient_descent", "proximal_adagrad", "adagrad_da"])
def test_l1_gives_exact_zeros(name):
    strong = getattr(optimizers, name)(0.1, l1_regularization_strength=5.0)
    end, _ = run(strong, {"w": jnp.asarray([0.3, -0.2, 30.0])}, [{"w": jnp.asarray([0.1, -0.1, -90.0])}] * 3)
    assert end["w"][:2].tolist() == [0.0, 0.0]
    assert end["w"][2] != 0


@pytest.mark.parametrize("name", ["momentum_w", "adam_w"])
def test_what_decays(name):
    arguments = (0.25, 0.0) if name == "adam_w" else (0.25, 0.0, 0.9)
    start, steps = variables(), gradients(1)
    decayed = {
        "fc/weights": ["fc/weights"],
        "fc/biases": "fc/biases",
        "both": None,
        "by pattern": [".*/weights", ".*/biases"],
        "none": [],
    }
    for expected, chosen in decayed.items():
        end, _ = run(getattr(optimizers, name)(*arguments, decay_var_list=chosen), start, steps)
        for variable in start:
            factor = 0.75 if variable == expected or expected in ("both", "by pattern") else 1.0
            np.testing.assert_allclose(end[variable], start[variable] * factor, rtol=1e-6)
    with pytest.raises(ValueError, match=f"{name}: decay_var_list has 'fc/weihts', .* Near names: fc/weights"):
        run(getattr(optimizers, name)(*arguments, decay_var_list=["fc/weihts"]), start, steps)
    falling = optimizers.piecewise_constant(boundaries=[0], values=[0.5, 0.0])
    end, _ = run(getattr(optimizers, name)(falling, *arguments[1:]), start, gradients(3))
    np.testing.assert_allclose(end["fc/weights"], start["fc/weights"] / 2, rtol=1e-6)


def test_rows_that_were_not_touched_stay():
    start = {"embeddings": jnp.ones((4, 2)), "biases": jnp.ones(4)}
    first = {"embeddings": jnp.ones((4, 2)), "biases": jnp.ones(4)}
    second = {"embeddings": jnp.zeros((4, 2)).at[1].set(2.0), "biases": jnp.zeros(4).at[1].set(2.0)}
    optimizer = optimizers.only_touched_rows(optimizers.momentum(0.1, 0.5))
    middle, _ = run(optimizer, start, [first])
    end, state = run(optimizer, start, [first, second])
    moved = np.asarray(end["embeddings"] != middle["embeddings"])
    assert moved.tolist() == [[False] * 2, [True] * 2, [False] * 2, [False] * 2]
    assert state.slots["Momentum"]["embeddings"].tolist() == [[1.0] * 2, [2.5] * 2, [1.0] * 2, [1.0] * 2]
    # Of one axis: no rows unless it is named.
    assert np.all(end["biases"] != middle["biases"])
    named = optimizers.only_touched_rows(optimizers.momentum(0.1, 0.5), sparse=["biases"])
    end, _ = run(named, start, [first, second])
    assert np.asarray(end["biases"] != middle["biases"]).tolist() == [False, True, False, False]
    assert np.all(end["embeddings"] != middle["embeddings"])
    with pytest.raises(TypeError, match=r"must be one of slim\.optimizers, got one whose state is tuple"):
        optimizers.only_touched_rows(optax.sgd(0.1)).init(start)
    with pytest.raises(ValueError, match="only_touched_rows: sparse has 'words', which no variable begins with"):
        run(optimizers.only_touched_rows(optimizers.adam(), ["words"]), start, [first])


def test_sparse_nadam_fades_all_slots_and_moves_touched_rows():
    start = {"e": jnp.ones((3, 2))}
    first, second = jnp.full((3, 2), 0.5), jnp.zeros((3, 2)).at[1].set(2.0)
    optimizer = optimizers.only_touched_rows(optimizers.nadam(0.1, 0.8, 0.9), decay_slots=True)
    middle, _ = run(optimizer, start, [{"e": first}])
    end, state = run(optimizer, start, [{"e": first}, {"e": second}])
    m, s = 0.2 * 0.5, 0.1 * 0.25  # after the first step
    np.testing.assert_allclose(state.slots["Adam"]["e"][:, 0], [0.8 * m, 0.8 * m + 0.2 * 2, 0.8 * m], rtol=1e-6)
    np.testing.assert_allclose(state.slots["Adam_1"]["e"][:, 0], [0.9 * s, 0.9 * s + 0.1 * 4, 0.9 * s], rtol=1e-6)
    np.testing.assert_array_equal(end["e"][::2], middle["e"][::2])
    rate = 0.1 * np.sqrt(1 - 0.9**2) / (1 - 0.8**2)
    ahead = 0.8 * (0.8 * m + 0.4) + 0.4
    moved = rate * ahead / (np.sqrt(0.9 * s + 0.4) + 1e-8)
    np.testing.assert_allclose(end["e"][1], middle["e"][1] - moved, rtol=1e-5)


def test_a_name_means_that_variable_and_a_pattern_all_that_begin_so():
    start = {"fc/w": jnp.ones(1), "fc/w_2": jnp.ones(1), "fc2/w": jnp.ones(1)}
    for chosen, expected in {"fc/w": ["fc/w"], "fc/": ["fc/w", "fc/w_2"], "fc": list(start)}.items():
        end, _ = run(optimizers.momentum_w(0.5, 0.0, 0.0, decay_var_list=[chosen]), start, [start])
        assert [name for name in start if end[name] != 1] == expected


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optimizers.adagrad(0.1, 0.0), "adagrad: initial_accumulator_value must be greater than 0, got 0.0"),
        (lambda: optimizers.proximal_adagrad(0.1, -1), "initial_accumulator_value must be greater than 0, got -1"),
        (lambda: optimizers.ftrl(0.1, 0.5), "ftrl: learning_rate_power must be at most 0, got 0.5"),
        (
            lambda: optimizers.ftrl(0.1, initial_accumulator_value=-1),
            "initial_accumulator_value must be at least 0, got",
        ),
        (
            lambda: optimizers.ftrl(0.1, l2_shrinkage_regularization_strength=-1),
            "ftrl: l2_shrinkage_regularization_strength must be at least 0, got -1",
        ),
        (
            lambda: optimizers.proximal_gradient_descent(0.1, -1.0),
            "l1_regularization_strength must be at least 0, got -1.0",
        ),
        (
            lambda: optimizers.adagrad_da(0.1, initial_gradient_squared_accumulator_value=0),
            "initial_gradient_squared_accumulator_value must be greater than 0, got 0",
        ),
        (lambda: optimizers.adam(jnp.ones(2)), r"adam: learning_rate must be a scalar, got shape \(2,\)"),
    ],
)
def test_refused_values(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("name", EACH)
def test_a_rate_that_is_no_number(name):
    with pytest.raises(TypeError, match=f"{name}: learning_rate must be a number, .* got '0.1'"):
        EACH[name]("0.1")


def test_tensorflow_s_names_and_places_of_arguments():
    assert optimizers.MomentumOptimizer is optimizers.momentum
    named = {name for name in vars(optimizers) if name.endswith("Optimizer")}
    assert {getattr(optimizers, name).__name__ for name in named} == set(EACH)
    # What came after `use_locking` is given by keyword, so that an old call cannot mean something else.
    with pytest.raises(TypeError):
        optimizers.MomentumOptimizer(0.1, 0.9, False)
    with pytest.raises(TypeError):
        optimizers.AdagradDAOptimizer(0.1, 0)
