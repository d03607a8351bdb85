"""The usual reasons why a checkpoint does not fit are recognised, and the way out that is told works."""

import re

import numpy as np
import pytest

import jax_slim as slim
from jax_slim.checkpoints import CheckpointError

LAYERS = ("conv1", "conv2", "Logits/fc", "AuxLogits/fc")


def values(scope="Net", classes=1001, norm=True, layers=LAYERS, suffix=""):
    """The variables of a net, by name."""
    found = {}
    for layer in layers:
        width = classes if "Logits" in layer else 4
        found[f"{scope}/{layer}/weights"] = np.ones((3, width))
        if norm and "Logits" not in layer:
            parts = ("beta", "moving_mean", "moving_variance")
            found |= {f"{scope}/{layer}/BatchNorm/{part}": np.ones(width) for part in parts}
        else:
            found[f"{scope}/{layer}/biases"] = np.ones(width)
    return {name + suffix: value for name, value in found.items()}


def advice(checkpoint, program, **options):
    with pytest.raises(CheckpointError) as caught:
        slim.assign_from_checkpoint(checkpoint, slim.Variables(program), **options)
    text = str(caught.value)
    return text[text.index("What may help:") :], text


def followed(told, argument):
    """The value of an argument that the advice names."""
    return eval(re.search(rf"{argument}=(.+?)\.$", told, re.MULTILINE)[1])


def test_other_classes():
    told, text = advice(values(), values(classes=10))
    assert "4 of 12 variables" in text
    exclude = followed(told, "exclude")
    assert exclude == ["Net/Logits/fc", "Net/AuxLogits/fc"]
    slim.assign_from_checkpoint(values(), slim.Variables(values(classes=10)), exclude=exclude)
    assert "background" not in told


@pytest.mark.parametrize(("there", "here", "word"), [(1001, 1000, "more"), (1000, 1001, "fewer")])
def test_a_background_class(there, here, word):
    told, _ = advice(values(classes=there), values(classes=here))
    assert f"one class {word} ({there}, the program {here})" in told
    assert f"num_classes={there}" in told


def test_a_forgotten_arg_scope():
    told, text = advice(values(), values(norm=False))
    assert "BatchNorm where the program has biases: was the net's arg_scope forgotten" in told
    assert "Net/conv1/BatchNorm/beta" in text
    told, _ = advice(values(norm=False), values())
    assert "The program has BatchNorm where the checkpoint has biases" in told
    assert "exclude" not in told


@pytest.mark.parametrize(
    ("there", "here"),
    [("model/Net", "Net"), ("Net", "tower/Net"), ("Net", "net"), ("a/Net", "b/Net"), ("a/x/N", "b/N")],
)
def test_other_scopes(there, here):
    told, _ = advice(values(there), values(here))
    assert "12 of the 12 missing are there under another scope" in told
    found = slim.assign_from_checkpoint(
        {name: 7 * value for name, value in values(there).items()},
        slim.Variables(values(here)),
        name_map=followed(told, "name_map"),
    )
    assert all(value.min() == 7 for value in found.values())


def test_another_scope_beside_what_is_new():
    program = values("Net", 10) | {"Net/head/weights": np.ones((2, 2)), "Net/head/biases": np.ones(2)}
    told, text = advice(values("model/Net", 10), program)
    assert "12 of the 14 missing are there under another scope" in told
    assert "and 4 more" in text


def test_averages_alone():
    told, _ = advice(values(suffix="/ExponentialMovingAverage"), values())
    assert "pass moving_average=True" in told
    assert "scope" not in told


def test_names_with_the_number_of_an_output():
    told, _ = advice(values(suffix=":0"), values())
    name_map = followed(told, "name_map")
    slim.assign_from_checkpoint(values(suffix=":0"), slim.Variables(values()), name_map=name_map)


def test_what_only_the_program_has():
    program = values() | {"Net/head/weights": np.ones((2, 2)), "Net/head/biases": np.ones(2)}
    told, _ = advice(values(), program)
    assert "(exclude=['Net/head'])" in told
    assert "ignore_missing_vars=True" in told
    told, _ = advice(values(), values() | {"global_step": np.int32(0)})
    assert "counts no steps: exclude=['global_step']" in told


def test_checkpoints_of_objects():
    there = {"_CHECKPOINTABLE_OBJECT_GRAPH": np.ones(1), "layer-1/kernel/.ATTRIBUTES/VARIABLE_VALUE": np.ones(2)}
    told, text = advice(there, {"dense/kernel": np.ones(2)})
    assert "written by tf.train.Checkpoint or Keras" in told
    assert "_CHECKPOINTABLE" not in text[: text.index("What may help")]


def test_a_net_of_another_kind_gets_no_invented_renaming():
    told, _ = advice({"x/w": np.ones(2)}, {"a/b/c": np.ones(3), "d/e": np.ones(4)})
    assert "scope" not in told


def test_a_large_net_is_answered_at_once():
    # Thousands of names that are all alike: what is looked for must not grow with the square of them.
    there = {f"model/block{i}/unit_{j}/conv/weights": np.ones(3) for i in range(60) for j in range(40)}
    here = {name.replace("model/", "resnet/"): value for name, value in there.items()}
    told, text = advice(there, here)
    assert "2400 of the 2400" in told
    assert len(text) < 10_000
