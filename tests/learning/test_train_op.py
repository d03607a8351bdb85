"""create_train_op: TF-Slim's trajectories, what is trained, what is applied, what is refused."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import golden
import jax_slim as slim
from jax_slim.summary import Buckets

CASES = golden.cases("training")
RECORDED = [id for id in CASES if id.startswith("create_train_op") and "error" not in CASES[id]]
KEY = jax.random.key(0)
X = np.random.default_rng(0).normal(size=(8, 5)).astype(np.float32)
BATCH = {"x": X, "labels": np.arange(8) % 3}


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


def optimizer_of(case):
    kwargs = dict(case["optimizer"]["kwargs"])
    rate = kwargs.get("learning_rate")
    if case["decay"]:
        decay = case["decay"]["kwargs"]
        rate = optax.exponential_decay(
            decay["learning_rate"], decay["decay_steps"], decay["decay_rate"], staircase=decay["staircase"]
        )
    match case["optimizer"]["opt"]:
        case "GradientDescent":
            return optax.sgd(rate)
        case "Momentum":
            return optax.sgd(rate, momentum=kwargs["momentum"])
        case "RMSProp":
            return optax.rmsprop(
                rate, kwargs["decay"], kwargs["epsilon"], 1.0, True, momentum=kwargs["momentum"]
            )  # what TF's defaults are in optax's words
    raise NotImplementedError(case["optimizer"])


def train_op_of(case):
    options = dict(case["kwargs"])
    if case["global_step"] == "none":
        options["global_step"] = None
    if case["update_ops"] != "default":
        options["update_ops"] = case["update_ops"]
    return slim.learning.create_train_op(
        loss_fn,
        optimizer_of(case),
        variables_to_train=case["variables_to_train"],
        gradient_multipliers=case["gradient_multipliers"],
        **options,
    )


@pytest.mark.parametrize("case_id", RECORDED)
def test_as_tensorflow(case_id):
    case, stored = CASES[case_id], golden.case_arrays("training", case_id)
    train_op = train_op_of(case)
    batches = [{"x": x, "labels": labels} for x, labels in zip(stored["data/x"], stored["data/labels"], strict=True)]
    specs = train_op.specs(batches[0])
    of_program = [
        v["name"]
        for v in case["variables"]
        if not v["name"].endswith(("/Momentum", "/RMSProp", "/RMSProp_1", "/RMSProp_2"))
    ]
    assert sorted(specs) == sorted(name for name in of_program if not name.startswith("beta"))
    initial = train_op.init(KEY, batches[0]).variables | {
        name: jnp.asarray(stored[f"init/{name}"], spec.dtype) for name, spec in specs.items()
    }
    state = train_op.state(initial, KEY)
    step = jax.jit(train_op)
    for index in range(case["steps"]):
        state, result = step(state, batches[index % 3])
        np.testing.assert_allclose(result.loss, stored[f"train_op{index}"], rtol=2e-5)
        for name in specs:
            np.testing.assert_allclose(
                state.variables[name], stored[f"step{index}/{name}"], rtol=1e-4, atol=2e-6, err_msg=f"{name}, {index}"
            )


def step(batch=BATCH, optimizer=None, loss=loss_fn, **options):
    """The state before and after one step, and its result."""
    train_op = slim.learning.create_train_op(loss, optimizer or optax.sgd(0.1), **options)
    before = train_op.init(KEY, batch)
    run = train_op if "transform_grads_fn" in options else jax.jit(train_op)  # outside of `jit` one may look at them
    return (before.variables, *run(before, batch))


def changed(before, after):
    return {name for name in before if not np.array_equal(before[name], after[name])}


def test_a_step_trains_averages_and_counts():
    before, after, _ = step()
    assert changed(before, after.variables) == set(before)
    assert after.variables["global_step"] == 1


def test_only_what_is_to_be_trained():
    averages = {"fc1/BatchNorm/moving_mean", "fc1/BatchNorm/moving_variance", "global_step"}
    before, after, _ = step(variables_to_train=["fc2"])
    assert changed(before, after.variables) == averages | {"fc2/weights", "fc2/biases"}
    before, after, _ = step(variables_to_train=["fc1/weights"], update_ops=[])
    assert changed(before, after.variables) == {"fc1/weights", "global_step"}
    before, after, _ = step(variables_to_train=before.select(suffix="biases"), update_ops=["fc1/BatchNorm/moving_mean"])
    assert changed(before, after.variables) == {"fc2/biases", "fc1/BatchNorm/moving_mean", "global_step"}


def test_optimizer_state_covers_only_what_is_trained():
    train_op = slim.learning.create_train_op(loss_fn, optax.sgd(0.1, momentum=0.9), variables_to_train=["fc2"])
    state = train_op.init(KEY, BATCH)
    assert {leaf.shape for leaf in jax.tree.leaves(state.optimizer)} == {(4, 3), (3,)}


def test_gradients_are_multiplied_then_clipped_then_transformed():
    seen = {}

    def keep(gradients):
        seen.update(gradients)
        return gradients

    step(transform_grads_fn=keep)
    plain = dict(seen)
    step(transform_grads_fn=keep, gradient_multipliers={"fc2/weights": 1000.0}, clip_gradient_norm=0.05)
    assert np.linalg.norm(seen["fc2/weights"]) == pytest.approx(0.05, rel=1e-5)
    cosine = np.vdot(seen["fc2/weights"], plain["fc2/weights"]) / 0.05 / np.linalg.norm(plain["fc2/weights"])
    assert cosine == pytest.approx(1, rel=1e-5)


def test_gradient_summaries_and_histograms_on_demand():
    def loss(batch):
        total = loss_fn(batch)
        slim.summary.scalar("losses/total_loss", total)
        slim.summary.histogram("input", batch["x"])
        return total

    _, _, result = step(loss=loss, summarize_gradients=True)
    assert result.summaries["losses/total_loss"] == result.loss
    assert result.summaries["fc2/weights/gradient"].counts.sum() == 12
    assert result.summaries["fc2/weights/gradient_norm"] > 0
    train_op = slim.learning.create_train_op(loss, optax.sgd(0.1))
    state = train_op.init(KEY, BATCH)
    compiled = jax.jit(train_op)
    states, results = zip(*(compiled(state, BATCH, want) for want in (True, False)), strict=True)
    assert isinstance(results[0].summaries["input"], Buckets)
    assert results[0].summaries["input"].counts.sum() == X.size
    assert results[1].summaries["input"].counts.sum() == 0
    # Whether a step is summarized must not change what it learns, or a resumed run would not end as another.
    assert jax.tree.all(jax.tree.map(np.array_equal, states[0].variables, states[1].variables))


def test_dropout_masks_change_from_step_to_step_and_not_from_run_to_run():
    def loss(batch):
        kept = slim.dropout(batch["x"], 0.5)
        slim.summary.scalar("kept", jnp.sum(kept))
        return jnp.mean(kept) * slim.variable("scale", initializer=1.0)

    train_op = slim.learning.create_train_op(loss, optax.sgd(0.1))

    def run():
        state, kept = train_op.init(KEY, BATCH), []
        for _ in range(3):
            state, result = jax.jit(train_op)(state, BATCH)
            kept.append(float(result.summaries["kept"]))
        return kept

    assert run() == run()
    assert len(set(run())) == 3


def test_a_step_that_the_loss_makes_in_a_scope_is_the_one_that_is_counted():
    def loss(batch):
        with slim.variable_scope("net"):
            seen = slim.get_or_create_global_step().astype(jnp.float32)
            return jnp.mean(slim.fully_connected(batch["x"], 1) * 0) + seen

    train_op = slim.learning.create_train_op(loss, optax.sgd(0.1))
    state = train_op.init(KEY, BATCH)
    assert [name for name in state.variables if "global_step" in name] == ["global_step"]
    step = jax.jit(train_op)
    for expected in range(3):
        state, result = step(state, BATCH)
        assert float(result.loss) == expected


def test_an_update_of_a_trained_variable_is_kept():
    def loss(batch):
        scale = slim.variable("scale", initializer=jnp.asarray(2.0))
        slim.update_variable("scale", lambda old: old + 10)
        return scale * 3

    before, after, _ = step(loss=loss)
    assert after.variables["scale"] == pytest.approx(2 + 10 - 0.3)
    assert before["scale"] == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"variables_to_train": ["fc3"]},
            r"'fc3', which no trainable variable begins with.*The variables are: fc1/weights",
        ),
        ({"variables_to_train": ["fc1/BatchNorm/moving_mean"]}, r"'fc1/BatchNorm/moving_mean', which is not trainable"),
        ({"gradient_multipliers": {"fc9": 1.0}}, "names 'fc9', which has no gradient"),
        ({"gradient_multipliers": {}}, "must name variables or be None, got an empty dict"),
        ({"clip_gradient_norm": -1}, "must be positive, or 0 for no clipping, got -1"),
    ],
)
def test_refuses_values(options, message):
    with pytest.raises(ValueError, match=message):
        step(**options)


def test_a_batch_is_transformed_first_and_whole_with_a_key_for_each_step():
    seen = []

    def shifted(batch, key):
        seen.append(batch["x"].shape)
        return {"x": batch["x"].astype(jnp.float32) + jax.random.normal(key), "labels": batch["labels"]}

    def loss(batch):
        assert batch["x"].shape == (4, 5) and batch["x"].dtype == jnp.float32  # a part, of what was transformed
        weight = slim.model_variable("w", [], initializer=slim.zeros_initializer())
        return jnp.mean(batch["x"]) * 0 + jnp.mean(batch["x"]) * weight

    train_op = slim.learning.create_train_op(loss, optax.sgd(1.0), accumulate=2, transform_batch=shifted)
    batch = {"x": np.ones((8, 5), np.uint8), "labels": np.zeros(8, int)}
    assert list(train_op.specs({"x": batch["x"][:4], "labels": batch["labels"][:4]})) == ["w", "global_step"]
    state = train_op.init(KEY, {"x": batch["x"][:4], "labels": batch["labels"][:4]})
    step, weights = jax.jit(train_op), [0.0]
    for _ in range(2):
        state, _ = step(state, batch)
        weights.append(float(state.variables["w"]))
    shifts = -np.diff(weights) - 1
    assert abs(shifts[0] - shifts[1]) > 1e-3 and seen[-1] == (8, 5)
    again, _ = step(train_op.init(KEY, {"x": batch["x"][:4], "labels": batch["labels"][:4]}), batch)
    assert float(again.variables["w"]) == weights[1]
    with pytest.raises(TypeError, match=r"transform_batch must be a function \(batch, key\) -> batch, got int"):
        slim.learning.create_train_op(loss, optax.sgd(1.0), transform_batch=3)


@pytest.mark.parametrize(
    ("loss", "optimizer", "message"),
    [
        (lambda batch: None, None, "the loss function returned None"),
        (lambda batch: slim.variable("v", shape=[2]), None, r"one floating-point scalar, got shape \(2,\)"),
        (jnp.ones(()), None, "total_loss must be a function batch -> scalar loss, got"),
        (loss_fn, 0.1, r"must be an optax transformation such as optax.sgd\(0.1\), got 0.1"),
    ],
)
def test_refuses_kinds(loss, optimizer, message):
    with pytest.raises(TypeError, match=message):
        step(loss=loss, optimizer=optimizer)


def test_nothing_to_train_is_refused():
    with pytest.raises(ValueError, match="there is nothing to train among 1 variables"):
        step(loss=lambda batch: jnp.mean(batch["x"]))


def test_no_variable_is_copied_to_be_updated_in_place():
    def loss_fn(batch):
        net = slim.conv2d(batch, 24, 1, normalizer_fn=slim.batch_norm, scope="a")
        net = slim.conv2d(net, 24, 1, normalizer_fn=slim.batch_norm, scope="b")
        slim.losses.add_loss(jnp.mean(jnp.square(net)))
        return slim.losses.get_total_loss()

    train_op = slim.learning.create_train_op(loss_fn, slim.optimizers.momentum(0.1, 0.9))
    batch = jax.ShapeDtypeStruct((2, 4, 4, 24), jnp.float32)
    state = jax.eval_shape(lambda: train_op.init(KEY, batch))
    step = slim.jit(train_op, donate_argnums=0).lower(state, batch).compile()
    assert not re.findall(r"= f32\[1,1,24,24\]\S* copy\(", step.as_text())
