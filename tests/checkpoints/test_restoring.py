"""Values from checkpoints into variables: TensorFlow's files, every form of asking, and what does not fit."""

import logging
import re

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from hypothesis import given

import golden
import jax_slim as slim
from jax_slim.checkpoints import CheckpointError, save_safetensors, tensorflow
from jax_slim.core.values import Facts
from jax_slim.nets import lenet

FOLDER = golden.FOLDER / "checkpoints"
LENET = FOLDER / "v2_lenet_finetune"
EMA = FOLDER / "v2_ema"
MIXED = FOLDER / "v1_mixed"


def lenet_model(num_classes=10):
    def program(images):
        with slim.arg_scope(lenet.lenet_arg_scope()):
            return lenet.lenet(images, num_classes)[0]

    return slim.Model(program)


def lenet_in_float64(images, of):
    """The definition: two convolutions with pooling, two dense layers."""

    def conv(x, name):
        w, b = (of[f"LeNet/{name}/{part}"].astype(np.float64) for part in ("weights", "biases"))
        x = np.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)))
        rows, cols = x.shape[1] - 4, x.shape[2] - 4
        y = sum(x[:, i : i + rows, j : j + cols] @ w[i, j] for i, j in np.ndindex(5, 5))
        y = np.maximum(y + b, 0)
        return y.reshape(len(y), rows // 2, 2, cols // 2, 2, -1).max((2, 4))

    def dense(x, name):
        return x @ of[f"LeNet/{name}/weights"].astype(np.float64) + of[f"LeNet/{name}/biases"]

    net = conv(conv(images.astype(np.float64), "conv1"), "conv2").reshape(len(images), -1)
    return dense(np.maximum(dense(net, "fc3"), 0), "fc4")


def zeros(**shapes):
    return slim.Variables({name: jnp.zeros(shape) for name, shape in shapes.items()})


def value_of(case, name):
    return golden.case_arrays("checkpoints", case)[name]


# What TensorFlow wrote.


def test_a_checkpoint_of_tensorflow_gives_lenet_its_logits():
    images = np.random.default_rng(0).normal(size=golden.cases("checkpoints")["v2_lenet_finetune"]["input_shape"])
    images = images.astype(np.float32)
    model = lenet_model()
    variables = slim.assign_from_checkpoint(LENET, jax.eval_shape(model.init, jax.random.key(0), images))
    assert len(variables) == 8
    for name, value in variables.items():
        np.testing.assert_array_equal(value, golden.det_value(name, value.shape))
    expected = lenet_in_float64(images, {name: golden.det_value(name, v.shape) for name, v in variables.items()})
    np.testing.assert_allclose(model.apply(variables, images), expected, rtol=1e-4, atol=1e-4)


def test_what_is_written_here_gives_tensorflows_logits(tmp_path):
    case = golden.cases("nets")["lenet_eval"]
    model, images = lenet_model(), golden.make_input(case["input"])
    specs = jax.eval_shape(model.init, jax.random.key(0), images)
    written = {name: golden.det_value(name, spec.shape) for name, spec in specs.items()}
    path = tensorflow.write_checkpoint(tmp_path / "lenet.ckpt", written)
    logits = model.apply(slim.assign_from_checkpoint(path, specs), images)
    np.testing.assert_allclose(logits, golden.case_arrays("nets", "lenet_eval")["logits"], rtol=1e-4, atol=1e-4)


def test_all_but_some_layers():
    images = np.zeros((1, 28, 28, 1), np.float32)
    variables = lenet_model(5).init(jax.random.key(0), images)
    message = r"3 of 8 variables cannot be read from .*v2_lenet.* \(TensorFlow V2\); nothing was changed"
    with pytest.raises(CheckpointError, match=message) as caught:
        slim.assign_from_checkpoint(LENET, variables)
    text = str(caught.value)
    assert re.search(r"of another shape \(3\) +checkpoint +program\n", text)
    assert re.search(r"LeNet/fc3/weights +\[256, 1024\] +\[3136, 1024\]\n", text)
    assert "exclude=['LeNet/fc3', 'LeNet/fc4']" in text
    found = slim.assign_from_checkpoint(LENET, variables, exclude=["LeNet/fc3", "LeNet/fc4"])
    assert found.facts == variables.facts
    for name, value in found.items():
        is_read = "/conv" in name
        np.testing.assert_array_equal(value, golden.det_value(name, value.shape) if is_read else variables[name])
    again = slim.assign_from_checkpoint(LENET, variables, include="LeNet/conv1")
    assert [name for name in again if again[name] is not variables[name]] == [
        "LeNet/conv1/weights",
        "LeNet/conv1/biases",
    ]


def test_moving_averages_made_inside_a_scope(tmp_path):
    """As TensorFlow names them: `apply` inside variable_scope('train') makes 'train/net/w/ExponentialMovingAverage'."""
    values = {"net/w": [8.0], "net/b": [1.0], "train/net/w/ExponentialMovingAverage": [4.0], "global_step": 7}
    checkpoint = {name: np.asarray(value, np.float32) for name, value in values.items()}
    path = slim.checkpoints.tensorflow.write_checkpoint(tmp_path / "model.ckpt", checkpoint)
    found = slim.assign_from_checkpoint(path, zeros(**{"net/w": (1,), "net/b": (1,)}), moving_average=True)
    assert {name: float(value[0]) for name, value in found.items()} == {"net/w": 4, "net/b": 1}
    loaded = slim.checkpoints.load_variables(path, moving_average=True)
    assert {name: float(np.ravel(value)[0]) for name, value in loaded.items()} == {
        "net/w": 4,
        "net/b": 1,
        "global_step": 7,
    }
    copy = slim.checkpoints.convert_checkpoint(path, tmp_path / "copy.safetensors", include="net", moving_average=True)
    assert slim.checkpoints.load_variables(copy)["net/w"] == 4
    renamed = slim.assign_from_checkpoint(
        path, zeros(w=(1,)), name_map=lambda name: name.removeprefix("net/"), moving_average=True
    )
    assert renamed["w"] == 4


def test_moving_averages_of_other_variables_are_refused():
    average = "ExponentialMovingAverage"
    checkpoint = {name: np.ones(1) for name in ("w", "net/w", f"net/w/{average}")}
    with pytest.raises(
        CheckpointError, match=r"moving averages of other variables \('net/w', ...\), and none of these"
    ):
        slim.assign_from_checkpoint(checkpoint, zeros(w=(1,)), moving_average=True)
    several = {name: np.ones(1) for name in ("w", f"a/w/{average}", f"b/w/{average}")}
    with pytest.raises(CheckpointError, match=f"'w' has several moving averages: 'a/w/{average}' and 'b/w/{average}'"):
        slim.assign_from_checkpoint(several, zeros(w=(1,)), moving_average=True)
    own = several | {f"w/{average}": np.full(1, 3.0)}
    assert slim.assign_from_checkpoint(own, zeros(w=(1,)), moving_average=True)["w"] == 3


def test_moving_averages_take_the_place_of_variables():
    variables = zeros(**{"fc/weights": (3, 2), "fc/biases": (2,)})
    for average in (False, True):
        found = slim.assign_from_checkpoint(EMA, variables, moving_average=average)
        loaded = slim.checkpoints.load_variables(EMA, moving_average=average)
        assert set(loaded) == set(variables)
        for name in variables:
            stored = value_of("v2_ema", name + "/ExponentialMovingAverage" * average)
            np.testing.assert_array_equal(found[name], stored)
            np.testing.assert_array_equal(loaded[name], stored)
    names = slim.optimizers.ExponentialMovingAverage(0.9).variables_to_restore(variables)
    by_dict = slim.assign_from_checkpoint(EMA, names)
    np.testing.assert_array_equal(by_dict["fc/biases"], value_of("v2_ema", "fc/biases/ExponentialMovingAverage"))
    for function in (slim.assign_from_checkpoint, slim.checkpoints.load_variables):
        arguments = (LENET, ["LeNet/fc4/biases"]) if function is slim.assign_from_checkpoint else (LENET,)
        with pytest.raises(CheckpointError, match="holds no moving averages"):
            function(*arguments, moving_average=True)


@pytest.mark.parametrize("case", ["v1_partitioned", "v2_partitioned"])
def test_parts_of_variables_come_out_of_whole_ones(case):
    def program():
        for name, shape, axis in (("embedding", (10, 4), 0), ("weights", (7, 5), 1)):
            partitioner = slim.fixed_size_partitioner(3, axis)
            with slim.variable_scope("p"):
                slim.variable(name, shape, partitioner=partitioner)
        slim.variable("plain", (3,))

    variables = jax.eval_shape(slim.Model(program).init, jax.random.key(0))
    found = slim.assign_from_checkpoint(FOLDER / case, variables)
    for name, axis in (("embedding", 0), ("weights", 1)):
        parts = [found[f"p/{name}/part_{i}"] for i in range(3)]
        np.testing.assert_array_equal(np.concatenate(parts, axis), value_of(case, f"p/{name}"))
    listed = {"p/embedding": [f"p/embedding/part_{i}" for i in range(3)]}
    with pytest.raises(CheckpointError, match="missing in the checkpoint"):  # where it begins is not known
        slim.assign_from_checkpoint(FOLDER / case, zeros(**{"p/embedding/part_1": (3, 4)}))
    init_fn = slim.assign_from_checkpoint_fn(FOLDER / case, listed)
    start = slim.Variables({name: jnp.zeros(spec.shape) for name, spec in variables.items()})
    np.testing.assert_array_equal(init_fn(start)["p/embedding/part_1"], found["p/embedding/part_1"])


def test_reshape_variables():
    one_by_one = zeros(**{"fc/weights": (1, 1, 3, 2)})
    with pytest.raises(CheckpointError, match=r"fc/weights +\[3, 2\] +\[1, 1, 3, 2\]"):
        slim.assign_from_checkpoint(EMA, one_by_one)
    for make in (
        lambda variables: slim.assign_from_checkpoint(EMA, variables, reshape_variables=True),
        slim.assign_from_checkpoint_fn(EMA, None, reshape_variables=True),
    ):
        np.testing.assert_array_equal(make(one_by_one)["fc/weights"][0, 0], value_of("v2_ema", "fc/weights"))
        with pytest.raises(CheckpointError, match=r"fc/weights +\[3, 2\] +\[7\]"):
            make(zeros(**{"fc/weights": (7,)}))


def test_momentum_of_a_tensorflow_run_goes_on(tmp_path):
    optimizer = slim.optimizers.MomentumOptimizer(0.1, 0.9)
    variables = zeros(w=(3,))
    wrote = {"w": np.ones(3), "w/Momentum": np.arange(3.0), "global_step": np.int64(7)}
    path = tensorflow.write_checkpoint(tmp_path / "model.ckpt", {n: np.float32(v) for n, v in wrote.items()})
    with slim.checkpoints.open_checkpoint(path) as checkpoint:
        state = slim.optimizers.with_slot_variables(optimizer.init(variables), checkpoint)
    np.testing.assert_array_equal(state.slots["Momentum"]["w"], [0, 1, 2])
    assert state.count == 7
    assert list(slim.checkpoints.load_variables(path)) == ["global_step", "w"]


# Ways to ask.


def every_format(tmp_path):
    values = {"model/a": np.arange(6, dtype=np.float32).reshape(2, 3), "model/b": np.float32(5), "model/c": np.ones(4)}
    save_safetensors(tmp_path / "x.safetensors", values)
    yield tmp_path / "x.safetensors"
    yield tensorflow.write_checkpoint(tmp_path / "x.ckpt", values)
    yield slim.checkpoints.convert_checkpoint(values, tmp_path / "run", format="orbax")
    yield values


def test_every_way_to_ask_in_every_format(tmp_path):
    variables = slim.Variables({"a": jnp.zeros((2, 3)), "b": jnp.zeros(()), "kept": jnp.ones(2)})
    for path in every_format(tmp_path):
        for make in (
            slim.assign_from_checkpoint_fn(path, {"model/a": "a", "model/b": "b:0"}),
            slim.assign_from_checkpoint_fn(path, {"model/a:0": "a", "model/b": "b"}),
            slim.assign_from_checkpoint_fn(path, lambda name: f"model/{name}" if name != "kept" else None),
            slim.assign_from_checkpoint_fn(path, ["a", "b"], name_map=lambda name: name.removeprefix("model/")),
            slim.assign_from_checkpoint_fn(path, ["a", "b"], name_map={"model/a": "a", "model/b": "b"}),
            slim.assign_from_checkpoint_fn(path, exclude="kept", name_map=lambda name: name[6:]),
            slim.assign_from_checkpoint_fn(path, include=["a", "b"], name_map=lambda name: name[6:]),
            slim.assign_from_checkpoint_fn(path, variables.only("ab"), name_map=lambda name: name[6:]),
            slim.assign_from_checkpoint_fn(path, ignore_missing_vars=True, name_map=lambda name: name[6:]),
        ):
            found = make(variables)
            assert list(found) == ["a", "b", "kept"]
            np.testing.assert_array_equal(found["a"], [[0, 1, 2], [3, 4, 5]])
            assert found["b"] == 5
            assert found["kept"] is variables["kept"]
        by_name = slim.assign_from_checkpoint(path, ["model/b", "model/a"])
        assert list(by_name) == ["model/b", "model/a"]
        assert by_name["model/b"] == 5
        assert not isinstance(by_name["model/a"], jax.Array)


def test_records_and_arrays_of_a_running_program():
    seen = {}

    def program():
        array = slim.variable("fc/weights", (3, 2))
        slim.variable("fc/biases", (2,))
        records = slim.get_variables_to_restore(exclude=["fc/w"])
        seen["records"] = slim.assign_from_checkpoint_fn(EMA, records)
        seen["array"] = slim.assign_from_checkpoint_fn(EMA, [array])

    model = slim.Model(program)
    variables = model.init(jax.random.key(0))
    for init_fn, read in ((seen["records"], "fc/biases"), (seen["array"], "fc/weights")):
        found = init_fn(variables)
        assert [name for name in found if found[name] is not variables[name]] == [read]
        np.testing.assert_array_equal(found[read], value_of("v2_ema", read))
    specs = slim.assign_from_checkpoint(EMA, model.specs())
    assert dict(specs.facts) == dict(variables.facts)


@given(st.sets(st.sampled_from(["a/b", "a/w", "c/d", "e"])), st.sets(st.sampled_from(["a/b", "a/w", "c/d", "e", "x"])))
def test_what_is_read_and_what_stays(asked, had):
    shapes = {"a/b": (4,), "a/w": (3, 4), "c/d": (2, 2, 2), "e": (3,), "x": (1,)}
    variables = slim.Variables({n: np.full(shapes[n], 9, np.int32 if n == "e" else np.float32) for n in sorted(had)})
    asked &= had
    if not asked:
        with pytest.raises(ValueError, match="must"):
            slim.assign_from_checkpoint_fn(MIXED, list(asked))(variables)
        return
    found = slim.assign_from_checkpoint_fn(MIXED, sorted(asked))(variables)
    assert list(found) == list(variables)
    for name in found:
        stored = value_of("v1_mixed", name) if name in asked else variables[name]
        np.testing.assert_array_equal(found[name], np.asarray(stored, found[name].dtype))


def test_all_variables_but_the_step_and_local_ones_are_read_by_default():
    local = Facts(False, ("local_variables",))
    variables = slim.Variables({"a/b": jnp.zeros(4), "total": jnp.zeros(()), "global_step": jnp.zeros((), jnp.int32)})
    variables = slim.Variables(variables, {"total": local})
    found = slim.assign_from_checkpoint_fn(MIXED)(variables)
    assert found["global_step"] == 0
    np.testing.assert_array_equal(found["a/b"], value_of("v1_mixed", "a/b"))
    found = slim.assign_from_checkpoint_fn(LENET, ["global_step"])(variables)
    assert found["global_step"] == 1234
    assert found["global_step"].dtype == jnp.int32


def test_it_is_an_init_fn_of_train(tmp_path):
    import optax

    def loss_fn(batch):
        net = slim.fully_connected(batch, 2, scope="fc")
        return jnp.sum(slim.fully_connected(net, 1, scope="new"))

    train_op = slim.learning.create_train_op(loss_fn, optax.sgd(0.1), variables_to_train=["new"])
    batches = [np.ones((4, 3), np.float32)] * 2
    init_fn = slim.assign_from_checkpoint_fn(EMA, exclude=["new"])
    result = slim.learning.train(train_op, tmp_path / "run", batches, 2, init_fn=init_fn, summary_writer=None)
    np.testing.assert_array_equal(result.variables["fc/weights"], value_of("v2_ema", "fc/weights"))
    assert result.step == 2
    with pytest.raises(CheckpointError, match=r"missing in the checkpoint \(2\)"):
        slim.learning.train(
            train_op, tmp_path / "other", batches, 2, init_fn=slim.assign_from_checkpoint_fn(EMA), summary_writer=None
        )


# Dtypes and places.


def test_dtypes_and_places_stay(tmp_path):
    path = tensorflow.write_checkpoint(
        tmp_path / "x.ckpt",
        {"f": np.float64([1.5, 2]), "i": np.int64([3]), "b": np.asarray([True]), "h": np.ones(2, ml_dtypes.bfloat16)},
    )
    place = jax.sharding.NamedSharding(jax.make_mesh((1,), ("data",)), jax.sharding.PartitionSpec("data"))
    variables = slim.Variables(
        {
            "f": jnp.zeros(2, jnp.bfloat16),
            "i": jax.device_put(jnp.zeros(1, jnp.int16), place),
            "b": np.asarray([False]),
            "h": jax.ShapeDtypeStruct((2,), jnp.float32),
        }
    )
    found = slim.assign_from_checkpoint(path, variables)
    assert {name: value.dtype.name for name, value in found.items()} == {
        "f": "bfloat16",
        "i": "int16",
        "b": "bool",
        "h": "float32",
    }
    assert found["i"].sharding == place
    assert [float(value[0]) for value in found.values()] == [1.5, 3, 1, 1]
    with pytest.raises(CheckpointError, match=r"of another kind of numbers \(2\)"):
        slim.assign_from_checkpoint(path, slim.Variables({"f": np.zeros(2, np.int32), "b": np.zeros(1)}))
    big = tensorflow.write_checkpoint(tmp_path / "big.ckpt", {"i": np.int64([1 << 40])})
    with pytest.raises(CheckpointError, match="'i' has values that int16 cannot hold, from 1099511627776 to"):
        slim.assign_from_checkpoint(big, slim.Variables({"i": np.zeros(1, np.int16)}))
    words = tensorflow.write_checkpoint(tmp_path / "words.ckpt", {"s": np.asarray([b"x"], object)})
    with pytest.raises(CheckpointError, match=r"s +string +float32"):
        slim.assign_from_checkpoint(words, slim.Variables({"s": np.zeros(1, np.float32)}))


# What is missing.


def test_missing_variables_are_an_error_or_logged(caplog):
    variables = zeros(**{"fc/weights": (3, 2), "fc/bias": (2,), "head/weights": (2, 2)})
    with pytest.raises(CheckpointError, match=r"2 of 3 variables") as caught:
        slim.assign_from_checkpoint(EMA, variables)
    assert re.search(r"fc/bias +\[2\] +fc/biases\n", str(caught.value))
    assert re.search(r"only in the checkpoint \(1\).*\n  fc/biases +\[2\] +fc/bias\n", str(caught.value))
    assert "ExponentialMovingAverage" not in str(caught.value)
    for make in (
        lambda: slim.assign_from_checkpoint(EMA, variables, ignore_missing_vars=True),
        lambda: slim.assign_from_checkpoint_fn(EMA, ignore_missing_vars=True)(variables),
    ):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            found = make()
        assert "2 of 3 variables keep their values" in caplog.text
        assert "head/weights" in caplog.text
        assert found["head/weights"] is variables["head/weights"]
        np.testing.assert_array_equal(found["fc/weights"], value_of("v2_ema", "fc/weights"))
    found = slim.assign_from_checkpoint(EMA, ["fc/weights", "nope"], ignore_missing_vars=True)
    assert list(found) == ["fc/weights"]
    with pytest.raises(CheckpointError, match="of another shape"):  # that is not to be ignored
        slim.assign_from_checkpoint(EMA, zeros(**{"fc/weights": (9,), "x": ()}), ignore_missing_vars=True)


def test_what_was_found_under_another_name_is_not_unexpected():
    with pytest.raises(CheckpointError, match=r"1 of 2 variables") as caught:
        slim.assign_from_checkpoint(EMA, {"fc/weights": "w", "nope": "x"})
    assert "fc/weights" not in str(caught.value)
    assert re.search(r"\n  x \(as nope\)", str(caught.value))
    assert "only in the checkpoint (1)" in str(caught.value)


def test_an_exclude_that_does_nothing_is_told(caplog):
    slim.assign_from_checkpoint(EMA, zeros(**{"fc/weights": (3, 2)}), exclude=["AuxLogits"])
    assert "exclude has 'AuxLogits', with which no variable's name begins" in caplog.text


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda v: slim.assign_from_checkpoint(EMA, []), ValueError, "var_list must not be empty"),
        (lambda v: slim.assign_from_checkpoint(EMA, "fc"), TypeError, "var_list must be Variables, a list"),
        (lambda v: slim.assign_from_checkpoint(EMA, None), TypeError, "var_list must be Variables, a list"),
        (lambda v: slim.assign_from_checkpoint(EMA, [v["a"]]), TypeError, "Outside of a program give Variables"),
        (
            lambda v: slim.assign_from_checkpoint(EMA, {"x": "a", "y": "a"}),
            ValueError,
            "puts both 'x' and 'y' into 'a'",
        ),
        (lambda v: slim.assign_from_checkpoint(EMA, v, exclude="a"), ValueError, "must leave something to read"),
        (lambda v: slim.assign_from_checkpoint_fn(EMA, ["b"])(v), KeyError, "there is no variable 'b'. The variables"),
        (lambda v: slim.assign_from_checkpoint_fn(EMA)({"a": 1}), TypeError, "variables must be Variables, got dict"),
        (
            lambda v: slim.assign_from_checkpoint(EMA, v, name_map=lambda name: "a"),
            ValueError,
            "name_map puts both 'fc/biases' and .* into 'a'",
        ),
        (lambda v: slim.assign_from_checkpoint(EMA, v, name_map=lambda name: 3), TypeError, "name_map must give names"),
        (lambda v: slim.assign_from_checkpoint(FOLDER / "nope", v), CheckpointError, "No such checkpoint: .*nope"),
        (lambda v: slim.assign_from_checkpoint(FOLDER / "bad_v2_index", v), CheckpointError, "is damaged"),
        (lambda v: slim.assign_from_checkpoint(FOLDER / "bad_v2_data", ["w"]), CheckpointError, "'w' cannot be read"),
    ],
)
def test_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call(zeros(a=(2,)))


def test_what_is_renamed_on_purpose_goes_before_what_has_the_name():
    values = {"a": np.zeros(2), "model/a": np.ones(2)}
    for name_map in (lambda name: name.removeprefix("model/"), {"model/a": "a"}):
        found = slim.assign_from_checkpoint(values, zeros(a=(2,)), name_map=name_map)
        np.testing.assert_array_equal(found["a"], [1, 1])


def test_averages_are_found_through_a_name_map():
    averages = {"model/a/ExponentialMovingAverage": np.ones(2)}
    for name_map in (lambda name: name.removeprefix("model/"), {"model/a": "a"}):
        found = slim.assign_from_checkpoint(averages, zeros(a=(2,)), name_map=name_map, moving_average=True)
        np.testing.assert_array_equal(found["a"], [1, 1])


# Values.


def test_assign_from_values():
    variables = slim.Variables({"a": jnp.zeros(2, jnp.bfloat16), "b": jnp.ones(3)}, {"b": Facts(False, ())})
    for found in (
        slim.assign_from_values({"a": [1, 2]}, variables),
        slim.assign_from_values_fn({"a:0": np.float64([1, 2])})(variables),
    ):
        np.testing.assert_array_equal(found["a"], [1, 2])
        assert found["a"].dtype == jnp.bfloat16
        assert found["b"] is variables["b"]
        assert found.facts == variables.facts
    with pytest.raises(
        ValueError, match=r"(?s)no such variable \(1\).*weight\nof another shape \(1\).*b +\[2\] +\[3\]"
    ):
        slim.assign_from_values({"weight": 1, "b": [1, 2], "a": [1, 2]}, variables)
    with pytest.raises(ValueError, match="'n' has values that int8 cannot hold, from 300 to 300"):
        slim.assign_from_values({"n": 300}, slim.Variables({"n": np.int8(1)}))
    with pytest.raises(TypeError, match="must map names to values, got list"):
        slim.assign_from_values([1], variables)
