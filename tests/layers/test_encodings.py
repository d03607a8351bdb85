"""One-hot vectors, sparse tensors, maxout, softmaxes and scaled gradients against their definitions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim


def normals(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_one_hot_encoding():
    labels = np.array([[0, 2, 1], [3, -1, 2]])
    found = slim.one_hot_encoding(labels, 3, on_value=5.0, off_value=-1.0)
    expected = np.full((2, 3, 3), -1.0)
    for place in [(0, 0, 0), (0, 1, 2), (0, 2, 1), (1, 2, 2)]:  # 3 and -1 are no classes
        expected[place] = 5.0
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("values", "dtype"), [((1.0, 0.0), "float32"), ((1, 0), "int32"), ((True, False), "bool")])
def test_one_hot_encoding_has_the_dtype_of_its_values(values, dtype):
    assert slim.one_hot_encoding(np.arange(3, dtype=np.uint8), 3, *values).dtype == dtype


def test_dense_to_sparse():
    tensor = np.array([[7, 9, 2], [2, 2, 2], [2, 8, 0]])
    found = slim.dense_to_sparse(tensor, eos_token=2)
    np.testing.assert_array_equal(found.indices, [[0, 0], [0, 1], [2, 1], [2, 2]])
    np.testing.assert_array_equal(found.values, [7, 9, 8, 0])
    np.testing.assert_array_equal(found.dense_shape, [3, 3])


def test_dense_to_sparse_under_jit():
    """The same, and then places that are none."""
    found = jax.jit(slim.dense_to_sparse)(np.array([[7, 0, 0], [0, 8, 0]]))
    np.testing.assert_array_equal(found.indices, [[0, 0], [1, 1], *[[2, 3]] * 4])
    np.testing.assert_array_equal(found.values, [7, 8, 0, 0, 0, 0])


def test_dense_to_sparse_is_what_the_sets_of_metrics_take():
    a, b = np.array([[1, 2, 0], [3, 0, 0]]), np.array([[2, 4, 0], [3, 5, 6]])
    both = slim.metrics.set_intersection(slim.dense_to_sparse(a), slim.dense_to_sparse(b))
    np.testing.assert_array_equal(both.values, [2, 3])


def test_maxout():
    x = normals(2, 3, 6)
    expected = np.stack([x[..., 0:2].max(-1), x[..., 2:4].max(-1), x[..., 4:6].max(-1)], axis=-1)
    np.testing.assert_array_equal(slim.maxout(x, 3), expected)
    np.testing.assert_array_equal(slim.maxout(x, 6), x)


def test_softmax():
    x = 5 * normals(2, 3, 4)
    exponentials = np.exp(x.astype(np.float64))
    np.testing.assert_allclose(slim.softmax(x), exponentials / exponentials.sum(-1, keepdims=True), rtol=1e-5)


def test_softmax_of_large_logits():
    np.testing.assert_allclose(slim.softmax(np.array([[1000.0, 1000, -1000]], np.float32)), [[0.5, 0.5, 0]])


@pytest.mark.parametrize("temperature", [2.0, 0.05, -0.5])
def test_spatial_softmax(temperature):
    """The mean row and column of each channel, by a loop over all places."""
    x = normals(2, 4, 5, 3)
    model = slim.Model(slim.spatial_softmax)
    found = jax.jit(model.apply)({"spatial_softmax/temperature": np.float32(temperature)}, x)
    expected = np.zeros((2, 6))
    for example in range(2):
        for channel in range(3):
            weights = np.exp(x[example, :, :, channel].astype(np.float64) / temperature)
            weights /= weights.sum()
            for row in range(4):
                for column in range(5):
                    place = np.array([-1 + 2 * row / 3, -1 + 2 * column / 4])
                    expected[example, 2 * channel : 2 * channel + 2] += weights[row, column] * place
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("temperature", [1.0, 0.02, -0.02])
def test_gradient_of_the_temperature(temperature):
    """Against differences in float64: the terms nearly cancel where the temperature is low."""
    x, weights = normals(1, 4, 5, 2), normals(1, 4, seed=1)
    model = slim.Model(slim.spatial_softmax)

    def total(temperature, x):
        return jnp.sum(model.apply({"spatial_softmax/temperature": temperature}, x) * weights)

    found = jax.jit(jax.grad(total))(np.float32(temperature), x)
    with jax.enable_x64(True):
        step = 1e-6 * temperature
        totals = [jax.jit(total)(np.float64(temperature + s * step), x.astype(np.float64)) for s in (-1, 1)]
        expected = (totals[1] - totals[0]) / (2 * step)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_spatial_softmax_starts_at_its_temperature():
    model = slim.Model(lambda x: (slim.spatial_softmax(x), slim.spatial_softmax(x, temperature=0.25)))
    assert [float(value) for value in model.init(jax.random.key(0), normals(1, 2, 2, 1)).values()] == [1.0, 0.25]


def test_spatial_softmax_of_one_place():
    """TF's linspace of one is -1."""
    model = slim.Model(slim.spatial_softmax)
    found = jax.jit(model.apply)({"spatial_softmax/temperature": np.float32(1)}, normals(1, 1, 1, 2))
    np.testing.assert_array_equal(found, [[-1, -1, -1, -1]])


def test_scale_gradient():
    """Backward and forward; the multiplier gets no gradient."""
    x, multiplier, weights = normals(2, 3), np.array([0.5, -1, 0], np.float32), normals(2, 3, seed=1)
    np.testing.assert_array_equal(slim.scale_gradient(x, multiplier), x)

    def total(x, multiplier):
        return jnp.sum(slim.scale_gradient(x, multiplier) * weights)

    of_x, of_multiplier = jax.grad(total, (0, 1))(x, multiplier)
    np.testing.assert_allclose(of_x, weights * multiplier)
    np.testing.assert_array_equal(of_multiplier, np.zeros(3))
    _, tangent = jax.jvp(lambda x: slim.scale_gradient(x, multiplier), (x,), (weights,))
    np.testing.assert_allclose(tangent, weights * multiplier)


def test_scale_gradient_keeps_what_is_not_finite():
    x = np.array([np.inf, -np.inf, 1], np.float32)
    np.testing.assert_array_equal(slim.scale_gradient(x, 0.5), x)
