"""What a program computes only after something else: the same numbers under every transformation, and less memory."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim
from jax_slim import kernels
from jax_slim.kernels import ordering

X = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
B = np.random.default_rng(1).normal(size=6).astype(np.float32)


def biased(x, b):
    x, b = kernels.parameters_first(x, b)
    return jnp.sin(x + b) * b


def loss(x, b):
    return jnp.sum(biased(biased(x, b), b))


def plain_loss(x, b):
    return jnp.sum(jnp.sin(jnp.sin(x + b) * b + b) * b)


def everything(loss):
    def of(x, b):
        gradient = jax.grad(loss, (0, 1))

        def slope(x, b):
            return sum(jnp.vdot(a, c) for a, c in zip(gradient(x, b), (X, B), strict=True))

        def step(x, _):
            return x - jax.grad(loss)(x, b), None

        return {
            "gradients": gradient(x, b),
            "by one": (jax.grad(loss)(x, b), jax.grad(loss, 1)(x, b)),
            "forward": jax.jvp(loss, (x, b), (x, b)),
            "forward over reverse": jax.jvp(gradient, (x, b), (x, b)),
            "reverse over reverse": jax.grad(slope, (0, 1))(x, b),
            "of each": jax.vmap(gradient, (0, None))(jnp.stack([x, 2 * x]), b),
            "of each pair": jax.vmap(gradient)(jnp.stack([x, 2 * x]), jnp.stack([b, -b])),
            "checkpointed": jax.grad(jax.checkpoint(loss), (0, 1))(x, b),
            "in a loop": jax.lax.scan(step, x, None, 2)[0],
        }

    return of


def test_every_transformation_gives_the_numbers_without_an_order():
    wanted = jax.jit(everything(plain_loss))(X, B)
    found = slim.jit(everything(loss))(X, B)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), found, wanted)


def test_within_a_shard_map_gradients_are_the_same():
    mesh = jax.make_mesh((1,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    rows, whole = jax.sharding.PartitionSpec("data"), jax.sharding.PartitionSpec()
    mapped = jax.shard_map(
        lambda x, b: jax.lax.pmean(loss(x, b), "data"), mesh=mesh, in_specs=(rows, whole), out_specs=whole
    )
    found = slim.jit(jax.grad(mapped, (0, 1)))(X, B)
    wanted = jax.grad(plain_loss, (0, 1))(X, B)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), found, wanted)


def test_the_order_is_for_programs_of_one_cpu_alone():
    def text(jit):
        return str(jit(jax.grad(loss, (0, 1))).trace(X, B).jaxpr)

    assert "slim_after" in text(slim.jit)
    assert "slim_after" not in text(jax.jit)


@pytest.mark.parametrize("mapped", [False, True])
def test_what_is_computed_at_once_is_what_the_function_gives(mapped):
    def cubes(x):
        return ordering.at_once(lambda x: x**3, x)

    function = jax.vmap(cubes) if mapped else cubes
    np.testing.assert_allclose(jax.jit(function)(X), X**3, rtol=1e-5)


def deep(layers, images):
    for weights, biases in layers:
        images, biases = kernels.parameters_first(images, biases)
        images = jax.nn.relu(kernels.convolution(images, weights) + biases)
    return jnp.mean(jnp.square(images))


def test_neither_gradients_of_biases_nor_the_sums_of_winograd_wait_for_the_end():
    images = jax.ShapeDtypeStruct((8, 24, 24, 64), jnp.float32)
    layers = [(jax.ShapeDtypeStruct((3, 3, 64, 64), jnp.float32), jax.ShapeDtypeStruct((64,), jnp.float32))] * 4
    memory = slim.jit(jax.grad(deep)).lower(layers, images).compile().memory_analysis()
    # 11.3 arrays; 12.3 with gradients of biases put off, 13.8 with products kept instead of what is made of them.
    assert memory.temp_size_in_bytes < 12 * 4 * images.size


def test_maxima_do_not_keep_what_they_padded():
    def loss(images):
        for _ in range(3):
            images = kernels.max_pool(jnp.tanh(images), 3, padding="SAME")
        return jnp.sum(images)

    images = jax.ShapeDtypeStruct((4, 16, 16, 32), jnp.float32)
    memory = slim.jit(jax.grad(loss)).lower(images).compile().memory_analysis()
    # 7.1 arrays, and 8.3 if the padded ones are kept besides.
    assert memory.temp_size_in_bytes < 7.7 * 4 * images.size


def test_layer_norm_does_not_compute_the_taps_of_a_convolution_again():
    def loss(weights, biases, images):
        net = kernels.depthwise_convolution(images, weights) + biases
        return jnp.sum(jnp.square(kernels.normalize_by_moments(net, (3,), None, None, 1e-6)[0]))

    arguments = (jax.ShapeDtypeStruct(shape, jnp.float32) for shape in [(7, 7, 16, 1), (16,), (2, 8, 8, 16)])
    products = slim.jit(loss).lower(*arguments).compile().as_text().count(" multiply(")
    assert 49 <= products < 2 * 49  # else 3 * 49
