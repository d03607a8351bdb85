"""The options that programs for a CPU are compiled with."""

import functools

import jax
import jax.numpy as jnp

import jax_slim as slim
from jax_slim import kernels
from jax_slim.kernels import compiling


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


def test_convolutions_stay_with_eigen_and_sums_with_ynnpack():
    @functools.partial(jax.jit, compiler_options=slim.compiler_options())
    def summed(images, weights):
        outputs = kernels.convolution(images, weights)
        return outputs, jnp.sum(outputs, (0, 1, 2))

    text = summed.lower(jnp.ones((2, 16, 16, 64)), jnp.ones((3, 3, 64, 64))).compile().as_text()
    alone = [line for line in text.partition("ENTRY")[2].splitlines() if " convolution(" in line]
    assert alone and "ynn" in text


def test_options_are_those_that_the_compiler_knows(monkeypatch):
    known = {"xla_cpu_scheduler_type": "CPU_SCHEDULER_TYPE_MEMORY_OPTIMIZED"}
    monkeypatch.setattr(compiling, "_WANTED", {"xla_cpu_of_another_year": "1", **known})
    assert slim.compiler_options() == known
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert slim.compiler_options() == {}
