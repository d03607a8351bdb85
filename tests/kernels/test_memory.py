"""Less memory for a training step; freed memory that is kept, without page faults when it is taken again."""

import platform
import subprocess
import sys

import jax
import jax.numpy as jnp
import pytest

import jax_slim as slim
from jax_slim.kernels import memory

PROGRAM = """
import resource, sys
import numpy as np
from jax_slim import kernels

assert kernels.keep_freed_memory()
if sys.argv[1] == "back":
    assert kernels.keep_freed_memory(False)

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones(64 << 20, np.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
print(min(faults() for _ in range(3)))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="there is nothing to set elsewhere")
@pytest.mark.parametrize("way", ["kept", "back"])
def test_memory_is_kept(way):
    done = subprocess.run([sys.executable, "-c", PROGRAM, way], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # 64 MB are 16384 pages of 4 kB, or 32 of 2 MB.
    assert (int(done.stdout) == 0) == (way == "kept")


def temporary_arrays(layers, **options):
    """How many arrays of the layers' size the gradient of so many of them takes besides inputs and results."""
    images = jax.ShapeDtypeStruct((2, 16, 16, 64), jnp.float32)

    def net(images):
        return slim.repeat(images, layers, slim.conv2d, 64, 3, normalizer_fn=slim.batch_norm)

    model = slim.Model(net)

    def loss(variables, images):
        outputs, collected = model.collect(variables, images)
        return jnp.sum(outputs * outputs), dict(collected.updates)

    variables = jax.eval_shape(model.init, jax.random.key(0), images)
    compiled = jax.jit(jax.grad(loss, has_aux=True), **options).lower(variables, images).compile()
    return compiled.memory_analysis().temp_size_in_bytes / (images.size * 4)


def test_a_layer_with_batch_norm_keeps_two_arrays_for_its_gradient():
    # What its convolution makes and what it makes of that; without the options also shifted copies of its inputs.
    options = {"compiler_options": slim.compiler_options()}
    grown = temporary_arrays(6, **options) - temporary_arrays(4, **options)
    assert grown < 2 * 2.25
    assert temporary_arrays(6) - temporary_arrays(4) > 2 * grown


def test_no_options_where_the_compiler_knows_none(monkeypatch):
    assert jax.jit(lambda x: x + 1, compiler_options=slim.compiler_options())(1) == 2
    monkeypatch.setattr(memory, "_SPARING", {"xla_cpu_of_another_year": "1"})
    memory._known.cache_clear()
    try:
        assert slim.compiler_options() == {}
        monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
        assert slim.compiler_options() == {}
    finally:
        memory._known.cache_clear()
