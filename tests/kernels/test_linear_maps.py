"""The kernels under every transformation: the same as `lax`'s operations, and those where they are asked for."""

import os
import subprocess
import sys
import textwrap

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export

import quick_compiling
from jax_slim import kernels
from jax_slim.kernels import choices


def normals(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def exchanged(x, w):
    with choices.for_tuned_programs():
        return kernels.convolution(x, w, 2)


IMAGES = (2, 7, 6, 3)
OPERATIONS = {
    "3x3": (lambda x, w: kernels.convolution(x, w), (3, 3, 3, 2)),
    "3x3 stride 2": (lambda x, w: kernels.convolution(x, w, 2), (3, 3, 3, 2)),
    "1x1 stride 2": (lambda x, w: kernels.convolution(x, w, 2), (1, 1, 3, 2)),
    "groups": (lambda x, w: kernels.convolution(x, w), (3, 3, 1, 6)),
    "by channel": (lambda x, w: kernels.depthwise_convolution(x, w, 2), (3, 3, 3, 2)),
    "exchanged": (lambda x, w: exchanged(x, w), (3, 2, 3, 2)),
    "dense": (lambda x, w: kernels.dense(x, w), (3, 2)),
    "dense, few rows": (lambda x, w: kernels.dense(x.reshape(x.shape[0], -1), w), (126, 2)),
    "transposed": (lambda x, w: kernels.transposed_convolution(x, w, 2), (3, 3, 2, 3)),
    "max": (lambda x, w: kernels.max_pool(x * w, 3, 2, "SAME"), (3,)),
    "max, rate 2": (lambda x, w: kernels.max_pool(x * w, 2, 1, "VALID", 2), (3,)),
    "mean": (lambda x, w: kernels.avg_pool(x * w, 3, 2, "SAME"), (3,)),
    "batch norm": (lambda x, w: kernels.normalize_by_moments(x, (0, 1, 2), w[0], w[1], 0.1)[0], (2, 3)),
    "layer norm": (lambda x, w: kernels.normalize_by_moments(x, (1, 2, 3), w[0], w[1], 0.1)[0], (2, 3)),
}


def everything(function, kind, x, w, dx, dw):
    """What a program can ask about a function of two arrays."""

    def f(x, w):
        with kernels.kernel_forms(kind):
            return function(x, w)

    def loss(x, w):
        return jnp.sum(jnp.sin(f(x, w)))

    gradient = jax.grad(jax.checkpoint(loss), (0, 1))

    def slope(x, w):
        return sum(jnp.vdot(g, d) for g, d in zip(gradient(x, w), (dx, dw), strict=True))

    twice = jnp.stack([x, x + dx]), jnp.stack([w, w + dw])
    return {
        "value": f(x, w),
        "forward mode": jax.jvp(f, (x, w), (dx, dw)),
        "gradient, in a scan": jax.lax.scan(lambda count, xw: (count + 1, gradient(*xw)), 0, twice),
        "forward over reverse": jax.jvp(gradient, (x, w), (dx, dw))[1],
        "reverse over reverse": jax.grad(slope, (0, 1))(x, w),
        "mapped over examples": jax.vmap(gradient, (0, None))(twice[0], w),
        "mapped over weights": jax.vmap(gradient, (None, 0))(x, twice[1]),
        "mapped over both": jax.vmap(gradient)(*twice),
        "mapped over a last axis": jax.vmap(f, (-1, None), 2)(jnp.stack([x, x + dx], -1), w),
    }


QUICK = ("3x3", "exchanged", "dense, few rows", "by channel", "max")


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in OPERATIONS]
)
def test_all_transformations(name, monkeypatch):
    monkeypatch.setattr(choices, "LEAST_IMAGES_OF_AN_EXCHANGE", 1)
    function, shape = OPERATIONS[name]
    with jax.enable_x64(True):
        arrays = normals(*IMAGES), normals(*shape, seed=1), normals(*IMAGES, seed=2), normals(*shape, seed=3)
        found = jax.jit(lambda *a: everything(function, "fastest", *a))(*arrays)
        expected = jax.jit(lambda *a: everything(function, "lax", *a))(*arrays)
    for what in expected:
        for one, other in zip(jax.tree.leaves(found[what]), jax.tree.leaves(expected[what]), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9, err_msg=what)


@pytest.mark.parametrize("name", OPERATIONS)
def test_lax_itself_where_it_is_asked_for(name):
    function, shape = OPERATIONS[name]
    x, w = normals(*IMAGES).astype(np.float32), normals(*shape).astype(np.float32)

    def gradient(x, w):
        with kernels.kernel_forms("lax"):
            return jax.grad(lambda x, w: jnp.sum(function(x, w)), (0, 1))(x, w)

    assert "slim_" not in str(jax.make_jaxpr(gradient)(x, w))


@pytest.mark.parametrize("name", ["3x3", "by channel", "max"])
def test_a_program_for_two_platforms(name):
    """Exported for both, it has `lax`'s form for the one and the fast form for the other."""
    function, shape = OPERATIONS[name]
    x, w = normals(*IMAGES).astype(np.float32), normals(*shape).astype(np.float32)
    gradient = jax.jit(jax.grad(lambda x, w: jnp.sum(function(x, w) ** 2), (0, 1)))
    exported = export.export(gradient, platforms=["cpu", "cuda"])(x, w)
    for one, other in zip(exported.call(x, w), gradient(x, w), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)

    def on_cuda(kind):
        def kernel(x, w):
            with kernels.kernel_forms(kind):
                return jax.grad(lambda x, w: jnp.sum(function(x, w) ** 2), (0, 1))(x, w)

        return jax.jit(kernel).trace(x, w).lower(lowering_platforms=("cuda",)).as_text()

    operations = [sorted(line.split()[2] for line in on_cuda(kind).splitlines() if "= stablehlo." in line)
                  for kind in ("fastest", "lax")]  # fmt: skip
    counted = ("stablehlo.convolution", "stablehlo.reduce_window", "stablehlo.select_and_scatter", "stablehlo.slice")
    kept = [[operation for operation in found if operation.startswith(counted)] for found in operations]
    assert kept[0] == kept[1]


def test_without_compiling():
    function, shape = OPERATIONS["3x3"]
    x, w = normals(*IMAGES).astype(np.float32), normals(*shape).astype(np.float32)
    expected = jax.grad(lambda x: function(x, w).sum())(x)
    with jax.disable_jit():
        np.testing.assert_allclose(jax.grad(lambda x: function(x, w).sum())(x), expected, rtol=1e-5, atol=1e-5)


def test_an_unknown_kind_is_refused():
    with (
        pytest.raises(ValueError, match="kernel_forms: kind must be one of 'fastest', 'exact', 'lax', got 'slow'"),
        kernels.kernel_forms("slow"),
    ):
        pass


def test_on_two_devices():
    """Batches over a mesh: `shard_map`, GSPMD and axes explicit in the types; in a process that has two devices."""
    program = """
        import jax, jax.numpy as jnp, numpy as np
        from jax.sharding import AxisType, NamedSharding, PartitionSpec as P
        import jax_slim as slim
        from jax_slim import kernels

        rng = np.random.default_rng(0)
        shapes = (4, 8, 8, 3), (3, 3, 3, 2), (1, 1, 2, 4), (3, 3, 4, 1)
        x, b, p, d = (rng.normal(size=shape).astype(np.float32) for shape in shapes)

        def net(x, b, p, d):
            y = kernels.max_pool(kernels.convolution(x, b), 3, 2, "SAME")
            y = kernels.avg_pool(kernels.convolution(y, p), 2, 1)
            return jnp.sum(jnp.sin(kernels.depthwise_convolution(y, d)))

        gradient = jax.grad(net, (1, 2, 3))
        expected = jax.jit(gradient)(x, b, p, d)
        mesh = jax.make_mesh((2,), ("data",), axis_types=(AxisType.Auto,))
        mapped = jax.shard_map(gradient, mesh=mesh, in_specs=(P("data"), P(), P(), P()), out_specs=P())
        placed = jax.device_put(x, NamedSharding(mesh, P("data")))
        explicit = jax.make_mesh((2,), ("data",), axis_types=(AxisType.Explicit,))
        typed = jax.device_put(x, NamedSharding(explicit, P("data")))
        with jax.set_mesh(explicit):
            by_type = jax.jit(lambda *a: kernels.convolution(*a))(typed, b)
        np.testing.assert_allclose(by_type, kernels.convolution(x, b), rtol=1e-4, atol=1e-4)
        assert by_type.sharding.spec[0] == "data"
        weights = jax.device_put((b, p, d), NamedSharding(explicit, P()))
        by_types = [form(gradient)(typed, *weights) for form in (jax.jit, slim.jit)]
        for found in jax.jit(mapped)(x, b, p, d), jax.jit(gradient)(placed, b, p, d), *by_types:
            for one, other in zip(found, expected, strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)
    """
    environment = os.environ | {"XLA_FLAGS": quick_compiling.on_devices(2)}
    command = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
