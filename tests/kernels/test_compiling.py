"""The options that programs for a CPU are compiled with."""

import jax
import jax.numpy as jnp

import jax_slim as slim
from jax_slim import kernels
from jax_slim.kernels import choices, compiling


def temporary_arrays(layers, jit):
    """How many arrays of the layers' size the gradient of so many of them takes besides inputs and results."""
    images = jax.ShapeDtypeStruct((2, 16, 16, 64), jnp.float32)

    def net(images):
        return slim.repeat(images, layers, slim.conv2d, 64, 3, normalizer_fn=slim.batch_norm)

    model = slim.Model(net)

    def loss(variables, images):
        outputs, collected = model.collect(variables, images)
        return jnp.sum(outputs * outputs), dict(collected.updates)

    variables = jax.eval_shape(model.init, jax.random.key(0), images)
    compiled = jit(jax.grad(loss, has_aux=True)).lower(variables, images).compile()
    return compiled.memory_analysis().temp_size_in_bytes / (images.size * 4)


def test_a_layer_with_batch_norm_keeps_two_arrays_for_its_gradient():
    # What its convolution makes and what it makes of that; without the options also shifted copies of its inputs.
    grown = temporary_arrays(6, slim.jit) - temporary_arrays(4, slim.jit)
    assert grown < 2 * 2.25
    assert temporary_arrays(6, jax.jit) - temporary_arrays(4, jax.jit) > 2 * grown


def test_convolutions_and_products_stay_with_eigen_and_sums_with_ynnpack():
    def summed(images, weights):
        outputs = kernels.convolution(images, weights)
        return outputs, jnp.sum(outputs, (0, 1, 2)), kernels.dense(outputs, weights[0, 0])

    def alone(jit):
        text = jit(summed).lower(jnp.ones((2, 16, 16, 64)), jnp.ones((3, 3, 64, 64))).compile().as_text()
        assert "ynn" in text
        main = text.partition("ENTRY")[2].splitlines()
        return [name for name in (" convolution(", " dot(") if any(name in line for line in main)]

    assert alone(slim.jit) == [" convolution(", " dot("]
    assert alone(jax.jit) == []


def test_jit_takes_what_the_jit_of_jax_takes():
    @slim.jit(static_argnames="power", donate_argnums=0)
    def raised(x, power):
        """Says what."""
        return x**power

    assert raised.__doc__ == "Says what."
    given = jnp.float32(3)
    assert float(raised(given, power=2)) == 9 and given.is_deleted()
    assert float(slim.jit(lambda x, power: x**power, static_argnums=1)(2.0, 3)) == 8


def test_layers_know_how_their_program_is_compiled(monkeypatch):
    def known(jit):
        seen = []
        jit(lambda x: seen.append(choices.tuned()) or x).lower(1.0)
        return seen[0]

    assert known(slim.jit) and not known(jax.jit) and not choices.tuned()
    # One's own options win; then convolutions are YNNPACK's, as without any.
    own = {"xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_INDIVIDUAL_CONVOLUTION"}
    assert not known(lambda f: slim.jit(f, compiler_options=own))
    assert known(lambda f: slim.jit(f, compiler_options={"xla_cpu_enable_fast_math": False}))
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert not known(slim.jit)


def test_options_are_those_that_the_compiler_knows(monkeypatch):
    known = {"xla_cpu_scheduler_type": "CPU_SCHEDULER_TYPE_MEMORY_OPTIMIZED"}
    monkeypatch.setattr(compiling, "_WANTED", {"xla_cpu_of_another_year": "1", **known})
    monkeypatch.setattr(compiling, "_avx512", lambda: False)
    assert slim.compiler_options() == known
    monkeypatch.setattr(compiling, "_avx512", lambda: True)
    assert slim.compiler_options() == {**known, "xla_cpu_prefer_vector_width": "512"}
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert slim.compiler_options() == {}


def test_what_runs_once_is_compiled_without_optimizations_and_traced_as_in_jit():
    asked = []

    def half(x):
        asked.append(choices.tuned())
        return x / 2

    assert float(compiling.jit_once(half)(jnp.float32(3))) == 1.5
    with compiling.as_in_jit():
        jax.make_jaxpr(half)(1.0)
    assert asked == [True, True] and not choices.tuned()
    for name, value in compiling._WANTED_ONCE.items():
        assert compiling._known(name, value)
