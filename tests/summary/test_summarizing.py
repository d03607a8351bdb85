"""`summarize_*`: which summaries they make, under which tags."""

import jax
import numpy as np
import pytest

import jax_slim as slim
from jax_slim.summary import Histogram

X = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)


def net(x):
    with (
        slim.variable_scope("net"),
        slim.arg_scope(
            [slim.fully_connected],
            variables_collections={"weights": [slim.GraphKeys.WEIGHTS], "biases": [slim.GraphKeys.BIASES]},
            outputs_collections=[slim.GraphKeys.ACTIVATIONS],
        ),
    ):
        x = slim.fully_connected(x, 5, scope="a")
        return slim.fully_connected(x, 2, activation_fn=None, scope="b")


def summaries(*calls, program=net):
    """What is recorded, and what each call returned."""
    returned = []

    def with_calls(x):
        outputs = program(x)
        returned[:] = [call() for call in calls]
        return outputs

    model = slim.Model(with_calls)
    variables = model.init(jax.random.key(0), X)
    _, collected = model.collect(variables, X)
    return collected.summaries, returned, variables


def test_variables_weights_and_biases():
    found, returned, variables = summaries(
        lambda: slim.summarize_weights(),
        lambda: slim.summarize_biases("net/b"),
        lambda: slim.summarize_variables("net/a"),
    )
    assert returned == [
        ["net/a/weights_summary", "net/b/weights_summary"],
        ["net/b/biases_summary"],
        ["net/a/weights_summary_1", "net/a/biases_summary"],
    ]
    assert list(found) == [tag for tags in returned for tag in tags]
    np.testing.assert_array_equal(found["net/b/weights_summary"].values, variables["net/b/weights"])


def test_activations_have_a_histogram_and_their_zeros():
    found, (tags,), variables = summaries(lambda: slim.summarize_activations())
    assert tags == ["net/a/activation", "net/b/activation"]
    assert set(found) == {*tags, "net/a/zeros", "net/b/zeros"}
    outputs = np.maximum(X @ variables["net/a/weights"] + variables["net/a/biases"], 0)
    np.testing.assert_allclose(found["net/a/activation"].values, outputs, rtol=1e-5)
    assert np.mean(outputs == 0) > 0
    assert found["net/a/zeros"] == pytest.approx(np.mean(outputs == 0))
    assert found["net/b/zeros"] == 0


def test_scalars_histograms_and_booleans():
    def program(x):
        slim.losses.add_loss(x.sum(), name="my_loss")
        slim.add_to_collection("mixed", x > 0, "booleans")
        slim.add_to_collection("mixed", x, "x")

    found, returned, _ = summaries(
        lambda: slim.summarize_collection(slim.GraphKeys.LOSSES),
        lambda: slim.summarize_collection("mixed"),
        lambda: slim.summarize_tensor(X, "given"),
        lambda: slim.summarize_tensors([X[0, 0], X[0]], lambda one: slim.summarize_tensor(one, f"rank{one.ndim}")),
        program=program,
    )
    assert returned == [["my_loss_summary"], [None, "x_summary"], "given", ["rank0", "rank1"]]
    assert found["my_loss_summary"] == pytest.approx(X.sum(), rel=1e-5)
    assert isinstance(found["x_summary"], Histogram)
    assert isinstance(found["rank1"], Histogram)
    assert found["rank0"] == X[0, 0]


def test_arrays_without_a_name_are_refused():
    with pytest.raises(ValueError, match=r"summarize_tensor: the array \(shape \(4, 3\)\) has no name.*pass tag="):
        summaries(lambda: slim.summarize_tensor(X))
    with pytest.raises(ValueError, match=r"summarize_activation: .* for others use slim\.utils\.append_tensor_alias"):
        summaries(lambda: slim.summarize_activation(X))


def test_an_alias_is_a_name():
    def program(x):
        slim.summarize_activation(slim.utils.append_tensor_alias(x * 2, "doubled"))

    assert list(summaries(program=program)[0]) == ["doubled/zeros", "doubled/activation"]
