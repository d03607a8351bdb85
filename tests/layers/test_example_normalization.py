"""`layer_norm`, `group_norm`, `instance_norm` and `unit_norm` against their definitions in float64."""

import itertools

import jax
import numpy as np
import pytest

import golden
import jax_slim as slim


def normals(*shape, seed=0):
    return np.random.default_rng(seed).normal(2, 3, shape).astype(np.float32)


def run(layer, x, **kwargs):
    """The layer with random variables, and those in float64 by their last names."""
    model = slim.Model(lambda x: layer(x, **kwargs))
    values = {name: golden.det_value(name, spec.shape) for name, spec in model.specs(x).items()}
    return jax.jit(model.apply)(values, x), {
        name.split("/")[-1]: value.astype(np.float64) for name, value in values.items()
    }


def whitened(part, epsilon):
    return (part - part.mean()) / np.sqrt(part.var() + epsilon)


@pytest.mark.parametrize(("first", "params"), [(1, -1), (2, 1), (-1, -1), (3, 3), (-4, 0)])
def test_layer_norm(first, params):
    """Each part that lies behind the first axes is normalized by itself."""
    x = normals(2, 3, 4, 5)
    found, made = run(slim.layer_norm, x, begin_norm_axis=first, begin_params_axis=params)
    assert made["gamma"].shape == made["beta"].shape == x.shape[params:]
    parts = x.astype(np.float64).reshape(-1, *x.shape[first:])
    expected = np.stack([whitened(part, 1e-12) for part in parts]).reshape(x.shape) * made["gamma"] + made["beta"]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_layer_norm_with_an_epsilon():
    x = normals(2, 3, 4) * 1e-2
    found, made = run(slim.layer_norm, x, begin_norm_axis=-1, epsilon=1e-3)
    expected = np.stack([whitened(part, 1e-3) for part in x.astype(np.float64).reshape(-1, 4)]).reshape(x.shape)
    np.testing.assert_allclose(found, expected * made["gamma"] + made["beta"], rtol=1e-5, atol=1e-5)


def test_layer_norm_of_float16_has_tf_s_epsilon():
    x = np.array([[1, 1.0625, 0.9375]], np.float16)
    found, _ = run(slim.layer_norm, x, center=False, scale=False)
    np.testing.assert_allclose(found[0], whitened(x[0].astype(np.float64), 1e-3), rtol=2e-3, atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "channels", "reduced"),
    [
        ((2, 3, 5, 6), -1, (-3, -2)),
        ((2, 6, 3, 5), 1, (2, 3)),
        ((2, 3, 6), 2, (1,)),
        ((2, 6), 1, ()),
        ((2, 3, 6), -1, ()),
    ],
)
def test_group_norm(shape, channels, reduced):
    """Group by group: three groups of two channels."""
    x = normals(*shape)
    found, made = run(slim.group_norm, x, groups=3, channels_axis=channels, reduction_axes=reduced, epsilon=0.1)
    moved = np.moveaxis(x.astype(np.float64), channels, -1)
    axes = sorted(axis % len(shape) for axis in reduced)
    kept = [
        axis for axis in range(len(shape) - 1) if axis not in [a if a < channels % len(shape) else a - 1 for a in axes]
    ]
    expected = np.empty_like(moved)
    for place in itertools.product(*(range(moved.shape[axis]) for axis in kept)):
        at = [slice(None)] * (len(shape) - 1)
        for axis, index in zip(kept, place, strict=True):
            at[axis] = index
        for group in range(3):
            here = (*at, slice(2 * group, 2 * group + 2))
            expected[here] = whitened(moved[here], 0.1)
    expected = np.moveaxis(expected * made["gamma"] + made["beta"], -1, channels)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_group_norm_of_one_and_of_all_groups():
    """One group and all axes: `layer_norm`; a group for each channel: `instance_norm`."""
    x = normals(2, 3, 4, 6)
    one, _ = run(slim.group_norm, x, groups=1, center=False, scale=False)
    layer, _ = run(slim.layer_norm, x, center=False, scale=False)
    np.testing.assert_allclose(one, layer, rtol=1e-5, atol=1e-5)
    each, _ = run(slim.group_norm, x, groups=6, center=False, scale=False)
    instance, _ = run(slim.instance_norm, x, center=False, scale=False)
    np.testing.assert_allclose(each, instance, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", [(2, 7, 3), (2, 4, 5, 3), (2, 3, 2, 4, 3)])
def test_instance_norm(shape):
    x = normals(*shape)
    found, made = run(slim.instance_norm, x, epsilon=0.01)
    expected = np.empty(shape)
    for example, channel in itertools.product(range(shape[0]), range(3)):
        expected[example, ..., channel] = whitened(x[example, ..., channel].astype(np.float64), 0.01)
    np.testing.assert_allclose(found, expected * made["gamma"] + made["beta"], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("layer", [slim.group_norm, slim.instance_norm])
def test_param_initializers(layer):
    kwargs = {"groups": 2} if layer is slim.group_norm else {}
    model = slim.Model(
        lambda x: layer(x, **kwargs, param_initializers={"gamma": slim.constant_initializer(3.0)}, scope="n")
    )
    values = model.init(jax.random.key(0), normals(2, 3, 3, 4))
    np.testing.assert_array_equal(values["n/beta"], np.zeros(4))
    np.testing.assert_array_equal(values["n/gamma"], np.full(4, 3.0))


@pytest.mark.parametrize("layer", [slim.layer_norm, slim.instance_norm])
def test_a_large_mean_does_no_harm(layer):
    """A difference of squares would have no digit left."""
    x = normals(2, 8, 8, 3)
    found, _ = run(layer, x + 2.0**14, center=False, scale=False)
    exact = (x + np.float32(2.0**14)).astype(np.float64)
    axes = (1, 2, 3) if layer is slim.layer_norm else (1, 2)
    expected = (exact - exact.mean(axes, keepdims=True)) / exact.std(axes, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize("dim", [0, 1, 2])
def test_unit_norm(dim):
    x = normals(2, 3, 4)
    found, _ = run(slim.unit_norm, x, dim=dim, epsilon=0.5)
    exact = x.astype(np.float64)
    np.testing.assert_allclose(found, exact / np.sqrt((exact**2).sum(dim, keepdims=True) + 0.5), rtol=1e-5)


def test_unit_norm_of_zeros_and_of_half_precision():
    """No division by 0, and squares beyond float16."""
    np.testing.assert_array_equal(slim.unit_norm(np.zeros((2, 3), np.float32), 1), np.zeros((2, 3)))
    np.testing.assert_allclose(slim.unit_norm(np.full((1, 4), 600, np.float16), 1), np.full((1, 4), 0.5), rtol=1e-3)
