"""`slim.summaries`: tags out of names, and printing."""

import jax
import numpy as np
import pytest

import jax_slim as slim
from jax_slim.summary import Histogram
from jax_slim.summary.media import Image

X = np.maximum(np.random.default_rng(0).normal(size=(4, 3)), 0).astype(np.float32)
IMAGES = X.reshape(1, 4, 3, 1)


def recorded(program, *args):
    model = slim.Model(program)
    return model.collect(model.init(jax.random.key(0), *args), *args)[1].summaries


def test_tags_are_prefix_name_and_postfix():
    def program(x):
        return [
            slim.summaries.add_scalar_summary(x[0, 0], "first"),
            slim.summaries.add_scalar_summary(x[0, 0], "first", "train"),
            slim.summaries.add_histogram_summary(x, "x", prefix="train"),
            slim.summaries.add_zero_fraction_summary(x, "x", prefix="train"),
            slim.summaries.add_image_summary(x.reshape(1, 4, 3, 1), "x", prefix="seen"),
        ]

    expected = ["first", "train/first", "train/x", "train/x/Fraction_of_Zero_Values", "seen/x"]
    assert slim.Model(program).apply({}, X) == expected
    found = recorded(program, X)
    assert list(found) == expected
    assert found["train/first"] == X[0, 0]
    assert np.mean(X == 0) > 0
    assert found["train/x/Fraction_of_Zero_Values"] == pytest.approx(np.mean(X == 0))
    assert isinstance(found["train/x"], Histogram)
    assert isinstance(found["seen/x"], Image)


def test_arrays_that_have_a_name_lend_it():
    def program(x):
        slim.fully_connected(x, 2, outputs_collections="ends", scope="fc")
        ends = slim.utils.convert_collection_to_dict("ends")
        slim.summaries.add_histogram_summaries(ends.values(), "activations")
        slim.summaries.add_zero_fraction_summaries(ends.values())
        slim.summaries.add_histogram_summaries(slim.get_model_variables())
        slim.losses.add_loss(x.sum(), name="loss")
        slim.summaries.add_scalar_summaries(slim.losses.get_losses(), prefix="losses")
        slim.add_to_collection("images", x.reshape(1, 4, 3, 1), "seen")
        slim.summaries.add_image_summaries(slim.get_collection("images"))

    assert list(recorded(program, X)) == [
        "activations/fc", "fc/Fraction_of_Zero_Values", "fc/weights", "fc/biases", "losses/loss", "seen",
    ]  # fmt: skip
    with pytest.raises(
        ValueError, match=r"summaries.add_scalar_summary: the array \(shape \(\)\) has no name.*pass name="
    ):
        recorded(lambda x: slim.summaries.add_scalar_summary(x.sum()), X)


def test_printing(capfd):
    def program(x):
        slim.summaries.add_scalar_summary(x[0, 0], "{first}", print_summary=True)
        slim.summaries.add_scalar_summary(x[0, 0], "silent")
        slim.summaries.add_zero_fraction_summary(x, "x", "train", print_summary=True)
        slim.summaries.add_image_summary(x.reshape(1, 4, 3, 1), "image", print_summary=True)
        return x

    collect = jax.jit(slim.Model(program).collect)
    jax.block_until_ready(collect({}, np.ones_like(X)))
    jax.effects_barrier()
    printed = capfd.readouterr().out
    assert "{first}: 1.0\n" in printed
    assert "train/x/Fraction_of_Zero_Values: 0.0\n" in printed
    assert "image: [[[[1.]" in printed
    assert "silent" not in printed
