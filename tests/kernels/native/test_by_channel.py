"""Convolutions by channel and their gradients by native kernels: against float64, and where programs get them."""

import shutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh, PartitionSpec

import jax_slim as slim
from jax_slim.kernels import conv_maps
from jax_slim.kernels.conv_geometry import Geometry
from jax_slim.kernels.layouts import Layout, Windows
from jax_slim.kernels.native import by_channel

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not any(map(shutil.which, ("c++", "g++", "clang++"))), reason="there is no C++ compiler"),
]
CALLS = ("jax_slim_convolve_by_channel", "jax_slim_inputs_by_channel", "jax_slim_weights_by_channel")


@pytest.fixture(params=["avx512", "avx2", "plain"])
def instructions(request, library):
    best = library.jax_slim_instructions(), library.jax_slim_training_instructions()
    if not library.jax_slim_choose_training(request.param.encode()):
        pytest.skip(f"no {request.param} here")
    assert library.jax_slim_choose(request.param.encode())
    yield
    assert library.jax_slim_choose(best[0]) and library.jax_slim_choose_training(best[1])


def test_random_shapes_equal_float64(instructions, drawn):
    for seed in range(80):
        x, w, _, _, geometry = drawn(seed)
        if geometry.groups == 1:
            continue
        dy = np.random.default_rng(seed).normal(size=geometry.outputs_shape(x, w)).astype("float32")
        with jax.enable_x64(True):
            exact = [jnp.asarray(array, "float64") for array in (x, w, dy)]
            y, transposed = jax.vjp(lambda x, w: conv_maps.plain_outputs(x, w, geometry), *exact[:2])  # noqa: B023
            dx, dw = transposed(exact[2])
        text = f"{seed}: {x.shape} {w.shape} {geometry}"
        np.testing.assert_allclose(by_channel.outputs_by_channel(x, w, geometry), y, atol=3e-5, err_msg=text)
        np.testing.assert_allclose(by_channel.inputs_by_channel(w, dy, geometry), dx, atol=3e-5, err_msg=text)
        np.testing.assert_allclose(by_channel.weights_by_channel(x, dy, geometry), dw, atol=3e-4, err_msg=text)


def test_gradients_of_weights_are_the_same_bits_whoever_computes(library):
    geometry = Geometry(Layout("NHWC"), (61, 67), Windows((3, 3), (2, 2), (1, 1), ((0, 1), (0, 1))), 130, None)
    rng = np.random.default_rng(0)
    x, dy = (rng.normal(size=shape).astype("float32") for shape in ((3, 61, 67, 130), (3, 30, 33, 130)))
    found = np.asarray(by_channel.weights_by_channel(x, dy, geometry))
    for _ in range(20):
        np.testing.assert_array_equal(by_channel.weights_by_channel(x, dy, geometry), found)
    alone = [np.asarray(by_channel.weights_by_channel(x[i : i + 1], dy[i : i + 1], geometry)) for i in range(3)]
    np.testing.assert_array_equal(np.sum(alone, 0, dtype="float64").astype("float32"), found)


def loss(weights, images):
    model = slim.Model(lambda x: slim.separable_conv2d(x, None, 3, stride=2, activation_fn=jax.nn.relu6, scope="s"))
    return jnp.sum(jnp.square(model.apply({"s/depthwise_weights": weights, "s/biases": jnp.zeros(6)}, images)))


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape).astype("float32") for shape in ((3, 3, 6, 1), (4, 9, 10, 6))]


def test_programs_of_slim_jit_take_them(library, arrays):
    step = slim.jit(jax.grad(loss, (0, 1)))
    text = step.lower(*arrays).as_text()
    assert all(call in text for call in CALLS)
    for found, plain in zip(step(*arrays), jax.jit(jax.grad(loss, (0, 1)))(*arrays), strict=True):
        np.testing.assert_allclose(found, plain, atol=1e-4)
    with slim.kernel_forms("lax"):
        assert "jax_slim_" not in slim.jit(jax.grad(loss)).lower(*arrays).as_text()
    assert "jax_slim_" not in jax.jit(jax.grad(loss)).lower(*arrays).as_text()
    narrow = [jnp.asarray(array, jnp.bfloat16) for array in arrays]
    assert "jax_slim_" not in slim.jit(jax.grad(loss)).lower(*narrow).as_text()


def test_programs_that_leave_the_process_or_have_devices_do_not(library, arrays):
    step = slim.jit(jax.grad(loss, (0, 1)))
    exported = jax.export.export(step)(*arrays)
    assert "jax_slim_" not in exported.mlir_module()
    mesh = Mesh(jax.devices()[:1], "x")
    mapped = slim.jit(
        jax.shard_map(lambda w, x: jax.grad(loss, 1)(w, x), mesh=mesh, in_specs=(None, PartitionSpec("x")),
                      out_specs=PartitionSpec("x"))
    )  # fmt: skip
    np.testing.assert_allclose(mapped(*arrays), step(*arrays)[1], atol=1e-4)


def test_transformed_they_compute_the_same(library, arrays):
    weights, images = arrays
    many = np.stack([images, images[::-1], 2 * images])
    for axes, given in (((None, 0), (weights, many)), ((0, None), (np.stack([weights, 2 * weights]), images))):
        found, plain = (jit(jax.vmap(jax.grad(loss), axes))(*given) for jit in (slim.jit, jax.jit))
        np.testing.assert_allclose(found, plain, rtol=1e-4, atol=1e-3)

    def curved(weights):
        return jnp.sum(jnp.sin(jax.grad(lambda w: jnp.sum(jnp.square(loss(w, images))) * 1e-6)(weights)))

    np.testing.assert_allclose(slim.jit(jax.grad(curved))(weights), jax.jit(jax.grad(curved))(weights), rtol=1e-3)
    forward = [jit(lambda w: jax.jvp(lambda w: loss(w, images), (w,), (w,)))(weights) for jit in (slim.jit, jax.jit)]
    np.testing.assert_allclose(*forward, rtol=1e-5)
