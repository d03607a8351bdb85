"""convert_checkpoint: from any format to any other and back, bit for bit; refusals before anything is written."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest

import golden
import jax_slim as slim
from jax_slim.checkpoints import CheckpointError, convert_checkpoint, diff, inspect, open_checkpoint, tensorflow
from jax_slim.core.values import Facts

FOLDER = golden.FOLDER / "checkpoints"
VALUES = {
    "conv/weights": np.arange(6, dtype=np.float32).reshape(2, 3),
    "conv/weights/Momentum": np.ones((2, 3), np.float32),
    "conv/weights/ExponentialMovingAverage": np.full((2, 3), 7, np.float32),
    "conv/half": np.asarray(jnp.ones(2, jnp.bfloat16)),
    "conv/moving_mean": np.zeros(0, np.float32),
    "flag": np.asarray(True),
    "global_step": np.int64(12),
}
TARGETS = {"tensorflow": "x.ckpt-12", "safetensors": "x.safetensors", "orbax": "run"}


def test_round_trips(tmp_path):
    source = tensorflow.write_checkpoint(tmp_path / "source.ckpt", VALUES)
    for number, formats in enumerate(itertools.permutations(TARGETS)):
        path = source
        for place, format in enumerate(formats):
            path = convert_checkpoint(path, tmp_path / f"{number}{place}" / TARGETS[format], format=format)
        found = diff(source, path)
        assert not found, f"{formats}: {found}"
        assert len(found.equal) == len(VALUES)
        kinds = {row.name: row.kind for row in inspect(path).rows}
        assert kinds["conv/weights/Momentum"] == "optimizer"
        assert kinds["conv/weights/ExponentialMovingAverage"] == "average"
        averaged = slim.checkpoints.load_variables(path, moving_average=True)
        np.testing.assert_array_equal(averaged["conv/weights"], VALUES["conv/weights/ExponentialMovingAverage"])
        assert averaged.facts["conv/weights"].trainable
        assert not averaged.facts["conv/moving_mean"].trainable
        assert not averaged.facts["global_step"].trainable


def test_arrays_that_do_not_fit_into_one_reading(tmp_path, monkeypatch):
    monkeypatch.setattr("jax_slim.checkpoints.reader._AT_ONCE", 20)
    run = convert_checkpoint(VALUES, tmp_path / "run", format="orbax")
    assert not diff(run, convert_checkpoint(run, tmp_path / "x.ckpt"))
    assert not diff(run, convert_checkpoint(run, tmp_path / "x.safetensors"))
    assert set(slim.checkpoints.load_variables(run)) == {name for name in VALUES if "weights/" not in name}


def test_the_format_is_told_from_the_target(tmp_path):
    assert open_checkpoint(convert_checkpoint(VALUES, tmp_path / "a.safetensors")).format == "safetensors"
    for name in ("model.ckpt", "model.ckpt-7", "vgg.ckpt.index"):
        prefix = convert_checkpoint(VALUES, tmp_path / name)
        assert prefix == str(tmp_path / name).removesuffix(".index")
        assert open_checkpoint(prefix).format == "V2"
    assert tensorflow.latest_checkpoint(tmp_path).endswith("vgg.ckpt")
    with pytest.raises(ValueError, match=r"target must end in \.safetensors or have \.ckpt in its name, or format"):
        convert_checkpoint(VALUES, tmp_path / "x")
    with pytest.raises(ValueError, match="format must be one of tensorflow, safetensors, orbax, got 'h5'"):
        convert_checkpoint(VALUES, tmp_path / "x", format="h5")


def test_the_step_has_64_bits_in_tensorflow(tmp_path):
    variables = slim.Variables({"w": jnp.ones(2), "global_step": jnp.asarray(3)})
    with open_checkpoint(convert_checkpoint(variables, tmp_path / "x.ckpt")) as checkpoint:
        assert checkpoint.entries()["global_step"].dtype == np.int64
        assert checkpoint["global_step"] == 3


def test_facts_are_kept(tmp_path):
    facts = {"w": Facts(False, ("variables", "mine"))}
    file = convert_checkpoint(slim.Variables({"w": jnp.ones(2)}, facts), tmp_path / "x.safetensors")
    run = convert_checkpoint(file, tmp_path / "run", format="orbax")
    for path in (file, run):
        # Those of variables that were given as a mapping are not told by it.
        assert slim.checkpoints.load_variables(path).facts == facts


@pytest.mark.parametrize("format", TARGETS)
def test_some_of_it_and_other_names(tmp_path, format):
    def names(**options):
        path = convert_checkpoint(VALUES, tmp_path / TARGETS[format], format=format, overwrite=True, **options)
        with open_checkpoint(path) as checkpoint:
            return {name: checkpoint[name].tolist() for name in checkpoint}

    assert set(names(variables_only=True)) == {"conv/weights", "conv/half", "conv/moving_mean", "flag", "global_step"}
    assert set(names(include="conv/w", exclude=".*Average")) == {"conv/weights", "conv/weights/Momentum"}
    averaged = names(moving_average=True, include="conv/w")
    assert averaged == {"conv/weights": [[7.0] * 3] * 2}
    renamed = {"net/w", "net/w/Momentum", "net/w/ExponentialMovingAverage", "global_step"}
    assert set(names(name_map={"conv/weights": "net/w"}, exclude=["conv/[hm]", "flag"])) == renamed
    by_function = names(name_map=lambda name: f"a/{name}" if name.startswith("conv/w") else None)
    assert set(by_function) == {f"a/{name}" for name in VALUES if name.startswith("conv/w")}


def test_refuses_before_anything_is_written(tmp_path):
    for source, options, message in (
        (FOLDER / "v1_string", {}, r"'d/string/scalar' is of strings, which safetensors files cannot hold.*exclude="),
        ({"c": np.ones(2, np.complex128)}, {}, "'c' is of complex128, which safetensors"),
        (FOLDER / "v2_ema", {"include": "nope"}, "nothing of .* was chosen"),
        (FOLDER / "v2_lenet_finetune", {"moving_average": True}, "holds no moving averages"),
        (FOLDER / "nope", {}, "No such checkpoint"),
    ):
        with pytest.raises(CheckpointError, match=message):
            convert_checkpoint(source, tmp_path / "x.safetensors", **options)
    with pytest.raises(ValueError, match=r"gives both 'fc/biases' and .* the name 'x'"):
        convert_checkpoint(FOLDER / "v2_ema", tmp_path / "x.safetensors", name_map=lambda name: "x")
    assert not list(tmp_path.iterdir())


def test_what_is_there_stays_unless_it_may_be_replaced(tmp_path):
    for format, target in TARGETS.items():
        path = convert_checkpoint({"w": np.ones(2)}, tmp_path / target, format=format)
        with pytest.raises(CheckpointError, match=r"exists\. Pass overwrite=True"):
            convert_checkpoint({"w": np.zeros(2)}, tmp_path / target, format=format)
        assert open_checkpoint(path)["w"].sum() == 2
        convert_checkpoint({"w": np.zeros(2)}, tmp_path / target, format=format, overwrite=True)
        assert open_checkpoint(path)["w"].sum() == 0
