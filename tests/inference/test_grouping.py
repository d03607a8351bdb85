"""Batches in groups: where it is allowed, how large the groups are, and that nothing changes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim
from jax_slim import kernels
from jax_slim.inference import grouping, programs, splitting

X = jnp.asarray(np.random.RandomState(0).normal(size=(6, 4, 4, 4)), jnp.float32)


def cost(function, *arrays):
    arrays = arrays or (X,)
    model = slim.Model(function)
    closed = jax.make_jaxpr(lambda arrays: model.apply(VARIABLES, *arrays))(list(arrays))
    return grouping.cost_of_examples(folding_inlined(closed), len(arrays), 6)


def folding_inlined(closed):
    """The program with the equations of inner functions in their places, as `Split` makes it."""
    split = splitting.Split(closed, [])
    return jax.make_jaxpr(lambda arrays: split.run({}, arrays))([v.aval for v in closed.jaxpr.invars])


VARIABLES = {"w": jnp.ones((3, 3, 4, 4)), "m": jnp.ones((4, 4)), "v": jnp.ones(6)}


def w(name):
    return slim.model_variable(name, VARIABLES[name].shape)


INDEPENDENT = {
    "convolution": lambda x: kernels.convolution(jax.nn.relu(x), w("w")),
    "flatten and product": lambda x: x.reshape(6, -1, 4) @ w("m"),
    "pixels as rows": lambda x: (x.reshape(-1, 4) @ w("m")).reshape(6, 64),
    "pools": lambda x: slim.avg_pool2d(slim.max_pool2d(x, 2), 2),
    "attention": lambda x: jnp.einsum("bic,bjc->bij", x.reshape(6, 16, 4), x.reshape(6, 16, 4)),
    "attention of several heads": lambda x: kernels.mixture(kernels.scores(x, x), x),
    "gelu": slim.gelu,
    "norm of each": lambda x: slim.instance_norm(x, center=False, scale=False),
    "zeros besides": lambda x: jnp.concatenate([x, jnp.zeros_like(x)], -1),
    "padded, cut, transposed": lambda x: jnp.pad(x, [(0, 0), (1, 1), (0, 0), (0, 0)])[:, ::2].transpose(0, 3, 1, 2),
    "softmax": lambda x: jax.nn.softmax(x.mean((1, 2))),
}
DEPENDENT = {
    "mean over the batch": lambda x: x - x.mean(0, keepdims=True),
    "one number": lambda x: x.sum(),
    "reversed": lambda x: x[::-1],
    "a part": lambda x: x[1:],
    "numbered": lambda x: x * jnp.arange(6.0)[:, None, None, None],
    "by a variable as long": lambda x: x * w("v")[:, None, None, None],
    "turned": lambda x: x.transpose(1, 0, 2, 3).reshape(6, -1),
    "batch as channels": lambda x: jnp.einsum("bijc,kijc->bk", x, x),
    "attention to constants": lambda x: kernels.scores(x, jnp.ones((6, 4, 4, 4))),
    "sorted": lambda x: jnp.sort(x, 0),
    "normalized by the batch": lambda x: kernels.normalize_by_moments(x, (0, 1, 2), None, None, 1e-3)[0],
    "nothing of it": lambda x: jnp.ones((6, 2)),
}


@pytest.mark.parametrize("function", INDEPENDENT.values(), ids=INDEPENDENT)
def test_examples_that_are_independent(function):
    assert cost(function) is not None


@pytest.mark.parametrize("function", DEPENDENT.values(), ids=DEPENDENT)
def test_examples_that_are_not_or_are_not_known_to_be(function):
    assert cost(function) is None


def test_costs_are_those_of_one_example():
    found = cost(lambda x: slim.max_pool2d(kernels.convolution(x, w("w")) + 1, 2))
    assert (found.flops, found.written, found.largest) == (2 * 64 * 9 * 4, 4 * (64 + 16), 4 * 64)


def test_costs_of_attention():
    found = cost(lambda x: kernels.mixture(kernels.scores(x, x), x))  # of 4 elements and 4 heads with 4 numbers each
    assert (found.flops, found.written, found.largest) == (2 * 2 * 64 * 4, 4 * (64 + 64), 4 * 64)


@pytest.mark.parametrize(
    ("name", "batch", "size"),
    [("mobilenet_v2", 8, 2), ("mobilenet_v2", 3, 3), ("mobilenet_v1", 8, 4), ("resnet_v1_50", 8, 8),
     ("resnet_v1_50", 32, 8), ("vgg_16", 32, 32), ("lenet", 100, 100)],
)  # fmt: skip
def test_sizes_that_were_measured(name, batch, size):
    # GFLOP, MB written and MB of the largest array of an image.
    known = {
        "mobilenet_v2": (0.60, 26.7, 4.8), "mobilenet_v1": (1.14, 20.2, 3.2), "resnet_v1_50": (6.96, 39.3, 3.2),
        "vgg_16": (30.94, 60.3, 12.8), "lenet": (0.03, 0.2, 0.1),
    }[name]  # fmt: skip
    assert grouping.size_of_groups(batch, grouping.Cost(known[0] * 1e9, known[1] * 1e6, known[2] * 1e6)) == size


def test_groups_do_not_change_results(monkeypatch):
    def net(images):
        norm = {"normalizer_fn": slim.batch_norm, "normalizer_params": {"is_training": False}}
        return slim.conv2d(images, 4, 3, **norm).mean((1, 2)), {}

    model, images = slim.Model(net), jax.random.normal(jax.random.key(1), (5, 6, 6, 3))
    variables = model.init(jax.random.key(0), images)
    asked = []
    monkeypatch.setattr(programs, "worth_grouping", lambda: True)  # tests have several devices
    monkeypatch.setattr(programs, "size_of_groups", lambda examples, cost: asked.append(examples) or 2)
    predict = slim.predictor(model, variables)
    found = predict(images)
    assert asked == [5]
    np.testing.assert_allclose(found, jax.jit(model.apply)(variables, images)[0], rtol=1e-5, atol=1e-5)


def test_a_net_that_computes_with_the_size_of_its_batch_is_not_cut(monkeypatch):
    model = slim.Model(lambda x: slim.fully_connected(x / x.shape[0], 2, scope="a"))
    monkeypatch.setattr(programs, "worth_grouping", lambda: True)
    monkeypatch.setattr(programs, "size_of_groups", lambda examples, cost: 2)
    variables = model.init(jax.random.key(0), X)
    np.testing.assert_allclose(slim.predictor(model, variables)(X), model.apply(variables, X), rtol=1e-5, atol=1e-6)
