"""optimize_loss: TensorFlow 1.15's trajectories and names, noise, clipping, counting, what is refused."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import golden
import jax_slim as slim
from jax_slim import optimizers
from jax_slim.learning import adaptive_clipping_fn, optimize_loss

CASES = {id: case for id, case in golden.cases("training").items() if id.startswith("optimize_loss_")}
RECORDED = [id for id, case in CASES.items() if "error" not in case]
REFUSED = [id for id, case in CASES.items() if "error" in case]
BATCH = {"x": np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32), "t": np.ones((6, 2), np.float32)}
KEY = jax.random.key(0)

# What the file of references does not say: its `variables` are those made, not the argument.
TRAINED = {"optimize_loss_014": "w"}


def loss_fn(batch):
    w = slim.variable("w", [3, 2], initializer=slim.truncated_normal_initializer(stddev=0.5))
    b = slim.variable("b", [2], initializer=slim.truncated_normal_initializer(stddev=0.5))
    return jnp.mean(jnp.square(batch["x"] @ w + b - batch["t"]))


def options_of(case):
    options = dict(case["kwargs"])
    if isinstance(options["optimizer"], dict):
        made = options["optimizer"]
        options["optimizer"] = getattr(optimizers, made["opt"] + "Optimizer")(**made["kwargs"])
    # TensorFlow knows the variable as 'w:0', and in the one case with multipliers silently left 'w' as it was.
    assert case["gradient_multipliers"] in (None, {"w": 0.1})
    if (decay := case["learning_rate_decay_fn"]) is not None:
        options["learning_rate_decay_fn"] = lambda rate, step: getattr(optimizers, decay["fn"])(
            rate, step, **decay["kwargs"]
        )
    if case["adaptive_clipping_fn"] is not None:
        options["clip_gradients"] = adaptive_clipping_fn(**case["adaptive_clipping_fn"])
    if not case["global_step"]:
        options["global_step"] = None
    return options | {"variables": TRAINED.get(case["id"])}


@pytest.mark.parametrize("case_id", RECORDED)
def test_as_tensorflow(case_id):
    case, stored = CASES[case_id], golden.case_arrays("training", case_id)
    scope = case["kwargs"].get("name", "OptimizeLoss")
    train_op = optimize_loss(loss_fn, **options_of(case))
    batches = [{"x": x, "t": t} for x, t in zip(stored["data/x"], stored["data/t"], strict=True)]
    variables = train_op.init(KEY, batches[0]).variables
    state = train_op.state(
        variables | {n: jnp.asarray(stored[f"init/{n}"], variables[n].dtype) for n in variables}, KEY
    )
    step = jax.jit(train_op)
    for index in range(-1, case["steps"]):
        if index >= 0:
            state, result = step(state, batches[index % 3])
            np.testing.assert_allclose(result.loss, stored[f"train_op{index}"], rtol=1e-5)
            assert set(result.summaries) == {tag_of(name) for name in case["summaries"]}
        named = {**state.variables, **optimizers.slot_variables(state.optimizer, scope)}
        assert set(named) == {v["name"] for v in case["variables"]}
        for name, value in named.items():
            expected = stored[f"step{index}/{name}" if index >= 0 else f"init/{name}"]
            np.testing.assert_allclose(value, expected, rtol=2e-5, atol=5e-6, err_msg=f"{name}, {index}")


def tag_of(summary):
    """Our tag for a summary of TensorFlow's: its names of operations avoid those of variables."""
    return summary.replace("/learning_rate_1", "/learning_rate").replace("w_0", "w").replace("b_0", "b")


@pytest.mark.parametrize("case_id", REFUSED)
def test_refused_as_by_tensorflow(case_id):
    assert CASES[case_id]["error"]["type"] == "ValueError"
    with pytest.raises(ValueError, match=r"^optimize_loss: (optimizer|learning_rate|clip_gradients|summaries) must be"):
        optimize_loss(loss_fn, **options_of(CASES[case_id]))


def first_step(**options):
    """The variables before one step of rate 1 and those after it, the state, and the result."""
    train_op = optimize_loss(loss_fn, **dict(learning_rate=1.0, optimizer="SGD") | options)
    before = train_op.init(KEY, BATCH)
    after, result = jax.jit(train_op)(before, BATCH)
    return before.variables, after.variables, after, result


def gradients_of(**options):
    before, after, _, _ = first_step(**options)
    return {name: np.asarray(before[name] - after[name]) for name in ("w", "b")}


def test_noise_is_truncated_normal_and_new_at_every_step_and_for_every_seed():
    def wide_loss(batch):
        return jnp.mean(slim.variable("v", [100, 100], initializer=slim.zeros_initializer())) * batch

    def changes(key, **options):
        train_op = optimize_loss(wide_loss, learning_rate=1.0, optimizer="SGD", gradient_noise_scale=0.5, **options)
        first = train_op.init(key, 0.0)
        second, _ = jax.jit(train_op)(first, 0.0)
        third, _ = jax.jit(train_op)(second, 0.0)
        return [np.asarray(a.variables["v"] - b.variables["v"]) for a, b in ((first, second), (second, third))]

    first, second = changes(KEY)
    assert np.abs(first).max() < 1.001
    assert np.abs(first).max() > 0.9
    assert first.std() == pytest.approx(0.5 * 0.88, rel=0.03)  # a normal cut at two deviations
    assert abs(first.mean()) < 0.02
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.05
    assert np.array_equal(changes(KEY)[0], first)
    assert abs(np.corrcoef(first.ravel(), changes(jax.random.key(1))[0].ravel())[0, 1]) < 0.05
    without_step = changes(KEY, global_step=None)
    assert abs(np.corrcoef(without_step[0].ravel(), without_step[1].ravel())[0, 1]) < 0.05


@pytest.mark.parametrize("name", ["w", "w:0"])
def test_multipliers_by_name(name):
    plain, multiplied = gradients_of(), gradients_of(gradient_multipliers={name: 0.5})
    np.testing.assert_allclose(multiplied["w"], plain["w"] * 0.5, rtol=1e-5)
    assert np.array_equal(multiplied["b"], plain["b"])


def test_gradients_are_multiplied_then_clipped_together():
    plain = gradients_of()
    multiplied = {"w": 100 * plain["w"], "b": plain["b"]}
    norm = np.sqrt(sum(np.sum(np.square(g)) for g in multiplied.values()))
    clipped = gradients_of(gradient_multipliers={"w": 100.0}, clip_gradients=0.5)
    for name in plain:
        np.testing.assert_allclose(clipped[name], multiplied[name] * 0.5 / norm, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "clip",
    [
        lambda gradients: gradients | {"b": gradients["b"] * 0},
        optax.masked(optax.set_to_zero(), lambda tree: jax.tree.map(lambda leaf: leaf.ndim == 1, tree)),
    ],
)
def test_other_ways_to_clip(clip):
    plain, clipped = gradients_of(), gradients_of(clip_gradients=clip)
    assert np.array_equal(clipped["w"], plain["w"])
    assert not clipped["b"].any()


@pytest.mark.parametrize(
    "optimizer",
    [
        optimizers.GradientDescentOptimizer,
        optax.sgd,
        lambda rate: optax.chain(optax.identity(), optimizers.momentum(rate, 0.5)),
    ],
)
def test_optimizers_as_functions_of_the_rate(optimizer):
    plain, ours = gradients_of(), gradients_of(optimizer=optimizer)
    for name in plain:
        np.testing.assert_allclose(ours[name], plain[name], rtol=1e-6)


def test_rates_as_arrays_and_schedules():
    plain = gradients_of()
    for rate in (jnp.asarray(0.25), lambda step: 0.25 / (1 + step)):
        np.testing.assert_allclose(gradients_of(learning_rate=rate)["w"], plain["w"] * 0.25, rtol=1e-5, atol=1e-7)
    *_, state, result = first_step(learning_rate=lambda step: 0.25 / (1 + step))
    assert result.summaries["OptimizeLoss/learning_rate"] == 0.25
    assert optimizers.slot_variables(state.optimizer) == {}


def test_the_rate_in_the_state_can_be_changed():
    train_op = optimize_loss(loss_fn, learning_rate=1.0, optimizer="SGD")
    state = train_op.init(KEY, BATCH)
    assert optimizers.slot_variables(state.optimizer, "OptimizeLoss") == {"OptimizeLoss/learning_rate": 1.0}
    stopped = optimizers.with_slot_variables(state.optimizer, {"learning_rate": 0.0})
    after, _ = train_op(dataclasses.replace(state, optimizer=stopped), BATCH)
    assert np.array_equal(after.variables["w"], state.variables["w"])


def test_noise_of_one_variable_is_not_that_of_another():
    def loss(batch):
        return batch * sum(jnp.sum(slim.variable(name, [50], initializer=slim.zeros_initializer())) for name in "vw")

    train_op = optimize_loss(loss, learning_rate=1.0, optimizer="SGD", gradient_noise_scale=1.0)
    noisy = train_op(train_op.init(KEY, 0.0), 0.0)[0].variables
    assert abs(np.corrcoef(noisy["v"], noisy["w"])[0, 1]) < 0.5


def test_the_rate_follows_the_global_step_whoever_counts_it():
    def rates(**options):
        train_op = optimize_loss(
            loss_fn,
            learning_rate=1.0,
            optimizer="SGD",
            learning_rate_decay_fn=lambda rate, step: optimizers.exponential_decay(rate, step, 1, 0.5),
            **options,
        )
        state, seen = train_op.init(KEY, BATCH), []
        for _ in range(3):
            state, result = train_op(state, BATCH)
            seen.append(float(result.summaries["OptimizeLoss/learning_rate"]))
        return seen

    assert rates() == [1.0, 0.5, 0.25]
    assert rates(increment_global_step=False) == [1.0, 1.0, 1.0]


def test_a_loss_that_counts_by_itself():
    def counting(batch):
        slim.get_or_create_global_step()
        slim.update_variable("global_step", lambda step: step + 10)
        return loss_fn(batch)

    train_op = optimize_loss(counting, learning_rate=0.1, optimizer="SGD", increment_global_step=False)
    state = train_op.init(KEY, BATCH)
    for _ in range(2):
        state, _ = train_op(state, BATCH)
    assert state.variables["global_step"] == 20


def test_histograms_only_when_wanted_and_the_program_its_own_summaries():
    def loss(batch):
        value = loss_fn(batch)
        slim.summary.scalar("mine", value)
        return value

    train_op = optimize_loss(loss, learning_rate=0.1, optimizer="SGD", summaries=["gradients"], name="opt")
    state = train_op.init(KEY, BATCH)
    step = jax.jit(train_op)
    for want in (True, False):
        _, result = step(state, BATCH, want)
        assert set(result.summaries) == {"mine", "opt/gradients/w", "opt/gradients/b"}
        assert result.summaries["opt/gradients/w"].counts.sum() == (6 if want else 0)


def test_adaptive_clipping_follows_faster_at_first():
    slow, fast = adaptive_clipping_fn(), adaptive_clipping_fn(global_step=True, report_summary=True)
    gradients = {"w": jnp.full(4, 8.0)}
    for clip, mean in ((slow, 0.05 * np.log(16)), (fast, np.log(16))):
        _, state = clip.update(gradients, clip.init(gradients))
        assert state.shared["AdaptiveMaxNorm/mean"] == pytest.approx(mean, rel=1e-5)
    *_, result = first_step(clip_gradients=fast)
    assert "OptimizeLoss/global_norm/adaptive_max_gradient_norm" in result.summaries


def test_adaptive_clipping_in_a_chain_clips_the_unusual():
    clip = optax.chain(adaptive_clipping_fn(std_factor=1.9, global_step=True), optimizers.gradient_descent(1.0))
    state, norms = clip.init({"w": jnp.zeros(4)}), []
    for size in (1.0, 1.1, 0.9, 1.0, 100.0):
        changes, state = clip.update({"w": jnp.full(4, size / 2)}, state)
        norms.append(float(np.linalg.norm(changes["w"])))
    np.testing.assert_allclose(norms[:4], [1.0, 1.1, 0.9, 1.0], rtol=1e-5)
    assert norms[4] < 3


def test_train_runs_it_and_goes_on_exactly(tmp_path):
    def run(logdir, *stops):
        for stop in stops:
            train_op = optimize_loss(
                loss_fn,
                learning_rate=0.05,
                optimizer="Adam",
                clip_gradients=adaptive_clipping_fn(global_step=True),
                gradient_noise_scale=0.01,
                learning_rate_decay_fn=lambda rate, step: optimizers.exponential_decay(rate, step, 2, 0.5),
            )
            result = slim.learning.train(train_op, str(tmp_path / logdir), [BATCH] * 6, number_of_steps=stop)
        return result

    whole, resumed = run("whole", 6), run("resumed", 3, 6)
    assert whole.step == resumed.step == 6
    same = jax.tree.map(np.array_equal, *((r.state.variables, r.state.optimizer) for r in (whole, resumed)))
    assert jax.tree.all(same)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            dict(learning_rate=None, optimizer=optimizers.adam(), learning_rate_decay_fn=max),
            "must be given for learning_",
        ),
        (dict(optimizer=optimizers.adam()), "learning_rate must be None, as optimizer is made already.* got 1.0"),
        (dict(optimizer=3), r"learning rate -> optimizer, got 3\."),
        (dict(optimizer=lambda rate: rate), "optimizer must return an optax transformation, got"),
        (dict(optimizer=None), "optimizer must be one of Adagrad, Adam, .* got None"),
        (dict(global_step=None, learning_rate_decay_fn=max), "global_step must not be None where"),
        (dict(learning_rate=jnp.ones(2)), "learning_rate must be a number, a scalar array, .* got"),
        (dict(clip_gradients=-1.0), r"clip_gradients must be positive, or None, got -1\.0"),
        (dict(gradient_multipliers={"v": 2.0}), "gradient_multipliers names 'v', which has no gradient"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(ValueError, match=message):
        first_step(**options)


def test_a_loss_that_is_no_function_is_refused():
    with pytest.raises(TypeError, match="loss must be a function batch -> scalar loss, got float"):
        optimize_loss(0.5, learning_rate=0.1, optimizer="SGD")


def test_both_are_where_tf_slim_has_them():
    assert slim.optimize_loss is optimize_loss
    assert slim.adaptive_clipping_fn is adaptive_clipping_fn
